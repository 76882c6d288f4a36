package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/handlers/run"
	"github.com/imageupdater/imageupdater/test/githubtest"
	"github.com/imageupdater/imageupdater/test/registry"
)

// refused are the details of what the last look could not write.
func (l *life) refused() []string {
	var all []string
	for _, r := range l.app.shown("acme/shop").Result.Refused {
		all = append(all, fmt.Sprintf("%s: %s", r.Group, r.Detail))
	}
	return all
}

// TestOneGroupIsRefused has a rule forbid one of two updates. The other one is
// written, and all else that a look tells is told.
func TestOneGroupIsRefused(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "schedule: 24h\n", "api:1.0.0", "web:1.0.0")
	l.push("api:1.0.0", "api:1.1.0", "web:1.0.0", "web:1.1.0")
	l.look()
	rule := l.repo.AddRuleset(githubtest.Ruleset{Name: "no force", Include: []string{"refs/heads/imageupdater/acme-api-*"}, NoForcePush: true})
	l.push("api:1.2.0", "web:1.2.0")
	l.look()
	l.has("api=1.1.0", "web=1.2.0")
	got := l.app.shown("acme/shop").Result
	if all := l.refused(); len(all) != 1 || !strings.HasPrefix(all[0], "acme/api: ") || !strings.Contains(all[0], "protected") {
		t.Errorf("%q", all)
	}
	if got.State != run.Planned || len(got.Updates) != 2 || len(got.PullRequests) != 2 {
		t.Errorf("%+v", got)
	}
	if wait := got.Next.Sub(got.At); wait > time.Hour || wait < 30*time.Minute {
		t.Errorf("it is tried again in %s", wait)
	}
	l.repo.RemoveRuleset(rule)
	l.look()
	l.has("api=1.2.0", "web=1.2.0")
	if all := l.refused(); len(all) > 0 {
		t.Errorf("%q", all)
	}
}

// TestLimitAfterRefusal has a limit come after a refusal: the look is made again
// when that is over, not as late as for a refusal.
func TestLimitAfterRefusal(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "", "api:1.0.0", "web:1.0.0")
	l.push("api:1.0.0", "api:1.1.0", "web:1.0.0", "web:1.1.0")
	l.hub.Fault(githubtest.Fault{Operation: "git/create-tree", Nth: 1, Status: http.StatusUnprocessableEntity, Message: "No"})
	l.hub.Fault(githubtest.Fault{
		Operation: "git/create-tree", Nth: 2, Status: http.StatusForbidden, Message: "You have exceeded a secondary rate limit.",
		Header: http.Header{"Retry-After": {"60"}},
	})
	l.installation = l.hub.Install("acme", grants(), l.repo)
	until(t, "both are there", func() bool {
		l.hub.Advance(20 * time.Second)
		return len(l.open()) == 2
	})
	if n := l.logged("a look failed", ""); n > 0 {
		t.Errorf("%d looks failed", n)
	}
}

// TestLockedConversation has nobody be allowed to comment. All else goes on.
func TestLockedConversation(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "", "api:1.0.0", "web:1.0.0")
	l.push("api:1.0.0", "web:1.0.0", "web:1.1.0")
	l.look()
	l.hub.Fault(githubtest.Fault{Operation: "issues/create-comment", Status: http.StatusForbidden, Message: "Unable to create comment because issue is locked."})
	l.by("web:1.1.0")
	l.push("api:1.1.0")
	l.look()
	l.has("api=1.1.0")
	l.quiet()
}

// TestNameIsTaken has the App's branch, or the pull request of it, be somebody
// else's: that is said, and nothing is written until it ends.
func TestNameIsTaken(t *testing.T) {
	t.Parallel()
	t.Run("branch", func(t *testing.T) {
		t.Parallel()
		l := begin(t, file(t), "", "web:1.0.0")
		l.push("web:1.0.0", "web:1.1.0")
		l.look()
		p := l.one()
		l.repo.ClosePull(p.Number, "alice")
		l.repo.Push(p.Head, "alice", "mine", map[string]*githubtest.File{"README.md": githubtest.Text("mine\n")})
		l.push("web:1.2.0")
		for range 2 {
			l.look()
			if all := l.refused(); len(all) != 1 || !strings.Contains(all[0], p.Head) || !strings.Contains(all[0], "delete or rename it") {
				t.Errorf("%q", all)
			}
		}
		l.quiet()
		l.repo.PushRefs(map[string]string{"refs/heads/" + p.Head: ""})
		l.look()
		l.has("web=1.2.0")
	})
	t.Run("pull request", func(t *testing.T) {
		t.Parallel()
		l := begin(t, file(t), "pullRequests: {labels: [images]}\n", "web:1.0.0")
		l.push("web:1.0.0", "web:1.1.0")
		fault := l.hub.Fault(githubtest.Fault{Operation: "pulls/create", Status: http.StatusUnprocessableEntity, Message: "No"})
		l.look()
		branch := l.app.shown("acme/shop").Result.Refused[0].Branch
		fault.Remove()
		l.as("bob", http.MethodPost, "/pulls", map[string]string{"title": "Mine", "head": branch, "base": "main"})
		for range 2 {
			l.look()
			if all := l.refused(); len(all) != 1 || !strings.Contains(all[0], "close it") {
				t.Errorf("%q", all)
			}
		}
		l.quiet()
		if p := l.one(); p.Title != "Mine" || len(p.Labels) > 0 {
			t.Errorf("%+v", p)
		}
		l.repo.ClosePull(l.one().Number, "alice")
		l.look()
		l.has("web=1.1.0")
		if p := l.one(); p.Title == "Mine" || len(p.Labels) != 1 {
			t.Errorf("%+v", p)
		}
	})
}

// TestUnclear has one image of a group not be known: its pull request stays, which
// is said of the other one.
func TestUnclear(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "defaults: {group: all}\n", "api:1.0.0", "web:1.0.0")
	l.push("api:1.0.0", "api:1.1.0", "web:1.0.0", "web:1.1.0")
	l.look()
	l.has("api=1.1.0 web=1.1.0")
	l.registry.Fail(registry.Fault{Prefix: "/v2/acme/api/", Status: http.StatusUnauthorized})
	l.push("web:1.2.0")
	l.look()
	l.has("api=1.1.0 web=1.1.0")
	held := l.app.shown("acme/shop").Result.Held
	if len(held) != 1 || held[0].Why != "unclear" || held[0].To != "1.2.0" {
		t.Errorf("%+v", held)
	}
	l.registry.Heal()
	l.hub.Advance(time.Hour)
	l.look()
	l.has("api=1.1.0 web=1.2.0")
}

// TestLinksOfABranchThatStays go to the lines of the commit that it was built on.
func TestLinksOfABranchThatStays(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "pullRequests: {rebase: never}\n", "web:1.0.0")
	l.push("web:1.0.0", "web:1.1.0")
	l.look()
	before := l.one().Body
	if !strings.Contains(before, "/deploy/web.yaml#L9)") {
		t.Fatal(before)
	}
	l.repo.Push("main", "alice", "longer", map[string]*githubtest.File{l.file("web"): githubtest.Text("# one\n# two\n" + deployment(l.name("web:1.0.0")))})
	l.look()
	if got := l.one().Body; got != before {
		t.Errorf("a push that changed nothing of it made it\n%s", got)
	}
}
