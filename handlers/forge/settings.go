package forge

import (
	"context"
	"fmt"

	"github.com/google/go-github/v60/github"
)

// Settings is what a repository lets be done with pull requests that are merged.
type Settings struct {
	Methods      []string // that it permits: MethodMerge, MethodSquash, MethodRebase
	Bodies       []string // methods whose commits get the whole text of the pull request
	AutoMerge    bool     // GitHub may be told to merge by itself
	DeleteBranch bool     // GitHub deletes a branch that was merged
}

// Settings reads the repository's settings on merging, for nothing when the
// repository has not changed. GitHub tells them to those who may write alone: to
// others it is a *PermissionError.
func (r *Repo) Settings(ctx context.Context) (settings Settings, unchanged bool, err error) {
	settings, unchanged, err = look(ctx, r, "settings 2", r.path, func(got *github.Repository) (Settings, error) {
		if err := r.is(got.GetID()); err != nil {
			return Settings{}, err
		}
		return settingsOf(got)
	})
	if err != nil {
		return Settings{}, false, fmt.Errorf("reading the settings of %s: %w", r.ref, err)
	}
	return settings, unchanged, nil
}

func settingsOf(got *github.Repository) (Settings, error) {
	s := Settings{AutoMerge: got.GetAllowAutoMerge(), DeleteBranch: got.GetDeleteBranchOnMerge()}
	for _, method := range []struct {
		name    string
		allowed *bool
	}{{MethodMerge, got.AllowMergeCommit}, {MethodSquash, got.AllowSquashMerge}, {MethodRebase, got.AllowRebaseMerge}} {
		if method.allowed == nil {
			return Settings{}, &PermissionError{What: "a repository's settings on merging", Message: "they are not told"}
		}
		if *method.allowed {
			s.Methods = append(s.Methods, method.name)
		}
	}
	const whole = "PR_BODY"
	if got.GetMergeCommitMessage() == whole {
		s.Bodies = append(s.Bodies, MethodMerge)
	}
	if got.GetSquashMergeCommitMessage() == whole {
		s.Bodies = append(s.Bodies, MethodSquash)
	}
	return s, nil
}
