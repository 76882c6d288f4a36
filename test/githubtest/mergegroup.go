package githubtest

import (
	"context"
	"fmt"
)

// CheckMergeGroup lets the merge queue take a pull request: it merges it into
// its base on a branch of the queue's own, and asks for the checks of that
// commit, whose id it returns. The queue does not go on from there.
func (r *Repository) CheckMergeGroup(number int) string {
	r.server.t.Helper()
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	i := r.issues[number]
	if i == nil || i.pull == nil {
		r.server.t.Fatalf("githubtest: %s has no pull request %d", r.FullName(), number)
	}
	id, err := r.group(r.server.t.Context(), i)
	if err != nil {
		r.server.t.Fatalf("githubtest: queueing pull request %d of %s: %v", number, r.FullName(), err)
	}
	return id
}

func (r *Repository) group(ctx context.Context, i *issue) (string, error) {
	p := i.pull
	p.queued = true
	tree, clean, err := r.git.merge(ctx, p.baseSHA, p.headSHA)
	if err != nil || !clean {
		return "", fmt.Errorf("merging (clean: %t): %w", clean, err)
	}
	t := commitText{
		tree: tree, parents: []string{p.baseSHA, p.headSHA}, author: r.server.webFlow(), committer: r.server.webFlow(),
		message: fmt.Sprintf("Merge pull request #%d", i.number),
	}
	id, err := r.git.commit(ctx, t)
	if err != nil {
		return "", err
	}
	ref := fmt.Sprintf("refs/heads/gh-readonly-queue/%s/pr-%d-%s", p.base, i.number, p.baseSHA)
	bot := r.server.person("github-merge-queue[bot]")
	if err := r.move(ctx, bot, ref, id); err != nil {
		return "", err
	}
	r.server.happen(event{name: "merge_group", action: "checks_requested", repo: r, by: bot, payload: object{
		"merge_group": object{
			"head_sha": id, "head_ref": ref, "base_sha": p.baseSHA, "base_ref": "refs/heads/" + p.base, "head_commit": object{
				"id": id, "tree_id": tree, "message": t.message, "timestamp": stamp(t.committer.at),
				"author":    object{"name": t.author.name, "email": t.author.email},
				"committer": object{"name": t.committer.name, "email": t.committer.email},
			},
		},
	}})
	return id, nil
}
