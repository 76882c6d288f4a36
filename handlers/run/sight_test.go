package run

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/handlers/forge"
)

// asksNothing is a GitHub that has one commit, and is asked for nothing else.
type asksNothing struct {
	PullRequests

	commit forge.Commit
	asked  []string
}

var errAsked = errors.New("asked")

func (a *asksNothing) Commit(context.Context, string) (forge.Commit, error) { return a.commit, nil }

func (a *asksNothing) Tree(context.Context, string) ([]forge.Entry, error) {
	a.asked = append(a.asked, "tree")
	return nil, errAsked
}

func (a *asksNothing) Blob(context.Context, string, int64) ([]byte, error) {
	a.asked = append(a.asked, "blob")
	return nil, errAsked
}

func (a *asksNothing) Contains(context.Context, string, string) (bool, error) {
	a.asked = append(a.asked, "contains")
	return false, errAsked
}

// checkout is a repository of git, with names that sort in other ways than their paths.
type checkout struct {
	t   *testing.T
	dir string
}

func (c *checkout) git(args ...string) string {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), "git", append([]string{"-C", c.dir, "-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// has commits files, and gives the commit, its tree and all entries of that.
func (c *checkout) has(files map[string]string) (commit, tree string, entries []forge.Entry) {
	c.t.Helper()
	for name, text := range files {
		at := filepath.Join(c.dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o750), os.WriteFile(at, []byte(text), 0o600)); err != nil {
			c.t.Fatal(err)
		}
	}
	c.git("add", "-A")
	c.git("update-index", "--chmod=+x", "a.b")
	c.git("commit", "-qm", "more")
	for line := range strings.SplitSeq(strings.TrimRight(c.git("ls-tree", "-r", "-t", "-z", "HEAD"), "\x00"), "\x00") {
		about, name, _ := strings.Cut(line, "\t")
		parts := strings.Fields(about)
		entries = append(entries, forge.Entry{Path: name, Mode: parts[0], Type: parts[1], SHA: parts[2]})
	}
	return c.git("rev-parse", "HEAD"), c.git("rev-parse", "HEAD^{tree}"), entries
}

// TestSight gives for a commit of the App what GitHub has, without asking, and for any
// other asks.
func TestSight(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			c := &checkout{t, t.TempDir()}
			c.git("init", "-q", "--object-format="+format)
			head, _, base := c.has(map[string]string{"a/x.yaml": "old\n", "a.b": "run\n", "a-b": "", "a/b/c/d.yaml": "deep\n", "ab": "last\n", "é ü": "umlauts\n"})
			sha, tree, entries := c.has(map[string]string{"a/x.yaml": "new\n", "a/b/c/d.yaml": "deeper\n"})
			good := forge.Commit{SHA: sha, Tree: tree, Parents: []string{head}}
			changes := map[string][]byte{"a/x.yaml": []byte("new\n"), "a/b/c/d.yaml": []byte("deeper\n")}
			begin := func(commit forge.Commit, changes map[string][]byte) (*sight, *asksNothing) {
				github := &asksNothing{commit: commit}
				return &sight{
					PullRequests: github, base: "main", head: head, entries: base, changes: changes,
					trees: map[string][]forge.Entry{}, within: map[string]bool{},
				}, github
			}
			s, github := begin(good, changes)
			got, err := s.Tree(t.Context(), sha)
			if err != nil || !reflect.DeepEqual(files(got), files(entries)) {
				t.Errorf("%v\n%v\nand not\n%v", err, files(got), files(entries))
			}
			for _, e := range entries {
				if text, err := s.Blob(t.Context(), e.SHA, 100); e.Path == "a/x.yaml" && (err != nil || string(text) != "new\n") {
					t.Errorf("%q %v", text, err)
				}
			}
			if in, err := s.Contains(t.Context(), "main", head); !in || err != nil || github.asked[0] != "blob" {
				t.Errorf("%t %v %q", in, err, github.asked)
			}
			if _, err := s.Contains(t.Context(), "next", head); !errors.Is(err, errAsked) {
				t.Error(err)
			}
			for name, other := range map[string]struct {
				commit  forge.Commit
				changes map[string][]byte
			}{
				"another tree":      {forge.Commit{SHA: sha, Tree: strings.Repeat("1", len(tree)), Parents: []string{head}}, changes},
				"another parent":    {forge.Commit{SHA: sha, Tree: tree, Parents: []string{sha}}, changes},
				"a merge":           {forge.Commit{SHA: sha, Tree: tree, Parents: []string{head, sha}}, changes},
				"another change":    {good, map[string][]byte{"a/x.yaml": []byte("newer\n"), "a/b/c/d.yaml": []byte("deeper\n")}},
				"a part of it":      {good, map[string][]byte{"a/x.yaml": []byte("new\n")}},
				"nothing was known": {good, nil},
			} {
				s, _ := begin(other.commit, other.changes)
				if _, err := s.Tree(t.Context(), sha); !errors.Is(err, errAsked) {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}

// files are the entries but folders, by their paths.
func files(entries []forge.Entry) map[string]forge.Entry {
	all := map[string]forge.Entry{}
	for _, e := range entries {
		if e.Size = 0; e.Type != "tree" {
			all[e.Path] = e
		}
	}
	return all
}
