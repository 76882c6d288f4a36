package app_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/imageupdater/imageupdater/handlers/run"
)

// asleep is a configuration under which nothing happens yet.
const asleep = "defaults: {enabled: false}\n"

// waits makes sure that an update is shown as one that waits, for what and until
// when, and that the next look comes then.
func (l *life) waits(image, why, detail string, until time.Time) {
	l.t.Helper()
	got := l.app.shown("acme/shop")
	at := slices.IndexFunc(got.Result.Held, func(h run.ReportedHeld) bool { return h.File == l.file(image) })
	if at < 0 {
		l.t.Fatalf("%s does not wait: %+v", image, got.Result)
	}
	held := got.Result.Held[at]
	if held.Why != why || held.Detail != detail || held.Until == nil || !held.Until.Equal(until) {
		l.t.Errorf("%s waits for %+v, until %v, want %s until %s", image, held, held.Until, why, until)
	}
	if !got.NextLook.Equal(until) {
		l.t.Errorf("the next look is at %s, not at %s", got.NextLook, until)
	}
}

// passes lets the clock go to a time; what is due then comes by itself.
func (l *life) passes(until time.Time) {
	l.t.Helper()
	l.hub.Advance(until.Sub(l.hub.Now()))
	l.app.tick(l.hub)
}

// times are the stories of what may not happen at any time. Looks are otherwise
// rare in them, so that it is the opening that brings one.
func times(web, both, next []string) []tale {
	return []tale{
		{"window", asleep, web, next, func(l *life) {
			opens := l.hub.Now().UTC().Truncate(time.Minute).Add(3 * time.Hour)
			const clock = "15:04"
			l.settings(fmt.Sprintf("schedule: 168h\ndefaults: {window: [\"mon-sun %s-%s\"]}\n", opens.Format(clock), opens.Add(2*time.Hour).Format(clock)))
			l.look()
			l.has()
			l.waits("web", "window", "", opens)
			l.quiet()
			l.passes(opens.Add(-10 * time.Second))
			l.has()
			l.passes(opens)
			l.has("web=1.1.0")
			// What is open is kept up to date at any time.
			l.hub.Advance(3 * time.Hour)
			l.push("web:1.2.0")
			l.look()
			l.has("web=1.2.0")
			l.one()
		}},
		{"freeze", "schedule: 168h\n", both, next, func(l *life) {
			l.has("web=1.1.0")
			first := l.one()
			today := l.hub.Now().UTC().Truncate(24 * time.Hour)
			thaws := today.AddDate(0, 0, 2)
			l.settings(fmt.Sprintf("schedule: 168h\nfreeze: [{from: %s, to: %s, reason: fair}]\n",
				today.Format(time.DateOnly), thaws.AddDate(0, 0, -1).Format(time.DateOnly)))
			l.push("api:1.1.0", "web:1.2.0")
			l.look()
			l.has("web=1.2.0")
			if l.one().Number != first.Number {
				l.t.Errorf("%+v", l.repo.Pulls())
			}
			l.waits("api", "freeze", "fair", thaws)
			l.quiet()
			l.passes(thaws.Add(-10 * time.Second))
			l.has("web=1.2.0")
			l.passes(thaws)
			l.has("web=1.2.0", "api=1.1.0")
		}},
	}
}
