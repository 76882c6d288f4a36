package app_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// decided are the decisions of some kinds on acme/shop, oldest first.
func (l *life) decided(kinds ...string) []string {
	l.t.Helper()
	status, text := l.app.patient("GET", "/api/v1/decisions?repository=acme/shop", "")
	var got struct {
		Decisions []struct {
			Kind string
			What struct{ Head string }
		}
	}
	if err := json.Unmarshal(text, &got); err != nil || status != 200 {
		l.t.Fatalf("%d %s: %v", status, text, err)
	}
	all := []string{}
	for _, d := range slices.Backward(got.Decisions) {
		if slices.Contains(kinds, d.Kind) {
			all = append(all, d.Kind)
		}
	}
	return all
}

// native are the kinds of decisions on what GitHub does by itself.
func (l *life) natively(want ...string) {
	l.t.Helper()
	if got := l.decided("armed", "disarmed", "enqueued", "dequeued", "merged", "in the queue"); !slices.Equal(got, append([]string{}, want...)) {
		l.t.Errorf("logged are %q, not %q", got, want)
	}
}

// calls are how often the App did something since a mark.
func (l *life) calls(mark githubtest.Mark, operation string) int {
	return len(l.hub.Since(mark, githubtest.By(l.installation), githubtest.Of(operation)))
}

// queues are the two ways to have a merge queue, which wants the check `build`.
func queues() map[string]func(*life) {
	return map[string]func(*life){
		"ruleset": ruled(githubtest.Ruleset{MergeQueue: true, Rules: build(0)}),
		"classic": func(l *life) { l.repo.Protect("main", githubtest.Protection{MergeQueue: true, Rules: build(0)}) },
	}
}

// beginQueued is a repository whose queue has the App's pull request.
func beginQueued(t *testing.T, protect func(*life)) (*life, githubtest.Shown) {
	t.Helper()
	l := beginProtected(t, atOnce, protect)
	p := l.one()
	l.waitsFor("Waits: required check")
	if l.repo.MergeGroup(p.Number) != "" {
		t.Error("it is in the queue though a check is missing")
	}
	l.repo.Check(p.HeadSHA, "ci", "build", "completed", "success")
	l.calm()
	if l.repo.MergeGroup(p.Number) == "" {
		t.Fatalf("it is not in the queue: %+v", l.verdict(p.HeadSHA))
	}
	l.natively("enqueued")
	return l, p
}

// TestMergeQueue puts it into the queue at the commit that was judged, and ends what the
// queue has done.
func TestMergeQueue(t *testing.T) {
	t.Parallel()
	for name, protect := range queues() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, p := beginQueued(t, protect)
			calls := l.hub.Calls(githubtest.Of("enqueuePullRequest"))
			if len(calls) != 1 || !strings.Contains(string(calls[0].Request), `"expectedHeadOid":"`+p.HeadSHA+`"`) {
				t.Errorf("%v", calls)
			}
			l.look()
			l.quiet()
			l.repo.Check(l.repo.MergeGroup(p.Number), "ci", "build", "completed", "success")
			l.look()
			l.calm()
			l.has()
			if got := l.repo.Pulls()[0]; !got.Merged || l.repo.Branch(p.Head) != "" {
				t.Errorf("%+v, the branch is at %q", got, l.repo.Branch(p.Head))
			}
			l.natively("enqueued", "merged")
			l.toldNative("merge", "required check build: `success` met")
			l.look()
			l.quiet()
		})
	}
}

// TestMergeQueueWantsVerdict has the App's own check required of merge groups too.
func TestMergeQueueWantsVerdict(t *testing.T) {
	t.Parallel()
	l := beginProtected(t, atOnce, ruled(githubtest.Ruleset{
		MergeQueue: true, Rules: githubtest.Rules{Checks: []githubtest.RequiredCheck{{Context: verdictCheck, App: 0}}},
	}))
	l.look()
	l.calm()
	l.has()
	l.natively("enqueued", "merged")
}

// TestOutOfMergeQueue takes out what the policy agrees with no more, once, and leaves
// what people put there.
func TestOutOfMergeQueue(t *testing.T) {
	t.Parallel()
	for _, c := range outOfQueue() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l, p := beginQueued(t, queues()["ruleset"])
			mark := l.hub.Mark()
			c.happens(l, p)
			l.look()
			l.calm()
			if l.repo.MergeGroup(p.Number) != "" {
				t.Errorf("it is still in the queue: %+v", l.verdict(l.one().HeadSHA))
			}
			if n := l.calls(mark, "dequeuePullRequest"); n != c.calls {
				t.Errorf("it was taken out %d times", n)
			}
			l.natively(append([]string{"enqueued"}, slices.Repeat([]string{"dequeued"}, c.calls)...)...)
			l.look()
			l.quiet()
			l.one()
		})
	}
}

func outOfQueue() []struct {
	name    string
	calls   int
	happens func(*life, githubtest.Shown)
} {
	type tale = struct {
		name    string
		calls   int
		happens func(*life, githubtest.Shown)
	}
	return []tale{
		{"labelled", 1, func(l *life, p githubtest.Shown) { l.repo.Label(p.Number, "alice", "wip") }},
		{"paused", 1, func(l *life, p githubtest.Shown) { l.obeys(p.Number, "/hold") }},
		{"not wanted any more", 1, func(l *life, _ githubtest.Shown) { l.settings("schedule: 168h\ndefaults: {group: all}\n") }},
		{"broken settings", 1, func(l *life, _ githubtest.Shown) { l.settings("schedule: often\n") }},
		{"changes requested", 1, func(l *life, p githubtest.Shown) { l.repo.Review(p.Number, "bob", "CHANGES_REQUESTED", "no") }},
		{"pushed to", 0, func(l *life, p githubtest.Shown) { // GitHub takes it out
			head := l.repo.Push(p.Head, "alice", "more", map[string]*githubtest.File{"README.md": githubtest.Text("mine\n")})
			l.repo.Check(head, "ci", "build", "completed", "success")
		}},
	}
}

// TestQueueKeeps has GitHub refuse to take out what it is about to merge: that is tried
// again, and is said to be done when it is.
func TestQueueKeeps(t *testing.T) {
	t.Parallel()
	for name, logged := range map[string][]string{"as it is remembered": {"enqueued", "dequeued"}, "with the database lost": {"dequeued"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, p := beginQueued(t, queues()["ruleset"])
			kept := l.hub.Fault(githubtest.GraphQLError("dequeuePullRequest", "UNPROCESSABLE", "The merge queue entry is locked"))
			l.repo.Label(p.Number, "alice", "wip")
			if len(logged) == 1 {
				l.forget()
			}
			l.look()
			l.calm()
			if kept.Fired() == 0 || l.repo.MergeGroup(p.Number) == "" {
				t.Fatal("it was taken out, though GitHub refused")
			}
			l.natively(logged[:len(logged)-1]...)
			kept.Remove()
			l.look()
			l.calm()
			if l.repo.MergeGroup(p.Number) != "" {
				t.Errorf("it is still in the queue: %+v", l.verdict(l.one().HeadSHA))
			}
			l.natively(logged...)
		})
	}
}

// TestOutOfMergeQueueInTime takes out what is still in the queue when a window closes or a
// freeze begins, at that very time.
func TestOutOfMergeQueueInTime(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ends     func(now time.Time) time.Time
		settings func(ends time.Time) string
	}{
		"window": {
			func(now time.Time) time.Time { return now.Truncate(time.Minute).Add(3 * time.Hour) },
			func(ends time.Time) string {
				const clock = "15:04"
				return strings.Replace(atOnce, "auto: true", fmt.Sprintf("auto: true, window: [\"mon-sun %s-%s\"]", ends.Add(-2*time.Hour).Format(clock), ends.Format(clock)), 1)
			},
		},
		"freeze": {
			func(now time.Time) time.Time { return now.Truncate(24 * time.Hour).Add(24 * time.Hour) },
			func(ends time.Time) string {
				return atOnce + "freeze: [{from: " + ends.Format(time.DateOnly) + ", to: " + ends.Format(time.DateOnly) + "}]\n"
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := beginProtected(t, atOnce, queues()["ruleset"])
			p := l.one()
			ends := c.ends(l.hub.Now().UTC())
			l.settings(c.settings(ends))
			l.wakes(ends.Add(-20 * time.Minute)) // GitHub keeps nothing in it for an hour
			l.repo.Check(p.HeadSHA, "ci", "build", "completed", "success")
			l.calm()
			l.wakes(ends.Add(-time.Second))
			if l.repo.MergeGroup(p.Number) == "" {
				t.Errorf("it is not in the queue any more: %+v", l.verdict(p.HeadSHA))
			}
			if next := l.app.shown("acme/shop").NextLook; !next.Equal(ends) {
				t.Errorf("the next look is at %s, not at %s", next, ends)
			}
			l.wakes(ends)
			if l.repo.MergeGroup(p.Number) != "" {
				t.Error("it is still in the queue")
			}
			l.natively("enqueued", "dequeued")
			l.waitsFor("Waits: " + name)
			l.quiet()
		})
	}
}

// TestQueuedByPerson leaves alone what a person put into the queue, whatever the policy
// says.
func TestQueuedByPerson(t *testing.T) {
	t.Parallel()
	l := beginProtected(t, "schedule: 168h\ndefaults: {group: all}\n", queues()["classic"])
	p := l.one()
	l.repo.Check(p.HeadSHA, "ci", "build", "completed", "success")
	l.waitsFor("Needs a person: auto")
	l.repo.Enqueue(p.Number, "alice")
	l.look()
	l.calm()
	l.repo.Label(p.Number, "alice", "wip")
	l.look()
	l.calm()
	group := l.repo.MergeGroup(p.Number)
	if group == "" {
		t.Error("it was taken out")
	}
	l.repo.Check(group, "ci", "build", "completed", "success")
	l.look()
	l.has()
	l.natively()
}

// TestQueueFails puts in again what failed in the queue after an hour, then after two.
func TestQueueFails(t *testing.T) {
	t.Parallel()
	l, p := beginQueued(t, queues()["ruleset"])
	l.repo.Check(l.repo.MergeGroup(p.Number), "ci", "build", "completed", "failure")
	l.calm()
	mark := l.hub.Mark()
	for _, after := range []time.Duration{time.Hour, 2 * time.Hour} {
		at := l.hub.Now().Add(after)
		if next := l.app.shown("acme/shop").NextLook; next.After(at) || next.Before(at.Add(-time.Minute)) {
			t.Errorf("the next look is at %s, not at %s", next, at)
		}
		l.look()
		if l.repo.MergeGroup(p.Number) != "" {
			t.Error("it was put in again at once")
		}
		l.wakes(at)
		l.repo.Check(l.repo.MergeGroup(p.Number), "ci", "build", "completed", "failure")
		l.calm()
	}
	if n := l.calls(mark, "enqueuePullRequest"); n != 2 {
		t.Errorf("it was put into the queue %d times", n)
	}
}
