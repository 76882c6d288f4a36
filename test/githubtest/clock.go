package githubtest

import (
	"sync"
	"time"
)

// clock is another one, moved on by what the test adds.
type clock struct {
	base func() time.Time

	mu    sync.Mutex
	added time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.base == nil {
		return time.Now().Add(c.added).UTC()
	}
	return c.base().Add(c.added).UTC()
}

// Now is the time on the server's clock.
func (s *Server) Now() time.Time { return s.clock.now() }

// Advance moves the server's clock on. Webhooks that were delayed until then
// are sent, and merge queues give up what has waited too long for its checks.
func (s *Server) Advance(d time.Duration) {
	s.clock.mu.Lock()
	s.clock.added += d
	s.clock.mu.Unlock()
	s.advanceAll()
	s.hook.mu.Lock()
	defer s.hook.mu.Unlock()
	s.hook.ripen()
	s.hook.due.Broadcast()
}

// stamp is a time as GitHub writes it.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// stampOrNull is null for a time that has not come.
func stampOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return stamp(t)
}
