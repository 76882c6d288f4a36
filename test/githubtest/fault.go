package githubtest

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"sync"
	"time"
)

// When is the moment of a fault.
type When int

const (
	// BeforeWork means that nothing has changed.
	BeforeWork When = iota
	// AfterWork means that all is done, but the caller is not told.
	AfterWork
)

// Fault is something that goes wrong, and the calls that it befalls: those that
// fit Operation, Method, Path and Installation, counted from 1, and of these the
// ones that Nth, From, To, Every and Times leave.
type Fault struct {
	// Operation is GitHub's name, "git/create-ref", or the field of a GraphQL
	// call, "updateRefs"; "" for any.
	Operation string
	// Method is a verb, "" for any; Path a pattern of path.Match on the path
	// without the API's prefix: "/repos/*/*/pulls". "" is any.
	Method, Path string
	// Installation is the id of the one that calls; 0 is any.
	Installation int64

	// Nth is the only one; From and To are the first and the last; Every takes
	// each so-manieth from From on; Times ends it after so many. 0 is no limit.
	Nth, From, To, Every, Times int

	When When
	// Status is the answer's; 0 leaves the answer as it is.
	Status int
	Header http.Header
	// Body is the answer's, as it is; without it the answer is JSON with
	// Message.
	Body, Message string
	// About is the documentation_url; "-" for an answer without one.
	About string
	// Reset ends the connection by a TCP reset instead of an answer.
	Reset bool
	// Slow is time beyond the latency. Hold lets the call hang until the test
	// releases it or the client gives up.
	Slow time.Duration
	Hold bool
	// Truncate ends the connection after so many bytes of the body.
	Truncate int
	// Stale answers as the same read was answered the last time, without doing
	// it; it passes over a read that was never answered.
	Stale bool
	// Func changes the answer in its own way: status, header and body.
	Func func(*Exchange)
	// Optional is one that may never happen; any other that does not, fails the
	// test.
	Optional bool
}

// Injected is a fault that was set.
type Injected struct {
	Fault

	mu          *sync.Mutex
	seen, fired int
	removed     bool
	release     chan struct{}
	once        sync.Once
	reached     chan struct{}
	again       chan struct{} // closed each time it befalls a call
}

// struck is a fault that befalls one call.
type struck struct {
	*Injected

	stale reply
}

// faults are all that a test has set, in order: the first that fits a call
// befalls it.
type faults struct {
	mu   sync.Mutex
	all  []*Injected
	last map[string]reply // the last good answer of each read
}

// Fault sets one. It stays until the test ends or it is removed.
func (s *Server) Fault(f Fault) *Injected {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	i := &Injected{Fault: f, mu: &s.faults.mu, release: make(chan struct{}), reached: make(chan struct{}), again: make(chan struct{})}
	s.faults.all = append(s.faults.all, i)
	return i
}

// Fired is how many calls it has befallen.
func (f *Injected) Fired() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fired
}

// Reached is closed when it has befallen its first call.
func (f *Injected) Reached() <-chan struct{} { return f.reached }

// Await waits until it has befallen n calls.
func (f *Injected) Await(ctx context.Context, n int) error {
	for {
		f.mu.Lock()
		fired, again := f.fired, f.again
		f.mu.Unlock()
		if fired >= n {
			return nil
		}
		select {
		case <-again:
		case <-ctx.Done():
			return fmt.Errorf("waiting for a fault to befall %d calls: %w", n, context.Cause(ctx))
		}
	}
}

// Release lets go on what it holds, now and later.
func (f *Injected) Release() { f.once.Do(func() { close(f.release) }) }

// Remove ends it.
func (f *Injected) Remove() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.removed = true
	f.Release()
}

// meet is the fault that befalls a call, nil for none.
func (a *faults) meet(x *exchange) *struck {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range a.all {
		last, known := a.last[x.reading()]
		if f.removed || !f.fits(x) || (f.Stale && !known) {
			continue
		}
		f.seen++
		if !f.due() {
			continue
		}
		f.fired++
		if f.fired == 1 {
			close(f.reached)
		}
		close(f.again)
		f.again = make(chan struct{})
		return &struck{f, last}
	}
	return nil
}

func (f *Injected) fits(x *exchange) bool {
	if (f.Operation != "" && f.Operation != x.name) || (f.Method != "" && f.Method != x.r.Method) {
		return false
	}
	if f.Installation != 0 && (x.by.token == nil || x.by.token.install.ID != f.Installation) {
		return false
	}
	if f.Path == "" {
		return true
	}
	fits, err := path.Match(f.Path, x.path)
	return err == nil && fits
}

// due says whether the call that was just seen is one of those meant.
func (f *Injected) due() bool {
	from := max(f.From, 1)
	switch {
	case f.Nth > 0 && f.seen != f.Nth, f.seen < from, f.To > 0 && f.seen > f.To, f.Times > 0 && f.fired >= f.Times:
		return false
	}
	return f.Every == 0 || (f.seen-from)%f.Every == 0
}

// delay is what the fault adds at a moment of the call: until the test lets it
// go on, or the client gives up.
func (x *exchange) delay(ctx context.Context, f *struck, at When) error {
	if f == nil || f.When != at {
		return nil
	}
	if f.Hold {
		select {
		case <-f.release:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return x.latency.wait(ctx, f.Slow)
}

// reading is a call as the memory of answers knows it.
func (x *exchange) reading() string {
	return x.by.key() + " " + x.r.Header.Get("Accept") + " " + x.r.URL.RequestURI()
}

// Stale answers are kept of so many reads, and of so many bytes each.
const (
	maxRemembered = 2000
	maxKept       = 64 << 10
)

func (a *faults) remember(x *exchange, answer reply) {
	if x.r.Method != http.MethodGet || answer.status != http.StatusOK || len(answer.bytes) > maxKept {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.last) >= maxRemembered {
		clear(a.last)
	}
	a.last[x.reading()] = answer
}

// unfired fails the test for faults that were set in vain.
func (a *faults) unfired(t TB) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range a.all {
		f.Release()
		if f.fired == 0 && !f.Optional {
			t.Errorf("githubtest: the fault of %s%s%s never happened", f.Operation, f.Method, f.Path)
		}
	}
}
