package run

import (
	"hash/fnv"
	"strconv"
	"time"
)

// next is when the next look is wanted: when the schedule says so, or sooner
// where a registry puts off its answer until a time.
func (r *Runner) next(l Look, out *Outcome) time.Time {
	now := r.Now()
	next := r.scheduled(l, out)
	for i := range out.Plan.Results {
		if again := out.Plan.Results[i].Next; !again.IsZero() && again.Before(next) {
			next = again
		}
	}
	if least := now.Add(r.Least); next.Before(least) {
		next = least.Add(jitter(l.Repository.ID, now, r.Least/10))
	}
	return next
}

// scheduled is when the schedule wants the next look, a little off the hour so
// that not all repositories come at once.
func (r *Runner) scheduled(l Look, out *Outcome) time.Time {
	now, schedule := r.Now(), out.Config.Schedule.Value
	every := schedule.Every()
	if every == 0 { // a cron line
		at := schedule.Next(now, out.Config.Location())
		if least := now.Add(r.Least); at.Before(least) {
			at = schedule.Next(least, out.Config.Location())
		}
		return at.Add(jitter(l.Repository.ID, at, time.Minute))
	}
	every = max(every, r.Least)
	return now.Add(max(every-every/20, r.Least) + jitter(l.Repository.ID, now, every/10))
}

// jitter is a part of a time, another one for each repository and moment.
func jitter(id int64, at time.Time, most time.Duration) time.Duration {
	sum := fnv.New64a()
	_, _ = sum.Write(strconv.AppendInt(strconv.AppendInt(nil, id, 10), at.Unix(), 10)) // never fails
	return time.Duration(sum.Sum64() % uint64(max(most, 1)))                           //nolint:gosec // most is positive
}
