package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// life is one repository, acme/shop, through which a story goes.
type life struct {
	*world

	t            *testing.T
	app          *app
	repo         *githubtest.Repository
	installation *githubtest.Installation
	// others are further repositories that the App is installed on, by their names.
	others map[string]*githubtest.Repository
	// forgetful loses the database before each look.
	forgetful bool
}

// begin makes a repository with deploy/<name>.yaml for each image.
func begin(t *testing.T, place, settings string, images ...string) *life {
	t.Helper()
	return beginOn(t, githubtest.Options{}, place, settings, images...)
}

// beginOn is begin on another GitHub.
func beginOn(t *testing.T, on githubtest.Options, place, settings string, images ...string) *life {
	t.Helper()
	l := &life{world: newWorld(t, place, on), t: t}
	files := map[string]string{".imageupdater.yaml": settings}
	for _, image := range images {
		files[l.file(image)] = deployment(l.name(image))
	}
	l.repo = l.hub.AddRepository("acme/shop", files)
	l.repo.Collaborate("alice", "write")
	l.repo.Collaborate("bob", "write")
	l.app = l.start("")
	return l
}

// name is an image in the test's registry: "web:1.0.0" is of acme/web.
func (l *life) name(image string) string { return l.registry.Host() + "/acme/" + image }

// file is where an image is.
func (l *life) file(image string) string {
	name, _, _ := strings.Cut(image, ":")
	return "deploy/" + name + ".yaml"
}

// push puts tags of images into the registry.
func (l *life) push(images ...string) {
	l.t.Helper()
	for _, image := range images {
		name, tag, _ := strings.Cut(image, ":")
		push(l.t, l.world, "acme/"+name, tag)
	}
}

// by lets a person write an image into its file.
func (l *life) by(images ...string) {
	files := map[string]*githubtest.File{}
	for _, image := range images {
		files[l.file(image)] = githubtest.Text(deployment(l.name(image)))
	}
	l.repo.Push("main", "alice", "by hand", files)
}

// settings lets a person write the configuration.
func (l *life) settings(text string) {
	l.repo.Push("main", "alice", "other settings", map[string]*githubtest.File{".imageupdater.yaml": githubtest.Text(text)})
}

// look lets the App see what happened: all that was told, and all that registries
// have.
func (l *life) look() {
	l.t.Helper()
	if l.installation == nil {
		l.installation = l.hub.Install("acme", grants(), l.repo)
		l.app.settled(l.hub, "acme/shop")
	}
	if l.forgetful {
		l.forget()
	}
	l.hub.Advance(time.Minute) // a registry is not asked for the same again in less
	l.hub.Settle()
	l.app.rescan()
	l.app.settled(l.hub, "acme/shop")
}

// forget drops the database.
func (l *life) forget() {
	l.t.Helper()
	l.app.stop()
	l.place = storetest.SQLite(l.t)
	l.env["DATABASE"] = l.place
	l.app = l.start("")
	until(l.t, "the repository is known again", func() bool { return l.app.shown("acme/shop").Status == http.StatusOK })
}

// quiet makes sure that one more look writes nothing.
func (l *life) quiet() {
	l.t.Helper()
	mark := l.hub.Mark()
	l.app.rescan()
	l.app.settled(l.hub, "acme/shop")
	for _, e := range l.hub.Since(mark, githubtest.By(l.installation)) {
		if e.Writes() {
			l.t.Errorf("a look wrote, though nothing changed: %s %s", e, e.Request)
		}
	}
}

// open are the pull requests that are open, as "group: image=tag".
func (l *life) open() []githubtest.Shown {
	return slices.DeleteFunc(l.repo.Pulls(), func(p githubtest.Shown) bool { return p.State != "open" })
}

// has holds what is open against "web=1.1.0 api=2.0.0", a pull request each, in
// the order of their branches.
func (l *life) has(want ...string) {
	l.t.Helper()
	got := []string{}
	for _, p := range l.open() {
		got = append(got, l.shows(p.Head, p.Base))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, append([]string{}, want...)) {
		l.t.Errorf("open are %q, not %q", got, want)
	}
}

// shows is what a branch has that its base has not.
func (l *life) shows(branch, base string) string {
	var all []string
	for _, name := range []string{"api", "db", "web"} {
		path := l.file(name)
		there := exists(l.repo, base, path)
		if !there || !exists(l.repo, branch, path) {
			continue
		}
		if text := l.repo.Read(branch, path); text != l.repo.Read(base, path) {
			_, image, _ := strings.Cut(text, "/acme/")
			image, _, _ = strings.Cut(image, "\n")
			all = append(all, strings.Replace(image, ":", "=", 1))
		}
	}
	return strings.Join(all, " ")
}

func exists(r *githubtest.Repository, branch, path string) bool {
	return r.Branch(branch) != "" && r.Read(branch, path) != ""
}

// one is the only open pull request.
func (l *life) one() githubtest.Shown {
	l.t.Helper()
	open := l.open()
	if len(open) != 1 {
		l.t.Fatalf("%d pull requests are open: %+v", len(open), l.repo.Pulls())
	}
	return open[0]
}

// as lets a person call the API, and gives the answer.
func (l *life) as(login, method, path string, body any) []byte {
	l.t.Helper()
	status, answer := l.tries(login, method, path, body)
	if status >= http.StatusBadRequest {
		l.t.Fatalf("%s %s: %d", method, path, status)
	}
	return answer
}

// tries is as of what may be refused.
func (l *life) tries(login, method, path string, body any) (status int, answer []byte) {
	l.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		l.t.Fatal(err)
	}
	url := strings.TrimRight(l.hub.APIURL(), "/") + "/repos/acme/shop" + path
	req, err := http.NewRequestWithContext(context.WithoutCancel(l.t.Context()), method, url, bytes.NewReader(text))
	if err != nil {
		l.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+l.hub.Token(login))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		l.t.Fatal(err)
	}
	defer res.Body.Close()
	if answer, err = io.ReadAll(res.Body); err != nil {
		l.t.Fatal(err)
	}
	return res.StatusCode, answer
}

// tale is something that happens to proposals.
type tale struct {
	name     string
	settings string
	images   []string
	tags     []string
	live     func(l *life)
}

// TestLives tells each story twice: once as it is, once with an App that has lost
// its database before each look. The end is the same. One after the other happens
// on github.com, which signs, and on a server that does not.
func TestLives(t *testing.T) {
	t.Parallel()
	for n, s := range stories() {
		for _, forgetful := range []bool{false, true} {
			if !forgetful && os.Getenv(everything) == "" {
				continue
			}
			on := githubtest.Options{Unsigned: (n%2 == 1) != forgetful}
			t.Run(fmt.Sprintf("%s/forgetful=%t", s.name, forgetful), func(t *testing.T) {
				t.Parallel()
				s.tell(t, on, storetest.SQLite(t), forgetful)
			})
		}
	}
}

// TestLivesOnPostgres tells a few of them on the other database.
func TestLivesOnPostgres(t *testing.T) {
	t.Parallel()
	for _, s := range stories() {
		if !slices.Contains([]string{"shrinks and empties", "closed by a person", "pushed to by a person"}, s.name) {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.tell(t, githubtest.Options{}, storetest.Postgres(t), false)
		})
	}
}

func (s tale) tell(t *testing.T, on githubtest.Options, place string, forgetful bool) {
	t.Helper()
	l := beginOn(t, on, place, s.settings, s.images...)
	l.forgetful = forgetful
	l.push(s.images...)
	l.push(s.tags...)
	l.look()
	s.live(l)
	l.quiet()
}

const oneGroup = "defaults: {group: all}\npullRequests: {perHour: 50}\n"

func stories() []tale {
	web := []string{"web:1.0.0"}
	both := []string{"api:1.0.0", "web:1.0.0"}
	next := []string{"web:1.1.0"}
	return slices.Concat(
		changes(web, both, next), refusalTales(web, both, next), peoples(web, next), bases(web, next), rollbacks(web),
		times(web, both, next), refusing(web), names(web, next), neighbours(web, next),
	)
}

// changes are the stories of versions and groups.
func changes(web, both, next []string) []tale {
	return []tale{
		{"newer while open", "", web, next, func(l *life) {
			l.has("web=1.1.0")
			first := l.one()
			l.push("web:1.2.0")
			l.look()
			l.has("web=1.2.0")
			if now := l.one(); now.Number != first.Number || !strings.HasSuffix(now.Title, "1.2.0") || !strings.Contains(now.Body, "1.2.0") {
				l.t.Errorf("%+v", now)
			}
		}},
		{"shrinks and empties", oneGroup, both, []string{"api:1.1.0", "web:1.1.0"}, func(l *life) {
			l.has("api=1.1.0 web=1.1.0")
			first := l.one()
			l.by("api:1.1.0")
			l.look()
			l.has("web=1.1.0")
			l.by("web:1.1.0")
			l.look()
			l.has()
			was := l.repo.Pulls()
			if len(was) != 1 || was[0].Number != first.Number || len(was[0].Comments) != 1 || l.repo.Branch(first.Head) != "" {
				l.t.Errorf("%+v, the branch is at %q", was, l.repo.Branch(first.Head))
			}
			// Closed by us refuses nothing.
			l.by("web:1.0.0")
			l.look()
			l.has("web=1.1.0")
		}},
		{"grows", oneGroup, both, next, func(l *life) {
			l.has("web=1.1.0")
			l.push("api:1.1.0")
			l.look()
			l.has("api=1.1.0 web=1.1.0")
			l.one()
		}},
		{"merged by hand", "", web, next, func(l *life) {
			l.repo.MergePull(l.one().Number, "alice", "merge")
			l.look()
			l.has()
			if n := len(l.repo.Pulls()); n != 1 {
				l.t.Errorf("%d pull requests", n)
			}
		}},
		{"majors apart", "", web, []string{"web:1.1.0", "web:2.0.0"}, func(l *life) {
			l.has("web=1.1.0", "web=2.0.0")
			for _, p := range l.open() {
				if l.shows(p.Head, p.Base) == "web=1.1.0" {
					l.repo.MergePull(p.Number, "alice", "squash")
				}
			}
			l.look()
			l.has("web=2.0.0")
			if p := l.one(); !strings.Contains(p.Body, "`1.1.0`") {
				l.t.Errorf("it was not rebuilt: %s", p.Body)
			}
		}},
		{"splits, joins and is renamed", oneGroup, both, []string{"api:1.1.0", "web:1.1.0"}, func(l *life) {
			l.settings("pullRequests: {perHour: 50}\n")
			l.look()
			l.has("api=1.1.0", "web=1.1.0")
			l.settings(oneGroup)
			l.look()
			l.has("api=1.1.0 web=1.1.0")
			l.settings("defaults: {group: everything}\npullRequests: {perHour: 50}\n")
			l.look()
			l.has("api=1.1.0 web=1.1.0")
		}},
		{"a registry that does not answer changes nothing", oneGroup, both, []string{"api:1.1.0", "web:1.1.0"}, func(l *life) {
			before := l.one()
			l.registry.Fail(failing())
			l.hub.Advance(2 * time.Hour)
			l.look()
			l.registry.Heal()
			if now := l.one(); now.HeadSHA != before.HeadSHA || now.Title != before.Title {
				l.t.Errorf("%+v became %+v", before, now)
			}
		}},
	}
}

// refusalTales are the stories of people who do not want something.
func refusalTales(web, both, next []string) []tale {
	return []tale{
		{"closed by a person", "defaults: {title: Newer images}\n", web, next, func(l *life) {
			l.repo.ClosePull(l.one().Number, "alice")
			l.look()
			l.has()
			l.settings("defaults: {group: other, title: Newer images}\n")
			l.look()
			l.has()
			l.push("web:1.2.0")
			l.look()
			l.has("web=1.2.0")
			if n := len(l.repo.Pulls()); n != 2 {
				l.t.Errorf("%d pull requests", n)
			}
		}},
		{"closed, and the next opens on the same branch", "", web, next, func(l *life) {
			l.repo.ClosePull(l.one().Number, "alice")
			l.push("web:1.2.0")
			l.look()
			l.has("web=1.2.0")
			l.repo.ClosePull(l.one().Number, "alice")
			l.look()
			l.has()
			if n := len(l.repo.Pulls()); n != 2 {
				l.t.Errorf("%d pull requests", n)
			}
		}},
		{"closed after it was updated", "pullRequests: {perHour: 50}\n", web, next, func(l *life) {
			l.push("web:1.2.0", "web:2.0.0")
			l.look()
			l.has("web=1.2.0", "web=2.0.0")
			for _, p := range l.open() {
				if l.shows(p.Head, p.Base) == "web=1.2.0" {
					l.repo.ClosePull(p.Number, "alice")
				}
			}
			l.look()
			l.has("web=2.0.0") // and not 1.1.0, which is older than what nobody wants
			l.quiet()
			l.push("web:1.2.1")
			l.look()
			l.has("web=1.2.1", "web=2.0.0")
		}},
		{"an older one reopened", "pullRequests: {perHour: 50}\n", web, next, func(l *life) {
			first := l.one()
			l.repo.ClosePull(first.Number, "alice")
			l.repo.DeleteBranch(first.Head, "alice")
			l.push("web:1.2.0")
			l.look()
			l.has("web=1.2.0")
			l.repo.ClosePull(l.one().Number, "alice")
			l.repo.PushRefs(map[string]string{"refs/heads/" + first.Head: first.HeadSHA})
			l.repo.ReopenPull(first.Number, "alice")
			l.look()
			l.has("web=1.1.0")
			if l.one().Number != first.Number {
				l.t.Errorf("%+v", l.repo.Pulls())
			}
		}},
		{"one of a group closed", oneGroup, both, []string{"api:1.1.0", "web:1.1.0"}, func(l *life) {
			l.repo.ClosePull(l.one().Number, "alice")
			l.push("api:1.2.0")
			l.look()
			l.has("api=1.2.0")
		}},
		{"branch deleted by a person", "", web, next, func(l *life) {
			l.repo.DeleteBranch(l.one().Head, "alice")
			l.look()
			l.has()
			l.push("web:1.2.0")
			l.look()
			l.has("web=1.2.0")
		}},
		{"reopened by a person", "", web, next, func(l *life) {
			p := l.one()
			l.repo.ClosePull(p.Number, "alice")
			l.look()
			l.repo.ReopenPull(p.Number, "alice")
			l.look()
			l.has("web=1.1.0")
			l.push("web:1.2.0")
			l.look()
			l.has("web=1.2.0")
			if l.one().Number != p.Number {
				l.t.Errorf("%+v", l.repo.Pulls())
			}
		}},
		{"a digest closed", "defaults: {strategy: digest, track: stable}\n", []string{"web:stable"}, nil, func(l *life) {
			l.has("web=stable@" + l.digest())
			l.repo.ClosePull(l.one().Number, "alice")
			l.look()
			l.has()
			l.retag("web:stable", "newer")
			l.look()
			l.has("web=stable@" + l.digest())
		}},
	}
}

// peoples are the stories of branches that are somebody else's.
func peoples(web, next []string) []tale {
	said := func(l *life, n int) {
		l.t.Helper()
		if p := l.one(); len(p.Comments) != n {
			l.t.Errorf("%d comments, not %d: %q", len(p.Comments), n, p.Comments)
		}
	}
	return []tale{
		{"pushed to by a person", "", web, next, func(l *life) {
			p := l.one()
			l.repo.Push(p.Head, "alice", "mine", map[string]*githubtest.File{"README.md": githubtest.Text("mine\n")})
			theirs := l.repo.Branch(p.Head)
			l.look()
			l.push("web:1.2.0")
			l.look()
			l.has("web=1.1.0")
			said(l, 1)
			if l.repo.Branch(p.Head) != theirs {
				l.t.Error("the branch was overwritten")
			}
			l.by("web:1.2.0")
			l.look()
			said(l, 1)
			// Given back, it is ours.
			l.by("web:1.0.0")
			l.repo.PushRefs(map[string]string{"refs/heads/" + p.Head: p.HeadSHA})
			l.look()
			l.has("web=1.2.0")
			said(l, 1)
		}},
		{"replaced by a person", "", web, next, func(l *life) {
			p := l.one()
			theirs := l.repo.ForcePush(p.Head, "alice", "main", "mine", map[string]*githubtest.File{"README.md": githubtest.Text("mine\n")})
			l.push("web:1.2.0")
			l.look()
			said(l, 1)
			if l.repo.Branch(p.Head) != theirs {
				l.t.Error("the branch was overwritten")
			}
		}},
		{"updated by GitHub's button", "", web, next, func(l *life) {
			p := l.one()
			l.repo.Push("main", "alice", "other", map[string]*githubtest.File{"README.md": githubtest.Text("new\n")})
			l.as("alice", http.MethodPut, fmt.Sprintf("/pulls/%d/update-branch", p.Number), struct{}{})
			l.look()
			said(l, 0)
			l.has("web=1.1.0")
			l.push("web:1.2.0")
			l.look()
			l.has("web=1.2.0")
			said(l, 0)
			if l.one().Number != p.Number || !exists(l.repo, p.Head, "README.md") {
				l.t.Error("it was not built on the newest base")
			}
		}},
		{"retargeted", "", web, next, func(l *life) {
			p := l.one()
			l.repo.PushRefs(map[string]string{"refs/heads/release": l.repo.Branch("main")})
			l.as("alice", http.MethodPatch, fmt.Sprintf("/pulls/%d", p.Number), map[string]string{"base": "release"})
			l.push("web:1.2.0")
			l.look()
			said(l, 1)
			if now := l.one(); now.HeadSHA != p.HeadSHA || now.Number != p.Number {
				l.t.Errorf("%+v became %+v", p, now)
			}
		}},
		{"titled by a person", "", web, next, func(l *life) {
			p := l.one()
			l.repo.EditIssueTitle(p.Number, "alice", "The one for Friday")
			l.look()
			if now := l.one(); now.Title != "The one for Friday" {
				l.t.Errorf("%+v", now)
			}
		}},
		{"a branch of that name", "", web, nil, func(l *life) {
			l.push("web:1.1.0")
			l.look()
			p := l.one()
			l.repo.ClosePull(p.Number, "alice")
			theirs := l.repo.Push(p.Head, "alice", "mine", map[string]*githubtest.File{"README.md": githubtest.Text("mine\n")})
			l.push("web:1.2.0")
			l.look()
			l.has()
			if l.repo.Branch(p.Head) != theirs {
				l.t.Error("the branch was overwritten")
			}
		}},
	}
}
