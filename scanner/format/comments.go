package format

import (
	"errors"
	"fmt"
	"regexp"
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
}

var (
	directivePattern = regexp.MustCompile(`#\s*imageupdater:\s*(.*?)\s*$`)
	markerPattern    = regexp.MustCompile(`#\s*\{\s*"\$imagepolicy"\s*:\s*"([^":]+:[^":]+)(?::(tag|name|digest))?"\s*\}`)
	commentLine      = regexp.MustCompile(`^\s*#`)
)

// maxCommentLines is how far above a field a comment may stand, in a block
// without a gap.
const maxCommentLines = 50

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

// directives are the comments of one text, by 1-based line of that text.
type directives map[int]directive

// readDirectives collects the comments of a text. What cannot be read is a
// problem of the file, and holds the field all the same.
func readDirectives(text *edit.Text, report func(line int, message string)) directives {
	found := directives{}
	values := mentions(text)
	for line := 1; line <= text.Lines(); line++ {
		content := text.Line(line)
		match := directivePattern.FindStringSubmatchIndex(content)
		if match == nil || values.hold(text.LineStart(line)+match[0]) {
			continue
		}
		d, err := parseDirective(content[match[2]:match[3]])
		if err != nil {
			report(line, fmt.Sprintf("comment %q: %v", strings.TrimSpace(content[match[0]:]), err))
			d.hold, d.holdUntil = true, forever
		}
		found[line] = d
	}
	return found
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

// at gives what comments say of a line: those on it and those in the block of
// comment lines right above it.
func (ds directives) at(text *edit.Text, line int) directive {
	merged := ds[line]
	for above := line - 1; above > max(0, line-maxCommentLines) && commentLine.MatchString(text.Line(above)); above-- {
		merged = merged.or(ds[above])
	}
	return merged
}

func (d directive) or(other directive) directive {
	d.ignore = d.ignore || other.ignore
	if other.hold && (!d.hold || other.holdUntil > d.holdUntil) {
		d.hold, d.holdUntil = true, other.holdUntil
	}
	if d.image == "" {
		d.image = other.image
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
