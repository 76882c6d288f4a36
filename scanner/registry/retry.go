package registry

import (
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"syscall"
	"time"
)

const (
	// maxPause is how long a registry can make us stay away.
	maxPause = time.Hour
	// longestStumble is how long a registry that is unavailable may ask for
	// without being left alone by all.
	longestStumble = 2 * time.Second
)

// retrying sends a request up to three times when the registry stumbles. It
// never repeats one that was rate limited or took too long.
type retrying struct{ next http.RoundTripper }

// RoundTrip returns the last answer.
func (r *retrying) RoundTrip(req *http.Request) (*http.Response, error) {
	for _, pause := range []time.Duration{200 * time.Millisecond, 800 * time.Millisecond} {
		resp, err := r.try(req)
		if !stumbled(resp, err) {
			return resp, err
		}
		if err := wait(req.Context(), pause); err != nil {
			return nil, err
		}
	}
	return r.try(req)
}

// try sends a request with its body from the beginning.
func (r *retrying) try(req *http.Request) (*http.Response, error) {
	if req.GetBody == nil {
		return r.next.RoundTrip(req)
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, err
	}
	sent := req.Clone(req.Context())
	sent.Body = body
	return r.next.RoundTrip(sent)
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
		return context.Cause(ctx)
	}
}

// retryAfter is how long an answer asks us to wait: in seconds, until a date, or
// until a Unix time as Docker Hub has it. Times are taken relative to the
// registry's own clock, or to ours if it does not tell its own. 0 means that it does
// not say.
func retryAfter(header http.Header, ours time.Time) time.Duration {
	if seconds, err := strconv.ParseFloat(header.Get("Retry-After"), 64); err == nil && !math.IsNaN(seconds) {
		return wholeSeconds(time.Duration(max(0, min(seconds, maxPause.Seconds())) * float64(time.Second)))
	}
	now := dateOf(header)
	if now.IsZero() {
		now = ours
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
