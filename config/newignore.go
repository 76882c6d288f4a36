package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// NewIgnore is an entry of ignore to be written.
type NewIgnore struct {
	Image    string   `json:"image"` // a canonical name
	Versions string   `json:"versions,omitempty"`
	Tags     []string `json:"tags,omitempty"`
	Until    string   `json:"until,omitempty"` // YYYY-MM-DD
	Reason   string   `json:"reason,omitempty"`
}

// ErrNoPlace is a file to which no entry can be added without touching what is
// there.
var ErrNoPlace = errors.New("the entry cannot be added without changing what else is in the file")

// ErrThere is an entry that the file has already.
var ErrThere = errors.New("the entry is there already")

// AddIgnore adds an entry to a file's ignore list, after those that are there and
// in their style. All bytes that were there stay. A file that says the same
// otherwise, or is broken, is not written: the error is ErrNoPlace, ErrThere, or what
// is wrong with the entry.
func AddIgnore(src []byte, entry *NewIgnore) ([]byte, error) {
	root, broken := parse(FileName, src)
	if broken != nil {
		return nil, broken
	}
	if has(root, entry) {
		return nil, ErrThere
	}
	for _, try := range placesFor(src, root, entry) {
		out := bytes.Join([][]byte{src[:try.at], []byte(try.text), src[try.at:]}, nil)
		if adds(src, out, entry) {
			return out, decodes(out)
		}
	}
	return nil, ErrNoPlace
}

// insertion is a text to be put before an offset.
type insertion struct {
	at   int
	text string
}

// placesFor are the places where an entry may go. Not all of them need be right.
func placesFor(src []byte, root *yaml.Node, entry *NewIgnore) []insertion {
	list := listOf(root)
	eol := lineEnd(src)
	switch {
	case list == nil:
		return []insertion{{len(src), apart(src, eol) + "ignore:" + eol + entry.block("  ", eol, false)}}
	case list.Kind == yaml.ScalarNode && list.Value == "":
		return []insertion{afterLine(src, list.Line, eol, entry.block("  ", eol, false))}
	case list.Kind != yaml.SequenceNode:
		return nil
	case list.Style&yaml.FlowStyle != 0:
		return inFlow(src, list, entry)
	}
	indent := list.Column - 1
	last := list.Content[len(list.Content)-1]
	spread := last.Kind == yaml.MappingNode && last.Style&yaml.FlowStyle == 0
	return []insertion{afterLine(src, lastLine(src, last.Line, indent), eol, entry.block(strings.Repeat(" ", indent), eol, spread))}
}

// has says whether a file has an entry, whatever its reason.
func has(root *yaml.Node, entry *NewIgnore) bool {
	list := listOf(root)
	if list == nil {
		return false
	}
	var wanted map[string]any
	if yaml.Unmarshal([]byte(entry.Flow()), &wanted) != nil {
		return false
	}
	delete(wanted, "reason")
	return slices.ContainsFunc(list.Content, func(n *yaml.Node) bool {
		var there map[string]any
		if n.Decode(&there) != nil {
			return false
		}
		delete(there, "reason")
		return reflect.DeepEqual(there, wanted)
	})
}

// listOf is the value of ignore; nil where there is none.
func listOf(root *yaml.Node) *yaml.Node {
	if root == nil {
		return nil
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value == "ignore" {
			return root.Content[i+1]
		}
	}
	return nil
}

// inFlow puts an entry before a closing bracket. Which of those behind the list's
// beginning is its own, the comparison tells.
func inFlow(src []byte, list *yaml.Node, entry *NewIgnore) []insertion {
	const most = 200
	from := offsetOf(src, list.Line) + list.Column - 1
	text := entry.Flow()
	if len(list.Content) > 0 {
		text = ", " + text
	}
	var all []insertion
	for i := max(from, 0); i < len(src) && len(all) < most; i++ {
		if src[i] == ']' {
			all = append(all, insertion{i, text})
		}
	}
	return all
}

// lastLine is the last line of a list's item that begins on a line: those behind it
// that are indented more than the list's dashes belong to it.
func lastLine(src []byte, line, indent int) int {
	last := line
	lines := strings.Split(string(src), "\n")
	for i := line; i < len(lines); i++ {
		text := strings.TrimRight(lines[i], " \t\r")
		if text == "" {
			continue
		}
		if len(text)-len(strings.TrimLeft(text, " ")) <= indent {
			break
		}
		last = i + 1
	}
	return last
}

// afterLine puts a text behind a line, counted from 1.
func afterLine(src []byte, line int, eol, text string) insertion {
	at := offsetOf(src, line+1)
	if at > 0 && src[at-1] != '\n' {
		text = eol + strings.TrimSuffix(text, eol) // the file ends without a line's end, and goes on so
	}
	return insertion{at, text}
}

// offsetOf is where a line begins, or the file ends.
func offsetOf(src []byte, line int) int {
	at := 0
	for ; line > 1; line-- {
		next := bytes.IndexByte(src[at:], '\n')
		if next < 0 {
			return len(src)
		}
		at += next + 1
	}
	return at
}

// apart is what stands between the end of a file and a new key.
func apart(src []byte, eol string) string {
	switch {
	case len(bytes.TrimSpace(bytes.TrimPrefix(src, []byte("\uFEFF")))) == 0 && !bytes.Contains(src, []byte("\uFEFF")):
		return ""
	case !bytes.HasSuffix(src, []byte("\n")):
		return eol + eol
	}
	return eol
}

func lineEnd(src []byte) string {
	if first := bytes.IndexByte(src, '\n'); first > 0 && src[first-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// pairs are the entry's keys and values, each value as YAML of one line.
func (n *NewIgnore) pairs() [][2]string {
	all := [][2]string{{"image", yamlText(n.Image)}}
	if n.Versions != "" {
		all = append(all, [2]string{"versions", yamlText(n.Versions)})
	}
	if len(n.Tags) > 0 {
		tags := make([]string, 0, len(n.Tags))
		for _, t := range n.Tags {
			tags = append(tags, yamlText(t))
		}
		all = append(all, [2]string{"tags", "[" + strings.Join(tags, ", ") + "]"})
	}
	if n.Until != "" {
		all = append(all, [2]string{"until", n.Until})
	}
	if n.Reason != "" {
		all = append(all, [2]string{"reason", yamlText(n.Reason)})
	}
	return all
}

// yamlText is a text as YAML: in single quotes, which leave backslashes alone, unless
// it has what those cannot hold.
func yamlText(text string) string {
	if strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r == '\'' || r > '~' }) < 0 {
		if strings.ContainsRune(text, '\\') {
			return "'" + text + "'"
		}
		return `"` + strings.ReplaceAll(text, `"`, `\"`) + `"`
	}
	encoded, err := json.Marshal(text)
	if err != nil {
		return `""` // not reached: it is a text
	}
	return string(encoded)
}

// Flow is the entry as YAML of one line.
func (n *NewIgnore) Flow() string {
	var parts []string
	for _, p := range n.pairs() {
		parts = append(parts, p[0]+": "+p[1])
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// block is the entry as an item of a list, one key a line if it is spread.
func (n *NewIgnore) block(indent, eol string, spread bool) string {
	if !spread {
		return indent + "- " + n.Flow() + eol
	}
	var b strings.Builder
	for i, p := range n.pairs() {
		lead := "  "
		if i == 0 {
			lead = "- "
		}
		b.WriteString(indent + lead + p[0] + ": " + p[1] + eol)
	}
	return b.String()
}

// adds says whether a file differs from another one in the entry alone.
func adds(before, after []byte, entry *NewIgnore) bool {
	was, is := map[string]any{}, map[string]any{}
	if yaml.Unmarshal(before, &was) != nil || yaml.Unmarshal(after, &is) != nil {
		return false
	}
	var added map[string]any
	if yaml.Unmarshal([]byte(entry.Flow()), &added) != nil {
		return false
	}
	listed, _ := was["ignore"].([]any)
	now, _ := is["ignore"].([]any)
	if len(now) != len(listed)+1 || !reflect.DeepEqual(now[len(listed)], any(added)) {
		return false
	}
	for i := range listed {
		if !reflect.DeepEqual(listed[i], now[i]) {
			return false
		}
	}
	delete(was, "ignore")
	delete(is, "ignore")
	return reflect.DeepEqual(was, is)
}

// decodes tells what is wrong with a file by itself.
func decodes(src []byte) error {
	l := &loader{found: newDecoder(FileName)}
	l.file(FileName, src)
	if len(l.found.errors) > 0 {
		return fmt.Errorf("adding an entry to ignore: %w", l.errors())
	}
	return nil
}
