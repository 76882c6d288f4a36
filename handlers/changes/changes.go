// Package changes reads what changed between the two images of each update: what a
// registry tells of both, where their source is, and what was written there.
//
// It may import package proposal, scanner and config.
package changes

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner/changelog"
	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

const (
	// imagesTime and notesTime are how long pull requests wait for what is only
	// told in their text. What is not known by then comes with a later look.
	imagesTime = 30 * time.Second
	notesTime  = 20 * time.Second
	// questions is how many are asked at a time.
	questions = 4
)

// Registry is what is asked about images. What does not exist is
// registry.ErrNotFound or registry.ErrNoImage.
type Registry interface {
	// Manifest tells what a tag or a digest stands for.
	Manifest(ctx context.Context, repo image.Repository, reference string) (registry.Manifest, error)
	// About reads what an image says of itself.
	About(ctx context.Context, repo image.Repository, reference string, platform *registry.Platform) (registry.About, error)
	// Provenance reads what BuildKit noted of a build.
	Provenance(ctx context.Context, repo image.Repository, attestation string) (registry.Provenance, error)
}

// Memory keeps what was read for a repository. It may forget at any time.
type Memory interface {
	Note(ctx context.Context, repository int64, name string) ([]byte, bool)
	KeepNote(ctx context.Context, repository int64, name string, value []byte)
}

// Reader reads what changed. Its fields have to be set; it may be used from several
// goroutines, but for one target at a time.
type Reader struct {
	Registry Registry
	Memory   Memory
	// Forges tells which hosts are GitHubs.
	Forges changelog.Forges
	Now    func() time.Time
}

// Step is what one image does in a proposal, wherever.
type Step struct {
	// Image is its canonical name, Repository the same for registries.
	Image      string
	Repository image.Repository
	From, To   proposal.Value
	// Pushed is when the registry was given what To is, Was the same of From; zero
	// where it does not tell.
	Pushed, Was time.Time
	// Operator and File are the addresses that the server's and the repository's
	// maps have for its source; "" for none.
	Operator, File string
	// Beside is how many steps share the text, this one with them.
	Beside int
}

// stepOf is what a change does to its image, with the maps of the server and of the
// repository's file.
func stepOf(c *proposal.Change, operator, file config.Sources) Step {
	about := config.Data{
		Subject: config.Subject{Image: c.Image, Path: c.Path, Format: config.Format(c.Choice.Field.Format)}, Kind: c.Kind,
	}
	return Step{
		Image: c.Image, Repository: c.Choice.Field.Ref.Repository(), From: c.From, To: c.To,
		Pushed: c.Choice.Update.Pushed, Was: c.Choice.Update.Was, Operator: operator.Find(about), File: file.Find(about),
	}
}

// Key is the step's among changelogs.
func (s *Step) Key() string { return proposal.StepKey(s.Image, s.From, s.To) }

// Target is where what changed is shown.
type Target struct {
	// ID is the repository's; what was read is remembered for it.
	ID int64
	// Visibility is who sees it, Reader names as whom sources are read for it: what was
	// read as another is not shown any more.
	Visibility changelog.Visibility
	Reader     string
	// Source reads for it; with nil nothing is read but what registries tell.
	Source changelog.Source
	// AllowPrivate tells that the operator lets private sources be shown.
	AllowPrivate bool
}

// rights are what may be shown, as a text that is another one where that is other.
func (t *Target) rights() string {
	return fmt.Sprintf("%d %t %s", t.Visibility, t.AllowPrivate, t.Reader)
}

// Found is what was read. Of what could not be there is no entry.
type Found struct {
	// Facts are of images at a value, by proposal.FactsKey, Changelogs of steps,
	// by proposal.StepKey; nil where there is no source.
	Facts      map[string]proposal.Facts
	Changelogs map[string]proposal.Changelog
	// Troubles are why sources did not answer, each once.
	Troubles []error
	// Next is when more may be known; zero where nothing lacks.
	Next time.Time
}

// Read reads what changed, within a minute. It gives what it has by then.
func (r *Reader) Read(ctx context.Context, target *Target, steps []Step) Found {
	w := &reading{Reader: r, target: target, found: Found{Facts: map[string]proposal.Facts{}}}
	steps = once(steps)
	images := w.images(ctx, steps)
	w.facts(steps, images)
	w.changelogs(ctx, steps, images)
	return w.found
}

// StepsOf are those of a proposal, each once.
func StepsOf(p *proposal.Proposal, operator, file config.Sources) []Step {
	var all []Step
	for i := range p.Changes {
		all = append(all, stepOf(&p.Changes[i], operator, file))
	}
	all = once(all)
	for i := range all {
		all[i].Beside = len(all)
	}
	return all
}

// once leaves each step once, with the most beside it.
func once(steps []Step) []Step {
	at := map[string]int{}
	var all []Step
	for _, s := range steps {
		i, known := at[s.Key()]
		if !known {
			at[s.Key()] = len(all)
			all = append(all, s)
			continue
		}
		all[i].Beside = max(all[i].Beside, s.Beside)
	}
	return all
}

// reading is Read under way.
type reading struct {
	*Reader

	target *Target
	mu     sync.Mutex
	found  Found
}

// each does something for each of n, a few at a time.
func each(n int, do func(int)) {
	var all errgroup.Group
	all.SetLimit(questions)
	for i := range n {
		all.Go(func() error { do(i); return nil })
	}
	_ = all.Wait() // none fails
}

// wake lets the next look come no later than a time.
func (w *reading) wake(at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.found.Next.IsZero() || at.Before(w.found.Next) {
		w.found.Next = at
	}
}
