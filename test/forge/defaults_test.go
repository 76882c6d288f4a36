package forge_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// TestDefaults waits between tries by the real clock, which a bubble makes quick.
func TestDefaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := githubtest.New(t, githubtest.Options{InMemory: true})
		g, err := forge.New(forge.Options{
			URLs: forge.URLs{REST: hub.APIURL()}, AppID: hub.App.ID, PrivateKey: []byte(hub.App.PrivateKey), Transport: hub.Transport(),
		})
		if err != nil {
			t.Fatal(err)
		}
		hub.Fault(githubtest.Fault{Operation: "apps/get-authenticated", Status: 500, To: 2})
		began := time.Now()
		if _, err := g.App(t.Context()); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(began); waited < 750*time.Millisecond || waited > 2250*time.Millisecond {
			t.Errorf("it waited %s between three tries", waited)
		}
	})
}
