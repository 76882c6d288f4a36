package githubtest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestHeaders shows what the recordings cannot be asked for, or are not there
// to be asked: what is done with the headers.
func TestHeaders(t *testing.T) {
	hub, _, _, token := world(t)
	made := call(t, hub, token, "POST", "/repos/acme/shop/issues", `{"title":"I"}`)
	at := strings.TrimPrefix(made.header.Get("Location"), strings.TrimSuffix(hub.APIURL(), "/"))
	if at != "/repos/acme/shop/issues/1" || strings.HasPrefix(made.header.Get("Etag"), "W/") {
		t.Errorf("made: %v", made.header)
	}
	issue := call(t, hub, token, "GET", at, "")
	tests := map[string]struct {
		header []string
		status int
	}{
		"the same":              {[]string{"If-None-Match", issue.header.Get("Etag")}, http.StatusNotModified},
		"the same, strong":      {[]string{"If-None-Match", strings.TrimPrefix(issue.header.Get("Etag"), "W/")}, http.StatusNotModified},
		"another":               {[]string{"If-None-Match", `"1"`}, http.StatusOK},
		"unchanged":             {[]string{"If-Modified-Since", issue.header.Get("Last-Modified")}, http.StatusNotModified},
		"changed":               {[]string{"If-Modified-Since", hub.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)}, http.StatusOK},
		"another, but no later": {[]string{"If-None-Match", `"1"`, "If-Modified-Since", issue.header.Get("Last-Modified")}, http.StatusOK},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			want(t, call(t, hub, token, "GET", at, "", tt.header...), tt.status, "")
		})
	}
}

func TestSearchesAreLimitedApart(t *testing.T) {
	hub, _, _, token := world(t)
	for range 30 {
		want(t, call(t, hub, token, "GET", "/search/issues?q=is:pr", ""), http.StatusOK, "")
	}
	want(t, call(t, hub, token, "GET", "/search/issues?q=is:pr", ""), http.StatusForbidden, "API rate limit exceeded for installation")
	want(t, call(t, hub, token, "GET", "/repos/acme/shop", ""), http.StatusOK, "")
	hub.Advance(time.Minute)
	want(t, call(t, hub, token, "GET", "/search/issues?q=is:pr", ""), http.StatusOK, "")
}
