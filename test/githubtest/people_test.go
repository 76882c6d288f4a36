package githubtest_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/go-github/v60/github"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// told runs what happens, and returns the events of it.
func told(hub *githubtest.Server, happens func()) []string {
	before := len(hub.Happened())
	happens()
	return hub.Happened()[before:]
}

func wantTold(t *testing.T, hub *githubtest.Server, happens func(), want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, told(hub, happens), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestPermissionLevels(t *testing.T) {
	hub := githubtest.New(t, githubtest.Options{})
	org := hub.Organization("acme")
	public, private := hub.AddRepository("acme/shop", map[string]string{"a": "b"}), hub.AddRepository("acme/secret", map[string]string{"a": "b"})
	private.Private = true
	i := hub.Install("acme", grants(), public, private)
	gh := client(t, hub, i)
	org.AddOwner("olga", false)
	org.AddMember("mel", false)
	hub.Person("stranger")
	for _, role := range []string{"admin", "maintain", "write", "triage", "read"} {
		public.Collaborate("with-"+role, role)
		private.Collaborate("with-"+role, role)
	}
	tests := []struct{ repo, login, permission, role string }{
		{"secret", "with-admin", "admin", "admin"},
		{"secret", "with-maintain", "write", "maintain"},
		{"secret", "with-write", "write", "write"},
		{"secret", "with-triage", "read", "triage"},
		{"secret", "with-read", "read", "read"},
		{"secret", "olga", "admin", "admin"},
		{"secret", "mel", "read", "read"},
		{"secret", "stranger", "none", "none"},
		{"shop", "stranger", "read", "read"},
		{"shop", "WITH-Write", "write", "write"},
	}
	for _, tt := range tests {
		t.Run(tt.repo+" "+tt.login, func(t *testing.T) {
			level := must[*github.RepositoryPermissionLevel](t)(gh.Repositories.GetPermissionLevel(t.Context(), "acme", tt.repo, tt.login))
			if level.GetPermission() != tt.permission || level.GetUser().GetRoleName() != tt.role {
				t.Errorf("%s, %s; want %s, %s", level.GetPermission(), level.GetUser().GetRoleName(), tt.permission, tt.role)
			}
			push := tt.permission == "write" || tt.permission == "admin"
			if got := level.GetUser().GetPermissions()["push"]; got != push {
				t.Errorf("push %v", got)
			}
		})
	}
	token := tokenOf(t, hub, i, "")
	of := func(login string) string { return "/repos/acme/shop/collaborators/" + login + "/permission" }
	want(t, call(t, hub, token, "GET", of("nobody"), ""), http.StatusNotFound, "nobody is not a user")
	want(t, call(t, hub, hub.Token("stranger"), "GET", of("olga"), ""), http.StatusForbidden, "Must have push access to view collaborator permission.")
	want(t, call(t, hub, hub.Token("with-write"), "GET", of("olga"), ""), http.StatusOK, "")
	want(t, call(t, hub, "", "GET", of("olga"), ""), http.StatusUnauthorized, "Requires authentication")
	public.Collaborate("with-admin", "")
	if a := call(t, hub, token, "GET", of("with-admin"), ""); a.body["role_name"] != "read" {
		t.Errorf("a role that was taken: %v", a.body["role_name"])
	}
}

// TestRoles shows what a person may by a personal token.
func TestRoles(t *testing.T) {
	hub, repo, _, _ := world(t)
	secret := hub.AddRepository("acme/secret", map[string]string{"a": "b"})
	secret.Private = true
	for _, role := range []string{"write", "triage", "read"} {
		secret.Collaborate(role, role)
		repo.Collaborate(role, role)
	}
	number := repo.OpenIssue("stranger", "I", "by a stranger")
	secret.OpenIssue("acme", "I", "by the owner")
	comment := repo.Comment(number, "read", "hello")
	issue, said := fmt.Sprintf("/repos/acme/shop/issues/%d", number), fmt.Sprintf("/repos/acme/shop/issues/comments/%d", comment)
	const (
		weak     = "Must have push access to repository"
		notYours = "Must have admin rights to Repository."
	)
	tests := []struct {
		login, method, path, body string
		status                    int
		message                   string
	}{
		{"stranger", "GET", "/repos/acme/secret", "", 404, "Not Found"},
		{"stranger", "POST", "/repos/acme/secret/issues", `{"title":"T"}`, 404, "Not Found"},
		{"read", "GET", "/repos/acme/secret/contents/a", "", 200, ""},
		{"read", "POST", "/repos/acme/secret/git/blobs", `{"content":"x"}`, 403, weak},
		{"triage", "POST", "/repos/acme/secret/git/blobs", `{"content":"x"}`, 403, weak},
		{"write", "POST", "/repos/acme/secret/git/blobs", `{"content":"x"}`, 201, ""},
		{"stranger", "POST", issue + "/comments", `{"body":"x"}`, 201, ""},
		{"stranger", "POST", issue + "/reactions", `{"content":"eyes"}`, 201, ""},
		{"stranger", "POST", issue + "/reactions", `{"content":"eyes"}`, 200, ""},
		{"stranger", "POST", "/repos/acme/shop/issues/9/reactions", `{"content":"eyes"}`, 404, "Not Found"},
		{"read", "POST", issue + "/labels", `{"labels":["x"]}`, 403, weak},
		{"triage", "POST", issue + "/labels", `{"labels":["x"]}`, 200, ""},
		{"stranger", "PATCH", issue, `{"title":"mine"}`, 200, ""},
		{"read", "PATCH", issue, `{"title":"not mine"}`, 403, notYours},
		{"triage", "PATCH", issue, `{"state":"closed"}`, 200, ""},
		{"triage", "PATCH", issue, `{"body":"- [x] a box"}`, 403, notYours},
		{"stranger", "PATCH", said, `{"body":"not mine"}`, 403, notYours},
		{"read", "PATCH", said, `{"body":"mine"}`, 200, ""},
		{"triage", "DELETE", said, "", 403, notYours},
		{"write", "DELETE", said, "", 204, ""},
		{"write", "POST", "/repos/acme/shop/check-runs", `{"name":"x","head_sha":"` + repo.Branch("main") + `"}`, 403, "You must authenticate via a GitHub App."},
		{"write", "GET", "/app", "", 401, "A JSON web token could not be decoded"},
		{"write", "GET", "/installation/repositories", "", 403, "You must authenticate with an installation access token"},
	}
	tokens := map[string]string{}
	for _, login := range []string{"stranger", "write", "triage", "read"} {
		tokens[login] = hub.Token(login)
	}
	for _, tt := range tests {
		t.Run(tt.login+" "+tt.method+" "+tt.path, func(t *testing.T) {
			want(t, call(t, hub, tokens[tt.login], tt.method, tt.path, tt.body), tt.status, tt.message)
		})
	}
}

func TestPersonsHaveTheirOwnLimit(t *testing.T) {
	hub, _, _, app := world(t)
	token := hub.Token("alice")
	hub.SetPersonLimit("alice", 1)
	want(t, call(t, hub, token, "GET", "/repos/acme/shop", ""), http.StatusOK, "")
	want(t, call(t, hub, token, "GET", "/repos/acme/shop", ""), http.StatusForbidden, "API rate limit exceeded for user ID")
	want(t, call(t, hub, app, "GET", "/repos/acme/shop", ""), http.StatusOK, "")
	a := call(t, hub, token, "GET", "/rate_limit", "")
	want(t, a, http.StatusOK, "")
	if rate := a.body["rate"].(map[string]any); rate["limit"] != 1.0 || rate["remaining"] != 0.0 {
		t.Errorf("rate: %v", rate)
	}
}

func TestUsers(t *testing.T) {
	hub, _, i, _ := world(t)
	hub.Organization("acme")
	id := hub.Person("alice")
	gh := client(t, hub, i)
	for login, kind := range map[string]string{"alice": "User", "acme": "Organization", hub.App.Slug + "[bot]": "Bot"} {
		user := must[*github.User](t)(gh.Users.Get(t.Context(), login))
		if user.GetType() != kind || user.GetLogin() != login || (login == "alice" && user.GetID() != id) {
			t.Errorf("%s: %v", login, user)
		}
	}
	want(t, call(t, hub, "", "GET", "/users/nobody", ""), http.StatusNotFound, "Not Found")
	if a := call(t, hub, "", "GET", "/repos/acme/shop", ""); a.body["organization"] == nil {
		t.Error("the repository's organisation is missing")
	}
}

func TestTeams(t *testing.T) {
	hub, repo, _, token := world(t)
	org := hub.Organization("acme")
	org.AddMember("alice", false)
	org.AddToTeam("platform", "alice", "maintainer")
	path := "/orgs/acme/teams/platform/memberships/"
	want(t, call(t, hub, token, "GET", path+"alice", ""), http.StatusNotFound, "Not Found") // without members:read
	seeing := tokenOf(t, hub, hub.Install("acme", map[string]string{"members": "read"}, repo), "")
	if a := call(t, hub, seeing, "GET", path+"alice", ""); a.body["role"] != "maintainer" {
		t.Errorf("membership: %v", a.body)
	}
	want(t, call(t, hub, hub.Token("alice"), "GET", path+"alice", ""), http.StatusOK, "")
	want(t, call(t, hub, seeing, "GET", path+"bob", ""), http.StatusNotFound, "Not Found")
}

// TestAssociations shows that author_association hides private members.
func TestAssociations(t *testing.T) {
	hub, repo, _, token := world(t)
	org := hub.Organization("acme")
	org.AddOwner("public-owner", true)
	org.AddOwner("private-owner", false)
	org.AddOwner("busy-owner", false)
	repo.Collaborate("collaborator", "write")
	repo.Push("main", "busy-owner", "work", map[string]*githubtest.File{"w": githubtest.Text("w")})
	number := repo.OpenIssue("acme", "I", "")
	wants := map[string]string{
		"acme": "OWNER", "public-owner": "MEMBER", "private-owner": "NONE", "busy-owner": "CONTRIBUTOR",
		"collaborator": "COLLABORATOR", "stranger": "NONE",
	}
	for login, association := range wants {
		id := repo.Comment(number, login, "hello")
		a := call(t, hub, token, "GET", fmt.Sprintf("/repos/acme/shop/issues/comments/%d", id), "")
		if a.body["author_association"] != association {
			t.Errorf("%s is %v, want %s", login, a.body["author_association"], association)
		}
	}
}

// TestIssuesByTheAPI shows labels by an update, reasons for a closing, and that
// a stranger's labels are dropped.
func TestIssuesByTheAPI(t *testing.T) {
	hub, _, _, token := world(t)
	at := "/repos/acme/shop/issues"
	a := call(t, hub, hub.Token("stranger"), "POST", at, `{"title":"T","labels":["x"]}`)
	if len(a.body["labels"].([]any)) != 0 {
		t.Errorf("labels: %v", a.body["labels"])
	}
	wantTold(t, hub, func() {
		a = call(t, hub, token, "PATCH", at+"/1", `{"labels":["x","y"],"state":"closed","state_reason":"not_planned"}`)
	}, "issues.closed by image-updater[bot]", "issues.labeled by image-updater[bot]", "issues.labeled by image-updater[bot]")
	if a.body["state_reason"] != "not_planned" || len(a.body["labels"].([]any)) != 2 {
		t.Errorf("issue: %v", a.body)
	}
	if a = call(t, hub, token, "PATCH", at+"/1", `{"state":"open"}`); a.body["state_reason"] != "reopened" {
		t.Errorf("reason: %v", a.body["state_reason"])
	}
	if a = call(t, hub, token, "PATCH", at+"/1", `{"state":"closed"}`); a.body["state_reason"] != "completed" {
		t.Errorf("reason: %v", a.body["state_reason"])
	}
}

// TestLists shows whose issues are listed, in which order, and what was reacted.
func TestLists(t *testing.T) {
	hub, repo, _, token := world(t)
	one := repo.OpenIssue("alice", "one", "")
	hub.Advance(time.Minute)
	two := repo.OpenIssue("bob", "two", "")
	hub.Advance(time.Minute)
	at := hub.Now().Truncate(time.Second)
	repo.Comment(one, "bob", "hello")
	want(t, call(t, hub, token, "POST", fmt.Sprintf("/repos/acme/shop/issues/%d/reactions", two), `{"content":"eyes"}`), 201, "")
	for query, numbers := range map[string][]int{
		"": {two, one}, "creator=alice": {one}, "sort=updated": {one, two}, "direction=asc": {one, two},
		"since=" + at.Format(time.RFC3339): {one},
	} {
		var found []int
		for _, i := range call(t, hub, token, "GET", "/repos/acme/shop/issues?"+query, "").list {
			found = append(found, int(i.(map[string]any)["number"].(float64)))
		}
		if !slices.Equal(found, numbers) {
			t.Errorf("%s: %v, want %v", query, found, numbers)
		}
	}
	after := at.Add(time.Hour).Format(time.RFC3339)
	if a := call(t, hub, token, "GET", fmt.Sprintf("/repos/acme/shop/issues/%d/comments?since=%s", one, after), ""); len(a.list) != 0 {
		t.Errorf("comments: %v", a.list)
	}
	a := call(t, hub, token, "GET", fmt.Sprintf("/repos/acme/shop/issues/%d", two), "")
	if r := a.body["reactions"].(map[string]any); r["eyes"] != 1.0 || r["total_count"] != 1.0 {
		t.Errorf("reactions: %v", r)
	}
}
