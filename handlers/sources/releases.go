package sources

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"

	"github.com/imageupdater/imageupdater/scanner/changelog"
)

// A page has 100 releases. Where these are too large, since all files of a release come
// with it, it is read in quarters.
const (
	onePage  = 100
	quarters = 4
)

// Releases implements changelog.Source. A page has 100 releases, whose texts
// have 256 KiB at most.
func (f *source) Releases(ctx context.Context, repo changelog.Repository, page int) ([]changelog.Release, bool, error) {
	releases, more, err := f.releases(ctx, repo, page, onePage)
	if errors.Is(err, changelog.ErrTooLarge) {
		releases, more = nil, true
		for part := (page-1)*quarters + 1; more && part <= page*quarters; part++ {
			var some []changelog.Release
			if some, more, err = f.releases(ctx, repo, part, onePage/quarters); err != nil {
				break
			}
			releases = append(releases, some...)
		}
	}
	if err != nil {
		return nil, false, fmt.Errorf("releases of %s: %w", repo.URL(), err)
	}
	return releases, more, nil
}

func (f *source) releases(ctx context.Context, repo changelog.Repository, page, size int) ([]changelog.Release, bool, error) {
	if page < 1 {
		return nil, false, changelog.ErrNotFound
	}
	q := question{name: fmt.Sprintf("releases %d of %d", page, size), decode: decodeReleases}
	q.query.Path = []string{"releases"}
	q.query.Values = url.Values{"per_page": {strconv.Itoa(size)}, "page": {strconv.Itoa(page)}}
	return listOf[changelog.Release](ctx, f, repo, q)
}
