package githubtest_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// TestNarrowedTokens reads, as one that may see a repository's name and no more, what
// is public and what is not.
func TestNarrowedTokens(t *testing.T) {
	hub, shop, i, _ := world(t)
	hidden := hub.AddRepository("acme/hidden", map[string]string{"c.txt": "secret\n"})
	inside := hub.AddRepository("acme/inside", map[string]string{"c.txt": "secret\n"})
	open := hub.AddRepository("rival/open", map[string]string{"c.txt": "known\n"})
	hidden.Private, inside.Private, inside.Internal = true, true, true
	i.AddTo(hidden, inside)
	shop.Release("alice", "v1", "One", "notes", "")
	hidden.Release("alice", "v1", "One", "notes", "")
	open.Release("alice", "v1", "One", "notes", "")
	bare := tokenOf(t, hub, i, fmt.Sprintf(`{"repository_ids":[%d],"permissions":{"metadata":"read"}}`, hidden.ID))
	whole := tokenOf(t, hub, i, `{"repositories":["inside"],"permissions":{"metadata":"read","contents":"read"}}`)

	below := []string{"/releases", "/tags", "/git/matching-refs/tags", "/contents/", "/contents/c.txt", "/compare/main...v1"}
	tests := []struct {
		token, repo string
		itself      int
		below       int
	}{
		{bare, "acme/shop", http.StatusOK, http.StatusOK}, // of the installation, but not the token's
		{bare, "rival/open", http.StatusOK, http.StatusOK},
		{bare, "acme/hidden", http.StatusOK, http.StatusForbidden},
		{bare, "acme/inside", http.StatusNotFound, http.StatusNotFound},
		{whole, "acme/inside", http.StatusOK, http.StatusOK},
		{whole, "acme/hidden", http.StatusNotFound, http.StatusNotFound},
		{"", "acme/inside", http.StatusNotFound, http.StatusNotFound},
		{"", "rival/open", http.StatusOK, http.StatusOK},
	}
	inside.Release("alice", "v1", "One", "notes", "")
	ids := map[string]int64{"acme/shop": shop.ID, "rival/open": open.ID, "acme/hidden": hidden.ID, "acme/inside": inside.ID}
	for _, tt := range tests {
		want(t, call(t, hub, tt.token, "GET", "/repos/"+tt.repo, ""), tt.itself, "")
		for _, path := range below {
			want(t, call(t, hub, tt.token, "GET", "/repos/"+tt.repo+path, ""), tt.below, "")
			want(t, call(t, hub, tt.token, "GET", fmt.Sprintf("/repositories/%d%s", ids[tt.repo], path), ""), tt.below, "")
		}
	}
	for repo, visibility := range map[string]string{"acme/shop": "public", "acme/inside": "internal"} {
		if a := call(t, hub, whole, "GET", "/repos/"+repo, ""); a.body["visibility"] != visibility || a.body["private"] != (visibility != "public") {
			t.Errorf("%s: %v %v", repo, a.body["visibility"], a.body["private"])
		}
	}
	scopes := map[string]bool{}
	for _, e := range hub.Calls(githubtest.By(i)) {
		scopes[e.Scope] = true
	}
	if len(scopes) != 2 || !scopes["metadata:read of acme/hidden"] || !scopes["contents:read metadata:read of acme/inside"] {
		t.Errorf("scopes: %v", scopes)
	}
	for _, body := range []string{`{"repositories":["gone"]}`, fmt.Sprintf(`{"repository_ids":[%d]}`, open.ID)} {
		a := call(t, hub, jwt(t, hub, nil), "POST", fmt.Sprintf("/app/installations/%d/access_tokens", i.ID), body)
		want(t, a, http.StatusUnprocessableEntity, "not accessible")
	}
}
