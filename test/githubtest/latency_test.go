package githubtest_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// TestLatency runs in a bubble: no real time goes by.
func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := githubtest.New(t, githubtest.Options{InMemory: true, Latency: time.Second})
		repo := hub.AddRepository("acme/shop", map[string]string{"a": "b"})
		token := tokenOf(t, hub, hub.Install("acme", grants(), repo), "")
		start := time.Now()
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				if status, _, err := get(t.Context(), t, hub, hub.Transport(), token); status != http.StatusOK {
					t.Errorf("%d, %v", status, err)
				}
			})
		}
		group.Wait()
		if took := time.Since(start); took != time.Second {
			t.Errorf("calls that are under way together took %s", took)
		}
		if most := hub.Worst().Concurrent; most != 20 {
			t.Errorf("%d calls were under way together", most)
		}

		hub.SetLatency(func(operation string) time.Duration {
			return map[string]time.Duration{"repos/get": time.Minute}[operation]
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, _, err := get(ctx, t, hub, hub.Transport(), token); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("too slow: %v", err)
		}
		hub.SetLatency(func(string) time.Duration { return 0 })
		slow := githubtest.Fault{Operation: "repos/get", Slow: 3 * time.Second}
		hub.Fault(slow)
		start = time.Now()
		if status, _, err := get(t.Context(), t, hub, hub.Transport(), token); status != http.StatusOK || time.Since(start) != 3*time.Second {
			t.Errorf("%d after %s, %v", status, time.Since(start), err)
		}
	})
}

// TestSleeper shows that a test may own the time that calls take.
func TestSleeper(t *testing.T) {
	var slept []time.Duration
	hub := githubtest.New(t, githubtest.Options{Latency: time.Hour, Sleep: func(_ context.Context, d time.Duration) error {
		slept = append(slept, d)
		return nil
	}})
	hub.AddRepository("acme/shop", map[string]string{"a": "b"})
	want(t, call(t, hub, "", "GET", "/repos/acme/shop", ""), http.StatusOK, "")
	if len(slept) != 1 || slept[0] != time.Hour {
		t.Errorf("slept %v", slept)
	}
}
