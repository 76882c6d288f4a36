package forge_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// write is one of the ways to write, and the operation of GitHub's behind it.
type write struct {
	operation string
	// ready makes what the write needs, and gives the write.
	ready func(*testing.T, *world) func(context.Context, *forge.Repo) error
}

// plainly is a write that needs nothing but what is there.
func plainly(operation string, do func(context.Context, *world, *forge.Repo) error) write {
	return write{operation, func(_ *testing.T, w *world) func(context.Context, *forge.Repo) error {
		return func(ctx context.Context, r *forge.Repo) error { return do(ctx, w, r) }
	}}
}

// fresh is a branch of alice's with a commit on main.
func (w *world) fresh(t *testing.T) string {
	t.Helper()
	w.branches++
	name := fmt.Sprintf("fresh-%d", w.branches)
	w.repo.Push(name, "alice", name, map[string]*githubtest.File{"new.txt": githubtest.Text(name)})
	return name
}

func writes() map[string]write {
	return map[string]write{
		"CreateTree": plainly("git/create-tree", func(ctx context.Context, w *world, r *forge.Repo) error {
			return second(r.CreateTree(ctx, w.tree, []forge.Content{{Path: "a", Data: []byte("b")}}))
		}),
		"blob": plainly("git/create-blob", func(ctx context.Context, w *world, r *forge.Repo) error {
			return second(r.CreateTree(ctx, w.tree, []forge.Content{{Path: "a", Data: []byte("\xff")}}))
		}),
		"CreateCommit": plainly("git/create-commit", func(ctx context.Context, w *world, r *forge.Repo) error {
			return second(r.CreateCommit(ctx, "text", w.tree, w.sha))
		}),
		"MoveRefs": {"updateRefs", func(_ *testing.T, w *world) func(context.Context, *forge.Repo) error {
			w.branches++
			name := fmt.Sprintf("moved-%d", w.branches)
			return func(ctx context.Context, r *forge.Repo) error {
				return r.MoveRefs(ctx, []forge.RefMove{{Name: name, After: w.sha}})
			}
		}},
		"CreatePull": {"pulls/create", func(t *testing.T, w *world) func(context.Context, *forge.Repo) error {
			t.Helper()
			branch := w.fresh(t)
			return func(ctx context.Context, r *forge.Repo) error {
				return second(r.CreatePull(ctx, forge.NewPull{Title: "a", Head: branch, Base: "main"}))
			}
		}},
		"UpdatePull": plainly("pulls/update", func(ctx context.Context, _ *world, r *forge.Repo) error {
			return second(r.UpdatePull(ctx, 2, forge.PullChange{Body: new("text")}))
		}),
		"RequestReviewers": plainly("pulls/request-reviewers", func(ctx context.Context, _ *world, r *forge.Repo) error {
			return r.RequestReviewers(ctx, 2, []string{"rita"}, nil)
		}),
		"AddAssignees": plainly("issues/add-assignees", func(ctx context.Context, _ *world, r *forge.Repo) error {
			return r.AddAssignees(ctx, 2, []string{"rita"})
		}),
		"AddLabels": plainly("issues/add-labels", func(ctx context.Context, _ *world, r *forge.Repo) error {
			return r.AddLabels(ctx, 2, []string{"images"})
		}),
		"RemoveLabel": {"issues/remove-label", func(_ *testing.T, w *world) func(context.Context, *forge.Repo) error {
			w.repo.Label(1, "alice", "stays", "gone / soon")
			return func(ctx context.Context, r *forge.Repo) error { return r.RemoveLabel(ctx, 1, "gone / soon") }
		}},
		"Comment": plainly("issues/create-comment", func(ctx context.Context, _ *world, r *forge.Repo) error {
			return second(r.Comment(ctx, 1, "text"))
		}),
		"UpdateComment": {"issues/update-comment", func(_ *testing.T, w *world) func(context.Context, *forge.Repo) error {
			id := w.repo.Comment(1, "alice", "text")
			return func(ctx context.Context, r *forge.Repo) error { return r.UpdateComment(ctx, id, "other") }
		}},
		"React": {"reactions/create-for-issue-comment", func(_ *testing.T, w *world) func(context.Context, *forge.Repo) error {
			id := w.repo.Comment(1, "alice", "text")
			return func(ctx context.Context, r *forge.Repo) error { return r.React(ctx, id, "eyes") }
		}},
		"ReactToIssue": plainly("reactions/create-for-issue", func(ctx context.Context, _ *world, r *forge.Repo) error {
			return r.ReactToIssue(ctx, 1, "rocket")
		}),
		"CreateIssue": plainly("issues/create", func(ctx context.Context, _ *world, r *forge.Repo) error {
			return second(r.CreateIssue(ctx, forge.NewIssue{Title: "a", Body: "b", Labels: []string{"images"}}))
		}),
		"CreateCheckRun": plainly("checks/create", func(ctx context.Context, w *world, r *forge.Repo) error {
			return second(r.CreateCheckRun(ctx, forge.NewCheckRun{Name: "config", Head: w.sha, CheckChange: forge.CheckChange{Conclusion: "success", At: w.hub.Now()}}))
		}),
		"UpdateCheckRun": {"checks/update", func(_ *testing.T, w *world) func(context.Context, *forge.Repo) error {
			id := w.checked()
			return func(ctx context.Context, r *forge.Repo) error {
				return second(r.UpdateCheckRun(ctx, id, forge.CheckChange{Text: forge.CheckText{Title: "a", Summary: "b"}}))
			}
		}},
		"UpdateIssue": plainly("issues/update", func(ctx context.Context, _ *world, r *forge.Repo) error {
			return second(r.UpdateIssue(ctx, 1, forge.IssueChange{Body: new("other")}))
		}),
	}
}

// writeAnswers are those to reads, but that nothing is tried a second time.
func writeAnswers(w *world) map[string]answer {
	after := func(fault func(string, githubtest.When) githubtest.Fault) func(string) githubtest.Fault {
		return func(operation string) githubtest.Fault { return fault(operation, githubtest.AfterWork) }
	}
	late := func(status int) func(string) githubtest.Fault {
		return func(operation string) githubtest.Fault {
			return githubtest.Fault{Operation: operation, Status: status, Message: "Server Error", When: githubtest.AfterWork}
		}
	}
	all := answers(w)
	for name, a := range all {
		_, always := all[strings.TrimSuffix(name, " once")]
		switch {
		case name == "401 once", name == "401":
		case strings.HasSuffix(name, " once") && always, name == "422 timed out":
			delete(all, name)
		default:
			a.tries = 1
			if strings.HasPrefix(name, "reset") || strings.HasPrefix(name, "truncated") {
				a.want = isUnavailable
			}
			all[name] = a
		}
	}
	all["422 timed out"] = answer{refusing(http.StatusUnprocessableEntity, "Sorry, your request timed out."), isUnavailable, 1}
	all["500 after"] = answer{late(http.StatusInternalServerError), isUnavailable, 1}
	all["502 after"] = answer{after(githubtest.BadGateway), isUnavailable, 1}
	all["reset after"] = answer{after(githubtest.ConnectionReset), isUnavailable, 1}
	return all
}

// TestWriteAnswers gives each write each of GitHub's answers: none is made twice,
// unless GitHub has refused the token.
func TestWriteAnswers(t *testing.T) {
	for name, write := range writes() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, githubtest.Options{})
			w.repo.Collaborate("rita", "write")
			for said, answer := range writeAnswers(w) {
				if name == "MoveRefs" && said == "422 conflict" { // nobody has moved the branch, whatever GitHub says
					answer.want = is(forge.ErrInvalid)
				}
				t.Run(said, func(t *testing.T) { w.answerWrite(t, write, answer) })
			}
		})
	}
}

func (w *world) answerWrite(t *testing.T, write write, answer answer) {
	t.Helper()
	do, g := write.ready(t, w), w.github(t, forge.Options{})
	repo := g.As(w.installation.ID).Repo(w.ref)
	fault := w.hub.Fault(answer.fault(write.operation))
	defer fault.Remove()
	mark := w.hub.Mark()
	err := do(t.Context(), repo)
	answer.want(t, w, err)
	calls := len(w.hub.Since(mark, githubtest.Of(write.operation)))
	if want := map[bool]int{true: answer.tries + 1, false: answer.tries}[err == nil]; calls != want || fault.Fired() != answer.tries {
		t.Errorf("it was made %d times, want %d", calls, want)
	}
	fault.Remove()
	if _, isLimited := errorAs[*forge.LimitedError](err); isLimited {
		read := read{write.operation, func(ctx context.Context, _ *world, _ *forge.GitHub) error { return do(ctx, repo) }}
		w.restedAfter(t, read, g)
	}
}

// TestSlowWrite gives a write up that takes too long, and makes it no second time.
func TestSlowWrite(t *testing.T) {
	for _, name := range []string{"CreateTree", "MoveRefs", "CreatePull", "Comment"} {
		w := newWorld(t, githubtest.Options{})
		write := writes()[name]
		do := write.ready(t, w)
		r := w.writer(t, forge.Options{Timeout: 300 * time.Millisecond})
		held := w.hub.Fault(githubtest.Held(write.operation))
		isUnavailable(t, w, do(t.Context(), r))
		if held.Fired() != 1 {
			t.Errorf("%s: made %d times", name, held.Fired())
		}
		held.Remove()
	}
}

// TestFoundAfterwards finds out what became of a write whose answer was lost.
func TestFoundAfterwards(t *testing.T) {
	for name, done := range map[string]bool{"done": true, "not done": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, githubtest.Options{})
			r := w.writer(t, forge.Options{Memory: newMemory()})
			when := map[bool]githubtest.When{true: githubtest.AfterWork, false: githubtest.BeforeWork}[done]
			lost := func(operation string, do func() error) {
				t.Helper()
				fault := w.hub.Fault(githubtest.ConnectionReset(operation, when))
				defer fault.Remove()
				isUnavailable(t, w, do())
			}
			is := func(what string, found bool) {
				t.Helper()
				if found != done {
					t.Errorf("%s: found %v", what, found)
				}
			}
			commit := must[string](t)(r.CreateCommit(t.Context(), "text", w.tree, w.sha))
			move := []forge.RefMove{{Name: "bot", After: commit}}
			lost("updateRefs", func() error { return r.MoveRefs(t.Context(), move) })
			sha, _, err := r.Head(t.Context(), "bot")
			is("the branch", sha == commit && err == nil)

			branch := w.fresh(t)
			lost("pulls/create", func() error {
				return second(r.CreatePull(t.Context(), forge.NewPull{Title: "a", Head: branch, Base: "main"}))
			})
			pull, err := r.OpenPullOf(t.Context(), branch, "main")
			is("the pull request", err == nil && pull.Head.Name == branch)

			began := w.hub.Now()
			lost("issues/create-comment", func() error { return second(r.Comment(t.Context(), 1, "text")) })
			is("the comment", len(must[[]forge.Comment](t)(r.Comments(t.Context(), 1, began))) == 1)

			lost("issues/create", func() error { return second(r.CreateIssue(t.Context(), forge.NewIssue{Title: "a"})) })
			is("the issue", w.has(t, r, "a"))
		})
	}
}

// has says whether the bot has an issue of a title, pull requests apart.
func (w *world) has(t *testing.T, r *forge.Repo, title string) bool {
	t.Helper()
	for _, i := range must[[]forge.Issue](t)(r.IssuesBy(t.Context(), w.hub.App.Slug+"[bot]")) {
		if !i.Pull && i.Title == title {
			return true
		}
	}
	return false
}
