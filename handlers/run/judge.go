package run

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/handlers/review"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/format"
)

const (
	// previewTime is how long a preview may take.
	previewTime = time.Minute
	// mostNamed is how many files may be read for it, which are those that it names
	// places in: of others what they say is remembered.
	mostNamed = 200
)

// judge says what the configuration at the head of a pull request is worth. Nothing
// of it is obeyed: it is read, and held against the files of the base.
func (w *reviewing) judge(ctx context.Context, p *forge.Pull, is *checked) (review.Verdict, error) {
	if is.Removed {
		return review.Removed(w.open()), nil
	}
	text, err := w.look.GitHub.Blob(ctx, is.Blob, config.MaxSize)
	if _, tooLarge := errors.AsType[*forge.TooLargeError](err); tooLarge {
		text, err = make([]byte, config.MaxSize+1), nil // which config refuses, in its own words
	}
	if err != nil {
		return review.Verdict{}, fmt.Errorf("reading %s: %w", config.FileName, err)
	}
	options := config.Options{Repository: w.look.Repository.FullName(), Files: w.look.Files, Now: w.Now()}
	if p.Head.Repository != w.look.Repository.ID {
		options.Files = &extendedByBase{w.look.Files, w.out.extended}
	}
	loaded, warnings, err := config.Load(ctx, config.FileName, text, options)
	if wrong, is := errors.AsType[config.Errors](err); is {
		return review.Broken(wrong, warnings), nil
	}
	if err != nil {
		return review.Verdict{}, fmt.Errorf("reading the configuration: %w", err)
	}
	options.Files = w.look.Files
	enforced, _ := config.EnforcedByOwner(ctx, loaded, options)
	preview, more, err := w.preview(ctx, loaded.Bind(enforced, w.Enforced))
	if err != nil {
		return review.Verdict{}, err
	}
	return review.Good(append(warnings, more...), preview), nil
}

// open is how many pull requests of ours are open.
func (w *reviewing) open() int {
	n := 0
	for _, e := range w.out.past.All {
		if e.Open {
			n++
		}
	}
	return n
}

// preview says what a configuration would change, with the files of the base alone,
// and what in it has no effect there.
func (w *reviewing) preview(ctx context.Context, c *config.Config) (review.Preview, config.Warnings, error) {
	base, files, commit := w.base()
	if branch := string(c.PullRequests.Base.Value); branch != "" && branch != base || branch == "" && base != w.look.Repository.DefaultBranch {
		return review.Preview{None: "it has pull requests be for another branch than now."}, nil, nil
	}
	if w.named(c, files) > mostNamed {
		return review.Preview{None: "its `scan.fields` name places in too many files."}, nil, nil
	}
	inner, cancel := context.WithTimeout(ctx, previewTime)
	defer cancel()
	d, plan, unasked, err := w.wouldBe(inner, c, base, commit, files)
	switch {
	case ctx.Err() != nil:
		return review.Preview{}, nil, context.Cause(ctx)
	case inner.Err() != nil:
		return review.Preview{None: "that takes too long."}, nil, nil
	case err != nil:
		return review.Preview{}, nil, err
	}
	shown := review.Preview{Effect: proposal.Compare(w.out.Desired, d), Unasked: unasked, Commit: commit}
	return shown, append(slices.Clip(plan.Warnings), unmatched(c, plan)...), nil
}

// named is how many files would be read since a configuration names places in them,
// beside those in which the one that holds does.
func (w *reviewing) named(c *config.Config, files *tree) (n int) {
	places, known := scanner.Selected(c, "").Places, noPlaces
	if places == nil {
		return 0
	}
	if w.out.Config != nil {
		if holds := scanner.Selected(w.out.Config, "").Places; holds != nil {
			known = holds
		}
	}
	for name, b := range files.files {
		read := scanner.Wanted(name, b.size) || path.Base(path.Dir(name)) == "templates" // of a chart
		if read && b.mode.IsRegular() && len(places(name)) > 0 && len(known(name)) == 0 {
			n++
		}
	}
	return n
}

func noPlaces(string) []format.Place { return nil }

// base is the branch that pull requests are for now, its files and its newest commit.
func (w *reviewing) base() (branch string, files *tree, commit string) {
	if w.out.files == nil {
		return w.look.Repository.DefaultBranch, w.main, w.out.source.commit
	}
	return w.out.Base, w.out.files, w.out.Head
}

// wouldBe is what there should be if a configuration held, and how many questions to
// registries were not asked for that.
func (w *reviewing) wouldBe(ctx context.Context, c *config.Config, base, commit string, files *tree) (proposal.Desired, *scanner.Plan, int, error) {
	nothing := proposal.Desired{}
	inventory, err := w.find(ctx, files, scanner.Selected(c, ""))
	if err != nil {
		return nothing, nil, 0, err
	}
	asks, err := w.questions(ctx, files)
	if err != nil {
		return nothing, nil, 0, err
	}
	planner := &scanner.Planner{Registry: asks, Config: c, History: w.History, Now: w.Now, Withheld: w.out.past.Withheld()}
	plan, err := planner.Plan(ctx, inventory)
	if err != nil {
		return nothing, nil, 0, fmt.Errorf("deciding on updates: %w", err)
	}
	s := w.situation(w.look, w.out)
	s.Base, s.BaseSHA, s.Config, s.Plan, s.Orders = base, commit, c, plan, w.out.Orders
	s.Orders.Ignore = nil
	if s.Files, err = w.changing(ctx, files, plan); err != nil {
		return nothing, nil, 0, err
	}
	return proposal.Desire(s), plan, asks.left(), nil
}

// find finds what there is, or fails where a file could not be fetched.
func (r *Runner) find(ctx context.Context, files *tree, options scanner.FindOptions) (*scanner.Inventory, error) {
	options.Memory, options.Workers = &findings{ctx, r.Memory, files}, fetches
	inventory, err := scanner.Find(ctx, files, options)
	if err == nil {
		err = files.trouble()
	}
	if err != nil {
		return nil, fmt.Errorf("looking for images: %w", err)
	}
	return inventory, nil
}

// questions are those that may be asked of registries for a preview: about images that
// the base has by itself, and few that the look has not asked already.
func (w *reviewing) questions(ctx context.Context, files *tree) (*restrained, error) {
	if w.images == nil {
		inventory, err := w.find(ctx, files, scanner.Selected(config.Default(), ""))
		if err != nil {
			return nil, err
		}
		fields := inventory.Fields
		if w.out.Plan != nil {
			for i := range w.out.Plan.Results {
				fields = append(fields, w.out.Plan.Results[i].Field)
			}
		}
		w.images = newImagesOfBase(fields)
	}
	return &restrained{Registry: w.Registry, images: w.images, asked: w.out.asked}, nil
}

// unmatched warns of rules and entries that fit none of the images. Those of files
// that are extended are for other repositories, too.
func unmatched(c *config.Config, plan *scanner.Plan) config.Warnings {
	var subjects []config.Subject
	for i := range plan.Results {
		if field := plan.Results[i].Field; field.Ref.Name() != "" {
			subjects = append(subjects, scanner.Subject(field, ""))
		}
	}
	return slices.DeleteFunc(c.Unmatched(subjects), func(w config.Warning) bool { return w.File != config.FileName })
}

// extendedByBase reads what the file of the default branch extends, and nothing else:
// who opens a pull request from a fork may not be who may read the owner's other
// repositories.
type extendedByBase struct {
	config.Files

	read map[string]bool
}

// Read is part of config.Files.
func (e *extendedByBase) Read(ctx context.Context, base config.Base) ([]byte, error) {
	if !e.read[base.String()] {
		return nil, fmt.Errorf("%w: for a pull request from a fork no more is read than what the default branch extends", config.ErrNoFile)
	}
	return e.Files.Read(ctx, base) //nolint:wrapcheck // it is the same reading
}

// imagesOfBase are those that may be asked about.
type imagesOfBase struct{ all map[string]bool }

func newImagesOfBase(fields []format.Field) *imagesOfBase {
	found := &imagesOfBase{map[string]bool{}}
	for _, repo := range imagesOf(fields) {
		found.all[repo.String()] = true
	}
	return found
}
