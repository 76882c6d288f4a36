// Package scanner goes from a file system to a plan of updates: it finds image
// fields, asks registries, chooses, and edits. It knows nothing of GitHub; the
// command line and the App run the same code.
//
// It may import its sub-packages and config.
package scanner

import (
	"context"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner/format"
	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
	"github.com/imageupdater/imageupdater/scanner/version"
)

// Status is how a field ended.
type Status string

// Every field ends as exactly one of these.
const (
	StatusUpdate  Status = "update"
	StatusCurrent Status = "current"
	StatusSkipped Status = "skipped"
	StatusProblem Status = "problem"
)

// The codes that planning adds to those of package format.
const (
	NotAsked     format.Code = "not-asked"     // offline
	Disabled     format.Code = "disabled"      // the configuration says enabled: false
	Floating     format.Code = "floating"      // a tag that is no version, without a digest to follow
	Incomparable format.Code = "incomparable"  // the strategy cannot say what is newer than the tag
	NoPlace      format.Code = "no-place"      // a digest is wanted and there is no scalar to hold it
	Postponed    format.Code = "postponed"     // the registry gives no more for now, or not all is known yet
	LookupFailed format.Code = "lookup-failed" // the registry could not be asked
)

// Update is one thing a field could move to.
type Update struct {
	Kind version.Kind
	// Tag is what the field's tag becomes; "" where the field has none.
	Tag string
	// Digest is what the field's digest becomes, or the digest that is added;
	// "" where there is none.
	Digest string
	// Group is the name under which the update is proposed.
	Group string
	// Since is when the registry was given what the update moves to, or, where it
	// does not tell that and was asked when it was built, that; otherwise zero.
	Since time.Time
	// Pushed is when the registry was given what the update moves to, and Was when it
	// was given the tag that the field has; zero where it does not tell.
	Pushed, Was time.Time
}

// Result is a field and how it ended.
type Result struct {
	Field   format.Field
	Status  Status
	Reason  *format.Reason // set unless Status is update or current
	Updates []Update       // set when Status is update: at most one without and one with a major step, in this order
	// Waiting is the newest tag, or "tag@digest", that only its age keeps from
	// being an update; nil where there is none.
	Waiting *Waiting
	// Young are the newest tags that age is against, a few, whatever else is.
	Young []string
	// Passed are the newest tags that nothing but an entry of ignore, a closed
	// proposal or a rollback keeps from being an update.
	Passed []version.Rejection
	// Next is when the registry is asked again about a field that is postponed or
	// a problem; zero where nobody knows.
	Next time.Time
	// Settings are what the configuration says of the field; they are empty
	// where its image is not known.
	Settings config.Resolved
	// Choice is the whole decision, if the planner was to explain and a
	// registry was asked.
	Choice *version.Choice
}

// Waiting is what a field will be able to move to.
type Waiting struct {
	Tag   string
	Kind  version.Kind
	Until time.Time
}

// Plan is every field with its result, in the order of the inventory.
type Plan struct {
	Results  []Result
	Problems []format.Problem
	// Warnings are settings that have not the effect they seem to have, as the
	// tags show it.
	Warnings config.Warnings
}

// Registry is what planning asks of registries. Implementations may be called
// from several goroutines. What does not exist is registry.ErrNotFound.
type Registry interface {
	// List lists all tags of a repository.
	List(ctx context.Context, repo image.Repository) ([]registry.Tag, error)
	// Digest resolves a tag to the digest a client would pull.
	Digest(ctx context.Context, repo image.Repository, tag string) (string, error)
	// Manifest tells what a tag or a digest stands for.
	Manifest(ctx context.Context, repo image.Repository, reference string) (registry.Manifest, error)
	// Details reads the config of one image.
	Details(ctx context.Context, repo image.Repository, reference string, platform *registry.Platform) (registry.Details, error)
}

// History remembers when tags were first seen, for registries that do not tell
// when they were pushed.
type History interface {
	// FirstSeen gives the time at which each of the names, "tag" or
	// "tag@digest", was first asked for; now for those that are new.
	FirstSeen(ctx context.Context, repo image.Repository, names []string) (map[string]time.Time, error)
}
