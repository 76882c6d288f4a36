package githubtest

import (
	"fmt"
	"slices"
)

// opinions is the newest review of each person that says yes or no; a comment
// takes nothing back. Only those who may write count.
func (r *Repository) opinions(i *issue) []*review {
	var newest []*review
	for _, v := range slices.Backward(i.pull.reviews) {
		said := func(have *review) bool { return have.by == v.by }
		if v.state != "COMMENTED" && v.state != "PENDING" && !slices.ContainsFunc(newest, said) && r.mayWrite(v.by) {
			newest = append(newest, v)
		}
	}
	return newest
}

// hinderedByReviews is what reviews are missing, in GitHub's words.
func (c *call) hinderedByReviews(i *issue, needed *RequiredReviews) string {
	if needed == nil {
		return ""
	}
	approvals, lastPush := 0, false
	var approvers []*user
	for _, v := range c.repo.opinions(i) {
		switch v.state {
		case "CHANGES_REQUESTED":
			return "Changes have been requested by a reviewer with write access."
		case "APPROVED":
			approvals++
			approvers = append(approvers, v.by)
			lastPush = lastPush || (v.commit == i.pull.headSHA && v.by != i.pull.pusher)
		}
	}
	switch {
	case approvals < needed.Approvals:
		return atLeast(needed.Approvals)
	case needed.LastPush && !lastPush:
		return "New changes require approval from someone other than the last pusher."
	case needed.CodeOwners:
		return c.hinderedByOwners(i, approvers)
	}
	return ""
}

// asks says whether reviews are needed at all: a pull request without any may be.
func (n *RequiredReviews) asks() bool {
	return n != nil && (n.Approvals > 0 || n.CodeOwners || n.LastPush)
}

// decision is what the reviews come to in GraphQL: null where none is needed.
func (c *call) decision(i *issue) any {
	var verdict any
	for _, rules := range c.repo.demands(i.pull.base) {
		switch {
		case !rules.Reviews.asks():
		case slices.ContainsFunc(c.repo.opinions(i), func(v *review) bool { return v.state == "CHANGES_REQUESTED" }):
			return "CHANGES_REQUESTED"
		case c.hinderedByReviews(i, rules.Reviews) != "":
			verdict = "REVIEW_REQUIRED"
		case verdict == nil:
			verdict = "APPROVED"
		}
	}
	return verdict
}

func atLeast(n int) string {
	if n == 1 {
		return "At least 1 approving review is required by reviewers with write access."
	}
	return fmt.Sprintf("At least %d approving reviews are required by reviewers with write access.", n)
}
