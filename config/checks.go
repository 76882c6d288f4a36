package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"
)

// CheckSet is the checks that must have succeeded: those of a word, or those of a list
// of names.
type CheckSet struct {
	// Which is ChecksNone beside a list.
	Which Checks
	Names []CheckName
}

// CheckName is the name of a check, in which a star stands for any characters, none and
// slashes too.
type CheckName string

const (
	longestCheckName = 255
	mostCheckNames   = 100
)

func (c *CheckSet) decode(d *decoder, v value) bool {
	if v.node.Kind != yaml.SequenceNode {
		return c.word(d, v)
	}
	c.Which = ChecksNone
	switch n := len(v.node.Content); {
	case n == 0:
		return d.fail(v, "a list without names wants no check", "write none if that is meant")
	case n > mostCheckNames:
		return d.fail(v, fmt.Sprintf("these are %d names; at most %d are read", n, mostCheckNames), "write all, or names with a star")
	}
	return d.into(v, &c.Names)
}

// word reads one of the words. Any other may be meant as a name.
func (c *CheckSet) word(d *decoder, v value) bool {
	text, known := v.node.Value, vocabularies[reflect.TypeFor[Checks]()].words
	if v.node.Tag == "!!str" && !slices.Contains(known, text) && didYouMean(text, known) == "" {
		return d.fail(v, fmt.Sprintf("%q is none of %s", shorten(text), strings.Join(known, ", ")), "write ["+quoted(text)+"] for a check of that name")
	}
	return d.into(v, &c.Which)
}

func (*CheckSet) schema() schema {
	return schema{"anyOf": []schema{
		schemaOf(reflect.TypeFor[Checks](), nil),
		{"type": "array", "items": schemaOf(reflect.TypeFor[CheckName](), nil), "minItems": 1, "maxItems": mostCheckNames},
	}}
}

// flow writes the set as YAML has it.
func (c *CheckSet) flow() string {
	if len(c.Names) == 0 {
		return string(c.Which)
	}
	return flow(reflect.ValueOf(c.Names))
}

func readCheckName(c *CheckName, text string) *fault {
	switch {
	case strings.TrimSpace(text) == "":
		return faultf("write the name that GitHub shows of the check", "the name is empty")
	case len(text) > longestCheckName:
		return faultf("", "the name has %d bytes; at most %d are read", len(text), longestCheckName)
	case strings.ContainsFunc(text, unicode.IsControl):
		return faultf("", "%q: a name has no control characters", shorten(text))
	case strings.HasPrefix(text, "imageupdater/"):
		return faultf("leave it out", "%q: the App never waits for its own checks", shorten(text))
	}
	*c = CheckName(text)
	return nil
}

func schemaOfCheckName() schema {
	return schema{
		"type": "string", "maxLength": longestCheckName, "pattern": `^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$`,
		"not": schema{"pattern": "^imageupdater/"},
	}
}
