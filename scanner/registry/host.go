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
	// AllowPrivate lets it be at loopback, private and link-local addresses.
	AllowPrivate bool
	// TokenHosts are hosts, beside the registry's own, to which its credentials
	// may be sent for a token: "auth.example.com".
	TokenHosts []string
	// Mirrors are asked first, in order, for what is on this host. They are
	// hosts with their own entries.
	Mirrors []string
	Limits  Limits
}

// Limits are how fast one host is asked. Zero values mean the defaults for that
// host.
type Limits struct {
	// PerSecond is how many requests are sent in a second, on average.
	PerSecond float64
	// Burst is how many may be sent at once after a quiet time.
	Burst int
	// Concurrent is how many may be under way.
	Concurrent int
	// Budget is how many manifests and blobs may be got within BudgetWindow,
	// where a registry counts them as pulls; 0 means that nobody counts.
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
