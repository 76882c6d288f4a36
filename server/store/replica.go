package store

import (
	"context"
	"fmt"
	"time"
)

// Beat notes that a replica lives.
func (tx *Tx) Beat(ctx context.Context, replica string, now time.Time) error {
	_, err := tx.exec(ctx, `INSERT INTO replica (id, seen_at) VALUES ($1, $2)
		ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at`, replica, millis(now))
	if err != nil {
		return fmt.Errorf("noting that %s lives: %w", replica, err)
	}
	return nil
}

// Leave forgets a replica that stops.
func (tx *Tx) Leave(ctx context.Context, replica string) error {
	if _, err := tx.exec(ctx, "DELETE FROM replica WHERE id = $1", replica); err != nil {
		return fmt.Errorf("noting that %s stopped: %w", replica, err)
	}
	return nil
}

// Bury forgets the replicas that were not seen since a time.
func (tx *Tx) Bury(ctx context.Context, since time.Time) error {
	if _, err := tx.exec(ctx, "DELETE FROM replica WHERE seen_at < $1", millis(since)); err != nil {
		return fmt.Errorf("forgetting dead replicas: %w", err)
	}
	return nil
}
