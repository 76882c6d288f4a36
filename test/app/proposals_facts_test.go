package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/test/githubtest"
	"github.com/imageupdater/imageupdater/test/registry"
)

// TestFacts has the text of a pull request tell what the images are. It stays
// when a registry does not answer, and tells it later where it did not at first.
func TestFacts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, file(t), githubtest.Options{})
	const image = "acme/web"
	push(t, w, image, "1.0.0")
	if err := w.registry.PushIndex(image, "1.0.1", "amd64"); err != nil {
		t.Fatal(err)
	}
	if err := w.registry.PushIndex(image, "1.1.0", "amd64", "arm64"); err != nil {
		t.Fatal(err)
	}
	before, after := w.digest(image, "1.0.1"), w.digest(image, "1.1.0")
	repo := w.shop("acme/shop")
	repo.Commit("main", "a newer one", map[string]string{"newer.yaml": w.web("1.0.1")})
	// Only the text wants to know of the older one.
	old := registry.Fault{Path: "/v2/acme/web/manifests/1.0.0", Status: http.StatusInternalServerError}
	w.registry.Fail(old)
	a := w.start("")
	installation := w.hub.Install("acme", grants(), repo)
	a.settled(w.hub, "acme/shop")
	body := func() string { return repo.Pulls()[0].Body }
	for _, line := range []string{
		"digest before: `" + before + "`", "digest after: `" + after + "`",
		"platforms: gains `linux/arm64`; keeps `linux/amd64`",
	} {
		if !strings.Contains(body(), "- "+line+"\n") {
			t.Errorf("%q is not in\n%s", line, body())
		}
	}
	if line := "digest before: not known"; !strings.Contains(body(), line) {
		t.Errorf("%q is not in\n%s", line, body())
	}
	w.registry.Heal()
	w.hub.Advance(10 * time.Minute) // until then a host that failed is spared
	a.rescan()
	if line := "digest before: `" + w.digest(image, "1.0.0") + "`"; !strings.Contains(body(), line) {
		t.Errorf("%q is not in\n%s", line, body())
	}
	told, writes := body(), len(w.hub.Writes(githubtest.By(installation)))
	w.registry.Fail(old)
	w.hub.Advance(10 * time.Minute)
	a.rescan()
	w.registry.Heal()
	if got := body(); got != told {
		t.Errorf("while the registry was down it became\n%s", got)
	}
	a.rescan()
	if n := len(w.hub.Writes(githubtest.By(installation))); n != writes {
		t.Errorf("%d calls that write, though nothing changed", n-writes)
	}
}

func (w *world) digest(repo, tag string) string {
	w.t.Helper()
	digest, err := w.registry.Digest(repo, tag)
	if err != nil {
		w.t.Fatal(err)
	}
	return digest
}
