package githubtest_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// armory is a place whose base asks for the check ci, in a repository that allows
// auto-merge; the App may do, and is told, everything.
type armory struct {
	place

	t       *testing.T
	install *githubtest.Installation
	token   string
	id      any // of the pull request, in GraphQL
}

func arming(t *testing.T) armory {
	t.Helper()
	hub := githubtest.New(t, githubtest.Options{})
	repo := hub.AddRepository("acme/shop", map[string]string{"a/b.txt": "one\n", "c.txt": "see\n"})
	i := hub.Install("acme", everything(), repo)
	token := tokenOf(t, hub, i, "")
	p := place{hub, repo, func(method, path, body string, status int, message string) answer {
		t.Helper()
		a := call(t, hub, token, method, "/repos/acme/shop"+path, body)
		want(t, a, status, message)
		return a
	}}
	repo.Collaborate("alice", "write")
	repo.Collaborate("bob", "maintain")
	repo.SetMerging(githubtest.Merging{AllowMergeCommit: true, AllowSquash: true, AllowAutoMerge: true})
	p.ci(false, required("ci"))
	repo.Commit("topic", "topic", map[string]string{"c.txt": "t\n"})
	id := p.send("POST", "/pulls", open("topic"), 201, "").body["node_id"]
	return armory{p, t, i, token, id}
}

// mutate does a mutation on a pull request: more is laid over its id.
func (a armory) mutate(token, name string, more map[string]any) answer {
	a.t.Helper()
	in := map[string]any{"pullRequestId": a.id, "clientMutationId": "m1"}
	maps.Copy(in, more)
	shown := `clientMutationId actor { login } pullRequest { merged autoMergeRequest { mergeMethod commitHeadline commitBody authorEmail enabledAt enabledBy { login } } }`
	if strings.HasPrefix(name, "enqueue") {
		shown = `clientMutationId mergeQueueEntry { id position state enqueuedAt headCommit { oid } }`
	}
	kind := strings.ToUpper(name[:1]) + name[1:] + "Input!"
	return ask(a.t, a.hub, token, fmt.Sprintf(`mutation($in: %s) { %s(input: $in) { %s } }`, kind, name, shown), map[string]any{"in": in})
}

func (a armory) enable(more map[string]any) answer {
	a.t.Helper()
	return a.mutate(a.token, "enablePullRequestAutoMerge", more)
}

// email is the App's own address.
func (a armory) email() string {
	a.t.Helper()
	return fmt.Sprintf("%d+image-updater[bot]@users.noreply.github.com", a.hub.Person("image-updater[bot]"))
}

// arm enables auto-merge by squash, which must be good.
func (a armory) arm() {
	a.t.Helper()
	if said := a.enable(map[string]any{"mergeMethod": "SQUASH", "expectedHeadOid": a.head()}); said.body["errors"] != nil {
		a.t.Fatalf("%v", said.body)
	}
}

func (a armory) check(conclusion string) {
	a.repo.Check(a.head(), "ci-app", "ci", "completed", conclusion)
}

// seen is the pull request as REST shows it.
func (a armory) seen() map[string]any {
	a.t.Helper()
	return a.send("GET", "/pulls/1", "", 200, "").body
}

// wantRefusal is GraphQL's: a 200 that says no.
func wantRefusal(t *testing.T, a answer, kind, message string) {
	t.Helper()
	if a.status != 200 || a.at("errors.0.type") != kind || a.at("errors.0.message") != message {
		t.Errorf("%d %v, want %s %q", a.status, a.body, kind, message)
	}
}

func TestRefusedAutoMerge(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		arrange func(a armory)
		in      map[string]any
		message string
	}{
		"not allowed": {
			func(a armory) { a.repo.SetMerging(githubtest.Merging{AllowMergeCommit: true}) },
			nil, "Pull request Auto merge is not allowed for this repository",
		},
		"clean":     {func(a armory) { a.check("success") }, nil, "Pull request Pull request is in clean status"},
		"has hooks": {func(a armory) { a.hooks() }, nil, "Pull request Pull request is in has_hooks status"},
		"unstable": {func(a armory) {
			a.check("success")
			a.repo.Status(a.head(), "other", "pending")
		}, nil, "Pull request Pull request is in unstable status"},
		"draft":         {func(a armory) { a.repo.SetDraft(1, "alice", true) }, nil, "Pull request Pull request is in draft status"},
		"no protection": {func(a armory) { a.repo.Unprotect("main") }, nil, "Pull request Protected branch rules not configured for this branch"},
		"head moved":    {func(armory) {}, map[string]any{"expectedHeadOid": zeros}, "Head branch was modified. Review and try the merge again."},
		"no rebases":    {func(armory) {}, map[string]any{"mergeMethod": "REBASE"}, "Merge method rebase merging is not allowed on this repository"},
		"another's address": {
			func(armory) {},
			map[string]any{"authorEmail": "me@example.com"},
			"image-updater does not have a verified email, which is required to enable auto-merging.",
		},
		"no merges": {
			func(a armory) { a.repo.SetMerging(githubtest.Merging{AllowSquash: true, AllowAutoMerge: true}) },
			nil, "Merge method merge commits are not allowed on this repository",
		},
		"no squashes by ruleset": {
			func(a armory) { a.repo.AddRuleset(githubtest.Ruleset{MergeMethods: []string{"merge"}}) },
			map[string]any{"mergeMethod": "SQUASH"},
			"Merge method squash merging is not allowed on this repository",
		},
		"closed":   {func(a armory) { a.repo.ClosePull(1, "alice") }, nil, "Pull request Can't enable auto-merge for this pull request"},
		"merged":   {func(a armory) { a.check("success"); a.repo.MergePull(1, "alice", "merge") }, nil, "Pull request Can't enable auto-merge for this pull request"},
		"archived": {func(a armory) { a.repo.Archive("acme", true) }, nil, "Repository was archived so is read-only."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := arming(t)
			tt.arrange(a)
			before := len(a.hub.Happened())
			wantRefusal(t, a.enable(tt.in), "UNPROCESSABLE", tt.message)
			if a.seen()["auto_merge"] != nil || len(a.hub.Happened()) != before {
				t.Error("armed all the same")
			}
		})
	}
}

func (a armory) hooks() {
	a.check("success")
	a.repo.SetMerging(githubtest.Merging{AllowMergeCommit: true, AllowAutoMerge: true, Hooks: true})
}

func TestWhoMayArm(t *testing.T) {
	a := arming(t)
	a.repo.Collaborate("tim", "triage")
	const mutation = "enablePullRequestAutoMerge"
	wantRefusal(t, a.mutate(a.hub.Token("tim"), mutation, nil), "FORBIDDEN", "tim does not have the correct permissions to execute `EnablePullRequestAutoMerge`")
	for _, weak := range []string{`{"permissions":{"contents":"write","pull_requests":"read"}}`, `{"permissions":{"contents":"read","pull_requests":"write"}}`} {
		wantRefusal(t, a.mutate(tokenOf(t, a.hub, a.install, weak), mutation, nil), "FORBIDDEN", "Resource not accessible by integration")
	}
	wantRefusal(t, a.enable(map[string]any{"pullRequestId": "PR_none"}), "NOT_FOUND", "Could not resolve to a node with the global id of 'PR_none'")
	repo := repositoryID(t, a.hub, a.token, "acme/shop")
	wantRefusal(t, a.enable(map[string]any{"pullRequestId": repo}), "NOT_FOUND",
		fmt.Sprintf("Could not resolve to PullRequest node with the global id of '%v'.", repo))
	if said := a.mutate(a.hub.Token("alice"), mutation, nil); said.at("data.enablePullRequestAutoMerge.actor.login") != "alice" {
		t.Errorf("alice: %v", said.body)
	}
}

func TestAutoMergeIsShown(t *testing.T) {
	a := arming(t)
	var said answer
	wantTold(t, a.hub, func() {
		said = a.enable(map[string]any{
			"mergeMethod": "SQUASH", "commitHeadline": "Head", "commitBody": "Body", "authorEmail": a.email(), "expectedHeadOid": a.head(),
		})
	}, "pull_request.auto_merge_enabled by image-updater[bot]")
	const order = "data.enablePullRequestAutoMerge.pullRequest.autoMergeRequest."
	for name, want := range map[string]any{
		"mergeMethod": "SQUASH", "commitHeadline": "Head", "commitBody": "Body", "authorEmail": a.email(), "enabledBy.login": "image-updater",
	} {
		if got := said.at(order + name); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	shown := a.seen()["auto_merge"]
	if at(shown, "merge_method") != "squash" || at(shown, "commit_title") != "Head" || at(shown, "enabled_by", "login") != "image-updater[bot]" {
		t.Errorf("REST: %v", shown)
	}
	const query = `query($id: ID!) { node(id: $id) { ... on PullRequest { viewerCanEnableAutoMerge viewerCanDisableAutoMerge } } }`
	for who, may := range map[string]bool{a.token: true, a.hub.Token("eve"): false} {
		said := ask(t, a.hub, who, query, map[string]any{"id": a.id})
		if said.at("data.node.viewerCanDisableAutoMerge") != may || said.at("data.node.viewerCanEnableAutoMerge") != may {
			t.Errorf("%v, want %t", said.body, may)
		}
	}
	wantTold(t, a.hub, func() { said = a.mutate(a.token, "disablePullRequestAutoMerge", nil) }, "pull_request.auto_merge_disabled by image-updater[bot]")
	if said.at("data.disablePullRequestAutoMerge.pullRequest.autoMergeRequest") != nil || said.body["errors"] != nil || a.seen()["auto_merge"] != nil {
		t.Errorf("disabled: %v", said.body)
	}
	wantRefusal(t, a.mutate(a.token, "disablePullRequestAutoMerge", nil), "UNPROCESSABLE", "Can't disable auto-merge for this pull request.")
	a.check("success")
	if a.seen()["merged"] != false {
		t.Error("merged though nobody wants it any more")
	}
}

// TestAutoMerge goes through what GitHub waits for.
func TestAutoMerge(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		arrange func(a armory)
		then    func(a armory)
	}{
		"a check":  {func(armory) {}, func(a armory) { a.check("success") }},
		"skipped":  {func(armory) {}, func(a armory) { a.check("skipped") }},
		"a status": {func(armory) {}, func(a armory) { a.repo.Status(a.head(), "ci", "success") }},
		"a re-run": {func(a armory) { a.check("failure") }, func(a armory) { a.check("success") }},
		"a review": {func(a armory) {
			a.reviews(githubtest.RequiredReviews{Approvals: 1})
			a.check("success")
		}, func(a armory) { a.repo.Review(1, "alice", "APPROVED", "") }},
		"a refusal taken back": {func(a armory) {
			a.reviews(githubtest.RequiredReviews{})
			a.repo.Review(1, "alice", "CHANGES_REQUESTED", "no")
			a.check("success")
		}, func(a armory) { a.repo.Review(1, "alice", "APPROVED", "") }},
		"the base merged in": {func(a armory) {
			a.ci(true)
			a.repo.Commit("main", "m", map[string]string{"m.txt": "m\n"})
		}, func(a armory) { a.send("PUT", "/pulls/1/update-branch", "", 202, "") }},
		"a rule less":          {func(armory) {}, func(a armory) { a.ci(false) }},
		"no rule that is left": {func(armory) {}, func(a armory) { a.repo.Unprotect("main") }},
		"a role": {func(a armory) {
			a.reviews(githubtest.RequiredReviews{Approvals: 1})
			a.repo.Review(1, "eve", "APPROVED", "")
			a.check("success")
		}, func(a armory) { a.repo.Collaborate("eve", "write") }},
		"a conflict less": {func(a armory) {
			a.check("success")
			a.repo.Commit("main", "m", map[string]string{"c.txt": "m\n"})
		}, func(a armory) { a.repo.Commit("main", "m", map[string]string{"c.txt": "t\n"}) }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := arming(t)
			tt.arrange(a)
			a.arm()
			if a.seen()["merged"] != false {
				t.Fatal("merged too early")
			}
			tt.then(a)
			p := a.seen()
			if p["merged"] != true || at(p, "merged_by", "login") != "image-updater[bot]" || p["merge_commit_sha"] != a.repo.Branch("main") {
				t.Errorf("merged %v by %v", p["merged"], at(p, "merged_by", "login"))
			}
		})
	}
}

func TestAutoMergeMessage(t *testing.T) {
	a := arming(t)
	a.enable(map[string]any{"mergeMethod": "SQUASH", "commitHeadline": "Head", "commitBody": "Body", "authorEmail": a.email()})
	wantTold(t, a.hub, func() { a.check("success") },
		"check_run.created by acme", "check_run.completed by acme", "check_suite.completed by acme",
		"pull_request.closed by image-updater[bot]", "push refs/heads/main by image-updater[bot]", "check_suite.requested by image-updater[bot]")
	commit := a.send("GET", "/git/commits/"+a.repo.Branch("main"), "", 200, "").body
	if commit["message"] != "Head\n\nBody" || at(commit, "author", "email") != a.email() || at(commit, "verification", "verified") != true {
		t.Errorf("%v", commit)
	}
	if a.seen()["auto_merge"] == nil {
		t.Error("what was ordered is not shown any more")
	}
}

// TestAutoMergeEnds is what takes the order back without anybody asking for it.
func TestAutoMergeEnds(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		then  func(a armory)
		stays bool
	}{
		"pushed by a writer": {func(a armory) { a.repo.Push("topic", "alice", "more", nil) }, true},
		"pushed by a bot":    {func(a armory) { a.put("topic") }, true},
		"retargeted":         {func(a armory) { a.send("PATCH", "/pulls/1", `{"base":"other"}`, 200, "") }, false},
		"closed":             {func(a armory) { a.repo.ClosePull(1, "alice") }, false},
		"a draft":            {func(a armory) { a.repo.SetDraft(1, "alice", true) }, false},
		"its branch deleted": {func(a armory) { a.repo.DeleteBranch("topic", "alice") }, false},
		"renamed":            {func(a armory) { a.send("PATCH", "/pulls/1", `{"title":"Other"}`, 200, "") }, true},
		"failed":             {func(a armory) { a.check("failure") }, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := arming(t)
			a.repo.Commit("other", "o", map[string]string{"o.txt": "o\n"})
			a.arm()
			told := told(a.hub, func() { tt.then(a) })
			if got := strings.Contains(sprint(told), "auto_merge_disabled"); got == tt.stays {
				t.Errorf("told %v", told)
			}
			if got := a.seen()["auto_merge"] != nil; got != tt.stays {
				t.Errorf("armed: %t, want %t", got, tt.stays)
			}
		})
	}
}

// put writes a file to a branch as the App.
func (a armory) put(branch string) {
	a.send("PUT", "/contents/new.txt", fmt.Sprintf(`{"message":"m","content":"aGk=","branch":%q}`, branch), 201, "")
}

// TestAutoMergeOfAFork ends when somebody pushes who may not write to the base.
func TestAutoMergeOfAFork(t *testing.T) {
	a := arming(t)
	fork := a.hub.Fork(a.repo, "zoe")
	fork.Commit("theirs", "z", map[string]string{"z.txt": "z\n"})
	number := a.repo.OpenPull("zoe", "Z", "zoe:theirs", "main")
	a.repo.EnableAutoMerge(number, "alice", "squash")
	wantTold(t, a.hub, func() { fork.Commit("theirs", "z", map[string]string{"z.txt": "zz\n"}) },
		"push refs/heads/theirs by zoe", "pull_request.synchronize by zoe", "pull_request.auto_merge_disabled by zoe")
	a.repo.Check(fork.Branch("theirs"), "ci-app", "ci", "completed", "success")
	if a.send("GET", fmt.Sprintf("/pulls/%d", number), "", 200, "").body["merged"] != false {
		t.Error("merged")
	}
}

// TestSlowAutoMerge is GitHub that takes its time, in which the order is taken
// back.
func TestSlowAutoMerge(t *testing.T) {
	a := arming(t)
	a.arm()
	a.repo.PauseMerging()
	a.check("success")
	if p := a.seen(); p["merged"] != false || p["auto_merge"] == nil {
		t.Errorf("merged %v, %v", p["merged"], p["auto_merge"])
	}
	a.repo.DisableAutoMerge(1, "alice")
	a.repo.ResumeMerging()
	if a.seen()["merged"] != false {
		t.Error("merged")
	}
	a.repo.SetMerging(githubtest.Merging{AllowSquash: true, AllowAutoMerge: true})
	a.check("failure")
	a.repo.EnableAutoMerge(1, "alice", "squash")
	a.repo.PauseMerging()
	a.check("success")
	a.repo.ResumeMerging()
	if at(a.seen(), "merged_by", "login") != "alice" {
		t.Errorf("merged by %v", at(a.seen(), "merged_by"))
	}
}
