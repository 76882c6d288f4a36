package registry_test

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

const (
	createdKey  = "org.opencontainers.image.created"
	sourceKey   = "org.opencontainers.image.source"
	revisionKey = "org.opencontainers.image.revision"
)

type labels = map[string]string

func linux(architecture string) object { return object{"os": "linux", "architecture": architecture} }

// layer describes what nobody fetches.
func layer(size any) object {
	return object{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digestOf("layer"), "size": size}
}

// describe stores a manifest and returns its descriptor for an index.
func (s *shelf) describe(manifest, platform object) object {
	digest := s.put("", ociManifest, manifest)
	return object{"mediaType": ociManifest, "digest": digest, "size": len(s.items["manifests/"+digest].body), "platform": platform}
}

// attestation is BuildKit's for an entry of an index, with what statements say by the
// types of their predicates.
func (s *shelf) attestation(of object, statements ...object) object {
	manifest := s.image(ociManifest, ociConfig, object{"architecture": "unknown", "os": "unknown"})
	layers := make([]object, 0, len(statements))
	for _, statement := range statements {
		said := s.blob("application/vnd.in-toto+json", statement)
		layers = append(layers, with(said, "annotations", object{"in-toto.io/predicate-type": statement["predicateType"]}))
	}
	manifest["layers"] = layers
	manifest["annotations"] = object{"attests": of["digest"]}
	described := s.describe(manifest, object{"architecture": "unknown", "os": "unknown"})
	return with(described, "annotations", object{
		"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": of["digest"],
	})
}

func TestAbout(t *testing.T) {
	t.Parallel()
	type want struct {
		platform                               string
		created                                time.Time
		size                                   int64
		index, descriptor, annotations, labels labels
		attestation                            string // of which tag of the shelf it is the digest
		gets                                   int
	}
	config := func(created string, said object) object {
		return object{"os": "linux", "architecture": "amd64", "created": created, "config": object{"Labels": said}}
	}
	for name, test := range map[string]struct {
		fill   func(s *shelf)
		wanted *registry.Platform
		want   want
	}{
		"image with labels of its config alone": {
			func(s *shelf) {
				s.put("1", ociManifest, with(s.image(ociManifest, ociConfig, config("2026-01-01T00:00:00Z", object{sourceKey: "https://example.org/web"})), "layers", []object{layer(700), layer(42)}))
			}, nil,
			want{platform: "linux/amd64", created: day(1), size: 742, labels: labels{sourceKey: "https://example.org/web"}, gets: 2},
		},
		"image that annotations tell everything of": {
			func(s *shelf) {
				s.put("1", ociManifest, with(s.image(ociManifest, ociConfig, config("2026-01-01T00:00:00Z", object{sourceKey: "https://example.org/base", "a": "b"})),
					"annotations", labels{sourceKey: "https://example.org/web", createdKey: "2026-01-02T00:00:00Z"}))
			}, nil,
			want{
				platform: "linux/amd64", created: day(2),
				annotations: labels{sourceKey: "https://example.org/web", createdKey: "2026-01-02T00:00:00Z"}, labels: labels{sourceKey: "https://example.org/base", "a": "b"},
				gets: 2,
			},
		},
		"image whose manifest holds the config": {
			func(s *shelf) { s.put("1", ociManifest, s.inlined(config("2026-01-01T00:00:00Z", object{"a": "b"}))) }, nil,
			want{platform: "linux/amd64", created: day(1), labels: labels{"a": "b"}, gets: 1},
		},
		"index whose entries are annotated": { // as Docker's official images are
			func(s *shelf) {
				arm := s.describe(with(s.image(ociManifest, ociConfig, linux("arm64")), "layers", []object{layer(5)}), linux("arm64"))
				amd := with(s.describe(with(s.image(ociManifest, ociConfig, config("2026-01-01T00:00:00Z", nil)), "layers", []object{layer(3)}), linux("amd64")),
					"annotations", labels{sourceKey: "https://github.com/acme/packaging.git#abc:1.0", revisionKey: "abc", createdKey: "2026-01-03T00:00:00Z"})
				attested := s.attestation(amd)
				s.digests["amd64"] = named(attested)
				s.put("1", ociIndex, indexOf(arm, amd, s.attestation(arm), attested))
			}, nil,
			want{
				platform: "linux/amd64", created: day(3), size: 3,
				descriptor:  labels{sourceKey: "https://github.com/acme/packaging.git#abc:1.0", revisionKey: "abc", createdKey: "2026-01-03T00:00:00Z"},
				attestation: "amd64", gets: 3,
			},
		},
		"index of which each part says something": {
			func(s *shelf) {
				arm := with(s.describe(with(s.image(ociManifest, ociConfig, object{"created": "2026-01-01T00:00:00Z", "config": object{"Labels": object{"who": "config"}}}), "annotations", labels{"who": "image"}), linux("arm64")),
					"annotations", labels{"who": "entry"})
				attested := s.attestation(arm)
				s.digests["arm64"] = named(attested)
				s.put("1", ociIndex, with(indexOf(s.entry(ociManifest, ociConfig, linux("amd64"), nil), arm, attested), "annotations", labels{"who": "index"}))
			}, &registry.Platform{OS: "linux", Architecture: "arm64"},
			want{
				platform: "linux/arm64", created: day(1), index: labels{"who": "index"}, descriptor: labels{"who": "entry"},
				annotations: labels{"who": "image"}, labels: labels{"who": "config"}, attestation: "arm64", gets: 3,
			},
		},
		"annotated index, which Details would not go beyond": {
			func(s *shelf) {
				s.put("1", ociIndex, with(indexOf(s.entry(ociManifest, ociConfig, linux("amd64"), config("2026-01-01T00:00:00Z", object{"a": "b"}))),
					"annotations", labels{sourceKey: "https://example.org/web", createdKey: "2026-01-02T00:00:00Z"}))
			}, nil,
			want{platform: "linux/amd64", created: day(2), index: labels{sourceKey: "https://example.org/web", createdKey: "2026-01-02T00:00:00Z"}, labels: labels{"a": "b"}, gets: 3},
		},
		"index within an index": {
			func(s *shelf) {
				amd := s.entry(ociManifest, ociConfig, linux("amd64"), nil)
				attested := s.attestation(amd)
				s.digests["inner"] = named(attested)
				inner := s.put("", ociIndex, indexOf(amd, attested))
				s.put("1", ociIndex, indexOf(object{"mediaType": ociIndex, "digest": inner}))
			}, nil,
			want{platform: "linux/amd64", attestation: "inner", gets: 4},
		},
		"attestation of another image, and others that are none": {
			func(s *shelf) {
				amd := s.entry(ociManifest, ociConfig, linux("amd64"), nil)
				attested := s.attestation(amd)
				about := func(changes object) object {
					annotations := maps.Clone(attested["annotations"].(object))
					maps.Copy(annotations, changes)
					return with(attested, "annotations", annotations)
				}
				s.put("1", ociIndex, indexOf(amd, about(object{"vnd.docker.reference.digest": digestOf("x")}), about(object{"vnd.docker.reference.type": "sbom"}),
					with(attested, "digest", "sha256:../../x"), with(attested, "mediaType", ociIndex+"x"), about(object{"vnd.docker.reference.digest": "../../x"})))
			}, nil,
			want{platform: "linux/amd64", gets: 3},
		},
		"layers that are stored elsewhere": {
			func(s *shelf) {
				s.put("1", dockerImage, with(s.image(dockerImage, dockerConfig, linux("amd64")), "layers", []object{
					{"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "digest": digestOf("x"), "size": 1 << 31, "urls": []string{"https://example.org/x"}},
					with(layer(9), "mediaType", "application/vnd.docker.image.rootfs.diff.tar.gzip"),
				}))
			}, nil,
			want{platform: "linux/amd64", size: 9, gets: 2},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShelf()
			test.fill(s)
			f := s.serve(t)
			got, err := f.client.About(t.Context(), f.repo, "1", test.wanted)
			if err != nil {
				t.Fatal(err)
			}
			f.counted(t, registry.Counts{Get: test.want.gets, Other: 1})
			manifest, err := f.client.Manifest(t.Context(), f.repo, "1")
			if err != nil {
				t.Fatal(err)
			}
			want := registry.About{
				Manifest: manifest, Platform: got.Platform, Created: test.want.created, Size: test.want.size,
				Index: test.want.index, Descriptor: test.want.descriptor, Annotations: test.want.annotations, Labels: test.want.labels,
				Attestation: s.digests[test.want.attestation],
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("about (-want +got)\n%s", diff)
			}
			details, err := f.client.Details(t.Context(), f.repo, "1", test.wanted)
			if err != nil || details.Digest != got.Platform.Digest || got.Platform.String() != test.want.platform || !details.Created.Equal(got.Created) {
				t.Errorf("platform %+v, created %s; in the details, %v: %+v", got.Platform, got.Created, err, details)
			}
		})
	}
}

// Whoever made the config cannot keep what the manifests say from being read.
func TestAboutWithoutConfig(t *testing.T) {
	t.Parallel()
	said := labels{sourceKey: "https://example.org/web", createdKey: "2026-01-02T00:00:00Z"}
	amd64 := linux("amd64")
	put := func(s *shelf, config object) {
		s.put("1", ociIndex, indexOf(s.describe(object{"schemaVersion": 2, "config": config, "layers": []object{layer(11)}, "annotations": said}, amd64)))
	}
	for name, test := range map[string]struct {
		fill func(s *shelf)
		gets int
	}{
		"gone":                 {func(s *shelf) { put(s, object{"digest": digestOf("x"), "size": 1}) }, 3},
		"of another size":      {func(s *shelf) { put(s, with(s.blob(ociConfig, amd64), "size", 7)) }, 3},
		"of a negative size":   {func(s *shelf) { put(s, with(s.blob(ociConfig, amd64), "size", -1)) }, 2},
		"said to be too large": {func(s *shelf) { put(s, with(s.blob(ociConfig, amd64), "size", 8<<20+1)) }, 2},
		"said to be huge":      {func(s *shelf) { put(s, with(s.blob(ociConfig, amd64), "size", math.MaxInt64)) }, 2},
		"of no digest":         {func(s *shelf) { put(s, object{"digest": "../../api", "size": 1}) }, 2},
		"within, another one":  {func(s *shelf) { put(s, with(s.blob(ociConfig, amd64), "data", []byte("{}"))) }, 2},
		"no JSON":              {func(s *shelf) { put(s, s.blob(ociConfig, "text")) }, 3},
		"labels that are none": {func(s *shelf) { put(s, s.blob(ociConfig, object{"config": object{"Labels": object{"a": 1}}})) }, 3},
		"deep":                 {func(s *shelf) { put(s, s.raw(strings.Repeat("[", 1000))) }, 3},
		"of too many parts":    {func(s *shelf) { put(s, s.raw(`{"x":[0`+strings.Repeat(",0", 200_000)+`]}`)) }, 3},
		"larger than it said": {func(s *shelf) {
			s.items["blobs/"+digestOf("x")] = item{"", slices.Repeat([]byte(" "), 8<<20+1)}
			put(s, object{"digest": digestOf("x"), "size": 5})
		}, 3},
		"of another digest": {func(s *shelf) {
			s.items["blobs/"+digestOf("x")] = item{"", []byte("{}")}
			put(s, object{"digest": digestOf("x"), "size": 2})
		}, 3},
		"of a type that is odd": {func(s *shelf) { put(s, with(s.blob("text/html", "<html>"), "size", 8)) }, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShelf()
			test.fill(s)
			f := s.serve(t)
			got, err := f.client.About(t.Context(), f.repo, "1", &registry.Platform{OS: "linux"})
			if err != nil {
				t.Fatal(err)
			}
			if !got.NoConfig || got.Labels != nil || !got.Created.Equal(day(2)) || got.Size != 11 || got.Platform.String() != "linux/amd64" || !got.Manifest.Index {
				t.Errorf("%+v", got)
			}
			if diff := cmp.Diff(said, got.Annotations); diff != "" {
				t.Errorf("annotations (-want +got)\n%s", diff)
			}
			f.counted(t, registry.Counts{Get: test.gets, Other: 1})
		})
	}
}

// raw stores a blob as it is.
func (s *shelf) raw(content string) object {
	s.items["blobs/"+digestOf(content)] = item{"application/octet-stream", []byte(content)}
	return object{"mediaType": ociConfig, "digest": digestOf(content), "size": len(content)}
}

// What is in the way to a config may be gone soon: nobody is told that there are no
// labels.
func TestAboutFails(t *testing.T) {
	t.Parallel()
	limited := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(http.StatusTooManyRequests)
	}
	s := newShelf()
	s.put("1", ociManifest, s.image(ociManifest, ociConfig, linux("amd64")))
	s.put("empty", ociIndex, indexOf())
	s.put("lost", ociIndex, indexOf(object{"mediaType": ociManifest, "digest": digestOf("x"), "platform": linux("amd64")}))
	windows := &registry.Platform{OS: "windows"}
	for name, test := range map[string]struct {
		reference string
		config    http.HandlerFunc
		wanted    *registry.Platform
		want      error
		text      string
		gets      int
	}{
		"config that is limited":     {"1", limited, nil, nil, "rate limiting", 2},
		"config that is unavailable": {"1", status(http.StatusBadGateway), nil, nil, "answered 502", 4},
		"config at another place":    {"1", redirect("http://203.0.113.9/x"), nil, registry.ErrRefusedAddress, "", 2},
		"config of another platform": {"1", s.answer, windows, registry.ErrNoImage, "none for windows", 2},
		"index without an image":     {"empty", s.answer, nil, registry.ErrNoImage, "", 1},
		"image that is gone":         {"lost", s.answer, nil, registry.ErrNotFound, "", 2},
		"tag that is gone":           {"gone", s.answer, nil, registry.ErrNotFound, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := fake(t, routes{"GET manifests": s.answer, "GET blobs": test.config})
			got, err := f.client.About(t.Context(), f.repo, test.reference, test.wanted)
			if err == nil || test.want != nil && !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) {
				t.Fatalf("%+v, error %v, want %v with %q", got, err, test.want, test.text)
			}
			if prefix := "reading about " + f.repo.String() + ":" + test.reference + ": "; !strings.HasPrefix(err.Error(), prefix) || got.Manifest.Digest != "" {
				t.Errorf("the error %v does not begin with %q, or came with %+v", err, prefix, got)
			}
			f.counted(t, registry.Counts{Get: test.gets, Other: 1})
		})
	}
	f := s.serve(t)
	if _, err := f.client.About(t.Context(), f.repo, "../x", nil); !errors.Is(err, image.ErrInvalid) {
		t.Errorf("no reference: error %v", err)
	}
}

// Sizes are what a publisher says.
func TestAboutSizes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		layers string
		want   int64
	}{
		"none":            {`[]`, 0},
		"one":             {`[{"size":5}]`, 5},
		"negative":        {`[{"size":5},{"size":-3}]`, 0},
		"too large a one": {`[{"size":5},{"size":9223372036854775807}]`, 0},
		"too large a sum": {`[{"size":1125899906842000},{"size":1125899906842000}]`, 0},
		"overflow":        {`[{"size":9223372036854775807},{"size":9223372036854775807}]`, 0},
		"no number":       {`[{"size":5},{"size":"x"}]`, 0},
		"a fraction":      {`[{"size":5},{"size":1.5}]`, 0},
		"beyond numbers":  {`[{"size":5},{"size":1e999}]`, 0},
		"nothing said":    {`[{"size":5},{}]`, 5},
		"no layer":        {`[{"size":5},7]`, 0},
		"null":            {`[{"size":5},null]`, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShelf()
			config := encode(s.blob(ociConfig, linux("amd64")))
			s.items["manifests/1"] = item{ociManifest, fmt.Appendf(nil, `{"schemaVersion":2,"config":%s,"layers":%s}`, config, test.layers)}
			f := s.serve(t)
			got, err := f.client.About(t.Context(), f.repo, "1", nil)
			if err != nil || got.Size != test.want {
				t.Errorf("size %d, want %d; error %v", got.Size, test.want, err)
			}
		})
	}
}

// Of labels that are many or large the well-known ones are kept.
func TestAboutIsBounded(t *testing.T) {
	t.Parallel()
	many, large := labels{sourceKey: "https://example.org/web"}, labels{sourceKey: "https://example.org/web", "huge": strings.Repeat("x", 4<<10+1), strings.Repeat("k", 4<<10+1): "x"}
	for i := range 1000 {
		many[fmt.Sprintf("a%03d", i)] = "x"
	}
	for i := range 10 {
		large[fmt.Sprint("a", i)] = strings.Repeat("<", 4<<10)
	}
	s := newShelf()
	entry := with(s.describe(with(s.image(ociManifest, ociConfig, object{"config": object{"Labels": many}}), "annotations", large), linux("amd64")), "annotations", many)
	s.put("1", ociIndex, with(indexOf(entry), "annotations", large))
	f := s.serve(t)
	got, err := f.client.About(t.Context(), f.repo, "1", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, kept := range map[string]labels{"index": got.Index, "entry": got.Descriptor, "image": got.Annotations, "config": got.Labels} {
		size := 0
		for key, value := range kept {
			size += len(key) + len(value)
		}
		if kept[sourceKey] == "" || len(kept) > 200 || size > 12<<10 || len(kept) < 3 {
			t.Errorf("%s: %d labels of %d bytes, source %q", name, len(kept), size, kept[sourceKey])
		}
	}
	if diff := cmp.Diff(large, got.Manifest.Annotations); diff != "" {
		t.Errorf("the manifest's own are as they are (-want +got)\n%s", diff)
	}
}

// The config of a mirror that has not all of an image is asked for elsewhere.
func TestAboutAtMirrors(t *testing.T) {
	t.Parallel()
	const origin, mirror = "registry.example", "one.example"
	s := newShelf()
	digest := s.put("", ociManifest, with(s.image(ociManifest, ociConfig, object{"os": "linux", "architecture": "amd64", "config": object{"Labels": labels{"a": "b"}}}), "annotations", labels{"c": "d"}))
	for name, test := range map[string]struct {
		broken map[string]int // status of blobs by host
		want   labels
		fails  bool
		asked  []string
	}{
		"all have it":              {nil, labels{"a": "b"}, false, []string{mirror, mirror}},
		"the mirror has it not":    {map[string]int{mirror: 404}, labels{"a": "b"}, false, []string{mirror, mirror, origin, origin}},
		"the mirror is broken":     {map[string]int{mirror: 501}, labels{"a": "b"}, false, []string{mirror, mirror, origin, origin}},
		"nobody has it":            {map[string]int{mirror: 404, origin: 404}, nil, false, []string{mirror, mirror, origin, origin}},
		"the origin is broken":     {map[string]int{mirror: 404, origin: 501}, nil, false, []string{mirror, mirror, origin, origin}},
		"both are, nobody can say": {map[string]int{mirror: 501, origin: 501}, nil, true, []string{mirror, mirror, origin, origin}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked []string
			client := registry.New(registry.Options{
				Hosts: []registry.Host{{Name: origin, Mirrors: []string{mirror}}, {Name: mirror}},
				Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
					recorded := httptest.NewRecorder()
					if code := test.broken[req.URL.Host]; code > 0 && strings.Contains(req.URL.Path, "/blobs/") {
						recorded.WriteHeader(code)
					} else if req.URL.Path != "/v2/" {
						s.answer(recorded, req)
					}
					if req.URL.Path != "/v2/" {
						asked = append(asked, req.URL.Host)
					}
					resp := recorded.Result()
					resp.Request = req
					return resp, nil
				}),
			})
			got, err := client.About(t.Context(), repo(origin), digest, nil)
			if test.fails != (err != nil) {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(test.asked, asked); diff != "" {
				t.Errorf("asked (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(test.want, got.Labels, cmpopts.EquateEmpty()); diff != "" || !test.fails && got.Annotations["c"] != "d" || got.NoConfig != (test.want == nil && !test.fails) {
				t.Errorf("labels (-want +got)\n%s\n%+v", diff, got)
			}
		})
	}
}
