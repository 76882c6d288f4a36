package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Installation is the App on an account.
type Installation struct {
	ID          int64
	Account     string
	AccountID   int64
	Suspended   bool
	Permissions map[string]string
	// ListedAt is when its repositories were last listed.
	ListedAt time.Time
}

// PutInstallation keeps what is known of an installation, but for ListedAt.
func (tx *Tx) PutInstallation(ctx context.Context, i Installation) error {
	permissions, err := json.Marshal(i.Permissions)
	if err != nil {
		return fmt.Errorf("keeping installation %d: %w", i.ID, err)
	}
	_, err = tx.exec(ctx, `INSERT INTO installation (id, account, account_id, suspended, permissions, listed_at)
		VALUES ($1, $2, $3, $4, $5, 0) ON CONFLICT (id) DO UPDATE SET account = excluded.account,
		account_id = excluded.account_id, suspended = excluded.suspended, permissions = excluded.permissions`,
		i.ID, i.Account, i.AccountID, i.Suspended, string(permissions))
	if err != nil {
		return fmt.Errorf("keeping installation %d: %w", i.ID, err)
	}
	return nil
}

// ListedInstallation notes when the repositories of an installation were listed.
func (tx *Tx) ListedInstallation(ctx context.Context, id int64, at time.Time) error {
	if _, err := tx.exec(ctx, "UPDATE installation SET listed_at = $2 WHERE id = $1", id, millis(at)); err != nil {
		return fmt.Errorf("noting that installation %d was listed: %w", id, err)
	}
	return nil
}

// RemoveInstallation forgets an installation and its repositories.
func (tx *Tx) RemoveInstallation(ctx context.Context, id int64) error {
	repositories, err := tx.RepositoriesOf(ctx, id)
	if err != nil {
		return err
	}
	for _, r := range repositories {
		if err := tx.RemoveRepository(ctx, r); err != nil {
			return err
		}
	}
	if _, err := tx.exec(ctx, "DELETE FROM installation WHERE id = $1", id); err != nil {
		return fmt.Errorf("forgetting installation %d: %w", id, err)
	}
	return nil
}

const installationColumns = "SELECT id, account, account_id, suspended, permissions, listed_at FROM installation "

// Installations gives all of them, by their ids.
func (tx *Tx) Installations(ctx context.Context) ([]Installation, error) {
	var all []Installation
	err := tx.each(ctx, func(r row) error {
		i, err := scanInstallation(r)
		all = append(all, i)
		return err
	}, installationColumns+"ORDER BY id")
	if err != nil {
		return nil, fmt.Errorf("reading the installations: %w", err)
	}
	return all, nil
}

// Installation gives one; the error is ErrNotFound when it is not known.
func (tx *Tx) Installation(ctx context.Context, id int64) (Installation, error) {
	i, err := scanInstallation(tx.row(ctx, installationColumns+"WHERE id = $1", id))
	if err != nil {
		return Installation{}, fmt.Errorf("reading installation %d: %w", id, err)
	}
	return i, nil
}

func scanInstallation(r row) (Installation, error) {
	var i Installation
	var permissions string
	var listed int64
	if err := r.Scan(&i.ID, &i.Account, &i.AccountID, &i.Suspended, &permissions, &listed); err != nil {
		return Installation{}, err
	}
	i.ListedAt = fromMillis(listed)
	return i, json.Unmarshal([]byte(permissions), &i.Permissions)
}
