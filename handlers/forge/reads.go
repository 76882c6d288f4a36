package forge

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/google/go-github/v60/github"
)

// Head reads the commit at the top of a branch. unchanged says that it is the one
// that was read the last time, for nothing. A branch that is not there is
// ErrNotFound, a repository without commits ErrEmpty.
func (r *Repo) Head(ctx context.Context, branch string) (sha string, unchanged bool, err error) {
	escaped, err := segments(branch)
	if err != nil {
		return "", false, err
	}
	sha, unchanged, err = look(ctx, r, "head "+branch, r.path+"/git/ref/heads/"+escaped, func(got *github.Reference) (string, error) {
		if err := object(got.GetObject().GetSHA()); err != nil {
			return "", &UnavailableError{"the head of a branch", 0, err}
		}
		return got.GetObject().GetSHA(), nil
	})
	if err != nil {
		return "", false, fmt.Errorf("reading the head of %s of %s: %w", branch, r.ref, err)
	}
	return sha, unchanged, nil
}

// Issue is an issue, or a pull request seen as one.
type Issue struct {
	Number   int
	NodeID   string
	Title    string
	Body     string
	Open     bool
	Locked   bool
	Pull     bool
	Author   Account
	ClosedBy Account // zero while it is open
	Labels   []string
	Comments int
	Created  time.Time
	Updated  time.Time
}

// Issue reads one. One that was deleted, moved to another repository, or whose
// repository has no issues, is ErrNotFound.
func (r *Repo) Issue(ctx context.Context, number int) (issue Issue, unchanged bool, err error) {
	issue, unchanged, err = look(ctx, r, fmt.Sprintf("issue %d", number), fmt.Sprintf("%s/issues/%d", r.path, number),
		func(got *github.Issue) (Issue, error) {
			if got.GetNumber() != number {
				return Issue{}, ErrNotFound
			}
			return issueOf(got), nil
		})
	if _, moved := errors.AsType[*MovedError](err); moved && r.prove(ctx) == nil {
		err = ErrNotFound // the issue moved, and not the repository
	}
	if err != nil {
		return Issue{}, false, fmt.Errorf("reading issue %d of %s: %w", number, r.ref, err)
	}
	return issue, unchanged, nil
}

func issueOf(i *github.Issue) Issue {
	return Issue{
		Number: i.GetNumber(), NodeID: i.GetNodeID(), Title: i.GetTitle(), Body: i.GetBody(), Open: i.GetState() == "open",
		Locked: i.GetLocked(), Pull: i.IsPullRequest(), Author: accountOf(i.User), ClosedBy: accountOf(i.ClosedBy), Labels: labelsOf(i.Labels),
		Comments: i.GetComments(), Created: i.GetCreatedAt().Time, Updated: i.GetUpdatedAt().Time,
	}
}

func labelsOf(labels []*github.Label) []string {
	names := make([]string, 0, len(labels))
	for _, l := range labels {
		names = append(names, l.GetName())
	}
	return names
}

// Blob reads a file's bytes by their name. More than most is a *TooLargeError.
func (r *Repo) Blob(ctx context.Context, sha string, most int64) ([]byte, error) {
	if err := errors.Join(r.wrong, object(sha)); err != nil {
		return nil, err
	}
	data, _, err := r.client.api().Git.GetBlobRaw(with(ctx, manner{max: most}), r.ref.Owner, r.ref.Name, sha)
	if err = plain(err); err == nil {
		err = sameBlob(sha, data)
	}
	if err != nil {
		return nil, fmt.Errorf("reading blob %s of %s: %w", sha, r.ref, err)
	}
	return data, nil
}

// maxFile is what GitHub puts into the answer for a path.
const maxFile = 1 << 20

// File is a file as it stands at a commit.
type File struct {
	SHA  string // the blob's
	Data []byte
}

// File reads a file of at most 1 MiB by its path, at a branch, tag or commit; ""
// is the default branch. What is there but no file is ErrNotFile.
func (r *Repo) File(ctx context.Context, path, ref string) (file File, unchanged bool, err error) {
	escaped, err := segments(path)
	if err != nil {
		return File{}, false, err
	}
	endpoint := r.path + "/contents/" + escaped
	if ref != "" {
		endpoint += "?ref=" + url.QueryEscape(ref)
	}
	file, unchanged, err = look(ctx, r, "file "+ref+":"+path, endpoint, fileOf)
	if err != nil {
		return File{}, false, fmt.Errorf("reading %s of %s: %w", path, r.ref, err)
	}
	return file, unchanged, nil
}
