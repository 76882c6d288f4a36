package policy

import (
	"regexp"
	"strings"
	"testing"
)

// FuzzFits holds names with stars against regular expressions.
func FuzzFits(f *testing.F) {
	for _, pair := range [][2]string{{"build", "build"}, {"*", ""}, {"b*d", "build"}, {"*i*l*", "build"}, {"e2e (*)", "e2e (a, b)"}, {"**", "x"}, {"a*b*c", "abcbc"}, {"", "x"}} {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		const most = 100 // the expression would take too long
		if len(pattern) > most || len(name) > most {
			return
		}
		parts := strings.Split(pattern, "*")
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		expression, err := regexp.Compile(`(?s)\A` + strings.Join(parts, ".*") + `\z`)
		if err != nil || strings.ToValidUTF8(name, "") != name {
			return
		}
		if got := fits(pattern, name); got != expression.MatchString(name) {
			t.Errorf("%q fits %q: %v", pattern, name, got)
		}
	})
}

// Pages shift while lists are read: one run may come twice, in two states. The worse
// counts, in either order.
func TestRunReadTwice(t *testing.T) {
	good := Run{ID: 5, Suite: 1, Name: "build", App: 1, Head: "h", Status: "completed", Conclusion: "success"}
	pending := good
	pending.Status, pending.Conclusion = "in_progress", ""
	for _, runs := range [][]Run{{good, pending}, {pending, good}} {
		facts := Facts{Runs: Read(runs), Statuses: Read([]Status{{ID: 1, Context: "ci", State: "success", Head: "h"}, {ID: 1, Context: "ci", State: "pending", Head: "h"}})}
		if got := facts.results("h"); len(got) != 2 || got[0].state != Waiting || got[1].state != Waiting {
			t.Error(got)
		}
	}
	if facts := (Facts{Runs: Read([]Run{good})}); len(facts.results("")) != 0 {
		t.Error("checks count of no commit")
	}
}
