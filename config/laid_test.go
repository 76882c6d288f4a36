package config

import (
	"reflect"
	"strings"
	"testing"
)

// fill sets every setting of a struct, at any depth.
func fill(v reflect.Value, o *Origin) {
	for _, field := range v.Fields() {
		if origin := field.FieldByName("Origin"); origin.IsValid() {
			origin.Set(reflect.ValueOf(o))
			continue
		}
		fill(field, o)
	}
}

// unset names the settings of a struct that nobody set.
func unset(v reflect.Value, outer string) []string {
	var names []string
	for i := range v.NumField() {
		field, name := v.Field(i), outer+v.Type().Field(i).Name
		if origin := field.FieldByName("Origin"); origin.IsValid() {
			if origin.IsNil() {
				names = append(names, name)
			}
			continue
		}
		names = append(names, unset(field, name+".")...)
	}
	return names
}

// A setting that is added to the types must be laid over others too.
func TestEverySettingIsLaid(t *testing.T) {
	t.Parallel()
	o := &Origin{}
	var over, under Config
	fill(reflect.ValueOf(&over.Defaults).Elem(), o)
	fill(reflect.ValueOf(&over.Scan).Elem(), o)
	fill(reflect.ValueOf(&over.PullRequests).Elem(), o)
	under.over(&over)
	for name, part := range map[string]any{"defaults": under.Defaults, "scan": under.Scan, "pullRequests": under.PullRequests} {
		if missing := unset(reflect.ValueOf(part), ""); len(missing) > 0 {
			t.Errorf("%s: not laid: %s", name, strings.Join(missing, ", "))
		}
	}
}

func TestEveryKeyIsDescribed(t *testing.T) {
	t.Parallel()
	var visit func(of reflect.Type)
	visit = func(of reflect.Type) {
		for _, field := range reflect.VisibleFields(of) {
			name := field.Tag.Get("key")
			if name == "" {
				continue
			}
			if doc := field.Tag.Get("doc"); !strings.HasSuffix(doc, ".") {
				t.Errorf("%s of %s is described by %q", name, of, doc)
			}
			inner := field.Type
			if inner.Kind() == reflect.Slice {
				inner = inner.Elem()
			}
			if isSection(inner) {
				visit(inner)
			}
		}
	}
	visit(reflect.TypeFor[Config]())
	visit(reflect.TypeFor[Field]())
}

func TestNearest(t *testing.T) {
	t.Parallel()
	words := []string{"minAge", "merge", "group", "labels", "to"}
	for wrong, want := range map[string]string{
		"minage": "minAge", "min-age": "minAge", "mniAge": "minAge", "mrge": "merge", "grups": "group", "lables": "labels",
		"wibble": "", "": "", "x": "", strings.Repeat("merge", 20): "",
	} {
		if got := nearest(wrong, words); got != want {
			t.Errorf("nearest to %q is %q, want %q", wrong, got, want)
		}
	}
}
