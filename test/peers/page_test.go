package peers_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the differences into docs/versions.md")

// The page shows all differences, in the words of the tables.
func TestDocs(t *testing.T) {
	t.Parallel()
	file := filepath.Join("..", "..", "docs", "versions.md")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for _, p := range peers {
		written, found := p.in(page)
		switch {
		case !found:
			t.Fatalf("the page has no place for the differences of %s", p.name)
		case *update:
			page = strings.Replace(page, written, p.table(), 1)
		case written != p.table():
			t.Errorf("the page tells other differences of %s: run go test ./test/peers -run TestDocs -update", p.name)
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// begin is the comment before a table of differences.
func (p *peer) begin() string {
	return "<!-- differences: " + p.name + ", made by go test ./test/peers -run TestDocs -update -->\n"
}

const end = "<!-- end of differences -->\n"

// in gives what a page has between the comments, these included.
func (p *peer) in(page string) (written string, found bool) {
	_, rest, found := strings.Cut(page, p.begin())
	table, _, ended := strings.Cut(rest, end)
	return p.begin() + table + end, found && ended
}

// table is what the page is to have there.
func (p *peer) table() string {
	var b strings.Builder
	b.WriteString(p.begin() + "| there | here |\n|---|---|\n")
	for _, rows := range [][]difference{p.differences, p.notOurs} {
		for _, row := range rows {
			b.WriteString("| " + cell(row.there) + " | " + cell(row.here) + " |\n")
		}
	}
	return b.String() + end
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// Rows are for people, and have cases that hold them.
func TestTablesAreComplete(t *testing.T) {
	t.Parallel()
	for _, p := range peers {
		rows := append(append([]difference{}, p.differences...), p.notOurs...)
		known := map[string]bool{}
		for _, row := range rows {
			if !strings.HasSuffix(row.there, ".") || !strings.HasSuffix(row.here, ".") || len(row.cases) == 0 {
				t.Errorf("%s: a sentence or the cases are missing: %+v", p.name, row)
			}
			for _, id := range row.cases {
				if known[id] {
					t.Errorf("%s: %s is in two rows", p.name, id)
				}
				known[id] = true
			}
		}
	}
}
