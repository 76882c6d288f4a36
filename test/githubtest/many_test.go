package githubtest_test

import (
	"fmt"
	"testing"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

func many(hub *githubtest.Server, count int) []*githubtest.Repository {
	return hub.AddRepositories(count, func(n int) (string, map[string]string) {
		return fmt.Sprintf("acme/shop%d", n), map[string]string{"a/b.txt": fmt.Sprintf("%d\n", n), "c.txt": "see\n"}
	})
}

// TestAddRepositories asks of those that share their objects what is asked of
// any.
func TestAddRepositories(t *testing.T) {
	t.Parallel()
	hub := githubtest.New(t, githubtest.Options{})
	repos := many(hub, 3)
	for n, r := range repos {
		if got, want := r.Read("main", "a/b.txt"), fmt.Sprintf("%d\n", n); got != want {
			t.Errorf("%s has %q, not %q", r.FullName(), got, want)
		}
	}
	repos[1].Commit("bot", "change", map[string]string{"c.txt": "changed\n"})
	if repos[2].Branch("bot") != "" || repos[1].Branch("bot") == "" {
		t.Error("a branch of one is not its own")
	}
	pull := repos[1].OpenPull("acme", "T", "bot", "main")
	repos[1].MergePull(pull, "acme", "squash")
	if got := repos[1].Read("main", "c.txt"); got != "changed\n" {
		t.Errorf("main has %q after the merge", got)
	}
	if got := repos[0].Read("main", "c.txt"); got != "see\n" {
		t.Errorf("another one's main has %q", got)
	}
}
