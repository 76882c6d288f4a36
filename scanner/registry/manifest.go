package registry

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// Caps on what one manifest may lead to.
const (
	maxEntries = 1000 // of an index and those within it, together
	maxNested  = 16   // indexes within an index, each a request
	maxDepth   = 2    // of indexes below the first
)

// Platform is what an image runs on, and the image.
type Platform struct {
	// OS and Architecture are as Go spells them. They are "" where nobody told.
	OS, Architecture string
	// Variant is that of the processor, mostly "".
	Variant string
	// OSVersion is set for Windows, of which an index has an image for each
	// version: "10.0.20348.2700". Its last part changes with every update.
	OSVersion string
	// Digest is that of the image's own manifest.
	Digest string
}

// String is "linux/arm64/v8", without the version and the digest.
func (p Platform) String() string {
	return strings.Trim(p.OS+"/"+p.Architecture+"/"+p.Variant, "/")
}

// is tells whether the image is one that was asked for. What is "" there may be
// anything.
func (p Platform) is(wanted Platform) bool {
	fits := func(want, have string) bool { return want == "" || want == have }
	return fits(wanted.OS, p.OS) && fits(wanted.Architecture, p.Architecture) && fits(wanted.OSVersion, p.OSVersion) &&
		fits(wanted.Digest, p.Digest) && (wanted.Variant == "" || wanted.variant() == p.variant())
}

// variant fills in the one that goes without saying.
func (p Platform) variant() string {
	usual := map[string]string{"arm64": "v8", "arm": "v7"}
	return cmp.Or(p.Variant, usual[p.Architecture])
}

func (p Platform) compare(q Platform) int {
	return cmp.Or(
		strings.Compare(p.OS, q.OS), strings.Compare(p.Architecture, q.Architecture),
		strings.Compare(p.Variant, q.Variant), strings.Compare(p.OSVersion, q.OSVersion), strings.Compare(p.Digest, q.Digest),
	)
}

// Manifest is what a tag or a digest stands for.
type Manifest struct {
	// Digest is that of the manifest itself: of the index where there is one.
	// It was computed from what the registry sent.
	Digest string
	// Index tells whether it is an index (Docker: a manifest list) of images.
	Index bool
	// Platforms are the images of an index and of indexes within it, sorted,
	// at least one. Attestations and other things that are no image are left
	// out. It is nil for a single image: that one's config tells, see Details.
	Platforms []Platform
	// Annotations are those of the manifest itself, as the publisher wrote
	// them: they may hold anything.
	Annotations map[string]string
}

// Manifest reads one manifest by tag or digest. That is one GET, which
// registries may count as a pull, and one for each index within the index.
//
// It fails with ErrNoImage where there is nothing to run: an index without an
// image, Docker's schema 1, or what cannot be read; and with ErrTooLarge as well
// beyond 4 MiB a manifest, 1000 entries, 16 indexes within the index, or two levels
// of them.
func (c *Client) Manifest(ctx context.Context, repo image.Repository, reference string) (Manifest, error) {
	manifest, err := within(ctx, c, repo, reference, func(ctx context.Context, at image.Repository) (Manifest, error) {
		return c.manifest(ctx, at, reference)
	})
	if err != nil {
		return Manifest{}, fmt.Errorf("reading the manifest of %s: %w", spelt(repo, reference), err)
	}
	return manifest, nil
}

func (c *Client) manifest(ctx context.Context, repo image.Repository, reference string) (Manifest, error) {
	ref, err := c.reference(repo, reference)
	if err != nil {
		return Manifest{}, err
	}
	found, err := c.fetch(ctx, ref)
	if err != nil {
		return Manifest{}, err
	}
	manifest := Manifest{Digest: found.remote.Digest.String(), Annotations: found.Annotations}
	if found.kind == kindImage {
		return manifest, nil
	}
	images, err := c.images(ctx, ref.Context(), found)
	if err != nil {
		return Manifest{}, err
	}
	manifest.Index, manifest.Platforms = true, platformsOf(images)
	return manifest, nil
}

func platformsOf(images []listed) []Platform {
	platforms := make([]Platform, len(images))
	for i, image := range images {
		platforms[i] = image.Platform
	}
	return platforms
}

func spelt(repo image.Repository, reference string) string {
	if image.ValidDigest(reference) {
		return repo.String() + "@" + reference
	}
	return repo.String() + ":" + reference
}

func (c *Client) reference(repo image.Repository, reference string) (name.Reference, error) {
	remoteRepo, err := c.repository(repo)
	switch {
	case err != nil:
		return nil, err
	case image.ValidDigest(reference):
		return remoteRepo.Digest(reference), nil
	case image.ValidTag(reference):
		return remoteRepo.Tag(reference), nil
	}
	return nil, fmt.Errorf("%w: %.100q is neither a tag nor a digest", image.ErrInvalid, reference)
}

// fetched is a manifest and how to go on from it.
type fetched struct {
	*document

	kind   kind
	remote *remote.Descriptor
}

// fetch reads one manifest. go-containerregistry asks for all media types, so
// that no registry picks an image of an index for us, and compares a digest that
// was asked for with what came.
func (c *Client) fetch(ctx context.Context, ref name.Reference) (*fetched, error) {
	got, err := c.puller.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	parsed, kind, err := parse(string(got.MediaType), got.Manifest)
	if err != nil {
		return nil, err
	}
	return &fetched{document: parsed, kind: kind, remote: got}, nil
}

// fetchEntry reads what an index names.
func (c *Client) fetchEntry(ctx context.Context, repo name.Repository, digest string, want kind) (*fetched, error) {
	found, err := c.fetch(ctx, repo.Digest(digest))
	switch {
	case err != nil:
		return nil, err
	case found.kind != want && want == kindIndex:
		return nil, unusable(fmt.Errorf("%s is an image where an index was named", digest))
	case found.kind != want:
		return nil, unusable(fmt.Errorf("%s is an index where an image was named", digest))
	}
	return found, nil
}

// listed is an image of an index.
type listed struct {
	Platform

	annotations map[string]string
	// attestation is the digest of what BuildKit says of its build, "" if there is
	// none.
	attestation string
}

// gathering collects the images of an index and of those within it.
type gathering struct {
	client *Client
	repo   name.Repository

	entries, nested int
	images          []listed
	attestations    map[string]string // by digest of the image
}

// images are those of an index, sorted.
func (c *Client) images(ctx context.Context, repo name.Repository, index *fetched) ([]listed, error) {
	g := &gathering{client: c, repo: repo, attestations: map[string]string{}}
	if err := g.add(ctx, index.Manifests, 0); err != nil {
		return nil, err
	}
	if len(g.images) == 0 {
		return nil, fmt.Errorf("%w: it is an index without an image", ErrNoImage)
	}
	for i := range g.images {
		g.images[i].attestation = g.attestations[g.images[i].Digest]
	}
	slices.SortFunc(g.images, func(a, b listed) int { return a.compare(b.Platform) })
	return g.images, nil
}

func (g *gathering) add(ctx context.Context, entries []entry, depth int) error {
	if g.entries += len(entries); g.entries > maxEntries {
		return unusable(fmt.Errorf("%w: the index has more than %d entries", ErrTooLarge, maxEntries))
	}
	for _, e := range entries {
		isIndex := kindOf(e.MediaType) == kindIndex
		if !isIndex && !e.isImage() {
			g.addAttestation(&e)
			continue
		}
		digest, err := valid(e.Digest)
		if err != nil {
			return unusable(err)
		}
		if !isIndex {
			g.images = append(g.images, listed{Platform: e.Platform.platform(digest), annotations: e.Annotations})
			continue
		}
		if err := g.addIndex(ctx, digest, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// addAttestation keeps the first for each image. Nobody runs it, so that what is
// wrong with it is no fault of the index.
func (g *gathering) addAttestation(e *entry) {
	attested := e.attests()
	if image.ValidDigest(attested) && image.ValidDigest(e.Digest) && g.attestations[attested] == "" {
		g.attestations[attested] = e.Digest
	}
}

// addIndex needs no memory of where it was: an index cannot hold its own digest.
func (g *gathering) addIndex(ctx context.Context, digest string, depth int) error {
	g.nested++
	switch {
	case depth > maxDepth:
		return unusable(fmt.Errorf("%w: indexes within indexes, deeper than %d", ErrTooLarge, maxDepth))
	case g.nested > maxNested:
		return unusable(fmt.Errorf("%w: more than %d indexes within the index", ErrTooLarge, maxNested))
	}
	index, err := g.client.fetchEntry(ctx, g.repo, digest, kindIndex)
	if err != nil {
		return err
	}
	return g.add(ctx, index.Manifests, depth)
}
