package forge

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
)

// Review is what somebody said of a pull request as a whole.
type Review struct {
	ID int64
	By Account // zero where that account is gone
	// State is "approved", "changes_requested", "commented", "dismissed" or
	// "pending".
	State  string
	Commit string // that was reviewed; "" where it is gone
	At     time.Time
}

// Reviews reads those of a pull request, the oldest first, each for nothing when
// nothing changed. More than 1,000 are a *TooLargeError.
func (r *Repo) Reviews(ctx context.Context, number int) (reviews []Review, unchanged bool, err error) {
	path := pullPath(number) + "/reviews"
	reviews, unchanged, err = lookPages(ctx, r, "reviews of "+strconv.Itoa(number), path+"?",
		reviewsOf, func(one Review) string { return strconv.FormatInt(one.ID, 10) })
	if err != nil {
		return nil, false, fmt.Errorf("reading the reviews of pull request %d of %s: %w", number, r.ref, err)
	}
	return reviews, unchanged, nil
}

func reviewsOf(got []*github.PullRequestReview) (page[Review], error) {
	var found page[Review]
	for _, one := range got {
		if one.GetID() == 0 || one.GetState() == "" {
			return page[Review]{}, &UnavailableError{"a review", 0, errIncomplete}
		}
		found.All = append(found.All, Review{
			ID: one.GetID(), By: accountOf(one.User), State: strings.ToLower(one.GetState()), Commit: one.GetCommitID(), At: one.GetSubmittedAt().Time,
		})
	}
	return found, listed("a list of reviews", got)
}

// mostCommits is how many commits of a pull request GitHub tells.
const mostCommits = 250

// CommitsOfPull reads all commits of a pull request that is at head. It is an
// *UnavailableError where GitHub tells those of another head, as when somebody
// pushed meanwhile, and a *TooLargeError where there may be more than GitHub tells.
func (r *Repo) CommitsOfPull(ctx context.Context, number int, head string) (commits []Commit, unchanged bool, err error) {
	if err := object(head); err != nil {
		return nil, false, err
	}
	commits, unchanged, err = lookPages(ctx, r, "commits of "+strconv.Itoa(number), pullPath(number)+"/commits?",
		commitsOf, func(one Commit) string { return one.SHA })
	if err == nil {
		err = wholeUpTo(commits, head)
	}
	if err != nil {
		return nil, false, fmt.Errorf("reading the commits of pull request %d of %s: %w", number, r.ref, err)
	}
	return commits, unchanged, nil
}

func commitsOf(got []*github.RepositoryCommit) (page[Commit], error) {
	var found page[Commit]
	for _, one := range got {
		if object(one.GetSHA()) != nil || one.GetCommit().GetTree().GetSHA() == "" || one.GetCommit().Verification == nil {
			return page[Commit]{}, &UnavailableError{"a commit", 0, errIncomplete}
		}
		found.All = append(found.All, commitOf(one))
	}
	return found, nil
}

func wholeUpTo(commits []Commit, head string) error {
	if len(commits) >= mostCommits {
		return &TooLargeError{"commits of a pull request", mostCommits - 1}
	}
	for _, c := range commits {
		if c.SHA == head {
			return nil
		}
	}
	return &UnavailableError{"commits of a pull request", 0, errPart}
}
