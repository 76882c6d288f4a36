package foreign

import (
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// longestFence is how many backticks or tildes may follow each other in code. Readers
// of Markdown differ in how many they count.
const longestFence = 16

// language is the name of one for the colours of code.
var language = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_+#.-]{0,30}$`)

// verbatim is text of code, in which no fence is longer than readers can count, and
// no comment begins: who looks for one of the App's own does not always know Markdown.
func verbatim(text string) string {
	text = strings.ReplaceAll(text, "<!--", "<! --")
	if !strings.Contains(text, strings.Repeat("`", longestFence)) && !strings.Contains(text, strings.Repeat("~", longestFence)) {
		return text
	}
	return longFences.ReplaceAllStringFunc(text, func(fence string) string { return fence[:longestFence] })
}

var longFences = regexp.MustCompile("`{17,}|~{17,}")

// code writes a block of code, with as many of its lines as fit.
func (r *renderer) code(info string, n ast.Node) []string {
	lines := codeLines(n, r.source)
	if len(lines) == 0 {
		return nil
	}
	fence := "```"
	for _, line := range lines {
		for strings.Contains(line, fence) {
			fence += "`"
		}
	}
	first := fence + coloured(info)
	if r.fitting([]string{first, fence}) == nil {
		return nil
	}
	out := []string{first}
	for _, line := range lines {
		cost := r.indent + len(line) + 1
		if cost > r.left {
			r.cut = true
			break
		}
		r.left -= cost
		out = append(out, line)
	}
	return append(out, fence)
}

// codeLines are the lines of a block of code, without empty ones around it. A tab would
// be as wide as what stands before it.
func codeLines(n ast.Node, source []byte) []string {
	text := strings.ReplaceAll(string(n.Lines().Value(source)), "\t", "    ")
	text = strings.Trim(verbatim(visible(text)), "\n")
	if text == "" {
		return nil
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(spaced(line), " ")
	}
	return lines
}

// coloured is the language of code. Some that GitHub knows are no languages: it draws
// what they say, or offers to put it into a file.
func coloured(info string) string {
	info = strings.ToLower(info)
	switch info {
	case "math", "mermaid", "geojson", "topojson", "stl", "suggestion":
		return ""
	}
	if !language.MatchString(info) {
		return ""
	}
	return info
}
