package web_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// pull opens one of the branch update, by wendy.
func (w *world) pull() {
	w.t.Helper()
	const branch = "update"
	w.repo.Commit(branch, "Update shop to 1.5.0", map[string]string{"deploy/values.yaml": strings.ReplaceAll(values, "1.4.2", "1.5.0")})
	w.repo.OpenPull("wendy", "Update shop", branch, "main")
}

// field is a hidden one of a page.
func field(t *testing.T, page, name string) string {
	t.Helper()
	m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no field %s on the page:\n%s", name, page)
	}
	return m[1]
}

// acted fails unless the act led to a page.
func (w *world) acted(as, path string, fields ...string) string {
	w.t.Helper()
	status, text := w.post(as, path, fields...)
	if status != http.StatusOK {
		w.t.Fatalf("%s by %s: %d\n%s", path, as, status, text)
	}
	return text
}

// TestPullActs is the life of a pull request from its page.
func TestPullActs(t *testing.T) {
	w := newWorld(t)
	w.pull()
	has(t, w.acted("otto", "/acme/shop/pull/1/comment", "body", "Hello\r\n/rescan"), "Hello", "otto")
	if got := w.repo.Pulls()[0].Comments[0]; got != "Hello\n/rescan" {
		t.Errorf("the comment is %q", got)
	}
	has(t, w.acted("mia", "/acme/shop/pull/1/approve"), "approved these changes")
	has(t, w.acted("mia", "/acme/shop/pull/1/request-changes", "body", "Not yet."), "requested changes", "Not yet.")
	has(t, w.acted("wendy", "/acme/shop/pull/1/close", "body", "Later."), "Closed without merging", "Later.")
	has(t, w.acted("wendy", "/acme/shop/pull/1/reopen"), "It can be merged")
	w.repo.Commit("main", "Meanwhile", map[string]string{"other": "x\n"})
	page := w.get("/acme/shop/pull/1")
	page = w.acted("wendy", "/acme/shop/pull/1/update-branch", "sha", field(t, page, "sha"))
	has(t, page, "Merge branch &#39;main&#39; into update")
	has(t, w.acted("wendy", "/acme/shop/pull/1/merge", "method", "squash", "sha", field(t, page, "sha")), "Merged", "Delete branch")
	if got := w.repo.Read("main", "deploy/values.yaml"); !strings.Contains(got, "1.5.0") {
		t.Errorf("main has %q", got)
	}
	has(t, w.acted("wendy", "/acme/shop/pull/1/delete-branch"), "The branch update is deleted.")
}

// TestRevert takes back what was merged, in each way, and refuses where it has changed since.
func TestRevert(t *testing.T) {
	for _, method := range []string{"merge", "squash", "rebase"} {
		t.Run(method, func(t *testing.T) {
			w := newWorld(t)
			w.repo.Push("update", "wendy", "Update shop to 1.5.0", map[string]*githubtest.File{
				"deploy/values.yaml": githubtest.Executable("tag: 2\n"), "new": githubtest.Text("n"), "deploy/empty": nil,
			})
			w.repo.Push("update", "wendy", "More", map[string]*githubtest.File{"more": githubtest.Text("m")})
			w.repo.OpenPull("wendy", "Update shop", "update", "main")
			before := w.files("main")
			w.repo.MergePull(1, "wendy", method)
			has(t, w.acted("mia", "/acme/shop/pull/1/revert"), "Revert &#34;Update shop&#34;", "Reverts", `href="/acme/shop/issues/1"`, "revert-1-update")
			w.repo.MergePull(2, "mia", "merge")
			if after := w.files("main"); after != before {
				t.Errorf("main has\n%s\nand not\n%s", after, before)
			}
			w.repo.MergePull(w.repo.OpenPull("wendy", "Again", w.again(), "main"), "wendy", method)
			w.repo.Commit("main", "Other", map[string]string{"new": "other"})
			status, page := w.post("mia", "/acme/shop/pull/3/revert")
			if status != http.StatusConflict {
				t.Errorf("%d", status)
			}
			has(t, page, "new has changed since")
		})
	}
}

// again is a branch with the same change on top of what is there now.
func (w *world) again() string {
	w.repo.Push("again", "wendy", "Again", map[string]*githubtest.File{"new": githubtest.Text("n")})
	return "again"
}

// files is all that a branch has.
func (w *world) files(branch string) string {
	w.t.Helper()
	return w.get("/api/v3/repos/acme/shop/git/trees/" + branch + "?recursive=1")
}

// TestRefusals shows what GitHub says to those who may not, with its status, and that
// what was written is not lost.
func TestRefusals(t *testing.T) {
	w := newWorld(t)
	w.pull()
	issue := w.repo.OpenIssue("mia", "Boxes", "- [ ] a\n")
	version := field(t, w.get("/acme/shop/issues/2"), "version")
	for _, c := range []struct {
		as, path string
		fields   []string
		status   int
		says     string
	}{
		{"otto", "/pull/1/merge", []string{"method", "merge"}, 403, "Must have push access"},
		{"otto", "/pull/1/close", nil, 403, "Must have admin rights"},
		{"otto", "/pull/1/update-branch", nil, 403, "Must have admin rights"},
		{"wendy", "/pull/1/update-branch", nil, 422, "There are no new commits on the base branch."},
		{"wendy", "/pull/1/approve", nil, 422, "Review Can not approve your own pull request"},
		{"wendy", "/pull/1/comment", nil, 422, "body missing_field"},
		{"wendy", "/pull/1/reopen", nil, 200, "It can be merged"},
		{"wendy", "/pull/1/merge", []string{"method", "merge", "sha", strings.Repeat("0", 40)}, 409, "Head branch was modified"},
		{"wendy", "/pull/9/comment", []string{"body", "x"}, 404, "Not Found"},
		{"otto", "/issues/2/tick", []string{"box", "2", "version", version}, 403, "Must have admin rights"},
		{"wendy", "/issues/2/tick", []string{"box", "2", "version", "old"}, 409, "changed meanwhile"},
		{"wendy", "/issues/2/tick", []string{"box", "3", "version", version}, 409, "changed meanwhile"},
		{"wendy", "/issues/2/tick", []string{"box", "-1", "version", version}, 409, "changed meanwhile"},
		{"otto", "/edit/main/deploy/values.yaml", []string{"path", "deploy/values.yaml", "branch", "main", "text", "kept what I wrote"}, 403, "kept what I wrote"},
		{"otto", "/issues/2/close", nil, 403, "Must have admin rights"},
		{"wendy", "/pulls", []string{"head", "none", "base", "main", "title", "x"}, 422, "head invalid"},
	} {
		t.Run(c.as+c.path, func(t *testing.T) {
			status, page := (&world{t, w.hub, w.repo, w.client}).post(c.as, "/acme/shop"+c.path, c.fields...)
			if status != c.status {
				t.Errorf("%d, want %d", status, c.status)
			}
			has(t, page, c.says)
		})
	}
	if got := w.get("/acme/shop/issues/2"); strings.Contains(got, `aria-checked="true"`) {
		t.Errorf("a box of #%d is ticked", issue)
	}
}

// TestTick shows that a tick changes one byte of the body, whatever is around it.
func TestTick(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ name, body, box, after string }{
		{"first", "- [ ] a\n- [ ] b\n", "2", "- [x] a\n- [ ] b\n"},
		{"off", "- [X] a", "2", "- [ ] a"},
		{"numbered", "1. [ ] a\n2. [x] b", "12", "1. [ ] a\n2. [ ] b"},
		{"deep", "- a\n  - [ ] b <!-- mark -->\n", "8", "- a\n  - [x] b <!-- mark -->\n"},
		{"not in code", "```\n- [ ] a\n```\n- [ ] b", "18", "```\n- [ ] a\n```\n- [x] b"},
		{"carriage returns", "Hi\r\n\r\n* [ ] ü\r\n* [ ] b\r\n", "8", "Hi\r\n\r\n* [x] ü\r\n* [ ] b\r\n"},
		{"details", "<details>\n\n- [ ] a\n\n</details>", "13", "<details>\n\n- [x] a\n\n</details>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &world{t, w.hub, w.repo, w.client}
			number := w.repo.OpenIssue("mia", c.name, c.body)
			path := "/acme/shop/issues/" + itoa(number)
			page := w.get(path)
			has(t, page, `value="`+c.box+`"`)
			w.acted("wendy", path+"/tick", "box", c.box, "version", field(t, page, "version"))
			if got := w.repo.Body(number); got != c.after {
				t.Errorf("%q, want %q", got, c.after)
			}
		})
	}
}

// TestIssueActs opens, closes and reopens.
func TestIssueActs(t *testing.T) {
	w := newWorld(t)
	has(t, w.acted("otto", "/acme/shop/issues", "title", "A <b>bug</b>", "body", "Oh."), "A &lt;b&gt;bug&lt;/b&gt;", "otto", "Oh.")
	has(t, w.acted("otto", "/acme/shop/issues/1/close"), "closed by")
	has(t, w.get("/acme/shop/issues?state=closed"), "1 closed", "bug")
	has(t, w.acted("mia", "/acme/shop/issues/1/reopen", "body", "No."), "open", "No.")
}

// TestPush edits a file, makes one, on the default branch and on a new one, and opens
// a pull request of that.
func TestPush(t *testing.T) {
	w := newWorld(t)
	edit := "/acme/shop/edit/main/deploy/values.yaml"
	sha := field(t, w.get(edit), "sha")
	has(t, w.acted("wendy", edit, "path", "deploy/values.yaml", "branch", "main", "sha", sha, "text", "tag: 1\r\n", "message", ""), "tag: 1")
	if got := w.repo.Read("main", "deploy/values.yaml"); got != "tag: 1\n" {
		t.Errorf("main has %q", got)
	}
	has(t, w.get("/acme/shop/commits"), "Update deploy/values.yaml", "wendy")
	status, page := w.post("wendy", edit, "path", "deploy/values.yaml", "branch", "main", "sha", sha, "text", "mine")
	if status != http.StatusConflict {
		t.Errorf("over another's edit: %d", status)
	}
	has(t, page, "does not match")
	has(t, page, `name="sha" value="`+sha+`"`)
	w.repo.Commit("main", "As on Windows", map[string]string{"crlf.txt": "a\r\nb\r\n"})
	crlf := "/acme/shop/edit/main/crlf.txt"
	w.acted("wendy", crlf, "path", "crlf.txt", "branch", "main", "sha", field(t, w.get(crlf), "sha"), "text", "a\r\nc\r\n")
	if got := w.repo.Read("main", "crlf.txt"); got != "a\r\nc\r\n" {
		t.Errorf("main has %q", got)
	}
	page = w.acted("mia", "/acme/shop/new/main", "path", "new/file #1.txt", "branch", "mia/new", "text", "x")
	has(t, page, "1 commit ahead", "Create new/file #1.txt")
	has(t, w.get("/acme/shop/blob/mia/new/new/file%20%231.txt"), "x")
	has(t, w.acted("mia", "/acme/shop/pulls", "base", "main", "head", "mia/new", "title", "A file", "body", "Please."), "A file", "Please.", "mia/new")
}

// TestEmptyRepository begins with the first file.
func TestEmptyRepository(t *testing.T) {
	w := newWorld(t)
	w.repo = w.hub.AddEmptyRepository("acme/empty")
	w.repo.Collaborate("wendy", "write")
	has(t, w.get("/acme/empty"), "Nobody has pushed anything yet")
	has(t, w.acted("wendy", "/acme/empty/new/main", "path", "README.md", "branch", "main", "text", "# Hi"), "Hi")
}
