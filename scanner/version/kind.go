// Package version puts tags in order and chooses among them.
//
// It is pure and imports nothing of the project.
package version

// Kind is the kind of a step from one reference to another.
type Kind string

// The kinds of DESIGN §2 that the default rules give.
const (
	Major  Kind = "major"
	Minor  Kind = "minor"
	Patch  Kind = "patch"
	Build  Kind = "build"  // a build counter or a fourth part
	Digest Kind = "digest" // the same tag, new content
)
