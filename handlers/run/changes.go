package run

import (
	"context"

	"github.com/rs/zerolog"

	"github.com/imageupdater/imageupdater/handlers/changes"
	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner/changelog"
)

// Changes is how what changed between two images is read for one repository.
type Changes struct {
	// Source reads with the rights that the repository has; nil reads nothing.
	Source changelog.Source
	// Visibility is who sees the repository, Reader names as whom sources are read.
	Visibility changelog.Visibility
	Reader     string
	// AllowPrivate tells that the operator lets private sources be shown.
	AllowPrivate bool
}

// changed are what registries say of the images of proposals, before and after, and
// what was written about the versions between. What nobody answers in time is left out:
// the text gains it later.
func (r *Runner) changed(ctx context.Context, l Look, proposals []*proposal.Proposal, out *Outcome) changes.Found {
	var steps []changes.Step
	for _, p := range proposals {
		steps = append(steps, changes.StepsOf(p, r.Sources, out.Config.Changelog.Sources)...)
	}
	found := r.Changes.Read(ctx, &changes.Target{
		ID: l.Repository.ID, Source: l.Changes.Source, Visibility: l.Changes.Visibility, Reader: l.Changes.Reader, AllowPrivate: l.Changes.AllowPrivate,
	}, steps)
	if least := r.Now().Add(r.Least); !found.Next.IsZero() && found.Next.Before(least) {
		found.Next = least
	}
	out.wake(found.Next)
	for _, err := range found.Troubles {
		zerolog.Ctx(ctx).Warn().Err(err).Msg("what changed in an image could not be read")
	}
	return found
}
