package proposal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"github.com/imageupdater/imageupdater/handlers/forge"
)

// Writer is what pull requests are written through. Its errors are those of
// package forge.
type Writer interface {
	Commit(ctx context.Context, sha string) (forge.Commit, error)
	CreateTree(ctx context.Context, base string, files []forge.Content) (sha string, err error)
	CreateCommit(ctx context.Context, message, tree, parent string) (sha string, err error)
	MoveRefs(ctx context.Context, moves []forge.RefMove) error
	Head(ctx context.Context, branch string) (sha string, unchanged bool, err error)
	Pull(ctx context.Context, number int) (forge.Pull, error)
	OpenPullOf(ctx context.Context, branch, base string) (forge.Pull, error)
	CreatePull(ctx context.Context, p forge.NewPull) (forge.Pull, error)
	UpdatePull(ctx context.Context, number int, change forge.PullChange) (forge.Pull, error)
	Comment(ctx context.Context, number int, body string) (int64, error)
	AddLabels(ctx context.Context, number int, labels []string) error
	RequestReviewers(ctx context.Context, number int, users, teams []string) error
	AddAssignees(ctx context.Context, number int, users []string) error
}

// Done is one thing that Reconcile did, for the log of decisions.
type Done struct {
	What   string `json:"what"` // "opened", "updated", "closed"
	Number int    `json:"number"`
	Group  string `json:"group,omitempty"`
	Branch string `json:"branch"`
	Head   string `json:"head,omitempty"`
	Why    string `json:"why,omitempty"`
}

// Reconciler makes things as they should be.
type Reconciler struct {
	// Mode gives the git mode of a file of the base: "100644".
	Mode func(path string) string
	// Memory tells which branches can be merged into which base.
	Memory Memory
	// Historian tells whose commits are.
	Historian *Historian
}

// Reconcile writes the difference between what should be and what is. It may be
// cut at any place: what was done is found again by the next run, under the same
// names. What it did comes back along with the error.
func (r *Reconciler) Reconcile(ctx context.Context, to Writer, d Desired) ([]Done, error) {
	var done []Done
	var failed error
	for _, c := range d.Close {
		did, err := r.shut(ctx, to, c)
		done, failed = append(done, did...), errors.Join(failed, err)
		if stops(err) {
			return done, failed
		}
	}
	for _, p := range d.Proposals {
		did, err := r.put(ctx, to, p)
		done, failed = append(done, did...), errors.Join(failed, err)
		if stops(err) {
			return done, failed
		}
	}
	return done, failed
}

// stops says whether an error will meet all that comes after it, too.
func stops(err error) bool {
	_, limited := errors.AsType[*forge.LimitedError](err)
	_, forbidden := errors.AsType[*forge.PermissionError](err)
	_, unavailable := errors.AsType[*forge.UnavailableError](err)
	return limited || forbidden || unavailable || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// put makes one pull request as it should be.
func (r *Reconciler) put(ctx context.Context, to Writer, p *Proposal) ([]Done, error) {
	if p.Existing == nil {
		return r.open(ctx, to, p)
	}
	var done []Done
	rewrite, err := r.rewrites(ctx, to, p)
	if err != nil {
		return nil, err
	}
	if rewrite {
		head, err := r.write(ctx, to, p, p.Existing.HeadSHA)
		if errors.Is(err, forge.ErrConflict) {
			zerolog.Ctx(ctx).Info().Str("branch", p.Branch).Msg("somebody pushed to the branch meanwhile")
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		done = append(done, Done{What: "updated", Number: p.Existing.Number, Group: p.Group, Branch: p.Branch, Head: head})
	}
	if p.Existing.Title == p.Title && sameBody(p.Existing.Body, p.Body) {
		return done, nil
	}
	_, err = to.UpdatePull(ctx, p.Existing.Number, forge.PullChange{Title: &p.Title, Body: &p.Body})
	if err != nil {
		return done, fmt.Errorf("updating pull request %d: %w", p.Existing.Number, err)
	}
	if len(done) == 0 {
		done = append(done, Done{What: "described", Number: p.Existing.Number, Group: p.Group, Branch: p.Branch})
	}
	return done, nil
}

// rewrites says whether the branch has to be written: because of what it holds,
// or because it cannot be merged as it is.
func (r *Reconciler) rewrites(ctx context.Context, to Writer, p *Proposal) (bool, error) {
	if p.Rewrite || p.Existing.BuiltOn == p.BaseSHA {
		return p.Rewrite, nil
	}
	known := "merges " + p.Existing.HeadSHA + " " + p.BaseSHA
	if _, found := r.Memory.Fact(ctx, known); found {
		return false, nil
	}
	pull, err := to.Pull(ctx, p.Existing.Number)
	if err != nil {
		return false, fmt.Errorf("asking whether pull request %d can be merged: %w", p.Existing.Number, err)
	}
	if pull.Mergeable == nil { // GitHub finds out in the background: the next run knows
		return false, nil
	}
	if *pull.Mergeable {
		r.Memory.KeepFact(ctx, known, []byte("1"))
	}
	return !*pull.Mergeable, nil
}

// write makes the commit and lets the branch point at it, if that is still where
// it was.
func (r *Reconciler) write(ctx context.Context, to Writer, p *Proposal, before string) (string, error) {
	files := make([]forge.Content, 0, len(p.Files))
	for path, content := range p.Files {
		files = append(files, forge.Content{Path: path, Mode: r.Mode(path), Data: content})
	}
	slices.SortFunc(files, func(a, b forge.Content) int { return strings.Compare(a.Path, b.Path) })
	tree, err := to.CreateTree(ctx, p.BaseSHA, files) // GitHub takes a commit for its tree
	if err != nil {
		return "", fmt.Errorf("writing the files of %s: %w", p.Branch, err)
	}
	commit, err := to.CreateCommit(ctx, p.Message, tree, p.BaseSHA)
	if err != nil {
		return "", fmt.Errorf("writing the commit of %s: %w", p.Branch, err)
	}
	err = to.MoveRefs(ctx, []forge.RefMove{{Name: p.Branch, Before: before, After: commit, Force: true}})
	if err != nil {
		return "", fmt.Errorf("moving %s: %w", p.Branch, err)
	}
	return commit, nil
}

// open makes a new pull request. A branch that is there already is one that was
// left by a run that was cut, or by a pull request that is closed: it is taken
// over if nobody else moved it.
func (r *Reconciler) open(ctx context.Context, to Writer, p *Proposal) ([]Done, error) {
	head, err := r.write(ctx, to, p, "")
	if errors.Is(err, forge.ErrConflict) {
		head, err = r.takeOver(ctx, to, p)
	}
	if err != nil {
		return nil, err
	}
	pull, err := to.CreatePull(ctx, forge.NewPull{Title: p.Title, Body: p.Body, Head: p.Branch, Base: p.Base, Draft: p.Draft})
	if errors.Is(err, forge.ErrExists) {
		pull, err = to.OpenPullOf(ctx, p.Branch, p.Base)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the pull request of %s: %w", p.Branch, err)
	}
	done := []Done{{What: "opened", Number: pull.Number, Group: p.Group, Branch: p.Branch, Head: head}}
	return done, r.dress(ctx, to, pull.Number, p)
}

// errTheirs is a branch that has our name and somebody else's commit.
var errTheirs = errors.New("a branch of that name is there, with commits that are not the App's: delete or rename it")

// takeOver writes onto a branch that is there without an open pull request, if it
// is ours.
func (r *Reconciler) takeOver(ctx context.Context, to Writer, p *Proposal) (string, error) {
	before, _, err := to.Head(ctx, p.Branch)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", p.Branch, err)
	}
	c, err := to.Commit(ctx, before)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", p.Branch, err)
	}
	if !r.Historian.made(c) || ReadRecord(c.Message, repositoryOf(c.Message)) == nil {
		return "", fmt.Errorf("writing %s: %w", p.Branch, errTheirs)
	}
	return r.write(ctx, to, p, before)
}

// dress gives a new pull request its labels and people. What GitHub refuses of
// it, a person who left for instance, is no reason to stop.
func (r *Reconciler) dress(ctx context.Context, to Writer, number int, p *Proposal) error {
	users, teams := people(p.Reviewers)
	for _, put := range []struct {
		what   string
		wanted bool
		do     func() error
	}{
		{"labels", len(p.Labels) > 0, func() error { return to.AddLabels(ctx, number, p.Labels) }},
		{"reviewers", len(p.Reviewers) > 0, func() error { return to.RequestReviewers(ctx, number, users, teams) }},
		{"assignees", len(p.Assignees) > 0, func() error { return to.AddAssignees(ctx, number, p.Assignees) }},
	} {
		if !put.wanted {
			continue
		}
		err := put.do()
		if stops(err) {
			return fmt.Errorf("giving pull request %d its %s: %w", number, put.what, err)
		}
		if err != nil {
			zerolog.Ctx(ctx).Warn().Err(err).Int("github_pr_num", number).Str("what", put.what).Msg("GitHub refused a part of a new pull request")
		}
	}
	return nil
}

// shut closes a pull request, says why, and removes its branch.
func (r *Reconciler) shut(ctx context.Context, to Writer, c Closing) ([]Done, error) {
	e := c.Existing
	if _, err := to.Comment(ctx, e.Number, c.Why); err != nil {
		return nil, fmt.Errorf("saying why pull request %d is closed: %w", e.Number, err)
	}
	closed := "closed"
	if _, err := to.UpdatePull(ctx, e.Number, forge.PullChange{State: &closed}); err != nil {
		return nil, fmt.Errorf("closing pull request %d: %w", e.Number, err)
	}
	done := []Done{{What: "closed", Number: e.Number, Branch: e.Branch, Why: c.Why}}
	err := to.MoveRefs(ctx, []forge.RefMove{{Name: e.Branch, Before: e.HeadSHA}})
	if errors.Is(err, forge.ErrConflict) || errors.Is(err, forge.ErrNotFound) {
		return done, nil
	}
	return done, err
}

// people tells users and teams apart.
func people(all []string) (users, teams []string) {
	for _, name := range all {
		name = strings.TrimPrefix(name, "@")
		if _, team, is := strings.Cut(name, "/"); is {
			teams = append(teams, team)
			continue
		}
		users = append(users, name)
	}
	return users, teams
}
