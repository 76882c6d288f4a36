package command

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// wantedFiles is a repository whose configuration leaves out one folder, one
// image, and the newest versions of another.
func wantedFiles(host string) map[string]string {
	return map[string]string{
		".imageupdater.yaml": `rules:
  - match: {image: "` + host + `/acme/web"}
    constraint: "<1.5"
    group: web
  - match: {image: "` + host + `/acme/db"}
    enabled: false
  - match: {image: "ghcr.io/nobody/**"}
    group: none
scan:
  exclude: ["old/"]
`,
		"a.yaml":     pod(host + "/acme/web:1.2.0"),
		"b.yaml":     pod(host + "/acme/db:16.0.0"),
		"old/a.yaml": pod(host + "/acme/web:1.2.0"),
	}
}

func TestScanFollowsTheConfiguration(t *testing.T) {
	t.Parallel()
	host := exampleRegistry(t)
	dir := tree(t, wantedFiles(host))
	var p process
	if code := p.run(t, "scan", "--plain-http", host, dir); code != int(exitFine) {
		t.Errorf("exit code %d", code)
	}
	want := `a.yaml
  7:39  HOST/acme/web  1.2.0  → 1.3.0 (minor)

b.yaml
  7:38  HOST/acme/db  16.0.0  skipped: enabled: false, by rules[1] (FILE:6)
`
	want = strings.NewReplacer("HOST", host, "FILE", filepath.ToSlash(filepath.Join(dir, ".imageupdater.yaml"))).Replace(want)
	if diff := cmp.Diff(strings.Join(strings.Fields(want), " "), strings.Join(strings.Fields(p.out.String()), " ")); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	for _, line := range []string{
		"/.imageupdater.yaml:7:5: warning: rules[2]: no image matches the rule",
		"3 images in 3 files: 1 update, 0 up to date, 2 skipped (1 excluded), 0 problems.",
	} {
		if !strings.Contains(p.errs.String(), line) {
			t.Errorf("stderr lacks %q:\n%s", line, p.errs.String())
		}
	}
}

func TestScanJSONSaysWhatTheConfigurationLeavesOut(t *testing.T) {
	t.Parallel()
	host := exampleRegistry(t)
	dir := tree(t, wantedFiles(host))
	var p process
	p.run(t, "scan", "-o", "json", "--plain-http", host, dir)
	got := decodeContract(t, p.out.String())
	var ends []string
	for _, field := range got.Fields {
		words := []string{field.File, field.Status}
		if field.Reason != nil {
			words = append(words, field.Reason.Code)
		}
		for _, update := range field.Updates {
			words = append(words, update.Tag, update.Group)
		}
		ends = append(ends, strings.Join(words, " "))
	}
	if diff := cmp.Diff([]string{"a.yaml update 1.3.0 web", "b.yaml skipped disabled", "old/a.yaml skipped excluded"}, ends); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if len(got.Warnings) != 1 || got.Warnings[0].Message != "no image matches the rule" {
		t.Errorf("warnings %+v", got.Warnings)
	}
}

func TestScanWithoutTheConfiguration(t *testing.T) {
	t.Parallel()
	host := exampleRegistry(t)
	dir := tree(t, wantedFiles(host))
	var p process
	p.run(t, "scan", "--no-config", "--plain-http", host, dir)
	if want := "3 images in 3 files: 3 updates (3 major), 0 up to date, 0 skipped, 0 problems.\n"; p.errs.String() != want {
		t.Errorf("stderr %q, want %q", p.errs.String(), want)
	}
}

// A folder of a repository goes by the file at its top, whose paths count from
// there; rules for the rest of it are no reason to warn.
func TestScanOfAFolder(t *testing.T) {
	t.Parallel()
	host := exampleRegistry(t)
	files := map[string]string{
		".git/HEAD":          "ref: refs/heads/main\n",
		".imageupdater.yaml": "rules:\n  - match: {path: envs/prod/**}\n    constraint: <2\n  - match: {path: envs/dev/**}\n    group: dev\n",
		"envs/prod/a.yaml":   pod(host + "/acme/web:1.2.0"),
		"envs/dev/a.yaml":    pod(host + "/acme/web:1.2.0"),
	}
	dir := tree(t, files)
	for folder, want := range map[string]string{
		"envs/prod": "1 image in 1 file: 1 update, 0 up to date, 0 skipped, 0 problems.\n",
		"envs/dev":  "1 image in 1 file: 1 update (1 major), 0 up to date, 0 skipped, 0 problems.\n",
	} {
		var p process
		p.run(t, "scan", "--plain-http", host, filepath.Join(dir, folder))
		if p.errs.String() != want {
			t.Errorf("%s: stderr %q, want %q", folder, p.errs.String(), want)
		}
	}
}

func TestScanStopsAtABrokenConfiguration(t *testing.T) {
	t.Parallel()
	host := exampleRegistry(t)
	files := wantedFiles(host)
	before := maps.Clone(files)
	files[".imageupdater.yaml"] += "minage: 3\nschedule: soon\n"
	dir := tree(t, files)
	var p process
	if code := p.run(t, "scan", "--write", "--plain-http", host, dir); code != int(exitFailure) || p.out.Len() > 0 {
		t.Errorf("exit code %d, stdout %q", code, p.out.String())
	}
	for _, line := range []string{`:11:1: error: minage: unknown key "minage"`, `:12:11: error: schedule: `} {
		if !strings.Contains(p.errs.String(), line) {
			t.Errorf("stderr lacks %q:\n%s", line, p.errs.String())
		}
	}
	if src, err := os.ReadFile(filepath.Join(dir, "a.yaml")); err != nil || string(src) != before["a.yaml"] {
		t.Errorf("%v, a.yaml is now\n%s", err, src)
	}
}

// The first scan that asks for an age remembers when it was; a later one finds
// the tag old enough.
func TestScanRemembersAges(t *testing.T) {
	t.Parallel()
	host := exampleRegistry(t)
	dir := tree(t, map[string]string{".imageupdater.yaml": "defaults: {minAge: 3d}\n", "a.yaml": pod(host + "/acme/web:1.2.0")})
	cache := t.TempDir()
	for _, test := range []struct {
		days int
		want string
	}{
		{0, "1 image in 1 file: 0 updates, 1 up to date, 0 skipped, 0 problems.\n"},
		{2, "1 image in 1 file: 0 updates, 1 up to date, 0 skipped, 0 problems.\n"},
		{3, "1 image in 1 file: 1 update (1 major), 0 up to date, 0 skipped, 0 problems.\n"},
	} {
		var p process
		env := p.environment()
		now := env.Now().AddDate(0, 0, test.days)
		env.CacheDir, env.Now = cache, func() time.Time { return now }
		run(t.Context(), []string{"scan", "--plain-http", host, dir}, env)
		if p.errs.String() != test.want {
			t.Errorf("after %d days: stderr %q, want %q", test.days, p.errs.String(), test.want)
		}
		if waits := strings.Contains(p.out.String(), "up to date; 2.0.0 (major) is too young until 2026-11-24 12:00 UTC"); waits != (test.days < 3) {
			t.Errorf("after %d days:\n%s", test.days, p.out.String())
		}
	}
	entries, err := os.ReadDir(filepath.Join(cache, "first-seen"))
	if err != nil || len(entries) != 1 {
		t.Errorf("%v: %d files are kept", err, len(entries))
	}
}

func TestScanWithoutAPlaceForAges(t *testing.T) {
	t.Parallel()
	host := exampleRegistry(t)
	dir := tree(t, map[string]string{".imageupdater.yaml": "defaults: {minAge: 3d}\n", "a.yaml": pod(host + "/acme/web:1.2.0")})
	var p process
	if code := p.run(t, "scan", "--plain-http", host, dir); code != int(exitLookup) || !strings.Contains(p.out.String(), "set HOME or XDG_CACHE_HOME") {
		t.Errorf("exit code %d, stdout %q", code, p.out.String())
	}
}

// --only shows less, and decides as all would: a value that is shared with a
// field that is not picked does not move away from it.
func TestScanOnlyDecidesAsAll(t *testing.T) {
	t.Parallel()
	host := exampleRegistry(t)
	dir := tree(t, map[string]string{
		".imageupdater.yaml": "rules:\n  - match: {image: \"" + host + "/acme/api\"}\n    enabled: false\n",
		"values.yaml":        "web:\n  image: {repository: " + host + "/acme/web, tag: &v 1.2.0}\nother:\n  image: {repository: " + host + "/acme/web, tag: *v}\n",
		"a.yaml":             pod(host + "/acme/web:1.2.0"),
	})
	ends := func(args ...string) map[string]string {
		var p process
		p.run(t, append([]string{"scan", "-o", "json", "--plain-http", host, dir}, args...)...)
		found := map[string]string{}
		for _, field := range decodeContract(t, p.out.String()).Fields {
			found[field.File+" "+field.Path] = field.Status
		}
		return found
	}
	all := ends()
	for _, only := range []string{"values.yaml", "a.yaml"} {
		for place, status := range ends("--only", only) {
			if all[place] != status {
				t.Errorf("--only %s: %s is %s, and %s among all", only, place, status, all[place])
			}
		}
	}
}
