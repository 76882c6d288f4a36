package format

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/imageupdater/imageupdater/scanner/edit"
	"github.com/imageupdater/imageupdater/scanner/image"
)

// directive is what a comment `# imageupdater: …` says of the field beside or
// below it.
type directive struct {
	ignore    bool
	hold      bool
	holdUntil string
	image     string
	// hint is the image that a comment for Renovate names; it serves only where
	// nothing else does.
	hint string
}

var (
	directivePattern = regexp.MustCompile(`#\s*imageupdater:\s*(.*?)\s*(?:\s#.*)?$`)
	renovatePattern  = regexp.MustCompile(`#\s*renovate:\s*(?:.*\bdatasource=docker\b.*\bdepName=(\S+)|.*\bdepName=(\S+).*\bdatasource=docker\b|docker=(\S+))`)
	markerPattern    = regexp.MustCompile(`#\s*\{\s*"\$imagepolicy"\s*:\s*"([^":]+:[^":]+)(?::(tag|name|digest))?"\s*\}`)
	commentLine      = regexp.MustCompile(`^\s*#`)
)

// forever is the date of a hold that has none: it ends when the comment goes.
const forever = "9999-12-31"

// parseDirective reads the words behind "imageupdater:". An unknown word is an
// error: a comment that is misspelt must not be taken for none.
func parseDirective(words string) (directive, error) {
	var d directive
	if words == "" {
		return d, errors.New("the comment says nothing: write ignore, hold [until=YYYY-MM-DD] or image=NAME")
	}
	for word := range strings.FieldsSeq(words) {
		key, value, _ := strings.Cut(word, "=")
		switch {
		case word == "ignore":
			d.ignore = true
		case word == "hold":
			d.hold, d.holdUntil = true, forever
		case key == "until" && d.hold:
			if _, err := time.Parse(time.DateOnly, value); err != nil {
				return d, fmt.Errorf("%q is no date: write until=YYYY-MM-DD", value)
			}
			d.holdUntil = value
		case key == "image":
			if _, err := image.ParseName(value); err != nil {
				return d, fmt.Errorf("image=%s: %w", value, err)
			}
			d.image = value
		default:
			return d, fmt.Errorf("unknown word %q: write ignore, hold [until=YYYY-MM-DD] or image=NAME", word)
		}
	}
	return d, nil
}

// directives are the comments of one text.
type directives struct {
	// said is what stands in a line's comment, by 1-based line.
	said map[int]directive
	// meant is what holds for a line: what stands on it and in the block of
	// comment lines right above it.
	meant map[int]directive
}

// readDirectives collects the comments of a text. What cannot be read is a
// problem of the file, and holds the field all the same.
func readDirectives(text *edit.Text, report func(line int, message string)) *directives {
	found := &directives{said: map[int]directive{}, meant: map[int]directive{}}
	values := mentions(text)
	var above directive
	for line := 1; line <= text.Lines(); line++ {
		content := text.Line(line)
		d, problem := readDirective(content, text.LineStart(line), values)
		if problem != "" {
			report(line, problem)
		}
		if d != (directive{}) {
			found.said[line] = d
		}
		if meant := d.or(above); meant != (directive{}) {
			found.meant[line] = meant
		}
		if commentLine.MatchString(content) {
			above = d.or(above)
		} else {
			above = directive{}
		}
	}
	return found
}

func readDirective(content string, start int, values extents) (d directive, problem string) {
	hint := ""
	if match := renovatePattern.FindStringSubmatch(content); match != nil {
		hint = match[1] + match[2] + match[3]
	}
	match := directivePattern.FindStringSubmatchIndex(content)
	if match == nil || values.hold(start+match[0]) {
		return directive{hint: hint}, ""
	}
	d, err := parseDirective(content[match[2]:match[3]])
	d.hint = hint
	if err != nil {
		d.hold, d.holdUntil = true, forever
		return d, fmt.Sprintf("comment %q: %v", clip(strings.TrimSpace(content[match[0]:])), err)
	}
	return d, ""
}

// clip bounds foreign text in a message.
func clip(s string) string {
	const most = 120
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// extents are the bytes of scalars, in the order of the text.
type extents []struct{ from, to int }

// mentions are the scalars of a text that mention this program: what stands in
// a value is no comment.
func mentions(text *edit.Text) extents {
	var found extents
	for _, doc := range text.Docs {
		eachNode(doc, func(n *yaml.Node) {
			if n.Kind != yaml.ScalarNode || !strings.Contains(n.Value, "imageupdater:") {
				return
			}
			if from, to, ok := text.Extent(n); ok {
				found = append(found, struct{ from, to int }{from, to})
			}
		})
	}
	return found
}

func eachNode(n *yaml.Node, visit func(*yaml.Node)) {
	visit(n)
	for _, child := range n.Content {
		eachNode(child, visit)
	}
}

func (e extents) hold(offset int) bool {
	i := sort.Search(len(e), func(i int) bool { return e[i].to > offset })
	return i < len(e) && e[i].from <= offset
}

// at gives what comments say of a line.
func (ds *directives) at(line int) directive { return ds.meant[line] }

func (d directive) or(other directive) directive {
	d.ignore = d.ignore || other.ignore
	if other.hold && (!d.hold || other.holdUntil > d.holdUntil) {
		d.hold, d.holdUntil = true, other.holdUntil
	}
	if d.image == "" {
		d.image = other.image
	}
	if d.hint == "" {
		d.hint = other.hint
	}
	return d
}

// marker is Flux's comment on a scalar: {"$imagepolicy": "namespace:name:part"}.
type marker struct {
	policy string
	part   string // "", "tag", "name" or "digest"
}

func markerAt(text *edit.Text, n *yaml.Node) (marker, bool) {
	match := markerPattern.FindStringSubmatch(text.After(n))
	if match == nil {
		return marker{}, false
	}
	return marker{policy: match[1], part: match[2]}, true
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

// commented looks at scalars beside which a comment names the image.
func (f *finder) commented(text *edit.Text) {
	if !bytes.Contains(f.source, []byte("image=")) {
		return
	}
	governed := map[*edit.Text]map[int][]governedScalar{}
	f.eachScalar(text, func(n *yaml.Node, p place) {
		if f.commentsOf(p.text).at(n.Line).image == "" {
			return
		}
		if governed[p.text] == nil {
			governed[p.text] = map[int][]governedScalar{}
		}
		governed[p.text][n.Line] = append(governed[p.text][n.Line], governedScalar{n, p})
	})
	used := f.usedScalars()
	f.commentedKeys()
	for text, lines := range governed {
		for line, scalars := range lines {
			f.commentedLine(text, line, scalars, used)
		}
	}
}

// commentedKeys looks at comments at the key of a map, which are about the image
// that the map holds, if it is one.
func (f *finder) commentedKeys() {
	below := map[*yaml.Node][]*candidate{}
	for _, c := range f.fields {
		if c.at.keyNode != nil && f.commentsOf(c.at.text).at(c.at.keyNode.Line).image != "" {
			below[c.at.keyNode] = append(below[c.at.keyNode], c)
		}
	}
	for key, candidates := range below {
		text := candidates[0].at.text
		name := f.commentsOf(text).at(key.Line).image
		if len(candidates) > 1 {
			f.problem(text, key.Line, 1, "the comment with image="+name+" cannot tell which value it means: put it on the line of the tag alone")
			continue
		}
		f.named(candidates[0], name)
	}
}

// governedScalar is a value on a line that a comment speaks of.
type governedScalar struct {
	node *yaml.Node
	at   place
}

// commentedLine finds the one scalar of a line that a comment can mean.
func (f *finder) commentedLine(text *edit.Text, line int, scalars []governedScalar, used map[*yaml.Node]*candidate) {
	name := f.commentsOf(text).at(line).image
	ref, err := image.ParseName(name)
	if err != nil {
		return // said when the comment was read
	}
	for _, s := range scalars {
		if c := used[s.node]; c != nil {
			f.named(c, name)
			return
		}
	}
	// A comment above a line may be meant for the whole map that starts there.
	above := f.commentsOf(text).said[line].image == ""
	if len(scalars) > 1 || above && !versionKey.MatchString(scalars[0].at.key) && !image.ValidDigest(scalars[0].node.Value) {
		scalars = slices.DeleteFunc(scalars, func(s governedScalar) bool {
			role, known := parts[s.at.key]
			return !known || role != partTag && role != partImageTag && role != partVersion && role != partDigest
		})
	}
	if len(scalars) != 1 {
		f.problem(text, line, 1, "the comment with image="+name+" cannot tell which value it means: put it on the line of the tag alone")
		return
	}
	f.commentedScalar(scalars[0].node, scalars[0].at, ref)
}

// versionKey are keys of which the value may be a version or a reference.
var versionKey = regexp.MustCompile(`(?i)version|tag|digest|image|release|ref`)

// named gives a field that was found the name that its comment says.
func (f *finder) named(c *candidate, name string) {
	ref, err := image.ParseName(name)
	if err != nil || c.tag.node == nil && c.digest.node == nil {
		return
	}
	c.ref.Registry, c.ref.Path = ref.Registry, ref.Path
	c.missing, c.tentative, c.ownRegistry = NothingMissing, false, false
	if c.nameDoubt || c.skip != nil && c.skip.Code == NameUnknown {
		c.skip = nil
	}
}

func (f *finder) commentedScalar(n *yaml.Node, p place, ref image.Reference) {
	rules := objectRules()
	rules.format = f.formatOf()
	p.rules = rules
	c := &candidate{at: p, ref: ref, raws: []*yaml.Node{n}}
	f.readVersion(c, n, &parted{})
	f.add(c)
}

// readVersion reads a scalar of which a person says whose tag it is: a tag, or
// a whole reference of that name.
func (f *finder) readVersion(c *candidate, n *yaml.Node, m *parted) {
	whole, err := image.Parse(n.Value)
	if err != nil || !filled(n) || whole.Repository() != c.ref.Repository() {
		f.readTag(c, n, m)
		return
	}
	c.ref = whole
	c.readPieces(n, 0, whole)
	f.readBeside(c, m)
}

// formatOf is the format of fields that only a comment makes.
func (f *finder) formatOf() Format {
	switch f.role {
	case roleValues, roleChart:
		return Helm
	case roleKustomization:
		return Kustomize
	case roleArgoSource:
		return ArgoCD
	default:
		return Kubernetes
	}
}
