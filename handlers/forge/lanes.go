package forge

import (
	"context"
	"time"

	"golang.org/x/time/rate"
)

// maxReads is how many reads of an installation are under way at once; GitHub
// bears 100 of all replicas together.
const maxReads = 10

// GitHub bears 900 points a minute of an installation: a read is one, a write
// five. So many may come at once, and so many a second from then on, that no
// minute has more.
const (
	burstPoints  = 150
	secondPoints = 12
	readPoints   = 1
	writePoints  = 5
)

// lanes are the ways of an installation's calls: many abreast for reads, one
// after the other for writes.
type lanes struct {
	points        *rate.Limiter
	reads, writes chan struct{}
	spacing       time.Duration
	now           func() time.Time
	sleep         func(context.Context, time.Duration) error
	last          time.Time // when the last write ended; of whoever is in the lane
}

func newLanes(o Options) *lanes {
	points := rate.NewLimiter(secondPoints, burstPoints)
	if o.Unpaced {
		points = rate.NewLimiter(rate.Inf, 0)
	}
	return &lanes{
		points: points,
		reads:  make(chan struct{}, maxReads), writes: make(chan struct{}, 1),
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

// pace waits until a call is no more than GitHub bears in a minute.
func (l *lanes) pace(ctx context.Context, writes bool) error {
	cost := readPoints
	if writes {
		cost = writePoints
	}
	turn := l.points.ReserveN(l.now(), cost)
	if wait := turn.DelayFrom(l.now()); wait > 0 {
		if err := l.sleep(ctx, wait); err != nil {
			turn.CancelAt(l.now())
			return err
		}
	}
	return nil
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
