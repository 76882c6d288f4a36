package run

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/imageupdater/imageupdater/handlers/forge"
)

// mostListed is how many bytes a remembered list may have, unpacked.
const mostListed = 256 << 20

// tree is the files of a commit. The list of the newest one is remembered, so
// that a repository that did not change is not read.
func (r *Runner) tree(ctx context.Context, l Look, commit string) (*tree, error) {
	if packed, found := r.Memory.Tree(ctx, l.Repository.ID, commit); found {
		if entries, err := unpack(packed); err == nil {
			return newTree(ctx, entries, l.GitHub.Blob), nil
		}
	}
	entries, err := l.GitHub.Tree(ctx, commit)
	if err != nil {
		return nil, fmt.Errorf("listing the files of %s: %w", commit, err)
	}
	if packed, err := pack(entries); err == nil {
		r.Memory.KeepTree(ctx, l.Repository.ID, commit, packed)
	}
	return newTree(ctx, entries, l.GitHub.Blob), nil
}

func pack(entries []forge.Entry) ([]byte, error) {
	var packed bytes.Buffer
	to := gzip.NewWriter(&packed)
	if err := json.NewEncoder(to).Encode(entries); err != nil {
		return nil, err
	}
	err := to.Close()
	return packed.Bytes(), err
}

func unpack(packed []byte) ([]forge.Entry, error) {
	from, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	var entries []forge.Entry
	err = json.NewDecoder(io.LimitReader(from, mostListed)).Decode(&entries)
	return entries, err
}
