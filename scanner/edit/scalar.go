package edit

import (
	"bytes"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// scalar is where a scalar stands in its text.
type scalar struct {
	node *yaml.Node
	// start and end bound the whole scalar, quotes included; inner and
	// innerEnd what is between the quotes.
	start, end      int
	inner, innerEnd int
	quote           byte // '"', '\'', or 0 for plain and block scalars
	block           bool // a block scalar with one line of text
	absent          bool // a key without a value: start and end are behind its colon
	verbatim        bool // the inner bytes are the value's bytes
}

// Templated tells whether a template produces any byte of the scalar.
func (t *Text) Templated(n *yaml.Node) bool {
	if !t.masked {
		return false
	}
	s, err := t.find(n)
	return err != nil || !bytes.Equal(t.source[s.start:s.end], t.parsed[s.start:s.end])
}

// Raw is the source text of a scalar, without quotes; its value where the
// source cannot be found.
func (t *Text) Raw(n *yaml.Node) string {
	s, err := t.find(n)
	if err != nil {
		return n.Value
	}
	return string(t.source[s.inner:s.innerEnd])
}

// After is what follows a scalar on its line, up to a kilobyte: blanks,
// commas, a comment.
func (t *Text) After(n *yaml.Node) string {
	s, err := t.find(n)
	if err != nil {
		return ""
	}
	line := t.lineOf(max(s.start, s.end-1))
	end := t.lineStarts()[line] + len(t.lineBytes(line))
	return string(t.source[s.end:max(s.end, min(end, s.end+1024))])
}

// Slot is the piece value[from:to] of a scalar, ready for an edit. It fails
// where the piece cannot be replaced without touching anything else.
func (t *Text) Slot(n *yaml.Node, from, to int) (Slot, error) {
	s, err := t.locate(n)
	if err != nil {
		return Slot{}, err
	}
	whole := from == 0 && to == len(n.Value)
	if !s.verbatim && !whole {
		return Slot{}, ErrMismatch
	}
	at := t.position(s.inner, s.innerEnd)
	if s.verbatim {
		at = t.position(s.inner+from, s.inner+to)
	}
	return Slot{Carriers: t.carriers(), Scalar: markOf(n), From: from, To: to, Old: n.Value[from:to], At: at}, nil
}

// Position is where a scalar stands in the file; the place of its node, with
// length 0, where its bytes cannot be found.
func (t *Text) Position(n *yaml.Node) Position {
	if s, err := t.find(n); err == nil {
		return t.position(s.inner, s.innerEnd)
	}
	if offset, ok := t.offsetOf(n.Line, n.Column); ok {
		return t.position(offset, offset)
	}
	return Position{Line: t.FileLine(n.Line), Column: n.Column}
}

// locate finds a scalar that may be edited.
func (t *Text) locate(n *yaml.Node) (scalar, error) {
	s, err := t.find(n)
	switch {
	case err != nil:
		return scalar{}, err
	case n.Style&yaml.TaggedStyle != 0 && n.ShortTag() != "!!str":
		return scalar{}, ErrTagged
	case s.absent && t.masked:
		return scalar{}, ErrTemplated // a template on the lines below may be the value
	case !bytes.Equal(t.source[s.start:s.end], t.parsed[s.start:s.end]):
		return scalar{}, ErrTemplated
	}
	return s, nil
}

// find gives the exact bytes of a scalar and proves that they say its value.
func (t *Text) find(n *yaml.Node) (scalar, error) {
	if n.Kind == yaml.AliasNode {
		return scalar{}, ErrAlias
	}
	if isAbsent(n) {
		return t.behindColon(n)
	}
	start, err := t.start(n)
	if err != nil {
		return scalar{}, err
	}
	s := scalar{node: n, start: start}
	switch first := t.byteAt(start); {
	case first == '"' || first == '\'':
		return t.quoted(s, first)
	case (first == '|' || first == '>') && n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return t.oneLineBlock(s)
	case bytes.HasPrefix(t.parsed[start:], []byte(n.Value)):
		s.end = start + len(n.Value)
		s.inner, s.innerEnd, s.verbatim = s.start, s.end, true
		return s, nil
	}
	return scalar{}, ErrMultiline
}

// isAbsent tells whether a scalar has no bytes at all, as in `digest:`.
func isAbsent(n *yaml.Node) bool {
	const written = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	return n.Kind == yaml.ScalarNode && n.Value == "" && n.Style&written == 0
}

// behindColon is where the value of a key that has none would stand. The parser
// reports the colon's end in block style, the next token in flow style.
func (t *Text) behindColon(n *yaml.Node) (scalar, error) {
	if n.Style&yaml.TaggedStyle != 0 {
		return scalar{}, ErrTagged
	}
	offset, ok := t.offsetOf(n.Line, n.Column)
	if !ok || n.Anchor != "" {
		return scalar{}, ErrMismatch
	}
	end := len(bytes.TrimRight(t.parsed[:offset], " \t"))
	if end == 0 || t.parsed[end-1] != ':' {
		return scalar{}, ErrMismatch
	}
	return scalar{node: n, start: end, end: end, inner: end, innerEnd: end, absent: true, verbatim: true}, nil
}

func (t *Text) byteAt(offset int) byte {
	if offset < len(t.parsed) {
		return t.parsed[offset]
	}
	return 0
}

// start is the offset of a node's content: the parser reports where its anchor
// and tag begin.
func (t *Text) start(n *yaml.Node) (int, error) {
	offset, ok := t.offsetOf(n.Line, n.Column)
	if !ok {
		return 0, ErrMismatch
	}
	if n.Anchor == "" && n.Style&yaml.TaggedStyle == 0 {
		return offset, nil
	}
	for {
		switch t.byteAt(offset) {
		case '&', '!':
			offset = skipUntil(t.parsed, offset, " \t\r\n,[]{}")
		case ' ', '\t', '\r', '\n':
			offset++
		case '#':
			offset = skipUntil(t.parsed, offset, "\r\n")
		default:
			return offset, nil
		}
	}
}

func skipUntil(src []byte, offset int, stops string) int {
	// A verbatim tag may hold any of the stops.
	if bytes.HasPrefix(src[offset:], []byte("!<")) {
		stops = ">"
		if end := bytes.IndexByte(src[offset:], '>'); end >= 0 {
			return offset + end + 1
		}
	}
	if end := bytes.IndexAny(src[offset:], stops); end >= 0 {
		return offset + end
	}
	return len(src)
}

func (t *Text) quoted(s scalar, quote byte) (scalar, error) {
	end := closingQuote(t.parsed, s.start, quote)
	if end < 0 {
		return scalar{}, ErrMismatch
	}
	s.end, s.quote = end+1, quote
	s.inner, s.innerEnd = s.start+1, end
	inner := t.parsed[s.inner:s.innerEnd]
	s.verbatim = string(inner) == s.node.Value
	if s.verbatim {
		return s, nil
	}
	if decoded, ok := decode(t.parsed[s.start:s.end]); !ok || decoded != s.node.Value {
		return scalar{}, ErrMismatch
	}
	return s, nil
}

func closingQuote(src []byte, start int, quote byte) int {
	for i := start + 1; i < len(src); i++ {
		switch {
		case quote == '"' && src[i] == '\\':
			i++
		case src[i] != quote:
		case quote == '\'' && i+1 < len(src) && src[i+1] == quote:
			i++
		default:
			return i
		}
	}
	return -1
}

// decode reads one quoted scalar by itself.
func decode(raw []byte) (string, bool) {
	docs, err := load(raw)
	if err != nil || len(docs) != 1 || len(docs[0].Content) != 1 {
		return "", false
	}
	return docs[0].Content[0].Value, docs[0].Content[0].Kind == yaml.ScalarNode
}

// oneLineBlock finds the text of a block scalar that holds a single line, as
// in `- >-` with a reference on the next line.
func (t *Text) oneLineBlock(s scalar) (scalar, error) {
	value := strings.TrimRight(s.node.Value, "\n")
	header := t.lineOf(s.start)
	raw := t.lineBytes(header + 1)
	content := strings.TrimLeft(string(raw), " ")
	if value == "" || strings.Contains(value, "\n") || content != value {
		return scalar{}, fmt.Errorf("%w: it is a block scalar", ErrMultiline)
	}
	s.inner = t.lineStarts()[header+1] + len(raw) - len(content)
	s.innerEnd = s.inner + len(value)
	s.start, s.end = s.inner, s.innerEnd
	s.block, s.verbatim = true, true
	return s, nil
}

// Extent bounds all bytes of a scalar in its text, those of a block scalar's
// lines included. ok is false where they cannot be told.
func (t *Text) Extent(n *yaml.Node) (from, to int, ok bool) {
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return t.blockExtent(n)
	}
	s, err := t.find(n)
	return s.start, s.end, err == nil
}

// blockExtent goes by indentation: a block scalar ends before the first line
// that is indented less than its first.
func (t *Text) blockExtent(n *yaml.Node) (from, to int, ok bool) {
	header, err := t.start(n)
	if err != nil {
		return 0, 0, false
	}
	line, indent := t.lineOf(header)+1, -1
	from = header
	to = header
	for ; line < t.Lines(); line++ {
		content := t.lineBytes(line)
		blanks := len(content) - len(bytes.TrimLeft(content, " "))
		switch {
		case blanks == len(content):
			continue
		case indent < 0:
			indent = blanks
		case blanks < indent:
			return from, to, true
		}
		to = t.lineStarts()[line] + len(content)
	}
	return from, to, true
}
