package githubtest

import (
	"fmt"
	"net/http"
	"slices"
	"time"
	"unicode/utf8"
)

// maxAnnotations is how many a call may carry.
const maxAnnotations = 50

type checkRun struct {
	id, suite                     int64
	name, head, status            string
	conclusion, details, external string
	title, summary, text          *string
	annotations                   int
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
		Annotations          []struct{}
	}
}

func (c *call) showCheck(k *checkRun) object {
	api := c.repo.api(fmt.Sprintf("/check-runs/%d", k.id))
	shown := object{
		"id": k.id, "node_id": node("CR", k.id), "name": k.name, "head_sha": k.head, "status": k.status, "conclusion": nil,
		"url": api, "html_url": c.repo.html(fmt.Sprintf("/runs/%d", k.id)), "details_url": k.details,
		"external_id": k.external, "started_at": stampOrNull(k.started), "completed_at": stampOrNull(k.completed),
		"check_suite": object{"id": k.suite}, "app": c.showApp(), "pull_requests": []object{},
		"output": object{
			"title": k.title, "summary": k.summary, "text": k.text, "annotations_count": k.annotations,
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
	if c.repo.suites[in.Head] == 0 {
		c.repo.suites[in.Head] = c.id()
	}
	k := &checkRun{
		id: c.id(), suite: c.repo.suites[in.Head], head: in.Head, status: "queued", started: c.Now(),
		details: c.URL + "/apps/" + c.App.Slug,
	}
	if refusal := k.take(in, c.Now()); refusal != nil {
		return *refusal
	}
	c.repo.checks = append(c.repo.checks, k)
	return created(c.showCheck(k))
}

// take lays what a call says over the check run.
func (k *checkRun) take(in checkIn, now time.Time) *reply {
	if in.Status != nil && *in.Status == "completed" && in.Conclusion == nil {
		return refuse(http.StatusUnprocessableEntity, "Invalid request.\n\n\"conclusion\" wasn't supplied.")
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
	k.annotations += len(in.Output.Annotations)
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
	case !c.decode(&in):
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	if refusal := k.take(in, c.Now()); refusal != nil {
		return *refusal
	}
	return ok(c.showCheck(k))
}

// latest is the newest check run of each name, newest first.
func (r *Repository) latest(head string) []*checkRun {
	var found []*checkRun
	seen := map[string]bool{}
	for _, v := range slices.Backward(r.checks) {
		if k := v; k.head == head && !seen[k.name] {
			seen[k.name] = true
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
	var found []*checkRun
	for _, k := range c.repo.latest(head) {
		name, status := c.query.Get("check_name"), c.query.Get("status")
		if (name == "" || name == k.name) && (status == "" || status == k.status) {
			found = append(found, k)
		}
	}
	return pagedUnder(c, "/repos/"+c.repo.FullName()+"/commits/"+c.params["ref"]+"/check-runs", "check_runs", found, c.showCheck)
}

// green says whether no check or status of a commit is unfinished or failed.
func (r *Repository) green(head string) bool {
	for _, k := range r.latest(head) {
		switch k.conclusion {
		case "success", "neutral", "skipped":
		default:
			return false
		}
	}
	state := combined(r.current(head))
	return len(r.current(head)) == 0 || state == "success"
}
