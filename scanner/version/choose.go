package version

import (
	"cmp"
	"slices"
	"strings"
)

// Reason is why a tag is no target, as a phrase that completes "refused: …".
type Reason string

// The reasons of the default rules.
const (
	NotAVersion     Reason = "not a version"
	OtherShape      Reason = "another prefix, number of parts or flavour"
	OtherScheme     Reason = "a date or year among versions, or the reverse"
	IsCurrent       Reason = "the current tag"
	SameVersion     Reason = "the same version, spelt otherwise"
	Older           Reason = "older than the current tag"
	IsPreRelease    Reason = "a pre-release"
	SpeltOtherwise  Reason = "another spelling of the chosen tag"
	OlderThanTarget Reason = "older than the chosen tag"
)

// Target is a tag to move to, and the kind of that step.
type Target struct {
	Tag  string
	Kind Kind
}

// Rejection is a tag that was refused, and why.
type Rejection struct {
	Tag    string
	Reason Reason
}

// Choice is what became of all tags of an image.
type Choice struct {
	// Comparable is whether the current tag is a version; where it is not
	// there are neither targets nor rejections and Reason says why.
	Comparable bool
	Reason     Reason
	// Targets are at most two: the best without a major step, then the best
	// with one. None means that the current tag is up to date.
	Targets []Target
	// Rejected holds every other tag once, in byte order.
	Rejected []Rejection
}

// Candidates are the tags of one image, read once for all the tags that its
// fields may be at. They are not changed by choosing.
type Candidates struct {
	versions []Version
	words    []string // what is no version
}

// NewCandidates reads the tags of an image. Their order, and whether one comes
// twice, changes nothing.
func NewCandidates(tags []string) *Candidates {
	c := &Candidates{}
	for _, tag := range slices.Compact(slices.Sorted(slices.Values(tags))) {
		if v, ok := Parse(tag); ok {
			c.versions = append(c.versions, v)
		} else {
			c.words = append(c.words, tag)
		}
	}
	return c
}

// Choose picks the tags that an image at the current tag can move to by the
// default rules for semantic versions. Prefix, number of parts and flavour of
// the current tag are kept, build counters may move. It never goes back, and to
// a pre-release only from an older one of the same major, minor and patch. A new
// year of a calendar version is a minor step.
//
// Of several spellings of one version the longest is taken, then the first in
// byte order. Whether the current tag is among the candidates changes nothing.
func (c *Candidates) Choose(current string) Choice {
	from, ok := Parse(current)
	if !ok {
		return Choice{Reason: NotAVersion}
	}
	var newer []Version
	rejected := make([]Rejection, 0, len(c.words)+len(c.versions))
	for _, tag := range c.words {
		rejected = append(rejected, Rejection{tag, NotAVersion})
	}
	for _, to := range c.versions {
		if reason := refuse(from, to); reason != "" {
			rejected = append(rejected, Rejection{to.tag, reason})
		} else {
			newer = append(newer, to)
		}
	}
	targets, passed := best(from, newer)
	rejected = append(rejected, passed...)
	slices.SortFunc(rejected, func(a, b Rejection) int { return strings.Compare(a.Tag, b.Tag) })
	return Choice{Comparable: true, Targets: targets, Rejected: rejected}
}

// Targets are those of Choose, without the reasons for all the others.
func (c *Candidates) Targets(current string) []Target {
	from, ok := Parse(current)
	if !ok {
		return nil
	}
	var newer []Version
	for _, to := range c.versions {
		if refuse(from, to) == "" {
			newer = append(newer, to)
		}
	}
	targets, _ := best(from, newer)
	return targets
}

// refuse says why from may not move to to, or "".
func refuse(from, to Version) Reason {
	order := from.Compare(to)
	switch {
	case to.tag == from.tag:
		return IsCurrent
	case to.shape != from.shape:
		return OtherShape
	case !sameScheme(from, to):
		return OtherScheme
	case order == 0:
		return SameVersion
	case order > 0:
		return Older
	case to.PreRelease() && !leadsTo(from, to):
		return IsPreRelease
	}
	return ""
}

// sameScheme is false between a year and a plain number, and where a number
// grew into a date, a time or a hash: 5.1 to 2024.1, 1.2.3-4 to 1.2.3-20240115.
func sameScheme(from, to Version) bool {
	asLong := func(a, b number) bool { return a.long() == b.long() }
	return from.calendar() == to.calendar() &&
		slices.EqualFunc(from.parts, to.parts, asLong) &&
		slices.EqualFunc(from.counters, to.counters, asLong)
}

// leadsTo tells whether two pre-releases lead to the same release.
func leadsTo(from, to Version) bool {
	return from.PreRelease() && slices.Equal(from.line(), to.line())
}

// best takes the newest without and the newest with a major step.
func best(from Version, candidates []Version) ([]Target, []Rejection) {
	var targets []Target
	var passed []Rejection
	for _, major := range []bool{false, true} {
		var group []Version
		for _, to := range candidates {
			if (step(from, to) == Major) == major {
				group = append(group, to)
			}
		}
		if len(group) == 0 {
			continue
		}
		top := slices.MaxFunc(group, bySpelling)
		targets = append(targets, Target{Tag: top.tag, Kind: step(from, top)})
		passed = append(passed, passedOver(group, top)...)
	}
	return targets, passed
}

// bySpelling is Compare, with one spelling of each version above the others.
func bySpelling(a, b Version) int {
	return cmp.Or(a.Compare(b), cmp.Compare(len(a.tag), len(b.tag)), strings.Compare(b.tag, a.tag))
}

func passedOver(group []Version, top Version) []Rejection {
	var passed []Rejection
	for _, to := range group {
		switch {
		case to.tag == top.tag:
		case to.Compare(top) == 0:
			passed = append(passed, Rejection{to.tag, SpeltOtherwise})
		default:
			passed = append(passed, Rejection{to.tag, OlderThanTarget})
		}
	}
	return passed
}

// step is the kind of a step between two versions of one shape.
func step(from, to Version) Kind {
	for i := range from.parts {
		if from.parts[i] != to.parts[i] {
			return kindOfPart(i, from.calendar() || from.parts[0].long())
		}
	}
	if from.pre.compare(to.pre) != 0 {
		return Patch
	}
	return Build
}

// kindOfPart is the kind of a step in part i. A new year is no promise of
// breakage, so it is minor.
func kindOfPart(i int, dated bool) Kind {
	kinds := []Kind{Major, Minor, Patch, Build}
	kind := kinds[min(i, len(kinds)-1)]
	if dated && kind == Major {
		return Minor
	}
	return kind
}
