package registry

import (
	"context"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// Host is what an operator says of one registry.
type Host struct {
	// Name is the host as references spell it, with its port: "docker.io",
	// "registry.lan:5000".
	Name string
	// PlainHTTP asks it without TLS. It implies AllowPrivate.
	PlainHTTP bool
	// AllowPrivate lets it, and its TokenHosts, be at loopback, private and
	// link-local addresses. It is then never asked through a proxy.
	AllowPrivate bool
	// TokenHosts are hosts, beside the registry's own, to which its credentials
	// may be sent for a token: "auth.example.com". Those of Docker Hub and of
	// GitLab.com are known.
	TokenHosts []string
	// Mirrors are asked, in order and before it, for what on this host is named by
	// a digest. They are not asked for tags: a mirror may not have heard of the
	// newest. They are hosts with their own entries and credentials, and have the
	// same repositories.
	Mirrors []string
	// Native is the kind of registry where that has an API of its own, which
	// tells when tags were pushed: "harbor" or "quay". Docker Hub and Quay.io are
	// known; "none" keeps from asking theirs.
	Native string
	Limits Limits
}

// Limits are how fast one host is asked. Zero values mean the defaults for that
// host, and values below zero that there is no such limit.
type Limits struct {
	// PerSecond is how many requests are sent in a second, on average.
	PerSecond float64
	// Burst is how many may be sent at once after a quiet time.
	Burst int
	// Concurrent is how many may be under way.
	Concurrent int
	// Budget is how many manifests each identity may get within BudgetWindow,
	// where a registry counts them as pulls. The default is 60 in 6 hours for
	// who is anonymous at Docker Hub, and none elsewhere. To ask for a digest is
	// no pull.
	Budget       int
	BudgetWindow time.Duration
}

// Credential is what a repository is asked with.
type Credential struct {
	// Identity tells credentials apart in caches: what one may see, another
	// may not. It holds no secret. Anonymous is "".
	Identity string
	// Authenticator gives the secret; nil means anonymous.
	Authenticator authn.Authenticator
}

// Credentials are the keychains of an operator. They may be used from several
// goroutines.
type Credentials interface {
	// For gives what a repository is asked with. Credentials that are
	// configured and cannot be used are an error, and never anonymity.
	For(ctx context.Context, repo image.Repository) (Credential, error)
}
