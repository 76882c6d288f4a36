package githubtest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// maxAssignees is how many an issue may have.
const maxAssignees = 10

// assignee is a login, or an object that has it.
type assignee string

func (a *assignee) UnmarshalJSON(text []byte) error {
	var login string
	if json.Unmarshal(text, &login) == nil {
		*a = assignee(login)
		return nil
	}
	var in struct {
		Login string `json:"login"`
	}
	err := json.Unmarshal(text, &in)
	*a = assignee(in.Login)
	return err //nolint:wrapcheck // encoding/json says where
}

func addAssignees(c *call) reply {
	var in struct {
		Assignees []assignee `json:"assignees"`
	}
	i := c.issue()
	switch {
	case i == nil:
		return notFound()
	case len(c.body) > 0 && !c.decode(&in):
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	c.assign(i, in.Assignees)
	return created(c.showIssue(i))
}

// assign leaves out whom GitHub would, and says nothing of it: strangers, and
// those beyond the tenth.
func (c *call) assign(i *issue, logins []assignee) {
	for _, login := range logins {
		u := c.users[strings.ToLower(string(login))]
		if !c.repo.collaborates(u) || slices.Contains(i.assignees, u) || len(i.assignees) >= maxAssignees {
			continue
		}
		i.assignees, i.updated = append(i.assignees, u), c.Now()
		c.about(i, "assigned", object{"assignee": c.showUser(u)})
	}
}
