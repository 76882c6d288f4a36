package githubtest

import (
	"fmt"
	"net/http"
)

// pullIn is what a call to update a pull request may hold.
type pullIn struct{ Title, Body, State, Base *string }

func updatePull(c *call) reply {
	var in pullIn
	i := c.pull()
	switch {
	case i == nil:
		return notFound()
	case !c.decode(&in):
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	if refusal := c.refuseUpdate(i, in); refusal != nil {
		return *refusal
	}
	if in.Base != nil && *in.Base != i.pull.base {
		c.retarget(i, *in.Base)
	}
	if in.State != nil && *in.State == "open" && i.state == "closed" {
		p := i.pull
		p.headSHA, p.baseSHA, p.pusher = p.from.branch(p.head), c.repo.branch(p.base), p.from.pushers[p.head]
		c.pin(i)
	}
	c.change(i, in.Title, in.Body, in.State)
	return ok(c.showPull(i))
}

func (c *call) refuseUpdate(i *issue, in pullIn) *reply {
	if in.Base != nil && *in.Base != i.pull.base {
		if refusal := c.refuseBase(i, *in.Base); refusal != nil {
			return refusal
		}
	}
	if in.State != nil && *in.State == "open" && i.state == "closed" {
		return c.refuseReopening(i)
	}
	return nil
}

func (c *call) refuseBase(i *issue, base string) *reply {
	var message string
	sha := c.repo.branch(base)
	switch {
	case sha == "":
		message = fmt.Sprintf("Proposed base branch '%s' was not found", base)
	case i.state == "closed":
		message = "Cannot change the base branch of a closed pull request."
	case c.twin(i, base):
		message = fmt.Sprintf("A pull request already exists for base branch '%s' and head branch '%s'", base, i.pull.head)
	case c.repo.git.isAncestor(c.ctx, i.pull.headSHA, sha):
		message = fmt.Sprintf("There are no new commits between base branch '%s' and head branch '%s'", base, i.pull.head)
	default:
		return nil
	}
	r := invalid("PullRequest", "base", "invalid", message)
	return &r
}

// twin says whether another open pull request has the same head and base.
func (c *call) twin(i *issue, base string) bool {
	return len(c.repo.numbered(func(other *issue) bool {
		return other != i && other.pull != nil && other.state == "open" && other.pull.from == i.pull.from && other.pull.head == i.pull.head && other.pull.base == base
	})) > 0
}

// refuseReopening refuses also when the head has left what it was when the pull
// request was closed: nobody could say what happened to it meanwhile.
func (c *call) refuseReopening(i *issue) *reply {
	p := i.pull
	head, base := p.from.branch(p.head), c.repo.branch(p.base)
	var why string
	switch {
	case !p.merged.IsZero():
		why = "The pull request was merged."
	case p.from.deleted:
		why = "The repository that submitted this pull request has been deleted."
	case head == "":
		why = "The " + p.head + " branch has been deleted."
	case base == "":
		why = "The " + p.base + " branch has been deleted."
	case !p.from.git.isAncestor(c.ctx, p.headSHA, head):
		why = "The " + p.head + " branch was force-pushed or recreated."
	case c.twin(i, p.base):
		why = "There is already an open pull request from " + p.from.Owner + ":" + p.head + " to " + c.repo.Owner + ":" + p.base + "."
	case p.from.git.isAncestor(c.ctx, head, base):
		why = "There are no new commits on the " + p.from.Owner + ":" + p.head + " branch."
	default:
		return nil
	}
	r := invalid("PullRequest", "state", "invalid", "state cannot be changed. "+why)
	return &r
}

// retarget gives a pull request another base.
func (c *call) retarget(i *issue, base string) {
	was := object{"ref": object{"from": i.pull.base}, "sha": object{"from": i.pull.baseSHA}}
	i.pull.base, i.pull.baseSHA, i.updated = base, c.repo.branch(base), c.Now()
	c.about(i, "edited", object{"changes": object{"base": was}})
	c.dequeue(i, "MANUAL")
	c.disarm(i, "Base branch was changed")
}
