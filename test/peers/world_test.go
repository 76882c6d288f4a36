package peers_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

// What we answer where we choose no tag.
const (
	nothing = "nothing" // it stays as it is
	broken  = "error"   // the configuration has an error, or the registry
)

// now is when everything here happens.
func now() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }

// repository is the name of the image in cases that name none.
const repository = "ghcr.io/acme/app"

// settings are those of a .imageupdater.yaml.
type settings map[string]any

// file is a .imageupdater.yaml with these defaults.
func file(defaults settings) settings { return settings{"defaults": defaults} }

// together are the defaults for peers that choose one tag.
func together() settings { return settings{"separateMajor": false} }

// load reads the file as users meet it. JSON is YAML.
func (s settings) load(t *testing.T) (*config.Config, error) {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	c, _, err := config.Load(t.Context(), config.FileName, text, config.Options{Now: now()})
	return c, err
}

// tagged is what a registry has by one tag.
type tagged struct {
	name      string
	digest    string
	created   time.Time
	seen      time.Time // when we first saw it; by default now
	platforms []registry.Platform
}

// world is a registry with one image, and our memory of it.
type world struct{ tags []tagged }

func named(tags ...string) *world {
	w := &world{}
	for _, tag := range tags {
		w.tags = append(w.tags, tagged{name: tag})
	}
	return w
}

// at gives what a tag, or a digest, stands for.
func (w *world) at(reference string) *tagged {
	for i := range w.tags {
		if tag := &w.tags[i]; tag.name == reference || w.digestOf(tag) == reference {
			return tag
		}
	}
	return nil
}

// digestOf is a digest of its own for what was given none.
func (w *world) digestOf(tag *tagged) string {
	return cmp.Or(tag.digest, digest(tag.name))
}

func digest(of string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(of))) }

func (w *world) List(context.Context, image.Repository) ([]registry.Tag, error) {
	var tags []registry.Tag
	for _, tag := range w.tags {
		tags = append(tags, registry.Tag{Name: tag.name})
	}
	return tags, nil
}

func (w *world) Digest(ctx context.Context, repo image.Repository, tag string) (string, error) {
	manifest, err := w.Manifest(ctx, repo, tag)
	return manifest.Digest, err
}

func (w *world) Manifest(_ context.Context, _ image.Repository, reference string) (registry.Manifest, error) {
	tag := w.at(reference)
	if tag == nil {
		return registry.Manifest{}, registry.ErrNotFound
	}
	return registry.Manifest{Digest: w.digestOf(tag), Index: tag.platforms != nil, Platforms: tag.platforms}, nil
}

func (w *world) Details(_ context.Context, _ image.Repository, reference string, _ *registry.Platform) (registry.Details, error) {
	tag := w.at(reference)
	if tag == nil {
		return registry.Details{}, registry.ErrNotFound
	}
	details := registry.Details{Platform: registry.Platform{OS: "linux", Architecture: "amd64"}}
	if tag.created.Year() >= 2000 { // as registry.Details has it
		details.Created = tag.created
	}
	return details, nil
}

func (w *world) FirstSeen(_ context.Context, _ image.Repository, names []string) (map[string]time.Time, error) {
	times := map[string]time.Time{}
	for _, name := range names {
		times[name] = now()
		if tag := w.at(name); tag != nil && !tag.seen.IsZero() {
			times[name] = tag.seen
		}
	}
	return times, nil
}

// plan gives what becomes of images, each in a pod of its own.
func (w *world) plan(t *testing.T, s settings, images ...string) ([]scanner.Result, error) {
	t.Helper()
	c, err := s.load(t)
	if err != nil {
		return nil, err
	}
	tree := fstest.MapFS{}
	for i, ref := range images {
		text, err := json.Marshal(ref)
		if err != nil {
			t.Fatal(err)
		}
		pod := fmt.Sprintf("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: %s\n", text)
		tree[fmt.Sprintf("%03d.yaml", i)] = &fstest.MapFile{Data: []byte(pod)}
	}
	inventory, err := scanner.Find(t.Context(), tree, scanner.FindOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(inventory.Fields) != len(images) {
		t.Fatalf("%d of %q are found", len(inventory.Fields), images)
	}
	planner := scanner.Planner{Registry: w, History: w, Config: c, Now: now, Explain: true}
	plan, err := planner.Plan(t.Context(), inventory)
	if err != nil {
		t.Fatal(err)
	}
	return plan.Results, nil
}

// move is the tag that an image at a tag moves to, nothing or broken.
func (w *world) move(t *testing.T, s settings, tag string) string {
	t.Helper()
	results, err := w.plan(t, s, repository+":"+tag)
	if err != nil {
		return broken
	}
	return moved(results[0])
}

func moved(result scanner.Result) string {
	switch {
	case result.Status == scanner.StatusProblem:
		return broken
	case len(result.Updates) == 0:
		return nothing
	}
	return result.Updates[0].Tag
}

// answer is a peer's choice as a step from where we start: what is there
// already is no step.
func answer(choice, from string) string {
	if choice == from {
		return nothing
	}
	return choice
}

// start is the tag that an image is at, for peers that don't ask. It is the
// lowest listed tag of the shape of the peer's answer, and where that is the
// only one of its shape, or there is no answer, the lowest of all. Two tags are
// of one shape that differ in digits alone; numbers count as numbers.
func start(tags []string, answer string) string {
	all := slices.DeleteFunc(slices.Clone(tags), func(tag string) bool { return !image.ValidTag(tag) })
	slices.SortFunc(all, naturally)
	shape := func(tag string) string { return digitRuns.ReplaceAllString(tag, "0") }
	for _, tag := range all {
		if tag != answer && shape(tag) == shape(answer) {
			return lower(tag, answer)
		}
	}
	if len(all) == 0 {
		return "latest"
	}
	return all[0]
}

// startOfAny is start for strategies that know no shapes.
func startOfAny(tags []string) string { return start(tags, "") }

func lower(a, b string) string {
	if naturally(a, b) < 0 {
		return a
	}
	return b
}

var (
	digitRuns = regexp.MustCompile(`\d+`)
	pieces    = regexp.MustCompile(`\d+|\D`)
)

func naturally(a, b string) int {
	return slices.CompareFunc(pieces.FindAllString(a, -1), pieces.FindAllString(b, -1), func(x, y string) int {
		if digitRuns.MatchString(x) && digitRuns.MatchString(y) {
			x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
			return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y))
		}
		return strings.Compare(x, y)
	})
}

// fit are the tags that a pattern fits.
func fit(tags []string, pattern string) []string {
	expression := regexp.MustCompile(pattern)
	return slices.DeleteFunc(slices.Clone(tags), func(tag string) bool { return !expression.MatchString(tag) })
}

func daysAgo(n int) time.Time { return now().AddDate(0, 0, -n) }
