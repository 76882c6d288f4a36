package app_test

import (
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// whenChecked are settings under which patches merge as soon as their checks pass.
var whenChecked = strings.Replace(atOnce, ", checks: none", "", 1)

// beginUnchecked is a repository of which no check has reported on the pull request.
func beginUnchecked(t *testing.T) (*life, githubtest.Shown) {
	t.Helper()
	l := beginMerging(t, file(t), whenChecked, "web:1.0.0")
	l.push("web:1.0.1")
	l.installs()
	return l, l.one()
}

// TestMoreChecksToCome waits for the jobs of a workflow that come when others are done,
// though all that has reported is good.
func TestMoreChecksToCome(t *testing.T) {
	t.Parallel()
	l, p := beginUnchecked(t)
	l.repo.Goes(p.HeadSHA, "actions", true)
	l.repo.Goes(p.HeadSHA, "idle", false) // has nothing to check, and never says so
	l.repo.Check(p.HeadSHA, "actions", "lint", "completed", "success")
	l.waitsFor("Waits: checks", "1 check succeeded; waits for more of `actions`")
	l.look()
	l.quiet()
	l.repo.Check(p.HeadSHA, "actions", "test", "completed", "failure")
	l.waitsFor("Needs a person: checks")
	l.repo.Check(p.HeadSHA, "actions", "test", "completed", "success") // run again
	l.waitsFor("Waits: checks", "2 checks succeeded; waits for more of `actions`")
	l.repo.Goes(p.HeadSHA, "actions", false)
	l.calm()
	l.mergedByApp(p.Number)
	l.audited(p.Number, p.HeadSHA)
}

// TestMoreChecksThanRequired waits for no more checks than the branch requires, and does
// not ask for others.
func TestMoreChecksThanRequired(t *testing.T) {
	t.Parallel()
	l := beginProtected(t, whenChecked, classic(build(0)))
	p := l.one()
	mark := l.hub.Mark()
	l.repo.Goes(p.HeadSHA, "ci", true)
	l.repo.Check(p.HeadSHA, "ci", "build", "completed", "success")
	l.calm()
	l.mergedByApp(p.Number)
	if n := l.calls(mark, "checks/list-suites-for-ref"); n != 0 {
		t.Errorf("asked for %d times", n)
	}
}

// TestMoreChecksUnread merges nothing while nobody knows whether more checks come.
func TestMoreChecksUnread(t *testing.T) {
	t.Parallel()
	l, p := beginUnchecked(t)
	lost := l.hub.Fault(githubtest.ServerError("checks/list-suites-for-ref"))
	l.repo.Check(p.HeadSHA, "actions", "lint", "completed", "success")
	l.waitsFor("Waits: checks", "whether more are to come is not known")
	lost.Remove()
	l.look()
	l.calm()
	l.mergedByApp(p.Number)
}
