package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Error is one thing that is wrong with a file.
type Error struct {
	File string
	// Line and Column count from 1; columns count characters.
	Line, Column int
	// Field is the place in the file's structure, as "rules[2].constraint";
	// "" where it is the file itself.
	Field   string
	Message string
	// Hint says what to write instead; it may be "".
	Hint string
}

// Error is one line, as compilers print it.
func (e *Error) Error() string {
	return line(e.File, e.Line, e.Column, e.Field, e.Message, e.Hint)
}

// Errors are all errors of one load, by file, line and column.
type Errors []*Error

// Error has a line for each.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find each.
func (e Errors) Unwrap() []error {
	all := make([]error, len(e))
	for i, one := range e {
		all[i] = one
	}
	return all
}

func (e Errors) sorted() Errors {
	slices.SortStableFunc(e, func(a, b *Error) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return e
}

// Severity is how much a Warning matters.
type Severity string

// The severities.
const (
	SeverityWarning Severity = "warning" // something has no effect, or another one than it seems
	SeverityNote    Severity = "note"    // something was read as something else, rightly
)

// Warning is something in a good file that its author should know. The fields
// are those of Error.
type Warning struct {
	Severity     Severity
	File         string
	Line, Column int
	Field        string
	Message      string
	Hint         string
}

// String is one line, as compilers print it.
func (w Warning) String() string {
	return line(w.File, w.Line, w.Column, string(w.Severity)+": "+w.Field, w.Message, w.Hint)
}

// Warnings are all warnings of one load, by file, line and column.
type Warnings []Warning

func (w Warnings) sorted() Warnings {
	slices.SortStableFunc(w, func(a, b Warning) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return w
}

func line(file string, line, column int, field, message, hint string) string {
	s := fmt.Sprintf("%s:%d:%d: ", file, line, column)
	if field != "" {
		s += field + ": "
	}
	s += message
	if hint != "" {
		s += " (" + hint + ")"
	}
	return s
}
