package web

import (
	"regexp"
	"strconv"
	"strings"
)

// diff is what changed, as much of it as is shown.
type diff struct {
	Files []fileDiff
	// More is how many files are not shown.
	More                 int
	Additions, Deletions int
}

type fileDiff struct {
	changed

	Rows []row
	// Cut is set where not all rows are shown.
	Cut bool
}

// row is a line of a diff: Kind is add, del, same or hunk.
type row struct {
	Kind     string
	Old, New int // 0 where the line is not in that file
	Text     string
}

const (
	maxFiles = 100
	maxRows  = 3000 // of all files together
)

func newDiff(files []changed) diff {
	var d diff
	left := maxRows
	for _, f := range files {
		d.Additions, d.Deletions = d.Additions+f.Additions, d.Deletions+f.Deletions
		if len(d.Files) == maxFiles {
			d.More++
			continue
		}
		shown := fileDiff{changed: f}
		shown.Rows, shown.Cut = rows(f.Patch, left)
		left -= len(shown.Rows)
		d.Files = append(d.Files, shown)
	}
	return d
}

var hunk = regexp.MustCompile(`^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@`)

// rows numbers a patch's lines.
func rows(patch string, most int) (all []row, cut bool) {
	before, after := 0, 0
	for line := range strings.SplitSeq(patch, "\n") {
		if line == "" {
			continue // only an empty patch has one
		}
		if len(all) >= most {
			return all, true
		}
		if m := hunk.FindStringSubmatch(line); m != nil {
			before, after = number(m[1]), number(m[2])
			all = append(all, row{Kind: "hunk", Text: line})
			continue
		}
		text, _ := shorten(strings.TrimSuffix(line[1:], "\r"), maxLine)
		switch line[0] {
		case '+':
			all = append(all, row{Kind: "add", New: after, Text: text})
			after++
		case '-':
			all = append(all, row{Kind: "del", Old: before, Text: text})
			before++
		case '\\':
			all = append(all, row{Kind: "hunk", Text: strings.TrimSpace(text)})
		default:
			all = append(all, row{"same", before, after, text})
			before, after = before+1, after+1
		}
	}
	return all, false
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}
