package changelog

import (
	"context"
	"errors"
	"time"
)

// Errors of a Source, to be told with errors.Is.
var (
	// ErrNotFound is for what is not there, or must not be seen: the two are one.
	ErrNotFound = errors.New("not found")
	// ErrLater is for what may be answered later: limits, faults of the forge, time that ran out.
	ErrLater = errors.New("not now")
	// ErrTooLarge is for what is larger than is read.
	ErrTooLarge = errors.New("too large")
)

// Source reads repositories of one forge. It asks without any private right,
// or as the installation whose pull request is written; it bounds what it reads, and
// remembers. Every error that it gives wraps ErrNotFound, ErrLater or ErrTooLarge.
type Source interface {
	// Access tells who may see a repository. ErrNotFound where whoever asks
	// cannot see it, too.
	Access(ctx context.Context, repo Repository) (Access, error)
	// Releases gives a page of the published releases, from 1 and from the newest,
	// and whether there is another.
	Releases(ctx context.Context, repo Repository, page int) (releases []Release, more bool, err error)
	// Tags gives the names of the tags of Git, in any order.
	Tags(ctx context.Context, repo Repository) ([]string, error)
	// Files gives the names of the files in a directory at a revision, "" for
	// the top. No subdirectories.
	Files(ctx context.Context, repo Repository, revision, directory string) ([]string, error)
	// File gives the content of a file at a revision.
	File(ctx context.Context, repo Repository, revision, path string) ([]byte, error)
	// Compare gives the commits that the second of two revisions has and the
	// first has not.
	Compare(ctx context.Context, repo Repository, from, to string) (Comparison, error)
}

// Visibility is who may see a repository, from all to few.
type Visibility int

// Visibilities as GitHub has them. The zero value is the most private.
const (
	Private Visibility = iota
	Internal
	Public
)

// Access is who may see a source.
type Access struct {
	Visibility Visibility
	// Installed tells that the source belongs to the installation that the
	// target belongs to.
	Installed bool
}

// May tells whether what stands in a source may be shown in a target: it is
// public, or of the same installation, at least as open as the target, and the
// operator allows it.
func (a Access) May(target Visibility, operatorAllows bool) bool {
	return a.Visibility == Public || operatorAllows && a.Installed && a.Visibility >= target
}

// Release is one of a repository's releases. Drafts are none.
type Release struct {
	Tag, Title, Body string
	PreRelease       bool
	Published        time.Time
}

// Commit is one commit of a comparison. All text is raw.
type Commit struct {
	SHA     string
	Message string
	// Login is the author's account, "" where it is not known; Author is the name in the commit.
	Login, Author string
	Bot           bool // the forge says so
	Parents       int
	When          time.Time
}

// Comparison is what lies between two revisions.
type Comparison struct {
	// Commits are the newest of Total, the oldest first.
	Commits []Commit
	Total   int
	// Behind is how many commits the first revision has that the second has not:
	// then the second is another branch, or a step back.
	Behind int
}
