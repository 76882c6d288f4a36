package policy

import (
	"slices"
	"time"

	"github.com/imageupdater/imageupdater/config"
)

// conclusion is that of the check run.
func (v *Verdict) conclusion() string {
	switch {
	case v.Outcome == Merges:
		return Success
	case v.Outcome == Stopped && slices.ContainsFunc(v.Conditions, forbids):
		return Failure
	}
	return Neutral
}

// forbids says whether a condition is that somebody paused it, or the owner forbids it.
func forbids(c Condition) bool {
	return c.State == Failed && c.needs == needsStart && (c.About == AboutPause || c.About == AboutAuto)
}

// judging is a decision in the making.
type judging struct {
	rule       *Rule
	facts      *Facts
	now        time.Time
	order      *Order // that counts
	protection Protection
	queue      bool     // the base has a merge queue
	settling   bool     // GitHub does not know yet whether it can be merged
	results    []result // of the head
	method     config.Method
	conditions []Condition
}

// Decide says what becomes of a pull request, by what was read of it. It keeps and
// changes nothing of what it is given.
func Decide(rule *Rule, facts *Facts, now time.Time) Verdict {
	j := judge(rule, facts, now)
	j.open()
	j.pause()
	j.ownership()
	j.allowed()
	j.freeze()
	j.windows()
	j.after()
	j.checks()
	j.reviews()
	j.merging()
	return j.verdict()
}

// judge begins to decide.
func judge(rule *Rule, facts *Facts, now time.Time) *judging {
	j := &judging{rule: rule, facts: facts, now: now, conditions: make([]Condition, 0, 24)}
	j.order = facts.ordered()
	rules, _ := facts.Rules.Get()
	classic, _ := facts.Classic.Get()
	j.protection = joined(&rules, &classic)
	j.queue = j.protection.Queue
	if pull, known := facts.Pull.Get(); known {
		j.results = facts.results(pull.Head)
	}
	return j
}

// Requirements says how that stands which a branch requires of checks, reviews and
// conversations, whatever a rule wants, and what of it is not known.
func Requirements(facts *Facts, now time.Time) []Condition {
	j := judge(&Rule{Checks: config.Setting[config.Checks]{Value: config.ChecksNone}}, facts, now)
	j.checks()
	j.reviews()
	return slices.DeleteFunc(j.conditions, func(c Condition) bool { return c.About == AboutChecks && c.State == Met })
}

func (j *judging) add(c Condition) { j.conditions = append(j.conditions, c) }

// unread notes a fact that is not known, if so.
func unread[T any](j *judging, about, wanted string, fact *Known[T]) bool {
	if fact.read {
		return false
	}
	j.add(Condition{About: about, Wanted: wanted, Now: "not known: " + fact.reason(), State: Unknown})
	return true
}

// verdict sums up the conditions.
func (j *judging) verdict() Verdict {
	v := Verdict{Conditions: j.conditions, Method: j.method, Outcome: Merges}
	if pull, ok := j.facts.Pull.Get(); ok {
		v.Head = pull.Head
	}
	if j.order != nil {
		v.Ordered = j.order.By
	}
	v.Outcome = outcome(v.Conditions)
	v.Action = j.action()
	v.Next = sooner(next(v.Conditions, j.now), j.ends(v.Action))
	v.Conclusion = v.conclusion()
	v.Soaks, v.Patience = j.soaks(v.Outcome)
	v.Rebuild = j.rule.Rebase != config.RebaseNever && onlyBehind(v.Conditions)
	v.Title = v.title()
	v.Sentence = j.sentence()
	return v
}

// soaks says whether time runs after which it merges by itself, or is over and the rest
// is on its way too, and until when that is waited for; zero where time meets it anyway.
// What is not on its way by then keeps no newer version waiting.
func (j *judging) soaks(o Outcome) (soaks bool, until time.Time) {
	runs, timed, unknown := false, false, false
	for i := range j.conditions {
		c := &j.conditions[i]
		if c.State == Failed {
			return false, time.Time{}
		}
		runs = runs || c.About == AboutAfter && c.State == Waiting
		timed = timed || c.State == Waiting && !c.Until.IsZero()
		unknown = unknown || c.State == Unknown
	}
	after := time.Duration(j.rule.After.Value)
	pushed, _ := j.facts.Pushed.Get()
	switch {
	case after <= 0 || j.order != nil:
		return false, time.Time{}
	case runs, o == Merges, o == Waits && timed && !unknown:
		return true, time.Time{}
	case o != Waits || unknown:
		return false, time.Time{}
	}
	until = pushed.Add(after + max(after, leastPatience))
	if !j.now.Before(until) {
		return false, time.Time{}
	}
	return true, until
}

// leastPatience is how long is waited at least for what is on its way when the time is
// over.
const leastPatience = 24 * time.Hour

// outcome is the worst that conditions ask for.
func outcome(conditions []Condition) Outcome {
	worst := Merges
	for i := range conditions {
		c := &conditions[i]
		switch {
		case c.State == Met:
		case c.needs == needsStart && c.State == Failed:
			return Stopped
		case c.needs != needsTime && c.State != Unknown:
			worst = Person
		case worst == Merges:
			worst = Waits
		}
	}
	return worst
}

// next is the earliest time at which time meets one of the conditions.
func next(conditions []Condition, now time.Time) time.Time {
	var first time.Time
	for i := range conditions {
		c := &conditions[i]
		if c.State != Met && c.Until.After(now) && (first.IsZero() || c.Until.Before(first)) {
			first = c.Until
		}
	}
	return first
}

// onlyBehind says whether the newest base is missing, and nothing else but people who
// approve: what they said of this head would not be of the one that is built for it.
func onlyBehind(conditions []Condition) bool {
	behind := false
	for i := range conditions {
		switch c := &conditions[i]; {
		case c.State == Met:
		case c.State != Waiting:
			return false
		case c.About == AboutUpToDate:
			behind = true
		case !slices.Contains([]string{AboutApprovals, AboutReviews, AboutConversations, AboutGitHub}, c.About):
			return false
		}
	}
	return behind
}
