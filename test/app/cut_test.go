package app_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/server"
	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
	"modernc.org/sqlite"
)

// cut is the moment at which a server ceases: the n-th call of GitHub, commit in
// SQLite or message to PostgreSQL, before it is done or after it. From then on
// nothing of what the server does has any effect, as if the process were killed.
type cut struct {
	what  string // "call", "commit" or "message"
	n     int
	after bool

	mu    sync.Mutex
	count int
	dead  chan struct{}
}

var errCut = errors.New("cut")

// everything is the environment variable with which the long tests leave nothing
// out. The longest take each n-th case where it is a number n.
const everything = "IMAGEUPDATER_ALL_CUTS"

// each is how many steps the longest tests go at a time, which are usual ones unless the
// environment says otherwise.
func each(usual int) int {
	set := os.Getenv(everything)
	if set == "" {
		return usual
	}
	n, err := strconv.Atoi(set)
	if err != nil {
		return 1
	}
	return max(n, 1)
}

func newCut(what string, n int, after bool) *cut {
	return &cut{what: what, n: n, after: after, dead: make(chan struct{})}
}

func (c *cut) String() string {
	return fmt.Sprintf("%s %d %s", c.what, c.n, map[bool]string{false: "not done", true: "done"}[c.after])
}

func (c *cut) isDead() bool {
	select {
	case <-c.dead:
		return true
	default:
		return false
	}
}

// step says whether something is done.
func (c *cut) step(what string) (does bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isDead() {
		return false
	}
	if what != c.what {
		return true
	}
	c.count++
	if c.count < c.n {
		return true
	}
	close(c.dead)
	return c.after
}

// RoundTrip carries calls to GitHub.
func (c *cut) RoundTrip(req *http.Request) (*http.Response, error) {
	if !c.step("call") {
		return nil, errCut
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err == nil && c.isDead() {
		_ = res.Body.Close()
		return nil, errCut
	}
	return res, err
}

// listener gives connections on which nobody is answered after the cut.
type listener struct {
	net.Listener

	cut *cut
}

func (l listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return answering{conn, l.cut}, err
}

type answering struct {
	net.Conn

	cut *cut
}

func (a answering) Write(p []byte) (int, error) {
	if a.cut.isDead() {
		return 0, errors.Join(errCut, a.Close())
	}
	return a.Conn.Write(p)
}

// cuts are those of SQLite files, by their paths.
var cuts sync.Map

var hookCommits = sync.OnceFunc(func() {
	sqlite.RegisterConnectionHook(func(conn sqlite.ExecQuerierContext, dsn string) error {
		at, err := url.Parse(dsn)
		if err != nil {
			return nil
		}
		found, is := cuts.Load(at.Path)
		hooks, able := conn.(sqlite.HookRegisterer)
		if !is || !able {
			return nil
		}
		c := found.(*cut)
		hooks.RegisterCommitHook(func() int32 {
			if c.step("commit") {
				return 0
			}
			return 1
		})
		return nil
	})
})

// relay lets a server talk to PostgreSQL until the cut.
func relay(t *testing.T, place string, c *cut) string {
	t.Helper()
	at, err := url.Parse(place)
	if err != nil {
		t.Fatal(err)
	}
	server := at.Host
	door, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = door.Close() })
	go func() {
		for {
			client, err := door.Accept()
			if err != nil {
				return
			}
			go relayOne(client, server, c)
		}
	}()
	at.Host = door.Addr().String()
	q := at.Query()
	q.Set("sslmode", "disable")
	at.RawQuery = q.Encode()
	return at.String()
}

func relayOne(client net.Conn, server string, c *cut) {
	defer client.Close()
	if c.isDead() {
		return
	}
	backend, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer backend.Close()
	go func() {
		<-c.dead
		_ = client.Close()
		time.Sleep(20 * time.Millisecond) // what was sent arrives
		_ = backend.Close()
	}()
	go func() { _, _ = io.Copy(answering{client, c}, backend) }()
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if n > 0 {
			// A question is one write of the client's.
			if !c.step("message") {
				return
			}
			if _, err := backend.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// startCut runs a server until the cut. It is nil when that comes before it
// listens.
func (w *world) startCut(c *cut, zombies *sync.WaitGroup) *app {
	w.t.Helper()
	place := w.place
	if strings.HasPrefix(place, "postgres") {
		w.env["DATABASE"] = relay(w.t, place, c)
	} else {
		hookCommits()
		cuts.Store(place, c)
		w.t.Cleanup(func() { cuts.Delete(place) })
	}
	o := w.options("")
	env := w.env
	w.env = maps.Clone(env)
	w.env["DATABASE"] = place
	o.Getenv = func(name string) string { return env[name] }
	o.GitHubTransport = c
	o.Config.Work.Drain = time.Millisecond
	s, err := server.New(w.t.Context(), o)
	if err != nil {
		if !c.isDead() {
			w.t.Fatal(err)
		}
		return nil
	}
	door, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	a := &app{Server: s, t: w.t, url: "http://" + door.Addr().String()}
	ended := make(chan struct{})
	zombies.Go(func() {
		_ = s.Serve(ctx, listener{door, c}) // it cannot stop well
		_ = s.Close()
		close(ended)
	})
	a.stop = func() {
		cancel()
		if !c.isDead() {
			<-ended
		}
	}
	w.t.Cleanup(cancel)
	w.hub.Webhook(a.url+"/api/github/hook", webhookSecret)
	return a
}

// leave takes the state away from a server that was cut.
func (w *world) leave() {
	w.t.Helper()
	if strings.HasPrefix(w.place, "postgres") {
		w.minutePassed()
		return
	}
	// The commit that was the last one is through when the file can be locked.
	old := w.place
	w.place = storetest.SQLite(w.t)
	for _, suffix := range []string{"", "-wal"} {
		if err := copyLocked(w.t, old, old+suffix, w.place+suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			w.t.Fatal(err)
		}
	}
}

func copyLocked(t *testing.T, database, from, to string) error {
	t.Helper()
	db := besideWriting(t, database)
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o600)
}

// story is what happens on GitHub, and how the App has to know it afterwards.
type story struct {
	*world

	repo    *githubtest.Repository
	zombies *sync.WaitGroup
	cut     *cut
	a       *app
	pastCut bool
}

// reach waits until the App knows the head, or was cut, and goes on with a new
// one.
func (s *story) reach(head string, updates int) {
	s.t.Helper()
	s.hub.Settle()
	knows := func() bool {
		if s.a == nil {
			return false // it is cut
		}
		status, text, err := s.a.ask(http.MethodGet, "/api/v1/repos/acme/shop", apiToken, "")
		if err != nil || status != http.StatusOK {
			return false
		}
		got := decoded(s.t, status, text)
		return !got.Looking && got.Result != nil && got.Result.Head == head && len(got.Result.Updates) == updates
	}
	s.until(fmt.Sprintf("the head %s is known", head), knows)
}

// until waits for something that holds in the end, though the server may be cut
// meanwhile.
func (s *story) until(what string, holds func() bool) {
	s.t.Helper()
	until(s.t, what, func() bool { return s.cut.isDead() && !s.pastCut || holds() })
	if !s.cut.isDead() || s.pastCut {
		return
	}
	s.pastCut = true
	if s.a != nil {
		s.a.stop()
	}
	s.hub.Settle()
	s.leave()
	s.hub.Advance(3 * time.Minute) // what nobody took counts as lost
	s.a = s.start("")
	until(s.t, what+" after the cut", holds)
}

// play lets the story happen, and tells whether the cut came.
func play(t *testing.T, place string, c *cut, zombies *sync.WaitGroup) bool {
	t.Helper()
	w := newWorld(t, place, githubtest.Options{})
	s := &story{world: w, repo: w.outdated("acme/shop"), zombies: zombies, cut: c}
	s.a = w.startCut(c, zombies)
	w.hub.Install("acme", grants(), s.repo)
	s.reach(s.repo.Branch("main"), 1)
	s.reach(s.repo.Commit("main", "by hand", map[string]string{"deploy/web.yaml": deployment(w.registry.Host() + "/acme/web:1.1.0")}), 0)
	s.until("all jobs are done", func() bool { return number(t, w.place, unfinished) == 0 })
	w.nothingLeft()
	if n := trees(w.hub.Calls()); n > 3 {
		t.Errorf("%d looks read a tree, want two and the one that was cut", n)
	}
	s.a.stop()
	return c.isDead()
}

// TestCuts cuts the story of an installation and a push at every call of GitHub
// and at every commit, and goes on with a new server: at each twelfth of them unless
// IMAGEUPDATER_ALL_CUTS is set, as CI does without the race detector.
func TestCuts(t *testing.T) {
	t.Parallel()
	var zombies sync.WaitGroup
	t.Cleanup(zombies.Wait)
	step := 12
	if os.Getenv(everything) != "" {
		step = 1
	}
	for _, what := range []string{"call", "commit"} {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s %v", what, after), func(t *testing.T) {
				t.Parallel()
				came := 0
				for n, on := 1, true; on && !t.Failed(); n += step {
					c := newCut(what, n, after)
					t.Run(c.String(), func(t *testing.T) { on = play(t, storetest.SQLite(t), c, &zombies) })
					if on {
						came++
					}
				}
				t.Logf("%d cuts", came)
				if came*step < 10 {
					t.Errorf("%d cuts: the story cannot be that short", came)
				}
			})
		}
	}
}

// TestCutsOfPostgres cuts the same story at some of the messages to PostgreSQL.
func TestCutsOfPostgres(t *testing.T) {
	t.Parallel()
	var zombies sync.WaitGroup
	t.Cleanup(zombies.Wait)
	for n := 1; n < 700; n += 37 {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			t.Parallel()
			play(t, storetest.Postgres(t), newCut("message", n, n%2 == 1), &zombies)
		})
	}
}
