// Package forge_test holds handlers/forge against the stand-in for GitHub.
package forge_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// world is a GitHub with a repository on which the App is installed.
type world struct {
	hub          *githubtest.Server
	repo         *githubtest.Repository
	installation *githubtest.Installation
	ref          forge.Ref
	sha, tree    string // the head of main
	blob         string // of see.txt
	node         string // pull request 2's
	branches     int    // how many were made with a name of their own
	once         sync.Once
}

func grants() map[string]string {
	return map[string]string{
		"metadata": "read", "contents": "write", "pull_requests": "write", "issues": "write", "packages": "read",
		"checks": "write", "statuses": "read",
	}
}

// newWorld has a clock that stands still until somebody moves it.
func newWorld(t *testing.T, o githubtest.Options) *world {
	t.Helper()
	start := time.Now().Truncate(time.Second)
	o.Now = func() time.Time { return start }
	hub := githubtest.New(t, o)
	repo := hub.AddRepository("acme/shop", map[string]string{
		"see.txt": "see\n", "envs/dev/a.yaml": "image: a:1\n", "envs/dev/b.yaml": "image: b:1\n", "envs/prod/a.yaml": "image: a:0\n",
	})
	repo.Collaborate("alice", "admin")
	repo.OpenIssue("alice", "An issue", "its body")
	repo.Push("topic", "alice", "Topic", map[string]*githubtest.File{"new.txt": githubtest.Text("new\n")})
	repo.OpenPull("alice", "A pull", "topic", "main")
	w := &world{hub: hub, repo: repo, installation: hub.Install("acme", grants(), repo)}
	w.ref = forge.Ref{ID: repo.ID, Owner: "acme", Name: "shop"}
	c := w.github(t, forge.Options{}).As(w.installation.ID).Repo(w.ref)
	var err error
	if w.sha, _, err = c.Head(t.Context(), "main"); err != nil {
		t.Fatal(err)
	}
	commit, err := c.Commit(t.Context(), w.sha)
	if err != nil {
		t.Fatal(err)
	}
	file, _, err := c.File(t.Context(), "see.txt", "")
	if err != nil {
		t.Fatal(err)
	}
	pulls, err := c.Pulls(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.tree, w.blob, w.node = commit.Tree, file.SHA, pulls.All[0].NodeID
	return w
}

// github is the App's view of the world, on the world's clock: whoever sleeps
// moves it on.
func (w *world) github(t *testing.T, o forge.Options) *forge.GitHub {
	t.Helper()
	o.URLs = forge.URLs{Web: w.hub.URL, REST: w.hub.APIURL(), GraphQL: w.hub.GraphQLURL()}
	o.AppID, o.PrivateKey, o.Now = w.hub.App.ID, []byte(w.hub.App.PrivateKey), w.hub.Now
	if o.Sleep == nil { // whole seconds, as GitHub counts
		o.Sleep = func(_ context.Context, d time.Duration) error {
			w.hub.Advance((d + time.Second - 1).Truncate(time.Second)) //nolint:contextcheck // the stand-in has its own
			return nil
		}
	}
	g, err := forge.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// client is the installation's.
func (w *world) client(t *testing.T, o forge.Options) *forge.Client {
	t.Helper()
	return w.github(t, o).As(w.installation.ID)
}

// memory remembers all.
type memory struct {
	mu   sync.Mutex
	kept map[memoryKey]memoryValue
}

type memoryKey struct {
	repository int64
	name       string
}

type memoryValue struct {
	etag  string
	value []byte
}

func newMemory() *memory { return &memory{kept: map[memoryKey]memoryValue{}} }

func (m *memory) Recall(_ context.Context, repository int64, name string) (string, []byte, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, found := m.kept[memoryKey{repository, name}]
	return v.etag, v.value, found
}

func (m *memory) Remember(_ context.Context, repository int64, name, etag string, value []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept[memoryKey{repository, name}] = memoryValue{etag, value}
}

// has says whether something is remembered whose name has a word.
func (m *memory) has(word string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for k := range m.kept {
		if strings.Contains(k.name, word) {
			return true
		}
	}
	return false
}

// spoil makes all values unreadable.
func (m *memory) spoil() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for k, v := range m.kept {
		m.kept[k] = memoryValue{v.etag, []byte("{")}
	}
}

// cooldowns are those of all replicas.
type cooldowns struct {
	mu    sync.Mutex
	until map[int64]time.Time
	err   error
}

func (c *cooldowns) Until(_ context.Context, installation int64) (time.Time, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.until[installation], c.err
}

func (c *cooldowns) Extend(_ context.Context, installation int64, until time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.until == nil {
		c.until = map[int64]time.Time{}
	}
	if until.After(c.until[installation]) {
		c.until[installation] = until
	}
	return c.err
}

// calls gathers what is observed.
type calls struct {
	mu  sync.Mutex
	all []forge.Call
}

func (c *calls) observe(one forge.Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, one)
}

func (c *calls) take() []forge.Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.all
	c.all = nil
	return all
}
