package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Decision is a line of the log, which is only ever added to.
type Decision struct {
	ID           string // in the order of time
	At           time.Time
	RepositoryID int64
	Kind         string
	What         string // JSON
}

// Log adds a decision, whose ID it makes.
func (tx *Tx) Log(ctx context.Context, d Decision) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("logging a decision: %w", err)
	}
	_, err = tx.exec(ctx, "INSERT INTO decision (id, at, repository_id, kind, what) VALUES ($1, $2, $3, $4, $5)",
		id.String(), millis(d.At), d.RepositoryID, d.Kind, d.What)
	if err != nil {
		return fmt.Errorf("logging a decision: %w", err)
	}
	return nil
}

// Decisions gives up to limit decisions about a repository, newest first, those
// before an ID if that is not "".
func (tx *Tx) Decisions(ctx context.Context, repository int64, before string, limit int) ([]Decision, error) {
	var all []Decision
	err := tx.each(ctx, func(r row) error {
		d := Decision{}
		var at int64
		err := r.Scan(&d.ID, &at, &d.RepositoryID, &d.Kind, &d.What)
		d.At = fromMillis(at)
		all = append(all, d)
		return err
	}, `SELECT id, at, repository_id, kind, what FROM decision WHERE repository_id = $1 AND ($2 = '' OR id < $2)
		ORDER BY id DESC LIMIT $3`, repository, before, limit)
	if err != nil {
		return nil, fmt.Errorf("reading the decisions about repository %d: %w", repository, err)
	}
	return all, nil
}

// ForgetDecisions removes those before a time.
func (tx *Tx) ForgetDecisions(ctx context.Context, before time.Time) error {
	if _, err := tx.exec(ctx, "DELETE FROM decision WHERE at < $1", millis(before)); err != nil {
		return fmt.Errorf("forgetting old decisions: %w", err)
	}
	return nil
}
