package app_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/handlers/run"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// brokenTitle is what the issue about errors is called.
const brokenTitle = "Image updates are stopped: .imageupdater.yaml has errors"

// TestBrokenFile opens one issue, keeps it up to date, and closes it.
func TestBrokenFile(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "", "web:1.0.0")
	l.push("web:1.0.0", "web:1.1.0")
	l.settings("minage: 3d\ndefaults:\n  constraint: \"not ` a --> range @acme/all\"\n  strategy: sember\n")
	l.look()
	l.has()
	l.app.ends("acme/shop", run.Broken)
	got := l.issueTitled(brokenTitle)
	head := l.repo.Branch("main")
	for _, text := range []string{
		fmt.Sprintf("[`.imageupdater.yaml:1:1`](%s/acme/shop/blob/%s/.imageupdater.yaml#L1) `minage`:", l.hub.URL, head),
		"`unknown key \"minage\"`", ".imageupdater.yaml:3:15", ".imageupdater.yaml:4:13", "sember", "semver", `\x60`,
	} {
		if !strings.Contains(got.Body, text) {
			t.Errorf("no %q in\n%s", text, got.Body)
		}
	}
	l.quiet()
	// Other commits with the same errors are no news.
	l.repo.Push("main", "alice", "nothing of ours", map[string]*githubtest.File{"README.md": githubtest.Text("!")})
	mark := l.hub.Mark()
	l.look()
	if n := l.rewritten(mark); n != 0 || l.issueTitled(brokenTitle).Body != got.Body {
		t.Errorf("written %d times", n)
	}
	l.repo.EditIssueBody(got.Number, "alice", "I am on it.\n\n"+got.Body)
	l.settings("minage: 3d\n")
	l.look()
	if now := l.issueTitled(brokenTitle); now.Number != got.Number || strings.Contains(now.Body, "sember") || !strings.HasPrefix(now.Body, "I am on it.\n\n<!-- imageupdater:broken -->") {
		t.Errorf("%+v", now)
	}
	l.forget()
	l.look()
	l.issueTitled(brokenTitle)
	// Mended, it is closed with a word, and updates go on.
	l.settings("defaults: {minAge: 0}\n")
	l.look()
	l.has("web=1.1.0")
	mended := l.issueTitled(brokenTitle)
	if mended.State != "closed" || len(mended.Comments) != 1 || !strings.Contains(mended.Comments[0], "What was wrong is mended, as of "+l.repo.Branch("main")) {
		t.Errorf("%+v", mended)
	}
	l.quiet()
	// Broken again, it is the same one.
	l.settings("defaults: [\n")
	l.look()
	if again := l.issueTitled(brokenTitle); again.Number != got.Number || again.State != "open" {
		t.Errorf("%+v", again)
	}
	l.quiet()
}

// TestNoSuchBase tells of a base that is not there, and is content when it is.
func TestNoSuchBase(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "pullRequests:\n  base: trunk\n", "web:1.0.0")
	l.push("web:1.0.0", "web:1.1.0")
	l.look()
	if got := l.issueTitled(brokenTitle); !strings.Contains(got.Body, "`there is no branch \"trunk\"`") || !strings.Contains(got.Body, ".imageupdater.yaml:2:") {
		t.Error(got.Body)
	}
	l.repo.Push("trunk", "alice", "here", map[string]*githubtest.File{"README.md": githubtest.Text("!")})
	l.look()
	if got := l.issueTitled(brokenTitle); got.State != "closed" {
		t.Errorf("%+v", got)
	}
	l.has("web=1.1.0")
	l.quiet()
}

// TestManyErrors quotes all that there are.
func TestManyErrors(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "rules:\n"+strings.Repeat("  - {match: {image: web}, minage: 3d}\n", 900), "web:1.0.0")
	l.look()
	got := l.issueTitled(brokenTitle)
	told := l.app.shown("acme/shop").Result.Errors
	if n := strings.Count(got.Body, "`unknown key \"minage\"`"); len(got.Body) > 60_000 || n < 100 || n > len(told) || n < len(told)-1 {
		t.Errorf("%d bytes, %d of %d errors", len(got.Body), n, len(told))
	}
	l.quiet()
}
