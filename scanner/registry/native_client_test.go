package registry_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

func TestNativeRequestsAreCounted(t *testing.T) {
	t.Parallel()
	v := kinds()["Docker Hub"].visit(stockedSite(200))
	v.list(t, 1, 1)
	v.list(t, 1, 0)
	want := map[string]registry.Counts{"hub.docker.com": {List: 2}, image.DockerHub: {List: 1, Other: 1}}
	if diff := cmp.Diff(want, v.client.Requests()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// The path of its API looks like that of a manifest for a repository of this name.
func TestNativeIsNoPull(t *testing.T) {
	t.Parallel()
	s := stockedSite(1)
	client, _ := internet{"hub.docker.com": http.HandlerFunc(s.hub)}.client(registry.Options{})
	if _, err := client.List(t.Context(), image.Repository{Registry: image.DockerHub, Path: "acme/manifests"}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]registry.Counts{"hub.docker.com": {List: 1}}, client.Requests()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Docker Hub documents X-Retry-After as a Unix time.
func TestNativeThatLimitsUs(t *testing.T) {
	t.Parallel()
	v := kinds()["Docker Hub"].visit(stockedSite(30))
	v.site.native = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Retry-After", "1795262700") // five minutes after the site's Date
		w.WriteHeader(http.StatusTooManyRequests)
	}
	v.list(t, 1, 1)
	v.list(t, 0, 1)
	v.list(t, 0, 1)
}

func TestCredentialsOfNatives(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Docker Hub": "", "Quay": "", "Quay elsewhere": "",
		"Harbor": "Basic " + base64.StdEncoding.EncodeToString([]byte("robot$acme:sentinel")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kind := kinds()[name]
			hosts := kind.world(stockedSite(3))
			var shown []string
			for host, handler := range hosts {
				hosts[host] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					shown = append(shown, r.Header.Get("Authorization"))
					handler.ServeHTTP(w, r)
				})
			}
			options := kind.options()
			options.Credentials = robot("one")
			client, asked := hosts.client(options)
			if _, err := client.List(t.Context(), kind.repo); err != nil {
				t.Fatal(err)
			}
			for i, authorization := range shown {
				if authorization != want {
					t.Errorf("%s was shown %q", asked.all()[i], authorization)
				}
			}
		})
	}
}

// robot are credentials of an identity.
type robot string

func (r robot) For(context.Context, image.Repository) (registry.Credential, error) {
	return registry.Credential{Identity: string(r), Authenticator: &authn.Basic{Username: "robot$acme", Password: "sentinel"}}, nil
}

// rotating gives a new identity for each call.
type rotating struct {
	mu    sync.Mutex
	calls int
}

func (r *rotating) For(ctx context.Context, repo image.Repository) (registry.Credential, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	return robot(strconv.Itoa(r.calls)).For(ctx, repo)
}

// What one may see is not told to another.
func TestNativeMemoryIsNotShared(t *testing.T) {
	t.Parallel()
	kind := kinds()["Docker Hub"]
	s := stockedSite(200)
	options := kind.options()
	options.Credentials = &rotating{}
	client, asked := kind.world(s).client(options)
	v := &visit{kind: kind, site: s, client: client, asked: asked}
	v.list(t, 1, 1)
	v.list(t, 1, 1)
}

func TestNativeMemoryIsBounded(t *testing.T) {
	t.Parallel()
	const tags, repositories = 60_000, 4 // more than is remembered
	s := stockedSite(tags)
	names := encode(object{"tags": s.names()})
	everything := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/tags/list") {
			_, _ = w.Write(names)
		}
	})
	client, asked := internet{"hub.docker.com": http.HandlerFunc(s.hub), "index.docker.io": everything}.client(registry.Options{})
	list := func(i int) {
		if tags, err := client.List(t.Context(), image.Repository{Registry: image.DockerHub, Path: fmt.Sprintf("acme/r%d", i)}); err != nil || len(tags) != 60_000 {
			t.Errorf("%d tags, error %v", len(tags), err)
		}
	}
	for i := range repositories {
		list(i)
	}
	cold := len(asked.to("index.docker.io"))
	for i := range repositories {
		list(i)
	}
	if len(asked.to("index.docker.io")) == cold {
		t.Error("everything was remembered")
	}
	before := len(asked.all())
	list(repositories - 1)
	list(repositories - 1)
	if again := asked.since(before); !strings.HasPrefix(again[len(again)-1], "https://hub.docker.com/") {
		t.Errorf("the last one was not remembered: %q", again)
	}
}

func TestNativesFromManySides(t *testing.T) {
	t.Parallel()
	for name, kind := range kinds() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, _ := kind.world(stockedSite(300)).client(kind.options())
			var group sync.WaitGroup
			for range 8 {
				group.Go(func() {
					for range 5 {
						if tags, err := client.List(t.Context(), kind.repo); err != nil || len(tags) != 300 {
							t.Errorf("%d tags, error %v", len(tags), err)
						}
					}
				})
			}
			group.Wait()
		})
	}
}
