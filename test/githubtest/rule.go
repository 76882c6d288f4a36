package githubtest

import (
	"path"
	"slices"
	"strings"
	"time"
)

// RequiredCheck is a check run or a commit status that has to succeed.
type RequiredCheck struct {
	Context string
	// App is the id of the App that it has to come from; 0 for any.
	App int64
}

// RequiredReviews is what pull requests need of people.
type RequiredReviews struct {
	Approvals int
	// CodeOwners asks for an approval by an owner of every changed file that
	// has owners in CODEOWNERS.
	CodeOwners bool
	// DismissStale dismisses approvals when a push changes the diff.
	DismissStale bool
	// LastPush asks for an approval of the head by somebody else than who
	// pushed last.
	LastPush bool
}

// Rules is what a branch asks of who changes it.
type Rules struct {
	Checks []RequiredCheck
	// Strict wants the head to have all of the base.
	Strict bool
	// Reviews is nil where no pull request is needed.
	Reviews *RequiredReviews
	// Conversations wants those on the diff to be resolved. In a ruleset it is a
	// part of the rule on reviews.
	Conversations bool
	LinearHistory bool
}

// Protection is a classic branch protection.
type Protection struct {
	Rules
	// EnforceAdmins is shown, and means nothing to an App.
	EnforceAdmins bool
	// MergeQueue wants changes to go through a queue, which makes merge commits.
	MergeQueue bool
}

// Ruleset is the newer kind of protection; several may apply to a branch.
type Ruleset struct {
	Name string
	// Enforcement is "active", "evaluate" or "disabled"; active when empty.
	Enforcement string
	// Include and Exclude say which branches: "~ALL", "~DEFAULT_BRANCH", or a
	// pattern of whole refs such as "refs/heads/release/*". The default branch
	// when both are empty.
	Include, Exclude []string
	// Bypass is the logins of those whom it does not bind; the App's is
	// "<slug>[bot]".
	Bypass []string
	// Organization says that the organisation has set it, not the repository.
	Organization bool
	Rules
	// MergeMethods is those allowed; nil for all. They are a part of the rule on
	// reviews.
	MergeMethods []string
	// MergeQueue wants changes to go through a queue, which merges by
	// QueueMethod: "squash" when empty, or "merge" or "rebase".
	MergeQueue  bool
	QueueMethod string
	// NoForcePush, NoDeletion and Signed are the rules non_fast_forward,
	// deletion and required_signatures.
	NoForcePush, NoDeletion, Signed bool
	// More is rules of other kinds, as GitHub shows them, such as {"type":
	// "required_deployments", "parameters": …}. They bind nobody here.
	More []map[string]any

	id    int64
	since time.Time
}

// protection is a classic one with the pattern of the branches that it is for.
type protection struct {
	id             int64
	pattern        string
	since, updated time.Time
	Protection
}

// Protect sets the classic protection of a branch, or of the branches of a
// pattern: "release/*", in its owner's name.
func (r *Repository) Protect(pattern string, p Protection) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	now := r.server.Now()
	for _, have := range r.protections {
		if have.pattern == pattern {
			have.Protection, have.updated = p, now
			r.tellProtection(have, "edited")
			r.advance(r.server.t.Context())
			return
		}
	}
	made := &protection{id: r.server.id(), pattern: pattern, since: now, updated: now, Protection: p}
	r.protections = append(r.protections, made)
	r.tellProtection(made, "created")
	r.advance(r.server.t.Context())
}

// Unprotect takes the classic protection away.
func (r *Repository) Unprotect(pattern string) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.protections = slices.DeleteFunc(r.protections, func(p *protection) bool {
		if p.pattern == pattern {
			r.tellProtection(p, "deleted")
		}
		return p.pattern == pattern
	})
	r.advance(r.server.t.Context())
}

// AddRuleset puts a ruleset onto the repository, in its owner's name, and
// returns its id.
func (r *Repository) AddRuleset(set Ruleset) int64 {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	set.id, set.since = r.server.id(), r.server.Now()
	if set.Enforcement == "" {
		set.Enforcement = "active"
	}
	if len(set.Include)+len(set.Exclude) == 0 {
		set.Include = []string{"~DEFAULT_BRANCH"}
	}
	r.rulesets = append(r.rulesets, &set)
	r.tellRuleset(&set, "created")
	r.advance(r.server.t.Context())
	return set.id
}

// RemoveRuleset takes a ruleset away.
func (r *Repository) RemoveRuleset(id int64) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.rulesets = slices.DeleteFunc(r.rulesets, func(s *Ruleset) bool {
		if s.id == id {
			r.tellRuleset(s, "deleted")
		}
		return s.id == id
	})
	r.advance(r.server.t.Context())
}

// protection is the classic one of a branch, nil when there is none. A name
// goes before a pattern, an older pattern before a newer one.
func (r *Repository) protection(branch string) *protection {
	for _, p := range r.protections {
		if p.pattern == branch {
			return p
		}
	}
	for _, p := range r.protections {
		if fnmatch(p.pattern, branch) {
			return p
		}
	}
	return nil
}

// active is the rulesets in force on a branch.
func (r *Repository) active(branch string) []*Ruleset {
	var found []*Ruleset
	for _, s := range r.rulesets {
		if s.Enforcement == "active" && r.among(s.Include, branch) && !r.among(s.Exclude, branch) {
			found = append(found, s)
		}
	}
	return found
}

func (r *Repository) among(conditions []string, branch string) bool {
	return slices.ContainsFunc(conditions, func(condition string) bool {
		switch condition {
		case "~ALL":
			return true
		case "~DEFAULT_BRANCH":
			return branch == r.defaultBranch
		}
		return fnmatch(condition, "refs/heads/"+branch)
	})
}

// demands is the rules on a branch, whoever may pass them.
func (r *Repository) demands(branch string) []Rules {
	var all []Rules
	if p := r.protection(branch); p != nil {
		all = append(all, p.Rules)
	}
	for _, s := range r.active(branch) {
		all = append(all, s.Rules)
	}
	return all
}

func (s *Ruleset) passes(by *user) bool {
	return slices.ContainsFunc(s.Bypass, func(login string) bool { return strings.EqualFold(login, by.login) })
}

// fnmatch matches as Ruby's does for file names: a * stays within a segment,
// a ** is any number of segments.
func fnmatch(pattern, name string) bool {
	return matchSegments(strings.Split(pattern, "/"), strings.Split(name, "/"))
}

func matchSegments(patterns, names []string) bool {
	if len(patterns) == 0 {
		return len(names) == 0
	}
	if patterns[0] == "**" && len(patterns) > 1 {
		for n := range names {
			if matchSegments(patterns[1:], names[n:]) {
				return true
			}
		}
		return false
	}
	if len(names) == 0 {
		return false
	}
	fits, err := path.Match(patterns[0], names[0])
	return err == nil && fits && matchSegments(patterns[1:], names[1:])
}
