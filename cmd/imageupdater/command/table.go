package command

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/imageupdater/imageupdater/scanner"
)

// cell is a piece of a table's line.
type cell struct {
	text  string
	style style
}

// writeTable lists the fields for people, file by file.
func writeTable(w io.Writer, report *report, d display) {
	if len(report.rows) == 0 {
		writef(w, "%s\n", report.nothingFound())
	}
	written := report.written()
	rows := report.shown()
	for start := 0; start < len(rows); {
		file := rows[start].Field.File
		end := start
		var lines [][]cell
		for ; end < len(rows) && rows[end].Field.File == file; end++ {
			lines = append(lines, tableLine(rows[end], written[file]))
		}
		if start > 0 {
			writef(w, "\n")
		}
		writef(w, "%s\n", d.paint(bold, safe(file)))
		writeColumns(w, lines, d)
		start = end
	}
	writeTableProblems(w, report, d)
}

// tableLine is what a table says of a field: where, which image, which
// version, what next.
func tableLine(r row, written bool) []cell {
	f := r.Field
	return []cell{
		{fmt.Sprintf("%d:%d", f.Line, f.Column), dim},
		{imageName(f), plain},
		{tagAndDigest(f.Ref.Tag, f.Ref.Digest), plain},
		outcome(r, written),
	}
}

func outcome(r row, written bool) cell {
	switch r.Status {
	case scanner.StatusUpdate:
		return cell{"→ " + targets(r, written) + waiting(r), yellow}
	case scanner.StatusCurrent:
		return cell{"up to date" + waiting(r), green}
	case scanner.StatusSkipped:
		if r.Reason != nil && r.Reason.Code == scanner.NotAsked {
			return cell{"not asked", dim}
		}
		return cell{"skipped: " + reasonText(r.Reason), dim}
	case scanner.StatusProblem:
	}
	return cell{"problem: " + reasonText(r.Reason), red}
}

// waiting says what is too young yet.
func waiting(r row) string {
	if r.Waiting == nil {
		return ""
	}
	tag, digest, _ := strings.Cut(r.Waiting.Tag, "@")
	return fmt.Sprintf("; %s (%s) is too young until %s", tagAndDigest(tag, digest), r.Waiting.Kind, r.Waiting.Until.UTC().Format("2006-01-02 15:04 UTC"))
}

// targets are the updates of a field: "1.27.0 (minor), 2.0.0 (major)".
func targets(r row, written bool) string {
	texts := make([]string, len(r.Updates))
	for i, update := range r.Updates {
		note := string(update.Kind)
		if written && r.taken == &r.Updates[i] {
			note += ", written"
		}
		texts[i] = fmt.Sprintf("%s (%s)", tagAndDigest(update.Tag, update.Digest), note)
	}
	return strings.Join(texts, ", ")
}

// writeColumns aligns lines. Widths are counted before colours are added.
func writeColumns(w io.Writer, lines [][]cell, d display) {
	var widths []int
	for _, line := range lines {
		for i := range line {
			line[i].text = safe(line[i].text)
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(line[i].text))
		}
	}
	for _, line := range lines {
		for i, c := range line {
			padding := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c.text))
			if i+1 == len(line) {
				padding = "\n"
			}
			writef(w, "  %s%s", d.paint(c.style, c.text), padding)
		}
	}
}

func writeTableProblems(w io.Writer, report *report, d display) {
	if len(report.problems) == 0 {
		return
	}
	writef(w, "\n%s\n", d.paint(bold, "Not read"))
	for _, p := range report.problems {
		writef(w, "  %s: %s\n", problemPlace(p), d.paint(red, safe(p.Message)))
	}
}
