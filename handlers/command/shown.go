package command

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// newlines makes the ends of lines what they are for Markdown.
func newlines(body string) string {
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(body)
}

// given are the lines of a comment that begin like commands and show as text, each
// without the spaces around it. A comment that is too long is an error only if
// there might be commands in it.
func given(body string) ([]string, error) {
	body = newlines(body)
	if !Begins(body) {
		return nil, nil
	}
	if len(body) > longestComment {
		return nil, &MistakeError{[]string{fmt.Sprintf("the comment has more than %d KiB, and is not read: give commands in one of their own", longestComment>>10)}}
	}
	v := view{source: []byte(body), open: map[string]int{}}
	parser := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote)).Parser()
	if err := ast.Walk(parser.Parse(text.NewReader(v.source)), v.block); err != nil {
		return nil, fmt.Errorf("reading a comment's Markdown: %w", err)
	}
	return v.lines, nil
}

// Begins tells whether any line of a comment begins like a command, whatever it shows
// as: there is no command in others.
func Begins(body string) bool {
	for line := range strings.Lines(newlines(body)) {
		if begins(strings.TrimLeft(line, " ")) {
			return true
		}
	}
	return false
}

// view goes over a comment as its reader does.
type view struct {
	source []byte
	lines  []string
	// open counts the tags of HTML that are open and keep what is in them from
	// being an order.
	open map[string]int
}

// block looks at a block, and into those whose lines are somebody's own words.
func (v *view) block(n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	switch n := n.(type) {
	case *ast.Document, *ast.List, *ast.ListItem:
		return ast.WalkContinue, nil
	case *ast.HTMLBlock:
		v.htmlBlock(n)
	case *ast.Paragraph, *ast.TextBlock, *ast.Heading:
		// A heading is one that is underlined: so becomes a line above "-- " and
		// a signature.
		return v.paragraph(n)
	}
	return ast.WalkSkipChildren, nil
}

// paragraph takes the commands among a block's lines, up to where a quoted e-mail
// begins: there all ends.
func (v *view) paragraph(n ast.Node) (ast.WalkStatus, error) {
	end := v.quotedFrom(n.Lines())
	err := ast.Walk(n, func(child ast.Node, entering bool) (ast.WalkStatus, error) {
		switch child := child.(type) {
		case *ast.RawHTML:
			if entering {
				v.html(child.Segments.Value(v.source))
			}
		case *ast.Text:
			if entering && child.Parent() == n && child.Segment.Start < end {
				v.take(child.Segment.Start)
			}
		}
		return ast.WalkContinue, nil
	})
	if end < len(v.source) {
		return ast.WalkStop, err
	}
	return ast.WalkSkipChildren, err
}

// take takes the line on which a text starts, if the line starts with the text and
// is a command.
func (v *view) take(start int) {
	from := bytes.LastIndexByte(v.source[:start], '\n') + 1
	if v.hidden() || !indented(v.source[from:start]) {
		return
	}
	line := v.line(from)
	if line = strings.TrimLeft(line, " "); begins(line) {
		v.lines = append(v.lines, strings.TrimRight(line, " \t"))
	}
}

// indented tells whether a line may begin a command after this.
func indented(before []byte) bool {
	const most = 3
	return len(before) <= most && len(bytes.Trim(before, " ")) == 0
}

// line is the whole line that starts there.
func (v *view) line(from int) string {
	line, _, _ := bytes.Cut(v.source[from:], []byte("\n"))
	return string(line)
}

// quotedFrom is where in a block the e-mail begins to which somebody replied; the
// end of all where it does not.
func (v *view) quotedFrom(lines *text.Segments) int {
	for i := range lines.Len() {
		this, next := v.line(lines.At(i).Start), ""
		if i+1 < lines.Len() {
			next = v.line(lines.At(i + 1).Start)
		}
		if introduces(this, next) {
			return lines.At(i).Start
		}
	}
	return len(v.source)
}
