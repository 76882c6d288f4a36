package registry_test

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/go-containerregistry/pkg/name"
	ocireg "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

const (
	ociIndex     = "application/vnd.oci.image.index.v1+json"
	ociManifest  = "application/vnd.oci.image.manifest.v1+json"
	ociConfig    = "application/vnd.oci.image.config.v1+json"
	dockerList   = "application/vnd.docker.distribution.manifest.list.v2+json"
	dockerImage  = "application/vnd.docker.distribution.manifest.v2+json"
	dockerConfig = "application/vnd.docker.container.image.v1+json"
	dockerOld    = "application/vnd.docker.distribution.manifest.v1+prettyjws"
)

func TestManifestOfAnIndex(t *testing.T) {
	t.Parallel()
	for name, types := range map[string]struct{ index, image, config string }{
		"OCI":    {ociIndex, ociManifest, ociConfig},
		"Docker": {dockerList, dockerImage, dockerConfig},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShelf()
			entry := func(platform object) object { return s.entry(types.image, types.config, platform, nil) }
			arm64 := entry(object{"os": "linux", "architecture": "arm64", "variant": "v8"})
			amd64 := entry(object{"os": "linux", "architecture": "amd64"})
			server := entry(object{"os": "windows", "architecture": "amd64", "os.version": "10.0.20348.2700"})
			digest := s.put("1.0", types.index, object{
				"schemaVersion": 2, "mediaType": types.index, "annotations": object{"org.opencontainers.image.version": "1.0"},
				"manifests": []object{
					server, arm64, amd64,
					s.entry(ociManifest, ociConfig, object{"os": "unknown", "architecture": "unknown"}, nil),
					with(s.entry(ociManifest, ociConfig, object{"os": "linux", "architecture": "s390x"}, nil), "annotations", object{"vnd.docker.reference.type": "attestation-manifest"}),
					with(s.entry(ociManifest, ociConfig, object{"os": "linux", "architecture": "s390x"}, nil), "artifactType", "application/vnd.amazon.soci.index.v2+json"),
					with(s.entry(ociManifest, ociConfig, object{"os": "linux\n<b>", "architecture": "s390x"}, nil), "size", 1),
					{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": "sha256:none", "size": 1},
				},
			})
			f := s.serve(t)
			want := registry.Manifest{
				Digest: digest, Index: true,
				Platforms: []registry.Platform{
					{OS: "linux", Architecture: "amd64", Digest: named(amd64)},
					{OS: "linux", Architecture: "arm64", Variant: "v8", Digest: named(arm64)},
					{OS: "windows", Architecture: "amd64", OSVersion: "10.0.20348.2700", Digest: named(server)},
				},
				Annotations: map[string]string{"org.opencontainers.image.version": "1.0"},
			}
			for _, reference := range []string{"1.0", digest} {
				got, err := f.client.Manifest(t.Context(), f.repo, reference)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-want +got)\n%s", reference, diff)
				}
			}
			f.counted(t, registry.Counts{Get: 2, Other: 1})
		})
	}
}

func TestManifestOfOneImage(t *testing.T) {
	t.Parallel()
	for name, mediaType := range map[string]string{
		"OCI": ociManifest, "Docker": dockerImage, "with parameters": ociManifest + "; charset=utf-8", "not told": "application/json", "nothing": "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShelf()
			manifest := s.image(mediaType, ociConfig, nil)
			delete(manifest, "mediaType")
			manifest["annotations"] = object{"a": "b"}
			digest := s.put("1.0", mediaType, manifest)
			f := s.serve(t)
			got, err := f.client.Manifest(t.Context(), f.repo, "1.0")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(registry.Manifest{Digest: digest, Annotations: map[string]string{"a": "b"}}, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			f.counted(t, registry.Counts{Get: 1, Other: 1})
		})
	}
}

// The digest of a tag's manifest is that of HEAD, so what is compared and what
// is written are the same thing.
func TestManifestOfARealRegistry(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(ocireg.New(ocireg.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	host := hostOf(server.URL)
	var index v1.ImageIndex = empty.Index
	for _, architecture := range []string{"arm64", "amd64"} {
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: built(t, architecture), Descriptor: v1.Descriptor{
			Platform: &v1.Platform{OS: "linux", Architecture: architecture},
		}})
	}
	tag, err := name.NewTag(host + "/acme/web:1.0")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(tag, index, remote.WithContext(t.Context())); err != nil {
		t.Fatal(err)
	}

	client := registry.New(registry.Options{PlainHTTP: []string{host}})
	digest, err := client.Digest(t.Context(), repo(host), "1.0")
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := client.Manifest(t.Context(), repo(host), "1.0")
	if err != nil {
		t.Fatal(err)
	}
	if manifest.Digest != digest || !manifest.Index || len(manifest.Platforms) != 2 || manifest.Platforms[1].Architecture != "arm64" {
		t.Errorf("%+v, want the index %s with two platforms", manifest, digest)
	}
	for _, platform := range manifest.Platforms {
		details, err := client.Details(t.Context(), repo(host), "1.0", &platform)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(registry.Details{
			Created: day(1), Platform: platform, Labels: map[string]string{"architecture": platform.Architecture}, Digest: platform.Digest, Manifest: manifest,
		}, details); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	}
	if diff := cmp.Diff(map[string]registry.Counts{host: {Head: 1, Get: 1 + 2*3, Other: 1}}, client.Requests()); diff != "" {
		t.Errorf("requests (-want +got)\n%s", diff)
	}
}

func TestIndexWithinAnIndex(t *testing.T) {
	t.Parallel()
	s := newShelf()
	images := []object{
		s.entry(ociManifest, ociConfig, object{"os": "linux", "architecture": "s390x"}, nil),
		s.entry(ociManifest, ociConfig, object{"os": "linux", "architecture": "amd64"}, nil),
	}
	inner := s.put("", ociIndex, indexOf(images[0]))
	middle := s.put("", ociIndex, indexOf(object{"mediaType": ociIndex, "digest": inner, "size": 1}))
	s.put("1.0", ociIndex, indexOf(object{"mediaType": ociIndex, "digest": middle, "size": 1}, images[1]))
	f := s.serve(t)
	got, err := f.client.Manifest(t.Context(), f.repo, "1.0")
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Platforms) != 2 || got.Platforms[0].Digest != named(images[1]) || got.Platforms[1].Digest != named(images[0]) {
		t.Errorf("platforms %+v", got.Platforms)
	}
	f.counted(t, registry.Counts{Get: 3, Other: 1})
}

func TestManifestsThatAreRefused(t *testing.T) {
	t.Parallel()
	amd64 := object{"os": "linux", "architecture": "amd64"}
	many := func(s *shelf, n int, entry func(int) object) {
		entries := make([]object, n)
		for i := range entries {
			entries[i] = entry(i)
		}
		s.put("1.0", ociIndex, indexOf(entries...))
	}
	for name, test := range map[string]struct {
		fill  func(s *shelf)
		want  error // or:
		says  string
		gets  int
		again bool // as the answer to a digest, too
	}{
		"schema 1 by its type": {func(s *shelf) { s.put("1.0", dockerOld, object{"schemaVersion": 1}) }, registry.ErrNoImage, "schema 1", 1, true},
		"schema 1 by itself":   {func(s *shelf) { s.put("1.0", "", object{"schemaVersion": 1, "fsLayers": []object{}}) }, registry.ErrNoImage, "schema 1", 1, true},
		"empty index":          {func(s *shelf) { s.put("1.0", ociIndex, indexOf()) }, registry.ErrNoImage, "index without an image", 1, true},
		"index of attestations": {func(s *shelf) {
			s.put("1.0", ociIndex, indexOf(s.entry(ociManifest, ociConfig, object{"os": "unknown", "architecture": "unknown"}, nil)))
		}, registry.ErrNoImage, "index without an image", 1, true},
		"most entries": {func(s *shelf) {
			many(s, 1000, func(int) object { return object{"mediaType": ociManifest, "digest": digestOf("x"), "platform": amd64} })
		}, nil, "", 1, true},
		"too many entries": {func(s *shelf) {
			many(s, 1001, func(int) object { return object{"mediaType": ociManifest, "digest": digestOf("x"), "platform": amd64} })
		}, registry.ErrTooLarge, "more than 1000 entries", 1, true},
		"too many entries together": {func(s *shelf) {
			entry := object{"mediaType": ociManifest, "digest": digestOf("x"), "platform": amd64}
			inner := s.put("", ociIndex, indexOf(slices.Repeat([]object{entry}, 900)...))
			nested := object{"mediaType": ociIndex, "digest": inner}
			s.put("1.0", ociIndex, indexOf(nested, nested))
		}, registry.ErrTooLarge, "more than 1000 entries", 3, true},
		"too many indexes": {func(s *shelf) {
			many(s, 100, func(i int) object {
				entry := s.entry(ociManifest, ociConfig, amd64, object{"n": strconv.Itoa(i)})
				return object{"mediaType": ociIndex, "digest": s.put("", ociIndex, indexOf(entry))}
			})
		}, registry.ErrTooLarge, "more than 16 indexes", 17, true},
		"too deep": {func(s *shelf) {
			digest := s.put("", ociIndex, indexOf(s.entry(ociManifest, ociConfig, amd64, nil)))
			for range 3 {
				digest = s.put("1.0", ociIndex, indexOf(object{"mediaType": ociIndex, "digest": digest}))
			}
		}, registry.ErrTooLarge, "deeper than 2", 3, true},
		"a nested index is gone": {func(s *shelf) {
			s.put("1.0", ociIndex, indexOf(object{"mediaType": ociIndex, "digest": digestOf("x")}))
		}, registry.ErrNotFound, "", 2, true},
		"a nested index is an image": {func(s *shelf) {
			digest := s.put("", ociManifest, s.image(ociManifest, ociConfig, nil))
			s.put("1.0", ociIndex, indexOf(object{"mediaType": ociIndex, "digest": digest}))
		}, nil, "an image where an index was named", 2, true},
		"a nested index is another one": {func(s *shelf) {
			s.items["manifests/"+digestOf("x")] = item{ociIndex, encode(indexOf())}
			s.put("1.0", ociIndex, indexOf(object{"mediaType": ociIndex, "digest": digestOf("x")}))
		}, nil, "does not match requested digest", 2, true},
		"a digest that is a path": {func(s *shelf) {
			s.put("1.0", ociIndex, indexOf(object{"mediaType": ociIndex, "digest": "sha256:../../../api"}))
		}, nil, "which is none", 1, true},
		"both an index and an image": {func(s *shelf) {
			s.put("1.0", ociIndex, with(indexOf(s.entry(ociManifest, ociConfig, amd64, nil)), "config", object{}))
		}, nil, "contradicts", 1, true},
		"a type that contradicts": {func(s *shelf) { s.put("1.0", ociManifest, indexOf(s.entry(ociManifest, ociConfig, amd64, nil))) }, nil, "contradicts", 1, true},
		"neither":                 {func(s *shelf) { s.put("1.0", "application/json", object{"tags": []string{}}) }, nil, "neither", 1, true},
		"image without a config":  {func(s *shelf) { s.put("1.0", ociManifest, object{"schemaVersion": 2}) }, nil, "without a config", 1, true},
		"no JSON":                 {func(s *shelf) { s.items["manifests/1.0"] = item{ociIndex, []byte("<html>")} }, nil, "invalid character", 1, false},
		"too large": {func(s *shelf) {
			s.items["manifests/1.0"] = item{ociIndex, slices.Repeat([]byte(" "), 4<<20+1)}
		}, registry.ErrTooLarge, "more than 4 MiB", 1, false},
		"gone": {func(*shelf) {}, registry.ErrNotFound, "", 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShelf()
			test.fill(s)
			references := []string{"1.0"}
			if test.again {
				references = append(references, s.digests["1.0"])
			}
			for _, reference := range references {
				f := s.serve(t)
				got, err := f.client.Manifest(t.Context(), f.repo, reference)
				f.counted(t, registry.Counts{Get: test.gets, Other: 1})
				if test.want == nil && test.says == "" {
					if err != nil {
						t.Error(err)
					}
					continue
				}
				if err == nil || (test.want != nil && !errors.Is(err, test.want)) || !strings.Contains(err.Error(), test.says) {
					t.Fatalf("%+v, error %v, want %v with %q", got, err, test.want, test.says)
				}
				separator := map[bool]string{false: ":", true: "@"}[reference != "1.0"]
				if prefix := "reading the manifest of " + f.repo.String() + separator + reference + ": "; !strings.HasPrefix(err.Error(), prefix) {
					t.Errorf("the error %v does not begin with %q", err, prefix)
				}
			}
		})
	}
}

// What a registry says the digest is must be the digest of what it sends.
func TestManifestIsHeldToItsDigest(t *testing.T) {
	t.Parallel()
	s := newShelf()
	manifest := encode(s.image(ociManifest, ociConfig, nil))
	long := sha512.Sum512(manifest)
	s.items["manifests/sha512:"+hex.EncodeToString(long[:])] = item{ociManifest, manifest}
	for name, test := range map[string]struct {
		reference, header string
		fails             bool
	}{
		"right":                          {"1.0", digestOf(string(manifest)), false},
		"wrong":                          {"1.0", digestOf("x"), true},
		"missing":                        {"1.0", "", false},
		"none":                           {"1.0", "sha256:`rm -rf`", false},
		"right sha512":                   {"sha512:" + hex.EncodeToString(long[:]), "sha512:" + hex.EncodeToString(long[:]), false},
		"wrong for sha512":               {"1.0", "sha512:" + strings.Repeat("0", 128), true},
		"not the one that was asked for": {digestOf("x"), "", true},
		"a lie about what was asked for": {digestOf("x"), digestOf("x"), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := fake(t, routes{"GET manifests": func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", ociManifest)
				w.Header().Set("Docker-Content-Digest", test.header)
				_, _ = w.Write(manifest)
			}})
			got, err := f.client.Manifest(t.Context(), f.repo, test.reference)
			if (err != nil) != test.fails {
				t.Fatalf("%+v, error %v", got, err)
			}
			if err != nil && !strings.Contains(err.Error(), "digest") {
				t.Errorf("error %v", err)
			}
			f.counted(t, registry.Counts{Get: 1, Other: 1})
		})
	}
	t.Run("old manifests tell no digest of theirs", func(t *testing.T) {
		t.Parallel()
		f := fake(t, routes{"GET manifests": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", dockerOld)
			w.Header().Set("Docker-Content-Digest", digestOf("x"))
			_, _ = io.WriteString(w, `{"schemaVersion":1}`)
		}})
		for _, reference := range []string{"1.0", digestOf("x")} {
			if _, err := f.client.Manifest(t.Context(), f.repo, reference); !errors.Is(err, registry.ErrNoImage) {
				t.Errorf("%s: error %v", reference, err)
			}
		}
	})
}

// A registry that resolves an index to one image for clients that know no
// indexes must not take us for one.
func TestIndexIsAskedFor(t *testing.T) {
	t.Parallel()
	f := fake(t, routes{"GET manifests": func(w http.ResponseWriter, r *http.Request) {
		accept := strings.Split(strings.Join(r.Header.Values("Accept"), ","), ",")
		for _, mediaType := range []string{ociIndex, dockerList, ociManifest, dockerImage} {
			if !slices.Contains(accept, mediaType) {
				t.Errorf("%s is not among %q", mediaType, accept)
			}
		}
		w.WriteHeader(http.StatusNotFound)
	}})
	if _, err := f.client.Manifest(t.Context(), f.repo, "1.0"); !errors.Is(err, registry.ErrNotFound) {
		t.Error(err)
	}
}

func TestDetails(t *testing.T) {
	t.Parallel()
	amd64, arm64 := object{"os": "linux", "architecture": "amd64"}, object{"os": "linux", "architecture": "arm64"}
	v7, v6 := object{"os": "linux", "architecture": "arm", "variant": "v7"}, object{"os": "linux", "architecture": "arm", "variant": "v6"}
	config := func(created string, labels object) object {
		return object{"os": "linux", "architecture": "amd64", "created": created, "config": object{"Labels": labels}}
	}
	annotated := func(created string) object {
		return object{"org.opencontainers.image.created": created, "org.opencontainers.image.source": "https://example.org/web"}
	}
	labelled := map[string]string{"org.opencontainers.image.created": "2026-01-02T00:00:00Z", "org.opencontainers.image.source": "https://example.org/web"}
	type want struct {
		created  time.Time
		platform string
		labels   map[string]string
		gets     int
		index    bool // Digest is that of a child
	}
	for name, test := range map[string]struct {
		fill   func(s *shelf)
		wanted *registry.Platform
		want   want
	}{
		"one image": {
			func(s *shelf) {
				s.put("1", ociManifest, s.image(ociManifest, ociConfig, config("2026-01-01T00:00:00Z", object{"a": "b"})))
			},
			nil,
			want{day(1), "linux/amd64", map[string]string{"a": "b"}, 2, false},
		},
		"a Docker image": {
			func(s *shelf) {
				s.put("1", dockerImage, s.image(dockerImage, dockerConfig, config("2026-01-01T01:00:00+01:00", nil)))
			},
			nil,
			want{day(1), "linux/amd64", nil, 2, false},
		},
		"config within the manifest": {
			func(s *shelf) { s.put("1", ociManifest, s.inlined(config("2026-01-01T00:00:00Z", object{"a": "b"}))) },
			nil,
			want{day(1), "linux/amd64", map[string]string{"a": "b"}, 1, false},
		},
		"annotated image": {
			func(s *shelf) {
				s.put("1", ociManifest, with(s.image(ociManifest, ociConfig, config("2026-01-01T00:00:00Z", nil)), "annotations", annotated("2026-01-02T00:00:00Z")))
			}, nil, want{day(2), "", labelled, 1, false},
		},
		"annotated image, its platform asked for": {
			func(s *shelf) {
				s.put("1", ociManifest, with(s.image(ociManifest, ociConfig, config("2026-01-01T00:00:00Z", nil)), "annotations", annotated("2026-01-02T00:00:00Z")))
			}, &registry.Platform{OS: "linux", Architecture: "amd64"}, want{day(2), "linux/amd64", labelled, 2, false},
		},
		"annotated without a source": {
			func(s *shelf) {
				s.put("1", ociManifest, with(s.image(ociManifest, ociConfig, config("2026-01-01T00:00:00Z", object{"org.opencontainers.image.source": "https://example.org/web", "org.opencontainers.image.created": "2020"})),
					"annotations", object{"org.opencontainers.image.created": "2026-01-02T00:00:00Z", "org.opencontainers.image.source": ""}))
			}, nil, want{day(2), "linux/amd64", labelled, 2, false},
		},
		"annotated with no time": {
			func(s *shelf) {
				s.put("1", ociManifest, with(s.image(ociManifest, ociConfig, config("2026-01-01T00:00:00Z", nil)), "annotations", annotated("yesterday")))
			}, nil, want{day(1), "linux/amd64", relabelled(labelled, "org.opencontainers.image.created", "yesterday"), 2, false},
		},
		"index": {
			func(s *shelf) {
				s.put("1", ociIndex, indexOf(s.entry(ociManifest, ociConfig, arm64, nil), s.entry(ociManifest, ociConfig, amd64, config("2026-01-01T00:00:00Z", object{"a": "b"}))))
			}, nil, want{day(1), "linux/amd64", map[string]string{"a": "b"}, 3, true},
		},
		"index without amd64": {
			func(s *shelf) {
				s.put("1", ociIndex, indexOf(s.entry(ociManifest, ociConfig, object{"os": "linux", "architecture": "s390x"}, nil), s.entry(ociManifest, ociConfig, arm64, config("2026-01-01T00:00:00Z", nil))))
			}, nil, want{day(1), "linux/arm64", nil, 3, true},
		},
		"index, one platform asked for": {
			func(s *shelf) {
				s.put("1", ociIndex, indexOf(s.entry(ociManifest, ociConfig, amd64, nil), s.entry(ociManifest, ociConfig, v6, nil), s.entry(ociManifest, ociConfig, v7, config("2026-01-01T00:00:00Z", nil))))
			}, &registry.Platform{OS: "linux", Architecture: "arm", Variant: "v7"}, want{day(1), "linux/arm/v7", nil, 3, true},
		},
		"index, the variant that goes without saying": {
			func(s *shelf) {
				s.put("1", ociIndex, indexOf(s.entry(ociManifest, ociConfig, amd64, nil), s.entry(ociManifest, ociConfig, arm64, config("2026-01-01T00:00:00Z", nil))))
			}, &registry.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"}, want{day(1), "linux/arm64", nil, 3, true},
		},
		"annotated index": {
			func(s *shelf) {
				s.put("1", ociIndex, with(indexOf(s.entry(ociManifest, ociConfig, amd64, nil)), "annotations", annotated("2026-01-02T00:00:00Z")))
			}, nil, want{day(2), "linux/amd64", labelled, 1, true},
		},
		"annotated entry of an index": { // as Docker's official images are
			func(s *shelf) {
				s.put("1", ociIndex, indexOf(with(s.entry(ociManifest, ociConfig, amd64, nil), "annotations", annotated("2026-01-02T00:00:00Z"))))
			}, &registry.Platform{OS: "linux", Architecture: "amd64"}, want{day(2), "linux/amd64", labelled, 1, true},
		},
		"annotated image of an index": {
			func(s *shelf) {
				image := with(s.image(ociManifest, ociConfig, nil), "annotations", annotated("2026-01-02T00:00:00Z"))
				s.put("1", ociIndex, indexOf(object{"mediaType": ociManifest, "digest": s.put("", ociManifest, image), "platform": amd64}))
			}, nil, want{day(2), "linux/amd64", labelled, 2, true},
		},
		"index that tells no platform": {
			func(s *shelf) {
				s.put("1", ociIndex, indexOf(s.entry(ociManifest, ociConfig, nil, config("2026-01-01T00:00:00Z", nil))))
			},
			&registry.Platform{OS: "linux", Architecture: "amd64"},
			want{day(1), "linux/amd64", nil, 3, true},
		},
		"epoch": {func(s *shelf) {
			s.put("1", ociManifest, s.image(ociManifest, ociConfig, config("1970-01-01T00:00:00Z", nil)))
		}, nil, want{time.Time{}, "linux/amd64", nil, 2, false}},
		"1980": {func(s *shelf) {
			s.put("1", ociManifest, s.image(ociManifest, ociConfig, config("1980-01-02T00:00:00Z", nil)))
		}, nil, want{time.Time{}, "linux/amd64", nil, 2, false}},
		"no time at all": {func(s *shelf) {
			s.put("1", ociManifest, s.image(ociManifest, ociConfig, config("0001-01-01T00:00:00Z", nil)))
		}, nil, want{time.Time{}, "linux/amd64", nil, 2, false}},
		"no time":      {func(s *shelf) { s.put("1", ociManifest, s.image(ociManifest, ociConfig, config("today", nil))) }, nil, want{time.Time{}, "linux/amd64", nil, 2, false}},
		"empty config": {func(s *shelf) { s.put("1", ociManifest, s.image(ociManifest, ociConfig, object{})) }, nil, want{time.Time{}, "", nil, 2, false}},
		"platform that is none": {
			func(s *shelf) {
				s.put("1", ociManifest, s.image(ociManifest, ociConfig, object{"os": "linux`", "architecture": "amd64"}))
			},
			nil,
			want{time.Time{}, "", nil, 2, false},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShelf()
			test.fill(s)
			f := s.serve(t)
			got, err := f.client.Details(t.Context(), f.repo, "1", test.wanted)
			if err != nil {
				t.Fatal(err)
			}
			if !got.Created.Equal(test.want.created) || got.Created.Location() != time.UTC {
				t.Errorf("created %s, want %s", got.Created, test.want.created)
			}
			if got.Platform.String() != test.want.platform {
				t.Errorf("platform %q, want %q", got.Platform, test.want.platform)
			}
			if diff := cmp.Diff(test.want.labels, got.Labels, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("labels (-want +got)\n%s", diff)
			}
			if isChild := got.Digest != s.digests["1"]; isChild != test.want.index || got.Platform.Digest != got.Digest || !image.ValidDigest(got.Digest) {
				t.Errorf("digest %s, platform's %s, index %s", got.Digest, got.Platform.Digest, s.digests["1"])
			}
			f.counted(t, registry.Counts{Get: test.want.gets, Other: 1})
		})
	}
}

func TestDetailsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	amd64, arm64 := object{"os": "linux", "architecture": "amd64"}, registry.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"}
	put := func(s *shelf, descriptor object) {
		s.put("1", ociManifest, object{"schemaVersion": 2, "config": descriptor})
	}
	for name, test := range map[string]struct {
		fill   func(s *shelf)
		wanted *registry.Platform
		want   error // or:
		says   string
		gets   int
	}{
		"another platform":             {func(s *shelf) { s.put("1", ociManifest, s.image(ociManifest, ociConfig, amd64)) }, &arm64, registry.ErrNoImage, "none for linux/arm64/v8", 2},
		"another platform in an index": {func(s *shelf) { s.put("1", ociIndex, indexOf(s.entry(ociManifest, ociConfig, amd64, nil))) }, &arm64, registry.ErrNoImage, "none for linux/arm64/v8", 1},
		"another digest":               {func(s *shelf) { s.put("1", ociIndex, indexOf(s.entry(ociManifest, ociConfig, amd64, nil))) }, &registry.Platform{Digest: digestOf("x")}, registry.ErrNoImage, "none for " + digestOf("x"), 1},
		"empty index":                  {func(s *shelf) { s.put("1", ociIndex, indexOf()) }, nil, registry.ErrNoImage, "index without an image", 1},
		"gone":                         {func(*shelf) {}, nil, registry.ErrNotFound, "", 1},
		"image gone": {func(s *shelf) {
			s.put("1", ociIndex, indexOf(object{"mediaType": ociManifest, "digest": digestOf("x"), "platform": amd64}))
		}, nil, registry.ErrNotFound, "", 2},
		"image is an index": {func(s *shelf) {
			digest := s.put("", ociIndex, indexOf(s.entry(ociManifest, ociConfig, amd64, nil)))
			s.put("1", ociIndex, indexOf(object{"mediaType": ociManifest, "digest": digest, "platform": amd64}))
		}, nil, nil, "an index where an image was named", 2},
		"config gone": {func(s *shelf) { put(s, object{"digest": digestOf("x"), "size": 1}) }, nil, registry.ErrNotFound, "", 2},
		"config of another digest": {func(s *shelf) {
			put(s, with(s.blob(ociConfig, amd64), "digest", digestOf("x")))
			s.items["blobs/"+digestOf("x")] = item{"", encode(amd64)}
		}, nil, nil, "checksum", 2},
		"config of another size":           {func(s *shelf) { put(s, with(s.blob(ociConfig, amd64), "size", 7)) }, nil, nil, "size", 2},
		"config of a negative size":        {func(s *shelf) { put(s, with(s.blob(ociConfig, amd64), "size", -1)) }, nil, nil, "a size of -1", 1},
		"config that says it is too large": {func(s *shelf) { put(s, with(s.blob(ociConfig, amd64), "size", 8<<20+1)) }, nil, registry.ErrTooLarge, "8 MiB", 1},
		"config that is too large": {func(s *shelf) {
			put(s, with(s.blob(ociConfig, amd64), "size", 8<<20))
			s.items["blobs/"+digestOf(string(encode(amd64)))] = item{"", slices.Repeat([]byte(" "), 8<<20+1)}
		}, nil, registry.ErrTooLarge, "8 MiB", 2},
		"config's digest is a path":    {func(s *shelf) { put(s, object{"digest": "../../api", "size": 1}) }, nil, nil, "which is none", 1},
		"config within is another one": {func(s *shelf) { put(s, with(s.blob(ociConfig, amd64), "data", []byte("{}"))) }, nil, nil, "Digest", 1},
		"config is no JSON":            {func(s *shelf) { put(s, s.blob(ociConfig, "text")) }, nil, nil, "the config cannot be read", 2},
		"labels that are none":         {func(s *shelf) { put(s, s.blob(ociConfig, object{"config": object{"Labels": object{"a": 1}}})) }, nil, nil, "the config cannot be read", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShelf()
			test.fill(s)
			f := s.serve(t)
			got, err := f.client.Details(t.Context(), f.repo, "1", test.wanted)
			f.counted(t, registry.Counts{Get: test.gets, Other: 1})
			if err == nil || (test.want != nil && !errors.Is(err, test.want)) || !strings.Contains(err.Error(), test.says) {
				t.Fatalf("%+v, error %v, want %v with %q", got, err, test.want, test.says)
			}
			if prefix := "reading the details of " + f.repo.String() + ":1: "; !strings.HasPrefix(err.Error(), prefix) {
				t.Errorf("the error %v does not begin with %q", err, prefix)
			}
		})
	}
}

// A config may be as large as it says although it comes by way of a redirect.
func TestConfigByRedirect(t *testing.T) {
	t.Parallel()
	s := newShelf()
	s.put("1", ociManifest, s.image(ociManifest, ociConfig, object{"os": "linux", "architecture": "amd64", "history": strings.Repeat("x", 3<<20)}))
	f := fake(t, routes{
		"GET manifests": s.answer,
		"GET blobs": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/storage/"+strings.TrimPrefix(r.URL.Path, "/v2/acme/web/"), http.StatusTemporaryRedirect)
		},
		"GET storage": func(w http.ResponseWriter, r *http.Request) {
			r.URL.Path = strings.Replace(r.URL.Path, "/storage/", "/v2/acme/web/", 1)
			s.answer(w, r)
		},
	})
	got, err := f.client.Details(t.Context(), f.repo, "1", nil)
	if err != nil || got.Platform.String() != "linux/amd64" {
		t.Errorf("%+v, error %v", got, err)
	}
	f.counted(t, registry.Counts{Get: 3, Other: 1})
}

func TestManifestAndDetailsFailAsTheOthersDo(t *testing.T) {
	t.Parallel()
	limited := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(http.StatusTooManyRequests)
	}
	is := func(target error) func(error) bool { return func(err error) bool { return errors.Is(err, target) } }
	isLimited := func(err error) bool {
		limited, ok := errors.AsType[*registry.RateLimited](err)
		return ok && limited.RetryAfter == time.Minute
	}
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		is     func(error) bool
		gets   int
	}{
		"401":                  {status(http.StatusUnauthorized), is(registry.ErrUnauthorized), 1},
		"403":                  {status(http.StatusForbidden), is(registry.ErrUnauthorized), 1},
		"404":                  {status(http.StatusNotFound), is(registry.ErrNotFound), 1},
		"429":                  {limited, isLimited, 1},
		"500":                  {status(http.StatusInternalServerError), func(err error) bool { return strings.Contains(err.Error(), "answered 500") }, 3},
		"redirect elsewhere":   {redirect("http://203.0.113.9/latest"), is(registry.ErrRefusedAddress), 1},
		"redirect to loopback": {redirect("https://localhost:1/x"), is(registry.ErrRefusedAddress), 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShelf()
			s.put("1", ociManifest, s.image(ociManifest, ociConfig, object{}))
			f := fake(t, routes{"GET manifests": test.answer})
			if _, err := f.client.Manifest(t.Context(), f.repo, "1"); err == nil || !test.is(err) {
				t.Errorf("manifest: error %v", err)
			}
			f.counted(t, registry.Counts{Get: test.gets, Other: 1})
			f = fake(t, routes{"GET manifests": s.answer, "GET blobs": test.answer})
			if _, err := f.client.Details(t.Context(), f.repo, "1", nil); err == nil || !test.is(err) {
				t.Errorf("details: error %v", err)
			}
			f.counted(t, registry.Counts{Get: 1 + test.gets, Other: 1})
		})
	}
}

func TestManifestOfNoReference(t *testing.T) {
	t.Parallel()
	f := fake(t, routes{})
	for _, reference := range []string{"", "a/b", "../x", "a?b", "sha256:abc", "sha256:" + strings.Repeat("A", 64), "md5:" + strings.Repeat("0", 32)} {
		if _, err := f.client.Manifest(t.Context(), f.repo, reference); !errors.Is(err, image.ErrInvalid) {
			t.Errorf("%q: error %v", reference, err)
		}
		if _, err := f.client.Details(t.Context(), f.repo, reference, nil); !errors.Is(err, image.ErrInvalid) {
			t.Errorf("%q: error %v", reference, err)
		}
	}
	if _, err := f.client.Manifest(t.Context(), image.Repository{Registry: f.host, Path: "a/../b"}, "1"); !errors.Is(err, image.ErrInvalid) {
		t.Errorf("error %v", err)
	}
	if sent := f.client.Requests(); len(sent) != 0 {
		t.Errorf("requests were sent: %v", sent)
	}
}

func TestManifestIsCancelled(t *testing.T) {
	t.Parallel()
	s := newShelf()
	entry := s.entry(ociManifest, ociConfig, object{"os": "linux", "architecture": "amd64"}, nil)
	s.put("1", ociIndex, indexOf(object{"mediaType": ociIndex, "digest": s.put("", ociIndex, indexOf(entry))}))
	ctx, cancel := context.WithCancel(t.Context())
	f := fake(t, routes{"GET manifests": func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/1") {
			s.answer(w, r)
			return
		}
		cancel()
		<-r.Context().Done()
	}})
	if _, err := f.client.Manifest(ctx, f.repo, "1"); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	f.counted(t, registry.Counts{Get: 2, Other: 1})
}

// Each answer is in time, but all of them together are not.
func TestManifestTakesTooLong(t *testing.T) {
	t.Parallel()
	s := newShelf()
	var nested []object
	for i := range 16 {
		entry := s.entry(ociManifest, ociConfig, object{"os": "linux", "architecture": "amd64"}, object{"n": strconv.Itoa(i)})
		nested = append(nested, object{"mediaType": ociIndex, "digest": s.put("", ociIndex, indexOf(entry))})
	}
	s.put("1", ociIndex, indexOf(nested...))
	f := fake(t, routes{"GET manifests": func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(80 * time.Millisecond):
			s.answer(w, r)
		case <-r.Context().Done():
		}
	}})
	f.client = registry.New(registry.Options{PlainHTTP: []string{f.host}, Timeout: 100 * time.Millisecond})
	_, err := f.client.Manifest(t.Context(), f.repo, "1")
	if !errors.Is(err, registry.ErrTimeout) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func TestSignaturesAreNoTags(t *testing.T) {
	t.Parallel()
	hex64 := strings.Repeat("0a", 32)
	tags := []string{
		"1.0", "sha256-" + hex64, "sha256-" + hex64 + ".sig", "sha256-" + hex64 + ".att", "sha256-" + hex64 + ".sbom", "sha256-" + hex64 + ".",
		"sha256-" + hex64 + "-1", "sha256-" + hex64 + "0", "sha256-" + hex64[2:], "sha256-abc", "v-sha256-" + hex64, "sha256-" + strings.ToUpper(hex64),
	}
	f := fake(t, routes{"GET tags": text(string(encode(object{"tags": tags})))})
	got, err := f.client.Tags(t.Context(), f.repo)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Concat(tags[:1], tags[6:]), got); diff != "" {
		t.Errorf("tags (-want +got)\n%s", diff)
	}
}

// shelf is a repository of which every byte can be chosen. It answers by what
// stands behind the repository: "manifests/1.0", "blobs/sha256:…".
type shelf struct {
	items   map[string]item
	digests map[string]string // by tag
}

type item struct {
	mediaType string
	body      []byte
}

type object = map[string]any

func newShelf() *shelf { return &shelf{items: map[string]item{}, digests: map[string]string{}} }

func (s *shelf) serve(t *testing.T) *faked {
	t.Helper()
	return fake(t, routes{"GET manifests": s.answer, "GET blobs": s.answer})
}

func (s *shelf) answer(w http.ResponseWriter, r *http.Request) {
	found, ok := s.items[strings.TrimPrefix(r.URL.Path, "/v2/acme/web/")]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header()["Content-Type"] = []string{found.mediaType}
	_, _ = w.Write(found.body)
}

// put stores a manifest under its digest, and under the tag unless it is "".
func (s *shelf) put(tag, mediaType string, manifest object) (digest string) {
	body := encode(manifest)
	digest = digestOf(string(body))
	s.items["manifests/"+digest] = item{mediaType, body}
	if tag != "" {
		s.items["manifests/"+tag] = item{mediaType, body}
		s.digests[tag] = digest
	}
	return digest
}

// blob stores a blob and returns its descriptor.
func (s *shelf) blob(mediaType string, content any) object {
	body := encode(content)
	s.items["blobs/"+digestOf(string(body))] = item{"application/octet-stream", body}
	return object{"mediaType": mediaType, "digest": digestOf(string(body)), "size": len(body)}
}

// image stores a config and returns the manifest of an image with it.
func (s *shelf) image(mediaType, configType string, config object) object {
	if config == nil {
		config = object{"os": "linux"}
	}
	return object{"schemaVersion": 2, "mediaType": mediaType, "config": s.blob(configType, config), "layers": []object{}}
}

// inlined is an image whose manifest holds its config, which is nowhere else.
func (s *shelf) inlined(config object) object {
	manifest := s.image(ociManifest, ociConfig, config)
	body := encode(config)
	delete(s.items, "blobs/"+digestOf(string(body)))
	manifest["config"] = object{"mediaType": ociConfig, "digest": digestOf(string(body)), "size": len(body), "data": body}
	return manifest
}

// entry stores an image and returns its descriptor for an index.
func (s *shelf) entry(mediaType, configType string, platform, config object) object {
	if config == nil {
		config = object{"for": platform}
	}
	digest := s.put("", mediaType, s.image(mediaType, configType, config))
	entry := object{"mediaType": mediaType, "digest": digest, "size": len(s.items["manifests/"+digest].body)}
	if platform != nil {
		entry["platform"] = platform
	}
	return entry
}

func indexOf(entries ...object) object {
	return object{"schemaVersion": 2, "mediaType": ociIndex, "manifests": append([]object{}, entries...)}
}

func with(o object, key string, value any) object {
	o = maps.Clone(o)
	o[key] = value
	return o
}

func relabelled(labels map[string]string, key, value string) map[string]string {
	labels = maps.Clone(labels)
	labels[key] = value
	return labels
}

func named(entry object) string { return fmt.Sprint(entry["digest"]) }

func encode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}

func digestOf(body string) string {
	sum := sha256.Sum256([]byte(body))
	return "sha256:" + hex.EncodeToString(sum[:])
}

func day(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }

// built is an image as go-containerregistry makes it.
func built(t *testing.T, architecture string) v1.Image {
	t.Helper()
	made, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{
		OS: "linux", Architecture: architecture, Created: v1.Time{Time: day(1)},
		Config: v1.Config{Labels: map[string]string{"architecture": architecture}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return made
}
