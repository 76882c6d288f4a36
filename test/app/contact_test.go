package app_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/handlers/run"
	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

const introduces = "onboarding: on\n"

// newcomer is a repository with images and without a configuration, on which the App
// is installed.
func newcomer(t *testing.T, place string) *life {
	t.Helper()
	l := &life{world: newWorld(t, place, githubtest.Options{}), t: t}
	l.push("web:1.0.0", "web:1.1.0", "api:2.0.0", "api:2.0.1", "db:3.0.0")
	l.repo = l.hub.AddRepository("acme/shop", map[string]string{
		"envs/dev/web.yaml": deployment(l.name("web:1.0.0")), "envs/dev/api.yaml": deployment(l.name("api:2.0.0")),
		"envs/prod/web.yaml": deployment(l.name("web:1.0.0")), "base/db.yaml": deployment(l.name("db:3.0.0")),
	})
	l.repo.Collaborate("alice", "write")
	l.app = l.start(introduces)
	l.installation = l.hub.Install("acme", grants(), l.repo)
	l.app.settled(l.hub, "acme/shop")
	return l
}

// offer is the only pull request that there is.
func (l *life) offer() githubtest.Shown {
	l.t.Helper()
	pulls := l.repo.Pulls()
	if len(pulls) != 1 || pulls[0].Head != "imageupdater/configure" || pulls[0].Title != "Configure Image Updater" {
		l.t.Fatalf("%+v", pulls)
	}
	return pulls[0]
}

// groups are what a text says would be opened, as "dev: web 1.0.0 → 1.1.0".
func (l *life) groups(text string) []string {
	all, group := []string{}, ""
	opened, _, _ := strings.Cut(text, "<details>")
	for line := range strings.Lines(opened) {
		if m := regexp.MustCompile("^- group `(.*)`: \\d+ images?\n").FindStringSubmatch(line); m != nil {
			group = m[1]
		}
		if m := regexp.MustCompile("^  - `.*/acme/(.*)` `(.*)` → `(.*)` in `").FindStringSubmatch(line); m != nil {
			all = append(all, fmt.Sprintf("%s: %s %s → %s", group, m[1], m[2], m[3]))
		}
	}
	slices.Sort(all)
	return all
}

// TestFirstContact offers a configuration, checks it as it checks anybody's, and does
// what it said when it is merged.
func TestFirstContact(t *testing.T) {
	t.Parallel()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newcomer(t, at(t))
			offer := l.offer()
			text := l.repo.Read(offer.Head, ".imageupdater.yaml")
			_, warnings, err := config.Load(t.Context(), config.FileName, []byte(text), config.Options{Repository: "acme/shop", Now: l.hub.Now()})
			if err != nil || len(warnings) > 0 || !strings.Contains(text, "path: [\"envs/dev/**\"]}\n    group: \"dev\"\n") {
				t.Errorf("%v, %v\n%s", err, warnings, text)
			}
			if l.repo.Read("main", ".imageupdater.yaml") != "" || len(l.open()) != 1 {
				t.Error("something was done before anybody agreed")
			}
			want := []string{"dev: api 2.0.0 → 2.0.1", "dev: web 1.0.0 → 1.1.0", "prod: web 1.0.0 → 1.1.0"}
			if diff := cmp.Diff(want, l.groups(offer.Body)); diff != "" || !strings.Contains(offer.Body, "found 3 images in 4 files") {
				t.Errorf("(-want +got):\n%s\n%s", diff, offer.Body)
			}
			if got := l.checked(offer.HeadSHA); got.Conclusion != "success" || len(got.Annotations) > 0 || !slices.Equal(l.groups(got.Summary), want) {
				t.Errorf("%+v", got)
			}
			l.quiet()
			l.repo.MergePull(offer.Number, "alice", "squash")
			l.look()
			l.opened(want)
			l.quiet()
		})
	}
}

// opened holds what is open against "dev: web 1.0.0 → 1.1.0".
func (l *life) opened(want []string) {
	l.t.Helper()
	row := regexp.MustCompile("(?m)^\\| `.*/acme/(.*)` \\| `(.*)` \\| `(.*)` \\| [a-z]+ \\|")
	got := []string{}
	for _, p := range l.open() {
		_, group, _ := strings.Cut(p.Body, "(group `")
		group, _, _ = strings.Cut(group, "`")
		for _, m := range row.FindAllStringSubmatch(p.Body, -1) {
			got = append(got, fmt.Sprintf("%s: %s %s → %s", group, m[1], m[2], m[3]))
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		l.t.Errorf("opened (-told +opened):\n%s", diff)
	}
}

// anew starts the server, without what it knew.
func (l *life) anew() {
	l.t.Helper()
	l.app.stop()
	l.place = storetest.SQLite(l.t)
	l.env["DATABASE"] = l.place
	l.app = l.start(introduces)
	until(l.t, "the repository is known again", func() bool { return l.app.shown("acme/shop").Status == 200 })
}

// TestFirstContactIsClosed takes that for an answer, whoever forgets it, until it is
// reopened. Then it is kept up to date, until somebody pushes to it.
func TestFirstContactIsClosed(t *testing.T) {
	t.Parallel()
	l := newcomer(t, file(t))
	offer := l.offer()
	l.repo.ClosePull(offer.Number, "alice")
	l.look()
	l.anew()
	l.hub.Advance(25 * time.Hour)
	l.look()
	if again := l.offer(); again.State != "closed" {
		t.Errorf("%+v", again)
	}
	if got := l.app.shown("acme/shop").Result; got.State != run.Unconfigured || !strings.Contains(got.Detail, "reopening it is the way back") {
		t.Errorf("%+v", got)
	}
	l.quiet()
	l.repo.ReopenPull(offer.Number, "alice")
	l.repo.Push("main", "alice", "Staging", map[string]*githubtest.File{"envs/staging/api.yaml": githubtest.Text(deployment(l.name("api:2.0.0")))})
	l.push("web:1.2.0")
	l.hub.Advance(2 * time.Hour)
	l.look()
	now := l.offer()
	want := []string{"dev: api 2.0.0 → 2.0.1", "dev: web 1.0.0 → 1.2.0", "prod: web 1.0.0 → 1.2.0"}
	if diff := cmp.Diff(want, l.groups(now.Body)); diff != "" || !strings.Contains(now.Body, "group `staging`: as many pull requests were opened in the last hour as may be") {
		t.Errorf("(-want +got):\n%s\n%s", diff, now.Body)
	}
	if text := l.repo.Read(now.Head, ".imageupdater.yaml"); !strings.Contains(text, `group: "staging"`) || l.repo.Read(now.Head, "envs/staging/api.yaml") == "" {
		t.Error(text)
	}
	l.look()
	l.checked(now.HeadSHA)
	l.quiet()
	mine := l.repo.Push(now.Head, "alice", "As I like it", map[string]*githubtest.File{".imageupdater.yaml": githubtest.Text("version: 1\n")})
	l.push("web:1.3.0")
	l.hub.Advance(2 * time.Hour)
	l.look()
	if after := l.offer(); after.HeadSHA != mine || after.Body != now.Body {
		t.Errorf("somebody's work was touched: %+v", after)
	}
	l.checked(mine)
	l.quiet()
}

// TestFirstContactIsNotNeeded closes it, with a word, when somebody writes the file,
// good or not, and when there is nothing left to update.
func TestFirstContactIsNotNeeded(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]map[string]*githubtest.File{
		"written": {".imageupdater.yaml": githubtest.Text("version: 1\n")},
		"broken":  {".imageupdater.yaml": githubtest.Text("version: 2\n")},
		"left":    {"envs/dev/web.yaml": nil, "envs/dev/api.yaml": nil, "envs/prod/web.yaml": nil, "base/db.yaml": nil, "README.md": githubtest.Text("x")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newcomer(t, file(t))
			l.repo.Push("main", "alice", "By hand", files)
			l.sees()
			offer := l.repo.Pulls()[0]
			if name == "written" {
				for _, p := range l.open() {
					l.lists("Open pull requests", fmt.Sprintf("#%d ", p.Number))
				}
				if got := l.section("Open pull requests"); strings.Contains(got, fmt.Sprintf("#%d ", offer.Number)) {
					t.Errorf("what is closed is listed as open:\n%s", got)
				}
			}
			l.look()
			offer = l.repo.Pulls()[0]
			if offer.State != "closed" || offer.Merged || len(offer.Comments) != 1 || l.repo.Branch(offer.Head) != "" {
				t.Errorf("%+v", offer)
			}
			l.quiet()
		})
	}
}

// TestFirstContactIsAPersons leaves it alone when somebody paused it, or made it be for
// another branch: it is neither written again nor closed.
func TestFirstContactIsAPersons(t *testing.T) {
	t.Parallel()
	for name, take := range map[string]func(*life, githubtest.Shown){
		"paused": func(l *life, offer githubtest.Shown) { l.repo.Label(offer.Number, "alice", proposal.PausedLabel) },
		"held":   func(l *life, offer githubtest.Shown) { l.obeys(offer.Number, "/hold") },
		"for another branch": func(l *life, offer githubtest.Shown) {
			l.repo.Push("release", "alice", "A release", map[string]*githubtest.File{"a.txt": githubtest.Text("a")})
			l.as("alice", "PATCH", fmt.Sprintf("/pulls/%d", offer.Number), map[string]string{"base": "release"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newcomer(t, file(t))
			take(l, l.offer())
			was := l.offer()
			for _, files := range []map[string]*githubtest.File{
				{"envs/staging/api.yaml": githubtest.Text(deployment(l.name("api:2.0.0")))},
				{".imageupdater.yaml": githubtest.Text("version: 1\n")},
			} {
				l.repo.Push("main", "alice", "By hand", files)
				l.look()
				now := l.repo.Pulls()[0]
				if now.State != "open" || now.HeadSHA != was.HeadSHA || now.Base != was.Base || now.Body != was.Body {
					t.Errorf("was %+v\nis %+v", was, now)
				}
			}
			l.quiet()
		})
	}
}

// TestFirstContactComesAfterNothing has images come to a repository that had none, and
// none to one that had a configuration.
func TestFirstContactComesAfterNothing(t *testing.T) {
	t.Parallel()
	l := &life{world: newWorld(t, file(t), githubtest.Options{}), t: t}
	l.push("web:1.0.0", "web:1.1.0")
	l.repo = l.hub.AddRepository("acme/shop", map[string]string{"values.yaml": "image: {tag: 1.0.0}\n", "a.yaml": "{{ .Values.x }}: 1\n"})
	was := l.hub.AddRepository("acme/was", map[string]string{".imageupdater.yaml": "", "web.yaml": deployment(l.name("web:1.0.0"))})
	for _, repo := range []*githubtest.Repository{l.repo, was} {
		repo.Collaborate("alice", "write")
	}
	l.app = l.start(introduces)
	l.installation = l.hub.Install("acme", grants(), l.repo, was)
	l.app.settled(l.hub, "acme/shop")
	l.app.settled(l.hub, "acme/was")
	// Later looks cost nothing.
	mark := l.hub.Mark()
	l.quiet()
	for _, e := range l.hub.Since(mark, githubtest.By(l.installation)) {
		if !e.Free() {
			t.Errorf("paid for: %s", e)
		}
	}
	l.repo.Push("main", "alice", "An image", map[string]*githubtest.File{"web.yaml": githubtest.Text(deployment(l.name("web:1.0.0")))})
	was.Push("main", "alice", "No more", map[string]*githubtest.File{".imageupdater.yaml": nil})
	l.look()
	l.app.asked("acme/was")()
	if offer := l.offer(); offer.State != "open" {
		t.Errorf("%+v", offer)
	}
	if pulls := was.Pulls(); len(pulls) != 1 || pulls[0].Head == "imageupdater/configure" {
		t.Errorf("%+v", pulls)
	}
}

// TestFirstContactExtends what the owner has for all repositories, if that is good.
func TestFirstContactExtends(t *testing.T) {
	t.Parallel()
	for shared, extends := range map[string]bool{"defaults: {group: together}\n": true, "defaults: {minage: 3d}\n": false} {
		l := &life{world: newWorld(t, file(t), githubtest.Options{}), t: t}
		l.push("web:1.0.0", "web:1.1.0")
		rules := l.hub.AddRepository("acme/.imageupdater", map[string]string{".imageupdater.yaml": shared})
		l.repo = l.hub.AddRepository("acme/shop", map[string]string{"web.yaml": deployment(l.name("web:1.0.0"))})
		l.app = l.start(introduces)
		l.installation = l.hub.Install("acme", grants(), l.repo, rules)
		l.app.settled(l.hub, "acme/shop")
		offer := l.offer()
		if text := l.repo.Read(offer.Head, ".imageupdater.yaml"); strings.Contains(text, "extends: [acme/.imageupdater]") != extends || strings.Contains(offer.Body, "group `together`") != extends {
			t.Errorf("%s\n%s", text, offer.Body)
		}
		if got := l.checked(offer.HeadSHA); got.Conclusion != "success" {
			t.Errorf("%+v", got)
		}
	}
}

// TestContactIsToldTwice hears all of the installation twice, and in another order.
func TestContactIsToldTwice(t *testing.T) {
	t.Parallel()
	l := &life{world: newWorld(t, file(t), githubtest.Options{}), t: t}
	l.push("web:1.0.0", "web:1.1.0")
	l.repo = l.hub.AddRepository("acme/shop", map[string]string{"web.yaml": deployment(l.name("web:1.0.0"))})
	l.repo.Collaborate("alice", "write")
	l.app = l.start(introduces)
	l.hub.Hold()
	l.installation = l.hub.Install("acme", grants(), l.repo)
	l.repo.Push("main", "alice", "More", map[string]*githubtest.File{"README": githubtest.Text("x")})
	l.hub.Release(githubtest.Shuffled(5, 3))
	l.app.settled(l.hub, "acme/shop")
	l.look()
	l.offer()
	l.quiet()
}

// blocked is a repository in which something is in the way of a first contact.
func blocked(t *testing.T, by func(*life)) *life {
	t.Helper()
	l := &life{world: newWorld(t, file(t), githubtest.Options{}), t: t}
	l.push("web:1.0.0", "web:1.1.0")
	l.repo = l.hub.AddRepository("acme/shop", map[string]string{"web.yaml": deployment(l.name("web:1.0.0"))})
	l.repo.Collaborate("alice", "write")
	by(l)
	l.app = l.start(introduces)
	l.installation = l.hub.Install("acme", grants(), l.repo)
	l.app.settled(l.hub, "acme/shop")
	return l
}

// TestContactIsInTheWay says what is in the way, and comes when that is gone.
func TestContactIsInTheWay(t *testing.T) {
	t.Parallel()
	l := blocked(t, func(l *life) {
		l.repo.Push("imageupdater/configure", "alice", "Mine", map[string]*githubtest.File{"mine": githubtest.Text("x")})
	})
	for range 2 {
		got := l.app.shown("acme/shop").Result
		if !strings.Contains(got.Detail, "delete or rename it") || got.Next.Sub(got.At) > time.Hour {
			t.Errorf("%q, next after %s", got.Detail, got.Next.Sub(got.At))
		}
		l.quiet()
	}
	l.repo.DeleteBranch("imageupdater/configure", "alice")
	l.look()
	l.offer()
}

// TestContactIsRefused says what GitHub refuses, and tries again when somebody asks for
// it, or a day has gone: there is room for few.
func TestContactIsRefused(t *testing.T) {
	t.Parallel()
	for name, when := range map[string]func(*life){
		"asked for": func(l *life) { l.look() },
		"a day":     func(l *life) { l.hub.Advance(25 * time.Hour); l.quietly() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := blocked(t, func(l *life) {
				l.hub.Fault(githubtest.Fault{Operation: "git/create-tree", Times: 1, Status: http.StatusUnprocessableEntity, Message: "Not here"})
			})
			if got := l.app.shown("acme/shop").Result; !strings.Contains(got.Detail, "Not here") {
				t.Errorf("%+v", got)
			}
			mark := l.hub.Mark()
			l.quietly()
			for _, e := range l.hub.Since(mark, githubtest.By(l.installation)) {
				if e.Writes() {
					t.Errorf("it was tried again at once: %s", e)
				}
			}
			when(l)
			l.offer()
		})
	}
}

// quietly brings a look that nobody asked for.
func (l *life) quietly() {
	l.t.Helper()
	l.repo.SetDescription("alice", fmt.Sprint(l.hub.Now()))
	l.calm()
}

// TestRewriteOfAnOfferIsRefused tries it again in an hour.
func TestRewriteOfAnOfferIsRefused(t *testing.T) {
	t.Parallel()
	l := newcomer(t, file(t))
	offer := l.offer()
	rule := l.repo.AddRuleset(githubtest.Ruleset{Name: "no force", Include: []string{"refs/heads/imageupdater/*"}, NoForcePush: true})
	l.repo.Push("main", "alice", "Staging", map[string]*githubtest.File{"envs/staging/api.yaml": githubtest.Text(deployment(l.name("api:2.0.0")))})
	l.calm()
	got := l.app.shown("acme/shop").Result
	if wait := got.Next.Sub(got.At); l.offer().HeadSHA != offer.HeadSHA || len(got.Refused) != 1 || wait > time.Hour || wait < 30*time.Minute {
		t.Errorf("tried again in %s: %+v", wait, got)
	}
	l.repo.RemoveRuleset(rule)
	l.look()
	if now := l.offer(); !strings.Contains(l.repo.Read(now.Head, ".imageupdater.yaml"), `group: "staging"`) {
		t.Errorf("%+v", now)
	}
	l.quiet()
}

// TestOrdersToAnOffer build it anew, whoever pushed to it or what it was made to be
// for.
func TestOrdersToAnOffer(t *testing.T) {
	t.Parallel()
	l := newcomer(t, file(t))
	offer := l.offer()
	text := l.repo.Read(offer.Head, ".imageupdater.yaml")
	l.repo.Push("main", "alice", "Something", map[string]*githubtest.File{"a.txt": githubtest.Text("a")})
	l.obeys(offer.Number, "/rebase")
	if l.repo.Read(offer.Head, "a.txt") == "" {
		t.Error("it was not built on the newest base")
	}
	l.repo.Push(offer.Head, "alice", "As I like it", map[string]*githubtest.File{".imageupdater.yaml": githubtest.Text("version: 1\n")})
	l.repo.Push("release", "alice", "A release", map[string]*githubtest.File{"a.txt": githubtest.Text("a")})
	l.as("alice", "PATCH", fmt.Sprintf("/pulls/%d", offer.Number), map[string]string{"base": "release"})
	l.refuses(offer.Number, "/rebase", "`/recreate` builds it anew")
	l.obeys(offer.Number, "/hold")
	l.refuses(offer.Number, "/recreate", "paused")
	l.obeys(offer.Number, "/unhold")
	l.obeys(offer.Number, "/recreate")
	if now := l.offer(); now.Base != "main" || l.repo.Read(now.Head, ".imageupdater.yaml") != text {
		t.Errorf("%+v", now)
	}
	l.refuses(offer.Number, "/explain", "There is no `.imageupdater.yaml` on the default branch")
	l.quiet()
}

// TestOfferIsTooMuchToRead leaves one as it is when it would be.
func TestOfferIsTooMuchToRead(t *testing.T) {
	t.Parallel()
	l := newcomer(t, file(t))
	many, none := map[string]*githubtest.File{}, githubtest.Text("a: 1\n")
	for n := range 5001 {
		many[fmt.Sprintf("many/%d.yaml", n)] = none
	}
	l.repo.Push("main", "alice", "Many", many)
	l.look()
	if offer := l.offer(); offer.State != "open" {
		t.Errorf("%+v", offer)
	}
	l.repo.ClosePull(l.offer().Number, "alice")
}

// TestWhoIsNotContacted leaves alone whoever is not to be bothered.
func TestWhoIsNotContacted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, file(t), githubtest.Options{})
	push(t, w, "acme/web", "1.0.0", "1.1.0")
	files := map[string]string{"web.yaml": deployment(w.registry.Host() + "/acme/web:1.0.0")}
	template, archived := w.hub.AddRepository("acme/template", files), w.hub.AddRepository("acme/archived", files)
	template.SetTemplate(true)
	archived.Archive("acme", true)
	fork := w.hub.Fork(w.hub.AddRepository("upstream/shop", files), "acme")
	folder := w.hub.AddRepository("acme/folder", map[string]string{".imageupdater.yaml/x": "a", "web.yaml": files["web.yaml"]})
	other, plain := w.hub.AddRepository("other/shop", files), w.hub.AddRepository("acme/plain", files)
	a := w.start("onboarding: on\naccounts: [acme]\n")
	w.hub.Install("acme", grants(), template, archived, fork, folder, plain)
	w.hub.Install("other", grants(), other)
	for _, name := range []string{"acme/template", "acme/archived", "acme/shop", "acme/folder", "acme/plain"} {
		a.settled(w.hub, name)
	}
	for _, repo := range []*githubtest.Repository{template, archived, fork, folder, other} {
		if pulls := repo.Pulls(); len(pulls) > 0 {
			t.Errorf("%s: %+v", repo.FullName(), pulls)
		}
	}
	if got := a.shown("acme/template").Result.Detail; !strings.Contains(got, "a template is offered no") {
		t.Errorf("%q", got)
	}
	if len(plain.Pulls()) != 1 {
		t.Errorf("%+v", plain.Pulls())
	}
}

func TestNobodyIsContacted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, file(t), githubtest.Options{})
	push(t, w, "acme/web", "1.0.0", "1.1.0")
	repo := w.hub.AddRepository("acme/shop", map[string]string{"web.yaml": deployment(w.registry.Host() + "/acme/web:1.0.0")})
	a := w.start("onboarding: off\n")
	w.hub.Install("acme", grants(), repo)
	a.settled(w.hub, "acme/shop")
	if pulls := repo.Pulls(); len(pulls) > 0 {
		t.Errorf("%+v", pulls)
	}
}

// TestContactsAnHour makes five in an hour for each installation, whichever replica
// makes them.
func TestContactsAnHour(t *testing.T) {
	t.Parallel()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, at(t), githubtest.Options{})
			push(t, w, "acme/web", "1.0.0", "1.1.0")
			add := func(owner string, n int) (all []*githubtest.Repository) {
				for i := range n {
					all = append(all, w.hub.AddRepository(fmt.Sprintf("%s/shop-%d", owner, i), map[string]string{"web.yaml": deployment(w.registry.Host() + "/acme/web:1.0.0")}))
				}
				return all
			}
			many, few := add("acme", 7), add("other", 2)
			one := w.start(introduces)
			if strings.HasPrefix(w.place, "postgres") {
				w.start(introduces) // another one on the same database
			}
			w.hub.Install("acme", grants(), many...)
			w.hub.Install("other", grants(), few...)
			until(t, "some are contacted", func() bool { return contacted(many) >= 5 && contacted(few) == 2 })
			w.allDone()
			if n, m := contacted(many), contacted(few); n != 5 || m != 2 {
				t.Fatalf("%d and %d were contacted", n, m)
			}
			w.hub.Advance(50 * time.Minute)
			one.stop()
			one = w.start(introduces) // who starts again knows of them
			touch(many)
			w.allDone()
			if n := contacted(many); n != 5 {
				t.Errorf("%d were contacted within the hour", n)
			}
			for _, repo := range many {
				next := one.shown(repo.FullName()).NextLook.Sub(w.hub.Now())
				if waits := len(repo.Pulls()) == 0; waits != (next > 9*time.Minute && next < 12*time.Minute) {
					t.Errorf("%s is looked at in %s", repo.FullName(), next)
				}
			}
			w.hub.Advance(12 * time.Minute)
			touch(many)
			until(t, "those that waited are contacted", func() bool { return contacted(many) == 7 })
		})
	}
}

// allDone waits until all that GitHub tells is done.
func (w *world) allDone() {
	w.t.Helper()
	w.hub.Settle()
	w.nothingLeft()
}

// touch pushes something that does not matter, which brings a look.
func touch(all []*githubtest.Repository) {
	for _, repo := range all {
		repo.Push("main", repo.Owner, "Nothing", map[string]*githubtest.File{"README": githubtest.Text(repo.Branch("main"))})
	}
}

func contacted(all []*githubtest.Repository) (n int) {
	for _, repo := range all {
		n += len(repo.Pulls())
	}
	return n
}

// TestContactKilled kills the process around each call that a first contact needs.
func TestContactKilled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, file(t), githubtest.Options{})
	push(t, w, "acme/web", "1.0.0", "1.1.0")
	var all []*proposing
	var repos []*githubtest.Repository
	for n, point := range around("repos/get", "git/create-tree", "git/create-commit", "updateRefs", "pulls/create") {
		org := fmt.Sprintf("acme%d", n)
		repo := w.hub.AddRepository(org+"/shop", map[string]string{"envs/dev/web.yaml": deployment(w.registry.Host() + "/acme/web:1.0.0")})
		p := &proposing{world: w, name: org + "/shop", repo: repo, app: w.hub.Install(org, grants(), repo)}
		p.hangs(point)
		all, repos = append(all, p), append(repos, repo)
	}
	const more = introduces + "work: {looks: 20}"
	second := w.killedAt(w.launch(more), all, more)
	w.hub.Advance(10 * time.Minute)
	touch(repos)
	w.allDone()
	for _, p := range all {
		pulls := p.repo.Pulls()
		if len(pulls) != 1 || pulls[0].State != "open" || pulls[0].Head != "imageupdater/configure" || p.repo.Read(pulls[0].Head, ".imageupdater.yaml") == "" {
			t.Errorf("killed %s: %+v", p.point, pulls)
			continue
		}
		if checks := p.repo.Checks(pulls[0].HeadSHA); len(checks) != 1 || checks[0].Conclusion != "success" {
			t.Errorf("killed %s: %+v", p.point, checks)
		}
	}
	w.writesNoMore(second, all)
}
