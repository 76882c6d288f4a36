package githubtest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// queueing is an armory whose base requires a merge queue beside the check ci,
// which the pull request has.
func queueing(t *testing.T, method string) armory {
	t.Helper()
	a := arming(t)
	a.repo.AddRuleset(githubtest.Ruleset{Name: "queue", MergeQueue: true, QueueMethod: method})
	a.check("success")
	return a
}

func (a armory) enqueue(more map[string]any) answer {
	a.t.Helper()
	return a.mutate(a.token, "enqueuePullRequest", more)
}

// another is a second pull request, ready to be merged, whose number it returns.
func (a armory) another(branch string, files map[string]string) int {
	a.repo.Commit(branch, branch, files)
	a.repo.Check(a.repo.Branch(branch), "ci-app", "ci", "completed", "success")
	return a.repo.OpenPull("alice", branch, branch, "main")
}

// checkGroup ends the check of a pull request's group.
func (a armory) checkGroup(number int, conclusion string) {
	a.repo.Check(a.repo.MergeGroup(number), "ci-app", "ci", "completed", conclusion)
}

// entry is what GraphQL shows of a pull request's place in the queue.
func (a armory) entry(number int) string {
	a.t.Helper()
	said := ask(a.t, a.hub, a.hub.Token("alice"), fmt.Sprintf(
		`{ repository(owner: "acme", name: "shop") { pullRequest(number: %d) { isInMergeQueue mergeQueueEntry { position state } } } }`, number), nil)
	const at = "data.repository.pullRequest."
	return sprint([]any{said.at(at + "isInMergeQueue"), said.at(at + "mergeQueueEntry.position"), said.at(at + "mergeQueueEntry.state")})
}

const notQueued = "[false <nil> <nil>]"

func TestRefusedByTheQueue(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		arrange func(a armory)
		in      map[string]any
		message string
	}{
		"twice":      {func(a armory) { a.repo.Enqueue(1, "alice") }, nil, "Pull request is already in the queue"},
		"head moved": {func(armory) {}, map[string]any{"expectedHeadOid": zeros}, "Head branch was modified. Review and try the merge again."},
		"draft":      {func(a armory) { a.repo.SetDraft(1, "alice", true) }, nil, "Pull request is in draft status"},
		"closed":     {func(a armory) { a.repo.ClosePull(1, "alice") }, nil, "Pull request is closed"},
		"conflict": {
			func(a armory) { a.repo.Commit("main", "m", map[string]string{"c.txt": "m\n"}) }, nil, "Pull request is not mergeable",
		},
		"unchecked": {func(a armory) { a.check("failure") }, nil, `Pull request Required status check "ci" is failing.`},
		"unapproved": {
			func(a armory) { a.reviews(githubtest.RequiredReviews{Approvals: 1}) },
			nil, "Pull request At least 1 approving review is required by reviewers with write access.",
		},
		"no queue": {func(a armory) { a.send("PATCH", "/pulls/1", `{"base":"other"}`, 200, "") }, nil, "Base branch does not have a merge queue enabled"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := queueing(t, "")
			a.repo.Commit("other", "o", map[string]string{"o.txt": "o\n"})
			tt.arrange(a)
			wantRefusal(t, a.enqueue(tt.in), "UNPROCESSABLE", tt.message)
		})
	}
	t.Run("permission", func(t *testing.T) {
		a := queueing(t, "")
		wantRefusal(t, a.mutate(a.hub.Token("eve"), "enqueuePullRequest", nil), "FORBIDDEN", "eve does not have the correct permissions to execute `EnqueuePullRequest`")
	})
}

// TestQueue goes all the way, by each method.
func TestQueue(t *testing.T) {
	t.Parallel()
	for method, message := range map[string]string{
		"": "topic (#1)", "merge": "Merge pull request #1 from acme/topic\n\nT", "rebase": "topic",
	} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			a := queueing(t, method)
			before := a.repo.Commit("main", "m", map[string]string{"m.txt": "m\n"})
			ref := "refs/heads/gh-readonly-queue/main/pr-1-" + before
			a.repo.SetMerging(githubtest.Merging{DeleteBranch: true}) // the queue has a method of its own
			const bot = " by github-merge-queue[bot]"
			wantTold(t, a.hub, func() {
				said := a.enqueue(map[string]any{"expectedHeadOid": a.head()})
				const entry = "data.enqueuePullRequest.mergeQueueEntry."
				if said.at(entry+"position") != 1.0 || said.at(entry+"state") != "AWAITING_CHECKS" || said.at(entry+"headCommit.oid") != a.repo.MergeGroup(1) {
					t.Errorf("%v", said.body)
				}
			}, "pull_request.enqueued by image-updater[bot]", "push "+ref+bot, "create "+strings.TrimPrefix(ref, "refs/heads/")+bot,
				"check_suite.requested"+bot, "merge_group.checks_requested"+bot)
			if got := a.entry(1); got != "[true 1 AWAITING_CHECKS]" {
				t.Errorf("entry: %s", got)
			}
			a.send("PUT", "/pulls/1/merge", `{"merge_method":"squash"}`, 405, "Pull Request is in the merge queue")
			group := a.repo.MergeGroup(1)
			a.repo.Check(group, "ci-app", "ci", "in_progress", "")
			if a.repo.Branch("main") != before {
				t.Fatal("merged before its check has ended")
			}
			told := sprint(told(a.hub, func() { a.checkGroup(1, "success") }))
			for _, want := range []string{"pull_request.closed" + bot, "push refs/heads/main" + bot, "pull_request.dequeued" + bot, "merge_group.destroyed" + bot, "delete topic" + bot} {
				if !contains(told, want) {
					t.Errorf("told %s, without %s", told, want)
				}
			}
			p := a.seen()
			if p["merged"] != true || at(p, "merged_by", "login") != "github-merge-queue[bot]" || p["merge_commit_sha"] != group || a.repo.Branch("main") != group {
				t.Errorf("merged %v, main at %s, group %s", p["merged"], a.repo.Branch("main"), group)
			}
			if a.repo.Branch("gh-readonly-queue/main/pr-1-"+before) != "" || a.head() != "" || a.entry(1) != notQueued {
				t.Error("a branch, or the entry, is still there")
			}
			if got := a.message(); !strings.HasPrefix(got, message) {
				t.Errorf("message: %q, want %q", got, message)
			}
		})
	}
}

// TestQueueOfTwo shows that an entry is checked upon the ones before it, and anew
// when one of them goes.
func TestQueueOfTwo(t *testing.T) {
	a := queueing(t, "")
	second := a.another("second", map[string]string{"s.txt": "s\n"})
	a.enqueue(nil)
	a.repo.Enqueue(second, "alice")
	onto := a.repo.MergeGroup(1)
	parent := func() any {
		commit := a.send("GET", "/git/commits/"+a.repo.MergeGroup(second), "", 200, "").body
		return at(commit["parents"].([]any)[0], "sha")
	}
	if parent() != onto || a.entry(second) != "[true 2 AWAITING_CHECKS]" {
		t.Errorf("the second is upon %v, %s", parent(), a.entry(second))
	}
	a.checkGroup(second, "success")
	if a.entry(second) != "[true 2 MERGEABLE]" || a.repo.Branch("main") == onto {
		t.Errorf("the second does not wait for the first: %s", a.entry(second))
	}
	told := sprint(told(a.hub, func() { a.checkGroup(1, "failure") }))
	if !contains(told, "pull_request.dequeued") || strings.Count(told, "merge_group.destroyed") != 2 || !contains(told, "merge_group.checks_requested") {
		t.Errorf("told %s", told)
	}
	if a.entry(1) != notQueued || a.seen()["merged"] != false || parent() != a.repo.Branch("main") || a.entry(second) != "[true 1 AWAITING_CHECKS]" {
		t.Errorf("first %s, second %s upon %v", a.entry(1), a.entry(second), parent())
	}
	a.checkGroup(second, "success")
	a.send("GET", fmt.Sprintf("/pulls/%d/merge", second), "", 204, "")
}

func TestQueueMergesInOrder(t *testing.T) {
	a := queueing(t, "merge")
	second, third := a.another("second", map[string]string{"s.txt": "s\n"}), a.another("third", map[string]string{"t.txt": "t\n"})
	a.enqueue(nil)
	a.repo.Enqueue(second, "alice")
	said := a.enqueue(map[string]any{"pullRequestId": a.send("GET", fmt.Sprintf("/pulls/%d", third), "", 200, "").body["node_id"], "jump": true})
	if said.at("data.enqueuePullRequest.mergeQueueEntry.position") != 1.0 || a.entry(1) != "[true 2 AWAITING_CHECKS]" || a.entry(second) != "[true 3 AWAITING_CHECKS]" {
		t.Errorf("who jumps: %v, then %s, %s", said.body, a.entry(1), a.entry(second))
	}
	heads := []string{a.repo.MergeGroup(third), a.repo.MergeGroup(1), a.repo.MergeGroup(second)}
	a.checkGroup(second, "success")
	a.checkGroup(1, "success")
	a.checkGroup(third, "success")
	if a.repo.Branch("main") != heads[2] {
		t.Errorf("main is at %s, want %s", a.repo.Branch("main"), heads[2])
	}
	for _, number := range []int{1, second, third} {
		a.send("GET", fmt.Sprintf("/pulls/%d/merge", number), "", 204, "")
	}
}

// TestOutOfTheQueue is what ends a pull request's time in it, and the reason that
// webhooks tell.
func TestOutOfTheQueue(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		then   func(a armory)
		reason string
	}{
		"by hand":        {func(a armory) { a.mutateDequeue() }, "MANUAL"},
		"closed":         {func(a armory) { a.repo.ClosePull(1, "alice") }, "MANUAL"},
		"retargeted":     {func(a armory) { a.send("PATCH", "/pulls/1", `{"base":"other"}`, 200, "") }, "MANUAL"},
		"a draft":        {func(a armory) { a.repo.SetDraft(1, "alice", true) }, "MANUAL"},
		"pushed":         {func(a armory) { a.repo.Push("topic", "alice", "more", nil) }, "UNKNOWN_REMOVAL_REASON"},
		"failed":         {func(a armory) { a.checkGroup(1, "failure") }, "CI_FAILURE"},
		"cancelled":      {func(a armory) { a.checkGroup(1, "cancelled") }, "CI_FAILURE"},
		"no answer":      {func(a armory) { a.hub.Advance(time.Hour) }, "CI_TIMEOUT"},
		"conflict":       {func(a armory) { a.repo.Commit("main", "m", map[string]string{"c.txt": "m\n"}) }, "MERGE_CONFLICT"},
		"rule gone":      {func(a armory) { a.repo.RemoveRuleset(a.queueRule()) }, "QUEUE_CLEARED"},
		"review wanted":  {func(a armory) { a.reviews(githubtest.RequiredReviews{Approvals: 1}) }, "BRANCH_PROTECTIONS"},
		"pushed to base": {func(a armory) { a.repo.PushRefs(map[string]string{"refs/heads/main": a.head()}) }, "ALREADY_MERGED"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := queueing(t, "")
			a.repo.Commit("other", "o", map[string]string{"o.txt": "o\n"})
			a.enqueue(nil)
			group, before := a.repo.MergeGroup(1), a.repo.Branch("main")
			r := receive(t)
			a.hub.Webhook(r.url, secret)
			tt.then(a)
			var told []string
			for _, one := range r.take(a.hub) {
				if key := one.key(); key == "pull_request.dequeued" || key == "merge_group.destroyed" {
					told = append(told, key+" "+fmt.Sprint(one.body["reason"]))
				}
			}
			if got := strings.Join(told, ", "); got != "pull_request.dequeued "+tt.reason+", merge_group.destroyed dequeued" {
				t.Errorf("told %s, want %s", got, tt.reason)
			}
			if a.entry(1) != notQueued || a.repo.Branch("main") == group || a.repo.Branch("gh-readonly-queue/main/pr-1-"+before) != "" {
				t.Errorf("entry %s", a.entry(1))
			}
		})
	}
}

func (a armory) mutateDequeue() {
	a.t.Helper()
	const mutation = `mutation($id: ID!) { dequeuePullRequest(input: {id: $id}) { mergeQueueEntry { position } } }`
	if said := ask(a.t, a.hub, a.token, mutation, map[string]any{"id": a.id}); said.at("data.dequeuePullRequest.mergeQueueEntry.position") != 1.0 {
		a.t.Errorf("%v", said.body)
	}
	wantRefusal(a.t, ask(a.t, a.hub, a.token, mutation, map[string]any{"id": a.id}), "UNPROCESSABLE", "Pull request is not in the merge queue")
}

// queueRule is the id of the ruleset.
func (a armory) queueRule() int64 {
	for _, rule := range a.send("GET", "/rules/branches/main", "", 200, "").list {
		if at(rule, "type") == "merge_queue" {
			return int64(at(rule, "ruleset_id").(float64))
		}
	}
	return 0
}

// TestQueueAfterAPush shows that a group is made anew when its base moves.
func TestQueueAfterAPush(t *testing.T) {
	a := queueing(t, "")
	a.enqueue(nil)
	before := a.repo.MergeGroup(1)
	told := told(a.hub, func() { a.repo.Commit("main", "m", map[string]string{"m.txt": "m\n"}) })
	const branch, bot = "gh-readonly-queue/main/pr-1-", " by github-merge-queue[bot]"
	old, now := branch+a.parentOf(before), branch+a.repo.Branch("main")
	if diff := cmp.Diff([]string{
		"push refs/heads/main by acme", "check_suite.requested by acme",
		"merge_group.destroyed" + bot, "push refs/heads/" + old + bot, "delete " + old + bot,
		"push refs/heads/" + now + bot, "create " + now + bot, "check_suite.requested" + bot, "merge_group.checks_requested" + bot,
	}, told); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	a.checkGroup(1, "success")
	a.send("GET", "/pulls/1/merge", "", 204, "")
}

func (a armory) parentOf(commit string) string {
	return fmt.Sprint(at(a.send("GET", "/git/commits/"+commit, "", 200, "").body["parents"].([]any)[0], "sha"))
}

// TestAutoMergeIntoTheQueue shows that the order is to queue then, that what is
// ready is queued at once, and that the method means nothing.
func TestAutoMergeIntoTheQueue(t *testing.T) {
	a := queueing(t, "merge")
	a.check("failure")
	wantTold(t, a.hub, func() { a.enable(map[string]any{"mergeMethod": "REBASE"}) }, "pull_request.auto_merge_enabled by image-updater[bot]")
	if a.entry(1) != notQueued {
		t.Error("queued though its check failed")
	}
	a.check("success")
	if a.entry(1) != "[true 1 AWAITING_CHECKS]" || a.seen()["auto_merge"] != nil {
		t.Errorf("%s, %v", a.entry(1), a.seen()["auto_merge"])
	}
	wantRefusal(t, a.enable(nil), "UNPROCESSABLE", "Pull request is already in the queue")
	a.checkGroup(1, "failure")
	if a.entry(1) != notQueued {
		t.Error("queued again")
	}
	said := a.enable(nil)
	if said.at("data.enablePullRequestAutoMerge.pullRequest.autoMergeRequest") != nil || said.body["errors"] != nil || a.entry(1) != "[true 1 AWAITING_CHECKS]" {
		t.Errorf("%v, %s", said.body, a.entry(1))
	}
	a.checkGroup(1, "success")
	a.send("GET", "/pulls/1/merge", "", 204, "")
}

func TestQueueIsShown(t *testing.T) {
	a := queueing(t, "")
	const query = `{ repository(owner: "acme", name: "shop") { mergeQueue { id url } other: mergeQueue(branch: "topic") { id } } }`
	said := ask(t, a.hub, a.token, query, nil)
	if said.at("data.repository.mergeQueue.url") != a.hub.URL+"/acme/shop/queue/main" || said.at("data.repository.other") != nil {
		t.Errorf("%v", said.body)
	}
	a.repo.Enqueue(1, "alice")
	const entries = `{ repository(owner: "acme", name: "shop") { pullRequest(number: 1) { isMergeQueueEnabled mergeQueue {
		resourcePath repository { name } entries(first: 10) { totalCount nodes {
			jump solo enqueuer { login } baseCommit { oid } headCommit { oid } pullRequest { number } mergeQueue { id } } } } } } }`
	said = ask(t, a.hub, a.token, entries, nil)
	const pull = "data.repository.pullRequest."
	for path, want := range map[string]any{
		"isMergeQueueEnabled": true, "mergeQueue.resourcePath": "/acme/shop/queue/main", "mergeQueue.repository.name": "shop",
		"mergeQueue.entries.totalCount": 1.0, "mergeQueue.entries.nodes.0.enqueuer.login": "alice", "mergeQueue.entries.nodes.0.jump": false,
		"mergeQueue.entries.nodes.0.baseCommit.oid": a.repo.Branch("main"), "mergeQueue.entries.nodes.0.headCommit.oid": a.repo.MergeGroup(1),
		"mergeQueue.entries.nodes.0.pullRequest.number": 1.0, "mergeQueue.entries.nodes.0.solo": false,
	} {
		if got := said.at(pull + path); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
	a.repo.Dequeue(1, "alice")
	rule := a.send("GET", "/rules/branches/main", "", 200, "").list[0]
	if at(rule, "type") != "merge_queue" || at(rule, "parameters", "merge_method") != "SQUASH" {
		t.Errorf("%v", rule)
	}
	a.repo.PauseMerging()
	a.enqueue(nil)
	if a.entry(1) != "[true 1 QUEUED]" {
		t.Errorf("paused: %s", a.entry(1))
	}
	a.repo.ResumeMerging()
	if a.entry(1) != "[true 1 AWAITING_CHECKS]" {
		t.Errorf("resumed: %s", a.entry(1))
	}
}

// TestClassicQueue is required by a classic protection.
func TestClassicQueue(t *testing.T) {
	a := arming(t)
	a.repo.Protect("main", githubtest.Protection{MergeQueue: true})
	a.send("PUT", "/pulls/1/merge", `{"merge_method":"squash"}`, 405, "Changes must be made through the merge queue")
	said := a.enqueue(nil) // nothing is to be checked
	if said.at("data.enqueuePullRequest.mergeQueueEntry.state") != "QUEUED" || a.seen()["merged"] != true {
		t.Errorf("%v, merged %v", said.body, a.seen()["merged"])
	}
}

// TestToldOfMerging shows that go-github takes all of the webhooks.
func TestToldOfMerging(t *testing.T) {
	a := queueing(t, "")
	r := receive(t)
	a.hub.Webhook(r.url, secret)
	a.check("failure")
	a.arm()
	a.mutate(a.token, "disablePullRequestAutoMerge", nil)
	a.check("success")
	a.arm()
	a.checkGroup(1, "failure")
	seen := map[string]bool{}
	for _, one := range r.take(a.hub) {
		seen[one.key()] = true
		if _, err := github.ParseWebHook(one.header.Get("X-Github-Event"), one.raw); err != nil {
			t.Errorf("%s: %v", one.key(), err)
		}
	}
	for _, key := range []string{
		"pull_request.auto_merge_enabled", "pull_request.auto_merge_disabled", "pull_request.enqueued", "pull_request.dequeued",
		"merge_group.checks_requested", "merge_group.destroyed",
	} {
		if !seen[key] {
			t.Errorf("told nothing of %s", key)
		}
	}
}
