package githubtest

import (
	"context"
	"fmt"
	"strings"
)

// follow lets pull requests follow a branch that moved. They may lie in the
// repository that this one was forked from; those that have any are returned.
func (r *Repository) follow(ctx context.Context, by *user, branch string) []*Repository {
	var followed []*Repository
	for _, base := range r.server.allRepos() {
		open := base.numbered(func(i *issue) bool {
			return i.pull != nil && i.state == "open" &&
				(i.pull.from == r && i.pull.head == branch || base == r && i.pull.base == branch)
		})
		for _, i := range open {
			base.acting(ctx, by).follow(i, base == r && i.pull.base == branch)
		}
		if len(open) > 0 {
			followed = append(followed, base)
		}
	}
	return followed
}

// follow is of one pull request; by its base, or by its head.
func (c *call) follow(i *issue, byBase bool) {
	p := i.pull
	head, base, before := p.from.branch(p.head), c.repo.branch(p.base), p.headSHA
	if head == "" || base == "" {
		c.setState(i, "closed")
		return
	}
	diff := c.reviewed(i)
	p.headSHA, p.baseSHA, i.updated = head, base, c.Now()
	if head != before {
		p.pusher = c.caller()
		c.pin(i)
		c.about(i, "synchronize", object{"before": before, "after": head})
		c.dequeue(i, "UNKNOWN_REMOVAL_REASON")
		if !c.repo.mayWrite(c.caller()) {
			c.disarm(i, "Head branch was pushed to by a user without write access")
		}
		c.dismissStale(i, diff)
	}
	if !c.repo.git.isAncestor(c.ctx, head, base) {
		return
	}
	if byBase { // its commits came to the base by a push
		p.merged, p.mergedBy, p.mergeCommit = c.Now(), c.caller(), base
	}
	c.setState(i, "closed")
}

// pin keeps a pull request's head in the repository: a ref that git fetches,
// whatever becomes of the branch or of the fork.
func (c *call) pin(i *issue) {
	ref := fmt.Sprintf("refs/pull/%d/head", i.number)
	var err error
	if i.pull.from == c.repo {
		err = c.repo.git.updateRefs(c.ctx, []refMove{{ref, i.pull.headSHA}})
	} else {
		_, err = c.repo.git.run(c.ctx, nil, "fetch", "--quiet", "--no-tags", i.pull.from.git.dir, "+refs/heads/"+i.pull.head+":"+ref)
	}
	if err != nil {
		c.t.Errorf("githubtest: keeping the head of %s#%d: %v", c.repo.FullName(), i.number, err)
	}
}

// headOf is where a new pull request's commits come from: a branch of the
// repository, or of a fork as owner:branch; nil when nobody has such a fork.
func (c *call) headOf(text string) (*Repository, string) {
	owner, branch, named := strings.Cut(text, ":")
	if !named {
		return c.repo, text
	}
	if strings.EqualFold(owner, c.repo.Owner) {
		return c.repo, branch
	}
	for _, r := range c.allRepos() {
		if strings.EqualFold(r.Owner, owner) && r.root() == c.repo.root() {
			return r, branch
		}
	}
	return nil, branch
}
