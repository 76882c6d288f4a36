package forge

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/google/go-github/v60/github"
)

// Comment is one on an issue or a pull request.
type Comment struct {
	ID      int64
	Author  Account
	Body    string
	Created time.Time
	Updated time.Time
}

// Comments reads those of an issue or a pull request, the oldest first, that
// changed at a time or later; a zero time means all.
func (r *Repo) Comments(ctx context.Context, number int, since time.Time) ([]Comment, error) {
	query := url.Values{}
	if !since.IsZero() {
		query.Set("since", since.UTC().Format(time.RFC3339))
	}
	found, err := list[*github.IssueComment](ctx, r, issuePath(number)+"/comments", query)
	if err != nil {
		return nil, fmt.Errorf("reading the comments on %d of %s: %w", number, r.ref, err)
	}
	return distinct(found, commentOf, func(c Comment) int64 { return c.ID }), nil
}

func commentOf(c *github.IssueComment) Comment {
	return Comment{
		ID: c.GetID(), Author: accountOf(c.User), Body: c.GetBody(), Created: c.GetCreatedAt().Time, Updated: c.GetUpdatedAt().Time,
	}
}

func issuePath(number int) string { return "/issues/" + strconv.Itoa(number) }

func commentPath(id int64) string { return "/issues/comments/" + strconv.FormatInt(id, 10) }

// text is the body of what has no more.
type text struct {
	Body string `json:"body"`
}

// Comment writes one of at most 65,536 characters on an issue or a pull request.
// After an *UnavailableError Comments tells whether it is there.
func (r *Repo) Comment(ctx context.Context, number int, body string) (id int64, err error) {
	var got github.IssueComment
	if _, err = r.ask(ctx, http.MethodPost, issuePath(number)+"/comments", text{body}, &got); err == nil && got.GetID() == 0 {
		err = &UnavailableError{"a comment", 0, errIncomplete}
	}
	if err != nil {
		return 0, fmt.Errorf("commenting on %d of %s: %w", number, r.ref, err)
	}
	return got.GetID(), nil
}

// UpdateComment writes another text. To do it again does no harm.
func (r *Repo) UpdateComment(ctx context.Context, id int64, body string) error {
	if _, err := r.ask(ctx, http.MethodPatch, commentPath(id), text{body}, nil); err != nil {
		return fmt.Errorf("changing comment %d of %s: %w", id, r.ref, err)
	}
	return nil
}

// React answers a comment: "+1", "-1", "eyes", "rocket", "confused" and so on. To
// do it again does no harm.
func (r *Repo) React(ctx context.Context, comment int64, content string) error {
	return r.react(ctx, commentPath(comment), content)
}

// ReactToIssue is React for what an issue or a pull request says itself.
func (r *Repo) ReactToIssue(ctx context.Context, number int, content string) error {
	return r.react(ctx, issuePath(number), content)
}

func (r *Repo) react(ctx context.Context, to, content string) error {
	body := map[string]string{"content": content}
	if _, err := r.ask(ctx, http.MethodPost, to+"/reactions", body, nil); err != nil {
		return fmt.Errorf("reacting to %s of %s: %w", to, r.ref, err)
	}
	return nil
}
