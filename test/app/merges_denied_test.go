package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/handlers/run"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// TestProtectedAgainst merges nothing past what it does not understand, may not read,
// or may not do, says so, and keeps still.
func TestProtectedAgainst(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		settings string
		protect  func(*life)
		without  string
		title    string
		says     string
	}{
		{"rule that is not understood", atOnce, ruled(githubtest.Ruleset{More: []map[string]any{{
			"type": "code_scanning", "parameters": map[string]any{"code_scanning_tools": []any{}},
		}}}), "", "protection", "rules that are not understood: code_scanning"},
		{
			"method that is not permitted", strings.Replace(atOnce, "checks: none", "checks: none, method: merge", 1),
			ruled(githubtest.Ruleset{Rules: githubtest.Rules{LinearHistory: true}}), "", "Needs a person: method", "`merge` is not permitted here",
		},
		{"methods that no ruleset shares", atOnce, func(l *life) {
			for _, m := range []string{"merge", "squash"} {
				ruled(githubtest.Ruleset{Name: m, MergeMethods: []string{m}, Rules: reviewed(githubtest.RequiredReviews{})})(l)
			}
		}, "", "Needs a person: method", "none is permitted"},
		{"bypass of a ruleset", atOnce, ruled(githubtest.Ruleset{
			Bypass: []string{bot}, Rules: githubtest.Rules{Checks: build(0).Checks, Reviews: &githubtest.RequiredReviews{Approvals: 1}},
		}), "", "Needs a person: reviews", "has not reported"},
		{"classic protection that may not be read", atOnce, classic(build(0)), "administration", "protection", "Administration: read"},
		{"no commit statuses", atOnce, classic(build(0)), "statuses", "checks", "statuses"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := beginProtected(t, c.settings, c.protect, c.without)
			if c.name != "bypass of a ruleset" {
				l.repo.Check(l.one().HeadSHA, "ci", "build", "completed", "success")
			}
			l.waitsFor(c.title, c.says)
			l.quiet()
			l.still()
		})
	}
}

// still makes sure that the App does not look again all the time.
func (l *life) still() {
	l.t.Helper()
	looks := 0
	for end := l.hub.Now().Add(4 * time.Hour); ; looks++ {
		next := l.app.shown("acme/shop").NextLook
		if next.After(end) {
			break
		}
		l.wakes(next)
	}
	if looks > 8 {
		l.t.Errorf("%d looks within four hours", looks)
	}
	l.one()
}

// TestWithoutAdministration merges where nothing is there that it could not read.
func TestWithoutAdministration(t *testing.T) {
	t.Parallel()
	l := beginProtected(t, atOnce, ruled(githubtest.Ruleset{Rules: build(0)}), "administration")
	p := l.one()
	l.repo.Check(p.HeadSHA, "ci", "build", "completed", "success")
	l.calm()
	l.mergedByApp(p.Number)
	l.audited(p.Number, p.HeadSHA)
}

// TestWithoutChecks merges nothing that it cannot tell of, says once why, and merges when
// it may.
func TestWithoutChecks(t *testing.T) {
	t.Parallel()
	l := beginProtected(t, atOnce, func(*life) {}, "checks")
	p := l.one()
	l.quiet()
	l.still()
	got := l.app.shown("acme/shop").Result
	if got.State != run.Planned || len(got.Refused) != 1 || !strings.Contains(got.Refused[0].Detail, "checks") {
		t.Errorf("%+v", got)
	}
	if n := len(l.verdicts(p.HeadSHA)); n != 0 {
		t.Errorf("%d check runs", n)
	}
	l.installation.AcceptPermissions(grants())
	l.wakes(l.hub.Now().Add(time.Hour)) // a token is good for an hour
	l.look()
	l.calm()
	l.mergedByApp(p.Number)
}

// TestCodeOwnersAlone merges where owners have to approve and nobody else.
func TestCodeOwnersAlone(t *testing.T) {
	t.Parallel()
	l := beginProtected(t, atOnce, func(l *life) {
		l.repo.Push("main", "alice", "owners", map[string]*githubtest.File{".github/CODEOWNERS": githubtest.Text("*.yaml @bob\n")})
		ruled(githubtest.Ruleset{Rules: reviewed(githubtest.RequiredReviews{CodeOwners: true})})(l)
		l.repo.SetMerging(githubtest.Merging{AllowSquash: true, DeleteBranch: true})
	})
	p := l.one()
	l.waitsFor("Needs a person: reviews")
	l.repo.Review(p.Number, "bob", "APPROVED", "")
	l.calm()
	l.mergedByApp(p.Number)
	l.look()
	l.quiet()
}

// TestConversationsOfRuleset waits for those that are open, and for no push.
func TestConversationsOfRuleset(t *testing.T) {
	t.Parallel()
	l := beginProtected(t, strings.Replace(atOnce, "checks: none", "checks: none, after: 1h", 1), ruled(githubtest.Ruleset{
		Rules: githubtest.Rules{Conversations: true, Reviews: &githubtest.RequiredReviews{}},
	}))
	p := l.one()
	l.waitsFor("Waits: after")
	thread := l.repo.OpenThread(p.Number, "alice", "deploy/web.yaml")
	l.wakes(l.hub.Now().Add(2 * time.Hour))
	l.waitsFor("Needs a person: conversations")
	l.repo.ResolveThread(p.Number, thread, "alice")
	l.look()
	l.calm()
	l.mergedByApp(p.Number)
}
