package run

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/order"
	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner"
)

// PullRequests is how proposals are read and written.
type PullRequests interface {
	proposal.Reader
	proposal.Writer
	order.GitHub
	// Subjects are the first lines of the newest commits of a branch.
	Subjects(ctx context.Context, branch string) ([]string, error)
}

// propose makes the pull requests as the plan wants them.
func (r *Runner) propose(ctx context.Context, l Look, files *tree, out *Outcome) error {
	out.merges = r.merging(ctx, l, out)
	situation := r.situation(l, out)
	situation.Ordered = out.merges.ordered()
	var err error
	if situation.Files, err = r.changing(ctx, files, out.Plan); err != nil {
		return err
	}
	out.order()
	for number := range out.merges.rebuild() {
		out.Orders.Add(proposal.Orders{Rebase: map[int]bool{number: true}})
	}
	situation.Orders = out.Orders
	reconciler := r.reconciler(l, files, out)
	desired, err := r.desire(ctx, l, reconciler, situation, out)
	if err != nil {
		return err
	}
	out.Desired = &desired
	out.wake(desired.Next)
	if r.DryRun {
		return nil
	}
	out.edited = slices.ContainsFunc(desired.Edits, func(p *proposal.Proposal) bool { return p.Rewrite })
	out.Refused, err = reconciler.Reconcile(ctx, l.PullRequests, desired)
	if slices.ContainsFunc(out.Refused, func(f proposal.Refusal) bool { return f.Again }) {
		out.wake(r.Now().Add(broken))
	}
	if err != nil {
		return fmt.Errorf("writing pull requests: %w", err)
	}
	return nil
}

// reconciler writes pull requests with these files.
func (r *Runner) reconciler(l Look, files *tree, out *Outcome) *proposal.Reconciler {
	return &proposal.Reconciler{
		Repository: l.Repository.ID, Mode: files.gitMode, Memory: r.Memory, Historian: r.Historian, Now: r.Now,
		Log: func(ctx context.Context, d proposal.Done) {
			out.did(d)
			r.wrote(ctx, l.Repository.ID, d)
		},
	}
}

// situation is what is decided on, but for the files.
func (r *Runner) situation(l Look, out *Outcome) proposal.Situation {
	return proposal.Situation{
		RepositoryID: l.Repository.ID, FullName: l.Repository.FullName(), URL: r.Web + "/" + l.Repository.FullName(),
		Base: out.Base, BaseSHA: out.Head, Config: out.Config, Plan: out.Plan, Past: out.past, Now: r.Now(),
		Default: l.Repository.DefaultBranch, DefaultSHA: out.source.commit, Source: out.source.text,
	}
}

// changing are the files that a plan would change.
func (r *Runner) changing(ctx context.Context, files *tree, plan *scanner.Plan) (map[string][]byte, error) {
	found := map[string][]byte{}
	for i := range plan.Results {
		result := &plan.Results[i]
		name := result.Field.File
		if _, known := found[name]; known || len(result.Updates) == 0 {
			continue
		}
		text, err := r.text(ctx, files, name)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		found[name] = text
	}
	return found, nil
}

// wrote tells of what was done. It is kept at once: the next look finds it done, and
// has nothing to tell of it.
func (r *Runner) wrote(ctx context.Context, repository int64, d proposal.Done) {
	zerolog.Ctx(ctx).Info().Int("github_pr_num", d.Number).Str("group", d.Group).Str("branch", d.Branch).Str("github_sha", d.Head).
		Str("what", d.What).Msg("a pull request was written")
	r.Decisions.Decided(ctx, repository, d)
}

// did notes which pull requests were opened and closed.
func (o *Outcome) did(d proposal.Done) {
	if d.Head != "" && (d.What == "opened" || d.What == "updated") {
		if o.written == nil {
			o.written = map[string]string{}
		}
		o.written[d.Branch] = d.Head
	}
	switch d.What {
	case "opened":
		if o.opened == nil {
			o.opened = map[string]int{}
		}
		o.opened[d.Branch] = d.Number
	case "closed":
		if o.closed == nil {
			o.closed = map[int]bool{}
		}
		o.closed[d.Number] = true
	}
}

// desire decides what should be, and reads what that depends on: which branches
// are in conflict with the base, what registries say of the images, and, where
// something is to be written, how people write.
func (r *Runner) desire(
	ctx context.Context, l Look, reconciler *proposal.Reconciler, situation proposal.Situation, out *Outcome,
) (proposal.Desired, error) {
	desired := proposal.Desire(situation)
	soaks, err := out.merges.soaks(ctx, &desired)
	if err != nil {
		return desired, err
	}
	if len(soaks) > 0 {
		situation.Soaks = soaks
		desired = proposal.Desire(situation)
	}
	stay := desired.Edits // two of these that add at one place are in each other's way, whatever the setting
	if out.Config.PullRequests.Rebase.Value == config.RebaseConflicts {
		stay = slices.Concat(stay, desired.Proposals)
	}
	found, again, err := reconciler.Conflicts(ctx, l.PullRequests, stay)
	if err != nil {
		return desired, err
	}
	if least := r.Now().Add(r.Least); !again.IsZero() && again.Before(least) {
		again = least
	}
	out.wake(again)
	if found {
		desired = proposal.Desire(situation)
	}
	read := r.changed(ctx, l, desired.Proposals, out) // also of none, which is then remembered
	if len(desired.Proposals)+len(desired.Edits) == 0 {
		return desired, nil
	}
	situation.Facts, situation.Changelogs = read.Facts, read.Changelogs
	if !writes(desired) {
		return proposal.Desire(situation), nil
	}
	if situation.Subjects, err = l.PullRequests.Subjects(ctx, out.Base); err != nil {
		return desired, fmt.Errorf("reading how commits are written: %w", err)
	}
	return proposal.Desire(situation), nil
}

// wake lets the next look come no later than a time.
func (o *Outcome) wake(at time.Time) {
	if !at.IsZero() && at.Before(o.Next) {
		o.Next = at
	}
}

// writes says whether a branch may have to be written.
func writes(d proposal.Desired) bool {
	for _, p := range d.Proposals {
		if p.Rewrite {
			return true
		}
	}
	return false
}

// gitMode is the mode of a file in git.
func (t *tree) gitMode(name string) string {
	if b := t.files[name]; b != nil && b.executable {
		return modeExecutable
	}
	return modeFile
}
