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
		e.candidates = candidatesOf(&r, now)
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
func candidatesOf(r *scanner.Result, now time.Time) []candidate {
	var all []candidate
	chosen := map[string]version.Kind{}
	for _, target := range r.Choice.Targets {
		chosen[target.Tag] = target.Kind
	}
	for i := range r.Choice.Rejected {
		one := &r.Choice.Rejected[i]
		all = append(all, candidate{tag: one.Tag, kind: chosen[one.Tag], refused: one})
		delete(chosen, one.Tag)
	}
	for _, target := range r.Choice.Targets {
		if chosen[target.Tag] != "" {
			all = append(all, candidate{tag: target.Tag, kind: target.Kind})
		}
	}
	order := map[string]int{}
	for i, tag := range inOrder(r, all, now) {
		order[tag] = i
	}
	slices.SortStableFunc(all, func(a, b candidate) int {
		tagA, digestA, _ := strings.Cut(a.tag, "@")
		tagB, digestB, _ := strings.Cut(b.tag, "@")
		return cmp.Or(cmp.Compare(order[tagA], order[tagB]), cmp.Compare(digestB, digestA))
	})
	return all
}

// inOrder puts the tags of candidates in the order of the strategy. A choice
// keeps that of the tags that it refused and does not say where among them the
// chosen ones belong; so it is asked again for what nothing is chosen from.
func inOrder(r *scanner.Result, all []candidate, now time.Time) []string {
	policy := *r.Settings.Policy(now)
	if policy.Strategy == version.StrategyNewest {
		return byVerdict(all)
	}
	var tags []string
	for _, one := range all {
		if !strings.Contains(one.tag, "@") {
			tags = append(tags, one.tag)
		}
	}
	policy.Kinds = nil
	again := version.NewCandidates(tags).Choose(version.Question{Current: r.Field.Ref.Tag, Policy: &policy, Explain: true, Now: now})
	ordered := make([]string, len(again.Rejected))
	for i, one := range again.Rejected {
		ordered[i] = one.Tag
	}
	if len(ordered) == 0 {
		return tags
	}
	return ordered
}

// byVerdict puts what was chosen before the first tag of which it is said that
// it is older. The times that newest compares are not known any more.
func byVerdict(all []candidate) []string {
	older := []version.Reason{version.OlderThanTarget, version.SpeltOtherwise, version.IsCurrent, version.Older, version.Equal, version.TimeUnknown, version.NotAllowed}
	var before, chosen, behind []string
	for _, one := range all {
		switch {
		case one.refused == nil:
			chosen = append(chosen, one.tag)
		case len(behind) > 0 || slices.Contains(older, one.refused.Reason):
			behind = append(behind, one.tag)
		default:
			before = append(before, one.tag)
		}
	}
	return slices.Concat(before, chosen, behind)
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
