package githubtest

// Merging is the repository's settings on merging. A new repository allows the
// three methods, and nothing else.
type Merging struct {
	AllowMergeCommit, AllowSquash, AllowRebase bool
	// AllowAutoMerge and AllowUpdateBranch are shown; UpdateBranch works
	// without, as on GitHub.
	AllowAutoMerge, AllowUpdateBranch bool
	// DeleteBranch deletes the head once it is merged.
	DeleteBranch bool
	// Hooks says that a GitHub Enterprise Server runs hooks before a merge:
	// "has_hooks" where it would be "clean".
	Hooks bool
	// SquashTitle is COMMIT_OR_PR_TITLE, or PR_TITLE; SquashMessage is
	// COMMIT_MESSAGES, or PR_BODY or BLANK. MergeTitle is MERGE_MESSAGE, or
	// PR_TITLE; MergeMessage is PR_TITLE, or PR_BODY or BLANK. The first of each
	// when empty.
	SquashTitle, SquashMessage, MergeTitle, MergeMessage string
}

// SetMerging changes the repository's settings on merging.
func (r *Repository) SetMerging(m Merging) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.merging = m
}

// LoseRace lets the next merges, as many as times, find that the base was
// modified meanwhile.
func (r *Repository) LoseRace(times int) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.races = times
}

func (m Merging) show() object {
	or := func(value, otherwise string) string {
		if value == "" {
			return otherwise
		}
		return value
	}
	return object{
		"allow_merge_commit": m.AllowMergeCommit, "allow_squash_merge": m.AllowSquash, "allow_rebase_merge": m.AllowRebase,
		"allow_auto_merge": m.AllowAutoMerge, "allow_update_branch": m.AllowUpdateBranch,
		"delete_branch_on_merge":      m.DeleteBranch,
		"squash_merge_commit_title":   or(m.SquashTitle, "COMMIT_OR_PR_TITLE"),
		"squash_merge_commit_message": or(m.SquashMessage, "COMMIT_MESSAGES"),
		"merge_commit_title":          or(m.MergeTitle, "MERGE_MESSAGE"),
		"merge_commit_message":        or(m.MergeMessage, "PR_TITLE"),
	}
}

// allows says whether a method may be used at all.
func (m Merging) allows(method string) bool {
	return map[string]bool{"merge": m.AllowMergeCommit, "squash": m.AllowSquash, "rebase": m.AllowRebase}[method]
}
