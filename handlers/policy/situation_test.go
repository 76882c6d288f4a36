package policy_test

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/handlers/policy"
)

// example is the documented situation.
func example(tb testing.TB) []byte {
	tb.Helper()
	text, err := os.ReadFile("testdata/situation.json")
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

// TestBrokenSituations changes one place of the example, and wants to be told which.
func TestBrokenSituations(t *testing.T) {
	whole := string(example(t))
	for _, test := range []struct{ old, new, want string }{
		{`"paused": false`, `"pausd": false`, "facts.pausd: no such key; there are app, pull, pushed,"},
		{`"paused": false`, `"Paused": false`, "facts.Paused: no such key"},
		{`"paused": false`, `"paused": "no"`, `facts.paused: expected true or false, found "no"`},
		{`"paused": false`, `"paused": null`, "facts.paused: expected true or false, found null"},
		{`"paused": false`, `"paused": {"unknown": 5}`, `facts.paused: expected true or false, found {"unknown": 5}`},
		{`"paused": false`, `"paused": false, "paused": true`, "facts.paused: it is there twice"},
		{`"conclusion": "success"`, `"conclusion": "succes"`, `facts.runs[0].conclusion: "succes" is none of success, neutral, skipped,`},
		{`"suite": 1`, `"suite": 1.5`, "facts.runs[0].suite: expected a whole number, found 1.5"},
		{`"methods": ["squash"`, `"methods": ["sqash"`, `facts.repository.methods[0]: "sqash" is none of squash, merge, rebase`},
		{`"pushed": "2026-11-21T06:30:00Z"`, `"pushed": "yesterday"`, `facts.pushed: expected a time, as "2026-11-21T10:00:00Z", found "yesterday"`},
		{`"tree": {"ok": true}`, `"tree": true`, "facts.ownership.tree: expected an object, found true"},
		{`"reviews": [`, `"reviews": 5, "x": [`, "facts.reviews: expected a list, found 5"},
		{`"at": "2026-11-21T12:00:00Z",`, ``, "at: it is missing"},
		{`"kind": "patch"`, `"kind": "small"`, `updates[0].kind: "small" is none of major, minor,`},
		{`"updates": [`, `"updates": [], "more": [`, "more: no such key; there are at, config, updates, facts"},
		{`"state": "open"`, `"state": "opened"`, `facts.pull.state: "opened" is none of open, closed, merged`},
		{whole, `[]`, "the whole: expected an object, found []"},
		{whole, ``, "the whole: not JSON"},
		{whole, whole + "{}", "the whole: there is more behind it"},
	} {
		text := strings.Replace(whole, test.old, test.new, 1)
		if _, err := policy.DecodeSituation([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s: %v\nwanted: %s", test.new, err, test.want)
		}
	}
}

// The configuration is read as .imageupdater.yaml is.
func TestBrokenConfigurationOfSituation(t *testing.T) {
	text := strings.Replace(string(example(t)), `"after": "4h"`, `"after": "4"`, 1)
	s, err := policy.DecodeSituation([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(t.Context(), "f"); err == nil || !strings.Contains(err.Error(), `rules[0].merge.after: "4" has no unit`) {
		t.Error(err)
	}
	s.Config = nil
	if c, err := s.Load(t.Context(), "f"); c != nil || err != nil {
		t.Error(c, err)
	}
}

// What is left out is not known, and nothing is merged.
func TestIncompleteSituation(t *testing.T) {
	s, err := policy.DecodeSituation([]byte(`{"at": "2026-11-21T12:00:00Z", "config": {"defaults": {"merge": {"auto": true}}}, "updates": [{"image": "ghcr.io/a/b"}], "facts": {}}`))
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Load(t.Context(), "f")
	if err != nil {
		t.Fatal(err)
	}
	rule := s.Rule(c)
	if v := policy.Decide(&rule, &s.Facts, s.At); v.Outcome != policy.Waits {
		t.Error(v)
	}
}

// Facts and verdicts are written as JSON, and facts read again.
func TestFactsAsJSON(t *testing.T) {
	g := newGenerator(t, 8)
	for range 1000 {
		s := g.situation()
		text, err := json.Marshal(s.facts)
		if err != nil {
			t.Fatal(err)
		}
		var again policy.Facts
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatal(err)
		}
		v, w := policy.Decide(s.rule(), &s.facts, s.now), policy.Decide(s.rule(), &again, s.now)
		if !reflect.DeepEqual(v, w) {
			t.Fatalf("%s\n%v\n%v", text, v, w)
		}
	}
}

// FuzzSituation reads anything: what can be read can be written, and read again as the
// same; and whatever it says can be decided and told.
func FuzzSituation(f *testing.F) {
	f.Add(example(f))
	f.Add([]byte(`{"at": "2026-11-21T12:00:00Z", "updates": [{}], "facts": {"order": {"by": "x"}, "paused": {"unknown": "why"}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := policy.DecodeSituation(text)
		if err != nil {
			return
		}
		written, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		again, err := policy.DecodeSituation(written)
		if err != nil {
			t.Fatalf("%s: %v", written, err)
		}
		if second, err := json.Marshal(again); err != nil || !bytes.Equal(written, second) {
			t.Fatalf("%s\n%s", written, second)
		}
		c, err := s.Load(t.Context(), "f")
		if err != nil || c == nil {
			return
		}
		rule := s.Rule(c)
		v := policy.Decide(&rule, &s.Facts, s.At)
		if table := policy.Table(&v); len(table) > 60_000 {
			t.Fatal(len(table))
		}
	})
}

// BenchmarkDecide decides of situations of all kinds: ten updates, 30 checks of which the
// branch requires five, and 10 reviews.
func BenchmarkDecide(b *testing.B) {
	c := load(b, "defaults: {merge: {auto: true, after: 24h, checks: all, window: [\"mon-fri 09:00-17:00\"]}}")
	merge := c.Defaults.Merge
	facts := good()
	var runs []policy.Run
	var required []policy.Required
	for i := range 30 {
		runs = append(runs, policy.Run{ID: int64(i + 1), Suite: 1, Name: "check " + string(rune('a'+i)), App: 1, Head: head, Status: "completed", Conclusion: "success"})
	}
	for _, r := range runs[:5] {
		required = append(required, policy.Required{Name: r.Name})
	}
	facts.Runs, facts.Rules = policy.Read(runs), policy.Read(policy.Protection{Checks: required, Approvals: 1})
	b.ReportAllocs()
	for b.Loop() {
		rule := policy.Strictest(c, merge, merge, merge, merge, merge, merge, merge, merge, merge, merge)
		if v := policy.Decide(&rule, &facts, pushed); v.Outcome != policy.Person {
			b.Fatal(v.Outcome)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
}
