// Package storetest gives tests the databases that the server runs on.
package storetest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// postgres is the environment variable with the URL of a PostgreSQL server whose
// user may make databases: postgres://user@host:port/postgres.
const postgres = "IMAGEUPDATER_POSTGRES"

// Places gives, by the name of the database, where an empty one is: a SQLite file,
// and a PostgreSQL database where the environment names a server.
func Places() map[string]func(testing.TB) string {
	return map[string]func(testing.TB) string{"sqlite": SQLite, "postgres": Postgres}
}

// SQLite is the path of a file that is not there yet.
func SQLite(tb testing.TB) string {
	tb.Helper()
	return filepath.Join(tb.TempDir(), "state.db")
}

// Postgres is the URL of a database that lives as long as the test, which is
// skipped where there is no server.
func Postgres(tb testing.TB) string {
	tb.Helper()
	server := os.Getenv(postgres)
	if server == "" {
		tb.Skipf("%s is not set: no PostgreSQL to test on", postgres)
	}
	name := "test_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	tell(tb, server, "CREATE DATABASE "+name)
	tb.Cleanup(func() { tell(tb, server, "DROP DATABASE "+name+" WITH (FORCE)") })
	config, err := pgx.ParseConfig(server)
	if err != nil {
		tb.Fatalf("%s: %v", postgres, err)
	}
	return fmt.Sprintf("postgres://%s:%s@%s:%d/%s", config.User, config.Password, config.Host, config.Port, name)
}

func tell(tb testing.TB, server, statement string) {
	tb.Helper()
	ctx := context.WithoutCancel(tb.Context())
	connection, err := pgx.Connect(ctx, server)
	if err != nil {
		tb.Fatalf("connecting to %s: %v", postgres, err)
	}
	if _, err := connection.Exec(ctx, statement); err != nil {
		tb.Errorf("%s: %v", statement, err)
	}
	if err := connection.Close(ctx); err != nil {
		tb.Errorf("closing: %v", err)
	}
}
