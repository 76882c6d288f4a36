package registry_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

// kept is a registry.Store in memory.
type kept struct{ values sync.Map }

func (k *kept) Get(_ context.Context, key string) ([]byte, bool) {
	value, found := k.values.Load(key)
	raw, _ := value.([]byte)
	return raw, found
}

func (k *kept) Put(_ context.Context, key string, value []byte) { k.values.Store(key, value) }

// attestedIndex fills a shelf with a tag as BuildKit pushes it.
func attestedIndex(tag string) *shelf {
	s := newShelf()
	var entries []object
	for _, architecture := range []string{"amd64", "arm64"} {
		config := with(linux(architecture), "config", object{"Labels": labels{sourceKey: "https://github.com/acme/web", revisionKey: tag}})
		entry := s.describe(with(s.image(ociManifest, ociConfig, config), "layers", []object{layer(1000)}), linux(architecture))
		attested := s.attestation(entry, stated(spdx, nil), v1Of(nil, vcs(git, commit)))
		entries = append(entries, entry, attested)
		s.digests["attestation"] = named(attested)
	}
	s.put(tag, ociIndex, indexOf(entries...))
	return s
}

// page asks for what a page about an image is made of.
func page(ctx context.Context, s *registry.Shared, repo image.Repository, reference string) error {
	about, err := s.About(ctx, repo, reference, nil)
	if err != nil {
		return err
	}
	provenance, err := s.Provenance(ctx, repo, about.Attestation)
	if err != nil {
		return err
	}
	if about.Labels[sourceKey] == "" || provenance.Revision != commit || about.Size != 1000 || len(about.Manifest.Platforms) != 2 {
		return fmt.Errorf("%+v, %+v", about, provenance)
	}
	return nil
}

// behind is a client of registry.example, which stands on the shelf, and of its
// mirror one.example. refuse may answer first; 0 is for the shelf to answer.
func behind(s *shelf, credentials registry.Credentials, refuse func(*http.Request) int) *registry.Client {
	return registry.New(registry.Options{
		Hosts:       []registry.Host{{Name: "registry.example"}, {Name: "mirrored.example", Mirrors: []string{"one.example"}}, {Name: "one.example"}},
		Credentials: credentials,
		Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
			recorded := httptest.NewRecorder()
			code := 0
			if refuse != nil {
				code = refuse(req)
			}
			switch {
			case code > 0:
				recorded.Header().Set("Www-Authenticate", `Basic realm="r"`)
				recorded.WriteHeader(code)
			case req.URL.Path != "/v2/":
				recorded.Header().Set("Docker-Content-Digest", s.digests[path.Base(req.URL.Path)])
				s.answer(recorded, req)
			}
			resp := recorded.Result()
			resp.Request = req
			resp.ContentLength = int64(recorded.Body.Len())
			return resp, nil
		}),
	})
}

// TestAboutCosts: so many requests of each kind for a page about an image, the first
// time, the second time, and a day later in another process.
func TestAboutCosts(t *testing.T) {
	t.Parallel()
	at := repo("registry.example")
	head := registry.Counts{Head: 1, Other: 1}
	for name, test := range map[string]struct {
		tag      string
		byDigest bool
		met      bool // its digest was asked for before
		cold     registry.Counts
		later    registry.Counts
	}{
		"a digest":                  {"1.25.3", true, false, registry.Counts{Get: 5, Other: 1}, registry.Counts{}},
		"a version":                 {"1.25.3", false, false, registry.Counts{Get: 5, Other: 1}, registry.Counts{}},
		"what moves":                {"latest", false, false, registry.Counts{Get: 5, Other: 1}, head},
		"the digest of a known tag": {"1.25.3", true, true, registry.Counts{Head: 1, Get: 5, Other: 1}, registry.Counts{}},
		"a known version":           {"1.25.3", false, true, registry.Counts{Head: 1, Get: 5, Other: 1}, registry.Counts{}},
		"a known tag that moves":    {"latest", false, true, registry.Counts{Head: 1, Get: 5, Other: 1}, head},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shelf, store := attestedIndex(test.tag), &kept{}
			reference := test.tag
			if test.byDigest {
				reference = shelf.digests[test.tag]
			}
			for days, want := range []registry.Counts{test.cold, test.later} {
				now := time.Date(2026, 8, 1+days, 12, 0, 0, 0, time.UTC)
				client := behind(shelf, nil, nil)
				shared := registry.NewShared(client, registry.SharedOptions{Now: func() time.Time { return now }, Store: store})
				if test.met && days == 0 {
					if _, err := shared.Digest(t.Context(), at, test.tag); err != nil {
						t.Error(err)
					}
				}
				for range 3 {
					if err := page(t.Context(), shared, at, reference); err != nil {
						t.Error(err)
					}
				}
				if got := client.Requests()[at.Registry]; got != want {
					t.Errorf("day %d: %+v, want %+v", days, got, want)
				}
			}
		})
	}
}

// TestAboutIsPrivate: what one identity was told costs another one the same again, or
// is not for it at all.
func TestAboutIsPrivate(t *testing.T) {
	t.Parallel()
	at, store, shelf := repo("registry.example"), &kept{}, attestedIndex("1.25.3")
	client := behind(shelf, visitors{}, func(req *http.Request) int {
		if user := req.Header.Get("Authorization"); user != basicOf("alice") && user != basicOf("bob") {
			return http.StatusUnauthorized
		}
		return 0
	})
	for range 2 { // two processes
		shared := registry.NewShared(client, registry.SharedOptions{Now: newClock, Identity: client.Identity, Store: store})
		for _, who := range []string{"alice", "mallory", "bob", "", "alice"} {
			ctx := context.WithValue(t.Context(), visitor{}, who)
			for _, reference := range []string{"1.25.3", shelf.digests["1.25.3"]} {
				err := page(ctx, shared, at, reference)
				if allowed := who == "alice" || who == "bob"; allowed != (err == nil) || !allowed && !errors.Is(err, registry.ErrUnauthorized) {
					t.Errorf("%q asks for %s: error %v", who, reference, err)
				}
			}
			if _, err := shared.Provenance(ctx, at, shelf.digests["attestation"]); err == nil != (who == "alice" || who == "bob") {
				t.Errorf("%q asks for the attestation: error %v", who, err)
			}
		}
	}
}

func newClock() time.Time { return time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC) }

type visitor struct{}

// visitors ask as who the context says.
type visitors struct{}

// For gives the credentials of who asks.
func (visitors) For(ctx context.Context, _ image.Repository) (registry.Credential, error) {
	who, _ := ctx.Value(visitor{}).(string)
	if who == "" {
		return registry.Credential{}, nil
	}
	return key(who, authn.AuthConfig{Username: who, Password: password}), nil
}

// TestAboutByDigestAtAMirror: what a digest names comes from there.
func TestAboutByDigestAtAMirror(t *testing.T) {
	t.Parallel()
	shelf := attestedIndex("1.25.3")
	client := behind(shelf, nil, nil)
	shared := registry.NewShared(client, registry.SharedOptions{Now: newClock})
	if err := page(t.Context(), shared, repo("mirrored.example"), shelf.digests["1.25.3"]); err != nil {
		t.Fatal(err)
	}
	want := map[string]registry.Counts{"one.example": {Get: 5, Other: 1}}
	if diff := cmp.Diff(want, client.Requests()); diff != "" {
		t.Errorf("requests (-want +got)\n%s", diff)
	}
}

// TestAboutOfARegistryThatIsDown: it is left alone after a while, and what is known
// is known.
func TestAboutOfARegistryThatIsDown(t *testing.T) {
	t.Parallel()
	var down atomic.Bool
	var asked atomic.Int64
	shelf := attestedIndex("1.25.3")
	client := behind(shelf, nil, func(req *http.Request) int {
		asked.Add(1)
		if down.Load() && req.URL.Path != "/v2/" {
			return http.StatusServiceUnavailable
		}
		return 0
	})
	at := repo("registry.example")
	shared := registry.NewShared(client, registry.SharedOptions{Now: newClock})
	if err := page(t.Context(), shared, at, shelf.digests["1.25.3"]); err != nil {
		t.Fatal(err)
	}
	down.Store(true)
	for i := range 8 { // of other repositories, so that it is the host that is at fault
		_, _ = client.About(t.Context(), image.Repository{Registry: at.Registry, Path: fmt.Sprint("acme/app", i)}, digestOf("x"), nil)
	}
	before := asked.Load()
	for range 5 {
		_, err := shared.Provenance(t.Context(), at, digestOf("y"))
		if _, resting := errors.AsType[*registry.Unavailable](err); !resting {
			t.Errorf("error %v", err)
		}
		if err := page(t.Context(), shared, at, shelf.digests["1.25.3"]); err != nil {
			t.Error(err)
		}
	}
	if after := asked.Load(); after != before {
		t.Errorf("%d requests to a registry that is down", after-before)
	}
}

// BenchmarkAbout tells the requests that a page about an image costs: manifests,
// blobs and digests, without what only leads to them.
func BenchmarkAbout(b *testing.B) {
	at, shelf := repo("registry.example"), attestedIndex("latest")
	cost := func(client *registry.Client) float64 {
		counts := client.Requests()[at.Registry]
		return float64(counts.Get + counts.Head)
	}
	for _, name := range []string{"cold", "warm"} {
		b.Run(name, func(b *testing.B) {
			warm := name == "warm"
			store, requests, bytes := &kept{}, 0.0, 0
			ask := func() {
				client := behind(shelf, nil, nil)
				if err := page(b.Context(), registry.NewShared(client, registry.SharedOptions{Now: newClock, Store: store}), at, shelf.digests["latest"]); err != nil {
					b.Fatal(err)
				}
				requests += cost(client)
			}
			if warm {
				ask()
				requests = 0
			}
			for b.Loop() {
				if !warm {
					store = &kept{}
				}
				ask()
			}
			store.values.Range(func(_, value any) bool {
				raw, _ := value.([]byte)
				bytes += len(raw)
				return true
			})
			b.ReportMetric(requests/float64(b.N), "requests/image")
			b.ReportMetric(float64(bytes), "stored-bytes/image")
		})
	}
}
