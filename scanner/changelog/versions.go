package changelog

import (
	"slices"
	"strings"
)

// Span is a step from one tag of an image to another.
type Span struct {
	// From and To are tags of the image.
	From, To string
	// FromVersion and ToVersion are what the images say of themselves, as in
	// org.opencontainers.image.version; "" where they say nothing. They count where
	// they say more than a tag that moves: 1.2.7 of the tag 1.2.
	FromVersion, ToVersion string
	// Names are what a monorepo may call the image in its tags, the best first;
	// NamesOf makes them.
	Names []string
	// Template is Origin.Tag.
	Template string
}

// NamesOf gives what the tags of a repository may call an image.
func NamesOf(imagePath string, origin *Origin) []string {
	var names []string
	for _, path := range []string{imagePath, origin.Directory, origin.Repository.Path} {
		if name := strings.ToLower(path[strings.LastIndexByte(path, '/')+1:]); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// Version is one version of a span.
type Version struct {
	// Text is the version alone: "1.2.3" or "1.2.3-rc.1".
	Text string
	// Tag is Git's.
	Tag string
}

// TagReason is why a tag of Git is none of a span's versions, as a phrase.
type TagReason string

// Why tags between the two versions of a span are left out.
const (
	OtherComponent TagReason = "another component's"
	PreRelease     TagReason = "a pre-release"
	OtherSpelling  TagReason = "another spelling of a version that is listed"
	OtherBuild     TagReason = "another build or flavour"
	OddName        TagReason = "a name that tags should not have"
)

// LeftOut is a tag of Git, raw, and why it is not listed.
type LeftOut struct {
	Tag    string
	Reason TagReason
}

// Versions are those of a span.
type Versions struct {
	// List holds what is newer than From and not newer than To, the newest first.
	List []Version
	// From and To are the tags of Git for the two, for comparing; "" where there is none.
	From, To string
	// Backwards tells that To is older than From: then List is empty.
	Backwards bool
	LeftOut   []LeftOut
}

// maxLeftOut bounds what is told of tags that are not listed.
const maxLeftOut = 100

// IsVersion tells whether a tag of an image is a version, and not a branch, a commit or a word.
func IsVersion(tag string) bool {
	n, ok := parse(tag)
	if !ok {
		return false
	}
	_, commit := CommitOf(tag)
	return !commit || len(n.parts) > 1
}

// SameVersion tells whether two tags of an image are of one version: flavours
// and builds of it, or the same.
func SameVersion(a, b string) bool {
	if !IsVersion(a) || !IsVersion(b) {
		return false
	}
	x, _ := parse(a)
	y, _ := parse(b)
	return x.compare(&y) == 0 && len(x.parts) == len(y.parts)
}

// Between gives the versions in (from, to] that have a tag of Git. All come from
// one series of tags, those with one name before the version: of those that have
// To, or else any within the span, the one that the template or the names fit
// best. Pre-releases count when one of the two is one.
//
// The order of tags does not matter. It takes n log n for n of them.
func Between(span *Span, tags []string) Versions {
	s, ok := span.bounds()
	if !ok {
		return Versions{}
	}
	if s.from.compare(&s.to) > 0 && !s.from.within(&s.to) {
		return Versions{Backwards: true, From: s.closest(tags, &s.from), To: s.closest(tags, &s.to)}
	}
	all := s.read(tags)
	best := s.series(all)
	if best == "" {
		return Versions{LeftOut: s.leftOut}
	}
	return s.list(all, best)
}

// spanned is a span that was read.
type spanned struct {
	*Span

	from, to  number
	fromMoves bool // the tag stands for several versions: 1.2 for 1.2.7
	toMoves   bool
	leftOut   []LeftOut
}

func (span *Span) bounds() (*spanned, bool) {
	s := &spanned{Span: span}
	var fromOK, toOK bool
	s.from, fromOK = precise(span.From, span.FromVersion)
	s.to, toOK = precise(span.To, span.ToVersion)
	return s, fromOK && toOK
}

// precise reads a tag, or what the image says if that is the same but more exact,
// or if the tag is a word that moves: latest.
func precise(tag, said string) (number, bool) {
	exact, exactly := parse(said)
	if !IsVersion(tag) {
		_, commit := CommitOf(tag)
		return exact, exactly && !commit && len(exact.parts) > 1
	}
	n, _ := parse(tag)
	if exactly && exact.within(&n) {
		exact.suffix = n.suffix
		return exact, true
	}
	return n, true
}
