package forge

import (
	"context"
	"fmt"
	"net/url"

	"github.com/google/go-github/v60/github"
)

// PullFile is a file that a pull request touches.
type PullFile struct {
	Path string
	// Was is the path that it had before it was renamed; "" where it was not.
	Was string
	// Removed files are not there at the head. SHA is the blob that they were; else
	// the one at the head, also where that is in a fork.
	Removed bool
	SHA     string
}

// FilesOfPull reads the files that a pull request touches, of which GitHub tells
// 3,000.
func (r *Repo) FilesOfPull(ctx context.Context, number int) ([]PullFile, error) {
	got, err := list[*github.CommitFile](ctx, r, pullPath(number)+"/files", url.Values{})
	if err != nil {
		return nil, fmt.Errorf("reading the files of pull request %d of %s: %w", number, r.ref, err)
	}
	files := make([]PullFile, 0, len(got))
	for _, f := range got {
		files = append(files, PullFile{
			Path: f.GetFilename(), Was: f.GetPreviousFilename(), Removed: f.GetStatus() == "removed", SHA: f.GetSHA(),
		})
	}
	return files, nil
}
