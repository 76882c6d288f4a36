package version

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
)

// obstacles is a set of reasons of the policy.
type obstacles uint32

// against are the reasons of a policy, in the order in which they are told,
// with what tells whether they stand against a step.
//
//nolint:gochecknoglobals // a table, never written
var against = []struct {
	reason Reason
	stands func(j *judge, to *entry, kind Kind) bool
	detail func(j *judge, to *entry, kind Kind) string
	// late is set where facts must be asked for.
	late bool
	// filter is set for what chooses among tags: it has nothing to say on new
	// content of the tag that is there, or of one that is followed by name.
	filter bool
}{
	{reason: IsIgnored, stands: func(j *judge, to *entry, _ Kind) bool { return j.ignoring(to) != nil }, detail: func(j *judge, to *entry, _ Kind) string { return j.ignoring(to).Text }},
	{reason: Closed, stands: withheldFor(Closed), detail: withheldDetail},
	{reason: RolledBack, stands: withheldFor(RolledBack), detail: withheldDetail},
	{reason: TooYoung, stands: unripe(TooYoung), detail: ripeness, late: true},
	{reason: AgeUnknown, stands: unripe(AgeUnknown), late: true},
	{reason: NotAllowed, stands: func(j *judge, to *entry, _ Kind) bool { return !j.view.allows(to) }, filter: true},
	{reason: TagIgnored, stands: func(j *judge, to *entry, _ Kind) bool { return j.view.ignores(to) }, filter: true},
	{reason: IsPreRelease, stands: (*judge).unwantedPreRelease, filter: true},
	{reason: FlavorVersion, stands: (*judge).unwantedFlavor, filter: true},
	{reason: OlderFlavor, stands: (*judge).olderFlavor, filter: true},
	{reason: KindUnwanted, stands: func(j *judge, _ *entry, kind Kind) bool { return !j.q.Policy.wants(kind) }, detail: func(_ *judge, _ *entry, kind Kind) string { return string(kind) }},
	{reason: OutOfRange, stands: (*judge).outOfRange, filter: true},
	{reason: NotPullable, stands: func(j *judge, to *entry, _ Kind) bool { return j.q.Facts[to.tag].Unpullable != "" }, detail: func(j *judge, to *entry, _ Kind) string { return j.q.Facts[to.tag].Unpullable }, late: true},
	{reason: LacksPlatform, stands: func(j *judge, to *entry, _ Kind) bool { return len(j.lacking(to)) > 0 }, detail: func(j *judge, to *entry, _ Kind) string { return platformList(j.lacking(to)) }, late: true},
}

// policy is what the policy has against a step: all of it if the question wants
// to be explained, else the first.
func (j *judge) policy(to *entry, kind Kind) obstacles { return j.examine(to, kind, true) }

// early is policy for the reasons that need no facts.
func (j *judge) early(to *entry, kind Kind) obstacles { return j.examine(to, kind, false) }

func (j *judge) examine(to *entry, kind Kind, late bool) obstacles {
	var found obstacles
	named := to.tag == j.from.tag || j.q.Policy.Strategy == StrategyDigest
	for i := range against {
		passes := against[i].late && !late || against[i].filter && named
		if !passes && against[i].stands(j, to, kind) {
			found |= 1 << i
			if !j.q.Explain {
				break
			}
		}
	}
	return found
}

// unfit tells whether the current tag itself does not fit the policy any more.
func (j *judge) unfit(e *entry) bool {
	return j.gone || j.ignoring(e) != nil || !j.view.allows(e) || j.view.ignores(e) || j.outOfRange(e, Rollback)
}

// rejection tells the first of the obstacles.
func (j *judge) rejection(to *entry, kind Kind, found obstacles) Rejection {
	first := &against[bits.TrailingZeros32(uint32(found))]
	rejected := Rejection{Tag: to.tag, Reason: first.reason, Kind: kind, Alone: bits.OnesCount32(uint32(found)) == 1}
	if first.reason == TooYoung {
		rejected.Ripe = j.q.Policy.ripeAt(kind, j.q.Facts[to.tag])
	}
	if first.detail != nil {
		rejected.Detail = first.detail(j, to, kind)
	}
	return rejected
}

// ignoring is the entry of ignore that a tag fits.
func (j *judge) ignoring(to *entry) *Ignored {
	for i := range j.q.Policy.Ignored {
		entry := &j.q.Policy.Ignored[i]
		all := entry.Versions == nil && len(entry.Tags) == 0
		inRange := entry.Versions != nil && to.isVersion && within(entry.Versions, &to.version)
		if all || inRange || fitsAny(entry.Tags, to.tag) {
			return entry
		}
	}
	return nil
}

func withheldFor(reason Reason) func(*judge, *entry, Kind) bool {
	return func(j *judge, to *entry, _ Kind) bool { return j.q.Withheld[to.tag].Reason == reason }
}

func withheldDetail(j *judge, to *entry, _ Kind) string { return j.q.Withheld[to.tag].Detail }

func unripe(reason Reason) func(*judge, *entry, Kind) bool {
	return func(j *judge, to *entry, kind Kind) bool {
		found, _ := j.q.Policy.Ripe(kind, j.q.Facts[to.tag], j.q.Now)
		return found == reason
	}
}

func ripeness(j *judge, to *entry, kind Kind) string {
	_, detail := j.q.Policy.Ripe(kind, j.q.Facts[to.tag], j.q.Now)
	return detail
}

func (j *judge) unwantedPreRelease(to *entry, _ Kind) bool {
	p := j.q.Policy
	if p.Strategy != StrategySemver || !to.version.PreRelease() || p.Prerelease || leadsTo(&j.from.version, &to.version) {
		return false
	}
	return p.Constraint == nil || !p.Constraint.Check(comparableVersion(&to.version, true))
}

func (j *judge) unwantedFlavor(to *entry, _ Kind) bool {
	p := j.q.Policy
	return p.Strategy == StrategySemver && to.version.shape.flavor != j.from.version.shape.flavor &&
		(p.Flavor != FlavorMove || !p.wants(Flavor))
}

func (j *judge) olderFlavor(to *entry, kind Kind) bool {
	p := j.q.Policy
	return p.Strategy == StrategySemver && p.Flavor == FlavorMove && kind != Rollback &&
		to.version.shape.flavor != j.from.version.shape.flavor && compareFlavors(&j.from.version, &to.version) > 0
}

func (j *judge) outOfRange(to *entry, _ Kind) bool {
	p := j.q.Policy
	return p.Strategy == StrategySemver && p.Constraint != nil && !within(p.Constraint, &to.version)
}

// lacking are the platforms that must be there and are not. Where a tag's
// platforms are not known nothing is said against it.
func (j *judge) lacking(to *entry) []Platform {
	wanted := j.q.Policy.Platforms
	if len(wanted) == 0 {
		wanted = j.q.Platforms
	}
	facts := j.q.Facts[to.tag]
	if !facts.Checked || facts.Platforms == nil {
		return nil
	}
	return Lacking(facts.Platforms, wanted)
}

func platformList(platforms []Platform) string {
	names := make([]string, len(platforms))
	for i, p := range platforms {
		names[i] = p.String()
	}
	slices.Sort(names)
	const most = 5
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
