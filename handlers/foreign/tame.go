package foreign

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

const (
	// longestLine is how much of a line is read, in bytes.
	longestLine = 4 << 10
	// mostMarks is how many characters of a line may mean something in Markdown.
	mostMarks = 256
	// mostMarkers is how many lists and quotes may begin on one line.
	mostMarkers = 12
	// widestIndent is how far a line may be indented, in bytes: with each step of two
	// a list may be in another.
	widestIndent = 64
	// mostBlank is how many empty lines may follow each other.
	mostBlank = 2
)

// tame takes what Markdown cannot mean anything by out of a text, and what it takes a
// parser far too long to read. It tells whether all that is seen is still there.
func tame(notes string, most int) (source []byte, whole bool) {
	whole = len(notes) <= most
	if !whole {
		notes = Whole(notes[:most])
	}
	notes = visible(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(notes, string(utf8.RuneError))))
	out := bytes.NewBuffer(make([]byte, 0, len(notes)+1))
	blank := 0
	for line := range strings.Lines(notes) {
		line = strings.TrimSuffix(line, "\n")
		if strings.TrimSpace(line) != "" {
			blank = 0
		} else if blank++; blank > mostBlank {
			continue
		}
		line = shallow(line[indent(line):])
		short := shortLine(line)
		out.WriteString(short)
		if len(short) < len(line) {
			out.WriteString("…")
		}
		out.WriteByte('\n')
	}
	return out.Bytes(), whole
}

// indent is how much of a line's indentation is too much.
func indent(line string) int {
	return max(0, len(line)-len(strings.TrimLeft(line, " \t"))-widestIndent)
}

// shallow leaves out the lists and quotes that begin too deep in a line.
func shallow(line string) string {
	end, keep, markers := 0, 0, 0
	for {
		at := end + len(line[end:]) - len(strings.TrimLeft(line[end:], " \t"))
		size := marker(line[at:])
		if size == 0 {
			break
		}
		end = at + size
		if markers++; markers <= mostMarkers {
			keep = end
		}
	}
	return line[:keep] + line[end:]
}

// marker is the length of the marker of a list or a quote with which a text begins.
func marker(text string) int {
	if strings.HasPrefix(text, ">") {
		return 1
	}
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	at := strings.IndexAny(text[digits:], "-+*.)")
	if at != 0 || (digits > 0) != strings.ContainsAny(text[digits:digits+1], ".)") {
		return 0
	}
	size := digits + 1
	if size < len(text) && text[size] != ' ' && text[size] != '\t' {
		return 0
	}
	return size
}

// shortLine is the beginning of a line of which no more can be read.
func shortLine(line string) string {
	if len(line) > longestLine {
		line = Whole(line[:longestLine])
	}
	marks := 0
	for i := range len(line) {
		if !costly(line[i]) {
			continue
		}
		if marks++; marks > mostMarks {
			return line[:i]
		}
	}
	return line
}
