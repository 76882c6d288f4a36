package config

import "fmt"

// Origin is where a value was written.
type Origin struct {
	// File is the name that Load was given, the reference of an extended
	// file, or BuiltIn.
	File string
	// Line and Column count from 1; columns count characters.
	Line, Column int
	// Field is the place in the structure of that file.
	Field string
	// Rule is the index, in that file, of the rule that the value stands in;
	// -1 outside of rules.
	Rule int
}

// BuiltIn is the file of the values that hold where nobody writes any.
const BuiltIn = "built-in defaults"

// String is "rules[2] (.imageupdater.yaml:23)".
func (o *Origin) String() string {
	switch {
	case o == nil:
		return "not set"
	case o.File == BuiltIn:
		return BuiltIn
	case o.Rule >= 0:
		return fmt.Sprintf("rules[%d] (%s:%d)", o.Rule, o.File, o.Line)
	}
	return fmt.Sprintf("%s (%s:%d)", o.Field, o.File, o.Line)
}

// Setting is a value together with where it was written.
type Setting[T any] struct {
	Value T
	// Origin is nil where nobody set the value.
	Origin *Origin
}

// Set tells whether anybody set the value.
func (s Setting[T]) Set() bool { return s.Origin != nil }

func (s *Setting[T]) decode(d *decoder, v value) bool {
	var decoded T
	if !d.into(v, &decoded) {
		return false
	}
	s.Value, s.Origin = decoded, d.origin(v)
	return true
}

func (s *Setting[T]) inner() any { return new(T) }

// lay puts over on top of under.
func lay[T any](under *Setting[T], over Setting[T]) {
	if over.Origin != nil {
		*under = over
	}
}
