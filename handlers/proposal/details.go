package proposal

import (
	"fmt"
	"strings"

	"github.com/imageupdater/imageupdater/handlers/foreign"
	"github.com/imageupdater/imageupdater/scanner/version"
)

// move is one step of one image, wherever it is done.
type move struct{ changes []*Change }

// movesOf puts changes together that do the same to the same image, in the order
// of the first of each.
func movesOf(changes []Change) []move {
	type same struct {
		image    string
		from, to Value
		kind     version.Kind
	}
	at := map[same]int{}
	var moves []move
	for i := range changes {
		c := &changes[i]
		key := same{c.Image, c.From, c.To, c.Kind}
		known, ok := at[key]
		if !ok {
			known = len(moves)
			at[key] = known
			moves = append(moves, move{})
		}
		moves[known].changes = append(moves[known].changes, c)
	}
	return moves
}

// perImage folds what is known of each image before and after.
func (w written) perImage() string {
	var b strings.Builder
	told := 0
	for i := range w.moves {
		if told >= w.details || b.Len() > longestBody {
			break
		}
		if text := w.entry(&w.moves[i]); text != "" {
			b.WriteString(text)
			told++
		}
	}
	return folded("Digests, platforms and places", b.String())
}

// entry is one of perImage; "" where the table says it all.
func (w written) entry(m *move) string {
	c := m.changes[0]
	before, after := w.before(m), w.after(m)
	var lines []string
	if before.Digest != "" || after.Digest != "" {
		lines = append(lines, "digest before: "+unlessEmpty(before.Digest), "digest after: "+unlessEmpty(after.Digest))
	}
	if len(before.Platforms) > 0 || len(after.Platforms) > 0 {
		lines = append(lines, "platforms before: "+codes(before.Platforms), "platforms after: "+codes(after.Platforms))
	}
	for _, line := range []string{sizeLine(before, after), builtLine(before, after), baseLine(before, after)} {
		if line != "" {
			lines = append(lines, line)
		}
	}
	if len(m.changes) > w.places && w.listed > 0 {
		lines = append(lines, "places: "+w.where(m, w.listed, ", ", true))
	}
	if len(lines) == 0 {
		return ""
	}
	return fmt.Sprintf("- %s %s → %s\n  - %s\n", foreign.Code(called(c.Image)), foreign.Code(short(c.From)), foreign.Code(short(c.To)), strings.Join(lines, "\n  - "))
}

func unlessEmpty(digest string) string {
	if digest == "" {
		return "not known"
	}
	return foreign.Code(digest)
}

// mostPlatforms is how many platforms are named.
const mostPlatforms = 16

func codes(values []string) string {
	if len(values) == 0 {
		return "not known"
	}
	var all []string
	for _, v := range values[:min(len(values), mostPlatforms)] {
		all = append(all, foreign.Code(v))
	}
	if more := len(values) - mostPlatforms; more > 0 {
		all = append(all, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(all, ", ")
}

// notProposed folds the updates that wait, each with its reason.
func (w written) notProposed() string {
	if len(w.Held) == 0 {
		return ""
	}
	var b strings.Builder
	for i := range w.Held[:min(len(w.Held), w.held)] {
		h := &w.Held[i]
		fmt.Fprintf(&b, "- %s %s → %s in %s: %s\n", foreign.Code(called(h.Image)), foreign.Code(short(h.From)), foreign.Code(short(h.To)), foreign.Code(h.Path), h.Reason())
	}
	if more := len(w.Held) - w.held; more > 0 {
		fmt.Fprintf(&b, "- and %d more\n", more)
	}
	return folded("Not proposed now: "+Counted(len(w.Held), "update"), b.String())
}

// Reason is in Markdown why an update waits, and until when: not where that is only when to
// look again, since the text would be another one on each run.
func (h *Held) Reason() string {
	text := h.Why.words()
	if !h.Until.IsZero() && (h.Why == Window || h.Why == Freeze || h.Why == Young) {
		text += ", until " + h.Until.UTC().Format("2006-01-02 15:04") + " UTC"
	}
	if !h.Until.IsZero() && h.Why == Soaks {
		text += ", not before " + h.Until.UTC().Format("2006-01-02 15:04") + " UTC"
	}
	if h.Detail != "" {
		text += " (" + foreign.Code(h.Detail) + ")"
	}
	return text
}

// words are the reason in a sentence.
func (w Why) words() string {
	switch w {
	case Limit:
		return "as many pull requests are open as may be"
	case PerHour:
		return "as many pull requests were opened in the last hour as may be"
	case Window:
		return "pull requests are opened at other times"
	case Freeze:
		return "nothing is proposed on these days"
	case Young:
		return "it has not been there long enough"
	case Theirs:
		return "somebody else works on the branch"
	case Unclear:
		return "its pull request stays as it is, since a registry or a file does not tell about another update of it"
	case Soaks:
		return "it waits until the older one is merged"
	case Paused:
		return "somebody paused the pull request"
	case Refused:
		return "somebody closed the pull request that proposed it"
	case RolledBack:
		return "it was merged, and the file has older content again"
	case Failed:
		return "the file cannot be edited so that nothing else changes"
	default:
		return foreign.Code(string(w))
	}
}

// folded is a list that opens when it is clicked. The summary is our own words.
func folded(summary, list string) string {
	if list == "" {
		return ""
	}
	return "<details>\n<summary>" + summary + "</summary>\n\n" + list + "\n</details>"
}
