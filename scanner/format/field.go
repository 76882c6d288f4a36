// Package format finds the image fields of deployment manifests: one file a
// format, one table of rules for what a map means.
//
// It imports scanner/image and scanner/edit and nothing else of the project.
package format

import (
	"github.com/imageupdater/imageupdater/scanner/edit"
	"github.com/imageupdater/imageupdater/scanner/image"
)

// Format names a family of manifests. The values are those of `scan.formats`.
type Format string

// The formats, in the order in which the documentation lists them.
const (
	Helm       Format = "helm"
	Kustomize  Format = "kustomize"
	ArgoCD     Format = "argocd"
	Flux       Format = "flux"
	Kubernetes Format = "kubernetes"
)

// Code is a stable word for why a field is not updated. Codes are part of the
// JSON contract (docs/scan-json.md).
type Code string

// The codes that finding gives. Planning adds its own.
const (
	NoVersion   Code = "no-version"   // the field names an image and no tag or digest
	Templated   Code = "templated"    // a template or variable stands where the name or tag should
	Invalid     Code = "invalid"      // what stands there is no image reference
	NameUnknown Code = "name-unknown" // a tag whose image stands nowhere, or in several places that disagree
	Shared      Code = "shared"       // one tag or digest drives several images
	Ambiguous   Code = "ambiguous"    // the map can be read in more than one way
	DigestOnly  Code = "digest-only"  // a digest without a tag to follow
	NotEditable Code = "not-editable" // the scalar's bytes cannot be replaced safely
	Ignored     Code = "ignored"      // a comment says: imageupdater: ignore
	Held        Code = "held"         // a comment says: imageupdater: hold
)

// Reason says why, in a word for programs and a sentence for people.
type Reason struct {
	Code   Code   `json:"code"`
	Detail string `json:"detail"`
}

// Field is one place of one file that names an image.
type Field struct {
	// File is the slash-separated path below the scanned directory.
	File   string
	Format Format
	// Path is where in the file's YAML the field stands, for people:
	// "spec.values.image". Text inside a block scalar follows a "|".
	Path string
	// Ref is the reference that the field makes: its name completed from the
	// scalars beside it and from neighbouring files. Where Skip is set it may
	// be incomplete.
	Ref image.Reference
	// Tag and Digest are where tag and digest are written; nil where they
	// are not. An empty digest scalar that can take one has a slot with
	// Old "".
	Tag, Digest *edit.Slot
	// BareDigest is set where the digest is written without "sha256:".
	BareDigest bool
	// Line and Column are where a person should look: the tag, else the
	// digest, else the name.
	Line, Column int
	// Skip is why the field must be left alone; nil where it may be updated.
	Skip *Reason
}

// Problem is something in a file that could not be read.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}
