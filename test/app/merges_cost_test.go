package app_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// protections are what a base may want of pull requests, from the least to ask for to the
// most.
func protections() map[string]func(*githubtest.Repository) {
	checks := githubtest.Rules{Checks: []githubtest.RequiredCheck{{Context: "build"}}}
	return map[string]func(*githubtest.Repository){
		"none":    func(*githubtest.Repository) {},
		"ruleset": func(r *githubtest.Repository) { r.AddRuleset(githubtest.Ruleset{Name: "checks", Rules: checks}) },
		"classic and queue": func(r *githubtest.Repository) {
			r.Protect("main", githubtest.Protection{Rules: checks, MergeQueue: true})
		},
	}
}

// cost is what the App asked of GitHub.
type cost struct{ requests, paid int }

// costs counts what the App asks while something happens, and names what is paid.
func (l *life) costs(happens func()) (cost, string) {
	l.t.Helper()
	mark := l.hub.Mark()
	happens()
	var c cost
	var paid []string
	for _, e := range l.hub.Since(mark, githubtest.By(l.installation)) {
		c.requests++
		if !e.Free() {
			c.paid++
			paid = append(paid, e.Operation)
		}
	}
	return c, strings.Join(paid, " ")
}

// TestCostOfDeciding counts what looks ask of GitHub for one and for ten pull requests that
// soak: while nothing happens but time, nothing that is paid.
func TestCostOfDeciding(t *testing.T) {
	t.Parallel()
	for name, protect := range protections() {
		for _, count := range []int{1, 10} {
			t.Run(fmt.Sprintf("%s, %d", name, count), func(t *testing.T) {
				t.Parallel()
				l := soaking(t, protect, count)
				waits, what := l.costs(func() { l.hub.Advance(time.Minute); l.app.rescan() })
				t.Logf("waiting: %+v %s", waits, what)
				if waits.paid > 0 {
					t.Errorf("a look while time passes pays for %d calls: %s", waits.paid, what)
				}
				p := l.open()[0]
				warm, what := l.costs(func() {
					l.repo.Check(p.HeadSHA, "ci", "lint", "completed", "success")
					l.calm()
				})
				t.Logf("warm: %+v %s", warm, what)
				l.forget()
				cold, what := l.costs(func() { l.hub.Advance(time.Minute); l.app.rescan() })
				t.Logf("cold: %+v %s", cold, what)
			})
		}
	}
}

// soaking is so many pull requests whose checks passed, and that only wait for their time.
func soaking(t *testing.T, protect func(*githubtest.Repository), count int) *life {
	t.Helper()
	var images, newer []string
	for n := range count {
		images = append(images, fmt.Sprintf("app%d:1.0.0", n))
		newer = append(newer, fmt.Sprintf("app%d:1.0.1", n))
	}
	settings := strings.ReplaceAll(patches, "{group: all}", "{group: '{{ .Image.Repository }}'}") + "pullRequests: {limit: 20, perHour: 20}\n"
	l := beginMerging(t, storetest.SQLite(t), settings, images...)
	protect(l.repo)
	l.push(newer...)
	l.installs()
	if open := l.open(); len(open) != count {
		t.Fatalf("%d are open", len(open))
	}
	for _, p := range l.open() {
		l.repo.Check(p.HeadSHA, "ci", "build", "completed", "success")
	}
	l.calm()
	for range 2 {
		l.look()
	}
	if !slices.ContainsFunc(l.open(), func(p githubtest.Shown) bool { return l.verdict(p.HeadSHA).Title == "Waits: after" }) {
		t.Fatalf("%s", l.verdict(l.open()[0].HeadSHA).Summary)
	}
	return l
}
