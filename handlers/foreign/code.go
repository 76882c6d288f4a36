// Package foreign makes texts from outside harmless before they are part of what
// the App writes to people.
//
// It imports nothing of the project.
package foreign

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Longest is how much is shown of a value from outside, in bytes.
const Longest = 256

// Code is the one way for a value from outside into Markdown: tags, names, paths,
// groups, reasons. It gives a code span, in which nobody is mentioned and nothing
// is referred to, linked or formatted. What could end the span or the cell of a
// table, and what is not to be seen, is spelled as \x60 or \u202e.
func Code(value string) string {
	if value == "" {
		return "`-`"
	}
	value = Shorten(value, Longest)
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
	return "`" + Shorten(b.String(), Longest) + "`"
}

// special tells whether a character may not be seen, or means something in code.
func special(r rune) bool {
	return r == '`' || r == '|' || r == utf8.RuneError || !unicode.IsPrint(r)
}

// Shorten leaves out the middle of a text that has more bytes than that.
func Shorten(text string, most int) string {
	if len(text) <= most {
		return text
	}
	const gap = "…"
	half := (most - len(gap)) / 2
	return Whole(text[:half]) + gap + strings.TrimLeftFunc(text[len(text)-half:], broken)
}

// Whole drops the character at the end that is not all there.
func Whole(text string) string {
	for len(text) > 0 {
		if r, size := utf8.DecodeLastRuneInString(text); r != utf8.RuneError || size > 1 {
			return text
		}
		text = text[:len(text)-1]
	}
	return text
}

func broken(r rune) bool { return r == utf8.RuneError }
