package changelog

import (
	"regexp"
	"slices"
	"strings"
)

var (
	linkPattern  = regexp.MustCompile(`\]\([^()]*(?:\([^()]*\)[^()]*)*\)|\]\[[^\]]*\]|<[^<>]*>|https?://[^\s)\]>]+|:[a-z_0-9+]+:`)
	monthPattern = regexp.MustCompile(`(?i)^(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec|january|february|march|april|june|july|august|september|october|november|december|mon|tue|wed|thu|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|saturday|sunday)$`)
	clockPattern = regexp.MustCompile(`^(?:[0-9]{1,2}(?:st|nd|rd|th)?|(?:19|20)[0-9]{2}|[0-9]{2}|[0-9]{1,2}[.][0-9]{1,2}[.](?:19|20)[0-9]{2}|(?:19|20)[0-9]{2}[.-][0-9]{1,2}[.-][0-9]{1,2}(?:T[0-9Z]*)?)$`)
)

// newHeading reads what a heading says of versions.
func newHeading(text string, level, first, line, after int) heading {
	h := heading{text: strings.TrimSpace(text), level: level, first: first, line: line, after: after}
	if !strings.ContainsAny(h.text, digits) {
		return h
	}
	// What links lead to names other versions.
	plain := linkPattern.ReplaceAllString(h.text, " ")
	for word := range strings.FieldsFuncSeq(plain, splitsWords) {
		if word = strings.Trim(word, ".-_+/@~"); word != "" {
			h.read(word)
		}
	}
	h.pure = len(h.versions) > 0 && h.others == 0 && h.leads
	return h
}

// splitsWords tells what stands between words. A version's own characters, and
// those of tags, do not.
func splitsWords(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r > 0x7f:
		return false
	}
	return !strings.ContainsRune("._+-/@~", r)
}

// read takes a word in.
func (h *heading) read(word string) {
	var n number
	isVersion := false
	if len(word) <= maxWord {
		n, isVersion = parse(word)
	}
	date := clockPattern.MatchString(word) || monthPattern.MatchString(word)
	first := len(h.versions) == 0 && h.others == 0
	switch {
	case isVersion && (first || !date) && !n.nameWithNumber():
		h.leads = h.leads || first
		h.versions, h.before = append(h.versions, n), append(h.before, h.others)
		if name := n.name(); name != "" {
			h.words = append(h.words, strings.ToLower(name))
		}
	case date, connects(strings.ToLower(word)):
	default:
		// One word before the version is what is released: nginx 1.25.3.
		if len(h.versions) > 0 || len(h.words) > 0 {
			h.others++
		}
		h.words = append(h.words, strings.ToLower(word))
	}
	if len(h.versions) == 1 && len(h.words) <= 1 && h.others == 0 {
		h.leads = true
	}
}

// nameWithNumber tells whether n is a name rather than a version: log4j2, win32.
func (n *number) nameWithNumber() bool {
	name := strings.ToLower(n.name())
	return len(n.parts) == 1 && name != "" && !generic(name)
}

// connects tells whether a word says nothing: it stands beside versions.
func connects(word string) bool {
	switch word {
	case "and", "v", "version", "release", "released", "releases", "on", "the", "changes", "in", "for", "with", "notes", "date", "of", "utc", "lts", "latest", "tag", "stable", "unstable", "urgency", "low", "medium", "high":
		return true
	}
	return false
}

// same tells whether two headings are of the same versions.
func (h *heading) same(other *heading) bool {
	return slices.EqualFunc(h.versions, other.versions, func(a, b number) bool { return a.compare(&b) == 0 })
}

// score tells how well a heading fits a version: the lower, the better.
func (h *heading) score(wanted *number, names []string) (int, bool) {
	at := slices.IndexFunc(h.versions, func(n number) bool { return n.equals(wanted) })
	if at < 0 || at > 0 && h.before[at] > 0 {
		return 0, false
	}
	score := min(h.others, 2) * 10
	if !h.leads {
		score += 5
	}
	if !exact(&h.versions[at], wanted) {
		score += 200 // 1.2 for 1.2.0, if there is no better
	}
	if !slices.ContainsFunc(h.words, func(word string) bool { return h.isName(word, names) }) {
		score++
		if len(h.words) > h.others {
			score += 25 // something stands before the version: Migrating 1.2.3
		}
	}
	return score*10 + h.level, true
}

// isName tells whether a word of a heading is one of the image's names.
func (h *heading) isName(word string, names []string) bool {
	return slices.Contains(names, word) || slices.Contains(names, word[strings.LastIndexAny(word, "/@")+1:])
}

// equals tells whether a heading's version is the one that is wanted: with its
// pre-release, and with no build of its own.
func (n *number) equals(wanted *number) bool {
	return n.compare(wanted) == 0 && (n.suffix == "" || n.suffix == wanted.suffix)
}
