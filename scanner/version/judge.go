package version

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// judge answers one question.
type judge struct {
	q    Question
	view *view
	from *entry
	gone bool // the current tag is not listed; known where it counts
	// young are candidates that age is against, and perhaps more.
	young []*entry
	// unwanted are candidates that people are against, and perhaps more.
	unwanted []*entry
	// pushed tells that times are those of pushes, for all tags.
	pushed bool
}

func (c *Candidates) newJudge(q Question) *judge {
	j := &judge{q: q, view: c.view(q.Policy)}
	j.from = j.view.read(q.Current)
	if q.Policy.Strategy == StrategyNewest || q.Policy.AllowDowngrade {
		j.gone = !slices.Contains(c.tags, q.Current)
	}
	return j
}

// unreadable is why a tag has no place in the order of the strategy; "" if it
// has.
func (j *judge) unreadable(e *entry) Reason {
	if e.unfit {
		return NotAllowed
	}
	switch j.q.Policy.Strategy {
	case StrategySemver:
		if !e.isVersion {
			return NotAVersion
		}
	case StrategyNumerical:
		if !isDecimal(e.text()) {
			return NotANumber
		}
	case StrategyNewest:
		mayBeLeft := e.tag == j.from.tag && j.gone && j.q.Policy.AllowDowngrade
		if j.time(e).IsZero() && !mayBeLeft {
			return TimeUnknown
		}
	case StrategyAlphabetical, StrategyDigest:
	}
	return ""
}

// compare is the order of the strategy, for tags that are readable.
func (j *judge) compare(a, b *entry) int {
	switch j.q.Policy.Strategy {
	case StrategySemver:
		return compareMoving(&a.version, &b.version)
	case StrategyNumerical:
		return compareDecimals(a.text(), b.text())
	case StrategyNewest:
		return j.time(a).Compare(j.time(b))
	case StrategyAlphabetical, StrategyDigest:
	}
	return strings.Compare(a.text(), b.text())
}

// newer is the kind of the step to a tag, or why there is none forward.
func (j *judge) newer(to *entry) (Kind, Reason) {
	kind, order, reason := j.step(to)
	switch {
	case reason != "":
		return "", reason
	case order > 0:
		return "", Older
	}
	return kind, ""
}

// older is newer for steps back.
func (j *judge) older(to *entry) (Kind, Reason) {
	_, order, reason := j.step(to)
	if reason == "" && order > 0 {
		return Rollback, ""
	}
	return "", Older
}

// step is the kind of the step to a tag, and how the current tag compares with
// it; or why they do not compare.
func (j *judge) step(to *entry) (kind Kind, order int, reason Reason) {
	if to.tag == j.from.tag {
		return "", 0, IsCurrent
	}
	if reason := j.unreadable(to); reason != "" {
		return "", 0, reason
	}
	if j.q.Policy.Strategy != StrategySemver {
		if order = j.compare(j.from, to); order == 0 {
			return "", 0, Equal
		}
		return Tag, order, ""
	}
	from, next := &j.from.version, &to.version
	if reason := j.unlike(from, next); reason != "" {
		return "", 0, reason
	}
	if order = compareMoving(from, next); order == 0 {
		return "", 0, SameVersion
	}
	return step(from, next), order, ""
}

// unlike is why two versions cannot follow each other, or "". Another version
// of one flavour is for the policy to judge.
func (j *judge) unlike(from, to *Version) Reason {
	if from.shape != to.shape {
		switch {
		case from.shape.prefix != to.shape.prefix:
			return OtherPrefix
		case from.shape.parts != to.shape.parts || from.shape.layout != to.shape.layout:
			return OtherParts
		case from.shape.flavor != to.shape.flavor && (!j.mindsFlavors() || !sameFlavor(from, to)):
			return OtherFlavor
		case from.shape.counters != to.shape.counters:
			return OtherCounters
		}
	}
	if !sameScheme(from, to) {
		return OtherScheme
	}
	return ""
}

// sameScheme is false between a year and a plain number, and where a number
// grew into a date, a time or a hash: 5.1 to 2024.1, 1.2.3-4 to 1.2.3-20240115.
func sameScheme(from, to *Version) bool {
	return from.calendar() == to.calendar() && alike(from.parts, to.parts) && alike(from.counters, to.counters)
}

func alike(a, b []number) bool {
	return slices.EqualFunc(a, b, func(m, n number) bool { return m.long() == n.long() })
}

// mindsFlavors tells whether it makes a difference that two flavours are
// versions of one.
func (j *judge) mindsFlavors() bool { return j.q.Explain || j.q.Policy.Flavor == FlavorMove }

// sameFlavor tells whether two flavours differ in numbers alone.
func sameFlavor(a, b *Version) bool {
	name, numbers := a.flavor()
	other, others := b.flavor()
	return name == other && alike(numbers, others)
}

// compareMoving is Compare where the version of a flavour counts for more than
// build counters, and other differences of shape for nothing.
func compareMoving(a, b *Version) int {
	order := cmp.Or(slices.CompareFunc(a.parts, b.parts, number.compare), a.pre.compare(b.pre))
	if order == 0 && a.shape.flavor != b.shape.flavor {
		order = compareFlavors(a, b)
	}
	return cmp.Or(order, slices.CompareFunc(a.counters, b.counters, number.compare))
}

func compareFlavors(a, b *Version) int {
	_, numbers := a.flavor()
	_, others := b.flavor()
	return slices.CompareFunc(numbers, others, number.compare)
}

// compareIfVersions parts what was pushed at one time: a version goes before
// another word, a newer version before an older one.
func (j *judge) compareIfVersions(a, b *entry) int {
	switch {
	case j.q.Policy.Strategy != StrategyNewest:
		return 0
	case a.isVersion && b.isVersion:
		return a.version.Compare(b.version)
	case a.isVersion == b.isVersion:
		return 0
	case a.isVersion:
		return 1
	}
	return -1
}

// leadsTo tells whether two pre-releases lead to the same release.
func leadsTo(from, to *Version) bool {
	return from.PreRelease() && slices.Equal(from.line(), to.line())
}

// time is what newest compares.
func (j *judge) time(e *entry) time.Time {
	facts := j.q.Facts[e.tag]
	if j.pushed {
		return facts.Pushed
	}
	return facts.Created
}

// timesNeeded are the tags whose times decide and were not asked for yet, and how
// many decide in all. Push times count if they are known for all tags that may be
// chosen: one order cannot be made of two kinds of times.
func (j *judge) timesNeeded() (needs []string, timed int) {
	if j.q.Policy.Strategy != StrategyNewest {
		return nil, 0
	}
	j.pushed = true
	consider := func(tag string) {
		facts := j.q.Facts[tag]
		j.pushed = j.pushed && !facts.Pushed.IsZero()
		timed++
		if facts.Created.IsZero() && !facts.Timed {
			needs = append(needs, tag)
		}
	}
	if j.gone && !j.q.Policy.AllowDowngrade {
		consider(j.from.tag)
	}
	for i := range j.view.tags {
		e := &j.view.tags[i]
		if e.tag == j.from.tag || j.early(e, Tag) == 0 {
			consider(e.tag)
		}
	}
	if j.pushed {
		return nil, 0
	}
	return needs, timed
}
