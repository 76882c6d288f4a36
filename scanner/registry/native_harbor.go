package registry

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// harborArtifact is an artifact as Harbor's swagger.yaml has it.
type harborArtifact struct {
	Digest     string            `json:"digest"`
	MediaType  string            `json:"manifest_media_type"`
	PushTime   string            `json:"push_time"`
	Tags       []harborTag       `json:"tags"`
	References []harborReference `json:"references"`
}

type harborTag struct {
	Name     string `json:"name"`
	PushTime string `json:"push_time"`
}

type harborReference struct {
	ChildDigest string  `json:"child_digest"`
	Platform    *runsOn `json:"platform"`
}

type harborProject struct {
	ID         int64 `json:"project_id"`
	RegistryID int64 `json:"registry_id"`
}

// newestOfHarbor asks Harbor's API. It sorts by when an artifact came, and a tag
// may have been put on an old one just now: nothing follows for the tags that
// are not on the page. A project that is a proxy cache knows only what was
// pulled through it, and is not asked.
func newestOfHarbor(ctx context.Context, c *Client, repo image.Repository) (*newest, error) {
	authorization, err := basicOf(visitOf(ctx))
	if err != nil {
		return nil, err
	}
	project, rest, _ := strings.Cut(repo.Path, "/")
	base := c.sites.of(repo.Registry).root() + "/api/v2.0/projects/" + project
	if err := c.noProxyCache(ctx, base, authorization); err != nil {
		return nil, err
	}
	var artifacts []harborArtifact
	address := fmt.Sprintf("%s/repositories/%s/artifacts?sort=-push_time&page=1&page_size=%d&with_tag=true",
		base, url.PathEscape(url.PathEscape(rest)), nativePage)
	header, err := c.document(ctx, address, authorization, &artifacts)
	if err != nil {
		return nil, err
	}
	total, err := strconv.Atoi(header.Get("X-Total-Count"))
	if err != nil || len(artifacts) > nativePage {
		return nil, errNotDocumented
	}
	now := dateOf(header)
	var tags []told
	for i := range artifacts {
		tags = append(tags, artifacts[i].told(now)...)
	}
	return &newest{tags: unique(tags), total: -1, more: total != len(artifacts)}, nil
}

// basicOf is what Harbor's API is shown: names and passwords, of robots too, are
// the same as at the registry. Whoever has none is anonymous.
func basicOf(as *visit) (string, error) {
	if as.anyone {
		return "", nil
	}
	secret, err := as.secret()
	if err != nil {
		return "", err
	}
	return basic(secret), nil
}

// noProxyCache fails for a project that is one. It is asked once.
func (c *Client) noProxyCache(ctx context.Context, base, authorization string) error {
	if c.natives.isLocal(base) {
		return nil
	}
	var project harborProject
	switch _, err := c.document(ctx, base, authorization, &project); {
	case err != nil:
		return err
	case project.ID == 0 || project.RegistryID != 0:
		return errNotDocumented
	}
	c.natives.setLocal(base)
	return nil
}

func (n *natives) isLocal(project string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.local[project]
}

func (n *natives) setLocal(project string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.local) < maxRepositories {
		n.local[project] = true
	}
}

// told are the tags of an artifact. A tag may be younger than what it is on.
func (a *harborArtifact) told(now time.Time) []told {
	var tags []told
	for _, tag := range a.Tags {
		if !image.ValidTag(tag.Name) {
			continue
		}
		pushed := saneText(tag.PushTime, now)
		if artifact := saneText(a.PushTime, now); artifact.After(pushed) {
			pushed = artifact
		}
		tags = append(tags, told{Tag: Tag{Name: tag.Name, Pushed: pushed, Manifest: a.manifest()}})
	}
	return tags
}

func (a *harborArtifact) manifest() *Manifest {
	if !image.ValidDigest(a.Digest) {
		return nil
	}
	switch kindOf(a.MediaType) {
	case kindIndex:
		return &Manifest{Digest: a.Digest, Index: true, Platforms: a.platforms()}
	case kindImage:
		return &Manifest{Digest: a.Digest}
	default:
		return nil
	}
}

func (a *harborArtifact) platforms() []Platform {
	var named []namedImage
	for _, reference := range a.References {
		if reference.Platform == nil {
			return nil
		}
		named = append(named, namedImage{*reference.Platform, reference.ChildDigest})
	}
	return platforms(named)
}
