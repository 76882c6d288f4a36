package githubtest

import (
	"fmt"
	"net/http"
)

func (c *call) showReaction(r *reaction) object {
	return object{
		"id": r.id, "node_id": node("REA", r.id), "user": c.showUser(r.by), "content": r.content, "created_at": stamp(r.at),
	}
}

// createReaction answers 200 for one that the caller gave before.
func createReaction(c *call) reply {
	if m := c.comment(); m != nil {
		return c.react(&m.reactions)
	}
	return notFound()
}

func createIssueReaction(c *call) reply {
	if i := c.issue(); i != nil {
		return c.react(&i.reactions)
	}
	return notFound()
}

func (c *call) react(to *[]*reaction) reply {
	var in struct {
		Content string `json:"content"`
	}
	if !c.decode(&in) {
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	for _, have := range *to {
		if have.content == in.Content && have.by == c.caller() {
			return ok(c.showReaction(have))
		}
	}
	r := &reaction{id: c.id(), content: in.Content, by: c.caller(), at: c.Now()}
	*to = append(*to, r)
	return created(c.showReaction(r))
}

func listReactions(c *call) reply {
	m := c.comment()
	if m == nil {
		return notFound()
	}
	path := fmt.Sprintf("/repos/%s/issues/comments/%d/reactions", c.repo.FullName(), m.id)
	return paged(c, path, m.reactions, c.showReaction)
}

// rollup is how often each reaction was given, as issues and comments show it.
func rollup(api string, given []*reaction) object {
	shown := object{"url": api + "/reactions", "total_count": len(given)}
	for _, content := range []string{"+1", "-1", "laugh", "confused", "heart", "hooray", "eyes", "rocket"} {
		n := 0
		for _, r := range given {
			if r.content == content {
				n++
			}
		}
		shown[content] = n
	}
	return shown
}
