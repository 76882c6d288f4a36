package app_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/handlers/run"
	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// ruledOn is a ruleset on branches that requires the App's verdict, and more.
func ruledOn(more []map[string]any, branches ...string) func(*life) {
	return ruled(githubtest.Ruleset{
		Include: branches, More: more, Rules: githubtest.Rules{Checks: []githubtest.RequiredCheck{{Context: verdictCheck}}},
	})
}

// mine is a pull request of a person, and its head.
func (l *life) mine(branch, base string) (number int, head string) {
	l.t.Helper()
	head = l.repo.Push(branch, "alice", "of a person", map[string]*githubtest.File{branch + ".md": githubtest.Text("mine\n")})
	return l.repo.OpenPull("alice", "Mine", branch, base), head
}

// lasts lets the App look by itself until something holds, so many times at most.
func (l *life) lasts(most int, holds func() bool) {
	l.t.Helper()
	for n := 0; !holds(); n++ {
		next := l.app.shown("acme/shop").NextLook
		if in := next.Sub(l.hub.Now()); n == most || in > 10*time.Minute {
			l.t.Fatalf("after %d looks the next one comes in %s", n, in)
		}
		l.wakes(next)
	}
}

// free makes sure that a look pays for nothing while nothing happens.
func (l *life) free() {
	l.t.Helper()
	if paid := l.costs(func() { l.hub.Advance(time.Minute); l.app.rescan(); l.app.settled(l.hub, "acme/shop") }).paid; len(paid) > 0 {
		l.t.Errorf("a look pays for %v", paid)
	}
}

// TestOwnCheckOfManyAgain is told once more to each of very many who ask for it.
func TestOwnCheckOfManyAgain(t *testing.T) {
	t.Parallel()
	const many = 40
	l := beginMerging(t, storetest.SQLite(t), patches, "web:1.0.0")
	ruledOn(nil)(l)
	var heads []string
	for n := range many {
		_, head := l.mine(fmt.Sprintf("topic-%d", n), "main")
		heads = append(heads, head)
	}
	l.installs()
	each := func(want int) func() bool {
		return func() bool { return !slices.ContainsFunc(heads, func(h string) bool { return l.lets(h) != want }) }
	}
	l.lasts(1, each(1))
	l.look()
	l.wakes(l.app.shown("acme/shop").NextLook)
	for _, head := range heads {
		l.repo.RerequestCheck(l.verdict(head).ID, "alice")
	}
	l.calm()
	l.lasts(3, each(2))
	l.look()
	l.quiet()
	if !each(2)() {
		t.Error("one was told once more than asked for")
	}
}

// TestOwnCheckIsBegun is told to those, too, that did not change for long when somebody
// begins to require it.
func TestOwnCheckIsBegun(t *testing.T) {
	t.Parallel()
	l := beginMerging(t, storetest.SQLite(t), patches, "web:1.0.0")
	l.repo.Push("release/1", "alice", "a release", nil)
	var heads []string
	for _, base := range []string{"main", "main", "release/1"} {
		_, head := l.mine(fmt.Sprintf("old-%d", len(heads)), base)
		heads = append(heads, head)
	}
	l.repo.Push("busy", "alice", "of a person", map[string]*githubtest.File{"busy.md": githubtest.Text("mine\n")})
	for range 101 {
		l.hub.Advance(time.Second)
		l.repo.ClosePull(l.repo.OpenPull("alice", "Mine", "busy", "main"), "alice")
	}
	l.installs()
	l.look()
	l.free()
	ruledOn(nil, "refs/heads/main", "refs/heads/release/*")(l)
	l.mine("new", "main")
	l.calm()
	l.lasts(2, func() bool { return !slices.ContainsFunc(heads, func(h string) bool { return l.lets(h) != 1 }) })
	l.look()
	l.quiet()
	l.free()
	l.repo.RerequestCheck(l.verdict(heads[2]).ID, "alice")
	l.calm()
	if got := l.lets(heads[2]); got != 2 {
		t.Errorf("asked for anew, it has %d verdicts", got)
	}
}

// TestOwnCheckOfOtherBases is told to pull requests for whatever branch requires it, and to
// the merge groups of that, whichever branch the App's own are for.
func TestOwnCheckOfOtherBases(t *testing.T) {
	t.Parallel()
	foreign := []map[string]any{{"type": "workflows", "parameters": map[string]any{"workflows": []any{}}}}
	for name, settings := range map[string]string{
		"the same": patches, "another base": patches + "pullRequests: {base: deploy}\n", "broken": "version: 1\nshedule: 1h\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := beginMerging(t, storetest.SQLite(t), patches, "web:1.0.0")
			for _, branch := range []string{"deploy", "release/1", "release/2"} {
				l.repo.Push(branch, "alice", "a branch", nil)
			}
			ruledOn(nil, "refs/heads/main", "refs/heads/release/1")(l)
			ruledOn(foreign, "refs/heads/release/2")(l)
			l.settings(settings)
			l.installs()
			number, first := l.mine("first", "release/1")
			_, second := l.mine("second", "release/2")
			_, third := l.mine("third", "main")
			_, none := l.mine("none", "deploy")
			l.calm()
			for _, head := range []string{first, second, third} {
				if got := l.lets(head); got != 1 {
					t.Errorf("%s has %d verdicts", head, got)
				}
			}
			if l.lets(none) != 0 {
				t.Errorf("deploy does not require it, and %s has %v", none, l.verdicts(none))
			}
			group := l.repo.CheckMergeGroup(number)
			l.calm()
			if l.lets(group) != 1 {
				t.Errorf("the merge group has %v", l.verdicts(group))
			}
			l.look()
			l.quiet()
			l.free()
		})
	}
}

// TestOwnCheckOfManyBases asks of so many branches in a look as it may, and of the rest
// soon.
func TestOwnCheckOfManyBases(t *testing.T) {
	t.Parallel()
	const many = 13
	l := beginMerging(t, storetest.SQLite(t), patches, "web:1.0.0")
	ruledOn(nil, "refs/heads/release/*")(l)
	var heads []string
	for n := range many {
		base := fmt.Sprintf("release/%d", n)
		l.repo.Push(base, "alice", "a release", nil)
		_, head := l.mine(fmt.Sprintf("topic-%d", n), base)
		heads = append(heads, head)
	}
	l.installs()
	mark := l.hub.Mark()
	l.lasts(2, func() bool { return !slices.ContainsFunc(heads, func(h string) bool { return l.lets(h) != 1 }) })
	if n := l.calls(mark, "repos/get-branch-rules"); n > 2*many {
		t.Errorf("it was asked %d times", n)
	}
	l.look()
	l.quiet()
	l.lasts(4, func() bool { return l.app.shown("acme/shop").NextLook.Sub(l.hub.Now()) > time.Hour }) // all was asked
	l.free()
}

// TestOwnCheckUnread keeps what is known to be required while GitHub does not tell, and
// goes on when it does.
func TestOwnCheckUnread(t *testing.T) {
	t.Parallel()
	l := beginMerging(t, storetest.SQLite(t), patches, "web:1.0.0")
	l.repo.Push("release/1", "alice", "a release", nil)
	l.installs()
	fault := githubtest.ServerError("repos/get-branch-rules")
	fault.Optional = true
	unread := l.hub.Fault(fault)
	ruledOn(nil, "refs/heads/release/*")(l)
	_, first := l.mine("first", "release/1")
	l.calm()
	if l.lets(first) != 0 {
		t.Error("it is told though nobody knows of it")
	}
	unread.Remove()
	l.wakes(l.hub.Now().Add(time.Hour + time.Minute))
	if l.lets(first) != 1 {
		t.Error("it is not told")
	}
	unread = l.hub.Fault(fault)
	_, second := l.mine("second", "release/1")
	l.calm()
	if l.lets(second) != 1 {
		t.Error("it is not told any more")
	}
	unread.Remove()
}

// TestOwnCheckOfRefused is told to others where the App cannot look at the files.
func TestOwnCheckOfRefused(t *testing.T) {
	t.Parallel()
	for state, begins := range map[run.State]func(*life){
		run.TooLarge: func(l *life) {
			wide := map[string]*githubtest.File{}
			for n := range 40 {
				wide[fmt.Sprintf("%02d.yaml", n)] = githubtest.Text("a: b\n")
			}
			l.repo.Push("main", "alice", "many files", wide)
		},
		run.Refused: func(l *life) {
			l.hub.Fault(githubtest.Fault{Operation: "git/get-tree", Status: http.StatusUnprocessableEntity, Message: "No"})
		},
	} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			l := beginOn(t, githubtest.Options{Limits: githubtest.Limits{TreeEntries: 30}}, storetest.SQLite(t), patches, "web:1.0.0")
			l.push("web:1.0.0")
			ruledOn(nil)(l)
			begins(l)
			_, head := l.mine("topic", "main")
			l.installs()
			l.app.ends("acme/shop", state)
			if got := l.lets(head); got != 1 {
				t.Errorf("it has %d verdicts", got)
			}
			_, next := l.mine("next", "main")
			l.calm()
			if got := l.lets(next); got != 1 {
				t.Errorf("the next one has %d verdicts", got)
			}
			l.quiet()
		})
	}
}
