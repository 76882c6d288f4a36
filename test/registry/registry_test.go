package registry_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/imageupdater/imageupdater/test/registry"
)

func TestPaging(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		tags, pageSize, ask int
		pages               int
	}{
		"one page":            {tags: 5, pageSize: 1000, ask: 1000, pages: 1},
		"exactly one page":    {tags: 10, pageSize: 10, ask: 1000, pages: 1},
		"several pages":       {tags: 25, pageSize: 10, ask: 1000, pages: 3},
		"client asks less":    {tags: 25, pageSize: 1000, ask: 5, pages: 5},
		"client asks nothing": {tags: 25, pageSize: 10, ask: 0, pages: 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t)
			want := numbered(test.tags)
			push(t, r, "acme/web", want...)
			r.SetPageSize(test.pageSize)

			got, err := remote.List(repository(t, r, "acme/web"), remote.WithPageSize(test.ask), remote.WithContext(t.Context()))
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("tags (-want +got)\n%s", diff)
			}
			if pages := count(r, http.MethodGet, "/v2/acme/web/tags/list"); pages != test.pages {
				t.Errorf("%d pages, want %d", pages, test.pages)
			}
			if diff := cmp.Diff(map[string]int{"acme/web": 1}, r.Lists()); diff != "" {
				t.Errorf("listings (-want +got)\n%s", diff)
			}
		})
	}
}

func TestPageBehindTheLastTagIsEmpty(t *testing.T) {
	t.Parallel()
	r := start(t)
	push(t, r, "web", "1", "2")
	resp := get(t, r, "/v2/web/tags/list?n=10&last=zzz")
	defer resp.Body.Close()
	var page struct{ Tags []string }
	if err := json.NewDecoder(resp.Body).Decode(&page); err != nil {
		t.Fatal(err)
	}
	if len(page.Tags) != 0 || resp.Header.Get("Link") != "" {
		t.Errorf("tags %q and Link %q behind the last tag", page.Tags, resp.Header.Get("Link"))
	}
}

func TestUnknownRepositoryAndBadPage(t *testing.T) {
	t.Parallel()
	r := start(t)
	push(t, r, "web", "1")
	for path, want := range map[string]int{
		"/v2/none/tags/list":      http.StatusNotFound,
		"/v2/web/tags/list?n=no":  http.StatusBadRequest,
		"/v2/web/manifests/2":     http.StatusNotFound,
		"/v2/web/manifests/1":     http.StatusOK,
		"/v2/":                    http.StatusOK,
		"/v2/web/tags/list?n=0":   http.StatusBadRequest,
		"/v2/web/tags/list?n=100": http.StatusOK,
	} {
		resp := get(t, r, path)
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, resp.StatusCode, want)
		}
	}
}

func TestPushedImagesCanBePulled(t *testing.T) {
	t.Parallel()
	r := start(t)
	push(t, r, "acme/web", "1", "2")
	if err := r.PushIndex("acme/web", "3", "amd64", "arm64"); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, tag := range []string{"1", "2", "3"} {
		got, err := remote.Get(repository(t, r, "acme/web").Tag(tag), remote.WithContext(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		want, err := r.Digest("acme/web", tag)
		if err != nil {
			t.Fatal(err)
		}
		if got.Digest.String() != want {
			t.Errorf("tag %s: digest %s, want %s", tag, got.Digest, want)
		}
		image, err := got.Image()
		if err != nil {
			t.Fatal(err)
		}
		if config, err := image.ConfigFile(); err != nil || config.Architecture != "amd64" {
			t.Errorf("tag %s: config %+v, error %v", tag, config, err)
		}
		seen[want] = true
	}
	if len(seen) != 3 {
		t.Errorf("three tags have %d digests", len(seen))
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	r := start(t)
	push(t, r, "web", "1")
	r.Fail(registry.Fault{Method: http.MethodGet, Prefix: "/v2/web/", Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"7"}}, Times: 2})

	statuses := func() []int {
		var got []int
		for range 3 {
			resp := get(t, r, "/v2/web/tags/list")
			resp.Body.Close()
			got = append(got, resp.StatusCode)
			if resp.StatusCode == http.StatusTooManyRequests && resp.Header.Get("Retry-After") != "7" {
				t.Error("the fault's header is missing")
			}
		}
		return got
	}
	if diff := cmp.Diff([]int{429, 429, 200}, statuses()); diff != "" {
		t.Errorf("a fault that strikes twice (-want +got)\n%s", diff)
	}
	r.Fail(registry.Fault{Status: http.StatusInternalServerError})
	if diff := cmp.Diff([]int{500, 500, 500}, statuses()); diff != "" {
		t.Errorf("a fault for ever (-want +got)\n%s", diff)
	}
	r.Heal()
	if diff := cmp.Diff([]int{200, 200, 200}, statuses()); diff != "" {
		t.Errorf("healed (-want +got)\n%s", diff)
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	r := start(t)
	push(t, r, "web", "1")
	resp := get(t, r, "/v2/web/tags/list?n=3")
	resp.Body.Close()
	want := []registry.Request{{Method: "GET", Path: "/v2/web/tags/list", Query: "n=3", UserAgent: "Go-http-client/1.1"}}
	if diff := cmp.Diff(want, r.Requests()); diff != "" {
		t.Errorf("requests (-want +got)\n%s", diff)
	}
	r.Forget()
	if got := r.Requests(); len(got) != 0 {
		t.Errorf("%d requests after Forget", len(got))
	}
}

// What a tag stands for, as any client sees it.
func TestPushedIndex(t *testing.T) {
	t.Parallel()
	r := start(t)
	created := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	if err := r.PushImages("acme/web", "1", registry.Index{
		Images: []registry.Image{
			{Created: created, Labels: map[string]string{"a": "b"}, Annotations: map[string]string{"c": "d"}},
			{Platform: "linux/arm64/v8"},
			{Platform: "windows/amd64", OSVersion: "10.0.20348.2700"},
		},
		Annotations: map[string]string{"e": "f"},
		Attested:    true,
	}); err != nil {
		t.Fatal(err)
	}
	index, err := remote.Index(repository(t, r, "acme/web").Tag("1"), remote.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var platforms, attested []string
	for _, entry := range manifest.Manifests {
		platforms = append(platforms, entry.Platform.String())
		if entry.Annotations["vnd.docker.reference.type"] == "attestation-manifest" {
			attested = append(attested, entry.Annotations["vnd.docker.reference.digest"])
		}
	}
	want := []string{"linux/amd64", "linux/arm64/v8", "windows/amd64:10.0.20348.2700", "unknown/unknown", "unknown/unknown", "unknown/unknown"}
	if diff := cmp.Diff(want, platforms); diff != "" {
		t.Errorf("platforms (-want +got)\n%s", diff)
	}
	if len(attested) != 3 || attested[1] != manifest.Manifests[1].Digest.String() || manifest.Annotations["e"] != "f" {
		t.Errorf("attested %q, annotations %v", attested, manifest.Annotations)
	}
	image, err := index.Image(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil || !config.Created.Equal(created) || config.Config.Labels["a"] != "b" {
		t.Errorf("config %+v, error %v", config, err)
	}
	if child, err := image.Manifest(); err != nil || child.Annotations["c"] != "d" {
		t.Errorf("manifest %+v, error %v", child, err)
	}
	if diff := cmp.Diff(registry.Counts{Manifests: 2, Blobs: 1, Other: 1}, r.Counts()); diff != "" {
		t.Errorf("requests (-want +got)\n%s", diff)
	}
}

func TestLostTag(t *testing.T) {
	t.Parallel()
	r := start(t)
	push(t, r, "acme/api", "1.0", "1.0.1")
	digest, err := r.Digest("acme/api", "1.0")
	if err != nil {
		t.Fatal(err)
	}
	r.Lose("acme/api", "1.0")
	statuses := func() map[string]int {
		got := map[string]int{}
		for _, reference := range []string{"1.0", "1.0.1", digest} {
			resp := get(t, r, "/v2/acme/api/manifests/"+reference)
			resp.Body.Close()
			got[reference] = resp.StatusCode
		}
		return got
	}
	if diff := cmp.Diff(map[string]int{"1.0": 404, "1.0.1": 200, digest: 200}, statuses()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	tags, err := remote.List(repository(t, r, "acme/api"), remote.WithContext(t.Context()))
	if err != nil || !slices.Contains(tags, "1.0") {
		t.Errorf("tags %q, error %v", tags, err)
	}
	push(t, r, "acme/api", "1.0")
	if diff := cmp.Diff(map[string]int{"1.0": 200, "1.0.1": 200, digest: 200}, statuses()); diff != "" {
		t.Errorf("pushed again (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(registry.Counts{Lists: 1, Manifests: 6, Other: 1}, r.Counts()); diff != "" {
		t.Errorf("requests (-want +got)\n%s", diff)
	}
}

func TestFaultOfOneTag(t *testing.T) {
	t.Parallel()
	r := start(t)
	push(t, r, "web", "1.0", "1.0.1")
	r.Fail(registry.Fault{Path: "/v2/web/manifests/1.0", Status: http.StatusTooManyRequests})
	for tag, want := range map[string]int{"1.0": http.StatusTooManyRequests, "1.0.1": http.StatusOK} {
		resp := get(t, r, "/v2/web/manifests/"+tag)
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d, want %d", tag, resp.StatusCode, want)
		}
	}
}

func TestStopsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := registry.Start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := r.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.Host()+"/v2/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := http.DefaultClient.Do(req); err == nil {
		resp.Body.Close()
		t.Error("it still answers")
	}
}

func start(t *testing.T) *registry.Registry {
	t.Helper()
	r, err := registry.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func push(t *testing.T, r *registry.Registry, repo string, tags ...string) {
	t.Helper()
	if err := r.Push(repo, tags...); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, r *registry.Registry, path string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.Host()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func repository(t *testing.T, r *registry.Registry, path string) name.Repository {
	t.Helper()
	repo, err := name.NewRepository(r.Host() + "/" + path)
	if err != nil {
		t.Fatal(err)
	}
	return repo
}

func numbered(n int) []string {
	tags := make([]string, n)
	for i := range tags {
		tags[i] = fmt.Sprintf("1.0.%d", i)
	}
	return tags
}

func count(r *registry.Registry, method, path string) int {
	n := 0
	for _, request := range r.Requests() {
		if request.Method == method && request.Path == path {
			n++
		}
	}
	return n
}
