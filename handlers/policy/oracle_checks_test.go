package policy_test

import (
	"slices"
	"strings"

	"github.com/imageupdater/imageupdater/handlers/policy"
)

// outcomeOf is a check or a status that counts.
type outcomeOf struct {
	name   string
	app    int64
	status bool
	how    string // "good", "bad" or "pending"
}

func own(name string, app int64) bool {
	return (name == "imageupdater/merge-policy" || name == "imageupdater/config") && (app == 0 || app == ownApp)
}

func (o *oracle) results() []outcomeOf {
	var all []outcomeOf
	if peek(o.facts.Pull).Head != head {
		return nil
	}
	runs := peek(o.facts.Runs)
	for _, r := range runs {
		if r.Head != head {
			continue
		}
		superseded := slices.ContainsFunc(runs, func(n policy.Run) bool {
			same := n.Head == head && n.Name == r.Name && n.App == r.App && n.ID > r.ID
			ran := n.Conclusion != "skipped" && n.Conclusion != "neutral"
			return same && (n.Suite == r.Suite && r.Suite != 0 && r.ID != 0 || ran && (r.Conclusion == "cancelled" || r.Conclusion == "stale"))
		})
		if superseded {
			continue
		}
		how := "bad"
		switch {
		case r.Status != "completed":
			how = "pending"
		case slices.Contains([]string{"success", "neutral", "skipped"}, r.Conclusion):
			how = "good"
		}
		all = append(all, outcomeOf{r.Name, r.App, false, how})
	}
	statuses := peek(o.facts.Statuses)
	for _, s := range statuses {
		newer := slices.ContainsFunc(statuses, func(n policy.Status) bool { return n.Head == head && n.Context == s.Context && n.ID > s.ID })
		if s.Head != head || newer {
			continue
		}
		how := map[string]string{"success": "good", "pending": "pending"}[s.State]
		if how == "" {
			how = "bad"
		}
		all = append(all, outcomeOf{s.Context, s.App, true, how})
	}
	return all
}

func (o *oracle) checks(p policy.Protection) {
	get(o, o.facts.Runs)
	get(o, o.facts.Statuses)
	_, hasRuns := o.facts.Runs.Get()
	_, hasStatuses := o.facts.Statuses.Get()
	if !hasRuns || !hasStatuses {
		return
	}
	all := slices.DeleteFunc(o.results(), func(r outcomeOf) bool { return own(r.name, r.app) })
	requires := false
	for _, want := range p.Checks {
		if own(want.Name, want.App) {
			continue
		}
		requires = true
		there, bad, pending := false, false, false
		for _, r := range all {
			counts := r.name == want.Name && (want.App == 0 || r.app == want.App)
			mightCount := r.name == want.Name && r.status && r.app == 0
			there = there || counts
			bad = bad || (counts || mightCount) && r.how == "bad"
			pending = pending || (counts || mightCount) && r.how == "pending"
		}
		switch {
		case bad:
			o.way["person"]++
		case pending || !there:
			o.way["github wait"]++
		}
	}
	for _, u := range o.updates {
		for _, name := range u.Checks.Value.Names {
			o.all(slices.DeleteFunc(slices.Clone(all), func(r outcomeOf) bool { return !like(string(name), r.name) }), strings.HasSuffix(string(name), "*"))
		}
	}
	for _, u := range o.updates {
		if u.Checks.Value.Which == "all" || u.Checks.Value.Which == "required" && !requires {
			o.all(all, true)
			return
		}
	}
}

func like(pattern, name string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(name, prefix)
	}
	return pattern == name
}

// all wants checks to be there, and good, and no more of them to come where there may be
// more.
func (o *oracle) all(of []outcomeOf, open bool) {
	bad := slices.ContainsFunc(of, func(r outcomeOf) bool { return r.how == "bad" })
	pending := slices.ContainsFunc(of, func(r outcomeOf) bool { return r.how == "pending" })
	switch {
	case bad:
		o.way["person"]++
	case pending || len(of) == 0:
		o.way["wait"]++
	case open && slices.ContainsFunc(get(o, o.facts.Suites), func(s policy.Suite) bool {
		return s.Head == head && s.App != ownApp && s.Status != "completed" && s.Runs > 0
	}):
		o.way["wait"]++
	}
}
