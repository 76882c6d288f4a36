package app_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/handlers/run"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// quiet waits until nothing is to be done: no webhook is on its way, and no job
// waits.
func (a *app) quiet(hub *githubtest.Server) {
	a.t.Helper()
	hub.Settle()
	until(a.t, "there is nothing to do", func() bool {
		_, text := a.call("GET", "/metrics", "", "")
		return !jobsLeft(text, "")
	})
}

// jobsLeft says whether metrics tell of jobs that are not done, of a kind or of
// any.
func jobsLeft(metrics []byte, kind string) bool {
	for line := range bytes.Lines(metrics) {
		text := string(line)
		if strings.HasPrefix(text, "imageupdater_jobs{") && strings.Contains(text, kind) && !strings.Contains(text, `state="completed"`) {
			return true
		}
	}
	return false
}

// tick does what is due by the clock, and waits until it is done.
func (a *app) tick(hub *githubtest.Server) {
	a.t.Helper()
	if err := a.Tick(a.t.Context()); err != nil {
		a.t.Fatal(err)
	}
	a.quiet(hub)
}

// ends checks how the last look at a repository ended.
func (a *app) ends(repository string, want run.State) shown {
	a.t.Helper()
	found := a.shown(repository)
	if found.Status != http.StatusOK || found.Result == nil || found.Result.State != want || found.Parked != "" {
		a.t.Fatalf("%s ended as %+v with %+v, want %q", repository, found, found.Result, want)
	}
	return found
}

// logged counts the lines of the log with a message, about a repository unless it
// is "".
func (w *world) logged(message, repository string) int {
	count := 0
	for line := range strings.Lines(w.log.String()) {
		var entry struct {
			Message string `json:"message"`
			Owner   string `json:"github_repository_owner"`
			Name    string `json:"github_repository_name"`
		}
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Message == message && (repository == "" || entry.Owner+"/"+entry.Name == repository) {
			count++
		}
	}
	return count
}

// looks counts the looks that ended.
func (w *world) looks(repository string) int { return w.logged("a look ended", repository) }

// serve puts an image with two versions into the registry.
func (w *world) serve() {
	w.t.Helper()
	if err := w.registry.Push("acme/web", "1.0.0", "1.1.0"); err != nil {
		w.t.Fatal(err)
	}
}

// web is a manifest with the image at a version.
func (w *world) web(version string) string {
	return deployment(w.registry.Host() + "/acme/web:" + version)
}

// shop makes a repository with one image that has an update.
func (w *world) shop(fullName string) *githubtest.Repository {
	return w.hub.AddRepository(fullName, map[string]string{
		".imageupdater.yaml": "version: 1\n", "web.yaml": w.web("1.0.0") + "# " + fullName + "\n", // no other repository has this file
	})
}

// updates are the tags that the last look would propose.
func updates(s shown) string {
	var tags []string
	for _, u := range s.Result.Updates {
		tags = append(tags, u.Tag)
	}
	return strings.Join(tags, " ")
}

// file is a place for a SQLite database.
func file(t *testing.T) string {
	t.Helper()
	return t.TempDir() + "/state.db"
}
