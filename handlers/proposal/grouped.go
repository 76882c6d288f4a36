package proposal

import (
	"maps"
	"slices"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/policy"
	"github.com/imageupdater/imageupdater/scanner"
)

// Group is what would be proposed together, and what of it or its images is too
// young yet.
type Group struct {
	*Proposal

	Held []Held
}

// Merging says who would merge it under a configuration, and when, in Markdown.
func (g *Group) Merging(c *config.Config, now time.Time) string {
	rule := ruleOf(c, g.Changes)
	verdict := policy.Decide(&rule, &policy.Facts{Pull: policy.Read(policy.Pull{State: "open"})}, now)
	return verdict.Sentence
}

// Grouped are the proposals of a plan where no pull requests are: without branches,
// files, limits and times, in the order of their groups.
func Grouped(plan *scanner.Plan) []Group {
	groups := map[string]*Proposal{}
	var young []Held
	for i := range plan.Results {
		r := &plan.Results[i]
		for _, u := range r.Updates {
			if groups[u.Group] == nil {
				groups[u.Group] = &Proposal{Group: u.Group}
			}
			groups[u.Group].Changes = append(groups[u.Group].Changes, changeOf(r, u))
		}
		if waits, until := waitingOf(r); waits != nil {
			young = append(young, Held{Change: *waits, Why: Young, Until: until})
		}
	}
	var all []Group
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		p := groups[name]
		slices.SortFunc(p.Changes, func(a, b Change) int { return compare(&a, &b) })
		p.Title = title(p, Conventional(nil))
		all = append(all, Group{p, heldFor(p, young)})
	}
	return all
}
