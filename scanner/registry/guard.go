package registry

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const (
	defaultTimeout = 30 * time.Second
	maxRedirects   = 5
	maxHeader      = 64 << 10
	maxFailure     = 64 << 10 // of what an error says
)

// guard is the last RoundTripper before the network. It refuses to talk without
// TLS, or to private addresses, except with hosts that the operator listed; keeps
// credentials from all but whose they are; caps redirects, time and sizes; and
// counts.
type guard struct {
	next      http.RoundTripper
	sites     *sites
	networks  *addresses
	userAgent string
	timeout   time.Duration
	requests  *requests
}

func newGuard(options Options, listed *sites) *guard {
	g := &guard{
		next:      options.Transport,
		sites:     listed,
		networks:  newAddresses(),
		userAgent: options.UserAgent,
		timeout:   options.Timeout,
		requests:  newRequests(),
	}
	if g.next == nil {
		g.next = newTransport(options, listed, newDialer())
	}
	if g.timeout == 0 {
		g.timeout = defaultTimeout
	}
	return g
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
	ctx, cancel := context.WithTimeoutCause(req.Context(), g.timeout, ErrTimeout)
	defer cancel()

	resp, err := g.exchange(g.dressed(ctx, req))
	if err != nil && req.Context().Err() == nil && errors.Is(context.Cause(ctx), ErrTimeout) {
		return nil, fmt.Errorf("%w: %s took longer than %s", ErrTimeout, displayed(req.URL.Host), g.timeout)
	}
	return resp, err
}

// exchange sends the request and puts the answer's body into memory. That keeps
// it below its cap, within the time, and the connection fit for the next one.
func (g *guard) exchange(req *http.Request) (*http.Response, error) {
	resp, err := g.next.RoundTrip(req)
	if errors.Is(err, ErrRefusedAddress) {
		return nil, err
	}
	g.requests.count(req)
	if err != nil {
		return nil, &broken{err}
	}
	defer resp.Body.Close()
	read, err := readBody(req, resp)
	if err != nil {
		return nil, err
	}
	if err := checkDigest(req, resp, read); err != nil {
		return nil, err
	}
	resp.Body = body{bytes.NewReader(read)}
	return resp, nil
}

// readBody reads an answer up to its cap. What a failure says is of little use:
// there its beginning will do, and its status stands.
func readBody(req *http.Request, resp *http.Response) ([]byte, error) {
	use := useOf(req)
	if resp.StatusCode >= http.StatusBadRequest {
		return readAll(resp.Body, maxFailure)
	}
	limit := use.bodyLimit()
	read, err := readAll(resp.Body, limit+1)
	if err != nil {
		return nil, err
	}
	if int64(len(read)) > limit {
		err = fmt.Errorf("%w: more than %d MiB", ErrTooLarge, limit>>20)
	} else {
		err = use.shape().check(read)
	}
	if err != nil && resp.StatusCode == http.StatusOK && use.isContent() {
		err = unusable(err)
	}
	return read, err
}

func readAll(from io.Reader, most int64) ([]byte, error) {
	read, err := io.ReadAll(io.LimitReader(from, most))
	if err != nil {
		return nil, &broken{err}
	}
	return read, nil
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
	for _, rule := range []func(*http.Request) error{g.checkWay, g.checkPlace, g.checkSecrets} {
		if err := rule(req); err != nil {
			return err
		}
	}
	return nil
}

// checkWay looks at how a request goes there.
func (g *guard) checkWay(req *http.Request) error {
	host := req.URL.Host
	before := before(req)
	switch {
	case len(before) > maxRedirects:
		return errRedirects
	case req.URL.Scheme != "https" && req.URL.Scheme != "http":
		return refused(host, "neither https nor http")
	case req.URL.User != nil:
		return refused(host, "an address that holds a name or a password")
	case req.URL.Scheme == "http" && len(before) > 0 && before[0].URL.Scheme == "https":
		return refused(host, "a redirect from https to http")
	case req.URL.Scheme == "http" && !g.mayBePlain(req):
		return refused(host, "it is asked over TLS alone; allow it with plainHTTP or --plain-http if it is yours")
	}
	return nil
}

func (g *guard) mayBePlain(req *http.Request) bool {
	c := visitOf(req.Context())
	return g.sites.of(req.URL.Host).PlainHTTP || c != nil && c.site.ownsTokens(req.URL)
}

// checkPlace looks at where a request goes. What the operator allows is allowed
// to who names it, not to whom another registry sends there. Where a proxy
// resolves names, nobody can look at addresses: then names have to do.
func (g *guard) checkPlace(req *http.Request) error {
	c := visitOf(req.Context())
	open := g.sites.isOpen(req.URL)
	switch {
	case open && (c == nil || !c.site.private()):
		return refused(req.URL.Host, "another registry leads to one that is listed as private or as plain HTTP")
	case !open && g.sites.proxied && localName(req.URL.Host, g.networks):
		return refused(req.URL.Host, "a private or local name, which is not asked for through a proxy; if it is yours, allow the host with allowPrivate")
	}
	return nil
}

// checkSecrets is the last look at where credentials go, whatever went wrong
// before: tokens to the registry alone, what tokens are got with also to its
// token servers.
func (g *guard) checkSecrets(req *http.Request) error {
	scheme, _, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	if scheme == "" && (req.Method == http.MethodGet || req.Method == http.MethodHead) {
		return nil
	}
	c := visitOf(req.Context())
	switch {
	case c != nil && c.site.owns(req.URL):
		return nil
	case c != nil && scheme != "Bearer" && c.site.ownsTokens(req.URL):
		return nil
	}
	return refused(req.URL.Host, "the credentials belong to another host")
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

// dressed is the request as it is sent: it says who asks, and not who sent us.
func (g *guard) dressed(ctx context.Context, req *http.Request) *http.Request {
	sent := req.Clone(ctx)
	sent.Header.Del("Referer")
	if g.userAgent != "" {
		sent.Header.Set("User-Agent", g.userAgent)
	}
	return sent
}
