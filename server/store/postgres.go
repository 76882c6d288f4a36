package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// openPostgres connects. Its URL may hold a password, so errors don't repeat it.
func openPostgres(ctx context.Context, url string) (*DB, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the database's URL is not understood: it begins with postgres://, and names user, password, host, port and database")
	}
	config.ConnConfig.ConnectTimeout = 10 * time.Second
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the database: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("connecting to the database that database.url names: %w", oneLineError{err})
	}
	return &DB{Pool: pool}, nil
}

func (db *DB) oncePostgres(ctx context.Context, do func(context.Context, *Tx) error) error {
	tx, err := db.Pool.Begin(ctx)
	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // nothing after Commit
	if err := do(ctx, &Tx{Postgres: tx, querier: postgres{tx}}); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("ending a transaction: %w", err)
	}
	return nil
}

// metInPostgres is a deadlock or a failure to serialise.
func metInPostgres(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40P01" || e.Code == "40001")
}

// postgres is a transaction, or the pool.
type postgres struct {
	on interface {
		Exec(ctx context.Context, statement string, args ...any) (pgconn.CommandTag, error)
		Query(ctx context.Context, statement string, args ...any) (pgx.Rows, error)
		QueryRow(ctx context.Context, statement string, args ...any) pgx.Row
	}
}

func (p postgres) exec(ctx context.Context, statement string, args ...any) (int64, error) {
	tag, err := p.on.Exec(ctx, statement, args...)
	return tag.RowsAffected(), err
}

func (p postgres) query(ctx context.Context, statement string, args ...any) (rows, error) {
	return p.on.Query(ctx, statement, args...)
}

func (p postgres) row(ctx context.Context, statement string, args ...any) row {
	return postgresRow{p.on.QueryRow(ctx, statement, args...)}
}

type postgresRow struct{ row pgx.Row }

func (r postgresRow) Scan(into ...any) error {
	err := r.row.Scan(into...)
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

// oneLineError is an error whose text has no ends of lines.
type oneLineError struct{ error }

func (o oneLineError) Error() string { return strings.Join(strings.Fields(o.error.Error()), " ") }
func (o oneLineError) Unwrap() error { return o.error }
