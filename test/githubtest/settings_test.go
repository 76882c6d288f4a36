package githubtest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-github/v60/github"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

func TestRenamed(t *testing.T) {
	hub, repo, i, token := world(t)
	repo.Private = true
	repo.OpenIssue("acme", "I", "")
	old := repo.CloneURL()
	wantTold(t, hub, func() { repo.Rename("acme", "store") }, "repository.renamed by acme")
	a := call(t, hub, token, "GET", "/repos/acme/shop/issues?state=all&per_page=1", "")
	want(t, a, http.StatusMovedPermanently, "Moved Permanently")
	by := fmt.Sprintf("/repositories/%d/issues?per_page=1&state=all", repo.ID)
	if !strings.HasSuffix(a.header.Get("Location"), by) || a.body["url"] != a.header.Get("Location") {
		t.Errorf("location %s, %v; want %s", a.header.Get("Location"), a.body, by)
	}
	if a := call(t, hub, token, "GET", by, ""); len(a.list) != 1 {
		t.Errorf("by id: %d %v", a.status, a.list)
	}
	want(t, call(t, hub, token, "POST", "/repos/acme/shop/issues", `{"title":"T"}`), http.StatusTemporaryRedirect, "")
	want(t, call(t, hub, token, "POST", fmt.Sprintf("/repositories/%d/issues", repo.ID), `{"title":"T"}`), http.StatusCreated, "")
	want(t, call(t, hub, token, "GET", "/repositories/1/issues", ""), http.StatusNotFound, "Not Found")
	want(t, call(t, hub, hub.Token("stranger"), "GET", "/repos/acme/shop", ""), http.StatusNotFound, "Not Found")
	want(t, call(t, hub, jwt(t, hub, nil), "GET", "/repos/acme/shop/installation", ""), http.StatusMovedPermanently, "")
	gh := client(t, hub, i)
	found := must[*github.Repository](t)(gh.Repositories.Get(t.Context(), "acme", "shop"))
	if found.GetFullName() != "acme/store" || found.GetID() != repo.ID {
		t.Errorf("found %s", found.GetFullName())
	}
	must[*github.Issue](t)(gh.Issues.Create(t.Context(), "acme", "shop", &github.IssueRequest{Title: new("followed")}))
	url := strings.Replace(old, "://", "://x-access-token:"+token+"@", 1)
	_ = git(t, "ls-remote", url)
	hub.AddRepository("acme/shop", map[string]string{"a": "new"})
	if a := call(t, hub, "", "GET", "/repos/acme/shop", ""); a.body["id"] == float64(repo.ID) {
		t.Error("the name was taken, and still leads to the old repository")
	}
}

func TestTransferred(t *testing.T) {
	hub, repo, i, token := world(t)
	hub.Organization("rival")
	narrow := tokenOf(t, hub, i, fmt.Sprintf(`{"repository_ids":[%d]}`, repo.ID))
	wantTold(t, hub, func() { repo.Transfer("acme", "rival") },
		"installation_repositories.removed by acme", "repository.transferred by acme")
	want(t, call(t, hub, token, "GET", "/repos/acme/shop", ""), http.StatusMovedPermanently, "")
	a := call(t, hub, token, "GET", fmt.Sprintf("/repositories/%d", repo.ID), "")
	if a.body["full_name"] != "rival/shop" || a.body["owner"].(map[string]any)["type"] != "Organization" {
		t.Errorf("repository: %v", a.body["full_name"])
	}
	for _, token := range []string{token, narrow} {
		want(t, call(t, hub, token, "POST", "/repos/rival/shop/git/blobs", `{"content":"x"}`), http.StatusForbidden, "Resource not accessible by integration")
	}
	if a := call(t, hub, token, "GET", "/installation/repositories", ""); a.body["total_count"] != 0.0 {
		t.Errorf("the installation has it still: %v", a.body)
	}
}

func TestDeleted(t *testing.T) {
	hub, repo, _, token := world(t)
	wantTold(t, hub, func() { repo.Delete("acme") }, "repository.deleted by acme")
	want(t, call(t, hub, token, "GET", "/repos/acme/shop", ""), http.StatusNotFound, "Not Found")
	want(t, call(t, hub, token, "GET", fmt.Sprintf("/repositories/%d", repo.ID), ""), http.StatusNotFound, "Not Found")
	want(t, call(t, hub, jwt(t, hub, nil), "GET", "/repos/acme/shop/installation", ""), http.StatusNotFound, "Not Found")
}

func TestSettings(t *testing.T) {
	hub, repo, _, token := world(t)
	repo.Commit("topic", "topic", map[string]string{"d": "d"})
	pull := repo.OpenPull("acme", "P", "topic", "main")
	issue := repo.OpenIssue("acme", "I", "")
	at := "/repos/acme/shop"
	get := func(path string) answer { return call(t, hub, token, "GET", at+path, "") }

	repo.SetIssues(false)
	want(t, get(fmt.Sprintf("/issues/%d", issue)), http.StatusGone, "Issues are disabled for this repo")
	want(t, get("/issues"), http.StatusGone, "Issues are disabled for this repo")
	want(t, call(t, hub, token, "POST", at+"/issues", `{"title":"T"}`), http.StatusGone, "Issues are disabled for this repo")
	want(t, call(t, hub, token, "POST", fmt.Sprintf("%s/issues/%d/comments", at, pull), `{"body":"x"}`), http.StatusCreated, "")
	if get("").body["has_issues"] != false {
		t.Error("has_issues")
	}

	wantTold(t, hub, func() { repo.Archive("acme", true) }, "repository.archived by acme")
	want(t, call(t, hub, token, "POST", at+"/git/blobs", `{"content":"x"}`), http.StatusForbidden, "Repository was archived so is read-only.")
	want(t, get("/contents/c.txt"), http.StatusOK, "")
	wantTold(t, hub, func() { repo.Archive("acme", false) }, "repository.unarchived by acme")
	want(t, call(t, hub, token, "POST", at+"/git/blobs", `{"content":"x"}`), http.StatusCreated, "")

	wantTold(t, hub, func() { repo.SetPrivate("acme", true) }, "repository.privatized by acme")
	want(t, call(t, hub, "", "GET", at, ""), http.StatusNotFound, "Not Found")
	wantTold(t, hub, func() { repo.SetPrivate("acme", false) }, "repository.publicized by acme")
	want(t, call(t, hub, "", "GET", at, ""), http.StatusOK, "")

	repo.SetDescription("acme", "All we sell")
	repo.SetTemplate(true)
	if b := get("").body; b["description"] != "All we sell" || b["is_template"] != true {
		t.Errorf("repository: %v", b)
	}
	repo.Disable(true)
	want(t, get("/contents/c.txt"), http.StatusForbidden, "Repository access blocked")
}

func TestDefaultBranch(t *testing.T) {
	hub, repo, _, token := world(t)
	repo.Commit("trunk", "trunk", map[string]string{"only": "trunk\n"})
	wantTold(t, hub, func() { repo.SetDefaultBranch("acme", "trunk") }, "repository.edited by acme")
	at := "/repos/acme/shop"
	if a := call(t, hub, token, "GET", at, ""); a.body["default_branch"] != "trunk" {
		t.Errorf("default branch: %v", a.body["default_branch"])
	}
	want(t, call(t, hub, token, "GET", at+"/contents/only", ""), http.StatusOK, "")
	want(t, call(t, hub, token, "PUT", at+"/contents/new", `{"message":"m","content":"aGk="}`), http.StatusCreated, "")
	if got := git(t, "ls-remote", "--symref", repo.CloneURL(), "HEAD"); !strings.Contains(got, "refs/heads/trunk") {
		t.Errorf("HEAD: %s", got)
	}
	if repo.Commit("later", "later", map[string]string{"l": "l"}); call(t, hub, token, "GET", at+"/contents/only?ref=later", "").status != http.StatusOK {
		t.Error("a new branch does not begin at the default branch")
	}
}

// TestTimes shows when a repository was pushed to.
func TestTimes(t *testing.T) {
	hub, repo, _, token := world(t)
	before := call(t, hub, token, "GET", "/repos/acme/shop", "").body
	hub.Advance(1e9 * 60)
	repo.Commit("main", "m", map[string]string{"x": "y"})
	after := call(t, hub, token, "GET", "/repos/acme/shop", "").body
	if before["pushed_at"] == after["pushed_at"] || before["created_at"] != after["created_at"] {
		t.Errorf("before %v, after %v", before["pushed_at"], after["pushed_at"])
	}
}

func TestEmptyRepository(t *testing.T) {
	hub := githubtest.New(t, githubtest.Options{})
	repo := hub.AddEmptyRepository("acme/new")
	token := tokenOf(t, hub, hub.Install("acme", grants(), repo), "")
	at := "/repos/acme/new"
	const empty = "Git Repository is empty."
	tests := []struct {
		method, path, body string
		status             int
		message            string
	}{
		{"GET", "", "", 200, ""},
		{"GET", "/git/ref/heads/main", "", 409, empty},
		{"GET", "/git/matching-refs/heads/", "", 409, empty},
		{"GET", "/git/trees/main", "", 409, empty},
		{"POST", "/git/blobs", `{"content":"x"}`, 409, empty},
		{"POST", "/git/refs", `{"ref":"refs/heads/x","sha":"1111111111111111111111111111111111111111"}`, 409, empty},
		{"GET", "/commits", "", 409, empty},
		{"GET", "/commits/main", "", 409, empty},
		{"GET", "/contents/", "", 404, "This repository is empty."},
		{"GET", "/contents/x", "", 404, "This repository is empty."},
		{"PUT", "/contents/x", `{"message":"m","content":"aGk=","branch":"other"}`, 404, "Branch other not found"},
		{"PUT", "/contents/x", `{"message":"m","content":"aGk="}`, 201, ""},
		{"GET", "/contents/x", "", 200, ""},
		{"GET", "/git/ref/heads/main", "", 200, ""},
	}
	for _, tt := range tests {
		want(t, call(t, hub, token, tt.method, at+tt.path, tt.body), tt.status, tt.message)
	}
}
