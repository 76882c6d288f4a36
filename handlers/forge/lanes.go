package forge

import (
	"context"
	"time"
)

// maxReads is how many reads of an installation are under way at once; GitHub
// bears 100 of all replicas together.
const maxReads = 10

// lanes are the ways of an installation's calls: many abreast for reads, one
// after the other for writes.
type lanes struct {
	reads, writes chan struct{}
	spacing       time.Duration
	now           func() time.Time
	sleep         func(context.Context, time.Duration) error
	last          time.Time // when the last write ended; of whoever is in the lane
}

func newLanes(o Options) *lanes {
	return &lanes{
		reads: make(chan struct{}, maxReads), writes: make(chan struct{}, 1),
		spacing: o.Spacing, now: o.Now, sleep: o.Sleep,
	}
}

// enter waits for room; the call has to leave again.
func (l *lanes) enter(ctx context.Context, writes bool) (leave func(), err error) {
	lane := l.reads
	if writes {
		lane = l.writes
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	select {
	case lane <- struct{}{}:
		return func() { <-lane }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// space waits until a write may begin.
func (l *lanes) space(ctx context.Context) error {
	if l.last.IsZero() {
		return nil
	}
	if wait := l.last.Add(l.spacing).Sub(l.now()); wait > 0 {
		return l.sleep(ctx, min(wait, l.spacing))
	}
	return nil
}

// wrote says that a write has ended.
func (l *lanes) wrote() { l.last = l.now() }
