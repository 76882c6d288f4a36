package githubtest_test

import (
	"fmt"
	"testing"

	"github.com/google/go-github/v60/github"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

func TestWhatHappensToReviews(t *testing.T) {
	p := proposed(t)
	p.reviews(dismissing)
	var id int64
	wantTold(t, p.hub, func() { p.repo.RequestReview(1, "alice", "bob") }, "pull_request.review_requested by alice")
	wantTold(t, p.hub, func() {
		p.send("POST", "/pulls/1/requested_reviewers", `{"reviewers":["bob","alice"]}`, 201, "")
	}, "pull_request.review_requested by image-updater[bot]")
	wantTold(t, p.hub, func() { id = p.repo.Review(1, "alice", "APPROVED", "") }, "pull_request_review.submitted by alice")
	wantTold(t, p.hub, func() { p.repo.DismissReview(1, id, "bob") }, "pull_request_review.dismissed by bob")
	wantTold(t, p.hub, func() { p.send("POST", "/pulls/1/reviews", `{"body":"later"}`, 200, "") })
	p.repo.Review(1, "alice", "APPROVED", "")
	wantTold(t, p.hub, func() { p.repo.Commit("topic", "more", map[string]string{"d.txt": "d\n"}) },
		"push refs/heads/topic by acme", "pull_request.synchronize by acme", "pull_request_review.dismissed by acme", "check_suite.requested by acme")
	wantTold(t, p.hub, func() { p.repo.SetDraft(1, "alice", true) }, "pull_request.converted_to_draft by alice")
	wantTold(t, p.hub, func() { p.repo.SetDraft(1, "alice", true) })
	wantTold(t, p.hub, func() { p.repo.SetDraft(1, "alice", false) }, "pull_request.ready_for_review by alice")
	wantTold(t, p.hub, func() {
		p.send("POST", "/issues/1/assignees", `{"assignees":["alice","nobody"]}`, 201, "")
	}, "pull_request.assigned by image-updater[bot]")
}

func TestWhatHappensToChecks(t *testing.T) {
	p := proposed(t)
	head := p.head()
	wantTold(t, p.hub, func() { p.repo.Check(head, "ci-app", "a", "queued", "") }, "check_run.created by acme")
	wantTold(t, p.hub, func() { p.repo.Check(head, "ci-app", "a", "in_progress", "") })
	other := p.repo.Check(head, "ci-app", "b", "queued", "")
	wantTold(t, p.hub, func() { p.repo.Check(head, "ci-app", "a", "completed", "failure") }, "check_run.completed by acme")
	wantTold(t, p.hub, func() { p.repo.Check(head, "ci-app", "b", "completed", "success") },
		"check_run.completed by acme", "check_suite.completed by acme")
	wantTold(t, p.hub, func() { p.repo.RerequestCheck(other, "alice") }) // another App's
	var mine int64
	wantTold(t, p.hub, func() {
		a := p.send("POST", "/check-runs", fmt.Sprintf(`{"name":"x","head_sha":%q,"conclusion":"success"}`, head), 201, "")
		mine = int64(a.body["id"].(float64))
	}, "check_run.created by acme", "check_run.completed by acme", "check_suite.completed by acme")
	wantTold(t, p.hub, func() { p.repo.RerequestCheck(mine, "alice") }, "check_run.rerequested by alice")
	wantTold(t, p.hub, func() { p.repo.RerequestSuite(head, "alice") }, "check_suite.rerequested by alice")
	wantTold(t, p.hub, func() { p.repo.Status(head, "ci", "pending") }, "status by ci")
	wantTold(t, p.hub, func() { p.create("same", head) }, // the commit has been asked for
		"push refs/heads/same by image-updater[bot]", "create same by image-updater[bot]")
}

func TestUpdatingAFork(t *testing.T) {
	p := proposed(t)
	fork := p.hub.Fork(p.repo, "zoe")
	fork.Commit("theirs", "z", map[string]string{"z.txt": "z\n"})
	number := p.repo.OpenPull("zoe", "Z", "zoe:theirs", "main")
	base := p.repo.Commit("main", "m", map[string]string{"m.txt": "m\n"})
	p.send("PUT", fmt.Sprintf("/pulls/%d/update-branch", number), "", 202, "")
	shown := p.send("GET", fmt.Sprintf("/pulls/%d", number), "", 200, "").body
	if at(shown, "head", "sha") != fork.Branch("theirs") || at(shown, "base", "sha") != base || shown["commits"] != 2.0 {
		t.Errorf("head %v, base %v, %v commits", at(shown, "head"), at(shown, "base", "sha"), shown["commits"])
	}
	p.send("PUT", fmt.Sprintf("/pulls/%d/merge", number), `{"merge_method":"squash"}`, 200, "")
	if got := p.message(); got != "z (#2)" {
		t.Errorf("message: %q", got)
	}
}

// TestWhatTheAppIsToldOfRules goes through what an admin does, and what go-github
// makes of the webhooks of it.
func TestWhatTheAppIsToldOfRules(t *testing.T) {
	hub, repo, _, r := hooked(t, githubtest.Options{})
	rules := githubtest.Rules{
		Checks: []githubtest.RequiredCheck{{Context: "ci"}}, Strict: true, LinearHistory: true,
		Reviews: &githubtest.RequiredReviews{Approvals: 2, CodeOwners: true},
	}
	repo.Protect("main", githubtest.Protection{Rules: rules, EnforceAdmins: true})
	repo.Protect("main", githubtest.Protection{})
	repo.Unprotect("main")
	repo.Unprotect("main")
	id := repo.AddRuleset(githubtest.Ruleset{Name: "all", Include: []string{"~ALL"}, Rules: rules, MergeQueue: true, NoDeletion: true, Signed: true})
	repo.RemoveRuleset(id)
	got := r.take(hub)
	want := "branch_protection_rule.created branch_protection_rule.edited branch_protection_rule.deleted repository_ruleset.created repository_ruleset.deleted"
	if keys(got) != want {
		t.Fatalf("told %s", keys(got))
	}
	created, edited := protectionRule(t, got[0]), protectionRule(t, got[1])
	if created.GetName() != "main" || created.GetRequiredStatusChecksEnforcementLevel() != "everyone" || created.RequiredStatusChecks[0] != "ci" || !created.GetAdminEnforced() {
		t.Errorf("created: %v", created)
	}
	if edited.GetID() != created.GetID() || edited.GetRequiredStatusChecksEnforcementLevel() != "off" {
		t.Errorf("edited: %v", edited)
	}
	if shown := at(got[3].body, "repository_ruleset", "conditions", "ref_name", "include"); fmt.Sprint(shown) != "[~ALL]" {
		t.Errorf("conditions: %v", shown)
	}
}

func protectionRule(t *testing.T, one received) *github.BranchProtectionRule {
	t.Helper()
	parsed, err := github.ParseWebHook(one.header.Get("X-Github-Event"), one.raw)
	if err != nil {
		t.Fatal(err)
	}
	event, _ := parsed.(*github.BranchProtectionRuleEvent)
	return event.GetRule()
}
