package order

import (
	"context"
	"errors"
	"slices"

	"github.com/imageupdater/imageupdater/handlers/command"
	"github.com/imageupdater/imageupdater/handlers/forge"
)

// Unheard says whether somebody who may give orders gave one on a pull request that this
// run does not carry out: it was written after the others were heard, or is left for the
// next run. That may be a /hold, and until it is heard nothing is to be done that cannot
// be taken back. It costs nothing where no comment changed.
func (h *Hearing) Unheard(ctx context.Context, number int) (bool, error) {
	newer, err := h.newer(ctx)
	if err != nil {
		return false, err
	}
	for _, said := range slices.Concat(h.left, newer) {
		if said.Number != number || h.heard[said.ID] {
			continue
		}
		if waits, err := h.waits(ctx, &said); waits || err != nil {
			return waits, err
		}
	}
	return false, nil
}

// newer are the comments that changed since they were read, and some that did not.
func (h *Hearing) newer(ctx context.Context) ([]forge.Said, error) {
	var all []forge.Said
	for page := 1; page <= mostPages; page++ {
		talk, err := h.github.Talk(ctx, page, command.Begins)
		if err != nil {
			return nil, err
		}
		all = append(all, talk.All...)
		if !talk.More || talk.Oldest.Before(h.newest) {
			return all, nil
		}
	}
	return nil, errTooMuch
}

var errTooMuch = errors.New("more comments changed meanwhile than are read")

// waits says whether a comment gives orders, or tries to, and gets an answer in the next
// run.
func (h *Hearing) waits(ctx context.Context, said *forge.Said) (bool, error) {
	if answered, err := h.answered(ctx, said); answered || err != nil {
		return false, err
	}
	commands, mistake := command.Parse(said.Body, h.Now())
	if mistake == nil && len(commands) == 0 {
		return false, nil
	}
	return h.allowed(ctx, said.Author)
}
