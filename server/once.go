package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/run"
	"github.com/imageupdater/imageupdater/server/jobs"
	"github.com/imageupdater/imageupdater/server/store"
)

// Once looks at one repository, at once and in this process.
func (s *Server) Once(ctx context.Context, owner, name string) (run.Report, error) {
	report, err := s.once(ctx, owner, name)
	return report, s.redact.error(err)
}

func (s *Server) once(ctx context.Context, owner, name string) (run.Report, error) {
	installation, err := s.github.InstallationOf(ctx, owner, name)
	if errors.Is(err, forge.ErrNotFound) {
		return run.Report{}, fmt.Errorf("the App is not installed on %s/%s, or there is no such repository", owner, name)
	}
	if err != nil {
		return run.Report{}, err
	}
	found, err := s.github.As(installation.ID).Repository(ctx, forge.Ref{Owner: owner, Name: name})
	if err != nil {
		return run.Report{}, err
	}
	repository := store.Repository{
		ID: found.ID, InstallationID: installation.ID, Owner: found.Owner, Name: found.Name, DefaultBranch: found.DefaultBranch,
		Archived: found.Archived || found.Disabled, Fork: found.Fork,
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		err := tx.PutInstallation(ctx, store.Installation{
			ID: installation.ID, Account: installation.Account.Login, AccountID: installation.Account.ID,
			Suspended: !installation.Suspended.IsZero(), Permissions: installation.Permissions,
		})
		if err != nil {
			return err
		}
		if err := tx.PutRepository(ctx, repository, s.now()); err != nil {
			return err
		}
		repository, err = tx.Repository(ctx, repository.ID)
		return err
	})
	if err != nil {
		return run.Report{}, err
	}
	seen, err := s.Look(ctx, jobs.Look{Repository: repository, Attempt: 1})
	if err != nil {
		return run.Report{}, err
	}
	s.state.flush(ctx)
	var report run.Report
	err = json.Unmarshal([]byte(seen.Result), &report)
	return report, err
}
