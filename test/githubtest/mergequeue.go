package githubtest

import (
	"slices"
	"time"
)

// Sizes of a merge queue, as GitHub has them at first.
const (
	maxBuilt    = 5 // entries whose checks run at once
	checkWithin = 60 * time.Minute
)

// What GitHub says of a queue. That a base has none is not recorded.
const (
	throughQueue  = "Changes must be made through the merge queue"
	headModified  = "Head branch was modified. Review and try the merge again."
	baseModified  = "Base branch was modified. Review and try the merge again."
	alreadyQueued = "Pull request is already in the queue"
	noQueue       = "Base branch does not have a merge queue enabled"
)

// mergeQueue is what a queue's rule says.
type mergeQueue struct {
	method string // "merge", "squash" or "rebase"
}

// queueEntry is a pull request's place in a merge queue.
type queueEntry struct {
	id    int64
	by    *user
	at    time.Time
	jump  bool
	group *mergeGroup // nil until its turn
	// held is of CheckMergeGroup: it goes nowhere.
	held bool
}

// queueOf is the merge queue that a base requires, nil when it requires none.
func (r *Repository) queueOf(base string) *mergeQueue {
	for _, s := range r.active(base) {
		if s.MergeQueue {
			return &mergeQueue{method: s.queueMethod()}
		}
	}
	if p := r.protection(base); p != nil && p.MergeQueue {
		return &mergeQueue{method: "merge"}
	}
	return nil
}

func (s *Ruleset) queueMethod() string {
	if s.QueueMethod == "" {
		return "squash"
	}
	return s.QueueMethod
}

// queue is the entries of a base, the next one first.
func (r *Repository) queue(base string) []*issue {
	var found []*issue
	for _, i := range r.background.queued {
		if i.pull.base == base && !i.pull.entry.held {
			found = append(found, i)
		}
	}
	return found
}

// refuseEnqueue is why GitHub would not take a pull request into the queue. It
// may be behind its base: the queue sees to that.
func (c *call) refuseEnqueue(i *issue, expected string) string {
	p := i.pull
	switch {
	case i.state == "closed":
		return "Pull request is closed"
	case c.repo.queueOf(p.base) == nil:
		return noQueue
	case p.entry != nil:
		return alreadyQueued
	case expected != "" && expected != p.headSHA:
		return headModified
	case p.draft:
		return "Pull request is in draft status"
	case !c.mergesCleanly(i):
		return "Pull request is not mergeable"
	}
	for _, rules := range c.repo.demands(p.base) {
		for _, h := range c.hindered(i, rules) {
			if !h.behind {
				return "Pull request " + h.message
			}
		}
	}
	return ""
}

// enqueue takes a pull request in; one that jumps goes before all others. What
// was ordered of auto-merge is done with this.
func (c *call) enqueue(i *issue, jump bool) {
	i.pull.entry = &queueEntry{id: c.id(), by: c.caller(), at: c.Now(), jump: jump}
	i.pull.auto, i.updated = nil, c.Now()
	b := &c.repo.background
	if jump {
		b.queued = slices.Insert(b.queued, 0, i)
	} else {
		b.queued = append(b.queued, i)
	}
	c.about(i, "enqueued", nil)
}

// dequeue takes a pull request out, for a reason that GitHub knows.
func (c *call) dequeue(i *issue, reason string) {
	e := i.pull.entry
	if e == nil {
		return
	}
	c.forget(i)
	c.about(i, "dequeued", object{"reason": reason})
	c.destroy(i, e, "dequeued")
}

func (c *call) forget(i *issue) {
	i.pull.entry, i.updated = nil, c.Now()
	c.repo.background.queued = slices.DeleteFunc(c.repo.background.queued, func(have *issue) bool { return have == i })
}

// runQueues does the next step of one queue, and says whether there was one.
func (c *call) runQueues() bool {
	for _, i := range slices.Clone(c.repo.background.queued) {
		if !i.pull.entry.held && c.runQueue(i.pull.base) {
			return true
		}
	}
	return false
}

// runQueue goes through a queue from its front: each entry is merged into what
// comes before it, and the front one lands when its checks have succeeded.
func (c *call) runQueue(base string) bool {
	queue, rule := c.repo.queue(base), c.repo.queueOf(base)
	onto := c.repo.branch(base)
	for n, i := range queue[:min(len(queue), maxBuilt)] {
		if reason := c.unfit(i, rule); reason != "" {
			c.dequeue(i, reason)
			return true
		}
		if c.build(i, rule.method, onto) {
			return true
		}
		standing := c.repo.groupStanding(i)
		switch {
		case standing == "failing":
			c.dequeue(i, "CI_FAILURE")
			return true
		case standing == "success" && n == 0:
			c.landGroup(i)
			return true
		case standing != "success" && c.Now().Sub(i.pull.entry.group.at) >= checkWithin:
			c.dequeue(i, "CI_TIMEOUT")
			return true
		}
		onto = i.pull.entry.group.head
	}
	return false
}

// unfit is why a pull request cannot stay in its queue.
func (c *call) unfit(i *issue, rule *mergeQueue) string {
	if rule == nil {
		return "QUEUE_CLEARED"
	}
	for _, rules := range c.repo.demands(i.pull.base) {
		if c.hinderedByReviews(i, rules.Reviews) != "" || rules.Conversations && i.pull.unresolved() > 0 {
			return "BRANCH_PROTECTIONS"
		}
	}
	return ""
}

// groupStanding is how the required checks stand at a group's head: success,
// failing, or pending.
func (r *Repository) groupStanding(i *issue) string {
	verdict := "success"
	for _, rules := range r.demands(i.pull.base) {
		for _, check := range rules.Checks {
			switch r.standing(check, i.pull.entry.group.head) {
			case "success":
			case "failing":
				return "failing"
			default:
				verdict = "pending"
			}
		}
	}
	return verdict
}

// landGroup moves the base to what the queue has made.
func (c *call) landGroup(i *issue) {
	e := i.pull.entry
	c.forget(i)
	if err := c.land(i, e.group.head); err != nil {
		c.t.Errorf("githubtest: merging %s#%d by the queue: %v", c.repo.FullName(), i.number, err)
	}
	c.about(i, "dequeued", object{"reason": "MERGE"})
	c.destroy(i, e, "merged")
}
