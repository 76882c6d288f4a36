package web_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/test/githubtest"
	"github.com/imageupdater/imageupdater/test/githubtest/web"
)

// world is a stand-in with pages, and somebody who looks at them.
type world struct {
	t      *testing.T
	hub    *githubtest.Server
	repo   *githubtest.Repository
	client *http.Client
}

const values = "image:\n  repository: ghcr.io/acme/shop\n  tag: \"1.4.2\"\n"

// newWorld has three people: wendy may write, mia may maintain, otto may read what
// is public.
func newWorld(t *testing.T) *world {
	t.Helper()
	hub := githubtest.New(t, githubtest.Options{})
	org := hub.Organization("acme")
	org.AddOwner("olga", true)
	repo := hub.AddRepository("acme/shop", map[string]string{
		"README.md": "# The shop\n\nSee [the values](deploy/values.yaml), [all](/acme) and [more](https://example.com/).\n", "deploy/values.yaml": values, "deploy/empty": "",
	})
	repo.Collaborate("wendy", "write")
	repo.Collaborate("mia", "maintain")
	pages, err := web.New(hub, "wendy", "mia", "otto")
	if err != nil {
		t.Fatal(err)
	}
	pages.AddLink("Beside", "/beside")
	hub.Pages(pages)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &world{t, hub, repo, &http.Client{Jar: jar}}
}

// get is a page that is there.
func (w *world) get(path string) string {
	w.t.Helper()
	status, text := w.try(path)
	if status != http.StatusOK {
		w.t.Fatalf("GET %s: %d\n%s", path, status, text)
	}
	return text
}

func (w *world) try(path string) (int, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.hub.URL+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.do(r)
}

// post sends a form, as somebody.
func (w *world) post(as, path string, fields ...string) (int, string) {
	w.t.Helper()
	form := url.Values{"as": {as}}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.hub.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.do(r)
}

func (w *world) do(r *http.Request) (int, string) {
	w.t.Helper()
	answer, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// has fails unless the page has all of that.
func has(t *testing.T, page string, wanted ...string) {
	t.Helper()
	for _, text := range wanted {
		if !strings.Contains(page, text) {
			t.Errorf("not on the page: %s\n%s", text, page)
		}
	}
}

// hasNot fails if the page has any of that.
func hasNot(t *testing.T, page string, unwanted ...string) {
	t.Helper()
	for _, text := range unwanted {
		if strings.Contains(page, text) {
			t.Errorf("on the page: %s\n%s", text, page)
		}
	}
}

func itoa(n int) string { return strconv.Itoa(n) }

// TestPages reads each page once.
func TestPages(t *testing.T) {
	w := newWorld(t)
	head := w.repo.Commit("image-updater/main/shop", "Update shop to 1.5.0", map[string]string{"deploy/values.yaml": strings.ReplaceAll(values, "1.4.2", "1.5.0")})
	pull := w.repo.OpenPull("wendy", "Update shop to 1.5.0", "image-updater/main/shop", "main")
	w.repo.OpenIssue("mia", "A dashboard", "- [ ] shop\n- [x] infra\n")
	w.repo.Comment(pull, "otto", "Is it **safe**? See #1, @mia.")
	w.repo.Check(head, "ci-app", "build", "completed", "success")
	w.repo.Status(head, "ci/lint", "pending")
	w.repo.Review(pull, "mia", "APPROVED", "Fine.")
	for path, wanted := range map[string][]string{
		"/":                    {`href="/beside">Beside</a>`, "acme/shop", "You are", "wendy", "otto"},
		"/acme":                {"acme/shop"},
		"/acme/shop":           {"The shop", `href="/acme/shop/blob/main/deploy/values.yaml"`, `href="/acme"`, `href="https://example.com/"`, "Initial commit", "README.md"},
		"/acme/shop/tree/main": {"deploy/"},
		"/acme/shop/tree/image-updater/main/shop/deploy":             {"values.yaml", "Update shop to 1.5.0"},
		"/acme/shop/blob/main/deploy/values.yaml":                    {`<tr id="L3">`, "1.4.2"},
		"/acme/shop/blob/image-updater/main/shop/deploy/values.yaml": {"1.5.0"},
		"/acme/shop/blob/" + head + "/deploy/values.yaml":            {"1.5.0"},
		"/acme/shop/blob/main/deploy/empty":                          {"An empty file."},
		"/acme/shop/commits":                                         {"Initial commit"},
		"/acme/shop/commits/image-updater/main/shop":                 {"Update shop to 1.5.0", "Initial commit"},
		"/acme/shop/commit/" + head:                                  {"Update shop to 1.5.0", "tag: &#34;1.4.2&#34;", "tag: &#34;1.5.0&#34;"},
		"/acme/shop/compare/main...image-updater/main/shop":          {"1 commit ahead", "Open a pull request"},
		"/acme/shop/pulls":                                           {"Update shop to 1.5.0", "1 open"},
		"/acme/shop/pull/1":                                          {"<strong>safe</strong>", `href="/mia"`, `href="/acme/shop/issues/1"`, "build", "success", "ci/lint", "pending", "approved these changes", "Merge", "1.5.0"},
		"/acme/shop/pull/1/files":                                    {"Update shop"},
		"/acme/shop/issues":                                          {"A dashboard", "1 open"},
		"/acme/shop/issues/2":                                        {"A dashboard", `aria-checked="false"`, `aria-checked="true"`},
		"/acme/shop/issues/1":                                        {"Update shop"},
		"/acme/shop/issues/new":                                      {"Open as"},
		"/acme/shop/edit/main/deploy/values.yaml":                    {"1.4.2", "Push as wendy"},
		"/acme/shop/new/main/deploy":                                 {`value="deploy/"`},
		"/acme/shop/raw/main/deploy/values.yaml":                     {values},
		"/wendy":                                                     {"wendy"},
		"/image-updater":                                             {"image-updater"},
	} {
		t.Run(path, func(t *testing.T) { has(t, (&world{t, w.hub, w.repo, w.client}).get(path), wanted...) })
	}
}

// TestElsewhere follows what has moved, and shows a pull request of a fork.
func TestElsewhere(t *testing.T) {
	w := newWorld(t)
	w.pull()
	w.hub.Fork(w.repo, "otto").Push("theirs", "otto", "Mine", map[string]*githubtest.File{"x": githubtest.Text("x\n")})
	w.repo.OpenPull("otto", "From outside", "otto:theirs", "main")
	page := w.get("/acme/shop/pull/2")
	has(t, page, `<span class="ref">otto:theirs</span>`, "From outside", "+1")
	hasNot(t, page, "is deleted", "delete-branch")
	w.repo.Rename("olga", "market")
	has(t, w.get("/acme/shop/pull/1"), "<b>market</b>", "Update shop")
	has(t, w.get("/acme/shop"), "<b>market</b>")
	has(t, w.get("/apps/image-updater"), "image-updater")
}

// react gives a heart, by the API.
func (w *world) react(path string) (int, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.hub.APIURL()+"repos/acme/shop"+path, strings.NewReader(`{"content":"heart"}`))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+w.hub.Token("writer"))
	r.Header.Set("Content-Type", "application/json")
	return w.do(r)
}

// TestChecks shows what checks say, and where; and who reacted.
func TestChecks(t *testing.T) {
	w := told(t)
	page := w.get("/acme/shop/pull/1")
	line := `/blob/` + w.repo.Pulls()[0].HeadSHA + `/.imageupdater.yaml#L1`
	has(t, page, "imageupdater/config", "One mistake", "is <strong>not</strong> understood", line, "there is no version 1", "ci/render")
	has(t, page, `title="image-updater[bot]">👀 1`)
	if status, text := w.react("/issues/1/reactions"); status != http.StatusCreated {
		t.Fatalf("%d %s", status, text)
	}
	has(t, w.get("/acme/shop/pull/1"), "❤️ 1")
	run := regexp.MustCompile(`/acme/shop/runs/[0-9]+`).FindString(page)
	has(t, w.get(run), "imageupdater/config", line)
}
