package dashboard

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/imageupdater/imageupdater/handlers/foreign"
	"github.com/imageupdater/imageupdater/handlers/proposal"
)

// writing is a text in the making.
type writing struct {
	*State
	room
}

// section is a list under a heading.
type section struct {
	title, hint string
	items       []item
}

// item is one line of a list. Sections order their items by key. Their texts are
// made when they are shown: there may be thousands.
type item struct {
	key  string
	box  *Box
	text func() string
}

// saying is between what is the matter and what somebody else says of it.
const saying = " — "

func (w *writing) section(s *section) string {
	var b strings.Builder
	b.WriteString("### " + s.title + "\n\n")
	if s.hint != "" {
		b.WriteString(s.hint + "\n\n")
	}
	slices.SortStableFunc(s.items, func(a, b item) int { return cmp.Compare(a.key, b.key) })
	shown := s.items[:min(len(s.items), w.items)]
	for i := range shown {
		box := "- "
		if shown[i].box != nil {
			box = w.boxed(*shown[i].box)
		}
		b.WriteString(box + shown[i].text() + "\n")
	}
	if more := len(s.items) - len(shown); more > 0 {
		fmt.Fprintf(&b, "- and %d more, for which there is no room here\n", more)
	}
	return strings.TrimRight(b.String(), "\n")
}

func (w *writing) boxed(b Box) string {
	if w.Ticked[b] {
		return "- [x] " + b.id() + " "
	}
	return "- [ ] " + b.id() + " "
}

// code is foreign.Code of as much as there is room for.
func (w *writing) code(text string) string { return foreign.Code(foreign.Shorten(text, w.words)) }

// move is a step of an image.
type move struct{ image, from, to string }

func moveOf(c *proposal.Change) move {
	return move{c.Image, proposal.Short(c.From), proposal.Short(c.To)}
}

func recorded(u *proposal.Recorded) move {
	return move{u.Image, proposal.Short(proposal.ValueOf(u.From)), proposal.Short(proposal.ValueOf(u.To))}
}

// moves lists steps, each once.
func (w *writing) moves(all []move) string {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b move) int {
		return cmp.Or(strings.Compare(a.image, b.image), strings.Compare(a.from, b.from), strings.Compare(a.to, b.to))
	})
	all = slices.Compact(all)
	most := max(w.room.moves, 1)
	texts := make([]string, 0, len(all))
	for _, m := range all[:min(len(all), most)] {
		texts = append(texts, fmt.Sprintf("%s %s → %s", w.code(proposal.Called(m.image)), w.code(m.from), w.code(m.to)))
	}
	if more := len(all) - most; more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(texts, ", ")
}

// place is a line of a file on the base, as it is linked.
type place struct {
	file string
	line int
}

// places lists lines of files, each once.
func (w *writing) places(all []place) string {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b place) int { return cmp.Or(strings.Compare(a.file, b.file), cmp.Compare(a.line, b.line)) })
	all = slices.Compact(all)
	const most = 3
	var texts []string
	for _, p := range all[:min(len(all), min(w.room.moves, most))] {
		texts = append(texts, w.place(p))
	}
	if more := len(all) - len(texts); more > 0 && len(texts) > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	} else if more > 0 {
		texts = append(texts, strconv.Itoa(more)+" places")
	}
	return strings.Join(texts, ", ")
}

// place links to the branch: with a commit, each push would be a new text.
func (w *writing) place(p place) string {
	name, anchor := p.file, ""
	if p.line > 0 {
		name += ":" + strconv.Itoa(p.line)
		anchor = "#L" + strconv.Itoa(p.line)
	}
	link := w.page("/blob/" + segments(w.Base) + "/" + segments(p.file))
	if link == "" || len(link) > longestLink {
		return w.code(name)
	}
	return "[" + w.code(name) + "](" + link + anchor + ")"
}

// longestLink is the longest address that is linked, in bytes.
const longestLink = 400

// page is the address of a page of the repository; "" where there is no safe one.
func (w *writing) page(path string) string {
	base, err := url.Parse(w.URL)
	if err != nil || base.Scheme != "https" && base.Scheme != "http" || base.Host == "" || base.User != nil {
		return ""
	}
	return base.Scheme + "://" + base.Host + segments(strings.TrimRight(base.Path, "/")) + path
}

// segments escapes a path so that nothing of it means something in Markdown.
func segments(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		parts[i] = strings.NewReplacer("_", "%5F", "~", "%7E", "*", "%2A", "&", "%26", "@", "%40").Replace(url.PathEscape(p))
	}
	return strings.Join(parts, "/")
}

func isHex(text string) bool { return text != "" && strings.Trim(text, "0123456789abcdef") == "" }
