package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestHostile shows that whatever people write is text: titles, bodies, names of
// files and branches, what is in files.
func TestHostile(t *testing.T) {
	w := newWorld(t)
	const script = `<script>alert(1)</script>`
	body := script + "\n\ntext <img src=x onerror=alert(1)> <a href=\"javascript:alert(1)\">a</a> [b](javascript:alert(1)) ![pic](https://example.com/x.png)\n\n" +
		"<form action=//evil><button name=box value=3>x</button><input name=as value=mia></form><style>*{display:none}</style><!-- hidden -->\n\n" +
		"<details open><summary>More</summary>\n\n- [ ] a `@code` @mia's #1 me@example.com\n\n</details></form></div></main>" +
		"<svg><script>1</script></svg><p onclick=x style=color:red id=last class=refused>end</p> & &#39; end"
	branch := `x/"><b>`
	w.repo.Commit(branch, script, map[string]string{`a<b>"&.txt`: script + "\n", "long.txt": strings.Repeat("x", 100_000) + "\n" + strings.Repeat("line\n", 6000), "bin": "\x00\x01"})
	number := w.repo.OpenPull("wendy", script, branch, "main")
	w.repo.EditIssueBody(number, "wendy", body)
	w.repo.Comment(number, "otto", body)
	w.repo.Label(number, "wendy", "<i>label")
	page := w.get("/acme/shop/pull/1")
	hasNot(t, page, "<script>", "<img", "javascript:", "<svg", "onclick", "onerror", "evil", "<style", "hidden -->", "<i>label", `id="last" class="refused"`, `value="3"`, "color:red")
	has(t, page, "&lt;script&gt;", "<summary>More</summary>", `<a href="/mia" class="mention">@mia</a>`, `href="/acme/shop/issues/1"`, "<code>@code</code>", "me@example.com", `href="https://example.com/x.png"`)
	if strings.Count(page, "<main>") != 1 || strings.Count(page, "<div") != strings.Count(page, "</div>") || strings.Count(page, "</main>") != 1 || strings.Count(page, "</form>") != strings.Count(page, "<form ") {
		t.Errorf("the page is torn:\n%s", page)
	}
	escaped := "/acme/shop/tree/" + (&url.URL{Path: branch}).EscapedPath()
	has(t, w.get(escaped), `a%3Cb%3E%22&amp;.txt`, "a&lt;b&gt;")
	blob := strings.Replace(escaped, "/tree/", "/blob/", 1)
	has(t, w.get(blob+"/a%3Cb%3E%22&.txt"), "&lt;script&gt;")
	has(t, w.get(blob+"/bin"), "A binary file of 2 bytes")
	long := w.get(blob + "/long.txt")
	has(t, long, "Cut here")
	if len(long) > 1<<20 {
		t.Errorf("a page of %d bytes", len(long))
	}
	has(t, w.get("/acme/shop/pulls"), "&lt;script&gt;")
	has(t, w.get("/acme/shop/commits/"+(&url.URL{Path: branch}).EscapedPath()), "&lt;script&gt;")
}

// TestManyFiles shows that a large diff is cut.
func TestManyFiles(t *testing.T) {
	w := newWorld(t)
	files := map[string]string{}
	for i := range 150 {
		files["f/"+itoa(i)] = strings.Repeat("line\n", 50)
	}
	head := w.repo.Commit("many", "Many", files)
	page := w.get("/acme/shop/commit/" + head)
	has(t, page, "50 more files", "Cut here")
	if n := strings.Count(page, `class="add"`); n > 3000 {
		t.Errorf("%d lines", n)
	}
}

// TestWho shows that a person is chosen for good, and that private repositories show
// only to those who may read them.
func TestWho(t *testing.T) {
	w := newWorld(t)
	secret := w.hub.AddEmptyRepository("acme/secret")
	secret.Private = true
	secret.Collaborate("mia", "read")
	hasNot(t, w.get("/"), "acme/secret")
	if status, _ := w.try("/acme/secret"); status != http.StatusNotFound {
		t.Errorf("wendy gets %d", status)
	}
	has(t, w.acted("mia", "/-/as", "back", "/acme/secret"), "private", "<b>mia</b>")
	has(t, w.get("/"), "acme/secret")
	if status, page := w.try("/apps/%2F%2Fevil.example"); status != http.StatusNotFound {
		t.Errorf("%d\n%s", status, page)
	}
	for _, back := range []string{"https://evil.example/", "//evil.example/", `/\evil.example`, "evil"} {
		has(t, w.acted("nobody", "/-/as", "back", back), "<h1>Repositories</h1>", "<b>mia</b>")
	}
}

// TestForeign shows that other sites cannot act, and what the pages may load.
func TestForeign(t *testing.T) {
	w := newWorld(t)
	w.pull()
	for name, header := range map[string][2]string{"fetch metadata": {"Sec-Fetch-Site", "cross-site"}, "origin": {"Origin", "https://evil.example"}} {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.hub.URL+"/acme/shop/pull/1/close", strings.NewReader("as=wendy"))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set(header[0], header[1])
			if status, _ := w.do(r); status != http.StatusForbidden {
				t.Errorf("%d", status)
			}
		})
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.hub.URL+"/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "evil.example"
	if status, _ := w.do(r); status != http.StatusMisdirectedRequest {
		t.Errorf("under another name: %d", status)
	}
	answer, err := w.client.Get(w.hub.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	has(t, answer.Header.Get("Content-Security-Policy"), "default-src 'none'", "form-action 'self'", "frame-ancestors 'none'")
	if w.repo.Pulls()[0].State != "open" {
		t.Error("it was closed")
	}
}

// TestNothing shows that what is not there is said to be so.
func TestNothing(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{
		"/nobody", "/acme/none", "/acme/shop/none", "/acme/shop/blob/main/none", "/acme/shop/tree/none", "/acme/shop/pull/7", "/acme/shop/pull/x", "/acme/shop/issues/7",
		"/acme/shop/compare/main...none", "/acme/shop/raw/main/none", "/acme/shop/edit/main/none", "/acme/shop/runs/1", "/acme/shop/commits/none",
	} {
		if status, page := w.try(path); status != http.StatusNotFound {
			t.Errorf("%s: %d\n%s", path, status, page)
		}
	}
	if status, _ := w.try("/acme/shop/commit/none"); status != http.StatusUnprocessableEntity {
		t.Errorf("no commit: %d", status)
	}
	if status, _ := w.post("wendy", "/acme/shop/edit/main/deploy/values.yaml", "text", strings.Repeat("x", 5<<20)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a form of 5 MB: %d", status)
	}
}
