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

// seen is all that is read under conditions, as one value.
type seen struct {
	Head       string
	Pulls      []forge.Pull
	Issue      forge.Issue
	File       forge.File
	Repository forge.Repository
}

// look reads it, and says whether all of it was as before.
func look(t *testing.T, r *forge.Repo) (seen, bool) {
	t.Helper()
	var s seen
	var errs [5]error
	var same [4]bool
	var pulls forge.Pulls
	s.Head, same[0], errs[0] = r.Head(t.Context(), "main")
	pulls, errs[1] = r.Pulls(t.Context())
	s.Issue, same[1], errs[2] = r.Issue(t.Context(), 1)
	s.File, same[2], errs[3] = r.File(t.Context(), "see.txt", "main")
	s.Repository, errs[4] = r.Repository(t.Context())
	s.Pulls, same[3] = pulls.All, pulls.Unchanged
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	return s, !slices.Contains(same[:], false)
}

// TestConditional reads again what has not changed: for nothing, with any token
// and by any process that has the same memory.
func TestConditional(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	kept, observed := newMemory(), &calls{}
	options := forge.Options{Memory: kept, Observe: observed.observe}
	c := w.client(t, options)
	first, same := look(t, c.Repo(w.ref))
	if same || first.Head != w.sha || len(first.Pulls) != 1 || string(first.File.Data) != "see\n" || first.Issue.Title != "An issue" {
		t.Fatalf("the first look: %v %+v", same, first)
	}
	left := remaining(observed.take())
	steps := map[string]func() *forge.Client{
		"at once":       func() *forge.Client { return c },
		"another token": func() *forge.Client { w.hub.Advance(30 * time.Minute); return w.client(t, options) },
	}
	for _, name := range []string{"at once", "another token"} {
		client, mark := steps[name](), w.hub.Mark()
		again, same := look(t, client.Repo(w.ref))
		if !same {
			t.Errorf("%s: something had changed", name)
		}
		if diff := cmp.Diff(first, again); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		for _, e := range w.hub.Since(mark, githubtest.By(w.installation)) {
			if e.Status != http.StatusNotModified {
				t.Errorf("%s: %s", name, e)
			}
		}
		if now := remaining(observed.take()); now != left {
			t.Errorf("%s: %d calls left, before %d", name, now, left)
		}
	}

	w.hub.Advance(2 * time.Hour) // the token of c has long ended
	if again, same := look(t, c.Repo(w.ref)); !same || !cmp.Equal(first, again) {
		t.Errorf("two hours later: %v", same)
	}

	w.repo.Commit("main", "more", map[string]string{"see.txt": "more\n"})
	changed, same := look(t, c.Repo(w.ref))
	if same || changed.Head == first.Head || string(changed.File.Data) != "more\n" {
		t.Errorf("after a push: %v %+v", same, changed)
	}
	kept.spoil()
	if again, same := look(t, c.Repo(w.ref)); same || !cmp.Equal(changed, again) {
		t.Errorf("with a memory gone bad: %v %s", same, cmp.Diff(changed, again))
	}
}

func remaining(all []forge.Call) int {
	left := -1
	for _, c := range all {
		if c.Installation != 0 && c.Remaining >= 0 {
			left = c.Remaining
		}
	}
	return left
}

// TestUnchangedLook is what a look costs when nothing has changed.
func TestUnchangedLook(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	options := forge.Options{Memory: newMemory()}
	read := func() {
		r := w.client(t, options).Repo(w.ref)
		_, _, head := r.Head(t.Context(), "main")
		_, pulls := r.Pulls(t.Context())
		_, _, issue := r.Issue(t.Context(), 1)
		for _, err := range []error{head, pulls, issue} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	read()
	mark := w.hub.Mark()
	read()
	if all := w.hub.Since(mark, githubtest.By(w.installation)); len(all) != 3 || !all[0].Free() || !all[1].Free() || !all[2].Free() {
		t.Errorf("calls: %v", all)
	}
}

// TestMoved follows a repository through names.
func TestMoved(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	options := forge.Options{Memory: newMemory()}
	c := w.client(t, options)
	now := func(ref forge.Ref) forge.Ref {
		t.Helper()
		found, err := c.Resolve(t.Context(), ref)
		if err != nil {
			t.Errorf("resolving %s: %v", ref, err)
		}
		return found
	}
	if got := now(w.ref); got != w.ref {
		t.Errorf("where it was: %+v", got)
	}
	before, _ := look(t, c.Repo(w.ref))

	w.repo.Rename("alice", "store")
	renamed := forge.Ref{ID: w.ref.ID, Owner: "acme", Name: "store"}
	if got := now(w.ref); got != renamed {
		t.Errorf("renamed: %+v", got)
	}
	after, _ := look(t, c.Repo(w.ref)) // by the old name
	if after.Head != before.Head || after.Repository.Ref != renamed || len(after.Pulls) != 1 {
		t.Errorf("by its old name: %+v", after)
	}
	if _, err := c.Repo(w.ref).Tree(t.Context(), w.tree); err != nil {
		t.Error(err)
	}

	other := w.hub.AddRepository("acme/shop", map[string]string{"see.txt": "other\n"})
	other.Collaborate("alice", "admin")
	if got := now(w.ref); got != renamed {
		t.Errorf("taken: %+v", got)
	}
	for name, do := range map[string]func(*forge.Repo) error{
		"Head":       func(r *forge.Repo) error { return third(r.Head(t.Context(), "main")) },
		"File":       func(r *forge.Repo) error { return third(r.File(t.Context(), "see.txt", "")) },
		"Pulls":      func(r *forge.Repo) error { return second(r.Pulls(t.Context())) },
		"Repository": func(r *forge.Repo) error { return second(r.Repository(t.Context())) },
	} {
		moved, is := errorAs[*forge.MovedError](do(w.client(t, forge.Options{Memory: newMemory()}).Repo(w.ref)))
		if !is || moved.Was != w.ref || moved.Found != other.ID {
			t.Errorf("%s of a name that was taken: %v", name, moved)
		}
	}
	if _, err := c.Repo(forge.Ref{Owner: "acme", Name: "shop"}).Repository(t.Context()); err != nil {
		t.Errorf("without an id: %v", err)
	}
}

// TestTransferred loses a repository to another account.
func TestTransferred(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	c := w.client(t, forge.Options{})
	w.repo.Transfer("alice", "globex")
	if got, err := c.Resolve(t.Context(), w.ref); err != nil || got.Owner != "globex" {
		t.Errorf("public: %+v %v", got, err)
	}
	w.repo.SetPrivate("alice", true)
	is(forge.ErrNotFound)(t, w, second(c.Resolve(t.Context(), w.ref)))
	is(forge.ErrNotFound)(t, w, third(c.Repo(w.ref).Head(t.Context(), "main")))
}

// TestSentElsewhere does not follow a redirect out of the API, and shows no
// token there.
func TestSentElsewhere(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	other := newWorld(t, githubtest.Options{})
	for _, to := range []string{other.hub.APIURL() + "repositories/1", w.hub.URL + "/elsewhere"} {
		mark := other.hub.Mark()
		fault := w.hub.Fault(githubtest.Fault{
			Operation: "repos/get", Status: http.StatusMovedPermanently, Body: "{}", Header: http.Header{"Location": {to}},
		})
		isUnavailable(t, w, second(w.client(t, forge.Options{}).Repository(t.Context(), w.ref)))
		fault.Remove()
		if all := other.hub.Since(mark); len(all) != 0 {
			t.Errorf("sent there: %v", all)
		}
	}
}

// TestTransferredIssue does not take an issue of another repository for ours.
func TestTransferredIssue(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	other := w.hub.AddRepository("acme/other", map[string]string{"a": "b"})
	other.OpenIssue("alice", "Not ours", "")
	fault := w.hub.Fault(githubtest.Fault{
		Operation: "issues/get", Times: 1, Status: http.StatusMovedPermanently, Body: "{}",
		Header: http.Header{"Location": {fmt.Sprintf("%srepositories/%d/issues/1", w.hub.APIURL(), other.ID)}},
	})
	is(forge.ErrNotFound)(t, w, third(w.client(t, forge.Options{}).Repo(w.ref).Issue(t.Context(), 1)))
	fault.Remove()
}

// TestOddAnswers are good ones by their status, and none.
func TestOddAnswers(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	for _, status := range []int{http.StatusAccepted, http.StatusNoContent, http.StatusNotModified, http.StatusMovedPermanently, http.StatusMultipleChoices} {
		for _, name := range []string{"Head", "Issue", "Tree", "Blob", "App"} {
			fault := w.hub.Fault(githubtest.Fault{Operation: reads()[name].operation, Status: status, Body: " "})
			isUnavailable(t, w, reads()[name].do(t.Context(), w, w.github(t, forge.Options{})))
			fault.Remove()
		}
	}
}

// TestPaths refuses what would lead to another endpoint.
func TestPaths(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	c := w.client(t, forge.Options{})
	r, mark := c.Repo(w.ref), w.hub.Mark()
	for name, err := range map[string]error{
		"file":    third(r.File(t.Context(), "../../secret/contents/a", "")),
		"rooted":  third(r.File(t.Context(), "/a", "")),
		"branch":  third(r.Head(t.Context(), "../../x")),
		"owner":   second(c.Repository(t.Context(), forge.Ref{Owner: "..", Name: "x"})),
		"name":    second(c.Repo(forge.Ref{Owner: "acme", Name: "x/y"}).Tree(t.Context(), w.tree)),
		"no sha":  second(r.Tree(t.Context(), "main?recursive=1")),
		"no blob": second(r.Blob(t.Context(), "../x", 1)),
		"slug":    second(r.AppOf(t.Context(), "../app")),
		"slugs":   second(r.AppOf(t.Context(), "a/b")),
		"no slug": second(r.AppOf(t.Context(), "")),
		"no node": second(r.Unresolved(t.Context(), 2, "")),
		"commit":  second(r.Commit(t.Context(), strings.ToUpper(w.sha[:39]+"a"))),
	} {
		t.Run(name, func(t *testing.T) { is(forge.ErrInvalid)(t, w, err) })
	}
	if all := w.hub.Since(mark); len(all) != 0 {
		t.Errorf("GitHub was asked: %v", all)
	}
	w.repo.Commit("main", "odd names", map[string]string{"a b/ü#?%.txt": "odd\n"})
	if file, _, err := r.File(t.Context(), "a b/ü#?%.txt", "main"); err != nil || string(file.Data) != "odd\n" {
		t.Errorf("odd names: %q %v", file.Data, err)
	}
	w.repo.Push("feature/x+y", "alice", "m", map[string]*githubtest.File{"n": githubtest.Text("n\n")})
	if _, _, err := r.Head(t.Context(), "feature/x+y"); err != nil {
		t.Errorf("a branch with a slash: %v", err)
	}
}

// TestFiles tells what is at a path, and what is not.
func TestFiles(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	w.repo.Commit("main", "a large file", map[string]string{"large.txt": strings.Repeat("x", 2<<20)})
	r := w.client(t, forge.Options{}).Repo(w.ref)
	file := func(path, ref string) error { return third(r.File(t.Context(), path, ref)) }
	is(forge.ErrNotFile)(t, w, file("envs", ""))
	is(forge.ErrNotFound)(t, w, file("none", ""))
	is(forge.ErrNotFound)(t, w, file("see.txt", "none"))
	is(forge.ErrNotFound)(t, w, third(r.Head(t.Context(), "none")))
	is(forge.ErrNotFound)(t, w, third(r.Issue(t.Context(), 99)))
	if _, is := errorAs[*forge.TooLargeError](file("large.txt", "")); !is {
		t.Error("a large file was read")
	}
	for most, good := range map[int64]bool{3: false, 4: true} {
		data, err := r.Blob(t.Context(), w.blob, most)
		if _, isTooLarge := errorAs[*forge.TooLargeError](err); isTooLarge == good || good != (string(data) == "see\n") {
			t.Errorf("a blob of at most %d bytes: %q %v", most, data, err)
		}
	}
	swapped := w.hub.Fault(githubtest.Fault{Operation: "git/get-blob", Status: http.StatusOK, Body: "bad\n"})
	isUnavailable(t, w, second(r.Blob(t.Context(), w.blob, 99)))
	swapped.Remove()

	empty := w.hub.AddEmptyRepository("acme/empty")
	r = w.client(t, forge.Options{}).Repo(forge.Ref{ID: empty.ID, Owner: "acme", Name: "empty"})
	is(forge.ErrEmpty)(t, w, third(r.Head(t.Context(), "main")))
	is(forge.ErrEmpty)(t, w, third(r.File(t.Context(), "see.txt", "")))
	is(forge.ErrEmpty)(t, w, second(r.Tree(t.Context(), w.tree)))
}

// TestCommit reads what a commit says.
func TestCommit(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	sha := w.repo.Push("main", "alice", "Second\n\nWith more.", map[string]*githubtest.File{"b": githubtest.Text("b\n")})
	commit, err := w.client(t, forge.Options{}).Repo(w.ref).Commit(t.Context(), sha)
	if err != nil {
		t.Fatal(err)
	}
	if commit.SHA != sha || !slices.Equal(commit.Parents, []string{w.sha}) || !strings.HasPrefix(commit.Message, "Second\n\nWith more.") ||
		commit.Verified || commit.Author.Name == "" || commit.Author.At.IsZero() || commit.Tree == w.tree {
		t.Errorf("got %+v", commit)
	}
}

// TestContains asks about commits on a branch, on another one, and on none.
func TestContains(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	w.repo.PushRefs(map[string]string{"refs/heads/feature/x+y": w.sha})
	newer := w.repo.Push("main", "alice", "Second", map[string]*githubtest.File{"b": githubtest.Text("b\n")})
	r := w.client(t, forge.Options{}).Repo(w.ref)
	for _, tt := range []struct {
		branch, sha string
		want        bool
	}{
		{"main", w.sha, true},
		{"main", newer, true},
		{"feature/x+y", w.sha, true},
		{"feature/x+y", newer, false},
		{"gone", w.sha, false},
		{"main", strings.Repeat("1", 40), false},
	} {
		if got, err := r.Contains(t.Context(), tt.branch, tt.sha); err != nil || got != tt.want {
			t.Errorf("%s contains %s: %t, %v", tt.branch, tt.sha, got, err)
		}
	}
}

// TestTree walks trees that GitHub cuts, and gives the same as if it did not.
func TestTree(t *testing.T) {
	files := map[string]*githubtest.File{
		"a/link": {Mode: "120000", Content: "../see.txt"}, "a/run.sh": githubtest.Executable("#!/bin/sh\n"),
		"a/b/c/d/e.txt": githubtest.Text("e\n"), "a/b/f.txt": githubtest.Text("f\n"), "a.b": githubtest.Text("between\n"),
		"z/1": githubtest.Text("1\n"), "z/2": githubtest.Text("2\n"), "z/3": githubtest.Text("3\n"),
	}
	read := func(most int) ([]forge.Entry, int, error) {
		w := newWorld(t, githubtest.Options{Limits: githubtest.Limits{TreeEntries: most}})
		files["module"] = &githubtest.File{Mode: "160000", Content: strings.Repeat("1", 40)}
		w.repo.Push("main", "alice", "m", files)
		r := w.client(t, forge.Options{}).Repo(w.ref)
		sha, _, err := r.Head(t.Context(), "main")
		if err != nil {
			t.Fatal(err)
		}
		mark := w.hub.Mark()
		entries, err := r.Tree(t.Context(), sha)
		return entries, len(w.hub.Since(mark, githubtest.Of("git/get-tree"))), err
	}
	whole, requests, err := read(0)
	if err != nil || requests != 1 {
		t.Fatalf("whole: %d requests, %v", requests, err)
	}
	modes := map[string]string{}
	for _, e := range whole {
		modes[e.Path] = e.Mode + " " + e.Type
	}
	for path, want := range map[string]string{
		"a/link": "120000 blob", "module": "160000 commit", "a/run.sh": "100755 blob", "a/b": "040000 tree", "a/b/c/d/e.txt": "100644 blob",
	} {
		if modes[path] != want {
			t.Errorf("%s is %q, want %q", path, modes[path], want)
		}
	}
	walked, requests, err := read(7)
	if err != nil || requests < 5 {
		t.Fatalf("cut: %d requests, %v", requests, err)
	}
	if diff := cmp.Diff(whole, walked); diff != "" {
		t.Errorf("walked (-whole +walked):\n%s", diff)
	}
	if _, _, err = read(5); err == nil {
		t.Error("a folder that is cut itself was taken for whole")
	} else if _, is := errorAs[*forge.TooLargeError](err); !is {
		t.Errorf("a folder that is cut itself: %v", err)
	}
}

// TestManyFolders gives up a tree of more folders than are asked for.
func TestManyFolders(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	cut := w.hub.Fault(githubtest.Fault{Operation: "git/get-tree", Status: http.StatusOK, Func: func(e *githubtest.Exchange) {
		e.Answer = []byte(`{"sha":"` + w.tree + `","truncated":` + map[bool]string{true: "true", false: "false"}[e.Query != ""] +
			`,"tree":[{"path":"deeper","mode":"040000","type":"tree","sha":"` + w.tree + `"}]}`)
	}})
	_, err := w.client(t, forge.Options{}).Repo(w.ref).Tree(context.Background(), w.tree)
	if _, is := errorAs[*forge.TooLargeError](err); !is || cut.Fired() != 500 {
		t.Errorf("%d requests: %v", cut.Fired(), err)
	}
}
