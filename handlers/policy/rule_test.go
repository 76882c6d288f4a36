package policy_test

import (
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/policy"
)

// ruleOf is the rule for updates, each of which a rule of a file is for.
func ruleOf(t *testing.T, head string, rules ...string) policy.Rule {
	t.Helper()
	var text strings.Builder
	text.WriteString(head + "\nrules:\n")
	for i, r := range rules {
		text.WriteString("  - match: {image: ghcr.io/acme/i" + string(rune('0'+i)) + "}\n    merge: " + r + "\n")
	}
	c := load(t, text.String())
	var all []config.Merge
	for i := range rules {
		all = append(all, c.Settings(config.Subject{Image: "ghcr.io/acme/i" + string(rune('0'+i))}).For("patch").Merge)
	}
	return policy.Strictest(c, all...)
}

// shown writes a rule with who said what: the number of the rule, - for the built-in
// defaults, e for what the owner enforces.
func shown(r *policy.Rule) string {
	by := func(o *config.Origin) string {
		switch {
		case o == nil:
			return "?"
		case strings.HasPrefix(o.Field, "enforce"):
			return "e"
		case o.Rule < 0:
			return "-"
		}
		return string(rune('0' + o.Rule))
	}
	text := map[bool]string{true: "auto", false: "person"}[r.Auto.Value] + by(r.Auto.Origin)
	text += " " + string(r.Method.Value) + by(r.Method.Origin)
	text += " " + r.After.Value.String() + by(r.After.Origin)
	text += " " + string(r.Checks.Value) + by(r.Checks.Origin)
	text += " " + string(rune('0'+int(r.Approvals.Value))) + by(r.Approvals.Origin)
	parts := []string{text, string(r.Via.Value) + by(r.Via.Origin)}
	for _, w := range r.Windows {
		parts = append(parts, w.Value[0].String()+by(w.Origin))
	}
	for _, n := range r.Named {
		parts = append(parts, string(n.Value)+by(n.Origin))
	}
	return strings.Join(parts, " ")
}

func TestStrictest(t *testing.T) {
	for _, test := range []struct {
		name, head string
		rules      []string
		want       string
	}{
		{"one", "", []string{"{auto: true}"}, "auto0 ? 0- required- 0- app-"},
		{"each says so", "", []string{"{auto: true}", "{auto: true, after: 1h}"}, "auto0 ? 1h1 required- 0- app-"},
		{"one does not", "", []string{"{auto: true}", "{auto: false}", "{auto: true}"}, "person1 ? 0- required- 0- app-"},
		{"nobody does", "", []string{"{after: 1h}"}, "person- ? 1h0 required- 0- app-"},
		{"longest", "", []string{"{after: 1h}", "{after: 3d}", "{after: 1d}"}, "person- ? 3d1 required- 0- app-"},
		{"most", "", []string{"{approvals: 1}", "{approvals: 3}", "{}"}, "person- ? 0- required- 31 app-"},
		{"none only if each", "", []string{"{checks: none}", "{checks: none}"}, "person- ? 0- none0 0- app-"},
		{"none and nothing", "", []string{"{checks: none}", "{}"}, "person- ? 0- required- 0- app-"},
		{"all", "", []string{"{checks: required}", "{checks: all}", "{checks: none}"}, "person- ? 0- all1 0- app-"},
		{"names", "", []string{"{checks: [build, lint]}", "{checks: [build, 'e2e *']}"}, "person- ? 0- none0 0- app- build0 e2e *1 lint0"},
		{"names and required", "", []string{"{checks: none}", "{checks: [build]}", "{}"}, "person- ? 0- required- 0- app- build1"},
		{"names and all", "", []string{"{checks: [build]}", "{checks: all}"}, "person- ? 0- all1 0- app- build0"},
		{"names alone", "", []string{"{checks: [build]}", "{checks: none}"}, "person- ? 0- none0 0- app- build0"},
		{"one method", "", []string{"{}", "{method: rebase}", "{method: rebase}"}, "person- rebase1 0- required- 0- app-"},
		{"two methods", "", []string{"{method: merge}", "{method: rebase}", "{method: merge}"}, "person- 0 0- required- 0- app-"},
		{"both GitHub", "", []string{"{via: github}", "{via: github}"}, "person- ? 0- required- 0- github0"},
		{"the App wins", "", []string{"{via: github}", "{via: app}"}, "person- ? 0- required- 0- app1"},
		{"and by default", "", []string{"{via: github}", "{}"}, "person- ? 0- required- 0- app-"},
		{"two windows", "", []string{`{window: ["mon 09:00-10:00"]}`, `{window: ["tue 09:00-10:00"]}`}, "person- ? 0- required- 0- app- mon 09:00-10:000 tue 09:00-10:001"},
		{"one window twice", "", []string{`{window: ["mon 09:00-10:00"]}`, `{window: ["mon 09:00-10:00"]}`}, "person- ? 0- required- 0- app- mon 09:00-10:000"},
		{"defaults", "defaults: {merge: {auto: true, checks: all}}", []string{"{}", "{after: 2h}"}, "auto- ? 2h1 all- 0- app-"},
		{"forbidden", "enforce: {merge: {auto: false}}", []string{"{auto: true}", "{auto: true}"}, "persone ? 0- required- 0- app-"},
		{"forbidden, and not wanted", "enforce: {merge: {auto: false}}", []string{"{auto: true}", "{}"}, "person- ? 0- required- 0- app-"},
		{"enforced", "enforce: {merge: {after: 4h, approvals: 1}}", []string{"{after: 1h}", "{approvals: 2}"}, "person- ? 4he required- 21 app-"},
		{"a freeze of the owner", "enforce: {freeze: [{from: 2026-12-20, to: 2026-12-31}]}", []string{"{via: github}"}, "person- ? 0- required- 0- appe"},
	} {
		r := ruleOf(t, test.head, test.rules...)
		if got := shown(&r); got != test.want {
			t.Errorf("%s: %s\nwanted: %s", test.name, got, test.want)
		}
	}
}

// Where several updates stand in one pull request, their order means nothing but who is
// named first.
func TestStrictestOfAnyOrder(t *testing.T) {
	g := newGenerator(t, 7)
	for range 5_000 {
		s := g.situation()
		v := policy.Decide(s.rule(), &s.facts, s.now)
		g.Shuffle(len(s.updates), func(i, k int) { s.updates[i], s.updates[k] = s.updates[k], s.updates[i] })
		w := policy.Decide(s.rule(), &s.facts, s.now)
		if v.Outcome != w.Outcome || v.Action != w.Action || v.Method != w.Method || !v.Next.Equal(w.Next) || v.Sentence != w.Sentence {
			t.Fatalf("%s %s %q, or in another order %s %s %q\n%s", v.Outcome, v.Action, v.Sentence, w.Outcome, w.Action, w.Sentence, s)
		}
	}
}
