package command

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/version"
)

// explained is a field with all that was decided on it, and why.
type explained struct {
	scanner.Result
	settings settings
	// ignored are the entries of ignore that hold for it.
	ignored    []string
	candidates []candidate
	refused    []refusal
	// advice is what to write to have a field followed that is left alone.
	advice []string
}

func explain(r scanner.Result, now time.Time) explained {
	e := explained{Result: r, advice: advice(&r)}
	if !hasSettings(&r) {
		return e
	}
	e.settings = settingsOf(r.Settings)
	for _, entry := range r.Settings.Policy(now).Ignored {
		e.ignored = append(e.ignored, entry.Text)
	}
	if r.Choice != nil {
		e.candidates = candidatesOf(r.Choice)
		e.refused = refusalsOf(e.candidates, e.settings)
	}
	return e
}

// hasSettings is false where nobody knows which image it is.
func hasSettings(r *scanner.Result) bool { return r.Settings.Subject != config.Subject{} }

// setting is one that holds for a field.
type setting struct {
	config.Listed
	// kinds are the steps that it is for; none where it is for all but those
	// that have one of their own.
	kinds []version.Kind
}

// settings are those that hold for a field.
type settings []setting

// settingsOf lists what holds for a field, and behind each setting what holds
// in its place for steps of some kinds.
func settingsOf(r config.Resolved) settings {
	var all settings
	for _, one := range r.List() {
		all = append(all, setting{Listed: one})
	}
	for _, kind := range version.Kinds() {
		own := r.For(kind)
		for _, one := range own.List() {
			all = addForKind(all, one, kind)
		}
	}
	return all
}

func addForKind(all settings, one config.Listed, kind version.Kind) settings {
	behind := len(all)
	for i := range all {
		switch {
		case all[i].Key != one.Key:
		case all[i].Origin == one.Origin && len(all[i].kinds) == 0:
			return all // as for the others
		case all[i].Origin == one.Origin:
			all[i].kinds = append(all[i].kinds, kind)
			return all
		default:
			behind = i + 1
		}
	}
	return slices.Insert(all, behind, setting{one, []version.Kind{kind}})
}

// candidate is a tag and what became of it.
type candidate struct {
	tag string
	// kind is that of the step if the tag was chosen, else "".
	kind version.Kind
	// refused is nil where nothing is said against the tag.
	refused *version.Rejection
}

// candidatesOf are all tags from the newest on. New content of a tag stands
// before the tag.
func candidatesOf(c *version.Choice) []candidate {
	all := make([]candidate, 0, len(c.Targets)+len(c.Rejected))
	for _, target := range c.Targets {
		all = append(all, candidate{tag: target.Tag, kind: target.Kind})
	}
	for i := range c.Rejected {
		one := &c.Rejected[i]
		// New content of the current tag is chosen though the tag is the current.
		if at := slices.IndexFunc(all, func(a candidate) bool { return a.kind != "" && a.tag == one.Tag }); at >= 0 {
			all[at].refused = one
			continue
		}
		all = append(all, candidate{tag: one.Tag, refused: one})
	}
	order := map[string]int{}
	for i, tag := range c.Order {
		order[tag] = i
	}
	slices.SortStableFunc(all, func(a, b candidate) int {
		tagA, digestA, _ := strings.Cut(a.tag, "@")
		tagB, digestB, _ := strings.Cut(b.tag, "@")
		return cmp.Or(cmp.Compare(order[tagA], order[tagB]), cmp.Compare(digestB, digestA))
	})
	return all
}

// refusal is what was refused for one reason.
type refusal struct {
	reason version.Reason
	// detail is "" where those that were refused differ in it.
	detail   string
	rejected []*version.Rejection
	// alone counts those that nothing else stands against.
	alone int
	// remedy is what would change it; "" where nothing is known to.
	remedy string
}

// refusalsOf groups by reasons, the most frequent first.
func refusalsOf(candidates []candidate, s settings) []refusal {
	var groups []refusal
	for _, one := range candidates {
		if one.refused == nil || one.refused.Reason == version.IsCurrent {
			continue
		}
		of := refusal{reason: one.refused.Reason}
		if apart[of.reason] {
			of.detail = one.refused.Detail
		}
		i := slices.IndexFunc(groups, func(g refusal) bool { return g.reason == of.reason && g.detail == of.detail })
		if i < 0 {
			i, groups = len(groups), append(groups, of)
		}
		groups[i].rejected = append(groups[i].rejected, one.refused)
		if one.refused.Alone {
			groups[i].alone++
		}
	}
	for i := range groups {
		groups[i].remedy = groups[i].words(s)
	}
	slices.SortStableFunc(groups, func(a, b refusal) int { return cmp.Compare(len(b.rejected), len(a.rejected)) })
	return groups
}
