// Package app_test runs the App against a GitHub and registries of its own.
package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/run"
	"github.com/imageupdater/imageupdater/server"
	"github.com/imageupdater/imageupdater/test/githubtest"
	"github.com/imageupdater/imageupdater/test/registry"
)

// The secrets of the tests. No output may hold them.
const (
	webhookSecret = "planted-webhook-secret"
	apiToken      = "planted-api-token"
	hubSecret     = "planted-hub-secret-0123456789"
)

// world is a GitHub, a registry and a place for the App's state.
type world struct {
	t        *testing.T
	hub      *githubtest.Server
	registry *registry.Registry
	place    string // of the database
	env      map[string]string
	log      *lines
	// enterprise is a GitHub of one's own, which signs nothing.
	enterprise bool
	github     string // further keys of that section, each after a comma
}

// grants are the permissions of the App.
func grants() map[string]string {
	return map[string]string{
		"metadata": "read", "contents": "write", "pull_requests": "write", "issues": "write", "checks": "write", "statuses": "read",
		"administration": "read", "merge_queues": "read",
	}
}

func newWorld(t *testing.T, place string, o githubtest.Options) *world {
	t.Helper()
	reg, err := registry.Start(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reg.Close() })
	w := &world{t: t, hub: githubtest.New(t, o), registry: reg, place: place, log: &lines{}, enterprise: o.Unsigned}
	w.env = map[string]string{
		"KEY": w.hub.App.PrivateKey, "WEBHOOK": webhookSecret, "DATABASE": place, "HUB": hubSecret,
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the log:\n%s", w.log)
		}
	})
	return w
}

// lines is what was logged.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// configured is the server's configuration, with more keys at the end.
func (w *world) configured(more string) string {
	database := fmt.Sprintf("file: %q", w.place)
	if strings.HasPrefix(w.place, "postgres") {
		database = "url: {env: DATABASE}"
	}
	drain := "work: {drain: 5s}"
	if strings.Contains(more, "work:") {
		drain = ""
	}
	onboarding := "onboarding: off" // most tests are of repositories that nobody introduces anything to
	if strings.Contains(more, "onboarding:") {
		onboarding = ""
	}
	return fmt.Sprintf(`
version: 1
github: {url: %q, appID: %d, privateKey: {env: KEY}, webhookSecret: {env: WEBHOOK}%s}
listen: "127.0.0.1:0"
database: {%s}
%s
%s
log: {level: debug}
registries: [{host: %q, plainHTTP: true}]
api:
  tokens: [{name: test, sha256: %q, scopes: [rescan, read, decisions]}]
%s`, w.hub.URL, w.hub.App.ID, w.github, database, drain, onboarding, w.registry.Host(), sha256Of(apiToken), more)
}

// configuration is what the server reads of that.
func (w *world) configuration(more string) *config.Server {
	w.t.Helper()
	return w.load(w.configured(more))
}

func (w *world) load(text string) *config.Server {
	w.t.Helper()
	c, warnings, err := config.LoadServer("server.yaml", []byte(text))
	if err != nil || len(warnings) > 0 {
		w.t.Fatalf("%v, %v\n%s", err, warnings, text)
	}
	if err := c.ForServing(); err != nil {
		w.t.Fatal(err)
	}
	return c
}

// app is a running server.
type app struct {
	*server.Server

	t    *testing.T
	url  string
	stop func()
}

func (w *world) options(more string) server.Options {
	return server.Options{
		Config: w.configuration(more), Version: "test", Log: w.log,
		Getenv: func(name string) string { return w.env[name] }, Environ: os.Environ, Now: w.hub.Now,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		Retry: func(int) time.Duration { return 0 },
		// Whoever wakes before the clock has come that far sleeps again.
		Snooze: func(time.Duration) time.Duration { return time.Second / 4 },
		Poll:   time.Second / 20, Signed: !w.enterprise,
	}
}

// start runs the App until the test ends, or stop is called. GitHub's webhooks go
// to it.
func (w *world) start(more string, change ...func(*server.Options)) *app {
	w.t.Helper()
	o := w.options(more)
	for _, c := range change {
		c(&o)
	}
	s, err := server.New(w.t.Context(), o)
	if err != nil {
		w.t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, listener) }()
	a := &app{Server: s, t: w.t, url: "http://" + listener.Addr().String()}
	a.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("serving: %v", err)
		}
		if err := s.Close(); err != nil {
			w.t.Errorf("closing: %v", err)
		}
	})
	w.t.Cleanup(a.stop)
	w.hub.Webhook(a.url+"/api/github/hook", webhookSecret)
	return a
}

// until waits for something that has no end to wait on.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	for !holds() {
		select {
		case <-deadline:
			t.Fatalf("waited for this in vain: %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// shown is what the API tells of a repository.
type shown struct {
	Status     int `json:"-"`
	ID         int64
	Repository string
	Looking    bool
	LastLook   *time.Time
	NextLook   time.Time
	Parked     string
	Result     *run.Report
}

func (a *app) call(method, path, token, body string) (int, []byte) {
	a.t.Helper()
	status, text, err := a.ask(method, path, token, body)
	if err != nil {
		a.t.Fatal(err)
	}
	return status, text
}

// ask is call of an App that may be gone.
func (a *app) ask(method, path, token, body string) (int, []byte, error) {
	req, err := http.NewRequestWithContext(context.WithoutCancel(a.t.Context()), method, a.url+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, text, err
}

// patient calls the API, again if it was called too often.
func (a *app) patient(method, path, body string) (status int, text []byte) {
	a.t.Helper()
	until(a.t, "the token may be used again", func() bool {
		status, text = a.call(method, path, apiToken, body)
		return status != http.StatusTooManyRequests
	})
	return status, text
}

func (a *app) shown(repository string) shown {
	a.t.Helper()
	status, text := a.patient("GET", "/api/v1/repos/"+repository, "")
	return decoded(a.t, status, text)
}

func decoded(t *testing.T, status int, text []byte) shown {
	t.Helper()
	found := shown{Status: status}
	if err := json.Unmarshal(text, &found); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return found
}

// settled waits until nothing is to be done about a repository, and something
// was.
func (a *app) settled(hub *githubtest.Server, repository string) shown {
	a.t.Helper()
	hub.Settle()
	var found shown
	until(a.t, repository+" was looked at", func() bool {
		found = a.shown(repository)
		return found.Status == http.StatusOK && !found.Looking && found.LastLook != nil
	})
	return found
}
