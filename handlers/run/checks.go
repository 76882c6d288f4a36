package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/proposal"
)

// Checks is how pull requests that touch the configuration are read, and how they are
// told what is wrong with it.
type Checks interface {
	FilesOfPull(ctx context.Context, number int) ([]forge.PullFile, error)
	ChecksWanted(ctx context.Context, sha string) (bool, error)
	CheckRunOf(ctx context.Context, sha, name string) (forge.CheckRun, error)
	CreateCheckRun(ctx context.Context, c forge.NewCheckRun) (forge.CheckRun, error)
	UpdateCheckRun(ctx context.Context, id int64, change forge.CheckChange) (forge.CheckRun, error)
}

// What one look does at most. The rest is for the next one, which comes soon.
const (
	mostListings = 30 // pull requests of which the files are listed
	mostReviews  = 5
)

// newest reads pull requests, and remembers the newest ones.
type newest struct {
	PullRequests

	pulls []forge.Pull
	more  bool // there are others, that changed longer ago
}

// Pulls is part of proposal.Reader.
func (n *newest) Pulls(ctx context.Context) (forge.Pulls, error) {
	found, err := n.PullRequests.Pulls(ctx)
	n.pulls, n.more = found.All, found.More
	return found, err
}

// checked is what is known of a pull request.
type checked struct {
	// Head is the commit of which the rest is true.
	Head string `json:"head"`
	// Blob is the configuration there, where the pull request touches it; Removed is
	// set where it is not there any more.
	Blob    string `json:"blob,omitempty"`
	Removed bool   `json:"removed,omitempty"`
	// Note is what the check run was told of; "" while there is none.
	Note string `json:"note,omitempty"`
	// Unread is why GitHub does not tell what the pull request touches; "" where it
	// does.
	Unread string `json:"unread,omitempty"`
	// Stuck is set where GitHub wants a check though it was made, or refused, just
	// now.
	Stuck bool `json:"stuck,omitempty"`
}

func (c *checked) touches() bool { return c.Removed || c.Blob != "" }

// reviewsNote is under what is kept what is known of the pull requests of a repository.
const reviewsNote = "reviews"

// reviews tells the pull requests that touch the configuration what that would do. It
// finds by itself what is new, so that it may be cut anywhere.
func (r *Runner) reviews(ctx context.Context, l Look, seen *newest, files *tree, out *Outcome) error {
	if l.Checks == nil || r.DryRun {
		return nil
	}
	if out.edited { // ours are checked as anybody's are
		if _, err := seen.Pulls(ctx); err != nil {
			return fmt.Errorf("reading pull requests again: %w", err)
		}
	}
	known := map[int]checked{}
	kept, _ := r.Memory.Note(ctx, l.Repository.ID, reviewsNote)
	_ = json.Unmarshal(kept, &known) // nothing, if it is something else
	w := &reviewing{Runner: r, look: l, out: out, main: files, known: map[int]checked{}}
	var err error
	for i := range seen.pulls {
		p := &seen.pulls[i]
		if !p.Open || p.Base.Name != l.Repository.DefaultBranch {
			continue
		}
		is := known[p.Number]
		if err == nil {
			err = w.passed(ctx, w.pull(ctx, p, &is))
		}
		if is.Head != "" {
			w.known[p.Number] = is
		}
	}
	if now, failed := json.Marshal(w.known); failed == nil && string(now) != string(kept) && len(w.known)+len(known) > 0 {
		r.Memory.KeepNote(ctx, l.Repository.ID, reviewsNote, now)
	}
	if w.left {
		out.soon(r.Now(), r.Least)
	}
	if errors.Is(err, errDenied) {
		return nil
	}
	return err
}

// soon lets the next look come after the shortest time.
func (o *Outcome) soon(now time.Time, least time.Duration) {
	if o.Next.IsZero() {
		o.Next = now.Add(idle)
	}
	o.wake(now.Add(least))
}

// errDenied is a permission that lacks for all that comes after.
var errDenied = errors.New("not permitted")

// passed is the error that ends the look. What GitHub refuses is said, and is no
// reason to do the rest again.
func (w *reviewing) passed(ctx context.Context, err error) error {
	_, denied := errors.AsType[*forge.PermissionError](err)
	_, refused := errors.AsType[*forge.RefusedError](err)
	if !denied && !refused || errors.Is(err, forge.ErrUnauthorized) {
		return err
	}
	w.refused(ctx, err)
	if denied {
		return errDenied
	}
	return nil
}

// refused says what could not be done.
func (w *reviewing) refused(ctx context.Context, err error) {
	zerolog.Ctx(ctx).Warn().Err(err).Msg("a pull request that touches the configuration could not be checked")
	w.out.Refused = append(w.out.Refused, proposal.Refusal{Err: fmt.Errorf("checking pull requests that touch %s: %w", config.FileName, err)})
}

// reviewing is the work of one look.
type reviewing struct {
	*Runner

	look  Look
	out   *Outcome
	main  *tree // the default branch's files
	known map[int]checked

	listings, reviews int
	left              bool // there was more to do
	images            *imagesOfBase
}

// pull makes sure that a pull request was told.
func (w *reviewing) pull(ctx context.Context, p *forge.Pull, is *checked) error {
	if is.Head != p.Head.SHA {
		if w.listings++; w.listings > mostListings {
			w.left = true
			return nil
		}
		found, err := w.files(ctx, p)
		if err != nil {
			return err
		}
		*is = found
	}
	if is.Unread != "" {
		w.refused(ctx, errors.New(is.Unread))
	}
	if !is.touches() {
		return nil
	}
	note := w.note(is)
	again := false
	if is.Note == note {
		wanted, err := w.look.Checks.ChecksWanted(ctx, is.Head)
		if err != nil {
			return fmt.Errorf("asking whether pull request %d is to be checked again: %w", p.Number, err)
		}
		if !wanted || is.Stuck {
			is.Stuck = wanted
			return nil
		}
		again = true
	}
	if w.reviews++; w.reviews > mostReviews {
		w.left = true
		return nil
	}
	return w.check(ctx, p, is, note, again)
}

// files says whether a pull request touches the configuration.
func (w *reviewing) files(ctx context.Context, p *forge.Pull) (checked, error) {
	is := checked{Head: p.Head.SHA}
	files, err := w.look.Checks.FilesOfPull(ctx, p.Number)
	if err != nil {
		return w.unread(ctx, is, fmt.Errorf("reading what pull request %d touches: %w", p.Number, err))
	}
	for _, f := range files {
		switch {
		case f.Path == config.FileName && !f.Removed:
			is.Blob, is.Removed = f.SHA, false
		case f.Was == config.FileName, f.Path == config.FileName && is.Blob == "":
			is.Removed = is.Blob == ""
		}
	}
	return is, nil
}

// unread is what is known of a pull request whose files GitHub does not tell. Some it
// cannot list for as long as their heads stay, which is no reason to leave the others.
func (w *reviewing) unread(ctx context.Context, is checked, err error) (checked, error) {
	_, large := errors.AsType[*forge.TooLargeError](err)
	_, unavailable := errors.AsType[*forge.UnavailableError](err)
	_, refused := errors.AsType[*forge.RefusedError](err)
	switch {
	case unavailable, errors.Is(err, forge.ErrNotFound):
		w.refused(ctx, err)
		w.left = true
		return checked{}, nil
	case large, refused && !proposal.Stops(err):
		is.Unread = err.Error()
		return is, nil
	}
	return checked{}, err
}
