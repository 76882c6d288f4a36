package version

import (
	"cmp"
	"maps"
	"math/bits"
	"slices"
	"strings"
	"time"
)

// Question is what is asked of the tags of an image.
type Question struct {
	// Current is the tag that the image is at.
	Current string
	Policy  *Policy
	// Facts are what is known of tags; of some, nothing may be.
	Facts map[string]Facts
	// Withheld are tags that the caller holds back.
	Withheld map[string]Withheld
	// Platforms are those of the current image, which a target must have
	// unless the policy names some.
	Platforms []Platform
	// Checked asks for targets whose manifests were asked for: others are
	// named in Choice.Needs.
	Checked bool
	// Explain asks for a verdict on every tag.
	Explain bool
	// Now is the time by which ages are judged.
	Now time.Time
}

// Target is a tag to move to, and the kind of that step.
type Target struct {
	Tag  string
	Kind Kind
}

// Rejection is a tag that was refused, and why.
type Rejection struct {
	Tag    string
	Reason Reason
	// Detail says more, for people: which entry, since when. It may be "".
	Detail string
	// Kind is that of the step; "" where there is none.
	Kind Kind
	// Ripe is, for what is too young, when it is old enough.
	Ripe time.Time
	// Alone tells that nothing else stands in the way: with the reason gone
	// the tag could be chosen.
	Alone bool
}

// Choice is what became of the tags of an image.
type Choice struct {
	// Comparable is whether anything can be newer than the current tag; where
	// nothing can there are neither targets nor rejections and Reason says why.
	Comparable bool
	Reason     Reason
	// Targets are at most two: the best without a major step, then the best
	// with one. None means that the current tag is up to date.
	Targets []Target
	// Waiting is the newest tag that nothing but its age keeps from being a
	// target; nil where there is none, or it is older than a target.
	Waiting *Rejection
	// Young are the newest tags that age is against, and perhaps more, the newest
	// first: those that are newer than what is chosen, or than the current one.
	Young []string
	// Passed are tags that are newer than what is chosen, or than the current one,
	// and that nothing but people keep from being a target: an entry of ignore, a
	// closed proposal or a rollback. Of each of these there are at most the newest
	// one with a major step and the newest one without.
	Passed []Rejection
	// Needs are tags of which more facts are needed: the choice is final when
	// there are none. They are sorted.
	Needs []string
	// Timed counts the tags whose creation times decide.
	Timed int
	// Order holds, if it was asked for, every tag once: those that can be put in
	// order from the newest on, then the others by bytes.
	Order []string
	// Rejected holds, if it was asked for, every tag that is no target, in the
	// same order.
	Rejected []Rejection
}

// Choose picks the tags that an image can move to. It depends on nothing but
// what it is given, in whatever order.
//
// Under semver prefix, number of parts and flavour of the current tag are kept
// and build counters may move; a pre-release is chosen only from an older one
// of the same major, minor and patch, unless the policy or its range asks for
// more. It never goes back unless the policy allows it. A new year of a calendar
// version is a minor step. Of several spellings of one version the longest is
// taken, then the first in byte order; one that is spelt as the current tag is goes
// before both. Under StrategyDigest nothing is chosen: see Refuse.
//
// Whether the current tag is among the candidates changes nothing, but where
// times are compared: if that of a tag that is gone is not known either, nothing
// is newer, unless the policy lets it go back.
func (c *Candidates) Choose(q Question) Choice {
	if q.Policy.Strategy == StrategyDigest {
		return Choice{Comparable: true}
	}
	if c.TooMuchFor(q.Policy) {
		return Choice{Reason: TooMuchWork}
	}
	j := c.newJudge(q)
	needs, timed := j.timesNeeded()
	if len(needs) > 0 {
		return Choice{Comparable: true, Needs: sortedSet(needs), Timed: timed}
	}
	if reason := j.unreadable(j.from); reason != "" {
		return Choice{Reason: reason}
	}
	choice := Choice{Comparable: true, Targets: j.targets(), Timed: timed}
	choice.Waiting = j.waits(choice.Targets)
	choice.Young = j.aging(choice.Targets)
	choice.Passed = j.passed(choice.Targets)
	if q.Explain {
		choice.Order, choice.Rejected = j.verdicts(choice.Targets)
	}
	for _, target := range choice.Targets {
		if q.Checked && !q.Facts[target.Tag].Checked {
			choice.Needs = append(choice.Needs, target.Tag)
		}
	}
	choice.Needs = sortedSet(choice.Needs)
	return choice
}

// Refuse is what the policy has against one step, whatever else there is to
// choose from; nil where it has nothing against it. What chooses among tags,
// patterns and ranges, has nothing to say on new content of the current tag.
func (c *Candidates) Refuse(q Question, target Target) *Rejection {
	return c.refuse(q, target, true)
}

// RefuseEarly is Refuse for what can be told without asking anything of a
// registry.
func (c *Candidates) RefuseEarly(q Question, target Target) *Rejection {
	return c.refuse(q, target, false)
}

func (c *Candidates) refuse(q Question, target Target, late bool) *Rejection {
	j := c.newJudge(q)
	to := j.view.read(target.Tag)
	found := j.examine(to, target.Kind, late)
	if found == 0 {
		return nil
	}
	rejection := j.rejection(to, target.Kind, found)
	return &rejection
}

// targets are the newest without and the newest with a major step, or the
// newest of all. Where nothing goes forward it may go back.
func (j *judge) targets() []Target {
	targets := j.best(j.newer)
	if p := j.q.Policy; len(targets) == 0 && p.AllowDowngrade && p.wants(Rollback) && j.unfit(j.from) {
		return j.best(j.older)
	}
	return targets
}

// best asks the policy about nothing that would not be chosen anyhow.
func (j *judge) best(step func(*entry) (Kind, Reason)) []Target {
	var best [2]*entry
	var kinds [2]Kind
	for i := range j.view.tags {
		to := &j.view.tags[i]
		kind, reason := step(to)
		if reason != "" {
			continue
		}
		group := j.group(kind)
		if top := best[group]; top != nil && j.bySpelling(to, top) <= 0 {
			continue
		}
		found := j.policy(to, kind)
		if found == 0 {
			best[group], kinds[group] = to, kind
			continue
		}
		if first := against[bits.TrailingZeros32(uint32(found))].reason; first == TooYoung {
			j.young = append(j.young, to)
		} else if slices.Contains([]Reason{IsIgnored, Closed, RolledBack}, first) {
			j.unwanted = append(j.unwanted, to)
		}
	}
	var targets []Target
	for group, top := range best {
		if top != nil {
			targets = append(targets, Target{Tag: top.tag, Kind: kinds[group]})
		}
	}
	return targets
}

// waits is what is said of the newest of the young that will be a target.
func (j *judge) waits(targets []Target) *Rejection {
	var newest *Rejection
	var top *entry
	for _, target := range targets {
		if to := j.view.read(target.Tag); top == nil || j.bySpelling(to, top) > 0 {
			top = to
		}
	}
	thorough := *j
	thorough.q.Explain = true
	for _, to := range j.young {
		if top != nil && j.bySpelling(to, top) <= 0 {
			continue
		}
		kind, _ := j.newer(to)
		if rejection := j.rejection(to, kind, thorough.policy(to, kind)); rejection.Alone {
			newest, top = &rejection, to
		}
	}
	return newest
}

// mostYoung is how many of the young are told.
const mostYoung = 20

// aging are the newest of the young.
func (j *judge) aging(targets []Target) []string {
	tops, young := j.tops(targets), []*entry(nil)
	for _, to := range j.young {
		kind, _ := j.newer(to)
		if top := tops[j.group(kind)]; top == nil || j.bySpelling(to, top) > 0 {
			young = append(young, to)
		}
	}
	slices.SortFunc(young, func(a, b *entry) int { return j.bySpelling(b, a) })
	var tags []string
	for _, to := range slices.Compact(young) {
		tags = append(tags, to.tag)
	}
	return tags[:min(len(tags), mostYoung)]
}

// tops are what is chosen, by group.
func (j *judge) tops(targets []Target) map[int]*entry {
	tops := map[int]*entry{}
	for _, target := range targets {
		tops[j.group(target.Kind)] = j.view.read(target.Tag)
	}
	return tops
}

// passed is what is said of the newest of those that people do not want.
func (j *judge) passed(targets []Target) []Rejection {
	type sort struct {
		reason Reason
		group  int
	}
	tops := j.tops(targets)
	newest, said := map[sort]*entry{}, map[sort]Rejection{}
	thorough := *j
	thorough.q.Explain = true
	for _, to := range j.unwanted {
		kind, reason := j.newer(to)
		group := j.group(kind)
		if reason != "" {
			continue // it would be a step back
		}
		if top := tops[group]; top != nil && j.bySpelling(to, top) <= 0 {
			continue
		}
		first := against[bits.TrailingZeros32(uint32(j.policy(to, kind)))].reason
		if top := newest[sort{first, group}]; top != nil && j.bySpelling(to, top) <= 0 {
			continue
		}
		if rejection := j.rejection(to, kind, thorough.policy(to, kind)); rejection.Alone {
			newest[sort{first, group}], said[sort{first, group}] = to, rejection
		}
	}
	passed := slices.Collect(maps.Values(said))
	slices.SortFunc(passed, func(a, b Rejection) int { return cmp.Or(cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Tag, b.Tag)) })
	return passed
}

// group is 1 for major steps that are a target of their own.
func (j *judge) group(kind Kind) int {
	if kind == Major && j.q.Policy.SeparateMajor {
		return 1
	}
	return 0
}

// bySpelling is compare, with one spelling of each version above the others.
func (j *judge) bySpelling(a, b *entry) int {
	return cmp.Or(
		j.compare(a, b),
		j.compareIfVersions(a, b),
		cmp.Compare(j.likeness(a), j.likeness(b)),
		cmp.Compare(len(a.tag), len(b.tag)),
		strings.Compare(b.tag, a.tag),
	)
}

// likeness is how much a tag is spelt as the current one: what stands around a
// group of a pattern, and whether numbers have zeros before them.
func (j *judge) likeness(e *entry) int {
	like := 0
	if sameSpelling(e.text(), j.from.text()) {
		like++
	}
	if e.text() == e.tag {
		return like
	}
	before, after, _ := strings.Cut(e.tag, e.text())
	wantBefore, wantAfter, _ := strings.Cut(j.from.tag, j.from.text())
	if before == wantBefore {
		like++
	}
	if after == wantAfter {
		like++
	}
	return like
}

// sameSpelling tells whether two texts differ in numbers alone, and numbers in
// one have zeros before them only where those of the other have.
func sameSpelling(a, b string) bool {
	for a != "" && b != "" {
		m, n := digits(a), digits(b)
		switch {
		case (m == 0) != (n == 0):
			return false
		case m == 0:
			if a[0] != b[0] {
				return false
			}
			m, n = 1, 1
		case padded(a[:m]) && !padded(b[:n]) && n <= 1, padded(b[:n]) && !padded(a[:m]) && m <= 1:
			return false
		}
		a, b = a[m:], b[n:]
	}
	return a == b
}

func padded(digits string) bool { return len(digits) > 1 && digits[0] == '0' }

// verdicts are what is said of all tags but the targets, and the order of all.
func (j *judge) verdicts(targets []Target) (order []string, rejected []Rejection) {
	tops := make([]*entry, len(targets))
	for i, target := range targets {
		tops[i] = j.view.read(target.Tag)
	}
	for _, to := range j.sorted() {
		order = append(order, to.tag)
		if !slices.ContainsFunc(targets, func(t Target) bool { return t.Tag == to.tag }) {
			rejected = append(rejected, j.verdict(to, targets, tops))
		}
	}
	return order, rejected
}

// verdict is what is against a tag.
func (j *judge) verdict(to *entry, targets []Target, tops []*entry) Rejection {
	step := j.newer
	if len(targets) > 0 && targets[0].Kind == Rollback {
		step = j.older
	}
	kind, reason := step(to)
	if reason == TimeUnknown {
		// Nobody asked for the time of what would be refused anyhow.
		if found := j.early(to, Tag); found != 0 {
			return j.rejection(to, Tag, found)
		}
	}
	if reason != "" {
		// What goes forward was refused before anything went back.
		kind, reason = j.newer(to)
	}
	if reason != "" {
		return Rejection{Tag: to.tag, Reason: reason}
	}
	if found := j.policy(to, kind); found != 0 {
		return j.rejection(to, kind, found)
	}
	for i, target := range targets {
		if j.group(target.Kind) == j.group(kind) && j.compare(to, tops[i]) == 0 {
			return Rejection{Tag: to.tag, Reason: SpeltOtherwise, Kind: kind}
		}
	}
	return Rejection{Tag: to.tag, Reason: OlderThanTarget, Kind: kind}
}

// sorted are the tags from the newest on, then those that have no order.
func (j *judge) sorted() []*entry {
	var ordered, others []*entry
	for i := range j.view.tags {
		if to := &j.view.tags[i]; j.unreadable(to) == "" {
			ordered = append(ordered, to)
		} else {
			others = append(others, to)
		}
	}
	slices.SortFunc(ordered, func(a, b *entry) int { return j.bySpelling(b, a) })
	slices.SortFunc(others, func(a, b *entry) int { return strings.Compare(a.tag, b.tag) })
	return slices.CompactFunc(append(ordered, others...), func(a, b *entry) bool { return a.tag == b.tag })
}

func sortedSet(tags []string) []string {
	slices.Sort(tags)
	return slices.Compact(tags)
}
