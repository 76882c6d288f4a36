package registry

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/imageupdater/imageupdater/scanner/image"
)

const (
	defaultTimeout = 30 * time.Second
	maxRedirects   = 5
	maxHeader      = 64 << 10
)

// guard is the last RoundTripper before the network. It refuses to talk without
// TLS, or to private addresses, except with hosts that the operator listed; caps
// redirects, time and sizes; keeps away from a host that said 429; and counts.
type guard struct {
	next     http.RoundTripper
	plain    hosts
	timeout  time.Duration
	requests *requests
	paused   *paused
}

func newGuard(options Options) *guard {
	g := &guard{
		next:     options.Transport,
		plain:    newHosts(options.PlainHTTP),
		timeout:  options.Timeout,
		requests: newRequests(),
		paused:   newPaused(),
	}
	if g.next == nil {
		g.next = newTransport(g.plain)
	}
	if g.timeout == 0 {
		g.timeout = defaultTimeout
	}
	return g
}

// newTransport dials addresses that are checked after the name was resolved, so
// that no name can lead to where an address may not.
func newTransport(plain hosts) *http.Transport {
	open := &net.Dialer{Timeout: defaultTimeout, KeepAlive: defaultTimeout}
	guarded := &net.Dialer{Timeout: defaultTimeout, KeepAlive: defaultTimeout, Control: newAddresses().control}
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if plain.has(address) {
				return open.DialContext(ctx, network, address)
			}
			return guarded.DialContext(ctx, network, address)
		},
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // a small answer must not grow beyond its cap
		MaxResponseHeaderBytes: maxHeader,
		MaxIdleConnsPerHost:    8,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
	}
}

// RoundTrip sends a request and reads its whole answer.
func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := g.send(req)
	if err != nil {
		return nil, &failed{err}
	}
	return resp, nil
}

func (g *guard) send(req *http.Request) (*http.Response, error) {
	if err := g.check(req); err != nil {
		return nil, err
	}
	host := displayed(req.URL.Host)
	if limited := g.paused.get(host); limited != nil {
		return nil, limited
	}
	ctx, cancel := context.WithTimeoutCause(req.Context(), g.timeout, ErrTimeout)
	defer cancel()

	resp, err := g.exchange(g.rewritten(ctx, req))
	switch {
	case err != nil && req.Context().Err() == nil && errors.Is(context.Cause(ctx), ErrTimeout):
		return nil, fmt.Errorf("%w: %s took longer than %s", ErrTimeout, host, g.timeout)
	case err != nil:
		return nil, err
	case resp.StatusCode == http.StatusTooManyRequests:
		limited := &RateLimited{Host: host, RetryAfter: retryAfter(resp.Header)}
		g.paused.set(limited)
		return nil, limited
	}
	return resp, nil
}

// exchange sends the request and puts the answer's body into memory. That keeps
// it below its cap, within the time, and the connection fit for the next one.
func (g *guard) exchange(req *http.Request) (*http.Response, error) {
	resp, err := g.next.RoundTrip(req)
	if !errors.Is(err, ErrRefusedAddress) {
		g.requests.count(req)
	}
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	limit := useOf(req).bodyLimit()
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > limit {
		return nil, fmt.Errorf("%w: more than %d MiB", ErrTooLarge, limit>>20)
	}
	if err := checkDigest(req, resp, body); err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// checkDigest holds a manifest to the digest that came with it, by which it would
// be pulled. go-containerregistry looks only at one that was asked for. Schema 1
// is left alone: what is signed there is not what is sent.
func checkDigest(req *http.Request, resp *http.Response, body []byte) error {
	told, err := v1.NewHash(resp.Header.Get("Docker-Content-Digest"))
	if err != nil || useOf(req) != useManifest || kindOf(resp.Header.Get("Content-Type")) == kindSchema1 || resp.StatusCode != http.StatusOK {
		return nil //nolint:nilerr // a header that tells no digest tells nothing
	}
	hasher, err := v1.Hasher(told.Algorithm)
	if err != nil {
		return err
	}
	_, _ = hasher.Write(body) // never fails
	if hex.EncodeToString(hasher.Sum(nil)) != told.Hex {
		return fmt.Errorf("the manifest is not the one of the digest that came with it, %s", told)
	}
	return nil
}

// check says why a request must not be sent.
func (g *guard) check(req *http.Request) error {
	host := req.URL.Host
	listed := g.plain.has(host)
	switch before := before(req); {
	case len(before) > maxRedirects:
		return errRedirects
	case req.URL.Scheme != "https" && req.URL.Scheme != "http":
		return refused(host, "neither https nor http")
	case req.URL.Scheme == "http" && len(before) > 0 && before[0].URL.Scheme == "https":
		return refused(host, "a redirect from https to http")
	case req.URL.Scheme == "http" && !listed:
		return refused(host, "it is asked over TLS alone; allow it with --plain-http if it is yours")
	case listed && !g.plain.has(asked(req.Context())):
		// What the operator allows is allowed to who names it, not to whom
		// another registry sends there.
		return refused(host, "another registry leads to a plain HTTP registry")
	case listed && req.URL.Scheme == "http" && len(before) == 0 && isPing(req):
		return errSecondPing
	}
	return nil
}

// before are the requests whose redirects led here, the latest first.
func before(req *http.Request) []*http.Request {
	var chain []*http.Request
	for req.Response != nil && req.Response.Request != nil && len(chain) <= maxRedirects {
		req = req.Response.Request
		chain = append(chain, req)
	}
	return chain
}

func isPing(req *http.Request) bool { return req.URL.Path == "/v2/" }

// rewritten is the request as it is sent: without TLS to the listed hosts.
// go-containerregistry tries TLS first even there, which costs a connection.
func (g *guard) rewritten(ctx context.Context, req *http.Request) *http.Request {
	sent := req.Clone(ctx)
	if g.plain.has(req.URL.Host) {
		sent.URL.Scheme = "http"
	}
	return sent
}

// hosts is a set of "host:port".
type hosts map[string]bool

func newHosts(listed []string) hosts {
	set := hosts{}
	for _, host := range listed {
		set[withPort(host)] = true
	}
	return set
}

func (h hosts) has(host string) bool { return h[withPort(host)] }

func withPort(host string) string {
	host = strings.ToLower(host)
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	return host + ":80"
}

type askedKey struct{}

// asking remembers in the context which registry a call is about.
func asking(ctx context.Context, repo image.Repository) context.Context {
	return context.WithValue(ctx, askedKey{}, repo.Registry)
}

func asked(ctx context.Context) string {
	host, _ := ctx.Value(askedKey{}).(string)
	return host
}

// displayed is the host as references spell it.
func displayed(host string) string {
	if host == "index.docker.io" {
		return image.DockerHub
	}
	return host
}
