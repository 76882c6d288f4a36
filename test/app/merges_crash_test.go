package app_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// way is how a pull request comes to be merged.
type way string

const (
	byTheApp    way = "by the App"
	byAutoMerge way = "by auto-merge"
	byQueue     way = "by a merge queue"
)

// mergingOf is a repository with a pull request that merges by itself, and how.
type mergingOf struct {
	*proposing

	way way
}

// mergings are repositories with a patch each, which merges as soon as its check passes.
func (w *world) mergings(account string, ways ...way) (all []*mergingOf) {
	w.t.Helper()
	push(w.t, w, "acme/web", "1.0.0", "1.0.1")
	for n, how := range ways {
		org := fmt.Sprintf("%s%d", account, n)
		settings := atOnce
		if how == byAutoMerge {
			settings = strings.Replace(atOnce, "auto: true", "auto: true, via: github", 1)
		}
		repo := w.hub.AddRepository(org+"/shop", map[string]string{
			".imageupdater.yaml": settings, "deploy/web.yaml": deployment(w.registry.Host() + "/acme/web:1.0.0"),
		})
		repo.SetMerging(githubtest.Merging{AllowSquash: true, AllowAutoMerge: true})
		repo.Protect("main", githubtest.Protection{MergeQueue: how == byQueue, Rules: githubtest.Rules{Checks: []githubtest.RequiredCheck{{Context: "build"}}}})
		m := &mergingOf{&proposing{world: w, name: org + "/shop", repo: repo}, how}
		m.app = w.hub.Install(org, grants(), repo)
		all = append(all, m)
	}
	return all
}

// killing is a point at which a process is killed while it merges.
type killing struct {
	way   way
	point string
}

// killings are before and after each call of a merge that changes something, and
// each reading between the verdict and the merge.
func killings() (all []killing) {
	for how, points := range map[way][]string{
		// The intent is kept before pulls/merge, and the merge logged before
		// updateRefs removes the branch.
		byTheApp: append(around("checks/update", "pulls/merge", "updateRefs"),
			"before checks/list-for-ref", "before repos/get-branch", "before node"),
		byAutoMerge: around("enablePullRequestAutoMerge"),
	} {
		for _, point := range points {
			all = append(all, killing{how, point})
		}
	}
	return all
}

// green is a good run of the check at the head of the pull request.
func (m *mergingOf) green() {
	m.repo.Check(m.repo.Pulls()[0].HeadSHA, "ci", "build", "completed", "success")
}

// groupGreen is one at the head of its merge group, once.
func (m *mergingOf) groupGreen() {
	group := m.repo.MergeGroup(m.repo.Pulls()[0].Number)
	if group != "" && !slices.ContainsFunc(m.repo.Checks(group), func(c githubtest.ShownCheck) bool { return c.Name == "build" }) {
		m.repo.Check(group, "ci", "build", "completed", "success")
	}
}

// TestKilledWhileMerging kills the process at one point after the other of a merge. The
// next one ends it: the pull request is merged once, told once, and its branch gone.
func TestKilledWhileMerging(t *testing.T) {
	t.Parallel()
	for database, at := range storetest.Places() {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, at(t), githubtest.Options{})
			points := killings()
			ways := make([]way, 0, len(points))
			for _, k := range points {
				ways = append(ways, k.way)
			}
			all := w.mergings("acme", ways...)
			hung := make([]*proposing, 0, len(all))
			for n, m := range all {
				if hung = append(hung, m.proposing); m.way == byAutoMerge {
					m.hangs(points[n].point) // it is told to merge at the first look
				}
			}
			const more = "work: {looks: 30}"
			first := w.launch(more)
			for n, m := range all {
				if m.way != byAutoMerge {
					first.settled(w.hub, m.name)
					m.hangs(points[n].point)
					m.green()
				}
			}
			for _, m := range all {
				first.asked(m.name) // GitHub may have been finding out whether it merges
			}
			second := w.killedAt(first, hung, more)
			w.endMerged(&second.app, all)
			w.writesNoMore(second, hung)
		})
	}
}

// endMerged lets the checks pass and the App look until all is merged, and makes sure that
// it is once, by the App, and told.
func (w *world) endMerged(a *app, all []*mergingOf) {
	w.t.Helper()
	for _, m := range all {
		if m.way == byAutoMerge && len(m.repo.Pulls()) == 1 {
			m.green()
		}
	}
	for range 3 {
		w.hub.Settle()
		until(w.t, "all jobs are done", func() bool { return number(w.t, w.place, unfinished) == 0 })
		var looks []func()
		for _, m := range all {
			looks = append(looks, a.asked(m.name))
		}
		for _, made := range looks {
			made()
		}
	}
	until(w.t, "nothing happens any more", func() bool {
		mark := w.hub.Mark()
		w.hub.Settle()
		return number(w.t, w.place, unfinished) == 0 && w.hub.Mark() == mark
	})
	w.nothingLeft()
	for _, m := range all {
		m.isMerged(a)
	}
}

// isMerged makes sure that the only pull request is merged, by the App, which told so
// once, that its branch is gone, and its check complete.
func (m *mergingOf) isMerged(a *app) {
	m.t.Helper()
	pulls := m.repo.Pulls()
	if len(pulls) != 1 || !pulls[0].Merged || m.repo.Branch(pulls[0].Head) != "" {
		m.t.Errorf("%s, %s, %s: %+v, a branch: %q", m.name, m.way, m.point, pulls, m.repo.Branch(pulls[0].Head))
		return
	}
	if by := m.repo.MergedBy(1); by != bot {
		m.t.Errorf("%s, %s, %s: merged by %s", m.name, m.way, m.point, by)
	}
	if told := m.told(a); told != 1 {
		m.t.Errorf("%s, %s, %s: %d merges are logged", m.name, m.way, m.point, told)
	}
	for _, c := range m.repo.Checks(pulls[0].HeadSHA) {
		if c.Name == verdictCheck && c.Status != "completed" {
			m.t.Errorf("%s, %s, %s: the check is %s", m.name, m.way, m.point, c.Status)
		}
	}
}

// told is how many merges are in the log of decisions.
func (m *mergingOf) told(a *app) int {
	m.t.Helper()
	status, text := a.patient("GET", "/api/v1/decisions?repository="+m.name+"&kind=merged", "")
	var got struct{ Decisions []json.RawMessage }
	if err := json.Unmarshal(text, &got); err != nil || status != 200 {
		m.t.Fatalf("%d %s: %v", status, text, err)
	}
	return len(got.Decisions)
}

// TestReplicasMerge has one of two processes on a database stand still just before it
// merges. The other one takes over after a minute, and merges; then the first one goes
// on.
func TestReplicasMerge(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Postgres(t), githubtest.Options{})
	all := w.mergings("acme", byTheApp, byTheApp, byTheApp)
	one := w.launch("work: {looks: 4}")
	for n, m := range all {
		one.settled(w.hub, m.name)
		m.hangs([]string{"before pulls/merge", "after pulls/merge", "before checks/update"}[n])
		m.green()
	}
	for _, m := range all {
		one.asked(m.name)
	}
	for _, m := range all {
		reached(t, m.held)
	}
	one.signal(syscall.SIGSTOP)
	w.minutePassed()
	two := w.launch("work: {looks: 4}")
	for _, m := range all {
		until(t, m.name+" is merged", func() bool { return m.repo.Pulls()[0].Merged })
	}
	one.signal(syscall.SIGCONT)
	for _, m := range all {
		m.held.Remove()
	}
	w.endMerged(&two.app, all)
	if n := strings.Count(one.log.String()+two.log.String(), `"level":"error"`); n > 0 {
		t.Errorf("%d errors\n%s\n%s", n, one.log, two.log)
	}
}

// TestReplicasMergeAtOnce has two processes on a database hear of the same checks.
func TestReplicasMergeAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Postgres(t), githubtest.Options{})
	all := w.mergings("acme", byTheApp, byTheApp, byTheApp, byAutoMerge, byAutoMerge)
	one, two := w.launch("work: {looks: 4}"), w.launch("work: {looks: 4}")
	for _, m := range all {
		two.settled(w.hub, m.name)
	}
	for _, p := range []*process{one, two} {
		w.hub.Webhook(p.url+"/api/github/hook", webhookSecret)
		for _, m := range all {
			m.green()
		}
		for _, m := range all {
			p.asked(m.name)
		}
	}
	w.endMerged(&one.app, all)
	for _, m := range all {
		if n := operations(w.hub.Calls(githubtest.By(m.app), githubtest.Answered(200)), "pulls/merge"); n > 1 {
			t.Errorf("%s was merged %d times", m.name, n)
		}
	}
}
