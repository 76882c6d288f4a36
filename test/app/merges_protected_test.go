package app_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// atOnce are settings under which patches merge as soon as the branch lets them.
const atOnce = `
schedule: 168h
defaults: {group: all}
rules:
  - match: {update: patch}
    merge: {auto: true, checks: none}
`

// beginProtected is a repository with a patch to propose, and rules on its branch,
// before the App is installed without some permissions.
func beginProtected(t *testing.T, settings string, protect func(*life), without ...string) *life {
	t.Helper()
	l := beginMerging(t, storetest.SQLite(t), settings, "web:1.0.0")
	protect(l)
	l.push("web:1.0.1")
	granted := grants()
	maps.DeleteFunc(granted, func(name, _ string) bool { return slices.Contains(without, name) })
	l.installation = l.hub.Install("acme", granted, l.repo)
	l.app.settled(l.hub, "acme/shop")
	l.calm()
	return l
}

// waitsFor makes sure that the only pull request is open, and that its verdict says why.
func (l *life) waitsFor(words ...string) {
	l.t.Helper()
	l.calm()
	v := l.verdict(l.one().HeadSHA)
	for _, w := range words {
		if v.Conclusion != "neutral" || !strings.Contains(v.Title+"\n"+v.Summary, w) {
			l.t.Errorf("the verdict is %s %q, not for %q:\n%s", v.Conclusion, v.Title, w, v.Summary)
		}
	}
}

// classic and ruled protect main.
func classic(rules githubtest.Rules) func(*life) {
	return func(l *life) { l.repo.Protect("main", githubtest.Protection{Rules: rules}) }
}

func ruled(set githubtest.Ruleset) func(*life) {
	return func(l *life) { l.repo.AddRuleset(set) }
}

func build(app int64) githubtest.Rules {
	return githubtest.Rules{Checks: []githubtest.RequiredCheck{{Context: "build", App: app}}}
}

func reviewed(r githubtest.RequiredReviews) githubtest.Rules { return githubtest.Rules{Reviews: &r} }

// protectedTale is a protection, and what people do until it is met.
type protectedTale struct {
	name    string
	protect func(*life)
	met     func(*life, githubtest.Shown)
}

// TestProtection merges nothing before a branch's protection is met, says what is
// missing, and merges then.
func TestProtection(t *testing.T) {
	t.Parallel()
	for _, c := range slices.Concat(checkTales(), reviewTales()) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := beginProtected(t, atOnce, c.protect)
			p := l.repo.Pulls()[0]
			c.met(l, p)
			l.look() // not all that happens is told
			l.calm()
			l.mergedByApp(p.Number)
			l.has()
			l.audited(p.Number, l.repo.Pulls()[0].HeadSHA)
		})
	}
}

func checkTales() []protectedTale {
	passes := func(l *life, p githubtest.Shown) {
		l.waitsFor("Waits: required check", "has not reported")
		l.repo.Check(p.HeadSHA, "ci", "build", "in_progress", "")
		l.waitsFor("Waits: required check", "in_progress")
		l.quiet()
		l.repo.Check(p.HeadSHA, "ci", "build", "completed", "success")
	}
	ofOne := func(protect func(*life, int64)) func(*life) {
		return func(l *life) { protect(l, l.hub.OtherApp("ci").ID) }
	}
	byImpostor := func(l *life, p githubtest.Shown) {
		l.repo.Check(p.HeadSHA, "impostor", "build", "completed", "success")
		l.waitsFor("Waits: required check", "has not reported")
		l.repo.Check(p.HeadSHA, "ci", "build", "completed", "success")
	}
	ruleOfOne := ofOne(func(l *life, id int64) { ruled(githubtest.Ruleset{Rules: build(id)})(l) })
	return []protectedTale{
		{"classic check", classic(build(0)), passes},
		{"check of a ruleset", ruled(githubtest.Ruleset{Rules: build(0)}), passes},
		{"classic check of an App", ofOne(func(l *life, id int64) { classic(build(id))(l) }), byImpostor},
		{"check of an App by a ruleset", ruleOfOne, byImpostor},
		{"status of an App", ruleOfOne, func(l *life, p githubtest.Shown) {
			l.repo.Status(p.HeadSHA, "build", "success") // by a person
			l.repo.Collaborate("ci[bot]", "write")
			l.waitsFor("Waits: required check")
			l.as("ci[bot]", "POST", "/statuses/"+p.HeadSHA, map[string]string{"state": "success", "context": "build"})
		}},
		{"status beside a check", classic(build(0)), func(l *life, p githubtest.Shown) {
			l.repo.Status(p.HeadSHA, "build", "pending")
			l.repo.Check(p.HeadSHA, "ci", "build", "completed", "success")
			l.waitsFor("Waits: required check", "pending")
			l.repo.Status(p.HeadSHA, "build", "success")
		}},
		{"failed check run again", classic(build(0)), func(l *life, p githubtest.Shown) {
			l.repo.Check(p.HeadSHA, "ci", "build", "completed", "failure")
			l.waitsFor("Needs a person: required check")
			l.hub.Advance(time.Minute)
			l.repo.Check(p.HeadSHA, "ci", "build", "completed", "success")
		}},
		{"linear history", ruled(githubtest.Ruleset{Rules: githubtest.Rules{LinearHistory: true}}), func(*life, githubtest.Shown) {}},
		{"only merge commits", ruled(githubtest.Ruleset{MergeMethods: []string{"merge"}, Rules: reviewed(githubtest.RequiredReviews{})}), func(*life, githubtest.Shown) {}},
		{"two rulesets", func(l *life) {
			ruled(githubtest.Ruleset{Name: "one", Rules: build(0)})(l)
			ruled(githubtest.Ruleset{Name: "two", Rules: reviewed(githubtest.RequiredReviews{Approvals: 1})})(l)
		}, func(l *life, p githubtest.Shown) {
			l.repo.Check(p.HeadSHA, "ci", "build", "completed", "success")
			l.waitsFor("Needs a person: reviews")
			l.repo.Review(p.Number, "alice", "APPROVED", "")
		}},
	}
}

func reviewTales() []protectedTale {
	one := githubtest.RequiredReviews{Approvals: 1}
	return []protectedTale{
		{"approval", classic(reviewed(one)), func(l *life, p githubtest.Shown) {
			l.waitsFor("Needs a person: reviews")
			l.quiet()
			l.repo.Collaborate("rita", "read")
			l.repo.Review(p.Number, "rita", "APPROVED", "nice")
			l.waitsFor("Needs a person: reviews")
			l.repo.Review(p.Number, "alice", "APPROVED", "")
		}},
		{"dismissed approval", ruled(githubtest.Ruleset{Rules: reviewed(githubtest.RequiredReviews{Approvals: 2})}), func(l *life, p githubtest.Shown) {
			id := l.repo.Review(p.Number, "alice", "APPROVED", "")
			l.repo.DismissReview(p.Number, id, "alice")
			l.repo.Review(p.Number, "bob", "APPROVED", "")
			l.waitsFor("Needs a person: reviews", "approved by `bob`")
			l.hub.Advance(time.Minute)
			l.repo.Review(p.Number, "alice", "APPROVED", "")
		}},
		{"stale approval", classic(reviewed(githubtest.RequiredReviews{Approvals: 2, DismissStale: true})), func(l *life, p githubtest.Shown) {
			l.repo.Review(p.Number, "alice", "APPROVED", "")
			l.calm()
			l.push("web:1.0.2")
			l.look()
			l.has("web=1.0.2")
			l.repo.Review(p.Number, "bob", "APPROVED", "")
			l.waitsFor("Needs a person: reviews", "approved by `bob`")
			l.repo.Review(p.Number, "alice", "APPROVED", "")
		}},
		{"approval of the last push", ruled(githubtest.Ruleset{Rules: reviewed(githubtest.RequiredReviews{Approvals: 1, LastPush: true})}), func(l *life, p githubtest.Shown) {
			l.waitsFor("Needs a person: reviews")
			l.repo.Review(p.Number, "alice", "APPROVED", "")
		}},
		{"code owners", func(l *life) {
			l.repo.Push("main", "alice", "owners", map[string]*githubtest.File{".github/CODEOWNERS": githubtest.Text("*.yaml @bob\n")})
			classic(reviewed(githubtest.RequiredReviews{Approvals: 1, CodeOwners: true}))(l)
		}, func(l *life, p githubtest.Shown) {
			l.repo.Review(p.Number, "alice", "APPROVED", "")
			l.waitsFor("Needs a person: reviews", "review_required")
			l.repo.Review(p.Number, "bob", "APPROVED", "")
		}},
		{"conversations", classic(githubtest.Rules{Conversations: true}), func(*life, githubtest.Shown) {}},
	}
}

// TestOpenConversation waits until it is resolved.
func TestOpenConversation(t *testing.T) {
	t.Parallel()
	rules := build(0)
	rules.Conversations = true
	l := beginProtected(t, atOnce, classic(rules))
	p := l.one()
	thread := l.repo.OpenThread(p.Number, "alice", "deploy/web.yaml")
	l.repo.Check(p.HeadSHA, "ci", "build", "completed", "success")
	l.waitsFor("Needs a person: conversations", "1 is not")
	l.quiet()
	l.repo.ResolveThread(p.Number, thread, "bob")
	l.look()
	l.calm()
	l.mergedByApp(p.Number)
}

// TestUpToDate builds the branch again once nothing else is missing, merges that, and
// does not build for ever where the base moves each time.
func TestUpToDate(t *testing.T) {
	t.Parallel()
	rules := build(0)
	rules.Strict = true
	l := beginProtected(t, atOnce, classic(rules))
	p := l.one()
	moves := func(n int) {
		l.repo.Push("main", "alice", "something else", map[string]*githubtest.File{"README.md": githubtest.Text(fmt.Sprintln(n))})
		l.calm()
	}
	moves(0)
	l.waitsFor("required check", "up to date")
	if now := l.one(); now.HeadSHA != p.HeadSHA {
		t.Error("it was built again though its check is missing")
	}
	heads := map[string]bool{p.HeadSHA: true}
	for n := range 4 {
		l.repo.Check(l.one().HeadSHA, "ci", "build", "completed", "success")
		l.waitsFor("up to date")
		l.wakes(l.app.shown("acme/shop").NextLook)
		l.wakes(l.app.shown("acme/shop").NextLook)
		head := l.one().HeadSHA
		if heads[head] {
			t.Fatalf("it was not built again: %+v", l.app.shown("acme/shop"))
		}
		heads[head] = true
		if n < 3 {
			moves(n + 1)
			l.quiet()
		}
	}
	if l.one().Number != p.Number {
		t.Errorf("%+v", l.repo.Pulls())
	}
	l.repo.Check(l.one().HeadSHA, "ci", "build", "completed", "success")
	l.calm()
	l.mergedByApp(p.Number)
	l.look()
	l.quiet()
}
