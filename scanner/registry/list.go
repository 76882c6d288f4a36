package registry

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// Tag is a tag as a registry lists it.
type Tag struct {
	Name string
	// Pushed is when the registry was given what the tag stands for now; zero
	// where the listing does not say.
	Pushed time.Time
	// Before is a time by which it had been pushed, where Pushed is zero: the
	// tag is not among those that were pushed since. It makes the tag that old
	// at least and says nothing about which of two tags is newer; zero where
	// not even that is known.
	Before time.Time
	// Manifest is what the listing tells of what the tag stands for; nil where
	// it tells nothing. It is the registry's word. Its Digest is always there;
	// Platforms of an index are there only if the listing names them all. Other
	// listings may share it: nobody may change it.
	Manifest *Manifest
}

// List lists all tags of a repository with what the registry tells about them at
// little or no further cost, in no order. Its limits and errors are those of
// Tags.
//
// Docker Hub, Quay and Harbor have an API of their own that tells the newest 100
// tags with their times and digests. Where there are no more, that is the only
// request. Where there are more, one request suffices if the page reaches back
// to what was seen before; else the list of tags is asked as well, and the page
// explains those of its tags that are on it. Google's registries tell times and
// digests in the list itself. What the list of tags does not hold is no tag, and
// an API that fails, or is not open to us, costs no more than its request.
func (c *Client) List(ctx context.Context, repo image.Repository) ([]Tag, error) {
	tags, err := within(ctx, c, repo, "", c.list)
	if err != nil {
		return nil, fmt.Errorf("listing tags of %s: %w", repo, err)
	}
	return slices.DeleteFunc(tags, func(tag Tag) bool { return !isImageTag(tag.Name) }), nil
}

// list lists all names, those of signatures and the like among them: native APIs
// count them.
func (c *Client) list(ctx context.Context, repo image.Repository) ([]Tag, error) {
	as := owned{repo, visitOf(ctx).identity}
	ask := c.natives.of(as, c.sites.of(repo.Registry).Native)
	if ask == nil {
		return c.all(ctx, repo)
	}
	page, err := ask(ctx, c, repo)
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		c.natives.avoid(as, err)
		return c.all(ctx, repo)
	case page.complete():
		return plain(page.tags), nil
	}
	if merged := c.natives.recall(as).with(page); merged != nil {
		c.natives.remember(as, merged)
		return plain(merged.tags), nil
	}
	seen, err := c.explained(ctx, repo, ask, page)
	if err != nil {
		return nil, err
	}
	c.natives.remember(as, seen)
	return plain(seen.tags), nil
}

// explained asks for all tags and explains those that are on the page. Where the
// API does not count the tags, it is asked again: what was pushed since must not
// look as if it were older than the page.
func (c *Client) explained(ctx context.Context, repo image.Repository, ask newestFunc, page *newest) (*sighting, error) {
	tags, err := c.all(ctx, repo)
	if err != nil {
		return nil, err
	}
	if page.total < 0 && page.ordered() {
		later, err := ask(ctx, c, repo)
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case err != nil:
			page = &newest{total: -1} // the list of tags is the answer, unexplained
		default:
			page = later
		}
	}
	return page.explain(tags), nil
}

// all asks for the list of tags that every registry has.
func (c *Client) all(ctx context.Context, repo image.Repository) ([]Tag, error) {
	names, facts, err := c.listed(ctx, repo)
	if err != nil {
		return nil, err
	}
	names = once(names)
	tags := make([]Tag, len(names))
	for i, name := range names {
		tags[i] = facts[name].Tag
		tags[i].Name = name
	}
	return tags, nil
}

// once leaves out what is there for a second time, in place: pages may overlap.
func once(names []string) []string {
	seen := make(map[string]bool, len(names))
	return slices.DeleteFunc(names, func(name string) bool {
		twice := seen[name]
		seen[name] = true
		return twice
	})
}

func plain(tags []told) []Tag {
	plain := make([]Tag, len(tags))
	for i := range tags {
		plain[i] = tags[i].Tag
	}
	return plain
}
