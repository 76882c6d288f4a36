package registry

import (
	"fmt"
	"time"
)

const (
	// mostFailures in a row are what a host may have before it is left alone.
	mostFailures = 5
	firstRest    = 30 * time.Second
	longestRest  = 10 * time.Minute
)

// Unavailable is a registry that failed several times in a row. Until Next it is
// asked nothing, then with one request.
type Unavailable struct { //nolint:errname // read as registry.Unavailable
	// Host is who failed.
	Host string
	// Next is when it is asked again.
	Next time.Time
	// Cause is how it failed last.
	Cause error
}

// Error says what happened and when it goes on.
func (e *Unavailable) Error() string {
	return fmt.Sprintf("%s failed several times in a row and is asked again at %s: %v", e.Host, e.Next.UTC().Format("15:04:05 UTC"), e.Cause)
}

// Unwrap gives the last failure.
func (e *Unavailable) Unwrap() error { return e.Cause }

// Temporary is true: the same request may succeed later.
func (e *Unavailable) Temporary() bool { return true }

// outcome is what a request says of its host.
type outcome int

const (
	outcomeNone outcome = iota // it says nothing
	outcomeAnswered
	outcomeError  // it answered that it cannot answer: that may be due to one repository
	outcomeBroken // it did not answer
)

// breaker counts the failures of a host. It opens after several in a row; errors
// that all came with one repository do not count, so that no repository can shut
// the host for others. It is not safe for several goroutines.
type breaker struct {
	failures int
	first    string // repository of the first failure
	several  bool   // failures are not all of one repository

	rests int // how often in a row it opened
	until time.Time
	cause error
}

// rest is the error of a host that is left alone; nil if it may be asked.
func (b *breaker) rest(host string, now time.Time) error {
	if !now.Before(b.until) {
		return nil
	}
	return &Unavailable{Host: host, Next: b.until, Cause: b.cause}
}

// try lets a request through. The first after a rest is a probe: until it is done
// all others are held off.
func (b *breaker) try(now time.Time) (probe bool) {
	if b.rests == 0 {
		return false
	}
	b.until = now.Add(firstRest)
	return true
}

// done takes what came of a request.
func (b *breaker) done(now time.Time, what outcome, repository string, cause error, probe bool) {
	switch {
	case what == outcomeAnswered:
		*b = breaker{}
	case what == outcomeNone && probe:
		b.until = now // the next one finds out
	case what == outcomeNone || b.rests > 0 && !probe:
	default:
		b.fail(now, what, repository, cause)
	}
}

func (b *breaker) fail(now time.Time, what outcome, repository string, cause error) {
	if b.failures == 0 {
		b.first = repository
	}
	b.failures++
	b.cause = cause
	b.several = b.several || what == outcomeBroken || repository != b.first
	if b.failures >= mostFailures && b.several {
		b.until = now.Add(min(firstRest<<min(b.rests, 10), longestRest))
		b.rests++
	}
}
