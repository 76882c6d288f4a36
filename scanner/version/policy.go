package version

import (
	"regexp"
	"time"

	"github.com/Masterminds/semver/v3"
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

// Policy is everything that decides which tag an image moves to. Package
// config builds it from a repository's file. The zero value wants nothing:
// DefaultPolicy is what holds where nobody wrote anything.
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
	// Ignored are versions and tags that nothing moves to.
	Ignored []Ignored
	// Prerelease lets pre-releases in where the current tag is none.
	Prerelease bool
	Flavor     FlavorMode
	// Platforms must all be there; none means those of the current image.
	Platforms []Platform
	// Kinds are the steps that are wanted.
	Kinds []Kind
	Pin   PinMode
	// MinAge is how long a tag must have been there, and MinAges the same for
	// steps of a kind for which it differs.
	MinAge  time.Duration
	MinAges map[Kind]time.Duration
	// Track is the mutable tag that StrategyDigest follows; "" means the
	// current one.
	Track string
	// AllowDowngrade lets an older tag be chosen when the current one fits the
	// policy no more and nothing newer does.
	AllowDowngrade bool
	// SeparateMajor asks for two targets: the best without a major step and
	// the best with one.
	SeparateMajor bool
}

// Ignored is an entry of ignore: what either of its parts fits is not moved
// to. Without parts it is everything.
type Ignored struct {
	Versions *semver.Constraints
	Tags     []*regexp.Regexp
	// Text names the entry and its reason, for people.
	Text string
}

// DefaultPolicy is what holds where nobody wrote anything: semantic versions,
// and every kind of step but those that have to be asked for.
func DefaultPolicy() *Policy {
	return &Policy{
		Strategy: StrategySemver, Flavor: FlavorKeep, Pin: PinKeep, SeparateMajor: true,
		Kinds: []Kind{Major, Minor, Patch, Build, Digest, Pin, Tag},
	}
}

// minAge is how old what a step of a kind leads to must be. A pin leads nowhere
// new: unless somebody asks for it by name it needs no age.
func (p *Policy) minAge(kind Kind) time.Duration {
	if age, set := p.MinAges[kind]; set {
		return age
	}
	if kind == Pin {
		return 0
	}
	return p.MinAge
}

// The names of groups in Policy.Allow that mean something.
const (
	groupOrder   = "order"
	groupVersion = "version"
)

// group is the name of the group that the strategy compares.
func (p *Policy) group() string {
	switch p.Strategy {
	case StrategySemver:
		return groupVersion
	case StrategyNumerical, StrategyAlphabetical:
		return groupOrder
	case StrategyNewest, StrategyDigest:
	}
	return ""
}
