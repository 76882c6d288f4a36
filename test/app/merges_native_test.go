package app_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/handlers/run"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// viaGitHub are settings under which GitHub merges patches.
const viaGitHub = `
schedule: 168h
defaults: {group: all}
rules:
  - match: {update: patch}
    merge: {auto: true, checks: none, via: github}
`

// allows lets a repository's pull requests be merged by GitHub itself.
func (l *life) allows() {
	l.repo.SetMerging(githubtest.Merging{AllowMergeCommit: true, AllowSquash: true, AllowRebase: true, AllowAutoMerge: true})
}

// armedBy is who armed GitHub's auto-merge, "" for nobody.
func (l *life) armedBy(number int) string {
	l.t.Helper()
	text := string(l.as("alice", "GET", fmt.Sprintf("/pulls/%d", number), nil))
	_, after, is := strings.Cut(text, `"auto_merge":{`)
	if !is {
		return ""
	}
	_, after, _ = strings.Cut(after, `"login":"`)
	login, _, _ := strings.Cut(after, `"`)
	return login
}

// beginArmed is a repository whose pull request waits for `build` with GitHub told to
// merge it then.
func beginArmed(t *testing.T) (*life, githubtest.Shown) {
	t.Helper()
	l := beginProtected(t, viaGitHub, func(l *life) { l.allows(); classic(build(0))(l) })
	l.look()
	p := l.one()
	l.waitsFor("Waits: required check")
	if by := l.armedBy(p.Number); by != bot {
		t.Fatalf("it was armed by %q: %+v", by, l.verdict(p.HeadSHA))
	}
	l.natively("armed")
	l.quiet()
	return l, p
}

// TestViaGitHub lets GitHub merge when the last check has passed, and tells of it.
func TestViaGitHub(t *testing.T) {
	t.Parallel()
	l, p := beginArmed(t)
	mark := l.hub.Mark()
	l.repo.Check(p.HeadSHA, "ci", "build", "completed", "success")
	l.look()
	l.calm()
	l.mergedByApp(p.Number)
	l.natively("armed", "merged")
	l.toldNative("wait", "required check build: `success` met")
	if n := l.calls(mark, "pulls/merge"); n != 0 {
		t.Errorf("the App asked for it %d times", n)
	}
	l.look()
	l.quiet()
}

// TestViaGitHubTakenBack has GitHub told to merge no more as soon as the policy does not
// agree, once, so that the check that comes then merges nothing.
func TestViaGitHubTakenBack(t *testing.T) {
	t.Parallel()
	for name, happens := range map[string]func(*life, githubtest.Shown){
		"labelled":            func(l *life, p githubtest.Shown) { l.repo.Label(p.Number, "alice", "do-not-merge") },
		"paused":              func(l *life, p githubtest.Shown) { l.obeys(p.Number, "/hold") },
		"not wanted any more": func(l *life, _ githubtest.Shown) { l.settings("schedule: 168h\ndefaults: {group: all}\n") },
		"via the App": func(l *life, _ githubtest.Shown) {
			l.settings(strings.Replace(viaGitHub, ", via: github", ", after: 24h", 1))
		},
		"broken settings":   func(l *life, _ githubtest.Shown) { l.settings("schedule: often\n") },
		"changes requested": func(l *life, p githubtest.Shown) { l.repo.Review(p.Number, "bob", "CHANGES_REQUESTED", "no") },
		"pushed to": func(l *life, p githubtest.Shown) {
			l.repo.Push(p.Head, "alice", "more", map[string]*githubtest.File{"README.md": githubtest.Text("mine\n")})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, p := beginArmed(t)
			mark := l.hub.Mark()
			happens(l, p)
			l.look()
			l.calm()
			if by := l.armedBy(p.Number); by != "" {
				t.Errorf("it is still armed, by %q", by)
			}
			if n := l.calls(mark, "disablePullRequestAutoMerge"); n != 1 {
				t.Errorf("it was taken back %d times", n)
			}
			l.natively("armed", "disarmed")
			l.repo.Check(l.one().HeadSHA, "ci", "build", "completed", "success")
			l.look()
			l.quiet()
			l.one()
		})
	}
}

// TestViaGitHubOfNobody has a commit in the App's place that says nothing of updates: it
// is no business of the App's any more, and GitHub is not to merge it in its name.
func TestViaGitHubOfNobody(t *testing.T) {
	t.Parallel()
	l := beginOn(t, githubtest.Options{Unsigned: true}, file(t), viaGitHub, "web:1.0.0")
	l.allows()
	classic(build(0))(l)
	l.push("web:1.0.0", "web:1.0.1")
	l.installs()
	p := l.one()
	l.look()
	l.calm()
	if l.armedBy(p.Number) != bot {
		t.Fatalf("it is not armed: %+v", l.verdict(p.HeadSHA))
	}
	squashed := l.commit(p.HeadSHA)
	squashed.Message = "Image Updater's changes (#2)"
	l.write(p.Head, squashed, squashed.Author)
	l.look()
	l.calm()
	if by := l.armedBy(p.Number); by != "" {
		t.Errorf("it is still armed, by %s", by)
	}
	l.natively("armed", "disarmed")
}

// TestViaGitHubUnseen has GitHub told to merge no more while nobody can look at the files,
// and the log says why.
func TestViaGitHubUnseen(t *testing.T) {
	t.Parallel()
	l, p := beginArmed(t)
	l.hub.Fault(githubtest.Fault{Operation: "git/get-tree", Status: http.StatusUnprocessableEntity, Message: "No"})
	l.repo.Push("main", "alice", "more", map[string]*githubtest.File{"README.md": githubtest.Text("more\n")})
	l.calm()
	l.app.ends("acme/shop", run.Refused)
	if by := l.armedBy(p.Number); by != "" {
		t.Errorf("it is still armed, by %s", by)
	}
	l.natively("armed", "disarmed")
	if _, text := l.app.patient("GET", "/api/v1/decisions?repository=acme/shop&kind=disarmed", ""); !strings.Contains(string(text), "the files cannot be looked at") {
		t.Errorf("%s", text)
	}
}

// TestArmedByPerson leaves alone what a person told GitHub.
func TestArmedByPerson(t *testing.T) {
	t.Parallel()
	l := beginProtected(t, "schedule: 168h\ndefaults: {group: all}\n", func(l *life) { l.allows(); classic(build(0))(l) })
	p := l.one()
	l.repo.EnableAutoMerge(p.Number, "alice", "squash")
	l.look()
	l.repo.Label(p.Number, "alice", "wip")
	l.look()
	if by := l.armedBy(p.Number); by != "alice" {
		t.Errorf("it is armed by %q", by)
	}
	l.repo.Check(p.HeadSHA, "ci", "build", "completed", "success")
	l.look()
	l.has()
	l.natively()
}

// TestViaGitHubNotArmed merges by itself where GitHub does not let it be armed.
func TestViaGitHubNotArmed(t *testing.T) {
	t.Parallel()
	for name, protect := range map[string]func(*life){
		"not allowed": classic(build(0)),
		"clean":       func(l *life) { l.allows() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := beginProtected(t, viaGitHub, protect)
			p := l.repo.Pulls()[0]
			l.repo.Check(p.HeadSHA, "ci", "build", "completed", "success")
			l.look()
			l.calm()
			l.mergedByApp(p.Number)
			l.natively("merged")
		})
	}
}

// TestViaGitHubMeanwhile has the last check pass between the decision and the arming,
// which GitHub refuses then.
func TestViaGitHubMeanwhile(t *testing.T) {
	t.Parallel()
	for _, other := range []string{"success", "failure"} {
		t.Run(other, func(t *testing.T) {
			t.Parallel()
			l := beginProtected(t, viaGitHub, classic(build(0)))
			p := l.one()
			l.allows()
			l.during("enablePullRequestAutoMerge", githubtest.BeforeWork, func() {
				l.repo.Check(p.HeadSHA, "ci", "lint", "completed", other)
				l.repo.Check(p.HeadSHA, "ci", "build", "completed", "success")
			})
			l.wakes(l.hub.Now().Add(2 * time.Minute))
			l.mergedByApp(p.Number)
			l.natively("merged")
		})
	}
}

// TestViaGitHubGivenBack arms again in an hour what a person disarmed, and not at once.
func TestViaGitHubGivenBack(t *testing.T) {
	t.Parallel()
	l, p := beginArmed(t)
	l.repo.DisableAutoMerge(p.Number, "alice")
	l.look()
	l.look()
	if by := l.armedBy(p.Number); by != "" {
		t.Errorf("it was armed again at once, by %q", by)
	}
	l.wakes(l.hub.Now().Add(time.Hour))
	if by := l.armedBy(p.Number); by != bot {
		t.Errorf("it was not armed again, but by %q", by)
	}
	l.natively("armed", "armed")
}

// TestViaGitHubWithWindow is an error of the configuration, told where people see it.
func TestViaGitHubWithWindow(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string]string{
		"window": strings.Replace(viaGitHub, "via: github", "via: github, window: [\"mon-fri 09:00-16:00\"]", 1),
		"freeze": viaGitHub + "freeze: [{from: 2020-01-01, to: 2020-01-02}]\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, p := beginArmed(t)
			sha := l.proposed("settings", settings)
			l.look()
			v := l.checked(sha)
			if v.Conclusion != "failure" || len(v.Annotations) == 0 || !strings.Contains(v.Summary+fmt.Sprint(v.Annotations), "via: github") {
				t.Errorf("%+v", v)
			}
			l.settings(settings)
			l.look()
			const place = ".imageupdater.yaml:6:44"
			if got := l.app.ends("acme/shop", run.Broken); !strings.Contains(got.Result.Detail, place) {
				t.Errorf("%+v", got.Result)
			}
			told := func(i githubtest.ShownIssue) bool { return i.State == "open" && strings.Contains(i.Body, place) }
			if !slices.ContainsFunc(l.repo.Issues(), told) {
				t.Errorf("no issue says so: %+v", l.repo.Issues())
			}
			l.repo.Check(p.HeadSHA, "ci", "build", "completed", "success")
			l.look()
			if got := l.repo.Pulls()[0]; got.Merged {
				t.Error("it was merged")
			}
		})
	}
}

// TestViaGitHubNotYet arms nothing while more is missing than GitHub waits for by itself,
// and arms what waits for a review.
func TestViaGitHubNotYet(t *testing.T) {
	t.Parallel()
	rules := build(0)
	rules.Reviews = &githubtest.RequiredReviews{Approvals: 1}
	l := beginProtected(t, strings.Replace(viaGitHub, "checks: none", "checks: [lint], after: 2h", 1), func(l *life) { l.allows(); classic(rules)(l) })
	p := l.one()
	not := func(why string) {
		t.Helper()
		l.calm()
		if by := l.armedBy(p.Number); by != "" {
			t.Errorf("it was armed by %q though this is missing: %s", by, why)
		}
	}
	not("time")
	l.wakes(l.hub.Now().Add(3 * time.Hour))
	not("lint")
	l.repo.Check(p.HeadSHA, "ci", "lint", "completed", "success")
	l.calm()
	if by := l.armedBy(p.Number); by != bot {
		t.Errorf("it was armed by %q: %+v", by, l.verdict(p.HeadSHA))
	}
	l.repo.Check(p.HeadSHA, "ci", "lint", "completed", "failure")
	not("lint, which failed")
	l.hub.Advance(time.Minute)
	l.repo.Check(p.HeadSHA, "ci", "lint", "completed", "success")
	l.calm()
	l.repo.Check(p.HeadSHA, "ci", "build", "completed", "success")
	l.repo.Review(p.Number, "alice", "APPROVED", "")
	l.look()
	l.calm()
	l.mergedByApp(p.Number)
	l.natively("armed", "disarmed", "armed", "merged")
}
