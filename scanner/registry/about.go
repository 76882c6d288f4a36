package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// Caps on what is kept of the annotations of one kind, or the labels.
const (
	maxLabels    = 200
	maxLabel     = 4 << 10  // a key, or a value
	maxAllLabels = 12 << 10 // all keys and values
)

// About is what an image says of itself, and what can be told of it without pulling
// it. Its texts are the publisher's: all of it may be wrong, and may hold anything.
//
// Of annotations and labels each of the four kinds is bounded: at most 200, none
// with a key or a value of more than 4 KiB, and together at most 12 KiB. What is too
// much is left out, those of OCI and of Label Schema last.
type About struct {
	// Manifest is what the reference stands for: the index where there is one.
	// Its annotations are in Index, or in Annotations if it is no index; from a
	// Shared they are there alone.
	Manifest Manifest
	// Platform is that of the one image that was read. Its digest is that of the
	// image's own manifest.
	Platform Platform
	// Created is when the image was built, as in Details.
	Created time.Time
	// Size is the sum of the layers as they are stored, compressed, in bytes.
	// Layers that a registry does not distribute, as those of Windows once were,
	// are not in it. It is 0 where what is said of a size cannot be.
	Size int64
	// Index are the annotations of the index, Descriptor those of its entry for the
	// image, and Annotations those of the image's manifest; nil where there are none.
	Index, Descriptor, Annotations map[string]string
	// Labels are those of the image's config, some perhaps of its base image.
	Labels map[string]string
	// NoConfig is whether the config is gone, too large or damaged. Labels is then
	// nil, and Platform and Created are what annotations and the index say.
	NoConfig bool
	// Attestation is the digest of the manifest that holds what BuildKit says of
	// the image's build; "" where there is none. See Provenance.
	Attestation string
}

// About reads all that one image says of itself; reference is a tag or a digest. The
// image of an index is chosen as by Details, with which it shares its errors. But
// a config that is at fault itself is none: About tells then what the manifests say.
// What is in the way to a config is one, for it may soon be gone.
//
// That is two GETs for an image and three for an index (one less where the manifest
// holds the config, or says of it what cannot be), and one for each index within the
// index. Registries may count them as pulls.
func (c *Client) About(ctx context.Context, repo image.Repository, reference string, platform *Platform) (About, error) {
	var rest *About // what came from where the config is at fault
	about, err := within(ctx, c, repo, reference, func(ctx context.Context, at image.Repository) (About, error) {
		asked := &inquiry{wanted: platform, thorough: true}
		found, err := c.inquire(ctx, at, reference, asked)
		if err != nil {
			return About{}, err
		}
		config, err := found.config()
		if err == nil {
			err = asked.learnConfig(config)
		} else if ctx.Err() == nil && isAtFault(err) {
			told := asked.about(found)
			told.NoConfig = true
			rest = &told
		}
		return asked.about(found), err
	})
	switch {
	case err == nil:
		return about, nil
	case rest != nil && ctx.Err() == nil:
		return *rest, nil
	}
	return About{}, fmt.Errorf("reading about %s: %w", spelt(repo, reference), err)
}

// isAtFault tells whether what a digest names is at fault itself, and not the way
// to it.
func isAtFault(err error) bool {
	if answered, ok := errors.AsType[*transport.Error](err); ok {
		return answered.StatusCode >= http.StatusBadRequest && answered.StatusCode < http.StatusInternalServerError
	}
	_, unsent := errors.AsType[*failed](err)
	_, unanswered := errors.AsType[*url.Error](err)
	return errors.Is(err, ErrNoImage) || !unsent && !unanswered
}

func (i *inquiry) about(found *fetched) About {
	return About{
		Manifest: i.manifest, Platform: i.platform, Created: i.created(), Size: found.size(),
		Index: boundedLabels(i.index), Descriptor: boundedLabels(i.entry), Annotations: boundedLabels(i.annotations), Labels: boundedLabels(i.labels),
		Attestation: i.attestation,
	}
}

// boundedLabels are those that are kept.
func boundedLabels(labels map[string]string) map[string]string {
	keys := make([]string, 0, len(labels))
	for key, value := range labels {
		if max(len(key), len(value)) <= maxLabel {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(rank(a)-rank(b), strings.Compare(a, b)) })
	kept, size := map[string]string(nil), 0
	for _, key := range keys {
		if size += len(key) + len(labels[key]); size > maxAllLabels || len(kept) == maxLabels {
			break
		}
		if kept == nil {
			kept = map[string]string{}
		}
		kept[key] = labels[key]
	}
	return kept
}

// rank puts what others know how to read first.
func rank(key string) int {
	if strings.HasPrefix(key, "org.opencontainers.image.") || strings.HasPrefix(key, "org.label-schema.") {
		return 0
	}
	return 1
}
