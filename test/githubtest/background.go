package githubtest

import (
	"cmp"
	"context"
	"slices"
)

// background is what GitHub does of itself in a repository.
type background struct {
	queued       []*issue // those in merge queues, the next ones first
	busy, paused bool
}

// PauseMerging keeps GitHub from merging by itself, as when it is slow: what is
// ready, or in a queue, stays where it is until ResumeMerging.
func (r *Repository) PauseMerging() {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.background.paused = true
}

// ResumeMerging lets it go on.
func (r *Repository) ResumeMerging() {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.background.paused = false
	r.advance(r.server.t.Context())
}

// advance is called with the server's lock held, after whatever may have made a
// pull request ready. GitHub takes a while; here it is done when the call that
// brought it about is, and never while some pull requests have not followed a push
// yet.
func (r *Repository) advance(ctx context.Context) {
	b := &r.background
	if r.server.moving > 0 || b.busy || b.paused || r.archived || r.deleted {
		return
	}
	b.busy = true
	defer func() { b.busy = false }()
	c := r.acting(context.WithoutCancel(ctx), r.server.person("github-merge-queue[bot]"))
	for going := true; going; {
		going = c.mergeArmed() || c.runQueues()
	}
}

// advanceAll is for what time alone brings about.
func (s *Server) advanceAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	var waiting []*Repository
	for _, r := range s.repos {
		if len(r.background.queued) > 0 {
			waiting = append(waiting, r)
		}
	}
	slices.SortFunc(waiting, func(a, b *Repository) int { return cmp.Compare(a.ID, b.ID) })
	for _, r := range waiting {
		r.advance(s.t.Context())
	}
}
