package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// visit is one request, by one of the people.
type visit struct {
	site *Site
	r    *http.Request
	// As is the person's login.
	As string
	// Repo is the repository of the path, nil where it names none.
	Repo *repository
	// Moment is when the page was made, by the stand-in's count.
	Moment int64
}

// params are those of an operation's path.
type params map[string]string

const whoCookie = "as"

// visit is by whom the form says, or the cookie, or else the first of the people.
func (s *Site) visit(r *http.Request) *visit {
	v := &visit{site: s, r: r, As: s.people[0]}
	if c, err := r.Cookie(whoCookie); err == nil && slices.Contains(s.people, c.Value) {
		v.As = c.Value
	}
	if login := r.PostFormValue("as"); slices.Contains(s.people, login) {
		v.As = login
	}
	return v
}

// enter is a visit of the repository that the path names, if the person may see it.
func (s *Site) enter(r *http.Request) (*visit, error) {
	v := s.visit(r)
	if r.PathValue("repo") == "" {
		return v, nil
	}
	var repo repository
	if err := v.ask(&repo, "repos/get", nil, nil); err != nil {
		return v, v.moved(err)
	}
	v.Repo = &repo
	if r := v.stored(repo.FullName); r != nil {
		repo.Issues, repo.Pulls = r.Open()
	}
	return v, nil
}

// moved leads to a repository that has another name now.
func (v *visit) moved(err error) error {
	refusal, is := errors.AsType[*githubtest.RefusalError](err)
	if !is || refusal.Status >= http.StatusBadRequest {
		return err
	}
	old := v.r.PathValue("owner") + "/" + v.r.PathValue("repo")
	rest := strings.SplitN(v.r.URL.EscapedPath(), "/", 4)[3:]
	return elsewhere(strings.Join(append([]string{join(v.site.hub.Name(old))}, rest...), "/"))
}

// stored is the stand-in's own of a repository that the person may read.
func (v *visit) stored(fullName string) *githubtest.Repository {
	for _, r := range v.site.hub.Visible(v.As) {
		if r.FullName() == fullName {
			return r
		}
	}
	return nil
}

// ask reads what an operation answers the person.
func (v *visit) ask(into any, operation string, p params, query url.Values) error {
	return v.do(into, githubtest.Question{Operation: operation, Params: p, Query: query})
}

// act does an operation as the person.
func (v *visit) act(operation string, p params, body any) error {
	return v.do(nil, githubtest.Question{Operation: operation, Params: p, Body: body})
}

func (v *visit) do(into any, q githubtest.Question) error {
	answer, err := v.answer(q)
	if err != nil || into == nil {
		return err
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("reading the answer of %s: %w", q.Operation, err)
	}
	return nil
}

func (v *visit) answer(q githubtest.Question) ([]byte, error) {
	given := q.Params
	q.As, q.Params = v.As, params{"owner": v.r.PathValue("owner"), "repo": v.r.PathValue("repo")}
	maps.Copy(q.Params, given)
	return v.site.hub.Ask(v.r.Context(), q) //nolint:wrapcheck // a refusal is shown in GitHub's words
}

// maxListed is how many items of a list are read, in pages of a hundred.
const maxListed = 1000

// list reads all of a list.
func list[T any](v *visit, operation string, p params, query url.Values) ([]T, error) {
	if query == nil {
		query = url.Values{}
	}
	query.Set("per_page", "100")
	var all []T
	for page := 1; len(all) < maxListed; page++ {
		query.Set("page", strconv.Itoa(page))
		var some []T
		if err := v.ask(&some, operation, p, query); err != nil {
			return nil, err
		}
		if all = append(all, some...); len(some) < 100 {
			break
		}
	}
	return all, nil
}

// page is the number of the part of a list that is looked at.
func (v *visit) page() int {
	n, err := strconv.Atoi(v.r.URL.Query().Get("page"))
	if err != nil {
		return 1
	}
	return min(max(n, 1), 1_000_000)
}

// choose is the menu of people.
func (s *Site) choose(w http.ResponseWriter, r *http.Request) {
	v := s.visit(r)
	http.SetCookie(w, &http.Cookie{Name: whoCookie, Value: v.As, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode}) //nolint:gosec // loopback has no TLS
	http.Redirect(w, r, ownPath(r.PostFormValue("back")), http.StatusSeeOther)                                                  //nolint:gosec // see ownPath
}

// ownPath is a path of these pages, never an address elsewhere.
func ownPath(text string) string {
	at, err := url.Parse(text)
	if err != nil || at.Host != "" || at.Scheme != "" || !strings.HasPrefix(text, "/") || strings.HasPrefix(text, "//") || strings.Contains(text, `\`) {
		return "/"
	}
	return at.RequestURI()
}

// page is what the templates are given.
type page struct {
	*visit
	Refused string
	Content any
}

// person is one whom the menu offers, with the role in the repository.
type person struct{ Login, Role string }

// People are all who may be chosen.
func (p *page) People() []person {
	var found []person
	for _, login := range p.site.people {
		found = append(found, person{login, p.RoleOf(login)})
	}
	return found
}

// Links lead to what is beside these pages.
func (p *page) Links() []Link { return p.site.links }

// RoleOf is somebody's role in the repository that is looked at.
func (p *page) RoleOf(login string) string {
	if p.Repo == nil {
		return ""
	}
	return p.site.hub.Role(p.Repo.FullName, login)
}

// Back is the page to return to.
func (p *page) Back() string {
	if p.r.Method == http.MethodGet {
		return p.r.URL.RequestURI()
	}
	if at, err := url.Parse(p.r.Referer()); err == nil {
		return ownPath(at.RequestURI())
	}
	return "/"
}

// Typed is what was written into a field of the form that was refused.
func (p *page) Typed(field string) string {
	if p.Refused == "" {
		return ""
	}
	return p.r.PostFormValue(field)
}

// Markdown is a text of a check as it is shown.
func (p *page) Markdown(text string) template.HTML { return p.text(text) }

// Kinds are the pages of what a folder holds.
func (p *page) Kinds() map[string]string {
	return map[string]string{"dir": "tree", "file": "blob", "symlink": "blob", "submodule": "blob"}
}

// Tab is the part of the repository that is looked at.
func (p *page) Tab() string {
	parts := strings.Split(p.r.URL.Path, "/")
	switch {
	case p.Repo == nil:
		return ""
	case len(parts) < 4:
		return "code"
	}
	return map[string]string{
		"issues": "issues", "pulls": "pulls", "pull": "pulls", "commits": "commits", "commit": "commits", "compare": "pulls", "runs": "pulls",
	}[parts[3]]
}
