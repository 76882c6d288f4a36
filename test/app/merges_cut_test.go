package app_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// TestMergeCuts cuts a merge at every call of GitHub, before it is done and after it, and
// goes on with a new server, that has the database or has lost it: at each sixteenth of them
// unless IMAGEUPDATER_ALL_CUTS says otherwise. In the end it is merged once, by the App, and
// the branch is gone: whether the App merges it, GitHub does when it is told to, or a queue.
func TestMergeCuts(t *testing.T) {
	t.Parallel()
	var zombies sync.WaitGroup
	t.Cleanup(zombies.Wait)
	step := each(16)
	for _, how := range []way{byTheApp, byAutoMerge, byQueue} {
		for _, after := range []bool{false, true} {
			for _, lost := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, done %v, lost %v", how, after, lost), func(t *testing.T) {
					t.Parallel()
					came := 0
					for n, on := 1, true; on && !t.Failed(); n += step {
						c := newCut("call", n, after)
						t.Run(c.String(), func(t *testing.T) { on = cutMerge(t, c, how, lost, &zombies) })
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
}

// cutMerge lets a merge happen, and tells whether the cut came.
func cutMerge(t *testing.T, c *cut, how way, lost bool, zombies *sync.WaitGroup) bool {
	t.Helper()
	w := newWorld(t, storetest.SQLite(t), githubtest.Options{})
	m := w.mergings("acme", how)[0]
	if how == byAutoMerge {
		m.repo.SetMerging(githubtest.Merging{AllowSquash: true}) // it is to be armed below
	}
	a := w.start("")
	a.settled(w.hub, m.name)
	a.stop()
	m.repo.SetMerging(githubtest.Merging{AllowSquash: true, AllowAutoMerge: true})
	if a = w.startCut(c, zombies); a != nil {
		m.begins()
		until(t, "it is merged, or cut", func() bool {
			m.goesOn()
			return c.isDead() || m.merged() && number(t, w.place, unfinished) == 0
		})
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
		m.groupGreen()
		w.hub.Advance(3 * time.Minute)
		w.hub.Settle()
		b.asked(m.name)()
	}
	m.isCutMerged(b, lost)
	return came
}

// begins lets what merges it begin: its check passes, or another one, if GitHub is to be told
// first.
func (m *mergingOf) begins() {
	if m.way == byAutoMerge {
		m.repo.Check(m.repo.Pulls()[0].HeadSHA, "ci", "lint", "completed", "success")
		return
	}
	m.green()
}

// goesOn lets pass what GitHub waits for.
func (m *mergingOf) goesOn() {
	switch p := m.repo.Pulls()[0]; {
	case p.Merged:
	case m.way == byQueue:
		m.groupGreen()
	case m.way == byAutoMerge && m.repo.ArmedBy(p.Number) != "":
		m.green()
	}
}

// isCutMerged makes sure that it is merged once, by the App, and told, unless that was lost.
func (m *mergingOf) isCutMerged(a *app, lost bool) {
	m.t.Helper()
	p := m.repo.Pulls()
	if len(p) != 1 || !p[0].Merged || m.way != byQueue && m.repo.MergedBy(p[0].Number) != bot || m.repo.Branch(p[0].Head) != "" {
		m.t.Errorf("%+v, by %q, the branch is at %q", p, m.repo.MergedBy(p[0].Number), m.repo.Branch(p[0].Head))
	}
	for _, check := range m.repo.Checks(p[0].HeadSHA) {
		if check.Status != "completed" {
			m.t.Errorf("%+v", check)
		}
	}
	if told := m.told(a); told > 1 || told == 0 && !lost {
		m.t.Errorf("it is told %d times", told)
	}
}

// merged says whether it is, and its branch gone.
func (m *mergingOf) merged() bool {
	p := m.repo.Pulls()[0]
	return p.Merged && m.repo.Branch(p.Head) == ""
}
