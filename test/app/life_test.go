package app_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/handlers/run"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// TestLifeOfAnInstallation goes from the installing to the uninstalling.
func TestLifeOfAnInstallation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, file(t), githubtest.Options{})
	w.serve()
	one, two := w.shop("acme/one"), w.shop("acme/two")
	a := w.start("")
	installation := w.hub.Install("acme", grants(), one)
	a.quiet(w.hub)
	a.ends("acme/one", run.Planned)
	if got := a.shown("acme/two").Status; got != http.StatusNotFound {
		t.Errorf("a repository that the App was not installed on: %d", got)
	}

	installation.AddTo(two)
	a.quiet(w.hub)
	a.ends("acme/two", run.Planned)
	installation.RemoveFrom(two)
	a.quiet(w.hub)
	if got := a.shown("acme/two").Status; got != http.StatusNotFound {
		t.Errorf("a repository that was taken from the App: %d", got)
	}

	installation.Suspend(true)
	a.quiet(w.hub)
	mark, looks := w.hub.Mark(), w.looks("acme/one")
	w.hub.Advance(48 * time.Hour)
	a.tick(w.hub)
	one.Commit("main", "while it is suspended", map[string]string{"web.yaml": w.web("1.1.0")})
	a.quiet(w.hub)
	if calls := w.hub.Since(mark, githubtest.By(installation)); len(calls) > 0 || w.looks("acme/one") != looks {
		t.Errorf("a suspended installation was looked at: %v", calls)
	}
	installation.Suspend(false)
	a.quiet(w.hub)
	if got := a.ends("acme/one", run.Planned); updates(got) != "" {
		t.Errorf("after the suspension: %s", updates(got))
	}

	one.SetPrivate("acme", true) // what is public needs no permission to be read
	installation.AcceptPermissions(map[string]string{"metadata": "read"})
	a.quiet(w.hub)
	one.Commit("main", "nobody may read it", map[string]string{"web.yaml": w.web("1.0.0")})
	a.quiet(w.hub)
	if got := a.ends("acme/one", run.Forbidden); !strings.Contains(got.Result.Detail, "not permitted") {
		t.Errorf("without a permission: %s", got.Result.Detail)
	}
	installation.AcceptPermissions(grants())
	a.quiet(w.hub)
	if got := a.ends("acme/one", run.Planned); updates(got) != "1.1.0" {
		t.Errorf("with the permission: %s", updates(got))
	}

	installation.Uninstall()
	a.quiet(w.hub)
	if got := a.shown("acme/one").Status; got != http.StatusNotFound {
		t.Errorf("after the App was uninstalled: %d", got)
	}
	mark = w.hub.Mark()
	w.hub.Advance(48 * time.Hour)
	a.tick(w.hub)
	if calls := w.hub.Since(mark, githubtest.By(installation)); len(calls) > 0 {
		t.Errorf("called after it was uninstalled: %v", calls)
	}
}

// TestLifeOfARepository keeps its id through all that its owner does to it.
func TestLifeOfARepository(t *testing.T) {
	t.Parallel()
	w := newWorld(t, file(t), githubtest.Options{})
	w.serve()
	repo := w.shop("acme/shop")
	repo.Collaborate("alice", "admin")
	a := w.start("")
	installation := w.hub.Install("acme", grants(), repo)
	installation.AddToAll()
	other := w.hub.Install("umbrella", grants())
	other.AddToAll()
	a.quiet(w.hub)
	id := a.ends("acme/shop", run.Planned).ID

	is := func(name string, state run.State) shown {
		t.Helper()
		a.quiet(w.hub)
		found := a.ends(name, state)
		if found.ID != id || found.Repository != name {
			t.Fatalf("%s is %d, %s, want %d", name, found.ID, found.Repository, id)
		}
		return found
	}
	repo.Rename("alice", "store")
	is("acme/store", run.Planned)
	if got := a.shown("acme/shop").Status; got != http.StatusNotFound {
		t.Errorf("the old name still leads somewhere: %d", got)
	}
	taken := w.shop("acme/shop") // takes the old name
	a.quiet(w.hub)
	w.hub.Advance(25 * time.Hour)
	a.Housekeep(t.Context())
	a.tick(w.hub)
	if got := a.ends("acme/shop", run.Planned).ID; got != taken.ID || got == id {
		t.Errorf("the repository with the old name is %d, want %d", got, taken.ID)
	}
	is("acme/store", run.Planned)

	repo.Archive("alice", true)
	is("acme/store", run.Archived)
	repo.Archive("alice", false)
	is("acme/store", run.Planned)

	repo.Push("trunk", "alice", "another branch", map[string]*githubtest.File{"web.yaml": githubtest.Text(w.web("1.1.0"))})
	is("acme/store", run.Planned)
	repo.SetDefaultBranch("alice", "trunk")
	if got := is("acme/store", run.Planned); updates(got) != "" || got.Result.Head != repo.Branch("trunk") {
		t.Errorf("on the new default branch: %s at %s", updates(got), got.Result.Head)
	}
	repo.DeleteBranch("main", "alice")
	repo.SetPrivate("alice", true)
	is("acme/store", run.Planned)

	repo.Transfer("alice", "umbrella")
	repo.Collaborate("umbrella", "admin")
	is("umbrella/store", run.Planned)
	mark := w.hub.Mark()
	repo.Commit("trunk", "for the new owner", map[string]string{"web.yaml": w.web("1.0.0")})
	if got := is("umbrella/store", run.Planned); got.Result.Head != repo.Branch("trunk") {
		t.Errorf("after it was transferred: %+v", got.Result)
	}
	if calls := w.hub.Since(mark, githubtest.By(installation)); len(calls) > 0 {
		t.Errorf("the old owner's installation was called: %v", calls)
	}

	repo.Delete("alice")
	a.quiet(w.hub)
	if got := a.shown("umbrella/store").Status; got != http.StatusNotFound {
		t.Errorf("a deleted repository: %d", got)
	}
}

// TestMissedLife has no webhook arrive: all is found by listing, page by page.
func TestMissedLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t, file(t), githubtest.Options{})
	w.serve()
	a := w.start("")
	a.quiet(w.hub)
	w.hub.Disorder(githubtest.Disorder{Vanish: 1})
	shop := w.shop("acme/shop")
	repos := []*githubtest.Repository{shop}
	for n := range 120 {
		repos = append(repos, w.hub.AddEmptyRepository(fmt.Sprintf("acme/empty-%d", n)))
	}
	installation := w.hub.Install("acme", grants(), repos...)
	find := func() {
		t.Helper()
		w.hub.Advance(25 * time.Hour)
		a.Housekeep(t.Context())
		a.tick(w.hub)
	}
	find()
	a.ends("acme/shop", run.Planned)
	for n := range 120 {
		a.ends(fmt.Sprintf("acme/empty-%d", n), run.Empty)
	}
	if pages := w.hub.Calls(githubtest.Of("apps/list-repos-accessible-to-installation")); len(pages) != 2 {
		t.Errorf("listed in %d pages, want 2", len(pages))
	}

	shop.Rename("alice", "store")
	repos[1].Delete("alice")
	installation.RemoveFrom(repos[2])
	find()
	a.ends("acme/store", run.Planned)
	for _, gone := range []string{"acme/shop", "acme/empty-0", "acme/empty-1"} {
		if got := a.shown(gone).Status; got != http.StatusNotFound {
			t.Errorf("%s is still there: %d", gone, got)
		}
	}
	installation.Suspend(true)
	find()
	shop.Commit("main", "an update", map[string]string{"web.yaml": w.web("1.1.0")})
	installation.Suspend(false)
	w.hub.Advance(time.Hour)
	a.Housekeep(t.Context())
	a.quiet(w.hub)
	if got := a.ends("acme/store", run.Planned); updates(got) != "" {
		t.Errorf("after a suspension whose end was missed: %s", updates(got))
	}
	installation.Uninstall()
	find()
	if got := a.shown("acme/store").Status; got != http.StatusNotFound {
		t.Errorf("after the App was uninstalled: %d", got)
	}
}

// TestForeignAccounts are left alone.
func TestForeignAccounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, file(t), githubtest.Options{})
	w.serve()
	ours, theirs := w.shop("acme/shop"), w.shop("foreign/shop")
	w.hub.Install("foreign", grants(), theirs) // before the App runs
	a := w.start("accounts: [ACME]\n")
	w.hub.Install("acme", grants(), ours)
	late := w.hub.Install("late", grants(), w.shop("late/shop"))
	a.quiet(w.hub)
	a.ends("acme/shop", run.Planned)
	theirs.Commit("main", "news", map[string]string{"web.yaml": w.web("1.1.0")})
	late.Suspend(true)
	w.hub.Advance(25 * time.Hour)
	a.Housekeep(t.Context())
	a.tick(w.hub)
	for _, name := range []string{"foreign/shop", "late/shop"} {
		if got := a.shown(name).Status; got != http.StatusNotFound {
			t.Errorf("%s is known: %d", name, got)
		}
	}
	for _, call := range w.hub.Journal() {
		if strings.HasPrefix(call.Path, "/repos/foreign/") || strings.HasPrefix(call.Path, "/repos/late/") ||
			strings.HasSuffix(call.Path, "/access_tokens") && !strings.Contains(call.Path, strconv.FormatInt(installationOf(t, w, "acme"), 10)) {
			t.Errorf("called: %s", call)
		}
	}
	if w.logged("left alone: the account is not among those that are served", "") == 0 {
		t.Error("it is not logged")
	}
}

// installationOf is the one whose repositories were called.
func installationOf(t *testing.T, w *world, account string) int64 {
	t.Helper()
	for _, call := range w.hub.Journal() {
		if strings.HasPrefix(call.Path, "/repos/"+account+"/") && call.Installation != 0 {
			return call.Installation
		}
	}
	t.Fatalf("nothing of %s was called", account)
	return 0
}

// TestWhyNothingIsAsked tells who asks for a look why there is none.
func TestWhyNothingIsAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, file(t), githubtest.Options{})
	w.serve()
	repo := w.current("acme/shop")
	a := w.start("")
	installation := w.hub.Install("acme", grants(), repo)
	a.settled(w.hub, "acme/shop")
	installation.Suspend(true)
	a.quiet(w.hub)
	w.hub.Advance(time.Minute)
	a.rescan()
	if got := a.ends("acme/shop", run.NotAsked); !strings.Contains(got.Result.Detail, "its owner can end that in GitHub's settings") {
		t.Errorf("told %q", got.Result.Detail)
	}
}
