package sources_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/sources"
	"github.com/imageupdater/imageupdater/scanner/changelog"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// answered is a good status with a body of the fault's own.
func answered(operation, body string) githubtest.Fault {
	return githubtest.Fault{Operation: operation, Status: http.StatusOK, Body: body, Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}}
}

// faults are what may go wrong with a read, and what a Source makes of it.
func wrongs() map[string]struct {
	fault func(operation string) githubtest.Fault
	want  error
} {
	type wrong = struct {
		fault func(operation string) githubtest.Fault
		want  error
	}
	refusing := func(status int, message string) func(string) githubtest.Fault {
		return func(operation string) githubtest.Fault {
			return githubtest.Fault{Operation: operation, Status: status, Message: message}
		}
	}
	saying := func(body string) func(string) githubtest.Fault {
		return func(operation string) githubtest.Fault { return answered(operation, body) }
	}
	return map[string]wrong{
		"500":                 {githubtest.ServerError, changelog.ErrLater},
		"502":                 {func(o string) githubtest.Fault { return githubtest.BadGateway(o, githubtest.BeforeWork) }, changelog.ErrLater},
		"reset":               {func(o string) githubtest.Fault { return githubtest.ConnectionReset(o, githubtest.BeforeWork) }, changelog.ErrLater},
		"cut":                 {func(o string) githubtest.Fault { return githubtest.Truncated(o, 10) }, changelog.ErrLater},
		"401":                 {githubtest.BadCredentials, changelog.ErrLater},
		"403":                 {githubtest.Forbidden, changelog.ErrNotFound},
		"404":                 {githubtest.NotFound, changelog.ErrNotFound},
		"409":                 {refusing(http.StatusConflict, planted+" conflict"), changelog.ErrNotFound},
		"410":                 {refusing(http.StatusGone, planted+" gone"), changelog.ErrNotFound},
		"418":                 {refusing(http.StatusTeapot, planted+" teapot"), changelog.ErrLater},
		"422":                 {refusing(http.StatusUnprocessableEntity, planted+" invalid"), changelog.ErrNotFound},
		"451":                 {refusing(http.StatusUnavailableForLegalReasons, planted+" law"), changelog.ErrNotFound},
		"blocked":             {refusing(http.StatusForbidden, "Repository access blocked"), changelog.ErrNotFound},
		"timed out":           {refusing(http.StatusForbidden, "Sorry, your request timed out."), changelog.ErrLater},
		"429":                 {func(o string) githubtest.Fault { return githubtest.TooManyRequests(o, 30*time.Second) }, changelog.ErrLater},
		"secondary 403":       {func(o string) githubtest.Fault { return githubtest.SecondaryLimit(o, http.StatusForbidden, -1) }, changelog.ErrLater},
		"no JSON":             {saying(planted + " <html>"), changelog.ErrLater},
		"null":                {saying("null"), nil},
		"wrong JSON":          {saying(`"` + planted + `"`), changelog.ErrLater},
		"JSON of wrong kinds": {saying(`[{"name":7,"tag_name":["` + planted + `"],"ref":{},"type":1}]`), changelog.ErrLater},
		"huge":                {saying("[" + strings.Repeat(" ", 9<<20) + "]"), changelog.ErrTooLarge},
	}
}

// TestFaults lets each read meet each of them, and holds what it says against what it may say.
func TestFaults(t *testing.T) {
	reads := map[string]func(context.Context, changelog.Source) error{
		"repos/list-releases": func(ctx context.Context, s changelog.Source) error {
			_, _, err := s.Releases(ctx, repository("open/lib"), 1)
			return err
		},
		"git/list-matching-refs": func(ctx context.Context, s changelog.Source) error {
			_, err := s.Tags(ctx, repository("open/lib"))
			return err
		},
		"repos/get-content": func(ctx context.Context, s changelog.Source) error {
			_, err := s.Files(ctx, repository("open/lib"), "v1.1.0", "")
			return err
		},
		"repos/compare-commits-with-basehead": func(ctx context.Context, s changelog.Source) error {
			_, err := s.Compare(ctx, repository("open/lib"), "v1.0.0", "v1.1.0")
			return err
		},
		"repos/get": func(ctx context.Context, s changelog.Source) error {
			_, err := s.Access(ctx, repository("open/lib"))
			return err
		},
	}
	w := newWorld(t)
	for operation, read := range reads {
		for name, wrong := range wrongs() {
			t.Run(operation+" "+name, func(t *testing.T) {
				source := w.source(w.sources(sources.Options{}), "acme/deploy", true)
				if operation != "repos/get" {
					if _, err := source.Access(t.Context(), repository("open/lib")); err != nil {
						t.Fatal(err)
					}
				}
				f := w.hub.Fault(wrong.fault(operation))
				err := read(t.Context(), source)
				f.Remove()
				want := wrong.want
				if name == "null" && !strings.HasPrefix(operation, "git/") && !strings.HasSuffix(operation, "releases") {
					want = changelog.ErrLater
				}
				if (name == "null" || name == "wrong JSON") && operation == "repos/get-content" { // no list, so no directory
					want = changelog.ErrNotFound
				}
				if !errors.Is(err, want) || err != nil && strings.Contains(err.Error(), planted) {
					t.Errorf("%v, want %v", err, want)
				}
				if !errors.Is(want, changelog.ErrLater) {
					return
				}
				w.hub.Advance(2 * time.Hour)
				if err := read(t.Context(), source); err != nil {
					t.Errorf("later: %v", err)
				}
			})
		}
	}
}

// TestLimits stops before people's actions lack calls, and until GitHub lets it go on.
func TestLimits(t *testing.T) {
	w := newWorld(t)
	g := w.github()
	s, err := sources.New(sources.Options{GitHub: g, Web: "https://github.com", Now: w.hub.Now})
	if err != nil {
		t.Fatal(err)
	}
	source := w.source(s, "acme/deploy", true)
	w.acme.SetLimit(100)
	target := forge.Ref{ID: w.repos["acme/deploy"].ID, Owner: "acme", Name: "deploy"}
	for range 91 {
		if _, err := g.As(w.acme.ID).Repository(t.Context(), target); err != nil {
			t.Fatal(err)
		}
	}
	mark := w.hub.Mark()
	_, err = source.Access(t.Context(), repository("open/lib"))
	limited, isLimited := errors.AsType[*forge.LimitedError](err)
	if !errors.Is(err, changelog.ErrLater) || !isLimited || !limited.Until.After(w.hub.Now()) {
		t.Errorf("with the rest of the hour for others: %v", err)
	}
	if asked := w.asked(mark, githubtest.By(w.acme)); len(asked) > 0 {
		t.Errorf("asked: %v", asked)
	}
	other := w.source(s, "evilcorp/deploy", true)
	if _, err := other.Access(t.Context(), repository("open/lib")); err != nil {
		t.Errorf("another installation: %v", err)
	}
	w.hub.Advance(61 * minute)
	if _, err := source.Access(t.Context(), repository("open/lib")); err != nil {
		t.Errorf("in the next hour: %v", err)
	}
}

// TestPatience gives up when the caller does, and not on behalf of others.
func TestPatience(t *testing.T) {
	w := newWorld(t)
	source := w.source(w.sources(sources.Options{}), "acme/deploy", true)
	for _, operation := range []string{"apps/create-installation-access-token", "repos/get", "repos/list-releases"} {
		held := w.hub.Fault(githubtest.Fault{Operation: operation, Hold: true, Times: 1})
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() {
			<-held.Reached()
			cancel(context.DeadlineExceeded)
		}()
		if _, _, err := source.Releases(ctx, repository("open/lib"), 1); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, changelog.ErrLater) {
			t.Errorf("%s: %v", operation, err)
		}
		held.Release()
		held.Remove()
	}
	if releases, _, err := source.Releases(t.Context(), repository("open/lib"), 1); err != nil || len(releases) != 2 {
		t.Errorf("%v %v", releases, err)
	}
}

// TestTooWide refuses a token that may do more than was asked for.
func TestTooWide(t *testing.T) {
	for name, body := range map[string]string{
		"contents":          `"permissions":{"metadata":"read","contents":"read"}`,
		"other repository":  `"permissions":{"metadata":"read"},"repositories":[{"id":%[1]d},{"id":1}]`,
		"write to metadata": `"permissions":{"metadata":"write"}`,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if strings.Contains(body, "%") {
				body = fmt.Sprintf(body, w.repos["acme/deploy"].ID)
			}
			f := answered("apps/create-installation-access-token", `{"token":"ghs_x","expires_at":"2099-01-01T00:00:00Z",`+body+`}`)
			f.Status = http.StatusCreated
			w.hub.Fault(f)
			source := w.source(w.sources(sources.Options{}), "acme/deploy", true)
			if _, err := source.Access(t.Context(), repository("open/lib")); !errors.Is(err, changelog.ErrLater) {
				t.Error(err)
			}
			if asked := w.asked(0, githubtest.Of("repos/get")); len(asked) > 0 {
				t.Errorf("asked: %v", asked)
			}
		})
	}
}

// TestDrafts leaves out what is not published, whoever sees it.
func TestDrafts(t *testing.T) {
	w := newWorld(t)
	source := w.source(w.sources(sources.Options{}), "acme/deploy", true)
	w.hub.Fault(answered("repos/list-releases", `[{"tag_name":"v2","draft":true,"body":"soon"},{"tag_name":"v1","published_at":"never","name":null,"body":null},{}]`))
	releases, _, err := source.Releases(t.Context(), repository("open/lib"), 1)
	if err != nil || len(releases) != 1 || releases[0] != (changelog.Release{Tag: "v1"}) {
		t.Errorf("%+v %v", releases, err)
	}
}
