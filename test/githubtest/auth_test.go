package githubtest_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

func TestJWT(t *testing.T) {
	hub := githubtest.New(t, githubtest.Options{})
	past := hub.Now().Add(-time.Hour).Unix()
	tests := map[string]struct {
		claims  map[string]any
		status  int
		message string
	}{
		"good":         {nil, http.StatusOK, ""},
		"client id":    {map[string]any{"iss": hub.App.ClientID}, http.StatusOK, ""},
		"issued later": {map[string]any{"iat": hub.Now().Add(time.Hour).Unix()}, http.StatusUnauthorized, "'Issued at' claim ('iat') must be an Integer"},
		"expired":      {map[string]any{"exp": past}, http.StatusUnauthorized, "'Expiration time' claim ('exp') must be a numeric value"},
		"too long":     {map[string]any{"exp": hub.Now().Add(time.Hour).Unix()}, http.StatusUnauthorized, "too far in the future"},
		"other app":    {map[string]any{"iss": 1}, http.StatusUnauthorized, "iss"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			want(t, call(t, hub, jwt(t, hub, tt.claims), "GET", "/app", ""), tt.status, tt.message)
		})
	}
	want(t, call(t, hub, jwt(t, hub, nil)+"x", "GET", "/app", ""), http.StatusUnauthorized, "A JSON web token could not be decoded")
	want(t, call(t, hub, "", "GET", "/app", ""), http.StatusUnauthorized, "A JSON web token could not be decoded")
}

func TestTokens(t *testing.T) {
	hub, repo, i, token := world(t)
	other := hub.AddRepository("acme/other", map[string]string{"x": "y"})
	hidden := hub.AddRepository("rival/secret", map[string]string{"x": "y"})
	hidden.Private = true
	path := fmt.Sprintf("/app/installations/%d/access_tokens", i.ID)

	want(t, call(t, hub, "ghs_no", "GET", "/repos/acme/shop", ""), http.StatusUnauthorized, "Bad credentials")
	want(t, call(t, hub, token, "GET", "/repos/acme/shop", ""), http.StatusOK, "")
	want(t, call(t, hub, token, "GET", "/repos/rival/secret", ""), http.StatusNotFound, "Not Found")
	want(t, call(t, hub, token, "GET", "/repos/acme/none", ""), http.StatusNotFound, "Not Found")
	want(t, call(t, hub, token, "GET", "/repos/acme/other", ""), http.StatusOK, "") // public
	want(t, call(t, hub, token, "POST", "/repos/acme/other/git/blobs", `{"content":"x"}`), http.StatusForbidden, "Resource not accessible by integration")
	want(t, call(t, hub, jwt(t, hub, nil), "POST", path, `{"permissions":{"administration":"write"}}`), http.StatusUnprocessableEntity, "not granted")
	want(t, call(t, hub, jwt(t, hub, nil), "POST", path, fmt.Sprintf(`{"repository_ids":[%d]}`, other.ID)), http.StatusUnprocessableEntity, "")

	narrow := tokenOf(t, hub, i, fmt.Sprintf(`{"repository_ids":[%d],"permissions":{"contents":"read"}}`, repo.ID))
	want(t, call(t, hub, narrow, "GET", "/repos/acme/shop/contents/c.txt", ""), http.StatusOK, "")
	want(t, call(t, hub, narrow, "POST", "/repos/acme/shop/git/blobs", `{"content":"x"}`), http.StatusForbidden, "Resource not accessible by integration")
	a := call(t, hub, narrow, "GET", "/installation/repositories", "")
	if a.body["total_count"] != 1.0 {
		t.Errorf("repositories: %v", a.body)
	}

	want(t, call(t, hub, narrow, "DELETE", "/installation/token", ""), http.StatusNoContent, "")
	want(t, call(t, hub, narrow, "GET", "/repos/acme/shop", ""), http.StatusUnauthorized, "Bad credentials")
	hub.Advance(time.Hour)
	want(t, call(t, hub, token, "GET", "/repos/acme/shop", ""), http.StatusUnauthorized, "Bad credentials")

	i.Suspend(true)
	want(t, call(t, hub, jwt(t, hub, nil), "POST", path, ""), http.StatusForbidden, "suspended")
	want(t, call(t, hub, jwt(t, hub, nil), "POST", "/app/installations/1/access_tokens", ""), http.StatusNotFound, "Not Found")
	for _, op := range []string{"/app/installations", fmt.Sprintf("/app/installations/%d", i.ID), "/repos/acme/shop/installation", "/orgs/acme/installation"} {
		want(t, call(t, hub, jwt(t, hub, nil), "GET", op, ""), http.StatusOK, "")
	}
}

func TestLimits(t *testing.T) {
	hub, _, i, token := world(t)
	i.SetLimit(2)
	a := call(t, hub, token, "GET", "/repos/acme/shop", "")
	if a.header.Get("X-Ratelimit-Remaining") != "1" {
		t.Errorf("headers: %v", a.header)
	}
	again := call(t, hub, token, "GET", "/repos/acme/shop", "", "If-None-Match", a.header.Get("Etag"))
	if again.status != http.StatusNotModified || again.header.Get("X-Ratelimit-Remaining") != "1" {
		t.Errorf("a 304 was counted: %d %v", again.status, again.header)
	}
	want(t, call(t, hub, token, "GET", "/repos/acme/shop", ""), http.StatusOK, "")
	want(t, call(t, hub, token, "GET", "/repos/acme/shop", ""), http.StatusForbidden, "API rate limit exceeded for installation")
}

// TestViolations shows that a break of the contract, and a call of what is not
// there, fail the test that made it, by name.
func TestViolations(t *testing.T) {
	tests := map[string]struct{ method, path, body, says string }{
		"no head":         {"POST", "/repos/acme/shop/pulls", `{"base":"main"}`, "pulls/create"},
		"bad enum":        {"GET", "/repos/acme/shop/pulls?state=opened", "", "pulls/list"},
		"not a number":    {"GET", "/repos/acme/shop/pulls/abc", "", "pulls/get"},
		"not implemented": {"POST", "/app-manifests/code/conversions", "", "apps/create-from-manifest is not implemented"},
		"no such path":    {"GET", "/repos/acme/shop/nonsense", "", "/repos/acme/shop/nonsense"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var failures []string
			hub := githubtest.New(broken{t, &failures}, githubtest.Options{})
			i := hub.Install("acme", grants(), hub.AddRepository("acme/shop", map[string]string{"a": "b"}))
			call(t, hub, tokenOf(t, hub, i, ""), tt.method, tt.path, tt.body)
			if len(failures) != 1 || !contains(failures[0], tt.says) {
				t.Errorf("failures: %q", failures)
			}
		})
	}
}
