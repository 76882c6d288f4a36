package githubtest

import (
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// protected says whether anything protects a branch: GitHub counts rulesets,
// though only a classic protection can be read as one.
func (r *Repository) protected(branch string) bool {
	return r.protection(branch) != nil || len(r.active(branch)) > 0
}

func (r *Repository) showBranchShort(branch string) object {
	id, path := r.branch(branch), "/branches/"+branch
	return object{
		"name": branch, "commit": object{"sha": id, "url": r.api("/commits/" + id)}, "protected": r.protected(branch),
		"protection": r.showProtectionShort(branch), "protection_url": r.api(path + "/protection"),
	}
}

func (r *Repository) showBranch(branch string) object {
	shown := r.showBranchShort(branch)
	shown["commit"] = r.showCommit(r.branch(branch))
	shown["_links"] = object{"self": r.api("/branches/" + branch), "html": r.html("/tree/" + branch)}
	return shown
}

// showProtectionShort is what anybody who reads a branch sees of its classic
// protection.
func (r *Repository) showProtectionShort(branch string) object {
	level, checks := "off", []RequiredCheck{}
	p := r.protection(branch)
	if p != nil && p.Checks != nil {
		level, checks = map[bool]string{true: "everyone", false: "non_admins"}[p.EnforceAdmins], p.Checks
	}
	shown := showChecks(checks)
	shown["enforcement_level"] = level
	return object{"enabled": p != nil, "required_status_checks": shown}
}

// showChecks is required checks in both ways that GitHub shows them.
func showChecks(checks []RequiredCheck) object {
	contexts, full := []string{}, []object{}
	for _, check := range checks {
		contexts = append(contexts, check.Context)
		one := object{"context": check.Context, "app_id": nil}
		if check.App != 0 {
			one["app_id"] = check.App
		}
		full = append(full, one)
	}
	return object{"contexts": contexts, "checks": full}
}

func (r *Repository) showProtection(branch string, p *protection) object {
	url := r.api("/branches/" + branch + "/protection")
	flag := func(on bool) object { return object{"enabled": on} }
	shown := object{
		"url": url, "enforce_admins": object{"url": url + "/enforce_admins", "enabled": p.EnforceAdmins},
		"required_signatures":     object{"url": url + "/required_signatures", "enabled": false},
		"required_linear_history": flag(p.LinearHistory), "allow_force_pushes": flag(false), "allow_deletions": flag(false),
		"block_creations": flag(false), "required_conversation_resolution": flag(p.Conversations), "lock_branch": flag(false),
		"allow_fork_syncing": flag(false),
	}
	if p.Checks != nil {
		shown["required_status_checks"] = r.showStatusChecks(branch, p)
	}
	if p.Reviews != nil {
		shown["required_pull_request_reviews"] = object{
			"url": url + "/required_pull_request_reviews", "dismiss_stale_reviews": p.Reviews.DismissStale,
			"require_code_owner_reviews":      p.Reviews.CodeOwners,
			"required_approving_review_count": p.Reviews.Approvals, "require_last_push_approval": p.Reviews.LastPush,
		}
	}
	return shown
}

func (r *Repository) showStatusChecks(branch string, p *protection) object {
	url := r.api("/branches/" + branch + "/protection/required_status_checks")
	shown := showChecks(p.Checks)
	shown["url"], shown["contexts_url"], shown["strict"] = url, url+"/contexts", p.Strict
	return shown
}

func listBranches(c *call) reply {
	refs, err := c.repo.refs(c.ctx, "refs/heads/")
	if err != nil {
		return broken(err)
	}
	var names []string
	for _, ref := range refs {
		name := strings.TrimPrefix(ref, "refs/heads/")
		only, err := strconv.ParseBool(c.query.Get("protected"))
		if err != nil || only == c.repo.protected(name) {
			names = append(names, name)
		}
	}
	return paged(c, "/repos/"+c.repo.FullName()+"/branches", names, c.repo.showBranchShort)
}

func getBranch(c *call) reply {
	if c.repo.branch(c.params["branch"]) == "" {
		return failure(http.StatusNotFound, "Branch not found")
	}
	return ok(c.repo.showBranch(c.params["branch"]))
}

func getProtection(c *call) reply {
	p, refusal := c.protectionOfPath()
	if refusal != nil {
		return *refusal
	}
	return ok(c.repo.showProtection(c.params["branch"], p))
}

func getStatusChecks(c *call) reply {
	p, refusal := c.protectionOfPath()
	switch {
	case refusal != nil:
		return *refusal
	case p.Checks == nil:
		return failure(http.StatusNotFound, "Required status checks not enabled")
	}
	return ok(c.repo.showStatusChecks(c.params["branch"], p))
}

func (c *call) protectionOfPath() (*protection, *reply) {
	branch := c.params["branch"]
	if c.repo.branch(branch) == "" {
		return nil, refuse(http.StatusNotFound, "Branch not found")
	}
	p := c.repo.protection(branch)
	if p == nil {
		return nil, refuse(http.StatusNotFound, "Branch not protected")
	}
	return p, nil
}

// getBranchRules answers for branches that are not there, too.
func getBranchRules(c *call) reply {
	branch := c.params["branch"]
	var rules []object
	for _, s := range c.repo.active(branch) {
		for _, rule := range s.show() {
			rule["ruleset_id"], rule["ruleset_source_type"], rule["ruleset_source"] = s.id, "Repository", c.repo.FullName()
			if s.Organization {
				rule["ruleset_source_type"], rule["ruleset_source"] = "Organization", c.repo.Owner
			}
			rules = append(rules, rule)
		}
	}
	return paged(c, "/repos/"+c.repo.FullName()+"/rules/branches/"+branch, rules, func(o object) object { return o })
}

// show is the ruleset's rules, each as GitHub has it.
func (s *Ruleset) show() []object {
	var rules []object
	for _, plain := range []struct {
		kind string
		on   bool
	}{
		{"deletion", s.NoDeletion},
		{"non_fast_forward", s.NoForcePush},
		{"required_linear_history", s.LinearHistory},
		{"required_signatures", s.Signed},
	} {
		if plain.on {
			rules = append(rules, object{"type": plain.kind})
		}
	}
	if s.Reviews != nil || s.MergeMethods != nil || s.Conversations {
		rules = append(rules, object{"type": "pull_request", "parameters": s.showReviews()})
	}
	if s.Checks != nil {
		rules = append(rules, object{"type": "required_status_checks", "parameters": s.showChecks()})
	}
	if s.MergeQueue {
		rules = append(rules, object{"type": "merge_queue", "parameters": object{
			"check_response_timeout_minutes": 60, "grouping_strategy": "ALLGREEN", "max_entries_to_build": 5,
			"max_entries_to_merge": 5, "merge_method": strings.ToUpper(s.queueMethod()), "min_entries_to_merge": 1,
			"min_entries_to_merge_wait_minutes": 5,
		}})
	}
	for _, rule := range s.More {
		rules = append(rules, maps.Clone(rule))
	}
	return rules
}

func (s *Ruleset) showReviews() object {
	reviews := s.Reviews
	if reviews == nil {
		reviews = &RequiredReviews{}
	}
	methods := s.MergeMethods
	if methods == nil {
		methods = []string{"merge", "squash", "rebase"}
	}
	return object{
		"required_approving_review_count": reviews.Approvals, "dismiss_stale_reviews_on_push": reviews.DismissStale,
		"require_code_owner_review": reviews.CodeOwners, "require_last_push_approval": reviews.LastPush,
		"required_review_thread_resolution": s.Conversations, "allowed_merge_methods": methods,
	}
}

func (s *Ruleset) showChecks() object {
	checks := []object{}
	for _, check := range s.Checks {
		one := object{"context": check.Context}
		if check.App != 0 {
			one["integration_id"] = check.App
		}
		checks = append(checks, one)
	}
	return object{
		"required_status_checks": checks, "strict_required_status_checks_policy": s.Strict,
		"do_not_enforce_on_create": false,
	}
}
