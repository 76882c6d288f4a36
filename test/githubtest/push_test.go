package githubtest_test

import (
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// as is the repository's address with a token in it.
func as(repo *githubtest.Repository, token string) string {
	return strings.Replace(repo.CloneURL(), "://", "://x:"+token+"@", 1)
}

func TestPushing(t *testing.T) {
	hub, repo, _, app := world(t)
	repo.Collaborate("alice", "write")
	repo.Collaborate("reader", "read")
	dir := filepath.Join(t.TempDir(), "clone")
	git(t, "clone", "--quiet", repo.CloneURL(), dir)
	commit := func(text string) {
		git(t, "-C", dir, "-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "--quiet", "--allow-empty", "-m", text)
	}
	push := func(token string, args ...string) {
		t.Helper()
		git(t, append([]string{"-C", dir, "push", "--quiet", as(repo, token)}, args...)...)
	}
	alice := hub.Token("alice")
	commit("one")
	wantTold(t, hub, func() { push(alice, "HEAD:refs/heads/topic") }, "push refs/heads/topic by alice", "create topic by alice", "check_suite.requested by alice")
	repo.OpenPull("alice", "P", "topic", "main")
	commit("two")
	wantTold(t, hub, func() { push(alice, "HEAD:topic") }, "push refs/heads/topic by alice", "pull_request.synchronize by alice", "check_suite.requested by alice")
	wantTold(t, hub, func() { push(alice, "HEAD:refs/tags/v1") }, "push refs/tags/v1 by alice", "create v1 by alice")
	wantTold(t, hub, func() {
		push(alice, "HEAD:refs/tags/a", "HEAD:refs/tags/b", "HEAD:refs/tags/c", "HEAD:refs/tags/d")
	})
	wantTold(t, hub, func() { push(alice, "HEAD:main") }, "push refs/heads/main by alice", "pull_request.closed by alice")
	if a := call(t, hub, app, "GET", "/repos/acme/shop/pulls/1", ""); a.body["merged"] != true {
		t.Errorf("merged: %v", a.body["merged"])
	}
	wantTold(t, hub, func() { push(app, "HEAD:refs/heads/bot") }, "push refs/heads/bot by image-updater[bot]", "create bot by image-updater[bot]")
	wantTold(t, hub, func() { push(alice, ":bot") }, "push refs/heads/bot by alice", "delete bot by alice")

	refused := func(says string, to string, ref string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "git", "-C", dir, "push", to, ref)
		cmd.Env = append(cmd.Environ(), "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=true", "GIT_CONFIG_GLOBAL=/dev/null")
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), says) {
			t.Errorf("%v: %s", err, out)
		}
	}
	refused("denied to reader", as(repo, hub.Token("reader")), "HEAD:x")
	refused("Authentication failed", repo.CloneURL(), "HEAD:x")
	refused("Authentication failed", as(repo, "ghp_no"), "HEAD:x")
	refused("refs/pull/1/head", as(repo, alice), "+HEAD:refs/pull/1/head")
	repo.Archive("acme", true)
	refused("archived", as(repo, alice), "HEAD:x")
}

// TestLargePush shows that a push in chunks, which git makes of large ones, is
// taken.
func TestLargePush(t *testing.T) {
	hub, repo, _, app := world(t)
	dir := filepath.Join(t.TempDir(), "clone")
	git(t, "clone", "--quiet", repo.CloneURL(), dir)
	for range 3 {
		git(t, "-C", dir, "-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "--quiet", "--allow-empty", "-m", strings.Repeat("long ", 500))
	}
	git(t, "-C", dir, "-c", "http.postBuffer=100", "push", "--quiet", as(repo, hub.Token("acme")), "HEAD:main")
	want(t, call(t, hub, app, "GET", "/repos/acme/shop/commits/"+repo.Branch("main"), ""), http.StatusOK, "")
}
