package forge

import (
	"net/http"
	"strings"
)

// routes are the endpoints by which calls are counted; the first that fits holds.
// One that is not listed is counted under "other".
func routes() []string {
	all := []string{
		"/app", "/app/installations", "/app/installations/{id}", "/app/installations/{id}/access_tokens",
		"/apps/{slug}", "/app/hook/deliveries", "/app/hook/deliveries/{id}/attempts", "/installation/repositories", "/graphql",
		"/repositories/{id}", "/repos/{owner}/{repo}",
	}
	for _, below := range []string{"releases", "git/matching-refs/{ref...}", "contents/{path...}", "compare/{basehead...}", "{rest...}"} {
		all = append(all, "/repositories/{id}/"+below)
	}
	for _, below := range []string{
		"installation", "contents/{path...}", "commits", "compare/{basehead...}",
		"git/ref/{ref...}", "git/matching-refs/{ref...}", "git/trees", "git/trees/{sha}", "git/blobs", "git/blobs/{sha}", "git/commits",
		"pulls", "pulls/{number}", "pulls/{number}/files", "pulls/{number}/requested_reviewers",
		"pulls/{number}/commits", "pulls/{number}/merge", "pulls/{number}/reviews",
		"check-runs", "check-runs/{id}", "commits/{sha}/check-runs", "commits/{sha}/check-suites",
		"commits/{sha}/status", "commits/{sha}/statuses", "branches/{branch}", "branches/{branch}/protection", "rules/branches/{branch}",
		"issues", "issues/comments/{id}", "issues/comments/{id}/reactions", "issues/{number}", "issues/{number}/comments",
		"issues/{number}/labels", "issues/{number}/labels/{name}", "issues/{number}/assignees", "issues/{number}/reactions",
	} {
		all = append(all, "/repos/{owner}/{repo}/"+below)
	}
	return all
}

// endpoint is the route of a request, "GET /repos/{owner}/{repo}/pulls".
func (g *GitHub) endpoint(req *http.Request) string {
	path := strings.TrimPrefix(req.URL.EscapedPath(), strings.TrimSuffix(g.rest.Path, "/"))
	if strings.HasSuffix(path, "/graphql") {
		path = "/graphql"
	}
	for _, route := range g.routes {
		if fits(route, path) {
			return req.Method + " " + route
		}
	}
	return req.Method + " other"
}

// fits says whether a path is one of a route's: its {names} stand for one segment
// each, {names...} for the rest.
func fits(route, path string) bool {
	segments := strings.Split(path, "/")
	for i, want := range strings.Split(route, "/") {
		switch {
		case i >= len(segments):
			return false
		case strings.HasSuffix(want, "...}"):
			return true
		case want != segments[i] && (want == "" || want[0] != '{' || segments[i] == ""):
			return false
		}
	}
	return len(segments) == strings.Count(route, "/")+1
}
