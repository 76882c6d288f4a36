package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/foreign"
)

// says names who wants something: "rule 2 of `.imageupdater.yaml:31`". Rules are
// counted from 0, as everywhere: rules[2].
func says(o *config.Origin) string {
	switch {
	case o == nil:
		return ""
	case o.File == config.BuiltIn:
		return "built in"
	case operators(o):
		return foreign.Code(o.Field) + ofServer
	}
	place := foreign.Code(o.File + ":" + strconv.Itoa(o.Line))
	if o.Rule >= 0 {
		return "rule " + strconv.Itoa(o.Rule) + " of " + place
	}
	return foreign.Code(o.Field) + " of " + place
}

// ofServer is said instead of where the server's configuration lies, which is nobody's
// business.
const ofServer = " of the server's configuration"

// operators says whether the operator enforces a setting, and not the owner.
func operators(o *config.Origin) bool {
	return enforced(o) && o.File != config.FileName && !strings.Contains(o.File, "/"+config.RulesRepository)
}

// ruleNames names rules briefly, so that a line more in a file changes nothing: "rule 2",
// "rules 0 and 2", "`defaults`".
func ruleNames(all []*config.Origin) string {
	var names []string
	var rules []int // of the repository's own file
	for _, o := range all {
		switch name := ruleName(o); {
		case o != nil && o.Rule >= 0 && o.File == config.FileName:
			rules = append(rules, o.Rule)
		case !slices.Contains(names, name):
			names = append(names, name)
		}
	}
	slices.Sort(names)
	slices.Sort(rules)
	var numbers []string
	for _, n := range slices.Compact(rules) {
		numbers = append(numbers, strconv.Itoa(n))
	}
	switch len(numbers) {
	case 0:
	case 1:
		names = append(names, "rule "+numbers[0])
	default:
		names = append(names, "rules "+joinedWith(numbers, "and"))
	}
	return joinedWith(names, "and")
}

func ruleName(o *config.Origin) string {
	name := "built in"
	switch {
	case o == nil || o.File == config.BuiltIn:
		return name
	case o.Rule >= 0:
		name = "rule " + strconv.Itoa(o.Rule)
	default:
		first, _, _ := strings.Cut(o.Field, ".")
		name = foreign.Code(first)
	}
	switch {
	case operators(o):
		name += ofServer
	case o.File != config.FileName:
		name += " of " + foreign.Code(o.File)
	}
	return name
}

// joinedWith is "a, b and c".
func joinedWith(texts []string, word string) string {
	last := len(texts) - 1
	if last < 1 {
		return strings.Join(texts, "")
	}
	return strings.Join(texts[:last], ", ") + " " + word + " " + texts[last]
}

// counted is "1 check" or "2 checks".
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// title is a line without anything from outside.
func (v *Verdict) title() string {
	var unmet []string
	for i := range v.Conditions {
		c := &v.Conditions[i]
		if c.State != Met && !slices.Contains(unmet, c.About) && decides(v.Outcome, c) {
			unmet = append(unmet, c.About)
		}
	}
	switch v.Outcome {
	case Merges:
		return "May merge"
	case Waits:
		return "Waits: " + strings.Join(unmet, ", ")
	case Person:
		return "Needs a person: " + strings.Join(unmet, ", ")
	case Stopped:
	}
	return "Stopped: " + strings.Join(unmet, ", ")
}

// decides says whether a condition that is not met is among those that made the outcome
// what it is.
func decides(o Outcome, c *Condition) bool {
	switch o {
	case Stopped:
		return c.needs == needsStart && c.State == Failed
	case Person:
		return c.needs != needsTime && c.State != Unknown
	case Merges, Waits:
	}
	return true
}

// sentence is for the body: what the rule says, or what stands in its way as long as
// nobody does anything about it. Checks and approvals come and go, and are not told.
func (j *judging) sentence() string {
	pull, _ := j.facts.Pull.Get()
	paused, _ := j.facts.Paused.Get()
	labels, _ := j.facts.Restricted.Get()
	rolled, _ := j.facts.RolledBack.Get()
	r := j.rule
	switch {
	case pull.State == merged:
		return "Merged."
	case pull.State == closed:
		return "Closed."
	case j.foreign() != "":
		return "Waits for a person to merge it, since it is not as the App made it any more: " + j.foreign() + "."
	case paused:
		return "Paused: `/unhold` lets it go on."
	case len(labels) > 0:
		return "Waits for a person, since it is labelled " + listed(labels) + "."
	case j.order != nil:
		return "Merges" + j.terms(true) + ": ordered by " + foreign.Code(j.order.By) + "."
	case enforced(r.Auto.Origin) && !r.Auto.Value && !unreadable(r.Auto.Origin):
		return "Waits for a person to merge it: " + ruleName(r.Auto.Origin) + " forbids that it merges by itself."
	case !r.Auto.Value:
		return "Waits for a person to merge it."
	case len(rolled) > 0:
		return "Waits for a person to merge it, since it was rolled back: " + listed(rolled) + "."
	}
	return "Merges by itself" + j.terms(false) + ": " + ruleNames(r.By) + "."
}

// foreign is which part of the pull request is not the App's any more.
func (j *judging) foreign() string {
	for i := range j.conditions {
		if c := &j.conditions[i]; c.State == Failed && slices.Contains([]string{
			AboutHead, AboutCommits, AboutTree, AboutBase, AboutBranch, AboutRecord,
		}, c.About) {
			return c.About
		}
	}
	return ""
}

// terms is under which conditions it merges.
func (j *judging) terms(ordered bool) string {
	r := j.rule
	var text strings.Builder
	if r.After.Value > 0 && !ordered {
		text.WriteString(" after " + span(time.Duration(r.After.Value)))
	}
	if windows := r.windowTexts(); len(windows) > 0 && !ordered {
		fmt.Fprintf(&text, " within %s (%s)", joinedWith(windows, "and"), foreign.Code(r.zone().String()))
	}
	when := r.checkTexts()
	if n := int(r.Approvals.Value); n > 0 && !ordered {
		when = append(when, counted(n, "person has", "people have")+" approved")
	}
	if len(when) > 0 {
		text.WriteString(" when " + joinedWith(when, "and"))
	}
	freeze, until := r.config.Frozen(j.now)
	switch {
	case freeze != nil:
		text.WriteString(", not before " + until.In(r.zone()).Format(time.DateOnly) + " (freeze)")
	case text.Len() == 0:
		return " at once"
	}
	return text.String()
}

// windowTexts are the windows in an order of their own: updates may change places.
func (r *Rule) windowTexts() []string {
	var texts []string
	for i := range r.Windows {
		var one []string
		for _, w := range r.Windows[i].Value {
			one = append(one, foreign.Code(w.String()))
		}
		texts = append(texts, joinedWith(one, "or"))
	}
	slices.Sort(texts)
	return texts
}

func (r *Rule) checkTexts() []string {
	var texts []string
	switch r.Checks.Value {
	case config.ChecksNone:
	case config.ChecksRequired:
		texts = append(texts, "required checks pass")
	default:
		texts = append(texts, "all checks pass")
	}
	var names []string
	for i := range r.Named {
		names = append(names, foreign.Code(string(r.Named[i].Value)))
	}
	if len(names) > 0 {
		texts = append(texts, joinedWith(names, "and")+" pass")
	}
	return texts
}
