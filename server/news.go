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
	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/notice"
	"github.com/imageupdater/imageupdater/server/jobs"
	"github.com/imageupdater/imageupdater/server/store"
)

// pushed is the name of deliveries that tell of images, which registries sent.
const pushed = "images pushed"

// Deliver is part of jobs.Handlers: it lets a webhook have its effect.
func (s *Server) Deliver(ctx context.Context, d jobs.Delivery) error {
	err := s.deliver(ctx, d)
	if err == nil && !d.At.IsZero() {
		s.metrics.handled(s.now().Sub(d.At))
	}
	return err
}

func (s *Server) deliver(ctx context.Context, d jobs.Delivery) error {
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
	if e := news.Edited; e != nil {
		notice.Edited(ctx, s.state, news.Repository.ID, e.Number, e.From, e.Body, s.now())
	}
	return s.wantFrom(ctx, news)
}

// serves says whether an account is on the operator's list, if there is one.
func (s *Server) serves(account string) bool {
	return len(s.o.Config.Accounts) == 0 || slices.ContainsFunc(s.o.Config.Accounts, func(a string) bool { return strings.EqualFold(a, account) })
}

// learn keeps what became of installations and repositories. Events come late, twice
// and in any order, so what one says that is not known already is asked of GitHub.
func (s *Server) learn(ctx context.Context, n handlers.News) error {
	if n.InstallationID == 0 {
		return nil
	}
	if here, err := s.learnInstallation(ctx, n); err != nil || !here {
		return err
	}
	added := n.Added
	if n.Repository.ID != 0 {
		added = append(slices.Clip(added), n.Repository)
	}
	for part := range slices.Chunk(added, putAtOnce) {
		if err := s.learnRepositories(ctx, n.InstallationID, part); err != nil {
			return err
		}
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		for _, id := range n.Removed {
			if err := s.forgetRepository(ctx, tx, n.InstallationID, id); err != nil {
				return err
			}
		}
		if len(n.Added) == 0 && len(n.Removed) == 0 {
			return nil
		}
		return tx.ListedInstallation(ctx, n.InstallationID, s.now().Add(listSoon-daily))
	})
}

const (
	// firstLook is when a repository is looked at that nothing else asked for: a
	// look is asked for with the same news, so this is for what is lost between.
	firstLook = time.Hour
	// putAtOnce is how many repositories are written in one transaction.
	putAtOnce = 500
	// listSoon is when the repositories of an installation are listed after news
	// of them, which may have come in another order than things happened.
	listSoon = 10 * time.Minute
)

// forgetRepository forgets one that an installation has no more, unless another
// one has it by now.
func (s *Server) forgetRepository(ctx context.Context, tx *store.Tx, installation, id int64) error {
	known, err := tx.Repository(ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && known.InstallationID != installation:
		return nil
	case err != nil:
		return err
	}
	return tx.RemoveRepository(ctx, id)
}

// learnInstallation keeps an installation as GitHub says that it is, if the news
// are of it, or it is not known. It tells whether it is there.
func (s *Server) learnInstallation(ctx context.Context, n handlers.News) (here bool, err error) {
	if n.Installed == nil && !n.Uninstalled {
		_, err := s.db.Reading().Installation(ctx, n.InstallationID)
		if !errors.Is(err, store.ErrNotFound) {
			return true, err
		}
	}
	found, err := s.github.Installation(ctx, n.InstallationID)
	gone := errors.Is(err, forge.ErrNotFound)
	if err != nil && !gone {
		return false, s.waiting(err)
	}
	return !gone, s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if gone {
			return tx.RemoveInstallation(ctx, n.InstallationID)
		}
		return tx.PutInstallation(ctx, installationOf(found))
	})
}

func installationOf(i forge.Installation) store.Installation {
	return store.Installation{
		ID: i.ID, Account: i.Account.Login, AccountID: i.Account.ID, Suspended: !i.Suspended.IsZero(), Permissions: i.Permissions,
	}
}

// learnRepositories keeps repositories that an event named. What is new, and what
// is told otherwise than it is known, is asked about by the next look.
func (s *Server) learnRepositories(ctx context.Context, installation int64, told []handlers.Repository) error {
	var mine []handlers.Repository
	for _, r := range told {
		known, err := s.db.Reading().Repository(ctx, r.ID)
		if err == nil && known.InstallationID != installation {
			has, err := s.has(ctx, installation, r)
			if err != nil {
				return err
			}
			if !has {
				continue
			}
		} else if err == nil && same(known, r) {
			continue
		} else if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		mine = append(mine, r)
	}
	if len(mine) == 0 {
		return nil
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		for _, r := range mine {
			known, err := tx.Repository(ctx, r.ID)
			if errors.Is(err, store.ErrNotFound) {
				known, err = store.Repository{ID: r.ID, Owner: r.Owner, Name: r.Name}, nil
			}
			known.InstallationID, known.DefaultBranch = installation, ""
			err = errors.Join(err, tx.PutRepository(ctx, known, s.now().Add(firstLook)))
			if err = errors.Join(err, tx.DoubtRepository(ctx, r.ID)); err != nil {
				return err
			}
		}
		return nil
	})
}

// same says whether an event told of a repository what is known of it.
func same(known store.Repository, r handlers.Repository) bool {
	named := known.Owner == r.Owner && known.Name == r.Name
	if r.DefaultBranch == "" || known.DefaultBranch == "" {
		return named
	}
	return named && known.DefaultBranch == r.DefaultBranch && known.Archived == r.Archived && known.Fork == r.Fork
}

// has asks GitHub whether a repository is an installation's, of which it is known
// that it was another one's.
func (s *Server) has(ctx context.Context, installation int64, r handlers.Repository) (bool, error) {
	found, err := s.github.As(installation).Repository(ctx, forge.Ref{ID: r.ID, Owner: r.Owner, Name: r.Name})
	var owner forge.Installation
	if err == nil {
		owner, err = s.github.InstallationOf(ctx, found.Owner, found.Name)
	}
	if _, is := refused(err); is || isMoved(err) || errors.Is(err, forge.ErrUninstalled) {
		return false, nil
	}
	if err != nil {
		return false, s.waiting(err)
	}
	return owner.ID == installation, nil
}

// wantFrom asks for the looks that news want.
func (s *Server) wantFrom(ctx context.Context, n handlers.News) error {
	if n.LookAtAll {
		if err := s.files.forget(ctx, n.InstallationID); err != nil {
			return err
		}
	}
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
		if err != nil {
			return err
		}
		if err := s.hasten(ctx, image, jobs.Event, users); err != nil {
			return err
		}
	}
	return nil
}

// hasten makes an image stale and asks for looks at repositories that use it.
func (s *Server) hasten(ctx context.Context, image store.Image, p jobs.Priority, users []int64) error {
	if len(users) == 0 {
		return nil
	}
	err := s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		return tx.MarkStale(ctx, store.Stale{Image: image, At: s.now()})
	})
	if err != nil {
		return fmt.Errorf("hastening the look at %s/%s: %w", image.Registry, image.Path, err)
	}
	return s.queue.WantNow(ctx, jobs.Wish{Priority: p}, users...)
}
