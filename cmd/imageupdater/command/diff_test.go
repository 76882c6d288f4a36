package command

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDiff(t *testing.T) {
	t.Parallel()
	before := "1\n2\n3\n4\nold a\nold b\n7\n8\n9\n10\n11\nold c\n13\n14\n15\n16\n17\n18\n19\nold d"
	after := strings.ReplaceAll(before, "old", "new")
	want := `--- a/x.yaml
+++ b/x.yaml
@@ -2,14 +2,14 @@
 2
 3
 4
-old a
-old b
+new a
+new b
 7
 8
 9
 10
 11
-old c
+new c
 13
 14
 15
@@ -17,4 +17,4 @@
 17
 18
 19
-old d
\ No newline at end of file
+new d
\ No newline at end of file
`
	var b strings.Builder
	writeDiff(&b, []change{{file: "x.yaml", old: []byte(before), new: []byte(after)}, {file: "bad.yaml", err: errChanged}}, display{})
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// diffCases are files before and after, by name.
func diffCases() map[string][2]string {
	long := strings.Repeat("same: line\n", 20)
	return map[string][2]string{
		"first.yaml":           {"tag: 1\n" + long, "tag: 2\n" + long},
		"last.yaml":            {long + "tag: 1\n", long + "tag: 2\n"},
		"no-newline.yaml":      {long + "tag: 1", long + "tag: 2"},
		"no-newline-near.yaml": {"tag: 1\na: b", "tag: 2\na: b"},
		"one-line":             {"1", "2"},
		"crlf.yaml":            {"a: b\r\ntag: 1\r\nc: d\r\n", "a: b\r\ntag: 2\r\nc: d\r\n"},
		"crlf-end.yaml":        {"a: b\r\ntag: 1", "a: b\r\ntag: 22"},
		"cr.yaml":              {"a: b\rtag: 1\r", "a: b\rtag: 2\r"},
		"bom.yaml":             {"\ufefftag: 1\n", "\ufefftag: 2\n"},
		"trailing.yaml":        {"tag: 1  \n\n \n\t\n", "tag: 2  \n\n \n\t\n"},
		"far.yaml":             {"tag: 1\n" + long + "tag: 1\n" + long, "tag: 2\n" + long + "tag: 2\n" + long},
		"near.yaml":            {"tag: 1\n1\n2\n3\n4\n5\n6\ntag: 1\n", "tag: 2\n1\n2\n3\n4\n5\n6\ntag: 2\n"},
		"gap.yaml":             {"tag: 1\n1\n2\n3\n4\n5\n6\n7\ntag: 1\n", "tag: 2\n1\n2\n3\n4\n5\n6\n7\ntag: 2\n"},
		"dashes.yaml":          {"--- a\n++ b\n-- 1\n@@ x\n", "--- a\n++ b\n-- 2\n@@ x\n"},
		"not-utf8.yaml":        {"\xff: 1\n", "\xff: 2\n"},
		"a b/with space.yaml":  {"tag: 1\n", "tag: 2\n"},
		"q\"uo\\te/ü.yaml":     {"tag: 1\n", "tag: 2\n"},
		"tab\tx.yaml":          {"tag: 1\n", "tag: 2\n"},
		"ünï.yaml":             {"tag: 1\n", "tag: 2\n"},
	}
}

func TestDiffIsAcceptedByGitAndPatch(t *testing.T) {
	t.Parallel()
	tools := map[string][]string{
		"git":   {"apply", "--verbose", "--whitespace=nowarn"},
		"patch": {"-p1", "--binary", "--no-backup-if-mismatch", "--fuzz=0"},
	}
	for tool, args := range tools {
		t.Run(tool, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(tool); err != nil {
				t.Skipf("%s is not installed", tool)
			}
			var patch strings.Builder
			before := make(map[string]string)
			for name, c := range diffCases() {
				before["below/"+name] = c[0]
				writeDiff(&patch, []change{{file: name, old: []byte(c[0]), new: []byte(c[1])}}, display{})
			}
			top := tree(t, before)
			git := exec.Command("git", "init", "--quiet", top)
			if out, err := git.CombinedOutput(); err != nil {
				t.Skipf("git init: %v\n%s", err, out)
			}
			cmd := exec.CommandContext(t.Context(), tool, args...)
			// The scanned directory may lie within a repository.
			cmd.Dir = filepath.Join(top, "below")
			cmd.Stdin = strings.NewReader(patch.String())
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s\n%q", err, out, patch.String())
			}
			for name, c := range diffCases() {
				got, err := os.ReadFile(filepath.Join(cmd.Dir, name))
				if err != nil || string(got) != c[1] {
					t.Errorf("%s: got %q (%v), want %q", name, got, err, c[1])
				}
			}
		})
	}
}

// TestDiffOfOtherLines is for an edit that breaks its promise to keep lines.
func TestDiffOfOtherLines(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	writeDiff(&b, []change{{file: "x", old: []byte("1\n2\n"), new: []byte("3\n")}, {file: "y", old: nil, new: []byte("1\n")}}, display{})
	want := "--- a/x\n+++ b/x\n@@ -1,2 +1,1 @@\n-1\n-2\n+3\n--- a/y\n+++ b/y\n@@ -0,0 +1,1 @@\n+1\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestDiffName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"a/plain.yaml":     "a/plain.yaml",
		"a/ü.yaml":         "a/ü.yaml",
		"a/two words.yaml": "a/two words.yaml\t",
		"a/ü\"\n.yaml":     `"a/\303\274\"\012.yaml"`,
	} {
		if got := diffName(name); got != want {
			t.Errorf("%q: got %s, want %s", name, got, want)
		}
	}
}
