package format

import (
	"cmp"
	"errors"
	"fmt"
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
	tooDeep   bool
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
	tagSlot     *edit.Slot
	digestSlot  *edit.Slot
	raws        []*yaml.Node // tag and digest as they stand there, aliases perhaps
	also        []*yaml.Node // where else the same image uses the same scalars
	bare        bool
	room        room
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

// Find reads one parsed file. The text must be that of src; places are those of
// this file that no convention finds.
func Find(file string, src []byte, text *edit.Text, places ...Place) *Finding {
	return find(file, roleOf(file), src, text, places)
}

// FindValues reads a file of Helm values, whatever its name.
func FindValues(file string, src []byte, text *edit.Text, places ...Place) *Finding {
	return find(file, roleValues, src, text, places)
}

func find(file string, as role, src []byte, text *edit.Text, places []Place) *Finding {
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
	f.places(text, places)
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

// add keeps a candidate.
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

// finish turns candidates into fields.
func (f *finder) finish() {
	if f.tooMany || f.exhausted() {
		f.finding.Problems = append(f.finding.Problems, Problem{File: f.file, Message: fmt.Sprintf("more than %d image fields, or anchors used too often: the rest is not looked at", maxFields)})
	}
	if f.tooDeep {
		f.finding.Problems = append(f.finding.Problems, Problem{File: f.file, Message: fmt.Sprintf("collections are nested more than %d deep: what is below is not looked at", maxDepth)})
	}
	slices.SortStableFunc(f.finding.Problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Message, b.Message))
	})
	for _, c := range f.fields {
		f.finding.Fields = append(f.finding.Fields, f.field(c))
	}
	slices.SortStableFunc(f.finding.Fields, func(a, b Found) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

func (f *finder) field(c *candidate) Found {
	field := Field{File: f.file, Format: c.at.rules.format, Path: c.at.path, Ref: c.ref, BareDigest: c.bare, Skip: c.skip}
	field.Tag, field.Digest = c.tagSlot, c.digestSlot
	position := f.position(c)
	field.Line, field.Column = position.Line, position.Column
	field.HoldUntil = c.holdUntil
	if field.Skip == nil {
		field.Skip = unversioned(c)
	}
	if field.Skip == nil && c.digest.node == nil {
		c.makeRoom(&field)
	}
	found := Found{Field: field, Missing: c.missing, Tentative: c.tentative, OwnRegistry: c.ownRegistry, Policy: c.policy, Release: c.at.release - 1}
	found.DigestKey = c.room.empty != nil || c.digest.node != nil && c.digest.node != c.tag.node
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

// slot is where an edit would write a piece. What cannot be written leaves the
// whole field alone.
func (c *candidate) slot(p piece) *edit.Slot {
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
	c.leave(&Reason{code, err.Error()})
	return nil
}

// position is where a person should look.
func (f *finder) position(c *candidate) edit.Position {
	switch {
	case c.tagSlot != nil:
		return c.tagSlot.At
	case c.tag.node != nil:
		return c.at.text.Position(c.tag.node)
	case c.digestSlot != nil:
		return c.digestSlot.At
	case c.digest.node != nil:
		return c.at.text.Position(c.digest.node)
	case len(c.name) > 0:
		return c.at.text.Position(c.name[len(c.name)-1])
	}
	return edit.Position{}
}
