package command

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// openTree opens a directory of a test as scan does.
func openTree(t *testing.T, dir string) *os.Root {
	t.Helper()
	root, err := openDirectory(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	return root
}

// snapshot is every entry below a directory: contents of files, targets of
// links.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries := make(map[string]string)
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var content string
		switch {
		case entry.Type() == fs.ModeSymlink:
			content, err = os.Readlink(name)
			content = "-> " + content
		case entry.Type().IsRegular():
			var src []byte
			src, err = os.ReadFile(name)
			content = string(src)
		default:
			return nil
		}
		rel, _ := filepath.Rel(dir, name)
		entries[filepath.ToSlash(rel)] = content
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func TestReplaceFile(t *testing.T) {
	t.Parallel()
	const crlf = "\ufeffimage: nginx:1.25  # x\r\n"
	for _, mode := range []fs.FileMode{0o600, 0o640, 0o664, 0o755} {
		dir := tree(t, map[string]string{"a/b/c.yaml": crlf, "a/other.yaml": "x"})
		file := filepath.Join(dir, "a/b/c.yaml")
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		after := "\ufeffimage: nginx:1.27  # x\r\n"
		if err := replaceFile(openTree(t, dir), "a/b/c.yaml", []byte(crlf), []byte(after)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]string{"a/b/c.yaml": after, "a/other.yaml": "x"}, snapshot(t, dir)); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS != "windows" && info.Mode() != mode {
			t.Errorf("mode %v, want %v", info.Mode(), mode)
		}
	}
}

func TestReplaceFileAtTheTop(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"x.yaml": "1"})
	if err := replaceFile(openTree(t, dir), "x.yaml", []byte("1"), []byte("2")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"x.yaml": "2"}, snapshot(t, dir)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// TestRefusals replaces files that must not be replaced, and looks that not a
// byte of the tree or beside it changed.
func TestRefusals(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		prepare func(dir string) error
		file    string
		want    error
	}{
		"the file changed": {
			prepare: func(dir string) error { return os.WriteFile(filepath.Join(dir, "top/a.yaml"), []byte("other"), 0o600) },
			file:    "a.yaml", want: errChanged,
		},
		"the file is gone": {
			prepare: func(dir string) error { return os.Remove(filepath.Join(dir, "top/a.yaml")) },
			file:    "a.yaml", want: fs.ErrNotExist,
		},
		"a read-only file": {
			prepare: func(dir string) error { return os.Chmod(filepath.Join(dir, "top/a.yaml"), 0o444) },
			file:    "a.yaml", want: errReadOnly,
		},
		"a folder": {
			prepare: func(dir string) error { return os.Mkdir(filepath.Join(dir, "top/dir.yaml"), 0o700) },
			file:    "dir.yaml", want: errNoFile,
		},
		"a link to a file inside": {
			prepare: func(dir string) error { return os.Symlink("a.yaml", filepath.Join(dir, "top/link.yaml")) },
			file:    "link.yaml", want: errSymlink,
		},
		"a link to a file outside": {
			prepare: func(dir string) error { return os.Symlink("../outside/a.yaml", filepath.Join(dir, "top/link.yaml")) },
			file:    "link.yaml", want: errSymlink,
		},
		"a link to a folder inside": {
			prepare: func(dir string) error { return os.Symlink("sub", filepath.Join(dir, "top/link")) },
			file:    "link/a.yaml", want: errSymlink,
		},
		"a link to a folder outside": {
			prepare: func(dir string) error { return os.Symlink("../outside", filepath.Join(dir, "top/link")) },
			file:    "link/a.yaml", want: errSymlink,
		},
		"a path that leaves": {
			prepare: func(string) error { return nil },
			file:    "../outside/a.yaml", want: nil,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := tree(t, map[string]string{"top/a.yaml": "old", "top/sub/a.yaml": "old", "outside/a.yaml": "old"})
			if err := test.prepare(dir); err != nil {
				t.Fatal(err)
			}
			before := snapshot(t, dir)
			root := openTree(t, filepath.Join(dir, "top"))
			err := replaceFile(root, test.file, []byte("old"), []byte("new"))
			if err == nil || (test.want != nil && !errors.Is(err, test.want)) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if diff := cmp.Diff(before, snapshot(t, dir)); diff != "" {
				t.Errorf("something changed: -before +after\n%s", diff)
			}
		})
	}
}

func TestReadOnlyFolder(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("the super-user and Windows may write into a read-only folder")
	}
	dir := tree(t, map[string]string{"sub/a.yaml": "old", "b.yaml": "old"})
	sub := filepath.Join(dir, "sub")
	if err := os.Chmod(sub, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(sub, 0o755) })
	changes := []change{
		{file: "sub/a.yaml", old: []byte("old"), new: []byte("new")},
		{file: "b.yaml", old: []byte("old"), new: []byte("new")},
	}
	if err := writeFiles(t.Context(), openTree(t, dir), changes); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(changes[0].err, fs.ErrPermission) || changes[0].written {
		t.Errorf("in a read-only folder: %v", changes[0].err)
	}
	if changes[1].err != nil || !changes[1].written {
		t.Errorf("one failure stopped the other file: %v", changes[1].err)
	}
	if diff := cmp.Diff(map[string]string{"sub/a.yaml": "old", "b.yaml": "new"}, snapshot(t, dir)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestWriteFilesGoesOn(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"a.yaml": "changed", "b.yaml": "old", "c.yaml": "old"})
	changes := []change{
		{file: "a.yaml", old: []byte("old"), new: []byte("new")},
		{file: "b.yaml", old: []byte("old"), err: errNoEdit},
		{file: "c.yaml", old: []byte("old"), new: []byte("new")},
	}
	if err := writeFiles(t.Context(), openTree(t, dir), changes); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(changes[0].err, errChanged) || changes[1].written || !changes[2].written {
		t.Errorf("got %+v", changes)
	}
	if diff := cmp.Diff(map[string]string{"a.yaml": "changed", "b.yaml": "old", "c.yaml": "new"}, snapshot(t, dir)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestWriteFilesStops(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := tree(t, map[string]string{"a.yaml": "old"})
	changes := []change{{file: "a.yaml", old: []byte("old"), new: []byte("new")}}
	if err := writeFiles(ctx, openTree(t, dir), changes); !errors.Is(err, context.Canceled) || changes[0].written {
		t.Errorf("got %v, %+v", err, changes[0])
	}
}

func TestChoicesByFile(t *testing.T) {
	t.Parallel()
	got := make(map[string]int)
	for file, choices := range choicesByFile(sample(false).rows) {
		got[file] = len(choices)
	}
	if diff := cmp.Diff(map[string]int{"apps/api.yaml": 1}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	got = make(map[string]int)
	for file, choices := range choicesByFile(sample(true).rows) {
		got[file] = len(choices)
	}
	if diff := cmp.Diff(map[string]int{"apps/api.yaml": 1, "values.yaml": 1}, got); diff != "" {
		t.Errorf("with majors -want +got\n%s", diff)
	}
}
