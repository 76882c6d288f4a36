package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// during lets something happen while the App is at a call: before its work is done,
// or after it.
func (l *life) during(operation string, when githubtest.When, what func()) {
	l.t.Helper()
	held := l.hub.Fault(githubtest.Fault{Operation: operation, Installation: l.installation.ID, Nth: 1, Hold: true, When: when})
	l.hub.Advance(time.Minute)
	made := l.app.asked("acme/shop")
	reached(l.t, held)
	what()
	held.Remove()
	made()
	l.sees()
}

// crowd has three updates and room for one pull request.
func crowd(t *testing.T) *life {
	t.Helper()
	l := begin(t, file(t), "pullRequests: {limit: 1, perHour: 50}\n", "api:1.0.0", "db:1.0.0", "web:1.0.0")
	l.push("api:1.0.0", "db:1.0.0", "web:1.0.0", "api:1.1.0", "db:1.1.0", "web:1.1.0")
	l.look()
	l.has("api=1.1.0")
	return l
}

// TestTickDuringALook ticks a box while the App looks, before it writes the dashboard.
func TestTickDuringALook(t *testing.T) {
	t.Parallel()
	l := crowd(t)
	l.ticks("alice", "open imageupdater/acme-web-")
	l.sees()
	l.push("api:1.2.0") // so that there is something to write
	l.during("pulls/update", githubtest.BeforeWork, func() { l.ticks("bob", "open imageupdater/acme-db-") })
	l.has("api=1.2.0", "db=1.1.0", "web=1.1.0")
	l.noTicks()
	l.quiet()
}

// TestTickDuringARewrite ticks boxes in the moment between the App's last reading of
// the dashboard and its writing, which takes the ticks away; and after that.
func TestTickDuringARewrite(t *testing.T) {
	t.Parallel()
	for name, when := range map[string]githubtest.When{"before": githubtest.BeforeWork, "after": githubtest.AfterWork} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := crowd(t)
			l.push("api:1.2.0")
			l.during("issues/update", when, func() {
				l.ticks("bob", "open imageupdater/acme-db-")
				l.ticks("alice", "open imageupdater/acme-web-")
				now := l.dashboard()
				l.repo.EditIssueBody(now.Number, "alice", "Ask Bob first.\n"+now.Body+"\nThanks!")
			})
			l.has("api=1.2.0", "db=1.1.0", "web=1.1.0")
			l.noTicks()
			if body := l.dashboard().Body; !strings.HasPrefix(body, "Ask Bob first.\n<!-- imageupdater:dashboard") || !strings.HasSuffix(body, "-->\nThanks!") {
				t.Errorf("what people wrote is gone:\n%s", body)
			}
			l.quiet()
		})
	}
}

// TestTickAfterALostNote has a note come in the moment between the App's last reading
// and its writing, and a tick before that is told.
func TestTickAfterALostNote(t *testing.T) {
	t.Parallel()
	l := crowd(t)
	l.push("api:1.2.0")
	l.hub.Hold()
	l.during("issues/update", githubtest.BeforeWork, func() {
		now := l.dashboard()
		l.repo.EditIssueBody(now.Number, "alice", "Ask Bob first.\n"+now.Body)
	})
	if strings.Contains(l.dashboard().Body, "Ask Bob") {
		t.Fatal("the note was not taken away")
	}
	l.ticks("bob", "open imageupdater/acme-web-")
	l.hub.Release(nil)
	l.sees()
	l.has("api=1.2.0", "web=1.1.0")
	l.noTicks()
	if body := l.dashboard().Body; !strings.HasPrefix(body, "Ask Bob first.\n<!-- imageupdater:dashboard") {
		t.Errorf("what people wrote is gone:\n%s", body)
	}
	l.quiet()
}

// TestOutsidersTick has people tick who may not write, as GitHub lets them: not at
// all. What they write in an issue of their own orders nothing.
func TestOutsidersTick(t *testing.T) {
	t.Parallel()
	l := crowd(t)
	l.repo.Collaborate("tina", "triage")
	l.repo.Collaborate("rita", "read")
	now := l.dashboard()
	for _, login := range []string{"mallory", "rita", "tina"} {
		if status, _ := l.tries(login, "PATCH", fmt.Sprintf("/issues/%d", now.Number), map[string]string{"body": l.ticked(now.Body, "open imageupdater/acme-web-")}); status != http.StatusForbidden {
			t.Errorf("%s: %d", login, status)
		}
		l.repo.OpenIssue(login, now.Title+" of "+login, l.ticked(now.Body, "open imageupdater/acme-web-"))
	}
	l.look()
	l.has("api=1.1.0")
	if got := l.dashboard(); got.Body != now.Body || got.Number != now.Number {
		t.Errorf("it changed:\n%s", got.Body)
	}
	// Not even when the database is lost, and the issue has to be found again.
	l.forget()
	l.look()
	l.has("api=1.1.0")
	if got := l.dashboard(); got.Number != now.Number {
		t.Errorf("%+v", got)
	}
	l.quiet()
}
