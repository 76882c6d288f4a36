package jobs

import (
	"context"
	"sync"
	"time"

	"github.com/imageupdater/imageupdater/server/store"
)

// patience is how long the end of a job may take to be written down.
const patience = 30 * time.Second

// running is what this process does. When the database is away for a while a job
// may end without a trace of that in it: then it seems to run here for ever.
type running struct {
	mu   sync.Mutex
	jobs map[int64]bool
	lost map[int64]time.Time // since when a job seems to run

	trimmed time.Time // what ended before is trimmed
}

// begin notes that a job runs, until end is called.
func (r *running) begin(id int64) (end func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.jobs[id] = true
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.jobs, id)
	}
}

// seem takes which jobs run here as the database says, and gives those that have
// not been running for some time.
func (r *running) seem(ids []int64, now time.Time) (lost []int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	since := map[int64]time.Time{}
	for _, id := range ids {
		if r.jobs[id] {
			continue
		}
		first, known := r.lost[id]
		if !known {
			first = now
		}
		since[id] = first
		if now.Sub(first) >= patience {
			lost = append(lost, id)
		}
	}
	r.lost = since
	return lost
}

// freeLost lets jobs run again that seem to run here and do not.
func (q *Queue) freeLost(ctx context.Context, tx *store.Tx) error {
	ids, err := tx.RunningOn(ctx, q.o.Replica)
	if err != nil {
		return err
	}
	for _, id := range q.running.seem(ids, q.o.Now()) {
		q.o.Logger.Warn().Int64("job_id", id).Msg("a job ended without a trace: it is done again")
		if err := tx.Free(ctx, id); err != nil {
			return err
		}
	}
	return nil
}
