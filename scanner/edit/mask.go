package edit

import (
	"bytes"
	"regexp"
	"slices"
)

// Templates are hidden from the YAML parser behind text of the same length, so
// that an offset in the mask is an offset in the file.
var (
	onlyActions   = regexp.MustCompile(`(?m)^[ \t]*\x00[\x00 \t]*$`)
	yamlDirective = regexp.MustCompile(`(?m)^%YAML 1\.[2-9]`)
	surrogatePair = regexp.MustCompile(`\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}`)
)

// hidden stands for a template's bytes until it is known whether the line
// holds anything else. YAML refuses it in the source, so it is never there.
const hidden = 0

// mask hides what the parser cannot read: a line made only of template actions
// becomes a comment, an action inside a line becomes a word; a %YAML 1.2
// directive becomes 1.1; JSON's surrogate pairs become other characters.
// The second result tells whether there was anything to hide.
func mask(src []byte) ([]byte, bool) {
	out := bytes.Clone(src)
	changed := hideTemplates(out)
	for _, at := range yamlDirective.FindAllIndex(out, -1) {
		out[at[1]-1] = '1'
		changed = true
	}
	for _, at := range surrogatePair.FindAllIndex(out, -1) {
		copy(out[at[0]:at[1]], `\u0078\u0078`)
		changed = true
	}
	return out, changed
}

func hideTemplates(out []byte) bool {
	actions := templateActions(out)
	if len(actions) == 0 || bytes.IndexByte(out, hidden) >= 0 {
		return false
	}
	for _, at := range actions {
		hideRange(out[at[0]:at[1]], hidden)
	}
	for _, at := range onlyActions.FindAllIndex(out, -1) {
		commentOut(out[at[0]:at[1]])
	}
	for i, b := range out {
		if b == hidden {
			out[i] = 'x'
		}
	}
	return true
}

// delimiters are those of Go's templates, and of Jinja's statements and comments.
//
//nolint:gochecknoglobals // a table, never written
var delimiters = []struct{ open, end string }{{"{{", "}}"}, {"{%", "%}"}, {"{#", "#}"}}

// templateActions finds actions, each up to the first end of its kind. An end
// that was not found once is not looked for again.
func templateActions(src []byte) [][2]int {
	var found [][2]int
	missing := [3]bool{}
	for i := 0; ; {
		next := bytes.IndexByte(src[i:], '{')
		if next < 0 {
			return found
		}
		i += next
		kind := slices.IndexFunc(delimiters, func(d struct{ open, end string }) bool { return bytes.HasPrefix(src[i:], []byte(d.open)) })
		if kind < 0 || missing[kind] {
			i++
			continue
		}
		end := bytes.Index(src[i+2:], []byte(delimiters[kind].end))
		if end < 0 {
			missing[kind] = true
			i++
			continue
		}
		end += i + 4
		found = append(found, [2]int{i, end})
		i = end
	}
}

func hideRange(part []byte, with byte) {
	for i, b := range part {
		if b != '\n' && b != '\r' {
			part[i] = with
		}
	}
}

// commentOut keeps the indentation, so that the comment cannot end a block.
func commentOut(line []byte) {
	first := bytes.IndexByte(line, hidden)
	for i := first; i < len(line); i++ {
		if line[i] == hidden {
			line[i] = ' '
		}
	}
	line[first] = '#'
}
