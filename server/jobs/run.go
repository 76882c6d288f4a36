package jobs

import (
	"context"
	"time"

	"github.com/imageupdater/imageupdater/server/store"
)

// How often a replica looks after the queue, when it counts as dead, and how
// long a repository that was found due is nobody else's business.
const (
	beating = 10 * time.Second
	dead    = time.Minute
	claimed = 15 * time.Minute
	// whole is how long a job that ended is left as it is, and trimming how
	// often those before are trimmed.
	whole    = 10 * time.Minute
	trimming = time.Minute
)

// Run does jobs until the context ends. Those that run then may go on for
// Options.Drain before their own contexts end; what is not done is left for
// others, or for the next start. Arrive comes before it.
func (q *Queue) Run(ctx context.Context) error {
	if err := q.engine.start(ctx); err != nil {
		return err
	}
	ticks := time.NewTicker(beating)
	defer ticks.Stop()
	for {
		select {
		case <-ticks.C:
			if err := q.tend(ctx); err != nil {
				q.o.Logger.Error().Err(err).Msg("looking after the queue failed")
			}
		case <-q.engine.stopped():
			return q.leave(context.WithoutCancel(ctx))
		}
	}
}

// tend is Tick; while jobs are given time to end it only shows that this replica
// lives, or others would take them over.
func (q *Queue) tend(ctx context.Context) error {
	if ctx.Err() == nil {
		if err := q.Tick(ctx); err == nil || ctx.Err() == nil {
			return err
		}
	}
	return q.db.InTx(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
		return tx.Beat(ctx, q.o.Replica, q.o.Now())
	})
}

// Replica is the name of this process among those of the database.
func (q *Queue) Replica() string { return q.o.Replica }

// Arrive takes this replica's place. A SQLite file has no other replica: whoever
// left jobs running there is dead.
func (q *Queue) Arrive(ctx context.Context) error {
	return q.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		since := q.o.Now().Add(-dead)
		if q.db.Pool == nil {
			since = q.o.Now().Add(time.Hour)
		}
		if err := tx.Bury(ctx, since); err != nil {
			return err
		}
		if err := tx.Beat(ctx, q.o.Replica, q.o.Now()); err != nil {
			return err
		}
		return q.free(ctx, tx)
	})
}

func (q *Queue) free(ctx context.Context, tx *store.Tx) error {
	n, err := tx.FreeOrphans(ctx)
	if n > 0 {
		q.o.Logger.Warn().Int64("jobs", n).Msg("took over the jobs of a dead replica")
	}
	return err
}

func (q *Queue) leave(ctx context.Context) error {
	return q.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.Leave(ctx, q.o.Replica) })
}

// Tick is what Run does every ten seconds: it shows that this replica lives, takes
// over the jobs of those that don't, and asks for the looks that the schedule
// wants. Tests with a clock of their own call it.
func (q *Queue) Tick(ctx context.Context) error {
	now := q.o.Now()
	err := q.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.Beat(ctx, q.o.Replica, now); err != nil {
			return err
		}
		if err := tx.Bury(ctx, now.Add(-dead)); err != nil {
			return err
		}
		if err := q.free(ctx, tx); err != nil {
			return err
		}
		return q.freeLost(ctx, tx)
	})
	if err != nil {
		return err
	}
	if err := q.trim(ctx, now); err != nil {
		return err
	}
	for {
		n, err := q.sweep(ctx, now)
		if err != nil || n < most {
			return err
		}
	}
}

// trim keeps the queue's table small. River forgets what ended after a day, which
// is long for thousands of looks an hour and for what webhooks brought.
func (q *Queue) trim(ctx context.Context, now time.Time) error {
	before := time.Now().Add(-whole) //nolint:forbidigo // River's own clock said when jobs ended
	q.running.mu.Lock()
	since := q.running.trimmed
	q.running.mu.Unlock()
	var mine bool
	err := q.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		if mine, err = tx.Lease(ctx, "trim", q.o.Replica, now, now.Add(trimming)); err != nil || !mine {
			return err
		}
		return tx.Trim(ctx, since, before)
	})
	if err == nil && mine {
		q.running.mu.Lock()
		q.running.trimmed = before.Add(-whole) // another replica's clock may differ
		q.running.mu.Unlock()
	}
	return err
}

// sweep asks for the looks that are due, up to a number. A job is added even
// where one should be there: that mends what was given up.
func (q *Queue) sweep(ctx context.Context, now time.Time) (int, error) {
	var due []int64
	err := q.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		found, err := tx.Due(ctx, now, most)
		if err != nil {
			return err
		}
		due = unique(found)
		mine := due[:0:0]
		for _, id := range due {
			took, err := tx.Claim(ctx, id, now, now.Add(claimed))
			if err != nil {
				return err
			}
			if took {
				mine = append(mine, id)
			}
		}
		return q.add(ctx, tx, Schedule, mine)
	})
	return len(due), err
}
