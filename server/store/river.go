package store

import (
	"context"
	"fmt"
	"time"
)

// What is here touches River's own table, river_job, because River cannot do it.
// Its shape is held by tests on both databases.

// freed lets jobs run again. The attempt that was cut short is not counted.
const freed = "UPDATE river_job SET state = 'available', attempt = CASE WHEN attempt > 0 THEN attempt - 1 ELSE 0 END WHERE state = 'running'"

// runsOn is the replica that runs a job.
func (tx *Tx) runsOn() string {
	if tx.onSQLite() {
		return "json_extract(attempted_by, '$[#-1]')"
	}
	return "attempted_by[array_length(attempted_by, 1)]"
}

// FreeOrphans frees the jobs that run on no living replica, which River itself
// would do only after hours, and tells how many.
func (tx *Tx) FreeOrphans(ctx context.Context) (int64, error) {
	n, err := tx.exec(ctx, freed+" AND NOT EXISTS (SELECT 1 FROM replica WHERE id = "+tx.runsOn()+")")
	if err != nil {
		return 0, fmt.Errorf("freeing the jobs of dead replicas: %w", err)
	}
	return n, nil
}

// RunningOn gives the jobs that a replica runs.
func (tx *Tx) RunningOn(ctx context.Context, replica string) ([]int64, error) {
	ids, err := tx.ids(ctx, "SELECT id FROM river_job WHERE state = 'running' AND "+tx.runsOn()+" = $1", replica)
	if err != nil {
		return nil, fmt.Errorf("reading which jobs run: %w", err)
	}
	return ids, nil
}

// Free frees a job that does not run.
func (tx *Tx) Free(ctx context.Context, job int64) error {
	if _, err := tx.exec(ctx, freed+" AND id = $1", job); err != nil {
		return fmt.Errorf("freeing job %d: %w", job, err)
	}
	return nil
}

// Trim keeps the queue's table small: of deliveries that were handled only what
// keeps them from being handled twice, without their bodies, and of looks that
// ended nothing. Both are those that ended since a time and before another.
func (tx *Tx) Trim(ctx context.Context, since, before time.Time) error {
	shorter, from, to := `jsonb_set(args, '{body}', '""')`, any(since.UTC()), any(before.UTC())
	if tx.onSQLite() {
		const layout = "2006-01-02 15:04:05.000" // as River writes it, so that texts compare
		shorter, from, to = "jsonb_set(args, '$.body', '')", since.UTC().Format(layout), before.UTC().Format(layout)
	}
	const ended = " WHERE state = 'completed' AND finalized_at >= $1 AND finalized_at < $2 AND kind = "
	if _, err := tx.exec(ctx, "UPDATE river_job SET args = "+shorter+ended+"'delivery' AND args->>'body' <> ''", from, to); err != nil {
		return fmt.Errorf("shortening webhooks that were handled: %w", err)
	}
	if _, err := tx.exec(ctx, "DELETE FROM river_job"+ended+"'look'", from, to); err != nil {
		return fmt.Errorf("forgetting looks that ended: %w", err)
	}
	return nil
}

// hastened lets a look that waits behind others go before them, and one that
// failed be tried now. One that sleeps because somebody's limit is used up sleeps
// on.
const hastened = `UPDATE river_job SET priority = CASE WHEN priority > $2 THEN $2 ELSE priority END,
	scheduled_at = CASE WHEN state = 'retryable' THEN created_at ELSE scheduled_at END,
	state = CASE WHEN state = 'retryable' THEN 'available' ELSE state END
	WHERE kind = 'look' AND state IN ('available', 'retryable', 'scheduled') AND %s = $1`

// Hasten lets the look at a repository that was asked for run soon.
func (tx *Tx) Hasten(ctx context.Context, repository int64, priority int) error {
	which := "CAST(args->>'repository_id' AS BIGINT)"
	if tx.onSQLite() {
		which = "json_extract(args, '$.repository_id')"
	}
	if _, err := tx.exec(ctx, fmt.Sprintf(hastened, which), repository, priority); err != nil {
		return fmt.Errorf("hastening the look at repository %d: %w", repository, err)
	}
	return nil
}

// Jobs is how many jobs of a kind are in a state.
type Jobs struct {
	Kind, State string
	Count       int64
	// Oldest is how long ago the oldest of them was added.
	Oldest time.Duration
}

// Jobs counts the jobs.
func (tx *Tx) Jobs(ctx context.Context, now time.Time) ([]Jobs, error) {
	oldest := "CAST(extract(epoch FROM min(created_at)) * 1000 AS BIGINT)"
	if tx.onSQLite() {
		oldest = "CAST(unixepoch(min(created_at), 'subsec') * 1000 AS INTEGER)"
	}
	var all []Jobs
	err := tx.each(ctx, func(r row) error {
		var j Jobs
		var since int64
		err := r.Scan(&j.Kind, &j.State, &j.Count, &since)
		j.Oldest = max(now.Sub(fromMillis(since)), 0)
		all = append(all, j)
		return err
	}, "SELECT kind, CAST(state AS TEXT), count(*), "+oldest+" FROM river_job GROUP BY 1, 2 ORDER BY 1, 2")
	if err != nil {
		return nil, fmt.Errorf("counting the jobs: %w", err)
	}
	return all, nil
}

// onSQLite says whether the statements go to SQLite.
func (tx *Tx) onSQLite() bool {
	_, is := tx.querier.(lite)
	return is
}
