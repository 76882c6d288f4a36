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
		"a: |\n  b: |\n    c: d\n", "a: \"x\\\n  y\"\n", "a: !<tag:yaml.org,2002:str> b", "a: 'it''s'", "a:\n  - b\n  -\n  - c", "{a:, b: , \"c\":}", "a: # x\nb:\n", "a: |\n  b:\n  c: ~\n",
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
			if n.Kind == yaml.ScalarNode {
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
	// A blank goes before the first value of a key, quotes around a number of JSON.
	if middle := string(out[len(before) : len(out)-len(after)]); strings.Trim(strings.TrimPrefix(middle, " "), `"`) != "v9.9.9" {
		t.Fatalf("wrote %q", middle)
	}
}

// valueOf finds the value of a key, at any depth of block scalars.
func valueOf(text *edit.Text, n *yaml.Node, key string) (*edit.Text, *yaml.Node) {
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && child.Value == key {
			return text, n.Content[i+1]
		}
		if nested, err := text.Nested(child); err == nil && len(nested.Docs) > 0 {
			if in, found := valueOf(nested, nested.Docs[0], key); found != nil {
				return in, found
			}
		}
		if in, found := valueOf(text, child, key); found != nil {
			return in, found
		}
	}
	return nil, nil
}

// emptySlot is the slot of the whole value of the key d.
func emptySlot(t *testing.T, src string) (edit.Slot, error) {
	t.Helper()
	text, err := edit.Parse([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	in, value := valueOf(text, text.Docs[len(text.Docs)-1], "d")
	if value == nil {
		t.Fatalf("no key d in %q", src)
	}
	return in.Slot(value, 0, len(value.Value))
}

func TestApplyFillsEmptyValues(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ in, want string }{
		"double quotes":                  {"d: \"\" # why\nb: 1\n", "d: \"sha256:1\" # why\nb: 1\n"},
		"single quotes":                  {"d: ''\n", "d: 'sha256:1'\n"},
		"null":                           {"d: null   # why\n", "d: sha256:1   # why\n"},
		"tilde":                          {"{d: ~, b: 1}\n", "{d: sha256:1, b: 1}\n"},
		"nothing":                        {"d:\nb: 1\n", "d: sha256:1\nb: 1\n"},
		"nothing, and blanks":            {"d:  \nb: 1\n", "d: sha256:1  \nb: 1\n"},
		"nothing, and a comment":         {"d:\t# why\nb: 1\n", "d: sha256:1\t# why\nb: 1\n"},
		"nothing, and a comment below":   {"x:\n  d:\n  # why\n\n  b: 1\n", "x:\n  d: sha256:1\n  # why\n\n  b: 1\n"},
		"nothing, blanks before":         {"d :\n", "d : sha256:1\n"},
		"nothing at the end":             {"b: 1\nd:", "b: 1\nd: sha256:1"},
		"nothing, CRLF":                  {"d:\r\nb: 1\r\n", "d: sha256:1\r\nb: 1\r\n"},
		"nothing, quoted key":            {"\"d\":\n", "\"d\": sha256:1\n"},
		"nothing, wide characters":       {"{é: ü, d: , b: 1}\n", "{é: ü, d: sha256:1 , b: 1}\n"},
		"nothing in a list":              {"- d:\n- d: 1\n", "- d: sha256:1\n- d: 1\n"},
		"nothing in flow style":          {"{d:, b: 1}\n", "{d: sha256:1, b: 1}\n"},
		"nothing, last in flow style":    {"{b: 1, d: }\n", "{b: 1, d: sha256:1 }\n"},
		"nothing, empty values around":   {"a:\nd:\nb:\n", "a:\nd: sha256:1\nb:\n"},
		"nothing in a second document":   {"d: 1\n---\nd:\n...\n", "d: 1\n---\nd: sha256:1\n...\n"},
		"nothing in a block scalar":      {"x: |\n  d:\n  b: 1\ny: 1\n", "x: |\n  d: sha256:1\n  b: 1\ny: 1\n"},
		"nothing, last in a block":       {"x: |-\n  b: 1\n  d:\ny: 1\n", "x: |-\n  b: 1\n  d: sha256:1\ny: 1\n"},
		"quotes behind an anchor":        {"d: &d ''\nb: *d\n", "d: &d 'sha256:1'\nb: *d\n"},
		"quotes, template around":        {"{{ if x }}\nd: ''\n{{ end }}\n", "{{ if x }}\nd: 'sha256:1'\n{{ end }}\n"},
		"JSON":                           {`{"d": "", "b": 1}`, `{"d": "sha256:1", "b": 1}`},
		"JSON's null":                    {`{"d": null, "b": 1}`, `{"d": "sha256:1", "b": 1}`},
		"JSON's null in a block scalar":  {"x: |\n  {\"d\": null}\n", "x: |\n  {\"d\": \"sha256:1\"}\n"},
		"a number becomes text in JSON":  {`{"d": 1.9}`, `{"d": "sha256:1"}`},
		"flow style in YAML is not JSON": {`{"d": 1.9} # why`, `{"d": sha256:1} # why`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			slot, err := emptySlot(t, test.in)
			if err != nil {
				t.Fatal(err)
			}
			got, err := edit.Apply([]byte(test.in), []edit.Edit{{Slot: slot, New: "sha256:1"}})
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestApplyQuotesWhatFillsAnEmptyValue(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"d:\n":     "d: \"1234567890\"\n",
		"d: ~\n":   "d: \"1234567890\"\n",
		"d: ''\n":  "d: '1234567890'\n",
		"{d:}\n":   "{d: \"1234567890\"}\n",
		"d: # c\n": "d: \"1234567890\" # c\n",
	} {
		slot, err := emptySlot(t, in)
		if err != nil {
			t.Fatal(err)
		}
		got, err := edit.Apply([]byte(in), []edit.Edit{{Slot: slot, New: "1234567890"}})
		if err != nil || string(got) != want {
			t.Errorf("%q became %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestEmptyValuesThatCannotBeFilled(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   string
		want error
	}{
		"no colon":                  {"{d, b: 1}\n", edit.ErrMismatch},
		"no colon, explicit key":    {"? d\nb: 1\n", edit.ErrMismatch},
		"the next line in flow":     {"{d:\n}\n", edit.ErrMismatch},
		"an anchor":                 {"d: &d\nb: *d\n", edit.ErrMismatch},
		"a type":                    {"d: !!str\nb: 1\n", edit.ErrTagged},
		"a template may stand here": {"d:\n  {{ .x }}\nb: {{ .y }}:1\n", edit.ErrTemplated},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if slot, err := emptySlot(t, test.in); !errors.Is(err, test.want) {
				t.Errorf("got %+v, %v; want %v", slot, err, test.want)
			}
		})
	}
}

// What was empty when it was found and no longer is must not be written into.
func TestEmptySlotGoesStale(t *testing.T) {
	t.Parallel()
	for found, now := range map[string]string{
		"d: ''\n":          "d: 'sha256:2'\n",
		"d:\n":             "d:\n",
		"d: ~\n":           "d: sha256:2\n",
		"{d: , b: 1}\n":    "{d: x, b: 1}\n",
		"a: 1\nx: {d: }\n": "a: 1\nx: {d: }\n",
	} {
		slot, err := emptySlot(t, found)
		if err != nil {
			t.Fatal(err)
		}
		got, err := edit.Apply([]byte(now), []edit.Edit{{Slot: slot, New: "sha256:1"}})
		switch {
		case found == now && err != nil:
			t.Errorf("%q: %v", found, err)
		case found != now && !errors.Is(err, edit.ErrStale):
			t.Errorf("%q became %q, %v", now, got, err)
		}
	}
}

// A tag takes a digest behind it in the shape that is there.
func TestApplyPutsADigestBehindATag(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ in, old, want string }{
		"newTag":               {"newTag: 1.2.3 # why\n", "1.2.3", "newTag: 1.2.3@sha256:1 # why\n"},
		"newTag, a number":     {"newTag: 1.20\n", "1.20", "newTag: 1.20@sha256:1\n"},
		"newTag in quotes":     {"newTag: '41'\n", "41", "newTag: '41@sha256:1'\n"},
		"a reference":          {"image: a/b:1.2\n", "1.2", "image: a/b:1.2@sha256:1\n"},
		"a reference in flow":  {"[a/b:1.2, c]\n", "1.2", "[a/b:1.2@sha256:1, c]\n"},
		"a reference in text":  {"image: >-\n  a/b:1.2\n", "1.2", "image: >-\n  a/b:1.2@sha256:1\n"},
		"a number in JSON":     {`{"newTag": 41}`, "41", `{"newTag": "41@sha256:1"}`},
		"YAML in a block":      {"x: |\n  image: 'a/b:1.2'\n", "1.2", "x: |\n  image: 'a/b:1.2@sha256:1'\n"},
		"behind an anchor":     {"image: &i a/b:1.2\nb: *i\n", "1.2", "image: &i a/b:1.2@sha256:1\nb: *i\n"},
		"an override":          {"- 'old=a/b:1.2'\n", "1.2", "- 'old=a/b:1.2@sha256:1'\n"},
		"an argument":          {"args: [--x-image=a/b:1.2]\n", "1.2", "args: [--x-image=a/b:1.2@sha256:1]\n"},
		"no newline, trailing": {"image: a/b:1.2  ", "1.2", "image: a/b:1.2@sha256:1  "},
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
			got, err := edit.Apply([]byte(test.in), []edit.Edit{{Slot: slot, New: test.old + "@sha256:1"}})
			if err != nil || string(got) != test.want {
				t.Errorf("got  %q, %v\nwant %q", got, err, test.want)
			}
		})
	}
}
