package command

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// seenAt asks when names of an image were first seen, by a clock that shows a
// day of November.
func seenAt(t *testing.T, dir string, day int, names ...string) map[string]int {
	t.Helper()
	s := &firstSeen{dir: dir, now: func() time.Time { return november(day) }}
	times, err := s.FirstSeen(t.Context(), image.Repository{Registry: "docker.io", Path: "acme/web"}, names)
	if err != nil {
		t.Fatal(err)
	}
	days := map[string]int{}
	for name, at := range times {
		days[name] = at.UTC().Day()
	}
	return days
}

func november(day int) time.Time { return time.Date(2026, 11, day, 12, 0, 0, 0, time.UTC) }

func TestFirstSeen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, test := range []struct {
		name  string
		day   int
		names []string
		want  map[string]int
	}{
		{"new", 10, []string{"1.0", "1.1"}, map[string]int{"1.0": 10, "1.1": 10}},
		{"one more", 12, []string{"1.0", "1.1", "1.2"}, map[string]int{"1.0": 10, "1.1": 10, "1.2": 12}},
		{"a digest", 13, []string{"1.0@sha256:a"}, map[string]int{"1.0@sha256:a": 13}},
		{"another digest of the tag", 14, []string{"1.0@sha256:b"}, map[string]int{"1.0@sha256:b": 14}},
		{"the first digest again", 15, []string{"1.0@sha256:a"}, map[string]int{"1.0@sha256:a": 15}},
		{"tags are still known", 16, []string{"1.0", "1.2"}, map[string]int{"1.0": 10, "1.2": 12}},
		{"one that went and came back", 17, []string{"1.0", "1.1"}, map[string]int{"1.0": 10, "1.1": 17}},
		{"nothing", 18, nil, map[string]int{}},
		{"after nothing", 19, []string{"1.0", "1.1"}, map[string]int{"1.0": 10, "1.1": 17}},
		{"a clock that went back", 5, []string{"1.0", "1.1"}, map[string]int{"1.0": 10, "1.1": 17}},
		{"a clock that is right again", 20, []string{"1.0", "1.1"}, map[string]int{"1.0": 10, "1.1": 17}},
	} {
		if diff := cmp.Diff(test.want, seenAt(t, dir, test.day, test.names...)); diff != "" {
			t.Errorf("%s: -want +got\n%s", test.name, diff)
		}
	}
}

func TestFirstSeenReadsNoNonsense(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing": "", "cut off": `{"image":"docker.io/acme/we`, "another image": `{"image":"docker.io/acme/api","tags":{"1.0":1}}`,
		"no tags": `{"image":"docker.io/acme/web"}`, "no time": `{"image":"docker.io/acme/web","tags":{"1.0":null}}`,
		"before all times": `{"image":"docker.io/acme/web","tags":{"1.0":-5}}`, "a list": `[]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			seenAt(t, dir, 1, "1.0")
			files, err := filepath.Glob(filepath.Join(dir, "first-seen", "*.json"))
			if err != nil || len(files) != 1 {
				t.Fatal(err, files)
			}
			if err := os.WriteFile(files[0], []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string]int{"1.0": 9}, seenAt(t, dir, 9, "1.0")); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if diff := cmp.Diff(map[string]int{"1.0": 9}, seenAt(t, dir, 11, "1.0")); diff != "" {
				t.Errorf("later: -want +got\n%s", diff)
			}
		})
	}
}

func TestFirstSeenIsForOneUser(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var together sync.WaitGroup
	for range 8 {
		together.Go(func() { seenAt(t, dir, 3, "1.0") })
	}
	together.Wait()
	var modes []string
	err := filepath.WalkDir(filepath.Join(dir, "first-seen"), func(_ string, entry os.DirEntry, err error) error {
		info, infoErr := entry.Info()
		if err == nil && infoErr == nil {
			modes = append(modes, info.Mode().String())
		}
		return err
	})
	if want := []string{"drwx------", "-rw-------"}; err != nil || !slices.Equal(modes, want) {
		t.Errorf("%v: modes %s, want %s", err, modes, want)
	}
}

// The paths of a file count from its folder, also where it is named.
func TestScanByANamedConfiguration(t *testing.T) {
	t.Parallel()
	host := exampleRegistry(t)
	rules := "rules:\n  - match: {path: a.yaml}\n    enabled: false\n"
	dir := tree(t, map[string]string{".git/HEAD": "ref: x\n", "sub/.imageupdater.yaml": rules, "sub/a.yaml": pod(host + "/acme/web:1.2.0"), "rules.yaml": strings.Replace(rules, "a.yaml", "sub/a.yaml", 1)})
	sub := filepath.Join(dir, "sub")
	for name, args := range map[string][]string{
		"found":              {sub},
		"named":              {"--config", filepath.Join(sub, ".imageupdater.yaml"), sub},
		"of another name":    {"--config", filepath.Join(dir, "rules.yaml"), sub},
		"named, for the top": {"--config", filepath.Join(dir, "rules.yaml"), dir},
	} {
		var p process
		p.run(t, append([]string{"scan", "--plain-http", host}, args...)...)
		if !strings.Contains(p.out.String(), "skipped: enabled: false") {
			t.Errorf("%s: %s\n%s", name, p.out.String(), p.errs.String())
		}
	}
}

// To GitHub Acme is acme.
func TestOwnersAreFoundInAnyCase(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		".imageupdater.yaml":                        "extends: [ACME/Shared]\n",
		"ext/acme/.imageupdater/.imageupdater.yaml": "enforce: {minAge: soon}\n",
		"ext/acme/shared/.imageupdater.yaml":        "defaults: {minAge: 1d}\n",
	}
	dir := tree(t, files)
	for _, repository := range []string{"acme/shop", "Acme/shop"} {
		var p process
		code := p.run(t, "check", "--repository", repository, "--extends-dir", filepath.Join(dir, "ext"), dir)
		if code != int(exitFine) || !strings.Contains(p.out.String(), "nothing merges by itself") {
			t.Errorf("%s: code %d\n%s%s", repository, code, p.out.String(), p.errs.String())
		}
	}
}
