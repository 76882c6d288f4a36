// Package registry is an OCI registry inside the process, for tests and for the
// demo: it pages, it counts, and it fails when told to.
//
// It may import anything; nothing of the product imports it.
package registry

import (
	"context"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	ocireg "github.com/google/go-containerregistry/pkg/registry"
)

// defaultPageSize is how many tags a page has at most.
const defaultPageSize = 1000

// Registry is a running registry. Its methods may be called from several
// goroutines.
type Registry struct {
	store    http.Handler
	listener net.Listener
	server   *http.Server
	stopped  chan struct{}

	mu       sync.Mutex
	pageSize int
	log      []Request
	faults   []*Fault
	lost     map[string]bool // by path
}

// Request is one that the registry was sent.
type Request struct {
	Method string
	// Path is without the query: "/v2/bench/web/tags/list".
	Path string
	// Query is as it was sent, without the question mark.
	Query string
	// UserAgent is who asked.
	UserAgent string
}

// Fault is an answer given in place of the real one.
type Fault struct {
	// Method is matched when it is set.
	Method string
	// Prefix is what the path starts with: "/v2/bench/web/". "" is every path.
	Prefix string
	// Path is the whole path when it is set: "/v2/bench/web/manifests/1.0",
	// which as a prefix would be that of 1.0.1 as well.
	Path string
	// Status is what is answered.
	Status int
	// Header is added to the answer.
	Header http.Header
	// Times is how often the fault strikes; 0 means for ever.
	Times int
}

// Start listens on a free port of 127.0.0.1, without TLS. The registry stops
// when ctx ends or Close is called.
func Start(ctx context.Context) (*Registry, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for the test registry: %w", err)
	}
	r := &Registry{
		store:    ocireg.New(ocireg.Logger(log.New(io.Discard, "", 0))),
		listener: listener,
		stopped:  make(chan struct{}),
		pageSize: defaultPageSize,
		lost:     map[string]bool{},
	}
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = r.Close() })
	go func() {
		defer close(r.stopped)
		_ = r.server.Serve(listener)
	}()
	return r, nil
}

// Host is the address to write in references: "127.0.0.1:40123".
func (r *Registry) Host() string { return r.listener.Addr().String() }

// Close ends the registry and its connections and waits for the listener. It
// may be called more than once.
func (r *Registry) Close() error {
	err := r.server.Close()
	<-r.stopped
	return err
}

// SetPageSize limits how many tags a page has, whatever a client asks for. The
// default is 1000.
func (r *Registry) SetPageSize(tags int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pageSize = tags
}

// Fail injects a fault. Where several match, the oldest strikes.
func (r *Registry) Fail(fault Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, &fault)
}

// Heal ends all faults.
func (r *Registry) Heal() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = nil
}

// Lose makes a tag or a digest one that cannot be pulled, with 404, although
// tags/list still lists it and other names of it still work. To push it again
// brings it back.
func (r *Registry) Lose(repo, reference string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lost[manifestPath(repo, reference)] = true
}

func manifestPath(repo, reference string) string { return "/v2/" + repo + "/manifests/" + reference }

// Requests are all requests since the start or the last Forget, in order. To push
// makes none.
func (r *Registry) Requests() []Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.log)
}

// Forget empties the log of requests.
func (r *Registry) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log = nil
}

// Lists counts how often each repository was listed; a listing of several pages
// counts as one.
func (r *Registry) Lists() map[string]int {
	counts := map[string]int{}
	for _, request := range r.Requests() {
		repo, isList := listed(request.Path)
		if isList && !strings.Contains("&"+request.Query, "&last=") {
			counts[repo]++
		}
	}
	return counts
}

// Counts are requests by what they are for, with those that were answered with a
// fault.
type Counts struct {
	// Lists are pages of tags.
	Lists int
	// Heads are questions for a manifest's digest.
	Heads int
	// Manifests and Blobs are what was fetched, which may count as pulls.
	Manifests, Blobs int
	// Other are version checks and the like.
	Other int
}

// Counts counts the requests since the start or the last Forget.
func (r *Registry) Counts() Counts {
	var counts Counts
	for _, request := range r.Requests() {
		_, isList := listed(request.Path)
		switch folder := path.Base(path.Dir(request.Path)); {
		case isList:
			counts.Lists++
		case folder == "manifests" && request.Method == http.MethodHead:
			counts.Heads++
		case folder == "manifests" && request.Method == http.MethodGet:
			counts.Manifests++
		case folder == "blobs" && request.Method == http.MethodGet:
			counts.Blobs++
		default:
			counts.Other++
		}
	}
	return counts
}

// ServeHTTP answers one request.
func (r *Registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if fault := r.record(req); fault != nil {
		fault.answer(w)
		return
	}
	if repo, isList := listed(req.URL.Path); isList && req.Method == http.MethodGet {
		r.serveTags(w, req, repo)
		return
	}
	r.store.ServeHTTP(w, req)
}

// record logs the request and returns the fault that strikes it, if any.
func (r *Registry) record(req *http.Request) *Fault {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log = append(r.log, Request{Method: req.Method, Path: req.URL.Path, Query: req.URL.RawQuery, UserAgent: req.UserAgent()})
	i := slices.IndexFunc(r.faults, func(f *Fault) bool { return f.matches(req) })
	if i < 0 && r.lost[req.URL.Path] {
		return &Fault{Status: http.StatusNotFound}
	}
	if i < 0 {
		return nil
	}
	fault := r.faults[i]
	if fault.Times == 1 {
		r.faults = slices.Delete(r.faults, i, i+1)
	}
	fault.Times = max(0, fault.Times-1)
	return fault
}

func (f *Fault) matches(req *http.Request) bool {
	return (f.Method == "" || f.Method == req.Method) && (f.Path == "" || f.Path == req.URL.Path) && strings.HasPrefix(req.URL.Path, f.Prefix)
}

func (f *Fault) answer(w http.ResponseWriter) {
	maps.Copy(w.Header(), f.Header)
	w.WriteHeader(f.Status)
}

// listed is the repository whose tags are asked for by a path.
func listed(asked string) (repo string, ok bool) {
	repo, isV2 := strings.CutPrefix(asked, "/v2/")
	repo, isList := strings.CutSuffix(repo, "/tags/list")
	return repo, isV2 && isList
}
