package web

import (
	"html/template"
	"strconv"
	"time"
)

func newIssue(*visit) (any, error) { return nil, nil }

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

// reacted is a reaction, how often it was given, and by whom where that is known.
type reacted struct {
	Sign  string
	Count int
	By    []string
}

// Shown are the reactions that were given, of whatever GitHub only counts.
func (r reactions) Shown() []reacted {
	var found []reacted
	for _, sign := range signs() {
		if count, _ := r[sign[0]].(float64); count > 0 {
			found = append(found, reacted{Sign: sign[1], Count: int(count)})
		}
	}
	return found
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
		if r.Count = len(r.By); r.Count > 0 {
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
