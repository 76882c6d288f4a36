package command

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// colorMode is the value of --color.
type colorMode string

const (
	colorAuto   colorMode = "auto"
	colorAlways colorMode = "always"
	colorNever  colorMode = "never"
)

// style is how a piece of output looks: the number of an ANSI sequence.
type style string

const (
	plain  style = ""
	bold   style = "1"
	dim    style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
	cyan   style = "36"
)

// display is what a format has to know of where its output goes.
type display struct {
	color    bool
	terminal bool
}

// newDisplay decides whether output is coloured: --color first, then what
// https://no-color.org asks, then whether anybody sees it.
func newDisplay(env Environment, mode colorMode) display {
	terminal := env.IsTerminal(env.Stdout)
	switch mode {
	case colorAlways:
		return display{color: true, terminal: terminal}
	case colorNever:
		return display{terminal: terminal}
	case colorAuto:
	}
	wanted := env.Getenv("NO_COLOR") == "" && env.Getenv("TERM") != "dumb"
	return display{color: terminal && wanted, terminal: terminal}
}

// paint gives text a style.
func (d display) paint(s style, text string) string {
	if !d.color || s == plain || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// safe makes text of a file or a registry fit to stand in a line on a
// terminal.
func safe(text string) string { return escape(text, "") }

// escape writes everything that is not printable as a Go escape: control
// characters, which could drive the terminal, and invisible ones such as
// bidirectional overrides, which could make text read as something else. The
// characters of keep stay.
func escape(text, keep string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			writef(&b, `\x%02x`, text[i])
		case unicode.IsPrint(r) || strings.ContainsRune(keep, r):
			b.WriteRune(r)
		default:
			b.WriteString(escapeRune(r))
		}
		i += size
	}
	return b.String()
}

func escapeRune(r rune) string {
	switch r {
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case '\t':
		return `\t`
	}
	switch {
	case r < 0x80:
		return fmt.Sprintf(`\x%02x`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}

// writef formats into a buffer, where writing cannot fail. Output is built in
// memory and reaches the real writer in one place, which checks.
func writef(b io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(b, format, args...)
}

// quantity is "1 file", "2 files", "0 files".
func quantity(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
