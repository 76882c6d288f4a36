package app_test

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// needed are the reads without which nothing may be merged.
func needed() []string {
	return []string{
		"pulls/get", "checks/list-for-ref", "repos/get-combined-status-for-ref", "pulls/list-reviews", "repos/get-branch-rules", "repos/get-branch",
		"repos/get-branch-protection", "repos/get", "node", "git/get-ref",
	}
}

// useless are answers that say nothing, and those of others. other is the answer of the
// same call about another repository, nil where it is not known.
func useless(other []byte) map[string]form {
	forms := map[string]form{
		"500":          githubtest.ServerError,
		"stale":        githubtest.StaleRead,
		"502 in HTML":  func(o string) githubtest.Fault { return githubtest.BadGateway(o, githubtest.BeforeWork) },
		"an empty one": func(o string) githubtest.Fault { return toldWell(o, nil) },
		"an empty map": func(o string) githubtest.Fault { return toldWell(o, []byte("{}")) },
		"null":         func(o string) githubtest.Fault { return toldWell(o, []byte("null")) },
		"cut off":      func(o string) githubtest.Fault { return githubtest.Truncated(o, 5) },
		"403":          githubtest.Forbidden,
		"404":          githubtest.NotFound,
		"a limit, 403": func(o string) githubtest.Fault {
			return githubtest.SecondaryLimit(o, http.StatusForbidden, time.Minute)
		},
		"a limit, 429": func(o string) githubtest.Fault { return githubtest.TooManyRequests(o, time.Minute) },
	}
	if other != nil {
		forms["another one's"] = func(o string) githubtest.Fault { return toldWell(o, other) }
		forms["half of one"] = func(o string) githubtest.Fault { return toldWell(o, other[:len(other)/2]) }
	}
	return forms
}

// toldWell is an answer that is said to be good.
func toldWell(operation string, text []byte) githubtest.Fault {
	return githubtest.Fault{Operation: operation, Func: func(x *githubtest.Exchange) {
		x.Status, x.Answer = http.StatusOK, text
		x.Header.Del("Etag")
		x.Header.Set("Content-Type", "application/json; charset=utf-8")
	}}
}

// whole says whether an answer cannot be told from a true one: what was so a moment ago,
// but for what has just changed, and that nothing has, of which there is nothing to cut off; and
// the rules, reviews and protection of a repository that has the same.
func whole(operation, name string) bool {
	changed := []string{"checks/list-for-ref", "pulls/get"}
	same := []string{"repos/get-branch-rules", "repos/get-branch", "repos/get-branch-protection", "pulls/list-reviews"}
	switch name {
	case "stale":
		return !slices.Contains(changed, operation)
	case "cut off":
		return !slices.Contains(append(changed, "node"), operation)
	case "another one's":
		return slices.Contains(same, operation)
	}
	return false
}

// uselessly is a repository of which one read is answered uselessly.
type uselessly struct {
	*mergingOf

	operation, form string
	other           []byte // what the same read answers about another repository
	fault           *githubtest.Injected
}

// readsOf are the reads of a merge that went well, with the last answer of each.
func readsOf(w *world, m *mergingOf, from githubtest.Mark) map[string][]byte {
	reads := map[string][]byte{}
	for _, e := range w.hub.Since(from, githubtest.By(m.app)) {
		if !e.Writes() && e.Status < http.StatusBadRequest && (e.Status == http.StatusOK || reads[e.Operation] == nil) {
			reads[e.Operation] = e.Answer
		}
	}
	return reads
}

// TestMergeIsLiedTo answers each read of a merge in each useless way, for as long as it
// is tried. What cannot be read keeps all from being merged, and is merged once
// when it can. Each twelfth case is taken unless IMAGEUPDATER_ALL_CUTS says otherwise.
func TestMergeIsLiedTo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t), githubtest.Options{})
	a := w.start("")
	good := w.mergings("good", byTheApp)[0]
	from := w.hub.Mark()
	a.settled(w.hub, good.name)
	good.green()
	w.merged(a, good)
	reads := readsOf(w, good, from)
	for _, operation := range needed() {
		if _, is := reads[operation]; !is {
			t.Errorf("%s is not read any more", operation)
		}
	}
	var cases []*uselessly
	for operation := range reads {
		for name := range useless(reads[operation]) {
			cases = append(cases, &uselessly{operation: operation, form: name, other: reads[operation]})
		}
	}
	some := mixed(cases)
	for n := 0; n < len(some); n += atOneTime {
		t.Run(fmt.Sprintf("from %d", n), func(t *testing.T) {
			t.Parallel()
			lieTo(t, some[n:min(n+atOneTime, len(some))])
		})
	}
}

// atOneTime is how many repositories are lied to in one world.
const atOneTime = 16

// mixed are some of all cases, in an order in which neighbours have nothing in common.
func mixed(cases []*uselessly) (some []*uselessly) {
	sum := func(u *uselessly) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(u.operation+u.form))) }
	cases = slices.Clone(cases) // others may share them
	slices.SortFunc(cases, func(a, b *uselessly) int { return strings.Compare(sum(a), sum(b)) })
	for n := 0; n < len(cases); n += each(12) {
		some = append(some, cases[n])
	}
	return some
}

// beginLies is a world with a repository for each case, which all wait for their check.
func beginLies(t *testing.T, all []*uselessly, how way) (*world, *app) {
	t.Helper()
	w := newWorld(t, storetest.SQLite(t), githubtest.Options{})
	a := w.start("")
	for n, m := range w.mergings("acme", slices.Repeat([]way{how}, len(all))...) {
		all[n].mergingOf = m
		m.point = all[n].operation + " by " + all[n].form
	}
	for _, u := range all {
		a.settled(w.hub, u.name)
	}
	return w, a
}

// lies begins to answer uselessly.
func (u *uselessly) lies() {
	f := useless(u.other)[u.form](u.operation)
	f.Installation, f.Optional = u.app.ID, true
	u.fault = u.hub.Fault(f)
}

// tried lets all be tried some times.
func (w *world) tried(a *app, all []*uselessly) {
	w.t.Helper()
	for range 3 {
		w.hub.Settle()
		until(w.t, "all were tried", func() bool {
			return !slices.ContainsFunc(all, func(u *uselessly) bool { return u.fault.Fired() == 0 && a.shown(u.name).Looking })
		})
		w.hub.Advance(2 * time.Minute)
		if err := a.Tick(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
	}
}

// lieTo answers these reads uselessly while they are about to be merged.
func lieTo(t *testing.T, all []*uselessly) {
	t.Helper()
	w, a := beginLies(t, all, byTheApp)
	for _, u := range all {
		u.lies()
		u.green()
	}
	w.tried(a, all)
	for _, u := range all {
		if u.repo.Pulls()[0].Merged && u.fault.Fired() > 0 && slices.Contains(needed(), u.operation) && !whole(u.operation, u.form) {
			t.Errorf("merged, though %s was answered by %s", u.operation, u.form)
		}
		u.fault.Remove()
	}
	for _, u := range all {
		w.merged(a, u.mergingOf)
		u.isMerged(a)
	}
}

// TestArmedIsLiedTo answers what tells of a pull request, and of what GitHub is about to do with
// it, in each useless way once GitHub was told to merge it. Some are labelled meanwhile: they
// are not merged when their check passes after that, and are when the label is gone. The
// others GitHub merges meanwhile, of which is told when it can be known.
func TestArmedIsLiedTo(t *testing.T) {
	t.Parallel()
	var cases []*uselessly
	for _, operation := range []string{"node", "pulls/get"} {
		for name := range useless([]byte{}) {
			cases = append(cases, &uselessly{operation: operation, form: name})
		}
	}
	for _, restricted := range []bool{true, false} {
		t.Run(fmt.Sprintf("restricted %v", restricted), func(t *testing.T) {
			t.Parallel()
			some := mixed(cases)
			for n, u := range some {
				some[n] = &uselessly{operation: u.operation, form: u.form}
			}
			lieToArmed(t, some, restricted)
		})
	}
}

// lieToArmed does.
func lieToArmed(t *testing.T, all []*uselessly, restricted bool) {
	t.Helper()
	w, a := beginLies(t, all, byAutoMerge)
	other := readsOf(w, all[0].mergingOf, 0)
	for _, u := range all {
		if by := u.repo.ArmedBy(1); by != bot {
			t.Fatalf("%s was armed by %q", u.name, by)
		}
		u.other = other[u.operation]
		u.repo.Collaborate("alice", "write")
		u.lies()
		if restricted {
			u.repo.Label(1, "alice", "wip")
		} else {
			u.green()
		}
	}
	w.tried(a, all)
	for _, u := range all {
		if merged := u.repo.Pulls()[0].Merged; merged == restricted {
			t.Errorf("%s: merged: %v", u.point, merged)
		}
		u.fault.Remove()
	}
	if restricted {
		w.restricted(a, all)
	}
	for _, u := range all {
		w.merged(a, u.mergingOf)
		u.isMerged(a)
	}
}

// restricted makes sure that what is labelled is not merged when its check passes, and
// takes the label away.
func (w *world) restricted(a *app, all []*uselessly) {
	w.t.Helper()
	for range 3 {
		w.hub.Settle()
		w.hub.Advance(3 * time.Minute)
		for _, u := range all {
			a.asked(u.name)()
		}
	}
	for _, u := range all {
		if by := u.repo.ArmedBy(1); by != "" {
			w.t.Errorf("%s: it is still armed by %s", u.point, by)
		}
		u.green()
		a.asked(u.name)()
		if u.repo.Pulls()[0].Merged {
			w.t.Errorf("%s: it was merged though it is labelled", u.point)
		}
		u.repo.Unlabel(1, "alice", "wip")
	}
}

// merged lets time go by until a pull request is merged and all is done about it.
func (w *world) merged(a *app, m *mergingOf) {
	w.t.Helper()
	n := 0
	until(w.t, m.name+" is merged", func() bool {
		if n++; n%20 == 1 {
			a.patient("POST", "/api/v1/rescan", `{"repository": "`+m.name+`"}`)
		}
		w.hub.Advance(5 * time.Minute)
		pulls := m.repo.Pulls()
		return len(pulls) == 1 && pulls[0].Merged && m.repo.Branch(pulls[0].Head) == "" && m.told(a) > 0 && !a.shown(m.name).Looking
	})
}

// TestMergedAndNotFound has GitHub merge without saying so, and not know the pull request
// for a while. It is told of the merge all the same, once. Where it stays away, no look
// asks for it any more.
func TestMergedAndNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t), githubtest.Options{})
	m, gone := w.mergings("acme", byTheApp)[0], w.mergings("gone", byTheApp)[0]
	a := w.start("")
	faults := map[*mergingOf]*githubtest.Injected{}
	for _, one := range []*mergingOf{m, gone} {
		a.settled(w.hub, one.name)
		unknown := githubtest.NotFound("pulls/get")
		unknown.Installation = one.app.ID
		lost := githubtest.BadGateway("pulls/merge", githubtest.AfterWork)
		lost.Installation = one.app.ID
		lost.Func = func(*githubtest.Exchange) { faults[one] = w.hub.Fault(unknown) }
		w.hub.Fault(lost)
		one.green()
		until(t, "GitHub merged it", func() bool { return one.repo.Pulls()[0].Merged })
	}
	looks := func(n int) {
		for range n {
			w.hub.Settle()
			w.hub.Advance(3 * time.Minute)
			a.asked(m.name)()
			a.asked(gone.name)()
		}
	}
	looks(2)
	if told := m.told(a); told != 0 {
		t.Errorf("told %d times before GitHub said that it was merged", told)
	}
	faults[m].Remove()
	w.merged(a, m)
	m.isMerged(a)
	looks(6)
	fired := faults[gone].Fired()
	looks(2)
	if now := faults[gone].Fired(); now != fired || gone.told(a) != 0 {
		t.Errorf("it is asked for %d times after %d, and told %d times", now, fired, gone.told(a))
	}
}
