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
	// settled is how old a delivery is before it counts as lost: it may be on
	// its way.
	settled = 2 * time.Minute
)

// chore is something that one replica does now and then.
type chore struct {
	name  string
	every time.Duration
	do    func(context.Context) error
}

func (s *Server) chores() []chore {
	return []chore{
		{"list installations", hourly, s.listInstallations},
		{"list repositories", minutely, s.listRepositories},
		{"find lost webhooks", hourly, s.findLost},
		{"forget", daily, s.forget},
	}
}

// housekeep does the chores when they are due, the first time at once, and writes
// down facts.
func (s *Server) housekeep(ctx context.Context) {
	ticks := time.NewTicker(minutely / 4)
	defer ticks.Stop()
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

// Housekeep does the chores that are due. Tests with a clock of their own call
// it.
func (s *Server) Housekeep(ctx context.Context) {
	for _, c := range s.chores() {
		var mine bool
		err := s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
			mine, err = tx.Lease(ctx, c.name, s.now(), s.now().Add(c.every))
			return err
		})
		if err == nil && mine {
			err = c.do(ctx)
		}
		if err != nil && ctx.Err() == nil {
			s.log.Warn().Err(err).Str("chore", c.name).Msg("a chore failed, and is done again later")
		}
	}
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
	for _, i := range installations {
		if i.Suspended || s.now().Sub(i.ListedAt) < daily {
			continue
		}
		failed = errors.Join(failed, s.listRepositoriesOf(ctx, i))
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
		arrived[d.GUID] = arrived[d.GUID] || d.OK || now.Sub(d.At) < settled
		if newest[d.GUID].At.Before(d.At) {
			newest[d.GUID] = d
		}
	}
	var failed error
	for _, d := range slices.Backward(deliveries) { // oldest first
		if arrived[d.GUID] || newest[d.GUID].ID != d.ID || !s.wantsAgain(d) {
			continue
		}
		s.log.Info().Str("github_delivery_id", d.GUID).Str("github_event_type", d.Event).Msg("asking again for a webhook that was lost")
		failed = errors.Join(failed, s.github.Redeliver(ctx, d.ID))
		s.metrics.redelivered.Inc()
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
