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

// cost is what the App asked of GitHub, by the names of what it asked.
type cost struct{ all, paid map[string]int }

// log writes it down for BenchmarkDecision.
func (c cost) log(t *testing.T, protected string, count int, when string) {
	t.Helper()
	t.Logf("decision/%s/%d/%s: %d requests, %d paid: %v", strings.ReplaceAll(protected, " ", "-"), count, when, total(c.all), total(c.paid), c.paid)
}

func total(counts map[string]int, of ...string) int {
	count := 0
	for operation, n := range counts {
		if len(of) == 0 || slices.Contains(of, operation) {
			count += n
		}
	}
	return count
}

// costs counts what the App asks while something happens.
func (l *life) costs(happens func()) cost {
	l.t.Helper()
	mark := l.hub.Mark()
	happens()
	c := cost{map[string]int{}, map[string]int{}}
	for _, e := range l.hub.Since(mark, githubtest.By(l.installation)) {
		c.all[e.Operation]++
		if !e.Free() {
			c.paid[e.Operation]++
		}
	}
	return c
}

// Which calls a decision takes: for each pull request, and for all of a look; and those that
// only tell what is known from the look itself.
var (
	ofOne = []string{"pulls/get", "checks/list-for-ref", "repos/get-combined-status-for-ref", "pulls/list-reviews"}
	ofAll = []string{"repos/get-branch-rules", "repos/get-branch", "repos/get-branch-protection", "repos/get"}
	again = []string{"repos/compare-commits-with-basehead", "pulls/list-commits"}
)

// TestCostOfDeciding counts what looks ask of GitHub for one and for ten pull requests that
// soak: nothing that is paid while nothing but time passes, and with everything lost four
// calls for each, and four for all; one more each where GitHub could be about to merge it.
func TestCostOfDeciding(t *testing.T) {
	t.Parallel()
	for name, protect := range protections() {
		for _, count := range []int{1, 10} {
			t.Run(fmt.Sprintf("%s, %d", name, count), func(t *testing.T) {
				t.Parallel()
				l := soaking(t, protect, count)
				looking := func() { l.hub.Advance(time.Minute); l.app.rescan() }
				waiting := l.costs(looking)
				waiting.log(t, name, count, "waiting")
				if len(waiting.paid) > 0 {
					t.Errorf("a look while time passes pays for %v", waiting.paid)
				}
				p := l.open()[0]
				warm := l.costs(func() { l.repo.Check(p.HeadSHA, "ci", "lint", "completed", "success"); l.calm() })
				warm.log(t, name, count, "warm")
				cold := l.costs(func() { l.forget(); l.app.settled(l.hub, "acme/shop") })
				cold.log(t, name, count, "cold")
				native := 0
				if name != "none" {
					native = count
				}
				if total(cold.paid, ofOne...) > 4*count || total(cold.paid, ofAll...) > 4 || cold.paid["node"] > native || total(cold.paid, again...) > 0 {
					t.Errorf("deciding from nothing pays for %v", cold.paid)
				}
				// The plan asks for the files' list, the configuration and the files themselves.
				if cold.paid["git/get-tree"] > 1 || cold.paid["git/get-blob"] > count+1 {
					t.Errorf("files are asked for twice: %v", cold.paid)
				}
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
