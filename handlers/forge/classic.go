package forge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Classic is what may be read of a branch's classic protection without any right
// but to read.
type Classic struct {
	Head string // of the branch
	// On says that it has one. Checks are all that is told of it; ClassicProtection
	// tells the rest.
	On     bool
	Checks []RequiredCheck
}

// requiredShown is how GitHub shows the checks of a classic protection.
type requiredShown struct {
	Level    string   `json:"enforcement_level"`
	Strict   bool     `json:"strict"`
	Contexts []string `json:"contexts"`
	Checks   []struct {
		Context string `json:"context"`
		App     *int64 `json:"app_id"`
	} `json:"checks"`
}

// required is what both lists want: old servers have the one without Apps alone.
func (s *requiredShown) required() []RequiredCheck {
	if s == nil || s.Level == "off" {
		return nil
	}
	var all []RequiredCheck
	for _, c := range s.Checks {
		all = append(all, RequiredCheck{c.Context, appOf(c.App)})
	}
	for _, name := range s.Contexts {
		if !slices.ContainsFunc(all, func(c RequiredCheck) bool { return c.Name == name }) {
			all = append(all, RequiredCheck{Name: name})
		}
	}
	return all
}

// Classic reads what anybody who reads the branch is told of its classic
// protection. A branch that is not there is ErrNotFound.
func (r *Repo) Classic(ctx context.Context, branch string) (classic Classic, unchanged bool, err error) {
	type shown struct {
		Commit struct {
			SHA string `json:"sha"`
		} `json:"commit"`
		Protection *struct {
			Enabled bool           `json:"enabled"`
			Checks  *requiredShown `json:"required_status_checks"`
		} `json:"protection"`
	}
	escaped, err := branchPath(branch)
	if err != nil {
		return Classic{}, false, err
	}
	classic, unchanged, err = look(ctx, r, "classic "+branch, r.path+escaped, func(got shown) (Classic, error) {
		if object(got.Commit.SHA) != nil || got.Protection == nil {
			return Classic{}, &UnavailableError{"a branch", 0, errIncomplete}
		}
		all := Protection{Checks: got.Protection.Checks.required()}
		return Classic{Head: got.Commit.SHA, On: got.Protection.Enabled, Checks: all.Checks}, all.complete()
	})
	if err != nil {
		return Classic{}, false, fmt.Errorf("reading the branch %s of %s: %w", branch, r.ref, err)
	}
	return classic, unchanged, nil
}

// flag is how GitHub shows a part of a protection that is on or off.
type flag struct {
	Enabled bool `json:"enabled"`
}

// protectionShown is how GitHub shows a classic protection.
type protectionShown struct {
	URL     string         `json:"url"`
	Checks  *requiredShown `json:"required_status_checks"`
	Reviews *struct {
		DismissStale bool `json:"dismiss_stale_reviews"`
		CodeOwners   bool `json:"require_code_owner_reviews"`
		Approvals    int  `json:"required_approving_review_count"`
		LastPush     bool `json:"require_last_push_approval"`
	} `json:"required_pull_request_reviews"`
	Restrictions  json.RawMessage `json:"restrictions"`
	Conversations flag            `json:"required_conversation_resolution"`
	Signatures    flag            `json:"required_signatures"`
	Linear        flag            `json:"required_linear_history"`
	Locked        flag            `json:"lock_branch"`
}

func (s protectionShown) protection() (Protection, error) {
	if s.URL == "" {
		return Protection{}, &UnavailableError{"a protection", 0, errIncomplete}
	}
	p := Protection{
		Checks: s.Checks.required(), UpToDate: s.Checks != nil && s.Checks.Strict,
		Conversations: s.Conversations.Enabled, Signatures: s.Signatures.Enabled, Linear: s.Linear.Enabled,
	}
	if s.Reviews != nil {
		p.addReviews(ruleParameters{
			Approvals: s.Reviews.Approvals, DismissStale: s.Reviews.DismissStale, CodeOwners: s.Reviews.CodeOwners, LastPush: s.Reviews.LastPush,
		})
	}
	if s.Locked.Enabled {
		p.Others = append(p.Others, "lock_branch")
	}
	if len(s.Restrictions) > 0 && string(s.Restrictions) != "null" {
		p.Others = append(p.Others, "restrictions")
	}
	return p, p.complete()
}

// ClassicProtection reads all of a branch's classic protection. told is false where
// the installation may not read it, for which it needs administration:read. A branch
// without one has the zero Protection. GitHub does not tell here whether it wants a
// merge queue: Native does.
func (r *Repo) ClassicProtection(ctx context.Context, branch string) (p Protection, told bool, err error) {
	escaped, err := branchPath(branch)
	if err != nil {
		return Protection{}, false, err
	}
	p, _, err = look(ctx, r, "protection of "+branch, r.path+escaped+"/protection", protectionShown.protection)
	if notOffered(err) {
		return Protection{}, true, r.prove(ctx)
	}
	if _, denied := errors.AsType[*PermissionError](err); denied {
		return Protection{}, false, nil
	}
	said, refused := errors.AsType[*RefusedError](err)
	if refused && said.Status == http.StatusNotFound && strings.Contains(strings.ToLower(said.Message), "branch not protected") {
		return Protection{}, true, r.prove(ctx)
	}
	if err != nil {
		return Protection{}, false, fmt.Errorf("reading the protection of %s of %s: %w", branch, r.ref, err)
	}
	return p, true, nil
}
