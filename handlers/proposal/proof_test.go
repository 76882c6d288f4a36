package proposal_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/scanner/format"
)

// TestProveAgain shows that what commits say is read once, and what they do not say each
// time.
func TestProveAgain(t *testing.T) {
	t.Parallel()
	for name, live := range map[string]func(*court){
		"ours":        func(*court) {},
		"theirs":      func(c *court) { c.change("ours", func(is *forge.Commit) { is.Author = alice() }) },
		"more":        func(c *court) { c.writes("more.yaml", "a: b") },
		"not counted": func(c *court) { c.claim.Pull.Commits = 2 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := proposed(t, shop(t))
			live(c)
			record, first := c.prove(t, true)
			c.calls = 0
			again, second := c.prove(t, true)
			if diff := cmp.Diff(first, second); diff != "" || c.calls != 0 || !cmp.Equal(record, again) {
				t.Errorf("%d calls\n%s", c.calls, diff)
			}
			c.missing[prodFile], c.claim.Pull.Head.Repository = true, 8
			if _, third := c.prove(t, true); !slices.Contains(third, "branch: its branch is in another repository") || c.calls != 0 {
				t.Errorf("%d calls: %v", c.calls, third)
			}
			c.claim.Pull.Author = alice().Account
			if _, theirs := c.prove(t, true); !slices.Contains(theirs, "head: alice opened it") {
				t.Errorf("%v", theirs)
			}
		})
	}
}

// proofs are under what proofs are kept.
func (c *court) proofs() []string {
	return slices.DeleteFunc(slices.Collect(maps.Keys(c.facts)), func(name string) bool { return !strings.HasPrefix(name, "proof ") })
}

// TestProveBrokenMemory shows that what cannot be understood is read again.
func TestProveBrokenMemory(t *testing.T) {
	t.Parallel()
	for _, kept := range []string{"", "{}", "null", "x", `{"Head":{"ok":true},"Commits":{"ok":true},"Tree":{"unknown":"x"},"Record":null}`} {
		c := proposed(t, shop(t))
		c.writes("more.yaml", "a: b")
		c.prove(t, true)
		names := c.proofs()
		if len(names) != 1 {
			t.Fatalf("%v is kept", names)
		}
		c.facts[names[0]], c.calls = []byte(kept), 0
		if _, against := c.prove(t, true); len(against) != 1 || c.calls == 0 {
			t.Errorf("%q: %d calls, %v", kept, c.calls, against)
		}
	}
}

// TestProvePassing shows that nothing is kept of what may be another thing later.
func TestProvePassing(t *testing.T) {
	t.Parallel()
	t.Run("a signature that was not checked", func(t *testing.T) {
		t.Parallel()
		c := proposed(t, shop(t))
		c.change("ours", func(is *forge.Commit) { is.Verified, is.Unchecked = false, true })
		if record, o, err := c.historian(true).Prove(t.Context(), c, &c.claim); !isUnavailable(err) || record != nil || len(signs(&o)) != 6 {
			t.Fatalf("%v %v", signs(&o), err)
		}
		c.change("ours", func(is *forge.Commit) { is.Verified, is.Unchecked = true, false })
		if _, against := c.prove(t, true); len(against) != 0 {
			t.Error(against)
		}
	})
	t.Run("a commit that was not counted", func(t *testing.T) {
		t.Parallel()
		c := proposed(t, shop(t))
		c.claim.Pull.Commits = 2
		if _, against := c.prove(t, true); len(against) != 2 {
			t.Error(against)
		}
		c.claim.Pull.Commits = 1
		if _, against := c.prove(t, true); len(against) != 0 {
			t.Error(against)
		}
	})
	t.Run("a base that was not there", func(t *testing.T) {
		t.Parallel()
		c := proposed(t, shop(t))
		c.commits["feature"], c.trees["feature"] = c.commits["base"], c.trees["base"]
		c.change("ours", func(is *forge.Commit) { is.Parents = []string{"feature"} })
		_, against := c.prove(t, true)
		want := all(2, "what the App built it on is not in main")
		if diff := cmp.Diff(want, against); diff != "" {
			t.Error(diff)
		}
		c.change("ours", func(is *forge.Commit) { is.Parents = []string{"base"} }) // as if it had come in
		if _, against := c.prove(t, true); len(against) != 0 {
			t.Error(against)
		}
	})
	t.Run("a field that is not found", func(t *testing.T) {
		t.Parallel()
		c := proposed(t, shop(t))
		c.claim.Find = func(context.Context, []forge.Entry) ([]format.Field, error) { return nil, nil }
		if _, against := c.prove(t, true); len(against) != 1 || !strings.HasPrefix(against[0], "tree: ") {
			t.Error(against)
		}
		c.claim.Find = c.find
		if _, against := c.prove(t, true); len(against) != 0 {
			t.Error(against)
		}
	})
}

func isUnavailable(err error) bool {
	_, is := errors.AsType[*forge.UnavailableError](err)
	return is
}

// TestProveFailing lets each read fail in turn: then nothing is proved, and nothing kept.
func TestProveFailing(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		err  error
		// why is what is said of the sign; "" where there is an error instead.
		why string
	}{
		{"unavailable", &forge.UnavailableError{What: "x", Err: errors.New("reset")}, ""},
		{"limited", &forge.LimitedError{Why: "primary"}, ""},
		{"cut", context.Canceled, ""},
		{"suspended", &forge.RefusedError{Kind: forge.ErrSuspended}, ""},
		{"not permitted", &forge.PermissionError{What: "x"}, ""},
		{"unheard of", errors.New("odd"), ""},
		{"both", errors.Join(&forge.TooLargeError{What: "x"}, &forge.UnavailableError{What: "x", Err: errors.New("reset")}), ""},
		{"refused", &forge.RefusedError{Endpoint: "x", Status: 422, Kind: forge.ErrInvalid}, "GitHub refuses to tell"},
		{"not found", &forge.RefusedError{Endpoint: "x", Status: 404, Kind: forge.ErrNotFound}, "GitHub does not find all of it"},
		{"too large", &forge.TooLargeError{What: "x", Max: 1}, "it is more than is read"},
	}
	for _, tt := range tests {
		for _, signed := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/signed=%t", tt.name, signed), func(t *testing.T) {
				t.Parallel()
				failing(t, signed, tt.err, tt.why)
			})
		}
	}
}

func failing(t *testing.T, signed bool, instead error, why string) {
	t.Helper()
	whole := proposed(t, shop(t))
	whole.merged(map[string]string{"README.md": "new"})
	reads := 0
	whole.fails = func() error { reads++; return nil }
	if _, against := whole.prove(t, signed); len(against) != 0 || reads < 10 {
		t.Fatalf("%d reads: %v", reads, against)
	}
	for bad := range reads {
		c := proposed(t, shop(t))
		c.merged(map[string]string{"README.md": "new"})
		n := -1
		c.fails = func() error {
			if n++; n == bad {
				return instead
			}
			return nil
		}
		record, o, err := c.historian(signed).Prove(t.Context(), c, &c.claim)
		against := signs(&o)
		switch {
		case why == "" && (err == nil || record != nil || len(against) != 6):
			t.Errorf("read %d: %v %v", bad, against, err)
		case bad == 0 && why != "" && !slices.Contains(against, "branch? "+why):
			t.Errorf("of commits that were not read: %v", against)
		case why != "" && (err != nil || !slices.Contains(against, "tree? "+why)):
			t.Errorf("read %d: %v %v", bad, against, err)
		}
		if kept := c.proofs(); len(kept) > 0 {
			t.Errorf("read %d: %v is kept", bad, kept)
		}
		c.fails = nil
		if _, against := c.prove(t, signed); len(against) != 0 {
			t.Errorf("read %d, and then all: %v", bad, against)
		}
	}
}
