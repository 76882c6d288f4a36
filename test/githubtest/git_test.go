package githubtest_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

func contains(s, part string) bool { return strings.Contains(s, part) }

func sprint(v any) string { return fmt.Sprint(v) }

func TestReading(t *testing.T) {
	hub, repo, _, token := world(t)
	get := func(path string) answer {
		t.Helper()
		a := call(t, hub, token, "GET", "/repos/acme/shop"+path, "")
		want(t, a, http.StatusOK, "")
		return a
	}
	if a := get("/contents/a/b.txt"); a.body["content"] != "b25lCg==\n" {
		t.Errorf("file: %v", a.body)
	}
	if a := get("/contents/"); len(a.list) != 2 {
		t.Errorf("directory: %v", a.list)
	}
	if a := get("/git/trees/main?recursive=1"); len(a.body["tree"].([]any)) != 3 || a.body["truncated"] != false {
		t.Errorf("tree: %v", a.body)
	}
	if a := get("/git/ref/heads/main"); a.body["ref"] != "refs/heads/main" {
		t.Errorf("ref: %v", a.body)
	}
	want(t, call(t, hub, token, "GET", "/repos/acme/shop/git/ref/heads/none", ""), http.StatusNotFound, "Not Found")
	first := repo.Branch("main")
	second := repo.Commit("topic/x", "second", map[string]string{"c.txt": "saw\n"})
	get("/git/commits/" + first)
	get("/commits/topic/x")
	if a := get("/git/matching-refs/heads/topic"); len(a.list) != 1 {
		t.Errorf("matching: %v", a.list)
	}
	a := get("/commits?sha=topic/x&per_page=1")
	if len(a.list) != 1 || !contains(a.header.Get("Link"), `page=2&per_page=1`) || !contains(a.header.Get("Link"), `rel="next"`) {
		t.Errorf("page: %s", a.header.Get("Link"))
	}
	a = get("/compare/main...topic/x")
	if a.body["status"] != "ahead" || a.body["ahead_by"] != 1.0 || len(a.body["files"].([]any)) != 1 {
		t.Errorf("compare: %v", a.body)
	}
	if got := git(t, "ls-remote", repo.CloneURL(), "topic/x"); !strings.HasPrefix(got, second) {
		t.Errorf("ls-remote: %s", got)
	}
}

func TestWriting(t *testing.T) {
	hub, repo, _, token := world(t)
	send := func(method, path, body string, status int, message string) answer {
		t.Helper()
		a := call(t, hub, token, method, "/repos/acme/shop"+path, body)
		want(t, a, status, message)
		return a
	}
	blob := send("POST", "/git/blobs", `{"content":"aGk=","encoding":"base64"}`, 201, "").body["sha"]
	if blob != "32f95c0d1244a78b2be1bab8de17906fabb2c4a8" { // printf hi | git hash-object --stdin
		t.Errorf("blob: %v", blob)
	}
	base := repo.Branch("main")
	tree := send("POST", "/git/trees", fmt.Sprintf(`{"base_tree":%q,"tree":[{"path":"a/n/w","mode":"100755","type":"blob","sha":%q},{"path":"c.txt","mode":"100644","type":"blob","sha":null}]}`, base, blob), 201, "").body["sha"]
	send("POST", "/git/trees", fmt.Sprintf(`{"base_tree":%q,"tree":[{"path":"none","mode":"100644","type":"blob","sha":null}]}`, base), 422, "BadObjectState")
	commit := send("POST", "/git/commits", fmt.Sprintf(`{"message":"m","tree":%q,"parents":[%q]}`, tree, base), 201, "").body["sha"]
	mine := send("POST", "/git/commits", fmt.Sprintf(`{"message":"m","tree":%q,"parents":[],"author":{"name":"A","email":"a@b.c"}}`, tree), 201, "")
	if v := mine.body["verification"].(map[string]any); v["verified"] != false {
		t.Errorf("a commit with an author is verified")
	}
	ref := fmt.Sprintf(`{"ref":"refs/heads/bot/x","sha":%q}`, commit)
	send("POST", "/git/refs", ref, 201, "")
	send("POST", "/git/refs", ref, 422, "Reference already exists")
	send("POST", "/git/refs", `{"ref":"refs/heads/y","sha":"0000000000000000000000000000000000000001"}`, 422, "Object does not exist")
	back := fmt.Sprintf(`{"sha":%q}`, mine.body["sha"])
	send("PATCH", "/git/refs/heads/bot/x", back, 422, "Update is not a fast forward")
	send("PATCH", "/git/refs/heads/bot/x", strings.Replace(back, "}", `,"force":true}`, 1), 200, "")
	if got := git(t, "ls-remote", repo.CloneURL(), "bot/x"); !strings.HasPrefix(got, fmt.Sprint(mine.body["sha"])) {
		t.Errorf("ls-remote: %s", got)
	}
	send("DELETE", "/git/refs/heads/bot/x", "", 204, "")
	send("DELETE", "/git/refs/heads/bot/x", "", 422, "Reference does not exist")
	send("PUT", "/contents/new.txt", `{"message":"new","content":"aGk="}`, 201, "")
	send("PUT", "/contents/new.txt", `{"message":"new","content":"aGk="}`, 422, "wasn't supplied")
	if j := hub.Journal(); !slices.ContainsFunc(j, func(e githubtest.Exchange) bool { return e.Writes() && e.Operation == "git/delete-ref" }) {
		t.Error("the journal has not the deletion")
	}
}
