package forge

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/google/go-github/v60/github"
)

// NewPull is a pull request to be.
type NewPull struct {
	Title string `json:"title"`
	Body  string `json:"body"` // at most 65,536 characters
	Head  string `json:"head"` // branches of the repository
	Base  string `json:"base"`
	Draft bool   `json:"draft"`
}

// PullChange is what changes of a pull request; what is nil stays.
type PullChange struct {
	Title *string `json:"title,omitempty"`
	Body  *string `json:"body,omitempty"`
	Base  *string `json:"base,omitempty"`
	State *string `json:"state,omitempty"` // "open" or "closed"
}

// CreatePull opens one. It is ErrExists where there is an open one for the two
// branches, ErrNothing where the head has nothing that the base has not,
// ErrNoDrafts where there may be none, and ErrInvalid where a branch is not there.
// After an *UnavailableError OpenPullOf finds what was opened; to try again is
// ErrExists at worst.
func (r *Repo) CreatePull(ctx context.Context, p NewPull) (Pull, error) {
	pull, err := r.onePull(ctx, http.MethodPost, "/pulls", p)
	if err != nil {
		return Pull{}, fmt.Errorf("opening a pull request from %s to %s of %s: %w", p.Head, p.Base, r.ref, err)
	}
	return pull, nil
}

// UpdatePull changes one. To reopen one whose branch has gone elsewhere is
// ErrInvalid. To do it again does no harm; Pull tells whether it was done.
func (r *Repo) UpdatePull(ctx context.Context, number int, change PullChange) (Pull, error) {
	pull, err := r.onePull(ctx, http.MethodPatch, pullPath(number), change)
	if err != nil {
		return Pull{}, fmt.Errorf("changing pull request %d of %s: %w", number, r.ref, err)
	}
	return pull, nil
}

// Pull reads one, with what lists do not tell: whether it can be merged. GitHub
// finds that out in the background; until then Mergeable is nil.
func (r *Repo) Pull(ctx context.Context, number int) (Pull, error) {
	pull, err := r.onePull(ctx, http.MethodGet, pullPath(number), nil)
	if err != nil {
		return Pull{}, fmt.Errorf("reading pull request %d of %s: %w", number, r.ref, err)
	}
	return pull, nil
}

func pullPath(number int) string { return "/pulls/" + strconv.Itoa(number) }

// onePull makes a request whose answer is a pull request.
func (r *Repo) onePull(ctx context.Context, method, path string, body any) (Pull, error) {
	var got github.PullRequest
	if _, err := r.ask(ctx, method, path, body, &got); err != nil {
		return Pull{}, err
	}
	if got.GetNumber() == 0 {
		return Pull{}, &UnavailableError{"a pull request", 0, errIncomplete}
	}
	if err := r.holds(&got); err != nil {
		return Pull{}, err
	}
	pull := pullOf(&got)
	pull.Mergeable, pull.MergeState = got.Mergeable, got.GetMergeableState()
	return pull, nil
}

// holds makes sure that a pull request is one of the repository's.
func (r *Repo) holds(p *github.PullRequest) error {
	base := p.GetBase().GetRepo()
	if err := r.is(base.GetID()); err != nil {
		return err
	}
	r.learn(base.GetNodeID(), base.GetOwner().GetLogin())
	return nil
}

// PullsOf reads an older page, counted from 1, of what Pulls reads the newest of.
// Nothing of it is remembered. Pages shift while it is read, so one pull request
// may come twice.
func (r *Repo) PullsOf(ctx context.Context, page int) (Pulls, error) {
	var got []*github.PullRequest
	resp, err := r.ask(ctx, http.MethodGet, "/pulls?"+newestFirst+"&page="+strconv.Itoa(page), nil, &got)
	if err != nil {
		return Pulls{}, fmt.Errorf("listing the pull requests of %s: %w", r.ref, err)
	}
	found, err := r.pullsOf(got)
	if err != nil {
		return Pulls{}, fmt.Errorf("listing the pull requests of %s: %w", r.ref, err)
	}
	return Pulls{All: found, More: resp.NextPage != 0}, nil
}

// OpenPullOf finds the open pull request from a branch of the repository to
// another. It is ErrNotFound when there is none.
func (r *Repo) OpenPullOf(ctx context.Context, branch, base string) (Pull, error) {
	found, err := r.openPullOf(ctx, branch, base)
	if err != nil {
		return Pull{}, fmt.Errorf("finding the pull request from %s to %s of %s: %w", branch, base, r.ref, err)
	}
	return found, nil
}

func (r *Repo) openPullOf(ctx context.Context, branch, base string) (Pull, error) {
	now, err := r.place(ctx) // GitHub finds nothing under an owner's old name
	if err != nil {
		return Pull{}, err
	}
	query := url.Values{"state": {"open"}, "base": {base}, "head": {now.owner + ":" + branch}}
	got, err := list[*github.PullRequest](ctx, r, "/pulls", query)
	if err != nil {
		return Pull{}, err
	}
	found, err := r.pullsOf(got)
	if err != nil {
		return Pull{}, err
	}
	for _, p := range found {
		if p.Open && p.Base.Name == base && p.Head.Name == branch && p.Head.Repository == p.Base.Repository {
			return p, nil
		}
	}
	return Pull{}, ErrNotFound
}

// RequestReviewers asks people, and teams by their slugs, for reviews. It is
// ErrReviewers when one of them cannot be asked, and then nobody was. To do it
// again does no harm.
func (r *Repo) RequestReviewers(ctx context.Context, number int, people, teams []string) error {
	body := struct {
		People []string `json:"reviewers,omitempty"`
		Teams  []string `json:"team_reviewers,omitempty"`
	}{people, teams}
	if _, err := r.onePull(ctx, http.MethodPost, pullPath(number)+"/requested_reviewers", body); err != nil {
		return fmt.Errorf("asking for reviews of pull request %d of %s: %w", number, r.ref, err)
	}
	return nil
}
