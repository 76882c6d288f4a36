package githubtest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

func verified(t *testing.T, hub *githubtest.Server, token, sha string) (bool, string) {
	t.Helper()
	a := call(t, hub, token, "GET", "/repos/acme/shop/git/commits/"+sha, "")
	want(t, a, 200, "")
	v := a.body["verification"].(map[string]any)
	return v["verified"].(bool), fmt.Sprint(v["reason"])
}

func TestVerification(t *testing.T) {
	hub, repo, _, app := world(t)
	repo.Collaborate("alice", "write")
	alice := hub.Token("alice")
	base := repo.Branch("main")
	tree := call(t, hub, app, "GET", "/repos/acme/shop/git/commits/"+base, "").body["tree"].(map[string]any)["sha"]
	forged := `,"author":{"name":"GitHub","email":"noreply@github.com"}`
	tests := map[string]struct {
		token, extra string
		verified     bool
		reason       string
	}{
		"the App":              {app, "", true, "valid"},
		"the App, with author": {app, `,"author":{"name":"A","email":"a@b.c"}`, false, "unsigned"},
		"a person":             {alice, "", false, "unsigned"},
		"a person as GitHub":   {alice, forged, false, "unsigned"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := call(t, hub, tt.token, "POST", "/repos/acme/shop/git/commits", fmt.Sprintf(`{"message":%q,"tree":%q,"parents":[%q]%s}`, name, tree, base, tt.extra))
			want(t, a, 201, "")
			if got := a.body["verification"].(map[string]any)["verified"]; got != tt.verified {
				t.Errorf("created as verified: %v", got)
			}
			if v, reason := verified(t, hub, app, fmt.Sprint(a.body["sha"])); v != tt.verified || reason != tt.reason {
				t.Errorf("verified %v, %s", v, reason)
			}
		})
	}
	a := call(t, hub, app, "PUT", "/repos/acme/shop/contents/x", `{"message":"m","content":"aGk="}`)
	commit := a.body["commit"].(map[string]any)
	if commit["verification"].(map[string]any)["verified"] != true {
		t.Errorf("a file of the App's: %v", commit)
	}
	bot := commit["author"].(map[string]any)
	id := call(t, hub, app, "GET", "/users/"+hub.App.Slug+"[bot]", "").body["id"].(float64)
	if bot["email"] != fmt.Sprintf("%.0f+%s[bot]@users.noreply.github.com", id, hub.App.Slug) {
		t.Errorf("author: %v", bot)
	}
	// Renamed, it is the same user, also where a commit has the old name.
	hub.RenameApp("tag-mover")
	if a := call(t, hub, app, "GET", "/users/tag-mover[bot]", ""); a.body["id"] != id {
		t.Errorf("the App's user is %v, and was %v", a.body["id"], id)
	}
	a = call(t, hub, app, "GET", "/repos/acme/shop/commits/main", "")
	if by := a.body["author"].(map[string]any); by["id"] != id || by["login"] != "tag-mover[bot]" {
		t.Errorf("the commit is by %v", by)
	}
}

// TestSignaturesStay shows that a signature is the commit's own: it goes with
// it through clones and pushes, and is nobody else's.
func TestSignaturesStay(t *testing.T) {
	hub, repo, _, app := world(t)
	repo.Collaborate("alice", "write")
	a := call(t, hub, app, "PUT", "/repos/acme/shop/contents/x", `{"message":"m","content":"aGk="}`)
	sha := fmt.Sprint(a.body["commit"].(map[string]any)["sha"])
	dir := filepath.Join(t.TempDir(), "clone")
	git(t, "clone", "--quiet", strings.Replace(repo.CloneURL(), "://", "://alice:"+hub.Token("alice")+"@", 1), dir)
	git(t, "-C", dir, "push", "--quiet", "--force", "origin", sha+":refs/heads/moved")
	if v, _ := verified(t, hub, app, repo.Branch("moved")); !v {
		t.Error("the signature is lost")
	}
	stolen := strings.Replace(git(t, "-C", dir, "cat-file", "commit", sha), "\n\nm", "\n\nother", 1)
	file := filepath.Join(dir, "stolen")
	if err := os.WriteFile(file, []byte(stolen), 0o600); err != nil {
		t.Fatal(err)
	}
	id := strings.TrimSpace(git(t, "-C", dir, "hash-object", "-t", "commit", "-w", file))
	git(t, "-C", dir, "push", "--quiet", "origin", id+":refs/heads/stolen")
	if v, reason := verified(t, hub, app, id); v || reason == "unsigned" {
		t.Errorf("verified %v, %s", v, reason)
	}
}

func TestMergesAndSignatures(t *testing.T) {
	for method, wants := range map[string]bool{"merge": true, "squash": true, "rebase": false} {
		t.Run(method, func(t *testing.T) {
			hub, repo, _, app := world(t)
			a := call(t, hub, app, "POST", "/repos/acme/shop/git/refs", fmt.Sprintf(`{"ref":"refs/heads/topic","sha":%q}`, repo.Branch("main")))
			want(t, a, 201, "")
			want(t, call(t, hub, app, "PUT", "/repos/acme/shop/contents/x", `{"message":"m","content":"aGk=","branch":"topic"}`), 201, "")
			repo.Commit("main", "meanwhile", map[string]string{"y": "y"})
			number := repo.OpenPull("acme", "P", "topic", "main")
			repo.MergePull(number, "acme", method)
			if v, _ := verified(t, hub, app, repo.Branch("main")); v != wants {
				t.Errorf("verified %v", v)
			}
		})
	}
}
