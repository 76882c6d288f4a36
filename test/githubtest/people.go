package githubtest

import (
	"fmt"
	"slices"
	"strings"
)

// Organization is an account that people belong to.
type Organization struct {
	Login string

	server  *Server
	owners  map[*user]bool
	members map[*user]membership
	teams   map[string]map[*user]string // by slug; the value is the role in the team
}

// membership is how somebody belongs to an organisation.
type membership struct{ public bool }

// Person makes a person and returns the user's id. Logins that acts name are
// people too; only who is known this way, or has acted, is found by the API.
func (s *Server) Person(login string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.person(login).id
}

// Organization makes an account an organisation, or returns the one it is.
func (s *Server) Organization(login string) *Organization {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := strings.ToLower(login)
	if s.orgs[key] == nil {
		s.person(login).kind = "Organization"
		s.orgs[key] = &Organization{
			Login: login, server: s, owners: map[*user]bool{}, members: map[*user]membership{},
			teams: map[string]map[*user]string{},
		}
	}
	return s.orgs[key]
}

// AddOwner makes somebody an owner, who is admin of all repositories.
func (o *Organization) AddOwner(login string, public bool) {
	o.AddMember(login, public)
	o.server.mu.Lock()
	defer o.server.mu.Unlock()
	o.owners[o.server.person(login)] = true
}

// AddMember makes somebody a member, who may read all repositories. A private
// membership is not seen by others: author_association does not tell of it.
func (o *Organization) AddMember(login string, public bool) {
	o.server.mu.Lock()
	defer o.server.mu.Unlock()
	o.members[o.server.person(login)] = membership{public}
}

// AddToTeam puts somebody into a team, as "member" or "maintainer".
func (o *Organization) AddToTeam(slug, login, role string) {
	o.server.mu.Lock()
	defer o.server.mu.Unlock()
	if o.teams[slug] == nil {
		o.teams[slug] = map[*user]string{}
	}
	o.teams[slug][o.server.person(login)] = role
}

// Token is a new personal token, with which the API is called, and git pushes,
// as that person.
func (s *Server) Token(login string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := fmt.Sprintf("ghp_%036d", s.id())
	s.personal[text] = s.person(login)
	return text
}

// SetPersonLimit changes how many calls a person has in an hour.
func (s *Server) SetPersonLimit(login string, limit int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.meter.limit("user "+s.person(login).login, "core", limit)
}

func getUser(c *call) reply {
	u := c.users[strings.ToLower(c.params["username"])]
	if u == nil {
		return notFound()
	}
	shown := c.showUser(u)
	for _, none := range []string{"name", "company", "location", "email", "hireable", "bio", "twitter_username"} {
		shown[none] = nil
	}
	public := 0
	for _, r := range c.repos {
		if r.owner == u && !r.Private {
			public++
		}
	}
	shown["blog"], shown["public_repos"], shown["public_gists"], shown["followers"], shown["following"] = "", public, 0, 0, 0
	shown["created_at"], shown["updated_at"] = stamp(u.since), stamp(u.since)
	return ok(shown)
}

func getTeamMembership(c *call) reply {
	org := c.orgs[strings.ToLower(c.params["org"])]
	u := c.users[strings.ToLower(c.params["username"])]
	switch {
	case org == nil || u == nil || !c.sees(org):
		return notFound()
	case org.teams[c.params["team_slug"]][u] == "":
		return notFound()
	}
	return ok(object{
		"url":  c.api("/organizations/%d/team/%s/memberships/%s", c.person(org.Login).id, c.params["team_slug"], u.login),
		"role": org.teams[c.params["team_slug"]][u], "state": "active",
	})
}

// sees says whether the caller may see who belongs to an organisation.
func (c *call) sees(org *Organization) bool {
	if c.by.user != nil {
		_, member := org.members[c.by.user]
		return member
	}
	return c.by.token != nil && c.by.token.install.account == c.person(org.Login) &&
		slices.Contains([]string{"read", "write"}, c.by.token.permissions["members"])
}
