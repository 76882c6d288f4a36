package githubtest

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// gitCaller is who calls git over HTTP: a person or an installation, by a token
// as the password, or nobody.
func (s *Server) gitCaller(header string) (*call, bool) {
	c := &call{Server: s}
	text, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(header, "Basic "))
	if err != nil || header == "" {
		return c, header == ""
	}
	_, password, _ := strings.Cut(string(text), ":")
	return c, c.authenticate("token "+password) == nil
}

// serveGit lets git fetch and push; GitHub's own programs answer it.
func (s *Server) serveGit(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	// The CGI below does not take a body in chunks.
	r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	name, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), ".git/")
	s.mu.Lock()
	defer s.mu.Unlock()
	repo := s.find(name)
	if moved := s.renamed[strings.ToLower(name)]; repo == nil && moved != nil && !moved.deleted {
		w.Header().Set("Location", moved.CloneURL()+"/"+rest+"?"+r.URL.RawQuery)
		w.WriteHeader(http.StatusMovedPermanently)
		return
	}
	c, known := s.gitCaller(r.Header.Get("Authorization"))
	pushing := strings.HasSuffix(rest, "git-receive-pack") || r.URL.Query().Get("service") == "git-receive-pack"
	if !known || repo == nil || !c.mayFetch(repo) || (pushing && c.by == caller{}) {
		// Who gives no password is asked for one: what exists is not told.
		w.Header().Set("WWW-Authenticate", `Basic realm="GitHub"`)
		http.Error(w, "Repository not found.", http.StatusUnauthorized)
		return
	}
	c.repo = repo
	if !pushing {
		s.mu.Unlock() // a fetch may take long, and changes nothing
		repo.backend(w, r, rest, "")
		s.mu.Lock()
		return
	}
	if refusal := c.refusePush(); refusal != "" {
		http.Error(w, refusal, http.StatusForbidden)
		return
	}
	c.receive(w, r, rest)
}

func (c *call) mayFetch(r *Repository) bool {
	switch {
	case !r.Private:
		return true
	case c.by.user != nil:
		return r.role(c.by.user) != ""
	}
	return c.by.token != nil && c.by.token.covers(r) && c.by.token.allows("contents", "read")
}

// refusePush says in git's words why the caller may not push.
func (c *call) refusePush() string {
	if c.by.user != nil {
		return c.repo.refusePush(c.by.user)
	}
	if c.by.token == nil || !c.by.token.covers(c.repo) || !c.by.token.allows("contents", "write") {
		return fmt.Sprintf("Permission to %s.git denied to %s.", c.repo.FullName(), c.bot().login)
	}
	return c.repo.readOnly()
}

func (r *Repository) refusePush(by *user) string {
	if rank(r.role(by)) < rank("write") {
		return fmt.Sprintf("Permission to %s.git denied to %s.", r.FullName(), by.login)
	}
	return r.readOnly()
}

func (r *Repository) readOnly() string {
	if r.archived {
		return "This repository was archived so it is read-only."
	}
	return ""
}

// receive is a push, of which events tell as of any other.
func (c *call) receive(w http.ResponseWriter, r *http.Request, rest string) {
	before, err := c.repo.heads(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	c.repo.backend(w, r, rest, c.caller().login)
	after, err := c.repo.heads(context.WithoutCancel(r.Context()))
	if err != nil {
		c.t.Errorf("githubtest: what was pushed to %s: %v", c.repo.FullName(), err)
		return
	}
	names := maps.Clone(before)
	maps.Copy(names, after)
	var all []refChange
	for _, ref := range slices.Sorted(maps.Keys(names)) {
		if before[ref] != after[ref] {
			all = append(all, refChange{ref, before[ref], after[ref]})
		}
	}
	c.repo.moved(context.WithoutCancel(r.Context()), c.caller(), all...)
}

// heads is the commits, or the tags, of the refs that people push to.
func (r *Repository) heads(ctx context.Context) (map[string]string, error) {
	lines, err := r.git.lines(ctx, "for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", "refs/tags")
	found := map[string]string{}
	for _, line := range lines {
		id, ref, _ := strings.Cut(line, " ")
		found[ref] = id
	}
	return found, err
}
