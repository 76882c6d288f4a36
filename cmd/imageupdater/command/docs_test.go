package command

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// read gives a file of the repository, by its path from the top.
func read(t *testing.T, name string) string {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("..", "..", "..", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(src)
}

func TestDocsNameEveryFlag(t *testing.T) {
	t.Parallel()
	doc := read(t, "docs/scan.md")
	scan, _, err := NewRoot(new(process).environment()).Find([]string{"scan"})
	if err != nil {
		t.Fatal(err)
	}
	scan.InitDefaultHelpFlag()
	scan.Flags().VisitAll(func(flag *pflag.Flag) {
		if !strings.Contains(doc, "`--"+flag.Name) {
			t.Errorf("docs/scan.md says nothing of --%s", flag.Name)
		}
	})
	named := regexp.MustCompile("`--([a-z-]+)").FindAllStringSubmatch(doc, -1)
	for _, match := range named {
		if scan.Flags().Lookup(match[1]) == nil {
			t.Errorf("docs/scan.md names --%s, which is no flag", match[1])
		}
	}
}

// TestDocsNameEveryWord holds the contract to the words that the scanner's
// sources define.
func TestDocsNameEveryWord(t *testing.T) {
	t.Parallel()
	doc := read(t, "docs/scan-json.md")
	words := regexp.MustCompile(`(?m)^\t\w+\s+(?:format\.)?(?:Code|Status|Format|Kind)?\s*= "([a-z-]+)"`)
	count := 0
	for _, source := range []string{"scanner/format/field.go", "scanner/scanner.go", "scanner/version/kind.go"} {
		for _, match := range words.FindAllStringSubmatch(read(t, source), -1) {
			count++
			if !strings.Contains(doc, "`"+match[1]+"`") {
				t.Errorf("docs/scan-json.md says nothing of %q of %s", match[1], source)
			}
		}
	}
	if count < 20 {
		t.Errorf("only %d words found: look after the regular expression", count)
	}
}

// TestDocsNameEveryKey takes the keys from the example, which must be in the
// shape of the contract.
func TestDocsNameEveryKey(t *testing.T) {
	t.Parallel()
	doc := read(t, "docs/scan-json.md")
	_, rest, _ := strings.Cut(doc, "```json\n")
	example, tables, _ := strings.Cut(rest, "```")
	decodeContract(t, example)
	var all strings.Builder
	if err := writeJSON(&all, sample(false)); err != nil {
		t.Fatal(err)
	}
	printed, shown := keys(t, all.String()), keys(t, example)
	for key := range printed {
		if !shown[key] {
			t.Errorf("the example lacks %q", key)
		}
		if strings.Contains(key, ".example") || strings.Contains(key, ".io") {
			continue
		}
		if !strings.Contains(tables, "`"+key+"`") {
			t.Errorf("no table explains %q", key)
		}
	}
}

// keys are all keys of a JSON document, at any depth.
func keys(t *testing.T, text string) map[string]bool {
	t.Helper()
	var document any
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		t.Fatal(err)
	}
	found := make(map[string]bool)
	var visit func(value any)
	visit = func(value any) {
		switch value := value.(type) {
		case map[string]any:
			for key, inner := range value {
				found[key] = true
				visit(inner)
			}
		case []any:
			for _, inner := range value {
				visit(inner)
			}
		}
	}
	visit(document)
	return found
}
