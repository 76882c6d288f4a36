package sources_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/sources"
	"github.com/imageupdater/imageupdater/scanner/changelog"
	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// TestWhoSeesWhat asks for each source in each target, with the operator's leave
// and without.
func TestWhoSeesWhat(t *testing.T) {
	w := newWorld(t)
	shared := w.sources(sources.Options{Facts: &facts{}}) // all installations' answers are kept together
	all := repositories()
	for target, to := range all {
		if !to.installed {
			continue
		}
		for _, allow := range []bool{false, true} {
			source := w.source(shared, target, allow)
			for name, is := range all {
				t.Run(fmt.Sprintf("%s in %s %t", name, target, allow), func(t *testing.T) {
					sameAccount := strings.Split(name, "/")[0] == strings.Split(target, "/")[0]
					own := allow && is.installed && sameAccount || name == target // whoever sees that one sees its pull requests
					visible := is.visibility == changelog.Public || own
					mark := w.hub.Mark()
					said, errs := everything(t.Context(), source, repository(name))
					for i, err := range errs {
						if visible && err != nil || !visible && !errors.Is(err, changelog.ErrNotFound) {
							t.Errorf("read %d: %v", i, err)
						}
					}
					if visible != strings.Contains(said, "second") {
						t.Errorf("said: %s", said)
					}
					if strings.Contains(said, planted) && !own || strings.Contains(said, "draft") {
						t.Errorf("said: %s", said)
					}
					w.onlyNarrow(mark, target)
					w.collects(t, source, name, target, allow, visible && (is.visibility == changelog.Public || is.visibility >= to.visibility))
				})
			}
		}
	}
}

// onlyNarrow looks at the tokens of what was asked for a target.
func (w *world) onlyNarrow(mark githubtest.Mark, target string) {
	w.t.Helper()
	owner, _, _ := strings.Cut(target, "/")
	for _, e := range w.hub.Since(mark) {
		if e.Operation == "apps/create-installation-access-token" {
			continue
		}
		of := strings.TrimPrefix(e.Path, "/repos/")
		source := strings.Join(strings.SplitN(of, "/", 3)[:2], "/")
		public := e.Scope == "metadata:read of "+target
		private := e.Scope == "contents:read metadata:read of "+source && strings.HasPrefix(source, owner+"/")
		// Its own token asks whether a name is one that the target had before.
		before := e.Scope == "contents:read metadata:read of "+target && e.Status == 404 && e.Operation == "repos/get"
		if !public && !private && !before {
			w.t.Errorf("for %s: %s %s by %s with %q", target, e.Method, e.Path, e.Caller, e.Scope)
		}
		if public && e.Status == 200 && e.Operation != "repos/get" && repositories()[source].visibility != changelog.Public {
			w.t.Errorf("for %s: %s was read in public", target, e.Path)
		}
	}
}

// collects holds the notes of an update against what may be shown.
func (w *world) collects(t *testing.T, source changelog.Source, name, target string, allow, shown bool) {
	t.Helper()
	update := &changelog.Request{
		Image:        image.Repository{Registry: "ghcr.io", Path: "acme/api"},
		From:         changelog.Side{Tag: "1.0.0", Origin: changelog.Origin{Repository: repository(name)}},
		To:           changelog.Side{Tag: "1.1.0", Origin: changelog.Origin{Repository: repository(name)}},
		Target:       repositories()[target].visibility,
		AllowPrivate: allow,
	}
	notes, err := changelog.Collect(t.Context(), source, update, changelog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if said := fmt.Sprintf("%+v", notes); shown != strings.Contains(said, "second") || !shown && (strings.Contains(said, planted) || strings.Contains(said, name)) {
		t.Errorf("shown %t: %s", shown, said)
	}
}

// TestAccess tells who may see a source.
func TestAccess(t *testing.T) {
	w := newWorld(t)
	s := w.sources(sources.Options{})
	source := w.source(s, "acme/deploy", true)
	for name, want := range map[string]changelog.Access{
		"acme/shown":      {Visibility: changelog.Public},
		"Open/LIB":        {Visibility: changelog.Public},
		"ACME/private":    {Visibility: changelog.Private, Installed: true},
		"acme/internal":   {Visibility: changelog.Internal, Installed: true},
		"acme/deploy":     {Visibility: changelog.Public, Installed: true}, // the target itself
		"evilcorp/deploy": {Visibility: changelog.Public},
	} {
		if got, err := source.Access(t.Context(), repository(name)); err != nil || got != want {
			t.Errorf("%s: %v %v, want %v", name, got, err, want)
		}
	}
	mark := w.hub.Mark()
	for _, wrong := range []changelog.Repository{
		repository("open"), repository("open/lib/x"), repository("open/.."), repository("../lib"), repository("open/lib?x=1"), repository("open/a%2fb"),
		repository("/lib"), repository("open/"),
		{Host: "github.com", Path: "open/lib"},
		{},
		{Host: "gitlab.com", Path: "open/lib", Forge: changelog.GitHub},
	} {
		if _, err := source.Access(t.Context(), wrong); !errors.Is(err, changelog.ErrNotFound) {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
	if asked := w.asked(mark); len(asked) > 0 {
		t.Errorf("asked: %v", asked)
	}
}

// TestBecomingPrivate hides a source that was public: what was kept of it is not given any more.
func TestBecomingPrivate(t *testing.T) {
	w := newWorld(t)
	s := w.sources(sources.Options{Facts: &facts{}})
	source := w.source(s, "acme/shown", true)
	lib := w.repos["open/lib"]
	from := lib.Branch("main")
	to := lib.Commit("main", "known: "+planted, map[string]string{"x": "y"})
	if _, err := source.Compare(t.Context(), repository("open/lib"), from, to); err != nil {
		t.Fatal(err)
	}
	if said, _ := everything(t.Context(), source, repository("open/lib")); !strings.Contains(said, "second") {
		t.Fatal(said)
	}
	lib.SetPrivate("open", true)
	w.hub.Advance(11 * minute)
	said, errs := everything(t.Context(), source, repository("open/lib"))
	_, err := source.Compare(t.Context(), repository("open/lib"), from, to)
	for _, err := range append(errs, err) {
		if !errors.Is(err, changelog.ErrNotFound) {
			t.Errorf("after it became private: %v\n%s", err, said)
		}
	}
	lib.SetPrivate("open", false)
	w.hub.Advance(11 * minute)
	mark := w.hub.Mark()
	if said, _ := everything(t.Context(), source, repository("open/lib")); !strings.Contains(said, "second") {
		t.Errorf("public again: %s", said)
	}
	if asked := w.asked(mark); len(asked) != 6 || strings.Contains(strings.Join(asked, " "), "304") {
		t.Errorf("it was not forgotten: %v", asked)
	}
}

// TestHiddenAtOnce hides a source in the time in which nobody asks whether it is public.
func TestHiddenAtOnce(t *testing.T) {
	w := newWorld(t)
	source := w.source(w.sources(sources.Options{}), "acme/shown", false)
	if access, err := source.Access(t.Context(), repository("open/lib")); err != nil || access.Visibility != changelog.Public {
		t.Fatal(access, err)
	}
	w.repos["open/lib"].SetPrivate("open", true)
	if _, _, err := source.Releases(t.Context(), repository("open/lib"), 1); !errors.Is(err, changelog.ErrNotFound) {
		t.Errorf("releases: %v", err)
	}
	if _, err := source.Access(t.Context(), repository("open/lib")); !errors.Is(err, changelog.ErrNotFound) {
		t.Errorf("it is still taken for public: %v", err)
	}
}

// TestReplaced gives a source's name to another repository between two reads.
func TestReplaced(t *testing.T) {
	w := newWorld(t)
	source := w.source(w.sources(sources.Options{}), "acme/deploy", true)
	for _, name := range []string{"open/lib", "acme/private"} {
		owner, _, _ := strings.Cut(name, "/")
		if _, err := source.Access(t.Context(), repository(name)); err != nil {
			t.Fatal(err)
		}
		w.repos[name].Rename(owner, "elsewhere")
		other := w.hub.AddRepository(name, map[string]string{"a": "b"})
		other.Private = true
		other.Release(owner, "v9.0.0", "Nine", planted+" another's", "")
		if owner == "acme" {
			w.acme.AddTo(other)
		}
		releases, _, err := source.Releases(t.Context(), repository(name), 1)
		if err != nil || len(releases) != 2 || strings.Contains(fmt.Sprint(releases), "another's") {
			t.Errorf("%s: %v %v", name, releases, err)
		}
	}
}

// TestTargetReplaced gives the target's own name to another repository: that is not what
// the readers of the pull request see.
func TestTargetReplaced(t *testing.T) {
	for _, asked := range []bool{false, true} {
		w := newWorld(t)
		s := w.sources(sources.Options{})
		source := w.source(s, "acme/deploy", false)
		if _, err := source.Access(t.Context(), repository("acme/deploy")); asked && err != nil {
			t.Fatal(err)
		}
		w.repos["acme/deploy"].Rename("acme", "elsewhere")
		other := w.hub.AddRepository("acme/deploy", map[string]string{"a": "b"})
		other.Private = true
		other.Release("acme", "v9.0.0", "Nine", planted+" another's", "")
		w.acme.AddTo(other)
		w.hub.Advance(time.Hour)
		if said, _ := everything(t.Context(), source, repository("acme/deploy")); strings.Contains(said, "another's") {
			t.Errorf("said: %s", said)
		}
	}
}

// TestTargetRenamed reads the target as its own source by the name that its images still
// have.
func TestTargetRenamed(t *testing.T) {
	w := newWorld(t)
	w.repos["acme/deploy"].Rename("acme", "manifests")
	r := w.repos["acme/deploy"]
	for _, allow := range []bool{false, true} {
		source := w.sources(sources.Options{}).For(w.acme.ID, "acme", forge.Ref{ID: r.ID, Owner: "acme", Name: "manifests"}, allow)
		for _, name := range []string{"acme/deploy", "acme/manifests"} {
			if said, errs := everything(t.Context(), source, repository(name)); errors.Join(errs...) != nil || !strings.Contains(said, "second") {
				t.Errorf("%s, allowed %t: %v %s", name, allow, errs, said)
			}
		}
	}
}

// TestRenamed follows a repository that is called otherwise now.
func TestRenamed(t *testing.T) {
	w := newWorld(t)
	w.repos["open/lib"].Transfer("open", "acme")
	w.repos["acme/private"].Rename("acme", "secret")
	source := w.source(w.sources(sources.Options{}), "acme/deploy", true)
	if said, errs := everything(t.Context(), source, repository("open/lib")); errors.Join(errs...) != nil || !strings.Contains(said, "second") {
		t.Errorf("%v %s", errs, said)
	}
	if _, err := source.Access(t.Context(), repository("acme/private")); !errors.Is(err, changelog.ErrNotFound) {
		t.Errorf("by a name that its installation has no more: %v", err)
	}
}

// TestGivenAway transfers a private source to another account that the App is on.
func TestGivenAway(t *testing.T) {
	w := newWorld(t)
	w.repos["acme/private"].Transfer("acme", "evilcorp")
	w.evil.AddTo(w.repos["acme/private"])
	source := w.source(w.sources(sources.Options{}), "acme/deploy", true)
	for _, name := range []string{"acme/private", "evilcorp/private"} {
		said, errs := everything(t.Context(), source, repository(name))
		for _, err := range errs {
			if !errors.Is(err, changelog.ErrNotFound) {
				t.Errorf("%s: %v %s", name, err, said)
			}
		}
	}
}

// TestTakenFromTheApp refuses to mistake what one installation may not do for what a source is.
func TestTakenFromTheApp(t *testing.T) {
	w := newWorld(t)
	s := w.sources(sources.Options{})
	source := w.source(s, "acme/shown", false)
	w.acme.RemoveFrom(w.repos["acme/shown"])
	if _, err := source.Access(t.Context(), repository("open/lib")); err == nil {
		t.Error("a token was made for a target that the App is not on")
	}
	if _, err := w.source(s, "evilcorp/deploy", false).Access(t.Context(), repository("open/lib")); err != nil {
		t.Errorf("for another installation: %v", err)
	}
	w.evil.Suspend(true)
	w.hub.Advance(11 * minute)
	if _, err := w.source(s, "evilcorp/deploy", false).Access(t.Context(), repository("open/lib")); !errors.Is(err, changelog.ErrLater) {
		t.Errorf("suspended: %v", err)
	}
}

// TestAnotherOwner refuses what turns out to be of another account, by a token of the installation.
func TestAnotherOwner(t *testing.T) {
	w := newWorld(t)
	source := w.source(w.sources(sources.Options{}), "acme/deploy", true)
	w.hub.Fault(answered("repos/get", fmt.Sprintf(`{"id":%d,"owner":{"login":"evilcorp"},"private":true,"visibility":"private"}`, w.repos["acme/private"].ID)))
	if _, err := source.Access(t.Context(), repository("acme/private")); !errors.Is(err, changelog.ErrNotFound) {
		t.Error(err)
	}
}

// TestVisibility takes for public only what is so by all that is said of it.
func TestVisibility(t *testing.T) {
	for said, public := range map[string]bool{
		`"private":false,"visibility":"public"`:   true,
		`"private":false`:                         true, // of old servers
		`"private":true,"visibility":"public"`:    false,
		`"private":false,"visibility":"private"`:  false,
		`"private":false,"visibility":"internal"`: false,
		`"private":false,"visibility":"new"`:      false,
		`"visibility":"public"`:                   false,
		`"name":"lib"`:                            false,
	} {
		w := newWorld(t)
		source := w.source(w.sources(sources.Options{}), "acme/deploy", true)
		w.hub.Fault(answered("repos/get", `{"id":7,"owner":{"login":"open"},`+said+`}`))
		if _, err := source.Access(t.Context(), repository("open/lib")); (err == nil) != public {
			t.Errorf("%s: %v", said, err)
		}
	}
}

// TestVisibilityOfTargets is by what GitHub says of the target itself.
func TestVisibilityOfTargets(t *testing.T) {
	w := newWorld(t)
	for name, is := range repositories() {
		if !is.installed {
			continue
		}
		r, i := w.repos[name], w.acme
		if r.Owner == "evilcorp" {
			i = w.evil
		}
		found, err := w.github().As(i.ID).Repository(t.Context(), forge.Ref{ID: r.ID, Owner: r.Owner, Name: r.Name})
		if err != nil || sources.VisibilityOf(found) != is.visibility {
			t.Errorf("%s: %+v %v", name, found, err)
		}
	}
	for _, tt := range []struct {
		of   forge.Repository
		want changelog.Visibility
	}{{forge.Repository{Private: true}, changelog.Internal}, {forge.Repository{}, changelog.Public}} {
		if got := sources.VisibilityOf(tt.of); got != tt.want {
			t.Errorf("%+v: %v", tt.of, got)
		}
	}
}
