package changelog

import (
	"slices"
	"strings"
)

// Limits of ReadChangelog, in bytes where nothing else is said.
const (
	// maxChangelog is how much of a file is looked at, from its top: the newest stands there.
	maxChangelog = 4 << 20
	// maxHeading is how long a line may be to be a heading.
	maxHeading = 300
	// maxLines is how many lines are told apart.
	maxLines = 200_000
)

// Part is the section of a changelog about one version.
type Part struct {
	// Heading is the heading's text as written, without its marks.
	Heading string
	// Text is what follows the heading, raw, without empty lines at its ends.
	Text string
	// Line is the heading's, from 1.
	Line int
	// Cut tells that Text ends at the limit, and not where the section does.
	Cut bool
}

// Changelog is a file that says what changed in many versions.
type Changelog struct {
	lines    []string
	headings []heading
}

// ReadChangelog reads a changelog: the first 4 MiB of it, in time in proportion to
// that. Headings may be Markdown's of both kinds, reStructuredText's, bold lines,
// and lines of a version and a date alone.
func ReadChangelog(file []byte) *Changelog {
	if len(file) > maxChangelog {
		file = file[:maxChangelog]
	}
	lines := splitLines(file)
	return &Changelog{lines: lines, headings: findHeadings(lines)}
}

// Section finds what is said of one version, as "1.2.3" or a tag of Git; names
// are those of Span. Only the version itself counts: 1.2.3 is not found in 11.2.30,
// in the address of a link, or in "from 1.2.3 to 1.3.0". Where several headings name it, it
// is the one with the fewest other words, then one with the image's name, then
// the first.
//
// At most limit bytes of text are given, whole lines. It says false where there is
// no such section, or nothing in it.
func (c *Changelog) Section(version string, names []string, limit int) (Part, bool) {
	wanted, ok := parse(version)
	if !ok {
		return Part{}, false
	}
	best := c.find(&wanted, names)
	if best < 0 {
		return Part{}, false
	}
	h := &c.headings[best]
	part := Part{Heading: h.text, Line: h.line + 1}
	part.Text, part.Cut = bounds(c.lines[h.after:sectionEnd(c.lines, c.headings, best)], limit)
	if part.Text == "" {
		return Part{}, false
	}
	return part, true
}

// find gives the heading that fits a version best; -1 if none does, or if it is
// that of several things and the image is none of them.
func (c *Changelog) find(wanted *number, names []string) int {
	best, score := -1, 0
	ambiguous := false
	for i := range c.headings {
		h := &c.headings[i]
		s, ok := h.score(wanted, names)
		switch {
		case !ok || best >= 0 && s > score:
		case best < 0 || s < score:
			best, score, ambiguous = i, s, false
		default:
			ambiguous = ambiguous || h.pure && !slices.Equal(h.words, c.headings[best].words)
		}
	}
	if ambiguous {
		return -1
	}
	return best
}

// splitLines is without ends of lines, and valid UTF-8.
func splitLines(file []byte) []string {
	text := strings.ToValidUTF8(strings.TrimPrefix(string(file), "\uFEFF"), "\uFFFD")
	lines := strings.SplitN(text, "\n", maxLines)
	for i := range lines {
		lines[i] = strings.TrimSuffix(lines[i], "\r")
	}
	return lines
}

// sectionEnd is the line where a section ends: at a heading of its level or above,
// or at that of another version, since many tools put patches a level below minors.
func sectionEnd(lines []string, headings []heading, at int) int {
	h := &headings[at]
	for i := at + 1; i < len(headings); i++ {
		next := &headings[i]
		if next.level <= h.level || next.pure && slices.Equal(next.words, h.words) && !next.same(h) {
			return next.first
		}
	}
	return len(lines)
}

// bounds joins lines up to a limit, without empty ones at the ends and without
// the link definitions at the end of a file.
func bounds(lines []string, limit int) (text string, cut bool) {
	for len(lines) > 0 && (blank(lines[len(lines)-1]) || definition(lines[len(lines)-1])) {
		lines = lines[:len(lines)-1]
	}
	for len(lines) > 0 && blank(lines[0]) {
		lines = lines[1:]
	}
	size := 0
	for i, line := range lines {
		if size += len(line) + 1; size > limit+1 {
			return strings.TrimRight(strings.Join(lines[:i], "\n"), " \t\n"), true
		}
	}
	return strings.Join(lines, "\n"), false
}

func blank(line string) bool { return strings.TrimSpace(line) == "" }

// definition tells whether a line is [label]: address, or a rule of dashes.
func definition(line string) bool {
	line = strings.TrimSpace(line)
	if strings.HasPrefix(line, "[") && strings.Contains(line, "]: ") {
		return true
	}
	return len(line) >= 3 && strings.Trim(line, "-") == ""
}

// Files gives those of a directory's files that may be changelogs, the
// likeliest first.
func Files(names []string) []string {
	var found []string
	for _, stem := range []string{"changelog", "changes", "history", "news", "releases", "release_notes", "release-notes", "releasenotes"} {
		for _, ending := range []string{".md", ".markdown", ".rst", ".txt", ""} {
			for _, name := range names {
				if strings.EqualFold(name, stem+ending) {
					found = append(found, name)
				}
			}
		}
	}
	return found
}
