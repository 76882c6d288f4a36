package store

import (
	"context"
	"fmt"
	"time"
)

// Cooldown gives until when a scope is left alone; zero when it is not.
func (tx *Tx) Cooldown(ctx context.Context, scope string) (time.Time, error) {
	var until int64
	err := tx.row(ctx, "SELECT coalesce(max(until), 0) FROM cooldown WHERE scope = $1", scope).Scan(&until)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading how long to wait for %s: %w", scope, err)
	}
	return fromMillis(until), nil
}

// Cool leaves a scope alone until a time, or longer if that was said before.
func (tx *Tx) Cool(ctx context.Context, scope string, until time.Time) error {
	_, err := tx.exec(ctx, `INSERT INTO cooldown (scope, until) VALUES ($1, $2) ON CONFLICT (scope) DO UPDATE SET
		until = CASE WHEN cooldown.until < excluded.until THEN excluded.until ELSE cooldown.until END`, scope, millis(until))
	if err != nil {
		return fmt.Errorf("keeping how long to wait for %s: %w", scope, err)
	}
	return nil
}

// ForgetCooldowns forgets those that are over, of scopes that begin so.
func (tx *Tx) ForgetCooldowns(ctx context.Context, prefix string, now time.Time) error {
	if _, err := tx.exec(ctx, "DELETE FROM cooldown WHERE substr(scope, 1, $1) = $2 AND until < $3", len(prefix), prefix, millis(now)); err != nil {
		return fmt.Errorf("forgetting cooldowns: %w", err)
	}
	return nil
}

// Lease takes something that one replica shall do, until a time. It tells whether
// nobody has it; who had it and died has it no more.
func (tx *Tx) Lease(ctx context.Context, what, replica string, now, until time.Time) (bool, error) {
	scope := "lease " + what
	n, err := tx.exec(ctx, `INSERT INTO cooldown (scope, until) VALUES ($1, $3) ON CONFLICT (scope) DO UPDATE SET
		until = excluded.until WHERE cooldown.until <= $2 OR EXISTS (SELECT 1 FROM note
			WHERE note.name = $1 AND note.value <> '' AND NOT EXISTS (SELECT 1 FROM replica WHERE replica.id = note.value))`,
		scope, millis(now), millis(until))
	if err != nil {
		return false, fmt.Errorf("taking the lease %s: %w", what, err)
	}
	if n == 0 {
		return false, nil
	}
	return true, tx.PutNote(ctx, scope, replica)
}

// Leased is until when something is taken; zero where it never was.
func (tx *Tx) Leased(ctx context.Context, what string) (time.Time, error) {
	return tx.Cooldown(ctx, "lease "+what)
}

// Release gives back what was taken. It may be taken again from a time on.
func (tx *Tx) Release(ctx context.Context, what string, from time.Time) error {
	scope := "lease " + what
	if _, err := tx.exec(ctx, "UPDATE cooldown SET until = $2 WHERE scope = $1", scope, millis(from)); err != nil {
		return fmt.Errorf("giving back the lease %s: %w", what, err)
	}
	return tx.PutNote(ctx, scope, "")
}

// Fact gives a value that is true for ever; the error is ErrNotFound when there
// is none.
func (tx *Tx) Fact(ctx context.Context, name string) ([]byte, error) {
	var value []byte
	if err := tx.row(ctx, "SELECT value FROM fact WHERE name = $1", name).Scan(&value); err != nil {
		return nil, fmt.Errorf("reading a fact: %w", err)
	}
	return value, nil
}

// PutFact keeps a value.
func (tx *Tx) PutFact(ctx context.Context, name string, value []byte, now time.Time) error {
	if value == nil {
		value = []byte{} // to a database nil is nothing at all
	}
	_, err := tx.exec(ctx, `INSERT INTO fact (name, value, used_at) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value, used_at = excluded.used_at`, name, value, millis(now))
	if err != nil {
		return fmt.Errorf("keeping a fact: %w", err)
	}
	return nil
}

// UseFacts notes that facts were of use.
func (tx *Tx) UseFacts(ctx context.Context, names []string, now time.Time) error {
	for _, name := range names {
		if _, err := tx.exec(ctx, "UPDATE fact SET used_at = $2 WHERE name = $1", name, millis(now)); err != nil {
			return fmt.Errorf("noting that a fact was of use: %w", err)
		}
	}
	return nil
}

// ForgetFacts keeps at most so many bytes of facts, those used last, and tells
// how many facts it forgot.
func (tx *Tx) ForgetFacts(ctx context.Context, keep int64) (int64, error) {
	n, err := tx.exec(ctx, `DELETE FROM fact WHERE name IN (SELECT name FROM
		(SELECT name, sum(length(value) + length(name)) OVER (ORDER BY used_at DESC, name) AS bytes FROM fact) AS sized
		WHERE bytes > $1)`, keep)
	if err != nil {
		return 0, fmt.Errorf("forgetting facts: %w", err)
	}
	return n, nil
}

// Remembered is an answer of GitHub's.
type Remembered struct {
	ETag  string
	Value []byte
}

// Remembered gives an answer; the error is ErrNotFound when there is none.
func (tx *Tx) Remembered(ctx context.Context, repository int64, name string) (Remembered, error) {
	var r Remembered
	err := tx.row(ctx, "SELECT etag, value FROM remembered WHERE repository_id = $1 AND name = $2", repository, name).Scan(&r.ETag, &r.Value)
	if err != nil {
		return Remembered{}, fmt.Errorf("reading what was answered about repository %d: %w", repository, err)
	}
	return r, nil
}

// Remember keeps an answer.
func (tx *Tx) Remember(ctx context.Context, repository int64, name string, r Remembered, now time.Time) error {
	_, err := tx.exec(ctx, `INSERT INTO remembered (repository_id, name, etag, value, used_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (repository_id, name) DO UPDATE SET etag = excluded.etag, value = excluded.value, used_at = excluded.used_at`,
		repository, name, r.ETag, r.Value, millis(now))
	if err != nil {
		return fmt.Errorf("keeping what was answered about repository %d: %w", repository, err)
	}
	return nil
}

// ForgetRemembered removes answers that were kept before a time.
func (tx *Tx) ForgetRemembered(ctx context.Context, before time.Time) error {
	if _, err := tx.exec(ctx, "DELETE FROM remembered WHERE used_at < $1", millis(before)); err != nil {
		return fmt.Errorf("forgetting old answers of GitHub's: %w", err)
	}
	return nil
}

// Note gives a value by its name, "" when there is none.
func (tx *Tx) Note(ctx context.Context, name string) (string, error) {
	var value string
	err := tx.row(ctx, "SELECT coalesce(max(value), '') FROM note WHERE name = $1", name).Scan(&value)
	if err != nil {
		return "", fmt.Errorf("reading the note %s: %w", name, err)
	}
	return value, nil
}

// PutNote keeps a value under a name.
func (tx *Tx) PutNote(ctx context.Context, name, value string) error {
	_, err := tx.exec(ctx, `INSERT INTO note (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
	if err != nil {
		return fmt.Errorf("keeping the note %s: %w", name, err)
	}
	return nil
}

// ForgetNotes removes the notes whose names begin with a prefix, and whose values
// are less than one.
func (tx *Tx) ForgetNotes(ctx context.Context, prefix, less string) error {
	if _, err := tx.exec(ctx, "DELETE FROM note WHERE substr(name, 1, length($1)) = $1 AND value < $2", prefix, less); err != nil {
		return fmt.Errorf("forgetting the notes %s…: %w", prefix, err)
	}
	return nil
}
