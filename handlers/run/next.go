package run

import (
	"hash/fnv"
	"strconv"
	"time"

	"github.com/imageupdater/imageupdater/config"
)

// next is when the schedule wants the next look, a little off the hour so that
// not all repositories come at once.
func (r *Runner) next(l Look, c *config.Config) time.Time {
	now := r.Now()
	schedule := c.Schedule.Value
	every := schedule.Every()
	if every == 0 { // a cron line
		at := schedule.Next(now, c.Location())
		if least := now.Add(r.Least); at.Before(least) {
			at = schedule.Next(least, c.Location())
		}
		return at.Add(jitter(l.Repository.ID, time.Minute))
	}
	every = max(every, r.Least)
	// One repository keeps its place within the interval.
	return now.Add(every - every/20 + jitter(l.Repository.ID+now.Unix(), every/10))
}

// jitter is a part of a time that is the repository's own.
func jitter(id int64, most time.Duration) time.Duration {
	sum := fnv.New32a()
	_, _ = sum.Write(strconv.AppendInt(nil, id, 10)) // never fails
	return time.Duration(sum.Sum32()) % max(most, 1)
}
