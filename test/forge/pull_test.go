package forge_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// TestPullRefused tells apart why a pull request cannot be.
func TestPullRefused(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	r := w.writer(t, forge.Options{})
	isNothing(t, w, r.MoveRefs(t.Context(), []forge.RefMove{{Name: "same", After: w.sha}}))
	create := func(head, base string) error {
		return second(r.CreatePull(t.Context(), forge.NewPull{Title: "a", Head: head, Base: base}))
	}
	is(forge.ErrExists)(t, w, create("topic", "main"))
	is(forge.ErrNothing)(t, w, create("same", "main"))
	is(forge.ErrInvalid)(t, w, create("none", "main"))
	is(forge.ErrInvalid)(t, w, create("topic", "none"))
	is(forge.ErrInvalid)(t, w, second(r.UpdatePull(t.Context(), 2, forge.PullChange{Base: new("none")})))
	is(forge.ErrNotFound)(t, w, second(r.UpdatePull(t.Context(), 1, forge.PullChange{Title: new("an issue")})))
	is(forge.ErrNotFound)(t, w, second(r.Pull(t.Context(), 99)))
	is(forge.ErrReviewers)(t, w, r.RequestReviewers(t.Context(), 2, []string{"stranger"}, nil))
	is(forge.ErrReviewers)(t, w, r.RequestReviewers(t.Context(), 2, nil, []string{"no-team"}))
	is(forge.ErrReviewers)(t, w, r.RequestReviewers(t.Context(), 2, []string{"alice"}, nil))
	w.hub.Fault(githubtest.Unprocessable("pulls/create", "Draft pull requests are not supported in this repository."))
	is(forge.ErrNoDrafts)(t, w, create(w.fresh(t), "main"))
}

// TestPullLife changes, closes, reopens and finds pull requests.
func TestPullLife(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	r := w.writer(t, forge.Options{})
	w.propose(t, r, "bot")
	isNothing(t, w, r.MoveRefs(t.Context(), []forge.RefMove{{Name: "release", After: w.sha}}))
	made := must[forge.Pull](t)(r.CreatePull(t.Context(), forge.NewPull{Title: "a", Head: "bot", Base: "main"}))
	if made.Mergeable != nil {
		t.Errorf("known at once to merge: %v", *made.Mergeable)
	}
	if read := must[forge.Pull](t)(r.Pull(t.Context(), made.Number)); read.Mergeable == nil || !*read.Mergeable || read.MergeState != "clean" {
		t.Errorf("read alone: %+v", read)
	}
	if found := must[forge.Pull](t)(r.OpenPullOf(t.Context(), "bot", "main")); found.Number != made.Number {
		t.Errorf("found %+v", found)
	}
	is(forge.ErrNotFound)(t, w, second(r.OpenPullOf(t.Context(), "bot", "release")))
	is(forge.ErrNotFound)(t, w, second(r.OpenPullOf(t.Context(), "none", "main")))
	changed := must[forge.Pull](t)(r.UpdatePull(t.Context(), made.Number, forge.PullChange{Title: new("b"), Body: new(""), Base: new("release")}))
	if changed.Title != "b" || changed.Base.Name != "release" || changed.Body != "" {
		t.Errorf("changed: %+v", changed)
	}
	w.repo.ClosePull(made.Number, "alice")
	is(forge.ErrNotFound)(t, w, second(r.OpenPullOf(t.Context(), "bot", "release")))
	if by := must[forge.Account](t)(r.ClosedBy(t.Context(), made.Number)); by.Login != "alice" || by.Kind != "User" {
		t.Errorf("closed by %+v", by)
	}
	if again := must[forge.Pull](t)(r.UpdatePull(t.Context(), made.Number, forge.PullChange{State: new("open")})); !again.Open {
		t.Errorf("reopened: %+v", again)
	}
	if by := must[forge.Account](t)(r.ClosedBy(t.Context(), made.Number)); by != (forge.Account{}) {
		t.Errorf("open, but closed by %+v", by)
	}
	w.repo.ClosePull(made.Number, "alice")
	isNothing(t, w, r.DeleteBranch(t.Context(), "bot", made.Head.SHA))
	is(forge.ErrInvalid)(t, w, second(r.UpdatePull(t.Context(), made.Number, forge.PullChange{State: new("open")})))
}

// TestOlderPulls reads all pages of a history.
func TestOlderPulls(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	for n := range 120 {
		w.repo.ClosePull(n+2, "alice")
		w.repo.OpenPull("alice", strconv.Itoa(n), "topic", "main")
	}
	r := w.writer(t, forge.Options{})
	found := map[int]bool{}
	for page := 1; ; page++ {
		part := must[forge.Pulls](t)(r.PullsOf(t.Context(), page))
		for _, p := range part.All {
			found[p.Number] = true
		}
		if !part.More {
			break
		}
	}
	if len(found) != 121 {
		t.Errorf("%d found", len(found))
	}
}

// TestComments reads them over several pages, and from a time on.
func TestComments(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	r := w.writer(t, forge.Options{})
	for n := range 150 {
		w.repo.Comment(1, "alice", strconv.Itoa(n))
	}
	w.hub.Advance(time.Minute)
	began := w.hub.Now()
	id := must[int64](t)(r.Comment(t.Context(), 1, "ours <&> ü"))
	all := must[[]forge.Comment](t)(r.Comments(t.Context(), 1, time.Time{}))
	if len(all) != 151 || all[0].Body != "0" || all[0].Author.Login != "alice" || all[150].ID != id {
		t.Errorf("%d comments", len(all))
	}
	isNothing(t, w, r.UpdateComment(t.Context(), id, "changed"))
	if late := must[[]forge.Comment](t)(r.Comments(t.Context(), 1, began)); len(late) != 1 || late[0].Body != "changed" || late[0].Author.Kind != "Bot" {
		t.Errorf("from a time on: %+v", late)
	}
	is(forge.ErrInvalid)(t, w, second(r.Comment(t.Context(), 1, "")))
	isNothing(t, w, r.React(t.Context(), id, "eyes"))
	isNothing(t, w, r.React(t.Context(), id, "eyes"))
	isNothing(t, w, r.ReactToIssue(t.Context(), 1, "rocket"))
}

// TestIssues opens, changes and closes one.
func TestIssues(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	r := w.writer(t, forge.Options{Memory: newMemory()})
	made := must[forge.Issue](t)(r.CreateIssue(t.Context(), forge.NewIssue{Title: "a", Body: "b", Labels: []string{"images"}}))
	if !made.Open || made.Labels[0] != "images" || made.Author.Kind != "Bot" {
		t.Errorf("made: %+v", made)
	}
	isNothing(t, w, r.AddLabels(t.Context(), made.Number, []string{"a/b ü"}))
	isNothing(t, w, r.RemoveLabel(t.Context(), made.Number, "a/b ü"))
	isNothing(t, w, r.RemoveLabel(t.Context(), made.Number, "a/b ü"))
	is(forge.ErrNotFound)(t, w, r.RemoveLabel(t.Context(), 99, "images"))
	changed := must[forge.Issue](t)(r.UpdateIssue(t.Context(), made.Number, forge.IssueChange{Title: new("c"), Body: new("d"), State: new("closed")}))
	if changed.Open || changed.Title != "c" || changed.Body != "d" || len(changed.Labels) != 1 {
		t.Errorf("changed: %+v", changed)
	}
	if open := must[[]forge.Issue](t)(r.IssuesBy(t.Context(), made.Author.Login)); len(open) != 0 {
		t.Errorf("open: %+v", open)
	}
	if pulls := must[[]int](t)(r.PullsBy(t.Context(), made.Author.Login)); len(pulls) != 0 {
		t.Errorf("an issue is a pull request: %v", pulls)
	}
	w.propose(t, r, "bot/a")
	pull := must[forge.Pull](t)(r.CreatePull(t.Context(), forge.NewPull{Title: "A", Head: "bot/a", Base: "main"}))
	w.repo.ClosePull(pull.Number, "alice")
	if pulls := must[[]int](t)(r.PullsBy(t.Context(), made.Author.Login)); len(pulls) != 1 || pulls[0] != pull.Number {
		t.Errorf("the App's pull requests are %v, not %d", pulls, pull.Number)
	}
	w.repo.SetIssues(false)
	is(forge.ErrNotFound)(t, w, second(r.CreateIssue(t.Context(), forge.NewIssue{Title: "a"})))
}

// TestLargeTree divides a tree that is too large for GitHub, and no small one.
func TestLargeTree(t *testing.T) {
	timedOut := githubtest.Unprocessable("git/create-tree", "Sorry, your request timed out. It's likely that your input was too large to process.")
	for name, fault := range map[string]githubtest.Fault{
		"422": timedOut, "502": githubtest.BadGateway("git/create-tree", githubtest.BeforeWork),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, githubtest.Options{})
			r := w.writer(t, forge.Options{})
			var files []forge.Content
			for n := range 9 {
				files = append(files, forge.Content{Path: fmt.Sprintf("dir/%d.yaml", n), Data: bytes.Repeat([]byte{byte('a' + n)}, 100<<10)})
			}
			whole := must[string](t)(r.CreateTree(t.Context(), w.tree, files))
			fault.To = 2
			injected := w.hub.Fault(fault)
			mark := w.hub.Mark()
			if parts := must[string](t)(r.CreateTree(t.Context(), w.tree, files)); parts != whole {
				t.Errorf("in parts it is %s, not %s", parts, whole)
			}
			if made := len(w.hub.Since(mark, githubtest.Of("git/create-tree"))); made != 5 || injected.Fired() != 2 {
				t.Errorf("%d requests", made)
			}
			injected.Remove()
			fault.To = 0
			always := w.hub.Fault(fault)
			isUnavailable(t, w, second(r.CreateTree(t.Context(), w.tree, files[:2])))
			isUnavailable(t, w, second(r.CreateTree(t.Context(), w.tree, files)))
			if always.Fired() != 1+3 {
				t.Errorf("%d requests in vain", always.Fired())
			}
		})
	}
}

// TestOddTrees says what is no tree, and what makes none.
func TestOddTrees(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	r := w.writer(t, forge.Options{})
	mark := w.hub.Mark()
	if same := must[string](t)(r.CreateTree(t.Context(), w.tree, nil)); same != w.tree {
		t.Errorf("with nothing laid over it: %s", same)
	}
	for _, wrong := range []forge.Content{{}, {Path: "../a"}, {Path: "/a"}, {Path: "a/"}, {Path: "a", Mode: "120000"}, {Path: "a", Mode: "100600"}} {
		is(forge.ErrInvalid)(t, w, second(r.CreateTree(t.Context(), w.tree, []forge.Content{wrong})))
	}
	is(forge.ErrInvalid)(t, w, second(r.CreateTree(t.Context(), "main", nil)))
	is(forge.ErrInvalid)(t, w, second(r.CreateCommit(t.Context(), "a", w.tree, "main")))
	if asked := w.hub.Since(mark); len(asked) != 0 {
		t.Errorf("GitHub was asked:\n%s", w.hub.Dump(3))
	}
	path := "dir/a b%2F#?ü&\"'.yaml"
	tree := must[string](t)(r.CreateTree(t.Context(), w.tree, []forge.Content{{Path: path, Data: []byte("x")}}))
	if _, there := w.entries(t, r, tree)[path]; !there {
		t.Errorf("%s is not there", path)
	}
}

// TestWriteIncomplete takes no answer for good that lacks what was made.
func TestWriteIncomplete(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	w.repo.Collaborate("rita", "write")
	for _, name := range []string{"CreateTree", "blob", "CreateCommit", "CreatePull", "UpdatePull", "Comment", "CreateIssue", "RequestReviewers"} {
		write := writes()[name]
		do := write.ready(t, w)
		fault := w.hub.Fault(githubtest.Fault{Operation: write.operation, Status: http.StatusCreated, Body: "{}", Header: http.Header{"Content-Type": {"application/json"}}})
		isUnavailable(t, w, do(t.Context(), w.writer(t, forge.Options{})))
		if fault.Fired() != 1 {
			t.Errorf("%s: made %d times", name, fault.Fired())
		}
		fault.Remove()
	}
}

// TestWriteSentOn makes no read of a write that is sent elsewhere.
func TestWriteSentOn(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	r := w.writer(t, forge.Options{})
	fault := w.hub.Fault(githubtest.Fault{
		Operation: "issues/create-comment", Status: http.StatusMovedPermanently, Body: "{}",
		Header: http.Header{"Content-Type": {"application/json"}, "Location": {strings.TrimSuffix(w.hub.APIURL(), "/") + "/repos/acme/shop/issues/1/comments"}},
	})
	defer fault.Remove()
	mark := w.hub.Mark()
	isUnavailable(t, w, second(r.Comment(context.WithoutCancel(t.Context()), 1, "text")))
	if asked := w.hub.Since(mark, githubtest.Of("issues/list-comments")); len(asked) != 0 {
		t.Error("it was read instead")
	}
}
