package githubtest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-github/v60/github"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

func TestReleases(t *testing.T) {
	hub, repo, i, token := world(t)
	gh := client(t, hub, i)
	want(t, call(t, hub, token, "GET", "/repos/acme/shop/releases/latest", ""), http.StatusNotFound, "Not Found")
	first := repo.Branch("main")
	wantTold(t, hub, func() { repo.Release("alice", "v1.0", "One", "the first", "") },
		"push refs/tags/v1.0 by alice", "create v1.0 by alice", "release.created by alice", "release.published by alice", "release.released by alice")
	repo.Commit("main", "more", map[string]string{"x": "y"})
	repo.Tag("alice", "v1.1", repo.Branch("main"), "annotated")
	repo.Release("alice", "v1.1", "One one", "fixes #1 @alice", "")
	repo.Release("alice", "v2.0-rc1", "Two", "soon", "prerelease")
	repo.Release("alice", "v3.0", "Three", "not yet", "draft")

	latest := must[*github.RepositoryRelease](t)(gh.Repositories.GetLatestRelease(t.Context(), "acme", "shop"))
	if latest.GetTagName() != "v1.1" || latest.GetBody() != "fixes #1 @alice" || latest.GetAuthor().GetLogin() != "alice" {
		t.Errorf("latest: %v", latest)
	}
	if found := must[*github.RepositoryRelease](t)(gh.Repositories.GetReleaseByTag(t.Context(), "acme", "shop", "v2.0-rc1")); !found.GetPrerelease() {
		t.Errorf("by tag: %v", found)
	}
	want(t, call(t, hub, token, "GET", "/repos/acme/shop/releases/tags/v3.0", ""), http.StatusNotFound, "Not Found")
	if all := must[[]*github.RepositoryRelease](t)(gh.Repositories.ListReleases(t.Context(), "acme", "shop", nil)); len(all) != 4 || all[0].GetTagName() != "v3.0" {
		t.Errorf("releases: %v", all)
	}
	if a := call(t, hub, "", "GET", "/repos/acme/shop/releases", ""); len(a.list) != 3 {
		t.Errorf("a stranger sees drafts: %d", len(a.list))
	}
	tags := must[[]*github.RepositoryTag](t)(gh.Repositories.ListTags(t.Context(), "acme", "shop", nil))
	var names []string
	for _, tag := range tags {
		names = append(names, tag.GetName())
	}
	if strings.Join(names, " ") != "v2.0-rc1 v1.1 v1.0" || tags[2].GetCommit().GetSHA() != first || tags[1].GetCommit().GetSHA() != repo.Branch("main") {
		t.Errorf("tags: %v", tags)
	}
	ref := must[*github.Reference](t)(gh.Git.GetRef(t.Context(), "acme", "shop", "tags/v1.1"))
	if ref.GetObject().GetType() != "tag" {
		t.Errorf("an annotated tag: %v", ref)
	}
}

func TestSearching(t *testing.T) {
	hub, repo, i, token := world(t)
	secret := hub.AddRepository("rival/secret", map[string]string{"a": "b"})
	secret.Private = true
	secret.OpenIssue("rival", "web is broken", "")
	issue := repo.OpenIssue("alice", "Dashboard of images", "web and db")
	repo.Label(issue, "acme", "image updates")
	repo.CloseIssue(repo.OpenIssue("bob", "web is slow", ""), "bob")
	for n, branch := range []string{"bot/web", "bot/db"} {
		repo.Push(branch, "acme", branch, map[string]*githubtest.File{branch: githubtest.Text("x")})
		want(t, call(t, hub, token, "POST", "/repos/acme/shop/pulls", fmt.Sprintf(`{"title":"Update %d","head":%q,"base":"main"}`, n, branch)), 201, "")
	}
	repo.MergePull(4, "acme", "merge")
	tests := map[string][]int{
		"repo:acme/shop is:pr":                                  {4, 3},
		"repo:acme/shop is:pr is:open":                          {3},
		"repo:acme/shop is:pr is:merged":                        {4},
		"repo:acme/shop is:pr -is:merged":                       {3},
		"repo:acme/shop is:pr head:bot/web":                     {3},
		"repo:acme/shop is:issue":                               {2, 1},
		"repo:acme/shop is:issue is:closed":                     {2},
		"repo:acme/shop is:issue state:open":                    {1},
		"repo:acme/shop is:issue author:alice":                  {1},
		"repo:acme/shop is:pr author:app/image-updater":         {4, 3},
		`repo:acme/shop is:issue label:"image updates"`:         {1},
		`repo:acme/shop is:issue "dashboard of" in:title`:       {1},
		"repo:acme/shop is:issue web":                           {2, 1},
		"repo:acme/shop is:issue web in:title":                  {2},
		"is:issue web":                                          {2, 1},
		"org:acme is:issue is:open":                             {1},
		`repo:acme/shop is:issue "images dashboard" in:title`:   nil,
		"repo:acme/shop is:pr is:unmerged is:closed base:other": nil,
	}
	for q, numbers := range tests {
		a := call(t, hub, token, "GET", "/search/issues?q="+url.QueryEscape(q), "")
		want(t, a, 200, "")
		var found []int
		for _, item := range a.body["items"].([]any) {
			found = append(found, int(item.(map[string]any)["number"].(float64)))
		}
		if fmt.Sprint(found) != fmt.Sprint(numbers) || a.body["total_count"] != float64(len(numbers)) {
			t.Errorf("%s: %v, want %v", q, found, numbers)
		}
	}
	gh := client(t, hub, i)
	if found := must[*github.IssuesSearchResult](t)(gh.Search.Issues(t.Context(), "repo:acme/shop is:issue is:open", nil)); found.GetTotal() != 1 {
		t.Errorf("found: %v", found)
	}
	want(t, call(t, hub, token, "GET", "/search/issues?q=web", ""), 422, "Query must include 'is:issue' or 'is:pull-request'")
	want(t, call(t, hub, token, "GET", "/search/issues?q=is:pr+repo:rival/secret", ""), 422, "cannot be searched")
}

func TestMeta(t *testing.T) {
	hub, _, _, _ := world(t)
	want(t, call(t, hub, "", "GET", "/meta", ""), http.StatusOK, "")
}
