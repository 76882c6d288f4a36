package policy_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/policy"
)

// TestOnlyStricter adds what may only keep something from being merged.
func TestOnlyStricter(t *testing.T) {
	g := newGenerator(t, 3)
	g.known = true
	for range 8_000 {
		s := g.situation()
		rule := s.rule()
		before := policy.Decide(rule, &s.facts, s.now)
		for what, add := range map[string]func(*policy.Facts){
			"a label":         func(f *policy.Facts) { also(&f.Restricted, "enhancement") },
			"a pending check": require(policy.Run{ID: 1000, Suite: 9, Name: "new", App: 1, Head: head, Status: "queued"}),
			"a failed check":  require(policy.Run{ID: 1000, Suite: 9, Name: "new", App: 1, Head: head, Status: "completed", Conclusion: "failure"}),
			"a missing check": require(policy.Run{}),
			"a suite under way": func(f *policy.Facts) {
				also(&f.Suites, policy.Suite{ID: 9, App: 3, Name: "ci", Head: head, Status: "in_progress", Runs: 1})
			},
			"an objection": func(f *policy.Facts) {
				also(&f.Reviews, policy.Review{User: "zoe", State: "changes_requested", Writer: true})
			},
			"a pause":           func(f *policy.Facts) { f.Paused = policy.Read(true) },
			"a commit":          func(f *policy.Facts) { f.Ownership.Commits = policy.Read(policy.Sign{}) },
			"a rolled image":    func(f *policy.Facts) { also(&f.RolledBack, "nginx") },
			"one more approval": func(f *policy.Facts) { edit(&f.Rules, func(p *policy.Protection) { p.Approvals++ }) },
		} {
			f := s.facts
			add(&f)
			if after := policy.Decide(rule, &f, s.now); after.Outcome == policy.Merges && before.Outcome != policy.Merges {
				t.Fatalf("%s lets it be merged\n%s", what, s)
			}
		}
		if v := policy.Decide(s.stricter(), &s.facts, s.now); v.Outcome == policy.Merges && before.Outcome != policy.Merges {
			t.Fatalf("one more update lets it be merged\n%s", s)
		}
	}
}

// stricter is the rule with one more update, which may not merge by itself.
func (g *generated) stricter() *policy.Rule {
	more := *g
	more.updates = append(slices.Clip(more.updates), config.Merge{Checks: config.Setting[config.CheckSet]{Value: config.CheckSet{Which: "all"}}})
	return more.rule()
}

// require adds a check, and that the branch requires it.
func require(r policy.Run) func(*policy.Facts) {
	return func(f *policy.Facts) {
		if r.ID != 0 {
			also(&f.Runs, r)
		}
		edit(&f.Rules, func(p *policy.Protection) {
			p.Checks = append(slices.Clip(p.Checks), policy.Required{Name: "new"})
		})
	}
}

// TestTime lets time pass: what merges goes on to, where there are no windows and no
// freezes; nothing is met sooner than was said; and what people read stays the same.
func TestTime(t *testing.T) {
	g := newGenerator(t, 4)
	for range 20_000 {
		s := g.situation()
		rule := s.rule()
		if len(rule.Windows) > 0 || len(s.plan.frozen) > 0 {
			continue
		}
		v := policy.Decide(rule, &s.facts, s.now)
		later := policy.Decide(rule, &s.facts, s.now.Add(time.Duration(g.IntN(100))*time.Hour))
		switch {
		case v.Outcome == policy.Merges && later.Outcome != policy.Merges:
			t.Fatalf("later it is %s\n%s", later.Outcome, s)
		case v.Sentence != later.Sentence:
			t.Fatalf("%q becomes %q", v.Sentence, later.Sentence)
		case v.Next.IsZero():
			if !v.Patience.IsZero() { // only for so long do newer versions wait
				later.Soaks, later.Patience = v.Soaks, v.Patience
			}
			if !reflect.DeepEqual(v, later) {
				t.Fatalf("%v became %v, which nobody said\n%s", v, later, s)
			}
			continue
		}
		before := policy.Decide(rule, &s.facts, v.Next.Add(-time.Second))
		at := policy.Decide(rule, &s.facts, v.Next)
		if !reflect.DeepEqual(v, before) || policy.Table(&v) != policy.Table(&before) || reflect.DeepEqual(v, at) {
			t.Fatalf("it changes at another time than %s\n%s", v.Next, s)
		}
	}
}

// TestWindows holds that at Next something changes, also where clocks are moved, and
// that nothing waits for time alone without saying until when.
func TestWindows(t *testing.T) {
	g := newGenerator(t, 5)
	for range 20_000 {
		s := g.situation()
		rule := s.rule()
		v := policy.Decide(rule, &s.facts, s.now)
		for _, c := range v.Conditions {
			timed := c.About == policy.AboutAfter || c.About == policy.AboutWindow || c.About == policy.AboutFreeze
			if timed && c.State == policy.Waiting && !c.Until.After(s.now) {
				t.Fatalf("%s waits until %s\n%s", c.About, c.Until, s)
			}
		}
		if v.Next.IsZero() {
			continue
		}
		if at := policy.Decide(rule, &s.facts, v.Next); !v.Next.After(s.now) || reflect.DeepEqual(at.Conditions, v.Conditions) {
			t.Fatalf("nothing changes at %s\n%s", v.Next, s)
		}
	}
}

// TestVerdict holds what each verdict promises, and that deciding changes nothing.
func TestVerdict(t *testing.T) {
	g := newGenerator(t, 6)
	for range 10_000 {
		s := g.situation()
		rule := s.rule()
		before := s.String()
		v := policy.Decide(rule, &s.facts, s.now)
		if again := policy.Decide(rule, &s.facts, s.now); !reflect.DeepEqual(v, again) || s.String() != before {
			t.Fatalf("decided twice, it differs\n%s", s)
		}
		allMet, byDoing := true, v.Action == policy.Merge || v.Action == policy.Enqueue
		for _, c := range v.Conditions {
			allMet = allMet && c.State == policy.Met
			if c.Wanted == "" || c.Now == "" || c.State == "" {
				t.Fatalf("%+v says nothing\n%s", c, s)
			}
		}
		if success := v.Conclusion == policy.Success; allMet != success || success != (v.Outcome == policy.Merges) || byDoing != success {
			t.Fatalf("%s %s %s\n%s", v.Outcome, v.Action, v.Conclusion, policy.Table(&v))
		}
		if v.Title == "" || v.Sentence == "" || len(policy.Table(&v)) > 60_000 {
			t.Fatalf("%q %q", v.Title, v.Sentence)
		}
	}
}
