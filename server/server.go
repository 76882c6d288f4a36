// Package server is the running App: it takes webhooks, does its jobs, keeps the
// state, and tells how it is.
//
// What GitHub and registries tell is stored as jobs before it is answered. A job
// reads the world again: what it was told decides nothing but when to look.
//
// It may import handlers, scanner and config, and its own sub-packages.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers"
	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/handlers/run"
	"github.com/imageupdater/imageupdater/handlers/sources"
	"github.com/imageupdater/imageupdater/scanner/registry"
	"github.com/imageupdater/imageupdater/server/jobs"
	"github.com/imageupdater/imageupdater/server/store"
)

// Options are what New needs. Those without a word may be left out.
type Options struct {
	// Config is needed, and has to be good for serving.
	Config *config.Server
	// Version is the program's own.
	Version string
	// Log is where the log is written, one line a call, and needed. What is
	// logged is in Config. No secret gets there.
	Log io.Writer
	// Audit is where each decision is written as a line of JSON, one line a call and
	// one call at a time; nowhere when nil. No secret gets there.
	Audit io.Writer
	// Getenv and Environ are those of package os, and needed.
	Getenv  func(string) string
	Environ func() []string
	// Now is the clock; the machine's when nil.
	Now func() time.Time
	// Sleep waits between two writes to GitHub and before a call is tried
	// again; a timer when nil.
	Sleep func(ctx context.Context, d time.Duration) error
	// GitHubTransport carries requests to GitHub.
	GitHubTransport http.RoundTripper
	// Unpaced lets calls to GitHub pass as quickly as they come, which only a
	// stand-in bears: for tests and benchmarks.
	Unpaced bool
	// DryRun writes nothing to GitHub.
	DryRun bool
	// Replica names this process among those of one database.
	Replica string
	// Retry is how long a failed job waits; see jobs.Options.
	Retry func(attempt int) time.Duration
	// Linger is how long requests are still taken after the server said that it
	// is not ready, so that those who send them hear of it: at most Work.Drain.
	Linger time.Duration
	// Snooze is how long a job waits that is for later; see jobs.Options.
	Snooze func(time.Duration) time.Duration
	// Poll is how often the database is asked for jobs; see jobs.Options.
	Poll time.Duration
	// Signed is for tests: GitHub signs what the App commits, as github.com does,
	// whatever its address. Then nothing else counts as the App's.
	Signed bool
}

// Server is the App. New makes it, Run runs it, Close ends what New began.
type Server struct {
	o       Options
	now     func() time.Time
	log     zerolog.Logger
	redact  *redactor
	audit   audit
	secrets *secrets
	db      *store.DB
	state   *state
	queue   *jobs.Queue
	github  *forge.GitHub
	clients *registry.Client
	outside http.RoundTripper // to what is neither GitHub nor a registry

	registry *registry.Shared
	runner   *run.Runner
	decoder  *handlers.Decoder
	files    *sharedFiles
	sources  *sources.Sources
	outage   outage
	metrics  *metrics
	handler  http.Handler

	choring    sync.Mutex
	staleMu    sync.Mutex
	staleSince time.Time

	stopping atomic.Bool
}

// New opens the database, reads the secrets, and brings the tables up to date.
// It asks GitHub for the App's own name.
func New(ctx context.Context, o Options) (*Server, error) {
	s := &Server{o: o, now: o.Now, redact: newRedactor()}
	if s.now == nil {
		s.now = time.Now //nolint:forbidigo // the clock that is injected where none is
	}
	s.log = newLogger(o.Log, o.Config.Log, s.now, s.redact)
	s.audit.to = o.Audit
	if err := s.open(ctx); err != nil {
		return nil, s.redact.error(err)
	}
	return s, nil
}

func (s *Server) open(ctx context.Context) error {
	var err error
	if s.secrets, err = readSecrets(s.o, s.redact); err != nil {
		return err
	}
	if s.db, err = store.Open(ctx, s.secrets.database); err != nil {
		return err
	}
	if err := s.assemble(ctx); err != nil {
		return errors.Join(err, s.db.Close())
	}
	return nil
}

func (s *Server) assemble(ctx context.Context) error {
	s.state, s.metrics, s.files = newState(s.db, s.now, s.log), newMetrics(), newSharedFiles(s.db, s.now)
	s.outage.now = s.now
	s.staleSince = s.now().Add(-keepStale)
	if err := s.openGitHub(); err != nil {
		return err
	}
	if err := s.openRegistries(); err != nil {
		return err
	}
	s.runner = &run.Runner{
		Registry: s.registry, History: s.state, Memory: s.state, Decisions: s, Enforced: s.o.Config.Enforce, Least: s.o.Config.LeastInterval, Now: s.now,
		Historian: &proposal.Historian{Memory: s.state, Archive: s.state, Signed: s.o.Signed || signs(s.o.Config.GitHub.URL), Keys: s.secrets.markers}, Web: s.o.Config.GitHub.URL, App: s.o.Config.GitHub.AppID, DryRun: s.o.DryRun,
	}
	if err := s.openChanges(); err != nil {
		return err
	}
	w := s.o.Config.Work
	var err error
	s.queue, err = jobs.New(s.db, jobs.Options{
		Handlers: s, Logger: s.log, Now: s.now, Replica: s.o.Replica, Deliveries: w.Deliveries, Looks: w.Looks,
		LookTimeout: w.LookTimeout, Drain: w.Drain, PollOnly: s.o.Config.Database.PollOnly, Retry: s.o.Retry, Snooze: s.o.Snooze, Poll: s.o.Poll,
		Redact: s.redact.error,
	})
	if err != nil {
		return err
	}
	if err := s.queue.Migrate(ctx); err != nil {
		return err
	}
	if err := s.introduce(ctx); err != nil {
		return err
	}
	s.metrics.watch(s)
	s.handler, err = s.routes()
	return err
}

// botNote is where is noted as whom the App writes.
const botNote = "bot"

// introduce finds out as whom the App writes. When GitHub is out of order and it
// is known from before, that is good enough.
func (s *Server) introduce(ctx context.Context) error {
	app, err := s.github.App(ctx)
	if err == nil {
		s.decoder = &handlers.Decoder{Bot: app.BotLogin}
		s.runner.Historian.Bot = app.BotLogin
		return s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.PutNote(ctx, botNote, app.BotLogin) })
	}
	_, unavailable := errors.AsType[*forge.UnavailableError](err)
	_, limited := errors.AsType[*forge.LimitedError](err)
	if known, _ := s.db.Reading().Note(ctx, botNote); known != "" && (unavailable || limited) {
		s.log.Warn().Err(err).Msg("GitHub does not answer: starting all the same")
		s.decoder = &handlers.Decoder{Bot: known}
		s.runner.Historian.Bot = known
		return nil
	}
	return fmt.Errorf("asking GitHub who the App is, with github.appID and github.privateKey: %w", err)
}

func (s *Server) openGitHub() error {
	o, err := RegistryOptions(s.o.Config)
	if err != nil {
		return err
	}
	c := s.o.Config.GitHub
	s.github, err = forge.New(forge.Options{
		URLs: forge.URLs{Web: c.URL, REST: c.APIURL, GraphQL: c.GraphQLURL}, AppID: c.AppID, PrivateKey: s.secrets.privateKey,
		Transport: s.gitHubTransport(o), Now: s.now, Sleep: s.o.Sleep, Memory: s.state, Cooldowns: s.state, Observe: s.metrics.called,
		UserAgent: userAgent(s.o.Version), Unpaced: s.o.Unpaced,
	})
	return err
}

// gitHubTransport goes through the operator's proxy and trusts his authorities.
func (s *Server) gitHubTransport(o registry.Options) http.RoundTripper {
	if s.o.GitHubTransport != nil || o.Proxy == nil && o.RootCAs == nil {
		return s.o.GitHubTransport
	}
	t := &http.Transport{
		ForceAttemptHTTP2: true, TLSHandshakeTimeout: cloudTimeout, MaxIdleConnsPerHost: 32, IdleConnTimeout: keepAlive,
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12},
	}
	if o.Proxy != nil {
		t.Proxy = http.ProxyURL(o.Proxy)
	}
	return t
}

// signs says whether GitHub signs what the App commits: an Enterprise Server
// does only where somebody switched it on.
func signs(web string) bool { return web == "https://github.com" || strings.HasSuffix(web, ".ghe.com") }

func userAgent(version string) string { return "imageupdater/" + version }

// Handler is what the server answers, without a listener.
func (s *Server) Handler() http.Handler { return s.handler }

// Close closes the database.
func (s *Server) Close() error { return s.db.Close() }

// The times within which a request has to be read and answered.
const (
	readHeader = 10 * time.Second
	readAll    = 30 * time.Second
	answerAll  = time.Minute
	keepAlive  = 2 * time.Minute
)

// Run serves and works until the context ends. Then it says that it is not ready
// and begins no more work; after Options.Linger it closes the listener. What runs
// may end for as long as the configuration allows, counted from the beginning,
// and is ended after that. What was accepted is in the database.
func (s *Server) Run(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.o.Config.Listen)
	if err != nil {
		return fmt.Errorf("listening at %s: %w: choose another address with listen, or stop who has it", s.o.Config.Listen, err)
	}
	return s.Serve(ctx, listener)
}

// Serve is Run with a listener, which it closes.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	if s.secrets.webhook == "" {
		return errors.Join(errors.New("github.webhookSecret is missing: without it anybody could send webhooks"), listener.Close())
	}
	web := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: readHeader, ReadTimeout: readAll, WriteTimeout: answerAll, IdleTimeout: keepAlive,
		MaxHeaderBytes: 64 << 10, ErrorLog: quiet(s.log),
	}
	if err := s.queue.Arrive(ctx); err != nil {
		if ctx.Err() != nil { // stopped before it began
			err = nil
		}
		return errors.Join(err, listener.Close())
	}
	work, stopWork := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stopWork(nil)
	var workers sync.WaitGroup
	ended := make(chan error, 2)
	workers.Go(func() { ended <- s.queue.Run(work) })
	workers.Go(func() { s.housekeep(work) })
	go func() { ended <- web.Serve(listener) }()
	s.log.Info().Str("address", listener.Addr().String()).Msg("listening")
	var err error
	select {
	case <-ctx.Done():
		s.log.Info().Msg("stopping")
	case err = <-ended:
		s.log.Error().Err(err).Msg("stopping, since something that has to run does not")
	}
	s.stopping.Store(true)
	stopWork(errStopping)
	s.closeDown(context.WithoutCancel(ctx), web, err == nil)
	workers.Wait()
	s.state.flush(context.WithoutCancel(ctx))
	s.log.Info().Msg("stopped")
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// closeDown takes requests for a moment longer, and no more after that.
func (s *Server) closeDown(ctx context.Context, web *http.Server, linger bool) {
	ctx, cancel := context.WithTimeout(ctx, s.o.Config.Work.Drain)
	defer cancel()
	if linger && s.o.Linger > 0 {
		select {
		case <-time.After(s.o.Linger):
		case <-ctx.Done():
		}
	}
	if err := web.Shutdown(ctx); err != nil {
		s.log.Warn().Err(err).Msg("some requests were not answered")
		_ = web.Close() // whoever is left gets no answer
	}
}

var errStopping = errors.New("the server stops")
