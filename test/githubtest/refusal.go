package githubtest

import (
	"net/http"
	"slices"
	"strings"
)

// refuseMerge is what stands against a merge before it is tried.
func (c *call) refuseMerge(i *issue, in merging) *reply {
	switch {
	case i.state == "closed":
		return refuse(http.StatusMethodNotAllowed, "Pull Request is not mergeable")
	case i.pull.draft:
		return refuse(http.StatusMethodNotAllowed, "Pull Request is still a draft")
	case in.SHA != "" && in.SHA != i.pull.headSHA:
		return refuse(http.StatusConflict, headModified)
	case c.repo.races > 0:
		c.repo.races--
		return refuse(http.StatusMethodNotAllowed, baseModified)
	case i.pull.entry != nil:
		return refuse(http.StatusMethodNotAllowed, "Pull Request is in the merge queue")
	}
	return c.refuseMethod(i, in.Method)
}

func (c *call) refuseMethod(i *issue, method string) *reply {
	if c.mayMergeBy(i, method) {
		return nil
	}
	names := map[string]string{"merge": "Merge commits", "squash": "Squash merges", "rebase": "Rebase merges"}
	return refuse(http.StatusMethodNotAllowed, names[method]+" are not allowed on this repository.")
}

func (c *call) mayMergeBy(i *issue, method string) bool {
	allowed := c.repo.merging.allows(method)
	for _, s := range c.repo.active(i.pull.base) {
		if s.MergeMethods != nil && !s.passes(c.caller()) {
			allowed = allowed && slices.Contains(s.MergeMethods, method)
		}
	}
	return allowed
}

// refuseByRules is what protection holds against a merge.
func (c *call) refuseByRules(i *issue, method string) *reply {
	if refusal := c.refuseByProtection(i, method); refusal != nil {
		return refusal
	}
	var violations []string
	for _, s := range c.repo.active(i.pull.base) {
		if s.passes(c.caller()) {
			continue
		}
		for _, h := range c.hindered(i, s.Rules) {
			if h.behind {
				return refuse(http.StatusConflict, h.message)
			}
			violations = append(violations, h.message)
		}
		violations = append(violations, s.violations(method)...)
	}
	if len(violations) == 0 {
		return nil
	}
	slices.Sort(violations)
	text := strings.Join(slices.Compact(violations), "\n\n")
	return refuse(http.StatusMethodNotAllowed, "Repository rule violations found\n\n"+text+"\n\n")
}

// refuseByProtection is of a classic one. That the head is behind is 409: to
// update it is the remedy.
func (c *call) refuseByProtection(i *issue, method string) *reply {
	p := c.repo.protection(i.pull.base)
	if p == nil {
		return nil
	}
	var messages []string
	for _, h := range c.hindered(i, p.Rules) {
		if h.behind && len(messages) == 0 {
			return refuse(http.StatusConflict, h.message)
		}
		if !h.behind {
			messages = append(messages, h.message)
		}
	}
	if p.LinearHistory && method == "merge" {
		messages = append(messages, "This branch must not contain merge commits.")
	}
	if p.MergeQueue {
		messages = append(messages, throughQueue)
	}
	if len(messages) == 0 {
		return nil
	}
	return refuse(http.StatusMethodNotAllowed, strings.Join(messages, " "))
}

// violations is of rules that no pull request can meet.
func (s *Ruleset) violations(method string) []string {
	var all []string
	if s.LinearHistory && method == "merge" {
		all = append(all, "This branch must not contain merge commits.")
	}
	if s.MergeQueue {
		all = append(all, throughQueue)
	}
	return all
}
