package jobs

import (
	"context"
	"slices"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"
)

// postgres is River's driver, without what River v0.47.0 panics on, and the process
// with it: when the connection is lost between a commit that ends a job and its
// answer, River ends the job again, waits for the row, and is told of the job as it
// was before, running. What ended elsewhere needs no second end, and a job that
// seems to run for ever is found by freeLost.
type postgres struct{ *riverpgxv5.Driver }

// GetExecutor gives what River works with.
func (p postgres) GetExecutor() riverdriver.Executor { return ending{p.Driver.GetExecutor()} }

type ending struct{ riverdriver.Executor }

// JobSetStateIfRunningMany ends jobs, and gives those that ended.
func (e ending) JobSetStateIfRunningMany(ctx context.Context, params *riverdriver.JobSetStateIfRunningManyParams) ([]*rivertype.JobRow, error) {
	rows, err := e.Executor.JobSetStateIfRunningMany(ctx, params)
	return slices.DeleteFunc(rows, func(j *rivertype.JobRow) bool {
		return j.State == rivertype.JobStateRunning || j.State == rivertype.JobStatePending
	}), err //nolint:wrapcheck // River's own error, for River
}
