package foreign_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/handlers/foreign"
)

var update = flag.Bool("update", false, "write the golden files")

// TestOrdinaryNotes reads notes as projects write them. What becomes of them was read
// by people: it says the same.
func TestOrdinaryNotes(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/notes/*.md")
	if err != nil || len(paths) == 0 {
		t.Fatalf("there are no notes: %v", err)
	}
	for _, path := range paths {
		note, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got := foreign.Notes(string(note), options()) + "\n"
		check(t, path, strings.TrimSuffix(got, "\n"))
		golden := strings.TrimSuffix(path, ".md") + ".golden"
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}
