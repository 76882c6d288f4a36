package policy_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/policy"
)

// TestSentence holds what the body of a pull request says.
func TestSentence(t *testing.T) {
	office := `window: ["mon-fri 09:00-17:00"]`
	for _, test := range []struct {
		head  string
		rules []string
		facts string
		want  string
	}{
		{"", []string{"{}", "{}", "{auto: true, after: 24h}"}, "", "Waits for a person to merge it."},
		{"", []string{"{auto: true, after: 24h}"}, "", "Merges by itself after 24 h when required checks pass: rule 0."},
		{"", []string{"{auto: true, after: 24h}"}, "+48h run:build=failure", "Merges by itself after 24 h when required checks pass: rule 0."},
		{"", []string{"{auto: true, checks: none}"}, "", "Merges by itself at once: rule 0."},
		{"", []string{"{auto: true, checks: all, after: 3d}", "{auto: true, approvals: 2}"}, "", "Merges by itself after 3 days when all checks pass and 2 people have approved: rules 0 and 1."},
		{"timezone: Europe/Berlin", []string{"{auto: true, " + office + "}"}, "", "Merges by itself within `mon-fri 09:00-17:00` (`Europe/Berlin`) when required checks pass: rule 0."},
		{"defaults: {merge: {auto: true, after: 90m}}", []string{"{}"}, "", "Merges by itself after 1 h 30 min when required checks pass: `defaults`."},
		{"freeze: [{from: 2026-03-09, to: 2026-03-12}]", []string{"{auto: true}"}, "", "Merges by itself when required checks pass, not before 2026-03-13 (freeze): rule 0."},
		{"freeze: [{from: 2026-03-09, to: 2026-03-12}]", []string{"{auto: true, checks: none}"}, "", "Merges by itself, not before 2026-03-13 (freeze): rule 0."},
		{"freeze: [{from: 2026-03-09, to: 2026-03-12}]", []string{"{auto: true, checks: [build, 'e2e *']}"}, "order", "Merges when `build` and `e2e *` pass, not before 2026-03-13 (freeze): ordered by `ann`."},
		{"enforce: {merge: {auto: false}}", []string{"{auto: true}"}, "", "Waits for a person to merge it: `enforce` forbids that it merges by itself."},
		{"", []string{"{auto: true, after: 24h}"}, "order", "Merges when required checks pass: ordered by `ann`."},
		{"", []string{"{auto: true}"}, "paused", "Paused: `/unhold` lets it go on."},
		{"", []string{"{auto: true}"}, "label:wait", "Waits for a person, since it is labelled `wait`."},
		{"", []string{"{auto: true}"}, "label:@ann|`#1", "Waits for a person, since it is labelled `@ann\\x7c\\x60#1`."},
		{"", []string{"{auto: true}"}, "foreign:tree paused", "Waits for a person to merge it, since it is not as the App made it any more: tree."},
		{"", []string{"{auto: true}"}, "rolledback", "Waits for a person to merge it, since it was rolled back: `docker.io/library/nginx`."},
		{"", []string{"{auto: true}"}, "merged", "Merged."},
		{"", []string{"{auto: true}"}, "closed", "Closed."},
	} {
		rule := ruleOf(t, test.head, test.rules...)
		s := situation(t, test.facts)
		if v := policy.Decide(&rule, &s.facts, s.now); v.Sentence != test.want {
			t.Errorf("%s %v %s:\n%s\nwanted:\n%s", test.head, test.rules, test.facts, v.Sentence, test.want)
		}
	}
}

// TestTable holds the page of a check run.
func TestTable(t *testing.T) {
	rule := ruleOf(t, "timezone: Europe/Berlin", "{auto: true, after: 24h, checks: all}")
	s := situation(t, "rule:need:build run:build=in_progress run:lint=failure review:ann=approved state:blocked")
	v := policy.Decide(&rule, &s.facts, s.now)
	const want = "**Needs a person: checks**. This is about `1111111111111111111111111111111111111111`.\n\n" +
		"| Condition | Wanted | Now | |\n| --- | --- | --- | --- |\n" +
		"| after | the head has stood for 24 h (rule 0 of `.imageupdater.yaml:4`) | since 2026-03-10 11:00 CET, until 2026-03-11 11:00 CET | ⏳ waits |\n" +
		"| required check `build` | success, since the branch requires it | waits for `in_progress` | ⏳ waits |\n" +
		"| checks | success of all (rule 0 of `.imageupdater.yaml:4`) | `lint` (`failure`): it has to be mended, or run again | ❌ not met |\n" +
		"| github | GitHub lets it be merged | blocked, for what is not met above | ⏳ waits |\n" +
		"| open | open | open | ✅ |\n"
	if got := policy.Table(&v); !strings.HasPrefix(got, want) {
		t.Errorf("%s\nwanted first:\n%s", got, want)
	}
}

// Names of others are harmless, and many of them are cut.
func TestTableOfForeignNames(t *testing.T) {
	rule := ruleOf(t, "", "{auto: true, checks: all, approvals: 1}")
	facts := good()
	nasty := "| @ann <b> `x` fixes #1 [a](http://x)\n\n# big" + strings.Repeat("x", 1000)
	var required []policy.Required
	var runs []policy.Run
	for i := range 3000 {
		name := nasty + strings.Repeat("y", i%50) + string(rune('a'+i%26))
		runs = append(runs, policy.Run{ID: int64(i + 1), Suite: int64(i), Name: name, App: 3, Head: head, Status: "completed", Conclusion: nasty})
		required = append(required, policy.Required{Name: name, App: int64(i)})
	}
	facts.Runs = policy.Read(runs)
	facts.Rules = policy.Read(policy.Protection{Checks: required, CodeOwners: true, Deployments: []string{nasty}})
	facts.Order = policy.Read(&policy.Order{By: nasty, Head: nasty, Writer: true})
	facts.Restricted = policy.Read([]string{nasty})
	facts.RolledBack = policy.Read([]string{nasty})
	facts.Reviews = policy.Read([]policy.Review{{User: nasty, State: "changes_requested", Writer: true}})
	facts.Merge = policy.Read(policy.Mergeability{State: nasty})
	facts.Paused = policy.Unread[bool](nasty)
	facts.Ownership.Tree = policy.Read(policy.Sign{Why: nasty})
	facts.Decision = policy.Read(nasty)
	facts.Native = policy.Read(policy.Native{Armed: &policy.Armed{By: nasty, Method: config.Method(nasty)}, Queued: &policy.Queued{By: nasty}})
	v := policy.Decide(&rule, &facts, pushed)
	table := policy.Table(&v)
	if len(table) > 60_000 || !strings.Contains(table, "conditions more.") {
		t.Errorf("it has %d bytes", len(table))
	}
	for line := range strings.Lines(table + v.Sentence + "\n" + v.Title) {
		cells := strings.Count(strings.TrimSpace(line), "|")
		if strings.HasPrefix(line, "|") && cells != 5 {
			t.Fatalf("%d bars: %s", cells, line)
		}
		for i, part := range strings.Split(line, "`") {
			if outside := i%2 == 0; outside && strings.ContainsAny(part, "@<[#") {
				t.Fatalf("%q stands free in %s", part, line)
			}
		}
	}
}

// TestExample holds the example of a situation against what is told of it.
func TestExample(t *testing.T) {
	text := example(t)
	s, err := policy.DecodeSituation(text)
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Load(context.Background(), "situation.json")
	if err != nil {
		t.Fatal(err)
	}
	rule := s.Rule(c)
	v := policy.Decide(&rule, &s.Facts, s.At)
	if got, want := compact(&v), "person+arm reviews~ github~"; got != want {
		t.Errorf("%s\nwanted: %s\n%s", got, want, policy.Table(&v))
	}
	if want := "Merges by itself after 4 h when required checks pass: rule 0 of `situation.json`."; v.Sentence != want {
		t.Error(v.Sentence)
	}
	later := policy.Decide(&rule, &s.Facts, s.At.Add(-2*time.Hour))
	if got, want := compact(&later), "person after~ reviews~ github~ @11-21T10:30Z"; got != want {
		t.Errorf("%s\nwanted: %s", got, want)
	}
}

// TestSoaks holds when newer versions wait.
func TestSoaks(t *testing.T) {
	for _, test := range []struct {
		rule, facts string
		want        bool
	}{
		{"{auto: true, after: 24h}", "+1h", true},
		{"{auto: true, after: 24h}", "+24h", true}, // it merges now
		{"{auto: true, after: 24h}", "+1h run:build=queued", true},
		{"{auto: true, after: 24h}", "+25h run:build=queued", true},
		{"{auto: true, after: 24h}", "+47h run:build=queued", true},
		{"{auto: true, after: 24h}", "+48h run:build=queued", false}, // it may never end
		{"{auto: true, after: 72h}", "+143h run:build=queued", true},
		{"{auto: true, after: 1h}", "+24h run:build=queued", true},
		{"{auto: true, after: 24h}", "+1h run:build=failure", false},
		{"{auto: true, after: 24h}", "+1h paused", false},
		{"{auto: true, after: 24h}", "+1h foreign:tree", false},
		{"{auto: true, after: 24h}", "+1h order run:build=queued", false},
		{"{auto: true, after: 24h, approvals: 1}", "+1h", true},
		{"{auto: true, after: 24h, approvals: 1}", "+25h", false}, // a person may never come
		{"{auto: true}", "+1h run:build=queued", false},
		{"{after: 24h}", "+1h", false},
	} {
		rule := ruleOf(t, "", test.rule)
		s := situation(t, test.facts)
		if v := policy.Decide(&rule, &s.facts, s.now); v.Soaks != test.want {
			t.Errorf("%s, %s: %v", test.rule, test.facts, v.Soaks)
		}
	}
}

// TestRebuild holds when the newest base beneath the branch is all that is missing, or
// people are who would approve it.
func TestRebuild(t *testing.T) {
	for _, test := range []struct {
		head, facts string
		want        bool
	}{
		{"", "behind rule:uptodate rule:reviews:1", true},
		{"", "behind rule:uptodate rule:reviews:1 state:blocked", true},
		{"", "behind rule:uptodate rule:reviews:2 review:ann=approved state:blocked", true},
		{"", "behind rule:uptodate rule:conversations unresolved:1 state:blocked", true},
		{"", "behind rule:uptodate rule:reviews:1 rule:lastpush ?decision", true},
		{"", "behind rule:uptodate rule:owners ?decision", false},
		{"", "behind rule:uptodate ?reviews", false},
		{"", "behind rule:uptodate rule:reviews:1 run:build=queued", false},
		{"", "behind rule:uptodate rule:reviews:1 run:build=failure", false},
		{"", "behind rule:uptodate review:ann=changes_requested", false},
		{"", "behind rule:uptodate label:wait", false},
		{"", "behind rule:uptodate draft", false},
		{"", "behind rule:uptodate rolledback", false},
		{"", "rule:uptodate rule:reviews:1", false},
		{"", "behind:unknown rule:uptodate", false},
		{"", "behind:unknown rule:uptodate state:behind", true},
		{"defaults: {merge: {approvals: 1}}", "behind rule:uptodate", true},
		{"defaults: {merge: {approvals: 1}}", "behind rule:uptodate review:ann=approved", true},
		{"defaults: {merge: {after: 24h}}", "behind rule:uptodate", false},
		{"enforce: {merge: {auto: false}}", "behind rule:uptodate", false},
		{"enforce: {merge: {auto: false}}", "behind rule:uptodate order", true},
		{"pullRequests: {rebase: never}", "behind rule:uptodate rule:reviews:1", false},
		{"", "state:clean", false},
		{"", "behind rule:uptodate", true},
		{"", "behind rule:uptodate state:behind", true},
		{"", "behind rule:uptodate state:blocked", true},
		{"", "behind", false},
		{"", "behind rule:uptodate run:build=queued", false},
		{"", "behind rule:uptodate ?tree", false},
		{"", "behind rule:uptodate state:unknown", true},
		{"", "behind rule:uptodate rule:queue", false},
		{"pullRequests: {rebase: never}", "behind rule:uptodate", false},
	} {
		rule := ruleOf(t, test.head, "{auto: true}")
		s := situation(t, test.facts)
		if v := policy.Decide(&rule, &s.facts, s.now); v.Rebuild != test.want {
			t.Errorf("%s, %s: %v", test.head, test.facts, v.Rebuild)
		}
	}
}

// TestWhoEnforces names the owner's file, but not where the server's configuration lies.
func TestWhoEnforces(t *testing.T) {
	facts := good()
	for file, want := range map[string]string{
		".imageupdater.yaml":                    "`enforce` forbids",
		"acme/.imageupdater:.imageupdater.yaml": "`enforce` of `acme/.imageupdater:.imageupdater.yaml` forbids",
		"/etc/secret/server.yaml":               "`enforce` of the server's configuration forbids",
	} {
		o := &config.Origin{File: file, Line: 3, Field: "enforce.merge.auto", Rule: -1}
		rule := policy.Strictest(config.Default(), config.Merge{Auto: config.Setting[bool]{Origin: o}})
		v := policy.Decide(&rule, &facts, pushed)
		if !strings.Contains(v.Sentence, want) || strings.Contains(v.Sentence+policy.Table(&v), "secret") {
			t.Errorf("%s: %s\n%s", file, v.Sentence, policy.Table(&v))
		}
	}
	unreadable := config.Unreadable("acme/.imageupdater:.imageupdater.yaml").Merge.Auto
	rule := policy.Strictest(config.Default(), config.Merge{Auto: unreadable})
	if v := policy.Decide(&rule, &facts, pushed); v.Outcome != policy.Waits || v.Conclusion != policy.Neutral {
		t.Error(v.Outcome, v.Conclusion)
	}
}
