package proposal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/policy"
	"github.com/imageupdater/imageupdater/scanner/format"
)

// Claim is a pull request of which is to be proved that it is as the App made it.
// All of its fields have to be set.
type Claim struct {
	// Repository is the repository's id.
	Repository int64
	// Pull is the pull request as it was read just now.
	Pull forge.Candidate
	// Base is the branch that pull requests are for, and Prefix what the names of
	// their branches begin with, by the configuration.
	Base, Prefix string
	// Find finds the fields of a commit, whose tree has these entries, as those of
	// the base are found for the planner. Its errors are those of package forge.
	Find func(ctx context.Context, entries []forge.Entry) ([]format.Field, error)
	// Fields gives what the newest base has in the fields of a place, as Value.String
	// has it: documents of one file may share a place.
	Fields func(path, key, image string) []string
}

// Prove finds out whether a pull request is as the App made it, by its commits and
// their trees: what its text says of itself counts for nothing. The record is that
// of the App's commit; nil where there is none. What commits say stays true, and is
// read once. The error is an answer that GitHub does not give for now; what it
// refuses to say of one thing is a sign that is not known.
func (h *Historian) Prove(ctx context.Context, r Reader, c *Claim) (*Record, policy.Ownership, error) {
	p, err := h.proof(ctx, r, c)
	if err != nil {
		return nil, policy.Ownership{}, fmt.Errorf("proving that pull request %d is as it was made: %w", c.Pull.Number, err)
	}
	record, _ := p.Record.Get()
	of := func(judge func(*Record) string) policy.Known[policy.Sign] {
		if _, known := p.Record.Get(); !known {
			return policy.Unread[policy.Sign](p.Record.Why())
		}
		return signOf(judge(record))
	}
	return record, policy.Ownership{
		Head: p.Head, Commits: p.Commits, Tree: p.Tree, Base: of(c.base), Branch: of(c.branch), Record: of(c.standing),
	}, nil
}

// signOf is one that was read: "" where all is right, else what was found instead.
func signOf(why string) policy.Known[policy.Sign] {
	return policy.Read(policy.Sign{OK: why == "", Why: why})
}

// unrecorded is said where there is no record for the repository.
const unrecorded = "no commit of the App says what it does"

// base wants the pull request to be for the branch that it was made for, and
// that to be the one that holds.
func (c *Claim) base(record *Record) string {
	switch is := c.Pull.Base.Name; {
	case is != c.Base:
		return "it is for " + is
	case record == nil:
		return unrecorded
	case !strings.HasSuffix(c.Pull.Head.Name, branchName("", is, record.Group)):
		return c.Pull.Head.Name + " is not named as one for " + is
	}
	return ""
}

// branch wants the pull request to be of a branch that is named as the App names it,
// in the repository itself.
func (c *Claim) branch(record *Record) string {
	switch is := c.Pull.Head; {
	case is.Repository == 0:
		return "the repository of its branch is gone"
	case is.Repository != c.Repository:
		return "its branch is in another repository"
	case !strings.HasPrefix(is.Name, c.Prefix):
		return is.Name + " does not begin with " + c.Prefix
	case record == nil:
		return unrecorded
	case is.Name != branchName(c.Prefix, c.Base, record.Group):
		return is.Name + " is not the branch of " + record.Group
	}
	return ""
}

// standing wants the record to be of updates that could be made of the newest base.
func (c *Claim) standing(record *Record) string {
	if why := nothingIn(record); why != "" {
		return why
	}
	left := map[field][]string{}
	for _, u := range record.Updates {
		of := field{u.Path, u.Key, u.Image}
		is, known := left[of]
		if !known {
			for _, value := range c.Fields(u.Path, u.Key, u.Image) {
				is = append(is, readable(value))
			}
		}
		at := slices.Index(is, u.From)
		switch {
		case len(is) == 0:
			return u.Path + " does not have " + u.Image + " any more"
		case at < 0:
			return u.Path + " has " + u.Image + " at " + is[0] + " by now, and not at " + u.From
		}
		left[of] = slices.Delete(is, at, at+1)
	}
	return ""
}

// nothingIn says why a record is none of updates; "" where it is.
func nothingIn(record *Record) string {
	switch {
	case record == nil:
		return unrecorded
	case record.Edit != nil:
		return "it edits the configuration"
	case len(record.Updates) == 0:
		return "it is of no update"
	}
	return ""
}

// refused says in words what GitHub will not say of one thing; "" where an error is
// another one: of a passing state, or of all that there is.
func refused(err error) string {
	for _, all := range []error{
		forge.ErrUnauthorized, forge.ErrSuspended, forge.ErrUninstalled, forge.ErrDisabled, forge.ErrEmpty, context.Canceled, context.DeadlineExceeded,
	} {
		if errors.Is(err, all) {
			return ""
		}
	}
	switch {
	case isA[*forge.UnavailableError](err), isA[*forge.LimitedError](err), isA[*forge.PermissionError](err), isA[*forge.MovedError](err):
		return "" // of several errors that are one, these count
	case errors.Is(err, errUnread), errors.Is(err, forge.ErrNotFound):
		return "GitHub does not find all of it"
	case isA[*forge.TooLargeError](err):
		return "it is more than is read"
	case isA[*forge.RefusedError](err):
		return "GitHub refuses to tell"
	}
	return ""
}

func isA[E error](err error) bool {
	_, found := errors.AsType[E](err)
	return found
}
