package githubtest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-github/v60/github"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

func TestForks(t *testing.T) {
	hub, repo, i, token := world(t)
	fork := hub.Fork(repo, "alice")
	at := "/repos/acme/shop"
	a := call(t, hub, token, "GET", "/repos/alice/shop", "")
	if a.body["fork"] != true || a.body["parent"].(map[string]any)["full_name"] != "acme/shop" {
		t.Errorf("fork: %v", a.body)
	}
	head := fork.Push("topic", "alice", "from a fork", map[string]*githubtest.File{"f": githubtest.Text("f\n")})
	repo.Collaborate("alice", "read")
	number := repo.OpenPull("alice", "P", "alice:topic", "main")
	one := fmt.Sprintf("%s/pulls/%d", at, number)

	gh := client(t, hub, i)
	pull := must[*github.PullRequest](t)(gh.PullRequests.Get(t.Context(), "acme", "shop", number))
	if pull.GetHead().GetLabel() != "alice:topic" || pull.GetHead().GetRepo().GetFullName() != "alice/shop" || !pull.GetHead().GetRepo().GetFork() {
		t.Errorf("head: %v", pull.GetHead())
	}
	if found := must[[]*github.PullRequest](t)(gh.PullRequests.List(t.Context(), "acme", "shop", &github.PullRequestListOptions{Head: "alice:topic"})); len(found) != 1 {
		t.Errorf("listed: %v", found)
	}
	for head, n := range map[string]int{"acme:topic": 0, "bob:topic": 0, "topic": 1} {
		if a := call(t, hub, token, "GET", at+"/pulls?head="+head, ""); len(a.list) != n {
			t.Errorf("%s: %d, want %d", head, len(a.list), n)
		}
	}
	if a := call(t, hub, token, "GET", at+"/compare/main...alice:topic", ""); a.body["ahead_by"] != 1.0 || a.body["status"] != "ahead" {
		t.Errorf("compare: %d %v", a.status, a.body["status"])
	}
	want(t, call(t, hub, token, "GET", at+"/compare/main...alice:none", ""), http.StatusNotFound, "Not Found")
	ref := fmt.Sprintf("refs/pull/%d/head", number)
	if got := git(t, "ls-remote", repo.CloneURL(), ref); !strings.HasPrefix(got, head) {
		t.Errorf("ls-remote: %s", got)
	}
	want(t, call(t, hub, token, "GET", at+"/contents/f?ref="+ref, ""), http.StatusOK, "")
	wantTold(t, hub, func() {
		head = fork.Push("topic", "alice", "more", map[string]*githubtest.File{"f": githubtest.Text("g\n")})
	}, "push refs/heads/topic by alice", "pull_request.synchronize by alice")
	if got := git(t, "ls-remote", repo.CloneURL(), ref); !strings.HasPrefix(got, head) {
		t.Errorf("ls-remote after a push: %s", got)
	}
	want(t, call(t, hub, token, "POST", at+"/pulls", `{"title":"T","head":"alice:topic","base":"main"}`), 422, "A pull request already exists for alice:topic.")
	want(t, call(t, hub, token, "POST", at+"/pulls", `{"title":"T","head":"bob:topic","base":"main"}`), 422, "field:head")
	want(t, call(t, hub, token, "POST", at+"/pulls", `{"title":"T","head":"alice:main","base":"main"}`), 422, "No commits between acme:main and alice:main")
	want(t, call(t, hub, hub.Token("bob"), "POST", at+"/pulls", `{"title":"T","head":"alice:topic","base":"main"}`), 422, "must be a collaborator")

	fork.Delete("alice")
	a = call(t, hub, token, "GET", one, "")
	want(t, a, http.StatusOK, "")
	if got := a.body["head"].(map[string]any); got["repo"] != nil || got["label"] != nil || got["sha"] != head {
		t.Errorf("head of a fork that is gone: %v", got)
	}
	repo.MergePull(number, "acme", "merge")
	want(t, call(t, hub, token, "GET", at+"/contents/f", ""), http.StatusOK, "")
	if a := call(t, hub, token, "GET", at+"/commits/main", ""); !strings.Contains(fmt.Sprint(a.body["commit"]), "from alice/topic") {
		t.Errorf("message: %v", a.body["commit"])
	}
}

// TestForksAreApart shows that what is in a fork is not in its parent.
func TestForksAreApart(t *testing.T) {
	hub, repo, _, token := world(t)
	fork := hub.Fork(repo, "alice")
	if fork.Branch("main") != repo.Branch("main") {
		t.Error("the branches differ")
	}
	fork.Push("main", "alice", "mine", map[string]*githubtest.File{"mine": githubtest.Text("x")})
	want(t, call(t, hub, token, "GET", "/repos/acme/shop/contents/mine", ""), http.StatusNotFound, "Not Found")
	want(t, call(t, hub, token, "GET", "/repos/alice/shop/contents/mine", ""), http.StatusOK, "")
	want(t, call(t, hub, token, "GET", "/repos/alice/shop/issues", ""), http.StatusGone, "Issues are disabled for this repo")
	if a := call(t, hub, token, "GET", "/repos/acme/shop", ""); a.body["forks_count"] != 1.0 {
		t.Errorf("forks: %v", a.body["forks_count"])
	}
}
