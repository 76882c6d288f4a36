package app_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

const notAskedAgain = "a webhook does not arrive, and is not asked for any more: the App's settings at GitHub show what became of it"

// redeliveries counts the webhooks that were asked for again.
func (w *world) redeliveries() int {
	return len(w.hub.Calls(githubtest.Of("apps/redeliver-webhook-delivery")))
}

// TestWebhookThatNeverArrives is asked for a few times, and given up aloud.
func TestWebhookThatNeverArrives(t *testing.T) {
	t.Parallel()
	w := newWorld(t, file(t), githubtest.Options{Events: []string{"push"}})
	repo := w.hub.AddRepository("acme/shop", map[string]string{"a": "b"})
	a := w.start("")
	w.hub.Install("acme", grants(), repo)
	a.quiet(w.hub)
	w.hub.Disorder(githubtest.Disorder{Lose: 1})
	repo.Commit("main", "lost", map[string]string{"a": "c"})
	w.hub.Settle()
	for range 9 {
		w.hub.Advance(time.Hour)
		a.Housekeep(t.Context())
		w.hub.Settle()
	}
	if got := w.redeliveries(); got != 5 {
		t.Errorf("asked %d times, want 5", got)
	}
	if got := w.logged(notAskedAgain, ""); got != 1 {
		t.Errorf("said %d times that it is given up", got)
	}
}

// TestLogOfWebhooksTooLong is read as far as it goes, and then from there on.
func TestLogOfWebhooksTooLong(t *testing.T) {
	t.Parallel()
	w := newWorld(t, file(t), githubtest.Options{Events: []string{"push"}})
	repo := w.hub.AddRepository("acme/shop", map[string]string{"a": "b"})
	a := w.start("")
	w.hub.Install("acme", grants(), repo)
	a.quiet(w.hub)
	w.hub.Disorder(githubtest.Disorder{Lose: 1})
	repo.Commit("main", "lost", map[string]string{"a": "c"})
	w.hub.Settle()
	w.hub.Disorder(githubtest.Disorder{})
	w.hub.Advance(time.Hour)
	endless := w.hub.Fault(githubtest.Fault{
		Operation: "apps/list-webhook-deliveries",
		Header:    http.Header{"Link": {`<` + w.hub.APIURL() + `app/hook/deliveries?per_page=100&cursor=v1_999999999>; rel="next"`}},
	})
	a.Housekeep(t.Context())
	a.quiet(w.hub)
	endless.Remove()
	if w.redeliveries() != 1 {
		t.Errorf("asked %d times for what was lost", w.redeliveries())
	}
	pages := len(w.hub.Calls(githubtest.Of("apps/list-webhook-deliveries")))
	w.hub.Advance(5 * time.Minute)
	a.Housekeep(t.Context())
	if got := len(w.hub.Calls(githubtest.Of("apps/list-webhook-deliveries"))); got != pages {
		t.Error("the log was read again so soon")
	}
}
