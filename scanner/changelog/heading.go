package changelog

import (
	"regexp"
	"slices"
	"strings"
)

// Levels of what is no heading by its marks. Markdown's are 1 to 6.
const (
	boldLevel  = 7
	plainLevel = 8
)

// heading is one of a changelog, with what it says of versions.
type heading struct {
	text               string
	level              int
	first, line, after int // lines: with an overline, of the text, where the section begins
	versions           []number
	before             []int // for each version, how many other words stand before it
	others             int   // how many words are neither versions nor dates
	words              []string
	leads              bool // a version is the first of its words, an image's name aside
	pure               bool // it is a version, perhaps with a name and a date, and nothing else
}

// fence is the state of what hides lines from being headings.
type fence struct {
	mark    string // of a fenced block of code; "" outside
	comment bool
}

// hides tells whether a line is within code or a comment.
func (f *fence) hides(line string) bool {
	trimmed := strings.TrimLeft(line, " ")
	switch {
	case f.comment:
		f.comment = !strings.Contains(line, "-->")
		return true
	case f.mark != "":
		if strings.HasPrefix(trimmed, f.mark) && strings.Trim(trimmed, f.mark[:1]+" \t") == "" {
			f.mark = ""
		}
		return true
	case len(line)-len(trimmed) < 4 && (strings.HasPrefix(trimmed, "```") || strings.HasPrefix(trimmed, "~~~")):
		run := len(trimmed) - len(strings.TrimLeft(trimmed, trimmed[:1]))
		if strings.Contains(trimmed[run:], "`") {
			return false // a code span
		}
		f.mark = trimmed[:run]
		return true
	case strings.HasPrefix(trimmed, "<!--"):
		f.comment = !strings.Contains(trimmed, "-->")
		return true
	}
	return false
}

// listed tells whether a line is of a list, a table or a quotation. Lists of
// asterisks are not meant: GNU's news have headings that begin with one.
func listed(line string) bool {
	return line[0] == '|' || line[0] == '>' || strings.HasPrefix(line, "- ") || strings.HasPrefix(line, "+ ")
}

const (
	digits = "0123456789"
	// maxHeadings is how many a file may have; what follows belongs to the last.
	maxHeadings = 10_000
	// maxRead is how many lines without marks are read for a version.
	maxRead = 10_000
	// maxPlain is how long a line without marks may be to be a heading, in bytes.
	maxPlain = 120
	// maxWord is how long a word of a heading may be to be a version, in bytes.
	maxWord = 80
)

// findHeadings finds all that may be headings, in one pass.
func findHeadings(lines []string) []heading {
	var all []heading
	read := 0
	var hidden fence
	var underlines []string // reStructuredText: levels go by the order in which kinds are met
	for i := 0; i < len(lines) && len(all) < maxHeadings && read < maxRead; i++ {
		line := lines[i]
		if hidden.hides(line) || len(line) > maxHeading || blank(line) {
			continue
		}
		h, ok := markedHeading(lines, i, &underlines)
		if !ok && mayBePlain(lines, i) {
			h, ok = plainHeading(line, i)
			read++
		}
		if ok {
			all = append(all, h)
			i = h.after - 1
		}
	}
	return all
}

var atxPattern = regexp.MustCompile(`^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$`)

// markedHeading reads # headings and those with lines under, perhaps over them.
func markedHeading(lines []string, i int, underlines *[]string) (heading, bool) {
	line := lines[i]
	if m := atxPattern.FindStringSubmatch(line); m != nil {
		return newHeading(m[2], len(m[1]), i, i, i+1), true
	}
	if mark := underline(line); mark != "" && i+2 < len(lines) && underline(lines[i+2]) == mark && titled(lines[i+1]) {
		return newHeading(lines[i+1], levelOf(mark+mark, underlines), i, i+1, i+3), true
	}
	if i+1 < len(lines) && titled(line) {
		if mark := underline(lines[i+1]); mark == "=" || mark == "-" || mark != "" && len(lines[i+1]) >= len(line) {
			return newHeading(line, levelOf(mark, underlines), i, i, i+2), true
		}
	}
	return heading{}, false
}

// underline gives the character that a line is made of, or "".
func underline(line string) string {
	line = strings.TrimRight(line, " \t")
	if len(line) < 3 || len(line) > maxHeading || strings.IndexByte("=-~^*+#", line[0]) < 0 || strings.Trim(line, line[:1]) != "" {
		return ""
	}
	return line[:1]
}

// titled tells whether a line may have a line of marks under it.
func titled(line string) bool {
	if blank(line) || len(line) > maxHeading || underline(line) != "" || strings.HasPrefix(line, "    ") || strings.HasPrefix(line, "\t") {
		return false
	}
	line = strings.TrimLeft(line, " ")
	return !listed(line) && !strings.HasPrefix(line, "* ")
}

// levelOf is the level of a kind of line: = and - are Markdown's, unless another kind was met before.
func levelOf(mark string, underlines *[]string) int {
	at := slices.Index(*underlines, mark)
	if at < 0 {
		at = len(*underlines)
		*underlines = append(*underlines, mark)
	}
	level := at + 1
	if mark == "-" {
		level = max(level, 2)
	}
	return min(level, 6)
}

var boldPattern = regexp.MustCompile(`^(?:\*\*|__)([^*_]+(?:_[^*_]+)*)(?:\*\*|__)(.*)$`)

// mayBePlain tells whether a line stands as a heading without marks does: after
// an empty line or at the top.
func mayBePlain(lines []string, i int) bool {
	line := lines[i]
	return (i == 0 || blank(lines[i-1])) && line[0] != ' ' && line[0] != '\t' && !listed(line) && len(line) <= maxPlain && strings.ContainsAny(line, digits)
}

// plainHeading reads lines that are a version and a date, bold or not.
func plainHeading(line string, i int) (heading, bool) {
	text, level := strings.TrimPrefix(line, "* "), plainLevel
	if m := boldPattern.FindStringSubmatch(line); m != nil {
		text, level = m[1]+m[2], boldLevel
	}
	h := newHeading(text, level, i, i, i+1)
	return h, h.pure
}
