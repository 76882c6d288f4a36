// Package registry asks OCI and Docker registries for tags, digests and what
// images say of themselves.
//
// A repository's file decides which registry is asked, so every answer and every
// address is treated as hostile: see guard. Requests pass one layer after the
// other: authorising adds credentials, retrying repeats what stumbled, limiting
// keeps to the limits of each host, guard looks at the request and its answer.
// A Client caches no answers; whoever asks twice pays twice.
//
// It imports scanner/image and nothing else of the project.
package registry

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// Caps on what one call may take.
const (
	maxPages = 1000
	maxTags  = 200_000
	// callTimeouts is how many times the limit of one request all requests of a
	// call may take together.
	callTimeouts = 10
)

// Options configure a Client. The zero value asks public registries over TLS,
// anonymously.
type Options struct {
	// Hosts are what the operator says of registries. Every other one is asked
	// over TLS, at public addresses alone, and within the usual limits.
	Hosts []Host
	// PlainHTTP is short for a Host{Name, PlainHTTP: true}: hosts, with their
	// ports, that are asked without TLS and may be on loopback and private
	// addresses: "registry.lan:5000". A host without a port means port 80.
	PlainHTTP []string
	// Credentials say as whom a repository is asked; nil means anonymously. None
	// are read from the machine.
	Credentials Credentials
	// Proxy, when set, is what all hosts are asked through that are not listed
	// as private. It resolves names, so that nobody can look at addresses:
	// private addresses, and names that mean something within a network alone
	// (one label, localhost, .local, .internal and the like), are refused.
	Proxy *url.URL
	// RootCAs are the authorities that certificates of registries and of the
	// proxy are checked against; nil means the system's.
	RootCAs *x509.CertPool
	// UserAgent is sent with every request.
	UserAgent string
	// Timeout is for each request, with its answer; 0 means 30 seconds.
	Timeout time.Duration
	// Transport, when set, carries the requests in place of the client's own,
	// without Proxy and RootCAs. It must then refuse private addresses itself;
	// all other guards stay.
	Transport http.RoundTripper
	// Observe, when set, is called after each request, from several goroutines.
	Observe func(Exchange)
	// Cooldowns, when set, are shared with other processes, and outlive this one.
	Cooldowns Cooldowns
	// Now is the clock of limits, pauses and tokens; nil means the real one.
	Now func() time.Time
}

// Client asks registries. It may be used from several goroutines.
//
// Its errors wrap ErrNotFound, ErrUnauthorized, ErrRefusedAddress, ErrNoImage,
// ErrTooLarge, ErrTimeout, *RateLimited or *Unavailable where one of them fits,
// or what Credentials gave. None holds a secret; of what a registry says, no more
// than a few words are repeated, in quotes.
type Client struct {
	sites       *sites
	credentials Credentials
	guard       *guard
	limiting    *limiting
	authorised  http.RoundTripper
	puller      *puller
	natives     *natives
}

// New makes a client. It opens no connection.
func New(options Options) *Client {
	if options.Now == nil {
		options.Now = time.Now //nolint:forbidigo // the clock that is injected where none is
	}
	c := &Client{sites: newSites(options), credentials: options.Credentials}
	c.guard = newGuard(options, c.sites)
	c.limiting = newLimiting(&recording{c.guard, options.Observe, options.Now}, c.sites, options.Now, options.Cooldowns)
	c.authorised = newAuthorising(&retrying{next: c.limiting}, options.Now)
	c.puller = newPuller(c.authorised)
	c.natives = newNatives(&retrying{next: c.limiting})
	return c
}

// puller asks for manifests with go-containerregistry's, a new one each time: it
// keeps one repository's state for ever, and here that is in other hands.
type puller struct{ transport http.RoundTripper }

func newPuller(authorised http.RoundTripper) *puller {
	// A Wrapper is what go-containerregistry neither asks for the version
	// through, nor repeats requests to: its own retries sleep past the end of
	// the context and hammer a registry that says 429. There is no other way to
	// get one than to ask for what adds nothing.
	wrapper, err := transport.FromToken(name.Registry{}, authn.Anonymous, authorised, &transport.Challenge{}, nil)
	if err != nil {
		panic("registry: " + err.Error())
	}
	return &puller{wrapper}
}

func (p *puller) fresh() (*remote.Puller, error) {
	return remote.NewPuller(remote.WithTransport(p.transport))
}

// Get reads a manifest.
func (p *puller) Get(ctx context.Context, ref name.Reference) (*remote.Descriptor, error) {
	fresh, err := p.fresh()
	if err != nil {
		return nil, err
	}
	return fresh.Get(ctx, ref)
}

// Head asks what a manifest is.
func (p *puller) Head(ctx context.Context, ref name.Reference) (*v1.Descriptor, error) {
	fresh, err := p.fresh()
	if err != nil {
		return nil, err
	}
	return fresh.Head(ctx, ref)
}

// Blob reads what a digest names, and compares it with that at its end.
func (p *puller) Blob(ctx context.Context, ref name.Digest) (io.ReadCloser, error) {
	fresh, err := p.fresh()
	if err != nil {
		return nil, err
	}
	blob, err := fresh.Layer(ctx, ref)
	if err != nil {
		return nil, err
	}
	return blob.Compressed()
}

// Tags lists all tags of a repository, over all pages, in the registry's order.
// What is no valid tag is left out, and so are the names under which signatures
// and attestations of images are kept. It fails with ErrTooLarge beyond 1000
// pages, 200,000 tags or 16 MiB a page, rather than return a part.
func (c *Client) Tags(ctx context.Context, repo image.Repository) ([]string, error) {
	tags, err := within(ctx, c, repo, "", c.tags)
	if err != nil {
		return nil, fmt.Errorf("listing tags of %s: %w", repo, err)
	}
	return tags, nil
}

// artefactPattern are the names that belong to what has a digest: "sha256-<hex>"
// to all that refers to it, where the registry has no better place for that, and
// "sha256-<hex>.sig", ".att" and ".sbom" to what cosign made.
var artefactPattern = regexp.MustCompile(`^sha256-[0-9a-f]{64}(?:\.|$)`)

// isImageTag tells whether a listed name is a tag to pull an image by.
func isImageTag(tag string) bool { return image.ValidTag(tag) && !artefactPattern.MatchString(tag) }

// Digest resolves a tag to the digest a client would pull: that of the index
// where there is one. It asks by HEAD, which registries do not count as a pull,
// and falls back to GET where the answer to that is of no use.
func (c *Client) Digest(ctx context.Context, repo image.Repository, tag string) (string, error) {
	digest, err := within(ctx, c, repo, tag, func(ctx context.Context, at image.Repository) (string, error) {
		return c.digest(ctx, at, tag)
	})
	if err != nil {
		return "", fmt.Errorf("resolving %s:%s: %w", repo, tag, err)
	}
	return digest, nil
}

func (c *Client) digest(ctx context.Context, repo image.Repository, tag string) (string, error) {
	if !image.ValidTag(tag) {
		return "", fmt.Errorf("%w: %q is no tag", image.ErrInvalid, tag)
	}
	remoteRepo, err := c.repository(repo)
	if err != nil {
		return "", err
	}
	digest, err := c.head(ctx, remoteRepo.Tag(tag))
	if err != nil && isFinal(ctx, err) {
		return "", err
	}
	if err != nil {
		digest, err = c.get(ctx, remoteRepo.Tag(tag))
	}
	if err != nil {
		return "", err
	}
	return digest, nil
}

func (c *Client) head(ctx context.Context, tag name.Tag) (string, error) {
	found, err := c.puller.Head(ctx, tag)
	if err != nil {
		return "", err
	}
	return valid(found.Digest.String())
}

func (c *Client) get(ctx context.Context, tag name.Tag) (string, error) {
	found, err := c.puller.Get(ctx, tag)
	if err != nil {
		return "", err
	}
	return valid(found.Digest.String())
}

func valid(digest string) (string, error) {
	if !image.ValidDigest(digest) {
		return "", fmt.Errorf("the registry answered with the digest %.100q, which is none", digest)
	}
	return digest, nil
}

// repository checks a name by the strict grammar, which go-containerregistry
// does not: it would send "a/../../api" as it stands.
func (c *Client) repository(repo image.Repository) (name.Repository, error) {
	if err := c.checkName(repo); err != nil {
		return name.Repository{}, err
	}
	return name.NewRepository(repo.String())
}

func (c *Client) checkName(repo image.Repository) error {
	if repo.Registry == "" {
		return fmt.Errorf("%w: %.100q has no registry", image.ErrInvalid, repo.Path)
	}
	if _, err := image.ParseName(repo.String()); err != nil {
		return err
	}
	if odd := oddName(repo.Registry); odd != "" && !c.sites.of(repo.Registry).listed {
		return refused(repo.Registry, odd+"; if it is yours, list the host")
	}
	return nil
}

// Counts are the requests that one host was sent, by what they are for.
type Counts struct {
	// List are pages of tags.
	List int `json:"list"`
	// Head are questions for a manifest's digest.
	Head int `json:"head"`
	// Get are manifests and blobs, which registries may count as pulls.
	Get int `json:"get"`
	// Other are version checks, tokens and the like.
	Other int `json:"other"`
}

// Requests are the requests sent so far by host, with retries and redirects.
// Docker Hub's registry is "docker.io". What the guard refused was not sent.
func (c *Client) Requests() map[string]Counts { return c.guard.requests.snapshot() }

// LimitsLeft is what is left of the pulls of each host and identity, for those
// that have a limit and were asked of late, each once. It is sorted, asks nothing
// and holds up no request, so that metrics can be collected from it as often as
// one likes. Identities hold no secret, but name what an operator configured.
func (c *Client) LimitsLeft() []Left { return c.limiting.left() }
