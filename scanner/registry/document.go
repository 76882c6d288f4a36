package registry

import (
	"encoding/json"
	"fmt"
	"mime"
	"regexp"

	"github.com/google/go-containerregistry/pkg/v1/types"
)

// kind is what a manifest is of.
type kind int

const (
	kindUnknown kind = iota
	kindImage
	kindIndex
	kindSchema1
)

// kindOf is what a media type says; registries that do not know better send
// "application/json".
func kindOf(mediaType string) kind {
	bare, _, err := mime.ParseMediaType(mediaType)
	if err != nil {
		return kindUnknown
	}
	switch types.MediaType(bare) {
	case types.OCIManifestSchema1, types.DockerManifestSchema2:
		return kindImage
	case types.OCIImageIndex, types.DockerManifestList:
		return kindIndex
	case types.DockerManifestSchema1, types.DockerManifestSchema1Signed:
		return kindSchema1
	default:
		return kindUnknown
	}
}

// document is a manifest, be it of an image or an index, as far as it matters
// here. Digests are mere text until they are checked.
type document struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	Config        *entry            `json:"config"`
	Layers        []json.RawMessage `json:"layers"`
	Manifests     []entry           `json:"manifests"`
	Annotations   map[string]string `json:"annotations"`
}

// entry describes a config, or an image or index within an index.
type entry struct {
	MediaType    string            `json:"mediaType"`
	ArtifactType string            `json:"artifactType"`
	Digest       string            `json:"digest"`
	Size         int64             `json:"size"`
	Platform     runsOn            `json:"platform"`
	Annotations  map[string]string `json:"annotations"`
}

// runsOn is a platform as indexes and configs spell it.
type runsOn struct {
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
	Variant      string `json:"variant"`
	OSVersion    string `json:"os.version"`
}

func (r runsOn) platform(digest string) Platform {
	return Platform{OS: r.OS, Architecture: r.Architecture, Variant: r.Variant, OSVersion: r.OSVersion, Digest: digest}
}

var platformPattern = regexp.MustCompile(`^[A-Za-z0-9._-]{0,64}$`)

func (r runsOn) valid() bool {
	for _, part := range []string{r.OS, r.Architecture, r.Variant, r.OSVersion} {
		if !platformPattern.MatchString(part) {
			return false
		}
	}
	return true
}

// parse reads a manifest and says what it is of. What its parts say must not
// contradict each other: one client would pull this from it and another that.
func parse(contentType string, body []byte) (*document, kind, error) {
	var d document
	if err := json.Unmarshal(body, &d); err != nil {
		return nil, kindUnknown, unreadable(contentType, err)
	}
	said := append([]kind{kindOf(contentType), kindOf(d.MediaType)}, d.shapes()...)
	found := kindUnknown
	for _, k := range said {
		switch {
		case k == kindSchema1:
			return nil, kindUnknown, fmt.Errorf("%w: it is of Docker's schema 1, which is no longer pulled", ErrNoImage)
		case found == kindUnknown:
			found = k
		case k != kindUnknown && k != found:
			return nil, kindUnknown, fmt.Errorf("%w: the manifest contradicts itself: it is both an image and an index (%.100q, %.100q)", ErrNoImage, contentType, d.MediaType)
		}
	}
	switch {
	case found == kindUnknown:
		return nil, kindUnknown, fmt.Errorf("%w: the answer is neither an image nor an index (%.100q)", ErrNoImage, contentType)
	case found == kindImage && d.Config == nil:
		return nil, kindUnknown, fmt.Errorf("%w: %w", ErrNoImage, errNoConfig)
	}
	return &d, found, nil
}

// unreadable is a manifest that cannot be read. A page for people is none: that
// comes from what stands before a registry.
func unreadable(contentType string, cause error) error {
	err := fmt.Errorf("the manifest cannot be read: %w", cause)
	if bare, _, _ := mime.ParseMediaType(contentType); bare == "text/html" {
		return err
	}
	return unusable(err)
}

// shapes are the kinds whose fields a manifest has.
func (d *document) shapes() []kind {
	var shapes []kind
	if d.SchemaVersion == 1 {
		shapes = append(shapes, kindSchema1)
	}
	if d.Config != nil || len(d.Layers) > 0 {
		shapes = append(shapes, kindImage)
	}
	if len(d.Manifests) > 0 {
		shapes = append(shapes, kindIndex)
	}
	return shapes
}

// The annotations of an index's entry that is about another entry.
const (
	referenceType   = "vnd.docker.reference.type"
	referenceDigest = "vnd.docker.reference.digest"
)

// isImage tells whether an entry of an index is something to run. Attestations
// have the platform unknown/unknown; indexes of lazy loaders (SOCI) have the
// platform of the image they belong to, but say what they are.
func (e *entry) isImage() bool {
	_, refers := e.Annotations[referenceType]
	artefact := e.ArtifactType != "" && !types.MediaType(e.ArtifactType).IsConfig()
	unknown := e.Platform.OS == "unknown" && e.Platform.Architecture == "unknown"
	return kindOf(e.MediaType) == kindImage && !refers && !artefact && !unknown && e.Platform.valid()
}

// attests is the digest of the image that the entry is BuildKit's attestation of, ""
// if it is none.
func (e *entry) attests() string {
	if kindOf(e.MediaType) != kindImage || e.Annotations[referenceType] != "attestation-manifest" {
		return ""
	}
	return e.Annotations[referenceDigest]
}

// layers are those that can be read, each.
func (d *document) layers() []entry {
	layers := make([]entry, 0, len(d.Layers))
	for _, raw := range d.Layers {
		var layer entry
		if err := json.Unmarshal(raw, &layer); err == nil {
			layers = append(layers, layer)
		}
	}
	return layers
}

// maxSize is more than any image has, in bytes.
const maxSize = 1 << 50

// size is what is stored of an image's layers; 0 where a size is none that can be.
func (d *document) size() int64 {
	layers := d.layers()
	if len(layers) < len(d.Layers) {
		return 0
	}
	sum := int64(0)
	for _, layer := range layers {
		switch {
		case layer.Size < 0 || layer.Size > maxSize-sum:
			return 0
		case types.MediaType(layer.MediaType).IsDistributable():
			sum += layer.Size
		}
	}
	return sum
}
