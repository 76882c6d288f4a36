package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// check says what is wrong with a JSON text that is to be read into a type, and where.
// It knows each key as it is written, and wants none twice; encoding/json is more
// lenient and does not say where.
func check(text json.RawMessage, t reflect.Type, path, words string) error {
	if fact, ok := reflect.TypeAssert[interface{ inner() reflect.Type }](reflect.New(t)); ok {
		if _, isUnknown := unknownIn(text); isUnknown {
			return nil
		}
		return check(text, fact.inner(), path, words)
	}
	isNull := string(bytes.TrimSpace(text)) == "null"
	switch {
	case t.Kind() == reflect.Pointer && isNull:
		return nil
	case t.Kind() == reflect.Pointer:
		return check(text, t.Elem(), path, words)
	case t == reflect.TypeFor[json.RawMessage]():
		return nil
	case isNull:
		return fmt.Errorf("%s: expected %s, found null", path, called(t))
	case t.Kind() == reflect.Struct && t != reflect.TypeFor[time.Time]():
		return checkObject(text, t, path)
	case t.Kind() == reflect.Slice:
		return checkArray(text, t.Elem(), path, words)
	}
	return checkValue(text, t, path, words)
}

// checkObject looks at each key of an object.
func checkObject(text json.RawMessage, t reflect.Type, path string) error {
	d, err := entered(text, '{', path, "an object")
	if err != nil {
		return err
	}
	known := keys(t)
	var seen []string
	for d.More() {
		token, err := d.Token()
		key, isKey := token.(string)
		if err != nil || !isKey {
			return fmt.Errorf("%s: not JSON: %w", path, err)
		}
		at := strings.TrimPrefix(path+"."+key, ".")
		field, is := known[key]
		switch {
		case !is:
			return fmt.Errorf("%s: no such key; there are %s", at, strings.Join(names(t), ", "))
		case slices.Contains(seen, key):
			return fmt.Errorf("%s: it is there twice", at)
		}
		seen = append(seen, key)
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return fmt.Errorf("%s: not JSON: %w", at, err)
		}
		if err := check(value, field.Type, at, field.Tag.Get("words")); err != nil {
			return err
		}
	}
	return ended(d, path)
}

// checkArray looks at each element of an array.
func checkArray(text json.RawMessage, element reflect.Type, path, words string) error {
	d, err := entered(text, '[', path, "a list")
	if err != nil {
		return err
	}
	for i := 0; d.More(); i++ {
		at := path + "[" + strconv.Itoa(i) + "]"
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return fmt.Errorf("%s: not JSON: %w", at, err)
		}
		if err := check(value, element, at, words); err != nil {
			return err
		}
	}
	return ended(d, path)
}

func entered(text json.RawMessage, with json.Delim, path, what string) (*json.Decoder, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	token, err := d.Token()
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: not JSON: %w", whole(path), err)
	case token != with:
		return nil, fmt.Errorf("%s: expected %s, found %s", whole(path), what, brief(text))
	}
	return d, nil
}

// ended wants nothing behind what was read.
func ended(d *json.Decoder, path string) error {
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("%s: not JSON: %w", whole(path), err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: there is more behind it", whole(path))
	}
	return nil
}

// whole names the whole by a name of its own.
func whole(path string) string {
	if path == "" {
		return "the whole"
	}
	return path
}

// checkValue looks at one that has no parts.
func checkValue(text json.RawMessage, t reflect.Type, path, words string) error {
	value := reflect.New(t)
	if err := json.Unmarshal(text, value.Interface()); err != nil {
		return fmt.Errorf("%s: expected %s, found %s", path, called(t), brief(text))
	}
	if word := value.Elem(); words != "" && word.Kind() == reflect.String && word.Len() > 0 && !slices.Contains(strings.Fields(words), word.String()) {
		return fmt.Errorf("%s: %s is none of %s", path, brief(text), strings.Join(strings.Fields(words), ", "))
	}
	return nil
}

// keys are the fields of a type by their keys.
func keys(t reflect.Type) map[string]reflect.StructField {
	all := map[string]reflect.StructField{}
	for field := range t.Fields() {
		all[keyOf(field)] = field
	}
	return all
}

// names are its keys in the order of the type.
func names(t reflect.Type) []string {
	var all []string
	for field := range t.Fields() {
		all = append(all, keyOf(field))
	}
	return all
}

func keyOf(field reflect.StructField) string {
	key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return key
}

// called is what a type is called by people.
func called(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return `a time, as "2026-11-21T10:00:00Z"`
	case t.Kind() == reflect.Struct:
		return "an object"
	case t.Kind() == reflect.Slice:
		return "a list"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.String:
		return "a text"
	}
	return "a whole number"
}

// brief is the beginning of a text.
func brief(text json.RawMessage) string {
	const most = 40
	if runes := []rune(string(text)); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return string(text)
}
