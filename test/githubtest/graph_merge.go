package githubtest

import "strings"

// mayMerge refuses who may not have GitHub merge. A person is told so in other
// words than elsewhere.
func (g *graph) mayMerge(r *Repository, mutation string) error {
	for _, needs := range []string{"pull_requests:write", "contents:write"} {
		err := g.may(r, needs)
		if err != nil && g.by.user != nil && r.role(g.by.user) != "" {
			return graphFailure("FORBIDDEN", "%s does not have the correct permissions to execute `%s`", g.by.user.login, mutation)
		}
		if err != nil {
			return err
		}
	}
	if r.archived {
		return graphFailure("UNPROCESSABLE", "Repository was archived so is read-only.")
	}
	return nil
}

// pullToMerge is the pull request of a global id, if the caller may merge there.
func (g *graph) pullToMerge(id, mutation string) (pullOf, error) {
	found, err := g.node(id)
	if err != nil {
		return pullOf{}, err
	}
	t, _ := found.(thing)
	p, isPull := t.of.(pullOf)
	if !isPull {
		return pullOf{}, graphFailure("NOT_FOUND", "Could not resolve to PullRequest node with the global id of '%s'.", id)
	}
	return p, g.mayMerge(p.repo, mutation)
}

// ofPull is what these mutations have in common.
type ofPull struct {
	ClientMutationID *string
	PullRequestID    string
	ExpectedHeadOid  string
}

// changedPull is the answer of a mutation that shows the pull request.
func (g *graph) changedPull(kind string, in ofPull, p pullOf) thing {
	pull, actor := g.pullRequest(p.repo, p.issue), g.actor(g.caller())
	return payload(kind, in.ClientMutationID, object{"pull_request": pull, "actor": actor})
}

func enableAutoMerge(g *graph, _ thing, arguments map[string]any) (any, error) {
	var in struct {
		ofPull

		MergeMethod                             string
		CommitHeadline, CommitBody, AuthorEmail *string
	}
	if err := input(arguments, &in); err != nil {
		return nil, err
	}
	p, err := g.pullToMerge(in.PullRequestID, "EnablePullRequestAutoMerge")
	if err != nil {
		return nil, err
	}
	method := strings.ToLower(in.MergeMethod)
	if method == "" {
		method = "merge"
	}
	c, order := g.in(p.repo), &autoMerge{method: method, headline: in.CommitHeadline, body: in.CommitBody, author: in.AuthorEmail}
	if refusal := c.refuseAutoMerge(p.issue, order, in.ExpectedHeadOid); refusal != "" {
		return nil, graphFailure("UNPROCESSABLE", "%s", refusal)
	}
	c.arm(p.issue, order)
	return g.changedPull("EnablePullRequestAutoMergePayload", in.ofPull, p), nil
}

func disableAutoMerge(g *graph, _ thing, arguments map[string]any) (any, error) {
	var in ofPull
	if err := input(arguments, &in); err != nil {
		return nil, err
	}
	p, err := g.pullToMerge(in.PullRequestID, "DisablePullRequestAutoMerge")
	if err != nil {
		return nil, err
	}
	if p.pull.auto == nil {
		return nil, graphFailure("UNPROCESSABLE", "Can't disable auto-merge for this pull request.")
	}
	g.in(p.repo).disarm(p.issue, byHand)
	return g.changedPull("DisablePullRequestAutoMergePayload", in, p), nil
}

func enqueuePull(g *graph, _ thing, arguments map[string]any) (any, error) {
	var in struct {
		ofPull

		Jump bool
	}
	if err := input(arguments, &in); err != nil {
		return nil, err
	}
	p, err := g.pullToMerge(in.PullRequestID, "EnqueuePullRequest")
	if err != nil {
		return nil, err
	}
	c := g.in(p.repo)
	if refusal := c.refuseEnqueue(p.issue, in.ExpectedHeadOid); refusal != "" {
		return nil, graphFailure("UNPROCESSABLE", "%s", refusal)
	}
	c.enqueue(p.issue, in.Jump)
	entry := g.queueEntry(p.repo, p.issue, p.pull.entry) // as it comes in: it may be merged at once
	p.repo.advance(g.ctx)
	if p.pull.entry != nil {
		entry = g.queueEntry(p.repo, p.issue, p.pull.entry)
	}
	return payload("EnqueuePullRequestPayload", in.ClientMutationID, object{"merge_queue_entry": entry}), nil
}

func dequeuePull(g *graph, _ thing, arguments map[string]any) (any, error) {
	var in struct {
		ClientMutationID *string
		ID               string
	}
	if err := input(arguments, &in); err != nil {
		return nil, err
	}
	p, err := g.pullToMerge(in.ID, "DequeuePullRequest")
	if err != nil {
		return nil, err
	}
	if p.pull.entry == nil {
		return nil, graphFailure("UNPROCESSABLE", "Pull request is not in the merge queue")
	}
	entry := g.queueEntry(p.repo, p.issue, p.pull.entry)
	g.in(p.repo).dequeue(p.issue, "MANUAL")
	p.repo.advance(g.ctx)
	return payload("DequeuePullRequestPayload", in.ClientMutationID, object{"merge_queue_entry": entry}), nil
}
