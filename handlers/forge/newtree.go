package forge

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"unicode/utf8"
)

// Modes of files in git.
const (
	ModeFile       = "100644"
	ModeExecutable = "100755"
)

// Content is what a file is to hold.
type Content struct {
	Path string
	Mode string // ModeFile when ""
	Data []byte
}

// A tree larger than this may be too large for one request, by what others have
// met: smaller ones are not divided, whatever GitHub answers.
const (
	largeTree  = 256 << 10 // bytes
	largeFiles = 50
)

// newEntry is one of a tree that is made.
type newEntry struct {
	Path    string  `json:"path"`
	Mode    string  `json:"mode"`
	Type    string  `json:"type"`
	SHA     *string `json:"sha,omitempty"`
	Content *string `json:"content,omitempty"`
}

// CreateTree lays files over a tree, in one request where they are text. To make
// it once more after an *UnavailableError does no harm: the same tree has the same
// name.
func (r *Repo) CreateTree(ctx context.Context, base string, files []Content) (sha string, err error) {
	if err := object(base); err != nil {
		return "", err
	}
	if len(files) == 0 {
		return base, nil
	}
	entries := make([]newEntry, 0, len(files))
	for _, f := range files {
		e, err := r.newEntry(ctx, f)
		if err != nil {
			return "", fmt.Errorf("making a tree in %s: %s: %w", r.ref, f.Path, err)
		}
		entries = append(entries, e)
	}
	if sha, err = r.lay(ctx, base, entries); err != nil {
		return "", fmt.Errorf("making a tree in %s: %w", r.ref, err)
	}
	return sha, nil
}

// newEntry holds text itself; other bytes are made a blob first.
func (r *Repo) newEntry(ctx context.Context, f Content) (newEntry, error) {
	if f.Mode == "" {
		f.Mode = ModeFile
	}
	if _, err := segments(f.Path); err != nil {
		return newEntry{}, err
	}
	if f.Mode != ModeFile && f.Mode != ModeExecutable {
		return newEntry{}, fmt.Errorf("%w: the mode %q", ErrInvalid, f.Mode)
	}
	e := newEntry{Path: f.Path, Mode: f.Mode, Type: "blob"}
	if utf8.Valid(f.Data) && bytes.IndexByte(f.Data, 0) < 0 {
		text := string(f.Data)
		e.Content = &text
		return e, nil
	}
	blob := map[string]string{"content": base64.StdEncoding.EncodeToString(f.Data), "encoding": "base64"}
	sha, err := r.create(ctx, "/git/blobs", blob)
	if err == nil {
		err = sameBlob(sha, f.Data)
	}
	e.SHA = &sha
	return e, err
}

// lay makes the tree; one that is too large for GitHub in two steps.
func (r *Repo) lay(ctx context.Context, base string, entries []newEntry) (sha string, err error) {
	body := struct {
		Base string     `json:"base_tree"`
		Tree []newEntry `json:"tree"`
	}{base, entries}
	sha, err = r.create(ctx, "/git/trees", body)
	if !tooLarge(err, entries) {
		return sha, err
	}
	half := len(entries) / 2
	if base, err = r.lay(ctx, base, entries[:half]); err != nil {
		return "", err
	}
	return r.lay(ctx, base, entries[half:])
}

// tooLarge says whether GitHub may have given up because there was so much.
func tooLarge(err error, entries []newEntry) bool {
	unavailable, is := errors.AsType[*UnavailableError](err)
	if !is || len(entries) < 2 {
		return false
	}
	size := 0
	for _, e := range entries {
		if e.Content != nil {
			size += len(*e.Content)
		}
	}
	gaveUp := unavailable.Status == http.StatusUnprocessableEntity || unavailable.Status == http.StatusBadGateway
	return gaveUp && (size > largeTree || len(entries) > largeFiles)
}
