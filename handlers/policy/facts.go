package policy

import (
	"time"

	"github.com/imageupdater/imageupdater/config"
)

// Facts is what was read about one pull request. Each of its facts is known or not by
// itself, and one that is not known never lets anything merge.
type Facts struct {
	// App is the App's id, by which its own check runs are told from others of
	// their names; 0 where the names alone have to do.
	App  int64       `json:"app,omitempty"`
	Pull Known[Pull] `json:"pull"`
	// Pushed is when the branch came to be at the head.
	Pushed    Known[time.Time] `json:"pushed"`
	Ownership Ownership        `json:"ownership"`
	// Owner is the file with what the owner of the repository enforces, "" where
	// there is none. It is not known while that file cannot be read.
	Owner  Known[string] `json:"owner"`
	Paused Known[bool]   `json:"paused"`
	// Restricted are the labels on it that keep it from being merged.
	Restricted Known[[]string] `json:"restricted"`
	// RolledBack are those of its images that were rolled back, and not let go of
	// since.
	RolledBack Known[[]string] `json:"rolledBack"`
	// Newer are the newer versions that wait for it. They keep nothing from being
	// merged.
	Newer Known[[]string] `json:"newer"`
	// Order is the newest /merge that was not carried out yet; nil where there is
	// none.
	Order    Known[*Order]       `json:"order"`
	Merge    Known[Mergeability] `json:"merge"`
	Runs     Known[[]Run]        `json:"runs"`
	Statuses Known[[]Status]     `json:"statuses"`
	// Suites are the check suites of the head. They are asked for only where all that
	// has reported is good, and the rule wants all.
	Suites Known[[]Suite] `json:"suites"`
	// Rules are what active rulesets want of the base, Classic what its classic
	// protection wants. An unprotected branch has neither, and that is known.
	Rules   Known[Protection] `json:"rules"`
	Classic Known[Protection] `json:"classic"`
	Reviews Known[[]Review]   `json:"reviews"`
	// Decision is GitHub's own sum of the reviews: "approved", "changes_requested",
	// "review_required", or "" where no review is required. It is asked for only
	// where code owners have to approve.
	Decision Known[string] `json:"decision" words:"approved changes_requested review_required"`
	// Unresolved is how many conversations are not resolved. It is asked for only
	// where all have to be.
	Unresolved Known[int]        `json:"unresolved"`
	Repository Known[Repository] `json:"repository"`
	Native     Known[Native]     `json:"native"`
}

// Pull is what a pull request says of itself.
type Pull struct {
	// State is "open", "closed" or "merged".
	State string `json:"state" words:"open closed merged"`
	Draft bool   `json:"draft"`
	// Head is the commit that everything else is about.
	Head string `json:"head"`
	Base string `json:"base"`
	// Author is the login of who opened it, whose reviews do not count.
	Author string `json:"author"`
	// Pusher is the login of who pushed the head, whose approval does not count
	// where the branch wants one of the newest push; "" where it was the App.
	Pusher string `json:"pusher,omitempty"`
}

// The states of a pull request.
const (
	open   = "open"
	closed = "closed"
	merged = "merged"
)

// Ownership is whether all is still as the App made it, each part as it was found.
type Ownership struct {
	Head    Known[Sign] `json:"head"`    // is the commit that the App pushed
	Commits Known[Sign] `json:"commits"` // are all by the App, and signed where GitHub signs
	Tree    Known[Sign] `json:"tree"`    // is what the App wrote
	Base    Known[Sign] `json:"base"`    // is the branch that it was made for
	Branch  Known[Sign] `json:"branch"`  // is the one that it was made from
	Record  Known[Sign] `json:"record"`  // applied to the base, gives the head's tree
}

// Sign is one part of Ownership.
type Sign struct {
	OK bool `json:"ok"`
	// Why is what was found instead; "" where it is all right.
	Why string `json:"why,omitempty"`
}

// Order is what a person ordered with /merge.
type Order struct {
	By string `json:"by"`
	// Head is the commit at which it was ordered, or what the App built of the same
	// updates since: it is good for that one alone.
	Head string `json:"head"`
	// Writer says whether the person may write to the repository.
	Writer bool `json:"writer"`
}

// Mergeability is what GitHub says of merging.
type Mergeability struct {
	// State is GitHub's mergeable_state in lower case: "clean", "unstable",
	// "has_hooks", "behind", "blocked", "dirty", "draft", "unknown". Any other is
	// waited out.
	State string `json:"state" words:"clean unstable has_hooks behind blocked dirty draft unknown"`
	// Behind says whether the base has commits that the head has not. GitHub says so
	// only where nothing else blocks it.
	Behind Known[bool] `json:"behind"`
}

// Run is a check run.
type Run struct {
	ID int64 `json:"id"`
	// Suite is its check suite: of one suite only the newest run of a name counts.
	Suite int64  `json:"suite"`
	Name  string `json:"name"`
	App   int64  `json:"app,omitempty"` // whose it is; 0 where that is not known
	// Head is its commit. Those of other commits do not count.
	Head string `json:"head"`
	// Status is "completed", or anything else: then it is waited for.
	Status string `json:"status" words:"completed queued in_progress waiting requested pending"`
	// Conclusion is that of a completed one.
	Conclusion string    `json:"conclusion" words:"success neutral skipped failure cancelled timed_out action_required stale startup_failure"`
	Started    time.Time `json:"started,omitzero"`
	Completed  time.Time `json:"completed,omitzero"`
}

// Suite is what one App checks of a commit. While it is under way there may come more
// check runs: jobs of a workflow come when those are done that they need.
type Suite struct {
	ID   int64  `json:"id"`
	App  int64  `json:"app,omitempty"` // whose it is; 0 where that is not known
	Name string `json:"name"`          // of the App, as in addresses
	// Head is its commit. Those of other commits do not count.
	Head string `json:"head"`
	// Status is "completed", or anything else: then it is waited for.
	Status string `json:"status" words:"completed queued in_progress waiting requested pending"`
	// Runs is how many check runs it has. One without any is of an App that has nothing
	// to check.
	Runs int `json:"runs"`
}

// Status is a commit status.
type Status struct {
	ID      int64  `json:"id"` // of one context only the newest counts
	Context string `json:"context"`
	State   string `json:"state" words:"success pending expected failure error"`
	App     int64  `json:"app,omitempty"` // which App set it; 0 where that is not known, or it was none
	Head    string `json:"head"`
}

// Protection is what a branch wants of what is merged into it.
type Protection struct {
	Checks []Required `json:"checks,omitempty"`
	// UpToDate wants the head to be built on the newest base.
	UpToDate bool `json:"upToDate,omitempty"`
	// Approvals is how many approving reviews it wants.
	Approvals  int  `json:"approvals,omitempty"`
	CodeOwners bool `json:"codeOwners,omitempty"` // have to approve
	// LastPush wants an approval of the newest push, by somebody else.
	LastPush bool `json:"lastPush,omitempty"`
	// DismissStale takes approvals back when something is pushed.
	DismissStale  bool `json:"dismissStale,omitempty"`
	Conversations bool `json:"conversations,omitempty"` // have to be resolved
	Signatures    bool `json:"signatures,omitempty"`    // are wanted of commits
	Linear        bool `json:"linear,omitempty"`        // no merge commits
	// Deployments are the environments that it has to be deployed to.
	Deployments []string `json:"deployments,omitempty"`
	// Methods are those that it permits; none means all.
	Methods []config.Method `json:"methods,omitempty" words:"squash merge rebase"`
	Queue   bool            `json:"queue,omitempty"` // everything goes through a merge queue
}

// Required is a check that a branch requires.
type Required struct {
	Name string `json:"name"`
	// App is whose check it has to be; 0 where anybody's will do.
	App int64 `json:"app,omitempty"`
}

// Review is what somebody said of a pull request.
type Review struct {
	User string `json:"user"`
	// State is GitHub's in lower case: "approved", "changes_requested",
	// "commented", "dismissed" or "pending".
	State  string    `json:"state" words:"approved changes_requested commented dismissed pending"`
	Commit string    `json:"commit"` // that was reviewed
	At     time.Time `json:"at"`
	Writer bool      `json:"writer"` // may write to the repository
	Bot    bool      `json:"bot,omitempty"`
}

// Repository is what a repository lets be done with its pull requests.
type Repository struct {
	// Methods are those that it permits.
	Methods []config.Method `json:"methods,omitempty" words:"squash merge rebase"`
	// AutoMerge says whether GitHub's auto-merge may be armed.
	AutoMerge bool `json:"autoMerge"`
}

// Native is what GitHub itself is about to do.
type Native struct {
	// Armed is its auto-merge; nil where it is not armed.
	Armed *Armed `json:"armed"`
	// Queued is the pull request's place in the merge queue; nil where it has none.
	Queued *Queued `json:"queued"`
}

// Armed is GitHub's auto-merge.
type Armed struct {
	By     string        `json:"by"`
	App    bool          `json:"app"` // the App armed it
	Method config.Method `json:"method" words:"squash merge rebase"`
}

// Queued is a place in a merge queue.
type Queued struct {
	By  string `json:"by"`
	App bool   `json:"app"` // the App enqueued it
}

// ordered is the order that counts: a writer's, at this very head.
func (f *Facts) ordered() *Order {
	order, known := f.Order.Get()
	pull, _ := f.Pull.Get()
	if !known || order == nil || !order.Writer || order.Head == "" || order.Head != pull.Head {
		return nil
	}
	return order
}

// Strict says whether the base is known to want its newest commit beneath whatever is
// merged. A merge queue sees to that itself.
func (f *Facts) Strict() bool {
	rules, _ := f.Rules.Get()
	classic, _ := f.Classic.Get()
	both := joined(&rules, &classic)
	return both.UpToDate && !both.Queue
}

// joined is what two protections of one branch want together.
func joined(a, b *Protection) Protection {
	return Protection{
		Checks:        append(append([]Required{}, a.Checks...), b.Checks...),
		UpToDate:      a.UpToDate || b.UpToDate,
		Approvals:     max(a.Approvals, b.Approvals),
		CodeOwners:    a.CodeOwners || b.CodeOwners,
		LastPush:      a.LastPush || b.LastPush,
		DismissStale:  a.DismissStale || b.DismissStale,
		Conversations: a.Conversations || b.Conversations,
		Signatures:    a.Signatures || b.Signatures,
		Linear:        a.Linear || b.Linear,
		Deployments:   append(append([]string{}, a.Deployments...), b.Deployments...),
		Methods:       bothMethods(a.Methods, b.Methods),
		Queue:         a.Queue || b.Queue,
	}
}
