package githubtest

import (
	"fmt"
	"strings"
)

// hindrance is what keeps a pull request from being merged.
type hindrance struct {
	message string
	behind  bool // the head has not all of the base
}

// hindered is all that rules hold against a pull request.
func (c *call) hindered(i *issue, rules Rules) []hindrance {
	var all []hindrance
	if message := c.hinderedByReviews(i, rules.Reviews); message != "" {
		all = append(all, hindrance{message: message})
	}
	if rules.Conversations && i.pull.unresolved() > 0 {
		all = append(all, hindrance{message: openConversation})
	}
	if message := c.repo.hinderedByChecks(i.pull.headSHA, rules.Checks); message != "" {
		all = append(all, hindrance{message: message})
	}
	if rules.Strict && !c.repo.git.isAncestor(c.ctx, i.pull.baseSHA, i.pull.headSHA) {
		all = append(all, hindrance{"Head branch is out of date. Review and try the merge again.", true})
	}
	return all
}

// standing is how a required check stands, by GitHub's words for it: success,
// failing, pending, queued, in progress, or expected when nobody has reported
// it. Where a check run and a status share the name both are needed.
func (r *Repository) standing(check RequiredCheck, head string) string {
	found := map[string]bool{}
	for _, k := range r.latest(head) {
		if k.name == check.Context && (check.App == 0 || k.suite.app.ID == check.App) {
			found[k.standing()] = true
		}
	}
	for _, s := range r.current(head) {
		if s.context == check.Context && (check.App == 0 || r.server.speaksFor(s.by, check.App)) {
			found[map[string]string{"success": "success", "pending": "pending"}[s.state]] = true
		}
	}
	for _, standing := range []string{"", "pending", "queued", "in progress", "success"} {
		if found[standing] {
			return orFailing(standing)
		}
	}
	return "expected"
}

// orFailing is for the many words of what has failed.
func orFailing(standing string) string {
	if standing == "" {
		return "failing"
	}
	return standing
}

func (k *checkRun) standing() string {
	switch {
	case k.status != "completed":
		return strings.ReplaceAll(k.status, "_", " ")
	case good(k.conclusion):
		return "success"
	}
	return ""
}

// good says whether a conclusion lets a pull request be merged.
func good(conclusion string) bool {
	return conclusion == "success" || conclusion == "neutral" || conclusion == "skipped"
}

// speaksFor says whether a user is the bot of an App.
func (s *Server) speaksFor(u *user, app int64) bool {
	slug, isBot := strings.CutSuffix(u.login, "[bot]")
	return isBot && s.appOf(slug).ID == app
}

// hinderedByChecks says so in GitHub's words, which name a check when it is the
// only one, and count otherwise; what is in progress is not counted apart.
func (r *Repository) hinderedByChecks(head string, required []RequiredCheck) string {
	var open []RequiredCheck
	counts := map[string]int{}
	for _, check := range required {
		if standing := r.standing(check, head); standing != "success" {
			open = append(open, check)
			counts[standing]++
		}
	}
	switch {
	case len(open) == 0:
		return ""
	case len(open) == 1:
		return fmt.Sprintf("Required status check %q is %s.", open[0].Context, r.standing(open[0], head))
	}
	for standing, n := range counts {
		if n == len(open) {
			return fmt.Sprintf("%d of %d required status checks are %s.", n, len(required), standing)
		}
	}
	var parts []string
	for _, standing := range []string{"expected", "failing", "pending"} {
		if counts[standing] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[standing], standing))
		}
	}
	return fmt.Sprintf("%d of %d required status checks have not succeeded: %s.", len(open), len(required), strings.Join(parts, " and "))
}

// green says whether no check or status of a commit is unfinished or failed.
func (r *Repository) green(head string) bool {
	for _, k := range r.latest(head) {
		if !good(k.conclusion) {
			return false
		}
	}
	all := r.current(head)
	return len(all) == 0 || combined(all) == "success"
}
