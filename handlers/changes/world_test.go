package changes_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/handlers/changes"
	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner/changelog"
	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

const (
	oldCommit = "1111111aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	newCommit = "2222222bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	sourceKey = "org.opencontainers.image.source"
	revision  = "org.opencontainers.image.revision"
)

func digestOf(c string) string { return "sha256:" + strings.Repeat(c, 64) }

// images answer for registries: what is not there is not found, and what is nil is
// not answered.
type images struct {
	mu         sync.Mutex
	of         map[string]*registry.About
	provenance map[string]registry.Provenance
	manifests  map[string]registry.Manifest // of those that do not answer
	asked      []string
}

func (r *images) About(_ context.Context, repo image.Repository, reference string, _ *registry.Platform) (registry.About, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := repo.String() + " " + reference
	r.asked = append(r.asked, name)
	about, known := r.of[name]
	switch {
	case !known:
		return registry.About{}, fmt.Errorf("%w: %s", registry.ErrNotFound, name)
	case about == nil:
		return registry.About{}, errors.New("out of order")
	}
	return *about, nil
}

func (r *images) Manifest(_ context.Context, repo image.Repository, reference string) (registry.Manifest, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	manifest, known := r.manifests[repo.String()+" "+reference]
	if !known {
		return manifest, errors.New("out of order")
	}
	return manifest, nil
}

func (r *images) Provenance(_ context.Context, _ image.Repository, attestation string) (registry.Provenance, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, "provenance "+attestation)
	said, known := r.provenance[attestation]
	if !known {
		return said, errors.New("out of order")
	}
	return said, nil
}

// forge is a source with commits between all revisions, and releases.
type forge struct {
	mu         sync.Mutex
	visibility map[string]changelog.Visibility
	releases   []changelog.Release
	tags       []string
	lacks      string // a repository that has no commit
	err        error
	slow       time.Duration
	asked      int
}

func (f *forge) ask(ctx context.Context) error {
	f.mu.Lock()
	f.asked++
	err, slow := f.err, f.slow
	f.mu.Unlock()
	if slow == 0 {
		return err
	}
	select {
	case <-time.After(slow):
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (f *forge) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}

func (f *forge) Access(ctx context.Context, repo changelog.Repository) (changelog.Access, error) {
	visibility, known := f.visibility[repo.Path]
	if !known {
		visibility = changelog.Public
	}
	return changelog.Access{Visibility: visibility, Installed: known}, f.ask(ctx)
}

func (f *forge) Releases(ctx context.Context, _ changelog.Repository, _ int) ([]changelog.Release, bool, error) {
	return f.releases, false, f.ask(ctx)
}

func (f *forge) Tags(ctx context.Context, _ changelog.Repository) ([]string, error) {
	return f.tags, f.ask(ctx)
}

func (f *forge) Files(ctx context.Context, _ changelog.Repository, _, _ string) ([]string, error) {
	return nil, f.ask(ctx)
}

func (f *forge) File(ctx context.Context, _ changelog.Repository, _, _ string) ([]byte, error) {
	return nil, errors.Join(changelog.ErrNotFound, f.ask(ctx))
}

func (f *forge) Compare(ctx context.Context, repo changelog.Repository, from, to string) (changelog.Comparison, error) {
	if repo.Path == f.lacks {
		return changelog.Comparison{}, errors.Join(changelog.ErrNotFound, f.ask(ctx))
	}
	c := changelog.Commit{SHA: to, Message: "from " + from + " in " + repo.Path, Author: "Ann", Parents: 1}
	return changelog.Comparison{Commits: []changelog.Commit{c}, Total: 1}, f.ask(ctx)
}

// notes are a memory.
type notes map[string][]byte

func (n notes) Note(_ context.Context, _ int64, name string) ([]byte, bool) {
	text, found := n[name]
	return text, found
}
func (n notes) KeepNote(_ context.Context, _ int64, name string, value []byte) { n[name] = value }

// bench is a reader with all around it.
type bench struct {
	registry *images
	source   *forge
	reader   *changes.Reader
	target   *changes.Target
	clock    time.Time
}

func newBench() *bench {
	b := &bench{
		registry: &images{of: map[string]*registry.About{}}, source: &forge{},
		clock: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC),
	}
	b.reader = &changes.Reader{
		Registry: b.registry, Memory: notes{}, Forges: changelog.Forges{"github.com": changelog.GitHub}, Now: func() time.Time { return b.clock },
	}
	b.target = &changes.Target{ID: 7, Source: b.source, Visibility: changelog.Public}
	return b
}

var api = image.Repository{Registry: "ghcr.io", Path: "acme/api"}

// has puts an image with labels there.
func (b *bench) has(reference, digest string, labels map[string]string) *registry.About {
	about := &registry.About{Manifest: registry.Manifest{Digest: digest}, Labels: labels}
	b.registry.of[api.String()+" "+reference] = about
	return about
}

func (b *bench) step(from, to string) changes.Step {
	return changes.Step{Image: api.String(), Repository: api, From: proposal.Value{Tag: from}, To: proposal.Value{Tag: to}}
}

func (b *bench) read(t *testing.T, steps ...changes.Step) changes.Found {
	t.Helper()
	return b.reader.Read(t.Context(), b.target, steps)
}
