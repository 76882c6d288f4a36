package githubtest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// maxAnnotations is how many a call may carry.
const maxAnnotations = 50

type checkRun struct {
	id                            int64
	suite                         *suite
	name, head, status            string
	conclusion, details, external string
	title, summary, text          *string
	annotations                   []annotation
	started, completed            time.Time
}

// checkIn is what a call to create or update a check run may hold.
type checkIn struct {
	Name, Status, Conclusion *string
	Head                     string     `json:"head_sha"`
	Details                  *string    `json:"details_url"`
	External                 *string    `json:"external_id"`
	Started                  *time.Time `json:"started_at"`
	Completed                *time.Time `json:"completed_at"`
	Output                   *struct {
		Title, Summary, Text *string
		Annotations          []annotation
	}
}

func (c *call) showCheck(k *checkRun) object {
	api := c.repo.api(fmt.Sprintf("/check-runs/%d", k.id))
	shown := object{
		"id": k.id, "node_id": node("CR", k.id), "name": k.name, "head_sha": k.head, "status": k.status, "conclusion": nil,
		"url": api, "html_url": c.repo.html(fmt.Sprintf("/runs/%d", k.id)), "details_url": k.details,
		"external_id": k.external, "started_at": stampOrNull(k.started), "completed_at": stampOrNull(k.completed),
		"check_suite": object{"id": k.suite.id}, "app": c.showAppOf(k.suite.app), "pull_requests": c.pullsAt(k.head),
		"output": object{
			"title": k.title, "summary": k.summary, "text": k.text, "annotations_count": len(k.annotations),
			"annotations_url": api + "/annotations",
		},
	}
	if k.conclusion != "" {
		shown["conclusion"] = k.conclusion
	}
	return shown
}

func createCheck(c *call) reply {
	var in checkIn
	if !c.decode(&in) || in.Name == nil {
		return failure(http.StatusUnprocessableEntity, "Invalid request.\n\n\"name\" wasn't supplied.")
	}
	if len(in.Head) != 40 || c.repo.resolve(in.Head) == "" {
		return failure(http.StatusUnprocessableEntity, "No commit found for SHA: %s", in.Head)
	}
	k, refusal := c.addCheck(c.App, in)
	if refusal != nil {
		return *refusal
	}
	return created(c.showCheck(k))
}

func (c *call) addCheck(app *App, in checkIn) (*checkRun, *reply) {
	k := &checkRun{id: c.id(), head: in.Head, status: "queued", started: c.Now(), details: c.URL + "/apps/" + app.Slug}
	if refusal := k.take(in, c.Now()); refusal != nil {
		return nil, refusal
	}
	k.suite = c.repo.suite(in.Head, app)
	c.repo.checks = append(c.repo.checks, k)
	c.heard(k)
	c.tellCheck(k, c.pusher(k), "created")
	c.tellCompleted(k)
	c.repo.advance(c.ctx)
	return k, nil
}

// heard is that the App has spoken: what it was asked to do again is done.
func (c *call) heard(k *checkRun) { k.suite.asked, k.suite.updated = false, c.Now() }

// pusher is whom GitHub names as the sender of what becomes of a check: who pushed
// the commit, whichever App checks it.
func (c *call) pusher(k *checkRun) *user {
	if p, known := c.repo.pushes[k.head]; known {
		return p.by
	}
	return c.caller()
}

func (c *call) tellCheck(k *checkRun, by *user, action string) {
	shown := c.showCheck(k)
	shown["check_suite"] = c.showSuiteShort(k.suite)
	c.happen(event{name: "check_run", action: action, repo: c.repo, by: by, payload: object{"check_run": shown}})
}

// tellCompleted tells of a check run that has completed, and of its suite if it
// was the last one.
func (c *call) tellCompleted(k *checkRun) {
	if k.status != "completed" {
		return
	}
	c.tellCheck(k, c.pusher(k), "completed")
	if state, _ := c.repo.verdict(k.suite); state == "completed" {
		c.repo.tellSuite(c.ctx, c.pusher(k), k.suite, "completed")
	}
}

// take lays what a call says over the check run.
func (k *checkRun) take(in checkIn, now time.Time) *reply {
	if in.Status != nil && *in.Status == "completed" && in.Conclusion == nil {
		return refuse(http.StatusUnprocessableEntity, "Invalid request.\n\nNo subschema in \"anyOf\" matched.\n\"conclusion\" wasn't supplied.\n"+
			"completed is not a member of [\"queued\", \"in_progress\"].")
	}
	if refusal := k.takeOutput(in); refusal != nil {
		return refusal
	}
	set(&k.name, in.Name)
	set(&k.status, in.Status)
	set(&k.conclusion, in.Conclusion)
	set(&k.details, in.Details)
	set(&k.external, in.External)
	set(&k.started, in.Started)
	set(&k.completed, in.Completed)
	if in.Conclusion != nil {
		k.status = "completed"
		if in.Completed == nil {
			k.completed = now
		}
	}
	return nil
}

func (k *checkRun) takeOutput(in checkIn) *reply {
	if in.Output == nil {
		return nil
	}
	for _, text := range []*string{in.Output.Summary, in.Output.Text} {
		if text != nil {
			if refusal := supplied("Only %d characters are allowed; %d were supplied.", maxBody-1, utf8.RuneCountInString(*text)); refusal != nil {
				return refusal
			}
		}
	}
	if refusal := supplied("No more than %d items are allowed; %d were supplied.", maxAnnotations, len(in.Output.Annotations)); refusal != nil {
		return refusal
	}
	k.title, k.summary, k.text = in.Output.Title, in.Output.Summary, in.Output.Text
	k.annotations = append(k.annotations, in.Output.Annotations...)
	return nil
}

// set is for what a call may leave as it is.
func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

func (c *call) check() *checkRun {
	for _, k := range c.repo.checks {
		if k.id == c.number("check_run_id") {
			return k
		}
	}
	return nil
}

func getCheck(c *call) reply {
	k := c.check()
	if k == nil {
		return notFound()
	}
	return ok(c.showCheck(k))
}

func updateCheck(c *call) reply {
	var in checkIn
	k := c.check()
	switch {
	case k == nil:
		return notFound()
	case k.suite.app != c.App:
		return failure(http.StatusForbidden, "Invalid app_id `%d` - check run can only be modified by the GitHub App that created it.", c.App.ID)
	case !c.decode(&in):
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	if refusal := c.changeCheck(k, in); refusal != nil {
		return *refusal
	}
	return ok(c.showCheck(k))
}

func (c *call) changeCheck(k *checkRun, in checkIn) *reply {
	before := k.status
	if refusal := k.take(in, c.Now()); refusal != nil {
		return refusal
	}
	c.heard(k)
	if before != k.status {
		c.tellCompleted(k)
	}
	c.repo.advance(c.ctx)
	return nil
}

// latest is the newest check run of each name and App, newest first.
func (r *Repository) latest(head string) []*checkRun {
	type key struct {
		name  string
		suite *suite
	}
	var found []*checkRun
	seen := map[key]bool{}
	for _, k := range r.checksOf(head) {
		if !seen[key{k.name, k.suite}] {
			seen[key{k.name, k.suite}] = true
			found = append(found, k)
		}
	}
	return found
}

// checksOf is every check run of a commit, newest first.
func (r *Repository) checksOf(head string) []*checkRun {
	var found []*checkRun
	for _, k := range slices.Backward(r.checks) {
		if k.head == head {
			found = append(found, k)
		}
	}
	return found
}

func listChecks(c *call) reply {
	head := c.repo.commitish(c.params["ref"])
	if head == "" {
		return failure(http.StatusUnprocessableEntity, "No commit found for SHA: %s", c.params["ref"])
	}
	all := c.repo.latest(head)
	if c.query.Get("filter") == "all" {
		all = c.repo.checksOf(head)
	}
	var found []*checkRun
	for _, k := range all {
		name, status, app := c.query.Get("check_name"), c.query.Get("status"), c.query.Get("app_id")
		if (name == "" || name == k.name) && (status == "" || status == k.status) && (app == "" || app == strconv.FormatInt(k.suite.app.ID, 10)) {
			found = append(found, k)
		}
	}
	return pagedUnder(c, "/repos/"+c.repo.FullName()+"/commits/"+c.params["ref"]+"/check-runs", "check_runs", found, c.showCheck)
}
