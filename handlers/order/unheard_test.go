package order_test

import (
	"errors"
	"testing"

	"github.com/imageupdater/imageupdater/handlers/order"
)

// unheard makes sure whether an order on a pull request waits for the next run.
func unheard(t *testing.T, h *order.Hearing, number int, want bool) {
	t.Helper()
	if got, err := h.Unheard(t.Context(), number); got != want || err != nil {
		t.Errorf("on %d something waits: %t, %v", number, got, err)
	}
}

// What is ordered while a run is under way waits for the next one, and that is known;
// what the run itself answers, or nobody has to, does not.
func TestUnheard(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		number      int
		login, text string
		want        bool
	}{
		"a hold":                  {good, "alice", "/hold", true},
		"another order":           {good, "bob", "Not now.\n\n/ignore this", true},
		"a mistake":               {good, "alice", "/hodl", true},
		"on another":              {held, "alice", "/hold", false},
		"of somebody who may not": {good, "mallory", "/hold", false},
		"in code":                 {good, "alice", "```\n/hold\n```", false},
		"words":                   {good, "alice", "Hold on!", false},
		"nothing but a /merge":    {good, "alice", "/merge", true},
		"hold, taken back":        {good, "alice", "/hold\n/unhold", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.says(good, "alice", "/merge") // which this run answers
			w.look(order.Ended{}, func(h *order.Hearing) {
				accepts(h)
				unheard(t, h, good, false)
				w.says(c.number, c.login, c.text)
				unheard(t, h, good, c.want)
			})
			w.look(order.Ended{}, func(h *order.Hearing) {
				accepts(h)
				unheard(t, h, good, false)
			})
		})
	}
}

// A run answers fifty orders: of those that it leaves it knows.
func TestUnheardIsLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 50 {
		w.says(board, "alice", "/help")
	}
	w.says(held, "mallory", "/hold")
	hold := w.says(good, "alice", "/hold")
	w.look(order.Ended{}, func(h *order.Hearing) {
		unheard(t, h, good, true)
		unheard(t, h, held, false)
	})
	w.got(hold)
	w.look(order.Ended{}, func(h *order.Hearing) { unheard(t, h, good, false) })
	w.got(hold, "eyes", "rocket")
}

// What GitHub does not tell is no word that nothing waits.
func TestUnheardUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.look(order.Ended{}, func(h *order.Hearing) {
		w.silent = errors.New("GitHub does not answer")
		if _, err := h.Unheard(t.Context(), good); !errors.Is(err, w.silent) {
			t.Errorf("%v", err)
		}
	})
}
