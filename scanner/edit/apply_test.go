package edit_test

import (
	"errors"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/imageupdater/imageupdater/scanner/edit"
)

// slotOf finds the scalar whose value holds old, at any depth of block
// scalars, and gives the slot of old in it.
func slotOf(t *testing.T, text *edit.Text, old string) (edit.Slot, error) {
	t.Helper()
	for _, doc := range text.Docs {
		if slot, found, err := slotIn(t, text, doc, old); found {
			return slot, err
		}
	}
	t.Fatalf("no scalar holds %q", old)
	return edit.Slot{}, nil
}

func slotIn(t *testing.T, text *edit.Text, n *yaml.Node, old string) (edit.Slot, bool, error) {
	t.Helper()
	if n.Kind == yaml.ScalarNode && strings.Contains(n.Value, old) {
		if nested, err := text.Nested(n); err == nil && strings.Contains(n.Value, "\n") {
			for _, doc := range nested.Docs {
				if slot, found, err := slotIn(t, nested, doc, old); found {
					return slot, found, err
				}
			}
		}
		from := strings.Index(n.Value, old)
		slot, err := text.Slot(n, from, from+len(old))
		return slot, true, err
	}
	for _, child := range n.Content {
		if slot, found, err := slotIn(t, text, child, old); found {
			return slot, found, err
		}
	}
	return edit.Slot{}, false, nil
}

func TestApply(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ in, old, replacement, want string }{
		"plain":                          {"tag: 1.2.3\n", "1.2.3", "1.2.4", "tag: 1.2.4\n"},
		"plain with a comment":           {"tag: 1.2.3   # keep\n", "1.2.3", "1.2.4", "tag: 1.2.4   # keep\n"},
		"plain with trailing blanks":     {"tag: v1  \nb: 2\n", "v1", "v22", "tag: v22  \nb: 2\n"},
		"tab before a comment":           {"image: a:1.0\t# x\n", "1.0", "1.1", "image: a:1.1\t# x\n"},
		"single quotes":                  {"tag: '1.2'\n", "1.2", "1.10", "tag: '1.10'\n"},
		"double quotes":                  {"tag: \"1.2\"\n", "1.2", "1.10", "tag: \"1.10\"\n"},
		"double quotes with an escape":   {"tag: \"1\\x2e2\"\n", "1.2", "1.3", "tag: \"1.3\"\n"},
		"float stays a string":           {"tag: 1.9\n", "1.9", "1.10", "tag: \"1.10\"\n"},
		"string that would be a float":   {"tag: v1\n", "v1", "1.10", "tag: \"1.10\"\n"},
		"integer":                        {"tag: 41\n", "41", "42", "tag: \"42\"\n"},
		"hash that looks like a float":   {"newTag: abc1234\n", "abc1234", "1234e56", "newTag: \"1234e56\"\n"},
		"date":                           {"tag: v1\n", "v1", "2024-01-02", "tag: \"2024-01-02\"\n"},
		"yes":                            {"tag: v1\n", "v1", "yes", "tag: \"yes\"\n"},
		"octal":                          {"tag: v1\n", "v1", "0123", "tag: \"0123\"\n"},
		"underscores":                    {"tag: v1\n", "v1", "1_000", "tag: \"1_000\"\n"},
		"number becomes a version":       {"tag: 1.9 # c\n", "1.9", "1.9.1", "tag: 1.9.1 # c\n"},
		"inside a reference":             {"image: ghcr.io/acme/web:1.2\n", "1.2", "1.10", "image: ghcr.io/acme/web:1.10\n"},
		"sexagesimal reference":          {"image: x1:20\n", "x1:20", "1:20", "image: \"1:20\"\n"},
		"reference in quotes":            {"image: 'a/b:1'\n", "1", "2", "image: 'a/b:2'\n"},
		"anchor":                         {"tag: &t v1\nb: *t\n", "v1", "v2", "tag: &t v2\nb: *t\n"},
		"anchor, needs quotes":           {"tag: &t 1.9\nb: *t\n", "1.9", "1.10", "tag: &t \"1.10\"\nb: *t\n"},
		"anchor on its own line":         {"tag: &t # why\n  v1\n", "v1", "v2", "tag: &t # why\n  v2\n"},
		"string tag":                     {"tag: !!str 1.9\n", "1.9", "1.10", "tag: !!str \"1.10\"\n"},
		"flow mapping":                   {"image: {repository: a, tag: 1.2.3, x: y}\n", "1.2.3", "1.3.0", "image: {repository: a, tag: 1.3.0, x: y}\n"},
		"flow mapping, needs quotes":     {"image: {tag: v1}\n", "v1", "1.10", "image: {tag: \"1.10\"}\n"},
		"JSON":                           {"{\n\t\"image\": \"a:1\",\n\t\"n\": 1\n}\n", "a:1", "a:2", "{\n\t\"image\": \"a:2\",\n\t\"n\": 1\n}\n"},
		"JSON with a surrogate pair":     {`{"e": "\ud83d\ude00", "image": "a:1"}`, "a:1", "a:2", `{"e": "\ud83d\ude00", "image": "a:2"}`},
		"CRLF":                           {"a: 1\r\ntag: v1\r\nb: 2\r\n", "v1", "v2", "a: 1\r\ntag: v2\r\nb: 2\r\n"},
		"mixed line ends":                {"a: 1\r\nb: 2\ntag: v1\n", "v1", "v2", "a: 1\r\nb: 2\ntag: v2\n"},
		"no newline at the end":          {"tag: v1", "v1", "v2", "tag: v2"},
		"BOM":                            {"\ufefftag: v1\n", "v1", "v2", "\ufefftag: v2\n"},
		"wide characters before":         {"\"käse 🧀\": {é: ü, tag: v1}\n", "v1", "v2", "\"käse 🧀\": {é: ü, tag: v2}\n"},
		"second document":                {"---\na: 1\n---\ntag: v1\n", "v1", "v2", "---\na: 1\n---\ntag: v2\n"},
		"%YAML 1.2":                      {"%YAML 1.2\n---\ntag: v1\n", "v1", "v2", "%YAML 1.2\n---\ntag: v2\n"},
		"duplicate keys":                 {"a: {}\ntag: v1\na: {}\n", "v1", "v2", "a: {}\ntag: v2\na: {}\n"},
		"folded scalar of one line":      {"images:\n- >-\n  a/b:1.2\n- c\n", "1.2", "1.3", "images:\n- >-\n  a/b:1.3\n- c\n"},
		"literal scalar of one line":     {"image: |\n  a/b:1.2\n", "1.2", "1.3", "image: |\n  a/b:1.3\n"},
		"block scalar":                   {"values: |\n  image:\n    tag: 1.9  \n\n  x: 1\nb: 2\n", "1.9", "1.10", "values: |\n  image:\n    tag: \"1.10\"  \n\n  x: 1\nb: 2\n"},
		"block scalar, explicit indent":  {"values: |2-\n    tag: v1\n    b: 1\nc: 1\n", "v1", "v2", "values: |2-\n    tag: v2\n    b: 1\nc: 1\n"},
		"block scalar, keep":             {"values: |+\n\n  tag: v1\n\n\nc: 1\n", "v1", "v2", "values: |+\n\n  tag: v2\n\n\nc: 1\n"},
		"block scalar with CRLF":         {"values: |\r\n  a: 1\r\n  tag: v1\r\nc: 1\r\n", "v1", "v2", "values: |\r\n  a: 1\r\n  tag: v2\r\nc: 1\r\n"},
		"block scalar behind an anchor":  {"values: &v |-\n  a: 1\n  tag: v1\n", "v1", "v2", "values: &v |-\n  a: 1\n  tag: v2\n"},
		"block in a block":               {"a: |\n  b: |\n    c: 1\n    tag: v1\n  d: 1\n", "v1", "v2", "a: |\n  b: |\n    c: 1\n    tag: v2\n  d: 1\n"},
		"template lines":                 {"{{- if .x }}\nimage: a:1.2\n{{- end }}\nb: {{ .y }}\n", "1.2", "1.3", "{{- if .x }}\nimage: a:1.3\n{{- end }}\nb: {{ .y }}\n"},
		"template over several lines":    {"a: {{ include \"x\"\n  . }}\nimage: a:1.2\n", "1.2", "1.3", "a: {{ include \"x\"\n  . }}\nimage: a:1.3\n"},
		"wide characters in a template":  {"{{ if a }}\n{a: {{ \"ü🧀\" }}, image: e/a:1.2}\n{{ end }}\n", "1.2", "1.3", "{{ if a }}\n{a: {{ \"ü🧀\" }}, image: e/a:1.3}\n{{ end }}\n"},
		"a long line":                    {"{\"é\": \"" + strings.Repeat("ü", 5000) + "\", \"tag\": \"v1\"}", "v1", "v2", "{\"é\": \"" + strings.Repeat("ü", 5000) + "\", \"tag\": \"v2\"}"},
		"Jinja":                          {"{% if x %}\nimage: a:1.2\n{% endif %}\n", "1.2", "1.3", "{% if x %}\nimage: a:1.3\n{% endif %}\n"},
		"nothing changes for equal text": {"tag: v1\n", "v1", "v1", "tag: v1\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := edit.Parse([]byte(test.in))
			if err != nil {
				t.Fatal(err)
			}
			slot, err := slotOf(t, text, test.old)
			if err != nil {
				t.Fatal(err)
			}
			if at := test.in[slot.At.Offset : slot.At.Offset+slot.At.Length]; at != test.old && !strings.Contains(test.in, `\x2e`) {
				t.Errorf("the slot's position holds %q, want %q", at, test.old)
			}
			got, err := edit.Apply([]byte(test.in), []edit.Edit{{Slot: slot, New: test.replacement}})
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestSlotRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in, old string
		want    error
	}{
		"multi-line plain":         {"tag: a\n  b\n", "a b", edit.ErrMultiline},
		"folded block":             {"a: >\n  tag\n  more\n", "tag more", edit.ErrMultiline},
		"part of an escaped value": {"image: \"a\\x3a1.2\"\n", "1.2", edit.ErrMismatch},
		"templated":                {"{{ if a }}\nimage: a:{{ .tag }}\n{{ end }}\n", "a:x", edit.ErrTemplated},
		"typed":                    {"tag: !!float 1.9\n", "1.9", edit.ErrTagged},
		"custom type":              {"tag: !vault v1\n", "v1", edit.ErrTagged},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := edit.Parse([]byte(test.in))
			if err != nil {
				t.Fatal(err)
			}
			if slot, err := slotOf(t, text, test.old); !errors.Is(err, test.want) {
				t.Errorf("got %+v, %v; want %v", slot, err, test.want)
			}
		})
	}
}

func TestApplyRefuses(t *testing.T) {
	t.Parallel()
	text, err := edit.Parse([]byte("tag: v1\nb: v2\n"))
	if err != nil {
		t.Fatal(err)
	}
	slot, err := slotOf(t, text, "v1")
	if err != nil {
		t.Fatal(err)
	}
	wide := slot
	wide.To, wide.Old = 1, "v"
	tests := map[string]struct {
		src   string
		edits []edit.Edit
		want  error
	}{
		"the file moved on":     {"tag: v3\nb: v2\n", []edit.Edit{{Slot: slot, New: "v4"}}, edit.ErrStale},
		"the scalar is gone":    {"b: v2\n", []edit.Edit{{Slot: slot, New: "v4"}}, edit.ErrStale},
		"two edits overlap":     {"tag: v1\nb: v2\n", []edit.Edit{{Slot: slot, New: "v4"}, {Slot: wide, New: "w"}}, edit.ErrStale},
		"a newline":             {"tag: v1\nb: v2\n", []edit.Edit{{Slot: slot, New: "v4\nc: 1"}}, edit.ErrVerify},
		"a quote":               {"tag: v1\nb: v2\n", []edit.Edit{{Slot: slot, New: `v4"`}}, edit.ErrVerify},
		"a comment":             {"tag: v1\nb: v2\n", []edit.Edit{{Slot: slot, New: "v4 # x"}}, edit.ErrVerify},
		"an anchor":             {"tag: v1\nb: v2\n", []edit.Edit{{Slot: slot, New: "&a"}}, edit.ErrVerify},
		"no longer YAML at all": {"tag: v1\nb: [\n", []edit.Edit{{Slot: slot, New: "v2"}}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := edit.Apply([]byte(test.src), test.edits)
			if err == nil || (test.want != nil && !errors.Is(err, test.want)) {
				t.Errorf("got %q, %v; want %v", got, err, test.want)
			}
		})
	}
}

func TestTwoEditsOfOneScalar(t *testing.T) {
	t.Parallel()
	src := "image: a/b:1.2@sha256:00\n"
	text, err := edit.Parse([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	tag, err := slotOf(t, text, "1.2")
	if err != nil {
		t.Fatal(err)
	}
	digest, err := slotOf(t, text, "sha256:00")
	if err != nil {
		t.Fatal(err)
	}
	got, err := edit.Apply([]byte(src), []edit.Edit{{Slot: digest, New: "sha256:11"}, {Slot: tag, New: "1.10"}})
	if err != nil {
		t.Fatal(err)
	}
	if want := "image: a/b:1.10@sha256:11\n"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	if _, err := edit.Parse([]byte("\xff\xfea\x00")); !errors.Is(err, edit.ErrEncoding) {
		t.Errorf("UTF-16: %v", err)
	}
	if _, err := edit.Parse([]byte("a: \xff")); !errors.Is(err, edit.ErrEncoding) {
		t.Errorf("not UTF-8: %v", err)
	}
	_, err := edit.Parse([]byte("a: 1\nb: [1\nc: 2\n"))
	var syntax *edit.SyntaxError
	if !errors.As(err, &syntax) || syntax.Line != 3 || syntax.Column == 0 {
		t.Errorf("unclosed sequence: %v", err)
	}
	text, err := edit.Parse(nil)
	if err != nil || len(text.Docs) != 0 {
		t.Errorf("empty file: %v, %v", text, err)
	}
}

// FuzzSplice: a slot's position always is the scalar's text, and writing it
// changes exactly those bytes (and quotes around them).
func FuzzSplice(f *testing.F) {
	for _, seed := range []string{
		"tag: 1.2.3\n", "a: |\n  b: 'c'\n", "a: &x \"y\"\nb: *x\n", "{{ if }}\na: {{ b }}:1\n{{ end }}", "- >-\n  a:1\n",
		"\ufeffa: ü\r\nb: !!str 1\r\n", "{\"a\": [1, \"b\"]}", "? a\n: b\n", "%YAML 1.2\n---\na: b", "a: |2\n    b: c\n   d\n",
		"a: |\n  b: |\n    c: d\n", "a: \"x\\\n  y\"\n", "a: !<tag:yaml.org,2002:str> b", "a: 'it''s'", "a:\n  - b\n  -\n  - c",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		text, err := edit.Parse(src)
		if err != nil {
			return
		}
		budget := 50
		var visit func(text *edit.Text, n *yaml.Node)
		visit = func(text *edit.Text, n *yaml.Node) {
			if budget--; budget < 0 {
				return
			}
			if n.Kind == yaml.ScalarNode && n.Value != "" {
				checkSlot(t, src, text, n)
				if nested, err := text.Nested(n); err == nil {
					for _, doc := range nested.Docs {
						visit(nested, doc)
					}
				}
			}
			for _, child := range n.Content {
				visit(text, child)
			}
		}
		for _, doc := range text.Docs {
			visit(text, doc)
		}
	})
}

func checkSlot(t *testing.T, src []byte, text *edit.Text, n *yaml.Node) {
	t.Helper()
	slot, err := text.Slot(n, 0, len(n.Value))
	if err != nil {
		return
	}
	out, err := edit.Apply(src, []edit.Edit{{Slot: slot, New: "v9.9.9"}})
	if err != nil {
		if !errors.Is(err, edit.ErrVerify) && !errors.Is(err, edit.ErrStale) && !errors.Is(err, edit.ErrMultiline) {
			t.Fatalf("%q: %v", src, err)
		}
		return
	}
	before, after := string(src[:slot.At.Offset]), string(src[slot.At.Offset+slot.At.Length:])
	if !strings.HasPrefix(string(out), before) || !strings.HasSuffix(string(out), after) {
		t.Fatalf("writing %+v changed other bytes:\n%q\n%q", slot, src, out)
	}
	if middle := string(out[len(before) : len(out)-len(after)]); middle != "v9.9.9" {
		t.Fatalf("wrote %q", middle)
	}
}
