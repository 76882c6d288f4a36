package server

import (
	"context"
	"fmt"
	"time"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/run"
	"github.com/imageupdater/imageupdater/server/store"
)

// mostContacts is how many repositories of an installation are offered a configuration
// in contactTime.
const (
	mostContacts = 5
	contactTime  = time.Hour
)

// introductions is how the App introduces itself to a repository; nil where the
// operator wants it not to.
func (s *Server) introductions(r store.Repository, repo *forge.Repo) run.Introductions {
	if !s.o.Config.Onboarding {
		return nil
	}
	return &introductions{repo, s, r.InstallationID}
}

// introductions are those of an installation, which all replicas share: each takes one
// of a few leases, and keeps it.
type introductions struct {
	*forge.Repo

	server       *Server
	installation int64
}

func (i *introductions) lease(n int) string { return fmt.Sprintf("contact %d %d", i.installation, n) }

// Room is part of run.Introductions.
func (i *introductions) Room(ctx context.Context) (time.Time, error) {
	now, first := i.server.now(), time.Time{}
	for n := range mostContacts {
		until, err := i.server.db.Reading().Leased(ctx, i.lease(n))
		if err != nil {
			return time.Time{}, err
		}
		if !until.After(now) {
			return time.Time{}, nil
		}
		if first.IsZero() || until.Before(first) {
			first = until
		}
	}
	return first, nil
}

// Take is part of run.Introductions.
func (i *introductions) Take(ctx context.Context) (took bool, err error) {
	now := i.server.now()
	err = i.server.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		for n := range mostContacts {
			if took, err = tx.Lease(ctx, i.lease(n), "", now, now.Add(contactTime)); took || err != nil {
				return err
			}
		}
		return nil
	})
	return took, err
}
