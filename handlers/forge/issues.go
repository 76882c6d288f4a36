package forge

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/go-github/v60/github"
)

// NewIssue is an issue to be.
type NewIssue struct {
	Title  string   `json:"title"`
	Body   string   `json:"body"` // at most 65,536 characters
	Labels []string `json:"labels,omitempty"`
}

// IssueChange is what changes of an issue; what is nil stays.
type IssueChange struct {
	Title *string `json:"title,omitempty"`
	Body  *string `json:"body,omitempty"`
	State *string `json:"state,omitempty"` // "open" or "closed"
}

// CreateIssue opens one. After an *UnavailableError IssuesBy tells whether it is
// there.
func (r *Repo) CreateIssue(ctx context.Context, i NewIssue) (Issue, error) {
	made, err := r.oneIssue(ctx, http.MethodPost, "/issues", i)
	if err != nil {
		return Issue{}, fmt.Errorf("opening an issue in %s: %w", r.ref, err)
	}
	return made, nil
}

// UpdateIssue changes one. To do it again does no harm.
func (r *Repo) UpdateIssue(ctx context.Context, number int, change IssueChange) (Issue, error) {
	changed, err := r.oneIssue(ctx, http.MethodPatch, issuePath(number), change)
	if err != nil {
		return Issue{}, fmt.Errorf("changing issue %d of %s: %w", number, r.ref, err)
	}
	return changed, nil
}

// oneIssue makes a request whose answer is an issue.
func (r *Repo) oneIssue(ctx context.Context, method, path string, body any) (Issue, error) {
	var got github.Issue
	if _, err := r.ask(ctx, method, path, body, &got); err != nil {
		return Issue{}, err
	}
	if got.GetNumber() == 0 {
		return Issue{}, &UnavailableError{"an issue", 0, errIncomplete}
	}
	return issueOf(&got), nil
}

// IssuesBy reads the open issues, and pull requests, that somebody opened, the
// newest first. A bot's login ends with "[bot]".
func (r *Repo) IssuesBy(ctx context.Context, login string) ([]Issue, error) {
	found, err := list[*github.Issue](ctx, r, "/issues", url.Values{"state": {"open"}, "creator": {login}})
	if err != nil {
		return nil, fmt.Errorf("listing the issues of %s: %w", r.ref, err)
	}
	return distinct(found, issueOf, func(i Issue) int64 { return int64(i.Number) }), nil
}

// AllIssuesBy reads the issues that somebody opened, closed ones too, the newest
// first, and no pull requests. A bot's login ends with "[bot]".
func (r *Repo) AllIssuesBy(ctx context.Context, login string) ([]Issue, error) {
	found, err := list[*github.Issue](ctx, r, "/issues", url.Values{"state": {"all"}, "creator": {login}})
	if err != nil {
		return nil, fmt.Errorf("listing the issues of %s: %w", r.ref, err)
	}
	found = slices.DeleteFunc(found, func(i *github.Issue) bool { return i.IsPullRequest() })
	return distinct(found, issueOf, func(i Issue) int64 { return int64(i.Number) }), nil
}

// PullsBy gives the numbers of all pull requests that somebody opened, open or
// not. A bot's login ends with "[bot]".
func (r *Repo) PullsBy(ctx context.Context, login string) ([]int, error) {
	found, err := list[*github.Issue](ctx, r, "/issues", url.Values{"state": {"all"}, "creator": {login}})
	if err != nil {
		return nil, fmt.Errorf("listing the pull requests of %s in %s: %w", login, r.ref, err)
	}
	found = slices.DeleteFunc(found, func(i *github.Issue) bool { return !i.IsPullRequest() })
	return distinct(found, func(i *github.Issue) int { return i.GetNumber() }, func(n int) int64 { return int64(n) }), nil
}

// ClosedBy is who closed an issue or a pull request; zero while it is open, and
// where GitHub does not know.
func (r *Repo) ClosedBy(ctx context.Context, number int) (Account, error) {
	i, _, err := r.Issue(ctx, number)
	return i.ClosedBy, err
}

// AddLabels puts labels on an issue or a pull request; those that the repository
// has not are made. To do it again does no harm.
func (r *Repo) AddLabels(ctx context.Context, number int, labels []string) error {
	body := map[string][]string{"labels": labels}
	if _, err := r.ask(ctx, http.MethodPost, issuePath(number)+"/labels", body, nil); err != nil {
		return fmt.Errorf("labelling %d of %s: %w", number, r.ref, err)
	}
	return nil
}

// RemoveLabel takes a label off; one that is not on it is no error.
func (r *Repo) RemoveLabel(ctx context.Context, number int, label string) error {
	_, err := r.ask(ctx, http.MethodDelete, issuePath(number)+"/labels/"+url.PathEscape(label), nil, nil)
	if said, is := errors.AsType[*RefusedError](err); is && errors.Is(said, ErrNotFound) && strings.Contains(said.Message, "Label does not exist") {
		return nil
	}
	if err != nil {
		return fmt.Errorf("taking a label off %d of %s: %w", number, r.ref, err)
	}
	return nil
}

// AddAssignees assigns people. GitHub passes over those who cannot be, without a
// word. To do it again does no harm.
func (r *Repo) AddAssignees(ctx context.Context, number int, people []string) error {
	body := map[string][]string{"assignees": people}
	if _, err := r.oneIssue(ctx, http.MethodPost, issuePath(number)+"/assignees", body); err != nil {
		return fmt.Errorf("assigning %d of %s: %w", number, r.ref, err)
	}
	return nil
}
