package githubtest

// page is where an issue or a pull request lies under its repository.
func (i *issue) page() string {
	if i.pull != nil {
		return "pull"
	}
	return "issues"
}

// showRest adds what the stand-in has no more of than that GitHub shows it.
func (c *call) showRest(i *issue, shown object) {
	shown["timeline_url"] = shown["url"].(string) + "/timeline" //nolint:forcetypeassert // see showIssue
	shown["closed_by"], shown["performed_via_github_app"], shown["pinned_comment"] = nil, nil, nil
	if i.closedBy != nil {
		shown["closed_by"] = c.showUser(i.closedBy)
	}
	if i.by == c.bot() {
		shown["performed_via_github_app"] = c.showApp()
	}
	if i.pull != nil {
		return
	}
	shown["type"], shown["issue_field_values"] = nil, []object{}
	shown["sub_issues_summary"] = object{"total": 0, "completed": 0, "percent_completed": 0}
	shown["issue_dependencies_summary"] = object{"blocked_by": 0, "total_blocked_by": 0, "blocking": 0, "total_blocking": 0}
}
