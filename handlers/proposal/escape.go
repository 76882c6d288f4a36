package proposal

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// longestValue is how much is shown of a value from outside, in bytes.
const longestValue = 256

// code is the one way for a value from outside into Markdown: tags, names, paths,
// groups, reasons. It gives a code span, in which nobody is mentioned and nothing
// is referred to, linked or formatted. What could end the span or the cell of a
// table, and what is not to be seen, is spelled as \x60 or \u202e.
func code(value string) string {
	if value == "" {
		return "`-`"
	}
	value = shorten(value, longestValue)
	if !strings.ContainsFunc(value, special) && value == strings.TrimSpace(value) {
		return "`" + value + "`"
	}
	var b strings.Builder
	for i, r := range value {
		edge := i == 0 || i == len(value)-1
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(value[i:], string(utf8.RuneError)):
			fmt.Fprintf(&b, `\x%02x`, value[i])
		case r == '`' || r == '|' || r == ' ' && edge:
			fmt.Fprintf(&b, `\x%02x`, r)
		case !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return "`" + shorten(b.String(), longestValue) + "`"
}

// special tells whether a character may not be seen, or means something in code.
func special(r rune) bool {
	return r == '`' || r == '|' || r == utf8.RuneError || !unicode.IsPrint(r)
}

// shorten leaves out the middle of a text that has more bytes than that.
func shorten(text string, most int) string {
	if len(text) <= most {
		return text
	}
	const gap = "…"
	half := (most - len(gap)) / 2
	return whole(text[:half]) + gap + strings.TrimLeftFunc(text[len(text)-half:], broken)
}

// whole drops the character at the end that is not all there.
func whole(text string) string {
	for len(text) > 0 {
		if r, size := utf8.DecodeLastRuneInString(text); r != utf8.RuneError || size > 1 {
			return text
		}
		text = text[:len(text)-1]
	}
	return text
}

func broken(r rune) bool { return r == utf8.RuneError }

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
