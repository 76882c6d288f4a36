package edit

import (
	"bytes"
	"regexp"
)

// Templates are hidden from the YAML parser behind text of the same length, so
// that an offset in the mask is an offset in the file.
var (
	templateAction = regexp.MustCompile(`(?s)\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}`)
	onlyActions    = regexp.MustCompile(`(?m)^[ \t]*\x00[\x00 \t]*$`)
	yamlDirective  = regexp.MustCompile(`(?m)^%YAML 1\.[2-9]`)
	surrogatePair  = regexp.MustCompile(`\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}`)
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
	actions := templateAction.FindAllIndex(out, -1)
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
