package registry

import (
	"context"
	"fmt"
	"time"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// quayPage is a page of tags as endpoints/api/tag.py of Quay has it.
type quayPage struct {
	Tags          []quayTag `json:"tags"`
	HasAdditional *bool     `json:"has_additional"`
}

type quayTag struct {
	Name   string `json:"name"`
	Start  int64  `json:"start_ts"`
	End    int64  `json:"end_ts"`
	Digest string `json:"manifest_digest"`
	Index  *bool  `json:"is_manifest_list"`
}

// newestOfQuay asks Quay's API, which sorts by when a tag began to stand for
// what it stands for. It is asked without credentials: it takes OAuth tokens
// alone, which robots have not.
func newestOfQuay(ctx context.Context, c *Client, repo image.Repository) (*newest, error) {
	var page quayPage
	address := fmt.Sprintf("%s/api/v1/repository/%s/tag/?limit=%d&page=1&onlyActiveTags=true", c.sites.of(repo.Registry).root(), repo.Path, nativePage)
	header, err := c.document(ctx, address, "", &page)
	switch {
	case err != nil:
		return nil, err
	case page.HasAdditional == nil || page.Tags == nil || len(page.Tags) > nativePage:
		return nil, errNotDocumented
	}
	now := dateOf(header)
	var tags []told
	for _, tag := range page.Tags {
		if image.ValidTag(tag.Name) && !tag.ended(now) {
			at := sane(time.Unix(tag.Start, 0), now)
			tags = append(tags, told{Tag: Tag{Name: tag.Name, Pushed: at, Manifest: tag.manifest()}, at: at})
		}
	}
	return &newest{tags: unique(tags), total: -1, more: *page.HasAdditional}, nil
}

// ended tells whether a tag is history. Its end may also be in the future.
func (t *quayTag) ended(now time.Time) bool {
	return t.End > 0 && !now.IsZero() && !time.Unix(t.End, 0).After(now)
}

func (t *quayTag) manifest() *Manifest {
	if t.Index == nil || !image.ValidDigest(t.Digest) {
		return nil
	}
	return &Manifest{Digest: t.Digest, Index: *t.Index}
}
