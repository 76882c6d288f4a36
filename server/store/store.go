// Package store keeps the server's state in one database: a SQLite file, or
// PostgreSQL where several replicas share it. The statements are the same for
// both.
//
// What must survive the loss of the database lives in GitHub. Here are caches,
// the queue's tables, when versions were first seen, and the log of decisions.
//
// It imports nothing of ours.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ErrNotFound is a row that is not there.
var ErrNotFound = errors.New("not in the database")

// DB is the database. It may be used from several goroutines.
type DB struct {
	// Pool is PostgreSQL's, nil for SQLite.
	Pool *pgxpool.Pool
	// File is SQLite's one connection that writes, nil for PostgreSQL. It must
	// not be used inside a transaction: there is no second one.
	File *sql.DB

	reading *sql.DB // SQLite's connections that only read
	lock    *flock.Flock
}

// Open opens the database at a place: the URL of a PostgreSQL database
// (postgres://…), or the path of a SQLite file, which is made when it is not
// there. A SQLite file is for one process alone: a second one is refused.
func Open(ctx context.Context, place string) (*DB, error) {
	if strings.HasPrefix(place, "postgres://") || strings.HasPrefix(place, "postgresql://") {
		return openPostgres(ctx, place)
	}
	return openSQLite(ctx, place)
}

// Close closes all connections.
func (db *DB) Close() error {
	if db.Pool != nil {
		db.Pool.Close()
		return nil
	}
	return errors.Join(db.reading.Close(), db.File.Close(), db.lock.Unlock())
}

// Ping says whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	var one int
	if err := db.Reading().row(ctx, "SELECT 1").Scan(&one); err != nil {
		return fmt.Errorf("asking the database: %w", err)
	}
	return nil
}

// Size is how many bytes the database takes.
func (db *DB) Size(ctx context.Context) (int64, error) {
	query := "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
	if db.Pool != nil {
		query = "SELECT pg_database_size(current_database())"
	}
	var bytes int64
	if err := db.Reading().row(ctx, query).Scan(&bytes); err != nil {
		return 0, fmt.Errorf("asking how large the database is: %w", err)
	}
	return bytes, nil
}

// Tx is a transaction, or, from Reading, no transaction at all. Its methods are
// the statements, in the files of what they are about.
type Tx struct {
	// Postgres and SQLite are what the queue needs; one of them is set in a
	// transaction.
	Postgres pgx.Tx
	SQLite   *sql.Tx

	querier
}

// querier sends statements, whose parameters are $1, $2 and so on.
type querier interface {
	// exec gives the number of rows that a statement met.
	exec(ctx context.Context, statement string, args ...any) (int64, error)
	query(ctx context.Context, statement string, args ...any) (rows, error)
	row(ctx context.Context, statement string, args ...any) row
}

// row is one answer at most. Scan's error is ErrNotFound when there is none.
type row interface{ Scan(into ...any) error }

type rows interface {
	row
	Next() bool
	Err() error
	Close()
}

// each calls with every row of an answer.
func (tx *Tx) each(ctx context.Context, scan func(row) error, statement string, args ...any) error {
	found, err := tx.query(ctx, statement, args...)
	if err != nil {
		return err
	}
	defer found.Close()
	for found.Next() {
		if err := scan(found); err != nil {
			return err
		}
	}
	return found.Err()
}

// millis is how times are kept: one kind of number for both databases.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

// sleep waits, unless the context ends first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// attempts is how often a transaction is tried that met another one.
const attempts = 6

// InTx runs a transaction, and runs it again when it met another one. What it
// does beside the statements must bear that.
func (db *DB) InTx(ctx context.Context, do func(context.Context, *Tx) error) error {
	var err error
	for n := range attempts {
		if n > 0 {
			if err := sleep(ctx, 5*time.Millisecond<<n); err != nil {
				return err
			}
		}
		if err = db.once(ctx, do); !met(err) {
			return err
		}
	}
	return err
}

// met says whether a transaction failed because of another one.
func met(err error) bool { return err != nil && (metInPostgres(err) || metInSQLite(err)) }

func (db *DB) once(ctx context.Context, do func(context.Context, *Tx) error) error {
	if db.Pool != nil {
		return db.oncePostgres(ctx, do)
	}
	return db.onceSQLite(ctx, do)
}
