package changes

import (
	"context"
	"errors"
	"sync"

	"github.com/imageupdater/imageupdater/scanner/changelog"
)

// listening notes why a source does not answer, which nobody is told otherwise. What is
// not there, or too large, is an answer.
type listening struct {
	changelog.Source

	mu   sync.Mutex
	said []error
}

func (l *listening) hear(err error) {
	if !errors.Is(err, changelog.ErrLater) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said = append(l.said, err)
}

func (l *listening) troubles() []error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.said
}

// Access is part of changelog.Source.
func (l *listening) Access(ctx context.Context, repo changelog.Repository) (changelog.Access, error) {
	access, err := l.Source.Access(ctx, repo)
	l.hear(err)
	return access, err //nolint:wrapcheck // it is only heard
}

// Releases is part of changelog.Source.
func (l *listening) Releases(ctx context.Context, repo changelog.Repository, page int) ([]changelog.Release, bool, error) {
	releases, more, err := l.Source.Releases(ctx, repo, page)
	l.hear(err)
	return releases, more, err //nolint:wrapcheck // as above
}

// Tags is part of changelog.Source.
func (l *listening) Tags(ctx context.Context, repo changelog.Repository) ([]string, error) {
	tags, err := l.Source.Tags(ctx, repo)
	l.hear(err)
	return tags, err //nolint:wrapcheck // as above
}

// Files is part of changelog.Source.
func (l *listening) Files(ctx context.Context, repo changelog.Repository, revision, directory string) ([]string, error) {
	names, err := l.Source.Files(ctx, repo, revision, directory)
	l.hear(err)
	return names, err //nolint:wrapcheck // as above
}

// File is part of changelog.Source.
func (l *listening) File(ctx context.Context, repo changelog.Repository, revision, path string) ([]byte, error) {
	text, err := l.Source.File(ctx, repo, revision, path)
	l.hear(err)
	return text, err //nolint:wrapcheck // as above
}

// Compare is part of changelog.Source.
func (l *listening) Compare(ctx context.Context, repo changelog.Repository, from, to string) (changelog.Comparison, error) {
	commits, err := l.Source.Compare(ctx, repo, from, to)
	l.hear(err)
	return commits, err //nolint:wrapcheck // as above
}
