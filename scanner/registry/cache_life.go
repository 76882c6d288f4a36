package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"time"

	"github.com/imageupdater/imageupdater/scanner/image"
)

const (
	// forEver is the life of what a digest names.
	forEver time.Duration = math.MaxInt64
	// betweenLooks is how far apart forced looks at an image are.
	betweenLooks = 30 * time.Second
	// absentLife is for what is not there, or not for us: someone may just be
	// pushing it, or setting up the credential.
	absentLife = 2 * time.Minute
	// limitedLife is for a registry that does not say for how long it is to be
	// left alone.
	limitedLife = time.Minute
	// failedLife is for a registry that stumbles.
	failedLife = 30 * time.Second
	// manyMarks is from where on those without effect are looked for.
	manyMarks = 1000
)

// life is how long an answer is taken for true; 0 is not at all.
func (s *Shared) life(q question, a answer) time.Duration {
	switch {
	case a.err != nil:
		return s.lifeOfError(q, a.err)
	case isPart(a.value):
		return s.options.Settled
	case q.lasting():
		return forEver
	case q.about == aboutManifest || q.about == aboutDetails || q.about == aboutImage: // of a tag: kept as what its digest is, and what that names
		return 0
	case q.about == aboutDigest && !s.movesLocked(q.owner, q.reference):
		return s.options.Settled
	}
	return s.options.Interval
}

func isAnyOf(err error, kinds ...error) bool {
	return slices.ContainsFunc(kinds, func(kind error) bool { return errors.Is(err, kind) })
}

// ofTexts tells whether a question by digest is about what is only told in texts.
func (q question) ofTexts() bool {
	return q.lasting() && (q.about == aboutImage || q.about == aboutProvenance)
}

func (s *Shared) lifeOfError(q question, err error) time.Duration {
	if limited, ok := errors.AsType[*RateLimited](err); ok {
		return min(cmp.Or(limited.RetryAfter, limitedLife), maxPause)
	}
	if resting, ok := errors.AsType[*Unavailable](err); ok {
		return min(max(0, resting.Next.Sub(s.options.Now())), maxPause)
	}
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, ErrIncomplete):
		return 0 // says nothing of the registry
	case (q.about == aboutDetails || q.about == aboutImage) && !q.lasting() && (errors.Is(err, ErrNotFound) || errors.Is(err, ErrNoImage)):
		return s.options.Settled // one of thousands
	case q.ofTexts() && isAnyOf(err, ErrNotFound, ErrNoImage, ErrTooLarge, ErrUnauthorized):
		return s.options.Settled // a base image that is gone or not for us, or its attestation
	case errors.Is(err, ErrNoImage):
		return s.options.Interval
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrUnauthorized), errors.Is(err, ErrRefusedAddress):
		return min(absentLife, s.options.Interval)
	}
	return min(failedLife, s.options.Interval)
}

// spread makes a life up to 10 % longer or shorter, always the same for the same
// question.
func spread(q question, life time.Duration) time.Duration {
	hash := fnv.New32a()
	for _, text := range []string{q.repo.Registry, q.repo.Path, q.reference, q.platform} {
		_, _ = hash.Write([]byte(text + "\x00")) // never fails
	}
	part := float64(hash.Sum32()) / math.MaxUint32
	return time.Duration(float64(life) * (0.9 + 0.2*part))
}

// mark is when someone wanted an image to be looked at again.
type mark struct {
	// staleBefore is when answers to questions count from.
	staleBefore time.Time
	// next becomes staleBefore when betweenLooks is over; zero if there is none.
	next time.Time
	// looked is when staleBefore came to be.
	looked time.Time
}

// set takes a moment in the future for now: until then no answer would count.
func (m *mark) set(at, now time.Time) {
	if at.After(now) {
		at = now
	}
	if at.After(m.next) && at.After(m.staleBefore) {
		m.next = at
	}
}

// take is called with a question and says from when on answers to it count.
func (m *mark) take(now time.Time) time.Time {
	if !m.next.IsZero() && (m.looked.IsZero() || !now.Before(m.looked.Add(betweenLooks))) {
		m.staleBefore, m.looked, m.next = m.next, now, time.Time{}
	}
	return m.staleBefore
}

// staleBefore is from when on answers about an image count.
func (s *Shared) staleBefore(repo image.Repository, now time.Time) time.Time {
	mark := s.marks[repo]
	if mark == nil {
		return time.Time{}
	}
	return mark.take(now)
}

// forgetMarks drops the marks that are older than any answer can be.
func (s *Shared) forgetMarks(now time.Time) {
	if len(s.marks) < manyMarks {
		return
	}
	oldest := now.Add(-2 * max(s.options.Interval, s.options.Settled, maxPause))
	for repo, mark := range s.marks {
		if mark.staleBefore.Before(oldest) && mark.next.Before(oldest) {
			delete(s.marks, repo)
		}
	}
}

// budget is what was spent of an image's budget since a moment.
type budget struct {
	since time.Time
	spent int
}

// spend takes one from the budget of an interval; false if most are spent.
func (s *Shared) spend(o owner, most int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.options.Now()
	b := s.budgets[o]
	if b == nil || !now.Before(b.since.Add(s.options.Interval)) {
		s.forgetBudgets(now)
		b = &budget{since: now}
		s.budgets[o] = b
	}
	if b.spent >= most {
		return false
	}
	b.spent++
	return true
}

// afford takes one from the budget; doing is how the error begins if all is spent.
func (s *Shared) afford(o owner, tag, doing string) error {
	if s.spend(o, s.options.Budget) {
		return nil
	}
	return fmt.Errorf("%s %s: %w", doing, spelt(o.repo, tag), &Incomplete{Next: s.goesOn(o)})
}

// goesOn is when a budget is there again.
func (s *Shared) goesOn(o owner) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.budgets[o]; b != nil {
		return b.since.Add(s.options.Interval)
	}
	return time.Time{}
}

// Once an interval is often enough.
func (s *Shared) forgetBudgets(now time.Time) {
	if now.Before(s.swept.Add(s.options.Interval)) {
		return
	}
	s.swept = now
	for o, b := range s.budgets {
		if !now.Before(b.since.Add(s.options.Interval)) {
			delete(s.budgets, o)
		}
	}
}
