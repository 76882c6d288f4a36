package registry

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// within makes a call of several requests and ends it when together they take
// too long. The call is made to the hosts that may have the repository, one after
// the other until one answers. reference is the tag or the digest that the call
// is about, "" if it is about all tags.
func within[T any](ctx context.Context, c *Client, repo image.Repository, reference string, ask func(context.Context, image.Repository) (T, error)) (T, error) {
	var none T
	if err := c.checkName(repo); err != nil {
		return none, err
	}
	limit := callTimeouts * c.guard.timeout
	limited, cancel := context.WithTimeoutCause(ctx, limit, ErrTimeout)
	defer cancel()
	origin := image.Repository{Registry: c.sites.of(repo.Registry).Name, Path: repo.Path}
	failures := &failures{origin: origin}
	for _, at := range c.places(origin, reference) {
		result, err := asked(limited, c, at, ask)
		switch {
		case err == nil:
			return result, nil
		case ctx.Err() != nil:
			return none, context.Cause(ctx)
		case limited.Err() != nil:
			return none, fmt.Errorf("%w: all requests together took longer than %s", ErrTimeout, limit)
		}
		if failures.add(at, err); at == origin && isAnswer(err) {
			break
		}
	}
	return none, failures.err()
}

// Identity tells what a repository is asked with, at its host and at all mirrors,
// from what others are asked with. What one may see another may not.
func (c *Client) Identity(ctx context.Context, repo image.Repository) (string, error) {
	if c.credentials == nil {
		return "", nil
	}
	origin := image.Repository{Registry: c.sites.of(repo.Registry).Name, Path: repo.Path}
	identities := make([]string, 0, 1)
	for _, at := range c.allPlaces(origin) {
		credential, err := c.credentials.For(ctx, at)
		if err != nil {
			return "", fmt.Errorf("credentials for %s: %w", at, err)
		}
		identities = append(identities, credential.Identity)
	}
	if strings.Join(identities, "") == "" {
		return "", nil
	}
	return strings.Join(identities, " "), nil
}

// places are where a repository is asked for, in this order. A digest means the
// same everywhere. Of tags a mirror may not have heard yet, and what it once heard
// would be taken for the newest.
func (c *Client) places(origin image.Repository, reference string) []image.Repository {
	if image.ValidDigest(reference) {
		return c.allPlaces(origin)
	}
	return []image.Repository{origin}
}

// allPlaces are the mirrors of a host, and then the host.
func (c *Client) allPlaces(origin image.Repository) []image.Repository {
	var places []image.Repository
	for _, mirror := range c.sites.of(origin.Registry).Mirrors {
		places = append(places, image.Repository{Registry: c.sites.of(mirror).Name, Path: origin.Path})
	}
	return append(places, origin)
}

// isAnswer tells whether there is no need to ask a mirror what its origin knows.
func isAnswer(err error) bool {
	return errors.Is(err, ErrNotFound) || errors.Is(err, ErrNoImage) || errors.Is(err, ErrTooLarge) || errors.Is(err, image.ErrInvalid)
}

// asked makes a call to one host.
func asked[T any](ctx context.Context, c *Client, at image.Repository, ask func(context.Context, image.Repository) (T, error)) (T, error) {
	called, err := newVisit(ctx, c.sites.of(at.Registry), at, c.credentials)
	if err != nil {
		var none T
		return none, explain(ctx, err)
	}
	result, err := ask(withVisit(ctx, called), at)
	if err == nil {
		return result, nil
	}
	err = explain(ctx, err)
	if !called.anyone && err == ErrUnauthorized { //nolint:errorlint // what says more already stays as it is
		err = fmt.Errorf("%w, or the credentials that are configured for it may not see it", err)
	}
	return result, err
}

// failures are what went wrong at several hosts. What the origin says counts; that
// a mirror does not have something is no news.
type failures struct {
	origin  image.Repository
	cause   error
	mirrors []string
}

func (f *failures) add(at image.Repository, err error) {
	switch {
	case at == f.origin:
		f.cause = err
	case !errors.Is(err, ErrNotFound):
		f.mirrors = append(f.mirrors, fmt.Sprintf("mirror %s: %v", at.Registry, err))
	}
}

func (f *failures) err() error {
	if len(f.mirrors) == 0 {
		return f.cause
	}
	return fmt.Errorf("%w (%s)", f.cause, strings.Join(f.mirrors, "; "))
}
