package githubtest

// listedRepo is a repository where it is not what was asked for: in lists, and
// as a side of a pull request. How it merges is not told there.
func (s *Server) listedRepo(r *Repository) object {
	shown := s.showRepo(r)
	withoutMerging(shown)
	delete(shown, "network_count")
	delete(shown, "subscribers_count")
	return shown
}

// withoutMerging takes from a repository what only who may push is told.
func withoutMerging(shown object) {
	for _, name := range []string{
		"allow_merge_commit", "allow_squash_merge", "allow_rebase_merge", "allow_auto_merge", "allow_update_branch",
		"delete_branch_on_merge", "squash_merge_commit_title", "squash_merge_commit_message", "merge_commit_title",
		"merge_commit_message", "use_squash_pr_title_as_default",
	} {
		delete(shown, name)
	}
}

// pushes says whether the caller may push to the repository.
func (c *call) pushes() bool {
	return c.by.user != nil && rank(c.repo.role(c.by.user)) >= rank("write") ||
		c.by.token != nil && c.by.token.covers(c.repo) && c.by.token.allows("contents", "write")
}
