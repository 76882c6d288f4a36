package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Want notes that a look at a repository is asked for; when forced is not zero,
// one at the registries themselves, from that moment on. It tells whether nothing
// was to do before. The error is ErrNotFound when the repository is not known.
func (tx *Tx) Want(ctx context.Context, id int64, forced time.Time) (idle bool, err error) {
	var requested, done int64
	err = tx.row(ctx, `UPDATE repository SET requested = requested + 1,
		forced_at = CASE WHEN forced_at < $2 THEN $2 ELSE forced_at END
		WHERE id = $1 RETURNING requested, done`, id, millis(forced)).Scan(&requested, &done)
	if err != nil {
		return false, fmt.Errorf("asking for a look at repository %d: %w", id, err)
	}
	return requested-1 == done, nil
}

// Looked is how a look ended.
type Looked struct {
	RepositoryID int64
	// Requested is what Repository.Requested was when the look began.
	Requested int64
	// ForcedAt is what Repository.ForcedAt was when the look began, which is
	// done with; zero for a look that was given up.
	ForcedAt time.Time
	At, Next time.Time
	Parked   string
	Result   string   // JSON; "" keeps that of the look before
	Watch    []string // nil keeps what there is
}

// EndLook notes the end of a look. It tells whether another one was asked for
// meanwhile. The row is locked until the transaction ends, so that whoever asks
// for a look asks before this or finds it done. Of one that another look overtook, as
// happens when a replica that counted as dead goes on, nothing is noted.
func (tx *Tx) EndLook(ctx context.Context, l Looked) (again bool, err error) {
	var requested int64
	err = tx.row(ctx, `UPDATE repository SET done = $2, ended_at = $3, next_at = $4, parked = $5,
		result = CASE WHEN $6 = '' THEN result ELSE $6 END, watch = CASE WHEN $7 THEN $8 ELSE watch END,
		forced_at = CASE WHEN forced_at = $9 THEN 0 ELSE forced_at END
		WHERE id = $1 AND done <= $2 RETURNING requested`, l.RepositoryID, l.Requested, millis(l.At), millis(l.Next), l.Parked, l.Result,
		l.Watch != nil, strings.Join(l.Watch, "\n"), millis(l.ForcedAt)).Scan(&requested)
	if errors.Is(err, ErrNotFound) {
		err = tx.row(ctx, "SELECT requested > done FROM repository WHERE id = $1", l.RepositoryID).Scan(&again)
		if err == nil {
			return again, nil
		}
	}
	if err != nil {
		return false, fmt.Errorf("ending the look at repository %d: %w", l.RepositoryID, err)
	}
	return requested > l.Requested, nil
}

// Due gives up to limit repositories for which the schedule wants a look, those
// of installations that are not suspended, longest waiting first.
func (tx *Tx) Due(ctx context.Context, now time.Time, limit int) ([]int64, error) {
	ids, err := tx.ids(ctx, `SELECT r.id FROM repository r JOIN installation i ON i.id = r.installation_id
		WHERE r.next_at <= $1 AND NOT i.suspended ORDER BY r.next_at, r.id LIMIT $2`, millis(now), limit)
	if err != nil {
		return nil, fmt.Errorf("finding the repositories that are due: %w", err)
	}
	return ids, nil
}

// Parked counts the repositories whose looks are given up for now.
func (tx *Tx) Parked(ctx context.Context) (n int64, err error) {
	if err := tx.row(ctx, "SELECT count(*) FROM repository WHERE parked <> ''").Scan(&n); err != nil {
		return 0, fmt.Errorf("counting the repositories that are parked: %w", err)
	}
	return n, nil
}

// Claim takes a repository that is due, for which it then asks for a look unless
// one is asked for already. It tells whether nobody was quicker.
func (tx *Tx) Claim(ctx context.Context, id int64, now, next time.Time) (bool, error) {
	n, err := tx.exec(ctx, `UPDATE repository SET next_at = $3,
		requested = CASE WHEN requested = done THEN requested + 1 ELSE requested END
		WHERE id = $1 AND next_at <= $2`, id, millis(now), millis(next))
	if err != nil {
		return false, fmt.Errorf("taking repository %d: %w", id, err)
	}
	return n == 1, nil
}
