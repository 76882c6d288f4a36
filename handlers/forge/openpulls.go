package forge

import (
	"context"
	"fmt"

	"github.com/google/go-github/v60/github"
)

// OpenPull is what is told of a pull request in the list of those that are open.
type OpenPull struct {
	Number int    `json:"number"`
	Head   string `json:"head"` // the commit
	Base   string `json:"base"` // the branch
}

// OpenPulls reads the open pull requests of a repository, the oldest 1,000 of them: each
// page of 100 for nothing where nothing of it has changed. Pages shift while they are
// read, so that one may lack until the next time.
func (r *Repo) OpenPulls(ctx context.Context) ([]OpenPull, error) {
	var all []OpenPull
	seen := map[int]bool{}
	for n, more := 1, true; more && n <= mostPages; n++ {
		one, _, err := lookPage(ctx, r, "open pulls", "/pulls?state=open&sort=created&direction=asc", n, r.openPullsOf)
		if err != nil {
			return nil, fmt.Errorf("listing the open pull requests of %s: %w", r.ref, err)
		}
		for _, p := range one.All {
			if !seen[p.Number] {
				seen[p.Number] = true
				all = append(all, p)
			}
		}
		more = one.More
	}
	return all, nil
}

func (r *Repo) openPullsOf(got []*github.PullRequest) (page[OpenPull], error) {
	var found page[OpenPull]
	for _, p := range got {
		if object(p.GetHead().GetSHA()) != nil || p.GetBase().GetRef() == "" {
			return page[OpenPull]{}, &UnavailableError{"a pull request", 0, errIncomplete}
		}
		if err := r.holds(p); err != nil {
			return page[OpenPull]{}, err
		}
		found.All = append(found.All, OpenPull{p.GetNumber(), p.GetHead().GetSHA(), p.GetBase().GetRef()})
	}
	return found, listed("a list of pull requests", got)
}
