package registry_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

// one is what a site says of its only tag.
func one(t *testing.T, kindName string, answer object) registry.Tag {
	t.Helper()
	kind := kinds()[kindName]
	s := stockedSite(1)
	s.native = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Total-Count", "1")
		var body any = object{"count": 1, "next": nil, "results": []object{answer}, "tags": []object{answer}, "has_additional": false}
		if kindName == "Harbor" {
			body = []object{answer}
		}
		_, _ = w.Write(encode(body))
	}
	return kind.visit(s).list(t, 1, 0)["1.1"]
}

func TestTagOfDockerHub(t *testing.T) {
	t.Parallel()
	digest, amd64, arm64 := digestOf("index"), digestOf("amd64"), digestOf("arm64")
	tag := pushed{"1.1", 5}
	hub := func(changes ...any) object {
		made := hubTag(tag)
		made["digest"] = digest
		made["images"] = []object{hubImage("linux", "arm64", "v8", arm64), hubImage("unknown", "unknown", nil, digestOf("x")), hubImage("linux", "amd64", nil, amd64)}
		for i := 0; i < len(changes); i += 2 {
			made[fmt.Sprint(changes[i])] = changes[i+1]
		}
		return made
	}
	linux := []registry.Platform{
		{OS: "linux", Architecture: "amd64", Digest: amd64}, {OS: "linux", Architecture: "arm64", Variant: "v8", Digest: arm64},
	}
	index := func(platforms ...registry.Platform) *registry.Manifest {
		return &registry.Manifest{Digest: digest, Index: true, Platforms: platforms}
	}
	windows := hubImage("windows", "amd64", nil, amd64)
	windows["os_version"] = "10.0.20348.2700"
	for name, test := range map[string]struct {
		answer object
		at     time.Time
		want   *registry.Manifest
	}{
		"an index with an attestation":  {hub(), tag.at(), index(linux...)},
		"a manifest list":               {hub("media_type", "application/vnd.docker.distribution.manifest.list.v2+json"), tag.at(), index(linux...)},
		"a single image":                {hub("media_type", ociManifest, "images", []object{hubImage("linux", "amd64", nil, digest)}), tag.at(), &registry.Manifest{Digest: digest}},
		"a version of Windows":          {hub("images", []object{windows}), tag.at(), index(registry.Platform{OS: "windows", Architecture: "amd64", OSVersion: "10.0.20348.2700", Digest: amd64})},
		"an old one without media type": {hub("media_type", nil, "images", []object{hubImage("linux", "amd64", nil, digest)}), tag.at(), &registry.Manifest{Digest: digest}},
		"no media type, several images": {hub("media_type", nil), tag.at(), nil},
		"schema 1":                      {hub("media_type", dockerOld), tag.at(), nil},
		"another media type":            {hub("media_type", "text/html"), tag.at(), nil},
		"no digest":                     {hub("digest", nil), tag.at(), nil},
		"a hostile digest":              {hub("digest", "sha256:`reboot`"), tag.at(), nil},
		"no images":                     {hub("images", nil), tag.at(), index()},
		"attestations alone":            {hub("images", []object{hubImage("unknown", "unknown", nil, amd64)}), tag.at(), index()},
		"a platform twice":              {hub("images", []object{hubImage("linux", "amd64", nil, amd64), hubImage("linux", "amd64", nil, arm64)}), tag.at(), index()},
		"an image without digest":       {hub("images", []object{hubImage("linux", "amd64", nil, ""), hubImage("linux", "arm64", nil, arm64)}), tag.at(), index()},
		"an image without platform":     {hub("images", []object{hubImage("", "", nil, amd64)}), tag.at(), index()},
		"a hostile platform":            {hub("images", []object{hubImage("linux", "<b>", nil, amd64)}), tag.at(), index()},
		"never pushed":                  {hub("tag_last_pushed", nil), time.Time{}, index(linux...)},
		"pushed before there was Hub":   {hub("tag_last_pushed", "1980-01-01T00:00:00Z"), time.Time{}, index(linux...)},
		"pushed in the future":          {hub("tag_last_pushed", "2027-01-01T00:00:00Z"), time.Time{}, index(linux...)},
		"pushed at no time":             {hub("tag_last_pushed", "yesterday"), time.Time{}, index(linux...)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(registry.Tag{Name: "1.1", Pushed: test.at, Manifest: test.want}, one(t, "Docker Hub", test.answer)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestTagOfQuay(t *testing.T) {
	t.Parallel()
	tag := pushed{"1.1", 5}
	single := &registry.Manifest{Digest: tag.digest()}
	for name, test := range map[string]struct {
		answer object
		at     time.Time
		want   *registry.Manifest
	}{
		"an image":              {quayTag(tag), tag.at(), single},
		"an index":              {with(quayTag(tag), "is_manifest_list", true), tag.at(), &registry.Manifest{Digest: tag.digest(), Index: true}},
		"it does not say which": {with(quayTag(tag), "is_manifest_list", nil), tag.at(), nil},
		"a hostile digest":      {with(quayTag(tag), "manifest_digest", "../../x"), tag.at(), nil},
		"no start":              {with(quayTag(tag), "start_ts", nil), time.Time{}, single},
		"a start of nonsense":   {with(quayTag(tag), "start_ts", int64(1)<<62), time.Time{}, single},
		"it will expire":        {with(quayTag(tag), "end_ts", time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC).Unix()), tag.at(), single},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(registry.Tag{Name: "1.1", Pushed: test.at, Manifest: test.want}, one(t, "Quay", test.answer)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// A server that does not know onlyActiveTags tells history.
func TestQuayTellsHistory(t *testing.T) {
	t.Parallel()
	s := stockedSite(1)
	old := with(quayTag(pushed{"1.1", 0}), "end_ts", pushed{"", 1}.at().Unix())
	gone := with(quayTag(pushed{"0.9", 0}), "end_ts", pushed{"", 1}.at().Unix())
	s.native = func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(encode(object{"tags": []object{quayTag(s.tags[0]), old, gone}, "page": 1, "has_additional": false}))
	}
	v := kinds()["Quay"].visit(s)
	v.fits(t, v.list(t, 1, 0)["1.1"])
}

func TestTagTwice(t *testing.T) {
	t.Parallel()
	s := stockedSite(1)
	s.native = func(w http.ResponseWriter, _ *http.Request) {
		tags := []object{quayTag(pushed{"1.1", 3}), quayTag(pushed{"1.1", 4}), {"name": "`x`"}, {"name": "<img>"}, {"name": "../../x"}}
		_, _ = w.Write(encode(object{"tags": tags, "page": 1, "has_additional": false}))
	}
	if diff := cmp.Diff(registry.Tag{Name: "1.1"}, kinds()["Quay"].visit(s).list(t, 1, 0)["1.1"]); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestTagOfHarbor(t *testing.T) {
	t.Parallel()
	tag := pushed{"1.1", 5}
	amd64 := digestOf("amd64")
	reference := object{"parent_id": 1, "child_id": 2, "child_digest": amd64, "platform": object{"os": "linux", "architecture": "amd64", "os.version": ""}}
	index := func(references ...object) object {
		return with(with(harborArtifact(tag), "manifest_media_type", ociIndex), "references", references)
	}
	later := pushed{"1.1", 9}
	for name, test := range map[string]struct {
		answer object
		at     time.Time
		want   *registry.Manifest
	}{
		"an image":                      {harborArtifact(tag), tag.at(), &registry.Manifest{Digest: tag.digest()}},
		"a tag younger than the image":  {with(harborArtifact(tag), "tags", []object{{"name": "1.1", "push_time": later.at()}}), later.at(), &registry.Manifest{Digest: tag.digest()}},
		"a tag without its time":        {with(harborArtifact(tag), "tags", []object{{"name": "1.1"}}), tag.at(), &registry.Manifest{Digest: tag.digest()}},
		"an index":                      {index(reference), tag.at(), &registry.Manifest{Digest: tag.digest(), Index: true, Platforms: []registry.Platform{{OS: "linux", Architecture: "amd64", Digest: amd64}}}},
		"an index without its images":   {index(), tag.at(), &registry.Manifest{Digest: tag.digest(), Index: true}},
		"an image without its platform": {index(object{"child_digest": amd64}), tag.at(), &registry.Manifest{Digest: tag.digest(), Index: true}},
		"another kind of thing":         {with(harborArtifact(tag), "manifest_media_type", ""), tag.at(), nil},
		"a hostile digest":              {with(harborArtifact(tag), "digest", "sha256:x"), tag.at(), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(registry.Tag{Name: "1.1", Pushed: test.at, Manifest: test.want}, one(t, "Harbor", test.answer)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// A proxy cache knows what was pulled through it, and when, which is not what its
// upstream has (Harbor's documentation of proxy projects).
func TestHarborProxyCache(t *testing.T) {
	t.Parallel()
	for name, project := range map[string]object{
		"a proxy cache": {"project_id": 3, "registry_id": 4},
		"no project":    {"name": "acme"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stockedSite(3)
			client, asked := internet{"registry.example": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/api/v2.0/projects/acme" {
					_, _ = w.Write(encode(project))
					return
				}
				s.harbor(w, r)
			})}.client(kinds()["Harbor"].options())
			for range 3 {
				tags, err := client.List(t.Context(), repo("registry.example"))
				if err != nil || len(tags) != 3 || !tags[0].Pushed.IsZero() {
					t.Errorf("%v, error %v", tags, err)
				}
			}
			if apis := asked.to("registry.example/api/"); len(apis) != 1 {
				t.Errorf("asked %q", apis)
			}
		})
	}
}

// Google's fields are those that pkg/v1/google of go-containerregistry reads.
func TestTagsOfGoogle(t *testing.T) {
	t.Parallel()
	at := pushed{"", 5}.at()
	ms := strconv.FormatInt(at.UnixMilli(), 10)
	first, second := digestOf("1"), digestOf("2")
	manifest := func(mediaType, uploaded string, tags ...string) object {
		return object{"imageSizeBytes": "12", "layerId": "", "mediaType": mediaType, "tag": tags, "timeCreatedMs": "0", "timeUploadedMs": uploaded}
	}
	bare := []registry.Tag{{Name: "a"}, {Name: "b"}}
	for name, test := range map[string]struct {
		host      string
		manifests any
		want      []registry.Tag
	}{
		"an image and an index": {"europe-docker.pkg.dev", object{first: manifest(ociManifest, ms, "a"), second: manifest(ociIndex, ms, "b")}, []registry.Tag{
			{Name: "a", Pushed: at, Manifest: &registry.Manifest{Digest: first}},
			{Name: "b", Pushed: at, Manifest: &registry.Manifest{Digest: second, Index: true}},
		}},
		"two tags of an image": {"gcr.io", object{first: manifest(ociManifest, ms, "a", "b")}, []registry.Tag{
			{Name: "a", Pushed: at, Manifest: &registry.Manifest{Digest: first}},
			{Name: "b", Pushed: at, Manifest: &registry.Manifest{Digest: first}},
		}},
		"a tag with two digests":    {"eu.gcr.io", object{first: manifest(ociManifest, ms, "a"), second: manifest(ociManifest, ms, "a")}, bare},
		"no digest":                 {"gcr.io", object{"sha256:x": manifest(ociManifest, ms, "a")}, bare},
		"times of nonsense":         {"gcr.io", object{first: manifest("", "0", "a"), second: manifest("", "soon", "b")}, bare},
		"a tag that is not listed":  {"gcr.io", object{first: manifest(ociManifest, ms, "c", "<b>")}, bare},
		"fields of other types":     {"gcr.io", object{first: object{"timeUploadedMs": 5, "tag": "a"}}, bare},
		"no manifests":              {"gcr.io", nil, bare},
		"a list of them":            {"gcr.io", []string{"a"}, bare},
		"a host that looks like it": {"gcr.io.example.com", object{first: manifest(ociManifest, ms, "a")}, bare},
		"another one":               {"evilgcr.io", object{first: manifest(ociManifest, ms, "a")}, bare},
		"a third one":               {"pkg.dev", object{first: manifest(ociManifest, ms, "a")}, bare},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := string(encode(object{"child": []string{}, "manifest": test.manifests, "name": "acme/web", "tags": []string{"a", "b"}}))
			client, asked := internet{test.host: routes{"GET tags": text(body)}}.client(registry.Options{})
			got, err := client.List(t.Context(), repo(test.host))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if lists := asked.to(test.host + "/v2/acme"); len(lists) != 1 {
				t.Errorf("asked %q", lists)
			}
		})
	}
}

// The registry of Kubernetes redirects to Google's (its README).
func TestTagsByRedirect(t *testing.T) {
	t.Parallel()
	digest := digestOf("1")
	body := string(encode(object{"manifest": object{digest: object{"mediaType": ociManifest, "tag": []string{"3.9"}}}, "tags": []string{"3.9"}}))
	client, asked := internet{
		"registry.k8s.io": routes{"GET tags": redirect("https://us-west1-docker.pkg.dev/v2/k8s-artifacts-prod/images/acme/web/tags/list")},
		"us-west1-docker.pkg.dev": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/tags/list") {
				text(body)(w, r)
			}
		}),
	}.client(registry.Options{})
	got, err := client.List(t.Context(), repo("registry.k8s.io"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]registry.Tag{{Name: "3.9", Manifest: &registry.Manifest{Digest: digest}}}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if len(asked.all()) != 3 {
		t.Errorf("asked %q", asked.all())
	}
}

func TestDockerHubRepositoriesThatItsAPIHasNot(t *testing.T) {
	t.Parallel()
	s := stockedSite(3)
	client, asked := internet{"index.docker.io": http.HandlerFunc(s.registry)}.client(registry.Options{})
	if _, err := client.List(t.Context(), image.Repository{Registry: image.DockerHub, Path: "a/b/c"}); err != nil {
		t.Error(err)
	}
	if apis := asked.to("hub.docker.com"); len(apis) != 0 {
		t.Errorf("asked %q", apis)
	}
}
