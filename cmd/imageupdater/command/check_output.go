package command

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/imageupdater/imageupdater/config"
)

// String is the sentence that ends every output for people.
func (c checked) String() string {
	switch {
	case c.Absent:
		return fmt.Sprintf("There is no %s: the built-in defaults hold.", c.File)
	case len(c.Errors)+len(c.Warnings) == 0:
		return c.File + " is fine."
	}
	notes := 0
	for _, w := range c.Warnings {
		if w.Severity == string(config.SeverityNote) {
			notes++
		}
	}
	counts := []string{quantity(len(c.Errors), "error", "errors"), quantity(len(c.Warnings)-notes, "warning", "warnings")}
	if notes > 0 {
		counts = append(counts, quantity(notes, "note", "notes"))
	}
	return c.File + ": " + strings.Join(counts, ", ") + "."
}

// all are errors and warnings by file and position.
func (c checked) all() []checkedProblem {
	all := slices.Concat(c.Errors, c.Warnings)
	slices.SortStableFunc(all, func(a, b checkedProblem) int {
		return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line, a.Column-b.Column)
	})
	return all
}

func writeCheckJSON(w io.Writer, found checked) error {
	if found.Errors == nil {
		found.Errors = []checkedProblem{}
	}
	if found.Warnings == nil {
		found.Warnings = []checkedProblem{}
	}
	return encodeJSON(w, found)
}

// writeCheck writes each problem as compilers do: where and what, the line,
// and a mark below it.
func writeCheck(w io.Writer, found checked, d display) {
	lines := strings.Split(string(found.src), "\n")
	for _, p := range found.all() {
		writef(w, "%s\n", p.line(d))
		if p.File == found.File && p.Line <= len(lines) {
			text, mark := excerpt(lines[p.Line-1], p.Column)
			writef(w, "%6d | %s\n       | %s\n", p.Line, text, d.paint(p.color(), mark))
		}
	}
}

// line is where and what.
func (p checkedProblem) line(d display) string {
	place := d.paint(bold, fmt.Sprintf("%s:%d:%d:", safe(p.File), p.Line, p.Column))
	return place + " " + d.paint(p.color(), p.Severity+":") + " " + safe(p.text())
}

func (p checkedProblem) color() style {
	if p.Severity == "error" {
		return red
	}
	return yellow
}

// text is the message with its field and hint.
func (p checkedProblem) text() string {
	text := p.Message
	if p.Field != "" {
		text = p.Field + ": " + text
	}
	if p.Hint != "" {
		text += " (" + p.Hint + ")"
	}
	return text
}

// excerpt is a line, or the part of a long one around a column, and a caret
// below the column.
func excerpt(line string, column int) (text, mark string) {
	const before, length = 70, 110
	line = strings.TrimSuffix(line, "\r")
	// The parser passes over a byte order mark.
	line = strings.TrimPrefix(line, "\ufeff")
	runes := []rune(line)
	at := min(max(column-1, 0), len(runes))
	start := max(at-before, 0)
	end := min(start+length, len(runes))
	if at < length {
		start, end = 0, min(length, len(runes))
	}
	lead := utf8.RuneCountInString(safe(string(runes[start:at])))
	return safe(string(runes[start:end])), strings.Repeat(" ", lead) + "^"
}

// writeAnnotations writes workflow commands of GitHub Actions, which mark
// lines of a pull request.
func writeAnnotations(w io.Writer, found checked) {
	for _, p := range found.all() {
		command := p.Severity
		if command == string(config.SeverityNote) {
			command = "notice"
		}
		writef(w, "::%s file=%s,line=%d,col=%d,title=%s::%s\n", command,
			annotationProperty(p.File), p.Line, p.Column, annotationProperty(config.FileName), annotationText(p.text()))
	}
}

func annotationText(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(escape(text, "\r\n"))
}

func annotationProperty(text string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(annotationText(text))
}
