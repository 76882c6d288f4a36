package command

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// diffContext is how many unchanged lines stand around a change.
const diffContext = 3

// writeDiff writes a unified diff that `git apply` and `patch -p1` accept in
// the scanned directory.
//
// There is no "diff --git" line: with one, git apply would read the paths from
// the top of the repository even where it is started further down.
func writeDiff(w io.Writer, changes []change, d display) {
	for _, c := range changes {
		if c.err != nil {
			continue
		}
		var b strings.Builder
		writeFileDiff(&b, c)
		writef(w, "%s", d.diff(b.String()))
	}
}

// diff is a diff as it is shown. Only what goes to a person is changed: a
// patch must keep its bytes.
func (d display) diff(text string) string {
	if !d.color && !d.terminal {
		return text
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = escape(strings.TrimSuffix(line, "\n"), "\t")
		writef(&b, "%s\n", d.paint(diffStyle(line), line))
	}
	return b.String()
}

func diffStyle(line string) style {
	switch {
	case strings.HasPrefix(line, "--- "), strings.HasPrefix(line, "+++ "):
		return bold
	case strings.HasPrefix(line, "@@"):
		return cyan
	case strings.HasPrefix(line, "-"):
		return red
	case strings.HasPrefix(line, "+"):
		return green
	}
	return plain
}

// writeFileDiff compares line by line: an update replaces bytes within lines
// and never adds or removes one, so the n-th line before is the n-th after.
func writeFileDiff(w io.Writer, c change) {
	writef(w, "--- %s\n+++ %s\n", diffName("a/"+c.file), diffName("b/"+c.file))
	before, after := lines(c.old), lines(c.new)
	if len(before) != len(after) {
		// Should that promise ever break, one hunk for all is still a right diff.
		writef(w, "@@ -%s +%s @@\n", hunkRange(0, len(before)), hunkRange(0, len(after)))
		writeLines(w, "-", before)
		writeLines(w, "+", after)
		return
	}
	for _, h := range hunks(before, after) {
		span := hunkRange(h.from, h.to)
		writef(w, "@@ -%s +%s @@\n", span, span)
		writeHunk(w, before[h.from:h.to], after[h.from:h.to])
	}
}

// hunkRange is the first line and the number of lines, as a hunk's header
// counts them.
func hunkRange(from, to int) string {
	if from == to {
		return fmt.Sprintf("%d,0", from)
	}
	return fmt.Sprintf("%d,%d", from+1, to-from)
}

// diffName is a file's name as git and patch read it back: one with a space is
// ended by a tab, one with unusual bytes quoted as in C.
func diffName(name string) string {
	if !strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r == 0x7f }) {
		if strings.Contains(name, " ") {
			return name + "\t"
		}
		return name
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range []byte(name) {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c >= 0x7f:
			writef(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// lines splits after each line feed; the last line may have none.
func lines(src []byte) [][]byte {
	split := bytes.SplitAfter(src, []byte("\n"))
	if len(split[len(split)-1]) == 0 {
		split = split[:len(split)-1]
	}
	return split
}

// hunk is a stretch of lines, changed ones and their context.
type hunk struct{ from, to int }

func hunks(before, after [][]byte) []hunk {
	var result []hunk
	for i := range before {
		if bytes.Equal(before[i], after[i]) {
			continue
		}
		next := hunk{max(0, i-diffContext), min(len(before), i+1+diffContext)}
		if last := len(result) - 1; last >= 0 && next.from <= result[last].to {
			result[last].to = next.to
			continue
		}
		result = append(result, next)
	}
	return result
}

// writeHunk writes runs of changed lines as what was there, then what is.
func writeHunk(w io.Writer, before, after [][]byte) {
	for i := 0; i < len(before); {
		end := i
		for end < len(before) && !bytes.Equal(before[end], after[end]) {
			end++
		}
		if end == i {
			writeLines(w, " ", before[i:i+1])
			i++
			continue
		}
		writeLines(w, "-", before[i:end])
		writeLines(w, "+", after[i:end])
		i = end
	}
}

func writeLines(w io.Writer, sign string, lines [][]byte) {
	for _, line := range lines {
		writef(w, "%s%s", sign, line)
		if !bytes.HasSuffix(line, []byte("\n")) {
			writef(w, "\n\\ No newline at end of file\n")
		}
	}
}
