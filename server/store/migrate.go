package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrating is the number of PostgreSQL's advisory lock, one that nobody else
// should use.
const migrating = 0x696d6775706474 // "imgupdt"

// Migrate brings the tables up to date, and then does what else there is to do,
// the queue's own tables for instance. Of several replicas that start at once one
// does it while the others wait.
func (db *DB) Migrate(ctx context.Context, others ...func(context.Context) error) error {
	if db.Pool == nil {
		return db.migrate(ctx, goose.DialectSQLite3, db.File, others)
	}
	connection, err := db.Pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connecting to migrate the database: %w", err)
	}
	defer connection.Release()
	if _, err := connection.Exec(ctx, "SELECT pg_advisory_lock($1)", migrating); err != nil {
		return fmt.Errorf("waiting for others that migrate the database: %w", err)
	}
	defer func() {
		// When this fails the connection is broken, which frees the lock too.
		_, _ = connection.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", migrating)
	}()
	pool := stdlib.OpenDBFromPool(db.Pool)
	return errors.Join(db.migrate(ctx, goose.DialectPostgres, pool, others), pool.Close())
}

func (db *DB) migrate(ctx context.Context, dialect goose.Dialect, on *sql.DB, others []func(context.Context) error) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(dialect, on, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrating the database: %w", err)
	}
	for _, other := range others {
		if err := other(ctx); err != nil {
			return fmt.Errorf("migrating the database: %w", err)
		}
	}
	return nil
}
