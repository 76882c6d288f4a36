package githubtest

import (
	"fmt"
	"time"
)

// mergeGroup is a pull request merged into what shall come before it, on a branch
// of the queue's own.
type mergeGroup struct {
	ref, onto, head string
	at              time.Time
	shown           object
}

// build makes an entry's group where there is none upon that commit, and says
// whether the queue has changed by it.
func (c *call) build(i *issue, method, onto string) bool {
	e := i.pull.entry
	if e.group != nil && e.group.onto == onto {
		return false
	}
	id, clean, err := c.afresh(i, method, onto)
	if err == nil && clean {
		c.destroy(i, e, "invalidated")
		err = c.group(i, onto, id)
	}
	switch {
	case err != nil:
		c.t.Errorf("githubtest: queueing %s#%d: %v", c.repo.FullName(), i.number, err)
		c.dequeue(i, "INVALID_MERGE_COMMIT")
	case !clean:
		c.dequeue(i, "MERGE_CONFLICT")
	}
	return true
}

// afresh makes a commit that never was, so that none of the checks of an earlier
// try count: they are told apart by their times.
func (c *call) afresh(i *issue, method, onto string) (id string, clean bool, err error) {
	for later := time.Duration(0); ; later += time.Second {
		id, clean, err = c.merged(i, merging{Method: method, Later: later}, onto)
		if _, known := c.repo.pushes[id]; !known || err != nil || !clean {
			return id, clean, err
		}
	}
}

// group puts a commit onto a branch of the queue's, and asks for its checks.
func (c *call) group(i *issue, onto, id string) error {
	g := &mergeGroup{
		ref: fmt.Sprintf("refs/heads/gh-readonly-queue/%s/pr-%d-%s", i.pull.base, i.number, onto), onto: onto, head: id, at: c.Now(),
	}
	if err := c.repo.move(c.ctx, c.caller(), g.ref, id); err != nil {
		return err
	}
	g.shown = object{
		"head_sha": id, "head_ref": g.ref, "base_sha": onto, "base_ref": "refs/heads/" + i.pull.base, "head_commit": c.repo.showHeadCommit(id),
	}
	i.pull.entry.group = g
	c.happen(event{name: "merge_group", action: "checks_requested", repo: c.repo, by: c.caller(), payload: object{"merge_group": g.shown}})
	return nil
}

// destroy takes a group's branch away: because it was merged or dequeued, or
// because what it builds upon is no more (invalidated).
func (c *call) destroy(i *issue, e *queueEntry, reason string) {
	g := e.group
	if g == nil {
		return
	}
	e.group = nil
	bot := c.repo.acting(c.ctx, c.person("github-merge-queue[bot]"))
	bot.happen(event{name: "merge_group", action: "destroyed", repo: c.repo, by: bot.caller(), payload: object{"merge_group": g.shown, "reason": reason}})
	if err := c.repo.move(c.ctx, bot.caller(), g.ref, ""); err != nil {
		c.t.Errorf("githubtest: the queue's branch of %s#%d: %v", c.repo.FullName(), i.number, err)
	}
}

// CheckMergeGroup lets a merge queue take a pull request, whether or not its base
// requires one: it merges it into its base on a branch of the queue's own, and
// asks for the checks of that commit, whose id it returns. The queue does not go
// on from there.
func (r *Repository) CheckMergeGroup(number int) string {
	r.server.t.Helper()
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	c, i := r.onPull(number, "github-merge-queue[bot]")
	i.pull.entry = &queueEntry{id: c.id(), by: c.caller(), at: c.Now(), held: true}
	r.background.queued = append(r.background.queued, i)
	if c.build(i, "merge", i.pull.baseSHA); i.pull.entry == nil {
		r.server.t.Fatalf("githubtest: pull request %d of %s does not merge", number, r.FullName())
	}
	return i.pull.entry.group.head
}

// MergeGroup is the commit that the merge queue has made of a pull request, ""
// while there is none.
func (r *Repository) MergeGroup(number int) string {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	i := r.issues[number]
	if i == nil || i.pull == nil || i.pull.entry == nil || i.pull.entry.group == nil {
		return ""
	}
	return i.pull.entry.group.head
}

// Enqueue puts a pull request at the end of its base's merge queue, as a person.
func (r *Repository) Enqueue(number int, login string) {
	r.server.t.Helper()
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	c, i := r.onPull(number, login)
	r.allowed(c.refuseEnqueue(i, ""))
	c.enqueue(i, false)
	r.advance(c.ctx)
}

// Dequeue takes a pull request out of the merge queue, as a person.
func (r *Repository) Dequeue(number int, login string) {
	r.server.t.Helper()
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	c, i := r.onPull(number, login)
	c.dequeue(i, "MANUAL")
	r.advance(c.ctx)
}
