package format

import (
	"go.yaml.in/yaml/v4"
)

// root is a document's content, nil where it has none.
func root(doc *yaml.Node) *yaml.Node {
	if doc.Kind == yaml.DocumentNode && len(doc.Content) > 0 {
		return doc.Content[0]
	}
	return nil
}

// resolve follows an alias to what its anchor names.
func resolve(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// get is the value of a key, merge keys included; nil where there is none. Of
// a key given twice the last counts, as for the readers of these files.
func get(m *yaml.Node, key string) *yaml.Node {
	budget := maxMerges
	return lookup(resolve(m), key, &budget)
}

// rawOf is the value of a key as it stands in the mapping itself.
func rawOf(m *yaml.Node, key string) *yaml.Node {
	var found *yaml.Node
	for k, v := range pairs(m) {
		if k.Value == key {
			found = v
		}
	}
	return found
}

func lookup(m *yaml.Node, key string, budget *int) *yaml.Node {
	if *budget--; m == nil || m.Kind != yaml.MappingNode || *budget < 0 {
		return nil
	}
	for i := len(m.Content) - 2; i >= 0; i -= 2 {
		if m.Content[i].Value == key {
			return resolve(m.Content[i+1])
		}
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value != "<<" {
			continue
		}
		for _, source := range mergeSources(m.Content[i+1]) {
			if found := lookup(source, key, budget); found != nil {
				return found
			}
		}
	}
	return nil
}

func mergeSources(n *yaml.Node) []*yaml.Node {
	n = resolve(n)
	if n.Kind != yaml.SequenceNode {
		return []*yaml.Node{n}
	}
	sources := make([]*yaml.Node, len(n.Content))
	for i, source := range n.Content {
		sources[i] = resolve(source)
	}
	return sources
}

// text of a scalar at a path of keys; "" where there is none.
func scalarAt(n *yaml.Node, keys ...string) string {
	for _, key := range keys {
		n = get(n, key)
	}
	if n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}

func nodeAt(n *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		n = get(n, key)
	}
	return resolve(n)
}

func isScalar(n *yaml.Node) bool { return n != nil && n.Kind == yaml.ScalarNode }

// filled tells whether a scalar holds something.
func filled(n *yaml.Node) bool {
	return isScalar(n) && n.Value != "" && n.ShortTag() != "!!null"
}

// pairs are the key and value nodes of a mapping; nothing for other nodes.
func pairs(n *yaml.Node) func(yield func(key, value *yaml.Node) bool) {
	return func(yield func(key, value *yaml.Node) bool) {
		if n == nil || n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i], n.Content[i+1]) {
				return
			}
		}
	}
}

// at walks down keys, keeping the place.
func descend(n *yaml.Node, p place, keys ...string) (*yaml.Node, place) {
	for _, key := range keys {
		var found, next *yaml.Node
		for k, v := range pairs(n) {
			if k.Value == key {
				found, next = k, v // of a key given twice the last counts
			}
		}
		if next == nil {
			return nil, p
		}
		p = p.child(found)
		p.raw = next
		n = resolve(next)
	}
	return n, p
}

// rawFor is a scalar as it stands at the place: an alias, or itself.
func (p place) rawFor(n *yaml.Node) *yaml.Node {
	if p.raw != nil && resolve(p.raw) == n {
		return p.raw
	}
	return n
}

// element is the place of an element of a sequence.
func (p place) element(i int, n *yaml.Node) place {
	p = p.item(i)
	p.raw = n
	return p
}

// items are the elements of a sequence; nothing for other nodes.
func items(n *yaml.Node) []*yaml.Node {
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	return n.Content
}
