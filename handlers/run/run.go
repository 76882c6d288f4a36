// Package run looks at one repository: it reads the configuration and the files
// of the default branch through GitHub's API, lets the scanner plan, and says how
// that ended.
//
// It may import the other sub-packages of handlers, scanner and config.
package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/changes"
	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/merging"
	"github.com/imageupdater/imageupdater/handlers/notice"
	"github.com/imageupdater/imageupdater/handlers/order"
	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/format"
	"github.com/imageupdater/imageupdater/scanner/image"
)

// GitHub is what a look reads of one repository. Its errors are those of package
// forge.
type GitHub interface {
	// Head is the newest commit of a branch.
	Head(ctx context.Context, branch string) (sha string, err error)
	// Tree lists all files of a commit.
	Tree(ctx context.Context, commit string) ([]forge.Entry, error)
	// Blob is a file's bytes, of which most may be.
	Blob(ctx context.Context, sha string, most int64) ([]byte, error)
}

// Memory keeps what is true for ever, and what is of use for as long as a commit
// is the newest one. It may be called from several goroutines.
type Memory interface {
	// Fact gives what was kept under a name.
	Fact(ctx context.Context, name string) ([]byte, bool)
	// KeepFact keeps what is true for ever.
	KeepFact(ctx context.Context, name string, value []byte)
	// Tree gives what was kept of a commit of a repository's branch, if that was
	// the last one.
	Tree(ctx context.Context, repository int64, branch, commit string) ([]byte, bool)
	// KeepTree replaces what is kept of a repository's branch.
	KeepTree(ctx context.Context, repository int64, branch, commit string, value []byte)
	// Note gives what was kept of a repository under a name.
	Note(ctx context.Context, repository int64, name string) ([]byte, bool)
	// KeepNote replaces it.
	KeepNote(ctx context.Context, repository int64, name string, value []byte)
}

// Registry is what is asked about images.
type Registry interface {
	scanner.Registry
	// Refresh makes what is known of an image stale from a moment on.
	Refresh(repo image.Repository, at time.Time)
}

// Decisions is the log of what was done, which outlives the look whatever becomes
// of that. It may be called from several goroutines.
type Decisions interface {
	Decided(ctx context.Context, repository int64, d proposal.Done)
}

// Repository is the one that is looked at.
type Repository struct {
	ID            int64
	Owner, Name   string
	DefaultBranch string
	Archived      bool
	Fork          bool
}

// FullName is owner/name.
func (r Repository) FullName() string { return r.Owner + "/" + r.Name }

// Look is one look at a repository.
type Look struct {
	Repository Repository
	GitHub     GitHub
	// PullRequests are read and written through it; nil leaves them alone.
	PullRequests PullRequests
	// Checks tells pull requests what they would change of the configuration; nil
	// leaves them alone.
	Checks Checks
	// Introductions offers a configuration where there is none; nil offers none.
	Introductions Introductions
	// Issues are read and written through it; nil leaves them alone.
	Issues notice.GitHub
	// Merging is how pull requests are merged; nil merges none.
	Merging merging.GitHub
	// Changes is how what changed between two images is read.
	Changes Changes
	// Files reads the files that the configuration extends, and those that
	// enforce.
	Files config.Files
	// Newest reads them as they are at this moment, where those may be a little older.
	// It is needed where pull requests are merged.
	Newest config.Files
	// Forced is since when registries are really to be asked; zero for no time.
	Forced time.Time
}

// Runner looks at repositories. Its fields have to be set; it may be used from
// several goroutines.
type Runner struct {
	Registry Registry
	History  scanner.History
	Memory   Memory
	// Decisions is needed where pull requests are written.
	Decisions Decisions
	// App is the App's id.
	App int64
	// Enforced is what the operator wants of all repositories.
	Enforced config.Enforcement
	// Changes reads what changed between two images, and Sources is where the
	// operator says that their sources are.
	Changes *changes.Reader
	Sources config.Sources
	// Historian reads what became of proposals.
	Historian *proposal.Historian
	// Web is where people see GitHub, without a slash at the end.
	Web string
	// DryRun writes nothing.
	DryRun bool
	// Least is the shortest time between two looks that nobody asked for.
	Least time.Duration
	Now   func() time.Time
}

// State is how a look ended.
type State string

// The states.
const (
	Planned      State = "planned"       // there is a plan
	Unconfigured State = "unconfigured"  // there is no configuration
	Broken       State = "broken"        // the configuration has errors
	Empty        State = "empty"         // there is no commit
	Archived     State = "archived"      // nothing may be written
	TooLarge     State = "too-large"     // there are more files than can be looked at
	Forbidden    State = "forbidden"     // the App lacks a permission
	Gone         State = "gone"          // the repository is no more, or not for the App to see
	NotAsked     State = "not-installed" // the installation is suspended
	Refused      State = "refused"       // GitHub does not answer a question, and would not if it was asked again
)

// Outcome is how a look ended, for the schedule and for people.
type Outcome struct {
	State State
	// Detail says in words what State does not.
	Detail string
	// Base is the branch that pull requests are for, Head the commit of it that
	// was looked at.
	Base, Head string
	// Config is what holds; nil where it was not read or is broken.
	Config *config.Config
	// Errors are what is wrong with the configuration.
	Errors   config.Errors
	Warnings config.Warnings
	Plan     *scanner.Plan
	// Desired is what pull requests there should be; nil where that was not
	// decided. Refused is what could not be written of it.
	Desired *proposal.Desired
	Refused []proposal.Refusal
	// Orders are what people asked for, and this look did.
	Orders proposal.Orders
	past   proposal.Past
	source source
	// hearing is what people ordered in comments; nil where nobody could be heard.
	hearing *order.Hearing
	explain bool
	// notes are what people should know beside the warnings.
	notes []string
	// files are those of Base where that was read, extended the names of what the
	// configuration extends, asked what the plan asked of registries.
	files    *tree
	extended map[string]bool
	asked    *asking
	// offered is what there should be of offers of a configuration.
	offered *proposal.Desired
	// edited is set where pull requests for the configuration were written.
	edited bool
	// Dashboard is the number of the issue; 0 where there is none. Unsaid is why
	// issues could not be written.
	Dashboard int
	Unsaid    []string
	board     *board
	// unread is when the dashboard may be read that was left alone now; zero where it
	// was not.
	unread time.Time
	// opened are the pull requests that the look opened, by their branches, closed
	// the numbers of those that it closed.
	opened map[string]int
	closed map[int]bool
	// written are the heads that it gave branches.
	written map[string]string
	// merges is the merging of the look, verdicts what was decided.
	merges   *merges
	verdicts []judged
	// Next is when the schedule wants the next look.
	Next time.Time
}

// The time to the next look where no configuration says one.
const (
	idle   = 24 * time.Hour // nothing is to do before somebody does something, which is told
	broken = time.Hour      // what it extends, or GitHub's answer, may be mended without a word
)

// Run looks at a repository. The error is that of a look that shall be made
// again; what the repository is to blame for is an Outcome.
func (r *Runner) Run(ctx context.Context, l Look) (*Outcome, error) {
	out, err := r.look(ctx, l)
	if out == nil {
		out = &Outcome{} // otherwise what is known and was done stays, whatever came afterwards
	}
	if err != nil {
		if out.State = stateOf(err); out.State == "" {
			return nil, err
		}
		if out.State != Empty {
			out.Detail = err.Error()
		}
		r.excuse(ctx, l, out)
	}
	if out.Next.IsZero() {
		out.Next = r.Now().Add(idle)
	}
	if out.State == Refused {
		out.wake(r.Now().Add(broken))
	}
	return out, nil
}

// stateOf is the state that an error is; "" for one that is none of the
// repository's business, or shall be tried again.
func stateOf(err error) State {
	switch {
	case errors.Is(err, forge.ErrEmpty):
		return Empty
	case errors.Is(err, forge.ErrNotFound), errors.Is(err, forge.ErrUninstalled), errors.Is(err, forge.ErrDisabled):
		return Gone
	case errors.Is(err, forge.ErrSuspended):
		return NotAsked
	case isA[*forge.PermissionError](err):
		return Forbidden
	case isA[*forge.TooLargeError](err), errors.Is(err, scanner.ErrTooManyFiles):
		return TooLarge
	case errors.Is(err, forge.ErrUnauthorized):
		return ""
	case isA[*forge.RefusedError](err):
		return Refused
	}
	return ""
}

func isA[E error](err error) bool {
	_, is := errors.AsType[E](err)
	return is
}

func (r *Runner) look(ctx context.Context, l Look) (*Outcome, error) {
	if l.Repository.Archived {
		return &Outcome{State: Archived}, nil
	}
	seen := &newest{PullRequests: l.PullRequests}
	if l.PullRequests != nil {
		l.PullRequests = seen
	}
	past, err := r.past(ctx, l) // first, as its answer names the repository by its id
	if err != nil {
		return nil, err
	}
	out := &Outcome{Base: l.Repository.DefaultBranch, past: past}
	tree, err := r.decide(ctx, &l, out)
	if state := stateOf(err); state == TooLarge || state == Refused {
		out.State = state
		if err := r.merge(ctx, l, seen, out); err != nil { // others wait for the check all the same
			return out, err
		}
	}
	if err != nil {
		return out, err
	}
	if err := r.merge(ctx, l, seen, out); err != nil {
		return out, err
	}
	if err := r.answer(ctx, l, out); err != nil {
		return out, err
	}
	if err := r.tell(ctx, l, out); err != nil {
		return out, err
	}
	return out, r.reviews(ctx, l, seen, tree, out)
}

// decide does all that comes before merges, and gives the files of the default branch.
func (r *Runner) decide(ctx context.Context, l *Look, out *Outcome) (*tree, error) {
	head, err := l.GitHub.Head(ctx, l.Repository.DefaultBranch)
	if err != nil {
		return nil, err
	}
	tree, err := r.tree(ctx, *l, l.Repository.DefaultBranch, head)
	if err != nil {
		return nil, err
	}
	out.Head, out.source = head, source{commit: head}
	if err := r.configure(ctx, *l, tree, out); err != nil {
		return tree, err
	}
	if talks(out) {
		if err := r.hear(ctx, l, out); err != nil {
			return tree, err
		}
	}
	if out.State == Unconfigured {
		out.order() // to the offer of one
	}
	if out.State == "" {
		err = r.update(ctx, *l, tree, out)
	}
	if err != nil {
		return tree, err
	}
	return tree, r.introduce(ctx, *l, tree, out)
}

// update plans, and makes pull requests of that.
func (r *Runner) update(ctx context.Context, l Look, files *tree, out *Outcome) error {
	files, err := r.rebase(ctx, l, files, out)
	if err != nil || out.State != "" {
		return err
	}
	out.files = files
	if out.board, err = r.board(ctx, &l, out); err != nil {
		return err
	}
	return r.plan(ctx, l, files, out)
}

// past is what became of proposals.
func (r *Runner) past(ctx context.Context, l Look) (proposal.Past, error) {
	if l.PullRequests == nil {
		return proposal.Past{}, nil
	}
	past, err := r.Historian.Read(ctx, l.Repository.ID, l.PullRequests)
	if err != nil {
		return proposal.Past{}, fmt.Errorf("reading what became of proposals: %w", err)
	}
	return past, nil
}

// rebase gives the files of the branch that pull requests are for, which is
// mostly the default one.
func (r *Runner) rebase(ctx context.Context, l Look, files *tree, out *Outcome) (*tree, error) {
	setting := out.Config.PullRequests.Base
	base := string(setting.Value)
	if base == "" || base == l.Repository.DefaultBranch {
		return files, nil
	}
	var err error
	out.Base = base
	out.Head, err = l.GitHub.Head(ctx, base)
	if errors.Is(err, forge.ErrNotFound) {
		out.wrong(r.Now(), &config.Error{
			File: setting.Origin.File, Line: setting.Origin.Line, Column: setting.Origin.Column, Field: "pullRequests.base",
			Message: fmt.Sprintf("there is no branch %q", base),
		})
		return nil, nil //nolint:nilnil // out.State says why
	}
	if err != nil {
		return nil, fmt.Errorf("reading the branch %s: %w", base, err)
	}
	return r.tree(ctx, l, base, out.Head)
}

// plan lets the scanner find and decide.
func (r *Runner) plan(ctx context.Context, l Look, files *tree, out *Outcome) error {
	inventory, err := r.find(ctx, files, scanner.Selected(out.Config, ""))
	if err != nil {
		return err
	}
	if !l.Forced.IsZero() {
		for _, repo := range imagesOf(inventory.Fields) {
			r.Registry.Refresh(repo, l.Forced)
		}
	}
	out.asked = newAsking(r.Registry)
	planner := &scanner.Planner{
		Registry: out.asked, Config: out.Config, History: r.history(out.board), Now: r.Now, Withheld: out.past.Withheld(), Explain: out.explain,
	}
	if out.Plan, err = planner.Plan(ctx, inventory); err != nil {
		return fmt.Errorf("deciding on updates: %w", err)
	}
	out.Warnings = append(out.Warnings, unmatched(out.Config, out.Plan)...)
	out.State = Planned
	out.Next = r.next(l, out)
	out.wake(out.unread)
	if l.PullRequests == nil {
		return nil
	}
	return r.propose(ctx, l, files, out)
}

// fetches is how many files are read at a time.
const fetches = 4

// Images are those of a look that registries were asked about, each once.
func (o *Outcome) Images() []image.Repository {
	if o.Plan == nil {
		return nil
	}
	fields := make([]format.Field, 0, len(o.Plan.Results))
	for i := range o.Plan.Results {
		if asked(&o.Plan.Results[i]) {
			fields = append(fields, o.Plan.Results[i].Field)
		}
	}
	return imagesOf(fields)
}

// asked says whether what a registry tells can matter to a field.
func asked(r *scanner.Result) bool {
	return r.Status != scanner.StatusSkipped || r.Reason == nil || r.Reason.Code == scanner.Postponed || r.Reason.Code == scanner.Incomparable
}

func imagesOf(fields []format.Field) []image.Repository {
	seen, all := map[image.Repository]bool{}, []image.Repository{}
	for i := range fields {
		if repo := fields[i].Ref.Repository(); repo.Path != "" && !seen[repo] {
			seen[repo] = true
			all = append(all, repo)
		}
	}
	return all
}
