package proposal

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Conflicts finds out which of the pull requests that would stay as they are
// cannot be merged into the base any more, and marks them. again is when GitHub is
// to be asked again for what it did not know yet; zero where there is no need.
func (r *Reconciler) Conflicts(ctx context.Context, to Writer, proposals []*Proposal) (found bool, again time.Time, err error) {
	for _, p := range proposals {
		e := p.Existing
		if e == nil || p.Rewrite || e.BuiltOn == p.BaseSHA {
			continue
		}
		sides := e.HeadSHA + " " + p.BaseSHA
		known := "merges " + sides
		if _, is := r.Memory.Fact(ctx, known); is {
			continue
		}
		pull, err := to.Pull(ctx, e.Number)
		switch {
		case err != nil:
			return found, again, fmt.Errorf("asking whether pull request %d can be merged: %w", e.Number, err)
		case pull.Mergeable == nil: // GitHub finds out in the background
			again = sooner(again, r.patience(ctx, sides))
		case *pull.Mergeable:
			r.Memory.KeepFact(ctx, known, []byte("1"))
		default:
			e.Conflict, found = true, true
		}
	}
	return found, again, nil
}

// sooner is the earlier of two times; a zero one is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// How long is waited for GitHub to find out whether something merges: from a
// minute on twice as long each time, an hour in all.
const (
	firstWait = time.Minute
	mostWaits = 6
)

// waited is how many times was waited for something, and until when.
type waited struct {
	Times int
	Until time.Time
}

// patience is until when is waited for GitHub to find out about the two sides of a
// merge; zero where that was long enough. When one of them moves, it begins anew.
func (r *Reconciler) patience(ctx context.Context, sides string) time.Time {
	name, now := "unsure "+sides, r.Now()
	var w waited
	if text, found := r.Memory.Fact(ctx, name); found && json.Unmarshal(text, &w) != nil {
		w = waited{}
	}
	switch {
	case now.Before(w.Until):
		return w.Until
	case w.Times >= mostWaits:
		return time.Time{}
	}
	w = waited{w.Times + 1, now.Add(firstWait << w.Times)}
	if text, err := json.Marshal(w); err == nil {
		r.Memory.KeepFact(ctx, name, text)
	}
	return w.Until
}
