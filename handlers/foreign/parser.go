package foreign

import (
	"bytes"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// parse reads Markdown, and tells whether all of it was. Of GitHub's own Markdown only
// tables and struck text are read: addresses, boxes and footnotes are text until
// text.go sees them.
func parse(source []byte) (root ast.Node, whole bool) {
	const beforeAll, tables, afterAll, struck = 50, 200, 300, 500
	p := parser.NewParser(
		parser.WithBlockParsers(parser.DefaultBlockParsers()...),
		parser.WithInlineParsers(append(parser.DefaultInlineParsers(), util.Prioritized(extension.NewStrikethroughParser(), struck))...),
		parser.WithParagraphTransformers(append(parser.DefaultParagraphTransformers(),
			util.Prioritized(guard(boundRaw), beforeAll),
			util.Prioritized(extension.NewTableParagraphTransformer(), tables),
			util.Prioritized(guard(boundProse), afterAll),
		)...),
	)
	pc := parser.NewContext()
	root = p.Parse(text.NewReader(source), parser.WithContext(pc))
	return root, pc.Get(shortened) == nil
}

// shortened is set in the context of a parser that did not read everything.
//
//nolint:gochecknoglobals // goldmark hands out its keys one by one; never written
var shortened = parser.NewContextKey()

// guard shortens paragraphs: it gives how many of a paragraph's lines may stay. The
// parser's work on a paragraph can grow with the square of its length.
type guard func(lines *text.Segments, source []byte) int

// Transform is called by the parser when a paragraph ends.
func (g guard) Transform(p *ast.Paragraph, reader text.Reader, pc parser.Context) {
	lines := p.Lines()
	stay := g(lines, reader.Source())
	if stay >= lines.Len() {
		return
	}
	pc.Set(shortened, true)
	if stay == 0 {
		p.Parent().RemoveChild(p.Parent(), p)
		return
	}
	lines.SetSliced(0, stay)
}

// boundRaw is for what may still be a table or the definitions of links. The parser
// makes a cell for each column in each row, also where a row has none.
func boundRaw(lines *text.Segments, source []byte) int {
	const longest, longestTable, mostColumns, mostCellsPerByte = 16 << 10, 64 << 10, 64, 1
	size, widest := 0, 0
	for i := range lines.Len() {
		line := lines.At(i)
		size += line.Len()
		if row := line.Value(source); delimits(row) {
			widest = max(widest, bytes.Count(row, []byte("|"))+1)
		}
		if size > longest && widest == 0 || size > longestTable || widest > mostColumns || widest*(i-1) > size*mostCellsPerByte {
			return i
		}
	}
	return lines.Len()
}

// delimits tells whether a line may be that between the head and the rows of a table.
func delimits(line []byte) bool {
	return len(bytes.Trim(line, " \t\n|:-")) == 0 && bytes.IndexByte(line, '-') >= 0
}

// boundProse is for what has become a paragraph.
func boundProse(lines *text.Segments, source []byte) int {
	const longest, mostMarks = 8 << 10, 512
	size, marks := 0, 0
	for i := range lines.Len() {
		line := lines.At(i)
		size += line.Len()
		marks += marksIn(line.Value(source))
		if size > longest || marks > mostMarks {
			return i
		}
	}
	return lines.Len()
}

// marksIn counts the characters that the parser has to remember until it has seen
// all of a paragraph.
func marksIn(line []byte) int {
	marks := 0
	for _, b := range line {
		if costly(b) {
			marks++
		}
	}
	return marks
}

func costly(b byte) bool {
	switch b {
	case '[', ']', '*', '_', '~', '<', '`':
		return true
	}
	return false
}
