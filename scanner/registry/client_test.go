package registry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	ocireg "github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

func TestDigest(t *testing.T) {
	t.Parallel()
	host, want := stocked(t)
	client := registry.New(registry.Options{PlainHTTP: []string{host}})

	got, err := client.Digest(t.Context(), repo(host), "1.0")
	if err != nil || got != want {
		t.Fatalf("digest %q, error %v, want %q", got, err, want)
	}
	tags, err := client.Tags(t.Context(), repo(host))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"1.0", "1.1"}, tags); diff != "" {
		t.Errorf("tags (-want +got)\n%s", diff)
	}
	if _, err := client.Digest(t.Context(), repo(host), "2.0"); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("error %v for a tag that is not there", err)
	}
	counts := map[string]registry.Counts{host: {List: 1, Head: 2, Other: 1}}
	if diff := cmp.Diff(counts, client.Requests()); diff != "" {
		t.Errorf("requests (-want +got)\n%s", diff)
	}
}

func TestDigestFallsBackToGet(t *testing.T) {
	t.Parallel()
	for name, head := range map[string]http.HandlerFunc{
		"no digest in the header": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "application/json") },
		"HEAD is not allowed":     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusMethodNotAllowed) },
		"digest is none": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "2")
			w.Header().Set("Docker-Content-Digest", "sha256:`rm -rf`")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := fake(t, routes{"HEAD manifests": head, "GET manifests": text("{}")})
			got, err := f.client.Digest(t.Context(), f.repo, "1")
			const want = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
			if err != nil || got != want {
				t.Errorf("digest %q, error %v, want that of the body", got, err)
			}
			f.counted(t, registry.Counts{Head: 1, Get: 1, Other: 1})
		})
	}
}

func TestTagsOverPages(t *testing.T) {
	t.Parallel()
	f := fake(t, routes{"GET tags": func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("last") == "" {
			w.Header().Set("Link", `</v2/acme/web/tags/list?n=2&last=b>; rel="next"`)
			text(`{"tags":["a","b"]}`)(w, r)
			return
		}
		text(`{"tags":["c","not a tag","`+"`x`"+`","<img>","-d","@everyone"]}`)(w, r)
	}})
	got, err := f.client.Tags(t.Context(), f.repo)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, got); diff != "" {
		t.Errorf("tags (-want +got)\n%s", diff)
	}
	f.counted(t, registry.Counts{List: 2, Other: 1})
}

func TestAnswersThatEndTheAttempt(t *testing.T) {
	t.Parallel()
	huge := `{"tags":["` + strings.Repeat("x", 17<<20) + `"]}`
	many := `{"tags":[` + strings.Repeat(`"a",`, 200_000) + `"a"]}`
	for name, test := range map[string]struct {
		tags   http.HandlerFunc
		want   error
		counts registry.Counts
	}{
		"401":                           {status(401), registry.ErrUnauthorized, registry.Counts{List: 1, Other: 1}},
		"403":                           {status(403), registry.ErrUnauthorized, registry.Counts{List: 1, Other: 1}},
		"404":                           {status(404), registry.ErrNotFound, registry.Counts{List: 1, Other: 1}},
		"huge body":                     {text(huge), registry.ErrTooLarge, registry.Counts{List: 1, Other: 1}},
		"too many tags":                 {text(many), registry.ErrTooLarge, registry.Counts{List: 1, Other: 1}},
		"pages without end":             {endless(), registry.ErrTooLarge, registry.Counts{List: 1000, Other: 1}},
		"pages in a circle":             {link("/v2/acme/web/tags/list?last=a"), registry.ErrTooLarge, registry.Counts{List: 2, Other: 1}},
		"redirect to http":              {redirect("http://203.0.113.9/x"), registry.ErrRefusedAddress, registry.Counts{List: 1, Other: 1}},
		"redirect to a private address": {redirect("https://localhost:1/x"), registry.ErrRefusedAddress, registry.Counts{List: 1, Other: 1}},
		"redirect to another scheme":    {redirect("gopher://127.0.0.1/x"), registry.ErrRefusedAddress, registry.Counts{List: 1, Other: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := fake(t, routes{"GET tags": test.tags})
			tags, err := f.client.Tags(t.Context(), f.repo)
			if !errors.Is(err, test.want) || tags != nil {
				t.Fatalf("%d tags, error %v, want %v", len(tags), err, test.want)
			}
			if !strings.HasPrefix(err.Error(), "listing tags of "+f.repo.String()+": ") {
				t.Errorf("the error does not name the image: %v", err)
			}
			f.counted(t, test.counts)
		})
	}
}

func TestOtherAnswers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		tags http.HandlerFunc
		want string
	}{
		"no JSON":               {text("<html>"), "the answer is no list of tags"},
		"JSON of another kind":  {text(`{"tags":{"a":1}}`), "the answer is no list of tags"},
		"tags that are no text": {text(`{"tags":["a",1]}`), "the answer is no list of tags"},
		"half a list":           {text(`{"tags":["a","b"`), "the answer is no list of tags"},
		"teapot":                {status(418), "the registry answered 418 I'm a teapot"},
		"redirects without end": {redirect("/v2/acme/web/tags/list"), "redirects without end"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := fake(t, routes{"GET tags": test.tags})
			if _, err := f.client.Tags(t.Context(), f.repo); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestRateLimited(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		header http.Header
		want   time.Duration
	}{
		"seconds":       {http.Header{"Retry-After": {"120"}}, 2 * time.Minute},
		"date":          {http.Header{"Date": {"Sat, 21 Nov 2026 12:00:00 GMT"}, "Retry-After": {"Sat, 21 Nov 2026 12:00:30 GMT"}}, 30 * time.Second},
		"docker hub":    {http.Header{"Date": {"Thu, 01 Jan 1970 00:01:00 GMT"}, "X-Retry-After": {"90"}}, 30 * time.Second},
		"very long":     {http.Header{"Retry-After": {"999999"}}, time.Hour},
		"nothing said":  {nil, 30 * time.Second},
		"in the past":   {http.Header{"Retry-After": {"-5"}}, 30 * time.Second},
		"hostile value": {http.Header{"Retry-After": {"99999999999999999999"}}, time.Hour},
		"fractions":     {http.Header{"Retry-After": {"1.5"}}, 2 * time.Second},
		"nonsense":      {http.Header{"Retry-After": {"soon"}}, 30 * time.Second},
		"no number":     {http.Header{"Retry-After": {"NaN"}}, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := fake(t, routes{"GET tags": func(w http.ResponseWriter, _ *http.Request) {
				maps.Copy(w.Header(), test.header)
				w.WriteHeader(http.StatusTooManyRequests)
			}})
			for range 2 {
				_, err := f.client.Tags(t.Context(), f.repo)
				limited, ok := errors.AsType[*registry.RateLimited](err)
				if !ok || limited.RetryAfter != test.want || limited.Host != f.host || limited.Pulls {
					t.Fatalf("error %v (%+v), want to wait %s", err, limited, test.want)
				}
			}
			f.counted(t, registry.Counts{List: 1, Other: 1})
		})
	}
}

func TestStumblingRegistry(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		failures int
		how      http.HandlerFunc
		lists    int
		fails    bool
	}{
		"500 once":     {1, status(500), 2, false},
		"503 twice":    {2, status(503), 3, false},
		"502 for ever": {99, status(502), 3, true},
		// net/http by itself repeats what it sent on a connection that was idle.
		"connection dropped": {1, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			f := fake(t, routes{"GET tags": func(w http.ResponseWriter, r *http.Request) {
				if asked.Add(1) <= int64(test.failures) {
					test.how(w, r)
					return
				}
				text(`{"tags":["1"]}`)(w, r)
			}})
			tags, err := f.client.Tags(t.Context(), f.repo)
			if (err != nil) != test.fails || (len(tags) == 1) == test.fails {
				t.Errorf("tags %q, error %v", tags, err)
			}
			f.counted(t, registry.Counts{List: test.lists, Other: 1})
		})
	}
}

func TestPrivateAddressesAreRefused(t *testing.T) {
	t.Parallel()
	host, _ := stocked(t)
	_, port, _ := strings.Cut(host, ":")
	client := registry.New(registry.Options{PlainHTTP: []string{"localhost:1", "registry.example"}})
	for _, asked := range []string{
		host, "localhost:" + port, "[::1]:" + port, "[::ffff:7f00:1]:" + port, "[64:ff9b::7f00:1]:" + port,
		"10.0.0.1:5000", "172.16.0.1", "192.168.1.1:443", "169.254.169.254", "100.64.0.1", "100.100.100.200",
		"0.0.0.0:" + port, "224.0.0.1", "[fe80::1]:443", "[fd00:ec2::254]:443", "[2002:7f00:1::]:443", "[::]:" + port,
	} {
		t.Run(asked, func(t *testing.T) {
			t.Parallel()
			_, err := client.Tags(t.Context(), repo(asked))
			if !errors.Is(err, registry.ErrRefusedAddress) {
				t.Fatalf("error %v", err)
			}
			if sent := client.Requests(); len(sent) != 0 {
				t.Errorf("requests were sent: %v", sent)
			}
		})
	}
}

func TestOtherRegistriesDoNotLeadToTheListedOnes(t *testing.T) {
	t.Parallel()
	var reached atomic.Int64
	private := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	t.Cleanup(private.Close)
	for name, target := range map[string]string{
		"by http":  private.URL,
		"by https": strings.Replace(private.URL, "http:", "https:", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			public := httptest.NewTLSServer(routes{"GET tags": redirect(target + "/secret"), "HEAD manifests": redirect(target + "/secret")})
			t.Cleanup(public.Close)
			client := registry.New(registry.Options{
				PlainHTTP: []string{hostOf(private.URL)},
				Transport: public.Client().Transport,
			})
			if _, err := client.Tags(t.Context(), repo(hostOf(public.URL))); !errors.Is(err, registry.ErrRefusedAddress) {
				t.Errorf("listing: error %v", err)
			}
			if _, err := client.Digest(t.Context(), repo(hostOf(public.URL)), "1"); !errors.Is(err, registry.ErrRefusedAddress) {
				t.Errorf("resolving: error %v", err)
			}
		})
	}
	t.Cleanup(func() {
		if reached.Load() != 0 {
			t.Error("the private registry was reached")
		}
	})
}

func TestNamesThatAreNone(t *testing.T) {
	t.Parallel()
	f := fake(t, routes{})
	for _, path := range []string{"a/../../api", "", "UPPER", "a//b", "a/", "a%2e"} {
		_, err := f.client.Tags(t.Context(), image.Repository{Registry: f.host, Path: path})
		if !errors.Is(err, image.ErrInvalid) {
			t.Errorf("%q: error %v", path, err)
		}
	}
	for _, tag := range []string{"", "a/b", "a?b", "../x", strings.Repeat("x", 129)} {
		_, err := f.client.Digest(t.Context(), f.repo, tag)
		if !errors.Is(err, image.ErrInvalid) {
			t.Errorf("tag %q: error %v", tag, err)
		}
	}
	if sent := f.client.Requests(); len(sent) != 0 {
		t.Errorf("requests were sent: %v", sent)
	}
}

func TestSlowRegistry(t *testing.T) {
	t.Parallel()
	for name, slow := range map[string]http.HandlerFunc{
		"says nothing": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"never ends": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, `{"tags":[`)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := fake(t, routes{"GET tags": slow})
			f.client = registry.New(registry.Options{PlainHTTP: []string{f.host}, Timeout: 50 * time.Millisecond})
			_, err := f.client.Tags(t.Context(), f.repo)
			if !errors.Is(err, registry.ErrTimeout) || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error %v", err)
			}
			if counts := f.client.Requests()[f.host]; counts.List != 1 {
				t.Errorf("listed %d times", counts.List)
			}
		})
	}
}

func TestCancellation(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"while it waits for an answer": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"while it waits to try again":  status(500),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			f := fake(t, routes{"GET tags": func(w http.ResponseWriter, r *http.Request) {
				cancel()
				answer(w, r)
			}})
			_, err := f.client.Tags(ctx, f.repo)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
			f.counted(t, registry.Counts{List: 1, Other: 1})
		})
	}
}

func TestUnreachableRegistry(t *testing.T) {
	t.Parallel()
	f := fake(t, routes{})
	f.server.Close()
	_, err := f.client.Tags(t.Context(), f.repo)
	if err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("error %v", err)
	}
}

func TestBrokenVersionCheck(t *testing.T) {
	t.Parallel()
	f := fake(t, routes{"GET ": status(http.StatusForbidden)})
	if _, err := f.client.Tags(t.Context(), f.repo); !errors.Is(err, registry.ErrUnauthorized) {
		t.Errorf("error %v", err)
	}
	f.counted(t, registry.Counts{Other: 1})
}

func TestAnonymousToken(t *testing.T) {
	t.Parallel()
	f := fake(t, routes{})
	f.server.Config.Handler = routes{
		"GET ": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="`+f.server.URL+`/token",service="test"`)
			w.WriteHeader(http.StatusUnauthorized)
		},
		"GET token": text(`{"token":"anonymous"}`),
		"GET tags": func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer anonymous" || !strings.Contains(r.UserAgent(), "imageupdater/test") {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			text(`{"tags":["1"]}`)(w, r)
		},
	}
	for range 2 {
		if _, err := f.client.Tags(t.Context(), f.repo); err != nil {
			t.Fatal(err)
		}
	}
	f.counted(t, registry.Counts{List: 2, Other: 2})
}

func TestSlowVersionCheckIsMadeOnce(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	f := fake(t, routes{
		"GET ": func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-release:
			case <-r.Context().Done():
			}
		},
		"GET tags": text(`{"tags":[]}`),
	})
	// Longer than go-containerregistry waits before it asks a second time.
	timer := time.AfterFunc(400*time.Millisecond, func() { close(release) })
	defer timer.Stop()
	if _, err := f.client.Tags(t.Context(), f.repo); err != nil {
		t.Fatal(err)
	}
	f.counted(t, registry.Counts{List: 1, Other: 1})
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	host, want := stocked(t)
	client := registry.New(registry.Options{PlainHTTP: []string{host}})
	errs := make(chan error)
	for range 20 {
		go func() {
			got, err := client.Digest(t.Context(), repo(host), "1.0")
			if err == nil && got != want {
				err = fmt.Errorf("digest %s", got)
			}
			errs <- err
		}()
	}
	for range 20 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff(map[string]registry.Counts{host: {Head: 20, Other: 1}}, client.Requests()); diff != "" {
		t.Errorf("requests (-want +got)\n%s", diff)
	}
}

func TestDockerHub(t *testing.T) {
	t.Parallel()
	hub := httptest.NewServer(routes{"GET tags": text(`{"tags":["1"]}`)})
	t.Cleanup(hub.Close)
	var asked []string
	client := registry.New(registry.Options{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
		asked = append(asked, req.URL.String())
		sent := req.Clone(req.Context())
		sent.URL.Scheme, sent.URL.Host = "http", hostOf(hub.URL)
		resp, err := http.DefaultTransport.RoundTrip(sent)
		if err == nil {
			resp.Request = req
		}
		return resp, err
	})})
	if _, err := client.Tags(t.Context(), image.Repository{Registry: image.DockerHub, Path: "library/nginx"}); err != nil {
		t.Fatal(err)
	}
	if last := asked[len(asked)-1]; last != "https://index.docker.io/v2/library/nginx/tags/list?n=10000" {
		t.Errorf("asked %s", last)
	}
	if diff := cmp.Diff(map[string]registry.Counts{image.DockerHub: {List: 1, Other: 1}}, client.Requests()); diff != "" {
		t.Errorf("requests (-want +got)\n%s", diff)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// faked is a client and the only registry that it may talk to.
type faked struct {
	server *httptest.Server
	client *registry.Client
	host   string
	repo   image.Repository
}

func fake(t *testing.T, r routes) *faked {
	t.Helper()
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	host := hostOf(server.URL)
	return &faked{
		server: server,
		client: registry.New(registry.Options{PlainHTTP: []string{host}, UserAgent: "imageupdater/test"}),
		host:   host,
		repo:   repo(host),
	}
}

func (f *faked) counted(t *testing.T, want registry.Counts) {
	t.Helper()
	if diff := cmp.Diff(want, f.client.Requests()[f.host]); diff != "" {
		t.Errorf("requests (-want +got)\n%s", diff)
	}
}

// routes answer by the method and what stands behind the repository: "GET tags",
// "HEAD manifests"; "GET " is the version check, "GET token" a token.
type routes map[string]http.HandlerFunc

func (r routes) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	rest := strings.TrimPrefix(strings.TrimPrefix(req.URL.Path, "/"), "v2/")
	rest = strings.TrimPrefix(strings.TrimPrefix(rest, "acme/web/"), "library/nginx/")
	object, _, _ := strings.Cut(rest, "/")
	key := req.Method + " " + object
	handler, ok := r[key]
	switch {
	case ok:
		handler(w, req)
	case key == "GET ":
	default:
		w.WriteHeader(http.StatusNotImplemented)
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func text(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	}
}

func redirect(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusTemporaryRedirect)
	}
}

func link(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "<"+to+`>; rel="next"`)
		text(`{"tags":["a"]}`)(w, r)
	}
}

func endless() http.HandlerFunc {
	var pages atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		link(fmt.Sprintf("/v2/acme/web/tags/list?last=%d", pages.Add(1)))(w, r)
	}
}

// stocked is a real registry with two tags and the digest of the first.
func stocked(t *testing.T) (host, first string) {
	t.Helper()
	server := httptest.NewServer(ocireg.New(ocireg.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	host = hostOf(server.URL)
	for _, tag := range []string{"1.1", "1.0"} {
		ref, err := name.NewTag(host + "/acme/web:" + tag)
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.Write(ref, empty.Image, remote.WithContext(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	hash, err := empty.Image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return host, hash.String()
}

func repo(host string) image.Repository { return image.Repository{Registry: host, Path: "acme/web"} }

func hostOf(url string) string { return url[slices.Index([]byte(url), '/')+2:] }
