package forge_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// telling is a way to tell GitHub what to do by itself.
type telling = func(*forge.Repo, context.Context, forge.Order) (forge.Result, error)

func changes() map[string]telling {
	return map[string]telling{
		"EnableAutoMerge": (*forge.Repo).EnableAutoMerge, "DisableAutoMerge": (*forge.Repo).DisableAutoMerge,
		"Enqueue": (*forge.Repo).Enqueue, "Dequeue": (*forge.Repo).Dequeue,
	}
}

// armable lets the repository be one where auto-merge may be armed, and opens a pull
// request that waits for a check.
func (w *world) armable(t *testing.T) forge.Order {
	t.Helper()
	w.repo.SetMerging(githubtest.Merging{AllowSquash: true, AllowRebase: true, AllowAutoMerge: true})
	w.protect("ci")
	return w.ordered(t)
}

// queueable gives the base a merge queue that waits for a check.
func (w *world) queueable(t *testing.T) forge.Order {
	t.Helper()
	w.repo.SetMerging(githubtest.Merging{AllowSquash: true, AllowAutoMerge: true})
	w.repo.AddRuleset(githubtest.Ruleset{MergeQueue: true, Rules: githubtest.Rules{Checks: []githubtest.RequiredCheck{{Context: "ci"}}}})
	o := w.ordered(t)
	w.repo.Status(o.Head, "ci", "success")
	return o
}

// botLogin is how the App's bot is named.
func (w *world) botLogin() string { return w.hub.App.Slug + "[bot]" }

// TestAutoMerge arms, disarms, and lets GitHub merge.
func TestAutoMerge(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	o, r := w.armable(t), w.writer(t, forge.Options{})
	o.Message = "A message"
	native := func() forge.Native {
		t.Helper()
		return must[forge.Native](t)(r.Native(t.Context(), o.Number, o.Node))
	}
	do := func(name string, want forge.Outcome) {
		t.Helper()
		if got := must[forge.Result](t)(changes()[name](r, t.Context(), o)); got.Outcome != want {
			t.Errorf("%s: %+v, want %s", name, got, want)
		}
	}
	want := forge.Native{State: "open", Head: o.Head, Base: "main"}
	if diff := cmp.Diff(want, native()); diff != "" {
		t.Errorf("before (-want +got):\n%s", diff)
	}
	do("DisableAutoMerge", forge.Disarmed) // as it was
	do("EnableAutoMerge", forge.Armed)
	do("EnableAutoMerge", forge.Armed)
	armed := native()
	if armed.AutoMerge == nil || armed.AutoMerge.By.Login != w.botLogin() || armed.AutoMerge.By.Kind != "Bot" || armed.AutoMerge.Method != forge.MethodSquash {
		t.Errorf("armed: %+v %+v", armed, armed.AutoMerge)
	}
	c, _, err := r.Candidate(t.Context(), o.Number)
	if err != nil || c.AutoMerge == nil || *c.AutoMerge != *armed.AutoMerge {
		t.Errorf("REST says %+v, GraphQL %+v: %v", c.AutoMerge, armed.AutoMerge, err)
	}
	do("DisableAutoMerge", forge.Disarmed)
	w.repo.Status(o.Head, "ci", "success")
	do("EnableAutoMerge", forge.Clean)
	w.repo.Status(o.Head, "ci", "pending")
	do("EnableAutoMerge", forge.Armed)
	w.repo.Status(o.Head, "ci", "success")
	if native().State != "merged" {
		t.Fatalf("%+v", native())
	}
	commit := must[forge.Commit](t)(r.Commit(t.Context(), w.repo.Branch("main")))
	if !strings.HasSuffix(strings.TrimSpace(commit.Message), "\n\nA message") {
		t.Errorf("merged as %q", commit.Message)
	}
	for _, name := range []string{"EnableAutoMerge", "Enqueue", "Dequeue"} {
		do(name, forge.AlreadyMerged)
	}
	if got := must[forge.Result](t)(r.Merge(t.Context(), o)); got.Outcome != forge.AlreadyMerged {
		t.Errorf("%+v", got)
	}
}

// TestQueue puts a pull request into a merge queue, and takes it out.
func TestQueue(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	o, r := w.queueable(t), w.writer(t, forge.Options{})
	do := func(name string, want forge.Outcome) {
		t.Helper()
		if got := must[forge.Result](t)(changes()[name](r, t.Context(), o)); got.Outcome != want {
			t.Errorf("%s: %+v, want %s", name, got, want)
		}
	}
	if got := must[forge.Result](t)(r.Merge(t.Context(), o)); got.Outcome != forge.MustQueue {
		t.Errorf("merged directly: %+v", got)
	}
	do("Dequeue", forge.Dequeued) // as it was
	do("Enqueue", forge.Enqueued)
	do("Enqueue", forge.InQueue)
	n := must[forge.Native](t)(r.Native(t.Context(), o.Number, o.Node))
	if n.Queued == nil || !n.Queue || n.Queued.By.Login != w.botLogin() || n.Queued.Position != 1 || n.Queued.State != "awaiting_checks" || n.Queued.At.IsZero() {
		t.Errorf("%+v %+v", n, n.Queued)
	}
	if got := must[forge.Result](t)(r.Merge(t.Context(), o)); got.Outcome != forge.InQueue {
		t.Errorf("merged directly: %+v", got)
	}
	do("Dequeue", forge.Dequeued)
	do("EnableAutoMerge", forge.Armed) // which puts what is ready into the queue
	w.repo.Status(w.repo.MergeGroup(o.Number), "ci", "success")
	if n = must[forge.Native](t)(r.Native(t.Context(), o.Number, o.Node)); n.State != "merged" || n.Queued != nil {
		t.Errorf("%+v", n)
	}
}

// TestChangesRefused tells apart why GitHub does nothing by itself.
func TestChangesRefused(t *testing.T) {
	type refusal struct {
		do      string
		happens func(*world, *forge.Order)
		want    forge.Outcome
	}
	arm := "EnableAutoMerge"
	for name, tt := range map[string]refusal{
		"not allowed":    {arm, func(w *world, _ *forge.Order) { w.repo.SetMerging(githubtest.Merging{AllowSquash: true}) }, forge.AutoMergeOff},
		"no protection":  {arm, func(w *world, _ *forge.Order) { w.repo.Unprotect("main") }, forge.NoProtection},
		"clean":          {arm, func(w *world, o *forge.Order) { w.repo.Status(o.Head, "ci", "success") }, forge.Clean},
		"another method": {arm, func(_ *world, o *forge.Order) { o.Method = forge.MethodMerge }, forge.MethodNotAllowed},
		"a draft":        {arm, func(w *world, o *forge.Order) { w.repo.SetDraft(o.Number, "alice", true) }, forge.Draft},
		"closed":         {arm, func(w *world, o *forge.Order) { w.repo.ClosePull(o.Number, "alice") }, forge.Closed},
		"unstable": {arm, func(w *world, o *forge.Order) {
			w.repo.Status(o.Head, "ci", "success")
			w.repo.Status(o.Head, "other", "failure")
		}, forge.Unstable},
		"the head moved":          {arm, func(w *world, _ *forge.Order) { w.repo.Push("fresh-1", "alice", "m", nil) }, forge.HeadMoved},
		"no queue":                {"Enqueue", func(*world, *forge.Order) {}, forge.NoQueue},
		"closed, to be disarmed":  {"DisableAutoMerge", func(w *world, o *forge.Order) { w.repo.ClosePull(o.Number, "alice") }, forge.Closed},
		"moved, to be disarmed":   {"DisableAutoMerge", func(w *world, _ *forge.Order) { w.repo.Push("fresh-1", "alice", "m", nil) }, forge.Disarmed},
		"a check, to be enqueued": {"Enqueue", func(w *world, _ *forge.Order) { w.repo.AddRuleset(githubtest.Ruleset{MergeQueue: true}) }, forge.NotYet},
		"moved, to be enqueued": {"Enqueue", func(w *world, _ *forge.Order) {
			w.repo.AddRuleset(githubtest.Ruleset{MergeQueue: true})
			w.repo.Push("fresh-1", "alice", "m", nil)
		}, forge.HeadMoved},
		"a draft, to be enqueued": {"Enqueue", func(w *world, o *forge.Order) {
			w.repo.AddRuleset(githubtest.Ruleset{MergeQueue: true})
			w.repo.SetDraft(o.Number, "alice", true)
		}, forge.Draft},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, githubtest.Options{})
			o := w.armable(t)
			tt.happens(w, &o)
			got := must[forge.Result](t)(changes()[tt.do](w.writer(t, forge.Options{}), t.Context(), o))
			if got.Outcome != tt.want || got.Said == "" {
				t.Errorf("%+v, want %s", got, tt.want)
			}
		})
	}
}

// TestChangeWords tells words apart that the stand-in never says; of those that
// nobody knows the pull request tells.
func TestChangeWords(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	o, r := w.armable(t), w.writer(t, forge.Options{})
	for _, tt := range []struct {
		kind, said string
		want       forge.Outcome
	}{
		{"UNPROCESSABLE", "Pull request Pull request is in has_hooks status", forge.Clean},
		{"UNPROCESSABLE", "Pull request Auto-merge is not allowed for this repository", forge.AutoMergeOff},
		{"UNPROCESSABLE", "Expected head sha to be something else", forge.HeadMoved},
		{"STALE_DATA", "Expected head oid is another", forge.HeadMoved},
		{"UNPROCESSABLE", "Something that nobody has read yet, ghs_secretsecret", forge.NotYet},
		{"UNPROCESSABLE", "", forge.NotYet},
	} {
		fault := w.hub.Fault(githubtest.GraphQLError("enablePullRequestAutoMerge", tt.kind, tt.said))
		got := must[forge.Result](t)(r.EnableAutoMerge(t.Context(), o))
		if got.Outcome != tt.want || strings.Contains(got.Said, "secretsecret") {
			t.Errorf("%s %q: %+v, want %s", tt.kind, tt.said, got, tt.want)
		}
		fault.Remove()
	}
	must[forge.Result](t)(r.EnableAutoMerge(t.Context(), o))
	unknown := w.hub.Fault(githubtest.GraphQLError("enablePullRequestAutoMerge", "UNPROCESSABLE", "It is already so"))
	if got := must[forge.Result](t)(r.EnableAutoMerge(t.Context(), o)); got.Outcome != forge.Armed || got.By.Login != w.botLogin() {
		t.Errorf("already armed: %+v", got)
	}
	lost := w.hub.Fault(githubtest.ServerError("node"))
	isUnavailable(t, w, second(r.EnableAutoMerge(t.Context(), o)))
	unknown.Remove()
	lost.Remove()
	for kind, want := range map[string]error{"FORBIDDEN": nil, "NOT_FOUND": forge.ErrNotFound} {
		fault := w.hub.Fault(githubtest.GraphQLError("enablePullRequestAutoMerge", kind, "image-updater does not have the correct permissions"))
		err := second(r.EnableAutoMerge(t.Context(), o))
		if _, denied := errorAs[*forge.PermissionError](err); denied != (want == nil) || !denied && !errors.Is(err, want) {
			t.Errorf("%s: %v", kind, err)
		}
		fault.Remove()
	}
}

// TestOddNative takes no other pull request's answer, and none that is not whole.
func TestOddNative(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	r := w.writer(t, forge.Options{})
	for _, text := range []string{
		`{"data":{"node":null}}`, `{"data":{}}`, `{"data":{"node":{}}}`, `{"data":{"node":{"number":2}}}`, `{"data":{"node":{"number":"2"}}}`, `{}`, `[]`,
		`{"data":{"node":{"number":3,"state":"OPEN","headRefOid":"` + w.sha + `"}}}`, `{"data":{"node":{"number":2,"state":"OPEN","headRefOid":"x"}}}`,
	} {
		fault := w.hub.Fault(githubtest.Fault{Operation: "node", Status: http.StatusOK, Body: text, Header: http.Header{"Content-Type": {"application/json"}}})
		if err := second(r.Native(t.Context(), 2, w.node)); err == nil {
			t.Errorf("%s is taken for one", text)
		} else {
			isUnavailable(t, w, err)
		}
		fault.Remove()
	}
	is(forge.ErrNotFound)(t, w, second(r.Native(t.Context(), 2, "PR_none")))
}

// outcome is one of merging as an error, for the tables of those.
type outcome struct{ forge.Result }

func (o outcome) Error() string { return fmt.Sprintf("%+v", o.Result) }

func as(want forge.Outcome) func(*testing.T, *world, error) {
	return func(t *testing.T, _ *world, err error) {
		t.Helper()
		if got, is := errorAs[outcome](err); !is || got.Outcome != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestMergingAnswers gives each write of merging each of GitHub's answers: none is
// made twice, and a lost one is found out about.
func TestMergingAnswers(t *testing.T) {
	type merging struct {
		operation   string
		done, after forge.Outcome // after: whose answer was lost
		do          telling
		ready       func(*world, *testing.T) forge.Order
	}
	for name, m := range map[string]merging{
		"Merge":           {"pulls/merge", forge.Merged, forge.AlreadyMerged, (*forge.Repo).Merge, (*world).ordered},
		"EnableAutoMerge": {"enablePullRequestAutoMerge", forge.Armed, forge.Armed, (*forge.Repo).EnableAutoMerge, (*world).armable},
		"Enqueue":         {"enqueuePullRequest", forge.Enqueued, forge.Enqueued, (*forge.Repo).Enqueue, (*world).queueable},
	} {
		w := newWorld(t, githubtest.Options{})
		for said := range writeAnswers(w) {
			t.Run(name+"/"+said, func(t *testing.T) {
				w := newWorld(t, githubtest.Options{})
				answer, lost := writeAnswers(w)[said], false
				switch said {
				case "409", "409 empty":
					answer.want = as(forge.NotYet)
				case "422", "422 conflict":
					if name != "Merge" {
						answer.want = as(forge.NotYet)
					}
				case "500 after", "502 after", "reset after", "reset after once", "truncated":
					answer.want, lost = as(m.after), true
				}
				w.answerWrite(t, write{m.operation, func(t *testing.T, w *world) func(context.Context, *forge.Repo) error {
					t.Helper()
					o := m.ready(w, t)
					return func(ctx context.Context, r *forge.Repo) error {
						got, err := m.do(r, ctx, o)
						if err == nil && (got.Outcome != m.done || lost) {
							return outcome{got}
						}
						return err
					}
				}}, answer)
			})
		}
	}
}
