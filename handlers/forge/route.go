package forge

import (
	"net/http"
	"net/url"
	"strings"
)

// routes are the endpoints by which calls are counted. One that is not listed is
// counted under "other".
func routes() *http.ServeMux {
	mux := http.NewServeMux()
	for _, pattern := range []string{
		"/app", "/app/installations", "/app/installations/{id}", "/app/installations/{id}/access_tokens",
		"/app/hook/deliveries", "/app/hook/deliveries/{id}/attempts", "/installation/repositories", "/graphql",
		"/repositories/{id}", "/repositories/{id}/{rest...}",
		"/repos/{owner}/{repo}", "/repos/{owner}/{repo}/installation", "/repos/{owner}/{repo}/contents/{path...}",
		"/repos/{owner}/{repo}/git/ref/{ref...}", "/repos/{owner}/{repo}/git/trees/{sha}",
		"/repos/{owner}/{repo}/git/blobs/{sha}", "/repos/{owner}/{repo}/git/commits/{sha}",
		"/repos/{owner}/{repo}/pulls", "/repos/{owner}/{repo}/issues/{number}",
	} {
		mux.Handle(pattern, http.NotFoundHandler())
	}
	return mux
}

// endpoint is the route of a request, "GET /repos/{owner}/{repo}/pulls".
func (g *GitHub) endpoint(req *http.Request) string {
	path := strings.TrimPrefix(req.URL.EscapedPath(), strings.TrimSuffix(g.rest.Path, "/"))
	if strings.HasSuffix(path, "/graphql") {
		path = "/graphql"
	}
	target := &url.URL{Path: path}
	if raw, err := url.PathUnescape(path); err == nil && raw != path {
		target.Path, target.RawPath = raw, path
	}
	_, pattern := g.routes.Handler(&http.Request{Method: req.Method, URL: target, Host: req.URL.Host})
	if pattern == "" {
		pattern = "other"
	}
	return req.Method + " " + pattern
}
