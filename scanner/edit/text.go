// Package edit finds the exact bytes of YAML scalars and replaces them, leaving
// every other byte of a file alone.
//
// YAML is parsed for its structure and never printed: an edit is a splice of
// bytes, verified before (the bytes must say what the parser read) and after
// (the file parsed again must differ in exactly the planned values).
//
// It imports nothing of the project.
package edit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// What can be wrong with a text, a scalar or an edit.
var (
	ErrEncoding  = errors.New("the file is not UTF-8: convert it, for instance with iconv -t UTF-8")
	ErrMultiline = errors.New("the value is spread over several lines")
	ErrAlias     = errors.New("the value is an alias: its anchor must be edited")
	ErrMismatch  = errors.New("the bytes do not say what the YAML parser read")
	ErrTemplated = errors.New("the value is produced by a template")
	ErrTagged    = errors.New("the value has an explicit YAML type")
	ErrStale     = errors.New("the file no longer says what was found in it")
	ErrVerify    = errors.New("the edited file would differ in more than the planned values")
)

// SyntaxError is YAML that cannot be parsed.
type SyntaxError struct {
	// Line and Column are 1-based; 0 where the parser does not know them.
	Line, Column int
	Message      string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// Text is YAML together with the nodes read from it: a whole file, or what a
// block scalar of another text holds.
type Text struct {
	// Docs are the documents, in order; empty for a text without any.
	Docs []*yaml.Node

	source []byte // the bytes themselves
	parsed []byte // what was parsed: source, or a mask of the same length
	masked bool   // parsed is not source
	lines  []int  // offset of the start of each line, made when first needed
	// columns are, for long lines, the offset of every columnStep-th column,
	// so that a file of one line is not walked from its start for each scalar.
	columns map[int][]int

	outer   *Text // the text with the block scalar that holds this one
	carrier *yaml.Node
	origin  []int // for each line, where it stands in outer
}

// Parse reads a file. Text in which templates keep YAML from being read is
// parsed from a mask of the same length, so that all positions hold. The error
// is ErrEncoding or a *SyntaxError.
func Parse(src []byte) (*Text, error) {
	if bytes.HasPrefix(src, []byte("\xff\xfe")) || bytes.HasPrefix(src, []byte("\xfe\xff")) || !utf8.Valid(src) {
		return nil, ErrEncoding
	}
	text := &Text{source: src, parsed: src}
	docs, err := load(src)
	if err != nil {
		masked, changed := mask(src)
		if !changed {
			return nil, err
		}
		if docs, err = load(masked); err != nil {
			return nil, err
		}
		text.parsed, text.masked = masked, true
	}
	text.Docs = docs
	return text, nil
}

func load(src []byte) ([]*yaml.Node, error) {
	loader, err := yaml.NewLoader(bytes.NewReader(src))
	if err != nil {
		return nil, fmt.Errorf("starting the YAML parser: %w", err)
	}
	var docs []*yaml.Node
	for {
		node := &yaml.Node{}
		switch err := loader.Load(node); {
		case errors.Is(err, io.EOF):
			return docs, nil
		case err != nil:
			return nil, syntaxError(err)
		}
		docs = append(docs, node)
	}
}

func syntaxError(err error) error {
	var load *yaml.LoadError
	if !errors.As(err, &load) {
		return &SyntaxError{Message: err.Error()}
	}
	message := load.Message
	if load.ContextMsg != "" {
		message = load.ContextMsg + ": " + message
	}
	return &SyntaxError{Line: load.Mark.Line, Column: load.Mark.Column, Message: message}
}

// Nested parses the YAML that a literal block scalar holds. It fails with
// ErrMismatch where the scalar is no literal block or its lines cannot be
// matched with those of the file, and with a *SyntaxError where its content is
// no YAML.
func (t *Text) Nested(n *yaml.Node) (*Text, error) {
	if n.Kind != yaml.ScalarNode || n.Style&yaml.LiteralStyle == 0 || strings.ContainsAny(n.Value, "\r\u0085\u2028\u2029") {
		return nil, ErrMismatch
	}
	origin, err := t.blockLines(n)
	if err != nil {
		return nil, err
	}
	nested, err := Parse([]byte(n.Value))
	if err != nil {
		return nil, err
	}
	nested.outer, nested.carrier, nested.origin = t, n, origin
	return nested, nil
}

// blockLines says where each line of a literal block's value starts in t.
func (t *Text) blockLines(n *yaml.Node) ([]int, error) {
	header, err := t.start(n)
	if err != nil || header >= len(t.parsed) || t.parsed[header] != '|' {
		return nil, ErrMismatch
	}
	values := strings.SplitAfter(n.Value, "\n")
	if values[len(values)-1] == "" {
		values = values[:len(values)-1]
	}
	line := t.lineOf(header)
	indent, ok := t.blockIndent(line, values)
	if !ok {
		return nil, ErrMismatch
	}
	origin := make([]int, 0, len(values))
	for i, value := range values {
		raw := t.lineBytes(line + 1 + i)
		content := []byte{}
		if len(raw) >= indent {
			content = raw[indent:]
		}
		if string(content) != strings.TrimSuffix(value, "\n") {
			return nil, ErrMismatch
		}
		origin = append(origin, t.lineStarts()[line+1+i]+min(indent, len(raw)))
	}
	return origin, nil
}

// blockIndent is the width by which a block's lines are indented: that of its
// first line with text, less the blanks that belong to the value.
func (t *Text) blockIndent(line int, values []string) (int, bool) {
	if line+len(values) >= len(t.lineStarts()) {
		return 0, false
	}
	for i, value := range values {
		value = strings.TrimSuffix(value, "\n")
		if strings.TrimLeft(value, " ") == "" {
			continue
		}
		raw := t.lineBytes(line + 1 + i)
		return len(raw) - len(value), len(raw) >= len(value)
	}
	return 0, true
}

// lineStarts are the offsets at which lines start. Lines end at LF, CRLF, CR,
// NEL, LS and PS, as the parser counts them; line 1 starts after a BOM.
func (t *Text) lineStarts() []int {
	if t.lines != nil {
		return t.lines
	}
	src, start := t.parsed, 0
	if bytes.HasPrefix(src, []byte("\ufeff")) {
		start = len("\ufeff")
	}
	lines := make([]int, 1, 1+bytes.Count(src, []byte("\n")))
	lines[0] = start
	for i := start; i < len(src); i++ {
		if width := breakAt(src, i); width > 0 {
			lines = append(lines, i+width)
			i += width - 1
		}
	}
	t.lines = lines
	return lines
}

// breakAt is the width of the line break at src[i], 0 where there is none.
func breakAt(src []byte, i int) int {
	switch src[i] {
	case '\n':
		return 1
	case '\r':
		if i+1 < len(src) && src[i+1] == '\n' {
			return 2
		}
		return 1
	case 0xc2:
		if i+1 < len(src) && src[i+1] == 0x85 {
			return 2
		}
	case 0xe2:
		if i+2 < len(src) && src[i+1] == 0x80 && (src[i+2] == 0xa8 || src[i+2] == 0xa9) {
			return 3
		}
	}
	return 0
}

// lineOf is the 0-based line that holds an offset.
func (t *Text) lineOf(offset int) int {
	lines := t.lineStarts()
	return max(0, sort.SearchInts(lines, offset+1)-1)
}

// lineBytes is a line, 0-based, without its break; nil past the last.
func (t *Text) lineBytes(line int) []byte {
	lines := t.lineStarts()
	if line < 0 || line >= len(lines) {
		return nil
	}
	end := len(t.source)
	if line+1 < len(lines) {
		end = lines[line+1]
	}
	return trimBreak(t.source[lines[line]:end])
}

// trimBreak takes off the one break that a line ends with.
func trimBreak(line []byte) []byte {
	for i := max(0, len(line)-3); i < len(line); i++ {
		if width := breakAt(line, i); width > 0 && i+width == len(line) {
			return line[:i]
		}
	}
	return line
}

// Line is the source of a line, 1-based, without its break; "" where there is
// none.
func (t *Text) Line(line int) string { return string(t.lineBytes(line - 1)) }

// offsetOf is the offset of a 1-based line and column.
func (t *Text) offsetOf(line, column int) (int, bool) {
	if line < 1 || line > len(t.lineStarts()) || column < 1 {
		return 0, false
	}
	steps := t.columnSteps(line - 1)
	step := (column - 1) / columnStep
	if step >= len(steps) {
		return 0, false
	}
	offset := steps[step]
	for range (column - 1) % columnStep {
		if offset >= len(t.parsed) {
			return 0, false
		}
		_, width := utf8.DecodeRune(t.parsed[offset:])
		offset += width
	}
	return offset, offset <= len(t.parsed)
}

// columnAt is the 1-based column of an offset in a 0-based line.
func (t *Text) columnAt(line, offset int) int {
	if t.masked { // a mask has a column a byte where the source has one a character
		return utf8.RuneCount(t.source[t.lineStarts()[line]:offset]) + 1
	}
	steps := t.columnSteps(line)
	step := max(0, sort.SearchInts(steps, offset+1)-1)
	return step*columnStep + utf8.RuneCount(t.source[steps[step]:offset]) + 1
}

const columnStep = 1024

// columnSteps are the offsets of columns 1, 1025, 2049 and so on of a line, as
// the parser counts them.
func (t *Text) columnSteps(line int) []int {
	start := t.lineStarts()[line]
	content := t.parsed[start : start+len(t.lineBytes(line))]
	if len(content) < columnStep {
		return t.lineStarts()[line : line+1]
	}
	if steps := t.columns[line]; steps != nil {
		return steps
	}
	steps := []int{start}
	column := 0
	for i := 0; i < len(content); column++ {
		if column > 0 && column%columnStep == 0 {
			steps = append(steps, start+i)
		}
		_, width := utf8.DecodeRune(content[i:])
		i += width
	}
	if t.columns == nil {
		t.columns = map[int][]int{}
	}
	t.columns[line] = steps
	return steps
}

// inFile translates an offset of t into one of the file.
func (t *Text) inFile(offset int) int {
	for t.outer != nil {
		line := t.lineOf(offset)
		if line >= len(t.origin) {
			line = len(t.origin) - 1
		}
		offset = t.origin[line] + offset - t.lineStarts()[line]
		t = t.outer
	}
	return offset
}

// file is the outermost text.
func (t *Text) file() *Text {
	for t.outer != nil {
		t = t.outer
	}
	return t
}

// FileLine translates a 1-based line of t into one of the file.
func (t *Text) FileLine(line int) int {
	if t.outer == nil {
		return line
	}
	lines := t.lineStarts()
	if line < 1 || line > len(lines) || len(t.origin) == 0 {
		return t.file().lineOf(t.inFile(0)) + 1
	}
	return t.file().lineOf(t.inFile(lines[line-1])) + 1
}

// position is a range of t as an editor shows it.
func (t *Text) position(from, to int) Position {
	file := t.file()
	start := t.inFile(from)
	line := file.lineOf(start)
	return Position{Line: line + 1, Column: file.columnAt(line, start), Offset: start, Length: t.inFile(to) - start}
}

// carriers are the marks of the block scalars around t, outermost first.
func (t *Text) carriers() []Mark {
	var marks []Mark
	for ; t.outer != nil; t = t.outer {
		marks = append(marks, markOf(t.carrier))
	}
	slices.Reverse(marks)
	return marks
}

func markOf(n *yaml.Node) Mark { return Mark{Line: n.Line, Column: n.Column} }

// Lines is the number of lines.
func (t *Text) Lines() int { return len(t.lineStarts()) }

// Outer tells whether the text stands inside a block scalar.
func (t *Text) Outer() bool { return t.outer != nil }

// LineStart is the offset at which a 1-based line starts.
func (t *Text) LineStart(line int) int { return t.lineStarts()[line-1] }
