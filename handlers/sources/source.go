package sources

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/scanner/changelog"
)

// source reads for one target.
type source struct {
	sources      *Sources
	installation int64  // 0 without the App
	account      string // the login that the installation is on
	target       forge.Ref
	private      bool // private sources of the installation may be read
}

// Bounds of what is read, in bytes.
const (
	maxAnswer = 8 << 20
	maxFile   = 4 << 20
)

// Access implements changelog.Source.
func (f *source) Access(ctx context.Context, repo changelog.Repository) (changelog.Access, error) {
	p, err := f.place(ctx, repo)
	if err != nil {
		return changelog.Access{}, fmt.Errorf("%s: %w", repo.URL(), err)
	}
	return p.access, nil
}

// read is a question about a repository, once it is known that it may be asked.
func (f *source) read(ctx context.Context, repo changelog.Repository, q question) (item, error) {
	p, err := f.place(ctx, repo)
	if err != nil {
		return item{}, err
	}
	q.id = p.id
	q.query.Path = append([]string{"repositories", strconv.FormatInt(p.id, 10)}, q.query.Path...)
	if q.query.Max == 0 {
		q.query.Max = maxAnswer
	}
	return f.sources.ask(ctx, p.lane, q)
}

// listOf asks for what every repository has. One that has it not is no more what
// it was taken for.
func listOf[T any](ctx context.Context, f *source, repo changelog.Repository, q question) (list []T, more bool, err error) {
	kept, err := f.read(ctx, repo, q)
	if err != nil {
		f.doubt(repo, err)
		return nil, false, err
	}
	err = kept.into(&list)
	return list, kept.more, err
}

// Tags implements changelog.Source. More than some 20,000 tags are too many.
func (f *source) Tags(ctx context.Context, repo changelog.Repository) ([]string, error) {
	const maxPages = 10 // GitHub gives them all at once; Enterprise Servers of old did not
	var tags []string
	for page, more := 1, true; more && page <= maxPages; page++ {
		q := question{name: fmt.Sprintf("tags %d", page), decode: decodeTags}
		q.query.Path = []string{"git", "matching-refs", "tags"}
		if page > 1 {
			q.query.Values = url.Values{"page": {strconv.Itoa(page)}}
		}
		some, next, err := listOf[string](ctx, f, repo, q)
		if err != nil {
			return nil, fmt.Errorf("tags of %s: %w", repo.URL(), err)
		}
		tags, more = append(tags, some...), next
	}
	return tags, nil
}

// Files implements changelog.Source. Links are taken for files.
func (f *source) Files(ctx context.Context, repo changelog.Repository, revision, directory string) ([]string, error) {
	path := []string{"contents", ""}
	if directory != "" {
		path = append(path[:1], strings.Split(directory, "/")...)
	}
	var names []string
	err := check(revision, directory)
	if err == nil {
		q := question{name: "files " + revision + ":" + directory, decode: decodeNames, forever: isWhole(revision)}
		q.query.Path, q.query.Values = path, url.Values{"ref": {revision}}
		var kept item
		if kept, err = f.read(ctx, repo, q); err == nil {
			err = kept.into(&names)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("files of %s at %q: %w", repo.URL(), revision, err)
	}
	return names, nil
}

// File implements changelog.Source. It is 4 MiB at most.
func (f *source) File(ctx context.Context, repo changelog.Repository, revision, path string) ([]byte, error) {
	err := check(revision, path)
	if err == nil && path == "" {
		err = changelog.ErrNotFound
	}
	var kept item
	if err == nil {
		q := question{name: "file " + revision + ":" + path, decode: decodeFile, forever: isWhole(revision)}
		q.query.Path, q.query.Values = append([]string{"contents"}, strings.Split(path, "/")...), url.Values{"ref": {revision}}
		q.query.Raw, q.query.Max = true, maxFile
		kept, err = f.read(ctx, repo, q)
	}
	if err != nil {
		return nil, fmt.Errorf("%q of %s at %q: %w", path, repo.URL(), revision, err)
	}
	return append([]byte{}, kept.value...), nil // an empty file is one, and what is kept is not to be changed
}

// check refuses what is no revision, and what is no path within a repository.
func check(revision, path string) error {
	if !isRevision(revision) || len(path) > 1024 || !utf8.ValidString(path) || strings.ContainsFunc(path, unicode.IsControl) ||
		strings.Contains(path, `\`) {
		return changelog.ErrNotFound
	}
	if path == "" {
		return nil
	}
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || part == "." || part == ".." {
			return changelog.ErrNotFound
		}
	}
	return nil
}

func isRevision(revision string) bool {
	valid, ok := changelog.ValidRevision(revision)
	return ok && valid == revision
}

// isWhole tells whether a revision is the whole name of a commit: what it stands for never changes.
func isWhole(revision string) bool {
	return (len(revision) == 40 || len(revision) == 64) && changelog.IsCommit(revision)
}
