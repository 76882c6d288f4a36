package registry

import (
	"context"
	"time"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// About reads all that one image says of itself. What a digest names is asked for
// once and kept for ever; only an answer with NoConfig is asked for again after
// SharedOptions.Settled. It teaches what the reference is as well, so that Manifest
// asks nothing then.
//
// It costs what it costs a Client, two GETs for an image and three for an index, if
// the image was never met, and nothing if it was. A tag with platform nil lives as
// in Details: one that moves costs a HEAD after SharedOptions.Interval, and new GETs
// only if it has moved. What one that is settled once said stands for ever, unless
// Digest or Manifest learn that it stands for something else; About.Manifest tells
// what it is about. Such tags take from the same budget as those of Details, with the
// same Incomplete. With a platform a tag costs the HEAD first, where its digest is
// not known.
func (s *Shared) About(ctx context.Context, repo image.Repository, reference string, platform *Platform) (About, error) {
	owner, err := s.owner(ctx, repo)
	switch {
	case err != nil:
		return About{}, err
	case image.ValidDigest(reference):
		return s.aboutOf(ctx, owner, reference, platform)
	case platform == nil:
		q := question{owner: owner, about: aboutImageAbsence, reference: reference}
		return unlessAbsent(ctx, s, q, "reading about", func() (About, error) {
			return s.aboutTag(ctx, owner, reference)
		})
	}
	digest, err := s.digest(ctx, owner, reference)
	if err != nil {
		return About{}, err
	}
	return s.aboutOf(ctx, owner, digest, platform)
}

func imageOf(o owner, digest string, platform *Platform) question {
	return question{owner: o, about: aboutImage, reference: digest, platform: platformKey(platform)}
}

// aboutTag goes by what is known of the digest that the tag had last. As in Details
// the question what it has now is left out where others are to be asked first.
func (s *Shared) aboutTag(ctx context.Context, o owner, tag string) (About, error) {
	digest, fresh := s.lastDigest(ctx, o, tag)
	_, found := recall(ctx, s, imageOf(o, digest, nil), About.valid)
	switch {
	case !found:
		return s.aboutNewTag(ctx, o, tag)
	case fresh || !s.moves(o, tag) || s.waitsItsTurn(o, tag) || !s.spend(o, s.options.Budget/2):
		return s.aboutOf(ctx, o, digest, nil)
	}
	digest, err := s.digest(ctx, o, tag)
	if err != nil {
		return About{}, err
	}
	return s.aboutOf(ctx, o, digest, nil)
}

// aboutNewTag asks by the tag, which tells its digest as well, if that is within the
// budget.
func (s *Shared) aboutNewTag(ctx context.Context, o owner, tag string) (About, error) {
	return ask(ctx, s, imageOf(o, tag, nil), func(ctx context.Context) (About, error) {
		if err := s.afford(o, tag, "reading about"); err != nil {
			return About{}, err
		}
		asked := s.options.Now()
		told, err := sent(ctx, s, o, func() (About, error) { return s.source.About(ctx, o.repo, tag, nil) })
		if err != nil {
			return About{}, err
		}
		s.keepManifest(ctx, o, tag, told.Manifest, asked)
		kept, q := told.withoutTwice(), imageOf(o, told.Manifest.Digest, nil)
		s.keep(q, answer{value: kept, asked: asked})
		s.storeAbout(ctx, q, kept)
		return kept, nil
	})
}

func (s *Shared) aboutOf(ctx context.Context, o owner, digest string, platform *Platform) (About, error) {
	q := imageOf(o, digest, platform)
	return ask(ctx, s, q, func(ctx context.Context) (About, error) {
		if known, found := load(ctx, s, q, About.valid); found {
			return known, nil
		}
		asked := s.options.Now()
		told, err := sent(ctx, s, o, func() (About, error) { return s.source.About(ctx, o.repo, digest, platform) })
		if err != nil {
			return About{}, err
		}
		s.learnManifest(ctx, o, told.Manifest, asked)
		kept := told.withoutTwice()
		s.storeAbout(ctx, q, kept)
		return kept, nil
	})
}

// learnManifest keeps what a digest stands for, unless that is known.
func (s *Shared) learnManifest(ctx context.Context, o owner, manifest Manifest, asked time.Time) {
	q := question{owner: o, about: aboutManifest, reference: manifest.Digest}
	if _, found := recall(ctx, s, q, func(m Manifest) bool { return m.Digest == manifest.Digest }); found {
		return
	}
	s.keep(q, answer{value: manifest, asked: asked})
	s.store(ctx, q, manifest)
}

// storeAbout keeps what stays true.
func (s *Shared) storeAbout(ctx context.Context, q question, told About) {
	if !isPart(told) {
		s.store(ctx, q, told)
	}
}

// isPart tells whether an answer is not all there is.
func isPart(value any) bool {
	told, is := value.(About)
	return is && told.NoConfig
}

// valid tells whether something was read that can be about an image.
func (a About) valid() bool {
	return image.ValidDigest(a.Manifest.Digest) && image.ValidDigest(a.Platform.Digest)
}

// withoutTwice leaves out the annotations that stand elsewhere too, unbounded.
func (a About) withoutTwice() About {
	a.Manifest.Annotations = nil
	return a
}

// Provenance reads what BuildKit noted of a build. The answer is kept for ever. It
// costs two GETs at most, the first time.
func (s *Shared) Provenance(ctx context.Context, repo image.Repository, attestation string) (Provenance, error) {
	owner, err := s.owner(ctx, repo)
	if err != nil {
		return Provenance{}, err
	}
	q := question{owner: owner, about: aboutProvenance, reference: attestation}
	is := func(p provenanceOf) bool { return p.Of == attestation }
	kept, err := ask(ctx, s, q, func(ctx context.Context) (provenanceOf, error) {
		return stored(ctx, s, q, is, func() (provenanceOf, error) {
			told, err := sent(ctx, s, owner, func() (Provenance, error) { return s.source.Provenance(ctx, repo, attestation) })
			return provenanceOf{Of: attestation, Provenance: told}, err
		})
	})
	return kept.Provenance, err
}

// provenanceOf is what an attestation says, with its digest: one that says nothing
// is also an answer.
type provenanceOf struct {
	Of         string     `json:"of"`
	Provenance Provenance `json:"provenance"`
}
