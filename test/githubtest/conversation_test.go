package githubtest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// threads is what GraphQL shows of a pull request's conversations.
func (a armory) threads() string {
	a.t.Helper()
	const query = `query($id: ID!) { node(id: $id) { ... on PullRequest {
		reviewThreads(first: 100) { totalCount nodes { id isResolved isCollapsed path resolvedBy { login } pullRequest { number } } } } } }`
	said := ask(a.t, a.hub, a.token, query, map[string]any{"id": a.id})
	all := []string{sprint(said.at("data.node.reviewThreads.totalCount"))}
	for _, t := range said.at("data.node.reviewThreads.nodes").([]any) {
		all = append(all, fmt.Sprint(
			at(t, "path"), " ", at(t, "isResolved"), " ", at(t, "isCollapsed"), " ", at(t, "resolvedBy", "login"), " of ", at(t, "pullRequest", "number")))
	}
	return strings.Join(all, "; ")
}

// TestConversations opens two, and resolves them one after the other: where they
// have to be, nothing is merged before.
func TestConversations(t *testing.T) {
	t.Parallel()
	const open = "A conversation must be resolved before this pull request can be merged."
	for name, tt := range map[string]struct {
		wants   func(place)
		refusal string
	}{
		"not wanted": {func(p place) { p.repo.Unprotect("main") }, ""},
		"classic": {func(p place) {
			p.repo.Protect("main", githubtest.Protection{Rules: githubtest.Rules{Conversations: true}})
		}, open},
		"ruleset": {func(p place) {
			p.repo.Unprotect("main")
			p.repo.AddRuleset(githubtest.Ruleset{Rules: githubtest.Rules{Conversations: true}})
		}, "Repository rule violations found\n\n" + open},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := arming(t)
			tt.wants(a.place)
			if got := a.threads(); got != "0" {
				t.Errorf("none: %s", got)
			}
			var one, two int64
			wantTold(t, a.hub, func() { one = a.repo.OpenThread(1, "bob", "c.txt") }, "pull_request_review.submitted by bob")
			two = a.repo.OpenThread(1, "alice", "c.txt")
			a.repo.ResolveThread(1, one, "alice")
			if got := a.threads(); got != "2; c.txt true true alice of 1; c.txt false false <nil> of 1" {
				t.Errorf("one resolved: %s", got)
			}
			if tt.refusal == "" {
				a.send("PUT", "/pulls/1/merge", "", 200, "")
				return
			}
			if a.state() != "blocked" {
				t.Errorf("state: %v", a.state())
			}
			a.send("PUT", "/pulls/1/merge", "", 405, tt.refusal)
			a.arm()
			a.repo.ResolveThread(1, two, "bob")
			if a.send("GET", "/pulls/1", "", 200, "").body["merged"] != true {
				t.Error("auto-merge did not go on")
			}
		})
	}
}

// TestConversationsAreShown tells that they have to be resolved, in both ways.
func TestConversationsAreShown(t *testing.T) {
	_, repo, send := protecting(t)
	repo.Protect("main", githubtest.Protection{Rules: githubtest.Rules{Conversations: true}})
	repo.AddRuleset(githubtest.Ruleset{Rules: githubtest.Rules{Conversations: true}})
	if p := send("GET", "/branches/main/protection", "", 200, "").body; at(p, "required_conversation_resolution", "enabled") != true {
		t.Errorf("classic: %v", p)
	}
	rules := send("GET", "/rules/branches/main", "", 200, "").list
	if len(rules) != 1 || at(rules[0], "parameters", "required_review_thread_resolution") != true {
		t.Errorf("rules: %v", rules)
	}
}

// TestQueuedConversation takes a pull request out of the queue in which somebody
// begins a conversation.
func TestQueuedConversation(t *testing.T) {
	a := queueing(t, "")
	a.repo.AddRuleset(githubtest.Ruleset{Rules: githubtest.Rules{Conversations: true}})
	a.enqueue(nil)
	a.repo.OpenThread(1, "alice", "c.txt")
	if a.entry(1) != notQueued || a.repo.MergeGroup(1) != "" {
		t.Errorf("still queued: %s", a.entry(1))
	}
}

// TestQueueBranches are refs that can be listed while there are groups.
func TestQueueBranches(t *testing.T) {
	a := queueing(t, "")
	refs := func() string {
		t.Helper()
		var all []string
		for _, ref := range a.send("GET", "/git/matching-refs/heads/gh-readonly-queue/main", "", 200, "").list {
			all = append(all, fmt.Sprint(at(ref, "ref"), " ", at(ref, "object", "sha")))
		}
		return sprint(all)
	}
	if got := refs(); got != "[]" {
		t.Errorf("before: %s", got)
	}
	a.enqueue(nil)
	if got, want := refs(), sprint([]string{"refs/heads/gh-readonly-queue/main/pr-1-" + a.repo.Branch("main") + " " + a.repo.MergeGroup(1)}); got != want {
		t.Errorf("queued: %s, want %s", got, want)
	}
	a.checkGroup(1, "success")
	if got := refs(); got != "[]" {
		t.Errorf("merged: %s", got)
	}
}

// TestDismissedReviews count no more, whatever they said.
func TestDismissedReviews(t *testing.T) {
	p := proposed(t)
	p.reviews(githubtest.RequiredReviews{Approvals: 1})
	yes := p.repo.Review(1, "alice", "APPROVED", "")
	p.repo.DismissReview(1, yes, "bob")
	p.send("PUT", "/pulls/1/merge", "", 405, "At least 1 approving review is required by reviewers with write access.")
	no := p.repo.Review(1, "bob", "CHANGES_REQUESTED", "no")
	p.repo.Review(1, "alice", "APPROVED", "")
	p.send("PUT", "/pulls/1/merge", "", 405, "Changes have been requested by a reviewer with write access.")
	p.repo.DismissReview(1, no, "alice")
	p.send("PUT", "/pulls/1/merge", "", 200, "")
}

// TestCheckOfOneApp stands for no other App's of the same name, and neither does a
// status that a person sets.
func TestCheckOfOneApp(t *testing.T) {
	const name = "imageupdater/merge-policy"
	for kind, wants := range map[string]func(place, githubtest.Rules){
		"classic": func(p place, rules githubtest.Rules) { p.repo.Protect("main", githubtest.Protection{Rules: rules}) },
		"ruleset": func(p place, rules githubtest.Rules) { p.repo.AddRuleset(githubtest.Ruleset{Rules: rules}) },
	} {
		for _, conclusion := range []string{"success", "neutral", "skipped"} {
			t.Run(kind+" "+conclusion, func(t *testing.T) {
				p := proposed(t)
				wants(p, githubtest.Rules{Checks: []githubtest.RequiredCheck{{Context: name, App: p.hub.App.ID}}})
				refused := func(standing string) {
					t.Helper()
					p.send("PUT", "/pulls/1/merge", "", 405, fmt.Sprintf("Required status check %q is %s.", name, standing))
				}
				refused("expected")
				p.repo.Check(p.head(), "ci-app", name, "completed", "success")
				p.repo.Status(p.head(), name, "success")
				refused("expected")
				id := p.send("POST", "/check-runs", fmt.Sprintf(`{"name":%q,"head_sha":%q,"status":"in_progress"}`, name, p.head()), 201, "").body["id"]
				refused("in progress")
				change := func(conclusion string) {
					p.send("PATCH", fmt.Sprintf("/check-runs/%.0f", id), fmt.Sprintf(`{"status":"completed","conclusion":%q}`, conclusion), 200, "")
				}
				change("failure")
				refused("failing")
				change(conclusion)
				p.send("PUT", "/pulls/1/merge", "", 200, "")
			})
		}
	}
}

// TestProtectionIsForAdministrators tells nobody else of it, and what is missing.
func TestProtectionIsForAdministrators(t *testing.T) {
	hub, repo, _, token := world(t)
	other := hub.AddRepository("rival/shop", map[string]string{"a": "b\n"})
	elsewhere := tokenOf(t, hub, hub.Install("rival", everything(), other), "")
	repo.Protect("main", githubtest.Protection{})
	repo.Collaborate("wanda", "maintain")
	repo.Collaborate("ada", "admin")
	const path = "/repos/acme/shop/branches/main/protection"
	for by, tt := range map[string]struct {
		auth    string
		status  int
		message string
		needs   string
	}{
		"an App without the permission": {token, 403, "Resource not accessible by integration", "administration=read"},
		"an App that is not installed":  {elsewhere, 403, "Resource not accessible by integration", "administration=read"},
		"nobody":                        {"", 401, "Requires authentication", ""},
		"who may write":                 {hub.Token("wanda"), 404, "Not Found", ""},
		"who administers":               {hub.Token("ada"), 200, "", ""},
	} {
		a := call(t, hub, tt.auth, "GET", path, "")
		if want(t, a, tt.status, tt.message); a.header.Get("X-Accepted-Github-Permissions") != tt.needs {
			t.Errorf("%s: needs %q", by, a.header.Get("X-Accepted-Github-Permissions"))
		}
	}
}

// TestAppBySlug finds any App that there is, and no other.
func TestAppBySlug(t *testing.T) {
	hub, _, _, token := world(t)
	ci := hub.OtherApp("ci-app")
	for slug, id := range map[string]int64{hub.App.Slug: hub.App.ID, "ci-app": ci.ID} {
		a := call(t, hub, token, "GET", "/apps/"+slug, "")
		if want(t, a, 200, ""); a.body["id"] != float64(id) || a.body["slug"] != slug {
			t.Errorf("%s: %v", slug, a.body)
		}
	}
	want(t, call(t, hub, token, "GET", "/apps/none", ""), 404, "Not Found")
}
