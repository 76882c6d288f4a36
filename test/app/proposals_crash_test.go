package app_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// proposing is a repository of an account of its own, and a point at which its
// look is made to hang.
type proposing struct {
	*world

	name  string
	repo  *githubtest.Repository
	app   *githubtest.Installation
	point string // "before pulls/create"
	held  *githubtest.Injected
}

const proposingSettings = "defaults: {reviewers: [\"@bob\"], constraint: %q}\npullRequests: {labels: [images]}\n"

// proposings are repositories with an update to 1.1.0 each, and by another
// constraint to 1.2.0. Each look hangs at the point of its repository.
func (w *world) proposings(points []string) (all []*proposing) {
	w.t.Helper()
	push(w.t, w, "acme/web", "1.0.0", "1.1.0", "1.2.0")
	for n, point := range points {
		org := fmt.Sprintf("acme%d", n)
		repo := w.hub.AddRepository(org+"/shop", map[string]string{
			".imageupdater.yaml": fmt.Sprintf(proposingSettings, "1.1.x"), "deploy/web.yaml": deployment(w.registry.Host() + "/acme/web:1.0.0"),
		})
		repo.Collaborate("bob", "write")
		p := &proposing{world: w, name: org + "/shop", repo: repo, app: w.hub.Install(org, grants(), repo)}
		if point != "" {
			p.hangs(point)
		}
		all = append(all, p)
	}
	return all
}

// hangs lets the next call at a point hang.
func (p *proposing) hangs(point string) {
	p.point = point
	when, operation, _ := strings.Cut(point, " ")
	f := githubtest.Fault{Operation: operation, Installation: p.app.ID, Nth: 1, Hold: true}
	if when == "after" {
		f.When = githubtest.AfterWork
	}
	p.held = p.hub.Fault(f)
}

// around are the points before and after each of some calls.
func around(operations ...string) (points []string) {
	for _, operation := range operations {
		points = append(points, "before "+operation, "after "+operation)
	}
	return points
}

// killedAt kills a process when each repository's look has come to its point, and
// lets another one go on.
func (w *world) killedAt(p *process, all []*proposing, more string) *process {
	w.t.Helper()
	for _, one := range all {
		w.t.Logf("%s: killed %s", one.name, one.point)
		reached(w.t, one.held)
	}
	w.die(p)
	for _, one := range all {
		one.held.Remove()
	}
	next := w.launch(more)
	w.nothingLeft()
	return next
}

// is makes sure that there is one pull request with all that belongs to it.
func (p *proposing) is(tag string) {
	p.t.Helper()
	pulls := p.repo.Pulls()
	if len(pulls) != 1 || pulls[0].State != "open" {
		p.t.Errorf("%s, killed %s: %+v", p.name, p.point, pulls)
		return
	}
	got := pulls[0]
	if !slices.Equal(got.Labels, []string{"images"}) || !slices.Equal(got.Reviewers, []string{"bob"}) || len(got.Comments) > 0 {
		p.t.Errorf("%s, killed %s: %+v", p.name, p.point, got)
	}
	if !strings.HasSuffix(got.Title, " to "+tag) || !strings.Contains(got.Body, tag) {
		p.t.Errorf("%s, killed %s: %s\n%s", p.name, p.point, got.Title, got.Body)
	}
	if text := p.repo.Read(got.Head, "deploy/web.yaml"); text != deployment(p.registry.Host()+"/acme/web:"+tag) {
		p.t.Errorf("%s, killed %s: the branch has\n%s", p.name, p.point, text)
	}
}

// isClosed makes sure that the only pull request is closed, why, and that its
// branch is gone.
func (p *proposing) isClosed() {
	p.t.Helper()
	pulls := p.repo.Pulls()
	if len(pulls) != 1 || pulls[0].State != "closed" || len(pulls[0].Comments) != 1 || p.repo.Branch(pulls[0].Head) != "" {
		p.t.Errorf("%s, killed %s: %+v", p.name, p.point, pulls)
	}
}

// writesNoMore looks at all repositories once more.
func (w *world) writesNoMore(a *process, all []*proposing) {
	w.t.Helper()
	mark := w.hub.Mark()
	var looks []func()
	for _, one := range all {
		looks = append(looks, a.asked(one.name))
	}
	for _, made := range looks {
		made()
	}
	for _, e := range w.hub.Since(mark) {
		if e.Writes() {
			w.t.Errorf("a look wrote, though nothing changed: %s %s", e, e.Request)
		}
	}
}

// TestKilledWhileProposing kills the process while it opens pull requests, and the
// next one while it updates and closes them: each repository's look is at another
// point then.
func TestKilledWhileProposing(t *testing.T) {
	t.Parallel()
	for database, at := range storetest.Places() {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, at(t), githubtest.Options{})
			all := w.proposings(around("git/create-tree", "git/create-commit", "updateRefs", "pulls/create", "issues/add-labels", "pulls/request-reviewers"))
			const more = "work: {looks: 20}"
			second := w.killedAt(w.launch(more), all, more)
			for _, p := range all {
				p.is("1.1.0")
			}
			updated, closed := all[:len(all)/2], all[len(all)/2:]
			for n, point := range around("pulls/update", "git/create-commit", "updateRefs") {
				updated[n].hangs(point)
				updated[n].repo.Commit("main", "by hand", map[string]string{".imageupdater.yaml": fmt.Sprintf(proposingSettings, "1.x")})
			}
			for n, point := range around("issues/create-comment", "pulls/update", "updateRefs") {
				closed[n].hangs(point)
				closed[n].repo.Commit("main", "by hand", map[string]string{"deploy/web.yaml": deployment(w.registry.Host() + "/acme/web:1.1.0")})
			}
			third := w.killedAt(second, all, more)
			for _, p := range updated {
				p.is("1.2.0")
			}
			for _, p := range closed {
				p.isClosed()
			}
			w.writesNoMore(third, all)
		})
	}
}

// TestReplicasPropose has two processes on one database open pull requests, and
// kills one of them while each is in the middle of half of them.
func TestReplicasPropose(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Postgres(t), githubtest.Options{})
	const each = "work: {looks: 3}"
	all := w.proposings(slices.Repeat(around("pulls/create"), 3))
	one, two := w.begin(each), w.launch(each)
	for _, p := range all {
		reached(t, p.held) // as many as the two can look at together
	}
	w.die(one)
	for _, p := range all {
		p.held.Remove()
	}
	w.nothingLeft()
	for _, p := range all {
		p.is("1.1.0")
	}
	w.writesNoMore(two, all)
}
