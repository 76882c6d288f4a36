package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v4"
)

// Listed is a key of a file, for people: what it is called, what it says, and
// who says so.
type Listed struct {
	// Key is the whole key: "tags.allow".
	Key string
	// Value is how one would write the value within the braces of YAML.
	Value string
	// Origin is nil in what conditions list.
	Origin *Origin
}

// List gives the settings that anybody set, in the order in which they are
// documented. Those of the built-in defaults have an origin in BuiltIn.
func (s *Settings) List() []Listed {
	var all []Listed
	var walk func(v reflect.Value, outer string)
	walk = func(v reflect.Value, outer string) {
		for i := range v.NumField() {
			key := outer + v.Type().Field(i).Tag.Get("key")
			origin := v.Field(i).FieldByName("Origin")
			if !origin.IsValid() {
				walk(v.Field(i), key+".")
				continue
			}
			if o, _ := reflect.TypeAssert[*Origin](origin); o != nil {
				all = append(all, Listed{Key: key, Value: flow(v.Field(i).FieldByName("Value")), Origin: o})
			}
		}
	}
	walk(reflect.ValueOf(s).Elem(), "")
	return all
}

// List gives the conditions, without origins: they stand in the rule.
func (m *Match) List() []Listed { return conditions(reflect.ValueOf(m).Elem()) }

// List gives what the entry says, without origins: they stand in the entry.
func (i *Ignore) List() []Listed { return conditions(reflect.ValueOf(i).Elem()) }

func conditions(v reflect.Value) []Listed {
	var all []Listed
	for i := range v.NumField() {
		field := v.Type().Field(i)
		key := field.Tag.Get("key")
		if key == "" || v.Field(i).IsZero() {
			continue
		}
		value := v.Field(i)
		if field.Tag.Get("single") != "" && value.Len() == 1 {
			value = value.Index(0)
		}
		all = append(all, Listed{Key: key, Value: flow(value)})
	}
	return all
}

// For tells whether the entry is for an image in a file, whatever its versions
// and tags say.
func (i *Ignore) For(s Subject) bool { return i.fits(s) }

// Ended tells whether the entry has no effect any more.
func (i *Ignore) Ended(now time.Time, zone *time.Location) bool { return i.ended(now, zone) }

// flow writes a value as YAML has it within brackets and braces.
func flow(v reflect.Value) string {
	if text, ok := reflect.TypeAssert[fmt.Stringer](v); ok {
		return flowText(text.String(), textuals[v.Type()].loose)
	}
	if set, ok := reflect.TypeAssert[CheckSet](v); ok {
		return set.flow()
	}
	switch v.Kind() {
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Int:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.String:
		return flowText(v.String(), false)
	case reflect.Slice:
		elements := make([]string, v.Len())
		for i := range elements {
			elements[i] = flow(v.Index(i))
		}
		return "[" + strings.Join(elements, ", ") + "]"
	default:
		panic("config: no way to write " + v.Type().String())
	}
}

// flowText quotes a text if it needs to be. A loose one may look like a number
// or a date.
func flowText(text string, loose bool) string {
	switch {
	case strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Sprintf("%q", text) // YAML has all escapes that Go uses
	case isPlain(text, loose):
		return text
	case strings.ContainsAny(text, `\"`):
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	}
	return fmt.Sprintf("%q", text)
}

// isPlain tells whether YAML reads a text, without quotes and within brackets,
// as just that text.
func isPlain(text string, loose bool) bool {
	var list yaml.Node
	if err := yaml.Unmarshal([]byte("["+text+"]"), &list); err != nil || len(list.Content) != 1 {
		return false
	}
	elements := list.Content[0].Content
	if len(elements) != 1 {
		return false
	}
	one := elements[0]
	kept := one.Kind == yaml.ScalarNode && one.Style == 0 && one.Value == text && one.LineComment == ""
	return kept && (one.Tag == "!!str" || loose && !isNull(one))
}
