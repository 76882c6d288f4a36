package sources_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/imageupdater/imageupdater/handlers/sources"
	"github.com/imageupdater/imageupdater/scanner/changelog"
	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// TestRequests counts what the reads of a source cost: all at first, nothing soon
// afterwards, and conditional ones later.
func TestRequests(t *testing.T) {
	w := newWorld(t)
	s := w.sources(sources.Options{})
	source := w.source(s, "acme/deploy", true)
	ask := func(name string, want ...string) {
		t.Helper()
		mark := w.hub.Mark()
		if said, errs := everything(t.Context(), source, repository(name)); errors.Join(errs...) != nil || !strings.Contains(said, "second") {
			t.Errorf("%v %s", errs, said)
		}
		if asked := w.asked(mark); !slices.Equal(asked, want) {
			t.Errorf("asked\n%s\nwant\n%s", strings.Join(asked, "\n"), strings.Join(want, "\n"))
		}
	}
	reads := []string{
		"repos/list-releases 200", "git/list-matching-refs 200", "repos/get-content 200", "repos/get-content 200", "repos/compare-commits-with-basehead 200",
	}
	token := []string{"apps/create-installation-access-token 201"}
	ask("open/lib", slices.Concat(token, []string{"repos/get 200"}, reads)...)
	ask("open/lib")
	w.hub.Advance(11 * minute)
	ask("open/lib", "repos/get 304", "repos/list-releases 304", "git/list-matching-refs 304", "repos/get-content 304", "repos/get-content 304",
		"repos/compare-commits-with-basehead 304")
	ask("acme/private", slices.Concat([]string{"repos/get 404"}, token, []string{"repos/get 200"}, reads)...)
	ask("acme/private")
	w.hub.Advance(11 * minute)
	ask("acme/private", "repos/get 404", "repos/get 304", "repos/list-releases 304", "git/list-matching-refs 304", "repos/get-content 304", "repos/get-content 304",
		"repos/compare-commits-with-basehead 304")

	ask("open/lib", "repos/get 304", "repos/list-releases 304", "git/list-matching-refs 304", "repos/get-content 304", "repos/get-content 304",
		"repos/compare-commits-with-basehead 304")
	source = w.source(s, "evilcorp/deploy", true) // what is public is known to all
	ask("open/lib")
}

// TestMissing asks once for what is not to be seen.
func TestMissing(t *testing.T) {
	w := newWorld(t)
	source := w.source(w.sources(sources.Options{}), "acme/deploy", true)
	for _, name := range []string{"open/none", "evilcorp/private", "acme/apart", "acme/none"} {
		everything(t.Context(), source, repository(name))
	}
	if asked := w.asked(0, githubtest.Answered(404, 422)); len(asked) != 4+2+2 { // two of them might be the target by an old name
		t.Errorf("asked: %v", asked)
	}
}

// TestForEver keeps what never changes, beyond the process if it is public.
func TestForEver(t *testing.T) {
	w := newWorld(t)
	known := &facts{}
	for _, name := range []string{"open/lib", "acme/private"} {
		r, owner := w.repos[name], strings.Split(name, "/")[0]
		from := r.Branch("main")
		to := r.Commit("main", "forever notes", map[string]string{"CHANGELOG.md": "forever " + planted, "big": strings.Repeat("b", 70<<10)})
		ask := func(source changelog.Source, want int) {
			t.Helper()
			mark := w.hub.Mark()
			compared, err := source.Compare(t.Context(), repository(name), from, to)
			file, err2 := source.File(t.Context(), repository(name), to, "CHANGELOG.md")
			names, err3 := source.Files(t.Context(), repository(name), to, "")
			big, err4 := source.File(t.Context(), repository(name), to, "big")
			if err := errors.Join(err, err2, err3, err4); err != nil || len(compared.Commits) != 1 || !strings.Contains(string(file), "forever") || len(names) < 2 || len(big) != 70<<10 {
				t.Errorf("%v %q %v %v", compared, file, names, err)
			}
			file[0] = 'X' // it is the caller's
			if asked := w.hub.Since(mark, githubtest.Of("repos/get-content", "repos/compare-commits-with-basehead")); len(asked) != want {
				t.Errorf("%s: asked %v, want %d", owner, asked, want)
			}
		}
		source := w.source(w.sources(sources.Options{Facts: known}), "acme/deploy", true)
		ask(source, 4)
		w.hub.Advance(24 * 60 * minute)
		ask(source, 0)
		anew := w.source(w.sources(sources.Options{Facts: known}), "acme/deploy", true)
		if name == "open/lib" {
			ask(anew, 1) // the large file
		} else {
			ask(anew, 4)
		}
	}
	if len(known.kept) != 3 {
		t.Errorf("facts: %d", len(known.kept))
	}
	for name, value := range known.kept {
		if len(value) > 64<<10 || strings.Contains(name, "private") {
			t.Errorf("fact %s has %d bytes", name, len(value))
		}
	}
}

// TestFlights asks once when many want to know at the same time.
func TestFlights(t *testing.T) {
	w := newWorld(t)
	source := w.source(w.sources(sources.Options{}), "acme/deploy", true)
	held := w.hub.Fault(githubtest.Fault{Operation: "repos/list-releases", Hold: true})
	impatient, giveUp := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() {
		if _, _, err := source.Releases(impatient, repository("open/lib"), 1); !errors.Is(err, context.Canceled) {
			t.Errorf("who gave up: %v", err)
		}
	})
	<-held.Reached()
	for range 20 {
		group.Go(func() {
			if releases, _, err := source.Releases(t.Context(), repository("open/lib"), 1); err != nil || len(releases) != 2 {
				t.Errorf("%v %v", releases, err)
			}
		})
	}
	giveUp() // the others go on without the one who asked first
	held.Remove()
	group.Wait()
	if asked := w.asked(0, githubtest.Of("repos/list-releases")); len(asked) > 2 {
		t.Errorf("asked: %v", asked)
	}
}

// TestBounded keeps no more than it may.
func TestBounded(t *testing.T) {
	w := newWorld(t)
	source := w.source(w.sources(sources.Options{Bytes: 60_000}), "acme/deploy", true)
	lib := w.repos["open/lib"]
	sha := lib.Commit("main", "files", map[string]string{
		"a.md": strings.Repeat("a", 20_000), "b.md": strings.Repeat("b", 20_000), "c.md": strings.Repeat("c", 20_000), "d.md": strings.Repeat("d", 31_000),
	})
	read := func(path string, want int) {
		t.Helper()
		mark := w.hub.Mark()
		if _, err := source.File(t.Context(), repository("open/lib"), sha, path); err != nil {
			t.Error(err)
		}
		if asked := w.asked(mark, githubtest.Of("repos/get-content")); len(asked) != want {
			t.Errorf("%s: asked %v, want %d", path, asked, want)
		}
	}
	read("a.md", 1)
	read("b.md", 1)
	read("a.md", 0)
	read("c.md", 1) // b.md goes, which was asked for before a.md
	read("a.md", 0)
	read("b.md", 1)
	read("d.md", 1) // is too large to be kept
	read("d.md", 1)
	read("b.md", 0)
}

// TestRequestsOfAnImage counts what the notes of one update cost, beside the token
// that is made once in an hour: at first, soon afterwards, and later.
func TestRequestsOfAnImage(t *testing.T) {
	w := newWorld(t)
	lib := w.repos["open/lib"]
	old := lib.Branch("main")
	mute := lib.Commit("main", "feat: more", map[string]string{"CHANGELOG.md": "# 1.3.0\n\nfrom the file\n\n# 1.2.0\n\nolder\n"})
	lib.Release("open", "v1.2.0", "", "", "")
	lib.Release("open", "v1.3.0", "", "", "")
	side := func(tag, revision string) changelog.Side {
		return changelog.Side{Tag: tag, Origin: changelog.Origin{Repository: repository("open/lib"), Revision: revision}}
	}
	for name, tt := range map[string]struct {
		from, to changelog.Side
		outcome  changelog.Outcome
		cold     int
	}{
		"releases":         {side("1.0.0", ""), side("1.1.0", ""), changelog.ByVersions, 2},
		"a changelog":      {side("1.2.0", ""), side("1.3.0", ""), changelog.ByVersions, 4},
		"tags of commits":  {side("main-"+old[:7], old), side("main-"+mute[:7], mute), changelog.ByCommits, 2},
		"a source unknown": {changelog.Side{Tag: "1.0.0"}, changelog.Side{Tag: "1.1.0"}, changelog.Nothing, 0},
	} {
		t.Run(name, func(t *testing.T) {
			source := w.source(w.sources(sources.Options{}), "acme/deploy", false)
			collect := func() (asked []string) {
				mark := w.hub.Mark()
				notes, err := changelog.Collect(t.Context(), source, &changelog.Request{
					Image: image.Repository{Registry: "ghcr.io", Path: "open/lib"}, From: tt.from, To: tt.to, Target: changelog.Private,
				}, changelog.Options{})
				if err != nil || notes.Outcome != tt.outcome || notes.Pending {
					t.Errorf("%+v %v", notes, err)
				}
				for _, e := range w.hub.Since(mark) {
					if e.Operation != "apps/create-installation-access-token" && !e.Free() {
						asked = append(asked, e.Operation)
					}
				}
				return asked
			}
			if asked := collect(); len(asked) != tt.cold {
				t.Errorf("cold: %v", asked)
			}
			if asked := collect(); len(asked) != 0 {
				t.Errorf("warm: %v", asked)
			}
			w.hub.Advance(11 * minute)
			if asked := collect(); len(asked) != 0 {
				t.Errorf("later, when nothing has changed: %v", asked)
			}
		})
	}
}
