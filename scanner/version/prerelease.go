package version

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// preRelease is what stands in "-rc.1": a word and its numbers.
type preRelease struct {
	rank    int
	word    string
	numbers []number
}

var (
	// These always announce a release, wherever they stand behind the numbers.
	strongPre = regexp.MustCompile(`(?i)(?:^|[-._])(alpha|beta|rc|cr|preview|pre|prerelease|snapshot|milestone)(?:[-._]?(\d+(?:\.\d+)*))?(?:$|[-._])`)
	// These do when they are numbered. Without a number they are flavours:
	// 3.12-dev is the variant with a shell.
	weakPre = regexp.MustCompile(`(?i)(?:^|[-._])(dev|devel|nightly|canary|next|unstable|experimental|insiders|ea)[-._]?(\d+(?:\.\d+)*)(?:$|[-._])`)
	// 3.13.0a4, 3.13.0b1, 2.0.0-M3 and 2.0.0.M3, directly behind the numbers alone.
	shortPre = regexp.MustCompile(`(?i)^(a|b|[-.]m)(\d+)(?:$|[-._])`)
)

// cutPreRelease takes the pre-release out of what follows the numbers; nil
// where there is none.
func cutPreRelease(rest string) (*preRelease, string) {
	for _, pattern := range []*regexp.Regexp{strongPre, weakPre, shortPre} {
		m := pattern.FindStringSubmatchIndex(rest)
		if m == nil {
			continue
		}
		end := m[3]
		pre := newPreRelease(rest[m[2]:m[3]])
		if m[4] >= 0 {
			end = m[5]
			pre.numbers = numbers(strings.Split(rest[m[4]:m[5]], "."))
		}
		return pre, rest[:m[0]] + rest[end:]
	}
	return nil, rest
}

func newPreRelease(word string) *preRelease {
	word = strings.ToLower(strings.TrimLeft(word, "-."))
	rank, name := ranked(word)
	return &preRelease{rank: rank, word: name}
}

// ranked gives a word its place on the way to a release and its one spelling.
func ranked(word string) (int, string) {
	switch word {
	case "alpha", "a":
		return 1, "alpha"
	case "beta", "b":
		return 2, "beta"
	case "milestone", "m":
		return 3, "milestone"
	case "pre", "preview", "prerelease", "ea":
		return 4, "preview"
	case "rc", "cr":
		return 5, "rc"
	}
	return 0, word
}

// compare puts a release, which is nil, behind all its pre-releases.
func (p *preRelease) compare(o *preRelease) int {
	switch {
	case p == nil && o == nil:
		return 0
	case p == nil:
		return 1
	case o == nil:
		return -1
	}
	return cmp.Or(
		cmp.Compare(p.rank, o.rank),
		cmp.Compare(p.word, o.word),
		slices.CompareFunc(p.numbers, o.numbers, number.compare),
	)
}
