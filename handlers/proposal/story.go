package proposal

import (
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/imageupdater/imageupdater/handlers/foreign"
	"github.com/imageupdater/imageupdater/scanner/changelog"
)

// story is what changed in an image, or in several that changed alike.
type story struct {
	*Notes

	moves   []*move
	changed Changelog
	known   bool
	// breaks is how many of the versions or commits say that they break something.
	breaks int
	// want is about how long its notes become where there is room for all.
	want int
}

// stories are told once for all images with the same step and the same notes: those
// of one repository, as a rule. They are in the order of the first of each.
func (n *Notes) stories(moves []move) []*story {
	if n.Changelogs == nil {
		return nil
	}
	var all []*story
	alike := map[string][]*story{}
	for i := range moves {
		m := &moves[i]
		c := m.changes[0]
		s := &story{Notes: n, moves: []*move{m}}
		s.changed, s.known = n.Changelogs[StepKey(c.Image, c.From, c.To)]
		s.changed.secret()
		key := c.From.Tag + " " + c.To.Tag + " " + s.changed.Repository.URL() + " " + s.changed.Link
		if at := slices.IndexFunc(alike[key], s.alike); at >= 0 {
			known := alike[key][at]
			known.moves = append(known.moves, m)
			continue
		}
		alike[key] = append(alike[key], s)
		all = append(all, s)
	}
	for _, s := range all {
		s.weigh()
	}
	return all
}

// secret takes out all that is from a source of which nothing may be told.
func (c *Changelog) secret() {
	if c.Repository.IsZero() {
		*c = Changelog{Notes: changelog.Notes{Outcome: changelog.Nothing, Why: c.Why, Pending: c.Pending}}
	}
}

// byMove are stories by what they are about.
func byMove(stories []*story) map[*move]*story {
	by := map[*move]*story{}
	for _, s := range stories {
		for _, m := range s.moves {
			by[m] = s
		}
	}
	return by
}

// alike tells whether two stories are one: of one image, or with the same notes.
func (s *story) alike(other *story) bool {
	a, b := s.moves[0].changes[0], other.moves[0].changes[0]
	if a.Image == b.Image && a.From == b.From && a.To == b.To {
		return true
	}
	return s.known && other.known && s.says() && reflect.DeepEqual(s.changed, other.changed)
}

// says tells whether there is more than why there is nothing.
func (s *story) says() bool { return len(s.changed.Entries) > 0 || s.changed.Commits != nil }

func (s *story) pending() bool { return !s.known || s.changed.Pending }

func (s *story) why(why changelog.Why) bool { return slices.Contains(s.changed.Why, why) }

// weigh looks through all notes once, before any are written.
func (s *story) weigh() {
	if !s.says() {
		return
	}
	s.want = foldedLength + endLength + wanted(s.changed.Entries)
	for i := range s.changed.Entries {
		if breaks(s.changed.Entries[i].Text) {
			s.breaks++
		}
	}
	if s.told() != changelog.ByCommits {
		return
	}
	for i := range s.changed.Commits.Changes {
		if breakingSubject.MatchString(s.changed.Commits.Changes[i].Subject) {
			s.breaks++
		}
		s.want += ordinaryCommit
	}
}

// endLength is about how long that is which notes end with.
const endLength = 400

// told is what kind of notes there are, by what is there.
func (s *story) told() changelog.Outcome {
	if slices.ContainsFunc(s.changed.Entries, func(e changelog.Entry) bool { return e.Text != "" }) {
		return changelog.ByVersions
	}
	if c := s.changed.Commits; c != nil && c.Total > 0 {
		return changelog.ByCommits
	}
	return s.changed.Outcome
}

// reasons say in sentences why there is no more.
func (s *story) reasons() string {
	var clauses []string
	for _, why := range s.changed.Why {
		switch {
		case why == changelog.NotYet:
		case why == changelog.Diverged && s.changed.Commits != nil:
			clauses = append(clauses, "the new image lacks "+Counted(s.changed.Commits.Behind, "commit")+" of the old one")
		case why == changelog.NoSource:
			clauses = append(clauses, string(why)+"; `changelog.sources` in `.imageupdater.yaml` can say it")
		default:
			clauses = append(clauses, string(why))
		}
	}
	text := sentence(strings.Join(clauses, "; "))
	switch {
	case s.pending() && s.once:
		text += " Not all who know more about it answered."
	case s.pending() && s.says():
		text += " More notes may come with a later look."
	case s.pending():
		text += " Notes are still being read; they come with a later look."
	}
	return strings.TrimSpace(text)
}

// sentence begins with a capital and ends with a dot.
func sentence(clause string) string {
	if clause == "" {
		return ""
	}
	r, size := utf8.DecodeRuneInString(clause)
	return string(unicode.ToUpper(r)) + clause[size:] + "."
}

// source is where the image's source is, with a link that compares; "" where
// nothing may be told of it.
func (s *story) source() string {
	c := &s.changed
	if c.Repository.IsZero() {
		return ""
	}
	text := "source: " + s.named(c.Repository)
	from, to := s.revisions()
	absent := c.Doubt == changelog.NoCommit
	switch {
	case from != "" && to != "" && from != to:
		text += ", " + s.revision(c.Repository, from, absent) + " → " + s.revision(c.Repository, to, absent)
	case to != "":
		text += " at " + s.revision(c.Repository, to, absent)
	}
	if c.Link != "" && c.Link != c.Repository.URL() && s.outside(c.Link) != "" {
		text += " (" + s.linked("compare", c.Link) + ")"
	}
	if c.Doubt != "" {
		text += "; **uncertain**: " + string(c.Doubt)
	}
	return text
}

// revisions are what the two images were built from; "" where they are not known.
func (s *story) revisions() (from, to string) {
	c := &s.changed
	switch {
	case c.Commits != nil:
		return c.Commits.From, c.Commits.To
	case s.why(changelog.OtherOrigin):
		return "", c.To // the other one is another repository's
	}
	return c.From, c.To
}

// facts are the lines before the notes: of the source, and of the image. Of several
// images, only what a reviewer decides by.
func (s *story) facts(r *room) string {
	var lines []string
	if source := s.source(); source != "" {
		lines = append(lines, source)
	}
	for _, m := range s.moves {
		if len(s.moves) == 1 {
			lines = append(lines, linesOf(s.image(m, r), s.atOnce)...)
			break
		}
		for _, line := range linesOf(s.image(m, r), s.atOnce) {
			lines = append(lines, foreign.Code(called(m.changes[0].Image))+" "+line)
		}
	}
	text := ""
	if len(lines) > 0 {
		text = "- " + strings.Join(lines, "\n- ") + "\n"
	}
	if reasons := s.reasons(); reasons != "" {
		text += "\n" + reasons + "\n"
	}
	return strings.TrimLeft(text, "\n")
}

// atOnce tells whether a fact stands before the notes.
func (s *story) atOnce(f fact) bool { return f.decides || f.first && len(s.moves) == 1 }

// images fold what is known of each image beside that.
func (s *story) images(r *room) string {
	if len(s.moves) > 1 && !r.facts {
		return ""
	}
	var b strings.Builder
	for _, m := range s.moves {
		rest := linesOf(s.image(m, r), func(f fact) bool { return !s.atOnce(f) })
		switch {
		case len(rest) == 0:
		case len(s.moves) == 1:
			return fold("Digests, dates and platforms", "- "+strings.Join(rest, "\n- ")+"\n")
		default:
			b.WriteString("- " + foreign.Code(called(m.changes[0].Image)) + "\n  - " + strings.Join(rest, "\n  - ") + "\n")
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return fold("Digests, platforms and sizes of "+Counted(len(s.moves), "image"), b.String())
}
