package proposal

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/handlers/foreign"
	"github.com/imageupdater/imageupdater/scanner/changelog"
)

const (
	// noteLevel is that of the highest heading of a note: below its version's, below
	// the image's.
	noteLevel = 5
	// longestHeading is about how long a version's heading becomes, in bytes.
	longestHeading = 160
	// leastNote is how much of a note is worth its heading, in bytes.
	leastNote = 160
	// mostTags is how many tags are named in a line.
	mostTags = 5
)

// breaking is what notes say over, or before, what breaks something.
var breaking = regexp.MustCompile(`BREAKING[ -]CHANGE|(?im)^[^\pL\n]{0,20}breaking\b`)

// breaks tells whether a note says that it breaks something. Most say nothing like it,
// which is found out fast.
func breaks(note string) bool {
	return (strings.Contains(note, "reaking") || strings.Contains(note, "REAKING")) && breaking.MatchString(note)
}

// section is one part of notes: a version, or a list.
type section struct {
	text string
	// of is how many versions or commits it is about: those can be folded. 0 is what
	// is said after them.
	of int
}

// releases are the notes of versions, the newest first, in that many bytes: those of
// the oldest are shortened, and then left out.
func (s *story) releases(most int) []section {
	entries := s.changed.Entries
	var sections []section
	var bare, left []changelog.Entry
	most -= s.tailLength()
	for i := range entries {
		e := &entries[i]
		heading := s.heading(e)
		room := most - len(heading) - len("\n\n")
		if room >= leastNote {
			room = max(room/2, room-wanted(entries[i+1:])) // the older ones get something, too
		}
		text := ""
		if e.Text != "" && room >= min(leastNote, len(e.Text)) {
			text = s.note(e, room)
		}
		switch {
		case text != "":
			sections = append(sections, section{heading + text + "\n\n", 1})
			most -= len(heading) + len(text) + len("\n\n")
		case e.Text == "" || room >= leastNote: // or there is nothing to be seen in it
			bare = append(bare, *e)
		default:
			left, most = append(left, *e), 0
		}
	}
	what := s.kindOfVersion()
	if len(sections) > 0 {
		what = "older " + what
	}
	return append(sections, s.tail(what, bare, left)...)
}

// wanted is about how long the notes of versions become.
func wanted(entries []changelog.Entry) int {
	length := 0
	for i := range entries {
		if n := len(entries[i].Text); n > 0 {
			length += longestHeading + n + n/3 // links get longer
		}
	}
	return length
}

// note is the text of a version.
func (s *story) note(e *changelog.Entry, most int) string {
	o := s.page(s.changed.Repository)
	o.Level, o.Rest = noteLevel, e.URL
	ending := ""
	if e.Cut {
		ending = "\n\n*Shortened: " + s.linked("all of it", e.URL) + "*"
	}
	if o.Most = most - len(ending); o.Most <= 0 {
		return ""
	}
	text := foreign.Notes(withoutHeading(e), o)
	if text == "" || strings.Contains(text[strings.LastIndexByte(text, '\n')+1:], "*Shortened") {
		return text
	}
	return text + ending
}

// heading is a version's, with a link to its page, its title if that says more, and
// its day.
func (s *story) heading(e *changelog.Entry) string {
	text := "#### " + s.linked(tag(e.Tag), e.URL)
	if title := titleOf(e); title != "" {
		text += ": " + foreign.Line(foreign.Shorten(title, longestName), foreign.Options{Host: s.host()})
	}
	var about []string
	if !e.Published.IsZero() {
		about = append(about, e.Published.UTC().Format(time.DateOnly))
	}
	if e.PreRelease {
		about = append(about, "pre-release")
	}
	if breaks(e.Text) {
		about = append(about, "**breaking changes**")
	}
	if len(about) > 0 {
		text += " (" + strings.Join(about, ", ") + ")"
	}
	return text + "\n\n"
}

// titleOf is what a release is called beside its version; "" where that is nothing.
func titleOf(e *changelog.Entry) string {
	if says := withoutVersion(e.Title, e); says == "" {
		return ""
	}
	return strings.TrimLeft(strings.TrimPrefix(e.Title, e.Tag), " :-–—")
}

var (
	headingLine = regexp.MustCompile(`^#{1,6}[ \t]+([^\n]{1,400})`)
	linkTarget  = regexp.MustCompile(`\]\([^()\s]*\)`)
	anyDay      = regexp.MustCompile(`\b[0-9]{4}-[0-9]{2}-[0-9]{2}\b`)
	idle        = regexp.MustCompile(`(?i)\b(?:release[sd]?|version|changelog|v)\b|[^\pL\pN]+`)
)

// withoutVersion is what a heading says beside its version, its day and words such as
// release.
func withoutVersion(line string, e *changelog.Entry) string {
	line = anyDay.ReplaceAllString(linkTarget.ReplaceAllString(line, "]"), "")
	for _, version := range []string{e.Tag, "v" + e.Version.Text, e.Version.Text} {
		line = strings.ReplaceAll(line, version, " ")
	}
	return idle.ReplaceAllString(line, "")
}

// withoutHeading is a note without a first heading that only says the version again.
func withoutHeading(e *changelog.Entry) string {
	text := strings.TrimLeft(e.Text, " \t\r\n")
	if found := headingLine.FindStringSubmatch(text); found != nil && withoutVersion(found[1], e) == "" {
		return strings.TrimLeft(text[len(found[0]):], " \t\r\n")
	}
	return e.Text
}

// tailLength is how much room tail takes at most.
func (s *story) tailLength() int {
	all := s.changed.Entries
	return len(joined(s.tail("older "+s.kindOfVersion(), all, all)))
}

// tail names the versions that are not told of, and why.
func (s *story) tail(what string, bare, left []changelog.Entry) []section {
	var lines []string
	if len(left) > 0 {
		lines = append(lines, fmt.Sprintf("*There is no room here for the notes of %s: %s.*", Counted(len(left), what), s.tags(left)))
	}
	if len(bare) > 0 {
		lines = append(lines, "Without notes: "+s.tags(bare)+".")
	}
	if s.changed.Left > 0 {
		lines = append(lines, s.linked(Counted(s.changed.Left, "more version"), s.changed.Link)+" between the two.")
	}
	if line := s.leftOut(); line != "" {
		lines = append(lines, line)
	}
	sections := make([]section, 0, len(lines))
	for _, line := range lines {
		sections = append(sections, section{text: line + "\n\n"})
	}
	return sections
}

func (s *story) tags(entries []changelog.Entry) string {
	var names []string
	for i := range entries[:min(len(entries), mostTags)] {
		names = append(names, s.linked(tag(entries[i].Tag), entries[i].URL))
	}
	text := strings.Join(names, ", ")
	if more := len(entries) - mostTags; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// leftOut names tags between the two versions that are none of them, and why.
func (s *story) leftOut() string {
	const mostEach = 2
	names, counts := map[changelog.TagReason][]string{}, map[changelog.TagReason]int{}
	var reasons []changelog.TagReason
	for _, l := range s.changed.LeftOut {
		if counts[l.Reason]++; counts[l.Reason] == 1 {
			reasons = append(reasons, l.Reason)
		}
		if counts[l.Reason] <= mostEach {
			names[l.Reason] = append(names[l.Reason], foreign.Code(foreign.Shorten(l.Tag, longestName)))
		}
	}
	var parts []string
	for _, reason := range reasons[:min(len(reasons), mostTags)] {
		part := strings.Join(names[reason], ", ")
		if more := counts[reason] - mostEach; more > 0 {
			part += fmt.Sprintf(" and %d more", more)
		}
		parts = append(parts, part+" ("+string(reason)+")")
	}
	if len(parts) == 0 {
		return ""
	}
	return "Not listed: " + strings.Join(parts, "; ") + "."
}

func joined(sections []section) string {
	var b strings.Builder
	for _, part := range sections {
		b.WriteString(part.text)
	}
	return b.String()
}
