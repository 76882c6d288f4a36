// Package jobs keeps what the server has to do so that none of it is lost: a
// webhook until it is handled, and a look at a repository until nobody asked for
// another one since it began. It runs on River, the same on SQLite and on
// PostgreSQL, and nothing outside of it knows River.
//
// Of the looks at one repository one runs at a time, on whichever replica. Those
// asked for while one waits are one; of those asked for while one runs, one more
// follows: see store.Tx.Want and EndLook.
//
// It may import server/store.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/imageupdater/imageupdater/server/store"
)

// Delivery is a webhook that was verified.
type Delivery struct {
	// ID is its own; what comes again with it is dropped for a day.
	ID    string `json:"id" river:"unique"`
	Event string `json:"event"`
	Body  []byte `json:"body"` // base64 in the database, since JSON there cannot hold every text
	// At is when it arrived.
	At time.Time `json:"at,omitzero"`
}

// Priority is who waits for a job: lower numbers run first.
type Priority int

// The priorities.
const (
	Person   Priority = 1 // somebody sits before it
	Event    Priority = 2
	Schedule Priority = 3
)

// Look is a look at a repository, for Handlers.Look.
type Look struct {
	Repository store.Repository
	// Attempt counts from 1.
	Attempt int
}

// Seen is how a look ended, if it ended well.
type Seen struct {
	// Next is when the schedule wants the next look.
	Next time.Time
	// Result is JSON, for people.
	Result string
	// Watch is the branches that matter besides the default one; nil keeps what
	// was known.
	Watch []string
	// Images are those that the repository uses; nil keeps what was known.
	Images []store.Image
}

// Handlers do the jobs. They may be called from several goroutines.
type Handlers interface {
	// Deliver handles a webhook. It is called again when it fails.
	Deliver(ctx context.Context, d Delivery) error
	// Look looks at a repository. It is called again, later each time, when it
	// fails, but for errors that are LaterError.
	Look(ctx context.Context, l Look) (Seen, error)
}

// LaterError is a job that cannot be done before a time, and is no failure.
type LaterError struct {
	Until time.Time
	Err   error
}

func (l *LaterError) Error() string { return l.Err.Error() }
func (l *LaterError) Unwrap() error { return l.Err }

// Options configure a Queue. All but Replica and Test have to be set.
type Options struct {
	Handlers Handlers
	Logger   zerolog.Logger
	Now      func() time.Time
	// Replica names this process among those of one database; made up when it
	// is "".
	Replica string
	// Deliveries and Looks are how many run at once.
	Deliveries, Looks int
	// LookTimeout bounds a look: 10 minutes when it is 0.
	LookTimeout time.Duration
	// Drain is how long jobs may go on when the queue is stopped: 25 s when it is 0.
	Drain time.Duration
	// PollOnly asks the database once a second instead of being told, for
	// connections through PgBouncer.
	PollOnly bool
	// Retry is how long a failed job waits before its next attempt; nil is good.
	Retry func(attempt int) time.Duration
	// Snooze is how long a job sleeps that is for later, by the machine's
	// clock; nil is good. One that wakes too early sleeps again.
	Snooze func(time.Duration) time.Duration
	// Poll is how often the database is asked for jobs of which nobody told: a
	// second when it is 0.
	Poll time.Duration
	// Redact takes secrets out of what is kept of errors; nil keeps them as they
	// are.
	Redact func(error) error
}

// Queue is the jobs. Its methods may be called from several goroutines.
type Queue struct {
	db      *store.DB
	o       Options
	engine  engine
	retried func(attempt int) time.Duration
	running running
}

// engine is River with one of its two drivers.
type engine interface {
	migrate(ctx context.Context) error
	start(ctx context.Context) error
	stopped() <-chan struct{}
	// insert adds jobs in the transaction, but for those that are there, and
	// tells which are new.
	insert(ctx context.Context, tx *store.Tx, jobs []addition) ([]bool, error)
	// complete ends a job in the transaction.
	complete(ctx context.Context, tx *store.Tx, job *lookJob) error
}

// New makes a queue that does nothing before Run.
func New(db *store.DB, o Options) (*Queue, error) {
	q := &Queue{db: db, o: o, retried: o.Retry, running: running{jobs: map[int64]bool{}, lost: map[int64]time.Time{}}}
	if q.retried == nil {
		q.retried = backoff
	}
	if q.o.Redact == nil {
		q.o.Redact = func(err error) error { return err }
	}
	if q.o.Replica == "" {
		q.o.Replica = replicaName()
	}
	if q.o.LookTimeout == 0 {
		q.o.LookTimeout = 10 * time.Minute
	}
	if q.o.Poll == 0 {
		q.o.Poll = time.Second
	}
	if q.o.Drain == 0 {
		q.o.Drain = 25 * time.Second
	}
	var err error
	if q.engine, err = newEngine(q); err != nil {
		return nil, fmt.Errorf("making the queue: %w", err)
	}
	return q, nil
}

// Migrate brings the tables of the state and of the queue up to date.
func (q *Queue) Migrate(ctx context.Context) error { return q.db.Migrate(ctx, q.engine.migrate) }

// Deliver stores a webhook. When it returns without an error the webhook will be
// handled, whatever becomes of this process. It tells whether it is a new one.
func (q *Queue) Deliver(ctx context.Context, d Delivery) (fresh bool, err error) {
	err = q.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		added, err := q.engine.insert(ctx, tx, []addition{{args: d, priority: Event}})
		if err != nil {
			return err
		}
		fresh = added[0]
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("storing delivery %s: %w", d.ID, err)
	}
	return fresh, nil
}

// Wish is a look that is wanted.
type Wish struct {
	Priority Priority
	// Forced wants registries to be asked, whatever is remembered.
	Forced bool
}

// Want asks for looks at repositories, as part of a transaction. Those that are
// not known are passed over.
func (q *Queue) Want(ctx context.Context, tx *store.Tx, w Wish, repositories ...int64) error {
	var forced time.Time
	if w.Forced {
		forced = q.o.Now()
	}
	var missing []int64
	for _, id := range unique(repositories) {
		idle, err := tx.Want(ctx, id, forced)
		switch {
		case errors.Is(err, store.ErrNotFound):
			continue
		case err != nil:
			return err
		}
		if idle {
			missing = append(missing, id)
		} else if w.Priority == Person {
			if err := tx.Hasten(ctx, id, int(w.Priority)); err != nil {
				return err
			}
		}
	}
	return q.add(ctx, tx, w.Priority, missing)
}

// WantNow is Want in a transaction of its own.
func (q *Queue) WantNow(ctx context.Context, w Wish, repositories ...int64) error {
	for part := range chunks(unique(repositories)) {
		err := q.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error { return q.Want(ctx, tx, w, part...) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (q *Queue) add(ctx context.Context, tx *store.Tx, p Priority, repositories []int64) error {
	if len(repositories) == 0 {
		return nil
	}
	jobs := make([]addition, 0, len(repositories))
	for _, id := range repositories {
		jobs = append(jobs, addition{args: lookArgs{id}, priority: p})
	}
	_, err := q.engine.insert(ctx, tx, jobs)
	return err
}
