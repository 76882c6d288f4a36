package jobs

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/riverqueue/river"
	"github.com/rs/zerolog"

	"github.com/imageupdater/imageupdater/server/store"
)

// unreadable is how long a look waits when the database does not answer.
const unreadable = 5 * time.Second

// afterParked is when a repository whose looks were given up is looked at again.
const afterParked = 6 * time.Hour

type deliveryWorker struct {
	river.WorkerDefaults[Delivery]
	q *Queue
}

// Work handles a webhook.
func (w *deliveryWorker) Work(ctx context.Context, job *river.Job[Delivery]) error {
	defer w.q.running.begin(job.ID)()
	log := w.q.o.Logger.With().Str("github_event_type", job.Args.Event).Str("github_delivery_id", job.Args.ID).Logger()
	ctx = log.WithContext(ctx)
	err := w.q.o.Redact(guarded(func() error { return w.q.o.Handlers.Deliver(ctx, job.Args) }))
	if err != nil && stopped(ctx) {
		return stoppedError{err}
	}
	if later, is := errors.AsType[*LaterError](err); is {
		return w.q.snooze(later)
	}
	if err != nil {
		log.Error().Err(err).Int("attempt", job.Attempt).Msg("handling a webhook failed")
	}
	return err
}

type lookWorker struct {
	river.WorkerDefaults[lookArgs]
	q *Queue
}

// Work looks at a repository.
func (w *lookWorker) Work(ctx context.Context, job *lookJob) error {
	q := w.q
	defer q.running.begin(job.ID)()
	repository, err := q.db.Reading().Repository(ctx, job.Args.RepositoryID)
	if errors.Is(err, store.ErrNotFound) {
		return nil // it left meanwhile
	}
	if err != nil {
		return q.unread(ctx, job, err)
	}
	log := q.o.Logger.With().Int64("github_repository_id", repository.ID).Str("github_repository_owner", repository.Owner).
		Str("github_repository_name", repository.Name).Int64("github_installation_id", repository.InstallationID).
		Int64("job_id", job.ID).Logger()
	ctx = log.WithContext(ctx)
	began := q.o.Now()
	var seen Seen
	err = q.o.Redact(guarded(func() (err error) {
		seen, err = q.o.Handlers.Look(ctx, Look{Repository: repository, Attempt: job.Attempt})
		return err
	}))
	if err == nil {
		err = q.end(ctx, job, repository, seen)
	}
	return q.settle(ctx, job, repository, err, q.o.Now().Sub(began))
}

// unread is for a look for which the database does not answer. That is no attempt:
// after the last one the job would be gone, and nobody would know
// that a look was asked for.
func (q *Queue) unread(ctx context.Context, job *lookJob, err error) error {
	err = q.o.Redact(fmt.Errorf("the look at repository %d: %w", job.Args.RepositoryID, err))
	if stopped(ctx) {
		return stoppedError{err}
	}
	q.o.Logger.Error().Err(err).Int64("github_repository_id", job.Args.RepositoryID).Int64("job_id", job.ID).Msg("a look waits for the database")
	return q.snooze(&LaterError{Until: q.o.Now().Add(unreadable), Err: err})
}

// settle says what becomes of the job of a look that ended in some way.
func (q *Queue) settle(ctx context.Context, job *lookJob, r store.Repository, err error, took time.Duration) error {
	log := zerolog.Ctx(ctx)
	_, again := errors.AsType[*river.JobSnoozeError](err)
	later, isLater := errors.AsType[*LaterError](err)
	switch {
	case err == nil || again:
		log.Info().Dur("elapsed", took).Msg("a look ended")
		return err
	case stopped(ctx):
		log.Info().Err(err).Msg("a look was cut short, and is done after the next start")
		return stoppedError{err}
	case isLater:
		log.Info().Err(err).Time("until", later.Until).Msg("a look waits")
		return q.snooze(later)
	case job.Attempt < job.MaxAttempts:
		log.Error().Err(err).Int("attempt", job.Attempt).Msg("a look failed")
		return err
	}
	log.Error().Err(err).Int("attempt", job.Attempt).Msg("a look failed and is given up for now")
	return q.park(context.WithoutCancel(ctx), job, r, err) // its time may be over
}

// stopped says whether a job is ended because the queue is stopped, and not
// because its time is over.
func stopped(ctx context.Context) bool {
	return ctx.Err() != nil && !errors.Is(context.Cause(ctx), context.DeadlineExceeded)
}

// stoppedError is the error of a job that was ended because the queue is stopped,
// whatever error the job made of that. River knows it as such, and does not count
// the attempt.
type stoppedError struct{ err error }

func (s stoppedError) Error() string   { return "the server stops: " + s.err.Error() }
func (s stoppedError) Unwrap() []error { return []error{s.err, context.Canceled} }

// end notes what was seen and ends the job, in one transaction; or keeps the job
// when another look was asked for since this one began.
func (q *Queue) end(ctx context.Context, job *lookJob, r store.Repository, seen Seen) error {
	var again bool
	err := q.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		var err error
		again, err = tx.EndLook(ctx, store.Looked{
			RepositoryID: r.ID, Requested: r.Requested, ForcedAt: r.ForcedAt, At: q.o.Now(), Next: seen.Next, Result: seen.Result, Watch: seen.Watch,
		})
		if errors.Is(err, store.ErrNotFound) { // it left meanwhile
			return q.engine.complete(ctx, tx, job)
		}
		if err != nil {
			return err
		}
		if seen.Images != nil {
			if err := tx.UseImages(ctx, r.ID, seen.Images); err != nil {
				return err
			}
		}
		if again {
			return nil
		}
		return q.engine.complete(ctx, tx, job)
	})
	if err == nil && again {
		return river.JobSnooze(0)
	}
	return err
}

// park gives a repository up until the next time, or until somebody asks for
// a look; who asked since this one began gets another. The job ends in the same
// transaction: as long as it runs nobody's request adds another one.
func (q *Queue) park(ctx context.Context, job *lookJob, r store.Repository, cause error) error {
	now := q.o.Now()
	var again bool
	ctx = context.WithoutCancel(ctx) // the look's time may be over
	err := q.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		var err error
		again, err = tx.EndLook(ctx, store.Looked{
			RepositoryID: r.ID, Requested: r.Requested, At: now, Next: now.Add(afterParked), Parked: cause.Error(),
		})
		if again || err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return q.engine.complete(ctx, tx, job)
	})
	switch {
	case err != nil: // nothing is written, so that the look is still asked for
		return q.unread(ctx, job, err)
	case again:
		return river.JobSnooze(q.retried(job.Attempt))
	}
	return nil
}

// snooze does a job later. Waiting does not count as an attempt.
func (q *Queue) snooze(l *LaterError) error {
	wait := max(l.Until.Sub(q.o.Now()), time.Second)
	if q.o.Snooze != nil {
		wait = q.o.Snooze(wait)
	}
	return river.JobSnooze(wait)
}

// guarded makes an error of a panic, with where it was.
func guarded(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return do()
}
