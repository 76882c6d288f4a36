package version

import (
	"regexp"
	"time"

	"github.com/Masterminds/semver/v3"
)

// The kinds of DESIGN §2 that only policies other than the default give.
const (
	Pin      Kind = "pin"      // a digest is added
	Flavor   Kind = "flavor"   // another flavour of the same version
	Tag      Kind = "tag"      // a step under a strategy that knows no versions
	Rollback Kind = "rollback" // back to an older version
)

// Strategy is how the tags of an image are put in order.
type Strategy string

// The strategies. The first is the default.
const (
	StrategySemver       Strategy = "semver"       // as versions
	StrategyNewest       Strategy = "newest"       // by push time, else creation time
	StrategyAlphabetical Strategy = "alphabetical" // by bytes
	StrategyNumerical    Strategy = "numerical"    // as numbers of any length
	StrategyDigest       Strategy = "digest"       // one mutable tag is followed
)

// PinMode says whether digests are added.
type PinMode string

// The pin modes. The first is the default.
const (
	PinKeep   PinMode = "keep"   // a digest that is there is kept right, none is added
	PinDigest PinMode = "digest" // a digest is added where a scalar can take it
)

// FlavorMode says what becomes of the flavour of a tag, as "-alpine3.19".
type FlavorMode string

// The flavour modes. The first is the default.
const (
	FlavorKeep FlavorMode = "keep"
	FlavorMove FlavorMode = "move" // a version inside of the flavour may move
)

// Platform is a platform that an image must have. Variant may be "".
type Platform struct{ OS, Architecture, Variant string }

// Policy is everything that decides which tag an image moves to. Package
// config builds it from a repository's file.
type Policy struct {
	Strategy Strategy
	// Constraint is the range that a version must lie in; nil means any.
	Constraint *semver.Constraints
	// Allow are unanchored patterns of which a tag must fit one, unless there
	// are none. A group named order is what numerical and alphabetical
	// compare, one named version what semver does.
	Allow []*regexp.Regexp
	// Ignore are unanchored patterns of which a tag must fit none.
	Ignore []*regexp.Regexp
	// Prerelease lets pre-releases in where the current tag is none.
	Prerelease bool
	Flavor     FlavorMode
	// Platforms must all be there; none means those of the current image.
	Platforms []Platform
	// Kinds are the steps that are wanted. It is never empty.
	Kinds []Kind
	Pin   PinMode
	// MinAge is how long a tag must have been there.
	MinAge time.Duration
	// Track is the mutable tag that StrategyDigest follows; "" means the
	// current one.
	Track          string
	AllowDowngrade bool
	// SeparateMajor asks for two targets: the best without a major step and
	// the best with one.
	SeparateMajor bool
}
