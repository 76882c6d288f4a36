package registry_test

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

const (
	slsaV1  = "https://slsa.dev/provenance/v1"
	slsaV02 = "https://slsa.dev/provenance/v0.2"
	spdx    = "https://spdx.dev/Document"
	git     = "https://github.com/acme/web.git"
	commit  = "6d541d27b5dd12639e5a33a675ebca04d3837d74"
)

// stated is a statement of in-toto.
func stated(predicateType string, predicate object) object {
	return object{"_type": "https://in-toto.io/Statement/v0.1", "predicateType": predicateType, "subject": []object{{"name": "pkg:docker/acme/web"}}, "predicate": predicate}
}

func vcs(source, revision any) object {
	return object{"vcs": object{"source": source, "revision": revision}}
}

func fetched(uri, key, commit string) object {
	return object{"configSource": object{"uri": uri, "digest": object{key: commit}, "path": "Dockerfile"}}
}

func v1Of(parameters, metadata object) object {
	return stated(slsaV1, object{
		"buildDefinition": object{"buildType": "https://mobyproject.org/buildkit@v1", "externalParameters": parameters},
		"runDetails":      object{"builder": object{"id": ""}, "metadata": object{"invocationID": "x", "buildkit_metadata": metadata}},
	})
}

func v02Of(invocation, metadata object) object {
	return stated(slsaV02, object{
		"buildType": "https://mobyproject.org/buildkit@v1", "materials": []object{{"uri": "pkg:docker/golang@1.26"}},
		"invocation": invocation, "metadata": object{"https://mobyproject.org/buildkit@v1#metadata": metadata},
	})
}

func TestProvenance(t *testing.T) {
	t.Parallel()
	bill := stated(spdx, object{"vcs": git})
	none := registry.Provenance{}
	told := registry.Provenance{Source: git, Revision: commit}
	for name, test := range map[string]struct {
		statements []object
		want       registry.Provenance
		gets       int
	}{
		"v1, a folder that was sent":                  {[]object{bill, v1Of(object{}, vcs(git, commit))}, told, 2},
		"v1, what BuildKit fetched":                   {[]object{v1Of(fetched(git+"#refs/heads/main:sub", "sha1", commit), object{})}, registry.Provenance{Source: git + "#refs/heads/main:sub", Revision: commit}, 2},
		"v1, the commit by its newer name":            {[]object{v1Of(fetched(git, "gitCommit", commit), nil)}, told, 2},
		"v0.2, a folder that was sent":                {[]object{v02Of(object{}, vcs(git, commit)), bill}, told, 2},
		"v0.2, what BuildKit fetched":                 {[]object{v02Of(fetched(git, "sha1", commit), nil)}, told, 2},
		"what was fetched is before what was sent":    {[]object{v1Of(fetched(git, "sha1", commit), vcs("https://example.org/other", "abc"))}, told, 2},
		"an archive is no repository":                 {[]object{v1Of(fetched("https://example.org/context.tar.gz", "sha256", "abc"), vcs(git, commit))}, told, 2},
		"a source without a commit":                   {[]object{v02Of(nil, vcs(git, ""))}, registry.Provenance{Source: git}, 2},
		"a commit without a source":                   {[]object{v1Of(nil, vcs("", commit))}, registry.Provenance{Revision: commit}, 2},
		"no source of one with the commit of another": {[]object{v1Of(object{"configSource": object{"uri": "https://example.org/x"}}, vcs("", commit))}, registry.Provenance{Source: "https://example.org/x"}, 2},
		"nothing of it":                               {[]object{v1Of(object{}, object{})}, none, 2},
		"empty":                                       {[]object{stated(slsaV1, nil)}, none, 2},
		"a bill of materials":                         {[]object{bill}, none, 1},
		"no statement":                                {nil, none, 1},
		"values of other types":                       {[]object{v1Of(object{"configSource": 7}, vcs([]int{1}, commit))}, registry.Provenance{Revision: commit}, 2},
		"very long":                                   {[]object{v1Of(nil, vcs("https://"+strings.Repeat("x", 3000), strings.Repeat("a", 300)))}, none, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShelf()
			attested := s.attestation(s.entry(ociManifest, ociConfig, linux("amd64"), nil), test.statements...)
			f := s.serve(t)
			got, err := f.client.Provenance(t.Context(), f.repo, named(attested))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("provenance (-want +got)\n%s", diff)
			}
			f.counted(t, registry.Counts{Get: test.gets, Other: 1})
		})
	}
}

// TestProvenanceThatIsHostile: whatever a registry and a publisher do, it ends in an
// error or in nothing.
func TestProvenanceThatIsHostile(t *testing.T) {
	t.Parallel()
	content := func(text string) object { return object{"digest": digestOf(text), "size": len(text)} }
	for name, test := range map[string]struct {
		change object // of the layer's descriptor
		body   string // what comes
		want   error
		text   string
		empty  bool // no error, and no answer
		gets   int
	}{
		"said to be too large":   {object{"size": 2<<20 + 1}, "{}", registry.ErrTooLarge, "2 MiB", false, 1},
		"said to be huge":        {object{"size": math.MaxInt64}, "{}", registry.ErrTooLarge, "2 MiB", false, 1},
		"of a negative size":     {object{"size": -1}, "{}", registry.ErrNoImage, "a size of -1", false, 1},
		"of a size that is none": {object{"size": "x"}, "{}", nil, "", true, 1},
		"larger than it said":    {nil, strings.Repeat(" ", 2<<20+1), registry.ErrTooLarge, "2 MiB", false, 2},
		"of another digest":      {object{"digest": digestOf("x")}, `{"predicateType":"` + slsaV1 + `"}`, nil, "", false, 2},
		"of no digest":           {object{"digest": "../../x"}, "{}", registry.ErrNoImage, "which is none", false, 1},
		"of an old digest":       {object{"digest": "md5:" + strings.Repeat("0", 32)}, "{}", registry.ErrNoImage, "which is none", false, 1},
		"of another media type":  {object{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip"}, "{}", nil, "", true, 1},
		"of another predicate":   {object{"annotations": object{"in-toto.io/predicate-type": slsaV1 + "/x"}}, "{}", nil, "", true, 1},
		"not annotated":          {object{"annotations": nil}, "{}", nil, "", true, 1},
		"no JSON":                {content("text"), "text", registry.ErrNoImage, "cannot be read", false, 2},
		"a list":                 {content("[]"), "[]", nil, "", true, 2},
		"null":                   {content("null"), "null", nil, "", true, 2},
		"of another type inside": {content(`{"predicateType":"x"}`), `{"predicateType":"x"}`, nil, "", true, 2},
		"deep":                   {nil, strings.Repeat("[", 5000), registry.ErrTooLarge, "too deep", false, 2},
		"deep within":            {nil, `{"predicate":` + strings.Repeat(`{"predicate":`, 5000), registry.ErrTooLarge, "too deep", false, 2},
		"of too many values":     {nil, `{"x":[0` + strings.Repeat(",0", 200_000) + `]}`, registry.ErrTooLarge, "too many", false, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShelf()
			layer := object{
				"mediaType": "application/vnd.in-toto+json", "digest": digestOf(test.body), "size": min(len(test.body), 2<<20),
				"annotations": object{"in-toto.io/predicate-type": slsaV1},
			}
			maps.Copy(layer, test.change)
			if digest, ok := layer["digest"].(string); ok {
				s.items["blobs/"+digest] = item{"", []byte(test.body)}
			}
			digest := s.put("", ociManifest, with(s.image(ociManifest, ociConfig, nil), "layers", []object{layer}))
			f := s.serve(t)
			got, err := f.client.Provenance(t.Context(), f.repo, digest)
			if got != (registry.Provenance{}) || test.empty != (err == nil) {
				t.Fatalf("%+v, error %v", got, err)
			}
			if err != nil && (test.want != nil && !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text)) {
				t.Errorf("error %v, want %v with %q", err, test.want, test.text)
			}
			f.counted(t, registry.Counts{Get: test.gets, Other: 1})
		})
	}
}

func TestProvenanceOfNoAttestation(t *testing.T) {
	t.Parallel()
	s := newShelf()
	index := s.put("1", ociIndex, indexOf(s.entry(ociManifest, ociConfig, linux("amd64"), nil)))
	without := s.put("", ociManifest, with(s.image(ociManifest, ociConfig, nil), "layers", []object{{
		"mediaType": "application/vnd.in-toto+json", "digest": digestOf("x"), "size": 3, "annotations": object{"in-toto.io/predicate-type": slsaV1},
	}}))
	for name, test := range map[string]struct {
		attestation string
		want        error
		gets        int
	}{
		"a tag":                     {"1", image.ErrInvalid, 0},
		"nothing":                   {"", image.ErrInvalid, 0},
		"a path":                    {"sha256:../../x", image.ErrInvalid, 0},
		"an index":                  {index, registry.ErrNoImage, 1},
		"gone":                      {digestOf("y"), registry.ErrNotFound, 1},
		"one whose content is gone": {without, registry.ErrNotFound, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := s.serve(t)
			if _, err := f.client.Provenance(t.Context(), f.repo, test.attestation); !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
			if got := f.client.Requests()[f.host].Get; got != test.gets {
				t.Errorf("%d GETs, want %d", got, test.gets)
			}
		})
	}
}

// A token that is asked for on the way to a statement is counted as what it is.
func TestProvenanceWithANewToken(t *testing.T) {
	t.Parallel()
	s := newShelf()
	attested := s.attestation(s.entry(ociManifest, ociConfig, linux("amd64"), nil), v1Of(nil, vcs(git, commit)))
	var f *faked
	tokens := 0
	refuse := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Www-Authenticate", `Bearer realm="`+f.server.URL+`/token",service="x"`)
		w.WriteHeader(http.StatusUnauthorized)
	}
	f = fake(t, routes{
		"GET ": refuse, "GET manifests": s.answer,
		"GET blobs": func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer 2" {
				refuse(w, r)
				return
			}
			s.answer(w, r)
		},
		"GET token": func(w http.ResponseWriter, r *http.Request) {
			tokens++
			text(fmt.Sprintf(`{"token":"%d"}`, tokens))(w, r)
		},
	})
	got, err := f.client.Provenance(t.Context(), f.repo, named(attested))
	if err != nil || got.Revision != commit {
		t.Errorf("%+v, error %v", got, err)
	}
	f.counted(t, registry.Counts{Get: 3, Other: 3})
}
