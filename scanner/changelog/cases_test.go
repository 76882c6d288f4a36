package changelog_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/imageupdater/imageupdater/scanner/changelog"
)

// Notes come out as they were written: what Renovate does to their mentions,
// references, links and headings is for whoever shows them to do, once.
func TestNotesAreRaw(t *testing.T) {
	shared := os.Getenv("IMAGEUPDATER_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "shared")
	}
	data, err := os.ReadFile(filepath.Join(shared, "cases", "renovate.json"))
	if err != nil {
		t.Skip("shared folder not present: what other programs answer is not part of this repository")
	}
	var file struct {
		Notes map[string][]struct{ ID, Input string } `json:"release_notes"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, cases := range file.Notes {
		for _, c := range cases {
			seen++
			f := forge{access: public, releases: [][]changelog.Release{{release("v1.3.0", c.Input), release("v1.2.0", "")}}}
			notes, err := changelog.Collect(t.Context(), &f, step(t, "1.2.0", "1.3.0"), changelog.Options{})
			if err != nil || len(notes.Entries) != 1 || notes.Entries[0].Text+"\n" != c.Input && notes.Entries[0].Text != c.Input {
				t.Errorf("%s: got %+v, %v", c.ID, notes.Entries, err)
			}
		}
	}
	if seen == 0 {
		t.Error("no cases")
	}
}
