package version

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Version is a tag read as a version. Two versions are of one shape when only
// their numbers and pre-releases differ: 1.25-alpine and 1.26-alpine are, 1.25
// and 1.25.1 are not. The zero value is no version; Parse makes versions.
type Version struct {
	tag      string
	shape    shape
	parts    []number
	pre      *preRelease
	counters []number
}

// shape is all of a tag that an update keeps.
type shape struct {
	prefix   string // "v", "release-", "java17-"
	layout   layout
	parts    int
	counters string // how build counters are introduced: "-r", "_"
	flavor   string // "-alpine3.19", "-debian-12", ".RELEASE"
}

// layout is how the parts are joined.
type layout string

const (
	dotted layout = "dotted" // 1.2.3
	dashed layout = "dashed" // 2024-05-10, 2024-05-10T01-41-38Z
)

var (
	// 2024-05, RELEASE.2024-05-10T01-41-38Z.
	datePattern = regexp.MustCompile(`^((?:[A-Za-z][A-Za-z._-]*)?)(20\d\d)-(0[1-9]|1[0-2])(?:-([0-3]\d)(?:T(\d\d)-(\d\d)-(\d\d)Z)?)?((?:[-_.].*)?)$`)
	// java17-2.0.1: a number inside a word is not the version when a dotted one follows.
	wordPattern = regexp.MustCompile(`^([A-Za-z]+\d+[A-Za-z]*[-_]v?)(\d+(?:\.\d+)+)(.*)$`)
	// v1.2.3-alpine, jdk-17.0.1_9, 41.
	plainPattern = regexp.MustCompile(`^((?:[A-Za-z][A-Za-z._-]*)?)(\d+(?:\.\d+)*)(.*)$`)

	hashPattern = regexp.MustCompile(`^g?[0-9a-f]{7,40}$`)

	// Directly behind the numbers a bare number counts builds. One of seven or
	// nine digits may as well be a hash.
	firstCounter = regexp.MustCompile(`^([-_])(\d{1,6}|20\d{6}|1\d{9}|20\d{10}|20\d{12})((?:[-_].*)?)$`)
	// At the end only a marked one does: the 12 of -debian-12 is a flavour.
	lastCounter = regexp.MustCompile(`^(.*)([-_.](?:r|ls|build[.-]?))(\d+)$`)
)

// Parse reads a tag as [prefix]MAJOR[.MINOR[.PATCH[…]]][-suffix]. It says false
// for what is no version: words, commit hashes and what contains one where the
// version should stand, lone numbers of seven digits and more that are no date.
func Parse(tag string) (Version, bool) {
	prefix, parts, rest, lay, ok := split(tag)
	if !ok || len(parts) == 1 && (isHash(tag, len(prefix)) || isStamp(parts[0])) {
		return Version{}, false
	}
	v := Version{tag: tag, parts: parts}
	v.pre, rest = cutPreRelease(rest)
	introducers, counters, flavor := cutCounters(rest)
	v.counters = counters
	v.shape = shape{prefix: prefix, layout: lay, parts: len(parts), counters: introducers, flavor: flavor}
	return v, true
}

func split(tag string) (prefix string, parts []number, rest string, lay layout, ok bool) {
	if m := datePattern.FindStringSubmatch(tag); m != nil {
		digits := slices.DeleteFunc(m[2:8], func(s string) bool { return s == "" })
		return m[1], numbers(digits), m[8], dashed, true
	}
	for _, pattern := range []*regexp.Regexp{wordPattern, plainPattern} {
		if m := pattern.FindStringSubmatch(tag); m != nil {
			return m[1], numbers(strings.Split(m[2], ".")), m[3], dotted, true
		}
	}
	return "", nil, "", "", false
}

// isHash tells whether the word around the byte at is a commit hash.
func isHash(tag string, at int) bool {
	start := strings.LastIndexAny(tag[:at], "-_.") + 1
	word := tag[start:]
	if end := strings.IndexAny(word, "-_."); end >= 0 {
		word = word[:end]
	}
	return hashPattern.MatchString(word) && !isDate(word)
}

// isStamp tells whether a lone number may be anything: a time, a build, an
// all-digit hash.
func isStamp(n number) bool { return n.long() && !isDate(string(n)) }

func isDate(digits string) bool {
	if len(digits) != len("20060102") || digits < "2000" || digits >= "2101" {
		return false
	}
	_, err := time.Parse("20060102", digits)
	return err == nil
}

// cutCounters takes the build counters out of what follows the version.
func cutCounters(rest string) (introducers string, counters []number, flavor string) {
	if m := firstCounter.FindStringSubmatch(rest); m != nil {
		introducers, counters, rest = m[1], numbers(m[2:3]), m[3]
	}
	if m := lastCounter.FindStringSubmatch(rest); m != nil {
		introducers, counters, rest = introducers+" "+m[2], append(counters, numbers(m[3:4])...), m[1]
	}
	return introducers, counters, rest
}

// String is the tag as it was written.
func (v Version) String() string { return v.tag }

// PreRelease tells whether the version is one that comes before a release.
func (v Version) PreRelease() bool { return v.pre != nil }

// Compare is negative when v is older than w, positive when it is newer and
// zero when both are one version, however it is spelt. It is a total order of
// all versions: numbers first, a pre-release before its release, then build
// counters. Versions that differ in shape alone are ordered too, so that sorting
// is stable, but that order means nothing.
func (v Version) Compare(w Version) int {
	return cmp.Or(
		slices.CompareFunc(v.parts, w.parts, number.compare),
		v.pre.compare(w.pre),
		slices.CompareFunc(v.counters, w.counters, number.compare),
		v.shape.compare(w.shape),
	)
}

func (s shape) compare(o shape) int {
	return cmp.Or(
		cmp.Compare(s.prefix, o.prefix),
		cmp.Compare(s.layout, o.layout),
		cmp.Compare(s.counters, o.counters),
		cmp.Compare(s.flavor, o.flavor),
	)
}

// line is the major, minor and patch that pre-releases lead to.
func (v Version) line() []number { return v.parts[:min(3, len(v.parts))] }

// calendar tells whether the first part is a year.
func (v Version) calendar() bool {
	year, err := strconv.Atoi(string(v.parts[0]))
	return err == nil && 2000 <= year && year <= 2100
}

// number is a decimal number of any size, without leading zeros.
type number string

func numbers(digits []string) []number {
	made := make([]number, len(digits))
	for i, d := range digits {
		made[i] = number(cmp.Or(strings.TrimLeft(d, "0"), "0"))
	}
	return made
}

func (n number) compare(o number) int {
	return cmp.Or(cmp.Compare(len(n), len(o)), cmp.Compare(n, o))
}

// long tells whether the number is rather a date, a time or a hash.
func (n number) long() bool { return len(n) >= 7 }
