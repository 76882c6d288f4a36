package proposal

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/imageupdater/imageupdater/handlers/foreign"
	"github.com/imageupdater/imageupdater/scanner/version"
)

// longestBody is how long a body is at most, in bytes, without its marker. GitHub
// takes 65,536 characters, and people may want to add some.
const longestBody = 59_900 - longestMarker

const (
	rollBack = "**Rolling back**: Revert this pull request: the version that it proposed is then not proposed again, newer ones are."
	commands = "**Commands**, each on a line of its own in a comment: `/merge`, `/rebase`, `/recreate`, `/hold`, `/unhold`, `/ignore`, `/explain`, `/rescan`. " +
		"`/help` says what each does."
)

// room says how much of each thing a body shows.
type room struct {
	rows     int  // of the table
	places   int  // in a row
	unlinked bool // and they are not linked
	details  int  // images with details
	listed   int  // places in an image's details
	held     int  // updates that are not proposed
	facts    bool // all that is known of each image, and not its platforms alone
	column   bool // the table says what changed, since there is not room for all stories
	tied     bool // and links to it
}

// rooms are tried in turn, until the body is short enough. The last one always
// is.
//
//nolint:gochecknoglobals // a table, never written
var rooms = []room{
	{rows: 400, places: 3, details: 400, listed: 50, held: 100},
	{rows: 400, places: 3, details: 400, listed: 10, held: 30},
	{rows: 400, places: 2, details: 400, held: 30},
	{rows: 400, places: 1, details: 400, held: 20},
	{rows: 400, places: 1, details: 50, held: 20},
	{rows: 400, places: 1, held: 10},
	{rows: 400, held: 10},
	{rows: 200, held: 10},
	{rows: 100, held: 10},
	{rows: 40, held: 5},
	{rows: 10, held: 3},
}

// storied are the rooms of a body that tells what changed.
//
//nolint:gochecknoglobals // a table, never written
var storied = []room{
	{rows: 400, places: 3, facts: true, listed: 50, held: 100},
	{rows: 400, places: 3, facts: true, listed: 10, held: 30},
	{rows: 400, places: 1, facts: true, listed: 3, held: 20},
	{rows: 400, places: 1, held: 20},
	{rows: 400, places: 1, unlinked: true, held: 20},
	{rows: 400, column: true, tied: true, held: 10},
	{rows: 400, column: true, held: 10},
	{rows: 200, column: true, held: 10},
	{rows: 100, column: true, held: 10},
	{rows: 40, column: true, held: 5},
	{rows: 10, column: true, held: 3},
}

// body is the pull request's text: what moves, what happens next, what changed in
// the images, and what was left out. It is Markdown; everything in it that comes
// from outside went through foreign, and all addresses were made here.
func body(p *Proposal, notes *Notes) string {
	next := merging + cmp.Or(notes.Merging, person)
	return parts{does: "This pull request changes", all: ": the commit has them all", next: next, back: rollBack, orders: commands}.body(p, notes)
}

// Preview is the body of a proposal for which there is no pull request, of at most as
// many bytes: of what would happen to one it says who would merge it, if the notes do,
// and it has no commands.
func Preview(p *Proposal, notes *Notes) string {
	once := *notes
	once.once = true
	of := parts{does: "A pull request would change"}
	if notes.Merging != "" {
		of.next = merging + notes.Merging
	}
	return of.body(p, &once)
}

// parts are what a body says of its pull request.
type parts struct{ does, all, next, back, orders string }

func (of parts) body(p *Proposal, notes *Notes) string {
	w := written{Notes: notes, parts: of, moves: movesOf(p.Changes)}
	w.stories = notes.stories(w.moves)
	w.storyOf = byMove(w.stories)
	if w.stories != nil {
		return w.whole(p)
	}
	text := ""
	for _, w.room = range rooms {
		text = paragraphs(w.sentence(p), w.table(), of.next, of.back, of.orders, w.perImage(), w.notProposed())
		if len(text) <= longestBody {
			break
		}
	}
	return text
}

// written is a body in the making.
type written struct {
	*Notes
	room
	parts

	moves   []move
	stories []*story
	// storyOf is the one that tells of a move.
	storyOf map[*move]*story
}

// whole is a body that tells what changed. What is above and below that is never
// cut for it, apart from what is elsewhere too.
func (w written) whole(p *Proposal) string {
	for i, r := range storied {
		w.room = r
		above := []string{w.sentence(p), w.table(), w.next}
		below := []string{w.back, w.orders, w.notProposed()}
		left := longestBody - len(paragraphs(slices.Concat(above, below)...)) - len("\n\n")
		if left >= w.need() || i == len(storied)-1 {
			return paragraphs(slices.Concat(above, []string{w.tell(left)}, below)...)
		}
	}
	return ""
}

// need is the least room for the stories.
func (w written) need() int {
	need := longestRest
	if w.column {
		return need
	}
	for _, s := range w.stories {
		if need > longestBody {
			break // there is less to tell in the next try
		}
		need += s.chapter(&w.room).frame() + min(s.want, leastNotes)
	}
	return need
}

// paragraphs joins the parts that there are, with an empty line between.
func paragraphs(parts ...string) string {
	var b strings.Builder
	for _, part := range parts {
		if part == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("\n\n")
		}
		b.WriteString(strings.TrimRight(part, "\n"))
	}
	return b.String() + "\n"
}

// sentence says how much the pull request changes.
func (w written) sentence(p *Proposal) string {
	images, files := map[string]bool{}, map[string]bool{}
	for i := range p.Changes {
		images[p.Changes[i].Image], files[p.Changes[i].Path] = true, true
	}
	return fmt.Sprintf("%s %s in %s (group %s).", w.does,
		Counted(len(images), "image"), Counted(len(files), "file"), foreign.Code(p.Group))
}

// Counted is "1 file" or "2 files".
func Counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// table has a row for each step of each image.
func (w written) table() string {
	if len(w.moves) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(w.head())
	shown := w.moves[:min(len(w.moves), w.rows)]
	for i := range shown {
		if b.Len() > longestBody {
			break // there is less room for the next try
		}
		first := shown[i].changes[0]
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |%s %s |\n", foreign.Code(called(first.Image)), foreign.Code(short(first.From)), foreign.Code(short(first.To)),
			kindly(first.Kind), since(first), w.changed(&shown[i]), w.where(&shown[i], w.places, "<br>", !w.unlinked))
	}
	if more := len(w.moves) - len(shown); more > 0 {
		fmt.Fprintf(&b, "\nand %d more%s.\n", more, w.all)
	}
	return b.String()
}

func (w written) head() string {
	if w.column {
		return "| Image | From | To | Kind | Since | Changes | Where |\n| --- | --- | --- | --- | --- | --- | --- |\n"
	}
	return "| Image | From | To | Kind | Since | Where |\n| --- | --- | --- | --- | --- | --- |\n"
}

// changed is the cell that says what changed, where there is one.
func (w written) changed(m *move) string {
	if !w.column {
		return ""
	}
	s := w.storyOf[m]
	text := s.essence()
	if w.tied {
		text = s.linked(text, s.changed.Link)
	}
	return " " + text + " |"
}

// kindly is a kind as text, unless it is none of ours.
func kindly(kind version.Kind) string {
	if slices.Contains(version.Kinds(), kind) {
		return string(kind)
	}
	return foreign.Code(string(kind))
}

// where lists places of a move.
func (n *Notes) where(m *move, most int, between string, linked bool) string {
	if most == 0 {
		return Counted(len(m.changes), "place")
	}
	var places []string
	for _, c := range m.changes[:min(len(m.changes), most)] {
		places = append(places, n.place(c, linked))
	}
	if more := len(m.changes) - most; more > 0 {
		places = append(places, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(places, between)
}

// short is a value for a cell: a digest is known by its first digits.
func short(v Value) string {
	switch {
	case v.Digest == "":
		return v.Tag
	case v.Tag == "":
		return "@" + brief(v.Digest)
	}
	return v.Tag + "@" + brief(v.Digest)
}
