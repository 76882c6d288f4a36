package githubtest

import (
	"fmt"
	"strings"
)

// pullOf is a pull request and its repository.
type pullOf struct {
	repo *Repository
	*issue
}

func (g *graph) pullRequest(r *Repository, i *issue) thing {
	return thing{"PullRequest", g.in(r).showPullShort(i), pullOf{r, i}}
}

func pullState(i *issue) string {
	if i.pull != nil && !i.pull.merged.IsZero() {
		return "MERGED"
	}
	return strings.ToUpper(i.state)
}

func pullFields() map[string]resolver {
	simple := map[string]func(*graph, pullOf) any{
		"state":               func(_ *graph, p pullOf) any { return pullState(p.issue) },
		"body":                func(_ *graph, p pullOf) any { return p.body },
		"merged":              func(_ *graph, p pullOf) any { return !p.pull.merged.IsZero() },
		"closed":              func(_ *graph, p pullOf) any { return p.state == "closed" },
		"headRefName":         func(_ *graph, p pullOf) any { return p.pull.head },
		"headRefOid":          func(_ *graph, p pullOf) any { return p.pull.headSHA },
		"headRef":             func(g *graph, p pullOf) any { return g.ref(p.pull.from, "refs/heads/"+p.pull.head) },
		"baseRefName":         func(_ *graph, p pullOf) any { return p.pull.base },
		"baseRefOid":          func(_ *graph, p pullOf) any { return p.pull.baseSHA },
		"baseRef":             func(g *graph, p pullOf) any { return g.ref(p.repo, "refs/heads/"+p.pull.base) },
		"mergeable":           mergeableOf,
		"mergeStateStatus":    func(g *graph, p pullOf) any { return g.mergeability(p).state },
		"reviewDecision":      func(g *graph, p pullOf) any { return g.in(p.repo).decision(p.issue) },
		"autoMergeRequest":    autoMergeOf,
		"isInMergeQueue":      func(_ *graph, p pullOf) any { return p.pull.entry != nil },
		"isMergeQueueEnabled": func(_ *graph, p pullOf) any { return p.repo.queueOf(p.pull.base) != nil },
		"mergeQueue":          func(g *graph, p pullOf) any { return g.mergeQueue(p.repo, p.pull.base) },
		"mergeQueueEntry":     func(g *graph, p pullOf) any { return g.queueEntry(p.repo, p.issue, p.pull.entry) },
		"author":              func(g *graph, p pullOf) any { return g.actor(p.by) },
		"statusCheckRollup":   func(g *graph, p pullOf) any { return g.rollup(p.repo, p.pull.headSHA) },
		"mergeCommit":         func(g *graph, p pullOf) any { return g.commitOrNull(p.repo, p.pull.mergeCommit) },
		"isCrossRepository":   func(_ *graph, p pullOf) any { return p.pull.from != p.repo },
		"viewerCanEnableAutoMerge": func(g *graph, p pullOf) any {
			return g.mayMerge(p.repo, "") == nil && g.in(p.repo).refuseAutoMerge(p.issue, &autoMerge{}, "") == ""
		},
		"viewerCanDisableAutoMerge": func(g *graph, p pullOf) any { return g.mayMerge(p.repo, "") == nil && p.pull.auto != nil },
		"maintainerCanModify":       func(*graph, pullOf) any { return false },
	}
	all := map[string]resolver{"PullRequest.labels": labelsOf, "PullRequest.commits": commitsOf, "PullRequest.reviewThreads": threadsOf}
	for name, field := range simple {
		all["PullRequest."+name] = func(g *graph, t thing, _ map[string]any) (any, error) {
			p, _ := t.of.(pullOf)
			return field(g, p), nil
		}
	}
	return all
}

// mergeability is whether a pull request merges, nil while that is unknown, and
// its mergeable_state.
type mergeability struct {
	can   any
	state string
}

func (g *graph) mergeability(p pullOf) mergeability {
	known, asked := g.merges[p.issue]
	if !asked {
		known.can, known.state = g.in(p.repo).mergeable(p.issue)
		g.merges[p.issue] = known
	}
	return known
}

func mergeableOf(g *graph, p pullOf) any {
	switch g.mergeability(p).can {
	case true:
		return "MERGEABLE"
	case false:
		return "CONFLICTING"
	}
	return "UNKNOWN"
}

func labelsOf(g *graph, t thing, in map[string]any) (any, error) {
	p, _ := t.of.(pullOf)
	var all []thing
	for _, shown := range g.in(p.repo).showLabels(p.issue) {
		shown["html_url"] = p.repo.html("/labels/" + fmt.Sprint(shown["name"]))
		all = append(all, thing{kind: "Label", shown: shown})
	}
	return connection("LabelConnection", "labels", all, in)
}

func commitsOf(g *graph, t thing, in map[string]any) (any, error) {
	p, _ := t.of.(pullOf)
	ids, err := p.repo.git.lines(g.ctx, "rev-list", "--reverse", g.in(p.repo).fork(p.issue)+".."+p.pull.headSHA)
	if err != nil {
		return nil, graphFailure("", "%v", err)
	}
	var all []thing
	for _, id := range ids {
		commit := g.commitOrNull(p.repo, id)
		all = append(all, thing{kind: "PullRequestCommit", shown: object{"node_id": node("PURC", id), "commit": commit}})
	}
	return connection("PullRequestCommitConnection", "commits", all, in)
}

// rolledUp is a commit whose checks are asked for.
type rolledUp struct {
	repo *Repository
	head string
}

// rollup is null for a commit without checks and statuses.
func (g *graph) rollup(r *Repository, head string) *thing {
	checks, statuses := r.latest(head), r.current(head)
	if len(checks)+len(statuses) == 0 {
		return nil
	}
	return &thing{"StatusCheckRollup", object{"node_id": node("SCR", head)}, rolledUp{r, head}}
}

func rollupFields() map[string]resolver {
	return map[string]resolver{
		"StatusCheckRollup.state":    rollupState,
		"StatusCheckRollup.contexts": rollupContexts,
		"CheckRun.checkSuite": func(_ *graph, t thing, _ map[string]any) (any, error) {
			suite, _ := t.shown["check_suite"].(object)
			app, _ := t.shown["app"].(object)
			return thing{"CheckSuite", object{
				"node_id": node("CS", suite["id"]), "app": thing{kind: "App", shown: app},
				"status": t.shown["status"], "conclusion": t.shown["conclusion"],
			}, nil}, nil
		},
	}
}

func rollupState(_ *graph, t thing, _ map[string]any) (any, error) {
	at, _ := t.of.(rolledUp)
	verdict := "success"
	if statuses := at.repo.current(at.head); len(statuses) > 0 {
		verdict = combined(statuses)
	}
	for _, k := range at.repo.latest(at.head) {
		switch k.conclusion {
		case "success", "neutral", "skipped":
		case "":
			if verdict == "success" {
				verdict = "pending"
			}
		default:
			verdict = "failure"
		}
	}
	return verdict, nil
}

func rollupContexts(g *graph, t thing, in map[string]any) (any, error) {
	at, _ := t.of.(rolledUp)
	c := g.in(at.repo)
	var all []thing
	for _, k := range at.repo.latest(at.head) {
		all = append(all, thing{kind: "CheckRun", shown: c.showCheck(k), of: k})
	}
	for _, s := range at.repo.current(at.head) {
		all = append(all, thing{kind: "StatusContext", shown: c.showStatus(s), of: s})
	}
	return connection("StatusCheckRollupContextConnection", "contexts", all, in)
}
