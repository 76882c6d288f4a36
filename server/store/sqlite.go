package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"

	"github.com/gofrs/flock"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// readers is how many connections read beside the one that writes.
const readers = 4

// ErrInUse is a SQLite file that another process has open.
var ErrInUse = errors.New("it is in use by another process: a SQLite file is for one, use PostgreSQL for several replicas")

func openSQLite(ctx context.Context, path string) (*DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("finding the database's file: %w", err)
	}
	lock := flock.New(path+".lock", flock.SetPermissions(0o600))
	locked, err := lock.TryLock()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("opening the database %s: %w: make its folder first, or name another file with database.file", path, err)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("opening the database %s: %w: its folder has to be the server's own to write to", path, err)
	case err != nil:
		return nil, fmt.Errorf("locking the database %s: %w", path, err)
	case !locked:
		return nil, fmt.Errorf("opening the database %s: %w", path, ErrInUse)
	}
	db := &DB{lock: lock}
	if db.File, err = connect(ctx, path, "_txlock=immediate", 1); err == nil {
		db.reading, err = connect(ctx, path, "_pragma=query_only(1)", readers)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the database %s: %w", path, err), lock.Unlock())
	}
	return db, nil
}

// connect opens the file. A commit is on the disk before it is answered for,
// which is what FULL means.
func connect(ctx context.Context, path, how string, connections int) (*sql.DB, error) {
	at := url.URL{Scheme: "file", Path: path, RawQuery: "_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&" + how}
	db, err := sql.Open("sqlite", at.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func (db *DB) onceSQLite(ctx context.Context, do func(context.Context, *Tx) error) error {
	tx, err := db.File.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // nothing after Commit
	if err := do(ctx, &Tx{SQLite: tx, querier: lite{tx}}); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("ending a transaction: %w", err)
	}
	return nil
}

// Reading is for what only reads, and sees all that was committed.
func (db *DB) Reading() *Tx {
	if db.Pool != nil {
		return &Tx{querier: postgres{db.Pool}}
	}
	return &Tx{querier: lite{db.reading}}
}

func metInSQLite(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_BUSY
}

// lite is a transaction, or connections.
type lite struct {
	on interface {
		ExecContext(ctx context.Context, statement string, args ...any) (sql.Result, error)
		QueryContext(ctx context.Context, statement string, args ...any) (*sql.Rows, error)
		QueryRowContext(ctx context.Context, statement string, args ...any) *sql.Row
	}
}

func (l lite) exec(ctx context.Context, statement string, args ...any) (int64, error) {
	result, err := l.on.ExecContext(ctx, statement, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (l lite) query(ctx context.Context, statement string, args ...any) (rows, error) {
	found, err := l.on.QueryContext(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	return liteRows{found}, nil
}

func (l lite) row(ctx context.Context, statement string, args ...any) row {
	return liteRow{l.on.QueryRowContext(ctx, statement, args...)}
}

type liteRow struct{ row *sql.Row }

func (r liteRow) Scan(into ...any) error {
	err := r.row.Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

// liteRows closes as pgx does; the error of closing is Err's.
type liteRows struct{ *sql.Rows }

func (r liteRows) Close() { _ = r.Rows.Close() } // Err has told
