// Package policy decides whether a pull request of the App is merged now, and says why.
//
// Decide is pure: a Rule, made of the settings of each update, the Facts that were read
// of GitHub, and a time give a Verdict with every condition. Whatever could not be read
// counts against merging. Nothing here asks anybody anything.
//
// It may import config, scanner/version and handlers/foreign.
package policy

import (
	"slices"
	"time"

	"github.com/imageupdater/imageupdater/config"
)

// Outcome is what becomes of a pull request.
type Outcome string

// The outcomes.
const (
	Merges  Outcome = "merge"   // now
	Waits   Outcome = "wait"    // for a time, for GitHub, or for checks
	Person  Outcome = "person"  // a person has to do something
	Stopped Outcome = "stopped" // paused, somebody else's, forbidden by the owner, or not open
)

// Action is what is to be done about it now.
type Action string

// The actions. What is to be done names the head that was judged.
const (
	Nothing Action = ""
	Merge   Action = "merge"   // by the App, with the verdict's method
	Enqueue Action = "enqueue" // the base has a merge queue
	Arm     Action = "arm"     // GitHub's auto-merge: all that is left is what GitHub itself waits for
	Disarm  Action = "disarm"  // GitHub's auto-merge, which the App had armed
	Dequeue Action = "dequeue" // what the App had enqueued
)

// State is how a condition stands.
type State string

// The states.
const (
	Met     State = "met"
	Waiting State = "waits"
	Failed  State = "fails"
	Unknown State = "unknown" // what it is about could not be read
)

// What conditions are about, in the order in which a verdict has them.
const (
	AboutOpen          = "open"
	AboutDraft         = "draft"
	AboutPause         = "pause"
	AboutLabels        = "labels"
	AboutHead          = "head"
	AboutCommits       = "commits"
	AboutTree          = "tree"
	AboutBase          = "base"
	AboutBranch        = "branch"
	AboutRecord        = "record"
	AboutOwner         = "owner"
	AboutOrder         = "order"
	AboutAuto          = "auto"
	AboutRollback      = "rollback"
	AboutNewer         = "newer"
	AboutFreeze        = "freeze"
	AboutWindow        = "window"
	AboutAfter         = "after"
	AboutProtection    = "protection"
	AboutRequired      = "required check" // one that the branch requires
	AboutCheck         = "check"          // one that the policy names
	AboutChecks        = "checks"         // all there are
	AboutApprovals     = "approvals"      // that the policy wants
	AboutReviews       = "reviews"        // that the branch requires
	AboutObjections    = "objections"
	AboutConversations = "conversations"
	AboutConflicts     = "conflicts"
	AboutUpToDate      = "up to date"
	AboutMethod        = "method"
	AboutGitHub        = "github"
	AboutNative        = "auto-merge" // GitHub's own
	AboutQueue         = "queue"
)

// Condition is one thing that has to hold. Its texts are Markdown in which all that
// comes from outside went through foreign.Code.
type Condition struct {
	About string `json:"about"`
	// Of is the check that it is about, as others named it: no Markdown.
	Of     string `json:"of,omitempty"`
	Wanted string `json:"wanted"`
	Now    string `json:"now"`
	State  State  `json:"state"`
	// Says is who wants it: "rule 2 of `.imageupdater.yaml:31`"; "" where nobody
	// could want it otherwise.
	Says string `json:"says,omitempty"`
	// Until is when time alone meets it; zero where it does not.
	Until time.Time `json:"until,omitzero"`

	needs  need
	github bool // GitHub itself refuses to merge before it is met
}

// need is what meets a condition that is not met.
type need byte

const (
	needsTime   need = iota // or a machine
	needsPerson             // who does something, or merges
	needsStart              // nothing goes on before a person lets it
)

// Verdict is what was decided, and why.
type Verdict struct {
	Outcome Outcome `json:"outcome"`
	Action  Action  `json:"action,omitempty"`
	// Conclusion is that of the check run: success may merge, neutral waits or needs
	// a person, failure is paused or forbidden by the owner.
	Conclusion string `json:"conclusion"`
	// Method is how to merge, or to arm; "" where the merge queue has its own.
	Method config.Method `json:"method,omitempty"`
	// Head is the commit that was judged.
	Head string `json:"head,omitempty"`
	// Ordered is who ordered this with /merge; "" where the policy decides.
	Ordered    string      `json:"ordered,omitempty"`
	Conditions []Condition `json:"conditions"`
	// Next is the earliest time at which time alone meets a condition; zero where
	// it does not. When a window closes or a freeze begins is not told.
	Next time.Time `json:"next,omitzero"`
	// Soaks says that its time runs, and nothing has failed yet: newer versions wait.
	Soaks bool `json:"soaks,omitempty"`
	// Rebuild says that all that is missing is the newest base beneath the branch.
	Rebuild bool `json:"rebuild,omitempty"`
	// Title is one line for the check run, without anything from outside.
	Title string `json:"title"`
	// Sentence is for the body of the pull request. It changes with the rule and
	// with what people do, and as time goes on only where a freeze begins or ends.
	Sentence string `json:"sentence"`
}

// The conclusions of the check run.
const (
	Success = "success"
	Neutral = "neutral"
	Failure = "failure"
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
	j := &judging{rule: rule, facts: facts, now: now, conditions: make([]Condition, 0, 24)}
	j.order = facts.ordered()
	rules, _ := facts.Rules.Get()
	classic, _ := facts.Classic.Get()
	j.protection = joined(&rules, &classic)
	j.queue = j.protection.Queue
	if pull, known := facts.Pull.Get(); known {
		j.results = facts.results(pull.Head)
	}
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
	v.Next = next(v.Conditions, j.now)
	v.Conclusion = v.conclusion()
	v.Soaks = j.soaks(v.Outcome)
	v.Rebuild = j.rule.Rebase != config.RebaseNever && only(v.Conditions, AboutUpToDate, AboutGitHub)
	v.Title = v.title()
	v.Sentence = j.sentence()
	return v
}

// soaks says whether the time runs after which it merges by itself, or is over and the
// rest is on its way too.
func (j *judging) soaks(o Outcome) bool {
	runs := false
	for i := range j.conditions {
		c := &j.conditions[i]
		if c.State == Failed {
			return false
		}
		runs = runs || c.About == AboutAfter && c.State == Waiting
	}
	return j.rule.After.Value > 0 && j.order == nil && (runs || o == Merges || o == Waits)
}

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

// only says whether the first of some subjects is not met, and nothing else but them.
func only(conditions []Condition, first string, others ...string) bool {
	found := false
	for i := range conditions {
		c := &conditions[i]
		if c.State == Met {
			continue
		}
		isOther := false
		for _, other := range others {
			isOther = isOther || c.About == other && c.github
		}
		if c.About != first && !isOther || c.State == Unknown {
			return false
		}
		found = found || c.About == first
	}
	return found
}
