package githubtest_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// TestFront shows what is refused before any operation is asked.
func TestFront(t *testing.T) {
	long := `{"content":"` + strings.Repeat("x", 40<<20) + `"}`
	tests := map[string]struct {
		method, path, body string
		header             []string
		status             int
		says               string
		violates           bool
	}{
		"no agent":       {"GET", "/repos/acme/shop", "", []string{"User-Agent", ""}, 403, "Request forbidden by administrative rules", false},
		"malformed":      {"POST", "/repos/acme/shop/git/blobs", `{"content":`, nil, 400, "Problems parsing JSON", true},
		"no object":      {"POST", "/repos/acme/shop/git/blobs", `"text"`, nil, 400, "Body should be a JSON object", true},
		"another type":   {"POST", "/repos/acme/shop/git/blobs", `{"content":"x"}`, []string{"Content-Type", "text/plain"}, 201, "", true},
		"too much":       {"POST", "/repos/acme/shop/git/blobs", long, nil, 413, "too large", true},
		"wants XML":      {"GET", "/repos/acme/shop", "", []string{"Accept", "application/xml"}, 415, "Unsupported 'Accept' header: 'application/xml'", false},
		"wants anything": {"GET", "/repos/acme/shop", "", []string{"Accept", "text/html, */*"}, 200, "", false},
		"GitHub's own":   {"GET", "/repos/acme/shop", "", []string{"Accept", "application/vnd.github.v3+json"}, 200, "", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var failures []string
			hub := githubtest.New(broken{t, &failures}, githubtest.Options{})
			i := hub.Install("acme", grants(), hub.AddRepository("acme/shop", map[string]string{"a": "b"}))
			a := call(t, hub, tokenOf(t, hub, i, ""), tt.method, tt.path, tt.body, tt.header...)
			want(t, a, tt.status, tt.says)
			if (len(failures) > 0) != tt.violates {
				t.Errorf("failures: %.500q", failures)
			}
			if a.header.Get("X-Github-Request-Id") == "" {
				t.Error("there is no request id")
			}
		})
	}
}

// TestLengths counts in characters, not in bytes.
func TestLengths(t *testing.T) {
	hub, repo, _, token := world(t)
	head := repo.Commit("bot", "change", map[string]string{"c.txt": "one\n"})
	repo.Commit("bot2", "change", map[string]string{"c.txt": "two\n"})
	const shop = "/repos/acme/shop"
	want(t, call(t, hub, token, "POST", shop+"/pulls", `{"title":"T","head":"bot","base":"main"}`), http.StatusCreated, "")
	a := call(t, hub, token, "POST", shop+"/issues/1/comments", `{"body":"b"}`)
	comment := strings.TrimPrefix(a.body["url"].(string), strings.TrimSuffix(hub.APIURL(), "/"))
	tests := []struct {
		method, path string
		body         map[string]any // the field that is nil is the one
		most         int
		says         string
	}{
		{"POST", shop + "/issues", map[string]any{"title": nil}, 256, "title is too long (maximum is 256 characters)"},
		{"POST", shop + "/issues", map[string]any{"title": "t", "body": nil}, 65536, "body is too long (maximum is 65536 characters)"},
		{"PATCH", shop + "/issues/1", map[string]any{"title": nil}, 256, "title is too long"},
		{"POST", shop + "/pulls", map[string]any{"title": nil, "head": "bot2", "base": "main"}, 256, "title is too long"},
		{"PATCH", shop + "/pulls/1", map[string]any{"title": nil}, 256, "title is too long"},
		{"PATCH", shop + "/pulls/1", map[string]any{"body": nil}, 65536, "body is too long"},
		{"POST", shop + "/issues/1/comments", map[string]any{"body": nil}, 65536, "body is too long"},
		{"PATCH", comment, map[string]any{"body": nil}, 65536, "body is too long"},
		{"POST", shop + "/labels", map[string]any{"name": nil}, 50, "name is too long (maximum is 50 characters)"},
		{"POST", shop + "/statuses/" + head, map[string]any{"state": "success", "description": nil}, 140, "description is too long (maximum is 140 characters)"},
	}
	for _, tt := range tests {
		for _, more := range []int{1, 0} { // the good one last: some may be made once only
			body := map[string]any{}
			for name, value := range tt.body {
				if body[name] = value; value == nil {
					body[name] = strings.Repeat("ü", tt.most+more)
				}
			}
			text, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			a := call(t, hub, token, tt.method, tt.path, string(text))
			if more == 1 {
				want(t, a, http.StatusUnprocessableEntity, tt.says)
			} else if a.status >= http.StatusBadRequest {
				t.Errorf("%s %s of %d: %d %s", tt.method, tt.path, tt.most, a.status, a.message())
			}
		}
	}
}

// TestLengthsOfChecks has limits that GitHub's description tells too.
func TestLengthsOfChecks(t *testing.T) {
	var failures []string
	hub := githubtest.New(broken{t, &failures}, githubtest.Options{})
	repo := hub.AddRepository("acme/shop", map[string]string{"a": "b"})
	token := tokenOf(t, hub, hub.Install("acme", grants(), repo), "")
	note := map[string]any{"path": "a", "start_line": 1, "end_line": 1, "annotation_level": "notice", "message": "m"}
	for _, tt := range []struct {
		output map[string]any
		status int
		says   string
	}{
		{map[string]any{"title": "t", "summary": strings.Repeat("ü", 65535)}, 201, ""},
		{map[string]any{"title": "t", "summary": strings.Repeat("ü", 65536)}, 422, "Only 65535 characters are allowed; 65536 were supplied"},
		{map[string]any{"title": "t", "summary": "s", "text": strings.Repeat("x", 70000)}, 422, "Only 65535 characters are allowed; 70000 were supplied"},
		{map[string]any{"title": "t", "summary": "s", "annotations": slices.Repeat([]any{note}, 50)}, 201, ""},
		{map[string]any{"title": "t", "summary": "s", "annotations": slices.Repeat([]any{note}, 51)}, 422, "No more than 50 items are allowed; 51 were supplied"},
	} {
		text, err := json.Marshal(map[string]any{"name": "c", "head_sha": repo.Branch("main"), "output": tt.output})
		if err != nil {
			t.Fatal(err)
		}
		want(t, call(t, hub, token, "POST", "/repos/acme/shop/check-runs", string(text)), tt.status, tt.says)
	}
	if len(failures) != 3 {
		t.Errorf("%d violations, want one for each that is too much: %.200q", len(failures), failures)
	}
}
