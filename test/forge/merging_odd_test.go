package forge_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// answered is a fault that answers a call with JSON.
func answered(operation, text string) githubtest.Fault {
	return githubtest.Fault{Operation: operation, Status: http.StatusOK, Body: text, Header: http.Header{"Content-Type": {"application/json"}}}
}

// TestOddRules reads rules as they are sent by other servers, and none that are not
// whole.
func TestOddRules(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	for text, want := range map[string]*forge.Protection{
		`[{"type":"required_status_checks","parameters":{"required_status_checks":[{"context":"a","integration_id":-1}]}}]`: {Checks: []forge.RequiredCheck{{Name: "a"}}},
		`[{"type":"pull_request","parameters":{"required_review_thread_resolution":true}},{"type":"workflows","parameters":{}},{"type":"creation"}]`: {
			Conversations: true, Others: []string{"workflows"},
		},
		`[{"type":"pull_request","parameters":{"allowed_merge_methods":["merge"]}},{"type":"pull_request","parameters":{"allowed_merge_methods":["squash"]}}]`: {
			Methods: []string{"none"},
		},
		`[{"type":"required_status_checks","parameters":{"required_status_checks":[{"context":""}]}}]`: nil,
		`[{"type":"required_status_checks","parameters":{"required_status_checks":"all"}}]`:            nil,
		`[{"type":"required_status_checks","parameters":[]}]`:                                          nil,
	} {
		fault := w.hub.Fault(answered("repos/get-branch-rules", text))
		got, _, err := w.writer(t, forge.Options{}).Rules(t.Context(), "main")
		if want == nil {
			isUnavailable(t, w, err)
		} else if diff := cmp.Diff(*want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", text, err, diff)
		}
		fault.Remove()
	}
	old := w.hub.Fault(answered("repos/get-branch", `{"commit":{"sha":"`+w.sha+`"},"protection":{"enabled":true,"required_status_checks":{"enforcement_level":"everyone","contexts":["a"]}}}`))
	if got, _, err := w.writer(t, forge.Options{}).Classic(t.Context(), "main"); err != nil || !got.On || !cmp.Equal(got.Checks, []forge.RequiredCheck{{Name: "a"}}) {
		t.Errorf("of an old server: %+v %v", got, err)
	}
	old.Remove()
}

// TestNativeOfPeople names accounts as REST does.
func TestNativeOfPeople(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	o, r := w.armable(t), w.writer(t, forge.Options{})
	w.repo.EnableAutoMerge(o.Number, "alice", "squash")
	c, _, err := r.Candidate(t.Context(), o.Number)
	n := must[forge.Native](t)(r.Native(t.Context(), o.Number, o.Node))
	if err != nil || n.AutoMerge == nil || *n.AutoMerge != *c.AutoMerge || n.AutoMerge.By.Kind != "User" {
		t.Errorf("%+v %+v %v", n.AutoMerge, c.AutoMerge, err)
	}
	gone := w.hub.Fault(answered("node", `{"data":{"node":{"number":2,"state":"OPEN","headRefOid":"`+w.sha+`","autoMergeRequest":{"mergeMethod":"REBASE","enabledBy":null}}}}`))
	n = must[forge.Native](t)(r.Native(t.Context(), 2, w.node))
	if n.AutoMerge == nil || n.AutoMerge.By != (forge.Account{}) || n.AutoMerge.Method != forge.MethodRebase {
		t.Errorf("of an account that is gone: %+v", n.AutoMerge)
	}
	gone.Remove()
}

// TestUnknownWords looks at the pull request where GitHub's words say nothing.
func TestUnknownWords(t *testing.T) {
	for name, tt := range map[string]struct {
		happens func(*world, *forge.Order)
		want    forge.Outcome
	}{
		"nothing":   {func(*world, *forge.Order) {}, forge.NotYet},
		"moved":     {func(w *world, _ *forge.Order) { w.repo.Push("fresh-1", "alice", "m", nil) }, forge.HeadMoved},
		"closed":    {func(w *world, o *forge.Order) { w.repo.ClosePull(o.Number, "alice") }, forge.Closed},
		"in queue":  {func(w *world, o *forge.Order) { w.repo.Enqueue(o.Number, "alice") }, forge.InQueue},
		"is merged": {func(w *world, o *forge.Order) { w.merges(o) }, forge.AlreadyMerged},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, githubtest.Options{})
			o := w.queueable(t)
			tt.happens(w, &o)
			w.hub.Fault(githubtest.GraphQLError("enablePullRequestAutoMerge", "UNPROCESSABLE", "No."))
			got := must[forge.Result](t)(w.writer(t, forge.Options{}).EnableAutoMerge(t.Context(), o))
			if got.Outcome != tt.want || got.Said != "No." {
				t.Errorf("%+v, want %s", got, tt.want)
			}
		})
	}
}

// merges lets the queue merge a pull request.
func (w *world) merges(o *forge.Order) {
	w.repo.Enqueue(o.Number, "alice")
	w.repo.Status(w.repo.MergeGroup(o.Number), "ci", "success")
}

// TestNothingKnown fails where neither the answer nor the pull request can be read.
func TestNothingKnown(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	o, r := w.armable(t), w.writer(t, forge.Options{})
	for name, do := range changes() {
		operation := map[string]string{
			"EnableAutoMerge": "enablePullRequestAutoMerge", "DisableAutoMerge": "disablePullRequestAutoMerge",
			"Enqueue": "enqueuePullRequest", "Dequeue": "dequeuePullRequest",
		}[name]
		lost, unread := w.hub.Fault(githubtest.ServerError(operation)), w.hub.Fault(githubtest.ServerError("node"))
		isUnavailable(t, w, second(do(r, t.Context(), o)))
		if lost.Fired() != 1 || unread.Fired() != 3 {
			t.Errorf("%s: made %d times, looked %d times", name, lost.Fired(), unread.Fired())
		}
		lost.Remove()
		unread.Remove()
	}
	w.repo.LoseRace(1)
	w.repo.Unprotect("main")
	unread := w.hub.Fault(githubtest.ServerError("pulls/get"))
	isUnavailable(t, w, second(r.Merge(t.Context(), o)))
	refused := w.hub.Fault(githubtest.Fault{Operation: "pulls/merge", Status: http.StatusMethodNotAllowed, Message: "No."})
	isUnavailable(t, w, second(r.Merge(t.Context(), o)))
	unread.Remove()
	refused.Remove()
	if w.repo.Branch("main") != w.sha {
		t.Error("it was merged")
	}
}

// TestMovedBeforeMerge merges nothing in a repository that has taken the name.
func TestMovedBeforeMerge(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	o := w.armable(t)
	w.repo.Rename("alice", "market")
	if got := must[forge.Result](t)(w.writer(t, forge.Options{}).Merge(t.Context(), o)); got.Outcome != forge.NotYet || !strings.Contains(got.Said, "ci") {
		t.Errorf("by its old name: %+v", got)
	}
	other := w.hub.AddRepository("acme/shop", map[string]string{"a": "b"})
	w.installation.AddTo(other)
	mark, all := w.hub.Mark(), changes()
	all["Merge"] = (*forge.Repo).Merge
	for name, do := range all {
		err := second(do(w.writer(t, forge.Options{}), t.Context(), o))
		if moved, is := errorAs[*forge.MovedError](err); !is || moved.Found != other.ID {
			t.Errorf("%s: %v", name, err)
		}
		err = second(do(w.client(t, forge.Options{}).Repo(forge.Ref{Owner: "..", Name: "x"}), context.WithoutCancel(t.Context()), o))
		is(forge.ErrInvalid)(t, w, err)
	}
	if writes := w.hub.Since(mark, githubtest.By(w.installation), githubtest.Exchange.Writes); len(writes) != 0 {
		t.Errorf("it wrote:\n%s", w.hub.Dump(5))
	}
}
