package githubtest

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// user is a person, an organisation or a bot.
type user struct {
	id    int64
	login string
	kind  string
	since time.Time
}

// person is the user of a login, made when there is none yet.
func (s *Server) person(login string) *user {
	key := strings.ToLower(login)
	if u := s.users[key]; u != nil {
		return u
	}
	kind := "User"
	if strings.HasSuffix(login, "[bot]") {
		kind = "Bot"
	}
	u := &user{id: s.id(), login: login, kind: kind, since: s.Now()}
	s.users[key] = u
	return u
}

// bot is the App as GitHub shows it where a person would stand.
func (s *Server) bot() *user { return s.person(s.App.Slug + "[bot]") }

func (u *user) email() string { return fmt.Sprintf("%d+%s@users.noreply.github.com", u.id, u.login) }

func (s *Server) showUser(u *user) object {
	api := s.api("/users/%s", strings.NewReplacer("[", "%5B", "]", "%5D").Replace(u.login))
	return object{
		"login": u.login, "id": u.id, "node_id": node("U", u.id), "avatar_url": s.URL + "/avatars/" + strconv.FormatInt(u.id, 10),
		"gravatar_id": "", "url": api, "html_url": s.URL + "/" + strings.TrimSuffix(u.login, "[bot]"),
		"followers_url": api + "/followers", "following_url": api + "/following{/other_user}",
		"gists_url": api + "/gists{/gist_id}", "starred_url": api + "/starred{/owner}{/repo}",
		"subscriptions_url": api + "/subscriptions", "organizations_url": api + "/orgs", "repos_url": api + "/repos",
		"events_url": api + "/events{/privacy}", "received_events_url": api + "/received_events", "type": u.kind,
		"site_admin": false, "user_view_type": "public",
	}
}

// node is a GraphQL id.
func node(kind string, id any) string {
	return kind + "_" + base64.RawURLEncoding.EncodeToString(fmt.Append(nil, id))
}
