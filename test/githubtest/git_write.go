package githubtest

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/sha1" //nolint:gosec // git's ids are made of it
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// errUnsound is of an object that git would not take.
var errUnsound = errors.New("not a sound object")

// write stores an object, as git does: compressed, under its id.
func (g *gitRepo) write(_ context.Context, kind string, data []byte) (string, error) {
	header := fmt.Appendf(nil, "%s %d\x00", kind, len(data))
	sum := sha1.Sum(slices.Concat(header, data)) //nolint:gosec // see above
	id := hex.EncodeToString(sum[:])
	dir := filepath.Join(g.dir, "objects", id[:2])
	file := filepath.Join(dir, id[2:])
	if _, err := os.Stat(file); err == nil {
		return id, nil
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return "", fmt.Errorf("writing a %s: %w", kind, err)
	}
	var packed bytes.Buffer
	w, err := zlib.NewWriterLevel(&packed, zlib.BestSpeed)
	if err != nil {
		return "", fmt.Errorf("writing a %s: %w", kind, err)
	}
	_, _ = w.Write(header) // a buffer takes it
	_, _ = w.Write(data)
	if err := w.Close(); err != nil {
		return "", fmt.Errorf("writing a %s: %w", kind, err)
	}
	return id, place(file, packed.Bytes())
}

// place makes a file that is never seen half written.
func place(file string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(file), "new")
	if err != nil {
		return fmt.Errorf("writing an object: %w", err)
	}
	_, err = f.Write(data)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return fmt.Errorf("writing an object: %w", err)
	}
	return nil
}

// mktree writes a tree. Git orders a directory as if its name ended in a slash.
func (g *gitRepo) mktree(ctx context.Context, have map[string]entry) (string, error) {
	all := make([]entry, 0, len(have))
	for _, e := range have {
		if e.name == "" || e.name == "." || e.name == ".." || strings.EqualFold(e.name, ".git") || strings.ContainsAny(e.name, "/\x00") {
			return "", fmt.Errorf("a tree with the name %q: %w", e.name, errUnsound)
		}
		all = append(all, e)
	}
	order := func(e entry) string {
		if e.kind() == "tree" {
			return e.name + "/"
		}
		return e.name
	}
	slices.SortFunc(all, func(a, b entry) int { return strings.Compare(order(a), order(b)) })
	var data []byte
	for _, e := range all {
		id, err := hex.DecodeString(e.id)
		if err != nil || len(id) != 20 {
			return "", fmt.Errorf("a tree with the id %q: %w", e.id, errUnsound)
		}
		data = fmt.Appendf(data, "%s %s\x00", strings.TrimLeft(e.mode, "0"), e.name)
		data = append(data, id...)
	}
	return g.write(ctx, "tree", data)
}

// sound says whether the object of an entry is there, and what its mode says.
func (g *gitRepo) sound(e entry) error {
	if e.kind() == "commit" {
		return nil // of another repository
	}
	o, err := g.read(e.id)
	if err != nil {
		return err
	}
	if o.kind != e.kind() {
		return fmt.Errorf("%s is a %s, not a %s: %w", e.name, o.kind, e.kind(), errUnsound)
	}
	return nil
}
