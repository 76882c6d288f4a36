package format

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// besideDigest leaves a whole reference alone that has a digest of its own in
// another key: which of the two is deployed only the chart knows.
func (f *finder) besideDigest(m *yaml.Node, p place, before int) {
	if len(f.fields) == before {
		return
	}
	prefix := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(p.key, "Image"), "_image"), "-image")
	if p.key == "image" {
		prefix = ""
	}
	for key, value := range pairs(m) {
		role, known := parts[key.Value]
		belongs := strings.HasPrefix(key.Value, prefix) && prefix != "" || prefix == "" && (known && role == partDigest || strings.HasPrefix(key.Value, "image"))
		if value = resolve(value); belongs && isScalar(value) && image.ValidDigest(value.Value) {
			f.fields[before].leave(&Reason{Ambiguous, "a digest stands beside the reference, under " + key.Value})
		}
	}
}

// reference reads a scalar that is a whole reference. bare tells whether a
// name without tag and digest is worth a report: where the place leaves no
// doubt that it is an image.
func (f *finder) reference(n *yaml.Node, p place, bare bool) {
	value := strings.TrimRight(n.Value, "\n")
	if value == "" {
		return
	}
	c := &candidate{at: p, name: []*yaml.Node{n}, raws: []*yaml.Node{p.rawFor(n)}}
	if f.templated(n, p) {
		f.addPlaceholder(c, n)
		return
	}
	ref, err := image.Parse(value)
	switch {
	case err != nil:
		f.addInvalid(c, value, bare, err)
		return
	case strings.HasSuffix(c.at.key, "_IMAGE") && !strings.Contains(ref.Name(), "/"):
		return // a setting; its prefix may be anywhere
	case ref.Tag == "" && ref.Digest == "" && (!bare || pictures.MatchString(value)):
		return
	}
	c.ref = ref
	c.readPieces(n, 0, ref)
	f.add(c)
}

// addInvalid reports what stands where an image must stand and is none. What
// looks like an image's key and holds something else is no image.
func (f *finder) addInvalid(c *candidate, value string, certain bool, err error) {
	_, _, isURL := strings.Cut(value, "://")
	switch {
	case !certain:
		return
	case strings.HasPrefix(value, "ko://"):
		c.skip = &Reason{Templated, "ko replaces this before it is deployed"}
	case isURL && !c.at.inContainer():
		return
	default:
		c.skip = &Reason{Invalid, err.Error()}
	}
	f.add(c)
}

// pictures are what else is called an image.
var pictures = regexp.MustCompile(`(?i)\.(png|jpe?g|gif|svg|webp|ico|bmp|iso|img|qcow2|vmdk|raw|vhdx?)$`)

// addPlaceholder reports a reference that a template makes, with as much of
// its name as is written.
func (f *finder) addPlaceholder(c *candidate, n *yaml.Node) {
	raw := c.at.text.Raw(n)
	if (!c.at.rules.placeholders || f.role == roleTemplate) && !writtenTag.MatchString(raw) {
		return
	}
	c.skip = &Reason{Templated, "a template or variable: " + clip(raw)}
	f.add(c)
}

// writtenTag is a tag behind a name that a template makes: in a chart's
// templates it is the one part that only an edit there can change.
var writtenTag = regexp.MustCompile(`\}\}[a-z0-9/._-]*:[A-Za-z0-9_][A-Za-z0-9_.-]*$`)

// readPieces takes tag and digest from a scalar whose value, from a byte on, is
// a reference. It can take a digest where it has none.
func (c *candidate) readPieces(n *yaml.Node, from int, ref image.Reference) {
	c.room.inTag = true
	end := from + len(ref.Name())
	if ref.Tag != "" {
		c.tag = piece{n, end + 1, end + 1 + len(ref.Tag)}
		end = c.tag.to
	}
	if ref.Digest != "" {
		c.digest = piece{n, end + 1, end + 1 + len(ref.Digest)}
	}
}

// templated tells whether a template or a variable makes any of a scalar.
func (f *finder) templated(n *yaml.Node, p place) bool {
	return isTemplate(n.Value) || p.text.Templated(n)
}

func isTemplate(s string) bool {
	return strings.Contains(s, "{{") || strings.Contains(s, "{%") || strings.ContainsRune(s, '$')
}
