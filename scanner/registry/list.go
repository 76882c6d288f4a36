package registry

import (
	"context"
	"time"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// Tag is a tag as a registry lists it.
type Tag struct {
	Name string
	// Pushed is when the registry was given what the tag stands for now; zero
	// where the listing does not say.
	Pushed time.Time
	// Manifest is what the listing tells of what the tag stands for; nil where
	// it tells nothing. Its Digest is always there; Platforms of an index are
	// there only if the listing names them all.
	Manifest *Manifest
}

// List lists all tags of a repository with what the registry tells about them at
// no further cost. Its order, limits and errors are those of Tags.
func (c *Client) List(ctx context.Context, repo image.Repository) ([]Tag, error) {
	names, err := c.Tags(ctx, repo)
	if err != nil {
		return nil, err
	}
	tags := make([]Tag, len(names))
	for i, name := range names {
		tags[i].Name = name
	}
	return tags, nil
}
