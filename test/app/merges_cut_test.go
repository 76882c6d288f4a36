package app_test

import (
	"fmt"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// TestMergeCuts cuts a merge at every call of GitHub, before it is done and after it, and
// goes on with a new server, that has the database or has lost it: at each sixteenth of them
// unless IMAGEUPDATER_ALL_CUTS is set. In the end it is merged once, by the App, and the
// branch is gone.
func TestMergeCuts(t *testing.T) {
	t.Parallel()
	var zombies sync.WaitGroup
	t.Cleanup(zombies.Wait)
	step := 16
	if os.Getenv(everything) != "" {
		step = 1
	}
	for _, after := range []bool{false, true} {
		for _, lost := range []bool{false, true} {
			t.Run(fmt.Sprintf("done %v, lost %v", after, lost), func(t *testing.T) {
				t.Parallel()
				came := 0
				for n, on := 1, true; on && !t.Failed(); n += step {
					c := newCut("call", n, after)
					t.Run(c.String(), func(t *testing.T) { on = cutMerge(t, c, lost, &zombies) })
					if on {
						came++
					}
				}
				if came*step < 10 {
					t.Errorf("%d cuts: a merge cannot be that short", came)
				}
			})
		}
	}
}

// cutMerge lets a merge happen, and tells whether the cut came.
func cutMerge(t *testing.T, c *cut, lost bool, zombies *sync.WaitGroup) bool {
	t.Helper()
	w := newWorld(t, storetest.SQLite(t), githubtest.Options{})
	m := w.mergings("acme", byTheApp)[0]
	a := w.start("")
	a.settled(w.hub, m.name)
	a.stop()
	if a = w.startCut(c, zombies); a != nil {
		m.green()
		until(t, "it is merged, or cut", func() bool { return c.isDead() || m.merged() && number(t, w.place, unfinished) == 0 })
		a.stop()
	}
	came := c.isDead()
	if came {
		w.hub.Settle()
		if lost {
			w.place = storetest.SQLite(t)
		} else {
			w.leave()
		}
	}
	b := w.start("")
	until(t, "the repository is known", func() bool { return b.shown(m.name).Status == http.StatusOK })
	m.green() // nothing, or what was done already
	for range 4 {
		w.hub.Advance(3 * time.Minute)
		w.hub.Settle()
		b.asked(m.name)()
	}
	p := m.repo.Pulls()
	if len(p) != 1 || !p[0].Merged || m.repo.MergedBy(p[0].Number) != bot || m.repo.Branch(p[0].Head) != "" {
		t.Errorf("%+v, the branch is at %q", p, m.repo.Branch(p[0].Head))
	}
	for _, check := range m.repo.Checks(p[0].HeadSHA) {
		if check.Status != "completed" {
			t.Errorf("%+v", check)
		}
	}
	if told := m.told(b); told > 1 || told == 0 && !lost {
		t.Errorf("it is told %d times", told)
	}
	return came
}

// merged says whether it is, and its branch gone.
func (m *mergingOf) merged() bool {
	p := m.repo.Pulls()[0]
	return p.Merged && m.repo.Branch(p.Head) == ""
}
