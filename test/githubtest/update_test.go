package githubtest_test

import (
	"fmt"
	"testing"
)

func TestUpdatingTheBranch(t *testing.T) {
	p := proposed(t)
	update := func(body string, status int, message string) {
		t.Helper()
		p.send("PUT", "/pulls/1/update-branch", body, status, message)
	}
	update("", 422, "There are no new commits on the base branch.")
	before := p.head()
	base := p.repo.Commit("main", "m", map[string]string{"m.txt": "m\n"})
	update(fmt.Sprintf(`{"expected_head_sha":%q}`, base), 422, "expected head sha didn’t match current head ref.")
	update(fmt.Sprintf(`{"expected_head_sha":%q}`, before), 202, "Updating pull request branch.")
	c := p.send("GET", "/git/commits/"+p.head(), "", 200, "").body
	parents := c["parents"].([]any)
	if at(parents[0], "sha") != before || at(parents[1], "sha") != base || c["message"] != "Merge branch 'main' into topic" {
		t.Errorf("the commit: %v", c)
	}
	if at(c, "author", "name") != p.hub.App.Slug+"[bot]" || at(c, "committer", "name") != "GitHub" || at(c, "verification", "verified") != true {
		t.Errorf("by whom: %v, %v", c["author"], c["committer"])
	}
	p.repo.Commit("main", "clash", map[string]string{"c.txt": "m\n"})
	update("", 422, "merge conflict between base and head")
	p.send("PUT", "/pulls/9/update-branch", "", 404, "Not Found")
}

func TestMergingBranches(t *testing.T) {
	p := proposed(t)
	merge := func(base, head string, status int, message string) answer {
		t.Helper()
		return p.send("POST", "/merges", fmt.Sprintf(`{"base":%q,"head":%q}`, base, head), status, message)
	}
	merge("none", "main", 404, "Base does not exist")
	merge("main", "none", 404, "Head does not exist")
	merge("topic", "main", 204, "")
	p.repo.Commit("main", "m", map[string]string{"m.txt": "m\n"})
	if a := merge("topic", "main", 201, ""); a.body["sha"] != p.head() || at(a.body, "commit", "message") != "Merge main into topic" {
		t.Errorf("merged: %v", a.body)
	}
	p.repo.Commit("main", "clash", map[string]string{"c.txt": "m\n"})
	merge("topic", "main", 409, "Merge conflict")
}

func TestPullsOfACommit(t *testing.T) {
	p := proposed(t)
	first := p.head()
	p.repo.Commit("topic", "more", map[string]string{"d.txt": "d\n"})
	of := func(sha string) int { return len(p.send("GET", "/commits/"+sha+"/pulls", "", 200, "").list) }
	if of(first) != 1 || of(p.head()) != 1 || of(p.repo.Branch("main")) != 0 {
		t.Errorf("pulls: %d, %d, %d", of(first), of(p.head()), of(p.repo.Branch("main")))
	}
	p.send("PUT", "/pulls/1/merge", `{"merge_method":"squash"}`, 200, "")
	if of(p.repo.Branch("main")) != 1 || of(first) != 1 {
		t.Errorf("after the merge: %d, %d", of(p.repo.Branch("main")), of(first))
	}
	p.send("GET", "/commits/0000000000000000000000000000000000000001/pulls", "", 422, "No commit found for SHA")
}
