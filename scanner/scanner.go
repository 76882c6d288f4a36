// Package scanner goes from a file system to a plan of updates: it finds image
// fields, asks registries, chooses, and edits. It knows nothing of GitHub; the
// command line and the App run the same code.
//
// It may import its sub-packages and config.
package scanner

import (
	"context"
	"io/fs"

	"github.com/imageupdater/imageupdater/scanner/format"
	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/version"
)

// Inventory is what a scan found, before any registry is asked.
type Inventory struct {
	// Fields are sorted by file, line and column.
	Fields []format.Field
	// Problems are the files that could not be read, sorted by file.
	Problems []format.Problem
	// Files counts the files looked at, Parsed those that were parsed.
	Files, Parsed int
}

// FindOptions narrows a scan. The zero value is the default.
type FindOptions struct {
	// Workers is how many files are read at a time; 0 means GOMAXPROCS.
	Workers int
	// Progress, when set, is called as files are done, from several goroutines.
	Progress func(files int)
}

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

// Find reads the tree and finds every image field. It never follows symbolic
// links and never writes. The error is the context's or that of reading the
// tree itself; what is wrong with one file is a problem of the inventory.
func Find(ctx context.Context, tree fs.FS, options FindOptions) (*Inventory, error) {
	return &Inventory{}, nil
}

// Planner asks a registry and chooses.
type Planner struct {
	// Registry may be nil: then nothing is asked and what could be is skipped as NotAsked.
	Registry Registry
	// Workers is how many images are asked at a time; 0 means 8.
	Workers int
	// Progress, when set, is called after each image, from several goroutines.
	Progress func(done, total int)
}

// Plan gives every field of the inventory its result. Each image is asked once
// however many fields hold it. The error is the context's alone.
func (p *Planner) Plan(ctx context.Context, inventory *Inventory) (*Plan, error) {
	return &Plan{}, nil
}

// Choice is one update of one field to write.
type Choice struct {
	Field  format.Field
	Update Update
}

// Rewrite returns the bytes of a file with the chosen updates written, all at
// once, and nothing else changed. It fails rather than return anything that
// differs in more than the planned values.
func Rewrite(src []byte, choices []Choice) ([]byte, error) {
	return src, nil
}
