package app_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/server"
	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// update lets the tests of documents write them.
var update = flag.Bool("update", false, "write what documents take from the server")

// tokens are more of them, each for less.
func tokens() string {
	var text strings.Builder
	for name, scope := range map[string]string{
		"reader":   "scopes: [read]",
		"rescaner": "scopes: [rescan]",
		"other":    "scopes: [read, rescan], accounts: [other]",
		"deploy":   `scopes: [read, rescan], repositories: ["acme/deploy-*"]`,
		"often":    "scopes: [read]",
	} {
		fmt.Fprintf(&text, "    - {name: %s, sha256: %q, %s}\n", name, sha256Of(apiToken+name), scope)
	}
	return text.String()
}

// apiWorld has two repositories that were looked at and use one image.
func apiWorld(t *testing.T) (*world, *app) {
	t.Helper()
	w := newWorld(t, storetest.SQLite(t), githubtest.Options{})
	if err := w.registry.Push("acme/web", "1.0.0", "1.1.0"); err != nil {
		t.Fatal(err)
	}
	var repos []*githubtest.Repository
	for _, name := range []string{"acme/shop", "acme/deploy-prod"} {
		repos = append(repos, w.hub.AddRepository(name, map[string]string{
			".imageupdater.yaml": "version: 1\n",
			"deploy/web.yaml":    deployment(w.registry.Host() + "/acme/web:1.0.0"),
			"deploy/gone.yaml":   deployment(w.registry.Host() + "/acme/gone:1.0.0"),
			"deploy/latest.yaml": deployment(w.registry.Host() + "/acme/web:latest"),
		}))
	}
	text := strings.Replace(w.configured(""), "  tokens: [{name: test, ", "  tokens:\n    - {name: test, ", 1)
	text = strings.Replace(text, "scopes: [rescan, read, decisions]}]", "scopes: [rescan, read, decisions]}\n"+tokens(), 1)
	a := w.start("", func(o *server.Options) { o.Config = w.load(text) })
	w.hub.Install("acme", grants(), repos...)
	a.settled(w.hub, "acme/shop")
	a.settled(w.hub, "acme/deploy-prod")
	return w, a
}

func TestAPI(t *testing.T) {
	t.Parallel()
	w, a := apiWorld(t)
	image := fmt.Sprintf(`{"image": "%s/acme/web"}`, w.registry.Host())
	const shop, prod = "/api/v1/repos/acme/shop", "/api/v1/repos/acme/deploy-prod"
	const rescan, body = "/api/v1/rescan", `{"repository": "acme/shop"}`
	tests := []struct {
		method, path, token, body string
		status                    int
		says                      string
	}{
		{"GET", shop, "", "", 401, "api.tokens"},
		{"GET", shop, "wrong", "", 401, "api.tokens"},
		{"GET", shop, sha256Of(apiToken), "", 401, "api.tokens"}, // what stands in the file is no token
		{"GET", shop, apiToken, "", 200, `"state":"planned"`},
		{"GET", "/api/v1/repos/ACME/Shop", apiToken, "", 200, `"repository":"acme/shop"`},
		{"GET", shop, apiToken + "reader", "", 200, `"looking":false`},
		{"GET", shop, apiToken + "rescaner", "", 403, "scope read"},
		{"GET", shop, apiToken + "other", "", 404, "not for this token"},
		{"GET", shop, apiToken + "deploy", "", 404, "not for this token"},
		{"GET", prod, apiToken + "deploy", "", 200, `"id"`},
		{"GET", "/api/v1/repos/acme/nothing", apiToken, "", 404, "not installed"},
		{"GET", "/api/v1/repos/acme/%2e%2e", apiToken, "", 404, ""},
		{"GET", "/api/v1/repos/acme", apiToken, "", 404, ""},
		{"HEAD", shop, apiToken, "", 200, ""},
		{"HEAD", shop, "", "", 401, ""},
		{"OPTIONS", shop, apiToken, "", 405, ""},
		{"DELETE", shop, apiToken, "", 405, ""},
		{"GET", rescan, apiToken, "", 405, ""},
		{"POST", rescan, "", body, 401, "api.tokens"},
		{"POST", rescan, apiToken + "reader", body, 403, "scope rescan"},
		{"POST", rescan, apiToken + "other", body, 404, "not for this token"},
		{"POST", rescan, apiToken + "deploy", body, 404, "not for this token"},
		{"POST", rescan, apiToken, body, 202, `{"repositories":1}`},
		{"POST", rescan, apiToken, image, 202, `{"repositories":2}`},
		{"POST", rescan, apiToken + "deploy", image, 202, `{"repositories":1}`},
		{"POST", rescan, apiToken + "other", image, 202, `{"repositories":0}`},
		{"POST", rescan, apiToken, `{"image": "docker.io/library/nobody"}`, 202, `{"repositories":0}`},
		{"POST", rescan, apiToken, `{"image": "a b"}`, 400, "without a tag"},
		{"POST", rescan, apiToken, ``, 400, "the body is JSON"},
		{"POST", rescan, apiToken, `{}`, 400, "the body is JSON"},
		{"POST", rescan, apiToken, `[]`, 400, "the body is JSON"},
		{"POST", rescan, apiToken, `{"repository": 7}`, 400, "the body is JSON"},
		{"POST", rescan, apiToken, body + body, 400, "the body is JSON"},
		{"POST", rescan, apiToken, `{"repository": "acme/shop", "image": "x"}`, 400, "the body is JSON"},
		{"POST", rescan, apiToken, `{"repository": "acme/shop", "tag": "1"}`, 400, "the body is JSON"},
		{"POST", rescan, apiToken, `{"repository": "shop"}`, 404, "no such repository"},
		{"POST", rescan, apiToken, strings.Repeat("[", 60<<10), 400, "the body is JSON"},
		{"POST", rescan, apiToken, `{"image": "` + strings.Repeat("x", 65<<10) + `"}`, 413, "larger than"},
	}
	for _, test := range tests {
		status, text := a.call(test.method, test.path, test.token, test.body)
		if status != test.status || !strings.Contains(string(text), test.says) {
			t.Errorf("%s %s %.60s: %d %s, want %d with %q", test.method, test.path, test.body, status, text, test.status, test.says)
		}
	}
	if got := a.settled(w.hub, "acme/shop"); got.Result.Fields["update"] != 1 || len(got.Result.Problems) != 1 || len(got.Result.Skipped) != 1 {
		t.Errorf("%+v", got.Result)
	}
}

// TestAPIRescansForItsToken asks about an image that two repositories use, with a
// token for one of them.
func TestAPIRescansForItsToken(t *testing.T) {
	t.Parallel()
	w, a := apiWorld(t)
	before := a.shown("acme/shop")
	if err := w.registry.Push("acme/web", "1.2.0"); err != nil {
		t.Fatal(err)
	}
	if status, text := a.call("POST", "/api/v1/rescan", apiToken+"deploy", fmt.Sprintf(`{"image": "%s/acme/web"}`, w.registry.Host())); status != 202 {
		t.Fatalf("%d %s", status, text)
	}
	until(t, "the new tag is seen", func() bool {
		got := a.shown("acme/deploy-prod")
		return !got.Looking && got.Result.Updates[0].Tag == "1.2.0"
	})
	if after := a.shown("acme/shop"); !after.LastLook.Equal(*before.LastLook) || after.Result.Updates[0].Tag != "1.1.0" {
		t.Errorf("looked at on behalf of a token that is not for it: %+v", after)
	}
}

func TestAPIOfImpatientCallers(t *testing.T) {
	t.Parallel()
	_, a := apiWorld(t)
	refused := false
	for range 5000 {
		answer := &answered{header: http.Header{}}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://app/api/v1/repos/acme/none", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+apiToken+"often")
		a.Handler().ServeHTTP(answer, req)
		if answer.status == http.StatusTooManyRequests && answer.header.Get("Retry-After") != "" {
			refused = true
			break
		}
	}
	if !refused {
		t.Error("there is no limit")
	}
	if status, _ := a.call("GET", "/api/v1/repos/acme/shop", apiToken+"reader", ""); status != 200 {
		t.Errorf("%d: one caller's limit is another's", status)
	}
}

// TestAPIDocs holds the example in docs/api.md against what the server answers.
func TestAPIDocs(t *testing.T) {
	t.Parallel()
	w, a := apiWorld(t)
	_, text := a.call("GET", "/api/v1/repos/acme/shop", apiToken, "")
	var shown any
	if err := json.Unmarshal(text, &shown); err != nil {
		t.Fatal(err)
	}
	pretty, err := json.MarshalIndent(shown, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	example := strings.ReplaceAll(string(pretty), w.registry.Host(), "registry.acme.lan")
	for was, is := range map[string]string{
		`"\d{4}-\d\d-\d\dT[^"]*"`: `"2026-11-21T09:30:00Z"`, `\n *"number": \d+,`: "", `"dashboard": \d+`: `"dashboard": 12`, `"id": \d+`: `"id": 1296269`, `"head": "\w+"`: `"head": "6dcb09b5b57875f334f61aebed695e2e4193db5e"`,
	} {
		example = regexp.MustCompile(was).ReplaceAllString(example, is)
	}
	agree(t, filepath.Join("..", "..", "docs", "api.md"), "<!-- example: made by go test ./test/app -run TestAPIDocs -update -->", "<!-- end of example -->", "```json\n"+example+"\n```\n")
}

// agree holds a part of a document against what it should be, or makes it so.
func agree(t *testing.T, file, from, to, want string) {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(src), from+"\n")
	part, after, ends := strings.Cut(rest, to)
	if !found || !ends {
		t.Fatalf("%s lacks %s or %s", file, from, to)
	}
	switch {
	case *update:
		if err := os.WriteFile(file, []byte(before+from+"\n"+want+to+after), 0o600); err != nil {
			t.Fatal(err)
		}
	case part != want:
		t.Errorf("%s says\n%s\nand not\n%s\n(go test ./test/app -run %s -update)", file, part, want, t.Name())
	}
}
