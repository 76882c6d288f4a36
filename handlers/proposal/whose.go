package proposal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/imageupdater/imageupdater/handlers/forge"
)

// longestWalk is how many commits of others, GitHub's merges among them, are
// passed over to find ours.
const longestWalk = 30

// judge finds our commit of a branch, and whose the branch is by now.
func (h *Historian) judge(ctx context.Context, repository int64, r Reader, p forge.Pull, e *Existing) error {
	seat := Seat{RepositoryID: repository, Base: p.Base.Name, Branch: p.Head.Name}
	if m := ReadMarker(p.Body, seat, h.Keys...); m != nil && m.Commit == p.Head.SHA {
		e.Record, e.OwnSHA, e.BuiltOn = m.Record, m.Commit, m.BuiltOn
		return nil
	}
	above, own, err := h.walk(ctx, r, p)
	if err != nil {
		return fmt.Errorf("reading the branch %s: %w", p.Head.Name, err)
	}
	if own == nil {
		e.Foreign = pushed(above[0])
		return nil
	}
	e.Record, e.OwnSHA, e.BuiltOn = ReadRecord(own.Message, repository), own.SHA, own.Parents[0]
	if e.Record == nil || len(above) == 0 {
		return nil
	}
	if e.Foreign, err = h.foreign(ctx, r, p.Base.Name, above, own, e.Record); err != nil {
		return fmt.Errorf("reading the branch %s: %w", p.Head.Name, err)
	}
	if e.Foreign == "" {
		e.BuiltOn = above[0].Parents[1]
	}
	return nil
}

// walk goes from a branch's head along the first parents down to the App's commit,
// and gives what lies above it, the newest first. own is nil where it was not
// found.
func (h *Historian) walk(ctx context.Context, r Reader, p forge.Pull) (above []forge.Commit, own *forge.Commit, err error) {
	sha := p.Head.SHA
	for range longestWalk {
		c, err := h.commit(ctx, r, sha)
		if err != nil {
			return nil, nil, err
		}
		if h.ours(c, p.Author.ID) {
			return above, &c, nil
		}
		above = append(above, c)
		if len(c.Parents) == 0 {
			break
		}
		sha = c.Parents[0]
	}
	return above, nil, nil
}

// made says whether the App made a commit, as far as is known who it is.
func (h *Historian) made(ctx context.Context, c forge.Commit) bool {
	if c.Author.Account.ID != 0 {
		return h.IsBot(ctx, c.Author.Account) && h.ours(c, c.Author.Account.ID)
	}
	return !h.Signed && c.Author.Name == h.Bot && untouched(c)
}

// ours says whether the App made a commit. An author is easily forged, what
// GitHub itself commits and signs in somebody's name is not.
func (h *Historian) ours(c forge.Commit, botID int64) bool {
	if h.Signed {
		return c.By(botID) && len(c.Parents) == 1
	}
	return strings.HasPrefix(c.Author.Email, strconv.FormatInt(botID, 10)+"+") && untouched(c)
}

// untouched says whether nobody but its author and GitHub had to do with a commit,
// as far as it tells itself. Who amends, rebases or picks one is its committer.
func untouched(c forge.Commit) bool {
	return len(c.Parents) == 1 && (c.Committer.Email == c.Author.Email || strings.HasPrefix(c.Committer.Email, "noreply@"))
}

// foreign says why commits above ours make a branch somebody else's. GitHub's own
// merges of the base into it do not, as long as they leave our changes and nothing
// else.
func (h *Historian) foreign(ctx context.Context, r Reader, base string, above []forge.Commit, own *forge.Commit, record *Record) (string, error) {
	for _, c := range slices.Backward(above) {
		if !h.button(c) {
			return pushed(c), nil
		}
	}
	head := above[0]
	if within, err := r.Contains(ctx, base, head.Parents[1]); err != nil || !within {
		return pushed(head), err // what it merged is another branch
	}
	u := &union{r: r}
	for _, of := range []struct {
		commit string
		files  *map[string]forge.Entry
	}{{own.Parents[0], &u.from}, {own.SHA, &u.ours}, {head.Parents[1], &u.base}, {head.SHA, &u.merged}} {
		var err error
		if *of.files, err = files(ctx, r, of.commit); err != nil {
			return "", err
		}
	}
	clean, err := u.clean(ctx, record)
	if err != nil || clean {
		return "", err
	}
	return pushed(head), nil
}

// button says whether a commit is a merge as GitHub makes one in the name of who
// presses its button. What was merged it does not say.
func (h *Historian) button(c forge.Commit) bool {
	return len(c.Parents) == 2 && (!h.Signed || c.By(c.Author.Account.ID))
}

func pushed(c forge.Commit) string { return c.Author.Name + " pushed to it" }

// commits are where commits are read.
type commits interface {
	Commit(ctx context.Context, sha string) (forge.Commit, error)
}

// errUnread is what hangs together and is not found: it was pushed just now, or
// is gone for ever.
var errUnread = errors.New("it was not found, for now")

// unread makes a passing error of what is not found, which is no sign that there is
// no repository.
func unread(err error) error {
	if errors.Is(err, forge.ErrNotFound) {
		return fmt.Errorf("%w: %s", errUnread, err.Error())
	}
	return err
}

// errUnchecked is a commit of which GitHub cannot tell, for now, who signed it.
var errUnchecked = errors.New("its signature could not be checked")

// commit reads a commit. Where signatures count, only those who have a good one
// are what they are for ever, which is remembered where they are read.
func (h *Historian) commit(ctx context.Context, r commits, sha string) (forge.Commit, error) {
	if h.Signed {
		c, err := r.Commit(ctx, sha)
		if err == nil && c.Unchecked && !c.Verified {
			err = &forge.UnavailableError{What: "commit " + sha, Err: errUnchecked}
		}
		return c, unread(err)
	}
	name := "commit " + sha
	var c forge.Commit
	if text, found := h.Memory.Fact(ctx, name); found && json.Unmarshal(text, &c) == nil && c.SHA == sha {
		return c, nil
	}
	c, err := r.Commit(ctx, sha)
	if err != nil {
		return forge.Commit{}, unread(err)
	}
	if text, err := json.Marshal(c); err == nil {
		h.Memory.KeepFact(ctx, name, text)
	}
	return c, nil
}
