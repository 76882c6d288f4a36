package version

import (
	"cmp"
	"slices"
	"strings"
)

// preRelease is what stands in "-rc.1": a word and its numbers.
type preRelease struct {
	rank    int
	word    string
	numbers []number
}

// announcement is a word that announces a release: its place on the way there
// and its one spelling.
type announcement struct {
	rank int
	word string
	// numbered is set where the word does so only with a number. Without one
	// it is a flavour: 3.12-dev is the variant with a shell.
	numbered bool
}

// announcements stand anywhere behind the numbers. Words of one rank are in
// order by their letters.
//
//nolint:gochecknoglobals // a table, never written
var announcements = map[string]announcement{
	"alpha":        {rank: 1, word: "alpha"},
	"beta":         {rank: 2, word: "beta"},
	"milestone":    {rank: 3, word: "milestone"},
	"preview":      {rank: 4, word: "preview"},
	"pre":          {rank: 4, word: "preview"},
	"prerelease":   {rank: 4, word: "preview"},
	"rc":           {rank: 5, word: "rc"},
	"cr":           {rank: 5, word: "rc"},
	"snapshot":     {word: "snapshot"},
	"canary":       {word: "canary", numbered: true},
	"dev":          {word: "dev", numbered: true},
	"devel":        {word: "devel", numbered: true},
	"ea":           {rank: 4, word: "preview", numbered: true},
	"experimental": {word: "experimental", numbered: true},
	"insiders":     {word: "insiders", numbered: true},
	"next":         {word: "next", numbered: true},
	"nightly":      {word: "nightly", numbered: true},
	"unstable":     {word: "unstable", numbered: true},
}

// longestAnnouncement is the length of "experimental".
const longestAnnouncement = 12

// goPseudo is the word of Go's pseudo-versions, which they begin with. It is
// before all others, as Go has it.
const goPseudo = "0"

// preCut is a pre-release that was found, or nothing.
type preCut struct {
	announcement

	// start and end are where it stands in what follows the parts.
	start, end int
	// mark stands for the hash of git describe that is behind it.
	mark string
}

// cutPreRelease takes the pre-release out of what follows the parts, and the
// hash of a commit that is behind its number. It appends its numbers to parts.
func cutPreRelease(rest string, parts []number) (pre preCut, all []number, left string) {
	if rest == "" {
		return preCut{}, parts, ""
	}
	pre, all = findPreRelease(rest, parts)
	behind := rest[pre.end:]
	if len(all) > len(parts) {
		if len(all[len(all)-1]) == len(goTime) {
			behind, _ = cutHash(behind, "-", goHash, goHash)
		}
		behind, pre.mark = cutDescribed(behind)
	}
	return pre, all, rest[:pre.start] + behind
}

// findPreRelease takes the first word that always announces a release, else
// the first that does by its number, else a letter.
func findPreRelease(rest string, parts []number) (pre preCut, all []number) {
	if pre, all = readPseudo(rest, parts); pre.end > 0 {
		return pre, all
	}
	for at := 0; at < len(rest); at += wordEnd(rest[at:]) {
		start := at
		if isSeparator(rest[at]) {
			at++
		}
		word, ok := announced(rest[at:])
		if !ok || word.numbered && pre.end > 0 {
			continue
		}
		with, end := readPreNumbers(rest, at+letters(rest[at:]), parts)
		found := preCut{announcement: word, start: start, end: end}
		switch hasNumber := len(with) > len(parts); {
		case word.numbered && hasNumber:
			pre, all = found, with
		case !word.numbered && (hasNumber || separated(rest, end)):
			return found, with
		}
	}
	if pre.end > 0 {
		return pre, all
	}
	return readLetter(rest, parts)
}

// announced looks up the word that s begins with, whatever its case.
func announced(s string) (announcement, bool) {
	n := letters(s)
	if n < 2 || n > longestAnnouncement {
		return announcement{}, false
	}
	var lower [longestAnnouncement]byte
	for i := range n {
		lower[i] = s[i] | 0x20
	}
	word, ok := announcements[string(lower[:n])]
	return word, ok
}

// readPreNumbers reads the numbers behind a word that ends at s[at], as many as
// a separator or the end follows: 1 of rc.1, 1.2 of alpha-1.2.
func readPreNumbers(s string, at int, parts []number) (all []number, end int) {
	all, end = parts, at
	if at < len(s) && isSeparator(s[at]) {
		at++
	}
	for {
		n := digits(s[at:])
		if n == 0 || !separated(s, at+n) {
			return all, end
		}
		all = append(all, newNumber(s[at:at+n]))
		end = at + n
		if end == len(s) || s[end] != '.' {
			return all, end
		}
		at = end + 1
	}
}

// readLetter reads a letter with a number directly behind the parts: 3.13.0a4,
// 3.13.0b1, 2.0.0-M3 and 2.0.0.M3.
func readLetter(rest string, parts []number) (pre preCut, all []number) {
	at := 0
	if rest[0] == '-' || rest[0] == '.' {
		at++
	}
	if at == len(rest) {
		return preCut{}, parts
	}
	end := at + 1 + digits(rest[at+1:])
	word, ok := letterAnnouncement(rest[at]|0x20, at == 0)
	if !ok || end == at+1 || !separated(rest, end) {
		return preCut{}, parts
	}
	return preCut{announcement: announcements[word], end: end}, append(parts, newNumber(rest[at+1:end]))
}

func letterAnnouncement(letter byte, glued bool) (word string, ok bool) {
	switch {
	case letter == 'a' && glued:
		return "alpha", true
	case letter == 'b' && glued:
		return "beta", true
	case letter == 'm' && !glued:
		return "milestone", true
	}
	return "", false
}

// What Go calls a commit without a tag ends in a time and a hash of twelve
// digits.
const (
	goTime = "dddddddddddddd"
	goHash = 12
)

// readPseudo reads v1.2.3-0.20240101120000-abcdef123456, which is before v1.2.3,
// and v1.0.0-20240101120000-abcdef123456, which is before any release of v1.
func readPseudo(rest string, parts []number) (pre preCut, all []number) {
	at := 0
	switch {
	case strings.HasPrefix(rest, "-0."):
		at = len("-0.")
	case rest[0] == '-' && len(parts) == 3 && parts[1] == "0" && parts[2] == "0":
		at = len("-")
	}
	end := at + len(goTime)
	if at == 0 || !fits(rest[at:], goTime) {
		return preCut{}, parts
	}
	if _, found := cutHash(rest[end:], "-", goHash, goHash); !found {
		return preCut{}, parts
	}
	return preCut{announcement: announcement{word: goPseudo}, end: end}, append(parts, newNumber(rest[at:end]))
}

// cutHash takes away the hash that s begins with, behind its mark.
func cutHash(s, mark string, least, most int) (rest string, found bool) {
	if !strings.HasPrefix(s, mark) {
		return s, false
	}
	hash := s[len(mark):]
	hash = hash[:wordEnd(hash)]
	if !isHex(hash, least, most) {
		return s, false
	}
	return s[len(mark)+len(hash):], true
}

// cutDescribed takes away the hash that git describe writes behind a number,
// and gives the mark of what had one.
func cutDescribed(s string) (rest, mark string) {
	if rest, found := cutHash(s, "-g", 7, 40); found {
		return rest, "g"
	}
	return s, ""
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
