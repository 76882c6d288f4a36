// Package registry asks OCI and Docker registries for tags, digests and what
// images say of themselves.
//
// A repository's file decides which registry is asked, so every answer and every
// address is treated as hostile: see guard. Nothing is cached here; whoever asks
// twice pays twice.
//
// It imports scanner/image and nothing else of the project.
package registry

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

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

// Options configure a Client. The zero value asks public registries over TLS.
type Options struct {
	// PlainHTTP are the hosts, with their ports, that are asked without TLS and
	// may be on loopback and private addresses: "registry.lan:5000". A host
	// without a port means port 80. Every host that is not listed is asked over
	// TLS and at public addresses alone.
	PlainHTTP []string
	// UserAgent is put before go-containerregistry's own.
	UserAgent string
	// Timeout is for each request, with its answer; 0 means 30 seconds.
	Timeout time.Duration
	// Transport, when set, carries the requests in place of the client's own. It
	// must then refuse private addresses itself; all other guards stay.
	Transport http.RoundTripper
}

// Client asks registries, anonymously: it knows no credentials yet and reads
// none from the machine. It uses no proxy, because a proxy would resolve names
// behind the guard's back. It may be used from several goroutines.
//
// Its errors wrap ErrNotFound, ErrUnauthorized, ErrRefusedAddress, ErrNoImage,
// ErrTooLarge, ErrTimeout or *RateLimited where one of them fits.
type Client struct {
	guard  *guard
	puller *remote.Puller
	plain  hosts
}

// New makes a client. It opens no connection.
func New(options Options) *Client {
	guard := newGuard(options)
	puller, err := remote.NewPuller(
		remote.WithTransport(&retrying{next: guard}),
		remote.WithUserAgent(options.UserAgent),
		// Its own retries sleep past the end of the context and hammer a
		// registry that says 429.
		remote.WithRetryBackoff(remote.Backoff{Steps: 1}),
		remote.WithRetryPredicate(func(error) bool { return false }),
		remote.WithRetryStatusCodes(),
	)
	if err != nil {
		panic("registry: options contradict each other: " + err.Error())
	}
	return &Client{guard: guard, puller: puller, plain: guard.plain}
}

// Tags lists all tags of a repository, over all pages, in the registry's order.
// What is no valid tag is left out, and so are the names under which signatures
// and attestations of images are kept. It fails with ErrTooLarge beyond 1000
// pages, 200,000 tags or 16 MiB a page, rather than return a part.
func (c *Client) Tags(ctx context.Context, repo image.Repository) ([]string, error) {
	tags, err := within(ctx, c, repo, func(ctx context.Context) ([]string, error) { return c.tags(ctx, repo) })
	if err != nil {
		return nil, fmt.Errorf("listing tags of %s: %w", repo, err)
	}
	return tags, nil
}

// within makes a call of several requests and ends it when together they take
// too long.
func within[T any](ctx context.Context, c *Client, repo image.Repository, call func(context.Context) (T, error)) (T, error) {
	limit := callTimeouts * c.guard.timeout
	limited, cancel := context.WithTimeoutCause(ctx, limit, ErrTimeout)
	defer cancel()
	result, err := call(asking(limited, repo))
	switch {
	case err == nil:
		return result, nil
	case ctx.Err() == nil && limited.Err() != nil:
		return result, fmt.Errorf("%w: all requests together took longer than %s", ErrTimeout, limit)
	}
	return result, explain(ctx, err)
}

func (c *Client) tags(ctx context.Context, repo image.Repository) ([]string, error) {
	remoteRepo, err := c.repository(repo)
	if err != nil {
		return nil, err
	}
	lister, err := c.puller.Lister(ctx, remoteRepo)
	if err != nil {
		return nil, err
	}
	var tags []string
	seen := map[string]bool{}
	for pages := 1; lister.HasNext(); pages++ {
		page, err := lister.Next(ctx)
		if err != nil {
			return nil, err
		}
		tags = appendValid(tags, page.Tags)
		switch {
		case len(tags) > maxTags:
			return nil, fmt.Errorf("%w: more than %d tags", ErrTooLarge, maxTags)
		case page.Next != "" && pages == maxPages:
			return nil, fmt.Errorf("%w: more than %d pages of tags", ErrTooLarge, maxPages)
		case page.Next != "" && seen[page.Next]:
			return nil, fmt.Errorf("%w: the pages of tags go round in a circle", ErrTooLarge)
		}
		seen[page.Next] = true
	}
	return tags, nil
}

// artefactPattern are the names that belong to what has a digest: "sha256-<hex>"
// to all that refers to it, where the registry has no better place for that, and
// "sha256-<hex>.sig", ".att" and ".sbom" to what cosign made.
var artefactPattern = regexp.MustCompile(`^sha256-[0-9a-f]{64}(?:\.|$)`)

func appendValid(tags, page []string) []string {
	for _, tag := range page {
		if image.ValidTag(tag) && !artefactPattern.MatchString(tag) {
			tags = append(tags, tag)
		}
	}
	return tags
}

// Digest resolves a tag to the digest a client would pull: that of the index
// where there is one. It asks by HEAD, which registries do not count as a pull,
// and falls back to GET where the answer to that is of no use.
func (c *Client) Digest(ctx context.Context, repo image.Repository, tag string) (string, error) {
	digest, err := c.digest(asking(ctx, repo), repo, tag)
	if err != nil {
		return "", fmt.Errorf("resolving %s:%s: %w", repo, tag, explain(ctx, err))
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
	if _, err := image.ParseName(repo.String()); err != nil {
		return name.Repository{}, err
	}
	var options []name.Option
	if c.plain.has(repo.Registry) {
		options = append(options, name.Insecure)
	}
	return name.NewRepository(repo.String(), options...)
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
