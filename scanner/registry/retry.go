package registry

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// maxPause is how long a registry can make us stay away.
const maxPause = time.Hour

// retrying sends a request up to three times when the registry stumbles. It
// never repeats one that was rate limited or took too long.
type retrying struct{ next http.RoundTripper }

// RoundTrip returns the last answer.
func (r *retrying) RoundTrip(req *http.Request) (*http.Response, error) {
	for _, pause := range []time.Duration{200 * time.Millisecond, 800 * time.Millisecond} {
		resp, err := r.next.RoundTrip(req)
		if !stumbled(resp, err) {
			return resp, err
		}
		if err := wait(req.Context(), pause); err != nil {
			return nil, err
		}
	}
	return r.next.RoundTrip(req)
}

func stumbled(resp *http.Response, err error) bool {
	if err != nil {
		return slices.ContainsFunc(
			[]error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE},
			func(target error) bool { return errors.Is(err, target) },
		)
	}
	switch resp.StatusCode {
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

func wait(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// retryAfter is how long an answer asks us to wait: in seconds, until a date, or
// until a Unix time as Docker Hub has it. Times are taken relative to the
// registry's own clock. 0 means that it does not say.
func retryAfter(header http.Header) time.Duration {
	if seconds, err := strconv.ParseInt(header.Get("Retry-After"), 10, 32); err == nil {
		return bounded(time.Duration(seconds) * time.Second)
	}
	now, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return 0
	}
	if until, err := http.ParseTime(header.Get("Retry-After")); err == nil {
		return bounded(until.Sub(now))
	}
	if epoch, err := strconv.ParseInt(header.Get("X-Retry-After"), 10, 64); err == nil {
		return bounded(time.Unix(epoch, 0).Sub(now))
	}
	return 0
}

func bounded(pause time.Duration) time.Duration { return max(0, min(pause, maxPause)) }

// paused remembers the hosts that told how long they want to be left alone.
type paused struct {
	mu     sync.Mutex
	byHost map[string]pause
}

type pause struct {
	limited *RateLimited
	over    <-chan time.Time
}

func newPaused() *paused { return &paused{byHost: map[string]pause{}} }

func (p *paused) set(limited *RateLimited) {
	if limited.RetryAfter == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.byHost[limited.Host] = pause{limited, time.After(limited.RetryAfter)}
}

// get is the error of the host's pause; nil when there is none.
func (p *paused) get(host string) *RateLimited {
	p.mu.Lock()
	defer p.mu.Unlock()
	current, ok := p.byHost[host]
	if !ok {
		return nil
	}
	select {
	case <-current.over:
		delete(p.byHost, host)
		return nil
	default:
		return current.limited
	}
}
