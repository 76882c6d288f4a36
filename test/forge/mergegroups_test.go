package forge_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// TestQueueHeads follows a merge queue, for nothing while nothing happens in it.
func TestQueueHeads(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	o, r := w.queueable(t), w.writer(t, forge.Options{Memory: newMemory()})
	heads := func(want ...forge.QueueHead) {
		t.Helper()
		for n := range 2 {
			mark := w.hub.Mark()
			got := must[[]forge.QueueHead](t)(r.QueueHeads(t.Context()))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if all := w.hub.Since(mark, githubtest.By(w.installation)); n == 1 && (len(all) != 1 || !all[0].Free()) {
				t.Errorf("paid for %v", all)
			}
		}
	}
	heads()
	must[forge.Result](t)(r.Enqueue(t.Context(), o))
	group := func(number int, onto string) forge.QueueHead {
		return forge.QueueHead{SHA: w.repo.MergeGroup(number), Base: "main", Branch: fmt.Sprintf("gh-readonly-queue/main/pr-%d-%s", number, onto)}
	}
	first := group(o.Number, w.sha)
	heads(first)
	w.repo.Push("next", "alice", "Next", map[string]*githubtest.File{"next.txt": githubtest.Text("next\n")})
	next := w.order(t, w.repo.OpenPull("alice", "Next", "next", "main"))
	w.repo.Status(next.Head, "ci", "success")
	must[forge.Result](t)(r.Enqueue(t.Context(), next))
	heads(first, group(next.Number, first.SHA))
	elsewhere := forge.QueueHead{Base: "release/2", Branch: "gh-readonly-queue/release/2/pr-9-" + w.sha}
	elsewhere.SHA = w.repo.Push(elsewhere.Branch, "alice", "another base's", map[string]*githubtest.File{"x": githubtest.Text("x\n")})
	w.repo.Push("gh-readonly-queues/main/pr-9", "alice", "no queue's", map[string]*githubtest.File{"x": githubtest.Text("y\n")})
	heads(first, group(next.Number, first.SHA), elsewhere)
	w.repo.DeleteBranch(elsewhere.Branch, "alice")
	w.repo.Status(w.repo.MergeGroup(o.Number), "ci", "failure")
	heads(group(next.Number, w.sha))
	w.repo.Status(w.repo.MergeGroup(next.Number), "ci", "success")
	heads()
}

// TestAppOf asks once for an App, whoever asks, and each time for one that is not there.
func TestAppOf(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	ci, kept := w.hub.OtherApp("ci-app").ID, newMemory()
	asked := func(want int) {
		t.Helper()
		mark := w.hub.Mark()
		got, err := w.writer(t, forge.Options{Memory: kept}).AppOf(t.Context(), "ci-app")
		n := 0
		for _, e := range w.hub.Since(mark) {
			if e.Operation == "apps/get-by-slug" {
				n++
			}
		}
		if err != nil || got != ci || n != want {
			t.Errorf("got %d by %d calls, want %d by %d: %v", got, n, ci, want, err)
		}
	}
	asked(1)
	asked(0)
	kept.spoil()
	asked(1)
	r := w.writer(t, forge.Options{Memory: kept})
	is(forge.ErrNotFound)(t, w, second(r.AppOf(t.Context(), "later")))
	later := w.hub.OtherApp("later").ID
	if got := must[int64](t)(r.AppOf(t.Context(), "later")); got != later {
		t.Errorf("got %d, want %d", got, later)
	}
	for _, text := range []string{`{"id":7,"slug":"another"}`, `{"slug":"odd"}`, `{"id":-7,"slug":"odd"}`} {
		fault := w.hub.Fault(answered("apps/get-by-slug", text))
		isUnavailable(t, w, second(r.AppOf(t.Context(), "odd")))
		fault.Remove()
	}
}

// TestOwnRequiredCheck keeps merges back by the App's own check run, where a branch
// requires it of this App.
func TestOwnRequiredCheck(t *testing.T) {
	const name = "imageupdater/merge-policy"
	for _, conclusion := range []string{"success", "neutral", "skipped"} {
		t.Run(conclusion, func(t *testing.T) {
			w := newWorld(t, githubtest.Options{})
			o, r := w.ordered(t), w.writer(t, forge.Options{})
			w.repo.AddRuleset(githubtest.Ruleset{Rules: githubtest.Rules{Checks: []githubtest.RequiredCheck{{Context: name, App: w.hub.App.ID}}}})
			merge := func(want forge.Outcome) {
				t.Helper()
				if got := must[forge.Result](t)(r.Merge(t.Context(), o)); got.Outcome != want {
					t.Errorf("%+v, want %s", got, want)
				}
			}
			w.repo.Check(o.Head, "ci-app", name, "completed", "success")
			merge(forge.NotYet)
			run := must[forge.CheckRun](t)(r.CreateCheckRun(t.Context(), forge.NewCheckRun{Name: name, Head: o.Head, CheckChange: forge.CheckChange{
				At: w.hub.Now(), Text: forge.CheckText{Title: "Waits", Summary: "It waits."},
			}}))
			merge(forge.NotYet)
			must[forge.CheckRun](t)(r.UpdateCheckRun(t.Context(), run.ID, forge.CheckChange{
				Conclusion: conclusion, At: w.hub.Now(), Text: forge.CheckText{Title: "May merge", Summary: "It may."},
			}))
			merge(forge.Merged)
		})
	}
}

// TestMergedBranch deletes the head of what is merged, whoever is first.
func TestMergedBranch(t *testing.T) {
	for by, deletes := range map[string]bool{"by GitHub": true, "by us": false} {
		t.Run(by, func(t *testing.T) {
			w := newWorld(t, githubtest.Options{})
			w.repo.SetMerging(githubtest.Merging{AllowSquash: true, DeleteBranch: deletes})
			o, r := w.ordered(t), w.writer(t, forge.Options{})
			c, _, err := r.Candidate(t.Context(), o.Number)
			if err != nil {
				t.Fatal(err)
			}
			if got := must[forge.Result](t)(r.Merge(t.Context(), o)); got.Outcome != forge.Merged {
				t.Fatalf("%+v", got)
			}
			if gone := w.repo.Branch(c.Head.Name) == ""; gone != deletes {
				t.Errorf("gone: %v", gone)
			}
			err = r.DeleteBranch(t.Context(), c.Head.Name, o.Head)
			if deletes {
				is(forge.ErrConflict)(t, w, err)
			} else {
				isNothing(t, w, err)
			}
			is(forge.ErrNotFound)(t, w, third(r.Head(t.Context(), c.Head.Name)))
		})
	}
}
