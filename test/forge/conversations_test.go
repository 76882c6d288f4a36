package forge_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// TestUnresolved counts conversations over three pages, and those alone that are
// not resolved.
func TestUnresolved(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	r := w.writer(t, forge.Options{})
	count := func(want, queries int) {
		t.Helper()
		mark := w.hub.Mark()
		if got, err := r.Unresolved(t.Context(), 2, w.node); err != nil || got != want || len(w.hub.Since(mark)) != queries {
			t.Errorf("%d by %d queries, want %d by %d: %v", got, len(w.hub.Since(mark)), want, queries, err)
		}
	}
	must[forge.Native](t)(r.Native(t.Context(), 2, w.node)) // which asks for a token
	count(0, 1)
	first := w.repo.OpenThread(2, "alice", "new.txt")
	count(1, 1)
	w.repo.ResolveThread(2, first, "alice")
	count(0, 1)
	for n := range 204 {
		id := w.repo.OpenThread(2, "alice", "new.txt")
		if n%2 == 0 {
			w.repo.ResolveThread(2, id, "alice")
		}
	}
	count(102, 3)
	is(forge.ErrNotFound)(t, w, second(r.Unresolved(t.Context(), 2, "PR_none")))
	isUnavailable(t, w, second(r.Unresolved(t.Context(), 3, w.node)))
}

// TestOpenConversation keeps a merge back until it is resolved, where the rules of
// the base say so.
func TestOpenConversation(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	o, r := w.ordered(t), w.writer(t, forge.Options{})
	w.repo.AddRuleset(githubtest.Ruleset{Rules: githubtest.Rules{Conversations: true}})
	if rules, _, err := r.Rules(t.Context(), "main"); err != nil || !rules.Conversations {
		t.Errorf("%+v %v", rules, err)
	}
	id := w.repo.OpenThread(o.Number, "alice", "see.txt")
	if got := must[forge.Result](t)(r.Merge(t.Context(), o)); got.Outcome != forge.NotYet || !strings.Contains(got.Said, "conversation must be resolved") {
		t.Errorf("open: %+v", got)
	}
	w.repo.ResolveThread(o.Number, id, "alice")
	if got := must[forge.Result](t)(r.Merge(t.Context(), o)); got.Outcome != forge.Merged {
		t.Errorf("resolved: %+v", got)
	}
}

// TestOddConversations takes no other pull request's, and none that are not whole.
func TestOddConversations(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	r := w.writer(t, forge.Options{})
	shown := func(number int, threads string) string {
		return fmt.Sprintf(`{"data":{"node":{"number":%d,"reviewThreads":%s}}}`, number, threads)
	}
	for name, text := range map[string]string{
		"nothing":           `{"data":{"node":null}}`,
		"no pull request":   `{"data":{"node":{}}}`,
		"none told":         shown(2, `null`),
		"another":           shown(3, `{"totalCount":0,"pageInfo":{"hasNextPage":false},"nodes":[]}`),
		"not counted":       shown(2, `{"pageInfo":{"hasNextPage":false},"nodes":[]}`),
		"no page":           shown(2, `{"totalCount":0,"nodes":[]}`),
		"fewer than told":   shown(2, `{"totalCount":2,"pageInfo":{"hasNextPage":false},"nodes":[{"id":"a","isResolved":true}]}`),
		"one twice":         shown(2, `{"totalCount":2,"pageInfo":{"hasNextPage":false},"nodes":[{"id":"a","isResolved":true},{"id":"a","isResolved":true}]}`),
		"hidden":            shown(2, `{"totalCount":1,"pageInfo":{"hasNextPage":false},"nodes":[null]}`),
		"whether is hidden": shown(2, `{"totalCount":1,"pageInfo":{"hasNextPage":false},"nodes":[{"id":"a"}]}`),
		"no way on":         shown(2, `{"totalCount":2,"pageInfo":{"hasNextPage":true},"nodes":[{"id":"a","isResolved":true}]}`),
		"text":              shown(2, `"many"`),
	} {
		t.Run(name, func(t *testing.T) {
			fault := w.hub.Fault(answered("node", text))
			defer fault.Remove()
			isUnavailable(t, w, second(r.Unresolved(t.Context(), 2, w.node)))
		})
	}
	for name, total := range map[string]int{"counted": 1001, "without end": 1} {
		fault := w.hub.Fault(answered("node", shown(2, fmt.Sprintf(
			`{"totalCount":%d,"pageInfo":{"hasNextPage":true,"endCursor":"x"},"nodes":[{"id":"a","isResolved":true}]}`, total))))
		err := second(r.Unresolved(t.Context(), 2, w.node))
		if large, is := errorAs[*forge.TooLargeError](err); !is || large.Max != 1000 || fault.Fired() > 10 {
			t.Errorf("%s: after %d pages %v", name, fault.Fired(), err)
		}
		fault.Remove()
	}
}
