package forge

import (
	"context"
	"fmt"
	"strconv"
)

// Suite is what one App checks of a commit.
type Suite struct {
	ID   int64
	App  int64 // 0 where the App is gone
	Slug string
	Head string
	// Status is "completed", or any other: then more check runs may come.
	Status string
	// Runs is how many check runs it has.
	Runs int
}

// suitesShown is how GitHub shows a page of them. go-github does not read how many runs
// one has.
type suitesShown struct {
	Total  *int `json:"total_count"`
	Suites []struct {
		ID     int64  `json:"id"`
		Head   string `json:"head_sha"`
		Status string `json:"status"`
		Runs   *int   `json:"latest_check_runs_count"`
		App    struct {
			ID   int64  `json:"id"`
			Slug string `json:"slug"`
		} `json:"app"`
	} `json:"check_suites"`
}

func (s suitesShown) page() (page[Suite], error) {
	if s.Total == nil {
		return page[Suite]{}, &UnavailableError{"a list of check suites", 0, errIncomplete}
	}
	suites := make([]Suite, 0, len(s.Suites))
	for i := range s.Suites {
		c := &s.Suites[i]
		if c.ID == 0 || c.Head == "" || c.Runs == nil {
			return page[Suite]{}, &UnavailableError{"a check suite", 0, errIncomplete}
		}
		suites = append(suites, Suite{ID: c.ID, App: c.App.ID, Slug: c.App.Slug, Head: c.Head, Status: c.Status, Runs: *c.Runs})
	}
	return page[Suite]{All: suites, Total: *s.Total}, nil
}

// Suites reads all check suites of a commit, as Runs does check runs.
func (r *Repo) Suites(ctx context.Context, sha string) (suites []Suite, unchanged bool, err error) {
	if err := object(sha); err != nil {
		return nil, false, err
	}
	suites, unchanged, err = lookPages(ctx, r, "check suites of "+sha, "/commits/"+sha+"/check-suites",
		suitesShown.page, func(one Suite) string { return strconv.FormatInt(one.ID, 10) })
	if err != nil {
		return nil, false, fmt.Errorf("reading the check suites of %s of %s: %w", sha, r.ref, err)
	}
	return suites, unchanged, nil
}
