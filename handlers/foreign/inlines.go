package foreign

import (
	"strings"

	"github.com/yuin/goldmark/ast"
	extensions "github.com/yuin/goldmark/extension/ast"
)

// kind is what a piece of a line is.
type kind int

const (
	words kind = iota // text as it is seen, not yet judged
	code
	begin // of emphasis, its mark the text
	end
	linkBegin
	linkEnd // its address the text
	newline
	hardBreak
	nothing
)

// piece is part of a paragraph, a heading or a cell. Pieces are collected before
// any is written: what stands between two texts may turn out to be nothing, and
// together they may say what neither says alone.
type piece struct {
	kind kind
	text string
}

// deepest is how many emphases, or lists and quotes, may be in each other.
const deepest = 6

// inlines collects the pieces of one block.
type inlines struct {
	page   *page
	source []byte
	pieces []piece
	// href is the address of a link of HTML that is open.
	href   string
	inLink bool
	depth  int
}

func (l *inlines) add(k kind, text string) { l.pieces = append(l.pieces, piece{k, text}) }

func (l *inlines) children(n ast.Node) {
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		l.inline(child)
	}
}

func (l *inlines) inline(n ast.Node) {
	switch n := n.(type) {
	case *ast.Text:
		l.words(n)
	case *ast.String:
		l.add(words, string(n.Value))
	case *ast.CodeSpan:
		l.add(code, l.raw(n))
	case *ast.Emphasis:
		l.emphasis(n, strings.Repeat("*", n.Level))
	case *extensions.Strikethrough:
		l.emphasis(n, "~~")
	case *ast.Link:
		l.link(unescape(string(n.Destination)), func() { l.children(n) })
	case *ast.Image:
		l.image(unescape(string(n.Destination)), func() { l.children(n) })
	case *ast.AutoLink:
		l.address(string(n.URL(l.source)))
	case *ast.RawHTML:
		l.html(string(n.Segments.Value(l.source)))
	default:
		l.children(n)
	}
}

func (l *inlines) words(n *ast.Text) {
	value := string(n.Segment.Value(l.source))
	if !n.IsRaw() {
		value = unescape(value)
	}
	l.add(words, value)
	switch {
	case n.HardLineBreak():
		l.add(hardBreak, "")
	case n.SoftLineBreak():
		l.add(newline, "")
	}
}

// raw is what is in a code span.
func (l *inlines) raw(n ast.Node) string {
	var b strings.Builder
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		if text, ok := child.(*ast.Text); ok {
			b.Write(text.Segment.Value(l.source))
		}
	}
	return b.String()
}

func (l *inlines) emphasis(n ast.Node, mark string) {
	l.depth++
	shown := l.depth <= deepest
	if shown {
		l.add(begin, mark)
	}
	l.children(n)
	if shown {
		l.add(end, mark)
	}
	l.depth--
}

// link is a link if its address is harmless, else only what it says.
func (l *inlines) link(address string, label func()) {
	u, ok := webURL(address)
	to := ""
	if ok {
		to = l.page.destination(u)
	}
	if to == "" || l.inLink {
		label()
		return
	}
	l.add(linkBegin, "")
	at := len(l.pieces)
	l.inLink = true
	label()
	if !says(l.pieces[at:]) {
		l.add(words, l.page.display(u))
	}
	l.inLink = false
	l.add(linkEnd, to)
}

// says tells whether anything is seen of pieces.
func says(pieces []piece) bool {
	for _, p := range pieces {
		if (p.kind == words || p.kind == code) && strings.TrimSpace(spaced(visible(p.text))) != "" {
			return true
		}
	}
	return false
}

// image is a link to the picture, which is loaded when somebody wants it to be.
func (l *inlines) image(address string, alt func()) {
	l.link(address, func() {
		at := len(l.pieces)
		inLink := l.inLink
		l.inLink = true
		alt()
		l.inLink = inLink
		if !says(l.pieces[at:]) {
			l.add(words, "image")
		}
	})
}

// address is an address that stands for itself.
func (l *inlines) address(address string) {
	u, ok := webURL(address)
	if !ok {
		l.add(words, address)
		return
	}
	l.link(address, func() { l.add(words, l.page.display(u)) })
}
