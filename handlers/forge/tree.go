package forge

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/go-github/v60/github"
)

// Bounds of a tree that is read folder by folder.
const (
	maxEntries  = 400_000
	maxRequests = 500
)

// Entry is a line of a tree: a file, a folder, a symbolic link or a submodule.
type Entry struct {
	Path string // from the top of the tree
	Mode string // git's: "100644", "100755", "040000", "120000" a link, "160000" a submodule
	Type string // "blob", "tree" or "commit"
	SHA  string
	Size int64 // of a blob, in bytes
}

// Tree reads all entries of a tree, or of a commit's, in git's order: folders
// stand before what is in them. It takes one request, unless GitHub cuts the
// answer; then folders are read one by one. More than 400,000 entries or 500
// requests are a *TooLargeError.
func (r *Repo) Tree(ctx context.Context, sha string) ([]Entry, error) {
	if err := errors.Join(r.wrong, object(sha)); err != nil {
		return nil, err
	}
	w := &walk{repo: r}
	if err := w.into(ctx, sha, ""); err != nil {
		return nil, fmt.Errorf("reading tree %s of %s: %w", sha, r.ref, err)
	}
	return w.found, nil
}

// walk gathers the entries of a tree.
type walk struct {
	repo     *Repo
	found    []Entry
	requests int
}

// into reads a folder with all below it: in one request, else what lies in it and
// then each of its folders.
func (w *walk) into(ctx context.Context, sha, under string) error {
	whole, cut, err := w.read(ctx, sha, true)
	if err != nil {
		return err
	}
	if !cut {
		return w.add(whole, under)
	}
	direct, cut, err := w.read(ctx, sha, false)
	switch {
	case err != nil:
		return err
	case cut:
		return &TooLargeError{"a folder", int64(len(direct))}
	}
	for _, e := range direct {
		if err := w.add([]Entry{e}, under); err != nil {
			return err
		}
		if e.Type != "tree" {
			continue
		}
		if err := w.into(ctx, e.SHA, under+e.Path+"/"); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) add(entries []Entry, under string) error {
	if len(w.found)+len(entries) > maxEntries {
		return &TooLargeError{"entries of a tree", maxEntries}
	}
	for _, e := range entries {
		e.Path = under + e.Path
		w.found = append(w.found, e)
	}
	return nil
}

func (w *walk) read(ctx context.Context, sha string, recursive bool) (entries []Entry, cut bool, err error) {
	if w.requests++; w.requests > maxRequests {
		return nil, false, &TooLargeError{"requests for a tree", maxRequests}
	}
	ref := w.repo.ref
	got, _, err := w.repo.client.api().Git.GetTree(with(ctx, manner{slow: true}), ref.Owner, ref.Name, sha, recursive)
	if err = plain(err); err == nil && object(got.GetSHA()) != nil {
		err = &UnavailableError{"a tree", 0, errIncomplete}
	}
	if err != nil {
		return nil, false, err
	}
	return entriesOf(got), got.GetTruncated(), nil
}

func entriesOf(t *github.Tree) []Entry {
	entries := make([]Entry, 0, len(t.Entries))
	for _, e := range t.Entries {
		entries = append(entries, Entry{e.GetPath(), e.GetMode(), e.GetType(), e.GetSHA(), int64(e.GetSize())})
	}
	return entries
}
