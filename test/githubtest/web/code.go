package web

import (
	"encoding/json"
	"html/template"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

func missing(what string) error {
	return &githubtest.RefusalError{Status: http.StatusNotFound, Message: what}
}

// home lists what the person may read, by account.
func home(v *visit) (any, error) { return v.accounts(""), nil }

// ownedBy lists one account's.
func ownedBy(v *visit) (any, error) {
	owner := v.r.PathValue("owner")
	found := v.accounts(owner)
	if len(found) == 0 && v.ask(&account{}, "users/get-by-username", params{"username": owner}, nil) != nil &&
		v.ask(&account{}, "users/get-by-username", params{"username": owner + "[bot]"}, nil) != nil {
		return nil, missing("There is no account " + owner + ".")
	}
	return struct {
		Login    string
		Accounts []accountWith
	}{owner, found}, nil
}

// accountWith is an account and what the person may read of it.
type accountWith struct {
	Login string
	Repos []repository
}

func (v *visit) accounts(owner string) []accountWith {
	byLogin := map[string][]repository{}
	for _, r := range v.site.hub.Visible(v.As) {
		var shown repository
		err := v.ask(&shown, "repos/get", params{"owner": r.Owner, "repo": r.Name}, nil)
		shown.Issues, shown.Pulls = r.Open()
		if err == nil && (owner == "" || strings.EqualFold(owner, r.Owner)) {
			byLogin[r.Owner] = append(byLogin[r.Owner], shown)
		}
	}
	var found []accountWith
	for login, repos := range byLogin {
		found = append(found, accountWith{login, repos})
	}
	slices.SortFunc(found, func(a, b accountWith) int { return strings.Compare(a.Login, b.Login) })
	return found
}

// at is a place in the repository's files.
type at struct {
	Ref, Path string
	Branches  []string
}

// Branch says whether the place is of a branch, so that it may be edited.
func (a at) Branch() bool { return slices.Contains(a.Branches, a.Ref) }

// Place is the place, for a template that is given what lies there.
func (a at) Place() at { return a }

// Steps are the folders above the place, and the place itself.
func (a at) Steps() []at {
	var steps []at
	below := ""
	for part := range strings.SplitSeq(a.Path, "/") {
		below = path.Join(below, part)
		steps = append(steps, at{Ref: a.Ref, Path: below})
	}
	return steps
}

// Name is the last part of the path.
func (a at) Name() string { return path.Base(a.Path) }

// place tells branch and path apart; names of branches have slashes, too.
func (v *visit) place() (at, error) {
	rest := strings.Trim(v.r.PathValue("rest"), "/")
	found := at{Ref: v.Repo.DefaultBranch}
	var err error
	if found.Branches, err = v.branches(); err != nil {
		return found, err
	}
	if rest == "" {
		return found, nil
	}
	found.Ref, found.Path, _ = strings.Cut(rest, "/")
	for _, branch := range found.Branches {
		if rest == branch || strings.HasPrefix(rest, branch+"/") {
			found.Ref, found.Path = branch, strings.TrimPrefix(rest[len(branch):], "/")
		}
	}
	return found, nil
}

func (v *visit) branches() ([]string, error) {
	if r := v.stored(v.Repo.FullName); r != nil {
		return r.Branches(v.r.Context()) //nolint:wrapcheck // it names the repository's own git
	}
	return nil, nil
}

// folder is a list of files.
type folder struct {
	at

	Entries    []entry
	Last       *commit
	Readme     template.HTML
	ReadmeName string
	Empty      bool
}

func showFolder(v *visit) (any, error) {
	p, err := v.place()
	if err != nil {
		return nil, err
	}
	f := folder{at: p, Empty: len(p.Branches) == 0}
	if f.Empty {
		return f, nil
	}
	answer, err := v.contents(p, "")
	if err != nil {
		return nil, err
	}
	if json.Unmarshal(answer, &f.Entries) != nil { // a file
		return nil, elsewhere(v.link("blob", p.Ref, p.Path))
	}
	slices.SortStableFunc(f.Entries, func(a, b entry) int { return rankOf(a) - rankOf(b) })
	commits, err := v.history(p, 1)
	if err != nil {
		return nil, err
	}
	if len(commits) > 0 {
		f.Last = &commits[0]
	}
	return f, v.readme(&f)
}

// rankOf puts folders first.
func rankOf(e entry) int {
	if e.Type == "dir" {
		return 0
	}
	return 1
}

func (v *visit) readme(f *folder) error {
	for _, e := range f.Entries {
		if !strings.EqualFold(e.Name, "readme.md") {
			continue
		}
		text, err := v.contents(at{Ref: f.Ref, Path: e.Path}, rawType)
		if err != nil {
			return err
		}
		f.Readme, f.ReadmeName = v.file(f.at, string(text)), e.Name
	}
	return nil
}
