package githubtest_test

import (
	"fmt"
	"testing"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// place is a pull request of the App's, #1 from topic to main, and who works there:
// alice and bob may write, eve only reads.
type place struct {
	hub  *githubtest.Server
	repo *githubtest.Repository
	send sender
}

func proposed(t *testing.T) place {
	t.Helper()
	hub, repo, send := protecting(t)
	repo.Collaborate("alice", "write")
	repo.Collaborate("bob", "maintain")
	repo.Commit("topic", "topic", map[string]string{"c.txt": "t\n"})
	send("POST", "/pulls", open("topic"), 201, "")
	return place{hub, repo, send}
}

// state is mergeable_state when it is known.
func (p place) state() any {
	p.send("GET", "/pulls/1", "", 200, "")
	return p.send("GET", "/pulls/1", "", 200, "").body["mergeable_state"]
}

func (p place) head() string { return p.repo.Branch("topic") }

// ci is required of main.
func (p place) ci(strict bool, checks ...githubtest.RequiredCheck) {
	p.repo.Protect("main", githubtest.Protection{Rules: githubtest.Rules{Checks: checks, Strict: strict}})
}

func (p place) reviews(needed githubtest.RequiredReviews) {
	p.repo.AddRuleset(githubtest.Ruleset{Rules: githubtest.Rules{Reviews: &needed}})
}

// dismissing wants an approval of what is there now.
var dismissing = githubtest.RequiredReviews{Approvals: 1, DismissStale: true}

func required(name string) githubtest.RequiredCheck { return githubtest.RequiredCheck{Context: name} }

func TestMergeableStates(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		arrange func(p place)
		want    string
	}{
		"nothing asked":       {func(place) {}, "clean"},
		"hooks":               {func(p place) { p.repo.SetMerging(githubtest.Merging{AllowSquash: true, Hooks: true}) }, "has_hooks"},
		"conflict":            {func(p place) { p.repo.Commit("main", "m", map[string]string{"c.txt": "m\n"}) }, "dirty"},
		"draft":               {func(p place) { p.repo.SetDraft(1, "alice", true) }, "draft"},
		"ready again":         {func(p place) { p.repo.SetDraft(1, "alice", true); p.repo.SetDraft(1, "alice", false) }, "clean"},
		"other check failing": {func(p place) { p.repo.Check(p.head(), "ci-app", "x", "completed", "failure") }, "unstable"},
		"other check running": {func(p place) { p.repo.Check(p.head(), "ci-app", "x", "in_progress", "") }, "unstable"},
		"other status error":  {func(p place) { p.repo.Status(p.head(), "x", "error") }, "unstable"},
		"check missing":       {func(p place) { p.ci(false, required("ci")) }, "blocked"},
		"check pending": {func(p place) {
			p.ci(false, required("ci"))
			p.repo.Check(p.head(), "ci-app", "ci", "queued", "")
		}, "blocked"},
		"check failed": {func(p place) {
			p.ci(false, required("ci"))
			p.repo.Check(p.head(), "ci-app", "ci", "completed", "timed_out")
		}, "blocked"},
		"check neutral": {func(p place) {
			p.ci(false, required("ci"))
			p.repo.Check(p.head(), "ci-app", "ci", "completed", "neutral")
		}, "clean"},
		"check skipped": {func(p place) {
			p.ci(false, required("ci"))
			p.repo.Check(p.head(), "ci-app", "ci", "completed", "skipped")
		}, "clean"},
		"check run goes on to succeed": {func(p place) {
			p.ci(false, required("ci"))
			p.repo.Check(p.head(), "ci-app", "ci", "in_progress", "")
			p.repo.Check(p.head(), "ci-app", "ci", "completed", "success")
		}, "clean"},
		"check succeeds after a failure": {func(p place) {
			p.ci(false, required("ci"))
			p.repo.Check(p.head(), "ci-app", "ci", "completed", "failure")
			p.repo.Check(p.head(), "ci-app", "ci", "completed", "success")
		}, "clean"},
		"check of an older head": {func(p place) {
			p.ci(false, required("ci"))
			p.repo.Check(p.head(), "ci-app", "ci", "completed", "success")
			p.repo.Commit("topic", "more", map[string]string{"d.txt": "d\n"})
		}, "blocked"},
		"status instead of a check": {func(p place) { p.ci(false, required("ci")); p.repo.Status(p.head(), "ci", "success") }, "clean"},
		"check and status of one name, one pending": {func(p place) {
			p.ci(false, required("ci"))
			p.repo.Check(p.head(), "ci-app", "ci", "completed", "success")
			p.repo.Status(p.head(), "ci", "pending")
		}, "blocked"},
		"check and status of one name, both good": {func(p place) {
			p.ci(false, required("ci"))
			p.repo.Check(p.head(), "ci-app", "ci", "completed", "success")
			p.repo.Status(p.head(), "ci", "success")
		}, "clean"},
		"check by the wrong App": {func(p place) {
			p.ci(false, githubtest.RequiredCheck{Context: "ci", App: p.hub.OtherApp("right").ID})
			p.repo.Check(p.head(), "wrong", "ci", "completed", "success")
		}, "blocked"},
		"check by the right App": {func(p place) {
			p.ci(false, githubtest.RequiredCheck{Context: "ci", App: p.hub.OtherApp("right").ID})
			p.repo.Check(p.head(), "right", "ci", "completed", "success")
		}, "clean"},
		"strict and behind": {func(p place) {
			p.ci(true)
			p.repo.Commit("main", "m", map[string]string{"m.txt": "m\n"})
		}, "behind"},
		"strict, behind and unchecked": {func(p place) {
			p.ci(true, required("ci"))
			p.repo.Commit("main", "m", map[string]string{"m.txt": "m\n"})
		}, "blocked"},
		"behind without strict": {func(p place) {
			p.ci(false)
			p.repo.Commit("main", "m", map[string]string{"m.txt": "m\n"})
		}, "clean"},
		"unapproved": {func(p place) { p.reviews(githubtest.RequiredReviews{Approvals: 1}) }, "blocked"},
		"approved": {func(p place) {
			p.reviews(githubtest.RequiredReviews{Approvals: 2})
			p.repo.Review(1, "alice", "APPROVED", "")
			p.repo.Review(1, "alice", "COMMENTED", "by the way")
			p.repo.Review(1, "bob", "APPROVED", "")
		}, "clean"},
		"approved twice by one": {func(p place) {
			p.reviews(githubtest.RequiredReviews{Approvals: 2})
			p.repo.Review(1, "alice", "APPROVED", "")
			p.repo.Review(1, "alice", "APPROVED", "")
		}, "blocked"},
		"approved by who may not write": {func(p place) {
			p.reviews(githubtest.RequiredReviews{Approvals: 1})
			p.repo.Review(1, "eve", "APPROVED", "")
		}, "blocked"},
		"approved and refused": {func(p place) {
			p.reviews(githubtest.RequiredReviews{Approvals: 1})
			p.repo.Review(1, "alice", "APPROVED", "")
			p.repo.Review(1, "bob", "CHANGES_REQUESTED", "no")
		}, "blocked"},
		"refusal dismissed": {func(p place) {
			p.reviews(githubtest.RequiredReviews{Approvals: 1})
			p.repo.Review(1, "alice", "APPROVED", "")
			p.repo.DismissReview(1, p.repo.Review(1, "bob", "CHANGES_REQUESTED", "no"), "alice")
		}, "clean"},
		"approval kept on push": {func(p place) {
			p.reviews(githubtest.RequiredReviews{Approvals: 1})
			p.repo.Review(1, "alice", "APPROVED", "")
			p.repo.Commit("topic", "more", map[string]string{"d.txt": "d\n"})
		}, "clean"},
		"approval dismissed on push": {func(p place) {
			p.reviews(githubtest.RequiredReviews{Approvals: 1, DismissStale: true})
			p.repo.Review(1, "alice", "APPROVED", "")
			p.repo.Commit("topic", "more", map[string]string{"d.txt": "d\n"})
		}, "blocked"},
		"approval kept when the diff is the same": {func(p place) {
			p.reviews(githubtest.RequiredReviews{Approvals: 1, DismissStale: true})
			p.repo.Review(1, "alice", "APPROVED", "")
			p.repo.Commit("main", "m", map[string]string{"m.txt": "m\n"})
			p.send("PUT", "/pulls/1/update-branch", "", 202, "")
		}, "clean"},
		"last push approved": {func(p place) {
			p.reviews(githubtest.RequiredReviews{Approvals: 1, LastPush: true})
			p.repo.Review(1, "alice", "APPROVED", "")
		}, "clean"},
		"pushed after the approval": {func(p place) {
			p.reviews(githubtest.RequiredReviews{Approvals: 1, LastPush: true})
			p.repo.Review(1, "alice", "APPROVED", "")
			p.repo.Commit("topic", "more", map[string]string{"d.txt": "d\n"})
		}, "blocked"},
		"ruleset evaluated": {func(p place) {
			p.repo.AddRuleset(githubtest.Ruleset{Enforcement: "evaluate", Rules: githubtest.Rules{Checks: []githubtest.RequiredCheck{required("ci")}}})
		}, "clean"},
		"ruleset of another branch": {func(p place) {
			p.repo.AddRuleset(githubtest.Ruleset{Include: []string{"refs/heads/release/*"}, Rules: githubtest.Rules{Checks: []githubtest.RequiredCheck{required("ci")}}})
		}, "clean"},
		"ruleset that the App may pass": {func(p place) {
			p.repo.AddRuleset(githubtest.Ruleset{
				Bypass: []string{p.hub.App.Slug + "[bot]"}, Rules: githubtest.Rules{Checks: []githubtest.RequiredCheck{required("ci")}},
			})
		}, "blocked"},
		"merge queue": {func(p place) { p.repo.AddRuleset(githubtest.Ruleset{MergeQueue: true}) }, "clean"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := proposed(t)
			tt.arrange(p)
			if got := p.state(); got != tt.want {
				t.Errorf("%v, want %s", got, tt.want)
			}
		})
	}
}

func TestMergeableIsFoundOutInTheBackground(t *testing.T) {
	p := proposed(t)
	see := func() any { return p.send("GET", "/pulls/1", "", 200, "").body["mergeable"] }
	if got := see(); got != true { // creating it asked
		t.Errorf("after creation: %v", got)
	}
	p.repo.Commit("main", "m", map[string]string{"m.txt": "m\n"})
	if first, second := see(), see(); first != nil || second != true {
		t.Errorf("after the base moved: %v, %v", first, second)
	}
}

func TestCodeOwners(t *testing.T) {
	p := proposed(t)
	p.hub.Organization("acme").AddToTeam("platform", "bob", "member")
	p.repo.Commit("main", "owners", map[string]string{"CODEOWNERS": "* @alice\n/deploy/ @acme/platform # all of it\n*.md\n"})
	p.reviews(githubtest.RequiredReviews{Approvals: 1, CodeOwners: true})
	p.repo.Commit("topic", "more", map[string]string{"deploy/a/b.yaml": "b\n", "README.md": "r\n"})
	p.repo.Review(1, "alice", "APPROVED", "")
	p.send("PUT", "/pulls/1/merge", "", 405, "Waiting on code owner review from acme/platform.")
	p.repo.Review(1, "bob", "APPROVED", "")
	p.send("PUT", "/pulls/1/merge", "", 200, "")
}

// message is of the commit at main.
func (p place) message() string {
	return fmt.Sprint(p.send("GET", "/git/commits/"+p.repo.Branch("main"), "", 200, "").body["message"])
}
