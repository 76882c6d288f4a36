package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/run"
	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/server/jobs"
	"github.com/imageupdater/imageupdater/server/store"
)

// Look is part of jobs.Handlers: it looks at a repository.
func (s *Server) Look(ctx context.Context, l jobs.Look) (jobs.Seen, error) {
	began := s.now()
	installation, err := s.db.Reading().Installation(ctx, l.Repository.InstallationID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return jobs.Seen{}, err
	}
	if why := s.notAsked(l.Repository.Owner, installation); why != "" {
		return s.seen(&run.Outcome{State: run.NotAsked, Detail: why, Next: began.Add(daily)})
	}
	if err := s.outage.check(); err != nil {
		return jobs.Seen{}, err
	}
	ctx = withAccount(ctx, installation.Account)
	if err := s.refreshStale(ctx); err != nil {
		return jobs.Seen{}, err
	}
	out, err := s.lookTwice(ctx, l)
	if err != nil {
		return jobs.Seen{}, s.waiting(err)
	}
	s.outage.ended()
	s.metrics.looked(out, s.now().Sub(began))
	s.comeBack(out)
	return s.seen(out)
}

// notAsked is why nothing is asked about an account's repositories; "" where they
// are looked at.
func (s *Server) notAsked(owner string, installation store.Installation) string {
	switch {
	case !s.serves(owner):
		return owner + " is not among accounts of the server's configuration"
	case installation.Suspended:
		return "the installation is suspended: its owner can end that in GitHub's settings"
	}
	return ""
}

// lookTwice looks at a repository as it is known, and once more when that was not
// as it is.
func (s *Server) lookTwice(ctx context.Context, l jobs.Look) (*run.Outcome, error) {
	known, fresh := l.Repository, false
	for {
		if known.DefaultBranch == "" {
			found, err := s.resolve(ctx, known)
			if err != nil {
				return s.unasked(err)
			}
			known, fresh = found, true
		}
		out, err := s.lookAt(ctx, known, l.Repository.ForcedAt)
		switch {
		case isMoved(err) && !fresh, err == nil && out.State == run.Gone && !fresh:
			known.DefaultBranch = "" // something of what is known is not so
		case isMoved(err):
			return nil, err
		case err == nil && out.State == run.Gone:
			// It was there a moment ago: what lacks is something in it.
			out.State, out.Next = run.Refused, s.now().Add(hourly)
			return out, nil
		default:
			return out, err
		}
	}
}

// unasked ends a look at a repository of which nothing is to be read, or gives the error
// of one that is to be made again.
func (s *Server) unasked(err error) (*run.Outcome, error) {
	state, is := refused(err)
	if errors.Is(err, forge.ErrNotFound) || errors.Is(err, forge.ErrUninstalled) || errors.Is(err, forge.ErrDisabled) {
		state, is = run.Gone, true
	}
	if !is {
		return nil, err
	}
	return &run.Outcome{State: state, Detail: err.Error(), Next: s.now().Add(daily)}, nil
}

// refused is the state of a repository about which GitHub does not answer.
func refused(err error) (run.State, bool) {
	if errors.Is(err, forge.ErrSuspended) {
		return run.NotAsked, true
	}
	if _, is := errors.AsType[*forge.PermissionError](err); is {
		return run.Forbidden, true
	}
	_, is := errors.AsType[*forge.RefusedError](err)
	return run.Refused, is && !errors.Is(err, forge.ErrUnauthorized)
}

func (s *Server) lookAt(ctx context.Context, r store.Repository, forced time.Time) (*run.Outcome, error) {
	ctx = withRepository(ctx, r)
	client := s.github.As(r.InstallationID)
	repo := client.Repo(forge.Ref{ID: r.ID, Owner: r.Owner, Name: r.Name})
	changes, err := s.changes(ctx, r, repo)
	if err != nil {
		return s.unasked(err)
	}
	return s.runner.Run(ctx, run.Look{
		Repository: run.Repository{
			ID: r.ID, Owner: r.Owner, Name: r.Name, DefaultBranch: r.DefaultBranch, Archived: r.Archived, Fork: r.Fork,
		},
		GitHub: reading{repo}, PullRequests: repo, Checks: repo, Issues: repo, Merging: repo, Introductions: s.introductions(r, repo),
		Changes: changes, Files: s.files.of(client, r.InstallationID), Newest: s.files.newest(client, r.InstallationID),
		Forced: forced,
	})
}

// comeBack brings the next look forward where an image was made stale too soon
// after the last time: this look did not see what was pushed since.
func (s *Server) comeBack(out *run.Outcome) {
	for _, image := range out.Images() {
		if at := s.registry.Pending(image); !at.IsZero() && at.Before(out.Next) {
			out.Next = at
		}
	}
}

// seen is what is kept of a look. One that could not find out which images there
// are leaves those that were known.
func (s *Server) seen(out *run.Outcome) (jobs.Seen, error) {
	report, err := json.Marshal(out.Report(s.now()))
	if err != nil {
		return jobs.Seen{}, fmt.Errorf("writing down how the look ended: %w", err)
	}
	seen := jobs.Seen{Next: out.Next, Result: s.redact.text(string(report)), Images: imagesOf(out.Images())}
	if out.Plan == nil && !slices.Contains([]run.State{run.Unconfigured, run.Empty, run.Archived}, out.State) {
		seen.Images = nil
	}
	if out.State == run.Unconfigured || out.State == run.Broken {
		seen.Watch = []string{string(config.Default().PullRequests.BranchPrefix.Value) + "*"}
	}
	if c := out.Config; c != nil {
		seen.Watch = []string{string(c.PullRequests.BranchPrefix.Value) + "*"}
		if base := string(c.PullRequests.Base.Value); base != "" {
			seen.Watch = append(seen.Watch, base)
		}
	}
	return seen, nil
}

func imagesOf(repos []image.Repository) []store.Image {
	images := make([]store.Image, 0, len(repos))
	for _, r := range repos {
		images = append(images, store.Image{Registry: r.Registry, Path: r.Path})
	}
	return images
}

// waiting makes a job for later of a limit of GitHub's, and of an outage.
func (s *Server) waiting(err error) error {
	if limited, is := errors.AsType[*forge.LimitedError](err); is {
		return &jobs.LaterError{Until: limited.Until, Err: err}
	}
	_, unavailable := errors.AsType[*forge.UnavailableError](err)
	if unavailable || errors.Is(err, forge.ErrUnauthorized) {
		return s.outage.failed(err)
	}
	return err
}

// resolve asks what a repository is called now, and what else is to be known of
// it.
func (s *Server) resolve(ctx context.Context, r store.Repository) (store.Repository, error) {
	client := s.github.As(r.InstallationID)
	ref := forge.Ref{ID: r.ID, Owner: r.Owner, Name: r.Name}
	found, err := client.Repository(ctx, ref)
	if isMoved(err) || errors.Is(err, forge.ErrNotFound) {
		if ref, err = client.Resolve(ctx, ref); err == nil {
			found, err = client.Repository(ctx, ref)
		}
	}
	if err != nil {
		return store.Repository{}, fmt.Errorf("asking about %s: %w", ref, err)
	}
	r.Owner, r.Name, r.DefaultBranch, r.Archived, r.Fork = found.Owner, found.Name, found.DefaultBranch, found.Archived || found.Disabled, found.Fork
	err = s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.PutRepository(ctx, r, s.now()) })
	return r, err
}

func isMoved(err error) bool {
	_, is := errors.AsType[*forge.MovedError](err)
	return is
}

// refreshStale takes over what registries told, here or on other replicas.
func (s *Server) refreshStale(ctx context.Context) error {
	now := s.now()
	s.staleMu.Lock()
	since := s.staleSince
	s.staleMu.Unlock()
	stale, err := s.db.Reading().StaleSince(ctx, since)
	if err != nil {
		return err
	}
	for _, image := range stale {
		s.registry.Refresh(imageOf(image.Image), image.At)
	}
	s.staleMu.Lock()
	defer s.staleMu.Unlock()
	s.staleSince = now.Add(-time.Minute) // clocks of replicas differ
	return nil
}

func imageOf(i store.Image) image.Repository {
	return image.Repository{Registry: i.Registry, Path: i.Path}
}

// reading is a repository as package run reads it.
type reading struct{ *forge.Repo }

// Head is part of run.GitHub.
func (r reading) Head(ctx context.Context, branch string) (string, error) {
	sha, _, err := r.Repo.Head(ctx, branch)
	return sha, err
}
