package app_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v4"

	"github.com/imageupdater/imageupdater/handlers/registryhook"
	"github.com/imageupdater/imageupdater/handlers/run"
	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// told is a webhook of a registry: what it sends, and which image it is about.
type told struct {
	kind, file, image string
	header            string // "Name: value"
	// asks is the host that is asked about the image, where it is not the one in
	// its name.
	asks string
}

const (
	googleAudience = "https://app.example/hooks/registry/gar"
	googleAccount  = "push@acme.iam.gserviceaccount.com"
	packageEvent   = "X-GitHub-Event: registry_package"
	nexusEvent     = "X-Nexus-Webhook-Id: rm:repository:component"
	hub            = "index.docker.io"
)

func tolds() []told {
	return []told{
		{"dockerhub", "dockerhub-push.json", "docker.io/orchard/pear", "", hub},
		{"ghcr", "ghcr-app.json", "ghcr.io/orchard/fruit/plum", packageEvent, ""},
		{"quay", "quay-push.json", "quay.io/orchard/fig", "", ""},
		{"harbor", "harbor-push.json", "harbor.orchard.example:8443/orchard/fig", "", ""},
		{"acr", "acr-push.json", "orchard.azurecr.io/orchard/fig", "", ""},
		{"ecr", "ecr-push.json", "210987654321.dkr.ecr.eu-north-1.amazonaws.com/orchard/fig", "", ""},
		{"gar", "gar-push.json", "europe-north1-docker.pkg.dev/orchard/fruit/fig", "", ""},
		{"gitlab", "gitlab-push.json", "registry.gitlab.orchard.example/orchard/tools/fig/debug", "", ""},
		{"distribution", "distribution-mixed.json", "registry.orchard.example:5000/orchard/fig", "", ""},
		{"zot", "zot-push.json", "zot.orchard.example/orchard/fig", "", ""},
		{"jfrog", "jfrog-push.json", "orchard.jfrog.example/images-local/orchard/fig", "", ""},
		{"nexus", "nexus-created.json", "nexus.orchard.example:8082/orchard/fig", nexusEvent, ""},
		{"cloudevents", "cloudevents-image.json", "images.orchard.example/orchard/fig", "", ""},
	}
}

// google signs tokens as Google does.
type google struct{ key *rsa.PrivateKey }

func newGoogle(t *testing.T) google {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return google{key}
}

// ServeHTTP shows the key.
func (g google) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	_ = json.NewEncoder(w).Encode(map[string]any{"keys": []map[string]string{{
		"kid": "k1", "kty": "RSA", "alg": "RS256", "use": "sig", "n": base64.RawURLEncoding.EncodeToString(g.key.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(g.key.E)).Bytes()),
	}}})
}

func (g google) token(t *testing.T, now time.Time) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": "https://accounts.google.com", "aud": googleAudience, "email": googleAccount, "email_verified": true,
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	})
	token.Header["kid"] = "k1"
	signed, err := token.SignedString(g.key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// hooksWorld is an App with a webhook of each kind, and a registry behind every
// host.
type hooksWorld struct {
	*world
	*app

	outside *outside
	google  google
	rows    []told
}

// newHooksWorld has a repository for each kind, named after it, whose one image is
// the one that the webhook is about.
func newHooksWorld(t *testing.T, rows []told) *hooksWorld {
	t.Helper()
	h := &hooksWorld{world: newWorld(t, storetest.SQLite(t), githubtest.Options{}), google: newGoogle(t), rows: rows}
	h.outside = newOutside(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host == "www.googleapis.com" {
			h.google.ServeHTTP(w, r)
			return
		}
		h.registry.ServeHTTP(w, r)
	}))
	var hooks strings.Builder
	var repos []*githubtest.Repository
	for _, row := range rows {
		host, path, _ := strings.Cut(row.image, "/")
		proof := "secret: {env: HUB}"
		if row.kind == "gar" {
			proof = fmt.Sprintf("audience: %q, email: %q", googleAudience, googleAccount)
		}
		fmt.Fprintf(&hooks, "  - {name: %s, kind: %s, host: %q, %s}\n", row.kind, row.kind, host, proof)
		if err := h.registry.Push(path, "1.0.0", "1.1.0"); err != nil {
			t.Fatal(err)
		}
		repos = append(repos, h.hub.AddRepository("acme/"+row.kind, map[string]string{
			".imageupdater.yaml": "version: 1\n", "web.yaml": deployment(row.image + ":1.0.0"),
		}))
	}
	h.app = h.start(fmt.Sprintf("proxy: %q\ncaFile: %q\nhooks:\n%s", h.outside.url, h.outside.caFile, &hooks))
	h.hub.Install("acme", grants(), repos...)
	for _, row := range rows {
		h.wants(row.kind, "1.1.0")
	}
	return h
}

// wants waits until a repository was looked at and has one update, to a tag.
func (h *hooksWorld) wants(repository, tag string) {
	h.world.t.Helper()
	until(h.world.t, repository+" is to be moved to "+tag, func() bool {
		got := h.shown("acme/" + repository)
		return got.Status == 200 && !got.Looking && got.Result != nil && len(got.Result.Updates) == 1 && got.Result.Updates[0].Tag == tag
	})
}

// proved is a request as its source makes it.
func (h *hooksWorld) proved(row told, body []byte, secret string) *http.Request {
	t := h.world.t
	t.Helper()
	target, header := h.url+registryhook.Prefix+row.kind, http.Header{"Content-Type": {jsonType}}
	mac := signature(sha256.New, secret, body)
	switch row.kind {
	case "dockerhub":
		target += "/" + secret
	case "quay":
		target += "?secret=" + secret
	case "ghcr":
		header.Set("X-Hub-Signature-256", "sha256="+mac)
	case "jfrog":
		header.Set("X-JFrog-Event-Auth", mac)
	case "nexus":
		header.Set("X-Nexus-Webhook-Signature", signature(sha1.New, secret, body))
	case "gar":
		header.Set("Authorization", "Bearer "+h.google.token(t, h.hub.Now()))
		if secret != hubSecret {
			header.Set("Authorization", "Bearer "+newGoogle(t).token(t, h.hub.Now()))
		}
	case "zot":
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("zot:"+secret)))
	default:
		header.Set("Authorization", "Bearer "+secret)
	}
	if name, value, is := strings.Cut(row.header, ": "); is {
		header.Set(name, value)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header
	return req
}

func (h *hooksWorld) send(req *http.Request) (int, string) {
	h.world.t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		h.world.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		h.world.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// each sends one webhook after the other. The repository that uses the image is
// looked at, its registry is asked, and nothing else happens.
func (h *hooksWorld) each(t *testing.T, dir string) {
	t.Helper()
	for _, row := range h.rows {
		_, path, _ := strings.Cut(row.image, "/")
		if err := h.registry.Push(path, "1.2.0"); err != nil {
			t.Fatal(err)
		}
	}
	looks := sum(h.numbers(), "imageupdater_look_seconds_count")
	h.outside.listed()
	for i, row := range h.rows {
		body, err := os.ReadFile(filepath.Join(dir, row.file))
		if err != nil {
			t.Fatal(err)
		}
		if status, text := h.send(h.proved(row, body, "another-secret-of-theirs")); status != 404 || text != `{"message":"not found"}`+"\n" {
			t.Errorf("%s with a wrong secret: %d %q", row.kind, status, text)
		}
		if status, text := h.send(h.proved(row, body, hubSecret)); status != 202 || text != "" {
			t.Fatalf("%s: %d %q, want 202", row.kind, status, text)
		}
		h.wants(row.kind, "1.2.0")
		want := row.image
		if row.asks != "" {
			_, path, _ := strings.Cut(row.image, "/")
			want = row.asks + "/" + path
		}
		if got := h.outside.listed(); !maps.Equal(got, map[string]int{want: 1}) {
			t.Errorf("%s: %v were listed, want %s once", row.kind, got, want)
		}
		if got := sum(h.numbers(), "imageupdater_look_seconds_count") - looks; got != float64(i+1) {
			t.Errorf("%s: %v looks in all, want %d", row.kind, got, i+1)
		}
	}
}

// TestRegistryHooks has a webhook of every kind.
func TestRegistryHooks(t *testing.T) {
	t.Parallel()
	h := newHooksWorld(t, tolds())
	if kinds := slices.Sorted(maps.Keys(kindsOf(h.rows))); !slices.Equal(kinds, registryhook.Kinds()) {
		t.Errorf("%v are tested of %v", kinds, registryhook.Kinds())
	}
	h.each(t, filepath.Join("..", "..", "handlers", "registryhook", "testdata"))
	for _, word := range []string{"wanda", "169.254.169.254"} {
		if strings.Contains(h.log.String(), word) || h.outside.asked(word) || strings.Contains(fmt.Sprintf("%s", h.hub.Writes()), word) {
			t.Errorf("%q of the payload went on", word)
		}
	}
}

// TestRealRegistryHooks is TestRegistryHooks with what registries really sent. That of
// Azure is of a registry whose name is too short to be one.
func TestRealRegistryHooks(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("IMAGEUPDATER_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	dir = filepath.Join(dir, "registry-webhooks")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("shared folder not present: the payloads of others are not part of this repository")
	}
	h := newHooksWorld(t, []told{
		{"dockerhub", "dockerhub.json", "docker.io/acme/shop", "", hub},
		{"ghcr", "ghcr_registry_package.json", "ghcr.io/acme/shop", packageEvent, ""},
		{"quay", "quay_repo_push.json", "quay.io/acme/shop", "", ""},
		{"harbor", "harbor_push_artifact.json", "harbor.example.com/acme/shop", "", ""},
		{"ecr", "ecr_eventbridge.json", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/acme/shop", "", ""},
		{"gar", "gar_pubsub_push.json", "europe-docker.pkg.dev/acme-prod/apps/shop", "", ""},
		{"gitlab", "gitlab_registry_notification.json", "registry.gitlab.example.com/group/project/shop", "", ""},
		{"zot", "zot_cloudevents.json", "zot.example.com/acme/shop", "", ""},
		{"jfrog", "jfrog_docker_pushed.json", "acme.jfrog.io/docker-local/acme/shop", "", ""},
		{"nexus", "nexus_component_created.json", "nexus.example.com:8082/acme/shop", nexusEvent, ""},
	})
	h.each(t, dir)
}

func kindsOf(rows []told) map[string]bool {
	kinds := map[string]bool{}
	for _, r := range rows {
		kinds[r.kind] = true
	}
	return kinds
}

// pushedTo is what a distribution registry sends.
func pushedTo(id, path string) []byte {
	return fmt.Appendf(nil, `{"events": [{"id": %q, "action": "push", "target": {"repository": %q, "tag": "9.9.9"}, "request": {"host": "registry.orchard.example:5000"}}]}`, id, path)
}

// TestRegistryHookOften sends more than one, of images that nobody uses, too many
// and too much.
func TestRegistryHookOften(t *testing.T) {
	t.Parallel()
	row := told{kind: "distribution", image: "registry.orchard.example:5000/orchard/fig"}
	h := newHooksWorld(t, []told{row})
	push := func(body []byte, want int) {
		t.Helper()
		if status, text := h.send(h.proved(row, body, hubSecret)); status != want {
			t.Errorf("%d %s, want %d", status, text, want)
		}
	}
	// handled waits until all webhooks were.
	handled := func() {
		t.Helper()
		until(t, "all webhooks are handled", func() bool {
			n := h.numbers()
			return sum(n, "imageupdater_jobs", `kind="delivery"`) == sum(n, "imageupdater_jobs", `kind="delivery"`, `state="completed"`) &&
				!h.shown("acme/distribution").Looking
		})
	}
	h.hub.Advance(time.Minute)
	looks := sum(h.numbers(), "imageupdater_look_seconds_count")
	h.outside.listed()
	push(pushedTo("1", "orchard/unknown"), http.StatusAccepted)
	handled()
	if got, n := h.outside.listed(), sum(h.numbers(), "imageupdater_look_seconds_count")-looks; len(got) > 0 || n != 0 {
		t.Errorf("an image that nobody uses: %v listed, %v looks", got, n)
	}
	for n := range 5 {
		push(pushedTo(fmt.Sprint("often ", n), "orchard/fig"), http.StatusAccepted)
		handled()
	}
	if got := h.outside.listed(); len(got) != 1 || got[row.image] != 1 {
		t.Errorf("within 30 s: %v, want one list", got)
	}
	if err := h.registry.Push("orchard/fig", "1.3.0"); err != nil {
		t.Fatal(err)
	}
	push(pushedTo("late", "orchard/fig"), http.StatusAccepted)
	handled()
	h.hub.Advance(31 * time.Second)
	if err := h.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.wants("distribution", "1.3.0")
	push(bytes.Repeat([]byte(" "), registryhook.MaxBody+1), http.StatusRequestEntityTooLarge)
	push([]byte(`{"events`), http.StatusNoContent) // authentic: some registries repeat for ever what is refused
	for range 5000 {
		answer := &answered{header: http.Header{}}
		h.Handler().ServeHTTP(answer, h.proved(row, []byte(`{"events": []}`), hubSecret))
		if answer.status == http.StatusTooManyRequests {
			if answer.header.Get("Retry-After") == "" {
				t.Error("429 without Retry-After")
			}
			return
		}
	}
	t.Error("there is no limit")
}

// TestRegistryHookWhileBroken hastens the look at a repository whose last one found
// no images, since its configuration was broken: what it uses is still known.
func TestRegistryHookWhileBroken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, file(t), githubtest.Options{})
	w.serve()
	repo := w.current("acme/shop")
	a := w.start(fmt.Sprintf("hooks: [{name: own, kind: distribution, host: %q, secret: {env: HUB}}]", w.registry.Host()))
	w.hub.Install("acme", grants(), repo)
	a.settled(w.hub, "acme/shop")
	repo.Commit("main", "broken", map[string]string{".imageupdater.yaml": "version: no\n"})
	a.quiet(w.hub)
	a.ends("acme/shop", run.Broken)
	tell := func(id string) int {
		before := w.looks("acme/shop")
		status, _ := a.call("POST", "/hooks/registry/own", hubSecret, fmt.Sprintf(
			`{"events": [{"id": %q, "action": "push", "target": {"repository": "acme/web", "tag": "3"}, "request": {"host": %q}}]}`, id, w.registry.Host()))
		if status != http.StatusAccepted {
			t.Errorf("the webhook is answered with %d", status)
		}
		a.quiet(w.hub)
		return w.looks("acme/shop") - before
	}
	if looks := tell("1"); looks != 1 {
		t.Errorf("%d looks at a broken one, want 1", looks)
	}
	repo.Commit("main", "no more", map[string]string{".imageupdater.yaml": "version: 1\n", "web.yaml": "a: b\n"})
	a.quiet(w.hub)
	a.ends("acme/shop", run.Planned)
	if looks := tell("2"); looks != 0 {
		t.Errorf("%d looks at one that does not use the image any more", looks)
	}
}
