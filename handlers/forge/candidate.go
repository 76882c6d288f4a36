package forge

import (
	"context"
	"fmt"

	"github.com/google/go-github/v60/github"
)

// Methods of merging.
const (
	MethodMerge  = "merge"
	MethodSquash = "squash"
	MethodRebase = "rebase"
)

// Candidate is a pull request as merging needs it. It was merged where Merged is
// not zero.
type Candidate struct {
	Pull

	MergedBy Account // zero unless it was merged
	// AutoMerge is GitHub's order to merge it by itself; nil where there is none.
	AutoMerge *AutoMerge
	// Commits is how many it has. CommitsOfPull reads 250 at most.
	Commits int
	// MaintainerEdits says that those who may write to the base's repository may
	// push to its head, which is in a fork.
	MaintainerEdits bool
}

// AutoMerge is GitHub's order to merge by itself.
type AutoMerge struct {
	By     Account
	Method string // MethodMerge, MethodSquash or MethodRebase
}

// Candidate reads a pull request, for nothing when it has not changed. Only reading
// it lets GitHub find out whether it merges: until that is done Mergeable is nil.
func (r *Repo) Candidate(ctx context.Context, number int) (candidate Candidate, unchanged bool, err error) {
	take := func(got *github.PullRequest, resp *github.Response) (Candidate, error) {
		candidate, err := r.candidate(got, number)
		if candidate.Open && candidate.Mergeable == nil {
			resp.Header.Del("Etag") // what is not known yet is asked for again, whatever GitHub takes for a change
		}
		return candidate, err
	}
	candidate, unchanged, err = lookAt(ctx, r, fmt.Sprintf("candidate %d", number), r.path+pullPath(number), take)
	if err != nil {
		return Candidate{}, false, fmt.Errorf("reading pull request %d of %s: %w", number, r.ref, err)
	}
	return candidate, unchanged, nil
}

func (r *Repo) candidate(got *github.PullRequest, number int) (Candidate, error) {
	if got.GetNumber() != number || object(got.GetHead().GetSHA()) != nil || got.GetBase().GetRef() == "" || got.GetState() == "" || got.Merged == nil {
		return Candidate{}, &UnavailableError{"a pull request", 0, errIncomplete}
	}
	if err := r.holds(got); err != nil {
		return Candidate{}, err
	}
	c := Candidate{
		Pull: pullOf(got), MergedBy: accountOf(got.MergedBy), Commits: got.GetCommits(), MaintainerEdits: got.GetMaintainerCanModify(),
	}
	c.Mergeable, c.MergeState = got.Mergeable, got.GetMergeableState()
	if auto := got.AutoMerge; auto != nil {
		c.AutoMerge = &AutoMerge{By: accountOf(auto.EnabledBy), Method: auto.GetMergeMethod()}
	}
	return c, nil
}
