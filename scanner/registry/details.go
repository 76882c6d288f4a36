package registry

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// maxConfig is how many bytes a config may have.
const maxConfig = 8 << 20

const (
	createdKey = "org.opencontainers.image.created"
	sourceKey  = "org.opencontainers.image.source"
)

// Details are what the publisher of an image says of it. All of it may be wrong,
// and the text may hold anything.
type Details struct {
	// Created is when the image was built, in UTC. It is zero where nobody
	// told, and for times before the year 2000: reproducible builds say 1970 or
	// 1980. It may be in the future, and says nothing about when the image was
	// published.
	Created time.Time
	// Platform is that of the image. Of a single image, it has a digest alone
	// when there was no need to read the config.
	Platform Platform
	// Labels are the annotations of the index, then of its entry for the image,
	// then of the image, then the labels of the config; the first that has a
	// key counts. Labels of a config may be inherited from a base image.
	Labels map[string]string
	// Digest is that of the image's own manifest, not of an index.
	Digest string
	// Manifest is what the reference stands for: the index where there is one.
	Manifest Manifest
}

// Details reads what one image says of itself; reference is a tag or a digest.
// Of an index it is the image for the platform, in which "" stands for
// anything; or if platform is nil the one for linux/amd64, else the first. Where
// several fit the first in the order of Manifest.Platforms is read, and no other.
//
// It asks in the order of Details.Labels and stops as soon as annotations tell
// both creation time and source, and the platform is known to be right. That is
// one GET for an image or an index that is fully annotated, else two for an image
// and three for an index (one less where the manifest holds the config), and one
// for each index within the index. Registries may count them as pulls.
//
// It fails as Manifest does, with ErrNoImage also where there is no image for
// the platform and where the config cannot be read, with ErrNotFound also where the
// image or its config is gone, and with ErrNoImage and ErrTooLarge where the config
// is larger than 8 MiB.
func (c *Client) Details(ctx context.Context, repo image.Repository, reference string, platform *Platform) (Details, error) {
	details, err := within(ctx, c, repo, reference, func(ctx context.Context, at image.Repository) (Details, error) {
		return c.details(ctx, at, reference, platform)
	})
	if err != nil {
		return Details{}, fmt.Errorf("reading the details of %s: %w", spelt(repo, reference), err)
	}
	return details, nil
}

func (c *Client) details(ctx context.Context, repo image.Repository, reference string, wanted *Platform) (Details, error) {
	asked := &inquiry{wanted: wanted}
	found, err := c.inquire(ctx, repo, reference, asked)
	if err != nil {
		return Details{}, err
	}
	if asked.answered() {
		return asked.details(), nil
	}
	config, err := found.config()
	if err != nil {
		return Details{}, err
	}
	if err := asked.learnConfig(config); err != nil {
		return Details{}, err
	}
	return asked.details(), nil
}

// inquire reads the manifests: that of the image that was asked for comes back, or
// the index where that tells all there is to ask.
func (c *Client) inquire(ctx context.Context, repo image.Repository, reference string, asked *inquiry) (*fetched, error) {
	ref, err := c.reference(repo, reference)
	if err != nil {
		return nil, err
	}
	found, err := c.fetch(ctx, ref)
	if err != nil {
		return nil, err
	}
	asked.manifest = Manifest{Digest: found.remote.Digest.String(), Annotations: found.Annotations}
	if found.kind == kindIndex {
		asked.index = found.Annotations
		return c.descend(ctx, ref.Context(), found, asked)
	}
	asked.platform.Digest = found.remote.Digest.String()
	asked.annotations = found.Annotations
	return found, nil
}

// descend goes from an index to the image that was asked for, or stays where the
// index tells all there is to ask.
func (c *Client) descend(ctx context.Context, repo name.Repository, index *fetched, asked *inquiry) (*fetched, error) {
	images, err := c.images(ctx, repo, index)
	if err != nil {
		return nil, err
	}
	asked.manifest.Index, asked.manifest.Platforms = true, platformsOf(images)
	if err := asked.choose(images); err != nil || asked.answered() {
		return index, err
	}
	found, err := c.fetchEntry(ctx, repo, asked.platform.Digest, kindImage)
	if err != nil {
		return nil, err
	}
	asked.annotations = found.Annotations
	return found, nil
}

// inquiry is what is known so far of one image.
type inquiry struct {
	wanted *Platform
	// thorough is to ask for all there is, and not only for what is missing.
	thorough bool
	manifest Manifest // of the reference that was asked for

	platform    Platform
	attestation string
	// Annotations of the index, of its entry and of the image, and the labels of
	// the config.
	index, entry, annotations, labels map[string]string

	built time.Time // by the config
}

// said is what the first that has a key says of it.
func (i *inquiry) said(key string) string {
	return cmp.Or(i.index[key], i.entry[key], i.annotations[key], i.labels[key])
}

// merged is all that is said.
func (i *inquiry) merged() map[string]string {
	all := map[string]string{}
	for _, labels := range []map[string]string{i.index, i.entry, i.annotations, i.labels} {
		for key, value := range labels {
			if all[key] == "" {
				all[key] = value
			}
		}
	}
	return all
}

// choose takes one image of an index. One whose platform the index does not tell
// may still be right: its config tells.
func (i *inquiry) choose(images []listed) error {
	at := slices.IndexFunc(images, func(l listed) bool { return l.is(i.preferred()) })
	if at < 0 && i.wanted == nil {
		at = 0
	}
	if at < 0 {
		at = slices.IndexFunc(images, func(l listed) bool { return l.OS == "" })
	}
	if at < 0 {
		return i.missing()
	}
	i.platform, i.entry, i.attestation = images[at].Platform, images[at].annotations, images[at].attestation
	return nil
}

func (i *inquiry) preferred() Platform {
	if i.wanted == nil {
		return Platform{OS: "linux", Architecture: "amd64"}
	}
	return *i.wanted
}

func (i *inquiry) missing() error {
	return fmt.Errorf("%w: there is none for %s", ErrNoImage, cmp.Or(i.wanted.String(), i.wanted.OSVersion, i.wanted.Digest))
}

// answered tells whether there is nothing left to ask for.
func (i *inquiry) answered() bool {
	sure := i.wanted == nil || i.platform.OS != ""
	return !i.thorough && sure && !i.created().IsZero() && i.said(sourceKey) != ""
}

// learnConfig adds what the config says, the platform only where no index did:
// clients go by that.
func (i *inquiry) learnConfig(config *config) error {
	i.labels = config.Config.Labels
	i.built = moment(config.Created)
	if i.platform.OS == "" && config.valid() {
		i.platform = config.platform(i.platform.Digest)
	}
	if i.wanted != nil && !i.platform.is(*i.wanted) {
		return i.missing()
	}
	return nil
}

func (i *inquiry) created() time.Time {
	if told := moment(i.said(createdKey)); !told.IsZero() {
		return told
	}
	return i.built
}

func (i *inquiry) details() Details {
	return Details{Created: i.created(), Platform: i.platform, Labels: i.merged(), Digest: i.platform.Digest, Manifest: i.manifest}
}

// moment reads a creation time; zero where it is none that can be meant.
func moment(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || t.UTC().Year() < 2000 {
		return time.Time{}
	}
	return t.UTC()
}

// config is that of an image, as far as it matters here.
type config struct {
	runsOn

	Created string `json:"created"`
	Config  struct {
		Labels map[string]string `json:"Labels"`
	} `json:"config"`
}

// config reads the config of an image. go-containerregistry takes it from the
// manifest where that holds it, and compares digest and size.
func (f *fetched) config() (*config, error) {
	if _, err := valid(f.Config.Digest); err != nil {
		return nil, unusable(err)
	}
	switch size := f.Config.Size; {
	case size < 0:
		return nil, unusable(fmt.Errorf("the config has a size of %d", size))
	case size > maxConfig:
		return nil, unusable(fmt.Errorf("%w: the config has more than %d MiB", ErrTooLarge, maxConfig>>20))
	}
	made, err := f.remote.Image()
	if err != nil {
		return nil, err
	}
	raw, err := made.RawConfigFile()
	if err != nil {
		return nil, err
	}
	var read config
	if err := json.Unmarshal(raw, &read); err != nil {
		return nil, unusable(fmt.Errorf("the config cannot be read: %w", err))
	}
	return &read, nil
}
