package app_test

import (
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// TestProposal is what users installed the App for.
func TestProposal(t *testing.T) {
	t.Parallel()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, at(t), githubtest.Options{})
			push(t, w, "acme/web", "1.0.0", "1.1.0")
			repo := w.hub.AddRepository("acme/shop", map[string]string{
				".imageupdater.yaml": "pullRequests: {labels: [images]}\n", "deploy/web.yaml": deployment(w.registry.Host() + "/acme/web:1.0.0"),
			})
			a := w.start("")
			installation := w.hub.Install("acme", grants(), repo)
			a.settled(w.hub, "acme/shop")
			pulls := repo.Pulls()
			if len(pulls) != 1 || pulls[0].Title != "Update "+w.registry.Host()+"/acme/web to 1.1.0" {
				t.Fatalf("%+v", pulls)
			}
			got := repo.Read(pulls[0].Head, "deploy/web.yaml")
			if want := deployment(w.registry.Host() + "/acme/web:1.1.0"); got != want {
				t.Errorf("the branch has %q", got)
			}
			if !strings.Contains(pulls[0].Body, "1.1.0") {
				t.Error(pulls[0].Body)
			}
			t.Logf("%d calls", len(w.hub.Calls()))
			// A newer one updates it in place.
			push(t, w, "acme/web", "1.2.0")
			a.rescan()
			a.settled(w.hub, "acme/shop")
			pulls = repo.Pulls()
			if len(pulls) != 1 || !strings.HasSuffix(pulls[0].Title, "1.2.0") {
				t.Fatalf("%+v", pulls)
			}
			// A second look writes nothing.
			before := len(w.hub.Writes(githubtest.By(installation)))
			a.rescan()
			a.settled(w.hub, "acme/shop")
			if after := len(w.hub.Writes(githubtest.By(installation))); after != before {
				t.Errorf("%d calls that write, though nothing changed", after-before)
			}
			// Merged, it is done.
			repo.MergePull(pulls[0].Number, "acme", "squash")
			w.hub.Settle()
			a.settled(w.hub, "acme/shop")
			if got := repo.Read("main", "deploy/web.yaml"); got != deployment(w.registry.Host()+"/acme/web:1.2.0") {
				t.Errorf("main has %q", got)
			}
		})
	}
}

func push(t *testing.T, w *world, repo string, tags ...string) {
	t.Helper()
	if err := w.registry.Push(repo, tags...); err != nil {
		t.Fatal(err)
	}
}

// rescan asks for a look at acme/shop and waits until it was made.
func (a *app) rescan() {
	a.t.Helper()
	a.asked("acme/shop")()
}

// asked asks for a look at a repository, and gives how to wait until it was made.
func (a *app) asked(repository string) (made func()) {
	a.t.Helper()
	before := a.shown(repository).LastLook
	status, text := a.patient("POST", "/api/v1/rescan", `{"repository": "`+repository+`"}`)
	if status != 202 {
		a.t.Fatalf("%d %s", status, text)
	}
	return func() {
		a.t.Helper()
		until(a.t, "a rescan of "+repository, func() bool {
			now := a.shown(repository)
			return !now.Looking && now.LastLook != nil && (before == nil || now.LastLook.After(*before))
		})
	}
}
