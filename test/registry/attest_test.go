package registry_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/scanner/image"
	product "github.com/imageupdater/imageupdater/scanner/registry"
	"github.com/imageupdater/imageupdater/test/registry"
)

// What is pushed here says of itself what was wanted, to who asks as the product does.
func TestPushedImagesSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	const source, revision = "https://github.com/acme/web", "6d541d27b5dd12639e5a33a675ebca04d3837d74"
	created := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	r := start(t)
	err := r.PushImages("acme/web", "1.0", registry.Index{
		Images: []registry.Image{
			{Platform: "linux/arm64", Source: source, Revision: "another"},
			{
				Created: created, Labels: map[string]string{"said": "config"}, Annotations: map[string]string{"said": "image"},
				Descriptor: map[string]string{"said": "entry"}, Size: 4321, Source: source, Revision: revision,
			},
		},
		Annotations: map[string]string{"said": "index"}, Attested: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	client, repo := product.New(product.Options{PlainHTTP: []string{r.Host()}}), image.Repository{Registry: r.Host(), Path: "acme/web"}
	about, err := client.About(t.Context(), repo, "1.0", nil)
	if err != nil {
		t.Fatal(err)
	}
	said := []string{about.Index["said"], about.Descriptor["said"], about.Annotations["said"], about.Labels["said"]}
	if diff := cmp.Diff([]string{"index", "entry", "image", "config"}, said); diff != "" {
		t.Errorf("said (-want +got)\n%s", diff)
	}
	if about.Size != 4321 || !about.Created.Equal(created) || len(about.Manifest.Platforms) != 2 || about.Platform.String() != "linux/amd64" {
		t.Errorf("%+v", about)
	}
	got, err := client.Provenance(t.Context(), repo, about.Attestation)
	if want := (product.Provenance{Source: source, Revision: revision}); err != nil || got != want {
		t.Errorf("%+v, error %v, want %+v", got, err, want)
	}
	if diff := cmp.Diff(registry.Counts{Manifests: 3, Blobs: 2, Other: 1}, r.Counts()); diff != "" {
		t.Errorf("requests (-want +got)\n%s", diff)
	}

	// One without an index.
	r.Forget()
	if err := r.PushImage("acme/web", "2.0", registry.Image{Created: created, Labels: map[string]string{"said": "config"}}); err != nil {
		t.Fatal(err)
	}
	about, err = client.About(t.Context(), repo, "2.0", nil)
	if err != nil || about.Labels["said"] != "config" || about.Size == 0 || about.Attestation != "" || about.Manifest.Index {
		t.Errorf("%+v, error %v", about, err)
	}
	if diff := cmp.Diff(registry.Counts{Manifests: 1, Blobs: 1}, r.Counts()); diff != "" {
		t.Errorf("requests (-want +got)\n%s", diff)
	}
}
