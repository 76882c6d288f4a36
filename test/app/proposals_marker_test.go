package app_test

import (
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// markerOf is the last line of a body, if it is a marker.
func markerOf(body string) string {
	lines := strings.Split(strings.TrimSpace(body), "\n")
	if last := lines[len(lines)-1]; strings.HasPrefix(last, "<!-- imageupdater:") {
		return last
	}
	return ""
}

// TestMarkers has the App sign what it writes: after the database was lost it reads
// no commit of its own. Whatever becomes of a marker changes nothing but that.
func TestMarkers(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "", "api:1.0.0", "web:1.0.0")
	keyed := func(keys string) {
		l.app.stop()
		l.github = ", markerKeys: [" + keys + "]"
		l.app = l.start("")
	}
	l.env["OLD"], l.env["NEW"] = "planted-marker-key-old", "planted-marker-key-new"
	keyed("{env: OLD}")
	l.push("api:1.0.0", "api:1.1.0", "web:1.0.0", "web:1.1.0")
	l.look()
	before := markers(l)
	l.repo.ClosePull(1, "alice") // of one that is open the commit is read anyway
	l.look()
	// again is a look with nothing in the database. It writes nothing, and reads
	// so many commits.
	again := func(reads int) {
		t.Helper()
		mark := l.hub.Mark()
		l.forget()
		l.hub.Settle()
		l.app.settled(l.hub, "acme/shop")
		l.has("web=1.1.0")
		calls := l.hub.Since(mark, githubtest.By(l.installation))
		if n := operations(calls, "repos/list-commits"); n != reads {
			t.Errorf("%d commits were read, not %d", n, reads)
		}
		for _, c := range calls {
			if c.Writes() {
				t.Errorf("it wrote %s %s", c, c.Request)
			}
		}
	}
	again(1)
	keyed("{env: NEW}, {env: OLD}")
	again(1)
	keyed("{env: NEW}")
	again(2)
	keyed("{env: OLD}")
	body := l.repo.Pulls()[0].Body
	for name, marker := range map[string]string{
		"lost": "", "moved": before[2], "forged": strings.Replace(before[1], "v1 ", "v1 AA", 1),
	} {
		l.repo.EditIssueBody(1, "alice", strings.Replace(body, before[1], marker, 1))
		again(2)
		if t.Failed() {
			t.Fatal(name)
		}
		l.repo.EditIssueBody(1, "alice", body)
	}
}

// TestMarkerIsReplayed has a person put back the marker of an older commit and close
// the pull request: what the newest commit proposed is refused.
func TestMarkerIsReplayed(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "", "web:1.0.0")
	l.app.stop()
	l.env["OLD"], l.github = "planted-marker-key-old", ", markerKeys: [{env: OLD}]"
	l.app = l.start("")
	l.push("web:1.0.0", "web:1.1.0")
	l.look()
	old := markers(l)[1]
	l.push("web:1.2.0")
	l.look()
	l.has("web=1.2.0")
	body := l.one().Body
	if markerOf(body) == old {
		t.Error("another commit has the same marker")
	}
	l.repo.EditIssueBody(1, "alice", strings.Replace(body, markerOf(body), old, 1))
	l.repo.ClosePull(1, "alice")
	l.forget()
	l.look()
	l.has() // had only the older one been refused, 1.2.0 would come again
}

// markers are those of all pull requests.
func markers(l *life) map[int]string {
	l.t.Helper()
	all := map[int]string{}
	for _, p := range l.repo.Pulls() {
		if all[p.Number] = markerOf(p.Body); all[p.Number] == "" {
			l.t.Fatalf("pull request %d has no marker:\n%s", p.Number, p.Body)
		}
	}
	return all
}
