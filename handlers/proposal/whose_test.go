package proposal_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/proposal"
)

const (
	repository = 7
	botID      = 41
	bot        = "updater[bot]"
)

// books is a repository as a Historian reads it, and what it remembers.
type books struct {
	commits map[string]forge.Commit
	trees   map[string]map[string]string // of a commit: the text of each file
	pulls   []forge.Pull
	closed  map[int]forge.Account
	// gone are commits that GitHub does not give.
	gone  map[string]bool
	facts map[string][]byte
	past  []byte
	calls int
	// unlisted is why there is no list by author.
	unlisted error
}

func newBooks() *books {
	return &books{
		commits: map[string]forge.Commit{}, trees: map[string]map[string]string{}, closed: map[int]forge.Account{}, gone: map[string]bool{},
		facts: map[string][]byte{},
	}
}

func (b *books) Fact(_ context.Context, name string) ([]byte, bool) {
	value, found := b.facts[name]
	return value, found
}
func (b *books) KeepFact(_ context.Context, name string, value []byte) { b.facts[name] = value }
func (b *books) Past(context.Context, int64) ([]byte, bool)            { return b.past, b.past != nil }
func (b *books) KeepPast(_ context.Context, _ int64, value []byte)     { b.past = value }

func (b *books) Pulls(ctx context.Context) (forge.Pulls, error) { return b.PullsOf(ctx, 1) }

func (b *books) PullsOf(_ context.Context, page int) (forge.Pulls, error) {
	b.calls++
	sorted := slices.SortedStableFunc(slices.Values(b.pulls), func(x, y forge.Pull) int { return y.Updated.Compare(x.Updated) })
	from, to := min(100*(page-1), len(sorted)), min(100*page, len(sorted))
	return forge.Pulls{All: sorted[from:to], More: to < len(sorted)}, nil
}

func (b *books) Pull(_ context.Context, number int) (forge.Pull, error) {
	b.calls++
	at := slices.IndexFunc(b.pulls, func(p forge.Pull) bool { return p.Number == number })
	return b.pulls[at], nil
}

func (b *books) PullsBy(_ context.Context, login string) ([]int, error) {
	b.calls++
	var found []int
	for i := range b.pulls {
		if b.pulls[i].Author.Login == login {
			found = append(found, b.pulls[i].Number)
		}
	}
	return found, b.unlisted
}

func (b *books) Commit(_ context.Context, sha string) (forge.Commit, error) {
	b.calls++
	c, found := b.commits[sha]
	if !found || b.gone[sha] {
		return c, fmt.Errorf("reading commit %s: %w", sha, forge.ErrNotFound)
	}
	return c, nil
}

func (b *books) Tree(_ context.Context, sha string) ([]forge.Entry, error) {
	b.calls++
	entries := []forge.Entry{{Path: "deploy", Type: "tree", Mode: "040000"}}
	for name, text := range b.trees[sha] {
		entries = append(entries, forge.Entry{Path: name, Mode: "100644", Type: "blob", SHA: text})
	}
	return entries, nil
}

// Contains knows what is on main by its name.
func (b *books) Contains(_ context.Context, branch, sha string) (bool, error) {
	b.calls++
	return branch == "main" && !strings.HasPrefix(sha, "feature"), nil
}

// Blob gives a file; the fake's names of them are their text.
func (b *books) Blob(_ context.Context, sha string, _ int64) ([]byte, error) {
	b.calls++
	return []byte(sha), nil
}

func (b *books) ClosedBy(_ context.Context, number int) (forge.Account, error) {
	b.calls++
	return b.closed[number], nil
}

func theBot() forge.Signature {
	return forge.Signature{Name: bot, Email: strconv.Itoa(botID) + "+" + bot + "@users.noreply.github.com", Account: forge.Account{ID: botID, Login: bot}}
}

func gitHub() forge.Signature {
	return forge.Signature{Name: "GitHub", Email: "noreply@github.com", Account: forge.Account{ID: 2, Login: "web-flow"}}
}

func alice() forge.Signature {
	return forge.Signature{Name: "alice", Email: "alice@example.com", Account: forge.Account{ID: 9, Login: "alice"}}
}

// commit adds one that GitHub made in somebody's name.
func (b *books) commit(sha string, by forge.Signature, message string, files map[string]string, parents ...string) {
	b.commits[sha] = forge.Commit{
		SHA: sha, Tree: "tree of " + sha, Parents: parents, Message: message, Author: by, Committer: gitHub(), Verified: true,
	}
	b.trees[sha] = files
}

// change lets a commit be another one.
func (b *books) change(sha string, how func(*forge.Commit)) {
	c := b.commits[sha]
	how(&c)
	b.commits[sha] = c
}

func sealed(t *testing.T, to string, paths ...string) string {
	t.Helper()
	r := proposal.Record{Schema: 1, RepositoryID: repository, Group: "web"}
	for _, path := range paths {
		r.Updates = append(r.Updates, proposal.Recorded{Path: path, Key: "image", Image: "acme/web", From: "1.0.0", To: to, Kind: "minor"})
	}
	text, err := r.Sealed("Update web")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// pull is the App's only pull request, of the branch that ends at a commit.
func (b *books) pull(head string) *forge.Pull {
	b.pulls = append(b.pulls, forge.Pull{
		Number: 1, Open: true, Author: theBot().Account, Head: forge.Branch{Name: "updates/web-123456", SHA: head, Repository: repository},
		Base: forge.Branch{Name: "main"}, Created: now(), Updated: now(),
	})
	return &b.pulls[len(b.pulls)-1]
}

func (b *books) historian(signed bool) *proposal.Historian {
	return &proposal.Historian{Memory: b, Archive: b, Bot: bot, Signed: signed}
}

func (b *books) read(t *testing.T, signed bool) map[int]*proposal.Existing {
	t.Helper()
	past, err := b.historian(signed).Read(t.Context(), repository, b)
	if err != nil {
		t.Fatal(err)
	}
	found := map[int]*proposal.Existing{}
	for _, e := range past.All {
		found[e.Number] = e
	}
	return found
}

// values is a file with the images of two things, and a line of people's.
func values(api, web string) string {
	return "other: a\napi: acme/api:" + api + "\n\n\n\n\nweb: acme/web:" + web + "\n"
}

// begun is a repository with one proposal: of web 1.1.0 in values.yaml and
// deploy.yaml.
func begun(t *testing.T) *books {
	t.Helper()
	b := newBooks()
	files := map[string]string{"values.yaml": values("1", "1.0.0"), "deploy.yaml": "web:1.0.0", "README.md": "old"}
	b.commit("base", alice(), "base", files)
	ours := maps.Clone(files)
	ours["values.yaml"], ours["deploy.yaml"] = values("1", "1.1.0"), "web:1.1.0"
	b.commit("ours", theBot(), sealed(t, "1.1.0", "values.yaml", "deploy.yaml"), ours, "base")
	return b
}

// with is the files of a commit with some others.
func (b *books) with(sha string, others map[string]string) map[string]string {
	files := maps.Clone(b.trees[sha])
	maps.Copy(files, others)
	return files
}

// updated presses GitHub's button: base is merged into the branch.
func (b *books) updated(sha, onto, base string, files map[string]string) {
	b.commit(sha, alice(), "Merge branch 'main'", files, onto, base)
}

func TestWhoseBranch(t *testing.T) {
	t.Parallel()
	readme := map[string]string{"README.md": "new"}
	beside := map[string]string{"values.yaml": values("2", "1.0.0")}
	united := map[string]string{"values.yaml": values("2", "1.1.0")}
	tests := []struct {
		name  string
		live  func(b *books) (head string)
		ours  bool // signed and not
		only  bool // ours only where nothing is signed
		built string
	}{
		{"as it was", func(*books) string { return "ours" }, true, false, "base"},
		{"the button", func(b *books) string {
			b.commit("base2", alice(), "", b.with("base", readme), "base")
			b.updated("merge", "ours", "base2", b.with("ours", readme))
			return "merge"
		}, true, false, "base2"},
		{"the button, twice", func(b *books) string {
			b.commit("base2", alice(), "", b.with("base", readme), "base")
			b.updated("merge", "ours", "base2", b.with("ours", readme))
			b.commit("base3", alice(), "", b.with("base2", map[string]string{"LICENSE": "MIT"}), "base2")
			b.updated("merge2", "merge", "base3", b.with("merge", map[string]string{"LICENSE": "MIT"}))
			return "merge2"
		}, true, false, "base3"},
		{"another line of the same file", func(b *books) string {
			b.commit("base2", alice(), "", b.with("base", beside), "base")
			b.updated("merge", "ours", "base2", b.with("ours", united))
			return "merge"
		}, true, false, "base2"},
		{"more lines of the same file", func(b *books) string {
			b.commit("base2", alice(), "", b.with("base", map[string]string{"values.yaml": "# new\n" + values("1", "1.0.0")}), "base")
			b.updated("merge", "ours", "base2", b.with("ours", map[string]string{"values.yaml": "# new\n" + values("1", "1.1.0")}))
			return "merge"
		}, true, false, "base2"},
		{"the button with a change of ours", func(b *books) string {
			b.commit("base2", alice(), "", b.with("base", readme), "base")
			b.updated("merge", "ours", "base2", b.with("ours", map[string]string{"README.md": "new", "deploy.yaml": "web:1.2.0"}))
			return "merge"
		}, false, false, ""},
		{"the button with a change of another file", func(b *books) string {
			b.commit("base2", alice(), "", b.with("base", readme), "base")
			b.updated("merge", "ours", "base2", b.with("ours", map[string]string{"README.md": "newer"}))
			return "merge"
		}, false, false, ""},
		{"the button, losing what the base has", func(b *books) string {
			b.commit("base2", alice(), "", b.with("base", beside), "base")
			b.updated("merge", "ours", "base2", b.trees["ours"])
			return "merge"
		}, false, false, ""},
		{"the button, and another line changed", func(b *books) string {
			b.commit("base2", alice(), "", b.with("base", beside), "base")
			b.updated("merge", "ours", "base2", b.with("ours", map[string]string{"values.yaml": values("3", "1.1.0")}))
			return "merge"
		}, false, false, ""},
		{"the button upon somebody's commit", func(b *books) string {
			b.commit("theirs", alice(), "", b.with("ours", nil), "ours")
			b.commit("base2", alice(), "", b.with("base", readme), "base")
			b.updated("merge", "theirs", "base2", b.with("ours", readme))
			return "merge"
		}, false, false, ""},
		{"another branch", func(b *books) string {
			b.commit("feature", alice(), "", b.with("base", readme), "base")
			b.updated("merge", "ours", "feature", b.with("ours", readme))
			return "merge"
		}, false, false, ""},
		{"a merge by hand", func(b *books) string {
			b.commit("base2", alice(), "", b.with("base", readme), "base")
			b.updated("merge", "ours", "base2", b.with("ours", readme))
			b.change("merge", func(c *forge.Commit) { c.Verified, c.Committer = false, alice() })
			return "merge"
		}, false, true, "base2"},
		{"amended by a person", func(b *books) string {
			b.change("ours", func(c *forge.Commit) { c.Verified, c.Committer = false, alice() })
			return "ours"
		}, false, false, ""},
		{"amended and signed by a person", func(b *books) string {
			b.change("ours", func(c *forge.Commit) { c.Committer = alice() })
			return "ours"
		}, false, false, ""},
		{"not signed by GitHub", func(b *books) string {
			b.change("ours", func(c *forge.Commit) { c.Verified, c.Committer = false, theBot() })
			return "ours"
		}, false, true, "base"},
	}
	for _, tt := range tests {
		for _, signed := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/signed=%t", tt.name, signed), func(t *testing.T) {
				t.Parallel()
				b := begun(t)
				b.pull(tt.live(b))
				e := b.read(t, signed)[1]
				if e == nil {
					t.Fatal("it is none of ours")
				}
				if ours := tt.ours || tt.only && !signed; ours != (e.Foreign == "") {
					t.Fatalf("foreign: %q", e.Foreign)
				} else if ours && (e.Record == nil || e.OwnSHA != "ours" || e.BuiltOn != tt.built) {
					t.Errorf("%+v", e)
				}
			})
		}
	}
}

// TestPassing shows that what GitHub could not say at the moment is not kept.
func TestPassing(t *testing.T) {
	t.Parallel()
	t.Run("a signature that was not checked", func(t *testing.T) {
		t.Parallel()
		b := begun(t)
		b.pull("ours")
		b.change("ours", func(c *forge.Commit) { c.Verified, c.Unchecked = false, true })
		if past, err := b.historian(true).Read(t.Context(), repository, b); err == nil {
			t.Fatalf("it was decided all the same: %+v", past.All)
		}
		b.change("ours", func(c *forge.Commit) { c.Verified, c.Unchecked = true, false })
		if e := b.read(t, true)[1]; e == nil || e.Foreign != "" || e.Record == nil {
			t.Errorf("%+v", e)
		}
	})
	for _, open := range []bool{true, false} {
		t.Run(fmt.Sprintf("a commit that is not found/open=%t", open), func(t *testing.T) {
			t.Parallel()
			b := begun(t)
			p := b.pull("ours")
			if !open {
				p.Open, p.Closed = false, now()
				b.closed[1] = alice().Account
			}
			b.gone["ours"] = true
			for range 2 {
				past, err := b.historian(true).Read(t.Context(), repository, b)
				if err == nil {
					t.Fatalf("it was decided all the same: %+v", past.All)
				}
				if errors.Is(err, forge.ErrNotFound) {
					t.Errorf("it would be the repository that is gone: %v", err)
				}
			}
			delete(b.gone, "ours")
			if e := b.read(t, true)[1]; e == nil || e.Record == nil || e.ClosedByUs {
				t.Errorf("%+v", e)
			}
		})
	}
	t.Run("a closed one's commit that never comes", func(t *testing.T) {
		t.Parallel()
		b := begun(t)
		p := b.pull("ours")
		p.Open, p.Closed = false, now()
		b.gone["ours"] = true
		var err error
		for range 10 {
			_, err = b.historian(true).Read(t.Context(), repository, b)
		}
		if err != nil {
			t.Fatal(err)
		}
		delete(b.gone, "ours")
		if e := b.read(t, true)[1]; e == nil || e.Record == nil {
			t.Errorf("%+v", e)
		}
	})
}

// crowd adds pull requests of a person, all newer than the App's.
func (b *books) crowd(n int) {
	for i := range n {
		b.pulls = append(b.pulls, forge.Pull{
			Number: 1000 + i, Title: strings.Repeat("long ", 20), Author: alice().Account, Head: forge.Branch{Name: "topic", SHA: "theirs"},
			Updated: now().Add(time.Duration(i+1) * time.Hour),
		})
	}
}

// TestLongPast shows that the App's own pull requests are found below thousands of
// others, that those of others take no room, and that nothing is read twice.
func TestLongPast(t *testing.T) {
	t.Parallel()
	for _, unlisted := range []error{nil, forge.ErrNotFound} {
		t.Run(fmt.Sprint(unlisted), func(t *testing.T) {
			t.Parallel()
			longPast(t, unlisted)
		})
	}
}

func longPast(t *testing.T, unlisted error) {
	t.Helper()
	b := begun(t)
	b.unlisted = unlisted
	p := b.pull("ours")
	p.Open, p.Closed = false, now()
	b.closed[1] = alice().Account
	b.crowd(6000)
	if e := b.read(t, true)[1]; e == nil || e.Record == nil || e.ClosedByUs {
		t.Fatalf("%+v", e)
	}
	if len(b.past) > 2000 {
		t.Errorf("%d bytes are kept", len(b.past))
	}
	b.calls = 0
	if e := b.read(t, true)[1]; e == nil || b.calls != 1 {
		t.Errorf("%d calls for what did not change, %+v", b.calls, e)
	}
	// What changes is seen, wherever it was.
	b.pulls[0].Open, b.pulls[0].Closed = true, time.Time{}
	b.pulls[0].Updated = now().Add(10_000 * time.Hour)
	if e := b.read(t, true)[1]; e == nil || !e.Open {
		t.Errorf("%+v", e)
	}
	for i := range 250 { // more than a page at once
		b.pulls[1+i].Updated = now().Add(20_000 * time.Hour)
	}
	b.pulls[0].Open, b.pulls[0].Updated = false, now().Add(15_000*time.Hour)
	if e := b.read(t, true)[1]; e == nil || e.Open {
		t.Errorf("%+v", e)
	}
}
