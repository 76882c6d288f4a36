package githubtest

import "net/http"

// Merging is the repository's settings on merging. A new repository allows the
// three methods, and nothing else.
type Merging struct {
	AllowMergeCommit, AllowSquash, AllowRebase bool
	AllowAutoMerge                             bool
	// AllowUpdateBranch is shown; it works without, as on GitHub.
	AllowUpdateBranch bool
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
	r.advance(r.server.t.Context())
}

// LoseRace lets the next merges, as many as times, find that the base was
// modified meanwhile.
func (r *Repository) LoseRace(times int) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.races = times
}

// DuringMerge calls a function once, during the next merge by the API: GitHub has
// looked at the pull request and not moved the base yet. The server's methods may
// be called by it, so that something comes in between.
func (r *Repository) DuringMerge(happens func()) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.duringMerge = happens
}

// raced lets happen what shall during a merge, and refuses when a side moved.
func (c *call) raced(i *issue) *reply {
	happens, before := c.repo.duringMerge, *i.pull
	if happens == nil {
		return nil
	}
	c.repo.duringMerge = nil
	func() {
		c.mu.Unlock()
		defer c.mu.Lock()
		happens()
	}()
	switch {
	case i.state == "closed":
		return refuse(http.StatusMethodNotAllowed, "Pull Request is not mergeable")
	case i.pull.headSHA != before.headSHA:
		return refuse(http.StatusConflict, headModified)
	case i.pull.base != before.base, i.pull.baseSHA != before.baseSHA:
		return refuse(http.StatusMethodNotAllowed, baseModified)
	}
	return nil
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
