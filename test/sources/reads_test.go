package sources_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/handlers/sources"
	"github.com/imageupdater/imageupdater/scanner/changelog"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// reading is a world's open/lib, read for acme/deploy.
func reading(t *testing.T) (*world, changelog.Source, *githubtest.Repository, changelog.Repository) {
	t.Helper()
	w := newWorld(t)
	return w, w.source(w.sources(sources.Options{}), "acme/deploy", false), w.repos["open/lib"], repository("open/lib")
}

func TestReleases(t *testing.T) {
	w, source, lib, repo := reading(t)
	lib.Release("open", "v1.2.0-rc1", "@all <b>", strings.Repeat("é", 200<<10), "prerelease")
	releases, more, err := source.Releases(t.Context(), repo, 1)
	if err != nil || more || len(releases) != 3 {
		t.Fatalf("%d %t %v", len(releases), more, err)
	}
	last := releases[0]
	if last.Tag != "v1.2.0-rc1" || last.Title != "@all <b>" || !last.PreRelease || !last.Published.Equal(w.hub.Now()) || last.Body != strings.Repeat("é", 128<<10) {
		t.Errorf("%s %q %t %s, %d bytes", last.Tag, last.Title, last.PreRelease, last.Published, len(last.Body))
	}
	for n := range 100 {
		lib.Release("open", fmt.Sprintf("v3.0.%d", n), "", "three", "")
	}
	w.hub.Advance(11 * minute)
	first, more, err := source.Releases(t.Context(), repo, 1)
	second, end, err2 := source.Releases(t.Context(), repo, 2)
	if err = errors.Join(err, err2); err != nil || len(first) != 100 || !more || len(second) != 3 || end || first[0].Tag != "v3.0.99" {
		t.Errorf("%d %t, %d %t, %v", len(first), more, len(second), end, err)
	}
	if _, _, err := source.Releases(t.Context(), repo, 0); !errors.Is(err, changelog.ErrNotFound) {
		t.Errorf("page 0: %v", err)
	}
}

// TestLargeReleases reads in quarters what is too much at once, and loses none.
func TestLargeReleases(t *testing.T) {
	w, source, lib, repo := reading(t)
	for n := range 118 {
		lib.Release("open", fmt.Sprintf("v3.0.%d", n), "", strings.Repeat("x", 100_000), "")
	}
	var tags []string
	mark := w.hub.Mark()
	for page, more := 1, true; more; page++ {
		var some []changelog.Release
		var err error
		if some, more, err = source.Releases(t.Context(), repo, page); err != nil {
			t.Fatal(err)
		}
		for _, r := range some {
			tags = append(tags, r.Tag)
		}
	}
	if len(tags) != 120 || tags[0] != "v3.0.117" || tags[99] != "v3.0.18" || tags[100] != "v3.0.17" || tags[119] != "v1.0.0" {
		t.Errorf("%d: %v", len(tags), tags)
	}
	if asked := w.asked(mark, githubtest.Of("repos/list-releases")); len(asked) != 1+4+1 {
		t.Errorf("asked: %v", asked)
	}
	for n := range 26 {
		lib.Release("open", fmt.Sprintf("v4.0.%d", n), "", strings.Repeat("x", 400_000), "")
	}
	w.hub.Advance(11 * minute)
	if _, _, err := source.Releases(t.Context(), repo, 1); !errors.Is(err, changelog.ErrTooLarge) {
		t.Errorf("quarters that are too large: %v", err)
	}
}

func TestTags(t *testing.T) {
	_, source, lib, repo := reading(t)
	want := []string{"v1.0.0", "v1.1.0", "charts/api-1.0.0", "ünicode"}
	for _, tag := range want[2:] {
		lib.Tag("open", tag, lib.Branch("main"), "")
	}
	for n := range 150 {
		want = append(want, fmt.Sprintf("t%d", n))
		lib.Tag("open", want[len(want)-1], lib.Branch("main"), "")
	}
	tags, err := source.Tags(t.Context(), repo)
	slices.Sort(tags)
	slices.Sort(want)
	if err != nil || !slices.Equal(tags, want) {
		t.Errorf("%v %v", tags, err)
	}
}

func TestFiles(t *testing.T) {
	w, source, lib, repo := reading(t)
	sha := lib.Push("main", "open", "files", map[string]*githubtest.File{
		"docs/CHANGES 1%.md": githubtest.Text("odd name"), "HISTORY.md": githubtest.Symlink("docs/CHANGES 1%.md"),
		"docs/deep/x": githubtest.Text("x"), "large.md": githubtest.Text(strings.Repeat("l", 3<<20)), "huge.md": githubtest.Text(strings.Repeat("h", 4<<20+1)),
		"empty.md": githubtest.Text(""),
	})
	lib.Tag("open", "release/v3", sha, "")
	for directory, want := range map[string]string{"": "CHANGELOG.md HISTORY.md a empty.md huge.md large.md", "docs": "CHANGES 1%.md a.txt", "docs/deep": "x"} {
		for _, revision := range []string{sha, "release/v3"} {
			names, err := source.Files(t.Context(), repo, revision, directory)
			if got := strings.Join(names, " "); err != nil || got != want {
				t.Errorf("%q at %s: %q %v", directory, revision, got, err)
			}
		}
	}
	for path, want := range map[string]string{"docs/CHANGES 1%.md": "odd name", "HISTORY.md": "odd name", "empty.md": "", "large.md": strings.Repeat("l", 3<<20)} {
		data, err := source.File(t.Context(), repo, sha, path)
		if err != nil || string(data) != want || data == nil {
			t.Errorf("%s: %.20q %v", path, data, err)
		}
	}
	if _, err := source.File(t.Context(), repo, sha, "huge.md"); !errors.Is(err, changelog.ErrTooLarge) {
		t.Errorf("huge: %v", err)
	}
	for _, path := range []string{"none.md", "docs", ""} {
		if _, err := source.File(t.Context(), repo, sha, path); !errors.Is(err, changelog.ErrNotFound) {
			t.Errorf("%q: %v", path, err)
		}
	}
	for _, directory := range []string{"none", "CHANGELOG.md"} {
		if _, err := source.Files(t.Context(), repo, sha, directory); !errors.Is(err, changelog.ErrNotFound) {
			t.Errorf("%q: %v", directory, err)
		}
	}
	mark := w.hub.Mark()
	for _, path := range []string{"..", "../lib", "a/../b", "a//b", "/a", "a/", "a\\b", "a\nb", "\xff", strings.Repeat("a", 1025)} {
		_, err := source.File(t.Context(), repo, sha, path)
		_, err2 := source.Files(t.Context(), repo, sha, path)
		if !errors.Is(err, changelog.ErrNotFound) || !errors.Is(err2, changelog.ErrNotFound) {
			t.Errorf("%q: %v %v", path, err, err2)
		}
	}
	for _, revision := range []string{"", "-x", "a..b", "a?b=c", "a b", "main", "HEAD", "evil:main", "refs/../x", "a\x00"} {
		_, err := source.File(t.Context(), repo, revision, "CHANGELOG.md")
		_, err2 := source.Compare(t.Context(), repo, "v1.0.0", revision)
		_, err3 := source.Compare(t.Context(), repo, revision, "v1.0.0")
		if !errors.Is(err, changelog.ErrNotFound) || !errors.Is(err2, changelog.ErrNotFound) || !errors.Is(err3, changelog.ErrNotFound) {
			t.Errorf("%q: %v %v %v", revision, err, err2, err3)
		}
	}
	if asked := w.asked(mark); len(asked) > 0 {
		t.Errorf("asked: %v", asked)
	}
}

func TestCompare(t *testing.T) {
	w, source, lib, repo := reading(t)
	lib.Collaborate("alice", "write")
	lib.Collaborate("renovate[bot]", "write")
	base := lib.Branch("main")
	first := lib.Push("main", "alice", "Add x (#7)\n\nThanks @bob "+strings.Repeat("é", 4000), map[string]*githubtest.File{"x": githubtest.Text("1")})
	head := lib.Push("main", "renovate[bot]", "Update y", map[string]*githubtest.File{"y": githubtest.Text("1")})
	lib.Tag("open", "api/v2+x@1", head, "")
	got, err := source.Compare(t.Context(), repo, base, "api/v2+x@1")
	if err != nil || got.Total != 2 || got.Behind != 0 || len(got.Commits) != 2 {
		t.Fatalf("%+v %v", got, err)
	}
	c := got.Commits[0]
	if c.SHA != first || !strings.HasPrefix(c.Message, "Add x (#7)\n\nThanks @bob éé") || len(c.Message) > 2<<10 || c.Author != "alice" || c.Parents != 1 || c.Bot ||
		!c.When.Equal(w.hub.Now()) {
		t.Errorf("%+v", c)
	}
	if c := got.Commits[1]; c.SHA != head || c.Login != "renovate[bot]" || !c.Bot {
		t.Errorf("%+v", c)
	}
	if got, err := source.Compare(t.Context(), repo, head, first); err != nil || got.Total != 0 || got.Behind != 1 || len(got.Commits) != 0 {
		t.Errorf("backwards: %+v %v", got, err)
	}
	if _, err := source.Compare(t.Context(), repo, head, strings.Repeat("a", 40)); !errors.Is(err, changelog.ErrNotFound) {
		t.Errorf("a commit that is not there: %v", err)
	}
}

// TestLongCompare reads the newest of many commits, in few requests.
func TestLongCompare(t *testing.T) {
	w, source, lib, repo := reading(t)
	base := lib.Branch("main")
	shas := []string{base}
	for n := range 512 {
		shas = append(shas, lib.Commit("main", fmt.Sprintf("commit %d", n), map[string]string{"n": strconv.Itoa(n)}))
	}
	for total, want := range map[int]struct{ commits, requests int }{
		1: {1, 1}, 100: {100, 1}, 101: {101, 2}, 250: {250, 3}, 400: {400, 4}, 401: {201, 4}, 512: {212, 4},
	} {
		if _, err := source.Access(t.Context(), repo); err != nil {
			t.Fatal(err)
		}
		mark := w.hub.Mark()
		got, err := source.Compare(t.Context(), repo, base, shas[total])
		if err != nil || got.Total != total || len(got.Commits) != want.commits || len(w.asked(mark)) != want.requests {
			t.Errorf("%d: %d of %d, %v, %v", total, len(got.Commits), got.Total, err, w.asked(mark))
			continue
		}
		for i, c := range got.Commits {
			if at := total - want.commits + 1 + i; c.SHA != shas[at] {
				t.Errorf("%d: commit %d is %s, want %s", total, i, c.Message, shas[at])
				break
			}
		}
	}
}

// TestEmpty reads a repository without a commit.
func TestEmpty(t *testing.T) {
	w, source, _, _ := reading(t)
	w.hub.AddEmptyRepository("open/empty")
	repo := repository("open/empty")
	releases, more, err := source.Releases(t.Context(), repo, 1)
	if err != nil || more || len(releases) != 0 {
		t.Errorf("releases: %v %v", releases, err)
	}
	_, err = source.Tags(t.Context(), repo)
	_, err2 := source.Files(t.Context(), repo, "v1", "")
	if !errors.Is(err, changelog.ErrNotFound) || !errors.Is(err2, changelog.ErrNotFound) {
		t.Errorf("%v, %v", err, err2)
	}
}
