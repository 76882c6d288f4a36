package githubtest

import (
	"encoding/base64"
	"net/http"
	"net/http/cgi" //nolint:gosec // Go has mended httpoxy long ago
	"os/exec"
	"path/filepath"
	"strings"
)

// serveGit lets git fetch; GitHub's own programs answer it.
func (s *Server) serveGit(w http.ResponseWriter, r *http.Request) {
	name, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), ".git/")
	repo := s.fetchable(name, r.Header.Get("Authorization"))
	if repo == nil {
		w.Header().Set("WWW-Authenticate", `Basic realm="GitHub"`)
		http.Error(w, "Repository not found.", http.StatusUnauthorized)
		return
	}
	git, err := exec.LookPath("git")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	r.URL.Path = "/" + filepath.Base(repo.git.dir) + "/" + rest
	backend := cgi.Handler{Path: git, Args: []string{"http-backend"}, Env: append(gitEnv(),
		"GIT_PROJECT_ROOT="+filepath.Dir(repo.git.dir), "GIT_HTTP_EXPORT_ALL=1")}
	backend.ServeHTTP(w, r)
}

// fetchable is the repository if the caller may read it. GitHub asks for a
// password where there is none, so that it does not tell what exists.
func (s *Server) fetchable(name, header string) *Repository {
	s.mu.Lock()
	defer s.mu.Unlock()
	repo := s.find(name)
	if repo == nil || !repo.Private {
		return repo
	}
	text, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(header, "Basic "))
	_, password, _ := strings.Cut(string(text), ":")
	t := s.tokens[password]
	if err != nil || t == nil || !s.Now().Before(t.expires) || t.install.suspended || !t.covers(repo) || !t.allows("contents", "read") {
		return nil
	}
	return repo
}
