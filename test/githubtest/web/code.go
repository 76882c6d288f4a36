package web

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

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

const rawType = "application/vnd.github.raw"

// contents is what GitHub has at a place.
func (v *visit) contents(p at, accept string) ([]byte, error) {
	return v.answer(githubtest.Question{
		Operation: "repos/get-content", Params: params{"path": p.Path}, Query: url.Values{"ref": {p.Ref}}, Accept: accept,
	})
}

// Larger files are cut where they are shown, but not where they are read raw.
const (
	maxLines = 5000
	maxShown = 512 << 10
)

// file is one file as it is shown.
type file struct {
	at

	Lines             []string
	Size              int
	Binary, Cut       bool
	Markdown          template.HTML
	Submodule, Target string
}

func showFile(v *visit) (any, error) {
	p, err := v.place()
	if err != nil {
		return nil, err
	}
	answer, err := v.contents(p, "")
	if err != nil {
		return nil, err
	}
	var e entry
	if json.Unmarshal(answer, &e) != nil { // a folder's answer is a list
		return nil, elsewhere(v.link("tree", p.Ref, p.Path))
	}
	f := file{at: p, Size: e.Size, Target: e.Target}
	if e.Type == "submodule" {
		f.Submodule = e.SHA
	}
	if e.Type != "file" {
		return f, nil
	}
	text, err := v.contents(p, rawType)
	if err != nil {
		return nil, err
	}
	if f.Binary = !utf8.Valid(text) || strings.Contains(string(text), "\x00"); f.Binary {
		return f, nil
	}
	f.Lines, f.Cut = lines(string(text))
	if strings.EqualFold(path.Ext(p.Path), ".md") && !f.Cut && v.r.URL.Query().Get("plain") == "" {
		f.Markdown = v.file(at{Ref: p.Ref, Path: strings.TrimPrefix(path.Dir(p.Path), ".")}, string(text))
	}
	return f, nil
}

// lines is a text's, as many as are shown, each as much as is.
func lines(text string) (shown []string, cut bool) {
	if len(text) > maxShown {
		text, cut = strings.ToValidUTF8(text[:maxShown], ""), true
	}
	for line := range strings.Lines(text) {
		if len(shown) == maxLines {
			return shown, true
		}
		short, was := shorten(strings.TrimRight(line, "\r\n"), maxLine)
		shown, cut = append(shown, short), cut || was
	}
	return shown, cut
}

// maxLine is how many bytes of a line are shown.
const maxLine = 2000

func shorten(text string, most int) (short string, cut bool) {
	if len(text) <= most {
		return text, false
	}
	return strings.ToValidUTF8(text[:most], "") + " …", true
}

func (s *site) serveRaw(w http.ResponseWriter, r *http.Request) {
	v, err := s.enter(r)
	var p at
	var text []byte
	if err == nil {
		p, err = v.place()
	}
	if err == nil {
		text, err = v.contents(p, rawType)
	}
	if err != nil {
		s.refuse(w, v, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write(text) //nolint:gosec // it is no page: see the type, and nosniff in guarded
}

// editing is the form for a file.
type editing struct {
	at

	Text, SHA string
	New       bool
}

func editFile(v *visit) (any, error) {
	p, err := v.place()
	if err != nil {
		return nil, err
	}
	var e entry
	answer, err := v.contents(p, "")
	if err != nil {
		return nil, err
	}
	if json.Unmarshal(answer, &e) != nil || e.Type != "file" || e.Encoding != "base64" {
		return nil, &githubtest.RefusalError{Status: http.StatusUnprocessableEntity, Message: "Only files of less than a megabyte are edited here."}
	}
	text, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(e.Content, "\n", ""))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", p.Path, err)
	}
	return editing{at: p, Text: string(text), SHA: e.SHA}, nil
}

func newFile(v *visit) (any, error) {
	p, err := v.place()
	if p.Path != "" {
		p.Path += "/"
	}
	return editing{at: p, New: true}, err
}

// perPage is how many commits stand on a page.
const perPage = 30

func (v *visit) history(p at, count int) ([]commit, error) {
	var found []commit
	query := url.Values{"sha": {p.Ref}, "per_page": {strconv.Itoa(count)}, "page": {strconv.Itoa(v.page())}}
	if p.Path != "" {
		query.Set("path", p.Path)
	}
	return found, v.ask(&found, "repos/list-commits", nil, query)
}

// log is a branch's commits.
type log struct {
	at

	Commits     []commit
	Page, Older int
}

// Newer is the page before.
func (l log) Newer() int { return l.Page - 1 }

func showLog(v *visit) (any, error) {
	p, err := v.place()
	if err != nil {
		return nil, err
	}
	l := log{at: p, Page: v.page()}
	if l.Commits, err = v.history(p, perPage); len(l.Commits) == perPage {
		l.Older = l.Page + 1
	}
	return l, err
}

func showCommit(v *visit) (any, error) {
	var c commit
	if err := v.ask(&c, "repos/get-commit", params{"ref": v.r.PathValue("sha")}, nil); err != nil {
		return nil, err
	}
	return struct {
		commit

		Diff diff
	}{c, newDiff(c.Files)}, nil
}

func showCompare(v *visit) (any, error) {
	var found struct {
		Status  string    `json:"status"`
		Ahead   int       `json:"ahead_by"`
		Behind  int       `json:"behind_by"`
		Commits []commit  `json:"commits"`
		Files   []changed `json:"files"`
	}
	rest := v.r.PathValue("rest")
	base, head, both := strings.Cut(rest, "...")
	if !both {
		base, head = v.Repo.DefaultBranch, rest
	}
	if err := v.ask(&found, "repos/compare-commits-with-basehead", params{"basehead": base + "..." + head}, nil); err != nil {
		return nil, err
	}
	return struct {
		Base, Head, Status string
		Ahead, Behind      int
		Commits            []commit
		Diff               diff
	}{base, head, found.Status, found.Ahead, found.Behind, found.Commits, newDiff(found.Files)}, nil
}
