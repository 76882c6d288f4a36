package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

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
	if !s.serves(l.Repository.Owner) || installation.Suspended {
		return s.seen(&run.Outcome{State: run.NotAsked, Next: began.Add(24 * time.Hour)})
	}
	ctx = withAccount(ctx, installation.Account)
	if err := s.refreshStale(ctx); err != nil {
		return jobs.Seen{}, err
	}
	repository, err := s.resolve(ctx, l.Repository)
	if err == nil {
		return s.lookAt(ctx, l, repository)
	}
	if errors.Is(err, forge.ErrNotFound) || errors.Is(err, forge.ErrUninstalled) {
		return s.seen(&run.Outcome{State: run.Gone, Detail: err.Error(), Next: began.Add(24 * time.Hour)})
	}
	return jobs.Seen{}, waiting(err)
}

func (s *Server) lookAt(ctx context.Context, l jobs.Look, r store.Repository) (jobs.Seen, error) {
	began := s.now()
	client := s.github.As(r.InstallationID)
	out, err := s.runner.Run(ctx, run.Look{
		Repository: run.Repository{
			ID: r.ID, Owner: r.Owner, Name: r.Name, DefaultBranch: r.DefaultBranch, Archived: r.Archived, Fork: r.Fork,
		},
		GitHub: reading{client.Repo(forge.Ref{ID: r.ID, Owner: r.Owner, Name: r.Name})},
		Files:  s.files.of(client, r.InstallationID),
		Forced: recent(l.Repository.ForcedAt, l.Repository.EndedAt),
	})
	if err != nil {
		return jobs.Seen{}, waiting(err)
	}
	s.metrics.looked(out, s.now().Sub(began))
	return s.seen(out)
}

// recent is when registries were really to be asked, if that was after the last
// look; zero otherwise.
func recent(forced, ended time.Time) time.Time {
	if forced.Before(ended) {
		return time.Time{}
	}
	return forced
}

// seen is what is kept of a look.
func (s *Server) seen(out *run.Outcome) (jobs.Seen, error) {
	report, err := json.Marshal(out.Report(s.now()))
	if err != nil {
		return jobs.Seen{}, fmt.Errorf("writing down how the look ended: %w", err)
	}
	seen := jobs.Seen{Next: out.Next, Result: string(report), Images: imagesOf(out.Images())}
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

// waiting makes a limit of GitHub's a job for later.
func waiting(err error) error {
	if limited, is := errors.AsType[*forge.LimitedError](err); is {
		return &jobs.LaterError{Until: limited.Until, Err: err}
	}
	return err
}

// resolve completes what is known of a repository: where it was never told, and
// where it has another name by now.
func (s *Server) resolve(ctx context.Context, r store.Repository) (store.Repository, error) {
	if r.DefaultBranch != "" {
		return r, nil
	}
	client := s.github.As(r.InstallationID)
	ref := forge.Ref{ID: r.ID, Owner: r.Owner, Name: r.Name}
	found, err := client.Repository(ctx, ref)
	if isMoved(err) {
		if ref, err = client.Resolve(ctx, ref); err == nil {
			found, err = client.Repository(ctx, ref)
		}
	}
	if err != nil {
		return store.Repository{}, fmt.Errorf("asking about %s: %w", ref, err)
	}
	r.Owner, r.Name, r.DefaultBranch, r.Archived, r.Fork = found.Owner, found.Name, found.DefaultBranch, found.Archived, found.Fork
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
