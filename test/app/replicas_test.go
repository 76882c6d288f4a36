package app_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// operations counts the calls of an operation.
func operations(calls []githubtest.Exchange, name string) (n int) {
	for _, c := range calls {
		if c.Operation == name {
			n++
		}
	}
	return n
}

// TestReplicas has two processes on one database, of which one is killed while
// both look at repositories.
func TestReplicas(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Postgres(t), githubtest.Options{})
	const count = 8
	var repos []*githubtest.Repository
	for n := range count {
		repos = append(repos, w.outdated(fmt.Sprintf("acme/shop%d", n)))
	}
	one, two := w.launch("work: {looks: 4}"), w.launch("work: {looks: 4}")
	held := w.hub.Fault(githubtest.Held("git/get-tree"))
	w.hub.Webhook(one.url+"/api/github/hook", webhookSecret)
	w.hub.Install("acme", grants(), repos[:count/2]...)
	w.hub.Settle()
	w.hub.Webhook(two.url+"/api/github/hook", webhookSecret)
	for _, repo := range repos[:count/2] {
		repo.Commit("main", "while it is looked at", map[string]string{"README": "x"})
	}
	w.hub.Settle()
	if err := held.Await(t.Context(), count/2); err != nil {
		t.Fatal(err)
	}
	// Each has a look that runs, and one more is asked for.
	if n := operations(w.hub.Calls(), "git/get-ref"); n != count/2 {
		t.Errorf("%d looks at %d repositories at once", n, count/2)
	}
	if n := operations(w.hub.Calls(), "apps/list-installations"); n > 2 {
		t.Errorf("two replicas that start listed the installations %d times", n)
	}
	w.die(one)
	held.Remove()
	for n, repo := range repos[:count/2] {
		name := fmt.Sprintf("acme/shop%d", n)
		until(t, name+" is known", func() bool {
			got := two.shown(name)
			return !got.Looking && got.Result != nil && got.Result.Head == repo.Branch("main")
		})
	}
	w.nothingLeft()
	if n := trees(w.hub.Calls()); n > 3*count/2 {
		t.Errorf("%d looks read a tree: %d were interrupted or not, and %d follow", n, count/2, count/2)
	}
}

// cluster is a PostgreSQL server of the test's own, which can be stopped.
type cluster struct {
	t           *testing.T
	bin, folder string
	port        int
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	if os.Getenv("IMAGEUPDATER_POSTGRES") == "" {
		t.Skip("IMAGEUPDATER_POSTGRES is not set: no PostgreSQL to test on")
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		t.Fatal(err)
	}
	bin := ""
	if path, err := exec.LookPath("initdb"); err == nil {
		bin = filepath.Dir(path)
	}
	if len(found) > 0 {
		bin = slices.Max(found)
	}
	if bin == "" {
		t.Skip("IMAGEUPDATER_POSTGRES is set, but initdb is not here: no PostgreSQL to stop")
	}
	folder, err := os.MkdirTemp("", "imageupdater-postgres-*") //nolint:usetesting // t.TempDir is closed to other users
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{t: t, bin: bin, folder: folder, port: listener.Addr().(*net.TCPAddr).Port}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		c.run(exec.Command("chown", "postgres", folder))
	}
	c.run(c.command("initdb", "-D", c.data(), "-A", "trust", "-U", "postgres", "--no-sync"))
	c.start()
	t.Cleanup(func() {
		if _, err := os.Stat(filepath.Join(c.data(), "postmaster.pid")); !errors.Is(err, fs.ErrNotExist) {
			c.stop()
		}
	})
	return c
}

func (c *cluster) data() string { return filepath.Join(c.folder, "data") }

// command is a program of PostgreSQL, which refuses to run as root.
func (c *cluster) command(name string, args ...string) *exec.Cmd {
	args = append([]string{filepath.Join(c.bin, name)}, args...)
	if os.Geteuid() == 0 {
		args = append([]string{"runuser", "-u", "postgres", "--"}, args...)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = c.folder
	return cmd
}

func (c *cluster) run(cmd *exec.Cmd) {
	c.t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		c.t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
}

func (c *cluster) start() {
	c.t.Helper()
	c.run(c.command("pg_ctl", "-D", c.data(), "-l", filepath.Join(c.folder, "log"), "-w", "start",
		"-o", fmt.Sprintf("-p %d -k %s -c listen_addresses=127.0.0.1 -c fsync=off", c.port, c.folder)))
}

// stop stops it as a crash does.
func (c *cluster) stop() {
	c.t.Helper()
	c.run(c.command("pg_ctl", "-D", c.data(), "-m", "immediate", "-w", "stop"))
}

func (c *cluster) place() string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres", c.port)
}

// TestPostgresRestarts crashes PostgreSQL while a look runs and a webhook comes.
func TestPostgresRestarts(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	w := newWorld(t, c.place(), githubtest.Options{})
	shop := w.outdated("acme/shop")
	p := w.launch("")
	w.hub.Install("acme", grants(), shop)
	w.ends(p, "acme/shop")
	held := w.hub.Fault(githubtest.Held("git/get-tree"))
	shop.Commit("main", "before", map[string]string{"README": "before"})
	w.hub.Settle()
	reached(t, held)
	c.stop()
	shop.Commit("main", "while it is down", map[string]string{"README": "while"})
	w.hub.Settle()
	all := w.hub.Deliveries()
	if last := all[len(all)-1]; last.Code != http.StatusServiceUnavailable {
		t.Errorf("a webhook that could not be stored was answered %d", last.Code)
	}
	if status, _ := answers(t, p.url+"/readyz"); status != http.StatusServiceUnavailable {
		t.Errorf("without its database it is ready: %d", status)
	}
	if status, _ := answers(t, p.url+"/healthz"); status != http.StatusOK {
		t.Errorf("without its database it is not well: %d", status)
	}
	held.Remove()
	until(t, "the look ends without a database", func() bool { return strings.Contains(p.log.String(), "a look failed") })
	c.start()
	back := time.Now()
	until(t, "it is ready", func() bool {
		status, _ := answers(t, p.url+"/readyz")
		return status == http.StatusOK
	})
	head := shop.Commit("main", "after", map[string]string{"README": "after"})
	w.hub.Settle()
	until(t, "the newest head is known", func() bool {
		got := p.shown("acme/shop")
		return !got.Looking && got.Result != nil && got.Result.Head == head
	})
	t.Logf("up to date %s after PostgreSQL was back", time.Since(back).Round(time.Millisecond))
	w.nothingLeft()
	select {
	case <-p.exited:
		t.Error("the process ended")
	default:
	}
}

// TestDatabaseIsLost starts the App with nothing, after all was known: it finds
// all again on GitHub.
func TestDatabaseIsLost(t *testing.T) {
	t.Parallel()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, at(t), githubtest.Options{})
			w.hub.Install("acme", grants(), w.outdated("acme/shop"), w.outdated("acme/second"))
			for range 3 {
				mark := w.hub.Mark()
				a := w.start("")
				for _, repository := range []string{"acme/shop", "acme/second"} {
					if got := a.settled(w.hub, repository); len(got.Result.Updates) != 1 {
						t.Errorf("%s: %+v", repository, got.Result)
					}
				}
				a.stop()
				if n := trees(w.hub.Since(mark)); n != 2 {
					t.Errorf("%d trees were read, want one of each repository", n)
				}
				w.lose()
			}
			for _, once := range []string{"pulls/create", "git/create-commit", "updateRefs"} {
				if n := operations(w.hub.Calls(), once); n > 2 {
					t.Errorf("%s was called %d times for two repositories", once, n)
				}
			}
		})
	}
}

// lose drops the database.
func (w *world) lose() {
	w.t.Helper()
	if !strings.HasPrefix(w.place, "postgres") {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			if err := os.Remove(w.place + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
				w.t.Fatal(err)
			}
		}
		return
	}
	if _, err := beside(w.t, w.place).ExecContext(w.t.Context(), "DROP SCHEMA public CASCADE; CREATE SCHEMA public"); err != nil {
		w.t.Fatal(err)
	}
}
