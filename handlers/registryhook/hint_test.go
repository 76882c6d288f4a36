package registryhook_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/handlers/registryhook"
	"github.com/imageupdater/imageupdater/scanner/image"
)

const secret = "pl4nted-0123456789abcdef"

func noon() time.Time { return time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) }

// receiver is a hook with all that its kind needs.
func receiver(tb testing.TB, kind, host string) *registryhook.Receiver {
	tb.Helper()
	h := registryhook.Hook{Name: "orchard", Kind: kind, Host: host, Secret: []byte(secret)}
	if kind == "gar" {
		h.Secret, h.Audience, h.Email = nil, "https://updater.example", "push@orchard.iam.gserviceaccount.com"
	}
	r, err := registryhook.New(h, registryhook.Options{Now: noon, Keys: registryhook.NewKeys(nil, "", noon)})
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func spelled(images []image.Repository) []string {
	var all []string
	for _, i := range images {
		all = append(all, i.String())
	}
	return all
}

// reading is one file of testdata, and what is to be read in it.
type reading struct {
	file, host, header string
	want               string // images, or "!" and a part of why there is none
}

// The files in testdata follow these descriptions of what the sources send:
//
//   - acr: Azure's "webhook reference" for container registries
//   - cloudevents: the CloudEvents specification 1.0, HTTP binding
//   - distribution, gitlab: "notifications" of distribution/distribution
//   - dockerhub: Docker's page on webhooks
//   - ecr: Amazon's "EventBridge events" of ECR
//   - gar: Google's "Pub/Sub notifications" of Artifact Registry, in an envelope of Pub/Sub push
//   - ghcr: GitHub's events registry_package and package, as Apps and repositories get them
//   - harbor: "configure webhooks" of Harbor, both payload formats
//   - jfrog: "domain: docker" of the JFrog Platform's event types
//   - nexus: Sonatype's "example headers and payloads"
//   - quay: "repository push" of Quay's notifications
//   - zot: the events extension of zot
func readings() []reading {
	const (
		harbor  = "harbor.orchard.example:8443"
		amazon  = "210987654321.dkr.ecr.eu-north-1.amazonaws.com"
		google  = "europe-north1-docker.pkg.dev"
		azure   = "orchard.azurecr.io"
		plain   = "registry.orchard.example:5000"
		gitlab  = "registry.gitlab.orchard.example"
		zot     = "zot.orchard.example"
		jfrog   = "orchard.jfrog.example"
		nexus   = "nexus.orchard.example:8082"
		generic = "images.orchard.example"
		event   = "X-Github-Event: "
		nexusID = "X-Nexus-Webhook-Id: rm:repository:component"
	)
	return []reading{
		{"dockerhub-push", "", "", "docker.io/orchard/pear"},
		{"dockerhub-push", "registry-1.docker.io", "", "docker.io/orchard/pear"},
		{"dockerhub-official", "", "", "docker.io/library/busybox"},
		{"dockerhub-untagged", "", "", "!nothing was tagged"},
		{"dockerhub-traversal", "", "", "!no name of an image"},

		{"ghcr-app", "", event + "registry_package", "ghcr.io/orchard/fruit/plum"},
		{"ghcr-repository", "GHCR.io", event + "package", "ghcr.io/orchard/fruit/plum"},
		{"ghcr-tag-in-url", "", event + "registry_package", "ghcr.io/orchard/fruit/plum"},
		{"ghcr-untagged", "", event + "registry_package", "!nothing was tagged"},
		{"ghcr-npm", "", event + "registry_package", "!the package is no image"},
		{"ghcr-deleted", "", event + "package", `!"deleted", brings no new tag`},
		{"ghcr-otherhost", "", event + "package", `!"containers.example.org", not about ghcr.io`},
		{"ghcr-otherhost", "containers.example.org", event + "package", "containers.example.org/orchard/fruit/plum"},
		{"ghcr-ping", "", event + "ping", `!"ping" is about no package`},
		{"ghcr-app", "", event + "push", `!"push" is about no package`},
		{"ghcr-app", "", "", "!is about no package"},

		{"quay-push", "", "", "quay.io/orchard/fig"},
		{"quay-otherhost", "", "", `!"quay.example.org", not about quay.io`},
		{"quay-otherhost", "quay.example.org", "", "quay.example.org/orchard/fig"},
		{"quay-untagged", "", "", "!nothing was tagged"},

		{"harbor-push", harbor, "", harbor + "/orchard/fig"},
		{"harbor-event", harbor, "", harbor + "/orchard/fig"},
		{"harbor-event-pull", harbor, "", `!"harbor.artifact.pulled", brings no new tag`},
		{"harbor-untagged", harbor, "", "!nothing was tagged"},
		{"harbor-delete", harbor, "", `!"DELETE_ARTIFACT", brings no new tag`},
		{"harbor-otherhost", harbor, "", `!"harbor.orchard.example", not about ` + harbor},

		{"acr-push", azure, "", azure + "/orchard/fig"},
		{"acr-otherhost", azure, "", `!"orchard.azurecr.io.example.net", not about ` + azure},
		{"acr-nohost", azure, "", "!not about " + azure},
		{"acr-untagged", azure, "", "!nothing was tagged"},
		{"acr-chart", azure, "", `!"chart_push", brings no new tag`},
		{"acr-delete", azure, "", `!"delete", brings no new tag`},
		{"acr-ping", azure, "", `!"ping", brings no new tag`},

		{"ecr-push", amazon, "", amazon + "/orchard/fig"},
		{"ecr-otheraccount", amazon, "", `!account "210987654320"`},
		{"ecr-otherregion", amazon, "", `!in "eu-north-2"`},
		{"ecr-failed", amazon, "", "!did not succeed"},
		{"ecr-delete", amazon, "", `!"DELETE", brings no new tag`},
		{"ecr-untagged", amazon, "", "!nothing was tagged"},
		{"ecr-scan", amazon, "", `!"ECR Image Scan" is about no image`},
		{"ecr-event", amazon, "", amazon + "/orchard/fig"},
		{"ecr-event-otherregion", amazon, "", `!in "us-east-1"`},
		{"ecr-event-otheraccount", amazon, "", `!account "111111111111"`},

		{"gar-push", google, "", google + "/orchard/fruit/fig"},
		{"gar-untagged", google, "", "!nothing was tagged"},
		{"gar-delete", google, "", `!"DELETE", brings no new tag`},
		{"gar-otherhost", google, "", `!"us-docker.pkg.dev", not about ` + google},
		{"gar-notag", google, "", "!no name of an image"},
		{"gar-empty", google, "", "!the message is empty"},

		{"distribution-mixed", plain, "", plain + "/orchard/fig " + plain + "/orchard/pear"},
		{"distribution-pulls", plain, "", `!"pull", brings no new tag`},
		{"distribution-blobs", plain, "", "!nothing was tagged"},
		{"distribution-none", plain, "", "!it names no image"},
		{"gitlab-push", gitlab, "", gitlab + "/orchard/tools/fig/debug"},

		{"zot-push", zot, "", zot + "/orchard/fig"},
		{"zot-untagged", zot, "", "!nothing was tagged"},
		{"zot-delete", zot, "", `!"zotregistry.image.deleted", brings no new tag`},
		{"zot-data", zot, "Ce-Specversion: 1.0\nCe-Type: zotregistry.image.updated\nCe-Id: 4\nCe-Source: zot", zot + "/orchard/fig"},

		{"jfrog-push", jfrog, "", jfrog + "/images-local/orchard/fig"},
		{"jfrog-push", "images-local." + jfrog, "", "images-local." + jfrog + "/orchard/fig"},
		{"jfrog-noorigin", jfrog, "", jfrog + "/images-local/orchard/fig"},
		{"jfrog-otherhost", jfrog, "", `!"evil.example", not about ` + jfrog},
		{"jfrog-otherhost", "images-local." + jfrog, "", `!"evil.example", not about`},
		{"jfrog-artifact", jfrog, "", "!about no image"},
		{"jfrog-helm", jfrog, "", "!about no image"},
		{"jfrog-delete", jfrog, "", `!"deleted", brings no new tag`},
		{"jfrog-untagged", jfrog, "", "!nothing was tagged"},

		{"nexus-created", nexus, nexusID, nexus + "/orchard/fig " + nexus + "/docker-hosted/orchard/fig"},
		{"nexus-created", nexus, "X-Nexus-Webhook-Id: rm:repository:asset", `!"rm:repository:asset" is about no component`},
		{"nexus-deleted", nexus, nexusID, `!"DELETED", brings no new tag`},
		{"nexus-maven", nexus, nexusID, "!the component is no image"},

		{"cloudevents-data", generic, "", generic + "/orchard/fig"},
		{"cloudevents-subject", generic, "", generic + "/orchard/fig"},
		{"cloudevents-image", generic, "", generic + "/orchard/fig"},
		{"cloudevents-base64", generic, "", generic + "/orchard/fig"},
		{"cloudevents-otherhost", generic, "", `!"evil.example", not about ` + generic},
		{"cloudevents-deleted", generic, "", `!"org.orchard.image.deleted", brings no new tag`},
		{"cloudevents-none", generic, "", "!it names no image"},
		{"zot-data", generic, "Ce-Specversion: 1.0\nCe-Type: pushed", generic + "/orchard/fig"},
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	for i, test := range readings() {
		kind, _, _ := strings.Cut(test.file, "-")
		if test.host == "images.orchard.example" {
			kind = "cloudevents"
		}
		t.Run(fmt.Sprint(i, " ", test.file), func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile(filepath.Join("testdata", test.file+".json"))
			if err != nil {
				t.Fatal(err)
			}
			got, err := receiver(t, kind, test.host).Read(headers(test.header), body)
			if err != nil {
				t.Fatal(err)
			}
			judge(t, got, test.want)
		})
	}
}

func headers(lines string) http.Header {
	h := http.Header{}
	for line := range strings.SplitSeq(lines, "\n") {
		if name, value, is := strings.Cut(line, ": "); is {
			h.Set(name, value)
		}
	}
	return h
}

func judge(t *testing.T, got registryhook.Hint, want string) {
	t.Helper()
	if got.ID == "" {
		t.Error("the hint has no id")
	}
	if why, none := strings.CutPrefix(want, "!"); none {
		if len(got.Images) > 0 || !strings.Contains(got.Ignored, why) {
			t.Errorf("images %v, ignored because %q; want none, because %q", got.Images, got.Ignored, why)
		}
		return
	}
	if diff := cmp.Diff(strings.Fields(want), spelled(got.Images)); diff != "" || got.Ignored != "" {
		t.Errorf("ignored because %q; images -want +got\n%s", got.Ignored, diff)
	}
}

// Every kind has inputs of its own, and every input is read.
func TestInputs(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, r := range readings() {
		used[r.file] = true
	}
	seen := map[string]bool{}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".json")
		kind, _, _ := strings.Cut(name, "-")
		seen[kind] = true
		if !used[name] {
			t.Errorf("%s is in no test", f)
		}
	}
	for _, kind := range registryhook.Kinds() {
		if !seen[kind] {
			t.Errorf("%s has no input", kind)
		}
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 500)
	tests := map[string]struct {
		kind, header, body string
		want               string // "" for a hash
	}{
		"GitHub's delivery":          {"ghcr", "X-Github-Delivery: 72d3162e-cc78", `{}`, "72d3162e-cc78"},
		"Nexus' delivery":            {"nexus", "X-Nexus-Webhook-Delivery: 7f4a6dde", `{}`, "7f4a6dde"},
		"Azure's id":                 {"acr", "", `{"id":"a1","action":"ping"}`, "a1"},
		"Amazon's id":                {"ecr", "", `{"id":"e1"}`, "e1"},
		"Pub/Sub's id":               {"gar", "", `{"message":{"messageId":"77"}}`, "77"},
		"CloudEvent's source and id": {"zot", "", `{"specversion":"1.0","type":"t","source":"/s","id":"1"}`, "/s 1"},
		"in headers":                 {"cloudevents", "Ce-Specversion: 1.0\nCe-Type: t\nCe-Id: 1\nCe-Source: /s", `{}`, "/s 1"},
		"id without source":          {"zot", "", `{"specversion":"1.0","type":"t","id":"1"}`, ""},
		"none":                       {"dockerhub", "", `{}`, ""},
		"long":                       {"acr", "", `{"id":"` + long + `"}`, ""},
		"no ASCII":                   {"acr", "", `{"id":"a\u0000\n"}`, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := receiver(t, test.kind, hosts()[test.kind]).Read(headers(test.header), []byte(test.body))
			if err != nil {
				t.Fatal(err)
			}
			if test.want != "" && got.ID != test.want {
				t.Errorf("id %q, want %q", got.ID, test.want)
			}
			if test.want == "" && len(got.ID) != 64 {
				t.Errorf("id %q, want a hash", got.ID)
			}
		})
	}
}

// Quay sends the same bytes for each push of the same tag: they are one delivery
// within a minute, and two afterwards.
func TestQuayPushedAgain(t *testing.T) {
	t.Parallel()
	now := noon()
	h := registryhook.Hook{Name: "q", Kind: "quay", Secret: []byte(secret)}
	r, err := registryhook.New(h, registryhook.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for range 3 {
		hint, err := r.Read(nil, []byte(`{"repository":"a/b","updated_tags":["latest"]}`))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, hint.ID)
		now = now.Add(40 * time.Second)
	}
	if ids[0] != ids[1] || ids[1] == ids[2] {
		t.Errorf("ids %q: want the first two to be one", ids)
	}
}
