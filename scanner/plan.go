package scanner

import (
	"context"
	"fmt"
	"path"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner/format"
	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
	"github.com/imageupdater/imageupdater/scanner/version"
)

// defaultWorkers is how many images are asked at a time.
const defaultWorkers = 8

// Planner asks a registry and chooses.
type Planner struct {
	// Registry may be nil: then nothing is asked and what could be is skipped as NotAsked.
	Registry Registry
	// Config says what is wanted; nil means the built-in defaults.
	Config *config.Config
	// Prefix is where the scanned directory is in the repository, with
	// slashes; "" for its top. Globs of Config are for paths from the top.
	Prefix string
	// History may be nil: then what has no push time has no age.
	History History
	// Withheld, when set, gives the tags that a field shall not move to, and
	// why: closed proposals and what was rolled back.
	Withheld func(format.Field) map[string]version.Withheld
	// Now is the clock; nil means a time at which no hold and no entry of
	// ignore has ended, and nothing is old enough.
	Now func() time.Time
	// Workers is how many images are asked at a time; 0 means 8.
	Workers int
	// Explain asks for Result.Choice.
	Explain bool
	// Progress, when set, is called after each image, from several goroutines.
	Progress func(done, total int)
}

// wish is a field that a registry is asked about, with what is wanted.
type wish struct {
	result *Result
	policy *version.Policy
	// key is the same for wishes with the same policy.
	key string
}

// Plan gives every field of the inventory its result. Each image is asked once
// however many fields hold it. The error is the context's alone.
func (p *Planner) Plan(ctx context.Context, inventory *Inventory) (*Plan, error) {
	plan := &Plan{Results: make([]Result, len(inventory.Fields)), Problems: inventory.Problems}
	run := p.newRun()
	for i, field := range inventory.Fields {
		plan.Results[i] = Result{Field: field}
		run.sort(&plan.Results[i])
	}
	if err := run.ask(ctx); err != nil {
		return nil, fmt.Errorf("asking registries: %w", err)
	}
	agree(plan.Results)
	plan.Warnings = run.warnings()
	return plan, nil
}

// run is one run of a planner.
type run struct {
	*Planner
	config   *config.Config
	now      time.Time
	policies map[string]*version.Policy
	images   []*lookup
	byName   map[image.Repository]*lookup
}

func (p *Planner) newRun() *run {
	r := &run{Planner: p, config: p.Config, policies: map[string]*version.Policy{}, byName: map[image.Repository]*lookup{}}
	if r.config == nil {
		r.config = config.Default()
	}
	if p.Now != nil {
		r.now = p.Now()
	}
	return r
}

// sort ends a field for which no registry is needed, and puts the others to
// their images.
func (r *run) sort(result *Result) {
	field := &result.Field
	if field.Ref.Name() != "" {
		result.Settings = r.config.Settings(Subject(*field, r.Prefix))
	}
	tracked := false
	if field.Skip != nil {
		if field.Skip.Code != format.DigestOnly || result.Settings.Track.Value == "" || result.Settings.Strategy.Value != version.StrategyDigest {
			result.skip(*field.Skip)
			return
		}
		tracked = true
	}
	w := &wish{result: result, key: result.Settings.Key()}
	w.policy = r.policies[w.key]
	if w.policy == nil {
		w.policy = result.Settings.Policy(r.now)
		r.policies[w.key] = w.policy
	}
	if reason := r.unasked(w, tracked); reason != nil {
		result.skip(*reason)
		return
	}
	repository := field.Ref.Repository()
	if r.byName[repository] == nil {
		r.byName[repository] = newLookup(r, repository)
		r.images = append(r.images, r.byName[repository])
	}
	look := r.byName[repository]
	look.wishes = append(look.wishes, w)
}

// Subject is a field as the rules of a configuration see it. The prefix is
// where the scanned directory is in the repository.
func Subject(field format.Field, prefix string) config.Subject {
	return config.Subject{
		Image:  field.Ref.Repository().String(),
		Path:   path.Join(prefix, field.File),
		Format: config.Format(field.Format),
	}
}

// unasked is why nobody needs to be asked about a field; nil where somebody
// does.
func (r *run) unasked(w *wish, tracked bool) *format.Reason {
	field := &w.result.Field
	enabled := w.result.Settings.Enabled
	_, isVersion := version.Parse(field.Ref.Tag)
	semver := w.policy.Strategy == version.StrategySemver
	built := version.NamesCommit(field.Ref.Tag)
	follows := field.Digest != nil && !built || w.pins()
	switch {
	case !enabled.Value:
		return &format.Reason{Code: Disabled, Detail: "enabled: false, by " + enabled.Origin.String()}
	case r.held(field):
		return &format.Reason{Code: format.Held, Detail: heldDetail(field)}
	case w.policy.Strategy == version.StrategyDigest && !tracked && !takesDigest(field):
		return noPlace(field, "strategy: digest follows a digest")
	case semver && len(w.policy.Allow) == 0 && !isVersion && !follows:
		return &format.Reason{Code: Floating, Detail: floating(field, built)}
	case r.Registry == nil:
		return &format.Reason{Code: NotAsked, Detail: "offline: no registry was asked"}
	}
	return nil
}

func floating(field *format.Field, built bool) string {
	if built && field.Digest != nil {
		return fmt.Sprintf("the tag %s is no version, and names a commit: its digest stays what it is", field.Ref.Tag)
	}
	return fmt.Sprintf("the tag %s is no version, and there is no digest to follow", field.Ref.Tag)
}

func noPlace(field *format.Field, why string) *format.Reason {
	detail := why + ", and there is no place for one here"
	if field.DigestAdvice != "" {
		detail += ": " + field.DigestAdvice
	}
	return &format.Reason{Code: NoPlace, Detail: detail}
}

// takesDigest tells whether a digest is written or can be.
func takesDigest(field *format.Field) bool {
	return field.Digest != nil || field.EmptyDigest != nil || field.DigestInTag
}

// pins tells whether a digest is to be added and can be.
func (w *wish) pins() bool {
	field := &w.result.Field
	return field.Digest == nil && w.policy.Pin == version.PinDigest && takesDigest(field)
}

// wantsDigest tells whether updates of the field need a digest.
func (w *wish) wantsDigest() bool { return w.result.Field.Digest != nil || w.pins() }

func (r *Result) skip(reason format.Reason) {
	r.Status, r.Reason, r.Updates, r.Waiting = StatusSkipped, &reason, nil, nil
}

// fail is for what could not be looked up. What comes back by itself the field
// waits for.
func (r *Result) fail(err error) {
	r.Next = registry.Next(err)
	if registry.Postponed(err) {
		r.skip(format.Reason{Code: Postponed, Detail: err.Error()})
		return
	}
	r.Status, r.Updates = StatusProblem, nil
	r.Reason = &format.Reason{Code: LookupFailed, Detail: err.Error()}
}

func (r *run) held(field *format.Field) bool {
	return field.HoldUntil != "" && (r.Now == nil || r.now.In(r.config.Location()).Format(time.DateOnly) < field.HoldUntil)
}

func heldDetail(field *format.Field) string {
	if field.HoldUntil > "9999" {
		return "a comment holds it"
	}
	return "a comment holds it until " + field.HoldUntil
}

// ask goes through the images, several at a time.
func (r *run) ask(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(r.workers())
	done := 0
	var mu sync.Mutex
	for _, look := range r.images {
		group.Go(func() error {
			for _, w := range look.wishes {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				look.decide(ctx, w)
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if r.Progress != nil {
				mu.Lock()
				defer mu.Unlock()
				done++
				r.Progress(done, len(r.images))
			}
			return nil
		})
	}
	return group.Wait()
}

func (r *run) workers() int {
	if r.Workers > 0 {
		return r.Workers
	}
	return defaultWorkers
}

// warnings are what the tags show about the settings, each once.
func (r *run) warnings() config.Warnings {
	var warnings config.Warnings
	known := map[config.Warning]bool{}
	for _, look := range r.images {
		for _, warning := range look.warnings {
			if !known[warning] {
				known[warning] = true
				warnings = append(warnings, warning)
			}
		}
	}
	return warnings
}
