package githubtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
)

// Start starts a server that belongs to no test and runs until it is closed.
// report is told what would fail one: a break of the contract, a fault that
// never happens. What would end a test, as a repository that cannot be made,
// panics after it has been told.
func Start(ctx context.Context, o Options, report func(problem string)) (*Server, error) {
	a := &alone{ctx: ctx, report: report}
	s, err := start(a, o) //nolint:contextcheck // it is in a, as a test has its own
	if err != nil {
		return nil, errors.Join(err, a.close())
	}
	s.closing = a.close
	return s, nil
}

// Close stops a server that Start started, and removes its repositories. One
// that New started stops by itself.
func (s *Server) Close() error {
	if s.closing == nil {
		return nil
	}
	return s.closing()
}

// alone stands where a test would.
type alone struct {
	ctx    context.Context //nolint:containedctx // a TB has one
	report func(problem string)

	mu       sync.Mutex
	cleanups []func()
	failed   error
}

func (a *alone) Helper() {}

func (a *alone) Context() context.Context { return a.ctx }

func (a *alone) Errorf(format string, args ...any) { a.report(fmt.Sprintf(format, args...)) }

func (a *alone) Fatalf(format string, args ...any) {
	a.Errorf(format, args...)
	panic(fmt.Sprintf(format, args...))
}

func (a *alone) Cleanup(cleanup func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cleanups = append(a.cleanups, cleanup)
}

func (a *alone) TempDir() string {
	dir, err := os.MkdirTemp("", "githubtest-")
	if err != nil {
		a.Fatalf("making a folder: %v", err)
	}
	a.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			a.failed = errors.Join(a.failed, fmt.Errorf("removing %s: %w", dir, err))
		}
	})
	return dir
}

func (a *alone) close() error {
	a.mu.Lock()
	all := a.cleanups
	a.cleanups = nil
	a.mu.Unlock()
	for _, cleanup := range slices.Backward(all) {
		cleanup()
	}
	return a.failed
}
