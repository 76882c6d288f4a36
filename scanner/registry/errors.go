package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

var (
	// ErrNotFound is a repository or a tag that the registry does not know, or
	// says so because it is private.
	ErrNotFound = errors.New("not found: there is no such repository or tag, or it is private")
	// ErrUnauthorized is a registry that asks for credentials.
	ErrUnauthorized = errors.New("the registry asks for credentials: the image is private or does not exist")
	// ErrRefusedAddress is a request that was not sent because of where it would
	// have gone. An operator can allow a host.
	ErrRefusedAddress = errors.New("refused address")
	// ErrNoImage is a tag or a digest that is there, but not for a client that
	// wants to run it: also because what it stands for is too large or cannot be
	// read. It stays so until the tag moves.
	ErrNoImage = errors.New("no image that could be run")
	// ErrTooLarge is an answer beyond the caps.
	ErrTooLarge = errors.New("the registry's answer is too large")
	// ErrTimeout is a registry that did not answer in time. The context of the
	// call has not ended.
	ErrTimeout = errors.New("the registry did not answer in time")

	errNoConfig  = errors.New("the manifest is that of an image without a config")
	errRedirects = errors.New("the registry redirects without end")
)

// RateLimited is a registry that wants fewer requests, or one that we do not ask
// more often. While RetryAfter has not passed the client asks that host nothing
// of the kind and fails with the same error.
type RateLimited struct { //nolint:errname // read as registry.RateLimited
	// Host is whom we leave alone.
	Host string
	// RetryAfter is how long to wait.
	RetryAfter time.Duration
	// Next is when that is over, also for who is told later; zero where nobody
	// knows.
	Next time.Time
	// Why tells which limit it is; "" is one of the registry's own.
	Why string
	// Pulls is whether pulls are used up, the registry's or those that we allow
	// ourselves: they come back by themselves, and all else goes on.
	Pulls bool
}

// Error says what to do.
func (e *RateLimited) Error() string {
	if e.Why != "" {
		return fmt.Sprintf("%s is not asked for now, %s: try again in %s", e.Host, e.Why, e.RetryAfter)
	}
	return fmt.Sprintf("%s is rate limiting us: try again in %s", e.Host, e.RetryAfter)
}

// Temporary is true: the same request may succeed later.
func (e *RateLimited) Temporary() bool { return true }

// Next is when the registry is asked again about what failed with an error; zero
// where nobody knows.
func Next(err error) time.Time {
	if limited, ok := errors.AsType[*RateLimited](err); ok {
		return limited.Next
	}
	if resting, ok := errors.AsType[*Unavailable](err); ok {
		return resting.Next
	}
	if begun, ok := errors.AsType[*Incomplete](err); ok {
		return begun.Next
	}
	return time.Time{}
}

// Postponed tells whether what failed with an error comes back by itself and is no
// fault of anybody: pulls that are used up, or questions that wait for their turn.
func Postponed(err error) bool {
	limited, ok := errors.AsType[*RateLimited](err)
	return ok && limited.Pulls || errors.Is(err, ErrIncomplete)
}

// unusable says that a tag or a digest is at fault itself, and not the way to it.
func unusable(err error) error { return fmt.Errorf("%w: %w", ErrNoImage, err) }

// refused says that a request to host was not sent.
func refused(host, why string) error {
	return fmt.Errorf("%w: %.260s: %s", ErrRefusedAddress, host, why)
}

// failed is the error of one attempt to send a request. It marks what stands
// within the layers that go-containerregistry and net/http add.
type failed struct{ cause error }

func (f *failed) Error() string { return f.cause.Error() }
func (f *failed) Unwrap() error { return f.cause }

// broken is a connection that could not be made, or that ended too early.
type broken struct{ cause error }

func (b *broken) Error() string { return b.cause.Error() }
func (b *broken) Unwrap() error { return b.cause }

// explain turns what go-containerregistry returns into what a person can act
// on. Bodies of foreign answers are left out.
func explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if answered, ok := errors.AsType[*transport.Error](err); ok {
		return statusError(answered.StatusCode)
	}
	if sent, ok := errors.AsType[*failed](err); ok {
		err = sent.cause
	} else if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	if len(err.Error()) > longestError {
		// A registry may say anything at any length.
		return &curtailed{err}
	}
	return err
}

// longestError is in bytes.
const longestError = 1000

// curtailed is an error of which not all is told.
type curtailed struct{ cause error }

func (c *curtailed) Error() string {
	return strings.ToValidUTF8(c.cause.Error()[:longestError], "") + "…"
}
func (c *curtailed) Unwrap() error { return c.cause }

func statusError(status int) error {
	switch status {
	case http.StatusNotFound:
		return ErrNotFound
	case http.StatusUnauthorized, http.StatusForbidden:
		return ErrUnauthorized
	}
	return fmt.Errorf("the registry answered %d %s", status, http.StatusText(status))
}

// isFinal tells whether a GET would end as the HEAD did.
func isFinal(ctx context.Context, err error) bool {
	if answered, ok := errors.AsType[*transport.Error](err); ok {
		return answered.StatusCode != http.StatusMethodNotAllowed && answered.StatusCode != http.StatusNotImplemented
	}
	_, unsent := errors.AsType[*failed](err)
	return unsent || ctx.Err() != nil
}
