package githubtest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"
)

// maxBody is how many characters the body of an issue or a comment may have.
const maxBody = 65_536

// issue is an issue or, when pull is set, a pull request.
type issue struct {
	id          int64
	number      int
	title, body string
	state       string
	reason      string // why it was closed
	by          *user
	labels      []string
	assignees   []*user
	comments    []*comment
	reactions   []*reaction
	at, updated time.Time
	closed      time.Time
	closedBy    *user
	pull        *pull
}

type comment struct {
	id          int64
	issue       *issue
	body        string
	by          *user
	at, updated time.Time
	reactions   []*reaction
}

type reaction struct {
	id      int64
	content string
	by      *user
	at      time.Time
}

func (r *Repository) newIssue(title, body string, by *user) *issue {
	r.number++
	i := &issue{
		id: r.server.id(), number: r.number, title: title, body: body, state: "open", by: by,
		at: r.server.Now(), updated: r.server.Now(),
	}
	r.issues[i.number] = i
	return i
}

// numbered is the issues or pull requests, newest first.
func (r *Repository) numbered(keep func(*issue) bool) []*issue {
	var found []*issue
	for _, n := range slices.Backward(slices.Sorted(maps.Keys(r.issues))) {
		if keep(r.issues[n]) {
			found = append(found, r.issues[n])
		}
	}
	return found
}

// caller is the user that a call is made as.
func (c *call) caller() *user {
	if c.by.user != nil {
		return c.by.user
	}
	return c.bot()
}

func (c *call) showIssue(i *issue) object {
	api := c.repo.api(fmt.Sprintf("/issues/%d", i.number))
	shown := object{
		"id": i.id, "node_id": node("I", i.id), "url": api, "repository_url": c.repo.api(""),
		"labels_url": api + "/labels{/name}", "comments_url": api + "/comments", "events_url": api + "/events",
		"html_url": c.repo.html(fmt.Sprintf("/issues/%d", i.number)), "number": i.number, "state": i.state,
		"state_reason": nil, "title": i.title, "body": i.body, "user": c.showUser(i.by), "labels": c.showLabels(i),
		"assignee": nil, "assignees": c.showUsers(i.assignees), "milestone": nil, "locked": false, "active_lock_reason": nil, "comments": len(i.comments),
		"closed_at": stampOrNull(i.closed), "created_at": stamp(i.at), "updated_at": stamp(i.updated),
		"author_association": c.association(i.by), "reactions": rollup(api, i.reactions),
	}
	c.showRest(i, shown)
	if i.pull == nil && i.reason != "" {
		shown["state_reason"] = i.reason
	}
	if len(i.assignees) > 0 {
		shown["assignee"] = c.showUser(i.assignees[0])
	}
	if i.pull != nil {
		url := c.repo.api(fmt.Sprintf("/pulls/%d", i.number))
		page := c.repo.html(fmt.Sprintf("/pull/%d", i.number))
		shown["html_url"] = page
		shown["pull_request"] = object{
			"url": url, "html_url": page, "diff_url": page + ".diff", "patch_url": page + ".patch", "merged_at": stampOrNull(i.pull.merged),
		}
		shown["draft"] = i.pull.draft
	}
	return shown
}

func (c *call) issue() *issue { return c.repo.issues[int(c.number("issue_number"))] }

func getIssue(c *call) reply {
	i := c.issue()
	if i == nil {
		return notFound()
	}
	shown := c.showIssue(i)
	shown["closed_by"] = nil
	if i.closedBy != nil {
		shown["closed_by"] = c.showUser(i.closedBy)
	}
	return ok(shown)
}

func createIssue(c *call) reply {
	var in struct {
		Title  string   `json:"title"`
		Body   string   `json:"body"`
		Labels []string `json:"labels"`

		Assignees []assignee `json:"assignees"`
	}
	if !c.decode(&in) {
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	i := c.repo.newIssue(in.Title, in.Body, c.caller())
	c.about(i, "opened", nil)
	if c.by.user == nil || rank(c.repo.role(c.by.user)) >= rank("triage") { // GitHub drops a stranger's without a word
		c.label(i, in.Labels)
		c.assign(i, in.Assignees)
	}
	return created(c.showIssue(i))
}

func updateIssue(c *call) reply {
	var in struct {
		Title, Body, State *string
		Labels             *[]string
		Reason             string `json:"state_reason"`
	}
	i := c.issue()
	switch {
	case i == nil:
		return notFound()
	case !c.decode(&in):
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	if in.State != nil {
		i.reason = in.Reason
	}
	c.change(i, in.Title, in.Body, in.State)
	if in.Labels != nil {
		c.relabel(i, *in.Labels)
	}
	return ok(c.showIssue(i))
}

// change edits an issue or a pull request, and closes or reopens it.
func (c *call) change(i *issue, title, body, state *string) {
	i.updated = c.Now()
	was := object{}
	edit(was, "title", &i.title, title)
	edit(was, "body", &i.body, body)
	if len(was) > 0 {
		c.about(i, "edited", object{"changes": was})
	}
	if state == nil || *state == i.state {
		return
	}
	c.setState(i, *state)
}

// edit lays a new text over an old one, and notes the old one where it differs.
func edit(was object, name string, text, to *string) {
	if to == nil || *to == *text {
		return
	}
	was[name] = object{"from": *text}
	*text = *to
}

func (c *call) setState(i *issue, state string) {
	i.state, i.updated, i.closed, i.closedBy = state, c.Now(), time.Time{}, nil
	if i.reason == "" || state == "open" {
		i.reason = map[string]string{"open": "reopened", "closed": "completed"}[state]
	}
	if state == "closed" {
		i.closed, i.closedBy = c.Now(), c.caller()
		c.about(i, "closed", nil)
		c.abandon(i)
		return
	}
	c.about(i, "reopened", nil)
}

// about is an event on an issue or a pull request, by the caller.
func (c *call) about(i *issue, action string, more object) {
	e := event{name: "issues", action: action, repo: c.repo, by: c.caller(), payload: object{}}
	if i.pull == nil {
		e.payload["issue"] = c.showIssue(i)
	} else {
		e.name = "pull_request"
		e.payload["number"], e.payload["pull_request"] = i.number, c.pullOfEvent(i)
	}
	maps.Copy(e.payload, more)
	c.happen(e)
}
