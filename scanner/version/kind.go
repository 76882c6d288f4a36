// Package version puts tags in order and chooses among them.
//
// It is pure and imports nothing of the project.
package version

import "slices"

// Kind is the kind of a step from one reference to another.
type Kind string

// The kinds of DESIGN §2.
const (
	Major    Kind = "major"
	Minor    Kind = "minor"
	Patch    Kind = "patch"
	Build    Kind = "build"    // a build counter or a fourth part
	Digest   Kind = "digest"   // the same tag, new content
	Pin      Kind = "pin"      // a digest is added
	Flavor   Kind = "flavor"   // the same version, another version of its flavour
	Tag      Kind = "tag"      // a step under a strategy that knows no versions
	Rollback Kind = "rollback" // back to an older version
)

// Kinds are all kinds, in the order in which the documentation lists them.
func Kinds() []Kind {
	return []Kind{Major, Minor, Patch, Build, Digest, Pin, Flavor, Tag, Rollback}
}

// step is the kind of a step between two versions that differ in numbers,
// pre-release or the version of their flavour alone.
func step(from, to *Version) Kind {
	for i := range from.parts {
		if from.parts[i] != to.parts[i] {
			return kindOfPart(i, from.calendar() || from.parts[0].long())
		}
	}
	switch {
	case from.pre.compare(to.pre) != 0:
		return Patch
	case from.shape.flavor != to.shape.flavor:
		return Flavor
	}
	return Build
}

// kindOfPart is the kind of a step in part i. A new year is no promise of
// breakage, so it is minor.
func kindOfPart(i int, dated bool) Kind {
	kinds := []Kind{Major, Minor, Patch, Build}
	kind := kinds[min(i, len(kinds)-1)]
	if dated && kind == Major {
		return Minor
	}
	return kind
}

// wants tells whether a policy lets a kind of step be taken.
func (p *Policy) wants(kind Kind) bool { return slices.Contains(p.Kinds, kind) }
