package web

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
)

// pullPage is all of a pull request.
type pullPage struct {
	talk

	Pull    pull
	Commits []commit
	Diff    diff
	Checks  []checkRun
	Status  []status
	// Own is set where the head is a branch of the same repository, HeadGone where
	// that is no more.
	Own, HeadGone bool
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
	p.Own = p.Pull.Head.Repo != nil && p.Pull.Head.Repo.FullName == v.Repo.FullName
	p.HeadGone = p.Own && !slices.Contains(branches, p.Pull.Head.Ref)
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
