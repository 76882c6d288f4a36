package app_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// The repositories that have a part in the configuration of acme/shop.
const (
	ownersRules = "acme/.imageupdater"
	extended    = "acme/settings"
)

// rewrites lets somebody push another configuration to another repository; "" removes it.
func (l *life) rewrites(repository, text string) {
	file := githubtest.Text(text)
	if text == "" {
		file = nil
	}
	l.others[repository].Push("main", "alice", "other settings", map[string]*githubtest.File{".imageupdater.yaml": file})
}

// elsewhereRaces are those in which the configuration changes elsewhere than in the
// repository.
func elsewhereRaces() (all []mergeRace) {
	const frozen, forbidden, nothing = "freeze: [{from: 2020-01-01, to: 2040-01-01}]", "{merge: {auto: false}}", "version: 1\n"
	for _, c := range []struct{ name, in, was, becomes, settings string }{
		{"the owner forbids it", ownersRules, nothing, "enforce: " + forbidden + "\n", ""},
		{"the owner freezes", ownersRules, "enforce: {merge: {after: 0s}}\n", "enforce: {" + frozen + "}\n", ""},
		{"the owner begins to enforce", ownersRules, "", "enforce: " + forbidden + "\n", ""},
		{"what is extended freezes", extended, nothing, frozen + "\n", "extends: [acme/settings]\n" + whenGreen},
		{"what the owner extends forbids it", extended, nothing, "enforce: " + forbidden + "\n", ""},
	} {
		others := map[string]string{c.in: c.was}
		if c.in == extended && c.settings == "" {
			others[ownersRules] = "extends: [acme/settings]\n"
		}
		all = append(all, mergeRace{
			name: c.name, moments: atFirst, settings: c.settings, others: others,
			happens: func(l *life, _ githubtest.Shown) { l.rewrites(c.in, c.becomes) },
			mends:   func(l *life, _ githubtest.Shown) { l.rewrites(c.in, c.was) },
		}, mergeRace{
			name: c.name + ", and nobody is told", moments: atFirst, settings: c.settings, others: others,
			happens: func(l *life, _ githubtest.Shown) {
				l.hub.Hold()
				l.rewrites(c.in, c.becomes)
			},
			mends: func(l *life, p githubtest.Shown) {
				l.wakes(l.hub.Now().Add(20 * time.Minute)) // it looks by itself
				for range 2 {
					if v := l.verdict(p.HeadSHA); l.merges() != 0 || v.Conclusion == "success" {
						l.t.Fatalf("%s: %+v", v.Title, l.repo.Pulls())
					}
					l.look()
				}
				l.rewrites(c.in, c.was)
				l.hub.Release(nil)
			},
		})
	}
	return all
}

// TestOwnerIsAskedForNothing merges without a paid question about a file of the owner that
// is not there, where there is no such repository either.
func TestOwnerIsAskedForNothing(t *testing.T) {
	t.Parallel()
	l, p := aboutToMerge(t, file(t), mergeRace{})
	paid := l.costs(func() {
		l.passesBuild(p.HeadSHA)
		l.calm()
	}).paid
	l.mergedByApp(p.Number)
	if paid["repos/get-content"] != 0 || paid["issues/list-comments-for-repo"] != 0 {
		t.Errorf("a merge pays for %s", fmt.Sprint(paid))
	}
}
