package command

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fakeRegistry serves tags of repositories, each with an image of its own; a
// repository without tags answers with an error.
func fakeRegistry(t *testing.T, repositories map[string][]string) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v2/{$}", func(http.ResponseWriter, *http.Request) {})
	for name, tags := range repositories {
		mux.HandleFunc("GET /v2/"+name+"/tags/list", func(w http.ResponseWriter, _ *http.Request) {
			if len(tags) == 0 {
				http.Error(w, "no", http.StatusForbidden)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(map[string]any{"name": name, "tags": tags})
		})
		mux.HandleFunc("GET /v2/"+name+"/manifests/{reference}", func(w http.ResponseWriter, r *http.Request) {
			at := slices.IndexFunc(tags, func(tag string) bool {
				return r.PathValue("reference") == tag || r.PathValue("reference") == fakeDigest(tag)
			})
			if at < 0 {
				http.NotFound(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
			w.Header().Set("Docker-Content-Digest", fakeDigest(tags[at]))
			w.Header().Set("Content-Length", strconv.Itoa(len(fakeManifest(tags[at]))))
			_, _ = io.WriteString(w, fakeManifest(tags[at]))
		})
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func fakeManifest(tag string) string {
	const empty = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
	return fmt.Sprintf(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",`+
		`"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":%q,"size":2},"layers":[],"annotations":{"tag":%q}}`, empty, tag)
}

func fakeDigest(tag string) string {
	return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(fakeManifest(tag))))
}

const podHead = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n"

// pod is a manifest with a container for each image.
func pod(images ...string) string {
	var b strings.Builder
	b.WriteString(podHead)
	for i, image := range images {
		fmt.Fprintf(&b, "    - name: c%d\n      image: %s # keep me\n", i, image)
	}
	return b.String()
}

// exampleRegistry has an image with a minor and a major step, one that is up
// to date, one with nothing but a major step, and one that cannot be asked.
func exampleRegistry(t *testing.T) string {
	t.Helper()
	return fakeRegistry(t, map[string][]string{
		"acme/web":  {"1.2.0", "1.3.0", "2.0.0"},
		"acme/api":  {"1.0.0"},
		"acme/db":   {"16.0.0", "17.0.0"},
		"acme/none": {},
	})
}

func TestScanExitCodes(t *testing.T) {
	t.Parallel()
	host := exampleRegistry(t)
	update, current, failing := pod(host+"/acme/web:1.2.0"), pod(host+"/acme/api:1.0.0"), pod(host+"/acme/none:1.0.0")
	broken := "apiVersion: v1\nkind: Pod\nspec: {image: [}\n"
	tests := map[string]struct {
		files map[string]string
		args  []string
		want  exitCode
	}{
		"nothing there":                     {nil, nil, exitFine},
		"up to date":                        {map[string]string{"a.yaml": current}, []string{"--exit-code"}, exitFine},
		"updates":                           {map[string]string{"a.yaml": update}, nil, exitFine},
		"updates, asked":                    {map[string]string{"a.yaml": update}, []string{"--exit-code"}, exitUpdates},
		"updates written, asked":            {map[string]string{"a.yaml": update}, []string{"--exit-code", "--write"}, exitUpdates},
		"updates, offline":                  {map[string]string{"a.yaml": update}, []string{"--exit-code", "--offline"}, exitFine},
		"a failed lookup":                   {map[string]string{"a.yaml": failing}, nil, exitLookup},
		"a failed lookup goes before":       {map[string]string{"a.yaml": failing, "b.yaml": update}, []string{"--exit-code"}, exitLookup},
		"a failed lookup, not looked at":    {map[string]string{"a.yaml": failing, "b.yaml": update}, []string{"--only", "b.yaml"}, exitFine},
		"a file that cannot be read":        {map[string]string{"a.yaml": broken, "b.yaml": current}, nil, exitFine},
		"a read-only file":                  {map[string]string{"a.yaml": update, "ro.yaml": update}, []string{"--write"}, exitFailure},
		"a read-only file and a bad lookup": {map[string]string{"a.yaml": failing, "ro.yaml": update}, []string{"--write", "--exit-code"}, exitFailure},
		"a read-only file, not written":     {map[string]string{"ro.yaml": update}, []string{"-o", "diff"}, exitFine},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := tree(t, test.files)
			if err := os.Chmod(filepath.Join(dir, "ro.yaml"), 0o444); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			var p process
			args := append([]string{"scan", "--plain-http", host, dir}, test.args...)
			if got := p.run(t, args...); got != int(test.want) {
				t.Errorf("exit code %d, want %d\n%s\n%s", got, test.want, p.out.String(), p.errs.String())
			}
		})
	}
}

func TestScanJSON(t *testing.T) {
	t.Parallel()
	host := exampleRegistry(t)
	dir := tree(t, map[string]string{"apps/pod.yaml": pod(host+"/acme/web:1.2.0", host+"/acme/none:1.0.0", "nginx")})
	var p process
	p.run(t, "scan", "-o", "json", "--plain-http", host, "--only", host+"/**", dir)
	got := decodeContract(t, p.out.String())
	if len(got.Fields) != 2 {
		t.Fatalf("fields: %+v", got.Fields)
	}
	web, none := got.Fields[0], got.Fields[1]
	if web.File != "apps/pod.yaml" || web.Format != "kubernetes" || web.Image != host+"/acme/web" || web.Tag != "1.2.0" || web.Status != "update" {
		t.Errorf("field: %+v", web)
	}
	if len(web.Updates) != 2 || web.Updates[0].Tag != "1.3.0" || web.Updates[1].Kind != "major" {
		t.Errorf("updates: %+v", web.Updates)
	}
	offset := strings.Index(pod(host+"/acme/web:1.2.0"), "1.2.0")
	if at := web.At.Tag; at == nil || at.Offset != offset || at.Length != 5 || at.Line != 7 {
		t.Errorf("at: %+v, want offset %d", at, offset)
	}
	if none.Status != "problem" || none.Reason == nil || none.Reason.Code != "lookup-failed" {
		t.Errorf("field: %+v", none)
	}
	if got.Requests[host].List != 2 {
		t.Errorf("requests: %+v", got.Requests)
	}
}

func TestScanOffline(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"a.yaml": pod("nginx:1.25")})
	var asJSON, table process
	if got := asJSON.run(t, "scan", "--offline", "-o", "json", dir); got != 0 {
		t.Errorf("exit code %d: %s", got, asJSON.errs.String())
	}
	got := decodeContract(t, asJSON.out.String())
	if len(got.Fields) != 1 || len(got.Requests) != 0 || got.Fields[0].Reason == nil || got.Fields[0].Reason.Code != "not-asked" {
		t.Errorf("got %+v", got)
	}
	table.run(t, "scan", "--offline", dir)
	if want := "a.yaml\n  7:20  nginx  1.25  not asked\n"; table.out.String() != want {
		t.Errorf("got %q, want %q", table.out.String(), want)
	}
}

func TestScanWrite(t *testing.T) {
	t.Parallel()
	host := exampleRegistry(t)
	crlf := func(text string) string { return "\ufeff" + strings.ReplaceAll(text, "\n", "\r\n") }
	files := func(web, db string) map[string]string {
		return map[string]string{
			"a.yaml":     crlf(pod(host+"/acme/web:"+web, host+"/acme/api:1.0.0")),
			"sub/b.yaml": pod(`"` + host + "/acme/web:" + web + "@" + fakeDigest(web) + `"`),
			"sub/c.yaml": pod(host + "/acme/db:" + db),
			"notes.txt":  "web:1.2.0\n",
		}
	}
	tests := map[string]struct {
		args  []string
		want  map[string]string
		notes []string
	}{
		"minor": {
			[]string{"--write"},
			files("1.3.0", "16.0.0"),
			[]string{"2 updates written to 2 files.", "3 major updates left: --major takes them."},
		},
		"major":          {[]string{"--write", "--major"}, files("2.0.0", "17.0.0"), []string{"3 updates written to 3 files."}},
		"nothing":        {nil, files("1.2.0", "16.0.0"), nil},
		"a diff":         {[]string{"-o", "diff"}, files("1.2.0", "16.0.0"), []string{"3 major updates left"}},
		"written diff":   {[]string{"-o", "diff", "--write", "--major"}, files("2.0.0", "17.0.0"), nil},
		"nothing chosen": {[]string{"--write", "--only", "**/db", "--only", host + "/acme/db"}, files("1.2.0", "16.0.0"), []string{"0 updates written to 0 files.", "1 major update left"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := tree(t, files("1.2.0", "16.0.0"))
			var p process
			if got := p.run(t, append([]string{"scan", "--plain-http", host, dir}, test.args...)...); got != 0 {
				t.Errorf("exit code %d: %s", got, p.errs.String())
			}
			if diff := cmp.Diff(test.want, snapshot(t, dir)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			for _, want := range test.notes {
				if !strings.Contains(p.errs.String(), want) {
					t.Errorf("stderr lacks %q:\n%s", want, p.errs.String())
				}
			}
		})
	}
}

// TestScanDiffIsWhatWriteWrites holds the two ways to change files together.
func TestScanDiffIsWhatWriteWrites(t *testing.T) {
	t.Parallel()
	host := exampleRegistry(t)
	dir := tree(t, map[string]string{"a.yaml": pod(host+"/acme/web:1.2.0", host+"/acme/db:16.0.0")})
	var shown, written, none process
	shown.run(t, "scan", "-o", "diff", "--plain-http", host, dir)
	written.run(t, "scan", "-o", "diff", "--write", "--plain-http", host, dir)
	if diff := cmp.Diff(shown.out.String(), written.out.String()); diff != "" || shown.out.Len() == 0 {
		t.Errorf("-shown +written\n%s", diff)
	}
	if got := none.run(t, "scan", "-o", "diff", "--plain-http", host, dir); got != 0 || none.out.Len() > 0 {
		t.Errorf("after writing: exit code %d, diff %q", got, none.out.String())
	}
}

func TestScanDoesNotFollowLinks(t *testing.T) {
	t.Parallel()
	host := exampleRegistry(t)
	manifest := pod(host + "/acme/web:1.2.0")
	dir := tree(t, map[string]string{"top/real/a.yaml": manifest, "outside/b.yaml": manifest})
	for link, target := range map[string]string{
		"file.yaml": "real/a.yaml", "out.yaml": "../outside/b.yaml", "folder": "real", "outfolder": "../outside", "round": ".",
	} {
		if err := os.Symlink(target, filepath.Join(dir, "top", link)); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
	}
	want := snapshot(t, dir)
	want["top/real/a.yaml"] = pod(host + "/acme/web:1.3.0")
	var p process
	if got := p.run(t, "scan", "--write", "--plain-http", host, filepath.Join(dir, "top")); got != 0 {
		t.Errorf("exit code %d: %s", got, p.errs.String())
	}
	if diff := cmp.Diff(want, snapshot(t, dir)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// TestScanOfALink is the one link that is followed: the one the user named.
func TestScanOfALink(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"real/a.yaml": pod("nginx:1.25")})
	link := filepath.Join(dir, "link")
	if err := os.Symlink("real", link); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	var p process
	if got := p.run(t, "scan", "--offline", link); got != 0 || !strings.Contains(p.out.String(), "nginx") {
		t.Errorf("exit code %d, output %q", got, p.out.String())
	}
}

func TestScanFindsNothing(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"README.md": "# Hello\n"})
	for _, format := range []string{"table", "markdown", "json", "diff"} {
		var p process
		if got := p.run(t, "scan", "-o", format, dir); got != 0 {
			t.Errorf("%s: exit code %d", format, got)
		}
		if both := p.out.String() + p.errs.String(); strings.Count(both, "No container images found") != 1 {
			t.Errorf("%s: not said once:\n%s", format, both)
		}
	}
}

func TestNoColor(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"a.yaml": pod("nginx:1.25")})
	tests := map[string]struct {
		env    map[string]string
		args   []string
		colors bool
	}{
		"a terminal":       {nil, nil, true},
		"NO_COLOR":         {map[string]string{"NO_COLOR": "1"}, nil, false},
		"never":            {nil, []string{"--color", "never"}, false},
		"asked for anyway": {map[string]string{"NO_COLOR": "1"}, []string{"--color=always"}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := process{terminal: true, env: test.env}
			p.run(t, append([]string{"scan", "--offline", dir}, test.args...)...)
			if got := strings.Contains(p.out.String(), "\x1b["); got != test.colors {
				t.Errorf("colours: %t\n%q", got, p.out.String())
			}
		})
	}
}

// brokenPipe is an output that takes nothing.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestOutputThatFails(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"a.yaml": pod("nginx:1.25")})
	var p process
	env := p.environment()
	env.Stdout = brokenPipe{}
	if got := run(t.Context(), []string{"scan", "--offline", dir}, env); got != int(exitFailure) || !strings.Contains(p.errs.String(), "printing the result: no space left") {
		t.Errorf("exit code %d, stderr %q", got, p.errs.String())
	}
}
