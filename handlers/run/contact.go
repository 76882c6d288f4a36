package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/contact"
	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/format"
)

// Introductions is how the App introduces itself to a repository that has no
// configuration.
type Introductions interface {
	// Repository is what GitHub says of the repository.
	Repository(ctx context.Context) (forge.Repository, error)
	// Room is when there is room for one more; zero where there is.
	Room(ctx context.Context) (time.Time, error)
	// Take takes the room for one. It tells whether there was any.
	Take(ctx context.Context) (bool, error)
}

const (
	// mostRead is how many files a repository may have that would have to be read for
	// a first contact.
	mostRead = 5000
	// justClosed is for how long it is made sure that what a run began was ended.
	justClosed = 6 * time.Hour
)

// introduce offers a configuration to a repository that has none, once, and takes that
// back when there is one.
func (r *Runner) introduce(ctx context.Context, l Look, files *tree, out *Outcome) error {
	if l.PullRequests == nil || r.DryRun {
		return nil
	}
	i := &introducing{Runner: r, look: l, files: files, out: out}
	i.read()
	var d proposal.Desired
	var err error
	switch {
	case out.State != Unconfigured:
		d.Close = i.takeBack("There is a " + config.FileName + " on the default branch by now, so that this one is not needed. Thank you!")
	case i.wanted():
		d, err = i.offer(ctx)
	}
	if err != nil {
		return err
	}
	d.Sweep, out.offered = i.left, &d
	if len(d.Edits)+len(d.Close)+len(d.Sweep) == 0 {
		return nil
	}
	refused, err := r.reconciler(l, files, out).Reconcile(ctx, l.PullRequests, d)
	out.Refused = append(out.Refused, refused...)
	i.mind(ctx, refused)
	if err != nil {
		return fmt.Errorf("offering a configuration: %w", err)
	}
	return nil
}

// introducing is the work of one look.
type introducing struct {
	*Runner

	look  Look
	files *tree
	out   *Outcome

	open *proposal.Existing   // the offer that is open; nil where none is
	no   *proposal.Existing   // one that somebody closed, or that was merged
	left []*proposal.Existing // those that we closed, whose branches may still be there
}

// read finds out what became of earlier offers.
func (i *introducing) read() {
	for _, e := range i.out.past.Contacts() {
		switch {
		case e.Open && (i.open == nil || i.open.Number < e.Number):
			i.open = e
		case e.Open:
		case !e.Merged.IsZero() || !e.ClosedByUs:
			i.no = e
		case e.Foreign == "" && e.Closed.After(i.Now().Add(-justClosed)):
			i.left = append(i.left, e)
		}
	}
	if i.open != nil {
		i.left = nil // it has the branch
	}
}

// wanted says whether an offer may be made, or kept up to date, as far as is known
// without asking. Closing one is an answer for ever, as long as it is not reopened; and
// where the App opened pull requests before somebody took the file away.
func (i *introducing) wanted() bool {
	r := &i.look.Repository
	if i.open != nil {
		i.out.Detail = fmt.Sprintf("pull request %d adds a %s", i.open.Number, config.FileName)
		return i.look.Introductions != nil && (!i.theirs() || i.handedBack())
	}
	if i.no != nil && i.no.Merged.IsZero() {
		i.out.Detail = fmt.Sprintf("pull request %d, which would have added a %s, was closed: reopening it is the way back", i.no.Number, config.FileName)
	}
	return i.look.Introductions != nil && !r.Fork && !r.Archived && i.out.Detail == "" && i.no == nil && len(i.out.past.All) == 0
}

// offer is the pull request that there should be.
func (i *introducing) offer(ctx context.Context) (proposal.Desired, error) {
	nothing := proposal.Desired{}
	gone := proposal.Desired{Close: i.takeBack("There is no image left here for which it would do anything.")}
	toRead := i.toRead()
	switch known := i.recall(ctx); {
	case known != nil && known.Why != "":
		i.out.Detail = known.Why
		return nothing, nil
	case known != nil, toRead == 0:
		return gone, nil
	case toRead > mostRead:
		i.out.Detail = cmp.Or(i.out.Detail, fmt.Sprintf("no %s is offered: %d files would have to be read for that, and %d are at most", config.FileName, toRead, mostRead))
		return nothing, nil
	}
	if may, err := i.may(ctx); err != nil || !may {
		return nothing, err
	}
	inventory, err := i.find(ctx, i.files, scanner.Selected(config.Default(), ""))
	if err != nil {
		return nothing, err
	}
	fields := contact.Certain(inventory.Fields)
	if len(fields) == 0 {
		i.remember(ctx, "")
		return gone, nil
	}
	p, err := i.proposal(ctx, fields)
	if err != nil {
		return nothing, err
	}
	if i.open == nil {
		if took, err := i.look.Introductions.Take(ctx); err != nil || !took {
			i.out.soon(i.Now(), time.Hour)
			return nothing, err
		}
	}
	i.out.edited = p.Rewrite
	return proposal.Desired{Edits: []*proposal.Proposal{p}}, nil
}

// may says whether there is room for one more offer, and the repository is one that
// people work in. One that is open has its room.
func (i *introducing) may(ctx context.Context) (bool, error) {
	if i.open != nil {
		return true, nil
	}
	again, err := i.look.Introductions.Room(ctx)
	if err != nil {
		return false, fmt.Errorf("asking whether there is room for a first contact: %w", err)
	}
	if !again.IsZero() {
		i.out.soon(i.Now(), again.Sub(i.Now())+jitter(i.look.Repository.ID, again, time.Minute))
		return false, nil
	}
	err = i.reconciler(i.look, i.files, i.out).InTheWay(ctx, i.look.PullRequests, contact.Branch)
	if errors.Is(err, proposal.ErrTheirs) {
		i.mind(ctx, []proposal.Refusal{{Group: proposal.ConfigurationGroup, Branch: contact.Branch, Err: err, Again: true}})
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for a branch %s: %w", contact.Branch, err)
	}
	found, err := i.look.Introductions.Repository(ctx)
	if err != nil {
		return false, err //nolint:wrapcheck // it says what was asked
	}
	if found.Template {
		i.out.Detail = "a template is offered no " + config.FileName
	}
	return !found.Template && !found.Fork && !found.Archived && !found.Disabled, nil
}

// proposal is the pull request with the file for some fields, and what it would do.
func (i *introducing) proposal(ctx context.Context, fields []format.Field) (*proposal.Proposal, error) {
	l := i.look
	text, c, err := i.file(ctx, fields)
	if err != nil {
		return nil, err
	}
	options := config.Options{Repository: l.Repository.FullName(), Now: i.Now()}
	from := &sources{Files: l.Files}
	options.Files = from
	enforced, _ := config.EnforcedByOwner(ctx, c, options)
	if from.failed != nil {
		return nil, fmt.Errorf("reading what the owner enforces: %w", from.failed)
	}
	desired, plan, err := i.would(ctx, c.Bind(enforced, i.Enforced))
	if err != nil {
		return nil, err
	}
	found := contact.Found{
		Fields: fields, Plan: plan, Desired: desired, Limit: int(c.PullRequests.Limit.Value), PerHour: int(c.PullRequests.PerHour.Value),
	}
	offered := proposal.NewFile{
		Branch: contact.Branch, Title: contact.Title, Body: found.Body(), Text: text, Base: l.Repository.DefaultBranch, BaseSHA: i.out.source.commit,
		Existing: i.open, Anew: i.anew(),
	}
	return offered.Proposal(l.Repository.ID)
}

// file is the file that is offered, over what the owner has for all repositories if
// that is any good.
func (i *introducing) file(ctx context.Context, fields []format.Field) ([]byte, *config.Config, error) {
	owner := i.look.Repository.Owner
	options := config.Options{Repository: i.look.Repository.FullName(), Files: i.look.Files, Now: i.Now()}
	shared := config.Base{Owner: owner, Repository: config.RulesRepository, Path: config.FileName}
	_, err := i.look.Files.Read(ctx, shared)
	switch {
	case err == nil:
		text := []byte(contact.File(owner, owner+"/"+config.RulesRepository, fields))
		c, _, err := config.Load(ctx, config.FileName, text, options)
		if _, wrong := errors.AsType[config.Errors](err); !wrong {
			return text, c, err //nolint:wrapcheck // it says what was read
		}
	case !errors.Is(err, config.ErrNoFile):
		return nil, nil, fmt.Errorf("reading what the owner has for all repositories: %w", err)
	}
	text := []byte(contact.File(owner, "", fields))
	c, _, err := config.Load(ctx, config.FileName, text, options)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the configuration that is offered: %w", err)
	}
	return text, c, nil
}

// would is what there should be with a configuration.
func (i *introducing) would(ctx context.Context, c *config.Config) (proposal.Desired, *scanner.Plan, error) {
	nothing := proposal.Desired{}
	inventory, err := i.find(ctx, i.files, scanner.Selected(c, ""))
	if err != nil {
		return nothing, nil, err
	}
	i.out.asked = newAsking(i.Registry)
	planner := &scanner.Planner{Registry: i.out.asked, Config: c, History: i.History, Now: i.Now, Withheld: i.out.past.Withheld()}
	plan, err := planner.Plan(ctx, inventory)
	if err != nil {
		return nothing, nil, fmt.Errorf("deciding on updates: %w", err)
	}
	s := i.situation(i.look, i.out)
	s.Config, s.Plan = c, plan
	if s.Files, err = i.changing(ctx, i.files, plan); err != nil {
		return nothing, nil, err
	}
	return proposal.Desire(s), plan, nil
}
