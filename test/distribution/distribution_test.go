package distribution_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
	"github.com/imageupdater/imageupdater/test/distribution"
)

// bot asks everything with the password.
type bot struct{}

func (bot) For(context.Context, image.Repository) (registry.Credential, error) {
	return registry.Credential{
		Identity:      distribution.User,
		Authenticator: authn.FromConfig(authn.AuthConfig{Username: distribution.User, Password: distribution.Password}),
	}, nil
}

func TestDistribution(t *testing.T) {
	t.Parallel()
	r := distribution.Start(t)
	created := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	const tags = 1500
	var want []string
	for i := range tags {
		want = append(want, fmt.Sprintf("main-%07x", 0x1000000+i))
		if err := r.Push(t.Context(), "acme/web", want[i], created.Add(time.Duration(i)*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if counts := r.Take(); counts != (distribution.Counts{}) {
		t.Errorf("to push counts as %+v", counts)
	}
	repo := image.Repository{Registry: r.Host(), Path: "acme/web"}

	stranger := registry.New(registry.Options{PlainHTTP: []string{r.Host()}})
	if got, err := stranger.List(t.Context(), repo); err == nil {
		t.Errorf("a stranger is shown %d tags", len(got))
	}
	r.Take()

	client := registry.New(registry.Options{PlainHTTP: []string{r.Host()}, Credentials: bot{}})
	began := time.Now()
	listed, err := client.List(t.Context(), repo)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, tag := range listed {
		got = append(got, tag.Name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d tags, want %d", len(got), len(want))
	}
	t.Logf("listing %d tags: %+v in %s", tags, r.Take(), time.Since(began))
	details, err := client.Details(t.Context(), repo, want[7], nil)
	if err != nil || !details.Created.Equal(created.Add(7*time.Hour)) || details.Labels["tag"] != want[7] {
		t.Errorf("details %+v, error %v", details, err)
	}
	digest, err := client.Digest(t.Context(), repo, want[7])
	if err != nil || digest != details.Digest {
		t.Errorf("digest %s, error %v, want %s", digest, err, details.Digest)
	}
	if got := r.Take(); got.Heads != 1 || got.Manifests != 1 || got.Blobs != 1 {
		t.Errorf("digest and details took %+v", got)
	}
	about, err := client.About(t.Context(), repo, digest, nil)
	if err != nil || !about.Created.Equal(details.Created) || about.Labels["tag"] != want[7] || about.Platform.Digest != digest || about.NoConfig {
		t.Errorf("about %+v, error %v", about, err)
	}
	if _, err := client.Provenance(t.Context(), repo, digest); err != nil {
		t.Errorf("an image without provenance: error %v", err)
	}
	if got := r.Take(); got.Useful() != 3 || got.Manifests != 2 || got.Blobs != 1 {
		t.Errorf("about and provenance took %+v", got)
	}
}
