package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/server/store/storetest"
)

// TestCost counts calls at 50 ms each, and prints the time that goes by.
func TestCost(t *testing.T) {
	l := begin(t, storetest.SQLite(t), "defaults: {enabled: false}\n", "web:1.0.0")
	l.hub.SetLatency(func(string) time.Duration { return 50 * time.Millisecond })
	l.push("web:1.0.0", "web:1.1.0")
	mark, began := l.hub.Mark(), time.Now()
	cost := func(what string, most int) {
		t.Helper()
		counted, names := 0, []string{}
		for _, e := range l.hub.Since(mark) {
			if !e.Free() {
				counted++
				names = append(names, e.Operation)
			}
		}
		t.Logf("%s: %d calls, %v: %s", what, counted, time.Since(began).Round(time.Millisecond), strings.Join(names, " "))
		if counted > most {
			t.Errorf("%s took %d calls, more than %d", what, counted, most)
		}
	}
	l.installation = l.hub.Install("acme", grants(), l.repo)
	l.app.settled(l.hub, "acme/shop")
	l.look()
	mark, began = l.hub.Mark(), time.Now()
	l.settings("version: 1\n")
	until(t, "it is opened", func() bool { return l.shown() == "web=1.1.0" })
	cost("from the webhook to the first pull request", 12)
	l.app.settled(l.hub, "acme/shop")
	l.look()
	l.push("web:1.2.0")
	l.hub.Advance(time.Minute)
	mark, began = l.hub.Mark(), time.Now()
	l.app.rescan()
	cost("an update of an open one", 12)
	l.look()
	mark, began = l.hub.Mark(), time.Now()
	l.look()
	cost("a look at what did not change", 0)
}
