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
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
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
	// Rates is how calls are limited.
	Rates Rates
	// Latency is how long each call takes beyond its work; SetLatency is for
	// less even ones. Sleep is how that time goes by; a timer's when nil.
	Latency time.Duration
	Sleep   func(context.Context, time.Duration) error
	// InMemory opens no socket: only Client and Transport reach the server, and
	// git does not.
	InMemory bool
	// Addr is where to listen; a free port of 127.0.0.1 when "".
	Addr string
	// Events is what the App subscribed to; nil is all that it uses. Those of
	// its installations come in any case.
	Events []string
	// AnswerWithin is how long a webhook may take to be answered, 10 s when 0.
	AnswerWithin time.Duration
	// Unsigned lets GitHub sign nothing, as an Enterprise Server where nobody
	// switched that on.
	Unsigned bool
	// Deliverers is how many webhooks are sent at once. With one, or 0, they
	// arrive in the order in which things happened; Disorder changes that.
	Deliverers int
}

// Server is a running GitHub. Its methods may be called from several
// goroutines.
type Server struct {
	// URL is the host's, without a slash at the end: URL/owner/name.git is
	// what git clones.
	URL string
	// App is the GitHub App that the server knows.
	App *App

	t         TB
	contract  *contract
	schema    *ast.Schema
	table     map[string]operation
	resolvers map[string]resolver
	journal   journal
	clock     clock
	signing   []byte // GitHub's key
	limits    Limits
	latency   *latency
	meter     *meter
	faults    faults
	closing   func() error // nil for a server of a test
	requests  atomic.Int64
	pages     atomic.Pointer[http.Handler] // nil where people have no page to look at
	writes    atomic.Int64                 // calls that may have changed something
	payloads  *payloads
	hook      *hook
	// subscriptions is Options.Events.
	subscriptions []string

	mu       sync.Mutex // over all below, and held while a call is answered
	lastID   int64
	users    map[string]*user
	orgs     map[string]*Organization
	personal map[string]*user       // by token
	repos    map[string]*Repository // by lower-case owner/name
	gone     []*Repository          // deleted: pull requests may still name them
	stores   []*gitRepo             // of objects that repositories share
	renamed  map[string]*Repository // by the names that they had
	installs map[int64]*Installation
	tokens   map[string]*token
	others   map[string]*App // by slug
	moving   int             // pushes that are being told of: one may bring about others
	events   []event         // with no more of their payload than ref and changes
}

// New starts a server that stops with the test. Whatever breaks GitHub's
// contract fails the test, and so does a fault that never happens.
func New(t TB, o Options) *Server {
	t.Helper()
	s, err := start(t, o)
	if err != nil {
		t.Fatalf("starting GitHub: %v", err)
	}
	return s
}

func start(t TB, o Options) (*Server, error) {
	contract, err := theContract()
	if err != nil {
		return nil, fmt.Errorf("loading GitHub's description: %w", err)
	}
	schema, err := theSchema()
	if err != nil {
		return nil, fmt.Errorf("loading GitHub's schema: %w", err)
	}
	payloads, err := thePayloads()
	if err != nil {
		return nil, fmt.Errorf("loading GitHub's description: %w", err)
	}
	signing := make([]byte, 32)
	_, _ = rand.Read(signing) // it never fails
	if o.Unsigned {
		signing = nil
	}
	s := &Server{
		t: t, contract: contract, schema: schema, resolvers: graphResolvers(), table: operations(), clock: clock{base: o.Now},
		signing: signing, limits: o.Limits.orGitHubs(), latency: newLatency(o), faults: faults{last: map[string]reply{}},
		users: map[string]*user{}, orgs: map[string]*Organization{}, others: map[string]*App{}, personal: map[string]*user{},
		repos: map[string]*Repository{}, renamed: map[string]*Repository{},
		installs: map[int64]*Installation{}, tokens: map[string]*token{},
		subscriptions: o.Events, payloads: payloads,
	}
	s.meter = newMeter(s.Now, o.Rates)
	if s.App, err = newApp(s); err != nil {
		return nil, fmt.Errorf("making the App: %w", err)
	}
	stop, err := s.listen(t.Context(), o)
	if err != nil {
		return nil, err
	}
	s.bot() // known from the start
	s.hook = newHook(t.Context(), s, o)
	t.Cleanup(func() {
		s.faults.unfired(t)
		s.hook.close()
		stop()
		s.close()
		s.dump()
	})
	return s, nil
}

// listen begins to serve; what it returns ends it.
func (s *Server) listen(ctx context.Context, o Options) (stop func(), err error) {
	if o.InMemory {
		s.URL = "http://github.test"
		return func() {}, nil
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	if o.Addr != "" {
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", o.Addr)
		if err != nil {
			return nil, fmt.Errorf("listening: %w", err)
		}
		_ = server.Listener.Close() // the one that it chose itself
		server.Listener = listener
	}
	server.Start()
	s.URL = server.URL
	return server.Close, nil
}

// APIURL is the REST API's root, with a slash at the end.
func (s *Server) APIURL() string { return s.URL + apiPrefix + "/" }

// GraphQLURL is where the GraphQL API lies.
func (s *Server) GraphQLURL() string { return s.URL + graphPath }

func (s *Server) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range append(s.allRepos(), s.gone...) {
		r.git.close()
	}
	for _, store := range s.stores {
		store.close()
	}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasPrefix(r.URL.Path, apiPrefix+"/"):
		s.serveAPI(w, r)
	case r.URL.Path == graphPath:
		s.serveGraph(w, r)
	case isGit(r.URL.Path):
		s.serveGit(w, r)
	default:
		if pages := s.pages.Load(); pages != nil {
			(*pages).ServeHTTP(w, r)
			return
		}
		s.t.Errorf("githubtest: %s %s is not implemented", r.Method, r.URL.Path)
		http.Error(w, "not implemented", http.StatusNotImplemented)
	}
}

// isGit says whether a path is of a repository as git has it: /owner/name.git/.
func isGit(path string) bool {
	parts := strings.SplitN(path, "/", 4)
	return len(parts) == 4 && strings.HasSuffix(parts[2], ".git")
}

// Pages lets a handler answer what is neither the API's nor git's, as GitHub's
// pages would.
func (s *Server) Pages(h http.Handler) { s.pages.Store(&h) }

// id is a new one, for whatever GitHub numbers.
func (s *Server) id() int64 {
	s.lastID++
	return 1000 + s.lastID
}

func (s *Server) api(format string, args ...any) string {
	return s.URL + apiPrefix + fmt.Sprintf(format, args...)
}
