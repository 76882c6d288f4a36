package version

// Reason is why a tag is no target, as a phrase that completes "refused: …".
type Reason string

// Why a tag cannot be compared with the current one, or is not newer.
const (
	IsCurrent     Reason = "the current tag"
	NotAVersion   Reason = "not a version"
	NotANumber    Reason = "not a number"
	TooMuchWork   Reason = "the image has too many tags for so many patterns"
	TimeUnknown   Reason = "neither push nor creation time is known"
	OtherPrefix   Reason = "another prefix"
	OtherParts    Reason = "another number of parts"
	OtherFlavor   Reason = "another flavour"
	OtherCounters Reason = "build counters of another form"
	OtherScheme   Reason = "a date or year among versions, or the reverse"
	SameVersion   Reason = "the same version, spelt otherwise"
	Equal         Reason = "neither newer nor older"
	Older         Reason = "older than the current tag"
)

// Why a policy refuses what could be compared and is newer, in the order in
// which they are told.
const (
	IsIgnored     Reason = "an entry of ignore"
	Closed        Reason = "its proposal was closed"
	RolledBack    Reason = "it was rolled back"
	TooYoung      Reason = "too young"
	AgeUnknown    Reason = "its age is not known"
	NotAllowed    Reason = "fits none of tags.allow"
	TagIgnored    Reason = "fits tags.ignore"
	IsPreRelease  Reason = "a pre-release"
	FlavorVersion Reason = "another version of the flavour"
	OlderFlavor   Reason = "an older version of the flavour"
	KindUnwanted  Reason = "a kind of step that is not wanted"
	OutOfRange    Reason = "outside of constraint"
	NotPullable   Reason = "cannot be pulled"
	LacksPlatform Reason = "lacks a platform"
)

// Why a tag that could have been a target is none.
const (
	SpeltOtherwise  Reason = "another spelling of the chosen tag"
	OlderThanTarget Reason = "older than the chosen tag"
	SameImages      Reason = "an index of the same images"
)
