package registry

import (
	"context"
	"fmt"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// hubPage is a page of tags as Docker Hub's API documents it.
type hubPage struct {
	Count   *int     `json:"count"`
	Next    string   `json:"next"`
	Results []hubTag `json:"results"`
}

type hubTag struct {
	Name        string     `json:"name"`
	LastUpdated string     `json:"last_updated"`
	LastPushed  string     `json:"tag_last_pushed"`
	MediaType   string     `json:"media_type"`
	Digest      string     `json:"digest"`
	Images      []hubImage `json:"images"`
}

type hubImage struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
	Variant      string `json:"variant"`
	OSVersion    string `json:"os_version"`
	Digest       string `json:"digest"`
}

// newestOfDockerHub asks Docker Hub's API, which counts nothing as a pull. It is
// asked without credentials: it does not take those of the registry.
func newestOfDockerHub(ctx context.Context, c *Client, repo image.Repository) (*newest, error) {
	var page hubPage
	address := fmt.Sprintf("https://hub.docker.com/v2/repositories/%s/tags?page_size=%d&ordering=last_updated", repo.Path, nativePage)
	header, err := c.document(ctx, address, "", &page)
	switch {
	case err != nil:
		return nil, err
	case page.Count == nil || *page.Count < 0 || page.Results == nil || len(page.Results) > nativePage:
		return nil, errNotDocumented
	}
	now := dateOf(header)
	var tags []told
	for _, result := range page.Results {
		if image.ValidTag(result.Name) {
			tags = append(tags, told{
				Tag: Tag{Name: result.Name, Pushed: saneText(result.LastPushed, now), Manifest: result.manifest()},
				at:  saneText(result.LastUpdated, now),
			})
		}
	}
	return &newest{tags: unique(tags), total: *page.Count, more: page.Next != ""}, nil
}

// manifest is nil where it is not certain what the tag stands for. Tags that
// were pushed long ago have no media type.
func (t *hubTag) manifest() *Manifest {
	if !image.ValidDigest(t.Digest) {
		return nil
	}
	switch kind := kindOf(t.MediaType); {
	case kind == kindIndex:
		return &Manifest{Digest: t.Digest, Index: true, Platforms: t.platforms()}
	case kind == kindImage, t.MediaType == "" && len(t.Images) == 1 && t.Images[0].Digest == t.Digest:
		return &Manifest{Digest: t.Digest}
	}
	return nil
}

func (t *hubTag) platforms() []Platform {
	named := make([]namedImage, len(t.Images))
	for i, made := range t.Images {
		named[i] = namedImage{runsOn{OS: made.OS, Architecture: made.Architecture, Variant: made.Variant, OSVersion: made.OSVersion}, made.Digest}
	}
	return platforms(named)
}
