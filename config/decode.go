package config

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// maxErrors is how many errors of one file are told. Nobody reads more, and a
// hostile file would make millions.
const maxErrors = 100

// What a file of any sort may cost.
const (
	maxEntries     = 10_000  // of one list
	maxPatternCost = 200_000 // of all patterns together, in instructions
)

// decoder turns the tree of one file into values and collects what is wrong.
//
// What keys a mapping takes stands in the tags of Go's structs: key:"name". The
// types that are written as one scalar stand in textuals; one that is written
// in a way of its own implements decodable.
type decoder struct {
	file     string
	rule     int // the rule that is being read, or -1
	errors   Errors
	cut      bool // there were more errors
	patterns int  // the cost of those read so far
	warnings Warnings
	keys     map[reflect.Type][]key
	// foreign are the keys that people write by mistake, with what to write.
	foreign map[string]string
	// discreet is set where any value might be a secret in the wrong place.
	discreet bool
}

func newDecoder(file string) *decoder {
	return &decoder{file: file, rule: -1, keys: map[reflect.Type][]key{}, foreign: foreign}
}

// value is a node and where it stands.
type value struct {
	node  *yaml.Node
	field string
}

// decodable is a type that is written in a way of its own. It reports what is
// wrong and returns whether it holds a value.
type decodable interface {
	decode(d *decoder, v value) bool
}

// placed is a type that wants to know where it was written.
type placed interface{ place(o *Origin) }

// fault is what a textual type has to say of its text. With a severity the
// text is good all the same.
type fault struct {
	message, hint string
	severity      Severity
}

func faultf(hint, format string, args ...any) *fault {
	return &fault{message: fmt.Sprintf(format, args...), hint: hint}
}

func (d *decoder) fail(v value, message, hint string) bool {
	d.add(&Error{File: d.file, Line: v.node.Line, Column: v.node.Column, Field: v.field, Message: message, Hint: hint})
	return false
}

func (d *decoder) add(e *Error) {
	if len(d.errors) >= maxErrors {
		d.cut = true
		return
	}
	e.Message, e.Hint = cutText(e.Message, mostMessage), cutText(e.Hint, mostMessage)
	d.errors = append(d.errors, e)
}

func (d *decoder) warn(severity Severity, v value, message, hint string) {
	if len(d.warnings) >= maxErrors {
		return
	}
	d.warnings = append(d.warnings, Warning{
		Severity: severity, File: d.file, Line: v.node.Line, Column: v.node.Column,
		Field: v.field, Message: cutText(message, mostMessage), Hint: cutText(hint, mostMessage),
	})
}

func (d *decoder) origin(v value) *Origin {
	return &Origin{File: d.file, Line: v.node.Line, Column: v.node.Column, Field: v.field, Rule: d.rule}
}

// into decodes a value into what target points to.
func (d *decoder) into(v value, target any) bool {
	switch target.(type) {
	case *Setting[secretPlace], *secretPlace: // whatever stands there
	default:
		if !d.plain(v) {
			return false
		}
	}
	switch target := target.(type) {
	case decodable:
		return target.decode(d, v)
	case *Sources:
		return d.sources(v, target)
	case *bool:
		return d.boolean(v, target)
	case *int:
		return d.number(v, target)
	}
	into := reflect.ValueOf(target).Elem()
	if how, ok := textuals[into.Type()]; ok {
		return d.text(v, target, how)
	}
	if words, ok := wordsOf(into.Type()); ok {
		return d.word(v, into, words)
	}
	switch into.Kind() {
	case reflect.Struct:
		return d.mapping(v, into)
	case reflect.Slice:
		return d.sequence(v, into, false)
	default:
		panic("config: no way to decode " + into.Type().String())
	}
}

// plain refuses what YAML has beyond plain data.
func (d *decoder) plain(v value) bool {
	switch {
	case d.discreet && (v.node.Kind == yaml.AliasNode || v.node.Style&yaml.TaggedStyle != 0 && v.node.Tag != "!!str"):
		return d.fail(v, "aliases and tags are not read here", "quote a value that begins with * or !")
	case v.node.Kind == yaml.AliasNode:
		return d.fail(v, "aliases are not read here", fmt.Sprintf("write out what &%s stands for, or quote %s", v.node.Value, quoted("*"+v.node.Value)))
	case v.node.Style&yaml.TaggedStyle != 0 && v.node.Tag != "!!str":
		return d.fail(v, fmt.Sprintf("the tag %s is not read here", v.node.Tag), "remove it, or quote a value that begins with !")
	}
	return true
}

// expect refuses nodes of another kind than the wanted one.
func (d *decoder) expect(v value, kind yaml.Kind, what string) bool {
	switch {
	case v.node.Kind == kind:
		return true
	case isNull(v.node):
		return d.nothing(v)
	}
	hint := ""
	if kind == yaml.SequenceNode && v.node.Kind == yaml.ScalarNode && !d.discreet {
		hint = fmt.Sprintf("write [%s]", quoted(v.node.Value))
	}
	return d.fail(v, fmt.Sprintf("expected %s, found %s", what, d.describe(v.node)), hint)
}

// nothing reports a key without a value.
func (d *decoder) nothing(v value) bool {
	return d.fail(v, "nothing stands here", "write a value, or leave the key out")
}

func isNull(node *yaml.Node) bool { return node.Kind == yaml.ScalarNode && node.Tag == "!!null" }

// describe says what a node is, and what stands there where that is no secret.
func (d *decoder) describe(node *yaml.Node) string {
	if d.discreet && node.Kind == yaml.ScalarNode && !isNull(node) {
		return "a plain value"
	}
	return describe(node)
}

// describe says what a node is, for people.
func describe(node *yaml.Node) string {
	switch {
	case node.Kind == yaml.MappingNode:
		return "a mapping"
	case node.Kind == yaml.SequenceNode:
		return "a list"
	case isNull(node):
		return "nothing"
	}
	kind := map[string]string{"!!int": "number", "!!float": "number", "!!bool": "boolean", "!!timestamp": "date"}[node.Tag]
	if kind == "" {
		return "the text " + strconv.Quote(shorten(node.Value))
	}
	return "the " + kind + " " + shorten(node.Value)
}

// mostMessage bounds what a value of any length makes of a message.
const mostMessage = 500

// shorten keeps as much of a text as fits into a message.
func shorten(text string) string { return cutText(text, 60) }

func cutText(text string, most int) string {
	if len(text) <= most {
		return text
	}
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// boolean reads true and false, and knows the other words for them.
func (d *decoder) boolean(v value, target *bool) bool {
	if v.node.Kind == yaml.ScalarNode && v.node.Tag == "!!bool" {
		*target = strings.EqualFold(v.node.Value, "true")
		return true
	}
	hint := ""
	switch strings.ToLower(v.node.Value) {
	case "yes", "on", "y", "true", "1":
		hint = "write true"
	case "no", "off", "n", "false", "0":
		hint = "write false"
	}
	return d.fail(v, "expected true or false, found "+d.describe(v.node), hint)
}

func (d *decoder) number(v value, target *int) bool {
	n, err := strconv.Atoi(v.node.Value)
	switch {
	case v.node.Kind == yaml.ScalarNode && v.node.Tag == "!!int" && err == nil:
		*target = n
		return true
	case v.node.Kind == yaml.ScalarNode && v.node.Tag == "!!str" && err == nil:
		return d.fail(v, "expected a whole number, found "+d.describe(v.node), "write it without quotes")
	}
	return d.fail(v, "expected a whole number, found "+d.describe(v.node), "")
}

// scalar is the text of a scalar that is a string.
func (d *decoder) scalar(v value) (string, bool) {
	switch {
	case v.node.Kind != yaml.ScalarNode:
		return "", d.fail(v, "expected a text, found "+d.describe(v.node), templateHint(v.node))
	case isNull(v.node):
		return "", d.nothing(v)
	case v.node.Tag != "!!str" && d.discreet:
		return "", d.fail(v, "expected a text, found another value", "quote it")
	case v.node.Tag != "!!str":
		return "", d.fail(v, "expected a text, found "+d.describe(v.node), "quote it: "+quoted(v.node.Value))
	}
	return v.node.Value, true
}

// templateHint knows what became of {{ .Image.Name }} without quotes.
func templateHint(node *yaml.Node) string {
	if node.Kind == yaml.MappingNode && len(node.Content) > 0 && node.Content[0].Kind == yaml.MappingNode {
		return `write templates in quotes: "{{ … }}"`
	}
	return ""
}

func (d *decoder) text(v value, target any, how textual) bool {
	text := v.node.Value
	if !how.loose || v.node.Kind != yaml.ScalarNode || isNull(v.node) {
		var ok bool
		if text, ok = d.scalar(v); !ok {
			return false
		}
	}
	if _, isPattern := target.(*Pattern); isPattern {
		if d.patterns += patternCost(text); d.patterns > maxPatternCost {
			return d.fail(v, "the patterns of this file are too large together", "repetitions as in {1000} are what costs")
		}
	}
	switch f := how.read(target, text); {
	case f == nil:
	case f.severity != "":
		d.warn(f.severity, v, f.message, f.hint)
	default:
		if _, isDuration := target.(*Duration); isDuration && d.discreet {
			f = faultf(durationForm, "this is no duration")
		}
		return d.fail(v, f.message, f.hint)
	}
	if target, ok := target.(placed); ok {
		target.place(d.origin(v))
	}
	return true
}

// word reads one of a few words.
func (d *decoder) word(v value, target reflect.Value, known vocabulary) bool {
	text, ok := d.scalar(v)
	if !ok {
		return false
	}
	if other, ok := known.aliases[text]; ok {
		d.warn(SeverityNote, v, fmt.Sprintf("%q is read as %q", text, other), "write "+other)
		text = other
	}
	if !slices.Contains(known.words, text) {
		hint := didYouMean(text, known.words)
		return d.fail(v, fmt.Sprintf("%q is none of %s", shorten(text), strings.Join(known.words, ", ")), hint)
	}
	target.SetString(text)
	return true
}

// sequence reads a list. With single, one element may stand for a list of it.
func (d *decoder) sequence(v value, target reflect.Value, single bool) bool {
	if single && v.node.Kind == yaml.ScalarNode {
		element := reflect.New(target.Type().Elem())
		if !d.into(v, element.Interface()) {
			return false
		}
		target.Set(reflect.Append(target, element.Elem()))
		return true
	}
	if !d.expect(v, yaml.SequenceNode, "a list") {
		return false
	}
	if n := len(v.node.Content); n > maxEntries {
		return d.fail(v, fmt.Sprintf("the list has %d entries; at most %d are read", n, maxEntries), "")
	}
	if single && len(v.node.Content) == 0 {
		return d.fail(v, "an empty list matches nothing", "leave the key out to match everything")
	}
	target.Set(reflect.MakeSlice(target.Type(), 0, len(v.node.Content)))
	good := true
	outer := d.rule
	defer func() { d.rule = outer }()
	for i, node := range v.node.Content {
		if d.cut {
			return false
		}
		element := reflect.New(target.Type().Elem())
		if _, isRule := reflect.TypeAssert[*Rule](element); isRule {
			d.rule = i
		}
		at := value{node, fmt.Sprintf("%s[%d]", v.field, i)}
		if !d.entry(at, element.Interface()) {
			good = false
			continue
		}
		target.Set(reflect.Append(target, element.Elem()))
	}
	return good
}

// entry reads an element of a list, in which nulls are nothing.
func (d *decoder) entry(v value, target any) bool {
	if isNull(v.node) {
		return d.fail(v, "nothing stands here", "remove the entry")
	}
	return d.into(v, target)
}

// key is a key that a mapping takes.
type key struct {
	name   string
	index  []int
	single bool // a list that may be written as its only element

	required bool
}

// keysOf lists the keys of a struct, those of embedded structs included.
func (d *decoder) keysOf(t reflect.Type) []key {
	if known, ok := d.keys[t]; ok {
		return known
	}
	var keys []key
	for _, field := range reflect.VisibleFields(t) {
		if name := field.Tag.Get("key"); name != "" {
			keys = append(keys, key{name, field.Index, field.Tag.Get("single") != "", field.Tag.Get("required") != ""})
		}
	}
	d.keys[t] = keys
	return keys
}

func (d *decoder) mapping(v value, target reflect.Value) bool {
	if !d.expect(v, yaml.MappingNode, "a mapping") {
		return false
	}
	before := len(d.errors)
	if target, ok := reflect.TypeAssert[placed](target.Addr()); ok {
		target.place(d.origin(v))
	}
	keys := d.keysOf(target.Type())
	present := map[string]bool{}
	d.pairs(v, func(name, v value) {
		present[name.node.Value] = true
		i := slices.IndexFunc(keys, func(k key) bool { return k.name == name.node.Value })
		if i < 0 {
			d.unknownKey(name, keys)
			return
		}
		field := target.FieldByIndex(keys[i].index)
		switch {
		case isNull(v.node) && section(field):
			// A heading with nothing but comments below it.
		case keys[i].single && d.plain(v):
			d.sequence(v, field, true)
		case !keys[i].single:
			d.into(v, field.Addr().Interface())
		}
	})
	for _, k := range keys {
		if k.required && !present[k.name] {
			d.fail(v, fmt.Sprintf("the key %q is missing", k.name), "")
		}
	}
	return len(d.errors) == before
}

// section tells whether a key holds other keys, or a list of mappings.
func section(field reflect.Value) bool {
	if _, ok := reflect.TypeAssert[decodable](field.Addr()); ok {
		return false
	}
	if field.Kind() == reflect.Slice {
		_, ok := reflect.TypeAssert[placed](reflect.New(field.Type().Elem()))
		return ok
	}
	_, isText := textuals[field.Type()]
	return field.Kind() == reflect.Struct && !isText
}

// pairs calls f for each key, once, and its value.
func (d *decoder) pairs(v value, f func(key, value value)) {
	seen := make(map[string]*yaml.Node, len(v.node.Content)/2)
	for i := 0; i+1 < len(v.node.Content) && !d.cut; i += 2 {
		name := value{v.node.Content[i], v.field}
		if name.node.Tag == "!!merge" {
			d.fail(name, "merge keys are not read here", "write the keys out")
			continue
		}
		if name.node.Kind != yaml.ScalarNode || isNull(name.node) {
			d.fail(name, "expected a key, found "+d.describe(name.node), templateHint(v.node))
			continue
		}
		name.field = join(v.field, name.node.Value)
		if first := seen[name.node.Value]; first != nil {
			d.fail(name, fmt.Sprintf("%q is there twice: first at %d:%d", shorten(name.node.Value), first.Line, first.Column), "keep one of them")
			continue
		}
		seen[name.node.Value] = name.node
		f(name, value{v.node.Content[i+1], name.field})
	}
}

func join(field, name string) string {
	name = shorten(name)
	if strings.ContainsAny(name, ".[]/ ") {
		return fmt.Sprintf("%s[%q]", field, name)
	}
	return strings.TrimPrefix(field+"."+name, ".")
}

var indexes = regexp.MustCompile(`\[[0-9]+\]`)

func (d *decoder) unknownKey(name value, keys []key) {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.name
	}
	wrong := name.node.Value
	hint := didYouMean(wrong, names)
	// A key may be wrong everywhere, or in one place: "api.tokens[].token".
	for _, known := range []string{d.foreign[wrong], d.foreign[indexes.ReplaceAllString(name.field, "[]")]} {
		if known != "" {
			hint = known
		}
	}
	switch {
	case hint != "":
	case len(names) == 0:
		hint = "no key is known here: write {}"
	default:
		hint = "known here: " + strings.Join(names, ", ")
	}
	d.fail(name, fmt.Sprintf("unknown key %q", shorten(wrong)), hint)
}
