package forge

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/google/go-github/v60/github"
)

// Run is a check run of anybody's on a commit.
type Run struct {
	ID    int64
	Suite int64 // 0 where GitHub does not tell it
	Name  string
	// App is the id of the App whose it is, Slug that App's name in addresses; 0
	// and "" where the App is gone.
	App  int64
	Slug string
	Head string
	// Status is "queued", "in_progress", "completed", "waiting", "requested" or
	// "pending"; any other means to wait.
	Status string
	// Conclusion is "" while it is not completed, else "success", "failure",
	// "neutral", "cancelled", "skipped", "timed_out", "action_required", "stale" or
	// "startup_failure".
	Conclusion string
	Note       string    // what the App whose it is noted on it for itself
	Started    time.Time // zero before it did
	Completed  time.Time // zero before it was
}

// runsShown is how GitHub shows a page of them.
type runsShown struct {
	Total *int               `json:"total_count"`
	Runs  []*github.CheckRun `json:"check_runs"`
}

func (s runsShown) page() (page[Run], error) {
	if s.Total == nil {
		return page[Run]{}, &UnavailableError{"a list of check runs", 0, errIncomplete}
	}
	runs := make([]Run, 0, len(s.Runs))
	for _, c := range s.Runs {
		if c.GetID() == 0 || c.GetName() == "" || c.GetStatus() == "" {
			return page[Run]{}, &UnavailableError{"a check run", 0, errIncomplete}
		}
		runs = append(runs, Run{
			ID: c.GetID(), Suite: c.GetCheckSuite().GetID(), Name: c.GetName(), App: c.GetApp().GetID(), Slug: c.GetApp().GetSlug(),
			Head: c.GetHeadSHA(), Status: c.GetStatus(), Conclusion: c.GetConclusion(), Note: c.GetExternalID(),
			Started: c.GetStartedAt().Time, Completed: c.GetCompletedAt().Time,
		})
	}
	return page[Run]{All: runs, Total: *s.Total}, nil
}

// Runs reads all check runs of a commit, of each suite the newest of a name: those
// that were run anew are not among them. unchanged says that they are those of the
// last time, for nothing. More than 1,000 are a *TooLargeError, and a list that
// lacks some an *UnavailableError.
func (r *Repo) Runs(ctx context.Context, sha string) (runs []Run, unchanged bool, err error) {
	if err := object(sha); err != nil {
		return nil, false, err
	}
	runs, unchanged, err = lookPages(ctx, r, "check runs of "+sha, "/commits/"+sha+"/check-runs?filter=latest",
		runsShown.page, func(one Run) string { return strconv.FormatInt(one.ID, 10) })
	if err != nil {
		return nil, false, fmt.Errorf("reading the check runs of %s of %s: %w", sha, r.ref, err)
	}
	return runs, unchanged, nil
}

// Status is the newest commit status of a context.
type Status struct {
	ID      int64
	Context string
	State   string // "success", "pending", "failure" or "error"
	Updated time.Time
}

// statusesShown is how GitHub shows a page of them, with a word for all together
// that says "pending" where there are none.
type statusesShown struct {
	SHA      string               `json:"sha"`
	Total    *int                 `json:"total_count"`
	Statuses []*github.RepoStatus `json:"statuses"`
}

func (s statusesShown) page(sha string) (page[Status], error) {
	if s.Total == nil || s.SHA != sha {
		return page[Status]{}, &UnavailableError{"a list of statuses", 0, errIncomplete}
	}
	statuses := make([]Status, 0, len(s.Statuses))
	for _, one := range s.Statuses {
		if one.GetID() == 0 || one.GetContext() == "" || one.GetState() == "" {
			return page[Status]{}, &UnavailableError{"a status", 0, errIncomplete}
		}
		statuses = append(statuses, Status{
			ID: one.GetID(), Context: one.GetContext(), State: one.GetState(), Updated: one.GetUpdatedAt().Time,
		})
	}
	return page[Status]{All: statuses, Total: *s.Total}, nil
}

// Statuses reads the newest status of each context of a commit, as Runs does check
// runs. It does not tell who set them; StatusSetters does.
func (r *Repo) Statuses(ctx context.Context, sha string) (statuses []Status, unchanged bool, err error) {
	if err := object(sha); err != nil {
		return nil, false, err
	}
	statuses, unchanged, err = lookPages(ctx, r, "statuses of "+sha, "/commits/"+sha+"/status?",
		func(got statusesShown) (page[Status], error) { return got.page(sha) }, func(one Status) string { return strconv.FormatInt(one.ID, 10) })
	if err != nil {
		return nil, false, fmt.Errorf("reading the statuses of %s of %s: %w", sha, r.ref, err)
	}
	return statuses, unchanged, nil
}

// StatusSetters reads who set the newest status of each context of a commit, by the
// status's id. It matters only where a branch wants a status of one App, whose bot
// is named "slug[bot]".
func (r *Repo) StatusSetters(ctx context.Context, sha string) (map[int64]Account, error) {
	if err := object(sha); err != nil {
		return nil, err
	}
	type setter struct {
		ID int64
		By Account
	}
	found, _, err := lookPages(ctx, r, "setters of "+sha, "/commits/"+sha+"/statuses?", func(got []*github.RepoStatus) (page[setter], error) {
		var one page[setter]
		for _, s := range got {
			one.All = append(one.All, setter{s.GetID(), accountOf(s.Creator)})
		}
		return one, nil
	}, func(one setter) string { return strconv.FormatInt(one.ID, 10) })
	if err != nil {
		return nil, fmt.Errorf("reading who set the statuses of %s of %s: %w", sha, r.ref, err)
	}
	by := make(map[int64]Account, len(found))
	for _, one := range found {
		by[one.ID] = one.By
	}
	return by, nil
}
