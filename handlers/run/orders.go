package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/foreign"
	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/order"
	"github.com/imageupdater/imageupdater/handlers/proposal"
)

// hear reads what people ordered, and begins to carry it out.
func (r *Runner) hear(ctx context.Context, l *Look, out *Outcome) error {
	if l.PullRequests == nil || r.DryRun {
		return nil
	}
	zone := time.UTC
	if out.Config != nil {
		zone = out.Config.Location()
	}
	listener := &order.Listener{Memory: r.Memory, Historian: r.Historian, Now: r.Now}
	hearing, err := listener.Hear(ctx, l.Repository.ID, l.PullRequests, &out.past, zone)
	var begun order.Begun
	if err == nil {
		begun, err = hearing.Begin(ctx, &out.past)
	}
	if _, forbidden := errors.AsType[*forge.PermissionError](err); forbidden {
		zerolog.Ctx(ctx).Warn().Err(err).Msg("comments cannot be answered")
		out.notes = append(out.notes, "comments are not answered: "+err.Error())
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading what people ordered: %w", err)
	}
	out.hearing = hearing
	out.explain = begun.Explain
	if begun.Forced.After(l.Forced) {
		l.Forced = begun.Forced
	}
	r.Historian.Lift(ctx, l.Repository.ID, &out.past, begun.Lift)
	return nil
}

// order adds to what is ordered what comments order.
func (o *Outcome) order() {
	if o.hearing != nil {
		o.Orders.Add(o.hearing.Orders(o.Plan, o.source.text))
	}
}

// answer answers what was ordered, when that is done.
func (r *Runner) answer(ctx context.Context, l Look, out *Outcome) error {
	if out.hearing == nil {
		return nil
	}
	ended := order.Ended{Trouble: trouble(out), Plan: out.Plan, Desired: out.Desired, Offered: out.offered, Refused: out.Refused}
	err := out.hearing.Answer(ctx, ended, func(h *order.Heard) {
		r.Decisions.Decided(ctx, l.Repository.ID, proposal.Done{What: "ordered", Number: h.Number, Why: h.Ordered()})
	})
	if out.hearing.More {
		out.wake(r.Now().Add(r.Least))
	}
	if _, forbidden := errors.AsType[*forge.PermissionError](err); forbidden {
		zerolog.Ctx(ctx).Warn().Err(err).Msg("comments cannot be answered")
		out.notes = append(out.notes, "comments are not answered: "+err.Error())
		return nil
	}
	if err != nil {
		return fmt.Errorf("answering what people ordered: %w", err)
	}
	return nil
}

// excuse answers what was ordered when a look ended in a state that stays: otherwise
// it would be begun anew by each look.
func (r *Runner) excuse(ctx context.Context, l Look, out *Outcome) {
	if !slices.Contains([]State{Forbidden, TooLarge, Refused}, out.State) {
		return
	}
	if err := r.answer(ctx, l, out); err != nil {
		zerolog.Ctx(ctx).Warn().Err(err).Msg("what was ordered could not be answered")
	}
}

// trouble says in Markdown why nothing could be done; "" where it was.
func trouble(out *Outcome) string {
	switch out.State {
	case Planned:
		return ""
	case Broken:
		first := out.Errors[0]
		return fmt.Sprintf("%s has errors, and nothing is done until they are mended. The first: %s%s\n",
			foreign.Code(config.FileName), foreign.Code(fmt.Sprintf("%s:%d:%d", first.File, first.Line, first.Column)), worded(first))
	case Unconfigured:
		return fmt.Sprintf("There is no %s on the default branch, without which nothing is done.\n", foreign.Code(config.FileName))
	default:
		return "Nothing could be done: " + foreign.Code(string(out.State)+" "+out.Detail) + "\n"
	}
}

// talks says whether somebody may talk to the App in a repository: one that has a
// configuration, or a pull request of ours.
func talks(out *Outcome) bool {
	if out.State != Unconfigured {
		return true
	}
	for _, all := range [][]*proposal.Existing{out.past.All, out.past.Edits} {
		for _, e := range all {
			if e.Open {
				return true
			}
		}
	}
	return false
}
