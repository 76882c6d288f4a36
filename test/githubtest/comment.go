package githubtest

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

func (c *call) showComment(m *comment) object {
	api := c.repo.api(fmt.Sprintf("/issues/comments/%d", m.id))
	shown := object{
		"id": m.id, "node_id": node("IC", m.id), "url": api, "body": m.body, "user": c.showUser(m.by),
		"html_url":  c.repo.html(fmt.Sprintf("/%s/%d#issuecomment-%d", m.issue.page(), m.issue.number, m.id)),
		"issue_url": c.repo.api(fmt.Sprintf("/issues/%d", m.issue.number)), "created_at": stamp(m.at),
		"updated_at": stamp(m.updated), "author_association": c.association(m.by), "reactions": rollup(api, m.reactions),
		"performed_via_github_app": nil,
	}
	if m.by == c.bot() {
		shown["performed_via_github_app"] = c.showApp()
	}
	return shown
}

// comment is the one that the path names.
func (c *call) comment() *comment {
	id := c.number("comment_id")
	for _, i := range c.repo.issues {
		for _, m := range i.comments {
			if m.id == id {
				return m
			}
		}
	}
	return nil
}

// body is the one that the call carries, or a refusal.
func (c *call) text() (string, *reply) {
	var in struct {
		Body string `json:"body"`
	}
	if !c.decode(&in) {
		return "", refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	if in.Body == "" {
		r := invalid("IssueComment", "body", "missing_field", "")
		return "", &r
	}
	return in.Body, nil
}

func createComment(c *call) reply {
	i := c.issue()
	if i == nil {
		return notFound()
	}
	body, refusal := c.text()
	if refusal != nil {
		return *refusal
	}
	m := &comment{id: c.id(), issue: i, body: body, by: c.caller(), at: c.Now(), updated: c.Now()}
	i.comments, i.updated = append(i.comments, m), c.Now()
	c.commented(m, "created", nil)
	return created(c.showComment(m))
}

func listComments(c *call) reply {
	i := c.issue()
	if i == nil {
		return notFound()
	}
	since := c.since()
	all := slices.DeleteFunc(slices.Clone(i.comments), func(m *comment) bool { return m.updated.Before(since) })
	return paged(c, fmt.Sprintf("/repos/%s/issues/%d/comments", c.repo.FullName(), i.number), all, c.showComment)
}

// listRepositoryComments is by age, the oldest first, unless the caller wants it
// otherwise.
func listRepositoryComments(c *call) reply {
	since := c.since()
	var all []*comment
	for _, i := range c.repo.issues {
		for _, m := range i.comments {
			if !m.updated.Before(since) {
				all = append(all, m)
			}
		}
	}
	sign := 1
	if c.query.Get("sort") != "" && c.query.Get("direction") == "desc" { // GitHub passes over the direction without sort
		sign = -1
	}
	slices.SortFunc(all, func(a, b *comment) int {
		if c.query.Get("sort") == "updated" {
			return sign * cmp.Or(a.updated.Compare(b.updated), cmp.Compare(a.id, b.id))
		}
		return sign * cmp.Compare(a.id, b.id)
	})
	return paged(c, fmt.Sprintf("/repos/%s/issues/comments", c.repo.FullName()), all, c.showComment)
}

func getComment(c *call) reply {
	m := c.comment()
	if m == nil {
		return notFound()
	}
	return ok(c.showComment(m))
}

func updateComment(c *call) reply {
	m := c.comment()
	if m == nil {
		return notFound()
	}
	body, refusal := c.text()
	if refusal != nil {
		return *refusal
	}
	was := m.body
	m.body, m.updated = body, c.Now()
	if was != body {
		c.commented(m, "edited", object{"changes": object{"body": object{"from": was}}})
	}
	return ok(c.showComment(m))
}

func deleteComment(c *call) reply {
	m := c.comment()
	if m == nil {
		return notFound()
	}
	m.issue.comments = slices.DeleteFunc(m.issue.comments, func(have *comment) bool { return have == m })
	c.commented(m, "deleted", nil)
	return noContent()
}

// commented is an event on a comment, by the caller.
func (c *call) commented(m *comment, action string, more object) {
	payload := object{"issue": c.showIssue(m.issue), "comment": c.showComment(m)}
	maps.Copy(payload, more)
	c.happen(event{name: "issue_comment", action: action, repo: c.repo, by: c.caller(), payload: payload})
}
