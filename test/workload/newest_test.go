package workload_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner"
	client "github.com/imageupdater/imageupdater/scanner/registry"
	"github.com/imageupdater/imageupdater/test/distribution"
	"github.com/imageupdater/imageupdater/test/registry"
)

// shelf is a client.Store in memory.
type shelf struct{ values sync.Map }

func (s *shelf) Get(_ context.Context, key string) ([]byte, bool) {
	value, found := s.values.Load(key)
	raw, _ := value.([]byte)
	return raw, found
}

func (s *shelf) Put(_ context.Context, key string, value []byte) { s.values.Store(key, value) }

// TestNewest looks for the newest of 1,000 tags at registries that tell no times:
// over several intervals, and again when there are 5 new ones.
func TestNewest(t *testing.T) {
	t.Parallel()
	t.Run("in process", func(t *testing.T) {
		t.Parallel()
		r, err := registry.Start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Close() })
		testNewest(t, inProcess{r}, func(tag string, created time.Time) error {
			return r.PushImage("bench/web", tag, registry.Image{Created: created})
		})
	})
	t.Run("distribution", func(t *testing.T) {
		t.Parallel()
		r := distribution.Start(t)
		testNewest(t, withTokens{r}, func(tag string, created time.Time) error {
			return r.Push(t.Context(), "bench/web", tag, created)
		})
	})
}

func testNewest(t *testing.T, r server, push func(tag string, created time.Time) error) {
	t.Helper()
	clock := &passing{now: time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)}
	// Their order is not that of their times.
	tag := func(n int) string { return fmt.Sprintf("main-%07x", (n*7919)%0x1000000+0x1000000) }
	pushAll := func(from, to int) {
		t.Helper()
		for n := from; n < to; n++ {
			if err := push(tag(n), clock.Now().Add(time.Duration(n-5000)*time.Minute)); err != nil {
				t.Fatal(err)
			}
		}
	}
	pushAll(0, 1000)
	r.take()
	store := &shelf{}
	look := func() (string, requests) {
		t.Helper()
		shared := client.NewShared(newAsking(r, clock), client.SharedOptions{Now: clock.Now, Identity: bot{}.identity, Store: store})
		return newest(t, shared, clock, r.Host()+"/bench/web:"+tag(500)), r.take()
	}
	for _, looked := range []int{300, 600, 900} {
		got, asked := look()
		if want := fmt.Sprintf("not yet complete: %d of 1000 were looked at", looked); !strings.Contains(got, want) {
			t.Errorf("%q, want it to hold %q", got, want)
		}
		if asked.useful > 605 {
			t.Errorf("%d requests for 300 tags", asked.useful)
		}
		clock.pass(12 * time.Minute)
	}
	got, asked := look()
	t.Logf("the last of 1,000: %+v", asked)
	if got != tag(999) {
		t.Errorf("the newest is %q, want %s", got, tag(999))
	}
	pushAll(1000, 1005)
	r.take()
	clock.pass(12 * time.Minute)
	got, asked = look()
	t.Logf("again, with 5 new ones: %+v", asked)
	if got != tag(1004) {
		t.Errorf("the newest is %q, want %s", got, tag(1004))
	}
	if total := asked.useful + asked.handshakes; total > 15 {
		t.Errorf("%d requests for 5 new tags among 1,000, want at most 15", total)
	}
}

// newest is the tag that a reference could move to, or the problem.
func newest(t *testing.T, asked scanner.Registry, clock *passing, reference string) string {
	t.Helper()
	settings, _, err := config.Load(t.Context(), config.FileName, []byte("defaults: {strategy: newest}\n"), config.Options{Now: clock.Now()})
	if err != nil {
		t.Fatal(err)
	}
	tree := fstest.MapFS{"values.yaml": &fstest.MapFile{Data: []byte("image: " + reference + "\n")}}
	inventory, err := scanner.Find(t.Context(), tree, scanner.FindOptions{})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := (&scanner.Planner{Registry: asked, Config: settings, Now: clock.Now}).Plan(t.Context(), inventory)
	if err != nil {
		t.Fatal(err)
	}
	switch result := plan.Results[0]; {
	case result.Reason != nil:
		return result.Reason.Detail
	case len(result.Updates) != 1:
		return fmt.Sprintf("%+v", result)
	default:
		return result.Updates[0].Tag
	}
}
