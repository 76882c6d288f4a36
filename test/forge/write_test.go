package forge_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

func (w *world) writer(t *testing.T, o forge.Options) *forge.Repo {
	t.Helper()
	return w.client(t, o).Repo(w.ref)
}

// must is what a step that has to succeed gives.
func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// propose writes a branch with a commit on main, as the product does.
func (w *world) propose(t *testing.T, r *forge.Repo, branch string, files ...forge.Content) (commit string) {
	t.Helper()
	if len(files) == 0 {
		files = []forge.Content{{Path: "envs/dev/a.yaml", Data: []byte("image: a:" + branch + "\n")}}
	}
	tree := must[string](t)(r.CreateTree(t.Context(), w.tree, files))
	commit = must[string](t)(r.CreateCommit(t.Context(), "Update a\n\nto "+branch, tree, w.sha))
	if err := r.MoveRefs(t.Context(), []forge.RefMove{{Name: branch, After: commit}}); err != nil {
		t.Fatal(err)
	}
	return commit
}

// TestProposal writes a pull request, from the bytes to the reviewers, and reads
// all of it again.
func TestProposal(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	w.repo.Push("main", "alice", "A script", map[string]*githubtest.File{"run.sh": githubtest.Executable("#!/bin/sh\n")})
	w.repo.Collaborate("rita", "write")
	w.hub.Organization("acme").AddToTeam("platform", "rita", "member")
	r := w.writer(t, forge.Options{})
	w.sha, _, _ = r.Head(t.Context(), "main")
	w.tree = must[forge.Commit](t)(r.Commit(t.Context(), w.sha)).Tree
	files := []forge.Content{
		{Path: "envs/dev/a.yaml", Data: []byte("\ufeffimage: a:2 # <&> \u2028 ü\r\n")},
		{Path: "run.sh", Mode: forge.ModeExecutable, Data: []byte("#!/bin/sh\nexit\n")},
		{Path: "new/latin.txt", Data: []byte("caf\xe9\n")},
		{Path: "new/zero.bin", Data: []byte("a\x00b")},
		{Path: "new/empty"},
	}
	mark := w.hub.Mark()
	commit := w.propose(t, r, "imageupdater/a", files...)
	if blobs := w.hub.Since(mark, githubtest.Of("git/create-blob")); len(blobs) != 2 {
		t.Errorf("%d blobs were made by themselves", len(blobs))
	}
	pull := must[forge.Pull](t)(r.CreatePull(t.Context(), forge.NewPull{Title: "Update a", Body: "why", Head: "imageupdater/a", Base: "main", Draft: true}))
	if pull.Head.SHA != commit || pull.Base.SHA != w.sha || !pull.Open || !pull.Draft || pull.Body != "why" || pull.Author.Kind != "Bot" {
		t.Errorf("the pull request: %+v", pull)
	}
	if err := r.RequestReviewers(t.Context(), pull.Number, []string{"rita"}, []string{"platform"}); err != nil {
		t.Error(err)
	}
	if err := r.AddAssignees(t.Context(), pull.Number, []string{"rita", "nobody"}); err != nil {
		t.Error(err)
	}
	if err := r.AddLabels(t.Context(), pull.Number, []string{"images", "needs care/ü"}); err != nil {
		t.Error(err)
	}
	w.sameFiles(t, r, commit, files)
	w.isOurs(t, r, commit, pull.Author)
}

// sameFiles holds what a commit has against what was to be written; all else is
// as it was.
func (w *world) sameFiles(t *testing.T, r *forge.Repo, commit string, files []forge.Content) {
	t.Helper()
	was, is := w.entries(t, r, w.sha), w.entries(t, r, commit)
	for _, f := range files {
		data, err := r.Blob(t.Context(), is[f.Path].SHA, 1<<20)
		if err != nil || !bytes.Equal(data, f.Data) {
			t.Errorf("%s: %q %v", f.Path, data, err)
		}
		if f.Mode == "" {
			f.Mode = forge.ModeFile
		}
		if is[f.Path].Mode != f.Mode {
			t.Errorf("%s has the mode %s", f.Path, is[f.Path].Mode)
		}
		delete(was, f.Path)
		delete(is, f.Path)
	}
	for path, e := range was {
		if e.Type == "blob" && is[path] != e {
			t.Errorf("%s became %+v", path, is[path])
		}
	}
}

func (w *world) entries(t *testing.T, r *forge.Repo, sha string) map[string]forge.Entry {
	t.Helper()
	byPath := map[string]forge.Entry{}
	for _, e := range must[[]forge.Entry](t)(r.Tree(t.Context(), sha)) {
		byPath[e.Path] = e
	}
	return byPath
}

// isOurs shows by whom GitHub takes commits to be.
func (w *world) isOurs(t *testing.T, r *forge.Repo, ours string, bot forge.Account) {
	t.Helper()
	c := must[forge.Commit](t)(r.Commit(t.Context(), ours))
	if !c.By(bot.ID) || c.By(bot.ID+1) || c.By(0) || !c.Verified || c.Author.Account != bot || c.Message != "Update a\n\nto imageupdater/a" ||
		len(c.Parents) != 1 || c.Parents[0] != w.sha {
		t.Errorf("our commit: %+v", c)
	}
	theirs := w.repo.Push("imageupdater/a", "alice", "Mine", map[string]*githubtest.File{"mine.txt": githubtest.Text("mine\n")})
	if c := must[forge.Commit](t)(r.Commit(t.Context(), theirs)); c.By(bot.ID) || c.By(c.Author.Account.ID) || c.Author.Account.Login != "alice" {
		t.Errorf("a person's commit: %+v", c)
	}
}

// TestCommitRemembered reads a commit once; one without a good signature may yet
// be told better of.
func TestCommitRemembered(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	kept := newMemory()
	commit := w.propose(t, w.writer(t, forge.Options{}), "bot")
	for _, tt := range []struct {
		sha  string
		asks int
	}{{commit, 1}, {w.sha, 2}} {
		mark := w.hub.Mark()
		one := must[forge.Commit](t)(w.writer(t, forge.Options{Memory: kept}).Commit(t.Context(), tt.sha))
		two := must[forge.Commit](t)(w.writer(t, forge.Options{Memory: kept}).Commit(t.Context(), tt.sha))
		if asked := len(w.hub.Since(mark, githubtest.Of("repos/list-commits"))); asked != tt.asks || fmt.Sprint(one) != fmt.Sprint(two) {
			t.Errorf("asked %d times: %+v %+v", asked, one, two)
		}
	}
	kept.spoil()
	if c := must[forge.Commit](t)(w.writer(t, forge.Options{Memory: kept}).Commit(t.Context(), commit)); !c.Verified {
		t.Errorf("with a memory that is spoilt: %+v", c)
	}
	is(forge.ErrNotFound)(t, w, second(w.writer(t, forge.Options{}).Commit(t.Context(), "1111111111111111111111111111111111111111")))
}

// TestSubjects reads what people write above their commits.
func TestSubjects(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	r := w.writer(t, forge.Options{})
	for n := range 60 {
		w.repo.Push("main", "alice", fmt.Sprintf("feat: %d\n\nmore", n), map[string]*githubtest.File{"n": githubtest.Text(strconv.Itoa(n))})
	}
	got := must[[]string](t)(r.Subjects(t.Context(), "main"))
	if len(got) != 50 || got[0] != "feat: 59" || got[49] != "feat: 10" {
		t.Errorf("%q", got)
	}
	is(forge.ErrNotFound)(t, w, second(r.Subjects(t.Context(), "none")))
}

// TestForgedAuthor takes nobody's word for who made a commit: not an author that
// a person names by the API.
func TestForgedAuthor(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	r := w.writer(t, forge.Options{})
	ours := must[forge.Commit](t)(r.Commit(t.Context(), w.propose(t, r, "bot")))
	body := fmt.Sprintf(`{"message":"mine","tree":%q,"parents":[%q],"author":{"name":%q,"email":%q},"committer":{"name":"GitHub","email":"noreply@github.com"}}`,
		ours.Tree, w.sha, ours.Author.Name, ours.Author.Email)
	forged := w.as(t, "alice", "POST", "repos/acme/shop/git/commits", body)
	c := must[forge.Commit](t)(r.Commit(t.Context(), forged))
	if c.By(ours.Author.Account.ID) || c.Author.Account.ID != ours.Author.Account.ID {
		t.Errorf("forged: %+v", c)
	}
}

// TestSpacing keeps a second between writes, in whatever order and from however
// many callers, and also after one that was refused.
func TestSpacing(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	g := w.github(t, forge.Options{})
	mark := w.hub.Mark()
	r := g.As(w.installation.ID).Repo(w.ref)
	w.hub.Fault(once(githubtest.BadCredentials)("git/create-commit"))
	w.propose(t, r, "bot")
	must[forge.Pull](t)(r.CreatePull(t.Context(), forge.NewPull{Title: "a", Head: "bot", Base: "main"}))
	must[int64](t)(g.As(w.installation.ID).Repo(w.ref).Comment(t.Context(), 1, "text"))
	is(forge.ErrExists)(t, w, second(r.CreatePull(t.Context(), forge.NewPull{Title: "a", Head: "bot", Base: "main"})))
	is(forge.ErrNotFound)(t, w, second(r.Comment(t.Context(), 99, "text")))
	if err := r.React(t.Context(), 1, "eyes"); err == nil {
		t.Error("a reaction to no comment")
	}
	writes := w.hub.Since(mark, githubtest.By(w.installation), githubtest.Exchange.Writes)
	for i := 1; i < len(writes); i++ {
		if apart := writes[i].At.Sub(writes[i-1].At).Seconds(); apart < 1 {
			t.Errorf("%s came %v s after %s", writes[i].Operation, apart, writes[i-1].Operation)
		}
	}
	if len(writes) < 8 {
		t.Errorf("%d writes:\n%s", len(writes), w.hub.Dump(20))
	}
}

// TestOwnWritesAreSeen reads after a write what was written, though all is
// remembered.
func TestOwnWritesAreSeen(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	r := w.writer(t, forge.Options{Memory: newMemory()})
	pulls := func() forge.Pulls { t.Helper(); return must[forge.Pulls](t)(r.Pulls(t.Context())) }
	issue := func(n int) forge.Issue {
		t.Helper()
		i, _, err := r.Issue(t.Context(), n)
		return must[forge.Issue](t)(i, err)
	}
	pulls()
	if !pulls().Unchanged {
		t.Error("nothing changed")
	}
	first := w.propose(t, r, "bot")
	if sha, unchanged, err := r.Head(t.Context(), "bot"); sha != first || unchanged || err != nil {
		t.Errorf("the new branch: %s %v %v", sha, unchanged, err)
	}
	made := must[forge.Pull](t)(r.CreatePull(t.Context(), forge.NewPull{Title: "one", Head: "bot", Base: "main"}))
	if got := pulls(); got.Unchanged || got.All[0].Number != made.Number || got.All[0].Title != "one" {
		t.Errorf("after it was opened: %+v", got.All[0])
	}
	before := issue(made.Number)
	must[forge.Pull](t)(r.UpdatePull(t.Context(), made.Number, forge.PullChange{Title: new("two"), State: new("closed")}))
	if got := pulls(); got.Unchanged || got.All[0].Title != "two" || got.All[0].Open {
		t.Errorf("after it was closed: %+v", got.All[0])
	}
	if after := issue(made.Number); !before.Open || after.Open || after.ClosedBy != made.Author || before.ClosedBy != (forge.Account{}) {
		t.Errorf("as an issue: %+v, then %+v", before, after)
	}
	next := must[string](t)(r.CreateCommit(t.Context(), "again", w.tree, w.sha))
	if err := r.MoveRefs(t.Context(), []forge.RefMove{{Name: "bot", Before: first, After: next, Force: true}}); err != nil {
		t.Fatal(err)
	}
	if sha, unchanged, err := r.Head(t.Context(), "bot"); sha != next || unchanged || err != nil {
		t.Errorf("the moved branch: %s %v %v", sha, unchanged, err)
	}
	if err := r.DeleteBranch(t.Context(), "bot", next); err != nil {
		t.Fatal(err)
	}
	is(forge.ErrNotFound)(t, w, third(r.Head(t.Context(), "bot")))
}

// TestMovedBeforeWrite writes into no repository that has taken the name, and
// follows the one that has another.
func TestMovedBeforeWrite(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	w.repo.Rename("alice", "market")
	r := w.writer(t, forge.Options{})
	commit := w.propose(t, r, "bot")
	pull := must[forge.Pull](t)(r.CreatePull(t.Context(), forge.NewPull{Title: "a", Head: "bot", Base: "main"}))
	if found := must[forge.Pull](t)(r.OpenPullOf(t.Context(), "bot", "main")); found.Number != pull.Number || w.repo.Branch("bot") != commit {
		t.Errorf("by the old name: %+v", found)
	}
	other := w.hub.AddRepository("acme/shop", map[string]string{"a": "b"})
	w.installation.AddTo(other)
	mark := w.hub.Mark()
	for name, do := range map[string]func(context.Context, *forge.Repo) error{
		"Comment": func(ctx context.Context, r *forge.Repo) error { return second(r.Comment(ctx, 1, "text")) },
		"MoveRefs": func(ctx context.Context, r *forge.Repo) error {
			return r.DeleteBranch(ctx, "main", other.Branch("main"))
		},
		"CreateTree": func(ctx context.Context, r *forge.Repo) error {
			return second(r.CreateTree(ctx, w.tree, []forge.Content{{Path: "a"}}))
		},
		"Comments": func(ctx context.Context, r *forge.Repo) error { return second(r.Comments(ctx, 1, w.hub.Now())) },
	} {
		if moved, is := errorAs[*forge.MovedError](do(t.Context(), w.writer(t, forge.Options{}))); !is || moved.Found != other.ID {
			t.Errorf("%s: %v", name, moved)
		}
	}
	if writes := w.hub.Since(mark, githubtest.By(w.installation), githubtest.Exchange.Writes); len(writes) != 0 {
		t.Errorf("it wrote:\n%s", w.hub.Dump(5))
	}
}

// as makes a call in a person's name, and gives the sha of what it made.
func (w *world) as(t *testing.T, login, method, path, body string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, w.hub.APIURL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.hub.Token(login))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "a person")
	resp, err := w.hub.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var made struct{ SHA string }
	if err := json.NewDecoder(resp.Body).Decode(&made); err != nil || made.SHA == "" {
		t.Fatalf("%s %s: %s %v", method, path, resp.Status, err)
	}
	return made.SHA
}
