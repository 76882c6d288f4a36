package changelog

import (
	"github.com/imageupdater/imageupdater/scanner/image"
)

// Facts are what is known of one image: of the one that is proposed, or the one
// it takes the place of, never of the newest. All maps may be nil, and all text
// is as its publisher wrote it.
type Facts struct {
	Image image.Repository
	// Tag is "" for an image that is named by digest alone.
	Tag string

	// Operator and File are the URLs that the server's and the file's map have
	// for the image, with templates executed.
	Operator, File string
	// Signed is from the identity of a verified signature.
	Signed Hint
	// Index, Descriptor and Manifest are annotations: of the index, of its entry
	// for the platform, and of the platform's manifest.
	Index, Descriptor, Manifest map[string]string
	// Config are the labels in the image's config. They may be its base image's.
	Config map[string]string
	// Provenance is what BuildKit noted, which nobody vouches for.
	Provenance Hint

	// Base are the labels of the base image, for telling inherited ones apart;
	// nil where they are not known.
	Base map[string]string
	// Lacks is a repository that was asked for the commit that the image names, and
	// does not have it; zero where there is none.
	Lacks Repository
}

// Hint is a source and a revision that are told outside of labels.
type Hint struct{ Source, Revision string }

// Layer is who told where the source of an image is.
type Layer string

// The layers, from the first that is believed to the last.
const (
	ByOperator   Layer = "the server's configuration"
	ByFile       Layer = "changelog.sources"
	BySignature  Layer = "the image's signature"
	ByIndex      Layer = "annotations of the index"
	ByDescriptor Layer = "annotations of the index's entry"
	ByManifest   Layer = "annotations of the image"
	ByConfig     Layer = "labels of the image"
	ByProvenance Layer = "the build's provenance"
	ByTable      Layer = "a table of well-known images"
)

// Doubt is why an origin is uncertain, as a clause of its own; "" if it is not.
type Doubt string

// Why an origin may be wrong. Only labels of a config can be inherited; what people
// said, or signed, is not doubted.
const (
	Inherited Doubt = "its base image says the same, so it may be the base image's source"
	OtherName Doubt = "its name has nothing in common with the image's, so it may be the base image's source"
	Unvouched Doubt = "nobody but the build itself says so"
	NoCommit  Doubt = "it does not have the commit that the image says it was built from"
)

// Reason is why something was passed over, as a clause of its own.
type Reason string

// Why a layer did not tell the origin, or not all of it.
const (
	NotAnAddress   Reason = "it is no address of a repository"
	NotARevision   Reason = "it is neither a commit nor a tag"
	OtherSource    Reason = "its revision belongs to another repository"
	IsPackaging    Reason = "that repository holds the packaging alone"
	IsDoubtful     Reason = "something better was found"
	OtherThanInTag Reason = "the image's tag names another commit"
)

// Passed is what was passed over, and why. Text is at most 200 bytes of what was
// written there.
type Passed struct {
	Text   string
	Layer  Layer
	Reason Reason
}

// Origin is where the source of an image is.
type Origin struct {
	// Repository is zero where it is not known.
	Repository Repository
	Directory  string
	// Revision is the commit, or the tag, that the image was built from; "" where
	// it is not known. It belongs to Repository.
	Revision string
	// Version is what the image says that its version is, if that can be read as
	// one; "" otherwise, and where its base image says the same.
	Version string
	// Tag is how the repository spells tags of versions, for Span.Template; "" where that is not known.
	Tag   string
	Layer Layer
	Doubt Doubt
	// Packaging is the repository that the image was built from, where that is
	// not its software's. Doubt and Layer are not about it.
	Packaging Address
	Passed    []Passed
}
