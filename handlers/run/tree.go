package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/imageupdater/imageupdater/handlers/forge"
)

// The modes of git's tree entries.
const (
	modeLink       = "120000"
	modeSubmodule  = "160000"
	modeFile       = "100644"
	modeExecutable = "100755"
)

// tree is the files of a commit as a file system that fetches what is opened. It
// holds what it fetched for the time of one look.
type tree struct {
	ctx     context.Context //nolint:containedctx // fs.FS has none, and this one lives as long as its look
	fetch   func(ctx context.Context, sha string, most int64) ([]byte, error)
	folders map[string][]fs.DirEntry // sorted
	files   map[string]*blob

	mu      sync.Mutex
	fetched map[string]func() ([]byte, error) // by id, each once for all who open it
	failed  error                             // the first failure that was none of a file's own
}

// blob is a file, or something in its place.
type blob struct {
	name string
	id   string
	mode fs.FileMode
	size int64
	// executable files are that in git, whatever mode says.
	executable bool
}

// mostBytes is how much of a file is fetched: the scanner reads no more.
const mostBytes = 16 << 20

var errNoFile = errors.New("it is no file")

func newTree(ctx context.Context, entries []forge.Entry, fetch func(context.Context, string, int64) ([]byte, error)) *tree {
	t := &tree{
		ctx: ctx, fetch: fetch, folders: map[string][]fs.DirEntry{".": nil}, files: map[string]*blob{}, fetched: map[string]func() ([]byte, error){},
	}
	for _, e := range entries {
		if e.Type == "tree" || e.Mode == modeSubmodule || !fs.ValidPath(e.Path) {
			continue // a folder is where its files are
		}
		b := &blob{name: path.Base(e.Path), id: e.SHA, size: e.Size}
		b.executable = e.Mode == modeExecutable
		if e.Mode == modeLink {
			b.mode = fs.ModeSymlink
		}
		t.files[e.Path] = b
		t.put(path.Dir(e.Path), b)
	}
	for _, f := range t.folders {
		slices.SortFunc(f, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	}
	return t
}

// put adds a file to its folder, and the folder to its own.
func (t *tree) put(folder string, b *blob) {
	_, known := t.folders[folder]
	t.folders[folder] = append(t.folders[folder], entry{b})
	if !known {
		t.put(path.Dir(folder), &blob{name: path.Base(folder), mode: fs.ModeDir})
	}
}

// id is the blob of a path, "" where there is no file.
func (t *tree) id(name string) string {
	if b := t.files[name]; b != nil && b.mode.IsRegular() {
		return b.id
	}
	return ""
}

// inPlaceOf says what is there instead of a file; "" where nothing is.
func (t *tree) inPlaceOf(name string) string {
	b := t.files[name]
	_, folder := t.folders[name]
	switch {
	case b != nil && !b.mode.IsRegular():
		return name + " is a symbolic link, and none is followed"
	case folder:
		return name + " is a folder"
	}
	return ""
}

// Open is part of fs.FS.
func (t *tree) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if b := t.files[name]; b != nil {
		return &opened{tree: t, blob: b, path: name}, nil
	}
	if _, is := t.folders[name]; is {
		return &opened{tree: t, blob: &blob{name: path.Base(name), mode: fs.ModeDir}, path: name}, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// ReadDir is part of fs.ReadDirFS.
func (t *tree) ReadDir(name string) ([]fs.DirEntry, error) {
	if entries, is := t.folders[name]; is {
		return slices.Clone(entries), nil
	}
	return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
}

// read fetches a file, once however often it is read.
func (t *tree) read(name string, b *blob) ([]byte, error) {
	if !b.mode.IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errNoFile}
	}
	t.mu.Lock()
	content := t.fetched[b.id]
	if content == nil {
		content = sync.OnceValues(func() ([]byte, error) {
			text, err := t.fetch(t.ctx, b.id, mostBytes)
			if err != nil {
				t.mu.Lock()
				defer t.mu.Unlock()
				t.failed = errors.Join(t.failed, fmt.Errorf("reading %s: %w", name, err))
			}
			return text, err
		})
		t.fetched[b.id] = content
	}
	t.mu.Unlock()
	return content()
}

// seen gives the bytes of a blob that was read; nil of another one.
func (t *tree) seen(id string) []byte {
	t.mu.Lock()
	content := t.fetched[id]
	t.mu.Unlock()
	if content == nil {
		return nil
	}
	text, err := content()
	if err != nil {
		return nil
	}
	return text
}

// seed gives the bytes of a blob that were fetched already.
func (t *tree) seed(id string, text []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fetched[id] = func() ([]byte, error) { return text, nil }
}

// trouble is why files could not be fetched; nil when all could. What the scanner
// made of them says nothing then.
func (t *tree) trouble() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.failed
}

// opened is an open file, fetched at the first byte.
type opened struct {
	tree *tree
	blob *blob
	path string
	rest *bytes.Reader
}

func (o *opened) Stat() (fs.FileInfo, error) { return o.blob, nil }
func (o *opened) Close() error               { return nil }

func (o *opened) Read(p []byte) (int, error) {
	if o.rest == nil {
		text, err := o.tree.read(o.path, o.blob)
		if err != nil {
			return 0, err
		}
		o.rest = bytes.NewReader(text)
	}
	return o.rest.Read(p)
}

// ReadDir is part of fs.ReadDirFile.
func (o *opened) ReadDir(n int) ([]fs.DirEntry, error) {
	entries, err := o.tree.ReadDir(o.path)
	if err != nil || n <= 0 {
		return entries, err
	}
	if len(entries) == 0 {
		return nil, io.EOF
	}
	return entries[:min(n, len(entries))], nil
}

// A blob is its own fs.FileInfo.

func (b *blob) Name() string       { return b.name }
func (b *blob) Size() int64        { return b.size }
func (b *blob) Mode() fs.FileMode  { return b.mode }
func (b *blob) ModTime() time.Time { return time.Time{} }
func (b *blob) IsDir() bool        { return b.mode.IsDir() }
func (b *blob) Sys() any           { return nil }

// entry is a blob in its folder.
type entry struct{ *blob }

func (e entry) Type() fs.FileMode          { return e.mode.Type() }
func (e entry) Info() (fs.FileInfo, error) { return e.blob, nil }
