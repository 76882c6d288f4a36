package githubtest_test

import (
	"testing"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

func TestRefusedMerges(t *testing.T) {
	t.Parallel()
	squash, rebase := `{"merge_method":"squash"}`, `{"merge_method":"rebase"}`
	violated := "Repository rule violations found\n\n"
	tests := map[string]struct {
		arrange func(p place)
		body    string
		status  int
		message string
	}{
		"closed":  {func(p place) { p.send("PATCH", "/pulls/1", `{"state":"closed"}`, 200, "") }, "", 405, "Pull Request is not mergeable"},
		"merged":  {func(p place) { p.send("PUT", "/pulls/1/merge", "", 200, "") }, "", 405, "Pull Request is not mergeable"},
		"draft":   {func(p place) { p.repo.SetDraft(1, "alice", true) }, "", 405, "Pull Request is still a draft"},
		"another": {func(place) {}, `{"sha":"0000000000000000000000000000000000000001"}`, 409, "Head branch was modified. Review and try the merge again."},
		"race":    {func(p place) { p.repo.LoseRace(1) }, "", 405, "Base branch was modified. Review and try the merge again."},
		"conflict": {
			func(p place) { p.repo.Commit("main", "m", map[string]string{"c.txt": "m\n"}) }, "", 405, "Pull Request is not mergeable",
		},
		"rebase alone conflicts": {func(p place) {
			p.repo.Commit("topic", "back", map[string]string{"c.txt": "see\n", "d.txt": "d\n"})
			p.repo.Commit("main", "m", map[string]string{"c.txt": "m\n"})
		}, rebase, 405, "This branch can't be rebased"},
		"no merge commits": {
			func(p place) { p.repo.SetMerging(githubtest.Merging{AllowSquash: true}) }, "", 405, "Merge commits are not allowed on this repository.",
		},
		"no squashes": {
			func(p place) { p.repo.SetMerging(githubtest.Merging{AllowRebase: true}) }, squash, 405, "Squash merges are not allowed on this repository.",
		},
		"no rebases by ruleset": {
			func(p place) { p.repo.AddRuleset(githubtest.Ruleset{MergeMethods: []string{"squash"}}) }, rebase, 405, "Rebase merges are not allowed on this repository.",
		},
		"check expected": {func(p place) { p.ci(false, required("ci")) }, "", 405, `Required status check "ci" is expected.`},
		"check failing": {func(p place) {
			p.ci(false, required("ci"), required("lint"))
			p.repo.Status(p.head(), "ci", "failure")
			p.repo.Status(p.head(), "lint", "success")
		}, "", 405, `Required status check "ci" is failing.`},
		"check in progress": {func(p place) {
			p.ci(false, required("ci"))
			p.repo.Check(p.head(), "ci-app", "ci", "in_progress", "")
		}, "", 405, `Required status check "ci" is in progress.`},
		"checks expected": {func(p place) { p.ci(false, required("ci"), required("lint")) }, "", 405, "2 of 2 required status checks are expected."},
		"checks of several kinds": {func(p place) {
			p.ci(false, required("a"), required("b"), required("c"), required("d"))
			p.repo.Status(p.head(), "b", "error")
			p.repo.Status(p.head(), "c", "success")
			p.repo.Check(p.head(), "ci-app", "d", "in_progress", "")
		}, "", 405, "3 of 4 required status checks have not succeeded: 1 expected and 1 failing."},
		"behind": {func(p place) {
			p.ci(true)
			p.repo.Commit("main", "m", map[string]string{"m.txt": "m\n"})
		}, "", 409, "Head branch is out of date. Review and try the merge again."},
		"unapproved": {func(p place) {
			p.repo.Protect("m*", githubtest.Protection{Rules: githubtest.Rules{Reviews: &githubtest.RequiredReviews{Approvals: 1}}})
		}, "", 405, "At least 1 approving review is required by reviewers with write access."},
		"unapproved by ruleset": {func(p place) {
			p.reviews(githubtest.RequiredReviews{Approvals: 2})
		}, "", 405, violated + "At least 2 approving reviews are required by reviewers with write access.\n\n"},
		"changes requested": {func(p place) {
			p.repo.Protect("main", githubtest.Protection{Rules: githubtest.Rules{Reviews: &githubtest.RequiredReviews{}}})
			p.repo.Review(1, "alice", "CHANGES_REQUESTED", "no")
		}, "", 405, "Changes have been requested by a reviewer with write access."},
		"last pusher": {func(p place) {
			p.reviews(githubtest.RequiredReviews{Approvals: 1, LastPush: true})
			p.repo.Review(1, "alice", "APPROVED", "")
			p.repo.Commit("topic", "more", map[string]string{"d.txt": "d\n"})
		}, "", 405, violated + "New changes require approval from someone other than the last pusher.\n\n"},
		"linear history": {func(p place) {
			p.repo.Protect("main", githubtest.Protection{Rules: githubtest.Rules{LinearHistory: true}})
		}, "", 405, "This branch must not contain merge commits."},
		"merge queue": {func(p place) {
			p.repo.AddRuleset(githubtest.Ruleset{MergeQueue: true})
		}, "", 405, violated + "Changes must be made through the merge queue\n\n"},
		"two rules": {func(p place) {
			p.repo.AddRuleset(githubtest.Ruleset{MergeQueue: true, Rules: githubtest.Rules{Checks: []githubtest.RequiredCheck{required("ci")}}})
		}, "", 405, violated + "Changes must be made through the merge queue\n\nRequired status check \"ci\" is expected.\n\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := proposed(t)
			tt.arrange(p)
			before := p.repo.Branch("main")
			a := p.send("PUT", "/pulls/1/merge", tt.body, tt.status, "")
			if a.body["message"] != tt.message {
				t.Errorf("%q, want %q", a.body["message"], tt.message)
			}
			if p.repo.Branch("main") != before {
				t.Error("the base moved")
			}
		})
	}
}

func TestMergesThatPass(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		arrange func(p place)
		body    string
	}{
		"race won": {func(p place) {
			p.repo.LoseRace(1)
			p.send("PUT", "/pulls/1/merge", "", 405, "Base branch was modified")
		}, ""},
		"linear by squash": {func(p place) {
			p.repo.Protect("main", githubtest.Protection{Rules: githubtest.Rules{LinearHistory: true}})
		}, `{"merge_method":"squash"}`},
		"bypass": {func(p place) {
			p.repo.AddRuleset(githubtest.Ruleset{
				Bypass: []string{p.hub.App.Slug + "[bot]"}, MergeMethods: []string{"squash"}, MergeQueue: true,
				Rules: githubtest.Rules{Checks: []githubtest.RequiredCheck{required("ci")}},
			})
		}, ""},
		"evaluated": {func(p place) { p.repo.AddRuleset(githubtest.Ruleset{Enforcement: "evaluate", MergeQueue: true}) }, ""},
		"unstable":  {func(p place) { p.repo.Status(p.head(), "x", "failure") }, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := proposed(t)
			tt.arrange(p)
			p.send("PUT", "/pulls/1/merge", tt.body, 200, "")
		})
	}
}

func TestMergingNeedsPermission(t *testing.T) {
	hub, repo, i, _ := world(t)
	repo.Commit("topic", "topic", map[string]string{"c.txt": "t\n"})
	want(t, call(t, hub, tokenOf(t, hub, i, ""), "POST", "/repos/acme/shop/pulls", open("topic")), 201, "")
	weak := tokenOf(t, hub, i, `{"permissions":{"contents":"read","pull_requests":"write"}}`)
	want(t, call(t, hub, weak, "PUT", "/repos/acme/shop/pulls/1/merge", ""), 403, "Resource not accessible by integration")
}
