package githubtest

import (
	"context"
	"net/http"
	"time"
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
	return c.settled(i)
}

// settled is what is found out in the end.
func (c *call) settled(i *issue) (bool, string) {
	switch {
	case !c.mergesCleanly(i):
		return false, "dirty"
	case i.pull.draft:
		return true, "draft"
	}
	return true, c.mergeableState(i)
}

// mergeableState is of what merges without conflict. Who may pass the rules sees
// them all the same.
func (c *call) mergeableState(i *issue) string {
	behind := false
	for _, rules := range c.repo.demands(i.pull.base) {
		for _, h := range c.hindered(i, rules) {
			if !h.behind {
				return "blocked"
			}
			behind = true
		}
	}
	switch {
	case behind:
		return "behind"
	case !c.repo.green(i.pull.headSHA):
		return "unstable"
	case c.repo.merging.Hooks:
		return "has_hooks"
	}
	return "clean"
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
	Email   string `json:"-"` // the author's, of auto-merge
	// Later is what a merge queue adds to the time.
	Later time.Duration `json:"-"`
}

func mergePull(c *call) reply {
	in := merging{Method: "merge"}
	i := c.pull()
	switch {
	case i == nil:
		return notFound()
	case len(c.body) > 0 && !c.decode(&in):
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	if in.Method == "" {
		in.Method = "merge"
	}
	if refusal := c.refuseMerge(i, in); refusal != nil {
		return *refusal
	}
	id, clean, err := c.merged(i, in, i.pull.baseSHA)
	switch {
	case err != nil:
		return broken(err)
	case !clean && in.Method == "rebase" && c.mergesCleanly(i):
		return failure(http.StatusMethodNotAllowed, "This branch can't be rebased")
	case !clean:
		return failure(http.StatusMethodNotAllowed, "Pull Request is not mergeable")
	}
	if refusal := c.raced(i); refusal != nil {
		return *refusal
	}
	if refusal := c.refuseByRules(i, in.Method); refusal != nil {
		return *refusal
	}
	if err := c.land(i, id); err != nil {
		return broken(err)
	}
	return ok(object{"sha": id, "merged": true, "message": "Pull Request successfully merged"})
}

func (c *call) mergesCleanly(i *issue) bool {
	_, clean, err := c.repo.git.merge(c.ctx, i.pull.baseSHA, i.pull.headSHA)
	return err == nil && clean
}

// land moves the base to what has been merged, and deletes the head where the
// repository says so: pull requests onto it get its base then.
func (c *call) land(i *issue, id string) error {
	p := i.pull
	p.merged, p.mergedBy, p.mergeCommit = c.Now(), c.caller(), id
	c.setState(i, "closed")
	if err := c.repo.move(c.ctx, c.caller(), "refs/heads/"+p.base, id); err != nil {
		return err
	}
	if !c.deletesHead(p) {
		return nil
	}
	for _, other := range c.repo.numbered(func(o *issue) bool { return o.pull != nil && o.state == "open" && o.pull.base == p.head }) {
		c.retarget(other, p.base)
	}
	return c.repo.move(c.ctx, c.caller(), "refs/heads/"+p.head, "")
}

// deletesHead says whether the head goes after the merge: one that may not be
// deleted stays.
func (c *call) deletesHead(p *pull) bool {
	head := c.repo.branch(p.head)
	return c.repo.merging.DeleteBranch && p.from == c.repo && p.head != c.repo.defaultBranch && head != "" && c.violated(p.head, head, "") == ""
}

// merged makes the commit that the base, or a merge queue's branch, shall point
// at, upon the one that it is at.
func (c *call) merged(i *issue, in merging, onto string) (id string, clean bool, err error) {
	p := i.pull
	if in.Method == "rebase" {
		by := c.repo.person(c.caller())
		by.at = by.at.Add(in.Later)
		return c.repo.rebase(c.ctx, by, c.fork(i)+".."+p.headSHA, onto)
	}
	tree, clean, err := c.repo.git.merge(c.ctx, onto, p.headSHA)
	if err != nil || !clean {
		return "", clean, err
	}
	t := commitText{tree: tree, parents: []string{onto, p.headSHA}, author: c.repo.person(c.caller()), committer: c.webFlow()}
	if in.Method == "squash" {
		t.parents, t.author = []string{onto}, c.repo.person(i.by)
	}
	t.author.at, t.committer.at = t.author.at.Add(in.Later), t.committer.at.Add(in.Later)
	if in.Email != "" {
		t.author.email = in.Email
	}
	if t.message, err = c.message(i, in); err != nil {
		return "", false, err
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
