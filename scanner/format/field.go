// Package format finds the image fields of deployment manifests: one file a
// format, one table (shapes.go) for what a map means.
//
// It imports scanner/image and scanner/edit and nothing else of the project.
package format

import (
	"strconv"
	"strings"

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
	Excluded    Code = "excluded"     // the scan leaves out the file, or its format
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
	// be incomplete or no reference at all.
	Ref image.Reference
	// Tag and Digest are where tag and digest are written; nil where they
	// are not.
	Tag, Digest *edit.Slot
	// EmptyDigest is the empty scalar beside the tag into which a digest can be
	// written; nil where there is none.
	EmptyDigest *edit.Slot
	// BareDigest is set where the digest is written, or to be written, without
	// "sha256:".
	BareDigest bool
	// DigestInTag is set where a digest can be added in the tag's own scalar:
	// Tag becomes tag@digest.
	DigestInTag bool
	// DigestAdvice says how to make room for a digest. It is "" where a digest
	// is written or can be added, and where Skip is set.
	DigestAdvice string
	// Line and Column are where a person should look: the tag, else the
	// digest, else the name.
	Line, Column int
	// Skip is why the field must be left alone; nil where it may be updated.
	Skip *Reason
	// HoldUntil is the day, as YYYY-MM-DD, from which a comment lets the field
	// be updated again; "" where no comment holds it.
	HoldUntil string
}

// Problem is something in a file that could not be read.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

// Finding is what one file says by itself. Names that stand in other files are
// completed by the caller, which sees all findings.
type Finding struct {
	Fields   []Found
	Problems []Problem
	// Names is, for a file of Helm values, the image that the tag at each
	// values path belongs to.
	Names map[string]Name
	// Global is, for a file of Helm values, the registry for all images.
	Global Global
	// Releases are the charts that the file installs, with their values.
	Releases []Release
	// Policies and Repositories are Flux's ImagePolicy and ImageRepository
	// objects by "namespace:name" and by name.
	Policies map[string]string
	Images   map[string]string
	// Chart is set for a Chart.yaml.
	Chart *Chart
}

// Found is a field together with what is needed to complete its name.
type Found struct {
	Field
	// Values is the path of the tag in the tree of Helm values that holds the
	// field; "" outside of one.
	Values string
	// Release is the index in Finding.Releases of the release whose inline
	// values hold the field; -1 otherwise.
	Release int
	// Policy is the Flux image policy, "namespace:name", that a marker names.
	Policy string
	// Missing is what has to come from elsewhere.
	Missing Missing
	// OwnRegistry is set where a registry key of its own gives the registry,
	// which a registry for all images replaces.
	OwnRegistry bool
	// DigestKey is set where a key beside the tag is there for its digest,
	// filled or empty.
	DigestKey bool
	// Tentative fields are images only if a name is found for them.
	Tentative bool
}

// Missing says which part of a field's name is not beside its tag.
type Missing int

// What may be missing.
const (
	NothingMissing Missing = iota
	NameMissing
	// RegistryMissing: a repository without a host, which a chart's values
	// may complete with a registry.
	RegistryMissing
)

// Name is the parts of an image's name as values files give them.
type Name struct{ Registry, Repository string }

// Release is a chart installed with values from files of this repository.
type Release struct {
	// Chart is the chart's folder in this repository; "" for a remote chart.
	Chart string
	// ValueFiles are the values files, as paths below the scanned directory.
	ValueFiles []string
	// Global is the registry that the inline values set for all images.
	Global Global
	// Names is, for the inline values, what Finding.Names is for a file.
	Names map[string]Name
	// Open tells that there are values, from a cluster or behind a template,
	// that cannot be known here.
	Open bool
}

// Key tells releases apart that use different values.
func (r Release) Key() string {
	return strings.Join(append([]string{r.Chart, r.Global.Registry, strconv.FormatBool(r.Open), strconv.FormatBool(r.Global.Replaces)}, r.ValueFiles...), "\x00")
}

// Global is a registry for all images of a chart. Replaces tells whether it
// takes the place of those that images name themselves, or only fills in.
type Global struct {
	Registry string
	Replaces bool
}

// Chart is what a Chart.yaml says.
type Chart struct {
	Dependencies []Dependency
	// AppVersion is the field that appVersion would make, if a template reads
	// it as the tag of one image; its name is not known yet.
	AppVersion *Field
}

// Dependency is one entry of a Chart.yaml's dependencies.
type Dependency struct{ Name, Alias, Repository string }
