// Package policy decides whether a pull request of the App is merged now, and says why.
//
// Decide is pure: a Rule, made of the settings of each update, the Facts that were read
// of GitHub, and a time give a Verdict with every condition. Whatever could not be read
// counts against merging. Nothing here asks anybody anything.
//
// It may import config, scanner/version and handlers/foreign.
package policy

import (
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
	// it does not. While GitHub merges it by itself, by the App's order, it is also when
	// a window closes or a freeze begins, and that has to be taken back; otherwise that
	// is not told.
	Next time.Time `json:"next,omitzero"`
	// Soaks says that its time runs, and nothing has failed yet: newer versions wait.
	Soaks bool `json:"soaks,omitempty"`
	// Patience is when they wait no longer for what is on its way; zero where they
	// wait for a time.
	Patience time.Time `json:"patience,omitzero"`
	// Rebuild says that all that is missing is the newest base beneath the branch, and
	// people's approval where Outcome is Person.
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
