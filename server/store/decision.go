package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Decision is a line of the log, which is only ever added to.
type Decision struct {
	ID           string // see NewDecisionID
	At           time.Time
	RepositoryID int64
	// Repository is owner/name as it was then; "" where nobody wrote it down and the
	// repository is gone.
	Repository string
	// Now is owner/name as it is now, which is for Decisions to tell; "" where the
	// repository is gone.
	Now  string
	Kind string
	What string // JSON
}

// NewDecisionID makes an ID that no other decision has.
func NewDecisionID() (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("making the id of a decision: %w", err)
	}
	return id.String(), nil
}

// Log adds a decision, whose ID it makes where there is none.
func (tx *Tx) Log(ctx context.Context, d Decision) error {
	if d.ID == "" {
		id, err := NewDecisionID()
		if err != nil {
			return err
		}
		d.ID = id
	}
	_, err := tx.exec(ctx, "INSERT INTO decision (id, at, repository_id, repository, kind, what) VALUES ($1, $2, $3, $4, $5, $6)",
		d.ID, millis(d.At), d.RepositoryID, d.Repository, d.Kind, d.What)
	if err != nil {
		return fmt.Errorf("logging a decision: %w", err)
	}
	return nil
}

// Sought says which decisions are read. What is zero narrows nothing.
type Sought struct {
	RepositoryID int64
	Kind         string
	Since        time.Time // this moment and later
	// BeforeAt and BeforeID are those of a decision, where BeforeID is not "": those
	// that stand behind it are read.
	BeforeAt time.Time
	BeforeID string
	Limit    int
}

// Decisions gives decisions, newest first; those of one millisecond in the order of
// their IDs.
func (tx *Tx) Decisions(ctx context.Context, s Sought) ([]Decision, error) {
	where, args := s.conditions()
	var all []Decision
	err := tx.each(ctx, func(r row) error {
		d := Decision{}
		var at int64
		err := r.Scan(&d.ID, &at, &d.RepositoryID, &d.Repository, &d.Now, &d.Kind, &d.What)
		d.At = fromMillis(at)
		if d.Repository == "" {
			d.Repository = d.Now
		}
		all = append(all, d)
		return err
	}, `SELECT d.id, d.at, d.repository_id, d.repository, coalesce(r.owner || '/' || r.name, ''), d.kind, d.what
		FROM decision d LEFT JOIN repository r ON r.id = d.repository_id
		`+where+fmt.Sprintf("ORDER BY d.at DESC, d.id DESC LIMIT $%d", len(args)+1), append(args, s.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("reading the log of decisions: %w", err)
	}
	return all, nil
}

// conditions is the WHERE of a statement, and its parameters. Only what is sought
// stands in it, so that an index fits.
func (s Sought) conditions() (string, []any) {
	var all []string
	var args []any
	add := func(condition string, values ...any) {
		places := make([]any, len(values))
		for i := range values {
			places[i] = len(args) + i + 1
		}
		all, args = append(all, fmt.Sprintf(condition, places...)), append(args, values...)
	}
	if s.RepositoryID != 0 {
		add("d.repository_id = $%d", s.RepositoryID)
	}
	if s.Kind != "" {
		add("d.kind = $%d", s.Kind)
	}
	if !s.Since.IsZero() {
		add("d.at >= $%d", millis(s.Since))
	}
	if s.BeforeID != "" {
		add("(d.at, d.id) < ($%d, $%d)", millis(s.BeforeAt), s.BeforeID)
	}
	if len(all) == 0 {
		return "", nil
	}
	return "WHERE " + strings.Join(all, " AND ") + "\n", args
}

// ForgetDecisions removes those before a time.
func (tx *Tx) ForgetDecisions(ctx context.Context, before time.Time) error {
	if _, err := tx.exec(ctx, "DELETE FROM decision WHERE at < $1", millis(before)); err != nil {
		return fmt.Errorf("forgetting old decisions: %w", err)
	}
	return nil
}
