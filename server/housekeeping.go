package server

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/server/jobs"
	"github.com/imageupdater/imageupdater/server/store"
)

// How often is done what keeps the server's knowledge whole.
const (
	minutely = time.Minute
	hourly   = time.Hour
	daily    = 24 * time.Hour
	// keepStale is how long is known which images registries told of: answers
	// from before that are asked for again anyway.
	keepStale = 12 * time.Hour
	// keepUnused is how long is known when tags were first seen of images that no
	// repository uses any more: they may come back with the next push.
	keepUnused = 7 * daily
	// keepAnswers is how long answers of GitHub's are kept that did not change. They
	// are asked for again then.
	keepAnswers = 90 * daily
	// held is how long a chore may take before another replica does it, too.
	held = 30 * time.Minute
	// again is when a chore is done again that failed.
	again = 5 * time.Minute
)

// chore is something that one replica does now and then.
type chore struct {
	name  string
	every time.Duration
	do    func(context.Context) error
	// calls is set where GitHub is called.
	calls bool
	// first is set where a replica that starts does it, whoever did it last:
	// something may have been missed while none ran.
	first bool
}

func (s *Server) chores() []chore {
	return []chore{
		{name: "list installations", every: hourly, do: s.listInstallations, calls: true, first: true},
		{name: "list repositories", every: minutely, do: s.listRepositories, calls: true},
		{name: "find lost webhooks", every: hourly, do: s.findLost, calls: true, first: true},
		{name: "forget", every: daily, do: s.forget},
	}
}

// housekeep does the chores when they are due, the first time at once, and writes
// down facts.
func (s *Server) housekeep(ctx context.Context) {
	var both sync.WaitGroup
	both.Go(func() { often(ctx, func() { s.state.flush(ctx) }) })
	start := true
	often(ctx, func() {
		s.doChores(ctx, start)
		start = false
	})
	both.Wait()
}

// often does something now, and four times a minute until the context ends.
func often(ctx context.Context, do func()) {
	ticks := time.NewTicker(minutely / 4)
	defer ticks.Stop()
	for {
		do()
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return
		}
	}
}

// Housekeep does the chores that are due, after those that are under way. Tests
// with a clock of their own call it.
func (s *Server) Housekeep(ctx context.Context) { s.doChores(ctx, false) }

func (s *Server) doChores(ctx context.Context, start bool) {
	s.choring.Lock()
	defer s.choring.Unlock()
	for _, c := range s.chores() {
		if c.calls && s.outage.lasts() {
			continue
		}
		if err := s.doChore(ctx, c, start); err != nil && ctx.Err() == nil {
			s.log.Warn().Err(err).Str("chore", c.name).Msg("a chore failed, and is done again later")
		}
	}
}

// guarded does a chore; a panic fails that one and does not end the server.
func (c chore) guarded(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return c.do(ctx)
}

// doChore does a chore that is due and that nobody else does: again soon when it
// fails, and at once when it was cut short.
func (s *Server) doChore(ctx context.Context, c chore, start bool) error {
	began := s.now()
	var mine bool
	err := s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		mine, err = tx.Lease(ctx, c.name, s.queue.Replica(), began, began.Add(held))
		return err
	})
	if err != nil || !mine && (!start || !c.first) {
		return err
	}
	failed := c.guarded(ctx)
	next := began.Add(c.every)
	switch {
	case ctx.Err() != nil:
		next = began
	case failed != nil:
		failed = s.waiting(failed)
		next = s.now().Add(min(c.every, again))
	}
	err = s.db.InTx(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
		return tx.Release(ctx, c.name, next)
	})
	return errors.Join(failed, err)
}

// listInstallations learns of those whose events were missed.
func (s *Server) listInstallations(ctx context.Context) error {
	known, err := s.db.Reading().Installations(ctx)
	if err != nil {
		return err
	}
	listed, err := s.github.Installations(ctx)
	if err != nil {
		return err
	}
	s.outage.ended()
	found := map[int64]store.Installation{}
	for _, i := range listed {
		if !s.serves(i.Account.Login) {
			s.log.Info().Str("github_account", i.Account.Login).Int64("github_installation_id", i.ID).
				Msg("left alone: the account is not among those that are served")
			continue
		}
		found[i.ID] = installationOf(i)
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		for _, i := range found {
			if err := tx.PutInstallation(ctx, i); err != nil {
				return err
			}
		}
		for _, k := range known { // one that came since then is not among them
			if _, is := found[k.ID]; is {
				continue
			}
			if err := tx.RemoveInstallation(ctx, k.ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.wantRevived(ctx, known, found)
}

// wantRevived asks for looks at the repositories of installations that may be
// called again, or otherwise than before.
func (s *Server) wantRevived(ctx context.Context, before []store.Installation, now map[int64]store.Installation) error {
	for _, b := range before {
		i, is := now[b.ID]
		if !is || i.Suspended || !b.Suspended && maps.Equal(b.Permissions, i.Permissions) {
			continue
		}
		all, err := s.db.Reading().RepositoriesOf(ctx, i.ID)
		if err != nil {
			return err
		}
		if err := s.queue.WantNow(ctx, jobs.Wish{Priority: jobs.Schedule}, all...); err != nil {
			return err
		}
	}
	return nil
}

// listRepositories lists those of the installations that were not listed for a
// day, or never.
func (s *Server) listRepositories(ctx context.Context) error {
	installations, err := s.db.Reading().Installations(ctx)
	if err != nil {
		return err
	}
	var failed error
	var listed bool
	for _, i := range installations {
		if i.Suspended || s.now().Sub(i.ListedAt) < daily || s.outage.lasts() {
			continue
		}
		if err := s.listRepositoriesOf(ctx, i); err != nil {
			failed = errors.Join(failed, s.waiting(err))
		}
		listed = true
	}
	if listed {
		failed = errors.Join(failed, s.queue.Tick(ctx)) // the new ones are due
	}
	return failed
}

func (s *Server) listRepositoriesOf(ctx context.Context, i store.Installation) error {
	known, err := s.db.Reading().RepositoriesOf(ctx, i.ID)
	if err != nil {
		return err
	}
	found, err := s.github.As(i.ID).Repositories(forge.Background(ctx))
	if err != nil {
		return err
	}
	s.outage.ended()
	now, has := s.now(), map[int64]bool{}
	for part := range slices.Chunk(found, putAtOnce) {
		err := s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			for _, r := range part {
				has[r.ID] = true
				err := tx.PutRepository(ctx, store.Repository{
					ID: r.ID, InstallationID: i.ID, Owner: r.Owner, Name: r.Name, DefaultBranch: r.DefaultBranch,
					Archived: r.Archived || r.Disabled, Fork: r.Fork,
				}, now)
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		for _, id := range known { // one that came since then is not among them
			if has[id] {
				continue
			}
			if err := s.forgetRepository(ctx, tx, i.ID, id); err != nil {
				return err
			}
		}
		return tx.ListedInstallation(ctx, i.ID, now)
	})
}

// forget bounds what the database keeps.
func (s *Server) forget(ctx context.Context) error {
	now := s.now()
	return s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.ForgetFacts(ctx, s.o.Config.Keep.Facts)
		return errors.Join(err, tx.ForgetDecisions(ctx, now.Add(-s.o.Config.Keep.Decisions)), tx.ForgetStale(ctx, now.Add(-keepStale)),
			tx.ForgetFirstSeen(ctx, now.Add(-keepUnused)), tx.ForgetRemembered(ctx, now.Add(-keepAnswers)),
			tx.ForgetNotes(ctx, noFileNote, now.Add(-nothingFor).UTC().Format(time.RFC3339)), tx.ForgetCooldowns(ctx, cooldownOfRegistries, now))
	})
}

// Tick does what the queue does every ten seconds. Tests with a clock of their
// own call it.
func (s *Server) Tick(ctx context.Context) error { return s.queue.Tick(ctx) }

// Want asks for a look at repositories, as a person does.
func (s *Server) want(ctx context.Context, forced bool, repositories ...int64) error {
	return s.queue.WantNow(ctx, jobs.Wish{Priority: jobs.Person, Forced: forced}, repositories...)
}
