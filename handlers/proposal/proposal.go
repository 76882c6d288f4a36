// Package proposal says which pull requests there should be, and makes it so.
// Desired is pure: what should be, from a plan, the configuration and what there
// is. Reconcile writes the difference and nothing else, so that a second run makes
// no call that writes.
//
// It may import the other sub-packages of handlers, scanner and config.
package proposal

import (
	"slices"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/policy"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/version"
)

// Value is what a field says of its image: a tag, a digest, or both.
type Value struct {
	Tag    string
	Digest string
}

// String is "tag", "@digest" or "tag@digest".
func (v Value) String() string {
	if v.Digest == "" {
		return v.Tag
	}
	return v.Tag + "@" + v.Digest
}

// Change is one update of one field.
type Change struct {
	// Path is the file, Key where in its YAML the field is, for people.
	Path string
	Key  string
	Line int
	// Image is the canonical name: "ghcr.io/acme/api".
	Image    string
	From, To Value
	Kind     version.Kind
	// Group is the name under which the update is proposed.
	Group string
	// Since is when the registry was given what the new tag stands for; zero where
	// it does not tell.
	Since time.Time
	// Choice is what is written.
	Choice scanner.Choice
	// Settings are those that hold for the change.
	Settings config.Settings
}

// Held is an update that is not proposed now.
type Held struct {
	Change

	Why Why
	// Until is when that may end; zero where no time ends it.
	Until time.Time
	// Detail says in words what Why does not.
	Detail string
}

// Why is why an update is not proposed.
type Why string

// The reasons.
const (
	Limit   Why = "limit"    // as many pull requests are open as may be
	PerHour Why = "per-hour" // as many were opened in the last hour as may be
	Window  Why = "window"   // not at this time of the week
	Freeze  Why = "freeze"
	Young   Why = "too-young"
	Theirs  Why = "theirs"  // somebody else has pushed to the branch, or changed what it is for
	Paused  Why = "paused"  // somebody paused the pull request
	Soaks   Why = "soaks"   // an older one is about to merge by itself
	Unclear Why = "unclear" // the pull request stays, since something is not known of another of its updates
	Failed  Why = "failed"  // the file cannot be edited so that nothing else changes
	// Of steps that leave the tag as it is; the planner knows of the others.
	Refused    Why = "refused"     // somebody closed the pull request that proposed it
	RolledBack Why = "rolled-back" // it was merged, and the file has older content again
)

// Proposal is a pull request as it should be.
type Proposal struct {
	Group   string
	Branch  string
	Base    string
	BaseSHA string
	// Changes are in the order of path, line and image.
	Changes []Change
	// Files are the whole new bytes of each file that changes.
	Files     map[string][]byte
	Title     string
	Body      string
	Message   string // of the commit, with the record as its trailer
	Labels    []string
	Reviewers []string // "user", or "org/team"
	Assignees []string
	Draft     bool
	// Edit is set where it edits the configuration, and proposes no update.
	Edit *Edit
	// Existing is the pull request that is there for it; nil where there is none.
	Existing *Existing
	// Rewrite is set where the branch has to be written: it is new, holds
	// something else, or is to be built on the newest base.
	Rewrite bool
	// Same is set where the branch that is there has the same updates.
	Same bool
	// Newer is set where it has to be written only since there are newer versions of
	// what the pull request proposes. They wait while that one soaks.
	Newer bool
	// Rule is what its merging depends on: the strictest of its changes' settings. It
	// is not set where Edit is: a person merges that.
	Rule policy.Rule
}

// Existing is a pull request of ours, as it is.
type Existing struct {
	Number     int
	NodeID     string
	Branch     string
	Base       string
	HeadSHA    string
	Title      string
	Body       string
	Labels     []string
	Draft      bool
	Open       bool
	Created    time.Time
	Closed     time.Time // zero while it is open
	Merged     time.Time // zero unless it was merged
	ClosedByUs bool
	// Record is what our commit of the branch says of itself; nil where there is
	// none. OwnSHA is that commit, BuiltOn the commit of the base that the branch
	// is built on.
	Record  *Record
	OwnSHA  string
	BuiltOn string
	// Foreign is why the branch is somebody else's by now; "" where it is ours.
	Foreign string
	// Conflict is set where it is known that the branch cannot be merged into the
	// base as it is.
	Conflict bool `json:"-"`
}

// Paused says whether somebody paused the pull request.
func (e *Existing) Paused() bool { return slices.Contains(e.Labels, PausedLabel) }
