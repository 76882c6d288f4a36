// Package forge is GitHub as the rest of the product sees it: plain values,
// errors that say what to do, and calls that keep to GitHub's limits.
//
// A GitHub knows the App. As gives the Client of an installation, and its Repo
// reads one repository. All calls of an installation pass the same layer, an
// account: it waits for its turn, has a token, tries again what may be tried
// again, and tells each answer apart once. go-github writes the requests and
// decodes the answers, no more: its clients are made for one call each, since
// they remember limits by a clock of their own.
//
// It imports nothing of ours.
package forge

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v4"
)

// URLs are where a GitHub lies, without user names or secrets. Of a GitHub
// Enterprise Server REST ends with "/api/v3/" and GraphQL with "/api/graphql".
type URLs struct{ Web, REST, GraphQL string }

// Options configure a GitHub. URLs.REST, AppID and PrivateKey have to be set, and
// URLs.GraphQL for branches to be moved.
type Options struct {
	URLs       URLs
	AppID      int64
	PrivateKey []byte // PEM, as GitHub lets it be downloaded
	// Transport carries the requests; nil means one of our own, which takes the
	// proxy from the environment.
	Transport http.RoundTripper
	// Now is the clock of tokens and limits; nil means the real one.
	Now func() time.Time
	// Sleep waits until the time has passed or ctx ends; nil means a timer.
	Sleep func(ctx context.Context, d time.Duration) error
	// Spacing lies between two writes of an installation; 0 means a second.
	Spacing time.Duration
	// Unpaced lets calls pass as quickly as they come, which GitHub itself would
	// not bear; Spacing stays.
	Unpaced bool
	// Timeout is for one try of a request with its answer: 10 s when 0. Trees
	// have three times as long.
	Timeout time.Duration
	// Memory keeps what conditional reads have given; nil keeps nothing.
	Memory Memory
	// Cooldowns are shared with other replicas; nil keeps them in the process.
	Cooldowns Cooldowns
	// Observe is called after each try of a request, from several goroutines.
	Observe func(Call)
	// UserAgent is sent with every request; "imageupdater" when "".
	UserAgent string
}

// Call is one try of a request, for metrics and logs. It holds no secret.
type Call struct {
	Installation int64 // 0 is the App itself
	Method       string
	Endpoint     string // one of few: "GET /repos/{owner}/{repo}/git/trees/{sha}"
	Status       int    // 0 when there was no answer
	NotModified  bool   // a 304, which costs nothing
	Resource     string // whose limit the numbers below are: "core", "graphql"
	Remaining    int    // -1 when GitHub told none
	Limit        int
	Reset        time.Time
	Elapsed      time.Duration
	Err          error
}

// GitHub is the App's view of GitHub. It may be used from several goroutines.
//
// Errors of its calls wrap one of this package's, or are those of ctx. None
// holds a token, a key or what an Authorization header said.
type GitHub struct {
	o      Options
	rest   *url.URL
	graph  string // where GraphQL lies, "" where nobody said so
	routes []string
	app    *account

	mu       sync.Mutex
	accounts map[int64]*account
}

// New makes a GitHub. It makes no request.
func New(o Options) (*GitHub, error) {
	rest, err := address(o.URLs.REST)
	if err != nil {
		return nil, fmt.Errorf("the address of GitHub's REST API: %w", err)
	}
	graph, err := graphAddress(o.URLs.GraphQL, rest)
	if err != nil {
		return nil, fmt.Errorf("the address of GitHub's GraphQL API: %w", err)
	}
	key, err := jwt.ParseRSAPrivateKeyFromPEM(o.PrivateKey)
	if err != nil {
		// The parser's error may quote the key.
		return nil, errors.New("reading the App's private key: it is not an RSA key in PEM")
	}
	if o.AppID <= 0 {
		return nil, errors.New("the App's id is not set")
	}
	g := &GitHub{o: withDefaults(o), rest: rest, graph: graph, routes: routes(), accounts: map[int64]*account{}}
	g.app = newAccount(g, 0, &appToken{id: o.AppID, key: key, now: g.o.Now})
	return g, nil
}

func withDefaults(o Options) Options {
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // the clock that is injected where none is
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Transport == nil {
		o.Transport = newTransport()
	}
	if o.Spacing == 0 {
		o.Spacing = time.Second
	}
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Memory == nil {
		o.Memory = noMemory{}
	}
	if o.Cooldowns == nil {
		o.Cooldowns = noCooldowns{}
	}
	if o.Observe == nil {
		o.Observe = func(Call) {}
	}
	if o.UserAgent == "" {
		o.UserAgent = "imageupdater"
	}
	return o
}

// address reads the root of an API, which ends with a slash.
func address(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("it is no URL") // url.Parse quotes it, with a password in it
	case u.User != nil:
		return nil, errors.New("it must not hold a user name or a password")
	case (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("it must look like https://api.github.com/")
	}
	if u.Path == "" || u.Path[len(u.Path)-1] != '/' {
		u.Path += "/"
	}
	return u, nil
}

func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   maxReads * 4,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// account is that of an installation: the same one each time, so that all who
// work for it share its limits and its token.
func (g *GitHub) account(installation int64) *account {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.accounts[installation]
	if a == nil {
		a = newAccount(g, installation, newInstallationToken(g, installation, nil))
		g.accounts[installation] = a
	}
	return a
}
