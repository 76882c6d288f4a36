package app_test

import (
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // "pgx" for database/sql

	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// look into a database from beside the program.
func beside(tb testing.TB, place string) *sql.DB {
	tb.Helper()
	driver, at := "sqlite", "file:"+place+"?mode=ro&_pragma=busy_timeout(10000)"
	if strings.HasPrefix(place, "postgres") {
		driver, at = "pgx", place
	}
	db, err := sql.Open(driver, at)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

// besideWriting locks the file in its transactions.
func besideWriting(t *testing.T, file string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?_txlock=immediate&_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// number is the one that a query gives.
func number(tb testing.TB, place, query string) (n int) {
	tb.Helper()
	db := beside(tb, place)
	defer db.Close() // it is asked again and again
	if err := db.QueryRowContext(tb.Context(), query).Scan(&n); err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
	return n
}

// die kills the process as kill -9 does. Whoever shares a PostgreSQL database
// takes over after a minute, which is made to have passed.
func (w *world) die(p *process) {
	w.t.Helper()
	p.kill()
	if strings.HasPrefix(w.place, "postgres") {
		w.minutePassed()
	}
}

func (w *world) minutePassed() {
	w.t.Helper()
	ctx := w.t.Context()
	connection, err := pgx.Connect(ctx, w.place)
	if err != nil {
		w.t.Fatal(err)
	}
	defer connection.Close(ctx)
	if _, err := connection.Exec(ctx, "UPDATE replica SET seen_at = seen_at - 61000"); err != nil && !strings.Contains(err.Error(), "does not exist") {
		w.t.Fatal(err)
	}
}

// point is where the process is killed: when GitHub has been asked for something.
type point struct {
	operation string
	nth       int
	when      githubtest.When
	// listed means that the installation is from before the first start, so that
	// nothing tells of it but GitHub's list.
	listed bool
}

func points() map[string]point {
	return map[string]point{
		"who the App is":                    {"apps/get-authenticated", 1, githubtest.BeforeWork, true},
		"installations listed":              {"apps/list-installations", 1, githubtest.AfterWork, true},
		"token made":                        {"apps/create-installation-access-token", 1, githubtest.AfterWork, false},
		"repositories listed":               {"apps/list-repos-accessible-to-installation", 1, githubtest.AfterWork, true},
		"before lost webhooks are found":    {"apps/list-webhook-deliveries", 1, githubtest.BeforeWork, false},
		"before the head is read":           {"git/get-ref", 1, githubtest.BeforeWork, false},
		"the head was read":                 {"git/get-ref", 1, githubtest.AfterWork, false},
		"the repository was read":           {"repos/get", 1, githubtest.AfterWork, false},
		"before the tree is read":           {"git/get-tree", 1, githubtest.BeforeWork, false},
		"the tree was read":                 {"git/get-tree", 1, githubtest.AfterWork, false},
		"a file was read":                   {"git/get-blob", 1, githubtest.AfterWork, false},
		"the owner's configuration is read": {"repos/get-content", 1, githubtest.BeforeWork, false},
		"the last file was read":            {"git/get-blob", 2, githubtest.AfterWork, false},
	}
}

// TestKilled kills the process at a point, and starts it again on the same state.
func TestKilled(t *testing.T) {
	t.Parallel()
	for database, at := range storetest.Places() {
		for name, p := range points() {
			t.Run(database+"/"+name, func(t *testing.T) {
				t.Parallel()
				killAt(t, at(t), p)
			})
		}
	}
}

func killAt(t *testing.T, place string, p point) {
	t.Helper()
	w := newWorld(t, place, githubtest.Options{})
	held := w.hub.Fault(githubtest.Fault{Operation: p.operation, Nth: p.nth, When: p.when, Hold: true})
	shop := w.outdated("acme/shop")
	if p.listed {
		w.hub.Install("acme", grants(), shop)
	}
	first := w.begin("")
	if !p.listed {
		until(t, "the process listens", first.listening)
		w.hub.Webhook(first.url+"/api/github/hook", webhookSecret)
		w.hub.Install("acme", grants(), shop)
		w.hub.Settle()
	}
	reached(t, held)
	w.die(first)
	held.Remove()
	w.ends(w.launch(""), "acme/shop")
	if n := trees(w.hub.Calls()); n > 2 {
		t.Errorf("%d looks read the tree, want one and the one that was interrupted", n)
	}
	w.nothingLeft()
}

// ends waits until a repository was looked at, with the right result.
func (w *world) ends(p *process, name string) {
	w.t.Helper()
	if got := p.settled(w.hub, name); len(got.Result.Updates) != 1 || got.Result.Updates[0].Tag != "1.1.0" {
		w.t.Errorf("%s: %+v", name, got.Result)
	}
}

// unfinished counts the jobs that are not done.
const unfinished = "SELECT count(*) FROM river_job WHERE state <> 'completed'"

// nothingLeft waits until no job is left to do.
func (w *world) nothingLeft() {
	w.t.Helper()
	until(w.t, "all jobs are done", func() bool {
		return number(w.t, w.place, unfinished) == 0
	})
	if n := number(w.t, w.place, "SELECT count(*) FROM repository WHERE requested <> done OR parked <> ''"); n != 0 {
		w.t.Errorf("%d repositories wait for a look that is not there", n)
	}
}

// TestKilledWhileMigrating kills the process as soon as one of the tables is
// there, again and again, until it is through.
func TestKilledWhileMigrating(t *testing.T) {
	t.Parallel()
	for database, at := range storetest.Places() {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, at(t), githubtest.Options{})
			w.hub.Install("acme", grants(), w.outdated("acme/shop"))
			for _, table := range []string{"goose_db_version", "replica", "river_migration", "river_job", "river_queue"} {
				p := w.begin("")
				query := "SELECT count(*) FROM sqlite_master WHERE name = $1"
				if database == "postgres" {
					query = "SELECT count(*) FROM pg_tables WHERE tablename = $1"
				}
				db := beside(t, w.place)
				until(t, table+" is there", func() bool {
					var n int
					err := db.QueryRowContext(t.Context(), query, table).Scan(&n) // before there is a file, too
					return err == nil && n == 1
				})
				w.die(p)
			}
			w.ends(w.launch(""), "acme/shop")
			w.nothingLeft()
		})
	}
}

// TestKilledUnderLoad kills the process while webhooks pour in and looks run.
func TestKilledUnderLoad(t *testing.T) {
	t.Parallel()
	for database, at := range storetest.Places() {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, at(t), githubtest.Options{Deliverers: 4})
			const count, pushes = 3, 6 // GitHub is written to once a second, so few are done sooner
			var repos []*githubtest.Repository
			for n := range count {
				repos = append(repos, w.outdated(fmt.Sprintf("acme/shop%d", n)))
			}
			p := w.launch("")
			w.hub.Install("acme", grants(), repos...)
			var heads []string
			for round := range pushes {
				heads = heads[:0]
				for _, repo := range repos {
					heads = append(heads, repo.Commit("main", "by hand", map[string]string{"README": strconv.Itoa(round)}))
				}
				if round%2 == 1 {
					w.die(p) // with what it has accepted by now
					p = w.launch("")
				}
			}
			w.hub.Settle()
			w.nothingLeft()
			w.allHandled()
			for n, repo := range repos {
				// A push that came while nobody listened is told again by GitHub
				// when it is asked: in two minutes, which are not waited for.
				if !w.told(repo, heads[n]) {
					heads[n] = repo.Commit("main", "by hand", map[string]string{"README": "again"})
				}
			}
			w.hub.Settle()
			w.nothingLeft()
			for n := range repos {
				name := fmt.Sprintf("acme/shop%d", n)
				w.ends(p, name)
				if got := p.settled(w.hub, name); got.Result.Head != heads[n] {
					t.Errorf("%s was seen at %s, its head is %s", name, got.Result.Head, heads[n])
				}
			}
		})
	}
}

// allHandled says whether all that was answered with 202 was handled.
func (w *world) allHandled() {
	w.t.Helper()
	accepted := map[string]bool{}
	var failed int
	for _, d := range w.hub.Deliveries() {
		if d.OK() && d.Code == 202 {
			accepted[d.GUID] = true
		} else if !d.OK() {
			failed++
		}
	}
	id := "json_extract(args, '$.id')"
	if strings.HasPrefix(w.place, "postgres") {
		id = "args->>'id'"
	}
	rows, err := beside(w.t, w.place).QueryContext(w.t.Context(), "SELECT "+id+" FROM river_job WHERE kind = 'delivery' AND state = 'completed'")
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	handled := 0
	for rows.Next() {
		var guid string
		if err := rows.Scan(&guid); err != nil {
			w.t.Fatal(err)
		}
		handled++
		delete(accepted, guid)
	}
	if len(accepted) > 0 {
		w.t.Errorf("accepted, but not handled: %d of %d", len(accepted), handled+len(accepted))
	}
	w.t.Logf("%d webhooks handled, %d were not taken", handled, failed)
}

// told says whether a webhook about a push was taken.
func (w *world) told(repo *githubtest.Repository, head string) bool {
	for _, d := range w.hub.Deliveries() {
		if d.OK() && d.Event == "push" && d.Repository == repo.ID && strings.Contains(string(d.Payload), `"after":"`+head+`"`) {
			return true
		}
	}
	return false
}
