package app_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// toldMerge is what the log of decisions has of a merge.
type toldMerge struct {
	Number  int
	Into    string
	Verdict struct{ Outcome string }
	Found   []struct{ About, Of, Now, State string }
}

// merge is the only one that is logged.
func (l *life) merge() toldMerge {
	l.t.Helper()
	status, text := l.app.patient("GET", "/api/v1/decisions?repository=acme/shop&kind=merged", "")
	var got struct{ Decisions []struct{ What toldMerge } }
	if err := json.Unmarshal(text, &got); err != nil || status != 200 || len(got.Decisions) != 1 {
		l.t.Fatalf("%d %s: %v", status, text, err)
	}
	return got.Decisions[0].What
}

// toldNative makes sure that the merge by GitHub is told with the verdict at which it was
// told to, and with what was found afterwards.
func (l *life) toldNative(outcome string, want ...string) {
	l.t.Helper()
	d := l.merge()
	var found []string
	for _, c := range d.Found {
		found = append(found, strings.TrimSpace(c.About+" "+c.Of)+": "+c.Now+" "+c.State)
	}
	all := strings.Join(found, "\n")
	for _, one := range append(want, "objections: nobody does met") {
		if !strings.Contains(all, one) || d.Verdict.Outcome != outcome || d.Into != "" {
			l.t.Errorf("%+v has no %q", d, one)
		}
	}
}

// TestViaGitHubUnread tells of a merge by GitHub all the same where what it was merged on
// cannot be read.
func TestViaGitHubUnread(t *testing.T) {
	t.Parallel()
	l, p := beginArmed(t)
	held := l.hub.Fault(githubtest.Fault{Operation: "checks/list-for-ref", Installation: l.installation.ID, Status: 404})
	l.repo.Check(p.HeadSHA, "ci", "build", "completed", "success")
	l.look()
	l.calm()
	held.Remove()
	l.mergedByApp(p.Number)
	l.toldNative("wait", "checks: not known: `GitHub does not find it for now` unknown")
}

// TestMergedAstray tells that a pull request went into another branch, as somebody
// retargets it in the moment in which GitHub is asked to merge: it compares the head alone.
func TestMergedAstray(t *testing.T) {
	t.Parallel()
	l, p := aboutToMerge(t, storetest.SQLite(t), mergeRace{})
	decidedMoment.happens(l, p.Number, func() { l.passesBuild(p.HeadSHA) }, func() {
		l.as("alice", "PATCH", fmt.Sprintf("/pulls/%d", p.Number), map[string]string{"base": "next"})
	})
	l.mergedByApp(p.Number)
	if d := l.merge(); d.Number != p.Number || d.Into != "next" || d.Found != nil {
		t.Errorf("%+v", d)
	}
}

// TestCommitMessages has merges say what the App's commit says, where GitHub would write
// the pull request's whole text into the history.
func TestCommitMessages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		merging githubtest.Merging
		via     string
		own     bool
	}{
		"squash, the text":     {githubtest.Merging{AllowSquash: true, SquashTitle: "PR_TITLE", SquashMessage: "PR_BODY"}, "", true},
		"squash, commits":      {githubtest.Merging{AllowSquash: true}, "", false},
		"squash, blank":        {githubtest.Merging{AllowSquash: true, SquashMessage: "BLANK", MergeMessage: "PR_BODY"}, "", false},
		"merge, the text":      {githubtest.Merging{AllowMergeCommit: true, MergeMessage: "PR_BODY"}, "", true},
		"merge, the title":     {githubtest.Merging{AllowMergeCommit: true, SquashMessage: "PR_BODY"}, "", false},
		"rebase":               {githubtest.Merging{AllowRebase: true, SquashMessage: "PR_BODY", MergeMessage: "PR_BODY"}, "", false},
		"by GitHub, the text":  {githubtest.Merging{AllowSquash: true, AllowAutoMerge: true, SquashMessage: "PR_BODY"}, ", via: github", true},
		"by GitHub, otherwise": {githubtest.Merging{AllowSquash: true, AllowAutoMerge: true}, ", via: github", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := strings.Replace(whenGreen, "auto: true", "auto: true"+c.via, 1)
			l := beginProtected(t, settings, func(l *life) { l.repo.SetMerging(c.merging); classic(build(0))(l) })
			p := l.one()
			l.calm()
			_, own, _ := strings.Cut(l.message(p.HeadSHA), "\n\n")
			l.passesBuild(p.HeadSHA)
			l.look()
			l.calm()
			l.mergedByApp(p.Number)
			title, text, _ := strings.Cut(l.message(l.repo.Branch("main")), "\n\n")
			if is := text == strings.TrimSpace(own); c.own && !is || title == "" || strings.Contains(text, "| Image |") {
				t.Errorf("%q, and not %q", text, own)
			}
			operation := "pulls/merge"
			if c.via != "" {
				operation = "enablePullRequestAutoMerge"
			}
			calls := l.hub.Calls(githubtest.Of(operation))
			if len(calls) != 1 || strings.Contains(string(calls[0].Request), "- deploy/web.yaml") != c.own || strings.Contains(string(calls[0].Request), "itle") {
				t.Errorf("%v", calls)
			}
		})
	}
}

// message is what a commit says.
func (l *life) message(sha string) string {
	l.t.Helper()
	var got struct{ Commit struct{ Message string } }
	if err := json.Unmarshal(l.as("alice", "GET", "/commits/"+sha, nil), &got); err != nil {
		l.t.Fatal(err)
	}
	return got.Commit.Message
}
