package web

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// act is what a form does, and the page that shows why it was refused. do says where
// to go afterwards.
type act struct {
	do   func(*visit) (to string, err error)
	view view
}

func acts() map[string]act {
	onPull, onIssue := view{"pull", showPull}, view{"issue", showIssue}
	return map[string]act{
		"/issues":                  {openIssue, view{"newissue", newIssue}},
		"/issues/{number}/comment": {comments, onIssue},
		"/issues/{number}/tick":    {tick, onIssue},
		"/issues/{number}/close":   {change("issues", "issues/update", "closed"), onIssue},
		"/issues/{number}/reopen":  {change("issues", "issues/update", "open"), onIssue},

		"/pulls":                         {openPull, view{"refused", func(*visit) (any, error) { return nil, nil }}},
		"/pull/{number}/comment":         {comments, onPull},
		"/pull/{number}/tick":            {tick, onPull},
		"/pull/{number}/close":           {change("pull", "pulls/update", "closed"), onPull},
		"/pull/{number}/reopen":          {change("pull", "pulls/update", "open"), onPull},
		"/pull/{number}/approve":         {judge("APPROVE"), onPull},
		"/pull/{number}/request-changes": {judge("REQUEST_CHANGES"), onPull},
		"/pull/{number}/merge":           {merge, onPull},
		"/pull/{number}/update-branch":   {updateBranch, onPull},
		"/pull/{number}/delete-branch":   {deleteBranch, onPull},
		"/pull/{number}/revert":          {revert, onPull},

		"/edit/{rest...}": {push, view{"edit", editFile}},
		"/new/{rest...}":  {push, view{"edit", newFile}},
	}
}

func (s *Site) serveAct(w http.ResponseWriter, r *http.Request, a act) {
	if err := r.ParseForm(); err != nil {
		s.refuse(w, s.visit(r), &githubtest.RefusalError{Status: http.StatusRequestEntityTooLarge, Message: "The form cannot be read, or holds more than 4 MB."})
		return
	}
	v, err := s.enter(r)
	if err != nil {
		s.refuse(w, v, err)
		return
	}
	to, err := a.do(v)
	if err != nil {
		s.render(w, v, a.view, err)
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// form is a field of the form, with line feeds alone: browsers send what the person
// never typed.
func (v *visit) form(field string) string {
	return strings.ReplaceAll(v.r.PostFormValue(field), "\r\n", "\n")
}

func openIssue(v *visit) (string, error) {
	var made issue
	err := v.do(&made, githubtest.Question{Operation: "issues/create", Body: map[string]string{"title": v.form("title"), "body": v.form("body")}})
	return v.link("issues", strconv.Itoa(made.Number)), err
}

func openPull(v *visit) (string, error) {
	return v.propose(map[string]string{"title": v.form("title"), "body": v.form("body"), "head": v.form("head"), "base": v.form("base")})
}

// propose opens a pull request, and says where it is.
func (v *visit) propose(pullRequest map[string]string) (string, error) {
	var made pull
	err := v.do(&made, githubtest.Question{Operation: "pulls/create", Body: pullRequest})
	return v.link("pull", strconv.Itoa(made.Number)), err
}

// talked is the page of the number that the path names, at its end.
func (v *visit) talked() string { return v.link("issues", v.r.PathValue("number")) + "#last" }

func comments(v *visit) (string, error) {
	return v.talked(), v.act("issues/create-comment", v.number(), map[string]string{"body": v.form("body")})
}

// change closes or reopens, and says first what was written.
func change(kind, operation, state string) func(*visit) (string, error) {
	return func(v *visit) (string, error) {
		if v.form("body") != "" {
			if err := v.act("issues/create-comment", v.number(), map[string]string{"body": v.form("body")}); err != nil {
				return "", err
			}
		}
		return v.link(kind, v.r.PathValue("number")) + "#last", v.act(operation, v.number(), map[string]string{"state": state})
	}
}

func judge(event string) func(*visit) (string, error) {
	return func(v *visit) (string, error) {
		return v.talked(), v.act("pulls/create-review", v.number(), map[string]string{"event": event, "body": v.form("body")})
	}
}

func merge(v *visit) (string, error) {
	return v.talked(), v.act("pulls/merge", v.number(), map[string]string{"merge_method": v.form("method"), "sha": v.form("sha")})
}

func updateBranch(v *visit) (string, error) {
	return v.talked(), v.act("pulls/update-branch", v.number(), map[string]string{"expected_head_sha": v.form("sha")})
}

func deleteBranch(v *visit) (string, error) {
	var p pull
	if err := v.ask(&p, "pulls/get", v.number(), nil); err != nil {
		return "", err
	}
	return v.talked(), v.act("git/delete-ref", params{"ref": "heads/" + p.Head.Ref}, nil)
}

// push commits one file to a branch, which is made first if there is none of the name.
func push(v *visit) (string, error) {
	p, err := v.place()
	if err != nil {
		return "", err
	}
	branch, path := v.form("branch"), strings.Trim(v.form("path"), "/")
	if err := v.begin(branch, p.Ref); err != nil {
		return "", err
	}
	body := map[string]string{
		"message": v.form("message"), "branch": branch, "content": base64.StdEncoding.EncodeToString([]byte(v.lines(p))),
	}
	if sha := v.form("sha"); sha != "" {
		body["sha"] = sha
	}
	if body["message"] == "" {
		body["message"] = map[bool]string{true: "Create ", false: "Update "}[body["sha"] == ""] + path
	}
	to := v.link("blob", branch, path)
	if branch != v.Repo.DefaultBranch {
		to = v.link("compare", v.Repo.DefaultBranch+"..."+branch)
	}
	return to, v.act("repos/create-or-update-file-contents", params{"path": path}, body)
}

// lines is the text of the form, with carriage returns if the file has them.
func (v *visit) lines(p at) string {
	text := v.form("text")
	if before, err := v.contents(p, rawType); err == nil && strings.Contains(string(before), "\r\n") {
		return strings.ReplaceAll(text, "\n", "\r\n")
	}
	return text
}

// begin makes a branch that is not there yet, from where the file was looked at.
func (v *visit) begin(branch, from string) error {
	err := v.ask(nil, "repos/get-branch", params{"branch": branch}, nil)
	refusal, refused := errors.AsType[*githubtest.RefusalError](err)
	switch {
	case branch == v.Repo.DefaultBranch: // the first file of all makes that one
		return nil
	case !refused || refusal.Status != http.StatusNotFound:
		return err
	}
	sha, err := v.commit(from)
	if err != nil {
		return err
	}
	return v.act("git/create-ref", nil, map[string]string{"ref": "refs/heads/" + branch, "sha": sha})
}
