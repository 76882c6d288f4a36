package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/server"
	"github.com/imageupdater/imageupdater/test/githubtest"
	"github.com/imageupdater/imageupdater/test/githubtest/web"
	"github.com/imageupdater/imageupdater/test/registry"
)

// The people of the demo.
const (
	owner      = "olga" // of the organisation
	maintainer = "mia"
	writer     = "wendy"
	outsider   = "otto" // may read, as anybody may
)

// world is all that runs: a GitHub with its people and repositories, a registry,
// and the App.
type world struct {
	say          *teller
	hub          *githubtest.Server
	stock        *stock
	repos        map[string]*githubtest.Repository // by name, without the organisation
	sources      map[string]*githubtest.Repository // of images, the same
	building     sync.Mutex                        // is held while what follows changes
	built        map[string]string                 // the commits of images, by repository:tag
	server       *server.Server
	app          string // its address
	token        string // for the server's API
	hook         string // the secret of the registry's webhook
	client       http.Client
	said         remark // the last comment
	mark         githubtest.Mark
	installation *githubtest.Installation
	log          *tail
	problems     *problems
	stopped      chan error    // what ended the server, if anything but close did
	patience     time.Duration // with a claim
	closing      []func() error
}

// begin starts everything. What it has started is ended by close, or by itself
// when it fails.
func begin(ctx context.Context, s settings, say *teller, stderr io.Writer) (*world, error) {
	w := &world{say: say, patience: patience, log: &tail{}, problems: &problems{}, stopped: make(chan error, 1)}
	w.repos, w.sources, w.built = map[string]*githubtest.Repository{}, map[string]*githubtest.Repository{}, map[string]string{}
	if s.verbose {
		w.log.also = stderr
	}
	if err := w.begin(ctx, s); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *world) begin(ctx context.Context, s settings) error {
	ctx = context.WithoutCancel(ctx) // close ends what is started, in its order
	var err error
	if w.hub, err = githubtest.Start(ctx, githubtest.Options{Addr: s.addr}, w.problems.add); err != nil {
		return fmt.Errorf("starting GitHub at %s (-addr chooses another place, and port 0 a free one): %w", s.addr, err)
	}
	w.closes(w.hub.Close)
	w.develop() //nolint:contextcheck // it talks to a handler in this process
	r, err := registry.Start(ctx)
	if err != nil {
		return fmt.Errorf("starting the registry: %w", err)
	}
	w.closes(r.Close)
	if w.stock, err = newStock(r, w.labels); err != nil { //nolint:contextcheck // as above
		return err
	}
	if err := w.show(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "imageupdater-demo-")
	if err != nil {
		return fmt.Errorf("making a folder for the server's state: %w", err)
	}
	w.closes(func() error { return os.RemoveAll(dir) })
	return w.serve(ctx, filepath.Join(dir, "state.db"))
}

// show gives people pages to look at.
func (w *world) show() error {
	github, err := web.New(w.hub, writer, maintainer, outsider)
	if err != nil {
		return fmt.Errorf("making GitHub's pages: %w", err)
	}
	github.AddLink("Push an image, let time pass", buildsPath)
	all, err := w.pages(github)
	if err != nil {
		return err
	}
	w.hub.Pages(all)
	return nil
}

// closes adds what is to be closed, before all that is there.
func (w *world) closes(what func() error) { w.closing = append([]func() error{what}, w.closing...) }

// close ends everything, the last thing first. Its error has what GitHub found
// wrong with what it was asked.
func (w *world) close() error {
	var all []error
	for _, what := range w.closing {
		all = append(all, what())
	}
	w.closing = nil
	return errors.Join(errors.Join(all...), w.problems.err())
}

// serve runs the App. GitHub sends its webhooks to it.
func (w *world) serve(ctx context.Context, database string) error {
	secret := rand.Text()
	w.token, w.hook = rand.Text(), rand.Text()
	env := map[string]string{"KEY": w.hub.App.PrivateKey, "WEBHOOK": secret, "REGISTRY": w.hook}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening for the server: %w", err)
	}
	w.app = "http://" + listener.Addr().String()
	c, err := w.configuration(database)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	s, err := server.New(ctx, server.Options{
		Config: c, Version: "demo", Log: w.log, Getenv: func(name string) string { return env[name] }, Environ: os.Environ,
		Now: w.hub.Now, Poll: time.Second / 10, Unpaced: true, Signed: true,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }, // this GitHub needs no rest
	})
	if err != nil {
		return errors.Join(fmt.Errorf("starting the server: %w", err), listener.Close())
	}
	w.server = s
	w.closes(s.Close)
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		err := s.Serve(running, listener)
		if running.Err() == nil {
			w.stopped <- fmt.Errorf("the server ended: %w", err)
		}
		ended <- err
	}()
	w.closes(sync.OnceValue(func() error { stop(); return <-ended }))
	w.hub.Webhook(w.app+"/api/github/hook", secret)
	return nil
}

// configuration is the server's, as an operator writes it.
func (w *world) configuration(database string) (*config.Server, error) {
	sum := sha256.Sum256([]byte(w.token))
	text := fmt.Sprintf(`
version: 1
github: {url: %q, appID: %d, privateKey: {env: KEY}, webhookSecret: {env: WEBHOOK}}
publicURL: %q
database: {file: %q}
work: {drain: 5s}
registries: [{host: %q, plainHTTP: true}]
hooks: [{name: demo, kind: distribution, host: %q, secret: {env: REGISTRY}}]
api:
  tokens: [{name: demo, sha256: %q, scopes: [rescan, read]}]
`, w.hub.URL, w.hub.App.ID, w.app, database, w.stock.Host(), w.stock.Host(), hex.EncodeToString(sum[:]))
	c, _, err := config.LoadServer("server.yaml", []byte(text))
	if err == nil {
		err = c.ForServing()
	}
	if err != nil {
		return nil, fmt.Errorf("configuring the server: %w", err)
	}
	return c, nil
}

// found makes the organisation with its people and repositories.
func (w *world) found() error {
	acme := w.hub.Organization("acme")
	acme.AddOwner(owner, true)
	for _, name := range []string{"shop", "platform", "website", "edge"} {
		files, err := w.stock.sample(name)
		if err != nil {
			return err
		}
		repo := w.hub.AddRepository("acme/"+name, files)
		repo.Collaborate(maintainer, "maintain")
		repo.Collaborate(writer, "write")
		w.repos[name] = repo
	}
	w.examine(w.repos["edge"])
	return nil
}

// grants are what deploy/github-app/manifest.json asks for.
func grants() map[string]string {
	return map[string]string{
		"metadata": "read", "contents": "write", "pull_requests": "write", "issues": "write", "checks": "write", "statuses": "read",
		"merge_queues": "read", "administration": "read", "packages": "read",
	}
}

// install installs the App on all repositories that there are.
func (w *world) install() error {
	var all []*githubtest.Repository
	for _, repo := range w.repos {
		all = append(all, repo)
	}
	w.installation = w.hub.Install("acme", grants(), all...)
	return nil
}
