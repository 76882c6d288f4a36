package registry_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

func TestMirrors(t *testing.T) {
	t.Parallel()
	refuse := always(http.StatusUnauthorized, "", "WWW-Authenticate", `Basic realm="r"`)
	wrong := always(200, "{}", "Content-Type", ociManifest)
	const origin, one, two = "registry.example", "one.example", "two.example"
	for name, test := range map[string]struct {
		call    string
		answers map[string]reply
		asked   []string
		want    error
		text    string
	}{
		"a digest is asked for at the first mirror": {"by digest", nil, []string{one}, nil, ""},
		"one that does not have it":                 {"by digest", map[string]reply{one: always(404, "")}, []string{one, two}, nil, ""},
		"one that fails":                            {"by digest", map[string]reply{one: always(501, ""), two: always(429, "")}, []string{one, two, origin}, nil, ""},
		"one that has something else":               {"by digest", map[string]reply{one: wrong}, []string{one, two}, nil, ""},
		"one that wants credentials":                {"by digest", map[string]reply{one: refuse, two: refuse}, []string{one, two, origin}, nil, ""},
		"nobody has it":                             {"by digest", map[string]reply{one: always(404, ""), two: always(404, ""), origin: always(404, "")}, []string{one, two, origin}, registry.ErrNotFound, ""},
		"all fail":                                  {"by digest", map[string]reply{one: always(418, ""), two: always(404, ""), origin: always(404, "")}, []string{one, two, origin}, registry.ErrNotFound, "(mirror one.example: the registry answered 418"},
		"tags are listed at the origin":             {"Tags", nil, []string{origin}, nil, ""},
		"and nowhere else if it has none":           {"Tags", map[string]reply{origin: always(404, "")}, []string{origin}, registry.ErrNotFound, ""},
		"also if it does not answer":                {"Tags", map[string]reply{origin: always(418, "")}, []string{origin}, nil, "the registry answered 418"},
		"or wants what we do not have":              {"Tags", map[string]reply{origin: refuse}, []string{origin}, registry.ErrUnauthorized, ""},
		"a tag is resolved at the origin":           {"Digest", nil, []string{origin}, nil, ""},
		"a tag is read at the origin":               {"Manifest", nil, []string{origin}, nil, ""},
		"and not at a mirror":                       {"Manifest", map[string]reply{origin: always(404, "")}, []string{origin}, registry.ErrNotFound, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			w.answers = test.answers
			if w.answers == nil {
				w.answers = map[string]reply{}
			}
			for _, host := range []string{origin, one, two} {
				if w.answers[host] == nil {
					w.answers[host] = healthy
				}
			}
			var mu sync.Mutex
			var asked []string
			client := registry.New(registry.Options{
				Hosts: []registry.Host{{Name: origin, Mirrors: []string{one, two}}, {Name: one}, {Name: two}},
				Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
					mu.Lock()
					defer mu.Unlock()
					if req.URL.Path != "/v2/" && (len(asked) == 0 || asked[len(asked)-1] != req.URL.Host) {
						asked = append(asked, req.URL.Host)
					}
					return w.RoundTrip(req)
				}),
			})
			a := attack{call: test.call}
			var err error
			if test.call == "by digest" {
				_, err = client.Manifest(t.Context(), repo(origin), digestOf(someManifest))
			} else {
				err = a.make(t, client, repo(origin))
			}
			if test.want != nil && !errors.Is(err, test.want) || (err != nil) != (test.want != nil || test.text != "") || err != nil && !strings.Contains(err.Error(), test.text) {
				t.Errorf("error %v, want %v", err, test.want)
			}
			if diff := cmp.Diff(test.asked, asked); diff != "" {
				t.Errorf("asked (-want +got)\n%s", diff)
			}
		})
	}
}

// Each host is asked with the credentials that are its own.
func TestMirrorsHaveTheirOwnCredentials(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	shown := map[string][]string{}
	client := registry.New(registry.Options{
		Hosts: []registry.Host{{Name: image.DockerHub, Mirrors: []string{"mirror.example", "open.example"}}},
		Credentials: keys{
			"docker.io/acme/web":      alice(),
			"mirror.example/acme/web": key("bob", authConfig("bob")),
		},
		Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			shown[req.URL.Host] = append(shown[req.URL.Host], req.Header.Get("Authorization"))
			if req.URL.Path == "/v2/" {
				return answer(401, "", "WWW-Authenticate", `Basic realm="r"`).to(req)
			}
			return answer(404, "").to(req)
		}),
	})
	if _, err := client.Manifest(t.Context(), repo(image.DockerHub), digestOf("x")); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("error %v", err)
	}
	want := map[string][]string{
		"mirror.example": {"", basicOf("bob")}, "open.example": {"", ""}, "index.docker.io": {"", basicOf("alice")},
	}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("shown (-want +got)\n%s", diff)
	}
}

// Who asks with other credentials at a mirror may see other things.
func TestIdentityIsThatOfMirrorsToo(t *testing.T) {
	t.Parallel()
	const origin, mirror = "registry.example", "one.example"
	client := registry.New(registry.Options{
		Hosts:       []registry.Host{{Name: origin, Mirrors: []string{mirror}}, {Name: mirror}},
		Credentials: keys{mirror + "/acme/web": alice()},
	})
	for _, test := range []struct {
		repo image.Repository
		want bool
	}{
		{image.Repository{Registry: origin, Path: "acme/web"}, true},
		{image.Repository{Registry: origin, Path: "acme/api"}, false},
		{image.Repository{Registry: mirror, Path: "acme/web"}, true},
	} {
		got, err := client.Identity(t.Context(), test.repo)
		if err != nil || (got != "") != test.want {
			t.Errorf("%s: identity %q, %v", test.repo, got, err)
		}
	}
}
