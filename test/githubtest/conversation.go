package githubtest

import "slices"

// openConversation is what GitHub says while one is not resolved, where all have
// to be.
const openConversation = "A conversation must be resolved before this pull request can be merged."

// thread is a conversation on a file of a pull request's diff.
type thread struct {
	id       int64
	path     string
	resolved *user // nil while it is open
}

// unresolved is how many conversations are open.
func (p *pull) unresolved() int {
	n := 0
	for _, t := range p.threads {
		if t.resolved == nil {
			n++
		}
	}
	return n
}

// OpenThread begins a conversation on a file of a pull request, as a person, with
// a review that says no more than that. It returns the thread's id.
func (r *Repository) OpenThread(number int, login, path string) int64 {
	r.server.t.Helper()
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	c, i := r.onPull(number, login)
	t := &thread{id: c.id(), path: path}
	v := &review{id: c.id(), by: c.caller(), state: "COMMENTED", commit: i.pull.headSHA, at: c.Now()}
	i.pull.threads, i.pull.reviews, i.updated = append(i.pull.threads, t), append(i.pull.reviews, v), c.Now()
	c.tellReview(i, v, "submitted")
	r.advance(c.ctx)
	return t.id
}

// ResolveThread ends a conversation, as a person. Nothing else of the pull request
// changes by it, but what its base wants may be met now.
func (r *Repository) ResolveThread(number int, id int64, login string) {
	r.server.t.Helper()
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	c, i := r.onPull(number, login)
	at := slices.IndexFunc(i.pull.threads, func(t *thread) bool { return t.id == id })
	if at < 0 {
		r.server.t.Fatalf("githubtest: #%d has no conversation %d", number, id)
	}
	i.pull.threads[at].resolved = c.caller()
	r.advance(c.ctx)
}

func threadsOf(g *graph, t thing, in map[string]any) (any, error) {
	p, _ := t.of.(pullOf)
	if err := g.may(p.repo, "pull_requests:read"); err != nil {
		return nil, err
	}
	all := make([]thing, 0, len(p.pull.threads))
	for _, one := range p.pull.threads {
		shown := object{
			"node_id": node("PRRT", one.id), "is_resolved": one.resolved != nil, "is_collapsed": one.resolved != nil,
			"path": one.path, "pull_request": t, "resolved_by": nil,
		}
		if one.resolved != nil {
			shown["resolved_by"] = g.actor(one.resolved)
		}
		all = append(all, thing{kind: "PullRequestReviewThread", shown: shown, of: one})
	}
	return connection("PullRequestReviewThreadConnection", "reviewThreads", all, in)
}
