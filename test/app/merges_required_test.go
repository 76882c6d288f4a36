package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// ownRequired are the ways in which a branch requires the App's verdict of whatever is
// merged.
func ownRequired() map[string]func(*life) {
	rules := func(app int64) githubtest.Rules {
		return githubtest.Rules{Checks: []githubtest.RequiredCheck{{Context: verdictCheck, App: app}}}
	}
	return map[string]func(*life){
		"classic":           func(l *life) { classic(rules(0))(l) },
		"classic, by App":   func(l *life) { classic(rules(l.hub.App.ID))(l) },
		"ruleset":           func(l *life) { ruled(githubtest.Ruleset{Rules: rules(0)})(l) },
		"ruleset, by App":   func(l *life) { ruled(githubtest.Ruleset{Rules: rules(l.hub.App.ID)})(l) },
		"ruleset, and more": func(l *life) { ruled(githubtest.Ruleset{Rules: rules(0)})(l); classic(build(0))(l) },
	}
}

// TestOwnCheckRequired merges its own pull requests though they wait for its own check,
// and only when all else is met.
func TestOwnCheckRequired(t *testing.T) {
	t.Parallel()
	for name, protect := range ownRequired() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := beginProtected(t, patches, protect)
			p := l.one()
			l.repo.Check(p.HeadSHA, "ci", "build", "completed", "success")
			l.waitsFor("Waits: after")
			l.quiet()
			mark := l.hub.Mark()
			l.wakes(l.hub.Now().Add(25 * time.Hour))
			l.mergedByApp(p.Number)
			l.audited(p.Number, p.HeadSHA)
			said := false // before it was merged
			for _, e := range l.hub.Since(mark, githubtest.By(l.installation)) {
				said = said || strings.HasPrefix(e.Operation, "checks/") && e.Writes()
				if e.Operation == "pulls/merge" && (!said || e.Status != 200) {
					t.Errorf("%s, told before: %t", e, said)
				}
			}
			if n := len(l.verdicts(p.HeadSHA)); n != 1 {
				t.Errorf("%d check runs", n)
			}
		})
	}
}

// passed is how many verdicts of success a commit has. Any other is a mistake.
func (l *life) lets(sha string) int {
	l.t.Helper()
	all := l.verdicts(sha)
	for _, v := range all {
		if v.Conclusion != "success" || v.Status != "completed" {
			l.t.Errorf("%s has %+v", sha, v)
		}
	}
	return len(all)
}

// TestOwnCheckOfOthers passes what is not the App's business: people's pull requests, be
// they drafts or from forks, its own for the configuration, and merge groups.
func TestOwnCheckOfOthers(t *testing.T) {
	t.Parallel()
	l := beginProtected(t, patches, ownRequired()["ruleset, by App"])
	ours := l.one()
	mine := func(branch, base string) int {
		l.repo.Push(branch, "alice", "of a person", map[string]*githubtest.File{branch + ".md": githubtest.Text("mine\n")})
		return l.repo.OpenPull("alice", "Mine", branch, base)
	}
	plain, draft := mine("plain", "main"), mine("draft", "main")
	elsewhere := mine("elsewhere", "plain")
	l.repo.SetDraft(draft, "alice", true)
	fork := l.hub.Fork(l.repo, "carol")
	fork.Push("topic", "carol", "of a stranger", map[string]*githubtest.File{"fork.md": githubtest.Text("mine\n")})
	l.repo.OpenPull("carol", "From afar", "carol:topic", "main")
	l.obeys(ours.Number, "/ignore minor")
	l.look()
	l.calm()
	seen := 0
	for _, p := range l.repo.Pulls() {
		want := 1
		switch p.Number {
		case ours.Number:
			continue
		case elsewhere:
			want = 0
		}
		if got := l.lets(p.HeadSHA); got != want {
			t.Errorf("%d, %s, has %d verdicts, not %d", p.Number, p.Title, got, want)
		}
		seen++
	}
	if seen != 5 {
		t.Errorf("%d other pull requests: %+v", seen, l.repo.Pulls())
	}
	group := l.repo.CheckMergeGroup(plain)
	l.look()
	l.calm()
	if l.lets(group) != 1 {
		t.Errorf("the merge group has %+v", l.verdicts(group))
	}
	l.quiet()
	// What is pushed anew is passed anew.
	head := l.repo.Push("plain", "alice", "more", map[string]*githubtest.File{"more.md": githubtest.Text("mine\n")})
	l.calm()
	if l.lets(head) != 1 {
		t.Errorf("what was pushed has %+v", l.verdicts(head))
	}
	l.quiet()
}

// TestOwnCheckOfOthersAgain is told once more when somebody asks for it.
func TestOwnCheckOfOthersAgain(t *testing.T) {
	t.Parallel()
	l := beginProtected(t, patches, ownRequired()["ruleset"])
	head := l.repo.Push("topic", "alice", "of a person", map[string]*githubtest.File{"README.md": githubtest.Text("mine\n")})
	l.repo.OpenPull("alice", "Mine", "topic", "main")
	l.calm()
	for n := range 3 {
		if got := l.lets(head); got != n+1 {
			t.Fatalf("%d verdicts, not %d", got, n+1)
		}
		l.look()
		l.quiet()
		l.repo.RerequestCheck(l.verdict(head).ID, "alice")
		l.calm()
	}
}

// TestOwnCheckOfSameCommit keeps the verdict on a pull request of the App's where a person
// opens another one with its commit.
func TestOwnCheckOfSameCommit(t *testing.T) {
	t.Parallel()
	l := beginProtected(t, patches, ownRequired()["ruleset"])
	p := l.one()
	l.obeys(p.Number, "/hold")
	l.repo.PushRefs(map[string]string{"refs/heads/alias": p.HeadSHA})
	l.repo.OpenPull("alice", "The same", "alias", "main")
	l.look()
	l.calm()
	if v := l.verdict(p.HeadSHA); v.Conclusion != "failure" {
		t.Errorf("%+v", v)
	}
	l.quiet()
}

// TestOwnCheckAgain is told once more when somebody asks for it.
func TestOwnCheckAgain(t *testing.T) {
	t.Parallel()
	l := beginProtected(t, patches, ownRequired()["classic"])
	p := l.one()
	l.look()
	l.repo.RerequestCheck(l.verdict(p.HeadSHA).ID, "alice")
	l.calm()
	l.look()
	if n := len(l.verdicts(p.HeadSHA)); n != 2 {
		t.Errorf("%d verdicts", n)
	}
	l.waitsFor("Waits: after")
	l.quiet()
}

// TestOwnCheckOfMany passes as many at once as a look may, and the rest soon.
func TestOwnCheckOfMany(t *testing.T) {
	t.Parallel()
	const many = 40
	l := beginMerging(t, file(t), patches, "web:1.0.0")
	ownRequired()["ruleset"](l)
	for n := range many {
		branch := fmt.Sprintf("topic-%d", n)
		l.repo.Push(branch, "alice", "of a person", map[string]*githubtest.File{branch + ".md": githubtest.Text("mine\n")})
		l.repo.OpenPull("alice", "Mine", branch, "main")
	}
	l.installs()
	passed := func() (n int) {
		for _, p := range l.repo.Pulls() {
			n += l.lets(p.HeadSHA)
		}
		return n
	}
	if n := passed(); n == 0 || n >= many {
		t.Errorf("%d were passed at once", n)
	}
	next := l.app.shown("acme/shop").NextLook
	if in := next.Sub(l.hub.Now()); in > 10*time.Minute {
		t.Errorf("the rest comes in %s", in)
	}
	l.wakes(next)
	if n := passed(); n != many {
		t.Errorf("%d of %d were passed", n, many)
	}
	l.quiet()
}

// TestOwnCheckOfBroken leaves what was said of a paused pull request as it is while the
// configuration is broken, and lets that of a person pass who mends it.
func TestOwnCheckOfBroken(t *testing.T) {
	t.Parallel()
	l := beginMerging(t, file(t), patches, "web:1.0.0")
	l.repo.Protect("main", githubtest.Protection{Rules: githubtest.Rules{Checks: []githubtest.RequiredCheck{{Context: verdictCheck, App: l.hub.App.ID}}}})
	l.push("web:1.0.1")
	l.installs()
	p := l.one()
	l.obeys(p.Number, "/hold")
	l.settings("version: 1\nshedule: 1h\n")
	l.calm()
	l.repo.Push("mended", "alice", "mend it", map[string]*githubtest.File{".imageupdater.yaml": githubtest.Text(patches)})
	number := l.repo.OpenPull("alice", "Mend it", "mended", "main")
	l.calm()
	l.look()
	if v := l.verdict(p.HeadSHA); v.Conclusion != "failure" || len(l.verdicts(p.HeadSHA)) != 1 {
		t.Errorf("%+v", v)
	}
	for _, other := range l.repo.Pulls() {
		if v := other; v.Number == number && l.verdict(v.HeadSHA).Conclusion != "success" {
			t.Errorf("%+v", l.verdict(v.HeadSHA))
		}
	}
	l.repo.MergePull(number, "alice", "merge")
	l.calm()
	if v := l.verdict(p.HeadSHA); v.Conclusion != "failure" {
		t.Errorf("%+v", v)
	}
}
