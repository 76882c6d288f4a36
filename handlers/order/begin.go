package order

import (
	"context"
	"slices"
	"time"

	"github.com/imageupdater/imageupdater/handlers/command"
	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner/image"
)

// Begun is what has to be known before registries are asked.
type Begun struct {
	// Forced is since when registries are really to be asked; zero for no time.
	Forced time.Time
	// Lift is what is to be let go of.
	Lift []proposal.Lift
	// Explain asks the plan for its reasons.
	Explain bool
}

// Begin carries out what comes before a plan is made: pull requests are paused and
// taken up again.
func (h *Hearing) Begin(ctx context.Context, past *proposal.Past) (Begun, error) {
	var b Begun
	for _, one := range h.all {
		for _, c := range one.Commands {
			switch c.Name {
			case command.Rescan:
				b.Forced = h.Now()
			case command.Explain:
				b.Explain = true
			case command.Hold, command.Unhold:
				if err := h.pause(ctx, one, c, past, &b); err != nil {
					return b, err
				}
			case command.Help:
				one.words = append(one.words, command.HelpText())
			case command.Rebase, command.Recreate, command.Ignore, command.Merge:
			}
		}
		if one.immediate() {
			if err := h.answer(ctx, one); err != nil {
				return b, err
			}
		}
	}
	return b, nil
}

// immediate says whether all of a comment is done before there is a plan.
func (h *Heard) immediate() bool {
	return !slices.ContainsFunc(h.Commands, func(c command.Command) bool {
		return c.Name != command.Hold && c.Name != command.Help
	})
}

// pause carries out /hold and /unhold.
func (h *Hearing) pause(ctx context.Context, one *Heard, c command.Command, past *proposal.Past, b *Begun) error {
	if c.Name == command.Unhold && (c.Image != image.Repository{} || one.place == issue) {
		h.lift(one, c, past, b)
		return nil
	}
	if one.place != ours {
		one.refuse(command.Misplaced(c.Name))
		return nil
	}
	labels := slices.DeleteFunc(slices.Clone(one.pull.Labels), func(l string) bool { return l == proposal.PausedLabel })
	var err error
	if c.Name == command.Hold {
		labels = append(labels, proposal.PausedLabel)
		err = h.github.AddLabels(ctx, one.Number, []string{proposal.PausedLabel})
	} else {
		err = h.github.RemoveLabel(ctx, one.Number, proposal.PausedLabel)
	}
	if isGone(err) {
		one.refuse(command.RefusedByGitHub(err))
		return nil
	}
	if err == nil {
		one.pull.Labels = labels // as the next look will read it
	}
	return err
}

// lift lets an image go on.
func (h *Hearing) lift(one *Heard, c command.Command, past *proposal.Past, b *Begun) {
	known := settled(past)
	if !slices.Contains(known, c.Image) {
		one.refuse(command.WhichImage(c, known))
		return
	}
	b.Lift = append(b.Lift, proposal.Lift{Image: c.Image.String(), At: one.Created.UTC()})
}

// settled are the images of which proposals were merged or closed.
func settled(past *proposal.Past) []image.Repository {
	var all []image.Repository
	for _, e := range past.All {
		if e.Open || e.Record == nil {
			continue
		}
		for _, u := range e.Record.Updates {
			name, err := image.ParseName(u.Image)
			if err == nil && !slices.Contains(all, name.Repository()) {
				all = append(all, name.Repository())
			}
		}
	}
	return sorted(all)
}
