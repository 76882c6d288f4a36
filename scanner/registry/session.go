package registry

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// visit is what a request belongs to: which repository is asked, and as whom.
type visit struct {
	site   *site
	repo   image.Repository
	anyone bool // without credentials
	// identity tells credentials apart.
	identity string
	// secret gives the credentials, and renew tells whether there are others now,
	// for a registry that refused those that were given last.
	secret func() (*authn.AuthConfig, error)
	renew  func(context.Context) bool
}

// renewable are credentials that may have been replaced since they were read.
type renewable interface {
	Invalidate(ctx context.Context) bool
}

type visitKey struct{}

// visitOf is what a request belongs to; nil where nobody said, and then it gets no
// credentials.
func visitOf(ctx context.Context) *visit {
	found, _ := ctx.Value(visitKey{}).(*visit)
	return found
}

func withVisit(ctx context.Context, c *visit) context.Context {
	return context.WithValue(ctx, visitKey{}, c)
}

// newVisit asks for the credentials of a repository. They are asked for their
// secret once, and when it is needed.
func newVisit(ctx context.Context, at *site, repo image.Repository, credentials Credentials) (*visit, error) {
	made := &visit{site: at, repo: repo, anyone: true}
	if credentials == nil {
		return made, nil
	}
	credential, err := credentials.For(ctx, repo)
	switch {
	case err != nil:
		return nil, &failed{fmt.Errorf("credentials for %s: %w", repo, err)}
	case credential.Authenticator == nil || credential.Authenticator == authn.Anonymous:
		return made, nil
	case credential.Identity == "":
		return nil, &failed{fmt.Errorf("credentials for %s: they have no identity that tells them from others", repo)}
	}
	made.anyone, made.identity = false, credential.Identity
	made.secret = func() (*authn.AuthConfig, error) { return read(ctx, repo, credential.Authenticator) }
	made.renew = func(ctx context.Context) bool {
		kept, ok := credential.Authenticator.(renewable)
		return ok && kept.Invalidate(ctx)
	}
	return made, nil
}

// read asks for the secret. Nothing where there should be something would make
// the registry take us for anybody.
func read(ctx context.Context, repo image.Repository, from authn.Authenticator) (*authn.AuthConfig, error) {
	config, err := authn.Authorization(ctx, from)
	switch {
	case err != nil:
		return nil, &failed{fmt.Errorf("credentials for %s: %w", repo, err)}
	case config == nil || *config == authn.AuthConfig{}:
		return nil, &failed{fmt.Errorf("credentials for %s: they are configured, but empty", repo)}
	}
	return config, nil
}

const (
	// maxKept is how many version checks and tokens are remembered.
	maxKept = 1000
	// longestKept is for how long: credentials may be replaced at any time.
	longestKept = time.Hour
	// afterRefusal is how long credentials are not shown again to who refused
	// them: accounts are locked for less than a failed login with each image.
	afterRefusal = 5 * time.Minute
)

// authorising adds what a registry wants to see with each request. It asks for
// the way once a host, and for a token once a repository and identity; when the
// registry no longer takes what it has, it asks once more. Where a redirect leads
// to another host it adds nothing.
type authorising struct {
	next       http.RoundTripper
	challenges *shared[string, *transport.Challenge] // by root
	tokens     *shared[tokenKey, string]
	refusals   *refusals
}

type tokenKey struct{ root, identity, path string }

func newAuthorising(next http.RoundTripper, now func() time.Time) *authorising {
	return &authorising{
		next:       next,
		challenges: newShared[string, *transport.Challenge](maxKept, now),
		tokens:     newShared[tokenKey, string](maxKept, now),
		refusals:   &refusals{now: now, items: newRecent[tokenKey, *refusal](maxKept)},
	}
}

// RoundTrip sends a request, and a second time when it was not let in.
func (a *authorising) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	c := visitOf(ctx)
	sent := req.Clone(ctx)
	sent.Header.Del("Authorization")
	if c != nil && len(before(req)) == 0 {
		// go-containerregistry guesses by the host's name who is asked without TLS.
		sent.URL.Scheme = c.site.scheme()
	}
	if c == nil || !c.site.owns(sent.URL) {
		return a.next.RoundTrip(sent)
	}
	g := &granted{authorising: a, visit: c}
	if err := g.ask(ctx); err != nil {
		return nil, err
	}
	resp, err := a.send(sent, g.header)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	again, err := g.askAgain(ctx, resp)
	switch {
	case err != nil:
		return nil, err
	case again:
		return a.send(sent, g.header)
	}
	return resp, nil
}

func (a *authorising) send(req *http.Request, header string) (*http.Response, error) {
	if header != "" {
		req.Header.Set("Authorization", header)
	}
	return a.next.RoundTrip(req)
}

// granted is how one request is let in.
type granted struct {
	*authorising

	visit     *visit
	challenge *transport.Challenge
	token     string
	fresh     bool // the token was asked for by this request
	header    string
}

// ask finds out how the registry lets in who asks it.
func (g *granted) ask(ctx context.Context) error {
	var err error
	g.challenge, _, err = g.challenges.get(ctx, g.visit.site.root(), nil, func(ctx context.Context) (*transport.Challenge, time.Duration, error) {
		found, err := g.ping(ctx, g.visit)
		return found, longestKept, err
	})
	if err != nil {
		return asFailed(err)
	}
	return g.authorise(ctx, "", "")
}

// authorise makes the header for what the registry asks for.
func (g *granted) authorise(ctx context.Context, useless, scope string) error {
	if g.visit.anyone {
		return g.exchange(ctx, nil, useless, scope)
	}
	secret, err := g.visit.secret()
	if err != nil {
		return err
	}
	if secret.RegistryToken != "" {
		g.header = "Bearer " + secret.RegistryToken
		return nil
	}
	if !isBearer(g.challenge) {
		g.header = basic(secret)
		return nil
	}
	return g.exchange(ctx, secret, useless, scope)
}

// exchange gets a token where that is the way.
func (g *granted) exchange(ctx context.Context, secret *authn.AuthConfig, useless, scope string) error {
	if !isBearer(g.challenge) {
		g.header = ""
		return nil
	}
	asking := &exchange{next: g.next, visit: g.visit, secret: secret, challenge: g.challenge, scopes: []string{pullScope(g.visit.repo.Path)}}
	if scope != "" && scope != asking.scopes[0] {
		// Some registries look at the first one alone.
		asking.scopes = append([]string{scope}, asking.scopes...)
	}
	key := tokenKey{g.visit.site.root(), g.visit.identity, g.visit.repo.Path}
	token, fresh, err := g.tokens.get(ctx, key, useless, g.login(asking))
	if err != nil {
		return asFailed(err)
	}
	g.token, g.fresh, g.header = token, fresh, "Bearer "+token
	return nil
}

// login asks for a token unless the same credentials were refused a moment ago.
func (g *granted) login(asking *exchange) func(context.Context) (string, time.Duration, error) {
	key, path := tokenKey{root: g.visit.site.root(), identity: g.visit.identity}, g.visit.repo.Path
	return func(ctx context.Context) (string, time.Duration, error) {
		if err := g.refusals.standing(key, path); err != nil {
			return "", 0, err
		}
		token, keep, err := asking.do(ctx)
		if asking.refused && !g.visit.anyone && g.visit.renew(ctx) {
			renewed, unusable := g.visit.secret()
			if unusable != nil {
				return "", 0, unusable
			}
			asking.secret, asking.refused = renewed, false
			token, keep, err = asking.do(ctx)
		}
		switch {
		case asking.refused:
			g.refusals.add(key, path, err)
		case err == nil:
			g.refusals.forget(key)
		}
		return token, keep, err
	}
}

// refusals are of credentials. Those that were refused for two repositories, and
// let in nowhere since, are not good for any: a token server may mean the
// repository, and say the same.
type refusals struct {
	now func() time.Time

	mu    sync.Mutex
	items *recent[tokenKey, *refusal]
}

type refusal struct {
	paths map[string]bool // of repositories, no more than mostPaths
	inRow int             // for other repositories, since the last that was let in
	err   error
	until time.Time
}

// mostPaths is how many repositories are remembered, and notLetIn for how many
// credentials are refused before they are good for none.
const (
	mostPaths = 100
	notLetIn  = 2
)

func (r *refusals) add(key tokenKey, path string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found := r.items.get(key, func() *refusal { return &refusal{} })
	if !r.now().Before(found.until) {
		found.paths, found.inRow = map[string]bool{}, 0
	}
	if !found.paths[path] {
		found.inRow++
		if len(found.paths) < mostPaths {
			found.paths[path] = true
		}
	}
	found.err, found.until = err, r.now().Add(afterRefusal)
}

// forget is for credentials that were let in.
func (r *refusals) forget(key tokenKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if found, ok := r.items.items[key]; ok {
		found.value.inRow = 0
	}
}

// standing is the refusal that still stands; nil if there is none.
func (r *refusals) standing(key tokenKey, path string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	found, ok := r.items.items[key]
	if !ok || !r.now().Before(found.value.until) || found.value.inRow < notLetIn && !found.value.paths[path] {
		return nil
	}
	return found.value.err
}

// askAgain looks at what a registry says that did not let us in, and tells
// whether there is something else to show it.
func (g *granted) askAgain(ctx context.Context, resp *http.Response) (bool, error) {
	asked, err := challengeOf(ctx, resp)
	if err != nil || asked.Scheme == "" {
		return false, nil //nolint:nilerr // it does not say how: what it answered counts
	}
	scope := wantedScope(asked)
	other := scope != "" && scope != pullScope(g.visit.repo.Path)
	if g.fresh && isBearer(asked) && same(asked, g.challenge) && !other {
		return false, nil // a newer token would not be let in either
	}
	g.challenge = asked
	before := g.header
	if !g.visit.anyone && g.token == "" {
		// It was the secret itself that was shown.
		g.visit.renew(ctx)
	}
	if err := g.authorise(ctx, g.token, scope); err != nil {
		return false, err
	}
	return g.header != "" && g.header != before, nil
}

// ping asks a registry how it lets in who asks it. It may answer by a redirect,
// and says so itself: it is asked without credentials.
func (a *authorising) ping(ctx context.Context, c *visit) (*transport.Challenge, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.site.root()+"/v2/", http.NoBody)
	if err != nil {
		return nil, err
	}
	resp, err := (&http.Client{Transport: a.next}).Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK, http.StatusUnauthorized:
		return challengeOf(ctx, resp)
	case http.StatusForbidden:
		return nil, ErrUnauthorized
	}
	return nil, fmt.Errorf("%s does not answer as a registry does: the version check gave %d %s", c.site.Name, resp.StatusCode, http.StatusText(resp.StatusCode))
}

// challengeOf reads how a registry lets in who asks it. The parser is one that
// go-containerregistry keeps to itself, behind a question of its own.
func challengeOf(ctx context.Context, resp *http.Response) (*transport.Challenge, error) {
	anybody, err := name.NewRegistry("registry.example")
	if err != nil {
		return nil, err
	}
	return transport.Ping(ctx, anybody, answered{resp})
}

// answered gives an answer that is there already.
type answered struct{ resp *http.Response }

// RoundTrip sends nothing.
func (a answered) RoundTrip(*http.Request) (*http.Response, error) {
	told := *a.resp
	told.Body = http.NoBody
	return &told, nil
}

func isBearer(c *transport.Challenge) bool { return strings.EqualFold(c.Scheme, "bearer") }

func same(a, b *transport.Challenge) bool {
	return a.Parameters["realm"] == b.Parameters["realm"] && a.Parameters["service"] == b.Parameters["service"]
}

func pullScope(path string) string { return "repository:" + path + ":pull" }

var scopePattern = regexp.MustCompile(`^repository:([a-z0-9][a-z0-9._/-]{0,254}):[a-z,*]+$`)

// wantedScope is the repository for which the registry wants a token, which may
// have another name there. No more than to pull is ever asked for.
func wantedScope(c *transport.Challenge) string {
	found := scopePattern.FindStringSubmatch(c.Parameters["scope"])
	if found == nil {
		return ""
	}
	return pullScope(found[1])
}

// basic is what is shown to who wants a name and a password; "" where there is
// nothing of the kind.
func basic(secret *authn.AuthConfig) string {
	switch {
	case secret.Username != "" && secret.Password != "":
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(secret.Username+":"+secret.Password))
	case secret.Auth != "":
		return "Basic " + secret.Auth
	}
	return ""
}

// asFailed marks an error as one that stands, without what net/http adds.
func asFailed(err error) error {
	if sent, ok := errors.AsType[*failed](err); ok {
		return sent
	}
	return &failed{err}
}
