package config_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/config"
)

const (
	servingDoc    = "../docs/server.md"
	registriesDoc = "../docs/registries.md"
)

// serverDocs are the pages on the server's configuration.
var serverDocs = []string{servingDoc, registriesDoc}

func serverPage(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Each block of the pages is read; the block behind one that is broken or warned
// of quotes what is said. One that names an App is enough to serve.
func TestServerDocs(t *testing.T) {
	t.Parallel()
	for _, file := range serverDocs {
		all := blocks(serverPage(t, file))
		counts := map[string]int{}
		for i, b := range all {
			counts[b.info]++
			if !strings.HasPrefix(b.info, "yaml") {
				continue
			}
			s, warnings, err := config.LoadServer("server.yaml", []byte(b.text))
			var said []string
			for _, w := range warnings {
				said = append(said, w.String())
			}
			if err == nil && strings.Contains(b.text, "github:") {
				err = s.ForServing()
			}
			if err != nil {
				said = append(said, err.Error())
			}
			want := ""
			if b.info != "yaml" {
				want = strings.TrimSpace(all[i+1].text)
			}
			if diff := cmp.Diff(want, strings.Join(said, "\n")); diff != "" {
				t.Errorf("%s:%d: -want +got\n%s", file, b.line, diff)
			}
			if (err != nil) != (b.info == "yaml broken") {
				t.Errorf("%s:%d: a block of %q gives %v", file, b.line, b.info, err)
			}
		}
		if counts["yaml"] < 6 || counts["yaml broken"] < 1 || counts["yaml warned"] < 1 {
			t.Errorf("%s: only %v found", file, counts)
		}
	}
}

const (
	keysBegin = "<!-- keys: made by go test ./config -run TestServerDocs -update -->\n"
	keysEnd   = "<!-- end of keys -->"
)

// ofRegistries are the keys that the page on registries explains.
var ofRegistries = regexp.MustCompile("(?m)^\\| `(registries|proxy|caFile)\\b.*\n")

// Each key is explained on a page, in the words of the schema.
func TestServerDocsKeys(t *testing.T) {
	t.Parallel()
	b := strings.Builder{}
	writeKeys(&b, serverSchemaTree(t), "", nil)
	rows := b.String()
	registries := strings.Join(ofRegistries.FindAllString(rows, -1), "")
	mustHaveKeys(t, registriesDoc, "| key | what |\n|---|---|\n"+strings.ReplaceAll(registries, " |  |\n", " |\n"))
	mustHaveKeys(t, servingDoc, "| key | what | default |\n|---|---|---|\n"+ofRegistries.ReplaceAllString(rows, ""))
}

func serverSchemaTree(t *testing.T) map[string]any {
	t.Helper()
	text, _ := serverSchema(t)
	var root map[string]any
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	return root
}

func mustHaveKeys(t *testing.T, file, want string) {
	t.Helper()
	before, rest, okBegin := strings.Cut(serverPage(t, file), keysBegin)
	table, after, okEnd := strings.Cut(rest, keysEnd)
	switch {
	case !okBegin || !okEnd:
		t.Fatalf("%s: the marks are gone", file)
	case table == want:
	case *update:
		if err := os.WriteFile(file, []byte(before+keysBegin+want+keysEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s: the table of keys is stale: go test ./config -run TestServerDocs -update\n%s", file, cmp.Diff(want, table))
	}
}

// The first block of the page on the server shows every key, but those of
// registries, which have a page of their own.
func TestServerDocsShowAllKeys(t *testing.T) {
	t.Parallel()
	first := blocks(serverPage(t, servingDoc))[0].text
	var missing []string
	var walk func(s any, outer string)
	walk = func(s any, outer string) {
		for name, property := range properties(s) {
			if !regexp.MustCompile(`\b` + name + `:`).MatchString(first) {
				missing = append(missing, outer+name)
			}
			if name == "registries" {
				continue
			}
			walk(property, outer+name+".")
			if p, ok := property.(map[string]any); ok {
				walk(p["items"], outer+name+"[].")
			}
		}
	}
	walk(serverSchemaTree(t), "")
	if slices.Sort(missing); len(missing) > 0 {
		t.Errorf("the block lacks %v", missing)
	}
}

// The page says of each kind of hook how it is set up.
func TestServerDocsHooks(t *testing.T) {
	t.Parallel()
	page := serverPage(t, servingDoc)
	hook, _ := properties(serverSchemaTree(t))["hooks"].(map[string]any)
	kind, _ := properties(hook["items"])["kind"].(map[string]any)
	kinds, _ := kind["enum"].([]any)
	for _, k := range kinds {
		if name, _ := k.(string); !strings.Contains(page, "\n| `"+name+"` |") {
			t.Errorf("%s says nothing of %s", servingDoc, name)
		}
	}
	if len(kinds) == 0 {
		t.Error("the schema names no kind")
	}
}
