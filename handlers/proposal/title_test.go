package proposal

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/imageupdater/imageupdater/scanner/version"
)

const pear, plum = "ghcr.io/orchard/pear", "quay.io/orchard/plum"

func TestTitle(t *testing.T) {
	t.Parallel()
	pinned := "1.27@" + newDigest
	for _, c := range []struct {
		name, conventional, want string
		changes                  []Change
	}{
		{"one", "", "Update ghcr.io/orchard/pear to v1.5.0", []Change{step("a", 1, pear, "v1.4.0", "v1.5.0", version.Minor)}},
		{"one in many places", "", "Update ghcr.io/orchard/pear to v1.5.0", []Change{
			step("a", 1, pear, "v1.4.0", "v1.5.0", version.Minor), step("b", 1, pear, "v1.4.9", "v1.5.0", version.Patch),
		}},
		{"one to several", "", "Update ghcr.io/orchard/pear (2 versions)", []Change{
			step("a", 1, pear, "v1.4.0", "v1.5.0", version.Minor), step("b", 1, pear, "v1-alpine", "v2-alpine", version.Major),
		}},
		{"Docker Hub's own", "", "Update nginx to 1.27.1", []Change{step("a", 1, "docker.io/library/nginx", "1.27.0", "1.27.1", version.Patch)}},
		{"Docker Hub", "", "Update orchard/fig to 2", []Change{step("a", 1, "docker.io/orchard/fig", "1", "2", version.Major)}},
		{"digest", "", "Update ghcr.io/orchard/pear digest to f9e8d7c", []Change{step("a", 1, pear, "1.27@"+oldDigest, pinned, version.Digest)}},
		{"digest alone", "", "Update ghcr.io/orchard/pear digest to f9e8d7c", []Change{step("a", 1, pear, "@"+oldDigest, "@"+newDigest, version.Tag)}},
		{"pin", "", "Pin ghcr.io/orchard/pear to digest f9e8d7c", []Change{step("a", 1, pear, "1.27", pinned, version.Pin)}},
		{"rollback", "", "Roll back ghcr.io/orchard/pear to v1.3.0", []Change{step("a", 1, pear, "v1.4.0", "v1.3.0", version.Rollback)}},
		{"group", "", "Update backend images (2)", []Change{
			step("a", 1, pear, "1", "2", version.Major), step("b", 1, plum, "1", "2", version.Major), step("c", 1, plum, "1", "2", version.Major),
		}},
		{"group of digests", "", "Update digests of backend images (2)", []Change{
			step("a", 1, pear, "1", pinned, version.Digest), step("b", 1, plum, "1", pinned, version.Digest),
		}},
		{"group of pins", "", "Pin backend images (2)", []Change{
			step("a", 1, pear, "1", pinned, version.Pin), step("b", 1, plum, "1", pinned, version.Pin),
		}},
		{"mixed group", "", "Update backend images (2)", []Change{
			step("a", 1, pear, "1", pinned, version.Pin), step("b", 1, plum, "1", "0", version.Rollback),
		}},
		{"conventional", "chore(deps):", "chore(deps): update ghcr.io/orchard/pear to v1.5.0", []Change{step("a", 1, pear, "v1.4.0", "v1.5.0", version.Minor)}},
		{"nothing", "", "Update images", nil},
	} {
		if got := title(&Proposal{Group: "backend", Changes: c.changes}, c.conventional); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestTitleNamesGroups(t *testing.T) {
	t.Parallel()
	for group, want := range map[string]string{
		"orchard/fruit": "Update orchard/fruit images (2)",
		"dev images":    "Update dev images (2)",
		"Images":        "Update Images (2)",
		"":              "Update images (2)",
		"team @pickers": "Update team @ pickers images (2)",
	} {
		p := &Proposal{Group: group, Changes: []Change{step("a", 1, pear, "1", "2", version.Major), step("b", 1, plum, "1", "2", version.Major)}}
		if got := title(p, ""); got != want {
			t.Errorf("%q: %q, want %q", group, got, want)
		}
	}
}

func TestTitleByTemplate(t *testing.T) {
	t.Parallel()
	settings := titled(t, "{{ .Image.Name }} in {{ index .Dirs 0 }}")
	a := step("dev/a.yaml", 1, pear, "v1.4.0", "v1.5.0", version.Minor)
	b := step("dev/b.yaml", 1, pear, "v1.4.0", "v1.5.0", version.Minor)
	c := step("prod/c.yaml", 1, pear, "v1.4.0", "v1.5.0", version.Minor)
	a.Settings, b.Settings, c.Settings = settings, settings, settings
	for want, changes := range map[string][]Change{
		"pear in dev": {a, b},
		"chore: update ghcr.io/orchard/pear to v1.5.0": {a, c},
	} {
		if got := title(&Proposal{Group: "pears", Changes: changes}, "chore:"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What titles and commit messages must not hold, but for their own last line.
var loud = []*regexp.Regexp{
	regexp.MustCompile(`@\w`),
	regexp.MustCompile(`#\d`),
	regexp.MustCompile(`(?i)\bgh-\d`),
	regexp.MustCompile(`://`),
	regexp.MustCompile(`(?i)\[[a-z]+[ -]?[a-z]+\]`),
	regexp.MustCompile(`(?i)skip-checks`),
	regexp.MustCompile(`\*\*\*`),
	regexp.MustCompile("`"),
}

// quietLine fails unless a text is one line that only says something.
func quietLine(t *testing.T, text string) {
	t.Helper()
	for _, pattern := range loud {
		if pattern.MatchString(text) {
			t.Errorf("%q: %s", text, pattern)
		}
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		t.Errorf("%q is not one line of characters that are seen", text)
	}
}

func quietTitle(t *testing.T, text string) {
	t.Helper()
	quietLine(t, text)
	if n := utf8.RuneCountInString(text); n == 0 || n > longestTitle {
		t.Errorf("%q: %d characters", text, n)
	}
}

func TestTitleOfHostileValues(t *testing.T) {
	t.Parallel()
	for _, v := range hostile() {
		one := step(v, 1, v, v, v, version.Kind(v))
		other := step("x", 1, plum, v, v, version.Minor)
		for _, changes := range [][]Change{{one}, {one, other}} {
			quietTitle(t, title(&Proposal{Group: v, Changes: changes}, ""))
			quietTitle(t, title(&Proposal{Group: v, Changes: changes}, "fix(deps):"))
		}
		one.Settings = titled(t, "{{ .Path }}: {{ .Image.Name }} {{ .Kind }}")
		quietTitle(t, title(&Proposal{Group: v, Changes: []Change{one}}, ""))
	}
}

func TestConventional(t *testing.T) {
	t.Parallel()
	repeat := func(n int, subjects ...string) []string { return slices.Repeat(subjects, n) }
	for _, c := range []struct {
		name, want string
		subjects   []string
	}{
		{"none", "", nil},
		{"plain", "", repeat(20, "Add the pear", "bump plum to 2.0", "WIP: pears")},
		{"too few", "", []string{"feat: pears", "fix: plums"}},
		{"conventional", "chore:", repeat(3, "feat(api): pears", "fix: plums", "docs!: figs")},
		{"half", "", repeat(10, "feat: pears", "Add plums")},
		{"most, between merges", "chore:", repeat(10, "feat: pears", "Merge pull request 7 from orchard/x", "fix: figs", "Add plums", `Revert "feat: pears"`)},
		{"chore(deps)", "chore(deps):", repeat(5, "feat: pears", "fix: plums", "chore(deps): bump fig")},
		{"build(deps)", "build(deps):", []string{"chore(deps): a", "build(deps): b", "build(deps)!: c", "feat: d"}},
		{"fix(deps), as often", "chore(deps):", []string{"fix(deps): a", "chore(deps): b", "feat: c"}},
		{"deps", "deps:", []string{"deps: a", "deps: b", "feat: c"}},
		{"other scopes", "chore:", []string{"chore(ci): a", "build(make): b", "feat(deps-ui): c"}},
		{"long ago", "", append(repeat(50, "Add the pear"), repeat(200, "feat: pears")...)},
		{"unknown types", "", repeat(9, "pears: add one", "https: a", "note: b")},
		{"hostile", "", hostile()},
	} {
		if got := Conventional(c.subjects); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
