package app_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/server"
	"github.com/imageupdater/imageupdater/server/store"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// decided is what the log of decisions has of a repository, oldest first. No App
// may run.
func decided(t *testing.T, place string, repository int64) []string {
	t.Helper()
	db, err := store.Open(t.Context(), place)
	if err != nil {
		t.Fatal(err)
	}
	all, err := db.Reading().Decisions(t.Context(), store.Sought{RepositoryID: repository, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	var found []string
	for i := range all {
		var d proposal.Done
		if err := json.Unmarshal([]byte(all[len(all)-1-i].What), &d); err != nil {
			t.Fatal(err)
		}
		found = append(found, d.What+" "+d.Group)
	}
	return found
}

// TestDecisionsOfALookThatFails logs what a look did before GitHub's limit ended it,
// once, although the next look finds it done.
func TestDecisionsOfALookThatFails(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "version: 1\n", "web:1.0.0", "api:1.0.0")
	l.push("web:1.0.0", "web:1.1.0", "api:1.0.0", "api:1.1.0")
	limit := githubtest.TooManyRequests("pulls/create", time.Minute)
	limit.Nth = 2
	l.hub.Fault(limit)
	l.installation = l.hub.Install("acme", grants(), l.repo)
	until(t, "the limit is met", func() bool { return len(l.hub.Calls(githubtest.Of("pulls/create"))) == 2 })
	l.hub.Advance(2 * time.Minute)
	until(t, "both are proposed", func() bool { return len(l.repo.Pulls()) == 2 })
	l.app.quiet(l.hub)
	l.app.stop()
	got := decided(t, l.place, l.repo.ID)
	if diff := cmp.Diff([]string{"opened acme/api", "opened acme/web"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestDecisionsOfOnce logs what a look did that nobody asked the queue for.
func TestDecisionsOfOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, file(t), githubtest.Options{})
	repo := w.outdated("acme/shop")
	w.hub.Install("acme", grants(), repo)
	s, err := server.New(t.Context(), w.options(""))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Once(t.Context(), "acme", "shop"); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if got := decided(t, w.place, repo.ID); len(got) != 1 {
		t.Errorf("logged: %q", got)
	}
}
