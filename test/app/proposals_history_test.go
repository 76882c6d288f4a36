package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// commit is one as GitHub's API shows it.
type commit struct {
	SHA, Message string
	Tree         struct{ SHA string }
	Author       signer
	Parents      []struct{ SHA string }
}

type signer struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

func (l *life) commit(sha string) (c commit) {
	l.t.Helper()
	if err := json.Unmarshal(l.as("alice", http.MethodGet, "/git/commits/"+sha, struct{}{}), &c); err != nil {
		l.t.Fatal(err)
	}
	return c
}

// write lets alice write a commit that names somebody as its author and committer,
// and lets a branch point at it.
func (l *life) write(branch string, c commit, committer signer) string {
	l.t.Helper()
	made := l.as("alice", http.MethodPost, "/git/commits", map[string]any{
		"message": c.Message, "tree": c.Tree.SHA, "parents": []string{c.Parents[0].SHA}, "author": c.Author, "committer": committer,
	})
	if err := json.Unmarshal(made, &c); err != nil {
		l.t.Fatal(err)
	}
	l.as("alice", http.MethodPatch, "/git/refs/heads/"+branch, map[string]any{"sha": c.SHA, "force": true})
	return c.SHA
}

// pressed presses "Update branch".
func (l *life) pressed(p githubtest.Shown) {
	l.t.Helper()
	l.as("alice", http.MethodPut, fmt.Sprintf("/pulls/%d/update-branch", p.Number), struct{}{})
}

// said is how many comments the only pull request has.
func (l *life) said(n int) {
	l.t.Helper()
	if p := l.one(); len(p.Comments) != n {
		l.t.Errorf("%d comments, not %d: %q", len(p.Comments), n, p.Comments)
	}
}

// at makes sure where a branch is.
func (l *life) at(branch, sha string) {
	l.t.Helper()
	if now := l.repo.Branch(branch); now != sha {
		l.t.Errorf("%s is at %s, not %s", branch, now, sha)
	}
}

// TestWhose tells stories of who wrote what, each on github.com, which signs, and
// on a server that does not.
func TestWhose(t *testing.T) {
	t.Parallel()
	for _, s := range whose() {
		for _, unsigned := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/unsigned=%t", s.name, unsigned), func(t *testing.T) {
				t.Parallel()
				s.tell(t, githubtest.Options{Unsigned: unsigned}, storetest.SQLite(t), false)
			})
		}
	}
}

func whose() []tale {
	web, next := []string{"web:1.0.0"}, []string{"web:1.1.0"}
	return []tale{
		{"updated twice by GitHub's button", "", web, next, func(l *life) {
			p := l.one()
			for _, name := range []string{"README.md", "LICENSE"} {
				l.repo.Push("main", "alice", "other", map[string]*githubtest.File{name: githubtest.Text("new\n")})
				l.pressed(p)
			}
			head := l.repo.Branch(p.Head)
			l.look()
			l.said(0)
			l.has("web=1.1.0")
			l.at(p.Head, head)
			l.push("web:1.2.0")
			l.look()
			l.has("web=1.2.0")
			l.said(0)
			if !exists(l.repo, p.Head, "README.md") || !exists(l.repo, p.Head, "LICENSE") {
				l.t.Error("it was not built on the newest base")
			}
		}},
		{"updated by GitHub's button, with another line of the file", "", web, next, func(l *life) {
			p := l.one()
			text := "# by alice\n" + deployment(l.name("web:1.0.0"))
			l.repo.Push("main", "alice", "other", map[string]*githubtest.File{l.file("web"): githubtest.Text(text)})
			l.pressed(p)
			if got := l.repo.Read(p.Head, l.file("web")); !strings.HasPrefix(got, "# by alice\n") || !strings.Contains(got, "1.1.0") {
				l.t.Fatalf("it was not merged: %q", got)
			}
			l.look()
			l.said(0)
			l.push("web:1.2.0")
			l.look()
			l.said(0)
			if got := l.repo.Read(p.Head, l.file("web")); !strings.HasPrefix(got, "# by alice\n") || !strings.Contains(got, "1.2.0") {
				l.t.Errorf("the branch has %q", got)
			}
		}},
		{"amended by a person", "", web, next, func(l *life) {
			p := l.one()
			c := l.commit(p.HeadSHA)
			c.Message = "Better words\n\n" + c.Message
			theirs := l.write(p.Head, c, signer{"Alice", "alice@example.com"})
			l.look()
			l.said(1)
			l.push("web:1.2.0")
			l.look()
			l.said(1)
			l.at(p.Head, theirs)
			// Closed, its branch is still hers.
			l.repo.ClosePull(p.Number, "alice")
			l.look()
			l.has()
			l.at(p.Head, theirs)
		}},
	}
}

// TestForged shows that a commit which says that it is the App's, and has a record
// that looks like it, is a person's where GitHub signs: it is left alone, and
// refuses nothing.
func TestForged(t *testing.T) {
	t.Parallel()
	l := begin(t, storetest.SQLite(t), "", "web:1.0.0")
	l.push("web:1.0.0", "web:1.1.0")
	l.look()
	p := l.one()
	c := l.commit(p.HeadSHA)
	c.Message = strings.ReplaceAll(c.Message, "1.1.0", "1.2.0")
	forged := l.write(p.Head, c, signer{"GitHub", "noreply@github.com"})
	l.look()
	l.said(1)
	l.push("web:1.2.0")
	l.look()
	l.said(1)
	l.at(p.Head, forged)
	l.repo.ClosePull(p.Number, "alice")
	l.look()
	l.has()
	l.at(p.Head, forged) // a run that was cut would have left it like that
	l.repo.DeleteBranch(p.Head, "alice")
	l.look()
	l.has("web=1.2.0")
	l.quiet()
}

// TestUnchecked lets GitHub not know for a while whose signature it is, and then
// not find the commit, of an App that has lost its database. Neither is held
// against anybody.
func TestUnchecked(t *testing.T) {
	t.Parallel()
	l := begin(t, storetest.SQLite(t), "", "web:1.0.0")
	l.push("web:1.0.0", "web:1.1.0")
	l.look()
	p := l.one()
	l.hub.Fault(githubtest.Fault{Operation: "repos/list-commits", When: githubtest.AfterWork, Times: 2, Func: func(e *githubtest.Exchange) {
		e.Answer = bytes.Replace(e.Answer, []byte(`"verified":true`), []byte(`"verified":false`), 1)
		e.Answer = bytes.Replace(e.Answer, []byte(`"reason":"valid"`), []byte(`"reason":"gpgverify_unavailable"`), 1)
	}})
	l.forget()
	l.look()
	l.said(0)
	l.at(p.Head, p.HeadSHA)
	l.repo.ClosePull(p.Number, "alice")
	l.hub.Settle()
	l.app.settled(l.hub, "acme/shop")
	l.hub.Fault(githubtest.Fault{Operation: "repos/list-commits", Times: 2, Status: http.StatusNotFound})
	l.forget()
	l.look()
	l.has()
	if n := len(l.repo.Pulls()); n != 1 {
		l.t.Errorf("%d pull requests: what was refused is proposed again", n)
	}
	l.quiet()
}

// TestUndecided shows that GitHub's not knowing whether something merges lets no
// look come sooner than the operator wants, and is waited for.
func TestUndecided(t *testing.T) {
	t.Parallel()
	l := begin(t, storetest.SQLite(t), "schedule: 1d\n", "web:1.0.0")
	l.push("web:1.0.0", "web:1.1.0")
	l.look()
	l.hub.Fault(githubtest.Fault{Operation: "pulls/get", When: githubtest.AfterWork, Func: func(e *githubtest.Exchange) {
		e.Answer = bytes.Replace(e.Answer, []byte(`"mergeable":true`), []byte(`"mergeable":null`), 1)
	}})
	l.repo.Push("main", "alice", "other", map[string]*githubtest.File{"README.md": githubtest.Text("new\n")})
	l.look()
	now := l.app.shown("acme/shop")
	if wait := now.NextLook.Sub(*now.LastLook); wait < 4*time.Minute || wait > 10*time.Minute {
		t.Errorf("the next look is after %s", wait)
	}
	for range 8 { // people look before the time comes, then it has come
		l.hub.Advance(time.Hour)
		l.look()
	}
	now = l.app.shown("acme/shop")
	if wait := now.NextLook.Sub(*now.LastLook); wait < 2*time.Hour {
		t.Errorf("after all that time the next look is after %s", wait)
	}
}
