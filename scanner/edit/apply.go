package edit

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v4"
)

// splice replaces source[from:to] of one text.
type splice struct {
	from, to int
	text     string
	blank    bool // a blank stands before the text: it is the first value of its key
}

// plan is what a set of edits means for one text: the values that change, and
// the same for the texts inside its block scalars.
type plan struct {
	text   *Text
	values map[*yaml.Node]string
	nested map[*yaml.Node]*plan
}

// Apply writes all edits of one file at once and returns the new bytes. Only
// the pieces named change; a value that YAML would no longer read as that
// string is put in double quotes. The error wraps ErrStale where the file does
// not say what a slot expects, ErrVerify where the result, parsed again, would
// differ in anything but the planned values, and the errors of Text.Slot.
// src is not modified.
func Apply(src []byte, edits []Edit) ([]byte, error) {
	if len(edits) == 0 {
		return bytes.Clone(src), nil
	}
	text, err := Parse(src)
	if err != nil {
		return nil, err
	}
	planned, splices, err := planText(text, edits, 0)
	if err != nil {
		return nil, err
	}
	out, err := spliceAll(src, splices)
	if err != nil {
		return nil, err
	}
	edited, err := Parse(out)
	if err != nil {
		return nil, fmt.Errorf("%w: it no longer parses: %w", ErrVerify, err)
	}
	if err := planned.verify(edited); err != nil {
		return nil, err
	}
	return out, nil
}

// planText turns the edits of one text, all at the same depth of block
// scalars, into splices of that text.
func planText(t *Text, edits []Edit, depth int) (*plan, []splice, error) {
	p := &plan{text: t, values: map[*yaml.Node]string{}, nested: map[*yaml.Node]*plan{}}
	nodes := scalarsByMark(t)
	var splices []splice
	for _, group := range groupByScalar(edits, depth) {
		node := nodes[group.mark]
		if node == nil {
			return nil, nil, fmt.Errorf("%w: no scalar at line %d, column %d", ErrStale, group.mark.Line, group.mark.Column)
		}
		var added []splice
		var err error
		if group.inside {
			added, err = p.editInside(node, group.edits, depth)
		} else {
			added, err = p.editScalar(node, group.edits)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("line %d: %w", t.FileLine(node.Line), err)
		}
		splices = append(splices, added...)
	}
	return p, splices, nil
}

// scalarsByMark gives way to scalars that are there: the parser reports absent
// ones where the next may stand.
func scalarsByMark(t *Text) map[Mark]*yaml.Node {
	nodes := map[Mark]*yaml.Node{}
	for _, doc := range t.Docs {
		walk(doc, func(n *yaml.Node) {
			if n.Kind == yaml.ScalarNode && (nodes[markOf(n)] == nil || !isAbsent(n)) {
				nodes[markOf(n)] = n
			}
		})
	}
	return nodes
}

func walk(n *yaml.Node, visit func(*yaml.Node)) {
	visit(n)
	for _, child := range n.Content {
		walk(child, visit)
	}
}

type scalarEdits struct {
	mark   Mark
	inside bool // the edits are of the text that the scalar holds
	edits  []Edit
}

// groupByScalar puts together the edits that concern one scalar of the text at
// a depth, in the order of the text.
func groupByScalar(edits []Edit, depth int) []scalarEdits {
	groups := map[Mark]*scalarEdits{}
	for _, edit := range edits {
		mark, inside := edit.Slot.Scalar, false
		if len(edit.Slot.Carriers) > depth {
			mark, inside = edit.Slot.Carriers[depth], true
		}
		if groups[mark] == nil {
			groups[mark] = &scalarEdits{mark: mark, inside: inside}
		}
		groups[mark].edits = append(groups[mark].edits, edit)
	}
	sorted := make([]scalarEdits, 0, len(groups))
	for _, group := range groups {
		sorted = append(sorted, *group)
	}
	slices.SortFunc(sorted, func(a, b scalarEdits) int {
		return cmp.Or(cmp.Compare(a.mark.Line, b.mark.Line), cmp.Compare(a.mark.Column, b.mark.Column))
	})
	return sorted
}

func (p *plan) editInside(carrier *yaml.Node, edits []Edit, depth int) ([]splice, error) {
	nested, err := p.text.Nested(carrier)
	if err != nil {
		return nil, err
	}
	inner, splices, err := planText(nested, edits, depth+1)
	if err != nil {
		return nil, err
	}
	value, err := spliceAll([]byte(carrier.Value), splices)
	if err != nil {
		return nil, err
	}
	p.values[carrier] = string(value)
	p.nested[carrier] = inner
	for i, s := range splices {
		splices[i].from, splices[i].to = nested.inOuter(s.from), nested.inOuter(s.to)
	}
	return splices, nil
}

// inOuter translates an offset of a nested text into one of the text around it.
func (t *Text) inOuter(offset int) int {
	line := min(t.lineOf(offset), len(t.origin)-1)
	return t.origin[line] + offset - t.lineStarts()[line]
}

func (p *plan) editScalar(n *yaml.Node, edits []Edit) ([]splice, error) {
	s, err := p.text.locate(n)
	if err != nil {
		return nil, err
	}
	pieces := make([]splice, 0, len(edits))
	for _, edit := range edits {
		slot := edit.Slot
		if slot.From < 0 || slot.To < slot.From || slot.To > len(n.Value) || n.Value[slot.From:slot.To] != slot.Old ||
			slot.Old == "" && n.Value != "" {
			return nil, fmt.Errorf("%w: %q is not %q", ErrStale, n.Value, slot.Old)
		}
		pieces = append(pieces, splice{from: slot.From, to: slot.To, text: edit.New})
	}
	value, err := spliceAll([]byte(n.Value), pieces)
	if err != nil {
		return nil, err
	}
	p.values[n] = string(value)
	return s.write(string(value), pieces, p.text.isJSON), nil
}

// write puts a new value where the scalar stands, in its own style: piece by
// piece where its bytes are its value, else as a whole; a plain scalar that
// would no longer be a string, or no longer be JSON, is quoted.
func (s scalar) write(value string, pieces []splice, isJSON func() bool) []splice {
	plain := s.quote == 0 && !s.block
	switch {
	case plain && (!isString(value) || isJSON()):
		return []splice{{s.start, s.end, `"` + value + `"`, s.absent}}
	case !s.verbatim || s.absent:
		return []splice{{s.inner, s.innerEnd, value, s.absent}}
	}
	moved := make([]splice, len(pieces))
	for i, piece := range pieces {
		moved[i] = splice{from: s.inner + piece.from, to: s.inner + piece.to, text: piece.text}
	}
	return moved
}

// isJSON tells whether whoever reads the text may take it for JSON.
func (t *Text) isJSON() bool { return json.Valid(t.source) }

// spliceAll applies splices that do not overlap; the last one first.
func spliceAll(src []byte, splices []splice) ([]byte, error) {
	sorted := slices.SortedFunc(slices.Values(splices), func(a, b splice) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	})
	var out []byte
	done := 0
	for _, s := range sorted {
		if s.from < done || s.to < s.from || s.to > len(src) {
			return nil, fmt.Errorf("%w: two edits overlap", ErrStale)
		}
		if !isWritable(s.text) {
			return nil, fmt.Errorf("%w: %q cannot be written", ErrVerify, s.text)
		}
		out = append(out, src[done:s.from]...)
		if s.blank {
			out = append(out, ' ')
		}
		out = append(out, s.text...)
		done = s.to
	}
	return append(out, src[done:]...), nil
}

// writable are references, tags and digests, and scalars made of them. It keeps
// out what would need escapes or could end a scalar, whatever a registry says.
var writable = regexp.MustCompile(`^(?:[A-Za-z0-9_./@+-]|:[A-Za-z0-9_./@+-])*$`)

func isWritable(s string) bool {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	return writable.MatchString(s)
}

// verify compares the text before and after, node by node.
func (p *plan) verify(edited *Text) error {
	before, after := flatten(p.text), flatten(edited)
	if len(before) != len(after) {
		return fmt.Errorf("%w: %d nodes became %d", ErrVerify, len(before), len(after))
	}
	for i, old := range before {
		if err := p.verifyNode(old, after[i], edited); err != nil {
			return fmt.Errorf("%w: line %d: %w", ErrVerify, edited.FileLine(after[i].Line), err)
		}
	}
	return nil
}

func (p *plan) verifyNode(old, now *yaml.Node, edited *Text) error {
	want, planned := p.values[old]
	if !planned {
		if old.Kind != now.Kind || old.Value != now.Value || old.Anchor != now.Anchor {
			return fmt.Errorf("%q became %q", old.Value, now.Value)
		}
		// An alias has the type of what its anchor says now.
		if old.Kind != yaml.AliasNode && old.ShortTag() != now.ShortTag() {
			return fmt.Errorf("%q (%s) became %s", old.Value, old.ShortTag(), now.ShortTag())
		}
		return nil
	}
	if now.Kind != yaml.ScalarNode || now.Value != want || now.Anchor != old.Anchor || now.ShortTag() != "!!str" {
		return fmt.Errorf("%q became %q (%s) instead of %q", old.Value, now.Value, now.ShortTag(), want)
	}
	inner := p.nested[old]
	if inner == nil {
		return nil
	}
	nested, err := edited.Nested(now)
	if err != nil {
		return err
	}
	return inner.verify(nested)
}

func flatten(t *Text) []*yaml.Node {
	var nodes []*yaml.Node
	for _, doc := range t.Docs {
		walk(doc, func(n *yaml.Node) { nodes = append(nodes, n) })
	}
	return nodes
}
