package app_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/server"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// startled panics the first time that the log of webhooks is read.
type startled struct{ once sync.Once }

// RoundTrip is part of http.RoundTripper.
func (s *startled) RoundTrip(req *http.Request) (*http.Response, error) {
	if strings.HasSuffix(req.URL.Path, "/app/hook/deliveries") {
		s.once.Do(func() { panic("startled") })
	}
	return http.DefaultTransport.RoundTrip(req)
}

// TestChoreThatPanics ends neither the server nor the other chores, and is done
// again.
func TestChoreThatPanics(t *testing.T) {
	t.Parallel()
	w := newWorld(t, file(t), githubtest.Options{})
	repo := w.hub.AddRepository("acme/shop", map[string]string{"a": "b"})
	a := w.start("", func(o *server.Options) { o.GitHubTransport = &startled{} })
	until(t, "the chore failed", func() bool { return w.logged("a chore failed, and is done again later", "") == 1 })
	if text := w.log.String(); !strings.Contains(text, "panic: startled") || !strings.Contains(text, "housekeeping.go") {
		t.Error("the log says neither what happened nor where")
	}
	w.hub.Install("acme", grants(), repo)
	a.settled(w.hub, "acme/shop")
	w.hub.Advance(5 * time.Minute)
	until(t, "the chore is done again", func() bool {
		a.Housekeep(t.Context())
		return len(w.hub.Calls(githubtest.Of("apps/list-webhook-deliveries"))) > 0
	})
}
