package githubtest

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// latency is how long calls take beyond their work.
type latency struct {
	sleep func(context.Context, time.Duration) error

	mu sync.Mutex
	by func(operation string) time.Duration
}

func newLatency(o Options) *latency {
	l := &latency{sleep: o.Sleep, by: func(string) time.Duration { return o.Latency }}
	if l.sleep == nil {
		l.sleep = sleep
	}
	return l
}

func (l *latency) of(operation string) time.Duration {
	l.mu.Lock()
	by := l.by
	l.mu.Unlock()
	return by(operation)
}

func (l *latency) wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	if err := l.sleep(ctx, d); err != nil {
		return fmt.Errorf("waiting for %s: %w", d, err)
	}
	return nil
}

// sleep lets a time go by, or less of it when the context ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// SetLatency says how long each operation takes beyond its work, by GitHub's
// name of it ("pulls/create"; "updateRefs" and the like for GraphQL). Calls
// that are under way together wait together.
func (s *Server) SetLatency(by func(operation string) time.Duration) {
	s.latency.mu.Lock()
	defer s.latency.mu.Unlock()
	s.latency.by = by
}
