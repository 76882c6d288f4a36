package proposal

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// heard is what GitHub and build systems act on in titles and commit messages,
// and what is written instead.
//
//nolint:gochecknoglobals // a table, never written
var heard = []struct {
	what    *regexp.Regexp
	instead string
}{
	{regexp.MustCompile("`"), "'"},
	{regexp.MustCompile(`\[`), "("}, // [skip ci]
	{regexp.MustCompile(`\]`), ")"},
	{regexp.MustCompile(`\*{2,}`), "*"}, // ***NO_CI***
	{regexp.MustCompile(`(?i)(skip)-+(checks)`), "$1 $2"},
	{regexp.MustCompile(`(?i)(gh)-+([0-9])`), "$1 $2"},
	{regexp.MustCompile(`@+([^@ ])`), "@ $1"},
	{regexp.MustCompile(`#+([^# ])`), "# $1"},
	{regexp.MustCompile(`:(//+)`), ": $1"},
}

// quiet makes one line of a text in which titles and commit messages say nothing
// but what a person reads: no mention, no reference, no link, no order to a build
// system. Nothing hides it: the pieces stand apart.
func quiet(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || r == '\u2028' || r == '\u2029':
			return ' '
		case r == utf8.RuneError || !unicode.IsPrint(r):
			return -1
		}
		return r
	}, text)
	for _, h := range heard {
		text = h.what.ReplaceAllString(text, h.instead)
	}
	return strings.Join(strings.Fields(text), " ")
}

// hushed spells those characters inside a JSON text's strings by their numbers
// on which GitHub or a build system could act. Who reads the JSON reads the same.
func hushed(text string) string {
	var b strings.Builder
	inside, escaped := false, false
	var last byte
	for i := range len(text) {
		c := text[i]
		switch {
		case escaped:
			escaped = false
			b.WriteByte(c)
		case c == '"':
			inside = !inside
			b.WriteByte(c)
		case c == '\\':
			escaped = true
			b.WriteByte(c)
		case inside && acts(last, c):
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteByte(c)
		}
		last = c
	}
	return b.String()
}

// acts tells whether a character can be part of a mention, a reference, a link or
// an order to a build system: of [skip ci], GH-1, skip-checks and ://.
func acts(last, c byte) bool {
	switch c {
	case '@', '#', '[', ']', '*', '`', ' ':
		return true
	case '-':
		return strings.IndexByte("hHpP", last) >= 0
	case '/':
		return last == '/' || last == ':'
	}
	return false
}
