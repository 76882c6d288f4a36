package forge_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// swapToken replaces the token in an answer, and gives the one that was there.
func swapToken(resp *http.Response, by string) string {
	var body map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		return ""
	}
	was, _ := body["token"].(string)
	body["token"] = by
	text, _ := json.Marshal(body)
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	return was
}

// TestApp reads the App, and its installations over several pages.
func TestApp(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	g := w.github(t, forge.Options{})
	app, err := g.App(t.Context())
	if err != nil || app.ID != w.hub.App.ID || app.BotLogin != w.hub.App.Slug+"[bot]" || app.Permissions["metadata"] != "read" {
		t.Errorf("the App: %+v %v", app, err)
	}
	want := []int64{w.installation.ID}
	for n := range 230 {
		want = append(want, w.hub.Install(fmt.Sprintf("account-%d", n), grants()).ID)
	}
	mark := w.hub.Mark()
	all, err := g.Installations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := make([]int64, 0, len(all))
	for _, i := range all {
		got = append(got, i.ID)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) || len(w.hub.Since(mark)) != 3 {
		t.Errorf("%d installations by %d calls", len(got), len(w.hub.Since(mark)))
	}
	if i, err := g.InstallationOf(t.Context(), "acme", "shop"); err != nil || i.ID != w.installation.ID || i.Account.Login != "acme" || i.Permissions["contents"] != "write" {
		t.Errorf("of the repository: %+v %v", i, err)
	}
	is(forge.ErrNotFound)(t, w, second(g.InstallationOf(t.Context(), "acme", "none")))
	is(forge.ErrNotFound)(t, w, second(g.Installation(t.Context(), 1)))
}

// TestRepositories reads them over several pages.
func TestRepositories(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	all := []*githubtest.Repository{w.repo}
	for n := range 130 {
		all = append(all, w.hub.AddEmptyRepository(fmt.Sprintf("many/r%03d", n)))
	}
	all[1].SetPrivate("alice", true)
	all[2].Archive("alice", true)
	i := w.hub.Install("many", grants(), all...)
	found, err := w.github(t, forge.Options{}).As(i.ID).Repositories(t.Context())
	if err != nil || len(found) != len(all) {
		t.Fatalf("%d repositories, %v", len(found), err)
	}
	for n, r := range found {
		if r.ID != all[n].ID || r.String() != all[n].FullName() || r.DefaultBranch != "main" {
			t.Errorf("got %+v", r)
		}
	}
	if !found[1].Private || !found[2].Archived || found[0].Private {
		t.Errorf("got %+v", found[:3])
	}
}

// TestOptions refuses what cannot work.
func TestOptions(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	good := forge.Options{URLs: forge.URLs{REST: w.hub.APIURL()}, AppID: 1, PrivateKey: []byte(w.hub.App.PrivateKey)}
	if _, err := forge.New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*forge.Options){
		"no address": func(o *forge.Options) { o.URLs.REST = "" },
		"password":   func(o *forge.Options) { o.URLs.REST = "https://me:hunter2@github.example/api/v3/" },
		"unreadable": func(o *forge.Options) { o.URLs.REST = "https://me:hunter2@%zz/" },
		"a file":     func(o *forge.Options) { o.URLs.REST = "file:///etc" },
		"no key":     func(o *forge.Options) { o.PrivateKey = nil },
		"bad key": func(o *forge.Options) {
			o.PrivateKey = []byte("-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----\n")
		},
		"no id": func(o *forge.Options) { o.AppID = 0 },
	} {
		o := good
		change(&o)
		if _, err := forge.New(o); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// spying keeps all that was sent as Authorization.
type spying struct {
	next    http.RoundTripper
	secrets []string
}

func (s *spying) RoundTrip(req *http.Request) (*http.Response, error) {
	_, secret, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	s.secrets = append(s.secrets, secret)
	resp, err := s.next.RoundTrip(req)
	if err != nil {
		return nil, fmt.Errorf("%w: sent Authorization: Bearer %s through http://me:hunter2@proxy/", err, secret)
	}
	return resp, nil
}

// TestSecrets lets GitHub, and the way to it, repeat the secrets that they were
// given.
func TestSecrets(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	observed := &calls{}
	var said []string
	for name, read := range reads() {
		for _, status := range []int{0, http.StatusOK, 401, 403, 404, 409, 422, 429, 500} {
			spy := &spying{next: w.hub.Transport()}
			g := w.github(t, forge.Options{Transport: spy, Observe: observed.observe})
			fault := w.hub.Fault(githubtest.Fault{Operation: read.operation, Status: status, Reset: status == 0, Func: func(e *githubtest.Exchange) {
				text := strings.Join(spy.secrets, " ")
				e.Answer = fmt.Appendf(nil, `{"message":"not with %s","errors":["%s"],"id":"%s","type":"%s"}`, text, text, text, text)
			}})
			err := read.do(t.Context(), w, g)
			fault.Remove()
			told := fmt.Appendf(nil, "%v %+v %#v", err, err, observed.take())
			for inner := err; inner != nil; inner = errors.Unwrap(inner) {
				told = fmt.Appendf(told, " %#v", inner)
			}
			text := string(told)
			if err == nil {
				t.Errorf("%s, %d: it went well", name, status)
			}
			for _, secret := range append(spy.secrets, "hunter2") {
				if secret != "" && strings.Contains(text, secret) {
					t.Errorf("%s, %d: a secret was told: %s", name, status, text)
				}
			}
			said = append(said, text)
		}
	}
	if all := strings.Join(said, " "); !strings.Contains(all, "[secret]") {
		t.Error("nothing was repeated, so nothing was shown")
	}
}

// TestObserve tells each call by its route.
func TestObserve(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	observed := &calls{}
	g := w.github(t, forge.Options{Observe: observed.observe, Memory: newMemory()})
	for _, read := range reads() {
		if err := read.do(t.Context(), w, g); err != nil {
			t.Fatal(err)
		}
	}
	routes := map[string]bool{}
	for _, c := range observed.take() {
		routes[c.Endpoint] = true
		// GitHub tells the App itself nothing of limits.
		limited := c.Limit > 0 && c.Reset.After(w.hub.Now())
		if strings.Contains(c.Endpoint, "acme") || strings.HasSuffix(c.Endpoint, "other") || c.Status == 0 || c.Err != nil ||
			!strings.HasPrefix(c.Endpoint, c.Method+" /") || limited != (c.Installation != 0) {
			t.Errorf("observed %+v", c)
		}
	}
	for _, want := range []string{"GET /repos/{owner}/{repo}/git/trees/{sha}", "POST /app/installations/{id}/access_tokens"} {
		if !routes[want] {
			t.Errorf("%s is not among %v", want, routes)
		}
	}
}
