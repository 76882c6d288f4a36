package merging

import (
	"context"
	"errors"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/policy"
)

// fact reads one. What GitHub does not tell is not known, which keeps a pull request
// from being merged and nothing else; again notes that it may tell soon. The error is
// one that meets whatever is asked next.
func fact[T any](again *bool, read func() (T, error)) (policy.Known[T], error) {
	value, err := read()
	if err == nil {
		return policy.Read(value), nil
	}
	if ends(err) {
		return policy.Known[T]{}, err
	}
	why, soon := whyUnread(err)
	*again = *again || soon
	return policy.Unread[T](why), nil
}

// ends says whether an error will meet all that is asked after it, too.
func ends(err error) bool {
	for _, whole := range []error{
		context.Canceled, context.DeadlineExceeded,
		forge.ErrUnauthorized, forge.ErrSuspended, forge.ErrUninstalled, forge.ErrDisabled, forge.ErrArchived,
	} {
		if errors.Is(err, whole) {
			return true
		}
	}
	_, limited := errors.AsType[*forge.LimitedError](err)
	_, moved := errors.AsType[*forge.MovedError](err)
	return limited || moved
}

// whyUnread says for people why a fact is not known, and whether it may be soon.
func whyUnread(err error) (why string, soon bool) {
	if said, is := errors.AsType[unread](err); is {
		return string(said), false
	}
	if lacks, is := errors.AsType[*forge.PermissionError](err); is {
		if lacks.Needs == "" {
			return "the App lacks a permission", false
		}
		return "the App lacks the permission " + lacks.Needs, false
	}
	if large, is := errors.AsType[*forge.TooLargeError](err); is {
		return large.Error(), false
	}
	if _, is := errors.AsType[*forge.UnavailableError](err); is {
		return "GitHub does not answer for now", true
	}
	if errors.Is(err, forge.ErrNotFound) {
		return "GitHub does not find it for now", true
	}
	if refused, is := errors.AsType[*forge.RefusedError](err); is {
		return "GitHub says: " + refused.Message, false
	}
	return "it could not be read for now", true
}
