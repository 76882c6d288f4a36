package githubtest_test

import (
	"fmt"
	"testing"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// point moves a branch, whatever it was.
func (p place) point(branch, sha string) {
	p.send("PATCH", "/git/refs/heads/"+branch, fmt.Sprintf(`{"sha":%q,"force":true}`, sha), 200, "")
}

func (p place) create(branch, sha string) {
	p.send("POST", "/git/refs", fmt.Sprintf(`{"ref":"refs/heads/%s","sha":%q}`, branch, sha), 201, "")
}

func TestClosing(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		arrange        func(p place)
		closed, merged bool
	}{
		"head deleted":           {func(p place) { p.send("DELETE", "/git/refs/heads/topic", "", 204, "") }, true, false},
		"head reset to the base": {func(p place) { p.point("topic", p.repo.Branch("main")) }, true, false},
		"head rebuilt": {func(p place) {
			p.repo.Commit("other", "o", map[string]string{"o.txt": "o\n"})
			p.point("topic", p.repo.Branch("other"))
		}, false, false},
		"base has it by a push": {func(p place) { p.point("main", p.head()) }, true, true},
		"base deleted": {func(p place) {
			p.create("release", p.repo.Branch("main"))
			p.send("PATCH", "/pulls/1", `{"base":"release"}`, 200, "")
			p.send("DELETE", "/git/refs/heads/release", "", 204, "")
		}, true, false},
		"base moved on": {func(p place) { p.repo.Commit("main", "m", map[string]string{"m.txt": "m\n"}) }, false, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := proposed(t)
			tt.arrange(p)
			body := p.send("GET", "/pulls/1", "", 200, "").body
			if (body["state"] == "closed") != tt.closed || body["merged"] != tt.merged {
				t.Errorf("%v, merged %v", body["state"], body["merged"])
			}
		})
	}
}

func TestReopeningByTheAPI(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		arrange func(p place)
		message string
	}{
		"as it was":      {func(place) {}, ""},
		"with more":      {func(p place) { p.repo.Commit("topic", "more", map[string]string{"d.txt": "d\n"}) }, ""},
		"branch deleted": {func(p place) { p.send("DELETE", "/git/refs/heads/topic", "", 204, "") }, "state cannot be changed. The topic branch has been deleted."},
		"branch restored": {func(p place) {
			head := p.head()
			p.send("DELETE", "/git/refs/heads/topic", "", 204, "")
			p.create("topic", head)
		}, ""},
		"branch rebuilt": {func(p place) {
			p.repo.Commit("other", "o", map[string]string{"o.txt": "o\n"})
			p.point("topic", p.repo.Branch("other"))
		}, "state cannot be changed. The topic branch was force-pushed or recreated."},
		"another is open": {func(p place) { p.send("POST", "/pulls", open("topic"), 201, "") }, "There is already an open pull request"},
		"base has it":     {func(p place) { p.point("main", p.head()) }, "There are no new commits on the acme:topic branch."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := proposed(t)
			p.send("PATCH", "/pulls/1", `{"state":"closed"}`, 200, "")
			tt.arrange(p)
			if tt.message != "" {
				p.send("PATCH", "/pulls/1", `{"state":"open"}`, 422, tt.message)
				return
			}
			a := p.send("PATCH", "/pulls/1", `{"state":"open"}`, 200, "")
			if a.body["state"] != "open" || at(a.body, "head", "sha") != p.head() {
				t.Errorf("reopened: %v at %v", a.body["state"], at(a.body, "head", "sha"))
			}
		})
	}
}

func TestRetargeting(t *testing.T) {
	p := proposed(t)
	p.create("next", p.repo.Branch("main"))
	p.create("same", p.head())
	p.create("taken", p.repo.Branch("main"))
	p.send("POST", "/pulls", `{"title":"T","head":"topic","base":"taken"}`, 201, "")
	refused := func(base, message string) {
		t.Helper()
		p.send("PATCH", "/pulls/1", fmt.Sprintf(`{"base":%q}`, base), 422, message)
	}
	refused("none", "Proposed base branch 'none' was not found")
	refused("same", "There are no new commits between base branch 'same' and head branch 'topic'")
	refused("taken", "A pull request already exists for base branch 'taken' and head branch 'topic'")
	if a := p.send("PATCH", "/pulls/1", `{"base":"next"}`, 200, ""); at(a.body, "base", "ref") != "next" {
		t.Errorf("base: %v", a.body["base"])
	}
	p.send("PATCH", "/pulls/1", `{"state":"closed"}`, 200, "")
	refused("main", "Cannot change the base branch of a closed pull request.")
}

func TestHeadIsDeletedWhenMerged(t *testing.T) {
	p := proposed(t)
	p.repo.SetMerging(githubtest.Merging{AllowMergeCommit: true, DeleteBranch: true, AllowAutoMerge: true})
	body := p.send("GET", "", "", 200, "").body
	if body["delete_branch_on_merge"] != true || body["allow_auto_merge"] != true || body["allow_squash_merge"] != false {
		t.Errorf("settings: %v", body)
	}
	p.create("stacked", p.head())
	p.repo.Commit("stacked", "s", map[string]string{"s.txt": "s\n"})
	p.send("POST", "/pulls", `{"title":"S","head":"stacked","base":"topic"}`, 201, "")
	p.send("PUT", "/pulls/1/merge", "", 200, "")
	if p.head() != "" {
		t.Error("the head is still there")
	}
	stacked := p.send("GET", "/pulls/2", "", 200, "").body
	if stacked["state"] != "open" || at(stacked, "base", "ref") != "main" {
		t.Errorf("the stacked one: %v onto %v", stacked["state"], at(stacked, "base", "ref"))
	}
}

func TestListingPulls(t *testing.T) {
	p := proposed(t)
	for _, head := range []string{"b", "c"} {
		p.repo.Commit(head, head, map[string]string{head: "x\n"})
		p.send("POST", "/pulls", open(head), 201, "")
	}
	p.send("POST", "/issues/2/comments", `{"body":"hi"}`, 201, "")
	p.send("PATCH", "/pulls/3", `{"state":"closed"}`, 200, "")
	for query, want := range map[string]string{
		"":                                "[2 1]",
		"?state=all":                      "[3 2 1]",
		"?state=closed":                   "[3]",
		"?state=all&direction=asc":        "[1 2 3]",
		"?state=all&sort=popularity":      "[1 3 2]",
		"?state=all&per_page=2&page=2":    "[1]",
		"?head=acme:b":                    "[2]",
		"?state=all&base=topic":           "[]",
		"?sort=popularity&direction=desc": "[2 1]",
	} {
		numbers := []any{}
		for _, pull := range p.send("GET", "/pulls"+query, "", 200, "").list {
			numbers = append(numbers, at(pull, "number"))
		}
		if got := sprint(numbers); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}
