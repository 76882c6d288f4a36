package forge_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// receiver takes webhooks, or refuses them.
type receiver struct{ refuses atomic.Bool }

func (r *receiver) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	if r.refuses.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

func (w *world) receive(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	w.hub.Webhook(server.URL, "secret")
	return r
}

// TestDeliveries reads the log back to a time, and has what was refused sent again.
func TestDeliveries(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	r, g := w.receive(t), w.github(t, forge.Options{})
	w.repo.OpenIssue("alice", "long ago", "")
	w.hub.Settle()
	w.hub.Advance(time.Hour)
	since := w.hub.Now()
	r.refuses.Store(true)
	for n := range 230 {
		w.repo.OpenIssue("alice", fmt.Sprintf("number %d", n), "")
	}
	w.hub.Settle()
	r.refuses.Store(false)
	w.repo.OpenIssue("alice", "taken", "")
	w.hub.Settle()

	mark := w.hub.Mark()
	all, err := g.Deliveries(t.Context(), since)
	if err != nil || len(all) != 231 || len(w.hub.Since(mark)) != 3 {
		t.Fatalf("%d deliveries by %d calls, %v", len(all), len(w.hub.Since(mark)), err)
	}
	newest := all[0]
	if !newest.OK || all[1].OK || newest.Event != "issues" || newest.Action != "opened" || newest.GUID == "" ||
		newest.Installation != w.installation.ID || newest.Repository != w.repo.ID || newest.Redelivery {
		t.Errorf("the newest: %+v", newest)
	}
	if older, err := g.Deliveries(t.Context(), since.Add(-time.Minute*90)); err != nil || len(older) < 232 {
		t.Errorf("from before: %d, %v", len(older), err)
	}
	if err := g.Redeliver(t.Context(), all[1].ID); err != nil {
		t.Fatal(err)
	}
	w.hub.Settle()
	again, err := g.Deliveries(t.Context(), since)
	if err != nil || !again[0].OK || !again[0].Redelivery || again[0].GUID != all[1].GUID {
		t.Errorf("sent again: %+v %v", again[0], err)
	}
	is(forge.ErrNotFound)(t, w, g.Redeliver(t.Context(), 1<<40))
}

// TestDeliveriesFail gives up on a log that cannot be read to its end.
func TestDeliveriesFail(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	fault := w.hub.Fault(githubtest.ServerError("apps/list-webhook-deliveries"))
	isUnavailable(t, w, second(w.github(t, forge.Options{}).Deliveries(t.Context(), w.hub.Now())))
	if fault.Fired() != 3 {
		t.Errorf("tried %d times", fault.Fired())
	}
}

// TestWrites are one after the other, so far apart, and never repeated blindly.
func TestWrites(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	w.receive(t)
	w.repo.OpenIssue("alice", "told", "")
	w.hub.Settle()
	g := w.github(t, forge.Options{})
	log, err := g.Deliveries(t.Context(), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	id := log[0].ID
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if err := g.Redeliver(t.Context(), id); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	var at []time.Time
	for _, e := range w.hub.Calls(githubtest.Of("apps/redeliver-webhook-delivery")) {
		at = append(at, e.At)
	}
	slices.SortFunc(at, time.Time.Compare)
	for n := range at[1:] {
		if apart := at[n+1].Sub(at[n]); apart < time.Second {
			t.Errorf("two writes are %s apart", apart)
		}
	}

	for name, tt := range map[string]struct {
		fault githubtest.Fault
		want  func(*testing.T, *world, error)
		tries int
	}{
		"401 once":     {once(githubtest.BadCredentials)("apps/redeliver-webhook-delivery"), isNothing, 1},
		"500":          {githubtest.ServerError("apps/redeliver-webhook-delivery"), isUnavailable, 1},
		"502":          {githubtest.BadGateway("apps/redeliver-webhook-delivery", githubtest.AfterWork), isUnavailable, 1},
		"reset before": {githubtest.ConnectionReset("apps/redeliver-webhook-delivery", githubtest.BeforeWork), isUnavailable, 1},
		"reset after":  {githubtest.ConnectionReset("apps/redeliver-webhook-delivery", githubtest.AfterWork), isUnavailable, 1},
		"limit":        {githubtest.TooManyRequests("apps/redeliver-webhook-delivery", time.Minute), limited(time.Minute, "secondary"), 1},
	} {
		t.Run(name, func(t *testing.T) {
			fault := w.hub.Fault(tt.fault)
			defer fault.Remove()
			tt.want(t, w, w.github(t, forge.Options{}).Redeliver(t.Context(), id))
			if fault.Fired() != tt.tries {
				t.Errorf("tried %d times", fault.Fired())
			}
		})
	}
}

// TestWaitingWrite gives up a write that waits for another, and refuses one that
// waited while a limit came.
func TestWaitingWrite(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	g := w.github(t, forge.Options{})
	held := w.hub.Fault(githubtest.Held("apps/redeliver-webhook-delivery"))
	ended := make(chan error)
	go func() { ended <- g.Redeliver(t.Context(), 1) }()
	<-held.Reached()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	is(context.Canceled)(t, w, g.Redeliver(ctx, 1))
	held.Remove()
	is(forge.ErrNotFound)(t, w, <-ended)

	limit := w.hub.Fault(githubtest.TooManyRequests("apps/get-authenticated", time.Minute))
	var sleeping *forge.GitHub
	sleeping = w.github(t, forge.Options{Sleep: func(ctx context.Context, _ time.Duration) error {
		_, err := sleeping.App(ctx)
		limited(time.Minute, "secondary")(t, w, err)
		return nil
	}})
	is(forge.ErrNotFound)(t, w, sleeping.Redeliver(t.Context(), 1))
	mark := w.hub.Mark()
	limited(time.Minute, "cooldown")(t, w, sleeping.Redeliver(t.Context(), 1))
	if all := w.hub.Since(mark, githubtest.Of("apps/redeliver-webhook-delivery")); len(all) != 0 || limit.Fired() != 1 {
		t.Errorf("it was written: %v", all)
	}
}

// TestUninstalled says that the App is gone, with a token and without.
func TestUninstalled(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	g := w.github(t, forge.Options{})
	isNothing(t, w, w.head(t.Context(), g))
	w.installation.Uninstall()
	for _, one := range []*forge.GitHub{g, w.github(t, forge.Options{})} {
		err := w.head(t.Context(), one)
		is(forge.ErrUninstalled)(t, w, err)
		if errors.Is(err, forge.ErrNotFound) {
			t.Error("it looks as if the repository were gone")
		}
	}
	is(forge.ErrNotFound)(t, w, second(g.Installation(t.Context(), w.installation.ID)))
}
