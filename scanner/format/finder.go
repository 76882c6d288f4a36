package format

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/imageupdater/imageupdater/scanner/edit"
	"github.com/imageupdater/imageupdater/scanner/image"
)

// Limits on one file; beyond them a file is a problem, never a stall.
const (
	maxDepth  = 200    // nested collections
	maxNested = 4      // block scalars within block scalars
	maxFields = 10_000 // image fields
	maxMerges = 64     // maps looked at for one map's merge keys
	maxPath   = 1024   // bytes of a field's path; longer ones are cut
)

// finder goes through one file.
type finder struct {
	file      string
	source    []byte
	role      role
	finding   *Finding
	fields    []*candidate
	texts     map[*yaml.Node]*edit.Text
	comments  map[*edit.Text]*directives
	tooMany   bool
	work      int // nodes visited, aliases followed
	handlings []handling
}

// place is where in the file the walk stands.
type place struct {
	text *edit.Text
	// path is for people, values the path in the tree of Helm values around;
	// inValues tells the root of such a tree from no tree at all.
	path     string
	values   string
	inValues bool
	release  int // index in Finding.Releases plus one; 0 for none
	// key is the name of the key that holds the node, keys those above it; raw
	// is the node as it stands there, an alias perhaps.
	key     string
	raw     *yaml.Node
	keyNode *yaml.Node
	above   string // the key above key
	depth   int
	object  bool   // it is the root of a Kubernetes object
	images  bool   // it stands somewhere below a map of images
	prefix  string // a registry that the values give and a chart may put before names; "" for none
	rules   *rules
}

// candidate is a field in the making: nodes instead of bytes.
type candidate struct {
	at          place
	ref         image.Reference
	name        []*yaml.Node
	tag, digest piece
	raws        []*yaml.Node // tag and digest as they stand there, aliases perhaps
	also        []*yaml.Node // where else the same image uses the same scalars
	bare        bool
	nameDoubt   bool   // skip is about the name: a comment may settle it
	holdUntil   string // by a comment
	skip        *Reason
	missing     Missing
	ownRegistry bool
	tentative   bool
	lone        bool // a tag by a key of its own, which an image may use through an anchor
	policy      string
}

// piece is a part of a scalar's value.
type piece struct {
	node     *yaml.Node
	from, to int
}

// Find reads one parsed file. The text must be that of src.
func Find(file string, src []byte, text *edit.Text) *Finding {
	return find(file, roleOf(file), src, text)
}

// FindValues reads a file of Helm values, whatever its name.
func FindValues(file string, src []byte, text *edit.Text) *Finding {
	return find(file, roleValues, src, text)
}

func find(file string, as role, src []byte, text *edit.Text) *Finding {
	f := &finder{
		file: file, source: src, role: as,
		finding:  &Finding{},
		texts:    map[*yaml.Node]*edit.Text{},
		comments: map[*edit.Text]*directives{}, handlings: handlings(),
	}
	f.documents(text)
	f.marked(text)
	f.readComments(text)
	f.commented(text)
	f.settle()
	f.finish()
	return f.finding
}

// problem reports something at a line of a text.
func (f *finder) problem(text *edit.Text, line, column int, message string) {
	f.finding.Problems = append(f.finding.Problems, Problem{File: f.file, Line: text.FileLine(line), Column: column, Message: message})
}

// exhausted tells whether more was looked at than a file of this size can hold,
// by way of anchors that are used over and over.
func (f *finder) exhausted() bool { return f.work > 100_000+10*len(f.source) }

// add keeps a candidate, unless the very same scalars were found before.
func (f *finder) add(c *candidate) {
	if len(f.fields) >= maxFields || f.exhausted() {
		f.tooMany = true
		return
	}
	f.fields = append(f.fields, c)
}

// child is the place of a value below a mapping.
func (p place) child(key *yaml.Node) place {
	p.path = joinPath(p.path, key.Value)
	if p.values = p.values + "/" + key.Value; len(p.values) > maxPath {
		p.values, p.inValues = "", false // no other file will have such a path
	}
	p.above, p.key, p.keyNode = p.key, key.Value, key
	p.depth++
	p.object = false
	p.images = p.images || key.Value == "images"
	return p
}

// item is the place of an element of a sequence; it keeps the sequence's key.
func (p place) item(i int) place {
	index := "[" + strconv.Itoa(i) + "]"
	p.path += index
	p.values += index
	p.depth++
	p.object = false
	return p
}

func joinPath(path, key string) string {
	if len(path)+len(key) > maxPath {
		return clip(path)
	}
	if path == "" || strings.HasSuffix(path, "|") {
		return path + key
	}
	return path + "." + key
}

// nested is the place of the YAML inside a block scalar; false where there is
// none to be read.
func (f *finder) nested(n *yaml.Node, p place) (place, bool) {
	n = resolve(n)
	if n.Kind != yaml.ScalarNode || n.Style&yaml.LiteralStyle == 0 || !Screen([]byte(n.Value)) || nesting(p.path) >= maxNested {
		return p, false
	}
	text := f.texts[n]
	if text == nil {
		var err error
		if text, err = p.text.Nested(n); err != nil {
			return p, false
		}
		f.texts[n] = text
	}
	p.text = text
	p.path += "|"
	return p, true
}

func nesting(path string) int { return strings.Count(path, "|") }

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

// settle decides on scalars that more than one place uses: places that mean the
// same image become one field, what they do not agree on is left alone.
func (f *finder) settle() {
	f.merge()
	for _, c := range f.fields {
		f.obey(c)
	}
	users := map[*yaml.Node][]*candidate{}
	for _, c := range f.fields {
		for _, n := range c.scalars() {
			users[n] = append(users[n], c)
		}
	}
	known := map[*yaml.Node]bool{}
	for _, c := range f.fields {
		for _, n := range append(c.raws, c.also...) {
			known[n] = true
		}
	}
	strangers := f.strangers(users, known)
	for n, candidates := range users {
		share(candidates)
		if at := strangers[n]; at != nil {
			for _, c := range candidates {
				c.leave(&Reason{Shared, fmt.Sprintf("line %d uses the same value for something else", c.at.text.FileLine(at.Line))})
			}
		}
	}
}

// share spreads what keeps one of several fields from changing their common
// scalar to all of them.
func share(candidates []*candidate) {
	first := candidates[0]
	until := ""
	var reason *Reason
	for _, c := range candidates {
		until = max(until, c.holdUntil)
		switch {
		case !agree(first, c):
			reason = &Reason{Shared, fmt.Sprintf("one value serves %s and %s", describe(first), describe(c))}
		case c.skip != nil && reason == nil && len(candidates) > 1:
			reason = &Reason{Shared, fmt.Sprintf("the same value stands in %s, which is left alone: %s", c.at.path, c.skip.Detail)}
		}
	}
	for _, c := range candidates {
		c.holdUntil = until
		if reason != nil {
			c.leave(reason)
		}
	}
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
			other.also = append(append(append(other.also, c.raws...), c.also...), c.at.keyNode)
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

// finish turns candidates into fields: slots, positions, comments.
func (f *finder) finish() {
	if f.tooMany || f.exhausted() {
		f.finding.Problems = append(f.finding.Problems, Problem{File: f.file, Message: fmt.Sprintf("more than %d image fields, or anchors used too often: the rest is not looked at", maxFields)})
	}
	for _, c := range f.fields {
		f.finding.Fields = append(f.finding.Fields, f.field(c))
	}
	slices.SortStableFunc(f.finding.Fields, func(a, b Found) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

func (f *finder) field(c *candidate) Found {
	field := Field{File: f.file, Format: c.at.rules.format, Path: c.at.path, Ref: c.ref, BareDigest: c.bare, Skip: c.skip}
	field.Tag = f.slot(c, c.tag, &field)
	field.Digest = f.slot(c, c.digest, &field)
	position := f.position(c)
	field.Line, field.Column = position.Line, position.Column
	field.HoldUntil = c.holdUntil
	if field.Skip == nil {
		field.Skip = unversioned(c)
	}
	found := Found{Field: field, Missing: c.missing, Tentative: c.tentative, OwnRegistry: c.ownRegistry, Policy: c.policy, Release: c.at.release - 1}
	if c.at.inValues {
		found.Values = c.at.values
	}
	return found
}

// unversioned is why a field without a tag cannot move.
func unversioned(c *candidate) *Reason {
	switch {
	case c.tag.node != nil:
		return nil
	case c.digest.node != nil:
		return &Reason{DigestOnly, "a digest without a tag: write the tag before it, as in name:tag@sha256:…"}
	}
	return &Reason{NoVersion, "no tag or digest is written here"}
}

func (f *finder) slot(c *candidate, p piece, field *Field) *edit.Slot {
	if p.node == nil {
		return nil
	}
	slot, err := c.at.text.Slot(p.node, p.from, p.to)
	if err == nil {
		return &slot
	}
	code := NotEditable
	if errors.Is(err, edit.ErrTemplated) {
		code = Templated
	}
	if field.Skip == nil {
		field.Skip = &Reason{code, err.Error()}
	}
	return nil
}

// position is where a person should look.
func (f *finder) position(c *candidate) edit.Position {
	for _, p := range []piece{c.tag, c.digest} {
		if p.node == nil {
			continue
		}
		if slot, err := c.at.text.Slot(p.node, p.from, p.to); err == nil {
			return slot.At
		}
		return c.at.text.Position(p.node)
	}
	if len(c.name) > 0 {
		return c.at.text.Position(c.name[len(c.name)-1])
	}
	return edit.Position{}
}

// obey applies the comments on and above the field's lines and its key.
func (f *finder) obey(c *candidate) {
	comments := f.commentsOf(c.at.text)
	if len(comments.said) == 0 {
		return
	}
	var d directive
	nodes := slices.Concat([]*yaml.Node{c.tag.node, c.digest.node, c.at.keyNode}, c.name, c.raws, c.also)
	for _, n := range nodes {
		if n != nil {
			d = d.or(comments.at(n.Line))
		}
	}
	if d.ignore {
		c.skip = &Reason{Ignored, "a comment says: imageupdater: ignore"}
	}
	if ref, err := image.ParseName(d.hint); err == nil && c.missing == NameMissing && c.skip == nil {
		c.ref.Registry, c.ref.Path = ref.Registry, ref.Path
		c.missing, c.tentative = NothingMissing, false
	}
	c.holdUntil = d.holdUntil
}

// readComments reads the comments of all texts, so that none that is misspelt
// goes unnoticed.
func (f *finder) readComments(text *edit.Text) {
	f.commentsOf(text)
	for _, c := range f.fields { // text in a block scalar counts if it holds images
		f.commentsOf(c.at.text)
	}
	slices.SortStableFunc(f.finding.Problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Message, b.Message))
	})
}

// commentsOf reads a text's comments once.
func (f *finder) commentsOf(text *edit.Text) *directives {
	if found, done := f.comments[text]; done {
		return found
	}
	found := &directives{}
	if bytes.Contains(f.source, []byte("imageupdater:")) || bytes.Contains(f.source, []byte("renovate:")) {
		found = readDirectives(text, func(line int, message string) {
			f.problem(text, line, 1, message)
		})
	}
	f.comments[text] = found
	return found
}
