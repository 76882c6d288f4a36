package app_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/handlers/dashboard"
	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// rewritten counts the App's writes to issues since a mark.
func (l *life) rewritten(mark githubtest.Mark) int {
	return len(l.hub.Since(mark, githubtest.By(l.installation), githubtest.Of("issues/update")))
}

// TestNotesSurvive has people write around the list, and through it.
func TestNotesSurvive(t *testing.T) {
	t.Parallel()
	l := crowd(t)
	now := l.dashboard()
	around := func(body string) string {
		return "\ufeffOurs:\r\n\r\n- [ ] <!-- imageupdater:look --> mine\r\n" + body + "\t\r\n\r\n<!-- /imageupdater:dashboard -->\r\n* end"
	}
	mark := l.hub.Mark()
	l.repo.EditIssueBody(now.Number, "alice", around(strings.ReplaceAll(now.Body, "\n", "\r\n")))
	l.look()
	if n := l.rewritten(mark); n != 0 {
		t.Errorf("other line ends were a reason for %d writes", n)
	}
	l.push("db:1.2.0")
	l.look()
	got := l.dashboard()
	if before, rest, _ := strings.Cut(got.Body, "<!-- imageupdater:dashboard -->"); before != strings.Split(around("\x00"), "\x00")[0] || !strings.HasSuffix(rest, strings.Split(around("\x00"), "\x00")[1]) {
		t.Errorf("%q", got.Body)
	}
	l.lists("Waiting", "`1.2.0`")
	l.quiet()
	// The marks are gone, and with them what was the App's: it is added again.
	l.repo.EditIssueBody(got.Number, "bob", "All of it is mine now.")
	l.look()
	if got := l.dashboard(); !strings.HasPrefix(got.Body, "All of it is mine now.\n\n<!-- imageupdater:dashboard -->\n") {
		t.Errorf("%q", got.Body)
	}
	// One mark is left over.
	l.repo.EditIssueBody(got.Number, "bob", "<!-- imageupdater:dashboard -->\nmine")
	l.look()
	l.push("db:1.3.0")
	l.look()
	if got := l.dashboard(); !strings.HasPrefix(got.Body, "<!-- imageupdater:dashboard -->\nmine\n\n<!-- imageupdater:dashboard -->\n") {
		t.Errorf("%q", got.Body)
	}
	l.lists("Waiting", "`1.3.0`")
	l.quiet()
}

// TestDashboardIsWrittenWhenItChanges counts what is written.
func TestDashboardIsWrittenWhenItChanges(t *testing.T) {
	t.Parallel()
	l := crowd(t)
	mark := l.hub.Mark()
	for range 3 {
		l.hub.Advance(3 * time.Hour)
		l.look()
	}
	l.repo.Push("main", "alice", "nothing of ours", map[string]*githubtest.File{"README.md": githubtest.Text("!")})
	l.look()
	if n := l.rewritten(mark); n != 0 {
		t.Errorf("it was written %d times, though nothing changed", n)
	}
	l.push("db:1.2.0")
	l.look()
	if n := l.rewritten(mark); n != 1 {
		t.Errorf("it was written %d times, though it changed once", n)
	}
	l.repo.EditIssueTitle(l.dashboard().Number, "alice", "What moves")
	l.look()
	if n := l.rewritten(mark); n != 1 || l.issueTitled("What moves").State != "open" {
		t.Errorf("another title was a reason to write: %+v", l.repo.Issues())
	}
}

// TestDashboardIsFoundAgain loses the database: there is one all the same, whoever
// copied its mark, and whatever was done to it.
func TestDashboardIsFoundAgain(t *testing.T) {
	t.Parallel()
	l := crowd(t)
	was := l.dashboard()
	l.repo.OpenIssue("mallory", "mine", was.Body)
	l.repo.CloseIssue(was.Number, "alice")
	mark := l.hub.Mark()
	l.forget()
	l.look()
	if got := l.dashboard(); got.Number != was.Number || got.State != "closed" || l.rewritten(mark) != 0 {
		t.Errorf("%+v", got)
	}
	// Closed by hand, it is opened again when there is something new, and acts.
	l.ticks("alice", "open imageupdater/acme-web-")
	l.sees()
	l.has("api=1.1.0", "web=1.1.0")
	if got := l.dashboard(); got.Number != was.Number || got.State != "open" {
		t.Errorf("%+v", got)
	}
	l.repo.EditIssueTitle(was.Number, "alice", "What moves")
	l.forget()
	l.look()
	if got := l.issueTitled("What moves"); got.Number != was.Number || len(l.repo.Issues()) != 2 {
		t.Errorf("%+v", l.repo.Issues())
	}
	l.quiet()
	// Deleted, it is there again.
	l.repo.DeleteIssue(was.Number, "acme")
	l.sees()
	if got := l.dashboard(); got.Number == was.Number || got.State != "open" {
		t.Errorf("%+v", got)
	}
	l.quiet()
}

// TestNoDashboard has repositories that want none, and that can have none.
func TestNoDashboard(t *testing.T) {
	t.Parallel()
	l := crowd(t)
	const settings = "pullRequests: {limit: 1, perHour: 50}\n"
	l.settings("dashboard: false\n" + settings)
	l.look()
	got := l.dashboard()
	if got.State != "closed" || len(got.Comments) != 1 || !strings.Contains(got.Comments[0], "`dashboard: false`") {
		t.Errorf("%+v", got)
	}
	mark := l.hub.Mark()
	l.forget()
	l.look()
	if n := l.rewritten(mark); n != 0 || len(l.repo.Issues()) != 1 {
		t.Errorf("written %d times, %+v", n, l.repo.Issues())
	}
	l.look()
	mark = l.hub.Mark()
	l.look()
	if calls := l.hub.Since(mark, githubtest.By(l.installation)); strings.Contains(counts(calls), "issues/get") {
		t.Errorf("it was asked for: %s", counts(calls))
	}
	l.settings(settings)
	l.look()
	if back := l.dashboard(); back.Number != got.Number || back.State != "open" {
		t.Errorf("%+v", back)
	}
	l.quiet()
	// Without the file, nothing is listed.
	l.repo.Push("main", "alice", "off", map[string]*githubtest.File{".imageupdater.yaml": nil})
	l.look()
	if off := l.dashboard(); off.State != "closed" || len(off.Comments) != 2 || !strings.Contains(off.Comments[1], "There is no `.imageupdater.yaml`") {
		t.Errorf("%+v", off)
	}
	l.quiet()
}

// TestIssuesAreOff has a repository without issues, and an App that may not write
// them. Pull requests come all the same, and the report says why there is no list.
func TestIssuesAreOff(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "", "web:1.0.0")
	l.repo.SetIssues(false)
	l.push("web:1.0.0", "web:1.1.0")
	l.look()
	l.has("web=1.1.0")
	said := func(what string) {
		t.Helper()
		if got := l.app.shown("acme/shop").Result; got.State != "planned" || len(got.Unsaid) != 1 || !strings.Contains(got.Unsaid[0], what) {
			t.Errorf("%+v", got)
		}
	}
	said("the repository has no issues")
	l.repo.SetIssues(true)
	l.look()
	l.dashboard()
	if got := l.app.shown("acme/shop").Result; len(got.Unsaid) != 0 || got.Dashboard != l.dashboard().Number {
		t.Errorf("%+v", got)
	}
	l.hub.Fault(githubtest.Fault{Operation: "issues/update", Status: http.StatusForbidden, Message: "Resource not accessible by integration", Nth: 1})
	l.push("web:1.2.0")
	l.look()
	l.has("web=1.2.0")
	said("not permitted")
	l.look()
	l.lists("Open pull requests", "`1.2.0`")
}

// TestTickAfterARefusedWrite has GitHub refuse one write: boxes are read soon all the
// same.
func TestTickAfterARefusedWrite(t *testing.T) {
	t.Parallel()
	l := crowd(t)
	l.hub.Fault(githubtest.Fault{Operation: "issues/update", Status: http.StatusForbidden, Message: "Resource not accessible by integration", Nth: 1})
	l.push("db:1.2.0")
	l.look()
	l.ticks("alice", "open imageupdater/acme-web-")
	l.sees()
	l.hub.Advance(11 * time.Minute)
	l.app.tick(l.hub)
	l.has("api=1.1.0", "web=1.1.0")
	l.noTicks()
	l.lists("Waiting", "`1.2.0`")
	l.quiet()
}

// TestFirstSeenIsMirrored loses the database while a version waits for its age, which
// does not begin again; unless somebody changed the line that mirrors it.
func TestFirstSeenIsMirrored(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		forge func(body string) string
		waits bool
	}{
		"as it is": {func(body string) string { return body }, false},
		"forged": {func(body string) string {
			return strings.Replace(body, "<!-- imageupdater:seen ", "<!-- imageupdater:seen A", 1)
		}, true},
		"removed": {func(string) string { return "" }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := begin(t, file(t), "schedule: 24h\ndefaults: {minAge: 3d}\n", "web:1.0.0")
			l.app.stop()
			l.env["MARKER"], l.github = "planted-marker-key-new", ", markerKeys: [{env: MARKER}]"
			l.app = l.start("")
			l.push("web:1.0.0")
			l.look()
			l.push("web:1.1.0")
			l.look()
			l.has()
			l.lists("Too young", "`1.1.0`")
			if !strings.Contains(l.dashboard().Body, "<!-- imageupdater:seen ") {
				t.Fatal(l.dashboard().Body)
			}
			l.hub.Advance(24 * time.Hour)
			l.push("web:1.2.0") // which hides the other one
			l.look()
			l.lists("Too young", "`1.2.0`")
			l.hub.Advance(24 * time.Hour)
			now := l.dashboard()
			l.forget()
			l.repo.EditIssueBody(now.Number, "alice", tt.forge(now.Body))
			l.look()
			l.has()
			l.hub.Advance(25 * time.Hour)
			l.look()
			if opened := len(l.open()) > 0; opened == tt.waits {
				t.Errorf("opened: %t", opened)
			}
		})
	}
}

// listings is proposings for the dashboard.
func (p *proposing) listing() githubtest.ShownIssue {
	p.t.Helper()
	all := p.repo.Issues()
	if len(all) != 1 || all[0].Title != dashboard.Title {
		p.t.Fatalf("%s, killed %s: %+v", p.name, p.point, all)
	}
	return all[0]
}

// TestKilledWhileListing kills the process while it opens dashboards, and the next
// one while it acts on a box and takes the tick away.
func TestKilledWhileListing(t *testing.T) {
	t.Parallel()
	for database, at := range storetest.Places() {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, at(t), githubtest.Options{})
			all := w.proposings(slices.Repeat(around("issues/create"), 2))
			const more = "work: {looks: 10}"
			second := w.killedAt(w.launch(more), all, more)
			for _, p := range all {
				if !strings.Contains(p.listing().Body, "`1.1.0`") {
					t.Error(p.listing().Body)
				}
				p.repo.Collaborate("alice", "write")
				p.repo.ClosePull(p.repo.Pulls()[0].Number, "alice")
			}
			w.hub.Settle()
			w.nothingLeft()
			w.hub.Advance(time.Minute)
			for n, point := range around("pulls/create", "issues/update") {
				p := all[n]
				p.hangs(point)
				body := p.listing().Body
				p.repo.EditIssueBody(p.listing().Number, "alice", strings.Replace(body, "- [ ] <!-- imageupdater:again", "- [x] <!-- imageupdater:again", 1))
			}
			third := w.killedAt(second, all, more)
			for _, p := range all {
				if pulls := p.repo.Pulls(); len(pulls) != 2 || pulls[1].State != "open" || strings.Contains(p.listing().Body, "[x]") {
					t.Errorf("%s, killed %s: %+v\n%s", p.name, p.point, pulls, p.listing().Body)
				}
			}
			w.writesNoMore(third, all)
		})
	}
}
