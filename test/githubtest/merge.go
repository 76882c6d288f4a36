package githubtest

import (
	"context"
	"fmt"
	"net/http"
)

// mergeable is null for who asks first after a side moved; then it is known.
func (c *call) mergeable(i *issue) (any, string) {
	p := i.pull
	pair := p.baseSHA + p.headSHA
	if i.state == "closed" || p.asked != pair {
		if i.state == "open" {
			p.asked = pair
		}
		return nil, "unknown"
	}
	_, clean, err := c.repo.git.merge(c.ctx, p.baseSHA, p.headSHA)
	switch {
	case err != nil || !clean:
		return false, "dirty"
	case p.draft:
		return true, "draft"
	case !c.repo.green(p.headSHA):
		return true, "unstable"
	}
	return true, "clean"
}

func checkMerged(c *call) reply {
	if i := c.pull(); i == nil || i.pull.merged.IsZero() {
		return notFound()
	}
	return noContent()
}

// merging is what a call to merge asks for.
type merging struct {
	Title   string `json:"commit_title"`
	Message string `json:"commit_message"`
	SHA     string `json:"sha"`
	Method  string `json:"merge_method"`
}

func mergePull(c *call) reply {
	var in merging
	i := c.pull()
	switch {
	case i == nil:
		return notFound()
	case len(c.body) > 0 && !c.decode(&in):
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	case i.state == "closed" || i.pull.draft:
		return failure(http.StatusMethodNotAllowed, "Pull Request is not mergeable")
	case in.SHA != "" && in.SHA != i.pull.headSHA:
		return failure(http.StatusConflict, "Head branch was modified. Review and try the merge again.")
	}
	id, clean, err := c.merged(i, in)
	switch {
	case err != nil:
		return broken(err)
	case !clean:
		return failure(http.StatusMethodNotAllowed, "Pull Request is not mergeable")
	}
	i.pull.merged, i.pull.mergedBy, i.pull.mergeCommit = c.Now(), c.caller(), id
	c.setState(i, "closed")
	if err := c.repo.move(c.ctx, c.caller(), "refs/heads/"+i.pull.base, id); err != nil {
		return broken(err)
	}
	return ok(object{"sha": id, "merged": true, "message": "Pull Request successfully merged"})
}

// merged makes the commit that the base shall point at.
func (c *call) merged(i *issue, in merging) (id string, clean bool, err error) {
	p := i.pull
	if in.Method == "rebase" {
		return c.repo.rebase(c.ctx, c.repo.person(c.caller()), c.fork(i)+".."+p.headSHA, p.baseSHA)
	}
	tree, clean, err := c.repo.git.merge(c.ctx, p.baseSHA, p.headSHA)
	if err != nil || !clean {
		return "", clean, err
	}
	t := commitText{tree: tree, parents: []string{p.baseSHA, p.headSHA}, author: c.repo.person(c.caller()), committer: c.webFlow()}
	title, message := fmt.Sprintf("Merge pull request #%d from %s/%s", i.number, p.from.Owner, p.head), i.title
	if in.Method == "squash" {
		t.parents = []string{p.baseSHA}
		title, message = fmt.Sprintf("%s (#%d)", i.title, i.number), ""
	}
	if in.Title != "" {
		title = in.Title
	}
	if in.Message != "" {
		message = in.Message
	}
	t.message = title
	if message != "" {
		t.message += "\n\n" + message
	}
	id, err = c.repo.git.commit(c.ctx, t)
	return id, true, err
}

// rebase puts commits, as "old..new", onto another one, each by a three-way
// merge whose common ancestor is the commit's parent. They lose their
// signatures.
func (r *Repository) rebase(ctx context.Context, by signature, commits, onto string) (string, bool, error) {
	ids, err := r.git.lines(ctx, "rev-list", "--reverse", "--no-merges", commits)
	if err != nil {
		return "", false, err
	}
	for _, id := range ids {
		t, err := r.git.readCommit(id)
		if err != nil {
			return "", false, err
		}
		tree, clean, err := r.pick(ctx, t, onto)
		if err != nil || !clean {
			return "", clean, err
		}
		t.tree, t.parents, t.committer, t.signed = tree, []string{onto}, by, ""
		if onto, err = r.git.commit(ctx, t); err != nil {
			return "", false, err
		}
	}
	return onto, true, nil
}

// pick merges a commit's change into another commit. merge-tree takes its
// ancestor from history, so a little history is made for it: git before 2.40
// cannot be told the ancestor.
func (r *Repository) pick(ctx context.Context, t commitText, onto string) (string, bool, error) {
	base := commitText{author: t.author, committer: t.author}
	for _, parent := range t.parents {
		p, err := r.git.readCommit(parent)
		if err != nil {
			return "", false, err
		}
		base.tree = p.tree
	}
	target, err := r.git.readCommit(onto)
	if err != nil {
		return "", false, err
	}
	ancestor, err := r.git.commit(ctx, base)
	if err != nil {
		return "", false, err
	}
	sides := make([]string, 0, 2)
	for _, tree := range []string{target.tree, t.tree} {
		side := base
		side.tree, side.parents = tree, []string{ancestor}
		id, err := r.git.commit(ctx, side)
		if err != nil {
			return "", false, err
		}
		sides = append(sides, id)
	}
	return r.git.merge(ctx, sides[0], sides[1])
}
