package sources_test

import (
	"errors"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/handlers/sources"
	"github.com/imageupdater/imageupdater/scanner/changelog"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// withoutApp reads as whoever has the token, or as nobody.
func withoutApp(t *testing.T, token string) (*world, changelog.Source) {
	t.Helper()
	w := newWorld(t)
	if token != "" {
		token = w.hub.Token(token)
	}
	s := w.sources(sources.Options{Hosts: map[string]sources.Endpoint{"GitHub.com": {REST: w.hub.APIURL(), Token: token}}})
	if forges := s.Forges(); !maps.Equal(forges, changelog.Forges{"github.com": changelog.GitHub}) {
		t.Errorf("forges: %v", forges)
	}
	return w, s.WithoutApp()
}

// TestWithoutApp reads what is public and nothing else, whoever's token it is.
func TestWithoutApp(t *testing.T) {
	for token, caller := range map[string]string{"": "anonymous", "acme": "user acme"} {
		w, source := withoutApp(t, token)
		for name, is := range repositories() {
			said, errs := everything(t.Context(), source, repository(name))
			for _, err := range errs {
				if is.visibility == changelog.Public && err != nil || is.visibility != changelog.Public && !errors.Is(err, changelog.ErrNotFound) {
					t.Errorf("%s by %s: %v", name, caller, err)
				}
			}
			if strings.Contains(said, planted) || strings.Contains(said, "second") != (is.visibility == changelog.Public) {
				t.Errorf("%s by %s: %s", name, caller, said)
			}
		}
		for _, e := range w.hub.Calls() {
			if e.Caller != caller {
				t.Errorf("%s %s by %s", e.Method, e.Path, e.Caller)
			}
		}
	}
}

// TestSixtyAnHour uses up what GitHub gives to nobody in particular, and not more.
func TestSixtyAnHour(t *testing.T) {
	w, source := withoutApp(t, "")
	for n := range 70 {
		_, err := source.Files(t.Context(), repository("open/lib"), "v1.0."+strconv.Itoa(n), "")
		if late := n >= 59; late != errors.Is(err, changelog.ErrLater) {
			t.Errorf("call %d: %v", n, err)
		}
	}
	if asked := w.asked(0); len(asked) != 60 {
		t.Errorf("asked %d times", len(asked))
	}
	w.hub.Advance(61 * minute)
	if _, err := source.Access(t.Context(), repository("open/lib")); err != nil {
		t.Errorf("in the next hour: %v", err)
	}
}

// TestFaultsWithoutApp asks twice and no more, and waits as long as it is told to.
func TestFaultsWithoutApp(t *testing.T) {
	primary := githubtest.Fault{
		Operation: "repos/get", Status: http.StatusForbidden, Message: "API rate limit exceeded for 127.0.0.1.", Header: http.Header{"X-Ratelimit-Remaining": {"0"}},
	}
	for name, tt := range map[string]struct {
		fault githubtest.Fault
		asked int
		wait  time.Duration
	}{
		"500":         {githubtest.ServerError("repos/get"), 2, 0},
		"cut":         {githubtest.Truncated("repos/get", 5), 2, 0},
		"retry after": {githubtest.TooManyRequests("repos/get", 90*time.Second), 1, 90 * time.Second},
		"primary":     {primary, 1, 30 * minute},
	} {
		t.Run(name, func(t *testing.T) {
			w, source := withoutApp(t, "")
			if tt.fault.Header.Get("Retry-After") == "" && tt.wait > 0 {
				tt.fault.Header.Set("X-Ratelimit-Reset", strconv.FormatInt(w.hub.Now().Add(tt.wait).Unix(), 10))
			}
			f := w.hub.Fault(tt.fault)
			access := func(wants error) {
				t.Helper()
				if _, err := source.Access(t.Context(), repository("open/lib")); !errors.Is(err, wants) {
					t.Errorf("%v, want %v", err, wants)
				}
			}
			access(changelog.ErrLater)
			if tt.wait > 0 {
				access(changelog.ErrLater)
				w.hub.Advance(tt.wait - time.Second)
				access(changelog.ErrLater)
				w.hub.Advance(time.Second)
			}
			f.Remove()
			if asked := w.asked(0); len(asked) != tt.asked {
				t.Errorf("asked %v", asked)
			}
			access(nil)
		})
	}
}

// TestBadToken is told apart from a source that is not there.
func TestBadToken(t *testing.T) {
	w := newWorld(t)
	s := w.sources(sources.Options{Hosts: map[string]sources.Endpoint{"github.com": {REST: w.hub.APIURL(), Token: "ghp_wrong"}}})
	_, err := s.WithoutApp().Access(t.Context(), repository("open/lib"))
	if !errors.Is(err, changelog.ErrLater) || strings.Contains(err.Error(), "ghp_") {
		t.Error(err)
	}
}

// TestOtherHosts keeps hosts apart: no token of the App goes to another one.
func TestOtherHosts(t *testing.T) {
	w, far := newWorld(t), newWorld(t)
	far.repos["open/lib"].Release("open", "v3", "", "far away", "")
	s, err := sources.New(sources.Options{
		GitHub: w.github(), Web: "https://git.acme.example:8443/", Now: w.hub.Now, Transport: far.hub.Transport(),
		Hosts: map[string]sources.Endpoint{"github.com": {REST: far.hub.APIURL()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if forges := s.Forges(); len(forges) != 2 || forges["git.acme.example:8443"] != changelog.GitHub {
		t.Errorf("forges: %v", forges)
	}
	source := w.source(s, "acme/deploy", true)
	said, errs := everything(t.Context(), source, repository("open/lib"))
	if errors.Join(errs...) != nil || !strings.Contains(said, "far away") {
		t.Errorf("%v %s", errs, said)
	}
	here := changelog.Repository{Host: "git.acme.example:8443", Path: "open/lib", Forge: changelog.GitHub}
	if said, errs := everything(t.Context(), source, here); errors.Join(errs...) != nil || strings.Contains(said, "far away") {
		t.Errorf("%v %s", errs, said)
	}
	if _, err := source.Access(t.Context(), repository("acme/private")); !errors.Is(err, changelog.ErrNotFound) {
		t.Errorf("an account of the same name elsewhere: %v", err)
	}
	for _, e := range far.hub.Calls() {
		if e.Caller != "anonymous" {
			t.Errorf("%s %s by %s", e.Method, e.Path, e.Caller)
		}
	}
}

// TestClosedHosts shows what a GitHub calls public that not all the world reads to those
// accounts alone that the operator named, and as internal.
func TestClosedHosts(t *testing.T) {
	w, far := newWorld(t), newWorld(t)
	s, err := sources.New(sources.Options{
		GitHub: w.github(), Web: "https://github.com", Now: w.hub.Now, Transport: far.hub.Transport(),
		Hosts: map[string]sources.Endpoint{
			"git.acme.example": {REST: far.hub.APIURL(), Accounts: []string{"Acme"}}, "nobody.example": {REST: far.hub.APIURL(), Accounts: []string{}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	at := func(host string) changelog.Repository {
		return changelog.Repository{Host: host, Path: "open/lib", Forge: changelog.GitHub}
	}
	got, err := w.source(s, "acme/deploy", true).Access(t.Context(), at("git.acme.example"))
	if err != nil || got != (changelog.Access{Visibility: changelog.Internal, Installed: true}) || got.May(changelog.Public, true) || got.May(changelog.Private, false) || !got.May(changelog.Private, true) {
		t.Errorf("%+v %v", got, err)
	}
	for target, host := range map[string]string{"evilcorp/deploy": "git.acme.example", "acme/deploy": "nobody.example"} {
		if said, errs := everything(t.Context(), w.source(s, target, true), at(host)); !errors.Is(errs[0], changelog.ErrNotFound) || strings.Contains(said, "second") {
			t.Errorf("%s in %s: %v %s", host, target, errs, said)
		}
	}
	if got, err := s.WithoutApp().Access(t.Context(), at("git.acme.example")); err != nil || got.Visibility != changelog.Public {
		t.Errorf("to whom asks for it by hand: %+v %v", got, err)
	}
}

func TestWrongOptions(t *testing.T) {
	w := newWorld(t)
	for name, o := range map[string]sources.Options{
		"no web":   {GitHub: w.github()},
		"no REST":  {Hosts: map[string]sources.Endpoint{"github.com": {}}},
		"password": {Hosts: map[string]sources.Endpoint{"github.com": {REST: "https://me:secret@api.github.com/"}}},
	} {
		if _, err := sources.New(o); err == nil || strings.Contains(err.Error(), "secret@") {
			t.Errorf("%s: %v", name, err)
		}
	}
	nothing, err := sources.New(sources.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := nothing.WithoutApp().Access(t.Context(), repository("open/lib")); !errors.Is(err, changelog.ErrNotFound) {
		t.Errorf("without any GitHub: %v", err)
	}
}
