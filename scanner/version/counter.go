package version

import "strings"

// place is where, and how, a word counts builds.
type place uint8

const (
	glued   place = 1 << iota // directly behind the numbers, without a separator: 8u412
	ahead                     // directly behind the numbers: 1.2.3-k3s1-amd64
	atEnd                     // at the end, behind the flavour: 1.2.3-debian-12-r24
	joined                    // its number follows at once: -r24
	apart                     // its number follows a separator: -gke.100
	anySize                   // its number may be of any size
)

// markers are the words that count builds: what an image's maker does to one
// version of what is in it. Without such a word the last number is part of a
// flavour: the 12 of -debian-12.
//
//nolint:gochecknoglobals // a table, never written
var markers = map[string]place{
	"r":        ahead | atEnd | joined | anySize,         // Alpine, Bitnami
	"ls":       ahead | atEnd | joined | anySize,         // linuxserver.io
	"build":    ahead | atEnd | joined | apart | anySize, // Rancher: -build20240110
	"rev":      ahead | atEnd | joined | apart,
	"patch":    ahead | atEnd | joined | apart,
	"hotfix":   ahead | atEnd | joined | apart,
	"post":     glued | ahead | atEnd | joined | apart, // Python
	"p":        glued | ahead | joined,                 // OpenSSH: 9.6p1
	"u":        glued | ahead | joined,                 // Java: 8u412
	"sp":       ahead | joined,                         // service packs
	"cu":       ahead | joined,                         // SQL Server: 2022-CU12-ubuntu-22.04
	"k3s":      ahead | atEnd | joined,
	"rke2r":    ahead | atEnd | joined,
	"rancher":  ahead | atEnd | joined,
	"hardened": ahead | atEnd | joined,          // Rancher
	"gke":      ahead | atEnd | apart | anySize, // GKE
	"eksbuild": ahead | atEnd | apart,           // EKS
	"vmware":   ahead | atEnd | apart,           // Tanzu
	"ce":       ahead | atEnd | apart,           // GitLab: 16.8.1-ce.0
	"ee":       ahead | atEnd | apart,
}

// longestMarker is the length of "hardened".
const longestMarker = 8

// cutCounters takes the build counters out of what follows the version. It
// appends them to numbers.
func cutCounters(rest string, numbers []number) (introducers string, all []number, flavor string) {
	introducers, numbers, rest = cutBareCounter(rest, numbers)
	for {
		c, found := counterAhead(rest, introducers)
		if !found {
			break
		}
		introducers += rest[:c.start]
		numbers = append(numbers, newNumber(rest[c.start:c.end]))
		rest = rest[c.end:]
	}
	if at, c, found := counterAtEnd(rest); found {
		introducers += " " + rest[at:c.start]
		numbers = append(numbers, newNumber(rest[c.start:c.end]))
		rest = rest[:at]
	}
	return introducers, numbers, rest
}

// cutBareCounter takes away a number that stands directly behind the version,
// with what tells more of that build: -4, -923.1669829893, -12-gabcdef0.
func cutBareCounter(rest string, numbers []number) (introducer string, all []number, left string) {
	if rest == "" || rest[0] != '-' && rest[0] != '_' {
		return "", numbers, rest
	}
	end := 1 + digits(rest[1:])
	if !countsBuilds(rest[1:end]) {
		return "", numbers, rest
	}
	with := append(numbers, newNumber(rest[1:end]))
	if stop := end + len(".1669829893"); fits(rest[end:], ".1ddddddddd") && counterEnds(rest, stop) {
		return rest[:1] + ".", append(with, newNumber(rest[end+1:stop])), rest[stop:]
	}
	if !counterEnds(rest, end) {
		return "", numbers, rest
	}
	left, mark := cutDescribed(rest[end:])
	return rest[:1] + mark, with, left
}

// countsBuilds tells whether digits by themselves are a counter or a time. Those
// of seven or nine may as well be a hash.
func countsBuilds(digits string) bool {
	switch n := len(digits); n {
	case 8, 12, 14:
		return digits[:2] == "20"
	case 10:
		return digits[0] == '1'
	default:
		return 1 <= n && n <= 6
	}
}

// counterEnds tells whether a counter may end before s[at]. A number with a dot
// is a flavour's version.
func counterEnds(s string, at int) bool { return at == len(s) || s[at] == '-' || s[at] == '_' }

// counter is a word and where the digits behind it stand.
type counter struct {
	word       string
	how        place // joined or apart
	start, end int
}

// counterAhead reads a counter at the beginning of s, which is behind others
// with these introducers.
func counterAhead(s, introducers string) (c counter, found bool) {
	from, where := 1, ahead
	switch {
	case s == "":
		return counter{}, false
	case !isSeparator(s[0]):
		from, where = 0, glued
	}
	c = readCounter(s, from)
	javaBuild := introducers == "u" && c.word == "b" && c.start < c.end // 8u412-b08
	return c, counterEnds(s, c.end) && (javaBuild || c.counts(s, where))
}

// counterAtEnd reads a counter that ends s, and tells where its separator is.
func counterAtEnd(s string) (at int, c counter, found bool) {
	if s == "" || !isDigit(s[len(s)-1]) {
		return 0, counter{}, false
	}
	at = lastSeparator(s)
	if at >= 0 && at+1+digits(s[at+1:]) == len(s) { // gke.100
		at = lastSeparator(s[:at])
	}
	if at < 0 {
		return 0, counter{}, false
	}
	c = readCounter(s, at+1)
	return at, c, c.end == len(s) && c.counts(s, atEnd)
}

// readCounter reads the word at s[at:] and its number, as in r24, k3s1, gke.100
// and build-3.
func readCounter(s string, at int) counter {
	end := at + wordEnd(s[at:])
	start := end
	for start > at && isDigit(s[start-1]) {
		start--
	}
	if start == end && end < len(s) && s[end] != '_' {
		first := end + 1
		return counter{word: s[at:end], how: apart, start: first, end: first + digits(s[first:])}
	}
	return counter{word: s[at:start], how: joined, start: start, end: end}
}

// counts tells whether a word, in this place and with this number, counts builds.
func (c counter) counts(s string, where place) bool {
	if c.start == c.end || len(c.word) > longestMarker {
		return false
	}
	as := markers[strings.ToLower(c.word)]
	return as&where != 0 && as&c.how != 0 && (as&anySize != 0 || countsBuilds(s[c.start:c.end]))
}
