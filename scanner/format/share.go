package format

import (
	"fmt"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/imageupdater/imageupdater/scanner/edit"
)

// settle decides on scalars that more than one place uses: places that mean the
// same image become one field, what they do not agree on is left alone.
func (f *finder) settle() {
	f.merge()
	reserve(f.fields)
	users := map[*yaml.Node][]*candidate{}
	known := map[*yaml.Node]bool{}
	for _, c := range f.fields {
		f.obey(c)
		c.tagSlot, c.digestSlot = c.slot(c.tag), c.slot(c.digest)
		for _, n := range c.scalars() {
			users[n] = append(users[n], c)
		}
		for _, n := range slices.Concat(c.raws, c.also) {
			known[n] = true
		}
	}
	strangers := f.strangers(users, known)
	for _, group := range connected(f.fields, users) {
		share(group, users, strangers)
	}
}

// connected groups the fields that share scalars with each other, directly or
// by way of others: none of them can change without the rest.
func connected(fields []*candidate, users map[*yaml.Node][]*candidate) [][]*candidate {
	var groups [][]*candidate
	seen := map[*candidate]bool{}
	for _, c := range fields {
		if seen[c] {
			continue
		}
		seen[c] = true
		group := []*candidate{c}
		for i := 0; i < len(group); i++ {
			for _, n := range group[i].scalars() {
				for _, other := range users[n] {
					if !seen[other] {
						seen[other] = true
						group = append(group, other)
					}
				}
				users[n] = users[n][:1] // the first is enough to compare with
			}
		}
		groups = append(groups, group)
	}
	return groups
}

// share spreads what keeps one field of a group from changing to all of them.
func share(group []*candidate, users map[*yaml.Node][]*candidate, strangers map[*yaml.Node]*yaml.Node) {
	until := ""
	var reason *Reason
	for _, c := range group {
		until = max(until, c.holdUntil)
		if disagreement := c.disagreement(users, strangers); disagreement != nil {
			reason = disagreement
		} else if c.skip != nil && reason == nil && len(group) > 1 {
			reason = &Reason{Shared, fmt.Sprintf("the same value stands in %s, which is left alone: %s", c.at.path, c.skip.Detail)}
		}
	}
	for _, c := range group {
		c.holdUntil = until
		if reason != nil {
			c.leave(reason)
		}
	}
}

// disagreement is what else a field's scalars are used for; nil where nothing is.
func (c *candidate) disagreement(users map[*yaml.Node][]*candidate, strangers map[*yaml.Node]*yaml.Node) *Reason {
	for _, n := range c.scalars() {
		if other := users[n][0]; !agree(other, c) {
			return &Reason{Shared, serves(describe(other), describe(c))}
		}
		if at := strangers[n]; at != nil {
			return &Reason{Shared, fmt.Sprintf("line %d uses the same value for something else", c.at.text.FileLine(at.Line))}
		}
	}
	return nil
}

func serves(one, other string) string {
	if one == other {
		return "one value serves " + one + " twice, not both times with the same digest"
	}
	return "one value serves " + one + " and " + other
}

// leave gives a reason to a candidate that has none yet.
func (c *candidate) leave(reason *Reason) {
	if c.skip == nil {
		c.skip = reason
	}
}

// strangers are uses of anchored tags and digests, by the anchored scalar, that
// belong to no image. Labels may follow their image.
func (f *finder) strangers(users map[*yaml.Node][]*candidate, known map[*yaml.Node]bool) map[*yaml.Node]*yaml.Node {
	found := map[*yaml.Node]*yaml.Node{}
	texts := map[*edit.Text]bool{}
	for n, candidates := range users {
		if n.Anchor != "" {
			texts[candidates[0].at.text] = true
		}
	}
	for text := range texts {
		for _, doc := range text.Docs {
			eachUse(doc, "", false, func(use *yaml.Node, key string, label bool) {
				target := resolve(use)
				if target.Anchor == "" || users[target] == nil || label || known[use] {
					return
				}
				// Helm values may keep a version under a key for nothing else.
				holder := use == target && users[target][0].at.rules.anyParent && versionHolder.MatchString(key)
				if !holder {
					found[target] = use
				}
			})
		}
	}
	return found
}

// versionHolder are keys of which the value is there to be used elsewhere.
var versionHolder = regexp.MustCompile(`(?i)version|tag|image|^[_.]|^x-`)

// eachUse visits the values of a tree, aliases as they stand, with the key of
// each, and tells whether it is a label or the like.
func eachUse(n *yaml.Node, key string, label bool, visit func(use *yaml.Node, key string, label bool)) {
	if n.Kind == yaml.MappingNode {
		for key, value := range pairs(n) {
			eachUse(value, key.Value, label || notImages[key.Value], visit)
		}
		return
	}
	if n.Kind == yaml.ScalarNode || n.Kind == yaml.AliasNode {
		visit(n, key, label)
	}
	for _, child := range n.Content {
		eachUse(child, key, label, visit)
	}
}

// merge makes one field of places that use the very same scalars for the same
// image. A tag on its own gives way to the images that use it.
func (f *finder) merge() {
	slices.SortStableFunc(f.fields, func(a, b *candidate) int { return compareBool(a.weak(), b.weak()) })
	first := map[*yaml.Node][]*candidate{}
	kept := f.fields[:0]
	for _, c := range f.fields {
		nodes := c.scalars()
		if len(nodes) == 0 {
			kept = append(kept, c)
			continue
		}
		i := slices.IndexFunc(first[nodes[0]], func(other *candidate) bool {
			return c.weak() || other.tag.node == c.tag.node && other.digest.node == c.digest.node && agree(other, c)
		})
		if i >= 0 {
			other := first[nodes[0]][i]
			other.room.absorb(c)
			other.also = append(other.also, c.raws...)
			other.also = append(append(other.also, c.also...), c.at.keyNode)
			continue
		}
		if len(first[nodes[0]]) < maxSharers {
			first[nodes[0]] = append(first[nodes[0]], c)
		}
		kept = append(kept, c)
	}
	f.fields = kept
}

// weak tells whether a candidate is no more than a tag by itself.
func (c *candidate) weak() bool { return c.lone || c.tentative }

// maxSharers is how many different images a scalar is compared for.
const maxSharers = 8

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// scalars are those that make the candidate what it is: what an edit would
// change, or, where there is nothing to change, the name.
func (c *candidate) scalars() []*yaml.Node {
	nodes := make([]*yaml.Node, 0, 2)
	for _, n := range []*yaml.Node{c.tag.node, c.digest.node} {
		if n != nil && !slices.Contains(nodes, n) {
			nodes = append(nodes, n)
		}
	}
	if len(nodes) == 0 {
		return c.name
	}
	return nodes
}

// agree tells whether two fields mean the same image at the same version. Names
// that are still to be completed agree only at the same path of the same values.
func agree(a, b *candidate) bool {
	switch {
	case a.ref.Tag != b.ref.Tag, a.ref.Digest != b.ref.Digest && a.tag.node != nil && b.tag.node != nil:
		return false
	case a.at.release != b.at.release && (a.missing != NothingMissing || b.missing != NothingMissing):
		return false
	case a.missing == NameMissing || b.missing == NameMissing:
		return a.missing == b.missing && a.at.values == b.at.values
	}
	return a.ref.Repository() == b.ref.Repository()
}

func describe(c *candidate) string {
	if c.ref.Path == "" {
		return c.at.path
	}
	return c.ref.Name()
}
