package version

import (
	"cmp"
	"slices"
	"strings"
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

// shape is all of a tag that an update keeps. Hashes of commits that stand
// behind a number are no part of it.
type shape struct {
	prefix   string // "v", "release-", "java17-"
	counters string // how build counters are introduced: "-", "-k3s", " -r" at the end
	flavor   string // "-alpine3.19", "-debian-12", ".RELEASE"
	layout   layout
	parts    uint8
}

// layout is how the parts are joined.
type layout uint8

const (
	dashed layout = iota // 2024-05-10, 2024-05-10T01-41-38Z
	dotted               // 1.2.3
)

// Parse reads a tag as [prefix]MAJOR[.MINOR[.PATCH[…]]][-suffix]. It says false
// for what is no version: words, commit hashes and what contains one where the
// version should stand, lone numbers of seven digits and more that are no date.
func Parse(tag string) (Version, bool) {
	var v Version
	ok := parse(&v, tag, new(pool))
	return v, ok
}

// pool is where versions that are read together keep their numbers.
type pool struct{ free []number }

const poolChunk = 1024

// keep copies numbers. One version alone takes no more room than it needs.
func (p *pool) keep(numbers []number) []number {
	if cap(p.free)-len(p.free) < len(numbers) {
		size := len(numbers)
		if p.free != nil {
			size = max(size, poolChunk)
		}
		p.free = make([]number, 0, size)
	}
	start := len(p.free)
	p.free = append(p.free, numbers...)
	return p.free[start:len(p.free):len(p.free)]
}

// mostParts is more than a tag of 128 characters has.
const mostParts = 100

// parse is Parse into v, which stays empty where it says false.
func parse(v *Version, tag string, kept *pool) bool {
	var room [8]number // so that, as a rule, only what is kept is allocated
	start := prefixLength(tag)
	if start < 0 {
		return false
	}
	at, parts := readParts(tag, start, room[:0])
	if len(parts) > mostParts || len(parts) == 1 && !standsAlone(parts[0], wordAround(tag, start)) {
		return false
	}
	pre, all, rest := cutPreRelease(tag[at.end:], parts)
	withPre := len(all)
	introducers, all, flavor := cutCounters(rest, all)
	if at := hashAtEnd(flavor); at >= 0 {
		// It changes with every build and says nothing: 1.2.3-abc1234.
		introducers, flavor = introducers+" #", flavor[:at]
	}

	numbers := kept.keep(all)
	v.tag = tag
	v.shape = shape{prefix: tag[:at.start], counters: introducers, flavor: flavor, layout: at.layout, parts: uint8(len(parts))} //nolint:gosec // no more than mostParts
	v.parts, v.counters = numbers[:len(parts):len(parts)], numbers[withPre:]
	if pre.end > 0 {
		v.pre = &preRelease{rank: pre.rank, word: pre.word, numbers: numbers[len(parts):withPre:withPre]}
		v.shape.counters = pre.mark + introducers
	}
	return true
}

// prefixLength is where the first digit stands, if nothing but a word stands
// before it; else -1.
func prefixLength(tag string) int {
	for i := range len(tag) {
		switch c := tag[i]; {
		case isDigit(c):
			return i
		case !isLetter(c) && (i == 0 || !isSeparator(c)):
			return -1
		}
	}
	return -1
}

// span is where in a tag the parts of a version stand.
type span struct {
	start, end int
	layout     layout
}

// readParts reads the parts, which are behind the prefix or, as in java17-2.0.1,
// behind a word with a number in it. It appends them to room, which never is
// part of a struct on the way: there the compiler would not keep it on the stack.
func readParts(tag string, start int, room []number) (at span, parts []number) {
	if parts, end := readDate(tag[start:], room); end > 0 {
		return span{start, start + end, dashed}, parts
	}
	if word := wordLength(tag, start); word > 0 {
		if parts, end := readDotted(tag[word:], room); len(parts) > 1 {
			return span{word, word + end, dotted}, parts
		}
	}
	parts, end := readDotted(tag[start:], room)
	return span{start, start + end, dotted}, parts
}

// readDotted reads the numbers of 1.2.3 and tells where they end.
func readDotted(s string, room []number) (parts []number, end int) {
	end = digits(s)
	parts = append(room, newNumber(s[:end]))
	for end < len(s) && s[end] == '.' {
		n := digits(s[end+1:])
		if n == 0 {
			break
		}
		parts = append(parts, newNumber(s[end+1:end+1+n]))
		end += 1 + n
	}
	return parts, end
}

// readDate reads the numbers of 2024-05, 2024-05-10 and 2024-05-10T01-41-38Z,
// as many as a separator or the end follows.
func readDate(s string, room []number) (parts []number, end int) {
	const month, day, second = len("2006-01"), len("2006-01-02"), len("2006-01-02T15-04-05Z")
	if !fits(s, "dddd-dd") || s[:2] != "20" || s[5:7] < "01" || s[5:7] > "12" {
		return nil, 0
	}
	end = month
	if fits(s[month:], "-dd") && s[month+1] <= '3' {
		end = day
		if fits(s[day:], "Tdd-dd-ddZ") && separated(s, second) {
			end = second
		}
	}
	switch {
	case separated(s, end):
	case end == day && separated(s, month):
		end = month
	default:
		return nil, 0
	}
	parts = append(room, newNumber(s[:4]))
	for i := 5; i < end; i += 3 {
		parts = append(parts, newNumber(s[i:i+2]))
	}
	return parts, end
}

// wordLength is the length of java17- and jdk8u-v, if all before start is
// letters and a digit follows; else 0.
func wordLength(tag string, start int) int {
	if start == 0 || letters(tag) != start {
		return 0
	}
	i := start + digits(tag[start:])
	i += letters(tag[i:])
	if i == len(tag) || tag[i] != '-' && tag[i] != '_' {
		return 0
	}
	i++
	if i < len(tag) && tag[i] == 'v' {
		i++
	}
	if i == len(tag) || !isDigit(tag[i]) {
		return 0
	}
	return i
}

// standsAlone tells whether one number in a word can be a version. A number so
// long that it may be a time, a build or a hash is none unless it is a date.
func standsAlone(n number, word string) bool {
	if n.long() && !isDate(string(n)) {
		return false
	}
	return word == string(n) || !isHashWord(word)
}

// wordAround is the word that the byte at is in.
func wordAround(tag string, at int) string {
	start := lastSeparator(tag[:at]) + 1
	return tag[start : start+wordEnd(tag[start:])]
}

// isHashWord tells whether a word may be a commit hash, as git abbreviates it
// and as git describe marks it.
func isHashWord(word string) bool {
	return isHex(strings.TrimPrefix(word, "g"), 7, 40) && !isDate(word)
}

// hashAtEnd is where in a flavour the commit hash begins that ends it, with its
// separator; -1 where none does. One of digits alone may as well be a number.
func hashAtEnd(flavor string) int {
	at := lastSeparator(flavor)
	if at < 0 {
		return -1
	}
	if !isCertainHash(flavor[at+1:]) {
		return -1
	}
	return at
}

// NamesCommit tells whether a tag is no version and holds the hash of a commit, as
// sha-1a2b3c4 and main-1a2b3c4-1716 do: what it stands for is built once.
func NamesCommit(tag string) bool {
	if _, isVersion := Parse(tag); isVersion {
		return false
	}
	words := strings.FieldsFunc(tag, func(r rune) bool { return strings.ContainsRune("-._", r) })
	return slices.ContainsFunc(words, isCertainHash)
}

// isCertainHash tells whether a word is a commit hash and no number.
func isCertainHash(word string) bool {
	return isHashWord(word) && strings.ContainsAny(word, "abcdef") && strings.ContainsAny(word, "0123456789")
}

func isDate(s string) bool {
	const years, months = len("2006"), len("200601")
	if len(s) != len("20060102") || !fits(s, "dddddddd") || s < "2000" || s >= "2101" {
		return false
	}
	month, day := s[years:months], s[months:]
	return "01" <= month && month <= "12" && "01" <= day && day <= lastDay(s[:years], month)
}

// lastDay is the last day of a month of this century.
func lastDay(year, month string) string {
	switch month {
	case "04", "06", "09", "11":
		return "30"
	case "02":
		if leap := (year[3]-'0'+2*(year[2]-'0'))%4 == 0; !leap || year == "2100" {
			return "28"
		}
		return "29"
	}
	return "31"
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
	year := v.parts[0]
	return len(year) == 4 && "2000" <= year && year <= "2100"
}

// number is a decimal number of any size, without leading zeros.
type number string

func newNumber(digits string) number {
	for len(digits) > 1 && digits[0] == '0' {
		digits = digits[1:]
	}
	return number(digits)
}

func (n number) compare(o number) int {
	return cmp.Or(cmp.Compare(len(n), len(o)), cmp.Compare(n, o))
}

// long tells whether the number is rather a date, a time or a hash.
func (n number) long() bool { return len(n) >= 7 }
