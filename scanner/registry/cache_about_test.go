package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// TestSharedAboutTeaches: what was asked about an image answers other questions.
func TestSharedAboutTeaches(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ calls, asked []string }{
		"a tag, twice":               {[]string{"about latest", "about latest"}, []string{"about latest"}},
		"what a tag stands for":      {[]string{"about latest", "digest latest", "manifest latest", "manifest @1", "about @1"}, []string{"about latest"}},
		"a version":                  {[]string{"about 1.25.3", "digest 1.25.3", "manifest 1.25.3", "manifest @2", "about @2"}, []string{"about 1.25.3"}},
		"what a digest stands for":   {[]string{"about @1", "manifest @1", "about @1"}, []string{"about @1"}},
		"a tag whose image is known": {[]string{"manifest latest", "about @1", "about latest"}, []string{"manifest latest", "about @1"}},
		"a tag met by its digest":    {[]string{"digest latest", "about @1", "about latest"}, []string{"digest latest", "about @1"}},
		"details are of another":     {[]string{"about @1", "details @1"}, []string{"about @1", "details @1"}},
		"an attestation":             {[]string{"provenance @1", "provenance @1"}, []string{"provenance @1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source, clock := newScripted("latest", "1.25.3"), newClock()
			s := NewShared(source, SharedOptions{Now: clock.Now})
			for _, what := range test.calls {
				if err := call(t, s, what); err != nil {
					t.Errorf("%s: %v", what, err)
				}
			}
			checkAsked(t, source, test.asked...)
		})
	}
}

// What is taught is the manifest as it is, with all its annotations.
func TestSharedAboutTeachesTheWholeManifest(t *testing.T) {
	t.Parallel()
	s := NewShared(newScripted("latest"), SharedOptions{Now: newClock().Now, Store: newShelf()})
	told, err := s.About(t.Context(), web(), "latest", nil)
	if err != nil || told.Manifest.Annotations != nil || told.Index["of"] != "@1" || !told.Manifest.Index {
		t.Errorf("%+v, error %v", told, err)
	}
	manifest, err := s.Manifest(t.Context(), web(), "latest")
	if err != nil || manifest.Annotations["of"] != "@1" {
		t.Errorf("%+v, error %v", manifest, err)
	}
}

// TestSharedAboutMoved: it is about what the tag is known to stand for.
func TestSharedAboutMoved(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		tag    string
		before []string // asked once it has moved
		after  time.Duration
		of     string
		asked  []string
	}{
		"what moves, too soon to know":         {"latest", nil, 5 * time.Minute, "@1", nil},
		"what moves":                           {"latest", nil, 12 * time.Minute, "@7", []string{"digest latest", "about @7"}},
		"what is settled is not asked again":   {"1.25.3", nil, 240 * time.Hour, "@1", nil},
		"unless others learn where it went to": {"1.25.3", []string{"digest 1.25.3"}, 7 * time.Hour, "@7", []string{"digest 1.25.3", "about 1.25.3"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source, clock, store := newScripted(test.tag), newClock(), newShelf()
			s := NewShared(source, SharedOptions{Now: clock.Now, Store: store})
			if err := call(t, s, "about "+test.tag); err != nil {
				t.Fatal(err)
			}
			source.take()
			source.move(test.tag, 7)
			clock.pass(test.after)
			for _, what := range test.before {
				_ = call(t, s, what)
			}
			told, err := s.About(t.Context(), web(), test.tag, nil)
			if err != nil || told.Labels["of"] != test.of || brief(told.Manifest.Digest) != test.of {
				t.Errorf("%+v, error %v, want what is of %s", told, err, test.of)
			}
			checkAsked(t, source, test.asked...)
		})
	}
}

// A forced look finds what has moved, and asks nothing else again.
func TestSharedAboutIsRefreshed(t *testing.T) {
	t.Parallel()
	source, clock := newScripted("latest"), newClock()
	s := NewShared(source, SharedOptions{Now: clock.Now})
	for _, want := range [][]string{{"about latest"}, {"digest latest"}, {"digest latest", "about @7"}, {"digest latest"}} {
		if err := call(t, s, "about latest"); err != nil {
			t.Error(err)
		}
		checkAsked(t, source, want...)
		if len(want) == 1 && want[0] == "digest latest" {
			source.move("latest", 7)
		}
		clock.pass(time.Minute)
		s.Refresh(web(), clock.Now())
	}
}

// An answer without a config is one for now: it is not stored.
func TestSharedAboutWithoutConfig(t *testing.T) {
	t.Parallel()
	for _, what := range []string{"about @1", "about latest", "about 1.25.3"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			source, clock, store := newScripted("latest"), newClock(), newShelf()
			source.tags["1.25.3"] = digestNamed(1)
			source.noConfig = true
			s := NewShared(source, SharedOptions{Now: clock.Now, Store: store})
			again := func(pass time.Duration) int {
				clock.pass(pass)
				if err := call(t, s, what); err != nil {
					t.Error(err)
				}
				return strings.Count(strings.Join(source.take(), "\n"), "about")
			}
			if first, soon := again(0), again(5*time.Hour); first != 1 || soon != 0 {
				t.Errorf("asked %d times, and %d within hours", first, soon)
			}
			for _, value := range store.values {
				if strings.Contains(string(value), "NoConfig") {
					t.Errorf("stored: %s", value)
				}
			}
			source.noConfig = false
			if later, ever := again(3*time.Hour), again(1000*time.Hour); later != 1 || ever != 0 {
				t.Errorf("asked %d times when it may be there, and %d when it was", later, ever)
			}
		})
	}
}

// What a tag is no image for by its details may still tell something of itself.
func TestSharedAboutOfWhatHasNoDetails(t *testing.T) {
	t.Parallel()
	source := newScripted("1.25.3")
	s := NewShared(source, SharedOptions{Now: newClock().Now})
	source.failing = ErrNoImage
	if err := call(t, s, "details 1.25.3"); !errors.Is(err, ErrNoImage) {
		t.Error(err)
	}
	source.failing = nil
	if err := call(t, s, "about 1.25.3"); err != nil {
		t.Error(err)
	}
	checkAsked(t, source, "details 1.25.3", "about 1.25.3")
}

// TestSharedAboutBudget: tags are asked within the budget that Details has as well,
// digests are not counted.
func TestSharedAboutBudget(t *testing.T) {
	t.Parallel()
	tags := make([]string, 0, 30)
	for i := range 30 {
		tags = append(tags, fmt.Sprintf("main-%07x", i+0x1000000))
	}
	clock, source := newClock(), newScripted(tags...)
	s := NewShared(source, SharedOptions{Now: clock.Now, Budget: 10})
	for round, want := range []int{10, 20, 26} { // the last one's image was met by its digest
		if round == 2 { // half of it goes to details
			for _, tag := range tags[25:] {
				if err := call(t, s, "details "+tag); err != nil {
					t.Error(err)
				}
			}
		}
		known := 0
		for _, tag := range tags {
			err := call(t, s, "about "+tag)
			switch {
			case err == nil:
				known++
			case !errors.Is(err, ErrIncomplete) || !Postponed(err) || !Next(err).Equal(clock.Now().Add(defaultInterval)) || !strings.HasPrefix(err.Error(), "reading about r.example/acme/web:main-"):
				t.Errorf("error %v, next %s", err, Next(err))
			}
		}
		if known != want {
			t.Errorf("round %d: %d are known, want %d", round, known, want)
		}
		if err := call(t, s, "about @1e"); err != nil {
			t.Error(err)
		}
		clock.pass(12 * time.Minute)
	}
}

// TestSharedAboutAtOnce: many who ask at once ask once.
func TestSharedAboutAtOnce(t *testing.T) {
	t.Parallel()
	for _, what := range []string{"about latest", "about 1.25.3", "about @1", "provenance @1"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				source := newScripted("latest", "1.25.3")
				source.before = func(context.Context) error {
					time.Sleep(time.Second)
					return nil
				}
				s := NewShared(source, SharedOptions{Now: time.Now})
				var group sync.WaitGroup
				for range 50 {
					group.Go(func() {
						if err := call(t, s, what); err != nil {
							t.Error(err)
						}
					})
				}
				group.Wait()
				checkAsked(t, source, what)
			})
		})
	}
}

// TestSharedAboutOfPlatforms: each is a question of its own.
func TestSharedAboutOfPlatforms(t *testing.T) {
	t.Parallel()
	source := newScripted("latest")
	s := NewShared(source, SharedOptions{Now: newClock().Now})
	for range 2 {
		for _, platform := range []*Platform{nil, {}, {OS: "linux", Architecture: "arm64"}} {
			if _, err := s.About(t.Context(), web(), digestNamed(1), platform); err != nil {
				t.Error(err)
			}
		}
	}
	checkAsked(t, source, "about @1", "about @1", "about @1")
	if _, err := s.About(t.Context(), web(), "latest", &Platform{OS: "linux", Architecture: "arm64"}); err != nil {
		t.Error(err)
	}
	checkAsked(t, source, "digest latest")
}

// TestSharedAboutErrors: those of the source come as they are, and are kept as
// others are.
func TestSharedAboutErrors(t *testing.T) {
	t.Parallel()
	for _, what := range []string{"about latest", "about 1.25.3", "about @1", "provenance @1"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			source, clock := newScripted("latest", "1.25.3"), newClock()
			s := NewShared(source, SharedOptions{Now: clock.Now})
			source.failing = fmt.Errorf("asking: %w", &RateLimited{Host: "r.example", RetryAfter: 5 * time.Minute})
			for range 3 {
				if _, limited := errors.AsType[*RateLimited](call(t, s, what)); !limited {
					t.Error("another error")
				}
				clock.pass(time.Minute)
			}
			checkAsked(t, source, what)
			source.failing = nil
			clock.pass(3 * time.Minute)
			if err := call(t, s, what); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSharedAboutIsStored: the largest that a client gives fits, and comes back as
// it was.
func TestSharedAboutIsStored(t *testing.T) {
	t.Parallel()
	most := map[string]string{"org.opencontainers.image.source": "https://example.org"}
	for i := range 1000 {
		most[fmt.Sprintf("key %03d", i)] = strings.Repeat("x", 100)
	}
	most = boundedLabels(most)
	told := About{
		Manifest: manifestNamed(digestNamed(1)), Platform: Platform{OS: "linux", Digest: digestNamed(99)}, Created: newClock().Now(), Size: 77,
		Index: most, Descriptor: most, Annotations: most, Labels: most, Attestation: digestNamed(5),
	}
	store := newShelf()
	options := SharedOptions{Now: newClock().Now, Store: store}
	s, q := NewShared(newScripted(), options), imageOf(owner{repo: web()}, digestNamed(1), nil)
	s.storeAbout(t.Context(), q, told)
	got, err := NewShared(newScripted(), options).About(t.Context(), web(), digestNamed(1), nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(told, got); diff != "" {
		t.Errorf("about (-want +got)\n%s", diff)
	}
	if size := told.memorySize(); size < 40<<10 || size > 100<<10 {
		t.Errorf("it is taken for %d bytes", size)
	}
	// What is of something else, or of nothing, is no answer.
	for _, value := range []any{About{}, Provenance{}, nil, "x", map[string]any{"Manifest": map[string]any{"Digest": "x"}}} {
		raw, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		for key := range store.values {
			store.values[key] = raw
		}
		source := newScripted("latest")
		if err := call(t, NewShared(source, options), "about @1"); err != nil {
			t.Error(err)
		}
		checkAsked(t, source, "about @1")
	}
}

// TestSharedProvenanceThatIsEmpty: nothing is an answer too, and is stored.
func TestSharedProvenanceThatIsEmpty(t *testing.T) {
	t.Parallel()
	store := newShelf()
	options := SharedOptions{Now: newClock().Now, Store: store}
	source := newScripted("latest")
	for range 2 {
		s := NewShared(emptyProvenance{source}, options)
		for range 2 {
			if got, err := s.Provenance(t.Context(), web(), digestNamed(1)); err != nil || got != (Provenance{}) {
				t.Errorf("%+v, error %v", got, err)
			}
		}
	}
	checkAsked(t, source, "provenance @1")
	for key := range store.values {
		store.values[key] = []byte(`{"Source":"https://example.org/other"}`)
	}
	if _, err := NewShared(emptyProvenance{source}, options).Provenance(t.Context(), web(), digestNamed(1)); err != nil {
		t.Error(err)
	}
	checkAsked(t, source, "provenance @1")
}

type emptyProvenance struct{ *scripted }

func (e emptyProvenance) Provenance(ctx context.Context, repo image.Repository, attestation string) (Provenance, error) {
	_, err := e.scripted.Provenance(ctx, repo, attestation)
	return Provenance{}, err
}
