package merging

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/policy"
)

// checks reads check runs and statuses of the head.
func (j *judging) checks(ctx context.Context) error {
	f := &j.out.Facts
	f.Suites = policy.Read[[]policy.Suite](nil)
	head := j.out.Candidate.Head.SHA
	if head == "" {
		return nil
	}
	var runs []forge.Run
	var err error
	if f.Runs, err = fact(&j.again, func() ([]policy.Run, error) {
		if runs, _, err = j.GitHub.Runs(ctx, head); err != nil {
			return nil, err
		}
		j.own(runs)
		return runsOf(runs), nil
	}); err != nil {
		return err
	}
	f.Statuses, err = fact(&j.again, func() ([]policy.Status, error) {
		found, _, err := j.GitHub.Statuses(ctx, head)
		if err != nil {
			return nil, err
		}
		return j.statuses(ctx, head, found, runs)
	})
	return err
}

// whole asks whether more check runs are to come, where all else lets it be merged and
// that makes a difference. Until then none are presumed.
func (j *judging) whole(ctx context.Context, now time.Time) error {
	v, f := &j.out.Verdict, &j.out.Facts
	if v.Action == policy.Nothing || takesBack(v.Action) {
		return nil
	}
	f.Suites = policy.Unread[[]policy.Suite]("")
	if policy.Decide(&j.out.Rule, f, now).Action == v.Action {
		return nil
	}
	var err error
	if f.Suites, err = fact(&j.again, func() ([]policy.Suite, error) {
		found, _, err := j.GitHub.Suites(ctx, v.Head)
		return suitesOf(found), err
	}); err != nil {
		return err
	}
	action := v.Action
	*v = policy.Decide(&j.out.Rule, f, now)
	j.again = j.again || v.Action != action
	return nil
}

func suitesOf(all []forge.Suite) []policy.Suite {
	out := make([]policy.Suite, 0, len(all))
	for _, s := range all {
		out = append(out, policy.Suite{ID: s.ID, App: s.App, Name: s.Slug, Head: s.Head, Status: s.Status, Runs: s.Runs})
	}
	return out
}

// own finds the check run by which the App tells its verdict, so that it is not asked for.
func (j *judging) own(runs []forge.Run) {
	st := j.subject.Standing
	j.subject.listed = true
	for i := range runs {
		if r := &runs[i]; st.CheckRun == 0 && r.Name == policy.OwnCheck && r.App == j.App {
			st.CheckRun = r.ID
			if r.Status == "completed" {
				st.Told = r.Note
			}
		}
	}
}

func runsOf(all []forge.Run) []policy.Run {
	out := make([]policy.Run, 0, len(all))
	for i := range all {
		r := &all[i]
		out = append(out, policy.Run{
			ID: r.ID, Suite: r.Suite, Name: r.Name, App: r.App, Head: r.Head, Status: r.Status, Conclusion: r.Conclusion,
			Started: r.Started, Completed: r.Completed,
		})
	}
	return out
}

// statuses are those of the head, with the Apps that set them where the branch wants
// one of an App.
func (j *judging) statuses(ctx context.Context, head string, found []forge.Status, runs []forge.Run) ([]policy.Status, error) {
	wanted := j.ofApps()
	var setters map[int64]forge.Account
	if slices.ContainsFunc(found, func(s forge.Status) bool { return wanted[s.Context] }) {
		var err error
		if setters, err = j.GitHub.StatusSetters(ctx, head); err != nil {
			return nil, err
		}
	}
	all := make([]policy.Status, 0, len(found))
	for _, s := range found {
		one := policy.Status{ID: s.ID, Context: s.Context, State: s.State, Head: head}
		if by, is := setters[s.ID]; is && wanted[s.Context] {
			var err error
			if one.App, err = j.app(ctx, by, runs); err != nil {
				return nil, err
			}
		}
		all = append(all, one)
	}
	return all, nil
}

// ofApps are the names of the checks that have to be of one App.
func (j *judging) ofApps() map[string]bool {
	names := map[string]bool{}
	for _, known := range []policy.Known[policy.Protection]{j.branch.rules, j.branch.classic} {
		p, _ := known.Get()
		for _, c := range p.Checks {
			if c.App != 0 {
				names[c.Name] = true
			}
		}
	}
	return names
}

// app is the App whose bot an account is; 0 for one that is nobody's.
func (j *judging) app(ctx context.Context, by forge.Account, runs []forge.Run) (int64, error) {
	slug, is := strings.CutSuffix(by.Login, "[bot]")
	if !is {
		return 0, nil
	}
	for i := range runs {
		if runs[i].Slug == slug {
			return runs[i].App, nil
		}
	}
	id, err := j.GitHub.AppOf(ctx, slug)
	if errors.Is(err, forge.ErrNotFound) {
		return 0, nil
	}
	return id, err
}
