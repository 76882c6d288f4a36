package app_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
	"github.com/imageupdater/imageupdater/test/registry"
)

// TestPauseOutlivesTheServer has a registry want to be left alone for an hour. The
// next server does so, too.
func TestPauseOutlivesTheServer(t *testing.T) {
	t.Parallel()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, at(t), githubtest.Options{})
			w.serve()
			w.registry.Fail(registry.Fault{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"3600"}}})
			a := w.start("")
			w.hub.Install("acme", grants(), w.shop("acme/shop"))
			a.settled(w.hub, "acme/shop")
			a.stop()
			w.registry.Heal()
			before := len(w.registry.Requests())
			a = w.start("")
			a.rescan()
			if got := a.settled(w.hub, "acme/shop"); len(got.Result.Updates) > 0 || len(w.registry.Requests()) > before {
				t.Errorf("%d requests: %+v", len(w.registry.Requests())-before, got.Result)
			}
			w.hub.Advance(61 * time.Minute)
			a.rescan()
			if got := a.settled(w.hub, "acme/shop"); len(got.Result.Updates) != 1 {
				t.Errorf("%+v", got.Result)
			}
		})
	}
}
