package githubtest

import (
	"net/http"
	"net/http/cgi" //nolint:gosec // Go has mended httpoxy long ago
	"os/exec"
	"path/filepath"
)

// backend is git's own, as who pushes; "" for one who only reads.
func (r *Repository) backend(w http.ResponseWriter, req *http.Request, rest, pusher string) {
	git, err := exec.LookPath("git")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	req.URL.Path = "/" + filepath.Base(r.git.dir) + "/" + rest
	env := append(gitEnv(), "GIT_PROJECT_ROOT="+filepath.Dir(r.git.dir), "GIT_HTTP_EXPORT_ALL=1")
	if pusher != "" {
		env = append(env, "REMOTE_USER="+pusher)
	}
	(&cgi.Handler{Path: git, Args: []string{"http-backend"}, Env: env}).ServeHTTP(w, req)
}
