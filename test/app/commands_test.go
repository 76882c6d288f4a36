package app_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

const bot = "image-updater[bot]"

// done and confused are what the App puts below a comment.
func done() []string     { return []string{"eyes by " + bot, "rocket by " + bot} }
func confused() []string { return []string{"eyes by " + bot, "confused by " + bot} }

// says lets somebody comment, waits until the App has seen it, and gives the comment.
func (l *life) says(number int, login, text string) githubtest.Remark {
	l.t.Helper()
	id := l.repo.Comment(number, login, text)
	l.calm()
	return l.remark(number, id)
}

// calm waits until all that was told has been dealt with.
func (l *life) calm() {
	l.t.Helper()
	for range 2 { // what the App did is told, too
		l.hub.Settle()
		until(l.t, "all jobs are done", func() bool { return number(l.t, l.place, unfinished) == 0 })
	}
}

func (l *life) remark(number int, id int64) githubtest.Remark {
	l.t.Helper()
	for _, m := range l.repo.Remarks(number) {
		if m.ID == id {
			return m
		}
	}
	l.t.Fatalf("no comment %d on %d", id, number)
	return githubtest.Remark{}
}

// obeys makes sure that a command is carried out.
func (l *life) obeys(number int, text string) {
	l.t.Helper()
	if m := l.says(number, "alice", text); !slices.Equal(m.Reactions, done()) {
		l.t.Errorf("%s got %q and %q", text, m.Reactions, l.answers(number))
	}
}

// refuses makes sure that a command is refused with words.
func (l *life) refuses(number int, text, words string) {
	l.t.Helper()
	m := l.says(number, "alice", text)
	answers := l.answers(number)
	if !slices.Equal(m.Reactions, confused()) || len(answers) == 0 || !strings.Contains(answers[len(answers)-1], words) {
		l.t.Errorf("%s got %q and %q", text, m.Reactions, answers)
	}
}

// paused says whether the only pull request is.
func (l *life) paused() bool { return slices.Contains(l.one().Labels, proposal.PausedLabel) }

// answers are what the App said on an issue or a pull request.
func (l *life) answers(number int) (all []string) {
	for _, m := range l.repo.Remarks(number) {
		if m.By == bot {
			all = append(all, m.Body)
		}
	}
	return all
}

// commanded is acme/shop with its pull request for web 1.1.0.
func commanded(t *testing.T, place, settings string, images ...string) *life {
	t.Helper()
	if len(images) == 0 {
		images = []string{"web:1.0.0"}
	}
	l := begin(t, place, settings, images...)
	for login, role := range map[string]string{"mary": "maintain", "ann": "admin", "tim": "triage", "rita": "read"} {
		l.repo.Collaborate(login, role)
	}
	l.push(images...)
	l.push("web:1.1.0")
	l.look()
	return l
}

// Each command does what it says.
func TestCommandsAreCarriedOut(t *testing.T) {
	t.Parallel()
	for _, s := range []tale{
		{name: "rescan asks the registry", live: func(l *life) {
			n := l.one().Number
			l.push("web:1.2.0")
			l.hub.Advance(time.Minute)
			l.obeys(n, "/rescan")
			l.has("web=1.2.0")
		}},
		{name: "rescan on somebody's pull request", live: func(l *life) {
			l.repo.Push("topic", "bob", "a topic", map[string]*githubtest.File{"x": githubtest.Text("x")})
			n := l.repo.OpenPull("bob", "A topic", "topic", "main")
			l.push("web:1.2.0")
			l.hub.Advance(time.Minute)
			l.obeys(n, "/rescan")
			for _, text := range []string{"/hold", "/merge", "/rescna", "/rescan\n/hold"} { // they may be for others
				if m := l.says(n, "alice", text); len(m.Reactions) > 0 {
					l.t.Errorf("%s got %q", text, m.Reactions)
				}
			}
			if got := l.answers(n); len(got) > 0 {
				l.t.Errorf("said %q", got)
			}
			l.repo.ClosePull(n, "bob")
			l.has("web=1.2.0")
		}},
		{name: "rebase", live: func(l *life) {
			p := l.one()
			l.repo.Push("main", "bob", "else", map[string]*githubtest.File{"else": githubtest.Text("else\n")})
			l.calm()
			if l.repo.Read(p.Head, "else") != "" {
				l.t.Error("it was built on the newest base already")
			}
			l.obeys(p.Number, "/rebase")
			if l.repo.Read(p.Head, "else") == "" || l.one().HeadSHA == p.HeadSHA {
				l.t.Error("it was not built on the newest base")
			}
			l.obeys(p.Number, "/rebase") // nothing is left to do
			l.repo.Push(p.Head, "bob", "mine", map[string]*githubtest.File{"mine": githubtest.Text("mine\n")})
			l.refuses(p.Number, "/rebase", "`/recreate` builds it anew")
			if l.repo.Read(p.Head, "mine") == "" {
				l.t.Error("somebody's commit was overwritten")
			}
			l.obeys(p.Number, "/recreate")
			if l.repo.Read(p.Head, "mine") != "" {
				l.t.Error("the branch was not built anew")
			}
			l.push("web:1.2.0") // and it is ours again
			l.look()
			l.has("web=1.2.0")
		}},
		{name: "recreate takes a base back", live: func(l *life) {
			p := l.one()
			l.repo.Push("other", "bob", "other", map[string]*githubtest.File{"other": githubtest.Text("other\n")})
			l.as("bob", "PATCH", fmt.Sprintf("/pulls/%d", p.Number), map[string]string{"base": "other"})
			l.look()
			l.obeys(p.Number, "/recreate")
			if now := l.one(); now.Base != "main" || now.Number != p.Number {
				l.t.Errorf("%+v", now)
			}
			l.has("web=1.1.0")
		}},
		{name: "hold and unhold", live: func(l *life) {
			p := l.one()
			l.obeys(p.Number, "/hold")
			l.push("web:1.2.0")
			l.look()
			l.has("web=1.1.0")
			l.refuses(p.Number, "/rebase", "paused. Write `/unhold` first, and then `/rebase`")
			l.refuses(p.Number, "/recreate", "paused")
			l.by("web:1.1.0")
			l.look()
			if got := l.one(); got.Number != p.Number || !l.paused() { // not even closed
				l.t.Errorf("%+v", got)
			}
			l.by("web:1.0.0")
			l.obeys(p.Number, "/unhold")
			l.has("web=1.2.0")
			if got := l.one(); got.Number != p.Number || l.paused() {
				l.t.Errorf("%+v", got)
			}
		}},
		{name: "help, explain", live: func(l *life) {
			n := l.one().Number
			l.obeys(n, "/help")
			l.obeys(n, "/explain")
			l.obeys(n, "/explain "+l.name("web"))
			l.refuses(n, "/explain nginx", "no image `docker.io/library/nginx` here")
			l.refuses(n, "/rescna", "did you mean `/rescan`?")
			got := l.answers(n)
			if !strings.Contains(got[0], "- `/ignore [major|minor|patch|this]") || !strings.Contains(got[1], "moves to `1.1.0` (minor") || got[1][:20] != got[2][:20] {
				l.t.Errorf("%q", got)
			}
		}},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			l := commanded(t, storetest.SQLite(t), "")
			s.live(l)
			l.quiet()
		})
	}
}

// What is not to be merged is refused at once, and said once.
func TestMergeIsRefused(t *testing.T) {
	t.Parallel()
	l := commanded(t, storetest.SQLite(t), "")
	p := l.one()
	l.refuses(p.Number, "/merge now", "nothing comes after it: write `/merge` alone on its line")
	l.refuses(p.Number, "/hold\n/merge", "paused. Write `/unhold` first, and then `/merge`")
	l.obeys(p.Number, "/unhold")
	l.repo.SetDraft(p.Number, "alice", true)
	l.calm()
	l.refuses(p.Number, "/merge", "is a draft. Please mark it as ready for review first")
	l.repo.SetDraft(p.Number, "alice", false)
	l.repo.Push(p.Head, "bob", "mine", map[string]*githubtest.File{"mine": githubtest.Text("mine\n")})
	l.calm()
	l.refuses(p.Number, "/merge", "somebody else's by now (`bob pushed to it`)")
	l.refuses(l.dashboard().Number, "/merge", "`/merge` is for open pull requests of the App")
	l.obeys(p.Number, "/ignore")
	edit := l.open()[1]
	l.refuses(edit.Number, "/merge", "changes `.imageupdater.yaml`")
	answers := len(l.answers(p.Number))
	l.forget()
	l.look()
	if got := l.answers(p.Number); len(got) != answers {
		t.Errorf("said again: %q", got)
	}
	for _, n := range []int{p.Number, edit.Number} {
		if m := l.repo.Pulls()[slices.IndexFunc(l.repo.Pulls(), func(s githubtest.Shown) bool { return s.Number == n })]; m.State != "open" {
			t.Errorf("%+v", m)
		}
	}
	l.quiet()
}

// A rollback stands until somebody lifts it, whatever /rescan says.
func TestUnholdLiftsARollback(t *testing.T) {
	t.Parallel()
	l := commanded(t, storetest.SQLite(t), "pullRequests: {perHour: 50}\n", "web:1.0.0", "api:1.0.0")
	l.repo.MergePull(l.one().Number, "alice", "squash")
	l.look()
	l.by("web:1.0.0")
	l.push("api:2.0.0")
	l.look()
	l.has("api=2.0.0")
	n := l.one().Number
	l.hub.Advance(time.Minute)
	l.obeys(n, "/rescan")
	l.has("api=2.0.0")
	l.refuses(n, "/unhold nginx", "no image `docker.io/library/nginx` here")
	l.obeys(n, "/unhold "+l.name("web"))
	l.has("api=2.0.0", "web=1.1.0")
	// Once closed it is not wanted, and let go of in the same way.
	for _, p := range l.open() {
		if p.Number != n {
			l.repo.ClosePull(p.Number, "bob")
		}
	}
	l.look()
	l.has("api=2.0.0")
	l.hub.Advance(time.Minute)
	l.obeys(n, "/unhold "+l.name("web"))
	l.has("api=2.0.0", "web=1.1.0")
	l.quiet()
	// What was let go of stays so, also where nothing is known any more.
	l.forget()
	l.look()
	l.has("api=2.0.0", "web=1.1.0")
}

// An order is heard among any number of comments that only look like one.
func TestOrderAmongChatter(t *testing.T) {
	t.Parallel()
	l := commanded(t, storetest.SQLite(t), "")
	n := l.one().Number
	l.hub.Hold()
	for i := range 130 { // more than a page of them
		l.repo.Comment(n, "otto", fmt.Sprintf("/lgtm %d\n\n> /hold", i))
	}
	id := l.repo.Comment(n, "alice", "/hold")
	l.hub.Release(nil)
	l.calm()
	if m := l.remark(n, id); !slices.Equal(m.Reactions, done()) || !l.paused() {
		t.Errorf("got %q", m.Reactions)
	}
	if got := l.answers(n); len(got) > 0 {
		t.Errorf("said %q", got)
	}
	l.quiet()
}

// Where a look comes to nothing, for a reason that stays, orders are answered all the
// same: they are not begun again by each look.
func TestOrdersWhereNothingCanBeDone(t *testing.T) {
	t.Parallel()
	l := commanded(t, storetest.SQLite(t), "")
	n := l.one().Number
	l.settings("schedle: 1h\n")
	l.calm()
	l.refuses(n, "/rescan", "`.imageupdater.yaml` has errors, and nothing is done until they are mended")
	l.obeys(n, "/hold")
	l.obeys(n, "/help")
	l.settings("")
	l.obeys(n, "/unhold")
	l.push("web:1.2.0")
	l.hub.Fault(githubtest.Forbidden("git/create-tree"))
	l.hub.Advance(time.Minute)
	l.refuses(n, "/rescan", "Nothing could be done: `forbidden")
}

// What somebody wants ignored waits as a pull request for the configuration.
func TestIgnore(t *testing.T) {
	t.Parallel()
	const settings = "# ours\nversion: 1\nignore:\n  - {image: nginx, versions: '>=9'}   # why\n\nschedule: 1h # often\n"
	for _, s := range []struct {
		name, order, entry string
		tags               []string
		merged             []string // what is open when it is merged
	}{
		{"this", "/ignore", `{image: "%s/acme/web", tags: ['^1\.1\.0$'], reason: "asked for in #%d"}`, nil, nil},
		{"this, and a newer one comes", "/ignore this", `{image: "%s/acme/web", tags: ['^1\.1\.0$'], reason: "asked for in #%d"}`, []string{"web:1.1.5"}, []string{"web=1.1.5"}},
		{"minor until a day", "/ignore minor until 2199-01-31", `{image: "%s/acme/web", versions: ">=1.1 <2", until: 2199-01-31, reason: "asked for in #%d"}`, []string{"web:1.0.1"}, []string{"web=1.0.1"}},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			l := commanded(t, storetest.SQLite(t), settings)
			p := l.one()
			l.obeys(p.Number, s.order)
			open := l.open()
			if len(open) != 2 {
				t.Fatalf("%+v", l.repo.Pulls())
			}
			edit := open[1]
			entry := fmt.Sprintf(s.entry, l.registry.Host(), p.Number)
			want := strings.Replace(settings, "# why\n", "# why\n  - "+entry+"\n", 1)
			if got := l.repo.Read(edit.Head, ".imageupdater.yaml"); got != want {
				t.Errorf("the branch has\n%s\nwant\n%s", got, want)
			}
			if l.repo.Read(edit.Head, "deploy/web.yaml") != l.repo.Read("main", "deploy/web.yaml") || !strings.Contains(edit.Body, fmt.Sprintf("#%d", p.Number)) {
				t.Errorf("%+v", edit)
			}
			l.obeys(p.Number, s.order) // a second time it is the same
			l.look()
			if n := len(l.open()); n != 2 {
				t.Errorf("%d are open", n)
			}
			if got := l.repo.Read(p.Head, "deploy/web.yaml"); !strings.Contains(got, ":1.1.0\n") {
				t.Errorf("the paused branch has %s", got)
			}
			l.push(s.tags...)
			l.repo.MergePull(edit.Number, "alice", "squash")
			l.look()
			l.has(s.merged...)
			l.quiet()
		})
	}
	t.Run("closed", func(t *testing.T) {
		t.Parallel()
		l := commanded(t, storetest.SQLite(t), settings)
		p := l.one()
		l.obeys(p.Number, "/ignore minor")
		l.push("web:1.2.0")
		l.look()
		if got := l.repo.Read(p.Head, "deploy/web.yaml"); !strings.Contains(got, ":1.1.0\n") {
			t.Errorf("the update was not paused: %s", got)
		}
		l.repo.ClosePull(l.open()[1].Number, "bob")
		l.look()
		l.has("web=1.2.0")
		l.quiet()
	})
	t.Run("amended", func(t *testing.T) {
		t.Parallel()
		l := commanded(t, storetest.SQLite(t), settings)
		p := l.one()
		l.obeys(p.Number, "/ignore minor")
		edit := l.open()[1]
		l.repo.ForcePush(edit.Head, "bob", "main", "Better", map[string]*githubtest.File{".imageupdater.yaml": githubtest.Text(settings + "# better\n")})
		l.push("web:1.2.0")
		l.look()
		if got := l.repo.Read(p.Head, "deploy/web.yaml"); !strings.Contains(got, ":1.1.0\n") || len(l.open()) != 2 {
			t.Errorf("the update was not paused: %s", got)
		}
		if got := l.repo.Read(edit.Head, ".imageupdater.yaml"); !strings.Contains(got, "# better") {
			t.Errorf("somebody's commit was overwritten: %s", got)
		}
		for _, order := range []string{"/unhold", "/rebase", "/recreate"} {
			l.refuses(p.Number, order, "until the pull request that would have it ignored is merged or closed")
		}
		l.refuses(edit.Number, "/rebase", "`/recreate` builds it anew")
		l.obeys(edit.Number, "/recreate")
		if got := l.repo.Read(edit.Head, ".imageupdater.yaml"); strings.Contains(got, "# better") || !strings.Contains(got, `versions: ">=1.1 <2"`) {
			t.Errorf("it was not built anew: %s", got)
		}
		l.repo.MergePull(edit.Number, "alice", "squash")
		l.look()
		l.has()
	})
	t.Run("two of one file", func(t *testing.T) {
		t.Parallel()
		l := commanded(t, storetest.SQLite(t), settings)
		p := l.one()
		l.obeys(p.Number, "/ignore this")
		l.obeys(p.Number, "/ignore major until 2199-01-31")
		open := l.open()
		if len(open) != 3 {
			t.Fatalf("%+v", open)
		}
		l.repo.MergePull(open[1].Number, "alice", "squash")
		l.look() // the other one cannot be merged any more
		l.look()
		l.repo.MergePull(open[2].Number, "alice", "squash")
		l.look()
		if got := l.repo.Read("main", ".imageupdater.yaml"); strings.Count(got, "asked for in") != 2 {
			t.Errorf("%s", got)
		}
		l.has()
		l.quiet()
	})
	t.Run("what cannot be", func(t *testing.T) {
		t.Parallel()
		l := commanded(t, storetest.SQLite(t), "{version: 1}")
		n := l.one().Number
		l.refuses(n, "/ignore", "add this one by hand:\n\n```yaml\n- {image: ")
		l.refuses(n, "/ignore nginx", "no image `docker.io/library/nginx` here")
		l.refuses(n, "/ignore until yesterday", "is no day")
		l.one()
		l.quiet()
	})
}

// Nobody without write access moves anything, whatever they write.
func TestWhoMayOrder(t *testing.T) {
	t.Parallel()
	l := commanded(t, storetest.SQLite(t), "")
	l.push("web:1.2.0")
	l.repo.Push("main", "bob", "else", map[string]*githubtest.File{"else": githubtest.Text("else\n")})
	l.calm()
	p := l.one()
	orders := []string{"/rescan", "/rebase", "/recreate", "/merge", "/hold", "/unhold", "/unhold nginx", "/ignore major", "/explain", "/help", "/hodl"}
	mark := l.hub.Mark()
	var strangers, bots []int64
	for _, login := range []string{"tim", "rita", "otto", "renovate[bot]", bot} {
		for _, text := range orders {
			id := l.repo.Comment(p.Number, login, text)
			if strings.HasSuffix(login, "[bot]") {
				bots = append(bots, id)
			} else {
				strangers = append(strangers, id)
			}
		}
	}
	l.calm()
	l.hub.Advance(time.Minute)
	for _, id := range strangers {
		if m := l.remark(p.Number, id); !slices.Equal(m.Reactions, []string{"confused by " + bot}) {
			t.Errorf("%s by %s got %q", m.Body, m.By, m.Reactions)
		}
	}
	for _, id := range bots {
		if m := l.remark(p.Number, id); len(m.Reactions) > 0 {
			t.Errorf("%s by %s got %q", m.Body, m.By, m.Reactions)
		}
	}
	var said []string
	for _, answer := range l.answers(p.Number) {
		if !slices.Contains(orders, answer) {
			said = append(said, answer)
		}
	}
	if len(said) != 1 || !strings.HasPrefix(said[0], "Only people with write access") {
		t.Errorf("said %q", said)
	}
	for _, e := range l.hub.Since(mark, githubtest.By(l.installation)) {
		if e.Writes() && e.Operation != "reactions/create-for-issue-comment" && e.Operation != "issues/create-comment" {
			t.Errorf("%s %s", e, e.Request)
		}
	}
	if now := l.one(); now.HeadSHA != p.HeadSHA || l.paused() {
		t.Errorf("%+v", now)
	}
	// Those who may, may; and who could a moment ago, and cannot any more, not.
	for _, login := range []string{"mary", "ann", "bob"} {
		if m := l.says(p.Number, login, "/hold"); !slices.Equal(m.Reactions, done()) {
			t.Errorf("%s got %q", login, m.Reactions)
		}
	}
	l.repo.Collaborate("bob", "read")
	if m := l.says(p.Number, "bob", "/unhold"); !slices.Equal(m.Reactions, []string{"confused by " + bot}) || !l.paused() {
		t.Errorf("bob got %q", m.Reactions)
	}
	for _, text := range []string{"/unhold", "/rebase", "/recreate", "/rescan", "/explain", "/help"} {
		if m := l.says(p.Number, "mary", text); !slices.Equal(m.Reactions, done()) {
			t.Errorf("%s got %q", text, m.Reactions)
		}
	}
	l.quiet()
}

// What is no order is left alone: in code and quotes, edited, or where nobody talks
// to the App.
func TestNoOrders(t *testing.T) {
	t.Parallel()
	l := commanded(t, storetest.SQLite(t), "")
	p := l.one()
	mark := l.hub.Mark()
	for _, text := range []string{"```\n/hold\n```", "    /hold", "> /hold", "`/hold`", "please /hold", "<!--\n/hold\n-->", "~~/hold~~", "/etc/passwd is a path"} {
		if m := l.says(p.Number, "alice", text); len(m.Reactions) > 0 {
			t.Errorf("%q got %q", text, m.Reactions)
		}
	}
	l.hub.Hold()
	edited := l.repo.Comment(p.Number, "alice", "/hold")
	l.hub.Advance(time.Second)
	l.repo.EditComment(edited, "alice", "/hold\n")
	after := l.repo.Comment(p.Number, "alice", "nothing")
	l.hub.Advance(time.Second)
	l.repo.EditComment(after, "alice", "/hold")
	deleted := l.repo.Comment(p.Number, "alice", "/hold")
	l.repo.DeleteComment(deleted, "alice")
	l.hub.Release(nil)
	issue := l.repo.OpenIssue("alice", "An issue", "/hold")
	number := l.repo.Comment(issue, "alice", "/rescan")
	l.calm()
	for _, m := range []githubtest.Remark{l.remark(p.Number, edited), l.remark(p.Number, after), l.remark(issue, number)} {
		if len(m.Reactions) > 0 {
			t.Errorf("%q got %q", m.Body, m.Reactions)
		}
	}
	if l.paused() {
		t.Error("it was paused")
	}
	l.repo.ClosePull(p.Number, "alice")
	l.calm()
	if m := l.says(p.Number, "alice", "/rescan"); len(m.Reactions) > 0 {
		t.Errorf("on a closed pull request it got %q", m.Reactions)
	}
	for _, e := range l.hub.Since(mark, githubtest.By(l.installation)) {
		if e.Operation == "issues/add-labels" {
			t.Errorf("%s", e)
		}
	}
	l.quiet()
}

// Ten at once are answered once each, however often they are told, and in whatever
// order, while looks are under way.
func TestTenOrdersAtOnce(t *testing.T) {
	t.Parallel()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := commanded(t, at(t), "", "web:1.0.0", "api:1.0.0")
			l.hub.Disorder(githubtest.Disorder{Duplicate: 0.5})
			p := l.one()
			l.hub.Advance(time.Minute)
			l.push("web:1.2.0", "api:1.1.0")
			held := l.hub.Fault(githubtest.Fault{Operation: "git/get-ref", Nth: 1, Hold: true})
			first := l.repo.Comment(p.Number, "alice", "/rescan")
			reached(t, held) // a look is under way
			ids := []int64{first}
			for i := range 10 {
				ids = append(ids, l.repo.Comment(p.Number, "alice", []string{"/explain", "/help", "/hold", "/unhold", "/rescan"}[i%5]))
			}
			held.Remove()
			l.calm()
			for _, id := range ids {
				if m := l.remark(p.Number, id); !slices.Equal(m.Reactions, done()) {
					t.Errorf("%s got %q", m.Body, m.Reactions)
				}
			}
			if got := l.answers(p.Number); len(got) != 4 {
				t.Errorf("said %d times: %q", len(got), got)
			}
			l.has("web=1.2.0", "api=1.1.0")
			l.quiet()
		})
	}
}
