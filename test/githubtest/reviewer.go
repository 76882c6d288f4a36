package githubtest

import (
	"fmt"
	"hash/crc32"
	"net/http"
	"slices"
	"strings"
)

// mayWrite says whether somebody's review counts. A bot could not review
// without its App's permission to.
func (r *Repository) mayWrite(u *user) bool {
	return u.kind == "Bot" || rank(r.role(u)) >= rank("write")
}

// collaborates says whether somebody may be asked to review, or be assigned:
// to read what all may read is not enough.
func (r *Repository) collaborates(u *user) bool {
	return u != nil && (u == r.owner || r.roles[u] != "" || rank(r.role(u)) > rank("read"))
}

// team is the members of a team, nil when there is none.
func (s *Server) team(org, slug string) map[*user]string {
	if o := s.orgs[strings.ToLower(org)]; o != nil {
		return o.teams[slug]
	}
	return nil
}

// showTeam makes up a team's number from its name: nothing else has it.
func (s *Server) showTeam(org, slug string) object {
	id := int64(crc32.ChecksumIEEE([]byte(org + "/" + slug)))
	api := s.api("/organizations/%d/team/%d", s.person(org).id, id)
	return object{
		"id": id, "node_id": node("T", id), "name": slug, "slug": slug, "description": nil, "privacy": "closed",
		"notification_setting": "notifications_enabled", "permission": "push", "url": api, "parent": nil,
		"html_url": fmt.Sprintf("%s/orgs/%s/teams/%s", s.URL, org, slug), "members_url": api + "/members{/member}",
		"repositories_url": api + "/repos", "type": "organization", "organization_id": s.person(org).id,
	}
}

func (c *call) showUsers(users []*user) []object {
	shown := []object{}
	for _, u := range users {
		shown = append(shown, c.showUser(u))
	}
	return shown
}

func (c *call) showTeams(slugs []string) []object {
	shown := []object{}
	for _, slug := range slugs {
		shown = append(shown, c.showTeam(c.repo.Owner, slug))
	}
	return shown
}

func requestReviewers(c *call) reply {
	var in struct {
		Reviewers []string `json:"reviewers"`
		Teams     []string `json:"team_reviewers"`
	}
	i := c.pull()
	switch {
	case i == nil:
		return notFound()
	case len(c.body) > 0 && !c.decode(&in):
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	for _, login := range in.Reviewers {
		switch u := c.users[strings.ToLower(login)]; {
		case u == i.by:
			return failure(http.StatusUnprocessableEntity, "Review cannot be requested from pull request author.")
		case !c.repo.collaborates(u):
			return c.notCollaborators()
		}
	}
	for _, slug := range in.Teams {
		if c.team(c.repo.Owner, slug) == nil {
			return c.notCollaborators()
		}
	}
	c.requestReviews(i, in.Reviewers, in.Teams)
	return created(c.showPullShort(i))
}

func (c *call) notCollaborators() reply {
	return failure(http.StatusUnprocessableEntity,
		"Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the %s repository.", c.repo.FullName())
}

// requestReviews asks for reviews, and tells of each one apart.
func (c *call) requestReviews(i *issue, logins, teams []string) {
	i.updated = c.Now()
	for _, login := range logins {
		if u := c.person(login); !slices.Contains(i.pull.reviewers, u) {
			i.pull.reviewers = append(i.pull.reviewers, u)
			c.about(i, "review_requested", object{"requested_reviewer": c.showUser(u)})
		}
	}
	for _, slug := range teams {
		if !slices.Contains(i.pull.teams, slug) {
			i.pull.teams = append(i.pull.teams, slug)
			c.about(i, "review_requested", object{"requested_team": c.showTeam(c.repo.Owner, slug)})
		}
	}
}
