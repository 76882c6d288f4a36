package run

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

const (
	// factsTime is how long pull requests wait for what is only told in their
	// text.
	factsTime = 30 * time.Second
	// questions is how many are asked at a time.
	questions = 4
)

// facts are what registries say of the images of proposals, before and after. The
// planner has asked most of it already. What no registry answers is left out: the
// text gains it later.
func (r *Runner) facts(ctx context.Context, proposals []*proposal.Proposal) map[string]proposal.Facts {
	asked := map[string]func() (registry.Manifest, error){}
	ctx, cancel := context.WithTimeout(ctx, factsTime)
	defer cancel()
	for _, p := range proposals {
		for i := range p.Changes {
			c := &p.Changes[i]
			repo := c.Choice.Field.Ref.Repository()
			for _, value := range []proposal.Value{c.From, c.To} {
				asked[proposal.FactsKey(c.Image, value)] = func() (registry.Manifest, error) { return r.manifest(ctx, repo, value) }
			}
		}
	}
	var mu sync.Mutex
	known := map[string]proposal.Facts{}
	var all errgroup.Group
	all.SetLimit(questions)
	for key, ask := range asked {
		all.Go(func() error {
			manifest, err := ask()
			if err != nil && !errors.Is(err, registry.ErrNotFound) && !errors.Is(err, registry.ErrNoImage) {
				return nil // it is not known, which is all that there is to it
			}
			mu.Lock()
			defer mu.Unlock()
			known[key] = factsOf(manifest)
			return nil
		})
	}
	_ = all.Wait() // none fails
	return known
}

func (r *Runner) manifest(ctx context.Context, repo image.Repository, value proposal.Value) (registry.Manifest, error) {
	reference := value.Digest
	if reference == "" {
		reference = value.Tag
	}
	if reference == "" {
		return registry.Manifest{}, registry.ErrNotFound
	}
	return r.Registry.Manifest(ctx, repo, reference) //nolint:wrapcheck // only its kind is looked at
}

func factsOf(m registry.Manifest) proposal.Facts {
	facts := proposal.Facts{Digest: m.Digest}
	for _, p := range m.Platforms {
		if p.OS == "" { // nobody told
			continue
		}
		name := p.OS + "/" + p.Architecture
		if p.Variant != "" {
			name += "/" + p.Variant
		}
		facts.Platforms = append(facts.Platforms, name)
	}
	slices.Sort(facts.Platforms)
	facts.Platforms = slices.Compact(facts.Platforms)
	return facts
}
