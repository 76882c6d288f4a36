package registry_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/scanner/registry"
)

// What a tag itself stands for decides about that tag alone: another one may do.
func TestWhatIsOfNoUseIsNoImage(t *testing.T) {
	t.Parallel()
	const chunk = 32 << 10
	amd64 := object{"os": "linux", "architecture": "amd64"}
	stored := func(fill func(s *shelf)) routes {
		s := newShelf()
		fill(s)
		return routes{"GET manifests": s.answer, "GET blobs": s.answer}
	}
	indexed := func(entries ...object) routes {
		return stored(func(s *shelf) { s.put("1", ociIndex, indexOf(entries...)) })
	}
	for name, test := range map[string]struct {
		routes routes
		calls  string
		large  bool // ErrTooLarge as well
	}{
		"a manifest that is too large":    {routes{"GET manifests": flood(`{"a":"`, strings.Repeat("a", chunk), 5<<20)}, "Manifest Details Digest", true},
		"a manifest of too many parts":    {routes{"GET manifests": flood(`{"manifests":[{}`, `,{}`, 1<<20)}, "Manifest Details Digest", true},
		"a manifest that cannot be read":  {stored(func(s *shelf) { s.items["manifests/1"] = item{ociManifest, []byte(`{"config":`)} }), "Manifest Details", false},
		"a manifest of another shape":     {stored(func(s *shelf) { s.items["manifests/1"] = item{ociManifest, []byte(`{"config":7}`)} }), "Manifest Details", false},
		"an unreadable one, type unknown": {stored(func(s *shelf) { s.items["manifests/1"] = item{"application/json", []byte(`[`)} }), "Manifest Details", false},
		"an index that names no digest":   {indexed(object{"mediaType": ociManifest, "digest": "sha256:../../api", "platform": amd64}), "Manifest Details", false},
		"an index with too many entries":  {stored(func(s *shelf) { s.put("1", ociIndex, indexOf(make([]object, 1001)...)) }), "Manifest Details", true},
		"an index that names an image as an index": {stored(func(s *shelf) {
			s.put("1", ociIndex, indexOf(with(s.entry(ociManifest, ociConfig, amd64, nil), "mediaType", ociIndex)))
		}), "Manifest Details", false},
		"a config that says it is too large": {configured(1<<40, status(404)), "Details", true},
		"a config that is too large":         {configured(7<<20, flood(`{"x":"`, strings.Repeat("a", chunk), 9<<20)), "Details", true},
		"a config of a negative size":        {configured(-1, status(404)), "Details", false},
		"a config that is no JSON": {stored(func(s *shelf) {
			s.put("1", ociManifest, object{"schemaVersion": 2, "config": s.blob(ociConfig, "text")})
		}), "Details", false},
		"a config without a digest": {stored(func(s *shelf) {
			s.put("1", ociManifest, object{"schemaVersion": 2, "config": object{"digest": "../../api"}})
		}), "Details", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for call := range strings.FieldsSeq(test.calls) {
				err := callOf(t, fake(t, test.routes), call)
				if !errors.Is(err, registry.ErrNoImage) || errors.Is(err, registry.ErrTooLarge) != test.large {
					t.Errorf("%s: error %v", call, err)
				}
			}
		})
	}
}

// What is wrong with the way to a tag says nothing about it.
func TestWhatIsInTheWayIsNoAnswer(t *testing.T) {
	t.Parallel()
	failing := func(code int, then http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", ociManifest)
			w.WriteHeader(code)
			then(w, r)
		}
	}
	large := flood(`{"errors":"`, strings.Repeat("a", 32<<10), 9<<20)
	page := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<html>Down for maintenance</html>"))
	}
	amd64 := object{"os": "linux", "architecture": "amd64"}
	shelved := newShelf()
	shelved.put("1", ociManifest, shelved.image(ociManifest, ociConfig, amd64))
	for name, test := range map[string]struct {
		routes routes
		want   string
	}{
		"a large 502":             {routes{"GET manifests": failing(502, large)}, "answered 502"},
		"a large 401":             {routes{"GET manifests": failing(401, large)}, registry.ErrUnauthorized.Error()},
		"a 400 that is no JSON":   {routes{"GET manifests": failing(400, text("x"))}, "answered 400"},
		"a page of a proxy":       {routes{"GET manifests": page}, "cannot be read"},
		"another digest":          {routes{"GET manifests": digested(digestOf("other"))}, "not the one of the digest"},
		"a token that is large":   {token(text(`{"token":"` + strings.Repeat("leak", 10_000) + `"}`)), registry.ErrTooLarge.Error()},
		"a large 502 of a config": {routes{"GET manifests": shelved.answer, "GET blobs": failing(502, large)}, "answered 502"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := callOf(t, fake(t, test.routes), "Details")
			if err == nil || errors.Is(err, registry.ErrNoImage) || errors.Is(err, registry.ErrNotFound) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func callOf(t *testing.T, f *faked, call string) error {
	t.Helper()
	var err error
	switch call {
	case "Manifest":
		_, err = f.client.Manifest(t.Context(), f.repo, "1")
	case "Details":
		_, err = f.client.Details(t.Context(), f.repo, "1", nil)
	case "Digest":
		_, err = f.client.Digest(t.Context(), f.repo, "1")
	default:
		t.Fatalf("no call %s", call)
	}
	return err
}
