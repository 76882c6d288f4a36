package version

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Platform is a platform that an image is for. Variant may be "".
type Platform struct{ OS, Architecture, Variant string }

// String is "linux/arm64/v8".
func (p Platform) String() string {
	return strings.TrimSuffix(p.OS+"/"+p.Architecture+"/"+p.Variant, "/")
}

// serves tells whether an image for p runs where one for wanted is asked for: of
// the levels of one architecture a machine runs its own and those below.
func (p Platform) serves(wanted Platform) bool {
	if p.OS != wanted.OS || p.Architecture != wanted.Architecture {
		return false
	}
	has, leveled := p.level()
	least, alsoLeveled := wanted.level()
	if leveled && alsoLeveled {
		return has <= least
	}
	return wanted.Variant == "" || p.Variant == wanted.Variant
}

// level is the number in "v8". Where nothing is written it is what container
// runtimes take it for.
func (p Platform) level() (int, bool) {
	usual := map[string]string{"amd64": "v1", "arm64": "v8", "arm": "v7"}
	text, marked := strings.CutPrefix(cmp.Or(p.Variant, usual[p.Architecture]), "v")
	level, err := strconv.Atoi(text)
	return level, marked && err == nil
}

// Lacking are the wanted platforms that none of those that are there serves.
func Lacking(there, wanted []Platform) []Platform {
	var lacking []Platform
	for _, want := range wanted {
		if !slices.ContainsFunc(there, func(p Platform) bool { return p.serves(want) }) {
			lacking = append(lacking, want)
		}
	}
	return lacking
}

// Facts are what is known of a tag. The zero value is nothing.
type Facts struct {
	// Pushed is when the registry was given what the tag now stands for, and
	// Created when that says it was built. FirstSeen is when we first met it, or
	// a time before which the registry says that it had been pushed.
	Pushed, Created, FirstSeen time.Time
	// Timed is whether the registry was asked for these times.
	Timed bool
	// Checked is whether its manifest was asked for. What that showed stands
	// in the fields below.
	Checked bool
	// Unpullable is why it cannot be pulled; "" where it can.
	Unpullable string
	// Platforms are those that it is for; nil where that is not known.
	Platforms []Platform
}

// since tells since when something was there, by the registry's word or else by
// ours. The publisher's own word, Created, does not count.
func (f Facts) since() time.Time {
	if !f.Pushed.IsZero() {
		return f.Pushed
	}
	return f.FirstSeen
}

// Ripe tells whether what a step of a kind leads to is old enough, else why
// not, with the time from which it is.
func (p *Policy) Ripe(kind Kind, facts Facts, now time.Time) (reason Reason, detail string) {
	least := p.minAge(kind)
	since := facts.since()
	switch {
	case least <= 0:
		return "", ""
	case since.IsZero():
		return AgeUnknown, ""
	case now.Sub(since) < least:
		return TooYoung, ripeDetail(facts, least)
	}
	return "", ""
}

// ripeAt is when what a step of a kind leads to is old enough.
func (p *Policy) ripeAt(kind Kind, facts Facts) time.Time { return facts.since().Add(p.minAge(kind)) }

func ripeDetail(facts Facts, least time.Duration) string {
	what := "pushed "
	if facts.Pushed.IsZero() {
		what = "first seen "
	}
	return what + moment(facts.since()) + ", old enough " + moment(facts.since().Add(least))
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// Withheld is why the caller holds a tag back: a proposal of it was closed, or
// it was rolled back.
type Withheld struct {
	Reason Reason
	Detail string
}
