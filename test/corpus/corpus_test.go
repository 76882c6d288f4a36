package corpus_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/format"
	"github.com/imageupdater/imageupdater/test/corpus"
)

type expectedFile struct {
	File     string `json:"file"`
	Kind     string `json:"kind"`
	Complete bool   `json:"complete"`
	Refs     []struct {
		Line         int    `json:"line"`
		DigestLine   int    `json:"digest_line"`
		NameLine     int    `json:"name_line"`
		Name         string `json:"name"`
		ResolvedName string `json:"resolved_name"`
		Tag          string `json:"tag"`
		Digest       string `json:"digest"`
		TagOffset    *int   `json:"tag_offset"`
		DigestOffset *int   `json:"digest_offset"`
		Class        string `json:"class"`
		Certainty    string `json:"certainty"`
	} `json:"refs"`
	Traps []struct {
		Line int    `json:"line"`
		Why  string `json:"why"`
	} `json:"traps"`
}

// shared is the folder of real files beside the checkout.
func shared(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("IMAGEUPDATER_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	if _, err := os.Stat(filepath.Join(dir, "corpus")); err != nil {
		t.Skip("shared folder not present: the corpus of real files is not part of this repository")
	}
	return filepath.Join(dir, "corpus")
}

func expectations(t *testing.T, dir string) []expectedFile {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var expected struct {
		Files []expectedFile `json:"files"`
	}
	if err := json.Unmarshal(data, &expected); err != nil {
		t.Fatal(err)
	}
	return expected.Files
}

var hub = regexp.MustCompile(`^(index\.)?docker\.io/(library/)?`)

func sameName(got string, wants ...string) bool {
	for _, want := range wants {
		if want != "" && hub.ReplaceAllString(got, "") == strings.TrimPrefix(hub.ReplaceAllString(want, ""), "/") {
			return true
		}
	}
	return false
}

func TestRealFiles(t *testing.T) {
	t.Parallel()
	dir := shared(t)
	inventory, err := scanner.Find(t.Context(), os.DirFS(filepath.Join(dir, "files")), scanner.FindOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range inventory.Problems {
		t.Errorf("problem: %+v", problem)
	}
	found := map[string][]format.Field{}
	for _, field := range inventory.Fields {
		found[field.File] = append(found[field.File], field)
	}
	type count struct{ hit, want, found, right int }
	counts := map[string]*count{}
	for _, file := range expectations(t, dir) {
		c := counts[file.Kind]
		if c == nil {
			c = &count{}
			counts[file.Kind] = c
		}
		known := map[int]bool{}
		for _, want := range file.Refs {
			for _, line := range []int{want.Line, want.DigestLine, want.NameLine} {
				known[line] = true
			}
			core := want.Class == "core" && want.Certainty == "certain"
			if core {
				c.want++
			}
			hit := false
			for _, got := range found[file.File] {
				hit = hit || got.Line == want.Line && got.Ref.Tag == want.Tag && got.Ref.Digest == want.Digest &&
					sameName(got.Ref.Name(), want.Name, want.ResolvedName) && offsets(got, want.TagOffset, want.DigestOffset)
			}
			switch {
			case core && hit:
				c.hit++
			case core:
				t.Errorf("%s:%d: %s:%s@%s is not found so", file.File, want.Line, want.Name, want.Tag, want.Digest)
			case !hit:
				t.Logf("%s:%d: %s %s %s is not found", file.File, want.Line, want.Class, want.Certainty, want.Name)
			}
		}
		for _, trap := range file.Traps {
			for _, got := range found[file.File] {
				if got.Line == trap.Line && !known[trap.Line] {
					t.Errorf("%s:%d is a trap (%s)", file.File, trap.Line, trap.Why)
				}
			}
		}
		for _, got := range found[file.File] {
			c.found++
			if known[got.Line] {
				c.right++
			} else {
				t.Errorf("%s:%d: %s is no image", file.File, got.Line, got.Ref)
			}
		}
	}
	for kind, c := range counts {
		t.Logf("%s: recall %d/%d, precision %d/%d", kind, c.hit, c.want, c.right, c.found)
	}
}

func offsets(got format.Field, tag, digest *int) bool {
	if tag != nil && (got.Tag == nil || got.Tag.At.Offset != *tag) {
		return false
	}
	return digest == nil || got.Digest != nil && got.Digest.At.Offset == *digest
}

func TestEditsOfRealFiles(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(shared(t), "files")
	checkEditsBelow(t, os.DirFS(dir))
}

// checkEditsBelow takes each top folder as a repository of its own.
func checkEditsBelow(t *testing.T, tree fs.FS) {
	t.Helper()
	repositories, err := fs.ReadDir(tree, ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, repository := range repositories {
		t.Run(repository.Name(), func(t *testing.T) {
			t.Parallel()
			below, err := fs.Sub(tree, repository.Name())
			if err != nil {
				t.Fatal(err)
			}
			tally, err := corpus.CheckEdits(t.Context(), below)
			if err != nil {
				t.Error(err)
			}
			t.Logf("%d fields, %d edits, %d quoted", tally.Fields, tally.Edits, tally.Quoted)
		})
	}
}
