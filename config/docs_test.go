package config_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"github.com/imageupdater/imageupdater/config"
)

var update = flag.Bool("update", false, "write the table of keys into docs/configuration.md")

const docFile = "../docs/configuration.md"

func doc(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(docFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// block is a fenced block of a page.
type block struct {
	line       int
	info, text string
}

func blocks(page string) []block {
	var all []block
	for _, m := range regexp.MustCompile("(?ms)^```([a-z ]+)\n(.*?)^```$").FindAllStringSubmatchIndex(page, -1) {
		all = append(all, block{strings.Count(page[:m[0]], "\n") + 1, page[m[2]:m[3]], page[m[4]:m[5]]})
	}
	return all
}

// empty has every file, and nothing in it.
type empty struct{}

func (empty) Read(context.Context, config.Base) ([]byte, error) { return nil, nil }

// Each block of the page is read; the block behind one that is broken or
// warned of quotes what is said.
func TestDocs(t *testing.T) {
	t.Parallel()
	all := blocks(doc(t))
	counts := map[string]int{}
	for i, b := range all {
		counts[b.info]++
		if !strings.HasPrefix(b.info, "yaml") {
			continue
		}
		_, warnings, err := config.Load(t.Context(), config.FileName, []byte(b.text), config.Options{Now: today, Files: empty{}})
		var said []string
		for _, w := range warnings {
			said = append(said, w.String())
		}
		if err != nil {
			said = append(said, err.Error())
		}
		want := ""
		if b.info != "yaml" {
			want = strings.TrimSpace(all[i+1].text)
		}
		if diff := cmp.Diff(want, strings.Join(said, "\n")); diff != "" {
			t.Errorf("line %d: -want +got\n%s", b.line, diff)
		}
		if (err != nil) != (b.info == "yaml broken") {
			t.Errorf("line %d: a block of %q gives %v", b.line, b.info, err)
		}
	}
	if counts["yaml"] < 8 || counts["yaml broken"] < 1 || counts["yaml warned"] < 1 {
		t.Errorf("only %v found: look after the regular expression", counts)
	}
}

func schemaText(t *testing.T) []byte {
	t.Helper()
	text, err := config.JSONSchema()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(schemaText(t)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(config.SchemaURL, document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(config.SchemaURL)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var errNoJSON = errors.New("no JSON could say that")

// plainData is a document as editors hand it to the schema: dates are texts.
func plainData(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			v, err := plainData(n.Content[i+1])
			if err != nil {
				return nil, err
			}
			if _, twice := m[n.Content[i].Value]; twice || n.Content[i].Kind != yaml.ScalarNode {
				return nil, errNoJSON
			}
			m[n.Content[i].Value] = v
		}
		return m, nil
	case yaml.SequenceNode:
		list := []any{}
		for _, one := range n.Content {
			v, err := plainData(one)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case yaml.AliasNode, yaml.DocumentNode, yaml.StreamNode:
		return nil, errNoJSON
	case yaml.ScalarNode:
	}
	switch n.Tag {
	case "!!null":
		return nil, nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true"), nil
	case "!!int", "!!float":
		if !json.Valid([]byte(n.Value)) {
			return nil, errNoJSON // .inf and .nan
		}
		return json.Number(n.Value), nil
	}
	return n.Value, nil
}

func validate(s *jsonschema.Schema, src string) error {
	var n yaml.Node
	if err := yaml.Load([]byte(src), &n); err != nil {
		return err
	}
	data, err := plainData(n.Content[0])
	if err != nil {
		return err
	}
	return s.Validate(data)
}

func TestSchemaAccepts(t *testing.T) {
	t.Parallel()
	s := compiled(t)
	src, err := os.ReadFile("testdata/example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := validate(s, string(src)); err != nil {
		t.Errorf("the example: %v", err)
	}
	for _, b := range blocks(doc(t)) {
		if b.info != "yaml" {
			continue
		}
		if err := validate(s, b.text); err != nil {
			t.Errorf("%s:%d: %v", docFile, b.line, err)
		}
	}
	if err := s.Validate(nil); err != nil {
		t.Errorf("an empty file: %v", err)
	}
}

// beyondSchema are the broken files that a schema cannot refuse.
var beyondSchema = []string{
	"bad range", "maven range", "bad regexp", "look-around", "back-reference", "glob for a regexp",
	"bad glob", "stars beside text", "image with capitals",
	"bad cron line", "cron line that never comes", "cron line with a zone", "cron line with a zone alone", "too often", "too often by cron",
	"long duration", "bad date", "bad zone", "zone of the machine",
	"template, unknown field", "template, function", "template, empty name", "template, not closed",
	"via github and freeze", "via github below a window", "window over via github",
	"freeze backwards", "field without image", "field with a bad path", "field with a tagged image", "branch",
	"tag",
}

func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	s := compiled(t)
	for _, test := range broken {
		err := validate(s, test.src)
		if beyond := slices.Contains(beyondSchema, test.name); (err == nil) != beyond {
			t.Errorf("%s: the schema says %v, expected it to refuse: %t", test.name, err, !beyond)
		}
	}
	for _, b := range blocks(doc(t)) {
		if b.info == "yaml broken" && validate(s, b.text) == nil {
			t.Errorf("%s:%d: accepted", docFile, b.line)
		}
	}
}

func TestSchemaIsCommitted(t *testing.T) {
	t.Parallel()
	committed, err := os.ReadFile("../docs/imageupdater.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(committed, schemaText(t)) {
		t.Error("docs/imageupdater.schema.json is stale: go run ./cmd/imageupdater schema > docs/imageupdater.schema.json")
	}
}

// The table of keys is what the schema, and so the types, say.
func TestDocsKeys(t *testing.T) {
	t.Parallel()
	const begin, end = "<!-- keys: made by go test ./config -run TestDocs -update -->\n", "<!-- end of keys -->"
	page := doc(t)
	before, rest, okBegin := strings.Cut(page, begin)
	table, after, okEnd := strings.Cut(rest, end)
	if !okBegin || !okEnd {
		t.Fatal("the marks are gone")
	}
	want := keyTable(t)
	if table == want {
		return
	}
	if *update {
		if err := os.WriteFile(docFile, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("the table of keys is stale: go test ./config -run TestDocs -update\n%s", cmp.Diff(want, table))
}

func keyTable(t *testing.T) string {
	t.Helper()
	var root map[string]any
	if err := json.Unmarshal(schemaText(t), &root); err != nil {
		t.Fatal(err)
	}
	b := strings.Builder{}
	b.WriteString("| key | what | default |\n|---|---|---|\n")
	settings := properties(properties(root)["defaults"])
	writeKeys(&b, root, "", settings)
	return b.String()
}

func properties(s any) map[string]any {
	object, _ := s.(map[string]any)
	p, _ := object["properties"].(map[string]any)
	return p
}

func writeKeys(b *strings.Builder, s any, outer string, settings map[string]any) {
	all := properties(s)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if _, shared := settings[name]; shared && outer == "rules[]." {
			continue
		}
		property, _ := all[name].(map[string]any)
		builtIn := ""
		if value, ok := property["default"]; ok {
			text, _ := json.Marshal(value)
			builtIn = "`" + strings.ReplaceAll(string(text), "|", `\|`) + "`"
			if unquoted, err := strconv.Unquote(string(text)); err == nil && unquoted != "" {
				builtIn = "`" + unquoted + "`"
			}
		}
		fmt.Fprintf(b, "| `%s%s` | %s%s | %s |\n", outer, name, property["description"], wordsOfSchema(property), builtIn)
		writeKeys(b, property, outer+name+".", settings)
		if items, ok := property["items"]; ok {
			writeKeys(b, items, outer+name+"[].", settings)
		}
	}
}

// wordsOfSchema names the words that a key takes.
func wordsOfSchema(property map[string]any) string {
	words, _ := property["enum"].([]any)
	if len(words) == 0 {
		return ""
	}
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = fmt.Sprintf("`%v`", w)
	}
	return " One of " + strings.Join(texts, ", ") + "."
}
