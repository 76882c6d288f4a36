package foreign

import (
	"regexp"
	"slices"
	"strings"
)

// joined takes out emphasis and code of nothing, and makes spaces of the ends of lines
// where a line cannot end. What is left of texts beside each other is one text.
func joined(pieces []piece, oneLine bool) []piece {
	var open []int
	for i := range pieces {
		p := &pieces[i]
		switch p.kind {
		case words:
			p.text = spaced(visible(p.text))
		case code:
			if !says(pieces[i : i+1]) {
				*p = piece{words, " "}
			}
		case newline, hardBreak:
			if oneLine {
				*p = piece{words, " "}
			}
		case begin:
			open = append(open, i)
		case end:
			from := open[len(open)-1]
			open = open[:len(open)-1]
			if !says(pieces[from:i]) {
				pieces[from].kind, p.kind = nothing, nothing
			}
		default:
		}
	}
	pieces = slices.DeleteFunc(pieces, func(p piece) bool { return p.kind == nothing || p.kind == words && p.text == "" })
	return together(pieces)
}

// together makes texts that follow each other one.
func together(pieces []piece) []piece {
	var out []piece
	var text strings.Builder
	for i, p := range pieces {
		if p.kind != words {
			out = append(out, p)
			continue
		}
		text.WriteString(p.text)
		if i+1 == len(pieces) || pieces[i+1].kind != words {
			out = append(out, piece{words, text.String()})
			text.Reset()
		}
	}
	return out
}

// writer writes the pieces of one block.
type writer struct {
	page *page
	out  []byte
	// oneLine is where a line cannot end: in headings and cells.
	oneLine bool
	inCell  bool
	inLink  bool
	// due is the space or the end of a line before the next thing to be seen, and
	// marks are those that begin right before it.
	due   string
	marks []string
}

// markdown writes pieces as lines.
func (w *writer) markdown(pieces []piece) []string {
	for _, p := range joined(pieces, w.oneLine) {
		w.piece(p)
	}
	if len(w.out) == 0 {
		return nil
	}
	return strings.Split(string(w.out), "\n")
}

func (w *writer) piece(p piece) {
	switch p.kind {
	case words:
		w.words(p.text)
	case code:
		w.code(p.text)
	case begin:
		w.marks = append(w.marks, p.text)
	case end:
		w.ends(p.text)
	case linkBegin:
		w.marks = append(w.marks, "[")
		w.inLink = true
	case linkEnd:
		w.endLink(p.text)
	case newline:
		w.due = "\n"
	case hardBreak:
		w.due = "\\\n"
	case nothing:
	}
}

// space is due before the next thing, if the line does not end there.
func (w *writer) space() {
	if w.due == "" {
		w.due = " "
	}
}

// show writes what is seen, and before it what is due.
func (w *writer) show(text string) {
	if len(w.out) > 0 {
		w.out = append(w.out, w.due...)
	}
	w.due = ""
	for _, mark := range w.marks {
		w.out = append(w.out, mark...)
	}
	w.marks = w.marks[:0]
	w.out = append(w.out, text...)
}

// ends writes the mark that ends what one began, before what is due.
func (w *writer) ends(mark string) {
	if last := len(w.marks) - 1; last >= 0 {
		w.marks = w.marks[:last] // nothing was between them
		return
	}
	w.out = append(w.out, mark...)
}

// endLink ends a link. One that says x could be taken for a box that is ticked.
func (w *writer) endLink(to string) {
	if last := len(w.out) - len("[x"); last >= 0 && strings.EqualFold(string(w.out[last:]), "[x") {
		w.out = append(w.out[:last], "[`x`"...)
	}
	w.ends("](" + to + ")")
	w.inLink = false
}

// atStart tells whether nothing is on the line yet.
func (w *writer) atStart() bool { return len(w.out) == 0 || w.out[len(w.out)-1] == '\n' }

// words writes text, a word at a time.
func (w *writer) words(text string) {
	text = boxes.Replace(manySpaces.ReplaceAllString(text, " "))
	for text != "" {
		if text[0] == ' ' {
			w.space()
			text = text[1:]
			continue
		}
		word, _, _ := strings.Cut(text, " ")
		text = text[len(word):]
		for len(word) > longestWord {
			head := Whole(word[:longestWord])
			w.word(head)
			w.space() // so that no address or name is both in and out of it
			word = word[len(head):]
		}
		w.word(word)
	}
}

var manySpaces = regexp.MustCompile(` {2,}`)

// longestWord keeps the work on a word small, and lines from being wider than a page.
const longestWord = 512

// boxes are those of tasks, which GitHub would let people tick.
//
//nolint:gochecknoglobals // a table, never written
var boxes = strings.NewReplacer("[ ]", "☐", "[x]", "☑", "[X]", "☑")

// code writes a code span.
func (w *writer) code(text string) {
	text = verbatim(spaced(visible(text)))
	if strings.TrimSpace(text) == "" {
		w.space()
		return
	}
	if w.inCell {
		text = strings.ReplaceAll(strings.ReplaceAll(text, `\|`, "|"), "|", `\|`)
		text = strings.ReplaceAll(text, `\\|`, `\ \|`) // or the bar would end the cell
	}
	fence := strings.Repeat("`", missing(text))
	if text[0] == '`' || text[len(text)-1] == '`' || text[0] == ' ' && text[len(text)-1] == ' ' {
		text = " " + text + " "
	}
	if len(w.marks) == 0 && len(w.out) > 0 && w.out[len(w.out)-1] == '`' {
		w.space() // two spans beside each other would be one
	}
	w.show(fence + text + fence)
}

// missing is the least number of backticks that do not follow each other in a text.
func missing(text string) int {
	found := map[int]bool{}
	run := 0
	for i := range len(text) + 1 {
		if i < len(text) && text[i] == '`' {
			run++
			continue
		}
		found[run] = true
		run = 0
	}
	n := 1
	for found[n] {
		n++
	}
	return n
}
