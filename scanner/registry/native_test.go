package registry_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

// site is a registry with a native API; rows of tests change it.
type site struct {
	tags []pushed // newest first
	// unknown are tags that the list of tags has and the API has not.
	unknown []string
	native  http.HandlerFunc // in place of the API
}

// pushed is a tag and the minute in which it was pushed.
type pushed struct {
	name   string
	minute int
}

func (p pushed) at() time.Time { return time.Date(2026, 1, 1, 0, p.minute, 0, 0, time.UTC) }

// digest changes with what is pushed.
func (p pushed) digest() string { return digestOf(fmt.Sprint(p)) }

func (s *site) push(name string) {
	s.remove(name)
	minute := 1
	if len(s.tags) > 0 {
		minute = s.tags[0].minute + 1
	}
	s.tags = append([]pushed{{name, minute}}, s.tags...)
}

func (s *site) remove(name string) {
	s.tags = slices.DeleteFunc(s.tags, func(p pushed) bool { return p.name == name })
}

// stockedSite has tags "1.1" to "1.n", the last one pushed last.
func stockedSite(n int) *site {
	s := &site{}
	for i := n; i > 0; i-- {
		s.tags = append(s.tags, pushed{fmt.Sprintf("1.%d", i), i})
	}
	return s
}

func (s *site) names() []string {
	names := slices.Clone(s.unknown)
	for _, tag := range s.tags {
		names = append(names, tag.name)
	}
	slices.Sort(names)
	return names
}

// list is the list of tags in lexical order.
func (s *site) list(w http.ResponseWriter, r *http.Request) {
	names := s.names()
	from, _ := slices.BinarySearch(names, r.URL.Query().Get("last")+"\x00")
	names = names[from:]
	if n, err := strconv.Atoi(r.URL.Query().Get("n")); err == nil && len(names) > n {
		names = names[:n]
		w.Header().Set("Link", fmt.Sprintf("<%s?n=%d&last=%s>; rel=%q", r.URL.Path, n, names[n-1], "next"))
	}
	_, _ = w.Write(encode(object{"name": "x", "tags": names}))
}

func (s *site) answer(w http.ResponseWriter, r *http.Request, api http.HandlerFunc) {
	w.Header().Set("Date", "Sat, 21 Nov 2026 12:00:00 GMT")
	if s.native != nil {
		api = s.native
	}
	api(w, r)
}

func (s *site) newest() []pushed { return s.tags[:min(100, len(s.tags))] }

// registryOf is the part of a site that all registries have.
func (s *site) registry(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/tags/list") {
		s.list(w, r)
	}
}

// hub answers by the fields of Docker Hub's API (docs.docker.com/reference/api/hub
// /latest.yaml, and Renovate's schema.ts).
func (s *site) hub(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, s.hubWith(func([]object) {}))
}

// hubWith answers with results that are not as documented.
func (s *site) hubWith(change func(results []object)) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		results := []object{}
		for _, tag := range s.newest() {
			results = append(results, hubTag(tag))
		}
		page := object{"count": len(s.tags), "next": nil, "previous": nil, "results": results}
		if len(s.tags) > 100 {
			page["next"] = "https://hub.docker.com/v2/repositories/library/nginx/tags?ordering=last_updated&page=2&page_size=100"
		}
		change(results)
		_, _ = w.Write(encode(page))
	}
}

func hubTag(tag pushed) object {
	return object{
		"creator": 7, "id": 12, "name": tag.name, "tag_status": "active", "content_type": "image", "full_size": 3,
		"last_updated": tag.at(), "tag_last_pushed": tag.at(), "digest": tag.digest(),
		"media_type": "application/vnd.oci.image.index.v1+json",
		"images": []object{
			hubImage("linux", "amd64", nil, digestOf("amd64"+tag.digest())),
			hubImage("unknown", "unknown", nil, digestOf("attestation")),
		},
	}
}

func hubImage(os, architecture string, variant any, digest string) object {
	return object{
		"architecture": architecture, "features": "", "variant": variant, "digest": digest, "os": os, "os_features": "",
		"os_version": nil, "size": 2, "status": "active", "last_pulled": nil, "last_pushed": "2026-01-01T00:00:00Z",
	}
}

// quay answers as endpoints/api/tag.py of Quay.
func (s *site) quay(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, "/api/") {
		s.registry(w, r)
		return
	}
	s.answer(w, r, func(w http.ResponseWriter, _ *http.Request) {
		tags := []object{}
		for _, tag := range s.newest() {
			tags = append(tags, quayTag(tag))
		}
		_, _ = w.Write(encode(object{"tags": tags, "page": 1, "has_additional": len(s.tags) > 100}))
	})
}

func quayTag(tag pushed) object {
	return object{
		"name": tag.name, "reversion": false, "start_ts": tag.at().Unix(), "manifest_digest": tag.digest(),
		"is_manifest_list": false, "size": 12, "last_modified": tag.at().Format(time.RFC1123Z),
	}
}

// harbor answers as api/v2.0/swagger.yaml of Harbor, with an artifact a tag.
func (s *site) harbor(w http.ResponseWriter, r *http.Request) {
	switch {
	case !strings.HasPrefix(r.URL.Path, "/api/"):
		s.registry(w, r)
	case !strings.HasSuffix(r.URL.Path, "/artifacts"):
		_, _ = w.Write(encode(object{"project_id": 3, "name": "acme", "registry_id": nil}))
	default:
		s.answer(w, r, func(w http.ResponseWriter, _ *http.Request) {
			artifacts := []object{}
			for _, tag := range s.newest() {
				artifacts = append(artifacts, harborArtifact(tag))
			}
			w.Header().Set("X-Total-Count", strconv.Itoa(len(s.tags)))
			_, _ = w.Write(encode(artifacts))
		})
	}
}

func harborArtifact(tag pushed) object {
	return object{
		"id": 1, "type": "IMAGE", "digest": tag.digest(), "push_time": tag.at(),
		"media_type":          "application/vnd.docker.container.image.v1+json",
		"manifest_media_type": "application/vnd.docker.distribution.manifest.v2+json",
		"references":          nil, "tags": []object{{"id": 2, "name": tag.name, "push_time": tag.at()}},
	}
}

// kind is how a site is asked.
type kind struct {
	repo   image.Repository
	native string // what the operator says
	world  func(*site) internet
	// prefixes of the addresses of the API and of the list of tags.
	api, list string
	// project is a request that is made once.
	project string
}

func kinds() map[string]kind {
	const host = "registry.example"
	return map[string]kind{
		"Docker Hub": {
			repo: image.Repository{Registry: image.DockerHub, Path: "library/nginx"},
			world: func(s *site) internet {
				return internet{"hub.docker.com": http.HandlerFunc(s.hub), "index.docker.io": http.HandlerFunc(s.registry)}
			},
			api:  "hub.docker.com/v2/repositories/library/nginx/tags?page_size=100&ordering=last_updated",
			list: "index.docker.io/v2/library/nginx/tags/list",
		},
		"Quay": {
			repo:  image.Repository{Registry: "quay.io", Path: "acme/web"},
			world: func(s *site) internet { return internet{"quay.io": http.HandlerFunc(s.quay)} },
			api:   "quay.io/api/v1/repository/acme/web/tag/?limit=100&page=1&onlyActiveTags=true",
			list:  "quay.io/v2/acme/web/tags/list",
		},
		"Quay elsewhere": {
			repo:   image.Repository{Registry: host, Path: "acme/deep/web"},
			native: "quay",
			world:  func(s *site) internet { return internet{host: http.HandlerFunc(s.quay)} },
			api:    host + "/api/v1/repository/acme/deep/web/tag/?limit=100&page=1&onlyActiveTags=true",
			list:   host + "/v2/acme/deep/web/tags/list",
		},
		"Harbor": {
			repo:    image.Repository{Registry: host, Path: "acme/deep/web"},
			native:  "harbor",
			world:   func(s *site) internet { return internet{host: http.HandlerFunc(s.harbor)} },
			api:     host + "/api/v2.0/projects/acme/repositories/deep%252Fweb/artifacts?sort=-push_time&page=1&page_size=100&with_tag=true",
			list:    host + "/v2/acme/deep/web/tags/list",
			project: host + "/api/v2.0/projects/acme",
		},
	}
}

// visit is a client at a site.
type visit struct {
	kind

	site   *site
	client *registry.Client
	asked  *addresses
}

func (k kind) options() registry.Options {
	return registry.Options{UserAgent: "imageupdater/test", Hosts: []registry.Host{{Name: k.repo.Registry, Native: k.native}}}
}

func (k kind) visit(s *site) *visit {
	client, asked := k.world(s).client(k.options())
	return &visit{kind: k, site: s, client: client, asked: asked}
}

// list lists and holds what was asked to what should be: requests to the API and
// to the list of tags.
func (v *visit) list(t *testing.T, apis, lists int) map[string]registry.Tag {
	t.Helper()
	before := len(v.asked.all())
	tags, err := v.client.List(t.Context(), v.repo)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, address := range v.asked.since(before) {
		address = strings.TrimPrefix(address, "https://")
		switch {
		case address == v.api:
			counts["api"]++
		case strings.HasPrefix(address, v.kind.list):
			counts["list"]++
		case address == v.project:
		case strings.HasSuffix(address, "/v2/"):
		default:
			t.Errorf("asked %s", address)
		}
	}
	if counts["api"] != apis || counts["list"] != lists {
		t.Errorf("asked the API %d times and the list of tags %d times, want %d and %d\n%s", counts["api"], counts["list"], apis, lists,
			strings.Join(v.asked.since(before), "\n"))
	}
	byName := map[string]registry.Tag{}
	for _, tag := range tags {
		byName[tag.Name] = tag
	}
	if len(byName) != len(tags) {
		t.Errorf("%d tags with %d names", len(tags), len(byName))
	}
	want := slices.DeleteFunc(v.site.names(), func(name string) bool { return strings.HasPrefix(name, "sha256-") })
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(byName))); diff != "" {
		t.Errorf("tags (-want +got)\n%s", diff)
	}
	return byName
}

// fits holds what was told of a tag that the API knows to what is so.
func (v *visit) fits(t *testing.T, tag registry.Tag) {
	t.Helper()
	at := slices.IndexFunc(v.site.tags, func(p pushed) bool { return p.name == tag.Name })
	truth := v.site.tags[at]
	if !tag.Pushed.Equal(truth.at()) || !tag.Before.IsZero() || tag.Manifest == nil || tag.Manifest.Digest != truth.digest() {
		t.Errorf("%+v, want that of %+v", tag, truth)
	}
}

func TestNativeOfFewTags(t *testing.T) {
	t.Parallel()
	for name, kind := range kinds() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := kind.visit(stockedSite(99))
			v.site.push("sha256-" + strings.Repeat("0", 64) + ".sig")
			for range 2 {
				for _, tag := range v.list(t, 1, 0) {
					v.fits(t, tag)
				}
			}
			v.site.push("1.5")
			v.fits(t, v.list(t, 1, 0)["1.5"])
		})
	}
}

func TestNativeOfManyTags(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		apis, lists         int // cold
		warmAPIs, warmLists int
		bounded             bool
	}{
		"Docker Hub":     {1, 1, 1, 0, true},
		"Quay":           {2, 2, 1, 0, true},
		"Quay elsewhere": {2, 2, 1, 0, true},
		"Harbor":         {1, 2, 1, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := kinds()[name].visit(stockedSite(1500))
			oldest := v.site.tags[99].at()
			tags := v.list(t, test.apis, test.lists)
			v.fits(t, tags["1.1500"])
			v.fits(t, tags["1.1401"])
			want := registry.Tag{Name: "1.1400"}
			if test.bounded {
				want.Before = oldest
			}
			if diff := cmp.Diff(want, tags["1.1400"]); diff != "" {
				t.Errorf("a tag that is not among the newest (-want +got)\n%s", diff)
			}

			v.list(t, test.warmAPIs, test.warmLists) // nothing new
			v.site.push("2.0")
			v.site.push("1.7") // again
			tags = v.list(t, test.warmAPIs, test.warmLists)
			v.fits(t, tags["2.0"])
			v.fits(t, tags["1.7"])
			if name != "Harbor" {
				v.fits(t, tags["1.1401"]) // no longer on the page
			}
			v.site.remove("1.1450") // one of the newest
			v.list(t, test.warmAPIs, test.warmLists)
		})
	}
}

func TestNativeThatCountsNoticesWhatIsGone(t *testing.T) {
	t.Parallel()
	v := kinds()["Docker Hub"].visit(stockedSite(500))
	v.list(t, 1, 1)
	v.site.remove("1.3")
	v.list(t, 1, 1)
	v.list(t, 1, 0)
	v.site.remove("1.4")
	v.site.push("3.0")
	v.list(t, 1, 1)
}

func TestNativeThatDoesNotCountIsCheckedNowAndThen(t *testing.T) {
	t.Parallel()
	v := kinds()["Quay"].visit(stockedSite(500))
	v.list(t, 2, 1)
	for range 50 {
		v.list(t, 1, 0)
	}
	v.site.remove("1.3")
	v.list(t, 2, 1)
}

func TestNativeThatFellTooFarBehind(t *testing.T) {
	t.Parallel()
	v := kinds()["Docker Hub"].visit(stockedSite(500))
	v.list(t, 1, 1)
	for i := range 100 {
		v.site.push(fmt.Sprintf("2.%d", i))
	}
	v.fits(t, v.list(t, 1, 1)["2.99"])
}

// An API that does not sort as it was asked to says nothing of other tags.
func TestNativeThatSortsInAnotherWay(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(results []object){
		"oldest first": slices.Reverse[[]object],
		"no times":     func(results []object) { results[7]["last_updated"] = nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := kinds()["Docker Hub"].visit(stockedSite(300))
			v.site.native = v.site.hubWith(change)
			for range 2 {
				if tags := v.list(t, 1, 1); !tags["1.2"].Before.IsZero() || tags["1.300"].Pushed.IsZero() {
					t.Errorf("%+v, %+v", tags["1.2"], tags["1.300"])
				}
			}
		})
	}
}

// What was pushed after it was updated contradicts what pages are sorted by.
func TestNativeWhoseTimesContradictEachOther(t *testing.T) {
	t.Parallel()
	v := kinds()["Docker Hub"].visit(stockedSite(300))
	v.site.native = v.site.hubWith(func(results []object) { results[7]["tag_last_pushed"] = "2026-05-05T05:05:05Z" })
	if tags := v.list(t, 1, 1); !tags["1.2"].Before.IsZero() {
		t.Errorf("%+v", tags["1.2"])
	}
}

func TestDockerHubTellsFewerTagsThanItCounts(t *testing.T) {
	t.Parallel()
	v := kinds()["Docker Hub"].visit(stockedSite(30))
	v.site.native = func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(encode(object{"count": 30, "next": nil, "results": []object{hubTag(v.site.tags[0])}}))
	}
	v.fits(t, v.list(t, 1, 1)["1.30"])
}

func TestDockerHubTellsNamesThatAreNone(t *testing.T) {
	t.Parallel()
	v := kinds()["Docker Hub"].visit(stockedSite(2))
	v.site.native = v.site.hubWith(func(results []object) { results[0]["name"] = "<img src=x>" })
	v.fits(t, v.list(t, 1, 1)["1.1"])
}

// An API that has not heard of a tag yet must not make it look old.
func TestNativeThatLags(t *testing.T) {
	t.Parallel()
	v := kinds()["Docker Hub"].visit(stockedSite(500))
	v.site.unknown = []string{"9.9"}
	tags := v.list(t, 1, 1)
	for _, name := range []string{"9.9", "1.2"} {
		if diff := cmp.Diff(registry.Tag{Name: name}, tags[name]); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	v.fits(t, tags["1.500"])
	v.list(t, 1, 0) // there is one more than the API counts, as before

	v.site.unknown = nil
	v.site.push("9.9")
	tags = v.list(t, 1, 1)
	v.fits(t, tags["9.9"])
	if tags["1.2"].Before.IsZero() {
		t.Error("now all is known, and nothing is said of the age of 1.2")
	}
}

func TestNativeIsNotBelievedToHaveNothing(t *testing.T) {
	t.Parallel()
	for name, kind := range kinds() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stockedSite(0)
			s.unknown = []string{"1"}
			kind.visit(s).list(t, 1, 1)
		})
	}
}

// Where a registry pushes while it is asked, what came between the two questions
// has no bound.
func TestNativeWhileItIsPushedTo(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Docker Hub", "Quay"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stockedSite(300)
			kind := kinds()[name]
			hosts := kind.world(s)
			for host, handler := range hosts {
				hosts[host] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if strings.HasSuffix(r.URL.Path, "/tags/list") {
						s.push("9.0")
					}
					handler.ServeHTTP(w, r)
				})
			}
			client, _ := hosts.client(kind.options())
			tags, err := client.List(t.Context(), kind.repo)
			if err != nil {
				t.Fatal(err)
			}
			at := slices.IndexFunc(tags, func(tag registry.Tag) bool { return tag.Name == "9.0" })
			if at < 0 || !tags[at].Before.IsZero() {
				t.Errorf("%d tags, the new one at %d", len(tags), at)
			}
		})
	}
}

func TestNativeFallsBack(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		native http.HandlerFunc
		apis   int
	}{
		"401":                       {status(401), 1},
		"403":                       {status(403), 1},
		"404":                       {status(404), 1},
		"500":                       {status(500), 3},
		"a redirect to itself":      {redirect("/v2/repositories/library/nginx/tags"), 1},
		"a redirect to another":     {redirect("https://evil.example/"), 1},
		"no JSON":                   {text(`<html>Sign in</html>`), 1},
		"half of it":                {text(`{"count":1,"has_additional":false,"next":null,"results":[`), 1},
		"more than one document":    {text(`{"count":0,"results":[],"tags":[],"has_additional":false}{}`), 1},
		"null":                      {text(`null`), 1},
		"an empty object":           {text(`{}`), 1},
		"an empty array":            {text(`[]`), 1},
		"fields that are null":      {text(`{"count":null,"next":null,"results":null,"tags":null,"has_additional":null}`), 1},
		"fields of other types":     {text(`{"count":"1","results":{"name":1},"tags":[1],"has_additional":"no"}`), 1},
		"tags of other types":       {text(`{"count":1,"results":[{"name":{}}],"tags":[{"name":{}}],"has_additional":false}`), 1},
		"a count that is none":      {text(`{"count":-1,"results":[]}`), 1},
		"5 MiB":                     {text(`{"count":1,"x":"` + strings.Repeat("x", 5<<20) + `"}`), 1},
		"more tags than asked for":  {text(manyNatives(101)), 1},
		"fewer tags than it counts": {text(`{"count":7,"next":null,"results":[]}`), 1},
	} {
		for kindName, kind := range kinds() {
			t.Run(kindName+"/"+name, func(t *testing.T) {
				t.Parallel()
				v := kind.visit(stockedSite(30))
				v.site.native = test.native
				for _, tag := range v.list(t, test.apis, 1) {
					if diff := cmp.Diff(registry.Tag{Name: tag.Name}, tag); diff != "" {
						t.Fatalf("(-want +got)\n%s", diff)
					}
				}
			})
		}
	}
}

func manyNatives(n int) string {
	tags := make([]object, n)
	for i := range tags {
		tag := pushed{strconv.Itoa(i), 3}
		tags[i] = hubTag(tag)
		maps.Copy(tags[i], quayTag(tag))
	}
	return string(encode(object{"count": n, "next": nil, "results": tags, "tags": tags, "has_additional": false}))
}

// A private repository has an API that is not open to us; another one stumbles.
func TestNativeThatFailsIsLeftAlone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		native http.HandlerFunc
		// asked are the requests of the listing that asks, pause the number of
		// those that do not.
		asked, pause int
	}{
		"unauthorised": {status(401), 1, 20},
		"no such form": {text(`<html>`), 1, 20},
		"stumbles":     {status(502), 3, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := kinds()["Docker Hub"].visit(stockedSite(30))
			v.site.native = test.native
			v.list(t, test.asked, 1)
			for range test.pause {
				v.list(t, 0, 1)
			}
			v.list(t, test.asked, 1)
		})
	}
}

func TestNativeErrors(t *testing.T) {
	t.Parallel()
	for name, kind := range kinds() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hosts := kind.world(stockedSite(1))
			for host := range hosts {
				hosts[host] = routes{"GET ": status(http.StatusOK), "GET acme": status(404), "GET tags": status(404), "GET repositories": status(404), "GET api": status(404)}
			}
			client, _ := hosts.client(kind.options())
			_, err := client.List(t.Context(), kind.repo)
			if !errors.Is(err, registry.ErrNotFound) || !strings.HasPrefix(err.Error(), "listing tags of "+kind.repo.String()+": ") {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestNativeIsNotAskedOfOthers(t *testing.T) {
	t.Parallel()
	for host, native := range map[string]string{
		"registry.example": "", "quay.io.example": "", "hub.docker.com": "", "notquay.io": "", "quay.io": "none",
	} {
		s := stockedSite(3)
		client, asked := internet{host: http.HandlerFunc(s.registry)}.client(registry.Options{Hosts: []registry.Host{{Name: host, Native: native}}})
		if tags, err := client.List(t.Context(), image.Repository{Registry: host, Path: "acme/web"}); err != nil || len(tags) != 3 {
			t.Errorf("%s: %v, error %v", host, tags, err)
		}
		for _, address := range asked.all() {
			if !strings.HasPrefix(address, "https://"+host+"/v2/") {
				t.Errorf("asked %s", address)
			}
		}
	}
}
