package jobs

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"
	"github.com/rs/zerolog"

	"github.com/imageupdater/imageupdater/server/store"
)

// The queues. Each costs a question a second, so there are few.
const (
	deliveries = "deliveries"
	looks      = "looks"
)

// How often a job is tried before it is given up, and shown as such.
const (
	deliveryAttempts = 12
	lookAttempts     = 8
)

// fetchCooldown is the shortest time between two fetches of jobs. No more are
// fetched at once than can run, so that this bounds how many end in a second:
// a look at what did not change takes less than River's own 100 ms.
const fetchCooldown = 20 * time.Millisecond

// once is the states in which a job keeps others like it away. A delivery that
// was handled still does, so that it is not handled twice; one that was given up
// does not.
func once(handled bool) river.UniqueOpts {
	states := []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning, rivertype.JobStateRetryable,
		rivertype.JobStateScheduled,
	}
	if handled {
		states = append(states, rivertype.JobStateCompleted)
	}
	return river.UniqueOpts{ByArgs: true, ByState: states}
}

// Kind names the job in the database.
func (Delivery) Kind() string { return "delivery" }

// InsertOpts is how River keeps the job.
func (Delivery) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: deliveries, MaxAttempts: deliveryAttempts, UniqueOpts: once(true)}
}

// lookArgs is a look at a repository.
type lookArgs struct {
	RepositoryID int64 `json:"repository_id" river:"unique"`
}

func (lookArgs) Kind() string { return "look" }

func (lookArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: looks, MaxAttempts: lookAttempts, UniqueOpts: once(false)}
}

type lookJob = river.Job[lookArgs]

// addition is a job to be added.
type addition struct {
	args     river.JobArgs
	priority Priority
}

// driven is River with a driver, whose transactions are T.
type driven[D riverdriver.Driver[T], T any] struct {
	driver D
	client *river.Client[T]
	of     func(*store.Tx) T
}

func newEngine(q *Queue) (engine, error) {
	if q.db.Pool != nil {
		of := func(tx *store.Tx) pgx.Tx { return tx.Postgres }
		return newDriven(q, postgres{riverpgxv5.New(q.db.Pool)}, of)
	}
	return newDriven(q, riversqlite.New(q.db.File), func(tx *store.Tx) *sql.Tx { return tx.SQLite })
}

func newDriven[D riverdriver.Driver[T], T any](q *Queue, driver D, of func(*store.Tx) T) (engine, error) {
	workers := river.NewWorkers()
	if err := river.AddWorkerSafely(workers, &deliveryWorker{q: q}); err != nil {
		return nil, err
	}
	if err := river.AddWorkerSafely(workers, &lookWorker{q: q}); err != nil {
		return nil, err
	}
	client, err := river.NewClient(driver, &river.Config{
		ID:     q.o.Replica,
		Logger: slog.New(zerolog.NewSlogHandler(q.o.Logger.Level(max(q.o.Logger.GetLevel(), zerolog.WarnLevel)))),
		Queues: map[string]river.QueueConfig{
			deliveries: {MaxWorkers: q.o.Deliveries}, looks: {MaxWorkers: q.o.Looks},
		},
		Workers: workers, PollOnly: q.o.PollOnly, SoftStopTimeout: q.o.Drain, RetryPolicy: retryPolicy{q},
		FetchPollInterval: q.o.Poll, FetchCooldown: min(q.o.Poll, fetchCooldown),
		JobTimeout: q.o.LookTimeout, RescueStuckJobsAfter: q.o.LookTimeout + time.Hour,
		CompletedJobRetentionPeriod: 24 * time.Hour, DiscardedJobRetentionPeriod: 7 * 24 * time.Hour,
	})
	if err != nil {
		return nil, err
	}
	return &driven[D, T]{driver: driver, client: client, of: of}, nil
}

func (e *driven[D, T]) migrate(ctx context.Context) error {
	migrator, err := rivermigrate.New(riverdriver.Driver[T](e.driver), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("reading the queue's migrations: %w", err)
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrating the queue's tables: %w", err)
	}
	return nil
}

func (e *driven[D, T]) start(ctx context.Context) error { return e.client.Start(ctx) }
func (e *driven[D, T]) stopped() <-chan struct{}        { return e.client.Stopped() }

func (e *driven[D, T]) insert(ctx context.Context, tx *store.Tx, jobs []addition) ([]bool, error) {
	params := make([]river.InsertManyParams, 0, len(jobs))
	for _, j := range jobs {
		params = append(params, river.InsertManyParams{Args: j.args, InsertOpts: &river.InsertOpts{Priority: int(j.priority)}})
	}
	results, err := e.client.InsertManyTx(ctx, e.of(tx), params)
	if err != nil {
		return nil, fmt.Errorf("adding jobs: %w", err)
	}
	fresh := make([]bool, 0, len(results))
	for _, r := range results {
		fresh = append(fresh, !r.UniqueSkippedAsDuplicate)
	}
	return fresh, nil
}

func (e *driven[D, T]) complete(ctx context.Context, tx *store.Tx, job *lookJob) error {
	if _, err := river.JobCompleteTx[D](ctx, e.of(tx), job); err != nil {
		return fmt.Errorf("ending a job: %w", err)
	}
	return nil
}

// retryPolicy is when a job that failed is tried again.
type retryPolicy struct{ q *Queue }

func (p retryPolicy) NextRetry(job *rivertype.JobRow) time.Time {
	// River's own clock decides when that is, so the machine's time counts.
	return time.Now().Add(p.q.retried(job.Attempt)) //nolint:forbidigo // see above
}

// backoff is 5 s, 15 s, 45 s and so on, an hour at most.
func backoff(attempt int) time.Duration {
	d := 5 * time.Second
	for range min(attempt, 10) - 1 {
		d *= 3
	}
	return min(d, time.Hour)
}

// replicaName is new each time a process starts.
func replicaName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "replica"
	}
	return host + "-" + uuid.NewString()[:8]
}

// most is how many looks are asked for in one transaction: longer ones meet each
// other too often.
const most = 100

func chunks(ids []int64) iter.Seq[[]int64] { return slices.Chunk(ids, most) }

// unique sorts, so that transactions meet rows in the same order.
func unique(ids []int64) []int64 {
	return slices.Compact(slices.Sorted(slices.Values(ids)))
}
