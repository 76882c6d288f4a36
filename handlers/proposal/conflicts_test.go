package proposal_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/proposal"
)

// undecided is a GitHub that never finds out whether something merges.
type undecided struct{ proposal.Writer }

func (undecided) Pull(context.Context, int) (forge.Pull, error) { return forge.Pull{}, nil }

// TestPatience shows that GitHub is asked less and less often for what it does not
// find out, until a branch or its base moves.
func TestPatience(t *testing.T) {
	t.Parallel()
	at := now()
	r := &proposal.Reconciler{Memory: newBooks(), Now: func() time.Time { return at }}
	ask := func(head, base string) time.Time {
		t.Helper()
		p := &proposal.Proposal{BaseSHA: base, Existing: &proposal.Existing{Number: 1, HeadSHA: head, BuiltOn: "c0"}}
		found, again, err := r.Conflicts(t.Context(), undecided{}, []*proposal.Proposal{p})
		if found || err != nil {
			t.Fatal(found, err)
		}
		return again
	}
	var waits []time.Duration
	for again := ask("h1", "c1"); !again.IsZero(); again = ask("h1", "c1") {
		waits = append(waits, again.Sub(at)/time.Minute)
		if early := ask("h1", "c1"); early != again {
			t.Fatalf("a look between moved the time from %s to %s", again, early)
		}
		at = again
	}
	if want := []time.Duration{1, 2, 4, 8, 16, 32}; !slices.Equal(waits, want) {
		t.Errorf("waited for %d minutes, not %d", waits, want)
	}
	for _, moved := range [][2]string{{"h2", "c1"}, {"h2", "c2"}} {
		if again := ask(moved[0], moved[1]); again != at.Add(time.Minute) {
			t.Errorf("%s on %s is asked for at %s", moved[0], moved[1], again)
		}
	}
}
