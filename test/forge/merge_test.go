package forge_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// ordered opens a pull request of alice's, and gives the order to merge it.
func (w *world) ordered(t *testing.T) forge.Order {
	t.Helper()
	branch := w.fresh(t)
	number := w.repo.OpenPull("alice", "Fresh", branch, "main")
	return w.order(t, number)
}

// order is to merge a pull request as it is now.
func (w *world) order(t *testing.T, number int) forge.Order {
	t.Helper()
	c, _, err := w.writer(t, forge.Options{}).Candidate(t.Context(), number)
	if err != nil {
		t.Fatal(err)
	}
	return forge.Order{Number: number, Node: c.NodeID, Head: c.Head.SHA, Base: c.Base.Name, Method: forge.MethodSquash}
}

// TestMerge merges by each method, with the texts of the order.
func TestMerge(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	r := w.writer(t, forge.Options{})
	for method, parents := range map[string]int{forge.MethodMerge: 2, forge.MethodSquash: 1, forge.MethodRebase: 1} {
		w.branches++
		branch := fmt.Sprintf("method-%d", w.branches)
		w.repo.Push(branch, "alice", branch, map[string]*githubtest.File{branch: githubtest.Text("new\n")})
		o := w.order(t, w.repo.OpenPull("alice", "By "+method, branch, "main"))
		o.Method, o.Message = method, "A message"
		got := must[forge.Result](t)(r.Merge(t.Context(), o))
		if got.Outcome != forge.Merged || got.SHA != w.repo.Branch("main") {
			t.Fatalf("%s: %+v", method, got)
		}
		commit := must[forge.Commit](t)(r.Commit(t.Context(), got.SHA))
		if len(commit.Parents) != parents || (method != forge.MethodRebase && !strings.HasSuffix(strings.TrimSpace(commit.Message), "\n\nA message")) {
			t.Errorf("%s: %+v", method, commit)
		}
		again := must[forge.Result](t)(r.Merge(t.Context(), o))
		if again.Outcome != forge.AlreadyMerged || again.SHA != got.SHA || again.By.Login != w.hub.App.Slug+"[bot]" || w.repo.Branch("main") != got.SHA {
			t.Errorf("%s again: %+v", method, again)
		}
	}
}

// TestMergeWithoutHead merges nothing of which the commit is not said.
func TestMergeWithoutHead(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	r, mark := w.writer(t, forge.Options{}), w.hub.Mark()
	good := forge.Order{Number: 2, Node: w.node, Head: w.repo.Branch("topic"), Method: forge.MethodSquash}
	for name, spoil := range map[string]func(*forge.Order){
		"no head":   func(o *forge.Order) { o.Head = "" },
		"a branch":  func(o *forge.Order) { o.Head = "topic" },
		"no method": func(o *forge.Order) { o.Method = "" },
	} {
		o := good
		spoil(&o)
		t.Run(name, func(t *testing.T) {
			is(forge.ErrInvalid)(t, w, second(r.Merge(t.Context(), o)))
			if o.Method != "" { // a merge queue has its own
				is(forge.ErrInvalid)(t, w, second(r.EnableAutoMerge(t.Context(), o)))
				is(forge.ErrInvalid)(t, w, second(r.Enqueue(t.Context(), o)))
			}
		})
	}
	good.Node = ""
	for name, do := range changes() {
		t.Run(name, func(t *testing.T) { is(forge.ErrInvalid)(t, w, second(do(r, t.Context(), good))) })
	}
	is(forge.ErrInvalid)(t, w, second(r.Native(t.Context(), 2, "")))
	if all := w.hub.Since(mark); len(all) != 0 {
		t.Errorf("GitHub was asked: %v", all)
	}
}

// against is a way in which something comes in between, and what becomes of the
// order then.
type against struct {
	happens func(*world, *forge.Order)
	want    forge.Outcome
	said    string // a part of what GitHub said
	puts    int    // how many merges are asked for
}

func obstacles() map[string]against {
	rules := func(rules githubtest.Rules) func(*world, *forge.Order) {
		return func(w *world, _ *forge.Order) { w.repo.Protect("main", githubtest.Protection{Rules: rules}) }
	}
	return map[string]against{
		"the head moves": {func(w *world, _ *forge.Order) {
			w.repo.Push(fmt.Sprintf("fresh-%d", w.branches), "alice", "more", nil)
		}, forge.HeadMoved, "Head branch was modified", 1},
		"a draft":         {func(w *world, o *forge.Order) { w.repo.SetDraft(o.Number, "alice", true) }, forge.Draft, "draft", 1},
		"it is closed":    {func(w *world, o *forge.Order) { w.repo.ClosePull(o.Number, "alice") }, forge.Closed, "not mergeable", 1},
		"a person merged": {func(w *world, o *forge.Order) { w.repo.MergePull(o.Number, "alice", "merge") }, forge.AlreadyMerged, "not mergeable", 1},
		"a conflict":      {func(w *world, _ *forge.Order) { w.repo.Commit("main", "m", map[string]string{"new.txt": "m\n"}) }, forge.NotYet, "not mergeable", 1},
		"no squash":       {func(w *world, _ *forge.Order) { w.repo.SetMerging(githubtest.Merging{AllowRebase: true}) }, forge.MethodNotAllowed, "Squash merges", 1},
		"no merge commits": {func(w *world, o *forge.Order) {
			o.Method = "merge"
			w.repo.SetMerging(githubtest.Merging{AllowRebase: true})
		}, forge.MethodNotAllowed, "Merge commits", 1},
		"linear": {func(w *world, o *forge.Order) {
			o.Method = "merge"
			rules(githubtest.Rules{LinearHistory: true})(w, o)
		}, forge.MethodNotAllowed, "must not contain merge commits", 1},
		"a check is missing":  {rules(githubtest.Rules{Checks: []githubtest.RequiredCheck{{Context: "ci"}}}), forge.NotYet, `Required status check "ci" is expected.`, 1},
		"a review is missing": {rules(githubtest.Rules{Reviews: &githubtest.RequiredReviews{Approvals: 1}}), forge.NotYet, "approving review", 1},
		"it is behind": {func(w *world, o *forge.Order) {
			rules(githubtest.Rules{Strict: true, Checks: []githubtest.RequiredCheck{}})(w, o)
			w.repo.Commit("main", "m", map[string]string{"m.txt": "m\n"})
		}, forge.NotYet, "out of date", 1},
		"a ruleset": {func(w *world, _ *forge.Order) {
			w.repo.AddRuleset(githubtest.Ruleset{Rules: githubtest.Rules{Checks: []githubtest.RequiredCheck{{Context: "ci"}}}})
		}, forge.NotYet, "Repository rule violations found", 1},
		"a queue is wanted": {func(w *world, _ *forge.Order) { w.repo.AddRuleset(githubtest.Ruleset{MergeQueue: true}) }, forge.MustQueue, "through the merge queue", 1},
		"it is in the queue": {func(w *world, o *forge.Order) {
			w.repo.AddRuleset(githubtest.Ruleset{MergeQueue: true, Rules: githubtest.Rules{Checks: []githubtest.RequiredCheck{{Context: "ci"}}}})
			w.repo.PauseMerging()
			w.repo.CheckMergeGroup(o.Number)
		}, forge.InQueue, "in the merge queue", 1},
		"the base moved once":  {func(w *world, _ *forge.Order) { w.repo.LoseRace(1) }, forge.Merged, "", 2},
		"the base moved twice": {func(w *world, _ *forge.Order) { w.repo.LoseRace(2) }, forge.Merged, "", 3},
		"the base goes on":     {func(w *world, _ *forge.Order) { w.repo.LoseRace(9) }, forge.BaseMoved, "Base branch was modified", 3},
		"nothing":              {func(*world, *forge.Order) {}, forge.Merged, "", 1},
		"another check is red": {func(w *world, o *forge.Order) { w.repo.Status(o.Head, "other", "failure") }, forge.Merged, "", 1},
	}
}

// TestMergeOutcomes tells apart what GitHub holds against a merge: before it is
// asked for, and while it is on its way.
func TestMergeOutcomes(t *testing.T) {
	for name, tt := range obstacles() {
		for _, during := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/during %v", name, during), func(t *testing.T) { tt.hold(t, during) })
		}
	}
}

func (tt against) hold(t *testing.T, during bool) {
	t.Helper()
	w := newWorld(t, githubtest.Options{})
	o := w.ordered(t)
	before := w.repo.Branch("main")
	if !during {
		tt.happens(w, &o)
	} else if !tt.later(w, &o) {
		return
	}
	if tt.want != forge.Merged {
		before = w.repo.Branch("main")
	}
	mark := w.hub.Mark()
	got := must[forge.Result](t)(w.writer(t, forge.Options{}).Merge(t.Context(), o))
	if got.Outcome != tt.want || !strings.Contains(got.Said, tt.said) || (tt.said == "") != (got.Said == "") {
		t.Errorf("%+v, want %s because of %q", got, tt.want, tt.said)
	}
	if puts := len(w.hub.Since(mark, githubtest.Of("pulls/merge"))); puts != tt.puts {
		t.Errorf("asked %d times, want %d", puts, tt.puts)
	}
	moved := w.repo.Branch("main") != before
	if !during && moved != (tt.want == forge.Merged) {
		t.Errorf("main moved: %v", moved)
	}
}

// later lets it happen during the merge, where that may be.
func (tt against) later(w *world, o *forge.Order) bool {
	for _, early := range []forge.Outcome{forge.Draft, forge.MethodNotAllowed, forge.InQueue, forge.BaseMoved, forge.MustQueue} {
		if tt.want == early || strings.Contains(tt.said, "not mergeable") && tt.want == forge.NotYet {
			return false
		}
	}
	if tt.puts > 1 || strings.Contains(tt.said, "out of date") {
		return false
	}
	w.repo.DuringMerge(func() { tt.happens(w, o) })
	return true
}

// TestBaseMoves reads the pull request again before it is tried again, and merges
// nothing that is no longer what was ordered.
func TestBaseMoves(t *testing.T) {
	for name, tt := range map[string]struct {
		happens func(*testing.T, *world, *forge.Order) // while it waits
		want    forge.Outcome
	}{
		"nothing else":   {func(*testing.T, *world, *forge.Order) {}, forge.Merged},
		"the head moves": {func(_ *testing.T, w *world, _ *forge.Order) { w.repo.Push("fresh-1", "alice", "more", nil) }, forge.HeadMoved},
		"retargeted": {func(t *testing.T, w *world, o *forge.Order) {
			t.Helper()
			w.repo.PushRefs(map[string]string{"refs/heads/other": w.sha})
			must[forge.Pull](t)(w.writer(t, forge.Options{}).UpdatePull(t.Context(), o.Number, forge.PullChange{Base: new("other")}))
		}, forge.Retargeted},
		"closed":          {func(_ *testing.T, w *world, o *forge.Order) { w.repo.ClosePull(o.Number, "alice") }, forge.Closed},
		"a person merges": {func(_ *testing.T, w *world, o *forge.Order) { w.repo.MergePull(o.Number, "alice", "merge") }, forge.AlreadyMerged},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, githubtest.Options{})
			o := w.ordered(t)
			waited := false
			r := w.writer(t, forge.Options{Sleep: func(context.Context, time.Duration) error {
				w.hub.Advance(time.Second) //nolint:contextcheck // the stand-in has its own
				if !waited {
					waited = true
					tt.happens(t, w, &o)
				}
				return nil
			}})
			w.repo.LoseRace(1)
			got, err := r.Merge(t.Context(), o)
			if got.Outcome != tt.want || err != nil || !waited {
				t.Errorf("%+v %v", got, err)
			}
		})
	}
}

// TestStill asks before it tries again, and leaves it at that when told to.
func TestStill(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	r := w.writer(t, forge.Options{})
	o, asked := w.ordered(t), 0
	o.Still = func(_ context.Context, c forge.Candidate) (bool, error) {
		asked++
		return c.Base.SHA == "never", nil
	}
	w.repo.LoseRace(1)
	if got := must[forge.Result](t)(r.Merge(t.Context(), o)); got.Outcome != forge.BaseMoved || asked != 1 {
		t.Errorf("%+v, asked %d times", got, asked)
	}
	failed := errors.New("it cannot be told")
	o.Still = func(context.Context, forge.Candidate) (bool, error) { return true, failed }
	w.repo.LoseRace(1)
	is(failed)(t, w, second(r.Merge(t.Context(), o)))
	ctx, cancel := context.WithCancel(t.Context())
	impatient := w.writer(t, forge.Options{Sleep: func(ctx context.Context, _ time.Duration) error {
		cancel()
		return context.Cause(ctx)
	}})
	w.repo.LoseRace(1)
	is(context.Canceled)(t, w, second(impatient.Merge(ctx, o)))
	if w.repo.Branch("main") != w.sha {
		t.Error("it was merged")
	}
}

// TestMergeWords tells GitHub's words apart, some of which the stand-in never says.
func TestMergeWords(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	o := w.ordered(t)
	for _, tt := range []struct {
		status int
		said   string
		want   forge.Outcome
	}{
		{405, "Pull Request is in the merge queue", forge.InQueue},
		{405, "Repository rule violations found\n\nChanges must be made through the merge queue\n\n", forge.MustQueue},
		{405, "Rebase merges are not allowed on this repository.", forge.MethodNotAllowed},
		{405, "New changes require approval from someone other than the last pusher", forge.NotYet},
		{405, "Waiting on code owner review from acme/owners.", forge.NotYet},
		{405, "This branch can't be rebased", forge.NotYet},
		{405, "Something that nobody has read yet, ghs_secretsecret", forge.NotYet},
		{405, "", forge.NotYet},
		{409, "Head branch was modified. Review and try the merge again.", forge.HeadMoved},
		{409, "Merge conflict", forge.NotYet},
		{403, "You're not authorized to push to this protected branch.", forge.NotYet},
		{422, "Repository rule violations found", forge.NotYet},
	} {
		fault := w.hub.Fault(githubtest.Fault{Operation: "pulls/merge", Status: tt.status, Message: tt.said})
		got := must[forge.Result](t)(w.writer(t, forge.Options{}).Merge(t.Context(), o))
		if got.Outcome != tt.want || strings.Contains(got.Said, "secretsecret") || len(got.Said) > 310 {
			t.Errorf("%d %q: %+v, want %s", tt.status, tt.said, got, tt.want)
		}
		fault.Remove()
	}
	odd := w.hub.Fault(githubtest.Fault{Operation: "pulls/merge", Status: http.StatusOK, Body: `{"merged":false,"sha":""}`, Header: http.Header{"Content-Type": {"application/json"}}})
	isUnavailable(t, w, second(w.writer(t, forge.Options{}).Merge(t.Context(), o)))
	odd.Remove()
}

// TestMergeLost finds out whether it was done where the answer was lost, and merges
// nothing twice.
func TestMergeLost(t *testing.T) {
	for name, tt := range map[string]struct {
		when    githubtest.When
		outcome forge.Outcome
	}{"after": {githubtest.AfterWork, forge.AlreadyMerged}, "before": {githubtest.BeforeWork, ""}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, githubtest.Options{})
			o, r := w.ordered(t), w.writer(t, forge.Options{})
			fault := w.hub.Fault(githubtest.ConnectionReset("pulls/merge", tt.when))
			got, err := r.Merge(t.Context(), o)
			if tt.outcome == "" {
				isUnavailable(t, w, err)
			}
			merged := w.repo.Branch("main") != w.sha
			if got.Outcome != tt.outcome || merged != (got.SHA == w.repo.Branch("main")) || merged != (got.By.Login == w.hub.App.Slug+"[bot]") {
				t.Errorf("%+v %v", got, err)
			}
			unreadable := w.hub.Fault(githubtest.ServerError("pulls/get"))
			isUnavailable(t, w, second(r.Merge(t.Context(), o)))
			if puts := len(w.hub.Calls(githubtest.Of("pulls/merge"))); puts != 2 {
				t.Errorf("%d merges were asked for", puts)
			}
			fault.Remove()
			unreadable.Remove()
			must[forge.Result](t)(r.Merge(t.Context(), o))
			commit := must[forge.Commit](t)(r.Commit(t.Context(), w.repo.Branch("main")))
			if len(commit.Parents) != 1 || commit.Parents[0] != w.sha {
				t.Errorf("merged twice: %+v", commit)
			}
		})
	}
}

// TestBaseMovesMeanwhile merges onto what somebody else was quicker with.
func TestBaseMovesMeanwhile(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	o, theirs := w.ordered(t), ""
	var asked []string
	o.Still = func(_ context.Context, c forge.Candidate) (bool, error) {
		asked = append(asked, c.Base.SHA)
		return true, nil
	}
	w.repo.DuringMerge(func() { theirs = w.repo.Commit("main", "quicker", map[string]string{"m.txt": "m\n"}) })
	r := w.writer(t, forge.Options{})
	got := must[forge.Result](t)(r.Merge(t.Context(), o))
	if got.Outcome != forge.Merged || len(asked) != 1 || asked[0] != theirs {
		t.Fatalf("%+v, asked with %v", got, asked)
	}
	if commit := must[forge.Commit](t)(r.Commit(t.Context(), got.SHA)); commit.Parents[0] != theirs {
		t.Errorf("merged onto %v, not %s", commit.Parents, theirs)
	}
}

// TestTwoReplicas merge at once, and one of them has merged.
func TestTwoReplicas(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	o := w.ordered(t)
	outcomes := make(chan forge.Outcome, 2)
	for range 2 {
		r := w.writer(t, forge.Options{})
		go func() {
			got, err := r.Merge(context.WithoutCancel(t.Context()), o)
			if err != nil {
				got.Outcome = forge.Outcome(err.Error())
			}
			outcomes <- got.Outcome
		}()
	}
	found := map[forge.Outcome]int{<-outcomes: 1}
	found[<-outcomes]++
	if found[forge.Merged] != 1 || found[forge.AlreadyMerged] != 1 {
		t.Errorf("%v", found)
	}
}
