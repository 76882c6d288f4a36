package githubtest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// crowded is a repository with at least two of everything that is listed, and
// the paths of the lists under it.
func crowded(t *testing.T) (hub *githubtest.Server, token string, paths []string) {
	t.Helper()
	hub = githubtest.New(t, githubtest.Options{})
	repo := hub.AddRepository("acme/shop", map[string]string{"a": "b"})
	other := hub.AddRepository("acme/other", map[string]string{"a": "b"})
	hub.Install("rival", grants())
	i := hub.Install("acme", everything(), repo, other)
	token = tokenOf(t, hub, i, "")
	judged := "/commits/" + repo.Branch("main")
	for n := range 2 {
		branch := fmt.Sprintf("b%d", n)
		repo.Commit(branch, "one", map[string]string{branch: "1", branch + "x": "1"})
		repo.Commit(branch, "two", map[string]string{branch: "2"})
		repo.OpenPull("acme", branch, branch, "main")
		repo.Collaborate(branch, "write")
		repo.Review(1, branch, "COMMENTED", "hm")
		repo.Comment(1, "acme", "hello")
		repo.Label(1, "acme", branch)
		repo.Release("acme", branch, branch, "", "")
		repo.AddRuleset(githubtest.Ruleset{Name: branch, NoForcePush: true})
		repo.Status(repo.Branch("main"), branch, "success")
		repo.Status(repo.Branch("main"), branch, "success")
		repo.Check(repo.Branch("main"), branch, branch, "completed", "success")
	}
	id := repo.Comment(1, "acme", "hello")
	for _, content := range []string{"eyes", "rocket"} {
		call(t, hub, token, "POST", fmt.Sprintf("/repos/acme/shop/issues/comments/%d/reactions", id), `{"content":"`+content+`"}`)
	}
	hub.Organization("acme").AddMember("b0", true)
	repo.Commit("main", "two", map[string]string{"a": "c"})
	twice := repo.Commit("twice", "one", map[string]string{"y": "c"})
	repo.OpenPull("acme", "twice", "twice", "main")
	repo.OpenPull("acme", "twice again", "twice", "b0")
	return hub, token, []string{
		"/branches", "/commits", "/commits/" + twice + "/pulls", judged + "/check-runs", judged + "/check-suites", judged + "/status",
		judged + "/statuses", "/compare/main...b0", "/issues", fmt.Sprintf("/issues/comments/%d/reactions", id), "/issues/1/comments",
		"/issues/1/labels", "/labels", "/pulls", "/pulls/1/commits", "/pulls/1/files", "/pulls/1/reviews", "/releases",
		"/rules/branches/main", "/tags",
	}
}

// TestPaging follows the Link of every list from its first page to its last.
func TestPaging(t *testing.T) {
	hub, token, paths := crowded(t)
	ask := func(path string) answer {
		t.Helper()
		auth := token
		if strings.HasPrefix(path, "/app/") {
			auth = jwt(t, hub, nil)
		}
		a := call(t, hub, auth, "GET", path, "")
		want(t, a, http.StatusOK, "")
		return a
	}
	for i, path := range paths {
		paths[i] = "/repos/acme/shop" + path
	}
	for _, path := range append(paths, "/app/installations", "/installation/repositories", "/search/issues?q=is:pr") {
		t.Run(path, func(t *testing.T) {
			separator := "?"
			if strings.Contains(path, "?") {
				separator = "&"
			}
			a, pages := ask(path+separator+"per_page=1"), 1
			for next := follow(t, hub, a, "next"); next != ""; next = follow(t, hub, a, "next") {
				a, pages = ask(next), pages+1
			}
			if pages < 2 {
				t.Errorf("a single page: %v", a.header)
			}
			if follow(t, hub, a, "prev") == "" || follow(t, hub, a, "first") == "" {
				t.Errorf("the last page has no way back: %s", a.header.Get("Link"))
			}
		})
	}
}

// follow is the path that a Link leads to.
func follow(t *testing.T, hub *githubtest.Server, a answer, rel string) string {
	t.Helper()
	for link := range strings.SplitSeq(a.header.Get("Link"), ", ") {
		text, is := strings.CutSuffix(link, fmt.Sprintf(`>; rel=%q`, rel))
		if !is {
			continue
		}
		path, here := strings.CutPrefix(strings.TrimPrefix(text, "<"), strings.TrimSuffix(hub.APIURL(), "/"))
		if _, err := url.Parse(path); err != nil || !here {
			t.Fatalf("%s: %v", text, err)
		}
		return path
	}
	return ""
}
