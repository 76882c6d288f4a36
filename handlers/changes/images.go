package changes

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner/changelog"
	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

// The keys with which publishers name the base image.
const (
	baseName   = "org.opencontainers.image.base.name"
	baseDigest = "org.opencontainers.image.base.digest"
)

// side is an image before or after a step.
type side struct {
	image      string
	repository image.Repository
	value      proposal.Value
}

func (s *Step) from() side { return side{s.Image, s.Repository, s.From} }
func (s *Step) to() side   { return side{s.Image, s.Repository, s.To} }

func (s *side) key() string { return proposal.FactsKey(s.image, s.value) }

// reference is how a registry is asked for it; "" where it is not known.
func (s *side) reference() string {
	if s.value.Digest != "" {
		return s.value.Digest
	}
	return s.value.Tag
}

// seen is what is known of an image.
type seen struct {
	registry.About

	// silent says that what the image says of itself is not known.
	silent bool
}

// images asks what the images of steps say of themselves. Of what does not exist
// there is an empty entry, and none of what nobody answered.
func (w *reading) images(ctx context.Context, steps []Step) map[string]seen {
	ctx, cancel := context.WithTimeout(ctx, imagesTime)
	defer cancel()
	sides := map[string]side{}
	var order []string
	for i := range steps {
		// What is proposed tells more than what is there.
		for _, s := range []side{steps[i].to(), steps[i].from()} {
			if _, known := sides[s.key()]; !known {
				sides[s.key()] = s
				order = append(order, s.key())
			}
		}
	}
	known := map[string]seen{}
	each(len(order), func(i int) {
		about, is := w.about(ctx, sides[order[i]])
		if !is {
			return // it is not known, which is all that there is to it
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		known[order[i]] = about
	})
	return known
}

// about is what an image says of itself; else what it is, which is known already
// where an update was decided on by it.
func (w *reading) about(ctx context.Context, s side) (seen, bool) {
	if s.reference() == "" {
		return seen{}, true
	}
	about, err := w.Registry.About(registry.Spare(ctx), s.repository, s.reference(), nil)
	if err == nil {
		return seen{About: about}, true
	}
	if isAbsent(err) {
		return seen{}, true
	}
	manifest, err := w.Registry.Manifest(ctx, s.repository, s.reference())
	if err == nil {
		return seen{registry.About{Manifest: manifest}, true}, true
	}
	return seen{}, isAbsent(err)
}

func isAbsent(err error) bool {
	return errors.Is(err, registry.ErrNotFound) || errors.Is(err, registry.ErrNoImage)
}

// facts are those of all images that are known.
func (w *reading) facts(steps []Step, images map[string]seen) {
	for i := range steps {
		s := &steps[i]
		from, to := s.from(), s.to()
		for _, known := range []side{from, to} {
			about, is := images[known.key()]
			if !is {
				continue
			}
			facts := factsOf(&about.About)
			if facts.Pushed = s.Was; known.value == s.To {
				facts.Pushed = s.Pushed
			}
			w.found.Facts[known.key()] = facts
		}
	}
}

func factsOf(about *registry.About) proposal.Facts {
	facts := proposal.Facts{Digest: about.Manifest.Digest, Created: about.Created, Size: about.Size}
	for _, p := range about.Manifest.Platforms {
		if p.OS != "" { // somebody told
			facts.Platforms = append(facts.Platforms, p.String())
		}
	}
	slices.Sort(facts.Platforms)
	facts.Platforms = slices.Compact(facts.Platforms)
	if about.Size > 0 && about.Platform.OS != "" {
		facts.Measured = about.Platform.String()
	}
	facts.Base, facts.BaseDigest = base(about)
	return facts
}

// base is what an image says that it was built on.
func base(about *registry.About) (name, digest string) {
	for _, said := range layers(about) {
		if name == "" {
			name = said[baseName]
		}
		if digest == "" {
			digest = said[baseDigest]
		}
	}
	if !image.ValidDigest(digest) {
		digest = ""
	}
	return name, digest
}

// layers are what an image says of itself, from what is said of it alone to what it
// may have from its base.
func layers(about *registry.About) []map[string]string {
	return []map[string]string{about.Index, about.Descriptor, about.Annotations, about.Labels}
}

// origin tells where the source of an image is, and whether all who were asked about
// that answered. What needs more questions is asked only where it matters. lacks is a
// repository that does not have the commit of the new image.
func (w *reading) origin(ctx context.Context, s *Step, of side, about *registry.About, lacks changelog.Repository) (origin changelog.Origin, answered bool) {
	facts := &changelog.Facts{
		Lacks: lacks,
		Image: s.Repository, Tag: of.value.Tag, Operator: s.Operator, File: s.File,
		Index: about.Index, Descriptor: about.Descriptor, Manifest: about.Annotations, Config: about.Labels,
	}
	origin, answered = changelog.Find(facts, w.Forges), true
	if origin.Layer == changelog.ByConfig && origin.Doubt == "" {
		facts.Base, answered = w.baseLabels(ctx, s.Repository, about)
		origin = changelog.Find(facts, w.Forges)
	}
	if about.Attestation != "" && (origin.Repository.IsZero() || origin.Doubt != "" || origin.Revision == "") {
		said, err := w.Registry.Provenance(registry.Spare(ctx), s.Repository, about.Attestation)
		answered = answered && (err == nil || isFinal(err))
		facts.Provenance = changelog.Hint{Source: said.Source, Revision: said.Revision}
		origin = changelog.Find(facts, w.Forges)
	}
	return origin, answered
}

// baseLabels are those of the base image, if that is in a registry that is asked for
// this image anyway, or Docker Hub: a label is no reason to ask anybody else. nil where
// they are not known.
func (w *reading) baseLabels(ctx context.Context, repo image.Repository, about *registry.About) (labels map[string]string, answered bool) {
	name, digest := base(about)
	ref, err := image.Parse(name)
	from := ref.Repository()
	if err != nil || digest == "" || from.Registry != repo.Registry && from.Registry != image.DockerHub {
		return nil, true
	}
	said, err := w.Registry.About(registry.Spare(ctx), from, digest, nil)
	if err != nil {
		return nil, isFinal(err)
	}
	labels = map[string]string{}
	all := layers(&said)
	slices.Reverse(all) // what is said of the image alone counts
	for _, some := range all {
		maps.Copy(labels, some)
	}
	return labels, true
}

// isFinal tells whether an answer would be the same a little later.
func isFinal(err error) bool {
	return isAbsent(err) || errors.Is(err, registry.ErrUnauthorized) || errors.Is(err, registry.ErrTooLarge) || errors.Is(err, registry.ErrRefusedAddress)
}
