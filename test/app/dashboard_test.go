package app_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/handlers/dashboard"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// issueTitled is the only issue with a title.
func (l *life) issueTitled(title string) githubtest.ShownIssue {
	l.t.Helper()
	var found []githubtest.ShownIssue
	for _, i := range l.repo.Issues() {
		if i.Title == title {
			found = append(found, i)
		}
	}
	if len(found) != 1 {
		l.t.Fatalf("%d issues are called %q: %+v", len(found), title, l.repo.Issues())
	}
	return found[0]
}

func (l *life) dashboard() githubtest.ShownIssue {
	l.t.Helper()
	return l.issueTitled(dashboard.Title)
}

// section is a part of the dashboard; "" where there is none of that name.
func (l *life) section(title string) string {
	l.t.Helper()
	_, rest, _ := strings.Cut(l.dashboard().Body, "### "+title+"\n")
	part, _, _ := strings.Cut(rest, "\n#")
	part, _, _ = strings.Cut(part, "\n---")
	return strings.TrimSpace(part)
}

// lists makes sure that a section of the dashboard has texts.
func (l *life) lists(title string, texts ...string) {
	l.t.Helper()
	got := l.section(title)
	for _, text := range texts {
		if !strings.Contains(got, text) {
			l.t.Errorf("%s has no %q:\n%s", title, text, l.dashboard().Body)
		}
	}
}

// listsNo makes sure that there is no such section.
func (l *life) listsNo(titles ...string) {
	l.t.Helper()
	for _, title := range titles {
		if got := l.section(title); got != "" {
			l.t.Errorf("%s:\n%s", title, got)
		}
	}
}

// ticks ticks the boxes whose names begin so, by somebody.
func (l *life) ticks(login string, boxes ...string) {
	l.t.Helper()
	now := l.dashboard()
	l.repo.EditIssueBody(now.Number, login, l.ticked(now.Body, boxes...))
}

// ticked is a body with boxes ticked.
func (l *life) ticked(body string, boxes ...string) string {
	l.t.Helper()
	for _, box := range boxes {
		changed := strings.Replace(body, "- [ ] <!-- imageupdater:"+box, "- [x] <!-- imageupdater:"+box, 1)
		if changed == body {
			l.t.Fatalf("there is no box %s in\n%s", box, body)
		}
		body = changed
	}
	return body
}

// noTicks makes sure that no box is ticked any more.
func (l *life) noTicks() {
	l.t.Helper()
	if body := l.dashboard().Body; strings.Contains(body, "- [x]") {
		l.t.Errorf("a box is still ticked:\n%s", body)
	}
}

// sees waits until the App has seen what was told.
func (l *life) sees() {
	l.t.Helper()
	l.app.quiet(l.hub)
}

// TestDashboardLimit has two updates and room for one.
func TestDashboardLimit(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "pullRequests: {limit: 1}\n", "api:1.0.0", "web:1.0.0")
	l.push("api:1.0.0", "web:1.0.0", "api:1.1.0", "web:1.1.0")
	l.look()
	l.has("api=1.1.0")
	l.lists("Open pull requests", fmt.Sprintf("#%d `%s` `1.0.0` → `1.1.0`", l.one().Number, l.name("api")))
	l.lists("Waiting", "<!-- imageupdater:open imageupdater/acme-web-", l.name("web"), "`pullRequests.limit: 1`")
	if got := l.dashboard(); got.By != "image-updater[bot]" || got.State != "open" {
		t.Errorf("%+v", got)
	}
	l.quiet()
	l.ticks("bob", "open imageupdater/acme-web-")
	l.sees()
	l.has("api=1.1.0", "web=1.1.0")
	l.noTicks()
	l.listsNo("Waiting")
	l.quiet()
	for _, p := range l.open() {
		l.repo.MergePull(p.Number, "alice", "squash")
	}
	l.look()
	l.listsNo("Waiting", "Open pull requests")
	if !strings.Contains(l.dashboard().Body, "All is well") {
		t.Error(l.dashboard().Body)
	}
	l.quiet()
}

// TestDashboardWindowAndFreeze has a box for what waits for its window, and none in a
// freeze.
func TestDashboardWindowAndFreeze(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), asleep, "api:1.0.0", "web:1.0.0")
	opens := l.hub.Now().UTC().Truncate(time.Minute).Add(3 * time.Hour)
	l.settings(fmt.Sprintf("schedule: 168h\ndefaults: {window: [\"mon-sun %s-%s\"]}\n", opens.Format("15:04"), opens.Add(2*time.Hour).Format("15:04")))
	l.push("api:1.0.0", "web:1.0.0", "web:1.1.0", "api:1.1.0")
	l.look()
	l.has()
	l.lists("Waiting", "its window is closed, until "+opens.Format("2006-01-02 15:04 UTC"))
	l.ticks("alice", "open imageupdater/acme-web-")
	l.sees()
	l.has("web=1.1.0")
	today := l.hub.Now().UTC().Truncate(24 * time.Hour)
	freeze := fmt.Sprintf("freeze: [{from: %s, to: %s, reason: fair}]\n", today.Format(time.DateOnly), today.Format(time.DateOnly))
	was := l.dashboard().Body
	l.settings("schedule: 168h\n" + freeze)
	l.look()
	l.lists("Waiting", "nothing is opened during the freeze `fair`, until "+today.AddDate(0, 0, 1).Format("2006-01-02")+" 00:00 UTC")
	if strings.Contains(l.section("Waiting"), "[ ]") {
		t.Error(l.section("Waiting"))
	}
	// A box from before the freeze opens nothing.
	l.repo.EditIssueBody(l.dashboard().Number, "alice", l.ticked(was, "open imageupdater/acme-api-"))
	l.sees()
	l.has("web=1.1.0")
	l.noTicks()
	l.quiet()
}

// TestDashboardReasons has fields that are left alone, each for its reason.
func TestDashboardReasons(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "", "api:1.0.0", "db:1.0.0", "web:1.0.0")
	l.settings(fmt.Sprintf("ignore:\n  - {image: %q, versions: \">=1.1\", until: 2027-03-01, reason: \"module ABI\"}\n"+
		"rules:\n  - {match: {image: %q}, minAge: 3d}\n  - {match: {image: \"never/there\"}, enabled: false}\n", l.name("api"), l.name("web")))
	l.repo.Push("main", "alice", "held", map[string]*githubtest.File{
		l.file("db"): githubtest.Text(strings.TrimSuffix(deployment(l.name("db:1.0.0")), "\n") + " # imageupdater: hold until=2027-02-01\n"),
		"bad.yaml":   githubtest.Text(deployment(l.name("gone:1.0.0"))),
	})
	l.push("api:1.0.0", "db:1.0.0", "web:1.0.0", "api:1.1.0", "db:1.1.0", "web:1.1.0")
	l.look()
	l.has()
	l.lists("Ignored", l.name("api"), "`1.1.0`", "ignore[0] (.imageupdater.yaml:2), until 2027-03-01: module ABI", "deploy/api.yaml#L9")
	l.lists("Held by comments in files", l.name("db"), "2027-02-01")
	l.lists("Too young", l.name("web"), "`1.1.0`", "old enough")
	l.lists("Problems", l.name("gone"), "bad.yaml:9")
	l.lists("Warnings about the configuration", "never/there")
	l.quiet()
	// The registry has it by now, which nobody told: the box asks.
	l.push("gone:1.0.0")
	l.hub.Advance(time.Minute)
	l.ticks("alice", "look")
	l.sees()
	l.listsNo("Problems")
	l.noTicks()
	l.quiet()
}

// TestDashboardRefused proposes again what was closed, and what was rolled back.
func TestDashboardRefused(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "pullRequests: {perHour: 50}\n", "web:1.0.0")
	l.push("web:1.0.0", "web:1.1.0")
	l.look()
	first := l.one()
	l.repo.ClosePull(first.Number, "alice")
	l.look()
	l.has()
	l.lists("Refused", l.name("web"), fmt.Sprintf("`1.1.0` ([`deploy/web.yaml:9`](%s/acme/shop/blob/main/deploy/web.yaml#L9)): #%d", l.hub.URL, first.Number))
	l.quiet()
	l.hub.Advance(time.Minute)
	l.ticks("alice", "again ")
	l.sees()
	l.has("web=1.1.0")
	l.listsNo("Refused")
	l.noTicks()
	l.quiet()
	// Closed again, it is refused again.
	l.hub.Advance(time.Minute)
	l.repo.ClosePull(l.one().Number, "bob")
	l.look()
	l.has()
	l.lists("Refused", "`1.1.0`")
	l.push("web:1.2.0")
	l.look()
	l.repo.MergePull(l.one().Number, "alice", "squash")
	l.look()
	l.by("web:1.0.0")
	l.look()
	l.has()
	l.lists("Rolled back", l.name("web"), "`1.2.0`")
	l.hub.Advance(time.Minute)
	l.ticks("alice", "lift ")
	l.sees()
	l.has("web=1.2.0")
	l.listsNo("Rolled back")
	l.quiet()
}

// TestDashboardRebase builds a branch on the newest base.
func TestDashboardRebase(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "", "web:1.0.0")
	l.push("web:1.0.0", "web:1.1.0")
	l.look()
	was := l.one()
	l.repo.Push("main", "alice", "moves on", map[string]*githubtest.File{"README.md": githubtest.Text("!")})
	l.look()
	if l.one().HeadSHA != was.HeadSHA {
		t.Fatal("it was built anew by itself")
	}
	l.ticks("alice", fmt.Sprintf("rebase %d", was.Number))
	l.sees()
	if l.one().HeadSHA == was.HeadSHA || l.repo.Read(was.Head, "README.md") != "!" {
		t.Errorf("%+v", l.one())
	}
	l.noTicks()
	l.quiet()
	l.app.stop()
	if got := decided(t, l.place, l.repo.ID); !slices.Equal(got[len(got)-2:], []string{"updated acme/web", "ordered "}) {
		t.Errorf("logged: %q", got)
	}
}

// TestDashboardAfterRecreate lists what was handed back as ours at once.
func TestDashboardAfterRecreate(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "", "web:1.0.0")
	l.push("web:1.0.0", "web:1.1.0")
	l.look()
	p := l.one()
	l.repo.Push(p.Head, "bob", "mine", map[string]*githubtest.File{"mine": githubtest.Text("mine\n")})
	l.look()
	l.lists("Open pull requests", fmt.Sprintf("- #%d ", p.Number), "yours, since `bob pushed to it`")
	l.repo.ForcePush(p.Head, "bob", "main", "All mine", map[string]*githubtest.File{"mine": githubtest.Text("mine\n")})
	l.look()
	l.lists("Open pull requests", fmt.Sprintf("- #%d ", p.Number), "yours, since `bob pushed to it`")
	l.obeys(p.Number, "/recreate")
	l.lists("Open pull requests", fmt.Sprintf("- [ ] <!-- imageupdater:rebase %d --> #%d `%s` `1.0.0` → `1.1.0`", p.Number, p.Number, l.name("web")))
	l.quiet()
}

// TestDashboardTwoTicks acts on two boxes that are ticked at once, and on two that
// are ticked one after the other while nothing is told.
func TestDashboardTwoTicks(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "pullRequests: {limit: 1}\n", "api:1.0.0", "db:1.0.0", "web:1.0.0")
	l.push("api:1.0.0", "db:1.0.0", "web:1.0.0", "api:1.1.0", "db:1.1.0", "web:1.1.0")
	l.look()
	l.has("api=1.1.0")
	l.hub.Hold()
	l.ticks("alice", "open imageupdater/acme-web-")
	l.ticks("bob", "open imageupdater/acme-db-")
	l.hub.Release(githubtest.Shuffled(1, 2))
	l.sees()
	l.has("api=1.1.0", "db=1.1.0", "web=1.1.0")
	l.noTicks()
	l.quiet()
}

// TestRescanOnTheDashboard asks the registries, as the box does.
func TestRescanOnTheDashboard(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "schedule: 168h\n", "web:1.0.0")
	l.push("web:1.0.0")
	l.look()
	l.push("web:1.1.0")
	l.hub.Advance(time.Minute)
	l.repo.Comment(l.dashboard().Number, "bob", "/rescan")
	l.sees()
	l.has("web=1.1.0")
	l.lists("Open pull requests", "`1.1.0`")
}

// TestDashboardOfPaused shows what /hold keeps as it is.
func TestDashboardOfPaused(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "", "web:1.0.0")
	l.push("web:1.0.0", "web:1.1.0")
	l.look()
	number := l.one().Number
	l.repo.Comment(number, "bob", "/hold")
	l.sees()
	l.lists("Open pull requests", fmt.Sprintf("- #%d `%s` `1.0.0` → `1.1.0`: paused. `/unhold` there lets it go on", number, l.name("web")))
	l.quiet()
	l.repo.Comment(number, "bob", "/unhold")
	l.sees()
	l.lists("Open pull requests", fmt.Sprintf("- [ ] <!-- imageupdater:rebase %d --> #%d", number, number))
	l.quiet()
}
