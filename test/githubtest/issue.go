package githubtest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// maxBody is how many characters the body of an issue or a comment may have.
const maxBody = 65_536

// issue is an issue or, when pull is set, a pull request.
type issue struct {
	id          int64
	number      int
	title, body string
	state       string
	by          *user
	labels      []string
	comments    []*comment
	at, updated time.Time
	closed      time.Time
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

// tooLong refuses a body that GitHub would.
func tooLong(body string) *reply {
	if utf8.RuneCountInString(body) <= maxBody {
		return nil
	}
	r := invalid("Issue", "body", "custom", fmt.Sprintf("body is too long (maximum is %d characters)", maxBody))
	return &r
}

func (c *call) showIssue(i *issue) object {
	api := c.repo.api(fmt.Sprintf("/issues/%d", i.number))
	shown := object{
		"id": i.id, "node_id": node("I", i.id), "url": api, "repository_url": c.repo.api(""),
		"labels_url": api + "/labels{/name}", "comments_url": api + "/comments", "events_url": api + "/events",
		"html_url": c.repo.html(fmt.Sprintf("/issues/%d", i.number)), "number": i.number, "state": i.state,
		"state_reason": nil, "title": i.title, "body": i.body, "user": c.showUser(i.by), "labels": c.showLabels(i),
		"assignee": nil, "assignees": []object{}, "milestone": nil, "locked": false, "comments": len(i.comments),
		"closed_at": stampOrNull(i.closed), "created_at": stamp(i.at), "updated_at": stamp(i.updated),
		"author_association": "NONE",
	}
	if i.pull != nil {
		url := c.repo.api(fmt.Sprintf("/pulls/%d", i.number))
		page := c.repo.html(fmt.Sprintf("/pull/%d", i.number))
		shown["html_url"] = page
		shown["pull_request"] = object{"url": url, "html_url": page, "diff_url": page + ".diff", "patch_url": page + ".patch"}
	}
	return shown
}

func (c *call) issue() *issue { return c.repo.issues[int(c.number("issue_number"))] }

func getIssue(c *call) reply {
	i := c.issue()
	if i == nil {
		return notFound()
	}
	return ok(c.showIssue(i))
}

func createIssue(c *call) reply {
	var in struct {
		Title  string   `json:"title"`
		Body   string   `json:"body"`
		Labels []string `json:"labels"`
	}
	if !c.decode(&in) {
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	if refusal := tooLong(in.Body); refusal != nil {
		return *refusal
	}
	i := c.repo.newIssue(in.Title, in.Body, c.caller())
	c.label(i, in.Labels)
	return created(c.showIssue(i))
}

func listIssues(c *call) reply {
	state := c.query.Get("state")
	all := c.repo.numbered(func(i *issue) bool { return stateFits(state, i.state) && c.labelled(i) })
	return paged(c, "/repos/"+c.repo.FullName()+"/issues", all, c.showIssue)
}

// labelled says whether the issue has all labels asked for.
func (c *call) labelled(i *issue) bool {
	if c.query.Get("labels") == "" {
		return true
	}
	for name := range strings.SplitSeq(c.query.Get("labels"), ",") {
		if !slices.ContainsFunc(i.labels, func(have string) bool { return strings.EqualFold(have, name) }) {
			return false
		}
	}
	return true
}

func stateFits(asked, state string) bool {
	return asked == "all" || asked == state || (asked == "" && state == "open")
}

func updateIssue(c *call) reply {
	var in struct {
		Title, Body, State *string
	}
	i := c.issue()
	switch {
	case i == nil:
		return notFound()
	case !c.decode(&in):
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	if in.Body != nil {
		if refusal := tooLong(*in.Body); refusal != nil {
			return *refusal
		}
	}
	i.change(c.Now(), in.Title, in.Body, in.State)
	return ok(c.showIssue(i))
}

func (i *issue) change(now time.Time, title, body, state *string) {
	i.updated = now
	if title != nil {
		i.title = *title
	}
	if body != nil {
		i.body = *body
	}
	if state == nil || *state == i.state {
		return
	}
	i.state, i.closed = *state, time.Time{}
	if i.state == "closed" {
		i.closed = now
	}
}
