package githubtest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// suite is the check runs of one App on one commit.
type suite struct {
	id                    int64
	app                   *App
	head                  string
	branch, before, after string // of the push that brought the commit
	at, updated           time.Time
	// asked is set from when somebody asks for the checks anew until the App
	// says something again.
	asked bool
	// going is set while there is more to come than the check runs that there are.
	going bool
}

// pushed is a push that brought a commit.
type pushed struct {
	by             *user
	branch, before string
}

func (r *Repository) notePush(id string, p pushed) {
	if _, known := r.pushes[id]; !known && id != "" {
		r.pushes[id] = p
	}
}

// suite is the one of an App on a commit, made when there is none yet.
func (r *Repository) suite(head string, app *App) *suite {
	for _, s := range r.suites {
		if s.head == head && s.app == app {
			return s
		}
	}
	s := &suite{id: r.server.id(), app: app, head: head, at: r.server.Now(), updated: r.server.Now()}
	if p, known := r.pushes[head]; known {
		s.branch, s.before, s.after = p.branch, p.before, head
	}
	r.suites = append(r.suites, s)
	return s
}

// requestSuite asks the App to check what was pushed, if it may write checks; once
// for each commit.
func (r *Repository) requestSuite(ctx context.Context, by *user, id string) {
	if id == "" || !r.checkedByApp() || slices.ContainsFunc(r.suites, func(s *suite) bool { return s.head == id && s.app == r.server.App }) {
		return
	}
	r.tellSuite(ctx, by, r.suite(id, r.server.App), "requested")
}

func (r *Repository) checkedByApp() bool {
	return slices.ContainsFunc(r.installations(), func(i *Installation) bool {
		return i.permissions["checks"] == "write" && !i.suspended
	})
}

func (r *Repository) tellSuite(ctx context.Context, by *user, s *suite, action string) {
	c := r.acting(ctx, by)
	r.server.happen(event{name: "check_suite", action: action, repo: r, by: by, payload: object{"check_suite": c.showSuite(s)}})
}

// runs is the newest check run of each name in a suite.
func (r *Repository) runs(s *suite) []*checkRun {
	return slices.DeleteFunc(r.latest(s.head), func(k *checkRun) bool { return k.suite != s })
}

// verdict folds a suite's check runs.
func (r *Repository) verdict(s *suite) (state, conclusion string) {
	runs := r.runs(s)
	if len(runs) == 0 || s.asked {
		return "queued", ""
	}
	states := map[string]int{}
	found := map[string]bool{}
	for _, k := range runs {
		states[k.status]++
		found[k.conclusion] = true
	}
	switch len(runs) {
	case states["completed"]:
		if s.going {
			return "in_progress", ""
		}
		return "completed", worst(found)
	case states["queued"]:
		return "queued", ""
	}
	return "in_progress", ""
}

// worst is the conclusion that decides a suite's.
func worst(found map[string]bool) string {
	order := []string{
		"failure", "timed_out", "startup_failure", "action_required", "cancelled", "stale", "success", "neutral", "skipped",
	}
	for _, conclusion := range order {
		if found[conclusion] {
			return conclusion
		}
	}
	return "neutral"
}

// showSuiteShort is a suite inside the webhook of a check run.
func (c *call) showSuiteShort(s *suite) object {
	state, conclusion := c.repo.verdict(s)
	return object{
		"id": s.id, "node_id": node("CS", s.id), "url": c.repo.api(fmt.Sprintf("/check-suites/%d", s.id)),
		"head_branch": orNull(s.branch), "head_sha": s.head, "status": state, "conclusion": orNull(conclusion),
		"before": orNull(s.before), "after": orNull(s.after), "app": c.showAppOf(s.app),
		"created_at": stamp(s.at), "updated_at": stamp(s.updated), "pull_requests": c.pullsAt(s.head),
	}
}

func (c *call) showSuite(s *suite) object {
	shown := c.showSuiteShort(s)
	shown["latest_check_runs_count"] = len(c.repo.runs(s))
	shown["check_runs_url"] = c.repo.api(fmt.Sprintf("/check-suites/%d/check-runs", s.id))
	shown["rerequestable"], shown["runs_rerequestable"] = true, true
	shown["repository"], shown["head_commit"] = c.showRepo(c.repo), c.repo.showHeadCommit(s.head)
	return shown
}

// showHeadCommit is a commit as webhooks and suites have it.
func (r *Repository) showHeadCommit(id string) object {
	t, err := r.git.readCommit(id)
	if err != nil {
		return object{}
	}
	person := func(s signature) object { return object{"name": s.name, "email": s.email} }
	return object{
		"id": id, "tree_id": t.tree, "message": t.message, "timestamp": stamp(t.committer.at),
		"author": person(t.author), "committer": person(t.committer),
	}
}

// pullsAt is the open pull requests whose head is a commit, in short.
func (c *call) pullsAt(head string) []object {
	shown := []object{}
	for _, i := range c.repo.numbered(func(i *issue) bool {
		return i.pull != nil && i.state == "open" && i.pull.headSHA == head
	}) {
		side := func(ref, sha string) object {
			return object{"ref": ref, "sha": sha, "repo": object{"id": c.repo.ID, "url": c.repo.api(""), "name": c.repo.Name}}
		}
		shown = append(shown, object{
			"id": i.id, "number": i.number, "url": c.repo.api(fmt.Sprintf("/pulls/%d", i.number)),
			"head": side(i.pull.head, i.pull.headSHA), "base": side(i.pull.base, i.pull.baseSHA),
		})
	}
	return shown
}

func listSuites(c *call) reply {
	head := c.repo.commitish(c.params["ref"])
	if head == "" {
		return failure(http.StatusUnprocessableEntity, "No commit found for SHA: %s", c.params["ref"])
	}
	app, name := c.query.Get("app_id"), c.query.Get("check_name")
	var found []*suite
	for _, s := range c.repo.suites {
		named := slices.ContainsFunc(c.repo.runs(s), func(k *checkRun) bool { return k.name == name })
		if s.head == head && (app == "" || app == strconv.FormatInt(s.app.ID, 10)) && (name == "" || named) {
			found = append(found, s)
		}
	}
	return pagedUnder(c, "/repos/"+c.repo.FullName()+"/commits/"+c.params["ref"]+"/check-suites", "check_suites", found, c.showSuite)
}

// RerequestSuite asks the App for all its checks of a commit anew, as a person
// does by a button.
func (r *Repository) RerequestSuite(sha, login string) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	s := r.suite(sha, r.server.App)
	s.asked, s.updated = true, r.server.Now()
	r.tellSuite(r.server.t.Context(), r.server.person(login), s, "rerequested")
}
