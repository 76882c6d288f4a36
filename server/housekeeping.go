package server

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/imageupdater/imageupdater/handlers"
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
	// logKept is how long GitHub keeps its log of webhooks.
	logKept = 72 * time.Hour
	// held is how long a chore may take before another replica does it, too.
	held = 30 * time.Minute
	// settled is how old a delivery is before it counts as lost: it may be on
	// its way.
	settled = 2 * time.Minute
)

// chore is something that one replica does now and then.
type chore struct {
	name  string
	every time.Duration
	do    func(context.Context) error
	// started is done when a process starts, too, whenever it was done before.
	started bool
}

func (s *Server) chores() []chore {
	return []chore{
		{"list installations", hourly, s.listInstallations, false},
		{"list repositories", minutely, s.listRepositories, false},
		{"find lost webhooks", hourly, s.findLost, true},
		{"forget", daily, s.forget, false},
	}
}

// housekeep does the chores when they are due, the first time at once, and writes
// down facts.
func (s *Server) housekeep(ctx context.Context) {
	ticks := time.NewTicker(minutely / 4)
	defer ticks.Stop()
	s.lookBack(ctx)
	for {
		s.state.flush(ctx)
		s.Housekeep(ctx)
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return
		}
	}
}

// lookBack makes due what is done at each start.
func (s *Server) lookBack(ctx context.Context) {
	err := s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		for _, c := range s.chores() {
			if !c.started {
				continue
			}
			if err := tx.Release(ctx, c.name, s.now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		s.log.Warn().Err(err).Msg("what is done at each start is done later")
	}
}

// Housekeep does the chores that are due. Tests with a clock of their own call
// it.
func (s *Server) Housekeep(ctx context.Context) {
	for _, c := range s.chores() {
		if err := s.tidy(ctx, c); err != nil && ctx.Err() == nil {
			s.log.Warn().Err(err).Str("chore", c.name).Msg("a chore failed, and is done again in a minute")
		}
	}
}

// errSoon is a chore that is not quite done.
var errSoon = errors.New("more is to do soon")

// tidy does a chore if it is due and nobody else does it. One that failed is due
// again in a minute, and one that was cut short at once.
func (s *Server) tidy(ctx context.Context, c chore) error {
	began := s.now()
	var mine bool
	err := s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		mine, err = tx.Lease(ctx, c.name, s.queue.Replica(), began, began.Add(held))
		return err
	})
	if err != nil || !mine {
		return err
	}
	err = c.do(ctx)
	next := began.Add(c.every)
	switch {
	case ctx.Err() != nil:
		next = began
	case err != nil:
		next = began.Add(minutely)
	}
	if errors.Is(err, errSoon) {
		err = nil
	}
	return errors.Join(err, s.db.InTx(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
		return tx.Release(ctx, c.name, next)
	}))
}

// listInstallations learns of those whose events were missed.
func (s *Server) listInstallations(ctx context.Context) error {
	found, err := s.github.Installations(ctx)
	if err != nil {
		return err
	}
	known, err := s.db.Reading().Installations(ctx)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		for _, i := range found {
			if !s.serves(i.Account.Login) {
				continue
			}
			err := tx.PutInstallation(ctx, store.Installation{
				ID: i.ID, Account: i.Account.Login, AccountID: i.Account.ID, Suspended: !i.Suspended.IsZero(), Permissions: i.Permissions,
			})
			if err != nil {
				return err
			}
		}
		for _, k := range known {
			if slices.ContainsFunc(found, func(i forge.Installation) bool { return i.ID == k.ID }) && s.serves(k.Account) {
				continue
			}
			if err := tx.RemoveInstallation(ctx, k.ID); err != nil {
				return err
			}
		}
		return nil
	})
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
		if i.Suspended || s.now().Sub(i.ListedAt) < daily {
			continue
		}
		failed, listed = errors.Join(failed, s.listRepositoriesOf(ctx, i)), true
	}
	if listed {
		failed = errors.Join(failed, s.queue.Tick(ctx)) // the new ones are due
	}
	return failed
}

func (s *Server) listRepositoriesOf(ctx context.Context, i store.Installation) error {
	found, err := s.github.As(i.ID).Repositories(forge.Background(ctx))
	if err != nil {
		return err
	}
	now := s.now()
	ids := make([]int64, 0, len(found))
	for part := range slices.Chunk(found, 500) {
		err := s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			for _, r := range part {
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
		for _, r := range part {
			ids = append(ids, r.ID)
		}
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(tx.KeepRepositories(ctx, i.ID, ids), tx.ListedInstallation(ctx, i.ID, now))
	})
}

// findLost asks again for the webhooks of which no delivery succeeded. GitHub does
// not do it by itself.
func (s *Server) findLost(ctx context.Context) error {
	now := s.now()
	deliveries, err := s.github.Deliveries(ctx, now.Add(-logKept))
	if err != nil {
		return err
	}
	arrived, newest := map[string]bool{}, map[string]forge.Delivery{}
	for _, d := range deliveries {
		arrived[d.GUID] = arrived[d.GUID] || d.OK
		if newest[d.GUID].At.Before(d.At) {
			newest[d.GUID] = d
		}
	}
	var failed error
	var recent bool
	for _, d := range slices.Backward(deliveries) { // oldest first
		if arrived[d.GUID] || newest[d.GUID].ID != d.ID || !s.wantsAgain(d) {
			continue
		}
		if now.Sub(d.At) < settled {
			recent = true
			continue
		}
		s.log.Info().Str("github_delivery_id", d.GUID).Str("github_event_type", d.Event).Msg("asking again for a webhook that was lost")
		failed = errors.Join(failed, s.github.Redeliver(ctx, d.ID))
		s.metrics.redelivered.Inc()
	}
	if recent && failed == nil {
		return errSoon
	}
	return failed
}

// wantsAgain says whether an event is worth asking for again.
func (s *Server) wantsAgain(d forge.Delivery) bool {
	return slices.Contains(handlers.Events(), d.Event)
}

// forget bounds what the database keeps.
func (s *Server) forget(ctx context.Context) error {
	now := s.now()
	return s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.ForgetFacts(ctx, s.o.Config.Keep.Facts)
		return errors.Join(err, tx.ForgetDecisions(ctx, now.Add(-s.o.Config.Keep.Decisions)), tx.ForgetStale(ctx, now.Add(-keepStale)))
	})
}

// Tick does what the queue does every ten seconds. Tests with a clock of their
// own call it.
func (s *Server) Tick(ctx context.Context) error { return s.queue.Tick(ctx) }

// Want asks for a look at repositories, as a person does.
func (s *Server) want(ctx context.Context, forced bool, repositories ...int64) error {
	return s.queue.WantNow(ctx, jobs.Wish{Priority: jobs.Person, Forced: forced}, repositories...)
}
