package githubtest

import (
	"net/http"
	"strings"
)

// violated is why rules do not let a branch be moved from a commit to another
// directly; "" for a side that is not there. It is in GitHub's words, and empty
// when the branch may be moved.
func (c *call) violated(branch, before, after string) string {
	if p := c.repo.protection(branch); p != nil {
		if all := c.breaks(before, after, p.Rules, true, true); len(all) > 0 {
			return strings.Join(all, " ")
		}
	}
	var violations []string
	for _, s := range c.repo.active(branch) {
		if s.passes(c.caller()) {
			continue
		}
		violations = append(violations, c.breaks(before, after, s.Rules, s.NoDeletion, s.NoForcePush)...)
		if s.MergeQueue && before != "" && after != "" {
			violations = append(violations, throughQueue)
		}
	}
	if len(violations) == 0 {
		return ""
	}
	return "Repository rule violations found\n\n" + strings.Join(violations, "\n\n") + "\n\n"
}

// breaks is which rules a move of a branch breaks. A new branch needs no pull
// request, but a commit whose checks are good.
func (c *call) breaks(before, after string, rules Rules, noDeletion, noForcePush bool) []string {
	if after == "" {
		if noDeletion {
			return []string{"Cannot delete this protected branch"}
		}
		return nil
	}
	var all []string
	if noForcePush && before != "" && !c.repo.git.isAncestor(c.ctx, before, after) {
		all = append(all, "Cannot force-push to this branch")
	}
	if rules.Reviews != nil && before != "" {
		all = append(all, "Changes must be made through a pull request.")
	}
	if message := c.repo.hinderedByChecks(after, rules.Checks); message != "" {
		all = append(all, message)
	}
	if rules.LinearHistory && before != "" && c.hasMerges(before, after) {
		all = append(all, "This branch must not contain merge commits.")
	}
	return all
}

func (c *call) hasMerges(before, after string) bool {
	ids, err := c.repo.git.lines(c.ctx, "rev-list", "--merges", "--max-count=1", before+".."+after)
	return err == nil && len(ids) > 0
}

// push moves a ref for a caller whom the rules bind, or refuses by a status.
func (c *call) push(ref, id string, status int) *reply {
	if branch, isBranch := strings.CutPrefix(ref, "refs/heads/"); isBranch {
		if message := c.violated(branch, c.repo.branch(branch), id); message != "" {
			return refuse(status, message)
		}
	}
	if err := c.repo.move(c.ctx, c.caller(), ref, id); err != nil {
		return refuse(http.StatusUnprocessableEntity, "Reference cannot be updated")
	}
	return nil
}
