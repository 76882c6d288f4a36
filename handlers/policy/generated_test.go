package policy_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/policy"
)

// rule is what the program makes of a situation's settings.
func (g *generated) rule() *policy.Rule {
	r := policy.Strictest(g.plan.config, g.updates...)
	return &r
}

func (g *generated) String() string {
	text, err := json.MarshalIndent(g.facts, "", " ")
	if err != nil {
		return err.Error()
	}
	updates, err := json.Marshal(g.updates)
	if err != nil {
		return err.Error()
	}
	return g.now.String() + " " + g.plan.zone.String() + " " + g.plan.rebase + "\n" + string(updates) + "\n" + string(text)
}

// TestOracle holds Decide against a slow decision by other code, in many situations.
func TestOracle(t *testing.T) {
	situations := 120_000
	if testing.Short() {
		situations = 10_000
	}
	g := newGenerator(t, 1)
	seen := map[string]int{}
	for i := range situations {
		s := g.situation()
		v := policy.Decide(s.rule(), &s.facts, s.now)
		outcome, action, method, next := s.decide()
		if v.Outcome != outcome || v.Action != action || v.Method != method || !v.Next.Equal(next) {
			t.Fatalf("situation %d: %s %q %q %s\nwanted: %s %q %q %s\n%s\n%s", i, v.Outcome, v.Action, v.Method, v.Next, outcome, action, method, next, policy.Table(&v), s)
		}
		seen[string(v.Outcome)]++
		seen["to "+string(v.Action)]++
	}
	t.Log(seen)
	for _, what := range []string{"merge", "wait", "person", "stopped", "to merge", "to enqueue", "to arm", "to disarm", "to dequeue"} {
		if seen[what] < situations/500 {
			t.Errorf("only %d situations ended with %q", seen[what], what)
		}
	}
}

// factNames are the keys of all facts.
func factNames() []string {
	var all []string
	for _, of := range []reflect.Type{reflect.TypeFor[policy.Facts](), reflect.TypeFor[policy.Ownership]()} {
		for field := range of.Fields() {
			if _, is := reflect.PointerTo(field.Type).MethodByName("Why"); is {
				all = append(all, field.Tag.Get("json"))
			}
		}
	}
	return all
}

// forgetOne makes a fact unknown.
func forgetOne(f *policy.Facts, which int) {
	name := factNames()[which]
	for _, of := range []reflect.Value{reflect.ValueOf(f).Elem(), reflect.ValueOf(&f.Ownership).Elem()} {
		for i := range of.NumField() {
			if of.Type().Field(i).Tag.Get("json") == name {
				of.Field(i).SetZero()
			}
		}
	}
}

// acts says whether a verdict leads to a merge, now or by GitHub.
func acts(v *policy.Verdict) bool {
	return v.Outcome == policy.Merges || v.Action == policy.Merge || v.Action == policy.Enqueue || v.Action == policy.Arm
}

// TestUnknownNeverMerges takes each fact away from each situation in which something
// would be merged. Two facts are needed only where the branch asks for them, one only where
// nobody knows how many checks there will be.
func TestUnknownNeverMerges(t *testing.T) {
	g, tried := newGenerator(t, 2), 0
	for range 8_000 {
		s := g.situation()
		rule := s.rule()
		if v := policy.Decide(rule, &s.facts, s.now); !acts(&v) {
			continue
		}
		rules, classic := peek(s.facts.Rules), peek(s.facts.Classic)
		for i, name := range factNames() {
			if name == "decision" && !rules.CodeOwners && !classic.CodeOwners || name == "unresolved" && !rules.Conversations && !classic.Conversations ||
				name == "suites" && !wantsAll(rule, slices.Concat(rules.Checks, classic.Checks)) {
				continue
			}
			f := s.facts
			forgetOne(&f, i)
			if v := policy.Decide(rule, &f, s.now); acts(&v) {
				t.Fatalf("%s is not known, and it is %s %s\n%s", name, v.Outcome, v.Action, s)
			}
			tried++
		}
	}
	if tried < 5_000 {
		t.Errorf("only %d facts were taken away", tried)
	}
}

// wantsAll says whether a rule wants checks that nobody named.
func wantsAll(rule *policy.Rule, required []policy.Required) bool {
	star := slices.ContainsFunc(rule.Named, func(n config.Setting[config.CheckName]) bool { return strings.Contains(string(n.Value), "*") })
	others := slices.ContainsFunc(required, func(r policy.Required) bool { return !own(r.Name, r.App) })
	return star || rule.Checks.Value == config.ChecksAll || rule.Checks.Value == config.ChecksRequired && !others
}

// TestNothingKnown decides nothing of what nobody knows.
func TestNothingKnown(t *testing.T) {
	rule := policy.Strictest(config.Default(), config.Merge{Auto: config.Setting[bool]{Value: true, Origin: &config.Origin{File: "x"}}})
	v := policy.Decide(&rule, &policy.Facts{}, pushed)
	if v.Outcome != policy.Waits || v.Action != policy.Nothing || v.Conclusion != policy.Neutral {
		t.Error(v)
	}
	none := policy.Strictest(config.Default())
	facts := good()
	if v := policy.Decide(&none, &facts, pushed); v.Outcome != policy.Person {
		t.Error("nothing is updated, and yet it is", v.Outcome)
	}
}
