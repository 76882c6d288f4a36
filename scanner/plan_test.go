package scanner_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

const (
	oldDigest = "sha256:1111111111111111111111111111111111111111111111111111111111111111"
	someOther = "sha256:222222222222222222222222222222222222222222222222222222222222222b"
)

var errDown = errors.New("the registry is down")

// memory is a registry in memory: tags by repository, digests by "repo:tag".
// It notes what it was asked.
type memory struct {
	tags    map[string][]string
	digests map[string]string
	// indexes are the platforms of what is an index, by "repo:tag" or
	// "repo@digest"; created when an image was built.
	indexes map[string]string
	created map[string]time.Time
	pushed  map[string]time.Time // told by the listing
	// unpullable are listed and not there, down cannot be asked about.
	unpullable, down map[string]bool
	// spoilt are manifests, and by digest configs, of which nobody can make anything.
	spoilt map[string]bool
	// limited is why nothing may be pulled or read.
	limited error

	mu             sync.Mutex
	asked          map[string]int
	now, mostAtOne atomic.Int32
}

func (m *memory) ask(what string) {
	if now := m.now.Add(1); now > m.mostAtOne.Load() {
		m.mostAtOne.Store(now)
	}
	defer m.now.Add(-1)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.asked == nil {
		m.asked = map[string]int{}
	}
	m.asked[what]++
}

func (m *memory) List(ctx context.Context, repo image.Repository) ([]registry.Tag, error) {
	m.ask("tags " + repo.String())
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	names, found := m.tags[repo.String()]
	if !found {
		return nil, errDown
	}
	tags := make([]registry.Tag, len(names))
	for i, name := range names {
		tags[i] = registry.Tag{Name: name, Pushed: m.pushed[repo.String()+":"+name]}
	}
	return tags, nil
}

func (m *memory) Digest(_ context.Context, repo image.Repository, tag string) (string, error) {
	m.ask("digest " + repo.String() + ":" + tag)
	if m.unpullable[repo.String()+":"+tag] {
		return "", fmt.Errorf("%w: %s", registry.ErrNotFound, tag)
	}
	digest, found := m.digests[repo.String()+":"+tag]
	if !found {
		return "", errDown
	}
	return digest, nil
}

// Manifest gives what has no digest one of its own.
func (m *memory) Manifest(_ context.Context, repo image.Repository, reference string) (registry.Manifest, error) {
	m.ask("manifest " + repo.String() + ":" + reference)
	name := repo.String() + ":" + reference
	if m.unpullable[name] {
		return registry.Manifest{}, fmt.Errorf("%w: %s", registry.ErrNotFound, name)
	}
	if m.spoilt[name] && !strings.HasPrefix(reference, "sha256:") {
		return registry.Manifest{}, fmt.Errorf("%w: %w: more than 4 MiB", registry.ErrNoImage, registry.ErrTooLarge)
	}
	if m.down[name] {
		return registry.Manifest{}, errDown
	}
	if m.limited != nil {
		return registry.Manifest{}, m.limited
	}
	manifest := registry.Manifest{Digest: m.digests[name]}
	if strings.HasPrefix(reference, "sha256:") {
		manifest.Digest = reference
	}
	if manifest.Digest == "" {
		manifest.Digest = fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(name)))
	}
	for platform := range strings.FieldsSeq(m.indexes[name]) {
		manifest.Index = true
		platform, digest, _ := strings.Cut(platform, "@")
		os, architecture, _ := strings.Cut(platform, "/")
		manifest.Platforms = append(manifest.Platforms, registry.Platform{OS: os, Architecture: architecture, Digest: digest})
	}
	return manifest, nil
}

func (m *memory) Details(ctx context.Context, repo image.Repository, reference string, _ *registry.Platform) (registry.Details, error) {
	m.ask("details " + repo.String() + ":" + reference)
	name := repo.String() + ":" + reference
	if m.unpullable[name] {
		return registry.Details{}, fmt.Errorf("%w: %s", registry.ErrNotFound, name)
	}
	if m.spoilt[name] {
		return registry.Details{}, fmt.Errorf("%w: the config cannot be read", registry.ErrNoImage)
	}
	manifest, err := m.Manifest(ctx, repo, reference)
	return registry.Details{Created: m.created[name], Platform: registry.Platform{OS: "linux", Architecture: "amd64"}, Manifest: manifest}, err
}

func pods(images ...string) fstest.MapFS {
	var b strings.Builder
	for _, ref := range images {
		fmt.Fprintf(&b, "---\napiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: %s\n", ref)
	}
	return tree(map[string]string{"pods.yaml": b.String()})
}

// told is a result in a line.
func told(result scanner.Result) string {
	words := []string{string(result.Status)}
	if result.Reason != nil {
		words = append(words, string(result.Reason.Code))
	}
	for _, update := range result.Updates {
		words = append(words, fmt.Sprintf("%s:%s@%.10s/%s", update.Kind, update.Tag, update.Digest, update.Group))
	}
	return strings.Join(words, " ")
}

func TestPlan(t *testing.T) {
	t.Parallel()
	registry := &memory{
		tags: map[string][]string{
			"docker.io/library/nginx": {"1.25.0", "1.25.1", "1.27.0", "2.0.0", "latest", "1.27.0-alpine"},
			"ghcr.io/acme/web":        {"v1.0.0"},
			"quay.io/acme/pinned":     {"1.0.0", "1.1.0"},
			"quay.io/acme/nodigest":   {"1.0.0", "1.1.0"},
			"quay.io/acme/halfdown":   {"1.0.0", "1.1.0"},
		},
		digests: map[string]string{
			"quay.io/acme/pinned:1.1.0":    someOther,
			"quay.io/acme/nodigest:1.1.0":  someOther,
			"quay.io/acme/floating:latest": someOther,
			"quay.io/acme/same:latest":     oldDigest,
			"ghcr.io/acme/web:v1.0.0":      someOther,
		},
		down: map[string]bool{"quay.io/acme/halfdown:1.1.0": true},
	}
	tests := []struct{ image, want string }{
		{"nginx:1.25.0", "update minor:1.27.0@/nginx major:2.0.0@/nginx-major"},
		{"docker.io/library/nginx:2.0.0", "current"},
		{"nginx:1.25.0-alpine", "update minor:1.27.0-alpine@/nginx"},
		{"nginx:latest", "skipped floating"},
		{"nginx", "skipped no-version"},
		{"ghcr.io/acme/web:v1.0.0", "current"},
		{"ghcr.io/acme/web:v1.0.0@" + oldDigest, "update digest:v1.0.0@sha256:222/acme/web"},
		{"quay.io/acme/pinned:1.0.0@" + oldDigest, "update minor:1.1.0@sha256:222/acme/pinned"},
		{"quay.io/acme/halfdown:1.0.0@" + oldDigest, "problem lookup-failed"},
		{"quay.io/acme/halfdown:1.0.0", "problem lookup-failed"},
		{"quay.io/acme/nodigest:1.0.0", "update minor:1.1.0@/acme/nodigest"},
		{"quay.io/acme/floating:latest@" + oldDigest, "update digest:latest@sha256:222/acme/floating"},
		{"quay.io/acme/same:latest@" + oldDigest, "current"},
		{"quay.io/acme/down:1.0.0", "problem lookup-failed"},
		{"acme/gone:latest@" + oldDigest, "problem lookup-failed"},
		{"acme/web@" + oldDigest, "skipped digest-only"},
		{"nginx:1.25.0 # imageupdater: ignore", "skipped ignored"},
		{"nginx:1.25.0 # imageupdater: hold", "skipped held"},
		{"nginx:1.25.0 # imageupdater: hold until=2026-03-02", "skipped held"},
		{"nginx:1.25.0 # imageupdater: hold until=2026-03-01", "update minor:1.27.0@/nginx major:2.0.0@/nginx-major"},
	}
	images := make([]string, 0, len(tests))
	for _, test := range tests {
		images = append(images, test.image)
	}
	planner := scanner.Planner{Registry: registry, Now: func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }}
	plan, err := planner.Plan(t.Context(), find(t, pods(images...)))
	if err != nil {
		t.Fatal(err)
	}
	for i, test := range tests {
		if got := told(plan.Results[i]); got != test.want {
			t.Errorf("%s:\ngot  %s\nwant %s", test.image, got, test.want)
		}
	}
	for what, times := range registry.asked {
		if times != 1 {
			t.Errorf("%s: asked %d times", what, times)
		}
	}
}

func TestPlanOffline(t *testing.T) {
	t.Parallel()
	plan, err := (&scanner.Planner{}).Plan(t.Context(), find(t, pods("nginx:1.25.0", "nginx:latest")))
	if err != nil {
		t.Fatal(err)
	}
	got := []string{told(plan.Results[0]), told(plan.Results[1])}
	if diff := cmp.Diff([]string{"skipped not-asked", "skipped floating"}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestPlanAsksSeveralAtATimeAndStops(t *testing.T) {
	t.Parallel()
	var images []string
	registry := &memory{tags: map[string][]string{}}
	for i := range 100 {
		images = append(images, fmt.Sprintf("acme/app-%d:1.0.0", i))
		registry.tags[fmt.Sprintf("docker.io/acme/app-%d", i)] = []string{"1.0.0"}
	}
	inventory := find(t, pods(images...))
	var done atomic.Int32
	planner := scanner.Planner{Registry: registry, Progress: func(int, int) { done.Add(1) }}
	if _, err := planner.Plan(t.Context(), inventory); err != nil {
		t.Fatal(err)
	}
	if most := registry.mostAtOne.Load(); most > 8 {
		t.Errorf("%d images were asked at a time", most)
	}
	if done.Load() != 100 {
		t.Errorf("progress was told of %d images", done.Load())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := planner.Plan(ctx, inventory); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of the context: %v", err)
	}
}

func TestRewrite(t *testing.T) {
	t.Parallel()
	src := "images:\n- name: a\n  newTag: 1.9\n  digest: " + oldDigest + "\n- name: b/c\n  newTag: &t v1\n- name: b/c\n  newTag: *t\n"
	inventory := find(t, tree(map[string]string{"kustomization.yaml": src}))
	if len(inventory.Fields) != 2 {
		t.Fatalf("%+v", inventory.Fields)
	}
	a, bc := inventory.Fields[0], inventory.Fields[1]
	got, err := scanner.Rewrite([]byte(src), []scanner.Choice{
		{Field: a, Update: scanner.Update{Tag: "1.10", Digest: someOther}},
		{Field: bc, Update: scanner.Update{Tag: "v2"}},
		{Field: bc, Update: scanner.Update{Tag: "v2"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "images:\n- name: a\n  newTag: \"1.10\"\n  digest: " + someOther + "\n- name: b/c\n  newTag: &t v2\n- name: b/c\n  newTag: *t\n"
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if _, err := scanner.Rewrite([]byte(src), []scanner.Choice{{Field: a, Update: scanner.Update{Tag: "2"}}}); err == nil {
		t.Error("a tag moved away from the digest beside it")
	}
	if _, err := scanner.Rewrite([]byte("x: 1\n"), []scanner.Choice{{Field: bc, Update: scanner.Update{Tag: "v2"}}}); err == nil {
		t.Error("a file that says something else was edited")
	}
}

func TestBareDigestIsKeptBare(t *testing.T) {
	t.Parallel()
	hex := strings.TrimPrefix(oldDigest, "sha256:")
	src := "image:\n  repository: acme/web\n  tag: v1\n  sha: " + hex + "\n"
	fields := find(t, tree(map[string]string{"values.yaml": src})).Fields
	if len(fields) != 1 || fields[0].Ref.Digest != oldDigest || !fields[0].BareDigest {
		t.Fatalf("%+v", fields)
	}
	got, err := scanner.Rewrite([]byte(src), []scanner.Choice{{Field: fields[0], Update: scanner.Update{Tag: "v1", Digest: someOther}}})
	if want := strings.Replace(src, hex, strings.TrimPrefix(someOther, "sha256:"), 1); err != nil || string(got) != want {
		t.Errorf("%v\n%s", err, got)
	}
	sha512 := "sha512:" + strings.Repeat("0", 128)
	if _, err := scanner.Rewrite([]byte(src), []scanner.Choice{{Field: fields[0], Update: scanner.Update{Tag: "v1", Digest: sha512}}}); err == nil {
		t.Error("a sha512 was written where a bare sha256 stood")
	}
}
