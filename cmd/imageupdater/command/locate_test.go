package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/config"
)

func TestLocate(t *testing.T) {
	t.Parallel()
	const git, file, wrong = ".git/HEAD", config.FileName, misspelt
	for name, test := range map[string]struct {
		files    string // blank between them; each holds its own path
		dir      string
		want     string // what the file holds; "" for none
		prefix   string
		warnings []string
	}{
		"nothing":                     {"a/x", "a", "", "", nil},
		"no work tree":                {"a/" + file, "a", "a/" + file, "", nil},
		"no work tree, one above":     {file + " a/x", "a", "", "", nil},
		"top":                         {git + " " + file, ".", file, "", nil},
		"below the top":               {git + " " + file + " a/b/x", "a/b", file, "a/b", nil},
		"nothing at the top":          {git + " a/b/x", "a/b", "", "a/b", nil},
		"git as a file":               {".git " + file + " a/x", "a", file, "a", nil},
		"a folder between":            {git + " a/" + file + " a/b/x", "a/b", "", "a/b", nil},
		"a folder between and a top":  {git + " " + file + " a/" + file + " a/b/x", "a/b", file, "a/b", nil},
		"a work tree in another":      {git + " " + file + " sub/.git sub/a/x", "sub/a", "", "a", nil},
		"its own below an empty top":  {git + " a/b/" + file, "a/b", "a/b/" + file, "", []string{"note a/b/" + file + ": the App does not read this file, which is not at the top of the repository (move it to .)"}},
		"its own below a top":         {git + " " + file + " a/b/" + file, "a/b", file, "a/b", []string{"warning a/b/" + file + ": this file is not read: " + file + ` holds for the whole repository (write a rule there, with match: {path: "a/b/**"})`}},
		"another ending":              {git + " " + wrong, ".", "", "", []string{"warning " + wrong + ": a file of this name is not read (rename it to " + file + ")"}},
		"another ending, beside":      {git + " " + file + " " + wrong, ".", file, "", nil},
		"another ending, at both":     {git + " " + wrong + " a/" + wrong, "a", "", "a", []string{"warning " + wrong + ": a file of this name is not read (rename it to " + file + ")", "warning a/" + wrong + ": a file of this name is not read (rename it to " + file + ")"}},
		"another ending, above a top": {wrong + " a/.git a/" + file, "a", "a/" + file, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{}
			for one := range strings.FieldsSeq(test.files) {
				files[one] = "# " + one + "\n"
			}
			top := tree(t, files)
			got, err := locate(filepath.Join(top, test.dir))
			if err != nil {
				t.Fatal(err)
			}
			if content := strings.TrimSpace(strings.TrimPrefix(string(got.src), "# ")); content != test.want || got.prefix != test.prefix {
				t.Errorf("found %q, prefix %q", content, got.prefix)
			}
			if want := filepath.Join(top, test.want); test.want != "" && got.name != want {
				t.Errorf("name %q, want %q", got.name, want)
			}
			var warnings []string
			for _, w := range got.warnings {
				line := string(w.Severity) + " " + w.File + ": " + w.Message + " (" + w.Hint + ")"
				line = strings.ReplaceAll(line, filepath.ToSlash(top)+"/", "")
				warnings = append(warnings, strings.ReplaceAll(line, filepath.ToSlash(top), "."))
			}
			if diff := cmp.Diff(test.warnings, warnings); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// A link on the way to the directory is followed before anything above it is
// looked for.
func TestLocateThroughALink(t *testing.T) {
	t.Parallel()
	top := tree(t, map[string]string{"repo/.git": "", "repo/" + config.FileName: "", "repo/a/b/x": "", "own/" + config.FileName: "", config.FileName: "wrong: 1"})
	link(t, "repo/a/b", filepath.Join(top, "deep"))
	link(t, "own", filepath.Join(top, "near"))
	resolved, err := filepath.EvalSymlinks(top)
	if err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]source{
		"deep": {name: filepath.Join(resolved, "repo", config.FileName), prefix: "a/b", src: []byte{}},
		"near": {name: filepath.Join(top, "near", config.FileName), src: []byte{}},
	} {
		got, err := locate(filepath.Join(top, dir))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(source{})); diff != "" {
			t.Errorf("%s: -want +got\n%s", dir, diff)
		}
	}
}

// A relative directory gives a relative name.
func TestLocateFromWithin(t *testing.T) { //nolint:paralleltest // the working directory is the process's
	top := tree(t, map[string]string{".git/HEAD": "", config.FileName: "", "a/b/x": ""})
	t.Chdir(filepath.Join(top, "a"))
	for dir, want := range map[string]string{
		".": "../" + config.FileName, "b": "../" + config.FileName, "..": "../" + config.FileName, "b/../b": "../" + config.FileName,
	} {
		got, err := locate(dir)
		if err != nil {
			t.Fatal(err)
		}
		if got.shown() != want {
			t.Errorf("%s: %q, want %q", dir, got.shown(), want)
		}
	}
}

func TestLocateOddFiles(t *testing.T) {
	t.Parallel()
	linked := tree(t, map[string]string{"secret": "token: hunter2\n"})
	link(t, "secret", filepath.Join(linked, config.FileName))
	dangling := tree(t, nil)
	link(t, "nowhere", filepath.Join(dangling, config.FileName))
	for name, test := range map[string]struct{ dir, want string }{
		"a directory":     {tree(t, map[string]string{config.FileName + "/x": ""}), "is a directory: rename it"},
		"a link":          {linked, "is a symbolic link, which is not followed: put the file itself there"},
		"a dangling link": {dangling, "is a symbolic link"},
		"no directory":    {filepath.Join(dangling, "gone"), "looking for .imageupdater.yaml"},
		"below a file":    {filepath.Join(linked, "secret"), "reading the configuration: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := locate(test.dir); err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
}
