package run

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

// asking notes what a look asks of registries.
type asking struct {
	Registry

	mu   sync.Mutex
	seen map[question]bool
}

// question is one to a registry.
type question struct {
	what string // "tags", "digest", "manifest", "details"
	repo image.Repository
	of   string // a tag or a digest
}

func newAsking(r Registry) *asking { return &asking{Registry: r, seen: map[question]bool{}} }

func (a *asking) note(q question) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen[q] = true
}

// has says whether a question was asked.
func (a *asking) has(q question) bool {
	if a == nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.seen[q]
}

// List is part of scanner.Registry.
func (a *asking) List(ctx context.Context, repo image.Repository) ([]registry.Tag, error) {
	a.note(question{"tags", repo, ""})
	return a.Registry.List(ctx, repo) //nolint:wrapcheck // what was asked is only noted
}

// Digest is part of scanner.Registry.
func (a *asking) Digest(ctx context.Context, repo image.Repository, tag string) (string, error) {
	a.note(question{"digest", repo, tag})
	return a.Registry.Digest(ctx, repo, tag) //nolint:wrapcheck // what was asked is only noted
}

// Manifest is part of scanner.Registry.
func (a *asking) Manifest(ctx context.Context, repo image.Repository, reference string) (registry.Manifest, error) {
	a.note(question{"manifest", repo, reference})
	return a.Registry.Manifest(ctx, repo, reference) //nolint:wrapcheck // what was asked is only noted
}

// Details is part of scanner.Registry.
func (a *asking) Details(ctx context.Context, repo image.Repository, reference string, platform *registry.Platform) (registry.Details, error) {
	a.note(question{"details", repo, reference})
	return a.Registry.Details(ctx, repo, reference, platform) //nolint:wrapcheck // what was asked is only noted
}

// mostQuestions is how many questions a preview asks that the look has not asked.
const mostQuestions = 200

// restrained asks about images that a repository has by itself alone, and not much:
// what is asked for a preview is what somebody wrote into a pull request, and it is
// asked with the operator's credentials.
type restrained struct {
	Registry

	images *imagesOfBase
	asked  *asking

	mu      sync.Mutex
	more    int // questions that the look had not asked
	refused int
}

var errUnasked = errors.New("this is not asked for a preview")

// left is how many questions were not asked.
func (r *restrained) left() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refused
}

// may says whether a question may be asked.
func (r *restrained) may(q question) error {
	known := r.asked.has(q)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.images.all[q.repo.String()] && (known || r.more < mostQuestions) {
		if !known {
			r.more++
		}
		return nil
	}
	r.refused++
	return errUnasked
}

// Refresh is part of Registry: nothing is stale for a preview.
func (r *restrained) Refresh(image.Repository, time.Time) {}

// List is part of scanner.Registry.
func (r *restrained) List(ctx context.Context, repo image.Repository) ([]registry.Tag, error) {
	if err := r.may(question{"tags", repo, ""}); err != nil {
		return nil, err
	}
	return r.Registry.List(ctx, repo) //nolint:wrapcheck // it is the same registry
}

// Digest is part of scanner.Registry.
func (r *restrained) Digest(ctx context.Context, repo image.Repository, tag string) (string, error) {
	if err := r.may(question{"digest", repo, tag}); err != nil {
		return "", err
	}
	return r.Registry.Digest(ctx, repo, tag) //nolint:wrapcheck // it is the same registry
}

// Manifest is part of scanner.Registry.
func (r *restrained) Manifest(ctx context.Context, repo image.Repository, reference string) (registry.Manifest, error) {
	if err := r.may(question{"manifest", repo, reference}); err != nil {
		return registry.Manifest{}, err
	}
	return r.Registry.Manifest(ctx, repo, reference) //nolint:wrapcheck // it is the same registry
}

// Details is part of scanner.Registry.
func (r *restrained) Details(ctx context.Context, repo image.Repository, reference string, platform *registry.Platform) (registry.Details, error) {
	if err := r.may(question{"details", repo, reference}); err != nil {
		return registry.Details{}, err
	}
	return r.Registry.Details(ctx, repo, reference, platform) //nolint:wrapcheck // it is the same registry
}
