package registry_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/scanner/registry"
)

func TestListOfPagesThatOverlap(t *testing.T) {
	t.Parallel()
	w := internet{"registry.example": pagedRegistry(map[string]paged{
		"n=1000": {tags: `["a","b","a"]`, link: `</v2/acme/web/tags/list?last=a>; rel="next"`}, "last=a": {tags: `["b","c"]`},
	})}
	client, _ := w.client(registry.Options{})
	tags, err := client.List(t.Context(), repo("registry.example"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]registry.Tag{{Name: "a"}, {Name: "b"}, {Name: "c"}}, tags); diff != "" {
		t.Errorf("tags (-want +got)\n%s", diff)
	}
}

// go-containerregistry's lister follows it, to any host.
func TestListWithTheNextPageInTheBody(t *testing.T) {
	t.Parallel()
	w := internet{"registry.example": pagedRegistry(map[string]paged{"n=1000": {tags: `["a"],"next":"http://169.254.169.254/latest/meta-data"`}})}
	client, asked := w.client(registry.Options{})
	if tags, err := client.List(t.Context(), repo("registry.example")); err != nil || len(tags) != 1 || len(asked.all()) != 2 {
		t.Errorf("tags %v, error %v, asked %q", tags, err, asked.all())
	}
}

// distribution v3.1.2 links to a page after the last when just n tags are left
// (registry.md 1.1, measured).
func TestListWithAnEmptyPageAtItsEnd(t *testing.T) {
	t.Parallel()
	w := internet{"registry.example": pagedRegistry(map[string]paged{
		"n=1000": {tags: `["a"]`, link: `</v2/acme/web/tags/list?last=a&n=1000>; rel="next"`}, "last=a&n=1000": {tags: `null`},
	})}
	client, _ := w.client(registry.Options{})
	if tags, err := client.List(t.Context(), repo("registry.example")); err != nil || len(tags) != 1 {
		t.Errorf("tags %v, error %v", tags, err)
	}
}

func TestListWhereLongPagesAreRefused(t *testing.T) {
	t.Parallel()
	for _, refusal := range []int{http.StatusMethodNotAllowed, http.StatusBadRequest} {
		w := internet{"gcr.io": pagedRegistry(map[string]paged{"n=10000": {status: refusal}, "n=1000": {tags: `["a"]`}})}
		client, _ := w.client(registry.Options{})
		if tags, err := client.Tags(t.Context(), repo("gcr.io")); err != nil || len(tags) != 1 {
			t.Errorf("tags %q, error %v", tags, err)
		}
	}
}

// paged is a page of a list of tags.
type paged struct {
	tags, link string
	status     int
}

// pagedRegistry answers by query; the order and the escaping of its parameters
// do not matter.
func pagedRegistry(answers map[string]paged) http.Handler {
	return routes{"GET tags": func(w http.ResponseWriter, r *http.Request) {
		for query, answer := range answers {
			if !sameQuery(r, query) {
				continue
			}
			if answer.status != 0 {
				w.WriteHeader(answer.status)
				return
			}
			if answer.link != "" {
				w.Header().Set("Link", answer.link)
			}
			text(`{"name":"acme/web","tags":`+answer.tags+`}`)(w, r)
			return
		}
		w.WriteHeader(http.StatusTeapot)
	}}
}

func sameQuery(r *http.Request, query string) bool {
	asked := r.URL.Query()
	count := 0
	for part := range strings.SplitSeq(query, "&") {
		key, value, given := strings.Cut(part, "=")
		if key == "" {
			continue
		}
		count++
		if !asked.Has(key) || given && asked.Get(key) != value {
			return false
		}
	}
	return len(asked) == count
}

// internet are hosts by their names. No request leaves the process.
type internet map[string]http.Handler

func (w internet) client(options registry.Options) (*registry.Client, *addresses) {
	asked := &addresses{}
	for host := range w {
		// Tests ask more than is good for a registry.
		at := slices.IndexFunc(options.Hosts, func(listed registry.Host) bool { return listed.Name == host })
		if at < 0 {
			at = len(options.Hosts)
			options.Hosts = append(slices.Clip(options.Hosts), registry.Host{Name: host})
		}
		options.Hosts[at].Limits = registry.Limits{PerSecond: -1, Burst: -1, Concurrent: -1, Budget: -1}
	}
	options.Transport = roundTripper(func(req *http.Request) (*http.Response, error) {
		asked.add(req.URL.String())
		handler, found := w[req.URL.Host]
		if !found {
			return nil, fmt.Errorf("there is no host %s", req.URL.Host)
		}
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, req)
		resp := recorder.Result()
		resp.Request = req
		return resp, nil
	})
	return registry.New(options), asked
}

// addresses are those that were asked.
type addresses struct {
	mu   sync.Mutex
	list []string
}

func (a *addresses) add(address string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.list = append(a.list, address)
}

func (a *addresses) all() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.list)
}

// to are those that begin with a prefix, after the scheme.
func (a *addresses) to(prefix string) []string {
	var found []string
	for _, address := range a.all() {
		if strings.HasPrefix(strings.TrimPrefix(address, "https://"), prefix) {
			found = append(found, address)
		}
	}
	return found
}

// since are those that were asked after so many.
func (a *addresses) since(count int) []string { return a.all()[count:] }
