package githubtest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// App is the GitHub App.
type App struct {
	ID       int64
	ClientID string
	Slug     string
	// PrivateKey is PEM, as GitHub lets it be downloaded.
	PrivateKey string

	key   *rsa.PrivateKey
	since time.Time
}

func newApp(s *Server) (*App, error) {
	// A short key is quick to make, and it guards nothing.
	key, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // see above
	if err != nil {
		return nil, fmt.Errorf("making the App's key: %w", err)
	}
	block := pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	return &App{
		ID: s.id(), ClientID: "Iv1.0123456789abcdef", Slug: "image-updater",
		PrivateKey: string(pem.EncodeToMemory(&block)), key: key, since: s.Now(),
	}, nil
}

// RenameApp gives the App another name. The user as whom it writes is the same one
// under a new login; in commits the old login stays.
func (s *Server) RenameApp(slug string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	bot := s.bot()
	delete(s.users, strings.ToLower(bot.login))
	s.App.Slug, bot.login = slug, slug+"[bot]"
	s.users[strings.ToLower(bot.login)] = bot
}

func (s *Server) showApp() object { return s.showAppOf(s.App) }

// showAppOf is any App. Only of the server's own is it known what it hears.
func (s *Server) showAppOf(a *App) object {
	events := []string{}
	if a == s.App {
		events = s.hears()
	}
	return object{
		"id": a.ID, "client_id": a.ClientID, "slug": a.Slug, "node_id": node("A", a.ID),
		"owner": s.showUser(s.person("imageupdater")), "name": a.Slug, "description": nil,
		"external_url": s.URL, "html_url": s.URL + "/apps/" + a.Slug, "created_at": stamp(a.since),
		"updated_at": stamp(a.since), "permissions": object{"metadata": "read"}, "events": events,
	}
}

func getApp(c *call) reply {
	shown, installed := c.showApp(), 0
	for _, i := range c.installs {
		if !i.deleted {
			installed++
		}
	}
	shown["installations_count"] = installed
	return ok(shown)
}

// getAppBySlug finds Apps of others too.
func getAppBySlug(c *call) reply {
	slug := c.params["app_slug"]
	switch {
	case slug == c.App.Slug:
		return ok(c.showApp())
	case c.others[slug] != nil:
		return ok(c.showAppOf(c.others[slug]))
	}
	return notFound()
}

// listed is an installation as the list has it: GitHub's description wants
// there an account that is a user and an enterprise at once.
func (s *Server) listed(i *Installation) object {
	account := s.showUser(i.account)
	account["name"], account["slug"] = i.account.login, i.account.login
	account["created_at"], account["updated_at"] = stamp(i.since), stamp(i.since)
	shown := s.showInstallation(i)
	shown["account"] = account
	return shown
}

func listInstallations(c *call) reply {
	var ids []int64
	for _, id := range slices.Sorted(maps.Keys(c.installs)) {
		if !c.installs[id].deleted {
			ids = append(ids, id)
		}
	}
	return paged(c, "/app/installations", ids, func(id int64) object { return c.listed(c.installs[id]) })
}

func getInstallation(c *call) reply {
	i := c.installs[c.number("installation_id")]
	if i == nil || i.deleted {
		return notFound()
	}
	return ok(c.showInstallation(i))
}

func getRepoInstallation(c *call) reply {
	repo := c.find(c.params["owner"] + "/" + c.params["repo"])
	if moved := c.renamed[strings.ToLower(c.params["owner"]+"/"+c.params["repo"])]; repo == nil && moved != nil && !moved.deleted {
		return *c.redirect(moved)
	}
	for _, id := range slices.Sorted(maps.Keys(c.installs)) {
		if i := c.installs[id]; !i.deleted && i.covers(repo) {
			return ok(c.showInstallation(i))
		}
	}
	return notFound()
}

func getAccountInstallation(c *call) reply {
	name := c.params["org"] + c.params["username"] // the path has one of the two
	for _, id := range slices.Sorted(maps.Keys(c.installs)) {
		if i := c.installs[id]; !i.deleted && strings.EqualFold(i.Account, name) {
			return ok(c.showInstallation(i))
		}
	}
	return notFound()
}

func createToken(c *call) reply {
	i := c.installs[c.number("installation_id")]
	switch {
	case i == nil || i.deleted:
		return notFound()
	case i.suspended:
		return failure(http.StatusForbidden, "This installation has been suspended")
	}
	var in struct {
		Repositories  []string          `json:"repositories"`
		RepositoryIDs []int64           `json:"repository_ids"`
		Permissions   map[string]string `json:"permissions"`
	}
	if len(c.body) > 0 && !c.decode(&in) {
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	t := &token{install: i, permissions: i.permissions, expires: c.Now().Add(tokenLife).Truncate(time.Second)}
	if in.Permissions != nil {
		if !within(in.Permissions, i.permissions) {
			return failure(http.StatusUnprocessableEntity, "The permissions requested are not granted to this installation.")
		}
		t.permissions = in.Permissions
	}
	if in.Repositories != nil || in.RepositoryIDs != nil {
		if t.repos = i.among(in.Repositories, in.RepositoryIDs); len(t.repos) != len(in.Repositories)+len(in.RepositoryIDs) {
			return failure(http.StatusUnprocessableEntity, "There is at least one repository that does not exist or is not accessible to the parent installation.")
		}
	}
	if in.Permissions != nil || t.repos != nil {
		t.scope = t.narrowedTo()
	}
	t.text = fmt.Sprintf("ghs_%036d", c.id())
	c.tokens[t.text] = t
	return created(c.showToken(t))
}

func (t *token) narrowedTo() string {
	words := make([]string, 0, len(t.permissions)+len(t.repos)+1)
	for _, name := range slices.Sorted(maps.Keys(t.permissions)) {
		words = append(words, name+":"+t.permissions[name])
	}
	if t.repos != nil {
		words = append(words, "of")
	}
	for _, r := range t.repos {
		words = append(words, r.FullName())
	}
	return strings.Join(words, " ")
}

// within says whether all that is asked for has been granted.
func within(asked, granted map[string]string) bool {
	rank := map[string]int{"": 0, "read": 1, "write": 2, "admin": 3}
	for name, level := range asked {
		if rank[level] > rank[granted[name]] && (name != "metadata" || level != "read") {
			return false
		}
	}
	return true
}

func (i *Installation) among(names []string, ids []int64) []*Repository {
	found := []*Repository{}
	for _, r := range i.repositories() {
		if slices.Contains(names, r.Name) || slices.Contains(ids, r.ID) {
			found = append(found, r)
		}
	}
	return found
}

func (s *Server) showToken(t *token) object {
	shown := object{
		"token": t.text, "expires_at": stamp(t.expires), "permissions": t.permissions, "repository_selection": t.install.selection(),
	}
	if t.repos != nil {
		shown["repository_selection"] = "selected"
		repos := make([]object, 0, len(t.repos))
		for _, r := range t.repos {
			repos = append(repos, s.listedRepo(r))
		}
		shown["repositories"] = repos
	}
	return shown
}

func revokeToken(c *call) reply {
	delete(c.tokens, c.by.token.text)
	return noContent()
}

func listInstallationRepos(c *call) reply {
	var repos []*Repository
	for _, r := range c.by.token.install.repositories() {
		if c.by.token.covers(r) {
			repos = append(repos, r)
		}
	}
	r := pagedUnder(c, "/installation/repositories", "repositories", repos, func(r *Repository) object {
		shown := c.listedRepo(r)
		shown["permissions"] = object{"admin": false, "maintain": false, "push": false, "triage": false, "pull": false}
		return shown
	})
	if body, isObject := r.body.(object); isObject {
		body["repository_selection"] = c.by.token.install.selection()
	}
	return r
}
