package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/imageupdater/imageupdater/handlers"
	"github.com/imageupdater/imageupdater/server/jobs"
	"github.com/imageupdater/imageupdater/server/store"
)

// pushed is the name of deliveries that tell of images, which registries sent.
const pushed = "images pushed"

// Deliver is part of jobs.Handlers: it lets a webhook have its effect.
func (s *Server) Deliver(ctx context.Context, d jobs.Delivery) error {
	var news handlers.News
	var err error
	if d.Event == pushed {
		err = json.Unmarshal(d.Body, &news.Images)
	} else {
		news, err = s.decoder.Decode(d.Event, d.Body)
	}
	log := zerolog.Ctx(ctx)
	switch {
	case err != nil:
		// It will be no better the next time.
		log.Warn().Err(err).Msg("a webhook is not understood")
		return nil
	case news.Ignored != "":
		log.Debug().Str("reason", news.Ignored).Msg("a webhook is no news")
		return nil
	case news.Account != "" && !s.serves(news.Account):
		log.Info().Str("github_account", news.Account).Msg("left alone: the account is not among those that are served")
		return nil
	}
	if err := s.learn(ctx, news); err != nil {
		return err
	}
	return s.wantFrom(ctx, news)
}

// serves says whether an account is on the operator's list, if there is one.
func (s *Server) serves(account string) bool {
	return len(s.o.Config.Accounts) == 0 || slices.ContainsFunc(s.o.Config.Accounts, func(a string) bool { return strings.EqualFold(a, account) })
}

// learn keeps what became of installations and repositories.
func (s *Server) learn(ctx context.Context, n handlers.News) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if n.InstallationID == 0 {
			return nil
		}
		if n.Uninstalled {
			return tx.RemoveInstallation(ctx, n.InstallationID)
		}
		if err := s.learnInstallation(ctx, tx, n); err != nil {
			return err
		}
		for _, id := range n.Removed {
			if err := tx.RemoveRepository(ctx, id); err != nil {
				return err
			}
		}
		added := n.Added
		if n.Repository.ID != 0 {
			added = append(slices.Clip(added), n.Repository)
		}
		for _, r := range added {
			if err := tx.PutRepository(ctx, known(n.InstallationID, r), s.now().Add(firstLook)); err != nil {
				return err
			}
		}
		return nil
	})
}

// firstLook is when a repository is looked at that nothing else asked for: a look
// is asked for with the same news, so this is for what is lost between.
const firstLook = time.Hour

func known(installation int64, r handlers.Repository) store.Repository {
	return store.Repository{
		ID: r.ID, InstallationID: installation, Owner: r.Owner, Name: r.Name, DefaultBranch: r.DefaultBranch, Archived: r.Archived, Fork: r.Fork,
	}
}

func (s *Server) learnInstallation(ctx context.Context, tx *store.Tx, n handlers.News) error {
	if n.Installed != nil {
		return tx.PutInstallation(ctx, store.Installation{
			ID: n.InstallationID, Account: n.Account, AccountID: n.Installed.AccountID, Suspended: n.Installed.Suspended,
			Permissions: n.Installed.Permissions,
		})
	}
	_, err := tx.Installation(ctx, n.InstallationID)
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	// The event that it was made was missed: it is listed soon.
	return tx.PutInstallation(ctx, store.Installation{ID: n.InstallationID, Account: n.Account})
}

// wantFrom asks for the looks that news want.
func (s *Server) wantFrom(ctx context.Context, n handlers.News) error {
	if err := s.wantImages(ctx, n.Images); err != nil {
		return err
	}
	if n.Look {
		if err := s.wantOne(ctx, n); err != nil {
			return err
		}
	}
	var added []int64
	for _, r := range n.Added {
		added = append(added, r.ID)
	}
	if n.LookAtAll {
		all, err := s.db.Reading().RepositoriesOf(ctx, n.InstallationID)
		if err != nil {
			return err
		}
		added = all
		s.files.forget(n.InstallationID)
	}
	return s.queue.WantNow(ctx, jobs.Wish{Priority: jobs.Schedule}, added...)
}

func (s *Server) wantOne(ctx context.Context, n handlers.News) error {
	if n.Branch != "" {
		repository, err := s.db.Reading().Repository(ctx, n.Repository.ID)
		if errors.Is(err, store.ErrNotFound) || err == nil && !repository.Watches(n.Branch) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	wish := jobs.Wish{Priority: jobs.Event}
	if n.Person {
		wish.Priority = jobs.Person
	}
	return s.queue.WantNow(ctx, wish, n.Repository.ID)
}

// wantImages makes images stale and asks for looks at those repositories that use
// them. An image that nobody uses is nobody's business.
func (s *Server) wantImages(ctx context.Context, images []handlers.Image) error {
	for _, i := range images {
		image := store.Image{Registry: i.Registry, Path: i.Path}
		users, err := s.db.Reading().UsersOf(ctx, image)
		if err != nil || len(users) == 0 {
			if err != nil {
				return err
			}
			continue
		}
		err = s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			return tx.MarkStale(ctx, store.Stale{Image: image, At: s.now()})
		})
		if err != nil {
			return fmt.Errorf("hastening the look at %s/%s: %w", i.Registry, i.Path, err)
		}
		if err := s.queue.WantNow(ctx, jobs.Wish{Priority: jobs.Event}, users...); err != nil {
			return err
		}
	}
	return nil
}
