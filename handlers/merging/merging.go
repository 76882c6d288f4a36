// Package merging merges the App's pull requests as policies want it: it reads what
// package policy decides on, tells the verdict in a check run, and does what the verdict
// says. What was read is read once more before anything is done, and GitHub is always
// told the commit that was judged.
//
// It may import the other sub-packages of handlers, and config.
package merging

import (
	"context"
	"encoding/json"
	"time"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/policy"
	"github.com/imageupdater/imageupdater/handlers/proposal"
)

// Reads is how GitHub is asked. Reading again costs nothing where nothing changed, but
// for MayWrite, Native and Unresolved.
type Reads interface {
	Candidate(ctx context.Context, number int) (c forge.Candidate, unchanged bool, err error)
	Runs(ctx context.Context, sha string) (runs []forge.Run, unchanged bool, err error)
	Suites(ctx context.Context, sha string) (suites []forge.Suite, unchanged bool, err error)
	Statuses(ctx context.Context, sha string) (statuses []forge.Status, unchanged bool, err error)
	StatusSetters(ctx context.Context, sha string) (map[int64]forge.Account, error)
	AppOf(ctx context.Context, slug string) (int64, error)
	Reviews(ctx context.Context, number int) (reviews []forge.Review, unchanged bool, err error)
	MayWrite(ctx context.Context, who forge.Account) (bool, error)
	Rules(ctx context.Context, branch string) (rules forge.Protection, unchanged bool, err error)
	Classic(ctx context.Context, branch string) (classic forge.Classic, unchanged bool, err error)
	ClassicProtection(ctx context.Context, branch string) (p forge.Protection, told bool, err error)
	Settings(ctx context.Context) (s forge.Settings, unchanged bool, err error)
	Commit(ctx context.Context, sha string) (forge.Commit, error)
	Native(ctx context.Context, number int, node string) (forge.Native, error)
	Unresolved(ctx context.Context, number int, node string) (int, error)
	QueueHeads(ctx context.Context) ([]forge.QueueHead, error)
	OpenPulls(ctx context.Context) ([]forge.OpenPull, error)
	CheckRunOf(ctx context.Context, sha, name string) (forge.CheckRun, error)
	ChecksWanted(ctx context.Context, sha string) (bool, error)
}

// Writes is how GitHub is told.
type Writes interface {
	CreateCheckRun(ctx context.Context, c forge.NewCheckRun) (forge.CheckRun, error)
	UpdateCheckRun(ctx context.Context, id int64, change forge.CheckChange) (forge.CheckRun, error)
	Merge(ctx context.Context, o forge.Order) (forge.Result, error)
	EnableAutoMerge(ctx context.Context, o forge.Order) (forge.Result, error)
	DisableAutoMerge(ctx context.Context, o forge.Order) (forge.Result, error)
	Enqueue(ctx context.Context, o forge.Order) (forge.Result, error)
	Dequeue(ctx context.Context, o forge.Order) (forge.Result, error)
	DeleteBranch(ctx context.Context, branch, at string) error
}

// GitHub is both.
type GitHub interface {
	Reads
	Writes
}

// Order is a /merge that was not carried out yet.
type Order struct {
	By   forge.Account `json:"by"`
	Head string        `json:"head"`
	At   time.Time     `json:"at"`
}

// Standing is what is remembered of an open pull request between looks. Without it
// the head counts as pushed at the next look, orders are forgotten, and the check run is
// written once more.
type Standing struct {
	// Head is the commit that it was last seen at, and Seen since when: what `after`
	// counts from. Config tells the configuration of that moment.
	Head   string    `json:"head"`
	Seen   time.Time `json:"seen"`
	Config string    `json:"config,omitempty"`
	// Own is the commit that a look of ours last gave the branch. GitHub makes commits
	// in the App's name for others, too, where they squash its pull requests.
	Own   string `json:"own,omitempty"`
	Order *Order `json:"order,omitempty"`
	// Merge is what GitHub last said of merging it.
	Merge string `json:"merge,omitempty"`
	// Waits is how often in a row GitHub did not answer all.
	Waits int `json:"waits,omitempty"`
	// Rebuild is set where all that was missing was the newest base, and people's
	// approval. Ahead is how often in a row that was done ahead of people, and Rest
	// until when it is not done once more.
	Rebuild bool      `json:"rebuild,omitempty"`
	Ahead   int       `json:"ahead,omitempty"`
	Rest    time.Time `json:"rest,omitzero"`
	// Told is what the check run of Head says, CheckRun its id. Stuck is set where
	// GitHub wants one though it was made just now.
	Told     string `json:"told,omitempty"`
	CheckRun int64  `json:"checkRun,omitempty"`
	Stuck    bool   `json:"stuck,omitempty"`
	// Intent is set while a merge is under way, which may be one that was cut, and
	// while GitHub is to merge it by itself.
	Intent *Intent `json:"intent,omitempty"`
	// Clear is set where GitHub was about to do nothing by the App's order at Head: it
	// then does not begin to without an Intent. Queue says that the base has a queue.
	Clear bool `json:"clear,omitempty"`
	Queue bool `json:"queue,omitempty"`
	// Refused is how often GitHub refused to merge it at this head, and until when
	// it is not asked again.
	Refused int       `json:"refused,omitempty"`
	Until   time.Time `json:"until,omitzero"`
	// Returned is how often GitHub was told to merge it by itself at this head and did
	// not, without a word from the App: a queue put it out, or a person took it out.
	Returned int `json:"returned,omitempty"`
	// Writers are those of its reviewers of whom was asked whether they may write,
	// and when.
	Writers map[int64]writer `json:"writers,omitempty"`
}

// Intent is a merge that was begun.
type Intent struct {
	Head    string          `json:"head"`
	Base    string          `json:"base,omitempty"`
	Branch  string          `json:"branch"`
	Group   string          `json:"group,omitempty"`
	Verdict json.RawMessage `json:"verdict"`
	// Native says that GitHub merges it by itself, armed or enqueued by the App, Taken
	// that GitHub has said so.
	Native bool `json:"native,omitempty"`
	Taken  bool `json:"taken,omitempty"`
}

type writer struct {
	May bool      `json:"may"`
	At  time.Time `json:"at"`
}

// At notes the head that a pull request is at. One that is new starts anew, without
// what was ordered at the last one.
func (s *Standing) At(head string, now time.Time, config string) {
	if s.Head == head && !s.Seen.IsZero() {
		return
	}
	*s = Standing{Head: head, Seen: now, Config: config, Own: s.Own, Order: s.Order, Intent: s.Intent}
}

// Rebuilt notes that the App built the same updates on a newer base: their time runs on,
// and what was ordered of them stays ordered.
func (s *Standing) Rebuilt(from, to string) {
	if s.Head != from || from == "" || s.Seen.IsZero() {
		return
	}
	if s.Order != nil && s.Order.Head == from {
		s.Order.Head = to
	}
	*s = Standing{
		Head: to, Seen: s.Seen, Config: s.Config, Own: to, Order: s.Order, Intent: s.Intent, Refused: s.Refused, Until: s.Until,
		Ahead: s.Ahead, Rest: s.Rest,
	}
}

// Rebuilds says whether it is to be built on the newest base, since nothing else is
// missing, and when to think of that again; zero for no time. While people are missing
// who may never come it is done less and less often.
func (s *Standing) Rebuilds(v *policy.Verdict, now time.Time) (again time.Time) {
	was := s.Rebuild
	switch s.Rebuild = v.Rebuild; {
	case !v.Rebuild || was:
	case v.Outcome != policy.Person:
		s.Ahead, s.Rest = 0, time.Time{}
	case now.Before(s.Rest):
		s.Rebuild = false
		return s.Rest
	default:
		s.Ahead++
		s.Rest = now.Add(firstReturn << (min(s.Ahead, mostReturns) - 1))
	}
	return time.Time{}
}

// Later is when to look again where GitHub did not answer all: each time twice as late.
func (s *Standing) Later(again bool, now time.Time) time.Time {
	if !again {
		s.Waits = 0
		return time.Time{}
	}
	s.Waits++
	return now.Add(patience(s.Waits))
}

// Subject is an open pull request of the App's.
type Subject struct {
	Number int
	Branch string
	Group  string
	// Rule is what holds for the updates of a record; it is not asked for one of
	// which there is none.
	Rule func(*proposal.Record) policy.Rule
	// OwnerUnknown is set where nobody knows what the owner enforces.
	OwnerUnknown bool
	// Prove says whether it is as the App made it.
	Prove func(ctx context.Context, c *forge.Candidate) (*proposal.Record, policy.Ownership, error)
	// Behind says whether the base has commits that its head has not.
	Behind func(*forge.Candidate) policy.Known[bool]
	// RolledBack are those images of a record that were rolled back.
	RolledBack func(*proposal.Record) []string
	// Newer are the newer versions that wait for it.
	Newer    []string
	Standing *Standing

	// listed is set where all check runs of the head were seen in this look.
	listed bool
}

// Judged is what was found of a pull request, and decided.
type Judged struct {
	Candidate forge.Candidate
	Record    *proposal.Record // nil where there is none
	Rule      policy.Rule
	Facts     policy.Facts
	Verdict   policy.Verdict
	// Shown is the verdict for people, which leaves out what comes and goes.
	Shown policy.Verdict
	// Again is set where GitHub did not answer all, and may soon.
	Again bool

	settling bool // GitHub does not know yet whether it can be merged
}

// Merger judges and merges the pull requests of one look, for one base.
type Merger struct {
	GitHub     GitHub
	Repository int64
	Base       string
	// App is the App's id, Bot tells its account.
	App int64
	Bot func(context.Context, forge.Account) bool
	// Config tells the configuration that holds.
	Config string
	// Holds says whether that is still the newest one, and whether all is carried out
	// that people ordered about a pull request.
	Holds func(ctx context.Context, number int) (bool, error)
	Now   func() time.Time
	// Log is told of what was done, as soon as it is.
	Log func(context.Context, proposal.Done)
	// Keep keeps what is remembered, before something is done that cannot be done
	// again.
	Keep func(context.Context)

	branch *branch
}
