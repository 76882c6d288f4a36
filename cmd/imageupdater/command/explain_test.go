package command

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/config"
)

// indexRegistry serves images, each an index of images for some architectures.
type indexRegistry struct {
	host string

	mu sync.Mutex
	// images are architectures by "repository:tag".
	images map[string][]string
}

func newIndexRegistry(t *testing.T, images map[string][]string) *indexRegistry {
	t.Helper()
	r := &indexRegistry{images: images}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.host = strings.TrimPrefix(server.URL, "http://")
	return r
}

func (r *indexRegistry) push(name string, architectures ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.images[name] = architectures
}

func (r *indexRegistry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	path := strings.TrimPrefix(req.URL.Path, "/v2/")
	if repository, found := strings.CutSuffix(path, "/tags/list"); found {
		r.list(w, repository)
		return
	}
	repository, reference, _ := strings.Cut(path, "/manifests/")
	for _, name := range slices.Sorted(maps.Keys(r.images)) {
		body := indexOf(name, r.images[name])
		if name == repository+":"+reference || strings.HasPrefix(name, repository+":") && reference == digestOf(body) {
			w.Header().Set("Content-Type", "application/vnd.oci.image.index.v1+json")
			w.Header().Set("Docker-Content-Digest", digestOf(body))
			_, _ = w.Write(body)
			return
		}
	}
	if path != "" {
		http.NotFound(w, req)
	}
}

func (r *indexRegistry) list(w http.ResponseWriter, repository string) {
	tags := []string{}
	for _, name := range slices.Sorted(maps.Keys(r.images)) {
		if tag, found := strings.CutPrefix(name, repository+":"); found {
			tags = append(tags, tag)
		}
	}
	if len(tags) == 0 {
		http.Error(w, "no", http.StatusForbidden)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"name": repository, "tags": tags})
}

func indexOf(name string, architectures []string) []byte {
	manifests := make([]any, len(architectures))
	for i, architecture := range architectures {
		manifests[i] = map[string]any{
			"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 2, "digest": digestOf([]byte(name + architecture)),
			"platform": map[string]string{"os": "linux", "architecture": architecture},
		}
	}
	body, _ := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": manifests}) // no error: plain data
	return body
}

func digestOf(body []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(body)) }

// explaining is a repository, its registry, and what is remembered between runs.
type explaining struct {
	dir, cache string
	registry   *indexRegistry
	now        time.Time
	process
}

const explainedConfig = `version: 1
defaults: {minAge: 3d}
rules:
  - match: {image: "HOST/acme/api"}
    constraint: "1.x || 2.x"
    tags: {ignore: ['^v1\.4\.2$']}
  - match: {path: "envs/prod/**", update: [major, patch]}
    minAge: 0
    labels: [needs-care]
  - match: {image: "HOST/acme/apu"}
    strategy: numerical
ignore:
  - {image: "HOST/acme/api", versions: "1.5.x", until: 2027-01-01, reason: leaks}
  - {image: nginx, until: 2026-01-01}
`

func newExplaining(t *testing.T) *explaining {
	t.Helper()
	both := []string{"amd64", "arm64"}
	images := map[string][]string{"acme/api:v1.3.2": {"amd64"}, "acme/web:1.0.0": both, "acme/web:1.0.1": both}
	for _, tag := range []string{
		"v1.0.0", "v1.0.1", "v1.1.0", "v1.1.1", "v1.2.0", "v1.3.0", "v1.3.1", "v1.4.0-rc.1", "v1.4.0-rc.2", "v1.4.2", "v1.5.0", "v1.5.1", "v2.0.0", "v3.0.0", "1.9.0", "v1.2.0-alpine", "latest", "main",
	} {
		images["acme/api:"+tag] = both
	}
	e := &explaining{cache: t.TempDir(), registry: newIndexRegistry(t, images), now: time.Date(2026, 11, 17, 12, 0, 0, 0, time.UTC)}
	host := e.registry.host
	e.dir = tree(t, map[string]string{
		config.FileName:          strings.ReplaceAll(explainedConfig, "HOST", host),
		"envs/prod/api.yaml":     pod(host+"/acme/api:v1.2.0", host+"/acme/web:1.0.0"),
		"envs/prod/again.yaml":   pod(host + "/acme/api:v1.2.0"),
		"envs/dev/api.yaml":      pod(host+"/acme/web:1.0.1", "busybox:latest", host+"/acme/none:1.0.0"),
		"envs/dev/broken.yaml":   "apiVersion: v1\nkind: Pod\nspec: {image: [}\n",
		"envs/dev/values-x.yaml": "image:\n  tag: 1.2.3\n",
		"busybox":                "no YAML",
		"envs/dev/nothing.yaml":  "a: 1\n",
		"envs/dev/escaping.yaml": pod(`"` + host + `/acme/api:v1.2.0\e[31m"`),
	})
	// What is there now is four days old when it counts, what comes later is new.
	e.explain(t, "**")
	e.now = e.now.Add(4 * 24 * time.Hour)
	e.registry.push("acme/api:v1.3.3", both...)
	e.registry.push("acme/api:v1.4.1", both...)
	e.registry.push("acme/api:v1.4.3", both...)
	return e
}

// explain runs the command; what changes from test to test is made the same in
// what it prints.
func (e *explaining) explain(t *testing.T, args ...string) int {
	t.Helper()
	e.out.Reset()
	e.errs.Reset()
	env := e.environment()
	env.CacheDir, env.Now = e.cache, func() time.Time { return e.now }
	return run(t.Context(), append([]string{"explain", "--dir", e.dir, "--plain-http", e.registry.host}, args...), env)
}

func (e *explaining) stable(text string) string {
	return strings.NewReplacer(e.registry.host, "HOST", filepath.ToSlash(e.dir)+"/", "").Replace(text)
}

func (e *explaining) stdout() string { return e.stable(e.out.String()) }

func (e *explaining) stderr() string { return e.stable(e.errs.String()) }

const wantUpdate = `envs/prod/api.yaml:7:39: HOST/acme/api v1.2.0 (kubernetes, spec.containers[0].image)

update: v1.3.1 (minor) in group acme/api; v2.0.0 (major) in group acme/api-major

Settings
  constraint   1.x || 2.x    rules[0] (.imageupdater.yaml:5)
  tags.ignore  [^v1\.4\.2$]  rules[0] (.imageupdater.yaml:6)
  minAge       3d            defaults.minAge (.imageupdater.yaml:2)
  minAge       0             for major, patch, build: rules[1] (.imageupdater.yaml:8)
  labels       [needs-care]  for major, patch, build: rules[1] (.imageupdater.yaml:9)
  all else by the built-in defaults

Ignored here
  ignore[0] (.imageupdater.yaml:13), until 2027-01-01: leaks

Candidates, the newest first
  v3.0.0         outside of constraint
  v2.0.0         chosen (major)
  1.9.0          another prefix
  v1.5.1         an entry of ignore: ignore[0] (.imageupdater.yaml:13), until 2027-01-01: leaks
  v1.5.0         an entry of ignore: ignore[0] (.imageupdater.yaml:13), until 2027-01-01: leaks
  v1.4.3         too young: first seen 2026-11-21 12:00 UTC, old enough 2026-11-24 12:00 UTC
  v1.4.2         fits tags.ignore
  v1.4.1         too young: first seen 2026-11-21 12:00 UTC, old enough 2026-11-24 12:00 UTC
  v1.4.0-rc.2    a pre-release
  v1.4.0-rc.1    a pre-release
  v1.3.3         too young: first seen 2026-11-21 12:00 UTC, old enough 2026-11-24 12:00 UTC
  v1.3.2         lacks a platform: linux/arm64
  v1.3.1         chosen (minor)
  v1.3.0         older than the chosen tag
  v1.2.0         the current tag
  v1.2.0-alpine  another flavour
  v1.1.1         older than the current tag
  v1.1.0         older than the current tag
  v1.0.1         older than the current tag
  v1.0.0         older than the current tag
  and 2 more: --all shows them

Refused: 19 of 22
  4  older than the current tag: v1.1.1, v1.1.0, v1.0.1, …
  3  too young: v1.4.3, v1.4.1, v1.3.3 — the first is old enough 2026-11-24 12:00 UTC; minAge is set by defaults.minAge (.imageupdater.yaml:2)
  2  an entry of ignore, ignore[0] (.imageupdater.yaml:13), until 2027-01-01: leaks: v1.5.1, v1.5.0 — without the entry 2 more
  2  a pre-release: v1.4.0-rc.2, v1.4.0-rc.1 — prerelease: true would allow 2 more
  2  not a version: latest, main
  1  outside of constraint: v3.0.0 — another constraint would allow 1 more; constraint is set by rules[0] (.imageupdater.yaml:5)
  1  another prefix: 1.9.0 — a tag of that form, written by hand, is followed in its form
  1  fits tags.ignore: v1.4.2 — another tags.ignore would allow 1 more; tags.ignore is set by rules[0] (.imageupdater.yaml:6)
  1  lacks a platform: v1.3.2 (linux/arm64) — platforms without linux/arm64 would allow 1 more
  1  older than the chosen tag: v1.3.0
  1  another flavour: v1.2.0-alpine — a tag of that form, written by hand, is followed in its form
`

func TestExplainUpdate(t *testing.T) {
	t.Parallel()
	e := newExplaining(t)
	for name, argument := range map[string]string{
		"a line":         "envs/prod/api.yaml:7",
		"a place":        "envs/prod/api.yaml:7:39",
		"as scan says":   "./envs/prod/api.yaml:7:39: ",
		"another column": "envs/prod/api.yaml:7:1",
		"absolute":       filepath.Join(e.dir, "envs/prod/api.yaml") + ":7",
	} {
		if got := e.explain(t, argument); got != 0 {
			t.Errorf("%s: exit code %d: %s", name, got, e.stderr())
		}
		if diff := cmp.Diff(wantUpdate, e.stdout()); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
		if got := e.stderr(); got != ".imageupdater.yaml:14:5: warning: ignore[1]: the entry has no effect since 2026-01-01 (remove it, or move until)\n" {
			t.Errorf("%s: stderr %q", name, got)
		}
	}
}

func TestExplainOthers(t *testing.T) {
	t.Parallel()
	e := newExplaining(t)
	const rule = "  minAge  0             for major, patch, build: rules[1] (.imageupdater.yaml:8)\n" +
		"  labels  [needs-care]  for major, patch, build: rules[1] (.imageupdater.yaml:9)\n  all else by the built-in defaults\n"
	for name, test := range map[string]struct {
		args []string
		want string
		code exitCode
	}{
		"an image in two versions": {
			[]string{e.registry.host + "/acme/web"},
			`envs/dev/api.yaml:7:39: HOST/acme/web 1.0.1 (kubernetes, spec.containers[0].image)

up to date

Settings
  minAge  3d  defaults.minAge (.imageupdater.yaml:2)
  all else by the built-in defaults

Candidates, the newest first
  1.0.1  the current tag
  1.0.0  older than the current tag

Refused: 1 of 2
  1  older than the current tag: 1.0.0

envs/prod/api.yaml:9:39: HOST/acme/web 1.0.0 (kubernetes, spec.containers[1].image)

update: 1.0.1 (patch) in group acme/web

Settings
  minAge  3d            defaults.minAge (.imageupdater.yaml:2)
` + rule + `
Candidates, the newest first
  1.0.1  chosen (patch)
  1.0.0  the current tag
`,
			exitFine,
		},
		"offline, twice the same": {
			[]string{"--offline", "*/acme/a{p,b}i:v1.2.0"},
			`envs/prod/again.yaml:7:39: HOST/acme/api v1.2.0 (kubernetes, spec.containers[0].image)
also at envs/prod/api.yaml:7:39

skipped: offline: no registry was asked

Settings
  constraint   1.x || 2.x    rules[0] (.imageupdater.yaml:5)
  tags.ignore  [^v1\.4\.2$]  rules[0] (.imageupdater.yaml:6)
  minAge       3d            defaults.minAge (.imageupdater.yaml:2)
  minAge       0             for major, patch, build: rules[1] (.imageupdater.yaml:8)
  labels       [needs-care]  for major, patch, build: rules[1] (.imageupdater.yaml:9)
  all else by the built-in defaults

Ignored here
  ignore[0] (.imageupdater.yaml:13), until 2027-01-01: leaks
`,
			exitFine,
		},
		"a floating tag": {
			[]string{"busybox"},
			`envs/dev/api.yaml:9:22: busybox latest (kubernetes, spec.containers[1].image)

skipped: the tag latest is no version, and there is no digest to follow

What would change it
  pin: digest adds a digest to the tag and follows what the tag stands for
  strategy: newest takes the tag that was pushed last, of those that tags.allow lets in
  strategy: numerical takes the highest number, as of main-123 with tags.allow: ['^main-(?P<order>[0-9]+)$']
  a version that is written there by hand is followed from then on

Settings
  minAge  3d  defaults.minAge (.imageupdater.yaml:2)
  all else by the built-in defaults
`,
			exitFine,
		},
		"a failed lookup": {
			[]string{"--no-config", e.registry.host + "/acme/none"},
			`envs/dev/api.yaml:11:40: HOST/acme/none 1.0.0 (kubernetes, spec.containers[2].image)

problem: listing tags of HOST/acme/none: the registry asks for credentials: the image is private or does not exist

Settings
  all by the built-in defaults
`,
			exitLookup,
		},
		"no name": {
			[]string{"envs/dev/values-x.yaml"},
			`envs/dev/values-x.yaml:2:8: (image) 1.2.3 (helm, image)

skipped: no values file beside this one names the image: write its repository next to the tag, or a comment # imageupdater: image=NAME
`,
			exitFine,
		},
	} {
		if got := e.explain(t, test.args...); got != int(test.code) {
			t.Errorf("%s: exit code %d: %s", name, got, e.stderr())
		}
		if diff := cmp.Diff(test.want, e.stdout()); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
}

func TestExplainDigests(t *testing.T) {
	t.Parallel()
	both := []string{"amd64", "arm64"}
	r := newIndexRegistry(t, map[string][]string{"acme/web:1.0.0": both, "acme/web:stable": both, "acme/api:1.0.0": both, "acme/api:2.0.0": both})
	of := func(name string) string { return digestOf(indexOf(name, both)) }
	dir := tree(t, map[string]string{
		config.FileName: "rules:\n  - {match: {image: '*/acme/*'}, pin: digest}\n  - {match: {image: '*/acme/web'}, minAge: 2d}\n",
		"a.yaml":        pod(r.host+"/acme/web:stable@"+of("old:1"), r.host+"/acme/api:1.0.0", r.host+"/acme/api@"+of("old:1")),
	})
	e := explaining{dir: dir, cache: t.TempDir(), registry: r, now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	e.explain(t, "a.yaml")
	short := func(name string) string { return shortDigest(of(name)) }
	want := `a.yaml:7:39: HOST/acme/web stable@` + short("old:1") + ` (kubernetes, spec.containers[0].image)

up to date

Settings
  pin     digest  rules[0] (.imageupdater.yaml:2)
  minAge  2d      rules[1] (.imageupdater.yaml:3)
  all else by the built-in defaults

Candidates, the newest first
  stable@` + short("acme/web:stable") + `  too young: first seen 2026-11-21 12:00 UTC, old enough 2026-11-23 12:00 UTC

Refused: 1 of 1
  1  too young: stable@` + short("acme/web:stable") + ` (first seen 2026-11-21 12:00 UTC, old enough 2026-11-23 12:00 UTC) — the first is old enough 2026-11-23 12:00 UTC; minAge is set by rules[1] (.imageupdater.yaml:3)

a.yaml:9:39: HOST/acme/api 1.0.0 (kubernetes, spec.containers[1].image)

update: 1.0.0@` + short("acme/api:1.0.0") + ` (pin) in group acme/api; 2.0.0@` + short("acme/api:2.0.0") + ` (major) in group acme/api-major

Settings
  pin  digest  rules[0] (.imageupdater.yaml:2)
  all else by the built-in defaults

Candidates, the newest first
  2.0.0  chosen (major)
  1.0.0  the current tag, chosen (pin)

a.yaml:11:39: HOST/acme/api ` + short("old:1") + ` (kubernetes, spec.containers[2].image)

skipped: a digest without a tag: write the tag before it, as in name:tag@sha256:…

What would change it
  strategy: digest with track: TAG follows what that tag stands for

Settings
  pin  digest  rules[0] (.imageupdater.yaml:2)
  all else by the built-in defaults
`
	if diff := cmp.Diff(want, e.stdout()); diff != "" {
		t.Errorf("-want +got\n%s\n%s", diff, e.stderr())
	}
}

func TestExplainAll(t *testing.T) {
	t.Parallel()
	e := newExplaining(t)
	e.explain(t, "--all", "envs/prod/again.yaml")
	got := e.stdout()
	for _, want := range []string{
		"  latest         not a version\n  main           not a version\n", "  strategy         semver  ", " built-in defaults\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "--all") || strings.Contains(got, "all else") {
		t.Errorf("something is left out:\n%s", got)
	}
}

// A file and a registry cannot drive the terminal.
func TestExplainIsSafe(t *testing.T) {
	t.Parallel()
	e := newExplaining(t)
	e.explain(t, "--offline", "envs/dev/escaping.yaml")
	if got := e.stdout(); strings.Contains(got, "\x1b") || !strings.Contains(got, `\x1b[31m`) {
		t.Errorf("got %q", got)
	}
}

func TestExplainMisses(t *testing.T) {
	t.Parallel()
	e := newExplaining(t)
	host := e.registry.host
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"nothing":           {nil, "name one place or image: FILE:LINE, FILE or IMAGE\nRun 'imageupdater explain --help' for usage."},
		"an empty argument": {[]string{" "}, "name one place or image: FILE:LINE, FILE or IMAGE\nRun 'imageupdater explain --help' for usage."},
		"rules of one":      {[]string{"--rules", "nginx"}, "--rules takes no argument: it is for all of the directory, see --dir\nRun 'imageupdater explain --help' for usage."},
		"a bad host":        {[]string{"--plain-http", "http://x", "nginx"}, `--plain-http "http://x": write HOST:PORT, without http:// and without a path` + "\nRun 'imageupdater explain --help' for usage."},
		"another line":      {[]string{"envs/prod/api.yaml:8"}, "no image is on line 8 of envs/prod/api.yaml: the nearest is HOST/acme/api v1.2.0, envs/prod/api.yaml:7"},
		"behind the end":    {[]string{"envs/prod/api.yaml:99"}, "no image is on line 99 of envs/prod/api.yaml: the nearest is HOST/acme/web 1.0.0, envs/prod/api.yaml:9"},
		"no images":         {[]string{"envs/dev/nothing.yaml:1"}, "no image was found in envs/dev/nothing.yaml: images are looked for in Helm values, Kustomize, Argo CD, Flux and Kubernetes manifests"},
		"a broken file":     {[]string{"envs/dev/broken.yaml"}, "no image was found in envs/dev/broken.yaml: envs/dev/broken.yaml:3:16: while parsing a flow node: did not find expected node content"},
		"no file":           {[]string{"envs/prod/apis.yaml:7"}, `"envs/prod/apis.yaml" is no file below "DIR": did you mean envs/prod/api.yaml?`},
		"outside":           {[]string{"../x.yaml"}, `"../x.yaml" is no file below "DIR"`},
		"a folder":          {[]string{"./envs"}, `"./envs" is no file below "DIR"`},
		"no image":          {[]string{"quay.io/wibble/wobble"}, `"quay.io/wibble/wobble" is no file, and no image matches it`},
		"a last segment":    {[]string{"busybox/busybox"}, `"busybox/busybox" is no file, and no image matches it: did you mean docker.io/library/busybox?`},
		"a typing error":    {[]string{host + "/acme/apo"}, `"HOST/acme/apo" is no file, and no image matches it: did you mean HOST/acme/api or HOST/acme/web?`},
		"another tag":       {[]string{host + "/acme/api:v9"}, `no image is at "HOST/acme/api:v9": there is HOST/acme/api v1.2.0`},
		"another digest":    {[]string{"busybox:latest@sha256:00"}, `no image is at "busybox:latest@sha256:00": there is busybox latest`},
		"a bad glob":        {[]string{"a[", "--offline"}, `"a[": neither a file, nor the name of an image or a glob of names`},
		"no name":           {[]string{":1"}, `":1": neither a file, nor the name of an image or a glob of names`},
	} {
		if got := e.explain(t, test.args...); got != int(exitFailure) {
			t.Errorf("%s: exit code %d", name, got)
		}
		got := strings.ReplaceAll(e.stable(e.errs.String()+"\n"), e.dir, "DIR")
		if diff := cmp.Diff("imageupdater: "+test.want+"\n\n", got); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
		if e.out.Len() > 0 {
			t.Errorf("%s: output %q", name, e.out.String())
		}
	}
}

func TestExplainInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := tree(t, map[string]string{"a.yaml": pod("nginx:1.25")})
	var p process
	if got := run(ctx, []string{"explain", "--dir", dir, "nginx"}, p.environment()); got != int(exitInterrupted) {
		t.Errorf("exit code %d: %s", got, p.errs.String())
	}
}

// What decides together is planned together, also where only one of it is
// asked for.
func TestExplainShared(t *testing.T) {
	t.Parallel()
	r := newIndexRegistry(t, map[string][]string{"acme/a:1.0.0": {"amd64"}, "acme/a:1.1.0": {"amd64"}, "acme/b:1.0.0": {"amd64"}, "acme/b:1.2.0": {"amd64"}})
	dir := tree(t, map[string]string{"values.yaml": fmt.Sprintf("a:\n  image: {repository: %[1]s/acme/a, tag: &tag 1.0.0}\nb:\n  image: {repository: %[1]s/acme/b, tag: *tag}\n", r.host)})
	var scanned, explained process
	scanned.run(t, "scan", "--plain-http", r.host, "-o", "json", dir)
	explained.run(t, "explain", "--dir", dir, "--plain-http", r.host, "-o", "json", r.host+"/acme/a")
	want, got := decodeContract(t, scanned.out.String()), decodeExplain(t, explained.out.String())
	if len(want.Fields) == 0 || len(got.Fields) != 1 || got.Fields[0].Status != want.Fields[0].Status || cmp.Diff(got.Fields[0].Reason.Detail, want.Fields[0].Reason.Detail) != "" {
		t.Errorf("scan: %s\nexplain: %s", scanned.out.String(), explained.out.String())
	}
}

func TestExplainCompletes(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{"explain ": ":0\n", "explain --dir ": ":16\n", "explain -o ": "text\njson\n:4\n"} {
		var p process
		p.run(t, append([]string{"__complete"}, strings.Split(args, " ")...)...)
		if p.out.String() != want {
			t.Errorf("%q: %q", args, p.out.String())
		}
	}
}
