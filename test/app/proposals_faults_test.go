package app_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// writing are the calls of the story open, update, close.
func writing() []string {
	return []string{
		"git/create-tree", "git/create-commit", "updateRefs", "pulls/create", "issues/add-labels", "pulls/request-reviewers",
		"pulls/update", "issues/create-comment",
	}
}

// faults are what may happen to a call, and whether it comes right by trying again.
func faults() map[string]struct {
	fault  githubtest.Fault
	passes bool
} {
	type kind = struct {
		fault  githubtest.Fault
		passes bool
	}
	kinds := map[string]kind{}
	for _, when := range []githubtest.When{githubtest.BeforeWork, githubtest.AfterWork} {
		for status, passes := range map[int]bool{401: true, 403: true, 404: false, 409: false, 422: false, 429: true, 500: true, 502: true} {
			if status == http.StatusUnauthorized && when == githubtest.AfterWork {
				continue // that is no answer of GitHub's: who is not known does nothing
			}
			f := githubtest.Fault{Status: status, Message: "No", When: when}
			if status == http.StatusForbidden {
				f.Message = "Resource not accessible by integration"
			}
			kinds[fmt.Sprintf("%d %v", status, when)] = kind{f, passes}
		}
		kinds[fmt.Sprintf("reset %v", when)] = kind{githubtest.Fault{Reset: true, When: when}, true}
	}
	kinds["slow"] = kind{githubtest.Fault{Slow: 200 * time.Millisecond}, true}
	return kinds
}

// TestEachWriteFails lets each writing call of a story fail once in each way.
func TestEachWriteFails(t *testing.T) {
	t.Parallel()
	for name, kind := range faults() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := begin(t, storetest.SQLite(t), "pullRequests: {labels: [images]}\ndefaults: {reviewers: [\"@bob\"]}\n", "web:1.0.0")
			l.push("web:1.0.0", "web:1.1.0")
			var injected []*githubtest.Injected
			for _, operation := range writing() {
				for _, nth := range []int{1, 3} {
					f := kind.fault
					f.Operation, f.Nth, f.Optional = operation, nth, nth > 1 || operation == "pulls/request-reviewers"
					injected = append(injected, l.hub.Fault(f))
				}
			}
			l.installation = l.hub.Install("acme", grants(), l.repo)
			l.comes("it is opened", func() bool { return l.shown() == "web=1.1.0" })
			l.push("web:1.2.0")
			l.comes("it is updated", func() bool { return l.shown() == "web=1.2.0" && strings.HasSuffix(l.one().Title, "1.2.0") })
			l.comes("it has its label", func() bool { return !kind.passes || slices.Contains(l.one().Labels, "images") })
			branch := l.one().Head
			l.by("web:1.2.0")
			l.comes("it is closed", func() bool { return l.shown() == "" && l.repo.Branch(branch) == "" })
			all := l.repo.Pulls()
			if len(all) != 1 || len(all[0].Comments) != 1 {
				t.Errorf("%+v", all)
			}
			for _, f := range injected {
				f.Remove()
			}
			last := l.app.shown("acme/shop").LastLook
			l.comes("a look without faults", func() bool {
				now := l.app.shown("acme/shop")
				return !now.Looking && now.LastLook != nil && (last == nil || now.LastLook.After(*last))
			})
			l.quiet()
		})
	}
}

// shown is what the open pull requests have.
func (l *life) shown() string {
	var all []string
	for _, p := range l.open() {
		all = append(all, l.shows(p.Head, p.Base))
	}
	return strings.Join(all, ", ")
}

// comes lets time go by, and asks for looks, until something is so.
func (l *life) comes(what string, holds func() bool) {
	l.t.Helper()
	n := 0
	until(l.t, what, func() bool {
		if n++; n%20 == 1 {
			l.app.patient("POST", "/api/v1/rescan", `{"repository": "acme/shop"}`)
		}
		l.hub.Advance(20 * time.Second)
		return holds()
	})
}

// TestRace lets a person push while the App is about to write.
func TestRace(t *testing.T) {
	t.Parallel()
	l := begin(t, storetest.SQLite(t), "", "web:1.0.0")
	l.push("web:1.0.0", "web:1.1.0")
	l.look()
	l.push("web:1.2.0")
	held := l.hub.Fault(githubtest.Held("updateRefs"))
	l.hub.Advance(time.Minute)
	l.app.patient("POST", "/api/v1/rescan", `{"repository": "acme/shop"}`)
	if err := held.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	p := l.one()
	theirs := l.repo.Push(p.Head, "alice", "mine", map[string]*githubtest.File{"README.md": githubtest.Text("mine\n")})
	held.Release()
	held.Remove()
	l.look()
	l.look()
	if l.repo.Branch(p.Head) != theirs || len(l.one().Comments) != 1 {
		t.Errorf("%+v", l.one())
	}
	l.quiet()
}

// TestHundreds opens as many as may be, an hour's worth at a time.
func TestHundreds(t *testing.T) {
	t.Parallel()
	l := begin(t, storetest.SQLite(t), "pullRequests: {limit: 10, perHour: 4}\n", "web:1.0.0")
	files := map[string]*githubtest.File{}
	for i := range 150 {
		image := fmt.Sprintf("web%d:1.0.0", i)
		files[l.file(image)] = githubtest.Text(deployment(l.name(image)))
		l.push(image, fmt.Sprintf("web%d:1.1.0", i))
	}
	l.push("web:1.0.0")
	l.repo.Push("main", "alice", "many", files)
	for hour, want := range []int{4, 8, 10, 10} {
		l.look()
		l.quiet()
		if got := len(l.open()); got != want {
			t.Errorf("after %d hours %d are open, not %d", hour, got, want)
		}
		l.hub.Advance(61 * time.Minute)
	}
}
