package proposal

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/imageupdater/imageupdater/handlers/foreign"
	"github.com/imageupdater/imageupdater/scanner/changelog"
	"github.com/imageupdater/imageupdater/scanner/version"
)

const (
	// openStories and openLength are how many stories there may be, and how long they
	// may be together, in bytes, to be read without a click.
	openStories, openLength = 3, 5_000
	// leastNotes is the room that each story gets for its notes, in bytes, if it
	// wants that much: with less, notes of fewer images are better.
	leastNotes = 300
	// usefulNotes is the same where only some stories are told.
	usefulNotes = 1_500
	// longestRest is what is said of the stories that are not told, in bytes.
	longestRest = 200
)

// chapter is a story as it is written.
type chapter struct {
	*story

	facts  string // before the notes
	images string // after them
	notes  []section
}

func (s *story) chapter(r *room) *chapter {
	return &chapter{story: s, facts: s.facts(r), images: s.images(r)}
}

// frame is how long a story is without its notes.
func (t *chapter) frame() int {
	return len(fold(t.titled(htmlCode), t.facts)) + len(t.images) + len("\n\n\n\n")
}

// tell writes as many of the stories as there is room for.
func (w written) tell(room int) string {
	chosen := w.choose(room - longestRest)
	left := room - longestRest
	for _, t := range chosen {
		left -= t.frame()
	}
	share(chosen, left)
	parts := make([]string, 0, len(chosen)+1)
	for _, t := range chosen {
		parts = append(parts, t.text(open(chosen), len(chosen) == 1))
	}
	if rest := len(w.stories) - len(chosen); rest > 0 {
		parts = append(parts, fmt.Sprintf("*There is no room here for the notes of %s: the table has links to what changed.*", Counted(rest, "more update")))
	}
	return strings.Join(parts, "\n\n")
}

// choose takes the stories for which there is room, major steps first, and leaves
// them in their order.
func (w written) choose(room int) []*chapter {
	all := make([]*chapter, 0, len(w.stories))
	for _, s := range w.stories {
		all = append(all, s.chapter(&w.room))
	}
	if !w.column {
		return all
	}
	order := slices.Clone(all)
	slices.SortStableFunc(order, func(a, b *chapter) int { return cmp.Compare(a.rank(), b.rank()) })
	taken := map[*chapter]bool{}
	for _, t := range order {
		if need := t.frame() + min(t.want, usefulNotes); need <= room && t.says() {
			room, taken[t] = room-need, true
		}
	}
	return slices.DeleteFunc(all, func(t *chapter) bool { return !taken[t] })
}

// rank is the place of a story among others when there is no room for all.
func (s *story) rank() int {
	switch s.moves[0].changes[0].Kind {
	case version.Major:
		return 0
	case version.Minor, version.Tag, version.Rollback:
		return 1
	default:
		return 2
	}
}

// share lets stories write their notes, those that want the least first: what they
// don't use the others may. No text is written twice.
func share(all []*chapter, left int) {
	order := slices.Clone(all)
	slices.SortStableFunc(order, func(a, b *chapter) int { return cmp.Compare(a.want, b.want) })
	for i, t := range order {
		t.notes = t.written(left / (len(order) - i))
		left -= len(joined(t.notes))
	}
}

// written are the notes in that many bytes.
func (s *story) written(most int) []section {
	most -= foldedLength
	if !s.says() || most <= 0 {
		return nil
	}
	var sections []section
	switch s.told() {
	case changelog.ByCommits:
		bare := s.tail("", s.changed.Entries, nil)
		sections = append(s.commits(most-len(joined(bare))), bare...)
	default:
		sections = s.releases(most)
	}
	if len(joined(sections)) <= most {
		return sections
	}
	return nil // not even what they end with has room
}

// open tells whether stories are short and few enough to be read without a click.
func open(all []*chapter) bool {
	if len(all) == 1 {
		return true
	}
	length := 0
	for _, t := range all {
		length += len(t.facts) + len(joined(t.notes))
	}
	return len(all) <= openStories && length <= openLength
}

// text is the whole story.
func (t *chapter) text(open, alone bool) string {
	notes := joined(t.notes)
	if alone {
		notes = t.folding()
	}
	body := strings.TrimSpace(paragraphs(t.facts, notes, t.images))
	if open {
		return "### " + t.titled(foreign.Code) + "\n\n" + body
	}
	return fold(t.titled(htmlCode), body)
}

// foldedLength is how much longer notes get by being folded.
const foldedLength = 200

// folding folds the older parts of long notes.
func (t *chapter) folding() string {
	var seen, behind, end strings.Builder
	folded := 0
	for i, part := range t.notes {
		switch {
		case part.of == 0:
			end.WriteString(part.text)
		case i == 0 && len(part.text) > 2*openLength:
			heading, text, _ := strings.Cut(part.text, "\n")
			seen.WriteString(heading + "\n\n" + fold("Its notes", text) + "\n\n")
		case i == 0 || folded == 0 && seen.Len()+len(part.text) <= openLength:
			seen.WriteString(part.text)
		default:
			folded += part.of
			behind.WriteString(part.text)
		}
	}
	if folded == 0 {
		return seen.String() + end.String()
	}
	what := "older commit"
	if t.told() == changelog.ByVersions {
		what = "older " + t.kindOfVersion()
	}
	return strings.TrimRight(seen.String(), "\n") + "\n\n" + fold(Counted(folded, what), behind.String()) + "\n\n" + end.String()
}

// fold is text that opens when it is clicked. The summary is HTML.
func fold(summary, text string) string {
	return "<details>\n<summary>" + summary + "</summary>\n\n" + strings.TrimRight(text, "\n") + "\n\n</details>"
}
