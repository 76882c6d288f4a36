package registry

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/scanner/image"
)

func web() image.Repository { return image.Repository{Registry: "r.example", Path: "acme/web"} }

func digestNamed(n int) string { return fmt.Sprintf("sha256:%064x", n) }

// scripted is a Source of one image that counts what it is asked.
type scripted struct {
	mu      sync.Mutex
	tags    map[string]string // to digests
	failing error
	asked   []string
	// noConfig is that the configs of all images are gone.
	noConfig bool
	// before, when set, is called before each answer.
	before func(context.Context) error
}

func newScripted(tags ...string) *scripted {
	s := &scripted{tags: map[string]string{}}
	for i, tag := range tags {
		s.tags[tag] = digestNamed(i + 1)
	}
	return s
}

func (s *scripted) note(ctx context.Context, what string) error {
	s.mu.Lock()
	s.asked = append(s.asked, what)
	before, failing := s.before, s.failing
	s.mu.Unlock()
	if before != nil {
		if err := before(ctx); err != nil {
			return err
		}
	}
	return failing
}

// move lets a tag stand for something else.
func (s *scripted) move(tag string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tags[tag] = digestNamed(n)
}

// take gives what was asked since the last time.
func (s *scripted) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

func (s *scripted) resolve(reference string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if digest, found := s.tags[reference]; found {
		return digest, nil
	}
	if slices.Contains(slices.Collect(maps.Values(s.tags)), reference) {
		return reference, nil
	}
	return "", ErrNotFound
}

func (s *scripted) List(ctx context.Context, _ image.Repository) ([]Tag, error) {
	if err := s.note(ctx, "list"); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var tags []Tag
	for _, tag := range slices.Sorted(maps.Keys(s.tags)) {
		tags = append(tags, Tag{Name: tag})
	}
	return tags, nil
}

func (s *scripted) Digest(ctx context.Context, _ image.Repository, tag string) (string, error) {
	if err := s.note(ctx, "digest "+tag); err != nil {
		return "", err
	}
	return s.resolve(tag)
}

func (s *scripted) Manifest(ctx context.Context, _ image.Repository, reference string) (Manifest, error) {
	if err := s.note(ctx, "manifest "+brief(reference)); err != nil {
		return Manifest{}, err
	}
	digest, err := s.resolve(reference)
	return manifestNamed(digest), err
}

func manifestNamed(digest string) Manifest {
	return Manifest{Digest: digest, Index: true, Platforms: []Platform{{OS: "linux", Architecture: "amd64", Digest: digestNamed(99)}}}
}

func (s *scripted) Details(ctx context.Context, _ image.Repository, reference string, _ *Platform) (Details, error) {
	if err := s.note(ctx, "details "+brief(reference)); err != nil {
		return Details{}, err
	}
	digest, err := s.resolve(reference)
	return Details{Digest: digestNamed(99), Labels: map[string]string{"of": brief(digest)}, Manifest: manifestNamed(digest)}, err
}

func (s *scripted) About(ctx context.Context, _ image.Repository, reference string, _ *Platform) (About, error) {
	if err := s.note(ctx, "about "+brief(reference)); err != nil {
		return About{}, err
	}
	digest, err := s.resolve(reference)
	told := About{Manifest: manifestNamed(digest), Platform: Platform{Digest: digestNamed(99)}, Labels: map[string]string{"of": brief(digest)}, NoConfig: s.noConfig}
	told.Manifest.Annotations = map[string]string{"of": brief(digest)}
	told.Index = told.Manifest.Annotations
	return told, err
}

func (s *scripted) Provenance(ctx context.Context, _ image.Repository, attestation string) (Provenance, error) {
	if err := s.note(ctx, "provenance "+brief(attestation)); err != nil {
		return Provenance{}, err
	}
	_, err := s.resolve(attestation)
	return Provenance{Revision: brief(attestation)}, err
}

// brief is "@7" for the digest that is named 7.
func brief(reference string) string {
	if number, isDigest := strings.CutPrefix(reference, "sha256:"); isDigest {
		return "@" + strings.TrimLeft(number, "0")
	}
	return reference
}

// clock is set by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// shelf is a Store in memory.
type shelf struct {
	mu     sync.Mutex
	values map[string][]byte
	puts   int
}

func newShelf() *shelf { return &shelf{values: map[string][]byte{}} }

func (s *shelf) Get(_ context.Context, key string) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	value, found := s.values[key]
	return value, found
}

func (s *shelf) Put(_ context.Context, key string, value []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.puts++
	s.values[key] = value
}

// call is one question, spelt as scripted notes it: "list", "digest 1.0",
// "manifest @1", "details latest", "about 1.0", "provenance @1".
func call(t *testing.T, s *Shared, what string) error {
	t.Helper()
	kind, reference, _ := strings.Cut(what, " ")
	if number, isDigest := strings.CutPrefix(reference, "@"); isDigest {
		reference = "sha256:" + strings.Repeat("0", 64-len(number)) + number
	}
	var err error
	switch kind {
	case "list":
		_, err = s.List(t.Context(), web())
	case "digest":
		_, err = s.Digest(t.Context(), web(), reference)
	case "manifest":
		_, err = s.Manifest(t.Context(), web(), reference)
	case "details":
		_, err = s.Details(t.Context(), web(), reference, nil)
	case "about":
		_, err = s.About(t.Context(), web(), reference, nil)
	case "provenance":
		_, err = s.Provenance(t.Context(), web(), reference)
	default:
		t.Fatalf("there is no call %q", what)
	}
	return err
}

func checkAsked(t *testing.T, source *scripted, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, source.take()); diff != "" {
		t.Errorf("the source was asked (-want +got)\n%s", diff)
	}
}

// TestSharedLives: what is asked again, and when.
func TestSharedLives(t *testing.T) {
	t.Parallel()
	const (
		soon  = 8 * time.Minute
		later = 12 * time.Minute
		day   = 24 * time.Hour
	)
	tests := map[string]struct {
		before []string // asked at first, not looked at
		ask    string
		within time.Duration // no more is asked for so long
		after  time.Duration // then this is asked
		again  []string
	}{
		"list":                            {ask: "list", within: soon, after: later, again: []string{"list"}},
		"digest of what moves":            {ask: "digest latest", within: soon, after: later, again: []string{"digest latest"}},
		"digest of a version":             {ask: "digest 1.25.3", within: 5 * time.Hour, after: 7 * time.Hour, again: []string{"digest 1.25.3"}},
		"digest of a line":                {before: []string{"list"}, ask: "digest 1.25", within: soon, after: later, again: []string{"digest 1.25"}},
		"digest of what may be a line":    {ask: "digest 7.1", within: soon, after: later, again: []string{"digest 7.1"}},
		"digest of what is no line":       {before: []string{"list"}, ask: "digest 7.1", within: 5 * time.Hour, after: 7 * time.Hour, again: []string{"digest 7.1"}},
		"digest of a commit":              {ask: "digest main-3f2a91c", within: 5 * time.Hour, after: 7 * time.Hour, again: []string{"digest main-3f2a91c"}},
		"manifest of a digest":            {ask: "manifest @1", within: 5 * time.Hour, after: 365 * day},
		"manifest of what moves":          {ask: "manifest latest", within: soon, after: later, again: []string{"digest latest"}},
		"manifest of a version":           {ask: "manifest 1.25.3", within: 5 * time.Hour, after: 7 * time.Hour, again: []string{"digest 1.25.3"}},
		"manifest after digest":           {before: []string{"digest latest", "manifest @1"}, ask: "manifest latest", within: soon, after: later, again: []string{"digest latest"}},
		"digest after manifest":           {before: []string{"manifest latest"}, ask: "digest latest", within: soon, after: later, again: []string{"digest latest"}},
		"details of a digest":             {ask: "details @1", within: 5 * time.Hour, after: 365 * day},
		"details of a version":            {ask: "details 1.25.3", within: 5 * time.Hour, after: 365 * day},
		"details of what moves":           {ask: "details latest", within: soon, after: later, again: []string{"digest latest"}},
		"about a digest":                  {ask: "about @1", within: 5 * time.Hour, after: 365 * day},
		"about a version":                 {ask: "about 1.25.3", within: 5 * time.Hour, after: 365 * day},
		"about what moves":                {ask: "about latest", within: soon, after: later, again: []string{"digest latest"}},
		"about nothing":                   {ask: "about 9.9.9", within: 5 * time.Hour, after: 7 * time.Hour, again: []string{"about 9.9.9"}},
		"manifest after about":            {before: []string{"about latest"}, ask: "manifest latest", within: soon, after: later, again: []string{"digest latest"}},
		"digest after about":              {before: []string{"about 1.25.3"}, ask: "digest 1.25.3", within: 5 * time.Hour, after: 7 * time.Hour, again: []string{"digest 1.25.3"}},
		"manifest of a digest after it":   {before: []string{"about @1"}, ask: "manifest @1", within: 5 * time.Hour, after: 365 * day},
		"about the digest of a tag":       {before: []string{"about latest"}, ask: "about @1", within: 5 * time.Hour, after: 365 * day},
		"provenance":                      {ask: "provenance @1", within: 5 * time.Hour, after: 365 * day},
		"provenance that is not there":    {ask: "provenance @77", within: 5 * time.Hour, after: 7 * time.Hour, again: []string{"provenance @77"}},
		"nothing there":                   {ask: "digest 9.9.9", within: time.Minute, after: 3 * time.Minute, again: []string{"digest 9.9.9"}},
		"details of nothing":              {ask: "details 9.9.9", within: 5 * time.Hour, after: 7 * time.Hour, again: []string{"details 9.9.9"}},
		"a manifest that is not there":    {ask: "manifest @77", within: time.Minute, after: 3 * time.Minute, again: []string{"manifest @77"}},
		"the manifest of a tag not there": {ask: "manifest 9.9.9", within: time.Minute, after: 3 * time.Minute, again: []string{"manifest 9.9.9"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source, clock := newScripted("latest", "1", "1.25", "1.25.3", "7.1", "main-3f2a91c"), newClock()
			s := NewShared(source, SharedOptions{Now: clock.Now})
			for _, what := range append(tt.before, tt.ask) {
				_ = call(t, s, what)
			}
			source.take()
			clock.pass(tt.within)
			_ = call(t, s, tt.ask)
			checkAsked(t, source)
			clock.pass(tt.after - tt.within)
			_ = call(t, s, tt.ask)
			checkAsked(t, source, tt.again...)
		})
	}
}

// TestSharedErrors: a failure is not repeated at once, and not kept for long.
func TestSharedErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err    error
		within time.Duration // no more is asked for so long
		after  time.Duration // then it is
		ask    string        // "" is a tag's manifest
	}{
		"rate limited":            {&RateLimited{Host: "r.example", RetryAfter: 5 * time.Minute}, 299 * time.Second, 5 * time.Minute, ""},
		"rate limited for long":   {&RateLimited{Host: "r.example", RetryAfter: 50 * time.Minute}, 49 * time.Minute, 50 * time.Minute, ""},
		"rate limited, who knows": {&RateLimited{Host: "r.example"}, 59 * time.Second, time.Minute, ""},
		"left alone":              {&Unavailable{Host: "r.example", Next: newClock().Now().Add(4 * time.Minute), Cause: errors.New("it broke")}, 239 * time.Second, 4 * time.Minute, ""},
		"unauthorized":            {ErrUnauthorized, 119 * time.Second, 2 * time.Minute, ""},
		"refused":                 {ErrRefusedAddress, 119 * time.Second, 2 * time.Minute, ""},
		"no image":                {ErrNoImage, 599 * time.Second, 10 * time.Minute, ""},
		"stumbled":                {errors.New("the registry answered 502"), 29 * time.Second, 30 * time.Second, ""},
		"too slow":                {ErrTimeout, 29 * time.Second, 30 * time.Second, ""},
		"a base not for us":       {ErrUnauthorized, 5 * time.Hour, 7 * time.Hour, "about @1"},
		"no base":                 {ErrNoImage, 5 * time.Hour, 7 * time.Hour, "about @1"},
		"a large attestation":     {ErrTooLarge, 5 * time.Hour, 7 * time.Hour, "provenance @1"},
		"a base, out of order":    {ErrTimeout, 29 * time.Second, 30 * time.Second, "about @1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source, clock := newScripted("1.0.0"), newClock()
			ask := "manifest 1.0.0"
			if tt.ask != "" {
				ask = tt.ask
			}
			s := NewShared(source, SharedOptions{Now: clock.Now})
			source.failing = fmt.Errorf("asking: %w", tt.err)
			for _, pass := range []time.Duration{0, tt.within} {
				clock.pass(pass)
				if err := call(t, s, ask); !errors.Is(err, tt.err) {
					t.Errorf("error %v, want %v", err, tt.err)
				}
			}
			checkAsked(t, source, ask)
			source.failing = nil
			clock.pass(tt.after - tt.within)
			if err := call(t, s, ask); err != nil {
				t.Errorf("after %s: %v", tt.after, err)
			}
		})
	}
}

// TestSharedIdentities: what one credential was told is not for another.
func TestSharedIdentities(t *testing.T) {
	t.Parallel()
	type who struct{}
	source, store := newScripted("1.25.3", "latest"), newShelf()
	options := SharedOptions{
		Now: newClock().Now, Store: store,
		Identity: func(ctx context.Context, _ image.Repository) (string, error) {
			identity, _ := ctx.Value(who{}).(string)
			if identity == "broken" {
				return "", errors.New("the helper is not installed")
			}
			return identity, nil
		},
	}
	askAll := func(s *Shared, identity string) error {
		ctx := context.WithValue(t.Context(), who{}, identity)
		_, err := s.List(ctx, web())
		_, errDigest := s.Digest(ctx, web(), "latest")
		_, errManifest := s.Manifest(ctx, web(), digestNamed(1))
		_, errDetails := s.Details(ctx, web(), digestNamed(1), nil)
		_, errTag := s.Details(ctx, web(), "1.25.3", nil)
		_, errAbout := s.About(ctx, web(), digestNamed(1), nil)
		_, errAboutTag := s.About(ctx, web(), "latest", nil)
		_, errProvenance := s.Provenance(ctx, web(), digestNamed(1))
		return errors.Join(err, errDigest, errManifest, errDetails, errTag, errAbout, errAboutTag, errProvenance)
	}
	all := []string{"list", "digest latest", "manifest @1", "details @1", "details 1.25.3", "about @1", "about latest", "provenance @1"}
	s := NewShared(source, options)
	for _, identity := range []string{"", "acme", "other"} {
		for range 2 {
			if err := askAll(s, identity); err != nil {
				t.Error(err)
			}
		}
		checkAsked(t, source, all...)
	}
	if err := askAll(s, "broken"); err == nil || !strings.Contains(err.Error(), "the helper is not installed") {
		t.Errorf("error %v where there is no identity", err)
	}
	checkAsked(t, source)

	// Another process: what is stored is as private.
	s = NewShared(source, options)
	if err := askAll(s, "acme"); err != nil {
		t.Error(err)
	}
	checkAsked(t, source, "list", "digest latest")
	if err := askAll(s, "stranger"); err != nil {
		t.Error(err)
	}
	checkAsked(t, source, all...)
	for key := range store.values {
		if len(key) != 32 || strings.Contains(key, "acme") {
			t.Errorf("the key %q tells something", key)
		}
	}
}

// Somebody else may log in while a registry is asked. Nobody knows then whose answer
// it is, and nobody gets it.
func TestSharedIdentityThatChanges(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]func(*Shared, context.Context) error{
		"list":     func(s *Shared, ctx context.Context) error { _, err := s.List(ctx, web()); return err },
		"digest":   func(s *Shared, ctx context.Context) error { _, err := s.Digest(ctx, web(), "latest"); return err },
		"manifest": func(s *Shared, ctx context.Context) error { _, err := s.Manifest(ctx, web(), "latest"); return err },
		"manifest of digest": func(s *Shared, ctx context.Context) error {
			_, err := s.Manifest(ctx, web(), digestNamed(1))
			return err
		},
		"details": func(s *Shared, ctx context.Context) error { _, err := s.Details(ctx, web(), "1.25.3", nil); return err },
		"details of digest": func(s *Shared, ctx context.Context) error {
			_, err := s.Details(ctx, web(), digestNamed(1), nil)
			return err
		},
		"about": func(s *Shared, ctx context.Context) error { _, err := s.About(ctx, web(), "1.25.3", nil); return err },
		"about a digest": func(s *Shared, ctx context.Context) error {
			_, err := s.About(ctx, web(), digestNamed(1), nil)
			return err
		},
		"about a platform": func(s *Shared, ctx context.Context) error {
			_, err := s.About(ctx, web(), "1.25.3", &Platform{OS: "linux"})
			return err
		},
		"provenance": func(s *Shared, ctx context.Context) error {
			_, err := s.Provenance(ctx, web(), digestNamed(1))
			return err
		},
		"details of a moving": func(s *Shared, ctx context.Context) error { _, err := s.Details(ctx, web(), "latest", nil); return err },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source, store := newScripted("1.25.3", "latest"), newShelf()
			identities := []string{"anna", "ben"}
			s := NewShared(source, SharedOptions{Now: newClock().Now, Store: store, Identity: func(context.Context, image.Repository) (string, error) {
				identity := identities[0]
				identities = identities[min(1, len(identities)-1):]
				return identity, nil
			}})
			if err := ask(s, t.Context()); err == nil || !strings.Contains(err.Error(), "other credentials") {
				t.Errorf("error %v", err)
			}
			if len(store.values) > 0 {
				t.Errorf("%d values were stored", len(store.values))
			}
			if err := ask(s, t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSharedStore: what another process learnt is not asked again, if it can be
// true still.
func TestSharedStore(t *testing.T) {
	t.Parallel()
	source, store, clock := newScripted("latest", "1.25.3", "2.0.0"), newShelf(), newClock()
	options := SharedOptions{Now: clock.Now, Store: store}
	questions := []string{"manifest latest", "manifest @2", "details @2", "details 2.0.0", "details latest", "about @2", "about 2.0.0", "about latest", "provenance @2"}
	first := NewShared(source, options)
	for _, what := range questions {
		if err := call(t, first, what); err != nil {
			t.Error(err)
		}
	}
	checkAsked(t, source, "manifest latest", "manifest @2", "details @2", "details 2.0.0", "details latest", "about @2", "about 2.0.0", "about latest", "provenance @2")
	puts := store.puts

	second := NewShared(source, options)
	for _, what := range questions {
		if err := call(t, second, what); err != nil {
			t.Error(err)
		}
	}
	checkAsked(t, source, "digest latest")
	if store.puts != puts {
		t.Errorf("%d values were stored again", store.puts-puts)
	}

	for key := range store.values {
		store.values[key] = []byte(`"damaged`)
	}
	third := NewShared(source, options)
	for _, what := range questions {
		if err := call(t, third, what); err != nil {
			t.Error(err)
		}
	}
	checkAsked(t, source, "manifest latest", "manifest @2", "details @2", "details 2.0.0", "details latest", "about @2", "about 2.0.0", "about latest", "provenance @2")
}

// TestSharedStoreIsNotFlooded: publishers decide how long their labels are.
func TestSharedStoreIsNotFlooded(t *testing.T) {
	t.Parallel()
	store := newShelf()
	s := NewShared(newScripted(), SharedOptions{Now: newClock().Now, Store: store})
	q := question{owner: owner{repo: web()}, about: aboutDetails, reference: digestNamed(1)}
	s.store(t.Context(), q, Details{Labels: map[string]string{"a": strings.Repeat("a", maxStored)}})
	if store.puts > 0 {
		t.Error("a value larger than the cap was stored")
	}
}

// TestSharedTagMoved: the manifest that comes is that of the new digest, also
// where the old one was remembered and is gone.
func TestSharedTagMoved(t *testing.T) {
	t.Parallel()
	source, clock := newScripted("latest"), newClock()
	s := NewShared(source, SharedOptions{Now: clock.Now})
	check := func(n int) {
		t.Helper()
		manifest, err := s.Manifest(t.Context(), web(), "latest")
		if err != nil || manifest.Digest != digestNamed(n) {
			t.Errorf("manifest %+v, error %v, want the digest @%d", manifest, err, n)
		}
	}
	check(1)
	source.move("latest", 2)
	check(1)
	clock.pass(12 * time.Minute)
	check(2)
	checkAsked(t, source, "manifest latest", "digest latest", "manifest @2")

	// Resolved alone, and the manifest gone before it was asked for.
	if _, err := s.Digest(t.Context(), web(), "latest"); err != nil {
		t.Fatal(err)
	}
	clock.pass(12 * time.Minute)
	source.move("latest", 3)
	if _, err := s.Digest(t.Context(), web(), "latest"); err != nil {
		t.Fatal(err)
	}
	source.move("latest", 4)
	check(4)
}

// TestSharedRefresh: the next look really asks, once in 30 seconds.
func TestSharedRefresh(t *testing.T) {
	t.Parallel()
	source, clock := newScripted("latest", "1.25.3"), newClock()
	s := NewShared(source, SharedOptions{Now: clock.Now})
	questions := []string{"list", "digest 1.25.3", "digest latest", "manifest @2", "details 1.25.3"}
	look := func(want ...string) {
		t.Helper()
		for _, what := range questions {
			if err := call(t, s, what); err != nil {
				t.Error(err)
			}
		}
		checkAsked(t, source, want...)
		clock.pass(time.Second)
	}
	everything := []string{"list", "digest 1.25.3", "digest latest"} // what a digest names stays, and details of settled tags
	refresh := func() { s.Refresh(web(), clock.Now()) }

	look(questions...)
	look()
	refresh()
	clock.pass(time.Second)
	look(everything...)
	look()
	refresh() // too soon, but not lost
	clock.pass(time.Second)
	look()
	clock.pass(30 * time.Second)
	look(everything...)
	look()
	clock.pass(30 * time.Second)
	s.Refresh(image.Repository{Registry: "r.example", Path: "acme/other"}, clock.Now())
	s.Refresh(web(), clock.Now().Add(-time.Minute)) // asked since
	look()
	clock.pass(30 * time.Second)
	s.Refresh(web(), clock.Now().Add(time.Hour)) // a clock that is ahead
	clock.pass(time.Second)
	look(everything...)
	look()
}

// TestSharedRefreshForAll: a forced look is for all who ask.
func TestSharedRefreshForAll(t *testing.T) {
	t.Parallel()
	identity := "a"
	source, clock := newScripted("latest"), newClock()
	s := NewShared(source, SharedOptions{
		Now: clock.Now, Identity: func(context.Context, image.Repository) (string, error) { return identity, nil },
	})
	look := func() {
		t.Helper()
		for _, identity = range []string{"a", "b"} {
			if err := call(t, s, "list"); err != nil {
				t.Error(err)
			}
		}
		checkAsked(t, source, "list", "list")
		clock.pass(time.Second)
	}
	look()
	s.Refresh(web(), clock.Now())
	clock.pass(time.Second)
	look()
}

func TestSharedMarksAreForgotten(t *testing.T) {
	t.Parallel()
	clock := newClock()
	s := NewShared(newScripted(), SharedOptions{Now: clock.Now})
	for i := range 5 * manyMarks {
		s.Refresh(image.Repository{Registry: "r.example", Path: fmt.Sprint("app", i)}, clock.Now())
		clock.pass(time.Minute)
	}
	if got := len(s.marks); got > 2*manyMarks {
		t.Errorf("%d marks are kept", got)
	}
}

// TestSharedAtOnce: many who ask at once are one question; who leaves does not
// end it for the others, and the last who leaves does.
func TestSharedAtOnce(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		callers, leaving int
		ended            bool // the question, by them
	}{
		"nobody leaves":   {callers: 50},
		"the first":       {callers: 50, leaving: 1},
		"all but one":     {callers: 50, leaving: 49},
		"all":             {callers: 50, leaving: 50, ended: true},
		"one, and leaves": {callers: 1, leaving: 1, ended: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				source, answer, ended := newScripted("latest"), make(chan struct{}), false
				source.before = func(ctx context.Context) error {
					select {
					case <-answer:
						return nil
					case <-ctx.Done():
						ended = true
						return ctx.Err()
					}
				}
				s := NewShared(source, SharedOptions{Now: time.Now})
				left, leave := context.WithCancelCause(t.Context())
				errs := make([]error, tt.callers)
				var group sync.WaitGroup
				for i := range tt.callers {
					ctx := t.Context()
					if i < tt.leaving {
						ctx = left
					}
					group.Go(func() { _, errs[i] = s.List(ctx, web()) })
					synctest.Wait()
				}
				left1 := errors.New("had enough")
				leave(left1)
				synctest.Wait()
				close(answer)
				group.Wait()
				for i, err := range errs {
					if want := map[bool]error{true: left1}[i < tt.leaving]; !errors.Is(err, want) {
						t.Errorf("caller %d: %v, want %v", i, err, want)
					}
				}
				synctest.Wait()
				checkAsked(t, source, "list")
				if ended != tt.ended {
					t.Errorf("ended is %t", ended)
				}
				if err := call(t, s, "list"); err != nil {
					t.Errorf("afterwards: %v", err)
				}
				checkAsked(t, source, map[bool][]string{true: {"list"}}[tt.ended]...)
			})
		})
	}
}

// TestSharedUnderWay: an answer under way when an image is marked stale is for
// those who asked before that alone, whichever answer comes first.
func TestSharedUnderWay(t *testing.T) {
	t.Parallel()
	for name, newFirst := range map[string]bool{"the old answer comes first": false, "the new answer comes first": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				source := newScripted("latest")
				delays := make(chan time.Duration, 2)
				delays <- 10 * time.Second
				delays <- map[bool]time.Duration{true: time.Second, false: 20 * time.Second}[newFirst]
				source.before = func(context.Context) error {
					time.Sleep(<-delays)
					return nil
				}
				s := NewShared(source, SharedOptions{Now: time.Now})
				resolved := make([]string, 2)
				var group sync.WaitGroup
				for i := range resolved {
					group.Go(func() {
						// What stands there when the question is sent is the answer.
						resolved[i], _ = s.Digest(t.Context(), web(), "latest")
					})
					synctest.Wait()
					time.Sleep(time.Second)
					s.Refresh(web(), time.Now())
				}
				group.Wait()
				checkAsked(t, source, "digest latest", "digest latest")
				// The later question's answer is the one that is kept. The second mark waits.
				kept := s.memory.get(digestOf(owner{repo: web()}, "latest"))
				if want := time.Now().Add(map[bool]time.Duration{true: -9 * time.Second, false: -20 * time.Second}[newFirst]); kept == nil || !kept.asked.Equal(want) {
					t.Errorf("kept is %+v, want one asked at %s", kept, want)
				}
			})
		})
	}
}

// TestSharedPanics: a panic is that of who asked, not that of the process.
func TestSharedPanics(t *testing.T) {
	t.Parallel()
	source := newScripted("latest")
	source.before = func(context.Context) error { panic("boom") }
	s := NewShared(source, SharedOptions{Now: newClock().Now})
	for range 2 {
		func() {
			defer func() {
				if got, _ := recover().(string); !strings.HasPrefix(got, "boom\n") || !strings.Contains(got, "TestSharedPanics") {
					t.Errorf("recovered %.200s", got)
				}
			}()
			_ = call(t, s, "list")
		}()
	}
}

// TestSharedKeepsErrors of every question, also of those whose answer would be
// a pointer.
func TestSharedKeepsErrors(t *testing.T) {
	t.Parallel()
	source := newScripted("latest")
	source.failing = ErrUnauthorized
	s := NewShared(source, SharedOptions{Now: newClock().Now})
	for range 2 {
		if tags, err := s.List(t.Context(), web()); !errors.Is(err, ErrUnauthorized) || tags != nil {
			t.Errorf("%v %v", tags, err)
		}
	}
	checkAsked(t, source, "list")
}

// TestSharedMemoryIsBounded: what was used last stays.
func TestSharedMemoryIsBounded(t *testing.T) {
	t.Parallel()
	const most = 100_000
	source := newScripted("latest")
	s := NewShared(source, SharedOptions{Now: newClock().Now, MaxBytes: most})
	repo := func(n int) image.Repository {
		return image.Repository{Registry: "r.example", Path: fmt.Sprint("app", n)}
	}
	for i := range 2000 {
		for _, n := range []int{0, i} {
			if _, err := s.List(t.Context(), repo(n)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := len(source.take()); got != 2000 {
		t.Errorf("%d questions, want 2000: what is used often must stay", got)
	}
	if s.memory.size > most || s.memory.size < most/2 {
		t.Errorf("%d bytes are remembered, want about %d", s.memory.size, most)
	}
	var sum int64
	for element := s.memory.order.Front(); element != nil; element = element.Next() {
		sum += held(element).size
	}
	if sum != s.memory.size || len(s.memory.byQuestion) != s.memory.order.Len() {
		t.Errorf("the books say %d bytes, and there are %d", s.memory.size, sum)
	}
}

// TestSharedNewest: each tag is asked once for what it is, no more than the
// budget at a time, and never again.
func TestSharedNewest(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		tag    string
		cycles []int // how many tags are looked at in each
		stale  int   // questions in a cycle when all are known
	}{
		"settled": {tag: "main-%07x", cycles: []int{300, 600, 900, 1000}},
		// Of what is known already half of the budget is asked again: 150.
		"moving": {tag: "topic-%s", cycles: []int{300, 450, 600, 750, 900, 1000}, stale: 150},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var tags []string
			for i := range 1000 {
				tag := fmt.Sprintf(tt.tag, letters(i))
				if strings.Contains(tt.tag, "x") {
					tag = fmt.Sprintf(tt.tag, i+0x1000000)
				}
				tags = append(tags, tag)
			}
			source, clock, store := newScripted(tags...), newClock(), newShelf()
			cycle := func(s *Shared) (looked int) {
				for _, tag := range tags {
					switch err := call(t, s, "details "+tag); {
					case err == nil:
						looked++
					case !errors.Is(err, ErrIncomplete):
						t.Fatal(err)
					}
				}
				return looked
			}
			var s *Shared
			for i, want := range tt.cycles {
				if i%2 == 0 { // what is learnt outlives the process
					s = NewShared(source, SharedOptions{Now: clock.Now, Store: store})
				}
				for range 2 { // within the interval no more is asked
					if got := cycle(s); got != want {
						t.Errorf("cycle %d: %d tags were looked at, want %d", i, got, want)
					}
				}
				if got := len(source.take()); got > 600 { // a moving tag costs two
					t.Errorf("cycle %d: %d questions", i, got)
				}
				clock.pass(12 * time.Minute)
			}
			if got := cycle(s); got != len(tags) {
				t.Errorf("%d tags are known at the end", got)
			}
			if got := len(source.take()); got != tt.stale {
				t.Errorf("%d questions when all is known, want %d", got, tt.stale)
			}
		})
	}
}

// letters spells a number without digits.
func letters(n int) string {
	return strings.Map(func(r rune) rune { return r - '0' + 'g' }, strconv.Itoa(n))
}

func TestSharedBudgetsAreForgotten(t *testing.T) {
	t.Parallel()
	clock := newClock()
	s := NewShared(newScripted(), SharedOptions{Now: clock.Now})
	for i := range 1000 {
		s.spend(owner{repo: web(), identity: strconv.Itoa(i)}, 1)
		clock.pass(time.Minute)
	}
	if got := len(s.budgets); got > 21 {
		t.Errorf("%d budgets are kept", got)
	}
}

// TestSpread: lives differ from image to image, by 10 % and no more.
func TestSpread(t *testing.T) {
	t.Parallel()
	shortest, longest := time.Hour, time.Duration(0)
	for i := range 1000 {
		q := listingOf(owner{repo: image.Repository{Registry: "r.example", Path: fmt.Sprint("app", i)}})
		life := spread(q, 10*time.Minute)
		shortest, longest = min(shortest, life), max(longest, life)
	}
	if shortest < 9*time.Minute || shortest > 550*time.Second || longest > 11*time.Minute || longest < 650*time.Second {
		t.Errorf("lives are from %s to %s", shortest, longest)
	}
}

// TestMoves: what publishers move, by its name and those beside it.
func TestMoves(t *testing.T) {
	t.Parallel()
	source := newScripted("1", "1.25", "1.25-alpine", "1.25.3", "16.4", "16", "build-17", "v2", "v2.1")
	s := NewShared(source, SharedOptions{Now: newClock().Now})
	if err := call(t, s, "list"); err != nil {
		t.Fatal(err)
	}
	for tag, want := range map[string]bool{
		"latest": true, "stable-alpine": true, "1": true, "1.25": true, "1.25-alpine": true, "16": true, "v2": true,
		"1.25.3": false, "1.25.3-alpine": false, "v1.2.3-rc.1": false, "16.4": false, "build-17": true, "v2.1": false,
		"main-3f2a91c": false, "20240131": false, "sha-0123456789abcdef": false, "defaced": true, "2024.01.31": false,
		"latest-amd64": true, "nonroot-arm64": true, "nightly-x86_64": true, "edge-cuda12": true, "main-py3": true, "jdk21": true, "release-7": true, "pr-123": true,
		"1.0.0-SNAPSHOT": true, "1.2.3-dev": true, "v1.2.3-develop.4": true, "1.2.3-devel-1a2b3c4": true,
	} {
		if got := s.moves(owner{repo: web()}, tag); got != want {
			t.Errorf("%s: moves is %t", tag, got)
		}
	}
}

// TestSharedRemembersWhatIsNoImage: such tags take from the budget once, also in
// the next process, and until they may be images.
func TestSharedRemembersWhatIsNoImage(t *testing.T) {
	t.Parallel()
	clock, source, store := newClock(), newScripted(), &shelf{values: map[string][]byte{}}
	options := SharedOptions{Now: clock.Now, Store: store, Budget: 10}
	cycle := func(s *Shared) (asked, left int) {
		for i := range 25 {
			for _, tag := range []string{"sha-1a2b3c" + strconv.Itoa(i), "buildcache-" + strconv.Itoa(i)} {
				_, err := s.Details(t.Context(), web(), tag, nil)
				switch {
				case errors.Is(err, ErrIncomplete):
					left++
					if next := Next(err); !next.Equal(clock.Now().Add(defaultInterval)) || !Postponed(err) {
						t.Errorf("it goes on at %s", next)
					}
				case !errors.Is(err, ErrNotFound):
					t.Fatalf("%s: %v", tag, err)
				}
			}
		}
		return len(source.take()), left
	}
	s := NewShared(source, options)
	for want := 40; want >= 0; want -= 10 {
		if asked, left := cycle(s); asked != 10 || left != want {
			t.Errorf("%d asked, %d left, want %d", asked, left, want)
		}
		s.Refresh(web(), clock.Now())
		clock.pass(15 * time.Minute)
	}
	if asked, left := cycle(s); asked != 0 || left != 0 {
		t.Errorf("once all is known: %d asked, %d left", asked, left)
	}
	if asked, left := cycle(NewShared(source, options)); asked != 0 || left != 0 {
		t.Errorf("in the next process: %d asked, %d left", asked, left)
	}
	clock.pass(7 * time.Hour)
	if asked, _ := cycle(s); asked != 10 {
		t.Errorf("after hours: %d asked", asked)
	}
}

// TestSharedGoesRound: of more moving tags than may be asked in an interval each
// is asked in its turn.
func TestSharedGoesRound(t *testing.T) {
	t.Parallel()
	var tags []string
	for i := range 26 {
		tags = append(tags, "tag-"+letters(i))
	}
	clock, source := newClock(), newScripted(tags...)
	s := NewShared(source, SharedOptions{Now: clock.Now, Budget: 20})
	cycle := func() map[string]string {
		if err := call(t, s, "list"); err != nil {
			t.Fatal(err)
		}
		said := map[string]string{}
		for _, tag := range tags {
			if details, err := s.Details(t.Context(), web(), tag, nil); err == nil {
				said[tag] = details.Labels["of"]
			}
		}
		s.Refresh(web(), clock.Now())
		clock.pass(12 * time.Minute)
		return said
	}
	cycle()
	cycle()
	last := tags[len(tags)-1]
	source.move(last, 77)
	for range 6 {
		if cycle()[last] == brief(digestNamed(77)) {
			return
		}
	}
	t.Error("the last tag was never asked again")
}
