package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// TestStoryOfMerging is what merge policies make of a repository, from its first look on:
// a patch soaks and merges, a major waits, a pause and a freeze hold, and what was rolled
// back needs a person.
func TestStoryOfMerging(t *testing.T) {
	t.Parallel()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := beginMerging(t, at(t), patches, "web:1.0.0")
			l.push("web:1.0.1", "web:2.0.0")
			l.installs()
			l.has("web=1.0.1", "web=2.0.0")
			l.patchSoaks()
			l.majorWaits()
			l.pauseStops()
			l.revertHolds()
			l.freezePasses()
			l.look()
			l.look() // after what was built anew GitHub takes a moment to say whether it can be merged
			l.quiet()
		})
	}
}

// ofKind is the open pull request of the group that majors are apart in, or of the other.
func (l *life) ofKind(major bool) githubtest.Shown {
	l.t.Helper()
	for _, p := range l.open() {
		if strings.HasPrefix(p.Head, "imageupdater/all-major-") == major {
			return p
		}
	}
	l.t.Fatalf("it is not open: %+v", l.repo.Pulls())
	return githubtest.Shown{}
}

// tells makes sure what the verdict on a pull request is.
func (l *life) tells(p githubtest.Shown, conclusion, title string) {
	l.t.Helper()
	if v := l.verdict(p.HeadSHA); v.Status != "completed" || v.Conclusion != conclusion || v.Title != title {
		l.t.Errorf("the verdict on %d is %s %q, not %s %q:\n%s", p.Number, v.Conclusion, v.Title, conclusion, title, v.Summary)
	}
}

// hasOnMain makes sure which version main has.
func (l *life) hasOnMain(image string) {
	l.t.Helper()
	if got := l.repo.Read("main", l.file(image)); got != deployment(l.name(image)) {
		l.t.Errorf("main has %q, not %s", got, image)
	}
}

// arrives is a new patch, of which the checks have passed.
func (l *life) arrives(image string) githubtest.Shown {
	l.t.Helper()
	l.push(image)
	l.look()
	p := l.ofKind(false)
	l.repo.Check(p.HeadSHA, "ci", "build", "completed", "success")
	l.calm()
	if _, tag, _ := strings.Cut(image, ":"); !strings.HasSuffix(p.Title, " to "+tag) {
		l.t.Errorf("%s is proposed and not %s", p.Title, image)
	}
	return p
}

// dayPasses lets the time go by after which a patch may merge.
func (l *life) dayPasses() {
	l.t.Helper()
	l.wakes(l.hub.Now().Add(25 * time.Hour))
}

func (l *life) patchSoaks() {
	l.t.Helper()
	p := l.ofKind(false)
	l.repo.Check(p.HeadSHA, "ci", "build", "completed", "success")
	l.calm()
	l.tells(p, "neutral", "Waits: after")
	l.wakes(l.hub.Now().Add(23 * time.Hour))
	l.tells(p, "neutral", "Waits: after")
	l.hasOnMain("web:1.0.0")
	l.dayPasses()
	l.mergedByApp(p.Number)
	l.hasOnMain("web:1.0.1")
	l.audited(p.Number, p.HeadSHA)
}

func (l *life) majorWaits() {
	l.t.Helper()
	l.look()
	p := l.ofKind(true)
	l.repo.Check(p.HeadSHA, "ci", "build", "completed", "success")
	l.calm()
	l.dayPasses()
	l.has("web=2.0.0")
	l.tells(l.ofKind(true), "neutral", "Needs a person: auto")
}

func (l *life) pauseStops() {
	l.t.Helper()
	p := l.arrives("web:1.0.2")
	l.hub.Advance(time.Minute)
	l.obeys(p.Number, "/hold")
	l.dayPasses()
	l.tells(p, "failure", "Stopped: pause")
	l.hasOnMain("web:1.0.1")
	l.hub.Advance(time.Minute)
	l.obeys(p.Number, "/unhold")
	l.calm()
	l.mergedByApp(p.Number)
	l.hasOnMain("web:1.0.2")
}

func (l *life) revertHolds() {
	l.t.Helper()
	l.by("web:1.0.1")
	l.look()
	l.has("web=2.0.0") // and not what was rolled back
	p := l.arrives("web:1.0.3")
	l.dayPasses()
	l.tells(p, "neutral", "Needs a person: rollback")
	l.hasOnMain("web:1.0.1")
	l.hub.Advance(time.Minute)
	l.obeys(p.Number, "/unhold "+l.name("web"))
	l.calm()
	l.mergedByApp(p.Number)
	l.hasOnMain("web:1.0.3")
	// From now on it is as any other.
	p = l.arrives("web:1.0.4")
	l.dayPasses()
	l.mergedByApp(p.Number)
	l.hasOnMain("web:1.0.4")
}

func (l *life) freezePasses() {
	l.t.Helper()
	p := l.arrives("web:1.0.5")
	today := l.hub.Now().UTC().Truncate(24 * time.Hour)
	thaws := today.AddDate(0, 0, 4)
	l.settings(patches + fmt.Sprintf("freeze: [{from: %s, to: %s, reason: fair}]\n",
		today.Format(time.DateOnly), thaws.AddDate(0, 0, -1).Format(time.DateOnly)))
	l.calm()
	l.dayPasses()
	l.tells(p, "neutral", "Waits: freeze")
	if due := l.app.shown("acme/shop").NextLook; !due.Equal(thaws) {
		l.t.Errorf("the next look is at %s, and not when the freeze ends, at %s", due, thaws)
	}
	l.wakes(thaws.Add(-10 * time.Second))
	l.hasOnMain("web:1.0.4")
	l.wakes(thaws)
	l.mergedByApp(p.Number)
	l.hasOnMain("web:1.0.5")
}
