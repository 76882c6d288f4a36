package githubtest

import (
	"slices"
	"strings"
	"time"
)

// autoMerge is a pull request's order to be merged as soon as nothing is against
// it.
type autoMerge struct {
	by                     *user
	at                     time.Time
	method                 string // "merge", "squash" or "rebase"
	headline, body, author *string
}

// merging is what is asked for when the time has come.
func (a *autoMerge) merging() merging {
	return merging{Title: orEmpty(a.headline), Message: orEmpty(a.body), Email: orEmpty(a.author), Method: a.method}
}

func orEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// showAutoMerge is null where none is ordered.
func (c *call) showAutoMerge(i *issue) any {
	a := i.pull.auto
	if a == nil {
		return nil
	}
	return object{"enabled_by": c.showUser(a.by), "merge_method": a.method, "commit_title": a.headline, "commit_message": a.body}
}

// refuseAutoMerge is why GitHub would not take the order, in its words. That a
// pull request could be merged at once is such a reason, unless its base has a
// queue: then it is put into that. What it says of drafts and of a head that
// moved is not recorded. No method is any.
func (c *call) refuseAutoMerge(i *issue, a *autoMerge, expected string) string {
	p, method := i.pull, a.method
	queue := c.repo.queueOf(p.base) != nil
	switch {
	case !c.repo.merging.AllowAutoMerge:
		return "Pull request Auto merge is not allowed for this repository"
	case i.state == "closed":
		return "Pull request Can't enable auto-merge for this pull request"
	case a.author != nil && *a.author != c.caller().email():
		return strings.TrimSuffix(c.caller().login, "[bot]") + " does not have a verified email, which is required to enable auto-merging."
	case expected != "" && expected != p.headSHA:
		return headModified
	case p.entry != nil:
		return alreadyQueued
	case !queue && method != "" && !c.mayMergeBy(i, method):
		return "Merge method " + doing(method) + " not allowed on this repository"
	case !c.repo.protected(p.base):
		return "Pull request Protected branch rules not configured for this branch"
	}
	if _, state := c.settled(i); state == "draft" || !queue && slices.Contains([]string{"clean", "unstable", "has_hooks"}, state) {
		return "Pull request Pull request is in " + state + " status"
	}
	return ""
}

// doing names a method as GraphQL does.
func doing(method string) string {
	return map[string]string{"merge": "merge commits are", "squash": "squash merging is", "rebase": "rebase merging is"}[method]
}

// arm takes the order; what is ready goes into a queue at once.
func (c *call) arm(i *issue, a *autoMerge) {
	a.by, a.at, i.updated = c.caller(), c.Now(), c.Now()
	if queue := c.repo.queueOf(i.pull.base); queue != nil && c.refuseEnqueue(i, "") == "" {
		c.enqueue(i, false)
	} else {
		i.pull.auto = a
		c.about(i, "auto_merge_enabled", nil)
	}
	c.repo.advance(c.ctx)
}

// disarm takes the order back, and says why.
func (c *call) disarm(i *issue, reason string) {
	if i.pull.auto == nil {
		return
	}
	i.pull.auto, i.updated = nil, c.Now()
	c.about(i, "auto_merge_disabled", object{"reason": reason})
}

// abandon ends what waits for a pull request that was closed; one that was merged
// shows what was ordered for it.
func (c *call) abandon(i *issue) {
	switch {
	case i.pull == nil:
	case i.pull.merged.IsZero():
		c.dequeue(i, "MANUAL")
		c.disarm(i, "Pull request was closed")
	default:
		c.dequeue(i, "ALREADY_MERGED")
	}
}

// ready says whether nothing at all is against a merge: nobody passes the rules
// when GitHub merges by itself.
func (c *call) ready(i *issue) bool {
	p := i.pull
	if _, clean, err := c.repo.git.merge(c.ctx, p.baseSHA, p.headSHA); err != nil || !clean || p.draft {
		return false
	}
	for _, rules := range c.repo.demands(p.base) {
		if len(c.hindered(i, rules)) > 0 || (rules.LinearHistory && p.auto.method == "merge") {
			return false
		}
	}
	return c.mayMergeBy(i, p.auto.method)
}

// mergeArmed merges the first pull request whose time has come, and says whether
// there was one.
func (c *call) mergeArmed() bool {
	armed := c.repo.numbered(func(i *issue) bool { return i.pull != nil && i.state == "open" && i.pull.auto != nil })
	for _, i := range slices.Backward(armed) {
		by := c.repo.acting(c.ctx, i.pull.auto.by)
		if c.repo.queueOf(i.pull.base) != nil {
			if by.refuseEnqueue(i, "") == "" {
				by.enqueue(i, false)
				return true
			}
			continue
		}
		if by.ready(i) && by.mergeNow(i) {
			return true
		}
	}
	return false
}

// mergeNow does what was ordered.
func (c *call) mergeNow(i *issue) bool {
	id, clean, err := c.merged(i, i.pull.auto.merging(), i.pull.baseSHA)
	if err == nil && clean {
		err = c.land(i, id)
	}
	if err != nil {
		c.t.Errorf("githubtest: merging %s#%d: %v", c.repo.FullName(), i.number, err)
	}
	return err == nil && clean
}

// EnableAutoMerge orders a merge as a person: by "merge", "squash" or "rebase".
func (r *Repository) EnableAutoMerge(number int, login, method string) {
	r.server.t.Helper()
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	c, i := r.onPull(number, login)
	order := &autoMerge{method: method}
	r.allowed(c.refuseAutoMerge(i, order, ""))
	c.arm(i, order)
}

// DisableAutoMerge takes the order back, as a person.
func (r *Repository) DisableAutoMerge(number int, login string) {
	r.server.t.Helper()
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	c, i := r.onPull(number, login)
	c.disarm(i, byHand)
}

// byHand is why most orders are taken back.
const byHand = "Pull request was manually disabled"

// allowed fails the test when GitHub refuses what the test does as a person.
func (r *Repository) allowed(refusal string) {
	r.server.t.Helper()
	if refusal != "" {
		r.server.t.Fatalf("githubtest: %s", strings.TrimSpace(refusal))
	}
}
