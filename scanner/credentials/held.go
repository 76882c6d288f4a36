package credentials

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"golang.org/x/sync/singleflight"
)

// source is where a login comes from.
type source struct {
	// fetch gets the login and tells until when it is good.
	fetch func(context.Context) (login, time.Time, error)
	// timeout is how long that may take.
	timeout time.Duration
	// patience is how long nobody asks again after a failure, or because a
	// registry refused a login that is new.
	patience time.Duration
}

const (
	// What is read from the machine itself is read anew as often as this.
	rereadAfter = 5 * time.Second
	// What others are asked for is not asked for more often than this.
	askAgainAfter = 30 * time.Second
	askTimeout    = 15 * time.Second
	// What is good for a time is got anew when this part of it has passed.
	refreshParts, refreshOf = 4, 5
)

// issue is a login that a source gave.
type issue struct {
	login login
	// got, refresh and expires are when it came, when a newer one is wanted and
	// when it is no more good.
	got, refresh, expires time.Time
}

// held keeps a login for as long as it is good and gets the next one before
// that. All callers share one fetch, which does not end with any of them.
type held struct {
	source source
	now    func() time.Time
	flight singleflight.Group

	mu      sync.Mutex
	current *issue
	failure error     // of the last fetch; nil after a good one
	retry   time.Time // not before
}

// get gives a login that is good now.
func (h *held) get(ctx context.Context) (*issue, error) {
	h.mu.Lock()
	current, failure, retry := h.current, h.failure, h.retry
	h.mu.Unlock()
	now := h.now()
	good := current != nil && now.Before(current.expires)
	switch {
	case good && now.Before(current.refresh):
		return current, nil
	case failure != nil && now.Before(retry) && good:
		return current, nil
	case failure != nil && now.Before(retry):
		return nil, failure
	}
	next, err := h.replace(ctx, current)
	if err != nil && good {
		return current, nil // it will do until it expires
	}
	return next, err
}

// replace gets the successor of a login, unless somebody has got it already.
func (h *held) replace(ctx context.Context, old *issue) (*issue, error) {
	done := h.flight.DoChan("", func() (any, error) {
		h.mu.Lock()
		current := h.current
		h.mu.Unlock()
		if current != old {
			return current, nil
		}
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.source.timeout)
		defer cancel()
		return h.fetch(limited)
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case result := <-done:
		next, _ := result.Val.(*issue)
		return next, result.Err
	}
}

func (h *held) fetch(ctx context.Context) (*issue, error) {
	asked := h.now()
	got, expires, err := h.source.fetch(ctx)
	if err == nil {
		err = got.check()
	}
	if err == nil && !expires.After(asked) {
		err = problemf("they have expired already, at %s", expires.UTC().Format(time.RFC3339))
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failure, h.retry = err, h.now().Add(h.source.patience)
	if err != nil {
		return nil, err
	}
	h.current = &issue{login: got, got: asked, refresh: asked.Add(expires.Sub(asked) / refreshOf * refreshParts), expires: expires}
	return h.current, nil
}

// renew answers a registry that refused a login: it tells whether there is
// another one now. It asks for one, though not for one that is just as new.
func (h *held) renew(ctx context.Context, refused *issue) bool {
	h.mu.Lock()
	current, retry := h.current, h.retry
	h.mu.Unlock()
	if current != nil && !current.login.same(refused.login) {
		return true
	}
	if h.now().Before(retry) {
		return false
	}
	next, err := h.replace(ctx, current)
	return err == nil && !next.login.same(refused.login)
}

// authenticator gives a held login to go-containerregistry, which asks for it
// before each request that needs it.
type authenticator struct {
	held *held
	// host and where are for errors.
	host, where string
	// account is the user name that all logins must have; nil is any.
	account *string
	last    atomic.Pointer[issue]
}

// Authorization is AuthorizationContext for those who have no context.
func (a *authenticator) Authorization() (*authn.AuthConfig, error) {
	return a.AuthorizationContext(context.Background())
}

// AuthorizationContext gives the login that is good now.
func (a *authenticator) AuthorizationContext(ctx context.Context) (*authn.AuthConfig, error) {
	got, err := a.get(ctx)
	if err != nil {
		return nil, err
	}
	return got.login.config(), nil
}

func (a *authenticator) get(ctx context.Context) (*issue, error) {
	got, err := a.held.get(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, ctx.Err()
	case err == nil && a.account != nil && *a.account != got.login.username:
		err = problemf("another account has logged in since")
	}
	if err != nil {
		return nil, unusable(a.host, a.where, err)
	}
	a.last.Store(got)
	return got, nil
}

// Invalidate is for a registry that answered 401 to what was shown last. It
// tells whether there is another login now, with which one more try is worth
// while.
func (a *authenticator) Invalidate(ctx context.Context) bool {
	last := a.last.Load()
	return last != nil && a.held.renew(ctx, last)
}

// String keeps secrets from those who print everything.
func (a *authenticator) String() string { return "credentials" }
