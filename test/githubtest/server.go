// Package githubtest is a GitHub for tests: its repositories are real git
// repositories, its answers are held against GitHub's own description, and its
// clock belongs to the test.
//
// It may import anything; nothing of the product imports it.
package githubtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

// apiPrefix is where the REST API lies, as on a GitHub Enterprise Server: the
// host itself serves the repositories to git.
const apiPrefix = "/api/v3"

// TB is what the stand-in needs of a test. A *testing.T is one.
type TB interface {
	Helper()
	Context() context.Context
	Cleanup(cleanup func())
	TempDir() string
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Options change what New starts; the zero value is good.
type Options struct {
	// Now is the clock that Advance adds to; time.Now when nil. The real
	// clients take the time from the machine, so a clock far from it makes
	// their tokens look expired or too early.
	Now func() time.Time
	// Limits are sizes.
	Limits Limits
}

// Server is a running GitHub. Its methods may be called from several
// goroutines.
type Server struct {
	// URL is the host's, without a slash at the end: URL/owner/name.git is
	// what git clones.
	URL string
	// App is the GitHub App that the server knows.
	App *App

	t        TB
	contract *contract
	table    map[string]operation
	journal  journal
	clock    clock
	signing  []byte // GitHub's key
	limits   Limits

	mu       sync.Mutex // over all below, and held while a call is answered
	lastID   int64
	users    map[string]*user
	orgs     map[string]*Organization
	personal map[string]*user       // by token
	repos    map[string]*Repository // by lower-case owner/name
	gone     []*Repository          // deleted: pull requests may still name them
	renamed  map[string]*Repository // by the names that they had
	installs map[int64]*Installation
	tokens   map[string]*token
	events   []event
}

// New starts a server that stops with the test. Whatever breaks GitHub's
// contract fails the test.
func New(t TB, o Options) *Server {
	t.Helper()
	signing := make([]byte, 32)
	_, _ = rand.Read(signing) // it never fails
	contract, err := theContract()
	if err != nil {
		t.Fatalf("loading GitHub's description: %v", err)
	}
	s := &Server{
		t: t, contract: contract, signing: signing, limits: o.Limits.orGitHubs(), clock: clock{base: o.Now}, table: operations(), users: map[string]*user{},
		orgs: map[string]*Organization{}, personal: map[string]*user{},
		repos: map[string]*Repository{}, renamed: map[string]*Repository{}, installs: map[int64]*Installation{}, tokens: map[string]*token{},
	}
	if s.App, err = newApp(s); err != nil {
		t.Fatalf("making the App: %v", err)
	}
	s.bot() // known from the start
	server := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(func() {
		server.Close()
		s.close()
	})
	s.URL = server.URL
	return s
}

// APIURL is the REST API's root, with a slash at the end.
func (s *Server) APIURL() string { return s.URL + apiPrefix + "/" }

// GraphQLURL is where the GraphQL API will lie.
func (s *Server) GraphQLURL() string { return s.URL + "/api/graphql" }

func (s *Server) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range append(s.allRepos(), s.gone...) {
		r.git.close()
	}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasPrefix(r.URL.Path, apiPrefix+"/"):
		s.serveAPI(w, r)
	case strings.Contains(r.URL.Path, ".git/"):
		s.serveGit(w, r)
	default:
		s.t.Errorf("githubtest: %s %s is not implemented", r.Method, r.URL.Path)
		http.Error(w, "not implemented", http.StatusNotImplemented)
	}
}

// id is a new one, for whatever GitHub numbers.
func (s *Server) id() int64 {
	s.lastID++
	return 1000 + s.lastID
}

func (s *Server) api(format string, args ...any) string {
	return s.URL + apiPrefix + fmt.Sprintf(format, args...)
}
