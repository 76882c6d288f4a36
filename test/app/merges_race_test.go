package app_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// whenGreen are settings under which patches merge by themselves as soon as their checks
// pass.
const whenGreen = `
schedule: 168h
defaults: {group: all}
rules:
  - match: {update: patch}
    merge: {auto: true}
`

// moment is one of a merge, at which something else happens.
type moment string

const (
	// judgedMoment is after the verdict, and before all is read once more.
	judgedMoment moment = "judged"
	// decidedMoment is after that, and before GitHub is asked to merge.
	decidedMoment moment = "decided"
	// mergingMoment is after GitHub looked, and before it moves the base.
	mergingMoment moment = "merged"
)

// happens lets something happen at that moment of the next merge, which begin begins.
func (m moment) happens(l *life, number int, begins, what func()) {
	l.t.Helper()
	done := false
	if m == mergingMoment {
		l.repo.DuringMerge(func() {
			done = true
			what()
		})
		begins()
		l.calm()
		if !done {
			l.t.Fatal("nothing was about to be merged")
		}
		return
	}
	operation := map[moment]string{judgedMoment: "checks/update", decidedMoment: "pulls/merge"}[m]
	held := l.hub.Fault(githubtest.Fault{Operation: operation, Nth: 1, Hold: true})
	begins()
	reached(l.t, held)
	what()
	for range 2 { // GitHub finds out anew whether it merges
		l.as("alice", "GET", fmt.Sprintf("/pulls/%d", number), nil)
	}
	held.Remove()
	l.calm()
}

// mergeRace is what may happen while the App merges, and how it is put right.
type mergeRace struct {
	name    string
	moments []moment
	happens func(l *life, p githubtest.Shown)
	// mends puts it right; nil where there is nothing to put right, and it is
	// merged all the same.
	mends func(l *life, p githubtest.Shown)
	// settings are others than whenGreen.
	settings string
	// others are the configurations of other repositories of acme, "" for none.
	others map[string]string
}

var (
	anyMoment = []moment{judgedMoment, decidedMoment, mergingMoment}
	atFirst   = []moment{judgedMoment}
)

// mergeRaces are those that GitHub or the App can notice. Which branch it goes to GitHub
// does not compare when it is asked to merge, nor what it does not require.
func mergeRaces() []mergeRace {
	other := map[string]*githubtest.File{"README.md": githubtest.Text("mine\n")}
	recreated := func(l *life, p githubtest.Shown) {
		l.hub.Advance(time.Minute)
		l.obeys(p.Number, "/recreate")
		l.passesBuild(l.one().HeadSHA)
	}
	return []mergeRace{
		{name: "the head is pushed to", moments: anyMoment, happens: func(l *life, p githubtest.Shown) {
			l.passesBuild(l.repo.Push(p.Head, "alice", "more", other))
		}, mends: recreated},
		{name: "the same is pushed by force", moments: anyMoment, happens: func(l *life, p githubtest.Shown) {
			l.passesBuild(l.repo.ForcePush(p.Head, "alice", "main", "the same", map[string]*githubtest.File{
				"deploy/web.yaml": githubtest.Text(deployment(l.name("web:1.0.1"))),
			}))
		}, mends: recreated},
		{name: "the base moves", moments: anyMoment, happens: func(l *life, _ githubtest.Shown) {
			l.repo.Push("main", "alice", "else", other)
		}},
		{name: "the base moves, which has to be in it", moments: anyMoment, happens: func(l *life, _ githubtest.Shown) {
			l.requires(githubtest.Rules{Strict: true})
			l.repo.Push("main", "alice", "else", other)
		}, mends: func(*life, githubtest.Shown) {}},
		{name: "the base changes the same lines", moments: anyMoment, happens: func(l *life, _ githubtest.Shown) {
			l.repo.Push("main", "alice", "by hand", map[string]*githubtest.File{"deploy/web.yaml": githubtest.Text(deployment(l.name("web:1.0.0")) + "# by hand\n")})
		}, mends: func(*life, githubtest.Shown) {}},
		{name: "retargeted", moments: []moment{judgedMoment, mergingMoment}, happens: func(l *life, p githubtest.Shown) {
			l.as("alice", "PATCH", fmt.Sprintf("/pulls/%d", p.Number), map[string]string{"base": "next"})
		}, mends: func(l *life, p githubtest.Shown) {
			l.as("alice", "PATCH", fmt.Sprintf("/pulls/%d", p.Number), map[string]string{"base": "main"})
		}},
		{
			name: "closed", moments: anyMoment, happens: func(l *life, p githubtest.Shown) { l.repo.ClosePull(p.Number, "alice") },
			mends: func(l *life, p githubtest.Shown) { l.repo.ReopenPull(p.Number, "alice") },
		},
		{name: "closed and opened again", moments: anyMoment, happens: func(l *life, p githubtest.Shown) {
			l.repo.ClosePull(p.Number, "alice")
			l.repo.ReopenPull(p.Number, "alice")
		}},
		{
			name: "a draft", moments: []moment{judgedMoment, decidedMoment}, happens: func(l *life, p githubtest.Shown) { l.repo.SetDraft(p.Number, "alice", true) },
			mends: func(l *life, p githubtest.Shown) { l.repo.SetDraft(p.Number, "alice", false) },
		},
		{name: "a required check fails", moments: anyMoment, happens: func(l *life, p githubtest.Shown) {
			l.repo.Check(p.HeadSHA, "ci", "build", "completed", "failure")
		}, mends: func(l *life, p githubtest.Shown) { l.passesBuild(p.HeadSHA) }},
		{name: "a required check runs again", moments: anyMoment, happens: func(l *life, p githubtest.Shown) {
			l.repo.Check(p.HeadSHA, "ci", "build", "in_progress", "")
		}, mends: func(l *life, p githubtest.Shown) { l.passesBuild(p.HeadSHA) }},
		{name: "another check fails", moments: atFirst, settings: strings.Replace(whenGreen, "auto: true", "auto: true, checks: all", 1), happens: func(l *life, p githubtest.Shown) {
			l.repo.Check(p.HeadSHA, "ci", "docs", "completed", "failure")
		}, mends: func(l *life, p githubtest.Shown) { l.repo.Check(p.HeadSHA, "ci", "docs", "completed", "success") }},
		{name: "a required review is dismissed", moments: anyMoment, happens: func(l *life, p githubtest.Shown) {
			l.repo.DismissReview(p.Number, l.approval(p.Number), "bob")
		}, mends: func(l *life, p githubtest.Shown) { l.repo.Review(p.Number, "bob", "APPROVED", "") }},
		{
			name: "a review that the policy wants is dismissed", moments: atFirst, settings: strings.Replace(whenGreen, "auto: true", "auto: true, approvals: 1", 1),
			happens: func(l *life, p githubtest.Shown) { l.repo.DismissReview(p.Number, l.approval(p.Number), "bob") },
			mends:   func(l *life, p githubtest.Shown) { l.repo.Review(p.Number, "bob", "APPROVED", "") },
		},
		{
			name: "its reviewer may not write any more", moments: atFirst, settings: strings.Replace(whenGreen, "auto: true", "auto: true, approvals: 1", 1),
			happens: func(l *life, _ githubtest.Shown) { l.repo.Collaborate("bob", "read") },
			mends: func(l *life, p githubtest.Shown) {
				l.repo.Collaborate("bob", "write")
				l.repo.Review(p.Number, "bob", "APPROVED", "")
			},
		},
		{
			name: "changes are requested", moments: atFirst, happens: func(l *life, p githubtest.Shown) { l.repo.Review(p.Number, "alice", "CHANGES_REQUESTED", "no") },
			mends: func(l *life, p githubtest.Shown) { l.repo.Review(p.Number, "alice", "APPROVED", "") },
		},
		{
			name: "paused", moments: atFirst, happens: func(l *life, p githubtest.Shown) { l.repo.Label(p.Number, "alice", proposal.PausedLabel) },
			mends: func(l *life, p githubtest.Shown) { l.obeys(p.Number, "/unhold") },
		},
		{
			name: "hold commented", moments: atFirst, happens: func(l *life, p githubtest.Shown) { l.repo.Comment(p.Number, "alice", "/hold") },
			mends: func(l *life, p githubtest.Shown) { l.obeys(p.Number, "/unhold") },
		},
		{name: "hold commented behind many orders", moments: atFirst, happens: func(l *life, p githubtest.Shown) {
			for range 50 { // as many as one look answers
				l.repo.Comment(p.Number, "alice", "/help")
			}
			l.repo.Comment(p.Number, "alice", "/hold")
		}, mends: func(l *life, p githubtest.Shown) { l.obeys(p.Number, "/unhold") }},
		{name: "hold commented by a stranger", moments: atFirst, happens: func(l *life, p githubtest.Shown) {
			l.repo.Comment(p.Number, "mallory", "/hold")
		}},
		{
			name: "labelled", moments: atFirst, happens: func(l *life, p githubtest.Shown) { l.repo.Label(p.Number, "alice", "do-not-merge") },
			mends: func(l *life, p githubtest.Shown) { l.repo.Unlabel(p.Number, "alice", "do-not-merge") },
		},
		{name: "a ruleset asks for more", moments: anyMoment, happens: func(l *life, _ githubtest.Shown) {
			l.repo.AddRuleset(githubtest.Ruleset{Name: "more", Rules: githubtest.Rules{Checks: []githubtest.RequiredCheck{{Context: "other"}}}})
		}, mends: func(l *life, p githubtest.Shown) { l.repo.Check(p.HeadSHA, "ci", "other", "completed", "success") }},
		{
			name: "the method is not allowed any more", moments: []moment{judgedMoment, decidedMoment}, settings: strings.Replace(whenGreen, "auto: true", "auto: true, method: squash", 1),
			happens: func(l *life, _ githubtest.Shown) {
				l.repo.SetMerging(githubtest.Merging{AllowMergeCommit: true})
			}, mends: func(l *life, _ githubtest.Shown) { l.repo.SetMerging(githubtest.Merging{AllowSquash: true}) },
		},
		{name: "another method is allowed", moments: []moment{judgedMoment, decidedMoment}, happens: func(l *life, _ githubtest.Shown) {
			l.repo.SetMerging(githubtest.Merging{AllowMergeCommit: true})
		}},
		{
			name: "the settings change", moments: atFirst, happens: func(l *life, _ githubtest.Shown) { l.settings("schedule: 168h\ndefaults: {group: all}\n") },
			mends: func(l *life, _ githubtest.Shown) { l.settings(whenGreen) },
		},
		{name: "frozen", moments: atFirst, happens: func(l *life, _ githubtest.Shown) {
			l.settings(whenGreen + "freeze: [{from: 2020-01-01, to: 2040-01-01, reason: fair}]\n")
		}, mends: func(l *life, _ githubtest.Shown) { l.settings(whenGreen) }},
	}
}

// requires lets main want a check, a review, and more.
func (l *life) requires(more githubtest.Rules) {
	more.Checks, more.Reviews = []githubtest.RequiredCheck{{Context: "build"}}, &githubtest.RequiredReviews{Approvals: 1}
	l.repo.Protect("main", githubtest.Protection{Rules: more})
}

// passesBuild is a good run of the required check.
func (l *life) passesBuild(sha string) { l.repo.Check(sha, "ci", "build", "completed", "success") }

// approval is the id of the first review.
func (l *life) approval(number int) int64 {
	l.t.Helper()
	var all []struct{ ID int64 }
	if err := json.Unmarshal(l.as("alice", "GET", fmt.Sprintf("/pulls/%d/reviews", number), nil), &all); err != nil || len(all) == 0 {
		l.t.Fatalf("%+v, %v", all, err)
	}
	return all[0].ID
}

// lostRaces let GitHub say so often that the base moved: fewer times than the App tries
// at once, and more.
func lostRaces() (all []mergeRace) {
	for _, times := range []int{1, 2, 3, 7} {
		all = append(all, mergeRace{
			name: fmt.Sprintf("GitHub says %d times that the base moved", times), moments: atFirst,
			happens: func(l *life, _ githubtest.Shown) { l.repo.LoseRace(times) },
		})
	}
	return all
}

// TestMergeRaces lets something happen while the App merges: between its verdict and
// its second look, between that and its word to GitHub, and while GitHub merges. What
// may not be merged any more is not, and is when that is put right. Each third is taken,
// at one of the moments, unless IMAGEUPDATER_ALL_CUTS is set.
func TestMergeRaces(t *testing.T) {
	t.Parallel()
	for n, c := range slices.Concat(mergeRaces(), lostRaces(), elsewhereRaces()) {
		for m, at := range c.moments {
			if os.Getenv(everything) == "" && (n%3 != 0 || m != n%len(c.moments)) {
				continue
			}
			t.Run(c.name+", when it is "+string(at), func(t *testing.T) {
				t.Parallel()
				l, p := aboutToMerge(t, storetest.SQLite(t), c)
				at.happens(l, p.Number, func() { l.passesBuild(p.HeadSHA) }, func() { c.happens(l, p) })
				if c.mends != nil {
					if l.merges() != 0 {
						t.Fatalf("it was merged: %+v", l.repo.Pulls())
					}
					c.mends(l, p)
					l.calm()
				}
				l.endsMerged(p.Number)
			})
		}
	}
}

// aboutToMerge is a pull request that is merged as soon as its required check passes.
func aboutToMerge(t *testing.T, place string, c mergeRace) (*life, githubtest.Shown) {
	t.Helper()
	l := beginMerging(t, place, cmp.Or(c.settings, whenGreen), "web:1.0.0")
	l.others = map[string]*githubtest.Repository{}
	for name, text := range c.others {
		files := map[string]string{"README.md": "for all\n"}
		if text != "" {
			files[".imageupdater.yaml"] = text
		}
		l.others[name] = l.hub.AddRepository(name, files)
		l.others[name].Collaborate("alice", "write")
	}
	l.repo.Push("next", "alice", "another branch", nil)
	l.requires(githubtest.Rules{})
	l.push("web:1.0.1")
	l.installs()
	p := l.one()
	l.repo.Check(p.HeadSHA, "ci", "build", "in_progress", "")
	l.repo.Review(p.Number, "bob", "APPROVED", "")
	l.calm()
	if v := l.verdict(p.HeadSHA); !strings.Contains(v.Title, "check") {
		t.Fatalf("%s %q\n%s", v.Conclusion, v.Title, v.Summary)
	}
	return l, p
}

// merges is how many pull requests were merged.
func (l *life) merges() int {
	return len(slices.DeleteFunc(l.repo.Pulls(), func(p githubtest.Shown) bool { return !p.Merged }))
}

// endsMerged lets time go by until a pull request is merged, and makes sure that it was
// once, by the App, and told.
func (l *life) endsMerged(number int) {
	l.t.Helper()
	for range 6 {
		for _, p := range l.open() { // what the App builds anew is checked anew
			if !slices.ContainsFunc(l.repo.Checks(p.HeadSHA), func(c githubtest.ShownCheck) bool { return c.Name == "build" }) {
				l.passesBuild(p.HeadSHA)
			}
		}
		l.calm()
		if l.merges() > 0 {
			break
		}
		l.wakes(l.app.shown("acme/shop").NextLook)
	}
	if l.merges() != 1 {
		for _, p := range l.open() {
			v := l.verdict(p.HeadSHA)
			l.t.Errorf("%d waits: %s\n%s", p.Number, v.Title, v.Summary)
		}
		l.t.Fatalf("%d were merged: %+v", l.merges(), l.repo.Pulls())
	}
	l.mergedByApp(number)
	for _, p := range l.repo.Pulls() {
		if p.Merged {
			l.audited(number, p.HeadSHA)
		}
	}
	l.wakes(l.app.shown("acme/shop").NextLook) // what that changed is told
	l.quiet()
}
