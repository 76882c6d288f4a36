// Package credentials gives each repository the secret that an operator granted
// it, and no other: for its host alone, for the folders and the installations
// that the grant names. Secrets are got anew before they expire. Those that are
// configured and cannot be used are an error, *Unusable, and never anonymity.
//
// It imports scanner/image, scanner/registry and scanner/credentials/grant. It
// reads no clock and no environment of its own: both are handed to it.
package credentials

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/imageupdater/imageupdater/scanner/credentials/grant"
	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

// Environment is the machine, as far as credentials need it.
type Environment struct {
	// Getenv and Environ are those of package os. Programs get all of Environ.
	Getenv  func(string) string
	Environ func() []string
	Now     func() time.Time
	// Transport carries requests to the clouds' own services and to Azure's
	// registries, through the proxy if there is one. It follows no redirect.
	Transport http.RoundTripper
	// Metadata carries requests to the metadata services of clouds, which are at
	// link-local addresses. No proxy knows them.
	Metadata http.RoundTripper
	// InstallationToken gives the App's token for an account, and when that
	// expires; nil where no App is running.
	InstallationToken func(ctx context.Context, account string) (string, time.Time, error)
	// Clouds are the addresses of the clouds' services, for tests.
	Clouds Clouds
}

// Keychains are all grants of an operator. They may be used from several
// goroutines.
type Keychains struct {
	env    Environment
	grants []*granted
}

// New makes keychains. No secret is read yet.
func New(grants []grant.Grant, env Environment) *Keychains {
	k := &Keychains{env: env}
	for _, g := range grants {
		k.grants = append(k.grants, newGranted(&g, env))
	}
	return k
}

// ForInstallation are the credentials that may be used for an account, where
// the App is installed; "" is for none in particular.
func (k *Keychains) ForInstallation(account string) *Keychain {
	return &Keychain{chains: k, account: strings.ToLower(account)}
}

// Keychain is what may be used for one installation.
type Keychain struct {
	chains  *Keychains
	account string
}

var _ registry.Credentials = (*Keychain)(nil)

// For gives what a repository is asked with: that of the grant with the longest
// path that covers it, and of the first of several. Without one it is asked
// anonymously.
//
// The Authenticator is for that repository alone, and gives a new secret when
// the old one expires. It has a method Invalidate(context.Context) bool for a
// 401: that tells whether another secret is there now.
func (k *Keychain) For(ctx context.Context, repo image.Repository) (registry.Credential, error) {
	chosen := k.choose(repo)
	if chosen == nil {
		return registry.Credential{}, nil
	}
	found, err := chosen.resolve(repo, k.account)
	if err != nil {
		return registry.Credential{}, unusable(chosen.Host, chosen.Where, err)
	}
	return found.credential(ctx, chosen.Host, chosen.Where)
}

func (k *Keychain) choose(repo image.Repository) *granted {
	var best *granted
	for _, g := range k.chains.grants {
		if g.Host == repo.Registry && g.Covers(repo.Path) && g.Allows(k.account) && (best == nil || len(g.Path) > len(best.Path)) {
			best = g
		}
	}
	return best
}

// found is a login that is held, and whose it is.
type found struct {
	held     *held
	identity string
	// byAccount is for a place where people log in as one after the other: there
	// the user name tells whose it is. Elsewhere it may change with each login.
	byAccount bool
}

// credential gets the login, so that one that cannot be got is known before a
// registry is asked.
func (f found) credential(ctx context.Context, host, where string) (registry.Credential, error) {
	a := &authenticator{held: f.held, host: host, where: where}
	got, err := a.get(ctx)
	if err != nil {
		return registry.Credential{}, err
	}
	identity := f.identity
	if f.byAccount {
		a.account = &got.login.username
		identity += "@" + digest(got.login.username)
	}
	return registry.Credential{Identity: identity, Authenticator: a}, nil
}

// granted is a grant and the logins that came of it.
type granted struct {
	*grant.Grant
	env    Environment
	name   string // the beginning of each identity
	docker *dockerConfig

	mu   sync.Mutex
	held map[string]*held // by account, where each has its own
}

func newGranted(g *grant.Grant, env Environment) *granted {
	made := &granted{Grant: g, env: env, name: identity(g), held: map[string]*held{}}
	if g.Kind == grant.DockerConfig {
		made.docker = newDockerConfig(g.File, env)
	}
	return made
}

// identity tells a grant from others, whatever their order: by its kind, its
// host, and by what decides which secret it is.
func identity(g *grant.Grant) string {
	what, err := json.Marshal([]any{g.Path, g.Username, g.Secret, g.File, g.Exec.Command})
	if err != nil {
		panic("credentials: a grant that is no JSON: " + err.Error())
	}
	return string(g.Kind) + ":" + g.Host + "#" + digest(string(what))
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}

// resolve finds the login for a repository that the grant covers.
func (g *granted) resolve(repo image.Repository, account string) (found, error) {
	if fits, example := g.Kind.Fits(g.Host); !fits {
		return found{}, problemf("%s is for %s and never sent to another host", g.Kind, example)
	}
	switch {
	case g.Kind == grant.DockerConfig:
		at, err := g.docker.find(repo)
		if err != nil {
			return found{}, err
		}
		return found{g.docker.at(at), g.name + at.suffix(), true}, nil
	case g.Kind == grant.GitHubApp && account == "":
		return found{}, problemf("an installation token belongs to an account, and nobody said which")
	case g.Kind == grant.GitHubApp:
		return found{g.hold(account), g.name + "@" + digest(account), false}, nil
	}
	return found{g.hold(""), g.name, false}, nil
}

// suffix tells apart what one file has for several places and people.
func (p place) suffix() string {
	return "." + digest(p.helper+"\x00"+p.key+"\x00"+p.account)
}

func (g *granted) hold(account string) *held {
	g.mu.Lock()
	defer g.mu.Unlock()
	if h, ok := g.held[account]; ok {
		return h
	}
	newSource, known := sources[g.Kind]
	if !known {
		panic("credentials: no way to come by " + string(g.Kind))
	}
	h := &held{source: newSource(g.Grant, g.env, account), now: g.env.Now}
	g.held[account] = h
	return h
}

// sources are the ways to come by a login; that of DockerConfig depends on the
// repository.
//
//nolint:gochecknoglobals // a table, never written
var sources = map[grant.Kind]func(g *grant.Grant, env Environment, account string) source{
	grant.Password: func(g *grant.Grant, env Environment, _ string) source {
		return keptSource(newKept(g.Secret, env), env.Now, func(s secret) login { return login{username: g.Username, password: s} })
	},
	grant.IdentityToken: func(g *grant.Grant, env Environment, _ string) source {
		return keptSource(newKept(g.Secret, env), env.Now, func(s secret) login { return login{username: g.Username, identity: s} })
	},
	grant.BearerToken: func(g *grant.Grant, env Environment, _ string) source {
		return keptSource(newKept(g.Secret, env), env.Now, func(s secret) login { return login{bearer: s} })
	},
	grant.GitHubToken: func(g *grant.Grant, env Environment, _ string) source {
		return keptSource(newKept(g.Secret, env), env.Now, func(s secret) login {
			return login{username: cmp.Or(g.Username, githubUser), password: s}
		})
	},
	grant.Program:   func(g *grant.Grant, env Environment, _ string) source { return execSource(g, env) },
	grant.GitHubApp: githubSource,
	grant.ECR:       func(g *grant.Grant, env Environment, _ string) source { return ecrSource(g, env) },
	grant.GAR:       func(g *grant.Grant, env Environment, _ string) source { return garSource(g, env) },
	grant.ACR:       func(g *grant.Grant, env Environment, _ string) source { return acrSource(g, env) },
}

func isNoEntry(err error) bool { return errors.Is(err, errNoEntry) }
