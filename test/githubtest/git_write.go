package githubtest

import (
	"context"
	"crypto/sha1" //nolint:gosec // git's ids are made of it
	"encoding/hex"
	"errors"
	"fmt"
	"hash/adler32"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// errUnsound is of an object that git would not take.
var errUnsound = errors.New("not a sound object")

// write stores an object under its id, as git does.
func (g *gitRepo) write(_ context.Context, kind string, data []byte) (string, error) {
	header := fmt.Appendf(nil, "%s %d\x00", kind, len(data))
	sum := sha1.Sum(slices.Concat(header, data)) //nolint:gosec // see above
	id := hex.EncodeToString(sum[:])
	dir := filepath.Join(g.dir, "objects", id[:2])
	file := filepath.Join(dir, id[2:])
	if _, err := os.Stat(file); err == nil { //nolint:gosec // its name is a hash
		return id, nil
	}
	if err := os.MkdirAll(dir, 0o750); err != nil { //nolint:gosec // as above
		return "", fmt.Errorf("writing a %s: %w", kind, err)
	}
	return id, place(file, deflated(slices.Concat(header, data)))
}

// mostStored is how many bytes one block of deflate holds as they are.
const mostStored = 1<<16 - 1

// deflated is data in the form that git reads, but not compressed: to begin to
// compress costs more than all that is saved.
func deflated(data []byte) []byte {
	out := []byte{0x78, 0x01} // what zlib begins with
	for rest := data; ; {
		n := min(len(rest), mostStored)
		last := byte(0)
		if n == len(rest) {
			last = 1
		}
		low, high := byte(n&0xff), byte(n>>8)
		out = append(append(out, last, low, high, ^low, ^high), rest[:n]...)
		if rest = rest[n:]; last == 1 {
			sum := adler32.Checksum(data)
			return append(out, byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum)) //nolint:gosec // byte by byte
		}
	}
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
		err = os.Rename(f.Name(), file) //nolint:gosec // as above
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
