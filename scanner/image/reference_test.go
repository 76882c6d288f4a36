package image_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/scanner/image"
)

const hex64 = "594ceea76b01c592858f803f9ff4d2cb40542cae2060410b2c95f75907d659e1"

func TestParse(t *testing.T) {
	t.Parallel()
	digest := "sha256:" + hex64
	tests := map[string]struct {
		in        string
		want      image.Reference
		canonical string
	}{
		"short name":               {"nginx", image.Reference{Path: "nginx"}, "docker.io/library/nginx"},
		"tag":                      {"nginx:1.25", image.Reference{Path: "nginx", Tag: "1.25"}, "docker.io/library/nginx"},
		"organisation":             {"acme/web:v1", image.Reference{Path: "acme/web", Tag: "v1"}, "docker.io/acme/web"},
		"hub spelt out":            {"docker.io/nginx:1", image.Reference{Registry: "docker.io", Path: "nginx", Tag: "1"}, "docker.io/library/nginx"},
		"hub's index":              {"index.docker.io/library/nginx:1", image.Reference{Registry: "index.docker.io", Path: "library/nginx", Tag: "1"}, "docker.io/library/nginx"},
		"registry":                 {"ghcr.io/acme/web:1@" + digest, image.Reference{Registry: "ghcr.io", Path: "acme/web", Tag: "1", Digest: digest}, "ghcr.io/acme/web"},
		"port":                     {"localhost:5000/web", image.Reference{Registry: "localhost:5000", Path: "web"}, "localhost:5000/web"},
		"port and tag":             {"registry.dev:5000/acme:local", image.Reference{Registry: "registry.dev:5000", Path: "acme", Tag: "local"}, "registry.dev:5000/acme"},
		"localhost":                {"localhost/web:1", image.Reference{Registry: "localhost", Path: "web", Tag: "1"}, "localhost/web"},
		"IPv6 registry":            {"[::1]:5000/web:1", image.Reference{Registry: "[::1]:5000", Path: "web", Tag: "1"}, "[::1]:5000/web"},
		"digest only":              {"acme/web@" + digest, image.Reference{Path: "acme/web", Digest: digest}, "docker.io/acme/web"},
		"host in upper case":       {"GHCR.io/acme/web:1", image.Reference{Registry: "GHCR.io", Path: "acme/web", Tag: "1"}, "ghcr.io/acme/web"},
		"separators in components": {"a__b/c---d/e.f_g:1_2.3-4", image.Reference{Path: "a__b/c---d/e.f_g", Tag: "1_2.3-4"}, "docker.io/a__b/c---d/e.f_g"},
		"upper-case tag":           {"minio/minio:RELEASE.2024-05-10T01-41-38Z", image.Reference{Path: "minio/minio", Tag: "RELEASE.2024-05-10T01-41-38Z"}, "docker.io/minio/minio"},
		"longest tag":              {"a:" + strings.Repeat("x", 128), image.Reference{Path: "a", Tag: strings.Repeat("x", 128)}, "docker.io/library/a"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := image.Parse(test.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if got.String() != test.in {
				t.Errorf("String() = %q, want the text as written, %q", got.String(), test.in)
			}
			if canonical := got.Repository().String(); canonical != test.canonical {
				t.Errorf("Repository() = %q, want %q", canonical, test.canonical)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"empty":                  "",
		"blank":                  " nginx",
		"upper-case path":        "acme/Web:1",
		"scheme":                 "https://ghcr.io/acme/web",
		"ko":                     "ko://github.com/acme/cmd/web",
		"empty tag":              "nginx:",
		"tag with a slash":       "nginx:a/b@x",
		"tag starts with a dash": "nginx:-1",
		"tag starts with a dot":  "nginx:.1",
		"long tag":               "a:" + strings.Repeat("x", 129),
		"long name":              strings.Repeat("a", 256),
		"long canonical name":    strings.Repeat("a", 240),
		"short digest":           "nginx@sha256:abc",
		"upper-case digest":      "nginx@sha256:" + strings.ToUpper(hex64),
		"unknown algorithm":      "nginx@md5:" + hex64,
		"two digests":            "nginx@sha256:" + hex64 + "@sha256:" + hex64,
		"template":               "{{ .Values.image }}",
		"variable":               "$IMAGE:1",
		"traversal":              "ghcr.io/../../etc/passwd",
		"empty component":        "acme//web",
		"trailing slash":         "acme/web/",
		"newline":                "nginx:1\n",
		"host starts with dash":  "-x.io/a:1",
		"port too long":          "a.io:123456/a",
		"upper-case owner":       "MyOrg/app:1",
		"wildcard":               "*",
		"NUL":                    "nginx\x00:1",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := image.Parse(in); !errors.Is(err, image.ErrInvalid) {
				t.Errorf("Parse(%q) = %+v, %v; want ErrInvalid", in, got, err)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"nginx", "a.b:5/c/d:e@sha256:" + hex64, "localhost/x:1", "[::1]:1/a", "A/b", "a__b:1", "a:1:2", "@", ":", "/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ref, err := image.Parse(s)
		if err != nil {
			return
		}
		if ref.String() != s {
			t.Fatalf("%q became %q", s, ref.String())
		}
		again, err := image.Parse(ref.Repository().String() + strings.TrimPrefix(s, ref.Name()))
		if err != nil {
			t.Fatalf("the canonical form of %q does not parse: %v", s, err)
		}
		if again.Repository() != ref.Repository() {
			t.Fatalf("%q: canonical form is not stable: %v, then %v", s, ref.Repository(), again.Repository())
		}
		if again.Tag != ref.Tag || again.Digest != ref.Digest {
			t.Fatalf("%q lost its tag or digest: %+v", s, again)
		}
	})
}
