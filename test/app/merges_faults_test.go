package app_test

import (
	"net/http"
	"os"
	"slices"
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
		"500":            githubtest.ServerError,
		"502 in HTML":    func(o string) githubtest.Fault { return githubtest.BadGateway(o, githubtest.BeforeWork) },
		"an empty one":   func(o string) githubtest.Fault { return toldWell(o, nil) },
		"an empty map":   func(o string) githubtest.Fault { return toldWell(o, []byte("{}")) },
		"null":           func(o string) githubtest.Fault { return toldWell(o, []byte("null")) },
		"half an answer": func(o string) githubtest.Fault { return githubtest.Truncated(o, 5) },
		"403":            githubtest.Forbidden,
		"404":            githubtest.NotFound,
		"a limit, 403": func(o string) githubtest.Fault {
			return githubtest.SecondaryLimit(o, http.StatusForbidden, time.Minute)
		},
		"a limit, 429": func(o string) githubtest.Fault { return githubtest.TooManyRequests(o, time.Minute) },
	}
	if other != nil {
		forms["another one's"] = func(o string) githubtest.Fault { return toldWell(o, other) }
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

// whole are reads whose empty, or other, answer nobody can tell from a true one: there
// are no rules, no classic protection, no reviews (of which an answer is two bytes). GitHub itself keeps its rules then.
func whole(operation, name string) bool {
	return operation == "repos/get-branch-protection" || operation == "repos/get-branch-rules" || operation == "pulls/list-reviews" && (name == "another one's" || name == "half an answer")
}

// uselessly is a repository of which one read is answered uselessly.
type uselessly struct {
	*mergingOf

	operation, form string
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
// when it can. Each twelfth case is taken, and each fifth where IMAGEUPDATER_ALL_CUTS is
// set.
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
	all := w.liedTo(reads)
	for _, u := range all {
		a.settled(w.hub, u.name)
	}
	for _, u := range all {
		f := useless(reads[u.operation])[u.form](u.operation)
		f.Installation, f.Optional = u.app.ID, true
		u.fault = w.hub.Fault(f)
		u.green()
	}
	for range 3 {
		w.hub.Settle()
		until(t, "all were tried", func() bool {
			return !slices.ContainsFunc(all, func(u *uselessly) bool { return u.fault.Fired() == 0 && a.shown(u.name).Looking })
		})
		w.hub.Advance(2 * time.Minute)
		if err := a.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, u := range all {
		if u.repo.Pulls()[0].Merged && u.fault.Fired() > 0 && slices.Contains(needed(), u.operation) && !whole(u.operation, u.form) {
			t.Errorf("merged, though %s was answered by %s", u.operation, u.form)
		}
		u.fault.Remove()
	}
	for _, u := range all {
		w.merged(a, u.mergingOf)
		u.point = u.operation + " by " + u.form
		u.isMerged(a)
	}
}

// liedTo are repositories, one of each case.
func (w *world) liedTo(reads map[string][]byte) (all []*uselessly) {
	var operations []string
	for operation := range reads {
		operations = append(operations, operation)
	}
	slices.Sort(operations)
	var cases []*uselessly
	for _, operation := range operations {
		var forms []string
		for name := range useless(reads[operation]) {
			forms = append(forms, name)
		}
		slices.Sort(forms)
		for _, name := range forms {
			cases = append(cases, &uselessly{operation: operation, form: name})
		}
	}
	step := 12
	if os.Getenv(everything) != "" {
		step = 5
	}
	var ways []way
	for n := 0; n < len(cases); n += step {
		all = append(all, cases[n])
		ways = append(ways, byTheApp)
	}
	for n, m := range w.mergings("acme", ways...) {
		all[n].mergingOf = m
	}
	return all
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
