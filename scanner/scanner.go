// Package scanner goes from a file system to a plan of updates: it finds image
// fields, asks registries, chooses, and edits. It knows nothing of GitHub; the
// command line and the App run the same code.
//
// It may import its sub-packages and config.
package scanner

import (
	"context"

	"github.com/imageupdater/imageupdater/scanner/format"
	"github.com/imageupdater/imageupdater/scanner/image"
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
	Floating     format.Code = "floating"      // a tag that is no version, without a digest to follow
	LookupFailed format.Code = "lookup-failed" // the registry could not be asked
)

// Update is one thing a field could move to.
type Update struct {
	Kind version.Kind `json:"kind"`
	Tag  string       `json:"tag"`
	// Digest is what the field's digest becomes; "" where the field has none.
	Digest string `json:"digest"`
	// Group is the name under which the update is proposed.
	Group string `json:"group"`
}

// Result is a field and how it ended.
type Result struct {
	Field   format.Field
	Status  Status
	Reason  *format.Reason // set unless Status is update or current
	Updates []Update       // set when Status is update: at most one without and one with a major step, in this order
}

// Plan is every field with its result, in the order of the inventory.
type Plan struct {
	Results  []Result
	Problems []format.Problem
}

// Registry is what planning asks of registries. Implementations may be called
// from several goroutines.
type Registry interface {
	// Tags lists all tags of a repository.
	Tags(ctx context.Context, repo image.Repository) ([]string, error)
	// Digest resolves a tag to the digest a client would pull.
	Digest(ctx context.Context, repo image.Repository, tag string) (string, error)
}
