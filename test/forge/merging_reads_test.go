package forge_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// mergingReads are the reads that merging needs; pull request 2 is in all worlds.
func mergingReads() map[string]read {
	of := func(operation string, do func(context.Context, *world, *forge.Repo) error) read {
		return read{operation, func(ctx context.Context, w *world, g *forge.GitHub) error {
			w.once.Do(w.fill)
			return do(ctx, w, g.As(w.installation.ID).Repo(w.ref))
		}}
	}
	return map[string]read{
		"Runs":     of("checks/list-for-ref", func(ctx context.Context, w *world, r *forge.Repo) error { return third(r.Runs(ctx, w.sha)) }),
		"Suites":   of("checks/list-suites-for-ref", func(ctx context.Context, w *world, r *forge.Repo) error { return third(r.Suites(ctx, w.sha)) }),
		"Statuses": of("repos/get-combined-status-for-ref", func(ctx context.Context, w *world, r *forge.Repo) error { return third(r.Statuses(ctx, w.sha)) }),
		"StatusSetters": of("repos/list-commit-statuses-for-ref", func(ctx context.Context, w *world, r *forge.Repo) error {
			return second(r.StatusSetters(ctx, w.sha))
		}),
		"Candidate": of("pulls/get", func(ctx context.Context, _ *world, r *forge.Repo) error { return third(r.Candidate(ctx, 2)) }),
		"Reviews":   of("pulls/list-reviews", func(ctx context.Context, _ *world, r *forge.Repo) error { return third(r.Reviews(ctx, 2)) }),
		"CommitsOfPull": of("pulls/list-commits", func(ctx context.Context, w *world, r *forge.Repo) error {
			return third(r.CommitsOfPull(ctx, 2, w.repo.Branch("topic")))
		}),
		"Rules":    of("repos/get-branch-rules", func(ctx context.Context, _ *world, r *forge.Repo) error { return third(r.Rules(ctx, "main")) }),
		"Classic":  of("repos/get-branch", func(ctx context.Context, _ *world, r *forge.Repo) error { return third(r.Classic(ctx, "main")) }),
		"Settings": of("repos/get", func(ctx context.Context, _ *world, r *forge.Repo) error { return third(r.Settings(ctx)) }),
		"Native": of("node", func(ctx context.Context, w *world, r *forge.Repo) error {
			return second(r.Native(ctx, 2, w.node))
		}),
		"Unresolved": of("node", func(ctx context.Context, w *world, r *forge.Repo) error {
			return second(r.Unresolved(ctx, 2, w.node))
		}),
		"QueueHeads": of("git/list-matching-refs", func(ctx context.Context, _ *world, r *forge.Repo) error {
			return second(r.QueueHeads(ctx))
		}),
		"OpenPulls": of("pulls/list", func(ctx context.Context, _ *world, r *forge.Repo) error { return second(r.OpenPulls(ctx)) }),
		"AppOf": of("apps/get-by-slug", func(ctx context.Context, w *world, r *forge.Repo) error {
			return second(r.AppOf(ctx, w.hub.App.Slug))
		}),
	}
}

// fill lets no list be empty.
func (w *world) fill() {
	w.repo.Status(w.sha, "b", "success")
	w.repo.Check(w.sha, "ci-app", "b", "completed", "success")
	w.repo.Review(2, "alice", "COMMENTED", "hm")
	w.repo.AddRuleset(githubtest.Ruleset{NoForcePush: true})
	w.repo.OpenThread(2, "alice", "new.txt")
	w.repo.Push("gh-readonly-queue/main/pr-2-"+w.sha, "alice", "A group", map[string]*githubtest.File{"group.txt": githubtest.Text("group\n")})
}

// TestWaitingIsFree reads all that is read under conditions again when nothing has
// changed.
func TestWaitingIsFree(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	w.busy(150)
	w.repo.AddRuleset(githubtest.Ruleset{Rules: githubtest.Rules{Checks: []githubtest.RequiredCheck{{Context: "ci"}}}})
	options := forge.Options{Memory: newMemory()}
	read := func() {
		t.Helper()
		g := w.github(t, options)
		for name, read := range mergingReads() {
			if read.operation == "node" {
				continue // GraphQL answers nothing for nothing
			}
			if err := read.do(t.Context(), w, g); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	read()
	read() // the first one let GitHub find out whether the pull request merges
	mark := w.hub.Mark()
	read()
	all := w.hub.Since(mark, githubtest.By(w.installation))
	if len(all) != 12+1+1 { // second pages of runs and of all statuses; an App is not asked for again
		t.Errorf("%d calls: %v", len(all), all)
	}
	for _, e := range all {
		if !e.Free() {
			t.Errorf("paid for %s", e)
		}
	}
}

// busy puts so many check runs of an App, each with a name of its own, onto the head
// of main, and 2/3 as many statuses of few contexts.
func (w *world) busy(runs int) {
	for n := range runs {
		w.repo.Check(w.sha, "ci-app", fmt.Sprintf("job %d", n), "completed", "success")
		if n%3 != 0 {
			w.repo.Status(w.sha, fmt.Sprintf("context %d", n%10), "success")
		}
	}
	for n := range 10 {
		w.repo.Status(w.sha, fmt.Sprintf("context %d", n), "failure")
	}
}

// TestRuns reads check runs of several Apps over two pages, and what changes of one.
func TestRuns(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	w.busy(149)
	ci := w.hub.OtherApp("ci-app")
	w.repo.Check(w.sha, "other", "job 7", "in_progress", "")
	r := w.writer(t, forge.Options{Memory: newMemory()})
	runs, unchanged, err := r.Runs(t.Context(), w.sha)
	if err != nil || unchanged || len(runs) != 150 {
		t.Fatalf("%d runs, unchanged %v: %v", len(runs), unchanged, err)
	}
	found := map[string]forge.Run{}
	for _, run := range runs {
		found[run.Slug+" "+run.Name] = run
	}
	done, going := found["ci-app job 7"], found["other job 7"]
	want := forge.Run{
		ID: done.ID, Suite: done.Suite, Name: "job 7", App: ci.ID, Slug: "ci-app", Head: w.sha, Status: "completed", Conclusion: "success",
		Started: done.Started, Completed: w.hub.Now().UTC(),
	}
	if diff := cmp.Diff(want, done); diff != "" || done.ID == 0 || done.Suite == 0 || going.Suite == done.Suite {
		t.Errorf("a run that is done (-want +got):\n%s", diff)
	}
	if going.Status != "in_progress" || going.Conclusion != "" || !going.Completed.IsZero() || len(found) != 150 {
		t.Errorf("one that goes on: %+v", going)
	}
	w.repo.Check(w.sha, "other", "job 7", "completed", "failure")
	runs, unchanged, err = r.Runs(t.Context(), w.sha)
	red := 0
	for _, run := range runs {
		if run.Conclusion == "failure" {
			red++
		}
	}
	if err != nil || unchanged || red != 1 || len(runs) != 150 {
		t.Errorf("after one turned red: %d red of %d, unchanged %v: %v", red, len(runs), unchanged, err)
	}
	if _, unchanged, err = r.Runs(t.Context(), w.sha); err != nil || !unchanged {
		t.Errorf("again: unchanged %v: %v", unchanged, err)
	}
	is(forge.ErrInvalid)(t, w, third(r.Runs(t.Context(), "main")))
	is(forge.ErrInvalid)(t, w, third(r.Statuses(t.Context(), "main")))
	is(forge.ErrInvalid)(t, w, second(r.StatusSetters(t.Context(), "main")))
}

// TestStatuses reads the newest of each context, where there are more than a page
// of older ones, and none where there are none.
func TestStatuses(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	r := w.writer(t, forge.Options{})
	if all, _, err := r.Statuses(t.Context(), w.sha); err != nil || len(all) != 0 {
		t.Errorf("none: %v %v", all, err)
	}
	w.busy(180)
	all, _, err := r.Statuses(t.Context(), w.sha)
	if err != nil || len(all) != 10 {
		t.Fatalf("%v %v", all, err)
	}
	setters := must[map[int64]forge.Account](t)(r.StatusSetters(t.Context(), w.sha))
	for _, s := range all {
		if s.State != "failure" || s.ID == 0 || s.Updated.IsZero() || setters[s.ID].Login != "ci" {
			t.Errorf("%+v by %+v", s, setters[s.ID])
		}
	}
}

// lies are lists that are not whole, or no lists.
func lies() map[string]func(*githubtest.Exchange) {
	replace := func(old, other string) func(*githubtest.Exchange) {
		return func(e *githubtest.Exchange) { e.Answer = []byte(strings.Replace(string(e.Answer), old, other, 1)) }
	}
	answer := func(text string) func(*githubtest.Exchange) {
		return func(e *githubtest.Exchange) { e.Answer = []byte(text) }
	}
	return map[string]func(*githubtest.Exchange){
		"counts more than it shows": replace(`"total_count":2`, `"total_count":3`),
		"counts nothing":            replace(`"total_count"`, `"count"`),
		"an object":                 answer(`{}`),
		"null":                      answer(`null`),
		"of nothings":               answer(`{"total_count":1,"check_runs":[{}],"statuses":[{}]}`),
		"of text":                   answer(`{"total_count":1,"check_runs":"none","statuses":"none"}`),
		"a list of nothings":        answer(`[{}]`),
	}
}

// TestPartialLists takes no list for whole that is not.
func TestPartialLists(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	w.repo.Check(w.sha, "ci-app", "a", "completed", "success")
	w.repo.Status(w.sha, "a", "success")
	for _, name := range []string{"Runs", "Statuses"} {
		for lie, tell := range lies() {
			w.lie(t, name, lie, tell)
		}
	}
	for _, name := range []string{"Reviews", "CommitsOfPull", "Rules", "QueueHeads", "OpenPulls"} {
		for _, lie := range []string{"an object", "null", "a list of nothings"} {
			w.lie(t, name, lie, lies()[lie])
		}
	}
	for _, name := range []string{"Candidate", "Classic", "AppOf"} {
		for _, lie := range []string{"an object", "null", "a list of nothings"} {
			w.lie(t, name, lie, lies()[lie])
		}
	}
	w.lie(t, "CommitsOfPull", "none", func(e *githubtest.Exchange) { e.Answer = []byte("[]") })
}

func (w *world) lie(t *testing.T, name, lie string, tell func(*githubtest.Exchange)) {
	t.Helper()
	t.Run(name+"/"+lie, func(t *testing.T) {
		read := mergingReads()[name]
		fault := w.hub.Fault(githubtest.Fault{Operation: read.operation, Func: tell, When: githubtest.AfterWork})
		defer fault.Remove()
		isUnavailable(t, w, read.do(t.Context(), w, w.github(t, forge.Options{})))
	})
}

// TestSuites reads what Apps check of a commit, while more check runs may come and after.
func TestSuites(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	w.repo.Check(w.sha, "ci-app", "a", "completed", "success")
	w.repo.Check(w.sha, "ci-app", "b", "completed", "failure")
	w.repo.Goes(w.sha, "ci-app", true)
	w.repo.Goes(w.sha, "idle", false)
	r := w.writer(t, forge.Options{Memory: newMemory()})
	read := func() (shown []string, unchanged bool) {
		t.Helper()
		suites, unchanged, err := r.Suites(t.Context(), w.sha)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range suites {
			if s.Head != w.sha || s.ID == 0 || s.App == 0 {
				t.Errorf("%+v", s)
			}
			if s.Slug != w.hub.App.Slug {
				shown = append(shown, fmt.Sprint(s.Slug, " ", s.Status, " ", s.Runs))
			}
		}
		return shown, unchanged
	}
	if got, _ := read(); !slices.Equal(got, []string{"ci-app in_progress 2", "idle queued 0"}) {
		t.Errorf("%q", got)
	}
	if _, unchanged := read(); !unchanged {
		t.Error("it is read anew, though nothing changed")
	}
	w.repo.Goes(w.sha, "ci-app", false)
	if got, unchanged := read(); unchanged || got[0] != "ci-app completed 2" {
		t.Errorf("%q", got)
	}
	is(forge.ErrInvalid)(t, w, third(r.Suites(t.Context(), "main")))
}

// TestLostPage fails where the second page fails, and where it is another list's.
func TestLostPage(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	w.busy(150)
	r := w.writer(t, forge.Options{Memory: newMemory()})
	second := githubtest.Fault{Operation: "checks/list-for-ref", From: 2, Status: http.StatusBadGateway, Message: "Server Error"}
	fault := w.hub.Fault(second)
	isUnavailable(t, w, third(r.Runs(t.Context(), w.sha)))
	fault.Remove()
	fault = w.hub.Fault(githubtest.Fault{Operation: "checks/list-for-ref", Nth: 2, When: githubtest.AfterWork, Func: func(e *githubtest.Exchange) {
		e.Answer = []byte(`{"total_count":0,"check_runs":[]}`)
	}})
	isUnavailable(t, w, third(r.Runs(t.Context(), w.sha)))
	fault.Remove()
}

// TestTooManyRuns reads no part of a list that is longer than is read.
func TestTooManyRuns(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	w.repo.Check(w.sha, "ci-app", "a", "completed", "success")
	r := w.writer(t, forge.Options{})
	for name, tell := range map[string]func(*githubtest.Exchange){
		"counted": func(e *githubtest.Exchange) {
			e.Answer = []byte(strings.Replace(string(e.Answer), `"total_count":1`, `"total_count":1001`, 1))
			e.Header.Set("Link", fmt.Sprintf(`<%s?page=2>; rel="next"`, w.hub.APIURL()))
		},
		"linked": func(e *githubtest.Exchange) {
			e.Header.Set("Link", fmt.Sprintf(`<%s?page=99>; rel="next"`, w.hub.APIURL()))
		},
	} {
		fault := w.hub.Fault(githubtest.Fault{Operation: "checks/list-for-ref", When: githubtest.AfterWork, Func: tell})
		err := third(r.Runs(t.Context(), w.sha))
		if large, is := errorAs[*forge.TooLargeError](err); !is || large.Max != 1000 || fault.Fired() > 10 {
			t.Errorf("%s: after %d pages %v", name, fault.Fired(), err)
		}
		fault.Remove()
	}
}

// TestCandidate reads a pull request as it is merged.
func TestCandidate(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	kept := newMemory()
	r := w.writer(t, forge.Options{Memory: kept})
	read := func() (forge.Candidate, bool) {
		t.Helper()
		c, unchanged, err := r.Candidate(t.Context(), 2)
		if err != nil {
			t.Fatal(err)
		}
		return c, unchanged
	}
	w.repo.Push("topic", "alice", "more", map[string]*githubtest.File{"more.txt": githubtest.Text("more\n")})
	if first, _ := read(); first.Mergeable != nil || first.MergeState != "unknown" {
		t.Errorf("known at once: %+v", first)
	}
	if kept.has("candidate") {
		t.Error("what is not known yet is remembered")
	}
	known, unchanged := read()
	if unchanged || known.Mergeable == nil || !*known.Mergeable || known.MergeState != "clean" || known.Head.SHA != w.repo.Branch("topic") ||
		known.Base.Name != "main" || known.Base.SHA != w.sha || known.Head.Repository != w.ref.ID || known.Commits != 2 || known.AutoMerge != nil {
		t.Errorf("known: %+v", known)
	}
	if again, unchanged := read(); !unchanged || !cmp.Equal(known, again) {
		t.Errorf("again: %v %s", unchanged, cmp.Diff(known, again))
	}
	w.protect("ci")
	w.repo.SetMerging(githubtest.Merging{AllowSquash: true, AllowAutoMerge: true})
	w.repo.EnableAutoMerge(2, "alice", "squash")
	w.repo.Label(2, "alice", "hold")
	armed, unchanged := read()
	if unchanged || armed.AutoMerge == nil || armed.AutoMerge.By.Login != "alice" || armed.AutoMerge.Method != forge.MethodSquash ||
		armed.MergeState != "blocked" || len(armed.Labels) != 1 {
		t.Errorf("armed: %+v %+v", armed, armed.AutoMerge)
	}
	w.repo.Status(w.repo.Branch("topic"), "ci", "success")
	if merged, _ := read(); merged.Merged.IsZero() || merged.Open || merged.MergedBy.Login != "alice" || merged.MergeCommit != w.repo.Branch("main") {
		t.Errorf("merged: %+v", merged)
	}
	is(forge.ErrNotFound)(t, w, third(r.Candidate(t.Context(), 99)))
}

// protect lets main want a check, by a classic protection.
func (w *world) protect(check string) {
	w.repo.Protect("main", githubtest.Protection{Rules: githubtest.Rules{Checks: []githubtest.RequiredCheck{{Context: check}}}})
}

// TestReviews reads reviews of people, one of them taken back, over two pages.
func TestReviews(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	w.repo.Collaborate("rita", "write")
	head := w.repo.Branch("topic")
	for range 100 {
		w.repo.Review(2, "rita", "COMMENTED", "hm")
	}
	dismissed := w.repo.Review(2, "rita", "CHANGES_REQUESTED", "no")
	w.repo.DismissReview(2, dismissed, "alice")
	approved := w.repo.Review(2, "rita", "APPROVED", "yes")
	reviews, _, err := w.writer(t, forge.Options{}).Reviews(t.Context(), 2)
	if err != nil || len(reviews) != 102 {
		t.Fatalf("%d reviews: %v", len(reviews), err)
	}
	rita := reviews[0].By
	want := []forge.Review{
		{ID: dismissed, By: rita, State: "dismissed", Commit: head, At: w.hub.Now().UTC()},
		{ID: approved, By: rita, State: "approved", Commit: head, At: w.hub.Now().UTC()},
	}
	if diff := cmp.Diff(want, reviews[100:]); diff != "" || rita.Login != "rita" || rita.Kind != "User" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestCommitsOfPull tells the App's commits from people's, and heads apart.
func TestCommitsOfPull(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	r := w.writer(t, forge.Options{Memory: newMemory()})
	ours := w.propose(t, r, "bot")
	pull := must[forge.Pull](t)(r.CreatePull(t.Context(), forge.NewPull{Title: "a", Head: "bot", Base: "main"}))
	commits, _, err := r.CommitsOfPull(t.Context(), pull.Number, ours)
	if err != nil || len(commits) != 1 || !commits[0].By(pull.Author.ID) || commits[0].Reason != "valid" || commits[0].SHA != ours ||
		commits[0].Tree == "" || len(commits[0].Parents) != 1 || commits[0].Parents[0] != w.sha {
		t.Fatalf("ours: %+v %v", commits, err)
	}
	theirs := w.repo.Push("bot", "alice", "mine", map[string]*githubtest.File{"x": githubtest.Text("x\n")})
	isUnavailable(t, w, third(r.CommitsOfPull(t.Context(), pull.Number, strings.Repeat("1", 40))))
	commits, _, err = r.CommitsOfPull(t.Context(), pull.Number, theirs)
	if err != nil || len(commits) != 2 || commits[1].By(pull.Author.ID) || commits[1].Verified || commits[1].Reason != "unsigned" {
		t.Errorf("with alice's: %+v %v", commits, err)
	}
	is(forge.ErrInvalid)(t, w, third(r.CommitsOfPull(t.Context(), pull.Number, "bot")))
}

// TestManyCommits takes no 250 commits for all, since GitHub tells no more.
func TestManyCommits(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	n, one := 0, ""
	w.hub.Fault(githubtest.Fault{Operation: "pulls/list-commits", When: githubtest.AfterWork, Func: func(e *githubtest.Exchange) {
		if one == "" {
			one = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(string(e.Answer)), "["), "]")
		}
		var all []string
		for len(all) < 100 && n < 249 {
			n++
			all = append(all, strings.ReplaceAll(one, w.repo.Branch("topic"), fmt.Sprintf("%040d", n)))
		}
		if e.Header.Set("Link", fmt.Sprintf(`<%s?page=2>; rel="next"`, w.hub.APIURL())); n == 249 {
			all = append(all, one)
			e.Header.Del("Link")
		}
		e.Answer = []byte("[" + strings.Join(all, ",") + "]")
	}})
	err := third(w.writer(t, forge.Options{}).CommitsOfPull(t.Context(), 2, w.repo.Branch("topic")))
	if _, is := errorAs[*forge.TooLargeError](err); !is {
		t.Errorf("got %v", err)
	}
}

// TestSettings reads what a repository permits.
func TestSettings(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	r := w.writer(t, forge.Options{Memory: newMemory()})
	for name, tt := range map[string]struct {
		set  githubtest.Merging
		want forge.Settings
	}{
		"all":    {githubtest.Merging{AllowMergeCommit: true, AllowSquash: true, AllowRebase: true}, forge.Settings{Methods: []string{"merge", "squash", "rebase"}}},
		"squash": {githubtest.Merging{AllowSquash: true, AllowAutoMerge: true, DeleteBranch: true}, forge.Settings{Methods: []string{"squash"}, AutoMerge: true, DeleteBranch: true}},
		"whole texts": {
			githubtest.Merging{AllowSquash: true, SquashMessage: "PR_BODY", MergeMessage: "PR_BODY"},
			forge.Settings{Methods: []string{"squash"}, Bodies: []string{"merge", "squash"}},
		},
		"other texts": {githubtest.Merging{AllowSquash: true, SquashMessage: "BLANK", MergeMessage: "PR_TITLE"}, forge.Settings{Methods: []string{"squash"}}},
	} {
		w.repo.SetMerging(tt.set)
		got, _, err := r.Settings(t.Context())
		if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	w.hub.Advance(time.Second)
	w.hub.Fault(githubtest.Fault{Operation: "repos/get", When: githubtest.AfterWork, Func: func(e *githubtest.Exchange) {
		e.Answer = []byte(strings.Replace(string(e.Answer), `"allow_rebase_merge"`, `"x"`, 1))
	}})
	if _, is := errorAs[*forge.PermissionError](third(w.writer(t, forge.Options{}).Settings(t.Context()))); !is {
		t.Error("what is not told is taken for told")
	}
}
