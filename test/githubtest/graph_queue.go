package githubtest

import "slices"

// entryOf is a place in a merge queue, and queueOn the queue of a branch.
type (
	entryOf struct {
		pullOf

		entry *queueEntry
	}
	queueOn struct {
		repo   *Repository
		branch string
	}
)

// queueEntry is null for a pull request that is in no queue.
func (g *graph) queueEntry(r *Repository, i *issue, e *queueEntry) *thing {
	if e == nil {
		return nil
	}
	shown := object{
		"node_id": node("MQE", e.id), "position": slices.Index(r.queue(i.pull.base), i) + 1, "state": "QUEUED",
		"enqueued_at": stamp(e.at), "head_commit": nil, "base_commit": nil, "jump": e.jump, "solo": false,
	}
	if e.group != nil {
		shown["state"] = "AWAITING_CHECKS"
		shown["head_commit"], shown["base_commit"] = g.commitOrNull(r, e.group.head), g.commitOrNull(r, e.group.onto)
		if !e.held && r.groupStanding(i) == "success" {
			shown["state"] = "MERGEABLE" // and waits for those before it
		}
	}
	return &thing{"MergeQueueEntry", shown, entryOf{pullOf{r, i}, e}}
}

// mergeQueue is null for a branch that requires none.
func (g *graph) mergeQueue(r *Repository, branch string) *thing {
	if r.queueOf(branch) == nil {
		return nil
	}
	return &thing{"MergeQueue", object{
		"node_id": node("MQ", r.FullName()+":"+branch), "html_url": r.html("/queue/" + branch),
		"resource_path": "/" + r.FullName() + "/queue/" + branch,
	}, queueOn{r, branch}}
}

// mergeQueueOf is that of a branch, the default one unless told otherwise.
func mergeQueueOf(g *graph, r *Repository, in map[string]any) (any, error) {
	if branch, named := in["branch"].(string); named {
		return g.mergeQueue(r, branch), nil
	}
	return g.mergeQueue(r, r.defaultBranch), nil
}

func autoMergeOf(g *graph, p pullOf) any {
	a := p.pull.auto
	if a == nil {
		return nil
	}
	return thing{kind: "AutoMergeRequest", shown: object{
		"enabled_at": a.at, "enabled_by": g.actor(a.by), "merge_method": a.method,
		"commit_headline": a.headline, "commit_body": a.body, "author_email": a.author,
	}}
}

func queueFields() map[string]resolver {
	entry := func(field func(*graph, entryOf) any) resolver {
		return func(g *graph, t thing, _ map[string]any) (any, error) {
			e, _ := t.of.(entryOf)
			return field(g, e), nil
		}
	}
	return map[string]resolver{
		"MergeQueueEntry.enqueuer":    entry(func(g *graph, e entryOf) any { return g.actor(e.entry.by) }),
		"MergeQueueEntry.pullRequest": entry(func(g *graph, e entryOf) any { return g.pullRequest(e.repo, e.issue) }),
		"MergeQueueEntry.mergeQueue":  entry(func(g *graph, e entryOf) any { return g.mergeQueue(e.repo, e.pull.base) }),
		"MergeQueue.repository": func(g *graph, t thing, _ map[string]any) (any, error) {
			q, _ := t.of.(queueOn)
			return g.repository(q.repo), nil
		},
		"MergeQueue.entries": func(g *graph, t thing, in map[string]any) (any, error) {
			q, _ := t.of.(queueOn)
			var all []thing
			for _, i := range q.repo.queue(q.branch) {
				all = append(all, *g.queueEntry(q.repo, i, i.pull.entry))
			}
			return connection("MergeQueueEntryConnection", "entries", all, in)
		},
	}
}
