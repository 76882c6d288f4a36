package sources

import (
	"context"
	"errors"
	"fmt"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/scanner/changelog"
)

// isOurs tells whether an error is one that a Source may give by itself.
func isOurs(err error) bool {
	return errors.Is(err, changelog.ErrNotFound) || errors.Is(err, changelog.ErrLater) || errors.Is(err, changelog.ErrTooLarge)
}

// judged makes an error of a Source of what a read failed by, or of whoever gave
// up. It repeats nothing that an answer said.
func judged(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("asking GitHub: %w", context.Cause(ctx))
	}
	limited, isLimited := errors.AsType[*forge.LimitedError](err)
	unavailable, isUnavailable := errors.AsType[*forge.UnavailableError](err)
	refused, isRefused := errors.AsType[*forge.RefusedError](err)
	_, isTooLarge := errors.AsType[*forge.TooLargeError](err)
	_, isDenied := errors.AsType[*forge.PermissionError](err)
	switch {
	case isOurs(err):
		return err
	case isLimited:
		return fmt.Errorf("%w: %w", changelog.ErrLater, limited)
	case isTooLarge:
		return changelog.ErrTooLarge
	case isUnavailable && unavailable.Status != 0:
		return fmt.Errorf("%w: %s: status %d", changelog.ErrLater, unavailable.What, unavailable.Status)
	case isUnavailable:
		return fmt.Errorf("%w: %s: no answer that can be read", changelog.ErrLater, unavailable.What)
	case errors.Is(err, forge.ErrSuspended), errors.Is(err, forge.ErrUninstalled), errors.Is(err, forge.ErrUnauthorized):
		return fmt.Errorf("%w: it is not known who asks", changelog.ErrLater)
	case isDenied, isRefused && refused.Kind != nil, errors.Is(err, forge.ErrInvalid), errors.Is(err, forge.ErrNotFound):
		return changelog.ErrNotFound
	case isRefused:
		return fmt.Errorf("%w: %s: status %d", changelog.ErrLater, refused.Endpoint, refused.Status)
	}
	return fmt.Errorf("%w: something is out of order", changelog.ErrLater)
}
