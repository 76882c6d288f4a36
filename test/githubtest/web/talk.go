package web

import (
	"cmp"
	"html/template"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// tally is how many there are of what a list can be narrowed to.
type tally struct {
	State        string
	Open, Closed int
}

func (t *tally) count(state string) {
	if state == "open" {
		t.Open++
		return
	}
	t.Closed++
}

// state is the one of the list that is looked at.
func (v *visit) state() string {
	if v.r.URL.Query().Get("state") == "closed" {
		return "closed"
	}
	return "open"
}

func listPulls(v *visit) (any, error) {
	all, err := list[pull](v, "pulls/list", nil, url.Values{"state": {"all"}})
	found := struct {
		tally

		Items []pull
	}{tally: tally{State: v.state()}}
	for _, p := range all {
		if found.count(p.State); p.State == found.State {
			found.Items = append(found.Items, p)
		}
	}
	return found, err
}

func listIssues(v *visit) (any, error) {
	all, err := list[issue](v, "issues/list-for-repo", nil, url.Values{"state": {"all"}})
	found := struct {
		tally

		Items []issue
	}{tally: tally{State: v.state()}}
	for _, i := range all {
		if i.PullRequest != nil {
			continue
		}
		if found.count(i.State); i.State == found.State {
			found.Items = append(found.Items, i)
		}
	}
	return found, err
}

func newIssue(*visit) (any, error) { return nil, nil } //nolint:nilnil // the form needs nothing

// talk is an issue, or what a pull request has of one.
type talk struct {
	Issue issue
	Body  template.HTML
	// Version is of the body that the boxes are of.
	Version string
	Said    []remark
}

// remark is a comment, or a review.
type remark struct {
	ID          int64
	At          time.Time
	By          account
	Association string
	Body        template.HTML
	Edited      bool
	Reactions   []reacted
	// Verdict is a review's: approved, changes_requested, commented, dismissed.
	Verdict string
}

// number is the path's, of an issue or a pull request.
func (v *visit) number() params {
	n := v.r.PathValue("number")
	return params{"issue_number": n, "pull_number": n}
}

func (v *visit) talk() (talk, error) {
	var t talk
	if err := v.ask(&t.Issue, "issues/get", v.number(), nil); err != nil {
		return t, err
	}
	t.Body, t.Version = v.boxed(t.Issue.Body), version(t.Issue.Body)
	comments, err := list[comment](v, "issues/list-comments", v.number(), nil)
	for _, c := range comments {
		t.Said = append(t.Said, remark{
			ID: c.ID, At: c.CreatedAt, By: c.User, Association: association(c.Association), Body: v.text(c.Body),
			Edited: c.UpdatedAt.After(c.CreatedAt), Reactions: v.reacted(c),
		})
	}
	return t, err
}

// association is what is said of who wrote, nothing of a stranger.
func association(text string) string {
	return map[string]string{
		"OWNER": "Owner", "MEMBER": "Member", "COLLABORATOR": "Collaborator", "CONTRIBUTOR": "Contributor",
	}[text]
}

// reacted is a reaction, and who gave it.
type reacted struct {
	Sign string
	By   []string
}

// signs are GitHub's reactions in its order.
func signs() [][2]string {
	return [][2]string{
		{"+1", "👍"}, {"-1", "👎"}, {"laugh", "😄"}, {"hooray", "🎉"}, {"confused", "😕"}, {"heart", "❤️"}, {"rocket", "🚀"}, {"eyes", "👀"},
	}
}

func (v *visit) reacted(c comment) []reacted {
	if count, _ := c.Reactions["total_count"].(float64); count == 0 {
		return nil
	}
	type given struct {
		Content string  `json:"content"`
		User    account `json:"user"`
	}
	all, err := list[given](v, "reactions/list-for-issue-comment", params{"comment_id": strconv.FormatInt(c.ID, 10)}, nil)
	if err != nil {
		return nil // deleted meanwhile
	}
	var found []reacted
	for _, sign := range signs() {
		r := reacted{Sign: sign[1]}
		for _, one := range all {
			if one.Content == sign[0] {
				r.By = append(r.By, one.User.Login)
			}
		}
		if len(r.By) > 0 {
			found = append(found, r)
		}
	}
	return found
}

func showIssue(v *visit) (any, error) {
	t, err := v.talk()
	if err == nil && t.Issue.PullRequest != nil {
		return nil, elsewhere(v.link("pull", v.r.PathValue("number")))
	}
	return t, err
}

// pullPage is all of a pull request.
type pullPage struct {
	talk

	Pull    pull
	Commits []commit
	Diff    diff
	Checks  []checkRun
	Status  []status
	// HeadGone is set where the head branch is no more.
	HeadGone bool
}

// Talk is what has been said, for a template that is given the whole.
func (p *pullPage) Talk() talk { return p.talk }

// CheckCount is how many checks and statuses the head has.
func (p *pullPage) CheckCount() int { return len(p.Checks) + len(p.Status) }

// Verdict is what GitHub says of merging it.
func (p *pullPage) Verdict() string {
	said := map[string]string{
		"clean": "It can be merged", "unstable": "It can be merged, though checks fail or are not done", "has_hooks": "It can be merged",
		"dirty": "It conflicts with its base", "behind": "Its branch is behind its base", "blocked": "Rules are against merging it",
		"draft": "It is a draft",
	}[p.Pull.MergeableState]
	return cmp.Or(said, "Whether it can be merged is not known yet")
}

func showPull(v *visit) (any, error) {
	var p pullPage
	if err := v.ask(&p.Pull, "pulls/get", v.number(), nil); err != nil {
		return nil, err
	}
	if p.Pull.State == "open" && p.Pull.Mergeable == nil { // GitHub finds out when it is first asked
		if err := v.ask(&p.Pull, "pulls/get", v.number(), nil); err != nil {
			return nil, err
		}
	}
	var err error
	if p.talk, err = v.talk(); err != nil {
		return nil, err
	}
	if err := v.reviews(&p); err != nil {
		return nil, err
	}
	if p.Commits, err = list[commit](v, "pulls/list-commits", v.number(), nil); err != nil {
		return nil, err
	}
	files, err := list[changed](v, "pulls/list-files", v.number(), nil)
	if err != nil {
		return nil, err
	}
	p.Diff = newDiff(files)
	branches, err := v.branches()
	if err != nil {
		return nil, err
	}
	p.HeadGone = !slices.Contains(branches, p.Pull.Head.Ref)
	p.Checks, p.Status, err = v.checks(p.Pull.Head.SHA)
	return &p, err
}

func (v *visit) reviews(p *pullPage) error {
	all, err := list[review](v, "pulls/list-reviews", v.number(), nil)
	for _, r := range all {
		p.Said = append(p.Said, remark{
			ID: r.ID, At: r.SubmittedAt, By: r.User, Association: association(r.Association), Body: v.text(r.Body), Verdict: verdict(r.State),
		})
	}
	slices.SortStableFunc(p.Said, func(a, b remark) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	return err
}

func verdict(state string) string {
	said := map[string]string{
		"APPROVED": "approved these changes", "CHANGES_REQUESTED": "requested changes", "DISMISSED": "had a review that was dismissed",
	}[state]
	return cmp.Or(said, "reviewed")
}

// checks is what Apps and others say of a commit. Who may not see it sees none.
func (v *visit) checks(sha string) ([]checkRun, []status, error) {
	var runs struct {
		All []checkRun `json:"check_runs"`
	}
	if err := v.ask(&runs, "checks/list-for-ref", params{"ref": sha}, url.Values{"per_page": {"100"}}); err != nil {
		return nil, nil, err
	}
	for i := range runs.All {
		if err := v.annotate(&runs.All[i]); err != nil {
			return nil, nil, err
		}
	}
	var combined struct {
		All []status `json:"statuses"`
	}
	return runs.All, combined.All, v.ask(&combined, "repos/get-combined-status-for-ref", params{"ref": sha}, nil)
}

func showCheck(v *visit) (any, error) {
	var k checkRun
	if err := v.ask(&k, "checks/get", params{"check_run_id": v.r.PathValue("id")}, nil); err != nil {
		return nil, err
	}
	return &k, v.annotate(&k)
}

// annotate adds what a check run says of lines.
func (v *visit) annotate(k *checkRun) error {
	if k.Output.Annotations == 0 {
		return nil
	}
	var err error
	k.Notes, err = list[annotation](v, "checks/list-annotations", params{"check_run_id": strconv.FormatInt(k.ID, 10)}, nil)
	return err
}

// inPull leads to a part of a pull request's page.
func inPull(part string) func(*visit) (any, error) {
	return func(v *visit) (any, error) {
		return nil, elsewhere(v.link("pull", v.r.PathValue("number")) + "#" + part)
	}
}

func repositoryPages() map[string]view {
	return map[string]view{
		"":                       {"folder", showFolder},
		"/tree/{rest...}":        {"folder", showFolder},
		"/blob/{rest...}":        {"file", showFile},
		"/edit/{rest...}":        {"edit", editFile},
		"/new/{rest...}":         {"edit", newFile},
		"/commits":               {"log", showLog},
		"/commits/{rest...}":     {"log", showLog},
		"/commit/{sha}":          {"commit", showCommit},
		"/compare/{rest...}":     {"compare", showCompare},
		"/pulls":                 {"pulls", listPulls},
		"/pull/{number}":         {"pull", showPull},
		"/pull/{number}/files":   {"pull", inPull("files")},
		"/pull/{number}/commits": {"pull", inPull("commits")},
		"/pull/{number}/checks":  {"pull", inPull("checks")},
		"/issues":                {"issues", listIssues},
		"/issues/new":            {"newissue", newIssue},
		"/issues/{number}":       {"issue", showIssue},
		"/runs/{id}":             {"check", showCheck},
	}
}
