package app_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/server"
	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// outdated makes a repository with an image of which there is a newer version.
func (w *world) outdated(name string) *githubtest.Repository {
	w.t.Helper()
	if err := w.registry.Push("acme/web", "1.0.0", "1.1.0"); err != nil {
		w.t.Fatal(err)
	}
	return w.hub.AddRepository(name, map[string]string{
		".imageupdater.yaml": "version: 1\n", "deploy/web.yaml": deployment(w.registry.Host() + "/acme/web:1.0.0"),
	})
}

// reached waits until a fault has befallen a call.
func reached(t *testing.T, f *githubtest.Injected) {
	t.Helper()
	select {
	case <-f.Reached():
	case <-time.After(2 * time.Minute):
		t.Fatal("the call was not made")
	}
}

// answers asks for a path of a server that may be gone.
func answers(t *testing.T, url string) (status int, ok bool) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, false
	}
	_ = res.Body.Close()
	return res.StatusCode, true
}

// job is a job in the database.
type job struct {
	kind, state string
	attempt     int
}

// jobs reads those that are not done.
func jobs(t *testing.T, place string) (all []job) {
	t.Helper()
	rows, err := beside(t, place).QueryContext(t.Context(),
		"SELECT kind, CAST(state AS TEXT), attempt FROM river_job WHERE state <> 'completed' ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var j job
		if err := rows.Scan(&j.kind, &j.state, &j.attempt); err != nil {
			t.Fatal(err)
		}
		all = append(all, j)
	}
	return all
}

// TestStopLetsWorkEnd stops a process while it looks at a repository: it says that
// it is not ready, closes its door, ends the look, and leaves what waits.
func TestStopLetsWorkEnd(t *testing.T) {
	t.Parallel()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, at(t), githubtest.Options{})
			p := w.launch("work: {drain: 20s, looks: 1}")
			until(t, "it found that there is no installation", func() bool { // otherwise it asks for looks of its own
				return operations(w.hub.Calls(), "apps/list-installations") > 0
			})
			held := w.hub.Fault(githubtest.Held("git/get-tree"))
			w.hub.Install("acme", grants(), w.outdated("acme/shop"), w.outdated("acme/second"))
			w.hub.Settle()
			reached(t, held)
			p.signal(syscall.SIGTERM)
			until(t, "it says that it is not ready", func() bool {
				status, ok := answers(t, p.url+"/readyz")
				return ok && status == http.StatusServiceUnavailable
			})
			if status, ok := answers(t, p.url+"/healthz"); !ok || status != http.StatusOK {
				t.Errorf("while it stops it is not well: %d, %v", status, ok)
			}
			until(t, "the door is closed", func() bool {
				_, ok := answers(t, p.url+"/readyz")
				return !ok
			})
			held.Remove()
			if code, signal := p.ended(); code != 0 {
				t.Errorf("exit code %d, signal %v", code, signal)
			}
			if left := jobs(t, w.place); len(left) != 1 || left[0] != (job{"look", "available", 0}) {
				t.Errorf("left for the next start: %v, want the look that had not begun", left)
			}
			mark := w.hub.Mark()
			p = w.launch("")
			for _, name := range []string{"acme/shop", "acme/second"} {
				if got := p.settled(w.hub, name); len(got.Result.Updates) != 1 {
					t.Errorf("%s: %+v", name, got.Result)
				}
			}
			if n := trees(w.hub.Since(mark)); n != 1 {
				t.Errorf("after the new start %d trees were read, want that of the look that had not begun", n)
			}
		})
	}
}

// trees counts how often a tree was read, as each look at something new does
// once.
func trees(calls []githubtest.Exchange) (n int) {
	for _, c := range calls {
		if c.Operation == "git/get-tree" {
			n++
		}
	}
	return n
}

// TestStopCutsWorkShort stops it while a look takes longer than there is time for.
func TestStopCutsWorkShort(t *testing.T) {
	t.Parallel()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, at(t), githubtest.Options{})
			a := w.start("work: {drain: 1s}")
			held := w.hub.Fault(githubtest.Held("git/get-tree"))
			w.hub.Install("acme", grants(), w.outdated("acme/shop"))
			w.hub.Settle()
			reached(t, held)
			a.stop()
			held.Remove()
			if left := jobs(t, w.place); len(left) != 1 || left[0] != (job{"look", "available", 0}) {
				t.Errorf("left for the next start: %v", left)
			}
			if log := w.log.String(); !strings.Contains(log, "a look was cut short") || strings.Contains(log, "a look failed") {
				t.Error("the log does not say that the look was cut short")
			}
			again := w.start("")
			if got := again.settled(w.hub, "acme/shop"); len(got.Result.Updates) != 1 {
				t.Errorf("%+v", got.Result)
			}
		})
	}
}

// TestSecondSignal ends at once what does not stop by itself.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t), githubtest.Options{})
	p := w.launch("work: {drain: 1h}")
	held := w.hub.Fault(githubtest.Held("git/get-tree"))
	w.hub.Install("acme", grants(), w.outdated("acme/shop"))
	w.hub.Settle()
	reached(t, held)
	p.signal(syscall.SIGTERM)
	until(t, "it stops", func() bool { return strings.Contains(p.log.String(), `"stopping"`) })
	p.signal(syscall.SIGTERM)
	if code, signal := p.ended(); signal != syscall.SIGTERM {
		t.Errorf("exit code %d, signal %v", code, signal)
	}
	held.Remove()
	p = w.launch("")
	if got := p.settled(w.hub, "acme/shop"); len(got.Result.Updates) != 1 {
		t.Errorf("%+v", got.Result)
	}
}

// refusal is a reason not to start.
type refusal struct {
	change func(*world)
	more   string
	replace,
	by string // in the configuration
	says []string
}

func reasons(t *testing.T) map[string]refusal {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	set := func(name, value string) func(*world) { return func(w *world) { w.env[name] = value } }
	return map[string]refusal{
		"webhook secret not set": {change: set("WEBHOOK", ""), says: []string{"github.webhookSecret", "WEBHOOK"}},
		"webhook secret short":   {change: set("WEBHOOK", "planted"), says: []string{"github.webhookSecret", "7 bytes", "openssl rand"}},
		"key not set":            {change: set("KEY", ""), says: []string{"github.privateKey", "KEY"}},
		"key no key":             {change: set("KEY", "planted"), says: []string{"github.privateKey", "no PEM", "GitHub gave"}},
		"key file missing": {
			replace: "{env: KEY}", by: "{file: /nowhere/app.pem}", says: []string{"github.privateKey", "/nowhere/app.pem", "does not exist"},
		},
		"another App": {replace: "appID: ", by: "appID: 9", says: []string{"github.appID", "github.privateKey", "401"}},
		"port in use": {
			replace: "127.0.0.1:0", by: listener.Addr().String(), says: []string{listener.Addr().String(), "in use", "listen"},
		},
		"caFile missing": {more: "caFile: /nowhere/ca.pem", says: []string{"caFile", "/nowhere/ca.pem", "no such file"}},
		"caFile empty":   {more: "caFile: " + empty, says: []string{"caFile", "BEGIN CERTIFICATE"}},
		"no such folder": {
			change: func(w *world) { w.place = filepath.Join(w.t.TempDir(), "none", "state.db") },
			says:   []string{"database", "none", "no such file or directory", "make its folder"},
		},
		"PostgreSQL not there": {
			change: func(w *world) {
				w.place = "postgres://imageupdater:planted-password@127.0.0.1:1/none"
				w.env["DATABASE"] = w.place
			},
			says: []string{"database", "127.0.0.1:1", "refused"},
		},
		"no URL": {
			change: func(w *world) {
				w.place = "postgres:"
				w.env["DATABASE"] = "postgres://planted-password:x:y/none"
			},
			says: []string{"database", "begins with postgres://"},
		},
		"GitHub not there": {replace: "github: {url: \"http://127.0.0.1:", by: "github: {url: \"http://127.0.0.2:", says: []string{"GitHub", "refused"}},
	}
}

// TestRefusesToStart tells what is wrong, and what to do, without a secret.
func TestRefusesToStart(t *testing.T) {
	t.Parallel()
	for name, r := range reasons(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, storetest.SQLite(t), githubtest.Options{})
			if r.change != nil {
				r.change(w)
			}
			file := w.file(r.more)
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(strings.Replace(string(text), r.replace, r.by, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			refused(t, w, file, r.says)
		})
	}
}

// refused runs the product, which has to end with an error that says all that.
func refused(t *testing.T, w *world, file string, says []string) {
	t.Helper()
	out := &lines{}
	cmd := w.command(out, "serve", "--config", file)
	_ = cmd.Run() // the code is looked at
	if code := cmd.ProcessState.ExitCode(); code != 2 {
		t.Errorf("exit code %d, want 2", code)
	}
	for _, word := range says {
		if !strings.Contains(out.String(), word) {
			t.Errorf("it does not say %q", word)
		}
	}
	if strings.Contains(out.String(), "planted") || strings.Contains(out.String(), "BEGIN RSA") {
		t.Error("it tells a secret")
	}
	if strings.Contains(out.String(), "goroutine ") {
		t.Error("it shows a stack")
	}
	t.Logf("%s", out)
}

// TestFileInUse refuses the file of another process.
func TestFileInUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t), githubtest.Options{})
	w.start("", func(o *server.Options) { o.Replica = "first" })
	refused(t, w, w.file(""), []string{w.place, "in use by another process", "PostgreSQL"})
}

// TestStopsBeforeItBegan has the signal come while the server starts.
func TestStopsBeforeItBegan(t *testing.T) {
	t.Parallel()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, at(t), githubtest.Options{})
			s, err := server.New(t.Context(), w.options(""))
			if err != nil {
				t.Fatal(err)
			}
			door, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := s.Serve(ctx, door); err != nil {
				t.Error(err)
			}
			if err := door.Close(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("the door is open: %v", err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
