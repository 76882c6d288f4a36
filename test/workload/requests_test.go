package workload_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/image"
	client "github.com/imageupdater/imageupdater/scanner/registry"
	"github.com/imageupdater/imageupdater/test/distribution"
	"github.com/imageupdater/imageupdater/test/registry"
)

// server is a registry that counts.
type server interface {
	Host() string
	take() requests
}

// requests are what a server was asked since the last time.
type requests struct {
	// useful are lists, manifests and blobs, handshakes what it took to be
	// allowed to ask for them.
	useful, handshakes int
	all                string
}

type inProcess struct{ *registry.Registry }

func (r inProcess) take() requests {
	counts := r.Counts()
	r.Forget()
	return requests{
		useful: counts.Lists + counts.Heads + counts.Manifests + counts.Blobs, handshakes: counts.Other,
		all: fmt.Sprintf("%+v", counts),
	}
}

type withTokens struct{ *distribution.Registry }

func (r withTokens) take() requests {
	counts := r.Take()
	return requests{useful: counts.Useful(), handshakes: counts.Handshakes(), all: fmt.Sprintf("%+v", counts)}
}

// bot asks everything with the password.
type bot struct{}

func (bot) For(context.Context, image.Repository) (client.Credential, error) {
	return client.Credential{
		Identity:      distribution.User,
		Authenticator: authn.FromConfig(authn.AuthConfig{Username: distribution.User, Password: distribution.Password}),
	}, nil
}

func (bot) identity(context.Context, image.Repository) (string, error) {
	return distribution.User, nil
}

// TestRequests counts what a registry is asked for 600 fields with 50 images of
// 200 tags each.
func TestRequests(t *testing.T) {
	t.Parallel()
	script := generator(t)
	t.Run("in process", func(t *testing.T) {
		t.Parallel()
		r, err := registry.Start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Close() })
		testRequests(t, script, inProcess{r})
	})
	t.Run("distribution", func(t *testing.T) {
		t.Parallel()
		testRequests(t, script, withTokens{distribution.Start(t)})
	})
}

func testRequests(t *testing.T, script string, r server) {
	t.Helper()
	dir := t.TempDir()
	produce := func(out string, arguments ...string) {
		run(t, "python3", append([]string{
			script, "--registry", "http://" + r.Host(), "--out", out, "--user", distribution.User, "--password", distribution.Password,
			"--images", strconv.Itoa(images), "--tags", "200", "--files", "200", "--kinds", "values,kustomize,k8s",
		}, arguments...)...)
	}
	pushed := filepath.Join(dir, "pushed")
	produce(pushed, "--only", "registry")
	digests, err := os.ReadFile(pushed + ".digests.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, pinned := range []string{"0", "30", "100"} {
		t.Run(pinned+" percent pinned", func(t *testing.T) {
			out := filepath.Join(dir, "pinned-"+pinned)
			if err := os.WriteFile(out+".digests.json", digests, 0o600); err != nil {
				t.Fatal(err)
			}
			produce(out, "--only", "files", "--pin-percent", pinned)
			testInterval(t, r, out)
		})
	}
}

// passing is a clock that is set by hand.
type passing struct {
	mu  sync.Mutex
	now time.Time
}

func (p *passing) Now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

func (p *passing) pass(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = p.now.Add(d)
}

// newAsking is a client without limits: its clock does not move by itself.
func newAsking(r server, clock *passing) *client.Client {
	return client.New(client.Options{
		Hosts:       []client.Host{{Name: r.Host(), PlainHTTP: true, Limits: client.Limits{PerSecond: -1}}},
		Credentials: bot{}, Now: clock.Now,
	})
}

// testInterval goes from a cold start over several intervals.
func testInterval(t *testing.T, r server, dir string) {
	t.Helper()
	clock := &passing{now: time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)}
	shared := client.NewShared(newAsking(r, clock), client.SharedOptions{Now: clock.Now, Identity: bot{}.identity})
	inventory, err := scanner.Find(t.Context(), os.DirFS(dir), scanner.FindOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := len(inventory.Fields); got != references {
		t.Errorf("%d fields, want %d", got, references)
	}
	r.take()
	for _, cycle := range []struct {
		name               string
		later              time.Duration
		repositories       int
		useful, handshakes float64 // an image, at most
	}{
		{"cold", 0, 1, 3.1, 1.1},
		{"within the interval", 8 * time.Minute, 1, 0, 0},
		{"after it", 4 * time.Minute, 1, 1.1, 1.1},
		{"after another, for 10 repositories", 12 * time.Minute, 10, 1, 1.1},
	} {
		clock.pass(cycle.later)
		for range cycle.repositories {
			plan, err := (&scanner.Planner{Registry: shared, Now: clock.Now}).Plan(t.Context(), inventory)
			if err != nil {
				t.Fatal(err)
			}
			for _, result := range plan.Results {
				if result.Status == scanner.StatusProblem {
					t.Fatalf("%s: %s", result.Field.Ref, result.Reason.Detail)
				}
			}
		}
		asked := r.take()
		t.Logf("%s: %.2f and %.2f an image: %s", cycle.name,
			float64(asked.useful)/images, float64(asked.handshakes)/images, asked.all)
		if float64(asked.useful) > cycle.useful*images {
			t.Errorf("%s: %d lists, manifests and blobs, more than %g an image", cycle.name, asked.useful, cycle.useful)
		}
		if float64(asked.handshakes) > cycle.handshakes*images {
			t.Errorf("%s: %d pings and tokens, more than %g an image", cycle.name, asked.handshakes, cycle.handshakes)
		}
	}
}
