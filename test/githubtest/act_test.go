package githubtest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// TestChanges shows what events say of how it was.
func TestChanges(t *testing.T) {
	hub, repo, _, _ := world(t)
	number := repo.OpenIssue("acme", "I", "before")
	comment := repo.Comment(number, "acme", "said")
	repo.Push("topic", "acme", "m", map[string]*githubtest.File{"x": githubtest.Text("x")})
	pull := repo.OpenPull("acme", "P", "topic", "main")
	from := func(name, was string) map[string]any { return map[string]any{name: map[string]any{"from": was}} }
	tests := []struct {
		name    string
		happens func()
		changes map[string]any
	}{
		{"issue's body", func() { repo.EditIssueBody(number, "acme", "after") }, from("body", "before")},
		{"issue's title", func() { repo.EditIssueTitle(number, "acme", "J") }, from("title", "I")},
		{"comment", func() { repo.EditComment(comment, "acme", "meant") }, from("body", "said")},
		{"pull's title", func() { repo.EditIssueTitle(pull, "acme", "Q") }, from("title", "P")},
		{"description", func() { repo.SetDescription("acme", "Shop") }, from("description", "")},
		{"default branch", func() { repo.SetDefaultBranch("acme", "topic") }, from("default_branch", "main")},
		{"name", func() { repo.Rename("acme", "store") }, map[string]any{"repository": from("name", "shop")}},
	}
	for _, tt := range tests {
		tt.happens()
		if diff := cmp.Diff(tt.changes, hub.Told()["changes"]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	repo.Transfer("acme", "rival")
	owner := hub.Told()["changes"].(map[string]any)["owner"].(map[string]any)["from"].(map[string]any)["user"].(map[string]any)
	if owner["login"] != "acme" {
		t.Errorf("was of %v", owner)
	}
}

// TestReopening shows when a closed pull request may be opened again.
func TestReopening(t *testing.T) {
	hub, repo, _, token := world(t)
	file := func(text string) map[string]*githubtest.File {
		return map[string]*githubtest.File{"x": githubtest.Text(text)}
	}
	repo.Push("topic", "acme", "one", file("1"))
	number := repo.OpenPull("acme", "P", "topic", "main")
	at := fmt.Sprintf("/repos/acme/shop/pulls/%d", number)
	reopen := func(status int, message string) answer {
		t.Helper()
		a := call(t, hub, token, "PATCH", at, `{"state":"open"}`)
		want(t, a, status, message)
		return a
	}
	repo.ClosePull(number, "acme")
	head := repo.Push("topic", "acme", "two", file("2"))
	if a := reopen(200, ""); a.body["head"].(map[string]any)["sha"] != head || a.body["state"] != "open" {
		t.Errorf("reopened: %v", a.body["head"])
	}
	repo.ClosePull(number, "acme")
	other := repo.OpenPull("acme", "Q", "topic", "main")
	reopen(422, "There is already an open pull request from acme:topic to acme:main.")
	repo.ClosePull(other, "acme")
	repo.ForcePush("topic", "acme", "main", "three", file("3"))
	reopen(422, "The topic branch was force-pushed or recreated.")
	repo.DeleteBranch("topic", "acme")
	reopen(422, "The topic branch has been deleted.")
}

// TestPullsInOrder lists pull requests by their age and by when they changed.
func TestPullsInOrder(t *testing.T) {
	hub, repo, _, token := world(t)
	repo.Collaborate("alice", "write")
	for _, branch := range []string{"one", "two", "three"} {
		repo.Push(branch, "alice", "m", map[string]*githubtest.File{branch: githubtest.Text(branch)})
		repo.OpenPull("alice", branch, branch, "main")
		hub.Advance(time.Minute)
	}
	repo.ClosePull(1, "alice")
	for query, want := range map[string]string{
		"": "[three two one]", "&direction=asc": "[one two three]", "&sort=updated&direction=desc": "[one three two]",
		"&sort=updated": "[two three one]",
	} {
		titles := []any{}
		for _, p := range call(t, hub, token, "GET", "/repos/acme/shop/pulls?state=all"+query, "").list {
			shown, _ := p.(map[string]any)
			titles = append(titles, shown["title"])
		}
		if got := fmt.Sprint(titles); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}

// TestActs shows that what people do makes the events that it makes on GitHub,
// and is seen by the API.
func TestActs(t *testing.T) {
	hub, repo, _, token := world(t)
	for _, login := range []string{"alice", "bob"} {
		repo.Collaborate(login, "write")
	}
	file := func(text string) map[string]*githubtest.File {
		return map[string]*githubtest.File{"x": githubtest.Text(text)}
	}
	var issue, pull int
	var comment int64
	wantTold(t, hub, func() { issue = repo.OpenIssue("alice", "I", "- [ ] box") }, "issues.opened by alice")
	wantTold(t, hub, func() { repo.EditIssueBody(issue, "bob", "- [x] box") }, "issues.edited by bob")
	wantTold(t, hub, func() { repo.EditIssueBody(issue, "bob", "- [x] box") })
	wantTold(t, hub, func() { repo.EditIssueTitle(issue, "bob", "J") }, "issues.edited by bob")
	wantTold(t, hub, func() { comment = repo.Comment(issue, "stranger", "hi") }, "issue_comment.created by stranger")
	wantTold(t, hub, func() { repo.EditComment(comment, "stranger", "ho") }, "issue_comment.edited by stranger")
	wantTold(t, hub, func() { repo.DeleteComment(comment, "bob") }, "issue_comment.deleted by bob")
	wantTold(t, hub, func() { repo.Label(issue, "alice", "a", "b", "a") }, "issues.labeled by alice", "issues.labeled by alice")
	wantTold(t, hub, func() { repo.Unlabel(issue, "alice", "a") }, "issues.unlabeled by alice")
	wantTold(t, hub, func() { repo.CloseIssue(issue, "alice") }, "issues.closed by alice")
	wantTold(t, hub, func() { repo.ReopenIssue(issue, "alice") }, "issues.reopened by alice")
	wantTold(t, hub, func() { repo.Push("topic", "bob", "one", file("1")) }, "push refs/heads/topic by bob", "create topic by bob", "check_suite.requested by bob")
	wantTold(t, hub, func() { pull = repo.OpenPull("bob", "P", "topic", "main") }, "pull_request.opened by bob")
	wantTold(t, hub, func() { repo.Push("topic", "bob", "two", file("2")) }, "push refs/heads/topic by bob", "pull_request.synchronize by bob", "check_suite.requested by bob")
	wantTold(t, hub, func() { repo.EditIssueBody(pull, "alice", "new") }, "pull_request.edited by alice")
	wantTold(t, hub, func() { repo.Label(pull, "alice", "a") }, "pull_request.labeled by alice")
	wantTold(t, hub, func() { repo.ClosePull(pull, "alice") }, "pull_request.closed by alice")
	wantTold(t, hub, func() { repo.ReopenPull(pull, "alice") }, "pull_request.reopened by alice")
	wantTold(t, hub, func() { repo.ForcePush("topic", "bob", "main", "three", file("3")) }, "push refs/heads/topic by bob", "pull_request.synchronize by bob", "check_suite.requested by bob")
	wantTold(t, hub, func() { repo.MergePull(pull, "alice", "squash") }, "pull_request.closed by alice", "push refs/heads/main by alice", "check_suite.requested by alice")
	wantTold(t, hub, func() { repo.DeleteBranch("topic", "alice") }, "push refs/heads/topic by alice", "delete topic by alice")
	a := call(t, hub, token, "GET", fmt.Sprintf("/repos/acme/shop/pulls/%d", pull), "")
	if a.body["merged"] != true || a.body["merged_by"].(map[string]any)["login"] != "alice" {
		t.Errorf("pull: %v", a.body)
	}
	// The API makes the same events as the methods.
	wantTold(t, hub, func() {
		want(t, call(t, hub, token, "PUT", fmt.Sprintf("/repos/acme/shop/issues/%d/labels", issue), `{"labels":["c"]}`), 200, "")
	}, "issues.unlabeled by image-updater[bot]", "issues.labeled by image-updater[bot]")
	wantTold(t, hub, func() {
		want(t, call(t, hub, token, "PATCH", fmt.Sprintf("/repos/acme/shop/issues/%d", issue), `{"title":"T","body":"B","state":"closed"}`), 200, "")
	}, "issues.edited by image-updater[bot]", "issues.closed by image-updater[bot]")
}

// TestRefusedActs shows that a person whose role is too weak fails the test.
func TestRefusedActs(t *testing.T) {
	var failures []string
	hub := githubtest.New(fatal{broken{t, &failures}}, githubtest.Options{})
	repo := hub.AddRepository("acme/shop", map[string]string{"a": "b"})
	number := repo.OpenIssue("alice", "I", "")
	for says, act := range map[string]func(){
		"Must have push access to repository": func() { repo.Label(number, "bob", "x") },
		"denied to bob":                       func() { repo.Push("main", "bob", "m", nil) },
	} {
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			act()
		}()
		<-ended
		if !slices.ContainsFunc(failures, func(f string) bool { return strings.Contains(f, says) }) {
			t.Errorf("failures: %q", failures)
		}
	}
}

// TestModes shows that executables, links and submodules are pushed as such.
func TestModes(t *testing.T) {
	hub, repo, _, token := world(t)
	repo.Push("main", "acme", "modes", map[string]*githubtest.File{
		"run": githubtest.Executable("#!/bin/sh\n"), "link": githubtest.Symlink("c.txt"),
		"lib": githubtest.Submodule(strings.Repeat("1", 40)), "a/b.txt": nil,
	})
	a := call(t, hub, token, "GET", "/repos/acme/shop/git/trees/main", "")
	modes := map[string]string{}
	for _, e := range a.body["tree"].([]any) {
		modes[fmt.Sprint(e.(map[string]any)["path"])] = fmt.Sprint(e.(map[string]any)["mode"])
	}
	wants := map[string]string{"run": "100755", "link": "120000", "lib": "160000", "c.txt": "100644"}
	if diff := cmp.Diff(wants, modes); diff != "" {
		t.Errorf("modes (-want +got):\n%s", diff)
	}
}
