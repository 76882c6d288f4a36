package app_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

const verdictCheck = "imageupdater/merge-policy"

// beginMerging is begin with an App that may see all, and its first look.
func beginMerging(t *testing.T, place, settings string, images ...string) *life {
	t.Helper()
	l := begin(t, place, settings, images...)
	l.push(images...)
	return l
}

// sees lets the App look for the first time.
func (l *life) installs() {
	l.t.Helper()
	l.installation = l.hub.Install("acme", grants(), append(slices.Collect(maps.Values(l.others)), l.repo)...)
	l.app.settled(l.hub, "acme/shop")
	l.calm()
}

// verdict is the App's check of a commit.
func (l *life) verdict(sha string) githubtest.ShownCheck {
	l.t.Helper()
	found := slices.DeleteFunc(l.repo.Checks(sha), func(c githubtest.ShownCheck) bool { return c.Name != verdictCheck })
	if len(found) == 0 {
		l.t.Fatalf("%s has no verdict", sha)
	}
	return found[len(found)-1]
}

// judged makes sure that the only open pull request has a verdict by which it waits.
func (l *life) judged(title string) githubtest.ShownCheck {
	l.t.Helper()
	p := l.one()
	v := l.verdict(p.HeadSHA)
	if v.Status != "completed" || v.Conclusion != "neutral" || v.Title != title {
		l.t.Errorf("the verdict on %d is %s %q, not neutral %q:\n%s", p.Number, v.Conclusion, v.Title, title, v.Summary)
	}
	return v
}

// merges makes sure that a pull request is merged, by the App, and its branch gone.
func (l *life) mergedByApp(number int) {
	l.t.Helper()
	for _, p := range l.repo.Pulls() {
		if p.Number != number {
			continue
		}
		if !p.Merged || l.repo.MergedBy(number) != bot {
			l.t.Errorf("%d was not merged by the App: %+v", number, p)
		}
		if l.repo.Branch(p.Head) != "" {
			l.t.Errorf("%s is still there", p.Head)
		}
	}
}

// wakes lets the clock go on until the App looks by itself.
func (l *life) wakes(at time.Time) {
	l.t.Helper()
	l.passes(at)
	l.calm()
}

// patches are settings under which patches merge by themselves after a day.
const patches = `
schedule: 168h
defaults: {group: all}
rules:
  - match: {update: patch}
    merge: {auto: true, after: 24h}
`

// TestMergesAfterSoaking is what merge policies are for: a patch merges by itself when
// it is old enough and its checks pass; a major waits for a person.
func TestMergesAfterSoaking(t *testing.T) {
	t.Parallel()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := beginMerging(t, at(t), patches, "web:1.0.0")
			l.push("web:1.0.1")
			l.installs()
			first := l.one()
			l.judged("Waits: after, checks")
			if !strings.Contains(first.Body, "**Merging**: Merges by itself after 24 h when required checks pass: rule 0.") {
				t.Error(first.Body)
			}
			l.repo.Check(first.HeadSHA, "ci", "build", "completed", "success")
			l.calm()
			v := l.judged("Waits: after")
			if n := len(l.verdicts(first.HeadSHA)); n != 1 {
				t.Errorf("%d check runs", n)
			}
			l.quiet()
			if !strings.Contains(v.Summary, "24 h") {
				t.Error(v.Summary)
			}
			due := l.app.shown("acme/shop").NextLook
			if left := due.Sub(l.hub.Now()); left > 24*time.Hour || left < 23*time.Hour {
				t.Errorf("the next look is in %s", left)
			}
			l.app.stop() // what is due outlives the process
			l.app = l.start("")
			l.wakes(due.Add(-10 * time.Second))
			l.judged("Waits: after")
			l.wakes(due)
			l.mergedByApp(first.Number)
			if got := l.repo.Read("main", "deploy/web.yaml"); got != deployment(l.name("web:1.0.1")) {
				t.Errorf("main has %q", got)
			}
			l.audited(first.Number, first.HeadSHA)
			// A major is nothing that the rule is about.
			l.push("web:2.0.0")
			l.look()
			l.judged("Needs a person: auto")
			if p := l.one(); !strings.Contains(p.Body, "**Merging**: Waits for a person to merge it.") {
				t.Error(p.Body)
			}
			l.quiet()
		})
	}
}

// verdicts are the App's checks of a commit.
func (l *life) verdicts(sha string) []githubtest.ShownCheck {
	return slices.DeleteFunc(l.repo.Checks(sha), func(c githubtest.ShownCheck) bool { return c.Name != verdictCheck })
}

// audited makes sure that the log of decisions tells of a merge, once.
func (l *life) audited(number int, head string) {
	l.t.Helper()
	status, text := l.app.patient("GET", "/api/v1/decisions?repository=acme/shop&kind=merged", "")
	var got struct {
		Decisions []struct {
			What struct {
				Number  int
				Head    string
				SHA     string
				Why     string
				Verdict struct {
					Outcome    string
					Conditions []json.RawMessage
				}
			}
		}
	}
	if err := json.Unmarshal(text, &got); err != nil || status != 200 {
		l.t.Fatalf("%d %s: %v", status, text, err)
	}
	if len(got.Decisions) != 1 {
		l.t.Fatalf("%d merges are logged: %s", len(got.Decisions), text)
	}
	d := got.Decisions[0].What
	if d.Number != number || d.Head != head || d.SHA == "" || d.Verdict.Outcome != "merge" || len(d.Verdict.Conditions) < 10 || d.Why == "" {
		l.t.Errorf("%+v", d)
	}
}

// TestNeverMerges lets people do what makes a pull request no longer the App's, or
// restricts it, at the moment when it is about to be merged.
func TestNeverMerges(t *testing.T) {
	t.Parallel()
	for _, c := range neverMerged() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := beginMerging(t, storetest.SQLite(t), patches, "web:1.0.0")
			l.push("web:1.0.1")
			l.installs()
			p := l.one()
			l.repo.Check(p.HeadSHA, "ci", "build", "completed", "success")
			l.calm()
			c.happens(l, p)
			l.calm()
			l.wakes(l.hub.Now().Add(25 * time.Hour))
			now := l.one()
			v := l.verdict(now.HeadSHA)
			if now.Merged || v.Conclusion != c.conclusion || !strings.Contains(v.Title, c.title) {
				t.Errorf("%s %q\n%s", v.Conclusion, v.Title, v.Summary)
			}
			l.quiet()
		})
	}
}

func neverMerged() []struct {
	name              string
	happens           func(*life, githubtest.Shown)
	conclusion, title string
} {
	type tale = struct {
		name              string
		happens           func(*life, githubtest.Shown)
		conclusion, title string
	}
	other := map[string]*githubtest.File{"README.md": githubtest.Text("mine\n")}
	return []tale{
		{"pushed to", func(l *life, p githubtest.Shown) {
			l.repo.Check(l.repo.Push(p.Head, "alice", "more", other), "ci", "build", "completed", "success")
		}, "neutral", "Stopped: head"},
		{"pushed under", func(l *life, p githubtest.Shown) {
			l.repo.Check(l.repo.ForcePush(p.Head, "alice", "main", "the same", map[string]*githubtest.File{
				"deploy/web.yaml": githubtest.Text(deployment(l.name("web:1.0.1"))),
			}), "ci", "build", "completed", "success")
		}, "neutral", "Stopped: "},
		{"retargeted", func(l *life, p githubtest.Shown) {
			l.repo.Push("next", "alice", "another branch", nil)
			l.as("alice", "PATCH", fmt.Sprintf("/pulls/%d", p.Number), map[string]string{"base": "next"})
		}, "neutral", "Stopped: base"},
		{"paused", func(l *life, p githubtest.Shown) { l.obeys(p.Number, "/hold") }, "failure", "Stopped: pause"},
		{"labelled", func(l *life, p githubtest.Shown) { l.repo.Label(p.Number, "alice", "do-not-merge") }, "neutral", "Needs a person: labels"},
		{"changes requested", func(l *life, p githubtest.Shown) { l.repo.Review(p.Number, "bob", "CHANGES_REQUESTED", "no") }, "neutral", "objections"},
		{"check red", func(l *life, p githubtest.Shown) {
			l.repo.Check(p.HeadSHA, "ci", "build", "completed", "failure")
		}, "neutral", "checks"},
		{"status red", func(l *life, p githubtest.Shown) { l.repo.Status(p.HeadSHA, "deploy", "failure") }, "neutral", "checks"},
		{"frozen", func(l *life, _ githubtest.Shown) {
			l.settings(patches + "freeze: [{from: 2020-01-01, to: 2040-01-01, reason: fair}]\n")
		}, "neutral", "Waits: freeze"},
		{"not wanted any more", func(l *life, _ githubtest.Shown) { l.settings("schedule: 168h\ndefaults: {group: all}\n") }, "neutral", "Needs a person: auto"},
	}
}

// TestMergeOrdered merges at once what a person ordered, and nothing that is pushed
// afterwards.
func TestMergeOrdered(t *testing.T) {
	t.Parallel()
	l := beginMerging(t, storetest.SQLite(t), "schedule: 168h\n", "web:1.0.0")
	l.push("web:1.0.1")
	l.installs()
	p := l.one()
	l.judged("Needs a person: auto")
	l.repo.Check(p.HeadSHA, "ci", "build", "in_progress", "")
	l.calm()
	l.hub.Advance(time.Minute)
	l.obeys(p.Number, "/merge")
	answers := l.answers(p.Number)
	if len(answers) == 0 || !strings.Contains(answers[len(answers)-1], "ordered by") {
		t.Errorf("%q", answers)
	}
	l.judged("Waits: checks")
	l.repo.Check(p.HeadSHA, "ci", "build", "completed", "success")
	l.calm()
	l.mergedByApp(p.Number)
	l.audited(p.Number, p.HeadSHA)
	// The next one is another head.
	l.push("web:1.0.2")
	l.look()
	l.judged("Needs a person: auto")
	l.repo.Check(l.one().HeadSHA, "ci", "build", "completed", "success")
	l.calm()
	l.hub.Advance(time.Minute)
	l.obeys(l.one().Number, "/merge")
	l.has()
}

// TestNewerWaits lets a newer version wait while the time of an older one runs, and take
// its place when a check of that fails.
func TestNewerWaits(t *testing.T) {
	t.Parallel()
	l := beginMerging(t, storetest.SQLite(t), patches, "web:1.0.0")
	l.push("web:1.0.1")
	l.installs()
	p := l.one()
	l.push("web:1.0.2")
	l.look()
	l.has("web=1.0.1")
	if now := l.one(); now.HeadSHA != p.HeadSHA || !strings.Contains(now.Body, "1.0.2") {
		t.Errorf("%+v", now)
	}
	l.quiet()
	l.repo.Check(p.HeadSHA, "ci", "build", "completed", "failure")
	l.calm()
	l.has("web=1.0.2")
	if now := l.one(); now.Number != p.Number || !strings.HasSuffix(now.Title, "1.0.2") {
		t.Errorf("%+v", now)
	}
	l.repo.Check(l.one().HeadSHA, "ci", "build", "completed", "success")
	l.calm()
	l.judged("Waits: after")
	l.wakes(l.hub.Now().Add(25 * time.Hour))
	l.mergedByApp(p.Number)
}

// TestRolledBackNeedsPerson lets nothing merge by itself of an image that was rolled
// back, until a person lets it go on.
func TestRolledBackNeedsPerson(t *testing.T) {
	t.Parallel()
	l := beginMerging(t, storetest.SQLite(t), strings.ReplaceAll(patches, ", after: 24h", ", checks: none"), "web:1.0.0")
	l.push("web:1.0.1")
	l.installs()
	l.has() // at once
	l.by("web:1.0.0")
	l.look()
	l.has()
	l.push("web:1.0.2")
	l.look()
	l.has("web=1.0.2")
	l.judged("Needs a person: rollback")
	if p := l.one(); !strings.Contains(p.Body, "rolled back") {
		t.Error(p.Body)
	}
	l.obeys(l.one().Number, "/unhold "+l.name("web"))
	l.calm()
	l.has()
}

// TestRequiredVerdict puts the check onto everything that a branch requires it of.
func TestRequiredVerdict(t *testing.T) {
	t.Parallel()
	l := beginMerging(t, storetest.SQLite(t), strings.ReplaceAll(patches, ", after: 24h", ", checks: none"), "web:1.0.0")
	l.repo.Protect("main", githubtest.Protection{Rules: githubtest.Rules{Checks: []githubtest.RequiredCheck{{Context: verdictCheck, App: l.hub.App.ID}}}})
	l.repo.Push("topic", "alice", "of a person", map[string]*githubtest.File{"README.md": githubtest.Text("mine\n")})
	number := l.repo.OpenPull("alice", "Mine", "topic", "main")
	l.push("web:1.0.1")
	l.installs()
	l.calm()
	for _, p := range l.repo.Pulls() {
		if p.Number != number {
			l.mergedByApp(p.Number)
			continue
		}
		if v := l.verdict(p.HeadSHA); v.Conclusion != "success" {
			t.Errorf("%+v", v)
		}
	}
	l.repo.MergePull(number, "alice", "merge")
	l.calm()
	l.quiet()
}
