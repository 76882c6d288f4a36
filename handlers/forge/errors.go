package forge

import (
	"errors"
	"fmt"
	"time"
)

// What a caller decides on, beside the types below. They come wrapped in a
// *RefusedError, which has GitHub's words.
var (
	// ErrNotFound: it is not there, or this installation may not see it.
	ErrNotFound = errors.New("not found")
	// ErrUnauthorized: the App's key, or a new token, is not taken.
	ErrUnauthorized = errors.New("unauthorized")
	// ErrSuspended: the installation is, until somebody ends that.
	ErrSuspended = errors.New("the installation is suspended")
	// ErrUninstalled: the App is no longer on the account.
	ErrUninstalled = errors.New("the installation is gone")
	// ErrEmpty: the repository has no commit.
	ErrEmpty = errors.New("the repository is empty")
	// ErrArchived: the repository is read-only.
	ErrArchived = errors.New("the repository is archived")
	// ErrDisabled: GitHub itself has shut the repository.
	ErrDisabled = errors.New("the repository is disabled")
	// ErrConflict: something else is there, or was quicker.
	ErrConflict = errors.New("conflict")
	// ErrInvalid: what was asked for cannot be.
	ErrInvalid = errors.New("invalid")
	// ErrExists: there is an open pull request for the two branches.
	ErrExists = errors.New("the pull request exists")
	// ErrNothing: the head has no commit that the base has not.
	ErrNothing = errors.New("there is nothing to pull")
	// ErrNoDrafts: the repository may have no drafts.
	ErrNoDrafts = errors.New("drafts are not supported")
	// ErrReviewers: somebody of those named cannot be asked to review.
	ErrReviewers = errors.New("not all may review")
	// ErrLocked: nobody may comment.
	ErrLocked = errors.New("the conversation is locked")
	// ErrProtected: rules of the repository forbid it.
	ErrProtected = errors.New("protected")
	// ErrNotFile: the path is a folder, a submodule or the like.
	ErrNotFile = errors.New("not a file")
)

// RefusedError is an answer that does not change by asking again.
type RefusedError struct {
	Endpoint string
	Status   int    // of GraphQL's refusals, the one that REST would have
	Message  string // GitHub's words, shortened
	Kind     error  // one of the above, or nil
}

func (e *RefusedError) Error() string {
	if e.Kind == nil {
		return fmt.Sprintf("%s: %d %q", e.Endpoint, e.Status, e.Message)
	}
	return fmt.Sprintf("%s: %v: %d %q", e.Endpoint, e.Kind, e.Status, e.Message)
}

func (e *RefusedError) Unwrap() error { return e.Kind }

// PermissionError is a permission that the installation lacks.
type PermissionError struct {
	What    string // the endpoint
	Needs   string // "contents=read", as GitHub tells it; "" when it does not
	Message string // GitHub's words, shortened
}

func (e *PermissionError) Error() string {
	if e.Needs == "" {
		return fmt.Sprintf("%s: not permitted: %q", e.What, e.Message)
	}
	return fmt.Sprintf("%s: not permitted, needs %s: %q", e.What, e.Needs, e.Message)
}

// LimitedError is a limit of GitHub's, or of our own. Nothing was done.
type LimitedError struct {
	Until time.Time
	Why   string // "primary", "secondary", "cooldown" or "reserve"
}

func (e *LimitedError) Error() string {
	return fmt.Sprintf("limited (%s) until %s", e.Why, e.Until.UTC().Format(time.RFC3339))
}

// UnavailableError is GitHub, or the way to it, out of order. Reads were tried
// again; whether a write was done is not known.
type UnavailableError struct {
	What   string // the endpoint
	Status int    // 0 when there was no answer
	Err    error
}

func (e *UnavailableError) Error() string {
	if e.Status == 0 {
		return fmt.Sprintf("%s: unavailable: %v", e.What, e.Err)
	}
	return fmt.Sprintf("%s: unavailable: %d: %v", e.What, e.Status, e.Err)
}

func (e *UnavailableError) Unwrap() error { return e.Err }

// TooLargeError is more than is read.
type TooLargeError struct {
	What string
	Max  int64
}

func (e *TooLargeError) Error() string { return fmt.Sprintf("%s: more than %d", e.What, e.Max) }

// MovedError is another repository under the name; Resolve finds where the one
// that was meant is now.
type MovedError struct {
	Was   Ref
	Found int64 // the id of the one that has the name
}

func (e *MovedError) Error() string {
	return fmt.Sprintf("%s/%s is repository %d, not %d", e.Was.Owner, e.Was.Name, e.Found, e.Was.ID)
}
