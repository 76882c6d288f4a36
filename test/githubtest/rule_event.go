package githubtest

func (r *Repository) tellProtection(p *protection, action string) {
	r.server.happen(event{name: "branch_protection_rule", action: action, repo: r, by: r.owner, payload: object{"rule": p.show(r)}})
}

// show is a classic protection as its webhook has it, by levels of whom it
// binds.
func (p *protection) show(r *Repository) object {
	level := func(on bool) string {
		switch {
		case !on:
			return "off"
		case p.EnforceAdmins:
			return "everyone"
		}
		return "non_admins"
	}
	reviews := p.Reviews
	if reviews == nil {
		reviews = &RequiredReviews{}
	}
	shown := object{
		"id": p.id, "repository_id": r.ID, "name": p.pattern, "created_at": stamp(p.since), "updated_at": stamp(p.updated),
		"pull_request_reviews_enforcement_level": level(p.Reviews != nil), "required_approving_review_count": reviews.Approvals,
		"dismiss_stale_reviews_on_push": reviews.DismissStale, "require_code_owner_review": reviews.CodeOwners,
		"require_last_push_approval": reviews.LastPush, "ignore_approvals_from_contributors": false,
		"required_status_checks":                       showChecks(p.Checks)["contexts"],
		"required_status_checks_enforcement_level":     level(p.Checks != nil),
		"strict_required_status_checks_policy":         p.Strict,
		"linear_history_requirement_enforcement_level": level(p.LinearHistory), "admin_enforced": p.EnforceAdmins,
		"authorized_dismissal_actors_only": false, "authorized_actors_only": false, "authorized_actor_names": []string{},
	}
	for _, name := range []string{
		"signature_requirement_enforcement", "lock_branch_enforcement", "allow_force_pushes_enforcement", "allow_deletions_enforcement",
		"merge_queue_enforcement", "required_deployments_enforcement", "required_conversation_resolution",
	} {
		shown[name+"_level"] = "off"
	}
	shown["merge_queue_enforcement_level"] = level(p.MergeQueue)
	return shown
}

func (r *Repository) tellRuleset(s *Ruleset, action string) {
	shown := object{
		"id": s.id, "name": s.Name, "target": "branch", "source_type": "Repository", "source": r.FullName(),
		"enforcement": s.Enforcement, "node_id": node("RRS", s.id), "rules": s.show(),
		"conditions": object{"ref_name": object{"include": orNone(s.Include), "exclude": orNone(s.Exclude)}},
		"created_at": stamp(s.since), "updated_at": stamp(s.since),
	}
	if s.Organization {
		shown["source_type"], shown["source"] = "Organization", r.Owner
	}
	r.server.happen(event{name: "repository_ruleset", action: action, repo: r, by: r.owner, payload: object{"repository_ruleset": shown}})
}

// orNone is an empty list for none at all.
func orNone(all []string) []string { return append([]string{}, all...) }
