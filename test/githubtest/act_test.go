package githubtest_test

import (
	"fmt"
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
