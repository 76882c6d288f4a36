package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v4"
)

// SchemaURL is where the schema is published.
const SchemaURL = "https://raw.githubusercontent.com/imageupdater/imageupdater/main/docs/imageupdater.schema.json"

// schema is a JSON Schema, as far as it is needed here.
type schema map[string]any

// schematic is a type that says itself what it looks like.
type schematic interface{ schema() schema }

// JSONSchema is the schema of the file, made from the types.
func JSONSchema() ([]byte, error) {
	built, err := mappingOf(builtIn)
	if err != nil {
		return nil, err
	}
	s := structSchema(reflect.TypeFor[Config](), built)
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["$id"] = SchemaURL
	s["title"] = "Configuration of Image Updater (" + FileName + ")"
	s["type"] = []string{"object", "null"}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the schema: %w", err)
	}
	return append(text, '\n'), nil
}

// mappingOf reads built-in defaults as plain data.
func mappingOf(src string) (map[string]any, error) {
	root, err := yaml.NewLoader(strings.NewReader(src))
	if err != nil {
		return nil, fmt.Errorf("reading the built-in defaults: %w", err)
	}
	var built map[string]any
	if err := root.Load(&built); err != nil {
		return nil, fmt.Errorf("reading the built-in defaults: %w", err)
	}
	return built, nil
}

// schemaOf gives the schema of a type, with what is built in as its default.
func schemaOf(t reflect.Type, built any) schema {
	target := reflect.New(t).Interface()
	switch target := target.(type) {
	case interface{ inner() any }:
		s := schemaOf(reflect.TypeOf(target.inner()).Elem(), nil)
		if built != nil {
			s["default"] = built
		}
		return s
	case schematic:
		return target.schema()
	case *Sources:
		return schemaOfSources()
	}
	if how, ok := textuals[t]; ok {
		return how.schema()
	}
	if known, ok := wordsOf(t); ok {
		return schema{"type": "string", "enum": known.words}
	}
	switch t.Kind() {
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Int:
		return schema{"type": "integer"}
	case reflect.Slice:
		return schema{"type": "array", "items": schemaOf(t.Elem(), nil)}
	default:
		return structSchema(t, built)
	}
}

// structSchema gives the schema of a mapping.
func structSchema(t reflect.Type, built any) schema {
	values, _ := built.(map[string]any)
	properties := schema{}
	var required []string
	for _, field := range reflect.VisibleFields(t) {
		name := field.Tag.Get("key")
		if name == "" {
			continue
		}
		property := schemaOf(field.Type, values[name])
		if field.Tag.Get("single") != "" {
			property["minItems"] = 1
			property = schema{"anyOf": []schema{schemaOf(field.Type.Elem(), nil), property}}
		}
		if isSection(field.Type) {
			property["type"] = []string{property["type"].(string), "null"} //nolint:forcetypeassert // sections are objects and arrays
		}
		property["description"] = field.Tag.Get("doc")
		properties[name] = property
		if field.Tag.Get("required") != "" {
			required = append(required, name)
		}
	}
	s := schema{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	return refine(t, s)
}

func isSection(t reflect.Type) bool { return section(reflect.New(t).Elem()) }

// refine adds what types alone don't say.
func refine(t reflect.Type, s schema) schema {
	switch t {
	case reflect.TypeFor[Config](), reflect.TypeFor[serverFile]():
		property(s, "version")["const"] = 1
	case reflect.TypeFor[serverCredential]():
		s["oneOf"] = oneOfKinds()
		property(s, "installations")["minItems"] = 1
	case reflect.TypeFor[serverDatabase]():
		s["not"] = schema{"required": []string{"file", "url"}}
	case reflect.TypeFor[serverHook]():
		s["if"] = schema{"required": []string{"kind"}, "properties": schema{"kind": schema{"const": HookGAR}}}
		s["then"] = schema{"required": []string{"audience", "email"}, "not": schema{"required": []string{"secret"}}}
		s["else"] = schema{"required": []string{"secret"}, "not": schema{"anyOf": []schema{{"required": []string{"audience"}}, {"required": []string{"email"}}}}}
	case reflect.TypeFor[serverToken]():
		property(s, "scopes")["minItems"] = 1
		property(s, "accounts")["minItems"] = 1
		property(s, "repositories")["minItems"] = 1
	case reflect.TypeFor[secretPlace]():
		s["minProperties"], s["maxProperties"] = 1, 1
	case reflect.TypeFor[serverExec]():
		property(s, "command")["minItems"] = 1
	case reflect.TypeFor[Enforcement]():
		property(property(s, "merge"), "auto")["const"] = false
	case reflect.TypeFor[Settings](), reflect.TypeFor[Rule]():
		property(s, "update")["minItems"] = 1
		property(s, "reviewers")["maxItems"] = mostReviewers
		property(s, "assignees")["maxItems"] = mostAssignees
		property(s, "labels")["maxItems"] = mostLabels
	case reflect.TypeFor[Merge]():
		s["not"] = schema{
			"required":   []string{"via", "window"},
			"properties": schema{"via": schema{"const": ViaGitHub}, "window": schema{"minItems": 1}},
		}
	case reflect.TypeFor[Scan]():
		property(s, "include")["minItems"] = 1
		property(s, "formats")["minItems"] = 1
	case reflect.TypeFor[Ignore]():
		s["anyOf"] = []schema{
			{"required": []string{"image"}},
			{"required": []string{"path"}},
			{"required": []string{"versions"}},
			{"required": []string{"tags"}},
		}
	}
	if t == reflect.TypeFor[Rule]() {
		s["if"] = schema{"required": []string{"match"}, "properties": schema{"match": schema{"type": "object", "required": []string{"update"}}}}
		s["then"] = schema{"propertyNames": schema{"enum": append([]string{"match"}, forKinds...)}}
	}
	return s
}

// property gives a property of an object's schema to add to.
func property(s schema, name string) schema {
	properties, _ := s["properties"].(schema)
	p, _ := properties[name].(schema)
	return p
}
