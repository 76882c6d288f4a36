package githubtest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// sender sends calls under a repository and wants a status and a message.
type sender func(method, path, body string, status int, message string) answer

func pulls(t *testing.T) (*githubtest.Repository, sender) {
	t.Helper()
	hub, repo, _, token := world(t)
	return repo, func(method, path, body string, status int, message string) answer {
		t.Helper()
		a := call(t, hub, token, method, "/repos/acme/shop"+path, body)
		want(t, a, status, message)
		return a
	}
}

func open(head string) string { return fmt.Sprintf(`{"title":"T","head":%q,"base":"main"}`, head) }

func TestCreatingPulls(t *testing.T) {
	repo, send := pulls(t)
	repo.Commit("topic", "topic", map[string]string{"c.txt": "t\n"})
	send("POST", "/git/refs", fmt.Sprintf(`{"ref":"refs/heads/same","sha":%q}`, repo.Branch("main")), 201, "")
	send("POST", "/pulls", open("same"), 422, "No commits between main and same")
	send("POST", "/pulls", open("none"), 422, "field:head")
	send("POST", "/pulls", strings.Replace(open("topic"), "main", "none", 1), 422, "field:base")
	send("POST", "/pulls", fmt.Sprintf(`{"title":"T","head":"topic","base":"main","body":%q}`, strings.Repeat("x", 65_537)), 422, "body is too long (maximum is 65536 characters)")
	repo.SetDrafts(false)
	send("POST", "/pulls", `{"title":"T","head":"topic","base":"main","draft":true}`, 422, "Draft pull requests are not supported")
	send("POST", "/pulls", open("acme:topic"), 201, "")
	send("POST", "/pulls", open("topic"), 422, "A pull request already exists for acme:topic.")
	if a := send("GET", "/pulls?head=acme:topic", "", 200, ""); len(a.list) != 1 {
		t.Errorf("list: %v", a.list)
	}
	if a := send("PATCH", "/pulls/1", `{"title":"New"}`, 200, ""); a.body["title"] != "New" {
		t.Errorf("title: %v", a.body["title"])
	}
	send("PATCH", "/pulls/1", `{"base":"gone"}`, 422, "Proposed base branch 'gone' was not found")
	send("GET", "/pulls/1/commits", "", 200, "")
	send("GET", "/pulls/9", "", 404, "Not Found")
}

func TestPullsFollowTheirBranches(t *testing.T) {
	repo, send := pulls(t)
	repo.Commit("topic", "topic", map[string]string{"c.txt": "t\n"})
	send("POST", "/pulls", open("topic"), 201, "")
	state := func(mergeable any, state string) {
		t.Helper()
		a := send("GET", "/pulls/1", "", 200, "")
		if a.body["mergeable"] != mergeable || a.body["mergeable_state"] != state {
			t.Errorf("mergeable %v, %v; want %v, %s", a.body["mergeable"], a.body["mergeable_state"], mergeable, state)
		}
	}
	state(true, "clean") // the answer to the creation was null
	head := repo.Commit("topic", "more", map[string]string{"d.txt": "d\n"})
	state(nil, "unknown")
	if a := send("GET", "/pulls/1", "", 200, ""); a.body["head"].(map[string]any)["sha"] != head {
		t.Errorf("head: %v", a.body["head"])
	}
	send("POST", "/statuses/"+head, `{"state":"pending"}`, 201, "")
	state(true, "unstable")
	repo.Commit("main", "clash", map[string]string{"c.txt": "m\n"})
	state(nil, "unknown")
	state(false, "dirty")
	send("PUT", "/pulls/1/merge", `{"merge_method":"rebase"}`, 405, "Pull Request is not mergeable")
	send("PUT", "/pulls/1/merge", "", 405, "Pull Request is not mergeable")
	send("DELETE", "/git/refs/heads/topic", "", 204, "")
	if a := send("GET", "/pulls/1", "", 200, ""); a.body["state"] != "closed" || a.body["merged"] != false {
		t.Errorf("state: %v", a.body["state"])
	}
}

func TestMerging(t *testing.T) {
	for method, parents := range map[string]int{"merge": 2, "squash": 1, "rebase": 1} {
		t.Run(method, func(t *testing.T) {
			repo, send := pulls(t)
			repo.Commit("topic", "topic", map[string]string{"c.txt": "t\n"})
			repo.Commit("topic", "topic two", map[string]string{"d.txt": "t\n"})
			repo.Commit("main", "meanwhile", map[string]string{"e.txt": "e\n"})
			send("POST", "/pulls", open("topic"), 201, "")
			send("GET", "/pulls/1/merge", "", 404, "")
			send("PUT", "/pulls/1/merge", `{"sha":"0000000000000000000000000000000000000001"}`, 409, "Head branch was modified")
			a := send("PUT", "/pulls/1/merge", fmt.Sprintf(`{"sha":%q,"merge_method":%q}`, repo.Branch("topic"), method), 200, "")
			if a.body["sha"] != repo.Branch("main") {
				t.Errorf("merged as %v", a.body["sha"])
			}
			send("GET", "/pulls/1/merge", "", 204, "")
			send("PUT", "/pulls/1/merge", "", 405, "Pull Request is not mergeable")
			c := send("GET", "/git/commits/"+repo.Branch("main"), "", 200, "")
			if got := len(c.body["parents"].([]any)); got != parents {
				t.Errorf("%d parents, want %d", got, parents)
			}
			tree := send("GET", "/git/trees/main", "", 200, "")
			if got := len(tree.body["tree"].([]any)); got != 4 {
				t.Errorf("%d files, want 4", got)
			}
		})
	}
}

func TestTalking(t *testing.T) {
	_, send := pulls(t)
	send("POST", "/issues", `{"title":"I","labels":["bug"]}`, 201, "")
	if a := send("GET", "/issues?labels=bug", "", 200, ""); len(a.list) != 1 {
		t.Errorf("issues: %v", a.list)
	}
	id := send("POST", "/issues/1/comments", `{"body":"hi"}`, 201, "").body["id"]
	comment := fmt.Sprintf("/issues/comments/%.0f", id)
	send("PATCH", comment, `{"body":"ho"}`, 200, "")
	send("POST", comment+"/reactions", `{"content":"eyes"}`, 201, "")
	send("POST", comment+"/reactions", `{"content":"eyes"}`, 200, "")
	if a := send("GET", comment+"/reactions", "", 200, ""); len(a.list) != 1 {
		t.Errorf("reactions: %v", a.list)
	}
	send("GET", comment, "", 200, "")
	send("DELETE", comment, "", 204, "")
	send("GET", comment, "", 404, "")
	send("GET", "/issues/1/comments", "", 200, "")
	send("POST", "/labels", `{"name":"bug","color":"ff0000"}`, 422, "already_exists")
	send("PUT", "/issues/1/labels", `{"labels":["a","b"]}`, 200, "")
	send("DELETE", "/issues/1/labels/a", "", 200, "")
	send("DELETE", "/issues/1/labels/a", "", 404, "Label does not exist")
	send("GET", "/issues/1/labels", "", 200, "")
	send("GET", "/labels", "", 200, "")
	send("GET", "/labels/b", "", 200, "")
	if a := send("PATCH", "/issues/1", `{"state":"closed"}`, 200, ""); a.body["closed_at"] == nil {
		t.Errorf("closed: %v", a.body)
	}
}

func TestVerdicts(t *testing.T) {
	repo, send := pulls(t)
	head := repo.Branch("main")
	if a := send("GET", "/commits/main/status", "", 200, ""); a.body["state"] != "pending" {
		t.Errorf("without any: %v", a.body["state"])
	}
	send("POST", "/statuses/"+head, `{"state":"failure","context":"ci"}`, 201, "")
	send("POST", "/statuses/"+head, `{"state":"success","context":"ci"}`, 201, "")
	if a := send("GET", "/commits/main/status", "", 200, ""); a.body["state"] != "success" || a.body["total_count"] != 1.0 {
		t.Errorf("combined: %v", a.body["state"])
	}
	if a := send("GET", "/commits/main/statuses", "", 200, ""); len(a.list) != 2 {
		t.Errorf("statuses: %v", a.list)
	}
	id := send("POST", "/check-runs", fmt.Sprintf(`{"name":"x","head_sha":%q,"status":"in_progress"}`, head), 201, "").body["id"]
	run := fmt.Sprintf("/check-runs/%.0f", id)
	send("PATCH", run, `{"conclusion":"success","output":{"title":"t","summary":"s"}}`, 200, "")
	if a := send("GET", run, "", 200, ""); a.body["status"] != "completed" || a.body["conclusion"] != "success" {
		t.Errorf("check: %v", a.body)
	}
	if a := send("GET", "/commits/main/check-runs", "", 200, ""); a.body["total_count"] != 1.0 {
		t.Errorf("checks: %v", a.body)
	}
}
