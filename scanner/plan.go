package scanner

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/imageupdater/imageupdater/scanner/format"
	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/version"
)

// defaultWorkers is how many images are asked at a time.
const defaultWorkers = 8

// Planner asks a registry and chooses.
type Planner struct {
	// Registry may be nil: then nothing is asked and what could be is skipped as NotAsked.
	Registry Registry
	// Now tells the day for holds that end; nil means that no hold ends.
	Now func() time.Time
	// Workers is how many images are asked at a time; 0 means 8.
	Workers int
	// Progress, when set, is called after each image, from several goroutines.
	Progress func(done, total int)
}

// Plan gives every field of the inventory its result. Each image is asked once
// however many fields hold it. The error is the context's alone.
func (p *Planner) Plan(ctx context.Context, inventory *Inventory) (*Plan, error) {
	plan := &Plan{Results: make([]Result, len(inventory.Fields)), Problems: inventory.Problems}
	asked := map[image.Repository][]*Result{}
	var order []image.Repository
	for i, field := range inventory.Fields {
		result := &plan.Results[i]
		*result = p.unasked(field)
		if result.Status != "" {
			continue
		}
		repository := field.Ref.Repository()
		if asked[repository] == nil {
			order = append(order, repository)
		}
		asked[repository] = append(asked[repository], result)
	}
	if err := p.ask(ctx, order, asked); err != nil {
		return nil, fmt.Errorf("asking registries: %w", err)
	}
	return plan, nil
}

// unasked ends the fields for which no registry is needed. The status is ""
// where one is.
func (p *Planner) unasked(field format.Field) Result {
	result := Result{Field: field}
	_, isVersion := version.Parse(field.Ref.Tag)
	switch {
	case field.Skip != nil:
		result.skip(*field.Skip)
	case p.held(field):
		result.skip(format.Reason{Code: format.Held, Detail: heldDetail(field)})
	case !isVersion && field.Digest == nil:
		result.skip(format.Reason{Code: Floating, Detail: fmt.Sprintf("the tag %s is no version, and there is no digest to follow", field.Ref.Tag)})
	case p.Registry == nil:
		result.skip(format.Reason{Code: NotAsked, Detail: "offline: no registry was asked"})
	}
	return result
}

func (r *Result) skip(reason format.Reason) {
	r.Status, r.Reason = StatusSkipped, &reason
}

func (r *Result) fail(err error) {
	r.Status, r.Updates = StatusProblem, nil
	r.Reason = &format.Reason{Code: LookupFailed, Detail: err.Error()}
}

func (p *Planner) held(field format.Field) bool {
	return field.HoldUntil != "" && (p.Now == nil || p.Now().UTC().Format(time.DateOnly) < field.HoldUntil)
}

func heldDetail(field format.Field) string {
	if field.HoldUntil > "9999" {
		return "a comment holds it"
	}
	return "a comment holds it until " + field.HoldUntil
}

// ask goes through the images, several at a time.
func (p *Planner) ask(ctx context.Context, order []image.Repository, asked map[image.Repository][]*Result) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(p.workers())
	done := 0
	var mu sync.Mutex
	for _, repository := range order {
		group.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			look := &lookup{registry: p.Registry, repository: repository, choices: map[string][]version.Target{}, digests: map[string]answer{}}
			for _, result := range asked[repository] {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				look.decide(ctx, result)
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if p.Progress != nil {
				mu.Lock()
				defer mu.Unlock()
				done++
				p.Progress(done, len(order))
			}
			return nil
		})
	}
	return group.Wait()
}

func (p *Planner) workers() int {
	if p.Workers > 0 {
		return p.Workers
	}
	return defaultWorkers
}

// lookup is what is known of one image during a run.
type lookup struct {
	registry   Registry
	repository image.Repository

	listed  bool
	tags    *version.Candidates
	listErr error
	choices map[string][]version.Target // by current tag
	digests map[string]answer           // by tag
}

type answer struct {
	digest string
	err    error
}

// decide ends one field.
func (l *lookup) decide(ctx context.Context, result *Result) {
	ref := result.Field.Ref
	targets, err := l.targets(ctx, ref.Tag)
	if err != nil {
		result.fail(err)
		return
	}
	if len(targets) == 0 && result.Field.Digest != nil {
		targets = []version.Target{{Tag: ref.Tag, Kind: version.Digest}}
	}
	for _, target := range targets {
		update := Update{Kind: target.Kind, Tag: target.Tag, Group: l.group(target.Kind)}
		if result.Field.Digest != nil {
			digest, err := l.digest(ctx, target.Tag)
			if err != nil {
				result.fail(err)
				return
			}
			update.Digest = digest
		}
		if update.Tag != ref.Tag || update.Digest != ref.Digest {
			result.Updates = append(result.Updates, update)
		}
	}
	result.Status = StatusCurrent
	if len(result.Updates) > 0 {
		result.Status = StatusUpdate
	}
}

// targets are the tags to move to. A tag that is no version has none.
func (l *lookup) targets(ctx context.Context, current string) ([]version.Target, error) {
	if _, isVersion := version.Parse(current); !isVersion {
		return nil, nil
	}
	if !l.listed {
		l.listed = true
		tags, err := l.registry.Tags(ctx, l.repository)
		l.tags, l.listErr = version.NewCandidates(tags), err
	}
	if l.listErr != nil {
		return nil, l.listErr
	}
	targets, known := l.choices[current]
	if !known {
		targets = l.tags.Targets(current)
		l.choices[current] = targets
	}
	return targets, nil
}

func (l *lookup) digest(ctx context.Context, tag string) (string, error) {
	known, found := l.digests[tag]
	if !found {
		known.digest, known.err = l.registry.Digest(ctx, l.repository, tag)
		l.digests[tag] = known
	}
	return known.digest, known.err
}

// group is the default name under which updates of an image are proposed;
// major steps have one of their own.
func (l *lookup) group(kind version.Kind) string {
	name := l.repository.Path
	if l.repository.Registry == image.DockerHub {
		name = strings.TrimPrefix(name, "library/")
	}
	if kind == version.Major {
		return name + "-major"
	}
	return name
}
