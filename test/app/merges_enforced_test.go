package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/handlers/run"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// beginEnforced is a repository whose owner wants something of all.
func beginEnforced(t *testing.T, settings, owner string) (*life, *githubtest.Repository) {
	t.Helper()
	l := beginMerging(t, file(t), settings, "web:1.0.0")
	rules := l.hub.AddRepository("acme/.imageupdater", map[string]string{".imageupdater.yaml": owner})
	l.push("web:1.0.1")
	l.installation = l.hub.Install("acme", grants(), l.repo, rules)
	l.app.settled(l.hub, "acme/shop")
	l.calm()
	return l, rules
}

// TestEnforcedNoMerging forbids what the repository wants, until the owner does not any
// more. A person may still order it.
func TestEnforcedNoMerging(t *testing.T) {
	t.Parallel()
	l, rules := beginEnforced(t, atOnce, "enforce: {merge: {auto: false}}\n")
	p := l.one()
	v := l.verdict(p.HeadSHA)
	if v.Conclusion != "failure" || !strings.Contains(v.Title, "auto") || !strings.Contains(v.Summary, "acme/.imageupdater") {
		t.Errorf("%+v", v)
	}
	l.look()
	l.quiet()
	rules.Commit("main", "they may", map[string]string{".imageupdater.yaml": "version: 1\n"})
	l.look()
	l.calm()
	l.mergedByApp(p.Number)
	rules.Commit("main", "they may not", map[string]string{".imageupdater.yaml": "enforce: {merge: {auto: false}}\n"})
	l.push("web:1.0.2")
	l.look()
	l.calm()
	p = l.one()
	l.hub.Advance(time.Minute)
	l.obeys(p.Number, "/merge")
	l.mergedByApp(p.Number)
}

// TestEnforcedAfter waits for the longer of two times, and for the more of approvals.
func TestEnforcedAfter(t *testing.T) {
	t.Parallel()
	l, _ := beginEnforced(t, strings.Replace(atOnce, "auto: true", "auto: true, after: 2h", 1), "enforce: {merge: {after: 12h, approvals: 1}}\n")
	p := l.one()
	l.waitsFor("Needs a person: approvals", "12 h", "acme/.imageupdater")
	l.repo.Review(p.Number, "alice", "APPROVED", "")
	l.waitsFor("Waits: after")
	l.wakes(l.hub.Now().Add(3 * time.Hour))
	l.waitsFor("Waits: after")
	l.quiet()
	l.wakes(l.hub.Now().Add(9 * time.Hour))
	l.mergedByApp(p.Number)
}

// TestEnforcedUnreadable merges nothing while nobody knows what is enforced.
func TestEnforcedUnreadable(t *testing.T) {
	t.Parallel()
	l, rules := beginEnforced(t, patches, "enforce: {merge: {after: 1h}}\n")
	p := l.one()
	l.repo.Check(p.HeadSHA, "ci", "build", "completed", "success")
	l.waitsFor("Waits: after")
	rules.Commit("main", "broken", map[string]string{".imageupdater.yaml": "enforce: {merge: {auto: perhaps}}\n"})
	l.look()
	l.wakes(l.hub.Now().Add(48 * time.Hour))
	l.look()
	l.one()
	if v := l.verdict(p.HeadSHA); v.Conclusion == "success" {
		t.Errorf("%+v", v)
	}
	l.quiet()
	rules.Commit("main", "mended", map[string]string{".imageupdater.yaml": "enforce: {merge: {after: 1h}}\n"})
	l.look()
	l.calm()
	l.mergedByApp(p.Number)
}

// TestEnforcedUnreadableOrdered has somebody order what never merges by itself, while
// nobody knows whether the owner has a freeze.
func TestEnforcedUnreadableOrdered(t *testing.T) {
	t.Parallel()
	const frozen = "enforce: {freeze: [{from: 2026-01-01, to: 2027-12-31, reason: holidays}]}\n"
	l, rules := beginEnforced(t, "schedule: 168h\ndefaults: {group: all, merge: {checks: none}}\n", frozen)
	for _, text := range []string{frozen + "enforced: false\n", frozen} {
		rules.Commit("main", "it is edited", map[string]string{".imageupdater.yaml": text})
		l.look()
		l.hub.Advance(time.Minute)
		l.obeys(l.one().Number, "/merge")
		l.look()
		if p := l.one(); p.Merged {
			t.Errorf("it is merged, under %q: %+v", text, l.verdict(p.HeadSHA))
		}
	}
	rules.Commit("main", "no holidays", map[string]string{".imageupdater.yaml": "version: 1\n"})
	p := l.one()
	l.look()
	l.calm()
	l.mergedByApp(p.Number)
}

// TestEnforcedByTheOperator holds for all repositories of a server.
func TestEnforcedByTheOperator(t *testing.T) {
	t.Parallel()
	l := beginMerging(t, file(t), atOnce, "web:1.0.0")
	l.app.stop()
	l.app = l.start("enforce: {merge: {auto: false}}\n")
	l.push("web:1.0.1")
	l.installs()
	if v := l.verdict(l.one().HeadSHA); v.Conclusion != "failure" || !strings.Contains(v.Title, "auto") {
		t.Errorf("%+v", v)
	}
	l.app.stop()
	l.app = l.start("")
	l.look()
	l.calm()
	l.has()
}

// onEnterprise is a GitHub that signs nothing, with a patch that waits for its time.
func onEnterprise(t *testing.T) (*life, githubtest.Shown) {
	t.Helper()
	l := beginOn(t, githubtest.Options{Unsigned: true}, file(t), patches, "web:1.0.0")
	l.push("web:1.0.0", "web:1.0.1")
	l.installs()
	p := l.one()
	l.repo.Check(p.HeadSHA, "ci", "build", "completed", "success")
	l.waitsFor("Waits: after")
	return l, p
}

// TestEnterpriseMerges goes by who wrote a commit and by what it has, where GitHub signs
// nothing.
func TestEnterpriseMerges(t *testing.T) {
	t.Parallel()
	l, p := onEnterprise(t)
	l.wakes(l.hub.Now().Add(25 * time.Hour))
	l.mergedByApp(p.Number)
	l.audited(p.Number, p.HeadSHA)
	if got := l.app.ends("acme/shop", run.Planned); len(got.Result.Refused) > 0 {
		t.Errorf("%+v", got.Result)
	}
}

// TestEnterpriseForged merges no commit that bears the App's name and has something else,
// be it pushed upon the App's or in its place.
func TestEnterpriseForged(t *testing.T) {
	t.Parallel()
	for name, from := range map[string]func(commit) string{
		"upon":     func(c commit) string { return c.SHA },
		"in place": func(c commit) string { return c.Parents[0].SHA },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, p := onEnterprise(t)
			ours := l.commit(p.HeadSHA)
			var tree struct{ SHA string }
			made := l.as("alice", http.MethodPost, "/git/trees", map[string]any{"base_tree": ours.Tree.SHA, "tree": []map[string]string{
				{"path": "deploy/web.yaml", "mode": "100644", "type": "blob", "content": deployment(l.name("web:1.0.1")) + "# and more\n"},
			}})
			if err := json.Unmarshal(made, &tree); err != nil {
				t.Fatal(err)
			}
			forged := ours
			forged.Tree.SHA = tree.SHA
			forged.Parents = []struct{ SHA string }{{from(ours)}}
			head := l.write(p.Head, forged, ours.Author)
			l.repo.Check(head, "ci", "build", "completed", "success")
			l.look()
			for range 2 {
				l.wakes(l.hub.Now().Add(25 * time.Hour))
				l.look()
			}
			now := l.one()
			if v := l.verdict(now.HeadSHA); !strings.HasPrefix(v.Title, "Stopped: ") || now.HeadSHA != head {
				t.Errorf("%s became %s: %s", fmt.Sprint(p), now.HeadSHA, v.Title)
			}
		})
	}
}
