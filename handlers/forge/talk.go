package forge

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
)

// Said is a comment as it is found among all of a repository.
type Said struct {
	ID     int64
	Number int // of the issue or pull request
	Author Account
	// Body is its text; of one that has more than longestSaid bytes, the first of
	// them.
	Body string
	// Edited is set where somebody changed the text.
	Edited  bool
	Created time.Time
	// Verdicts is how many reactions rocket and confused it has, whosever they are.
	Verdicts int
}

// longestSaid is how much of a comment's text is kept.
const longestSaid = 32 << 10

// Talk is the comments of a repository that changed last.
type Talk struct {
	All []Said // the one that changed last comes first
	// Oldest is when the last one changed of all that were read, and More is set
	// where there are older ones.
	Oldest time.Time
	More   bool
	// Newest is when the first one changed.
	Newest time.Time
}

const newestTalk = "/issues/comments?sort=updated&direction=desc&per_page=100"

// Talk reads those comments of issues and pull requests that changed last, a
// hundred at a time; of them it gives those whose text is wanted. Nothing is
// counted for page 1 where nothing changed.
func (r *Repo) Talk(ctx context.Context, page int, wanted func(body string) bool) (Talk, error) {
	take := func(got []*github.IssueComment) (Talk, error) { return talkOf(got, wanted), nil }
	if page > 1 {
		var got []*github.IssueComment
		if _, err := r.ask(ctx, http.MethodGet, newestTalk+"&page="+strconv.Itoa(page), nil, &got); err != nil {
			return Talk{}, fmt.Errorf("reading the comments of %s: %w", r.ref, err)
		}
		return take(got)
	}
	talk, _, err := look(ctx, r, "talk", r.path+newestTalk, take)
	if err != nil {
		return Talk{}, fmt.Errorf("reading the comments of %s: %w", r.ref, err)
	}
	return talk, nil
}

func talkOf(got []*github.IssueComment, wanted func(string) bool) Talk {
	talk := Talk{More: len(got) == each}
	for _, c := range got {
		talk.Oldest = c.GetUpdatedAt().Time
		if talk.Newest.IsZero() {
			talk.Newest = talk.Oldest
		}
		number, err := strconv.Atoi(path.Base(c.GetIssueURL()))
		if err != nil || !wanted(c.GetBody()) {
			continue
		}
		body := c.GetBody()
		talk.All = append(talk.All, Said{
			ID: c.GetID(), Number: number, Author: accountOf(c.User), Body: strings.ToValidUTF8(body[:min(len(body), longestSaid)], ""),
			Edited: !c.GetUpdatedAt().Equal(c.GetCreatedAt()), Created: c.GetCreatedAt().Time,
			Verdicts: c.GetReactions().GetRocket() + c.GetReactions().GetConfused(),
		})
	}
	return talk
}

// Reaction is one to a comment.
type Reaction struct {
	By      Account
	Content string
}

// Reactions reads those to a comment.
func (r *Repo) Reactions(ctx context.Context, comment int64) ([]Reaction, error) {
	found, err := list[*github.Reaction](ctx, r, commentPath(comment)+"/reactions", url.Values{})
	if err != nil {
		return nil, fmt.Errorf("reading the reactions to comment %d of %s: %w", comment, r.ref, err)
	}
	all := make([]Reaction, 0, len(found))
	for _, f := range found {
		all = append(all, Reaction{accountOf(f.User), f.GetContent()})
	}
	return all, nil
}

// MayWrite asks whether somebody has write access to the repository now: by a role
// that is admin, maintain or write, or one of the organisation's own on top of those.
func (r *Repo) MayWrite(ctx context.Context, who Account) (bool, error) {
	escaped, err := segments(who.Login)
	if err != nil {
		return false, err
	}
	if err := r.prove(ctx); err != nil {
		return false, err
	}
	var got github.RepositoryPermissionLevel
	_, err = r.ask(ctx, http.MethodGet, "/collaborators/"+escaped+"/permission", nil, &got)
	if errors.Is(err, ErrNotFound) {
		return false, nil // there is nobody of that name
	}
	if err != nil {
		return false, fmt.Errorf("asking what %s may do in %s: %w", who.Login, r.ref, err)
	}
	// Whoever took over a name is somebody else.
	same := got.GetUser().GetID() == who.ID && who.ID != 0
	return same && (got.GetPermission() == "admin" || got.GetPermission() == "write"), nil
}
