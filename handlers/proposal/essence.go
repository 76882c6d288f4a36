package proposal

import (
	"fmt"
	"slices"
	"strings"

	"github.com/imageupdater/imageupdater/scanner/changelog"
)

// essence is the story in a few words, all of them our own.
func (s *story) essence() string {
	text := s.what()
	if s.breaks > 0 {
		text += fmt.Sprintf(", %d with breaking changes", s.breaks)
	}
	if s.says() && s.changed.Doubt != "" && s.changed.Doubt != changelog.Unvouched {
		text += ", maybe of another project"
	}
	lost := 0
	for _, m := range s.moves {
		gone, _, _ := platforms(s.before(m), s.after(m))
		lost = max(lost, len(gone))
	}
	if lost > 0 {
		text += ", loses " + Counted(lost, "platform")
	}
	return text
}

func (s *story) what() string {
	c := &s.changed
	switch s.told() {
	case changelog.ByVersions:
		return Counted(len(c.Entries)+c.Left, s.kindOfVersion())
	case changelog.ByCommits:
		return s.countedCommits()
	default:
	}
	for _, short := range inShort {
		if s.why(short.why) {
			return short.words
		}
	}
	switch {
	case s.pending() && s.once:
		return "notes could not be read"
	case s.pending():
		return "notes are still being read"
	case len(c.Entries) > 0:
		return Counted(len(c.Entries)+c.Left, "version") + " without notes"
	}
	return "no notes"
}

// inShort is why there are no notes, in the order of what says most.
//
//nolint:gochecknoglobals // a table, never written
var inShort = []struct {
	why   changelog.Why
	words string
}{
	{changelog.IsOlder, "an older version"},
	{changelog.SameRevision, "built anew from the same commit"},
	{changelog.NoSource, "source not known"},
	{changelog.Unreadable, "source not readable"},
	{changelog.NotGitHub, "no notes, its source is not on GitHub"},
}

// kindOfVersion is "release" unless a changelog alone tells of the versions.
func (s *story) kindOfVersion() string {
	if slices.ContainsFunc(s.changed.Entries, func(e changelog.Entry) bool { return e.Told == changelog.InRelease }) {
		return "release"
	}
	return "version"
}

func (s *story) countedCommits() string {
	c := s.changed.Commits
	text := Counted(c.Total, "commit")
	if s.why(changelog.OnlyPackaged) {
		text += " of its packaging"
	}
	if c.Behind > 0 {
		text += fmt.Sprintf(", and without %d of the old image", c.Behind)
	}
	return text
}

// titled is what the story is about, for a heading or, as HTML, for a summary.
func (s *story) titled(code func(string) string) string {
	return s.names(func(name string) string { return code(called(name)) }) + " " + s.step(code) + ": " + s.essence()
}

// names are those of its images.
func (s *story) names(written func(string) string) string {
	var names []string
	for _, m := range s.moves[:min(len(s.moves), mostNames)] {
		names = append(names, written(m.changes[0].Image))
	}
	text := strings.Join(names, ", ")
	if more := len(s.moves) - mostNames; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// mostNames is how many images are named in a title.
const mostNames = 3

// step is from where to where, as far as it is the same for all.
func (s *story) step(code func(string) string) string {
	first := s.moves[0].changes[0]
	other := func(m *move) bool { return m.changes[0].From != first.From || m.changes[0].To != first.To }
	from, to := first.From.Tag, first.To.Tag
	switch {
	case !slices.ContainsFunc(s.moves, other):
		return code(short(first.From)) + " → " + code(short(first.To))
	case from == "" && to == "":
		return "newer digests"
	case from == to:
		return "newer digests of " + code(to)
	}
	return code(from) + " → " + code(to)
}
