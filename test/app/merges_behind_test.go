package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// strict are rules by which a branch wants the check build, and its newest commit beneath
// whatever is merged.
func strict(reviews *githubtest.RequiredReviews) githubtest.Rules {
	rules := build(0)
	rules.Strict, rules.Reviews = true, reviews
	return rules
}

// moves lets somebody push something else to main.
func (l *life) moves(n int) {
	l.t.Helper()
	l.repo.Push("main", "alice", "something else", map[string]*githubtest.File{"README.md": githubtest.Text(fmt.Sprintln(n))})
	l.calm()
}

// rebuilt makes sure that the only pull request is built again, when the App looks by
// itself, and gives its new head, whose check passes.
func (l *life) rebuilt(was string) string {
	l.t.Helper()
	for range 3 {
		if l.one().HeadSHA != was {
			break
		}
		l.wakes(l.app.shown("acme/shop").NextLook)
	}
	now := l.one().HeadSHA
	if now == was {
		l.t.Fatalf("it was not built again: %+v\n%s", l.app.shown("acme/shop"), l.verdict(was).Summary)
	}
	l.passesBuild(now)
	l.calm()
	return now
}

// TestBehindAndBlocked says that a branch is behind though GitHub, which tells one thing
// alone, says that it is blocked.
func TestBehindAndBlocked(t *testing.T) {
	t.Parallel()
	for name, missing := range map[string]struct {
		rules githubtest.Rules
		title string
	}{
		"check":    {strict(nil), "Needs a person: required check, up to date"},
		"approval": {strict(&githubtest.RequiredReviews{Approvals: 1}), "Needs a person: required check, reviews, up to date"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := beginProtected(t, atOnce+"pullRequests: {rebase: never}\n", classic(missing.rules))
			p := l.one()
			l.repo.Check(p.HeadSHA, "ci", "build", "completed", "failure")
			l.calm()
			l.judged(strings.TrimSuffix(missing.title, ", up to date"))
			l.moves(0)
			l.judged(missing.title)
			l.waitsFor("comment `/rebase`")
			l.quiet()
			l.obeys(p.Number, "/rebase")
			l.repo.Check(l.one().HeadSHA, "ci", "build", "completed", "failure")
			l.calm()
			l.judged(strings.TrimSuffix(missing.title, ", up to date"))
		})
	}
}

// TestUpToDateBeforePeople builds the branch again before a person is asked, whose
// approval would be of another head otherwise.
func TestUpToDateBeforePeople(t *testing.T) {
	t.Parallel()
	const two = "schedule: 168h\ndefaults: {group: all, merge: {auto: true, checks: none, approvals: 1}}\n"
	for name, c := range map[string]struct {
		settings, title string
		reviews         *githubtest.RequiredReviews
	}{
		"policy":        {two, "Needs a person: approvals", nil},
		"branch":        {atOnce, "Needs a person: reviews", &githubtest.RequiredReviews{Approvals: 1}},
		"dismiss stale": {atOnce, "Needs a person: reviews", &githubtest.RequiredReviews{Approvals: 1, DismissStale: true}},
		"last push":     {atOnce, "Needs a person: reviews", &githubtest.RequiredReviews{Approvals: 1, LastPush: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := beginProtected(t, c.settings, classic(strict(c.reviews)))
			p := l.one()
			l.passesBuild(p.HeadSHA)
			l.calm()
			l.judged(c.title)
			l.moves(0)
			l.rebuilt(p.HeadSHA)
			l.judged(c.title)
			l.repo.Review(p.Number, "alice", "APPROVED", "")
			l.look()
			l.calm()
			l.mergedByApp(p.Number)
		})
	}
}

// TestNobodyReviews builds again less and less often where the base moves all the time and
// no person comes; and when one comes it goes on at once.
func TestNobodyReviews(t *testing.T) {
	t.Parallel()
	l := beginProtected(t, atOnce, classic(strict(&githubtest.RequiredReviews{Approvals: 1, DismissStale: true})))
	p := l.one()
	l.passesBuild(p.HeadSHA)
	l.calm()
	head, built := p.HeadSHA, []time.Time{l.hub.Now()}
	for l.moves(0); ; {
		next := l.app.shown("acme/shop").NextLook
		if len(built) > 20 || next.After(l.hub.Now().Add(4*time.Hour)) {
			break
		}
		l.wakes(next)
		if now := l.one().HeadSHA; now != head {
			head, built = now, append(built, l.hub.Now())
			l.passesBuild(head)
			l.moves(len(built))
		}
	}
	if len(built) != 5 {
		t.Errorf("built at %s", built)
	}
	for i := 2; i < len(built); i++ {
		if gap, least := built[i].Sub(built[i-1]), 50*time.Minute<<(i-2); gap < least {
			t.Errorf("built again after %s already, and not after %s", gap, least)
		}
	}
	l.waitsFor("Needs a person: reviews", "it is not: the branch is built again once")
	l.quiet()
	l.repo.Review(p.Number, "alice", "APPROVED", "")
	l.calm()
	head = l.rebuilt(head)
	l.judged("Needs a person: reviews")
	l.moves(-1)
	l.rebuilt(head) // somebody is there
	l.repo.Review(p.Number, "alice", "APPROVED", "")
	l.look()
	l.calm()
	l.mergedByApp(p.Number)
}

// beginOrdered is a pull request behind a strict branch, which merges by a person's order
// alone, and the head that it was given.
func beginOrdered(t *testing.T) (*life, githubtest.Shown) {
	t.Helper()
	l := beginProtected(t, "schedule: 168h\n", classic(strict(nil)))
	p := l.one()
	l.passesBuild(p.HeadSHA)
	l.calm()
	l.moves(0)
	l.judged("Needs a person: auto")
	l.hub.Advance(time.Minute)
	l.obeys(p.Number, "/merge")
	answers := l.answers(p.Number)
	if len(answers) == 0 || !strings.Contains(answers[len(answers)-1], "ordered by") || !strings.Contains(answers[len(answers)-1], "newer base") {
		t.Errorf("%q", answers)
	}
	return l, p
}

// TestOrderBehind carries out an order on a branch that is behind: it holds for the same
// updates on the newest base, however often that moves.
func TestOrderBehind(t *testing.T) {
	t.Parallel()
	l, p := beginOrdered(t)
	l.judged("Waits: up to date, github")
	was := p.HeadSHA
	for n := range 2 {
		for range 3 {
			if l.one().HeadSHA == was {
				l.wakes(l.app.shown("acme/shop").NextLook)
			}
		}
		v := l.verdict(l.one().HeadSHA)
		l.waitsFor("Waits: required check")
		if now := l.one(); now.HeadSHA == was || !strings.Contains(v.Summary, "`/merge` by") || !strings.Contains(now.Body, "ordered by") {
			t.Fatalf("%+v\n%s", now, v.Summary)
		}
		was = l.one().HeadSHA
		if n == 0 {
			l.moves(1)
			l.passesBuild(was)
			l.calm()
		}
	}
	l.passesBuild(was)
	l.calm()
	l.mergedByApp(p.Number)
	l.audited(p.Number, was)
	l.look()
	l.quiet()
}

// TestOrderWithRebase merges what one comment orders to be built again, and merged.
func TestOrderWithRebase(t *testing.T) {
	t.Parallel()
	l := beginProtected(t, "schedule: 168h\n", classic(strict(nil)))
	p := l.one()
	l.moves(0)
	l.hub.Advance(time.Minute)
	l.obeys(p.Number, "/rebase\n/merge")
	now := l.one()
	if now.HeadSHA == p.HeadSHA {
		t.Fatal("it was not built again")
	}
	l.passesBuild(now.HeadSHA)
	l.calm()
	l.mergedByApp(p.Number)
	l.audited(p.Number, now.HeadSHA)
}

// TestOrderBehindPushed takes an order for gone when somebody pushes onto what the App
// built, and one for the old head when there is a newer version.
func TestOrderBehindPushed(t *testing.T) {
	t.Parallel()
	for name, happens := range map[string]func(*life, githubtest.Shown){
		"by a person": func(l *life, p githubtest.Shown) {
			l.repo.Push(p.Head, "alice", "more", map[string]*githubtest.File{"more.md": githubtest.Text("mine\n")})
		},
		"by the App": func(l *life, _ githubtest.Shown) {
			l.push("web:1.0.2")
			l.look()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, p := beginOrdered(t)
			for range 3 {
				if l.one().HeadSHA == p.HeadSHA {
					l.wakes(l.app.shown("acme/shop").NextLook)
				}
			}
			built := l.one().HeadSHA
			happens(l, p)
			l.calm()
			l.passesBuild(l.one().HeadSHA)
			l.look()
			l.calm()
			now := l.one()
			v := l.verdict(now.HeadSHA)
			if built == p.HeadSHA || now.HeadSHA == built || now.Merged || strings.Contains(v.Summary, "`/merge` by") {
				t.Errorf("%+v\n%s", now, v.Summary)
			}
			l.quiet()
		})
	}
}
