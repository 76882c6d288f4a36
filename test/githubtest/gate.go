package githubtest

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// available refuses what the state of the repository does not allow, whoever
// asks. needs is the operation's permission.
func (c *call) available(needs string) *reply {
	if c.repo == nil {
		return nil
	}
	domain, _, _ := strings.Cut(c.operation, "/")
	switch {
	case c.repo.disabled:
		return refuse(http.StatusForbidden, "Repository access blocked")
	case c.repo.archived && !strings.HasSuffix(needs, ":read"):
		return refuse(http.StatusForbidden, "Repository was archived so is read-only.")
	case c.repo.noIssues && c.isOfIssues():
		return refuse(http.StatusGone, "Issues are disabled for this repo")
	case !c.repo.filled && (domain == "git" || strings.HasPrefix(c.operation, "repos/list-commits") || c.operation == "repos/get-commit"):
		return refuse(http.StatusConflict, "Git Repository is empty.")
	case !c.repo.filled && c.operation == "repos/get-content":
		return refuse(http.StatusNotFound, "This repository is empty.")
	}
	return nil
}

// isOfIssues says whether the call is about an issue that is no pull request,
// or about all of them.
func (c *call) isOfIssues() bool {
	switch c.operation {
	case "issues/list-for-repo", "issues/create":
		return true
	}
	i := c.issue()
	return i != nil && i.pull == nil
}

// locate finds the repository that the path names. One that was renamed, or
// given away, is shown the way to.
func (c *call) locate(needs string) *reply {
	name := c.params["owner"] + "/" + c.params["repo"]
	if c.repo = c.find(name); c.repo != nil {
		return c.permitRepo(needs)
	}
	c.repo = c.renamed[strings.ToLower(name)]
	if c.repo == nil || c.repo.deleted {
		return refuse(http.StatusNotFound, "Not Found")
	}
	if refusal := c.permitRepo("metadata:read"); refusal != nil {
		return refusal
	}
	return c.redirect(c.repo)
}

// redirect sends reads, and writes with their body, to the repository's id.
func (c *call) redirect(to *Repository) *reply {
	parts := strings.SplitN(c.path, "/", 5) // "", repos, owner, name, rest
	location := c.api("/repositories/%d", to.ID)
	if len(parts) == 5 {
		location += "/" + parts[4]
	}
	if len(c.query) > 0 {
		location += "?" + c.query.Encode()
	}
	status, message := http.StatusMovedPermanently, "Moved Permanently"
	if c.method != http.MethodGet {
		status, message = http.StatusTemporaryRedirect, "Temporary Redirect"
	}
	r := reply{status: status, header: http.Header{"Location": {location}}, body: object{
		"message": message, "url": location, "documentation_url": "https://docs.github.com/rest",
	}}
	return &r
}

// byName is a path by a repository's id, as redirects have it, written by its
// name, which is all that GitHub's description knows.
func (s *Server) byName(path string) string {
	under, is := strings.CutPrefix(path, "/repositories/")
	if !is {
		return path
	}
	text, rest, _ := strings.Cut(under, "/")
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return path
	}
	owner, name := "-", "-" // nobody's
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.repos {
		if r.ID == id {
			owner, name = r.Owner, r.Name
		}
	}
	return strings.TrimSuffix(fmt.Sprintf("/repos/%s/%s/%s", url.PathEscape(owner), url.PathEscape(name), rest), "/")
}
