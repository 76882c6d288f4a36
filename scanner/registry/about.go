package registry

import "time"

// About is what an image says of itself, and what can be told of it without pulling
// it. Its texts are the publisher's: all of it may be wrong, and may hold anything.
type About struct {
	// Manifest is what the reference stands for: the index where there is one.
	Manifest Manifest
	// Platform is that of the one image that was read. Its digest is that of the
	// image's own manifest.
	Platform Platform
	// Created is when the image was built, as in Details.
	Created time.Time
	// Size is the sum of the layers as they are stored, compressed, in bytes.
	Size int64
	// Index are the annotations of the index, Descriptor those of its entry for the
	// image, and Annotations those of the image's manifest; nil where there are none.
	Index, Descriptor, Annotations map[string]string
	// Labels are those of the image's config, some perhaps of its base image.
	Labels map[string]string
	// Attestation is the digest of the manifest that holds what BuildKit says of
	// the image's build; "" where there is none.
	Attestation string
}

// Provenance is what BuildKit noted of a build. Nobody vouches for it.
type Provenance struct {
	// Source is the address of the repository, and Revision the commit; "" where
	// they are not told.
	Source, Revision string
}
