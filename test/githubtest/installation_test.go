package githubtest_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

func TestSubscriptions(t *testing.T) {
	hub, repo, i, r := hooked(t, githubtest.Options{Events: []string{"create"}})
	other := hub.AddRepository("acme/other", map[string]string{"x": "y"})
	repo.Commit("topic", "t", map[string]string{"c.txt": "t\n"})
	other.Commit("topic", "t", map[string]string{"c.txt": "t\n"})
	if got := keys(r.take(hub)); got != "create" {
		t.Errorf("told %q", got)
	}
	i.AcceptPermissions(map[string]string{"issues": "read"})
	repo.Commit("second", "t", map[string]string{"c.txt": "t\n"})
	if got := keys(r.take(hub)); got != "installation.new_permissions_accepted" {
		t.Errorf("without contents: told %q", got)
	}
}

func TestInstallationsLife(t *testing.T) {
	hub, repo, i, r := hooked(t, githubtest.Options{})
	other := hub.AddRepository("acme/other", map[string]string{"x": "y"})
	other.Private = true
	token := tokenOf(t, hub, i, "")
	see := func(path string, status int) {
		t.Helper()
		want(t, call(t, hub, token, "GET", path, ""), status, "")
	}
	told := func(want string) []received {
		t.Helper()
		got := r.take(hub)
		if keys(got) != want {
			t.Errorf("told %q, want %q", keys(got), want)
		}
		return got
	}
	see("/repos/acme/other", http.StatusNotFound)
	i.AddTo(other, repo)
	got := told("installation_repositories.added")
	if added, _ := got[0].body["repositories_added"].([]any); len(added) != 1 {
		t.Errorf("added: %v", added)
	}
	see("/repos/acme/other", http.StatusOK)
	i.RemoveFrom(other)
	told("installation_repositories.removed")
	see("/repos/acme/other", http.StatusNotFound)
	i.AddToAll()
	if got := told("installation_repositories.added"); got[0].body["repository_selection"] != "all" {
		t.Errorf("selection: %v", got[0].body["repository_selection"])
	}
	third := hub.AddRepository("acme/third", map[string]string{"x": "y"})
	third.Private = true
	see("/repos/acme/third", http.StatusOK)
	r.take(hub)

	see("/repos/acme/shop/commits/main/check-runs", http.StatusOK)
	i.AcceptPermissions(map[string]string{"contents": "read"})
	told("installation.new_permissions_accepted")
	third.Commit("main", "m", map[string]string{"x": "z"})
	told("push")
	want(t, call(t, hub, token, "GET", "/repos/acme/third/issues", ""), http.StatusForbidden, "Resource not accessible by integration")

	i.Suspend(true)
	repo.Commit("main", "unheard", map[string]string{"x": "z"})
	told("installation.suspend")
	see("/repos/acme/shop", http.StatusForbidden)
	i.Suspend(false)
	told("installation.unsuspend")
	see("/repos/acme/shop", http.StatusOK)
	i.Uninstall()
	repo.Commit("main", "unheard", map[string]string{"x": "w"})
	told("installation.deleted")
	see("/repos/acme/shop", http.StatusUnauthorized)
	path := fmt.Sprintf("/app/installations/%d", i.ID)
	want(t, call(t, hub, jwt(t, hub, nil), "GET", path, ""), http.StatusNotFound, "Not Found")
	want(t, call(t, hub, jwt(t, hub, nil), "POST", path+"/access_tokens", ""), http.StatusNotFound, "Not Found")
	want(t, call(t, hub, jwt(t, hub, nil), "GET", "/repos/acme/shop/installation", ""), http.StatusNotFound, "Not Found")
	if a := call(t, hub, jwt(t, hub, nil), "GET", "/app/installations", ""); len(a.list) != 0 {
		t.Errorf("installations: %v", a.list)
	}
}
