package run

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/scanner"
)

// mostListed is how many bytes a remembered list may have, unpacked.
const mostListed = 256 << 20

// tree is the files of a branch's newest commit. The list is remembered, so
// that a repository that did not change is not read.
func (r *Runner) tree(ctx context.Context, l Look, branch, commit string) (*tree, error) {
	if packed, found := r.Memory.Tree(ctx, l.Repository.ID, branch, commit); found {
		if entries, err := unpack(packed); err == nil {
			return newTree(ctx, entries, l.GitHub.Blob), nil
		}
	}
	entries, err := l.GitHub.Tree(ctx, commit)
	if err != nil {
		return nil, fmt.Errorf("listing the files of %s: %w", commit, err)
	}
	if packed, err := pack(entries); err == nil {
		r.Memory.KeepTree(ctx, l.Repository.ID, branch, commit, packed)
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

// findings is what files say, remembered by the id of their bytes. It is a
// scanner.Memory.
type findings struct {
	ctx    context.Context //nolint:containedctx // scanner.Memory has none, and this one lives as long as its look
	memory Memory
	files  *tree
}

// Recall is part of scanner.Memory.
func (f *findings) Recall(file string, about scanner.Question) ([]byte, bool) {
	return f.memory.Fact(f.ctx, f.name(file, about))
}

// Keep is part of scanner.Memory.
func (f *findings) Keep(file string, about scanner.Question, stored []byte) {
	f.memory.KeepFact(f.ctx, f.name(file, about), stored)
}

// name tells apart what an answer depends on. The path is hashed, since it may be
// long.
func (f *findings) name(file string, about scanner.Question) string {
	sum := sha256.Sum256([]byte(file))
	return fmt.Sprintf("finding %s %s %s %s", scanner.FinderVersion, about, f.files.id(file), hex.EncodeToString(sum[:16]))
}
