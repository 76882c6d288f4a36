package forge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Protection is what a branch wants of what is merged into it.
type Protection struct {
	Checks []RequiredCheck
	// UpToDate wants the head to have all of the base.
	UpToDate bool
	// Approvals is how many approving reviews it wants.
	Approvals  int
	CodeOwners bool // have to approve
	LastPush   bool // somebody else than who pushed last has to approve it
	// DismissStale takes approvals back when something is pushed.
	DismissStale  bool
	Conversations bool     // have to be resolved
	Signatures    bool     // are wanted of commits
	Linear        bool     // no merge commits
	Deployments   []string // environments that it has to be deployed to
	Methods       []string // that it permits; none means all
	Queue         bool     // all goes through a merge queue
	// Others are rules on what is merged that are none of the above, by GitHub's
	// names for them, such as "workflows", "code_scanning" and "update".
	Others []string
}

// RequiredCheck is a check run or a status that has to succeed.
type RequiredCheck struct {
	Name string
	App  int64 // whose it has to be; 0 where anybody's will do
}

// rule is one of a ruleset.
type rule struct {
	Type       string          `json:"type"`
	Parameters json.RawMessage `json:"parameters"`
}

// ruleParameters are those of all kinds of rules that are known here.
type ruleParameters struct {
	Checks []struct {
		Context string `json:"context"`
		App     *int64 `json:"integration_id"`
	} `json:"required_status_checks"`
	Strict        bool     `json:"strict_required_status_checks_policy"`
	Approvals     int      `json:"required_approving_review_count"`
	DismissStale  bool     `json:"dismiss_stale_reviews_on_push"`
	CodeOwners    bool     `json:"require_code_owner_review"`
	LastPush      bool     `json:"require_last_push_approval"`
	Conversations bool     `json:"required_review_thread_resolution"`
	Methods       []string `json:"allowed_merge_methods"`
	Deployments   []string `json:"required_deployment_environments"`
}

// Rules reads what the active rulesets of a repository, its organisation and its
// enterprise want of a branch, together. What its classic protection wants is not
// among it. A branch without any has the zero Protection, as has one whose owner's
// plan has no rulesets. It is ErrNotFound on servers that are older than those.
func (r *Repo) Rules(ctx context.Context, branch string) (rules Protection, unchanged bool, err error) {
	escaped, err := branchPath(branch)
	if err != nil {
		return Protection{}, false, err
	}
	n := 0
	id := func(rule) string { n++; return strconv.Itoa(n) } // two of the same kind are no mistake
	found, unchanged, err := lookPages(ctx, r, "rules of "+branch, "/rules"+escaped+"?", rulesOf, id)
	if notOffered(err) {
		return Protection{}, false, r.prove(ctx)
	}
	for _, one := range found {
		if err == nil {
			err = rules.add(one)
		}
	}
	if err != nil {
		return Protection{}, false, fmt.Errorf("reading the rules on %s of %s: %w", branch, r.ref, err)
	}
	return rules, unchanged, nil
}

// branchPath is the endpoint of a branch, below others.
func branchPath(branch string) (string, error) {
	if _, err := segments(branch); err != nil {
		return "", err
	}
	return "/branches/" + url.PathEscape(branch), nil
}

// notOffered says whether GitHub has refused because what was asked for is not in
// the owner's plan: then nothing of the kind is in force.
func notOffered(err error) bool {
	denied, is := errors.AsType[*PermissionError](err)
	said := ""
	if is {
		said = strings.ToLower(denied.Message)
	}
	return strings.Contains(said, "upgrade to github") && strings.Contains(said, "to enable this feature")
}

func rulesOf(got []rule) (page[rule], error) {
	for _, one := range got {
		if one.Type == "" {
			return page[rule]{}, &UnavailableError{"a rule", 0, errIncomplete}
		}
	}
	return page[rule]{All: got}, listed("a list of rules", got)
}

// add lets it want what a rule wants, beside what it wants already.
func (p *Protection) add(one rule) error {
	var in ruleParameters
	if len(one.Parameters) > 0 && json.Unmarshal(one.Parameters, &in) != nil {
		return &UnavailableError{"a rule", 0, errIncomplete}
	}
	switch one.Type {
	case "required_status_checks":
		for _, c := range in.Checks {
			p.Checks = append(p.Checks, RequiredCheck{c.Context, appOf(c.App)})
		}
		p.UpToDate = p.UpToDate || in.Strict
	case "pull_request":
		p.addReviews(in)
	case "required_deployments":
		p.Deployments = append(p.Deployments, in.Deployments...)
	case "required_signatures":
		p.Signatures = true
	case "required_linear_history":
		p.Linear = true
	case "merge_queue":
		p.Queue = true
	case "creation", "deletion", "non_fast_forward": // of which a merge is none
	default:
		p.Others = append(p.Others, quoted(one.Type))
	}
	return p.complete()
}

// addReviews is of a rule on pull requests; of two the stricter holds in each part.
func (p *Protection) addReviews(in ruleParameters) {
	p.Approvals = max(p.Approvals, in.Approvals)
	p.CodeOwners = p.CodeOwners || in.CodeOwners
	p.LastPush = p.LastPush || in.LastPush
	p.DismissStale = p.DismissStale || in.DismissStale
	p.Conversations = p.Conversations || in.Conversations
	switch {
	case len(in.Methods) == 0:
	case len(p.Methods) == 0:
		p.Methods = in.Methods
	default:
		p.Methods = slices.DeleteFunc(slices.Clone(p.Methods), func(m string) bool { return !slices.Contains(in.Methods, m) })
		if len(p.Methods) == 0 { // two rulesets that no method meets
			p.Methods = []string{"none"}
		}
	}
}

// complete refuses checks without a name.
func (p *Protection) complete() error {
	if slices.ContainsFunc(p.Checks, func(c RequiredCheck) bool { return c.Name == "" }) {
		return &UnavailableError{"a required check", 0, errIncomplete}
	}
	return nil
}

// appOf is 0 for what GitHub writes as null, and as -1 where any App will do.
func appOf(id *int64) int64 {
	if id == nil || *id < 0 {
		return 0
	}
	return *id
}
