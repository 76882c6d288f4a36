// Package distribution runs a real registry, distribution v3, behind a token
// server and a proxy that counts. Its program is not part of this module: see
// Program.
//
// It may import anything; nothing of the product imports it.
package distribution

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// User and Password are the only ones who may see anything.
const (
	User     = "bot"
	Password = "planted-secret-of-the-bot"
)

// Program is the path of distribution's program. The test is skipped where it is
// not there, but for CI: that builds it.
func Program(t *testing.T) string {
	t.Helper()
	const variable = "IMAGEUPDATER_DISTRIBUTION"
	program := cmp.Or(os.Getenv(variable), "distribution-registry")
	found, err := exec.LookPath(program)
	if err == nil {
		return found
	}
	missing := "distribution is not present: go install github.com/distribution/distribution/v3/cmd/registry@v3.1.2, and set " + variable + " to its path"
	if os.Getenv("IMAGEUPDATER_REQUIRE_TOOLS") != "" {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}

// Registry is a running registry. Its methods may be called from several
// goroutines.
type Registry struct {
	front  *httptest.Server
	tokens *tokens
	direct *http.Client // to the program, past the counting

	mu     sync.Mutex
	counts Counts
	paths  []string
}

// Counts are requests by what they are for.
type Counts struct {
	// Lists are pages of tags.
	Lists int
	// Heads are questions for a manifest's digest.
	Heads int
	// Manifests and Blobs are what was fetched.
	Manifests, Blobs int
	// Pings are version checks, Tokens what the token server was asked.
	Pings, Tokens int
	Other         int
}

// Useful are those that ask for something.
func (c Counts) Useful() int { return c.Lists + c.Heads + c.Manifests + c.Blobs }

// Handshakes are those that only lead to others.
func (c Counts) Handshakes() int { return c.Pings + c.Tokens + c.Other }

// Start runs the program with an empty registry in memory, until the test ends.
func Start(t *testing.T) *Registry {
	t.Helper()
	program := Program(t)
	r := &Registry{}
	r.front = httptest.NewUnstartedServer(nil)
	issuer, err := newTokens("http://" + r.front.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	r.tokens = issuer
	dir := t.TempDir()
	socketDir, err := os.MkdirTemp("", "d") //nolint:usetesting // names of sockets must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(socketDir) })
	socket := filepath.Join(socketDir, "s")
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}
	transport := &http.Transport{DialContext: dial, MaxIdleConnsPerHost: 16}
	r.direct = &http.Client{Transport: transport}
	back := &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(&url.URL{Scheme: "http", Host: "registry"})
			p.Out.Host = p.In.Host
		},
	}
	r.front.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.count(req)
		if req.URL.Path == tokenPath {
			r.tokens.ServeHTTP(w, req)
			return
		}
		back.ServeHTTP(w, req)
	})
	r.front.Start()
	t.Cleanup(r.front.Close)
	r.run(t, program, dir, socket)
	return r
}

// run starts the program and waits until it listens.
func (r *Registry) run(t *testing.T, program, dir, socket string) {
	t.Helper()
	keys := filepath.Join(dir, "keys.json")
	config := filepath.Join(dir, "config.yaml")
	for name, content := range map[string]string{keys: r.tokens.keySet(), config: r.tokens.configuration(socket, keys)} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "serve", config) //nolint:gosec // who runs the tests names it
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), "OTEL_TRACES_EXPORTER=none")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = log.Close()
	})
	if err := r.wait(t.Context()); err != nil {
		said, _ := os.ReadFile(log.Name())
		t.Fatalf("%s: %v\n%s", program, err, said)
	}
}

// wait asks until somebody answers.
func (r *Registry) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		status, err := r.send(ctx, http.MethodGet, "http://registry/v2/", nil, nil)
		if err == nil && status == http.StatusUnauthorized {
			return nil
		}
		timer := time.NewTimer(20 * time.Millisecond)
		select {
		case <-timer.C:
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("it does not listen: %d", status), err)
		}
	}
}

// Host is the address to write in references.
func (r *Registry) Host() string { return r.front.Listener.Addr().String() }

func (r *Registry) count(req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.paths = append(r.paths, req.Method+" "+req.URL.RequestURI())
	*of(&r.counts, req)++
}

// of is the number that counts requests of a kind.
func of(c *Counts, req *http.Request) *int {
	switch folder := path.Base(path.Dir(req.URL.Path)); {
	case req.URL.Path == tokenPath:
		return &c.Tokens
	case req.URL.Path == "/v2/":
		return &c.Pings
	case strings.HasSuffix(req.URL.Path, "/tags/list"):
		return &c.Lists
	case folder == "manifests" && req.Method == http.MethodHead:
		return &c.Heads
	case folder == "manifests":
		return &c.Manifests
	case folder == "blobs":
		return &c.Blobs
	}
	return &c.Other
}

// Take gives what was asked since the start, or since the last time.
func (r *Registry) Take() Counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	counts := r.counts
	r.counts, r.paths = Counts{}, nil
	return counts
}

// Paths are the requests since the last Take, in order.
func (r *Registry) Paths() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, r.paths...)
}
