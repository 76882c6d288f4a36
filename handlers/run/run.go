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
	"github.com/imageupdater/imageupdater/handlers/forge"
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
	// Tree gives what was kept of a repository's commit, if that was the last
	// one.
	Tree(ctx context.Context, repository int64, commit string) ([]byte, bool)
	// KeepTree replaces what is kept of a repository.
	KeepTree(ctx context.Context, repository int64, commit string, value []byte)
}

// Registry is what is asked about images.
type Registry interface {
	scanner.Registry
	// Refresh makes what is known of an image stale from a moment on.
	Refresh(repo image.Repository, at time.Time)
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
	// Files reads the files that the configuration extends, and those that
	// enforce.
	Files config.Files
	// Forced is since when registries are really to be asked; zero for no time.
	Forced time.Time
}

// Runner looks at repositories. Its fields have to be set; it may be used from
// several goroutines.
type Runner struct {
	Registry Registry
	History  scanner.History
	Memory   Memory
	// Enforced is what the operator wants of all repositories.
	Enforced config.Enforcement
	// Least is the shortest time between two looks that the schedule wants.
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
)

// Outcome is how a look ended, for the schedule and for people.
type Outcome struct {
	State State
	// Detail says in words what State does not.
	Detail string
	// Head is the commit that was looked at.
	Head string
	// Config is what holds; nil where it was not read or is broken.
	Config *config.Config
	// Errors are what is wrong with the configuration.
	Errors   config.Errors
	Warnings config.Warnings
	Plan     *scanner.Plan
	// Next is when the schedule wants the next look.
	Next time.Time
}

// The time to the next look where no configuration says one.
const (
	idle   = 24 * time.Hour // nothing is to do before somebody does something, which is told
	broken = time.Hour      // what it extends may be mended without a word
)

// Run looks at a repository. The error is that of a look that shall be made
// again; what the repository is to blame for is an Outcome.
func (r *Runner) Run(ctx context.Context, l Look) (*Outcome, error) {
	out, err := r.look(ctx, l)
	switch {
	case err == nil:
	case errors.Is(err, forge.ErrEmpty):
		out = &Outcome{State: Empty}
	case errors.Is(err, forge.ErrNotFound):
		out = &Outcome{State: Gone, Detail: err.Error()}
	case errors.Is(err, forge.ErrSuspended):
		out = &Outcome{State: NotAsked, Detail: err.Error()}
	case isA[*forge.PermissionError](err):
		out = &Outcome{State: Forbidden, Detail: err.Error()}
	case isA[*forge.TooLargeError](err):
		out = &Outcome{State: TooLarge, Detail: err.Error()}
	default:
		return nil, err
	}
	if out.Next.IsZero() {
		out.Next = r.Now().Add(idle)
	}
	return out, nil
}

func isA[E error](err error) bool {
	_, is := errors.AsType[E](err)
	return is
}

func (r *Runner) look(ctx context.Context, l Look) (*Outcome, error) {
	if l.Repository.Archived {
		return &Outcome{State: Archived}, nil
	}
	head, err := l.GitHub.Head(ctx, l.Repository.DefaultBranch)
	if err != nil {
		return nil, err
	}
	tree, err := r.tree(ctx, l, head)
	if err != nil {
		return nil, err
	}
	out := &Outcome{Head: head}
	if err := r.configure(ctx, l, tree, out); err != nil || out.State != "" {
		return out, err
	}
	// Files are those of the branch that pull requests are for.
	if base := string(out.Config.PullRequests.Base.Value); base != "" && base != l.Repository.DefaultBranch {
		if out.Head, err = l.GitHub.Head(ctx, base); err != nil {
			return nil, fmt.Errorf("reading the branch %s: %w", base, err)
		}
		if tree, err = r.tree(ctx, l, out.Head); err != nil {
			return nil, err
		}
	}
	return out, r.plan(ctx, l, tree, out)
}

// plan lets the scanner find and decide.
func (r *Runner) plan(ctx context.Context, l Look, files *tree, out *Outcome) error {
	inventory, err := scanner.Find(ctx, files, scanner.Selected(out.Config, ""))
	if err == nil {
		err = files.trouble()
	}
	if err != nil {
		return fmt.Errorf("looking for images: %w", err)
	}
	if !l.Forced.IsZero() {
		for _, repo := range imagesOf(inventory.Fields) {
			r.Registry.Refresh(repo, l.Forced)
		}
	}
	planner := &scanner.Planner{Registry: r.Registry, Config: out.Config, History: r.History, Now: r.Now}
	if out.Plan, err = planner.Plan(ctx, inventory); err != nil {
		return fmt.Errorf("deciding on updates: %w", err)
	}
	out.State = Planned
	out.Next = r.next(l, out.Config)
	return nil
}

// Images are those of a look, each once.
func (o *Outcome) Images() []image.Repository {
	if o.Plan == nil {
		return nil
	}
	fields := make([]format.Field, 0, len(o.Plan.Results))
	for i := range o.Plan.Results {
		fields = append(fields, o.Plan.Results[i].Field)
	}
	return imagesOf(fields)
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
