package foreign

import (
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	extensions "github.com/yuin/goldmark/extension/ast"
)

// renderer writes blocks anew, as lines, up to a length.
type renderer struct {
	page   *page
	source []byte
	// lower is how much headings are lowered.
	lower int
	// left is how many of the whole number of bytes may still be written, and indent
	// what each line costs more.
	left, whole, indent int
	depth               int
	// cut is set when something did not fit. After it nothing more is written.
	cut bool
}

// highest is the level of the highest heading, wherever it stands.
func highest(parent ast.Node) int {
	level := deepestLevel
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Heading:
			level = min(level, n.Level)
		case *ast.List, *ast.ListItem, *ast.Blockquote:
			level = min(level, highest(n))
		}
	}
	return level
}

// blocks writes what is in a block, in which paragraphs may be without empty lines
// between them.
func (r *renderer) blocks(parent ast.Node, tight bool) []string {
	var lines []string
	var before ast.Node
	for n := parent.FirstChild(); n != nil && !r.cut; n = n.NextSibling() {
		block := r.block(n)
		if len(block) == 0 {
			continue
		}
		if before != nil && (!tight || !follows(before, n)) {
			lines = append(lines, "")
		}
		lines = append(lines, block...)
		before = n
	}
	return lines
}

// follows tells whether a block begins by itself on the line after another.
func follows(before, n ast.Node) bool {
	list, ok := n.(*ast.List)
	return ok && before.Kind() == ast.KindTextBlock && (!list.IsOrdered() || list.Start == 1)
}

func (r *renderer) block(n ast.Node) []string {
	switch n := n.(type) {
	case *ast.Paragraph, *ast.TextBlock:
		l := r.inlines()
		l.children(n)
		return r.prose(l.pieces)
	case *ast.Heading:
		return r.heading(n)
	case *ast.List:
		return r.list(n)
	case *ast.Blockquote:
		return r.quote(n)
	case *ast.FencedCodeBlock:
		return r.code(string(n.Language(r.source)), n)
	case *ast.CodeBlock:
		return r.code("", n)
	case *ast.HTMLBlock:
		return r.prose(r.htmlBlock(n))
	case *ast.ThematicBreak: // of what begins no list
		return r.fitting([]string{"___"})
	case *extensions.Table:
		return r.table(n)
	}
	return nil
}

// fitting are lines that belong together, if they fit.
func (r *renderer) fitting(lines []string) []string {
	size := 1 // an empty line before them
	for _, line := range lines {
		size += r.indent + len(line) + 1
	}
	if len(lines) == 0 {
		return nil
	}
	if r.cut || size > r.left {
		r.cut = true
		return nil
	}
	r.left -= size
	return lines
}

func (r *renderer) inlines() *inlines { return &inlines{page: r.page, source: r.source} }

// prose writes a paragraph. The first thing of all is better seen in part than not at
// all.
func (r *renderer) prose(pieces []piece) []string {
	first := !r.cut && r.whole == r.left
	lines := (&writer{page: r.page}).markdown(pieces)
	if fits := r.fitting(lines); fits != nil || !first {
		return fits
	}
	const enough, ellipsis = 32, "…"
	for most := r.left / 2; most > enough; most /= 2 {
		lines = (&writer{page: r.page}).markdown([]piece{{words, Whole(said(pieces, most)) + ellipsis}})
		if r.cut = false; r.fitting(lines) != nil {
			r.cut = true
			return lines
		}
	}
	return nil
}

// said is what pieces say, up to a length.
func said(pieces []piece, most int) string {
	var b strings.Builder
	for _, p := range pieces {
		switch p.kind {
		case words, code:
			b.WriteString(p.text)
		case newline, hardBreak:
			b.WriteByte(' ')
		default:
		}
		if b.Len() >= most {
			return b.String()[:most]
		}
	}
	return b.String()
}

func (r *renderer) heading(n *ast.Heading) []string {
	l := r.inlines()
	l.children(n)
	lines := (&writer{page: r.page, oneLine: true}).markdown(l.pieces)
	if len(lines) == 0 {
		return nil
	}
	level := max(1, min(n.Level+r.lower, deepestLevel))
	return r.fitting([]string{strings.Repeat("#", level) + " " + lines[0]})
}

// htmlBlock is what HTML says, and not the HTML.
func (r *renderer) htmlBlock(n *ast.HTMLBlock) []piece {
	source := string(n.Lines().Value(r.source))
	if n.HasClosure() {
		source += string(n.ClosureLine.Value(r.source))
	}
	l := r.inlines()
	l.html(source)
	return l.pieces
}

func (r *renderer) quote(n ast.Node) []string {
	if r.depth >= deepest {
		return r.blocks(n, false)
	}
	lines := r.deeper(len("> "), func() []string { return r.blocks(n, false) })
	for i, line := range lines {
		lines[i] = strings.TrimRight("> "+line, " ")
	}
	return lines
}

func (r *renderer) deeper(indent int, write func() []string) []string {
	r.depth++
	r.indent += indent
	lines := write()
	r.indent -= indent
	r.depth--
	return lines
}

// list writes a list with the marks it has: two that follow each other have different
// ones, or they would be one.
func (r *renderer) list(n *ast.List) []string {
	if r.depth >= deepest {
		return r.flat(n)
	}
	var lines []string
	number := n.Start
	for item := n.FirstChild(); item != nil && !r.cut; item = item.NextSibling() {
		mark := string(n.Marker) + " "
		if n.IsOrdered() {
			mark = strconv.Itoa(number) + mark
		}
		content := r.deeper(len(mark), func() []string { return r.blocks(item, n.IsTight) })
		if len(content) == 0 {
			continue
		}
		number = min(number+1, 999_999_999)
		if len(lines) > 0 && !n.IsTight {
			lines = append(lines, "")
		}
		for i, line := range content {
			switch {
			case i == 0:
				line = mark + line
			case line != "":
				line = strings.Repeat(" ", len(mark)) + line
			}
			lines = append(lines, line)
		}
	}
	return lines
}

// flat writes the items of a list that is too deep as if they were no list.
func (r *renderer) flat(n *ast.List) []string {
	var lines []string
	for item := n.FirstChild(); item != nil && !r.cut; item = item.NextSibling() {
		content := r.blocks(item, false)
		if len(lines) > 0 && len(content) > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, content...)
	}
	return lines
}
