package app_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/imageupdater/imageupdater/handlers/run"
	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

func sha256Of(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// deployment is a manifest with one image.
func deployment(image string) string {
	return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n        - name: web\n          image: " + image + "\n"
}

// TestInstallation is the first minute of an installation.
func TestInstallation(t *testing.T) {
	t.Parallel()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, at(t), githubtest.Options{})
			if err := w.registry.Push("acme/web", "1.0.0", "1.1.0"); err != nil {
				t.Fatal(err)
			}
			repo := w.hub.AddRepository("acme/shop", map[string]string{
				".imageupdater.yaml": "version: 1\n", "deploy/web.yaml": deployment(w.registry.Host() + "/acme/web:1.0.0"),
			})
			a := w.start("")
			w.hub.Install("acme", grants(), repo)
			got := a.settled(w.hub, "acme/shop")
			if got.Result.State != run.Planned || len(got.Result.Updates) != 1 || got.Result.Updates[0].Tag != "1.1.0" {
				t.Fatalf("%+v", got.Result)
			}
			if err := w.registry.Push("acme/web", "2.0.0"); err != nil {
				t.Fatal(err)
			}
			repo.Commit("main", "by hand", map[string]string{"deploy/web.yaml": deployment(w.registry.Host() + "/acme/web:1.1.0")})
			w.hub.Settle()
			until(t, "the push is seen", func() bool {
				got = a.shown("acme/shop")
				return len(got.Result.Updates) == 0 && !got.Looking
			})
			status, text := a.call("POST", "/api/v1/rescan", apiToken, `{"repository": "acme/shop"}`)
			if status != 202 {
				t.Fatalf("%d %s", status, text)
			}
			until(t, "the new tag is seen", func() bool {
				got = a.shown("acme/shop")
				return len(got.Result.Updates) == 1 && got.Result.Updates[0].Tag == "2.0.0"
			})
		})
	}
}
