package foreign

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// mostAccents is how many characters may be put on top of another: with more, a text
// covers the lines above and below it.
const mostAccents = 4

// visible leaves out what nobody can see: controls, characters without width, those
// that turn the direction of a text, and accents of which there are too many.
func visible(text string) string {
	if !strings.ContainsFunc(text, unusual) {
		return text
	}
	accents, before := 0, rune(0)
	return strings.Map(func(r rune) rune {
		if breaks(r) {
			return ' '
		}
		if r == emojiStyle && unicode.IsSymbol(before) && before > unicode.MaxASCII {
			return r
		}
		if !seen(r) {
			return -1
		}
		before = r
		if !unicode.IsMark(r) {
			accents = 0
			return r
		}
		if accents++; accents > mostAccents {
			return -1
		}
		return r
	}, text)
}

// emojiStyle makes a symbol before it an emoji.
const emojiStyle = '\ufe0f'

// unusual tells of the characters that have to be looked at.
func unusual(r rune) bool { return (r < ' ' || r > '~') && r != '\n' && r != '\t' }

// breaks tells whether a character ends a line, or part of one, though not in Markdown.
func breaks(r rune) bool {
	return r == '\v' || r == '\f' || r == '\u0085' || r == '\u2028' || r == '\u2029'
}

// seen tells whether a character can be seen, or is a space.
func seen(r rune) bool {
	switch {
	case r >= ' ' && r < unicode.MaxASCII:
		return true
	case r == '\n' || r == '\t':
		return true
	case unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
		return false
	case r == '\u2800' || r == '\u180e' || r == '\ufffc': // an empty Braille cell, and places of nothing
		return false
	}
	return unicode.IsPrint(r) || unicode.Is(unicode.Zs, r) || r == utf8.RuneError
}

// spaced makes all spaces, and the ends of lines, one ordinary space each.
func spaced(text string) string {
	if !strings.ContainsAny(text, "\n\t") && !strings.ContainsFunc(text, unusual) {
		return text
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Zs, r) {
			return ' '
		}
		return r
	}, text)
}
