package config

import (
	"reflect"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/imageupdater/imageupdater/scanner/credentials/grant"
)

// Registry is what the operator says of one host. The fields are those of
// registry.Host in scanner/registry, which this package does not import.
type Registry struct {
	Name         string
	PlainHTTP    bool
	AllowPrivate bool
	TokenHosts   []string
	Mirrors      []string
	Native       string
	Limits       RegistryLimits
}

// RegistryLimits are how fast a host is asked. Zero values mean the defaults,
// and -1 that there is no such limit. It converts to registry.Limits.
type RegistryLimits struct {
	PerSecond    float64
	Burst        int
	Concurrent   int
	Budget       int
	BudgetWindow time.Duration
}

// serverRegistry is an entry of registries.
type serverRegistry struct {
	Host         hostName           `key:"host" doc:"The host, with its port where references have one." required:"true"`
	PlainHTTP    Setting[bool]      `key:"plainHTTP" doc:"Whether it is asked without TLS. That implies allowPrivate."`
	AllowPrivate Setting[bool]      `key:"allowPrivate" doc:"Whether it, and its token hosts, may be at private and local addresses."`
	Native       Setting[nativeAPI] `key:"native" doc:"Which API of its own tells when tags were pushed, or none. Those of Docker Hub, Google and Quay.io are known."`
	Mirrors      []hostName         `key:"mirrors" doc:"Hosts with the same repositories, to be asked first for what a digest names. Each has its own entry for credentials and the like."`
	TokenHosts   []hostName         `key:"tokenHosts" doc:"Other hosts to which its credentials may be sent, for a token."`
	Limits       serverLimits       `key:"limits" doc:"How fast it is asked."`
	Credentials  serverCredentials  `key:"credentials" doc:"As whom it is asked. Of those that cover a repository the one with the longest path counts, and the first of several."`
	Origin       *Origin
}

func (r *serverRegistry) place(o *Origin) { r.Origin = o }

// serverLimits are the limits of a host.
type serverLimits struct {
	PerSecond    Setting[perSecond]  `key:"perSecond" doc:"How many requests are sent in a second, on average, or none for no limit."`
	Burst        Setting[limitCount] `key:"burst" doc:"How many may be sent at once after a quiet time."`
	Concurrent   Setting[limitCount] `key:"concurrent" doc:"How many may be under way, or none for no limit."`
	Budget       Setting[limitCount] `key:"budget" doc:"How many manifests may be got in budgetWindow, where the registry counts them as pulls, or none for no limit."`
	BudgetWindow Setting[Duration]   `key:"budgetWindow" doc:"The time for the budget. 6h if left out."`
}

// serverCredentials are the credentials of a host.
type serverCredentials []serverCredential

// serverCredential is one of them. Exactly one key says how the secret is come
// by.
type serverCredential struct {
	Path          Setting[folderPath]    `key:"path" doc:"The repository, or the folder of repositories, below the host that the secret is for: team-a/** and team-a are the same. All of the host if left out."`
	Installations Setting[[]accountName] `key:"installations" doc:"The GitHub accounts whose repositories may use it. All of them if left out."`
	Username      Setting[userName]      `key:"username" doc:"The user name that goes with password."`
	Password      Setting[secretPlace]   `key:"password" doc:"Where the password is kept."`
	IdentityToken Setting[secretPlace]   `key:"identityToken" doc:"Where a token is kept that the registry exchanges for others (OAuth 2)."`
	BearerToken   Setting[secretPlace]   `key:"bearerToken" doc:"Where a token is kept that is sent as it is."`
	DockerConfig  Setting[absolutePath]  `key:"dockerConfig" doc:"A Docker configuration that has an entry, or a credential helper, for the host."`
	Exec          Setting[serverExec]    `key:"exec" doc:"A program that prints user:password, or JSON with username, password and expiresAt."`
	ECR           Setting[marker]        `key:"ecr" doc:"The machine's identity at Amazon: {}."`
	GAR           Setting[garIdentity]   `key:"gar" doc:"The machine's identity at Google: {}, or a key."`
	ACR           Setting[marker]        `key:"acr" doc:"The machine's identity at Azure: {}."`
	GitHubApp     Setting[marker]        `key:"githubApp" doc:"The App's own token for the account whose repository asks: {}."`
	GitHubToken   Setting[secretPlace]   `key:"githubToken" doc:"Where a person's token is kept."`
	Origin        *Origin
}

func (c *serverCredential) place(o *Origin) { c.Origin = o }

// secretPlace is where a secret is kept.
type secretPlace struct {
	Env    Setting[envName]      `key:"env" doc:"The name of an environment variable of the server."`
	File   Setting[absolutePath] `key:"file" doc:"The absolute path of a file."`
	Origin *Origin
}

func (s *secretPlace) place(o *Origin) { s.Origin = o }

// decode reports a secret that stands in the file before anything could quote
// it.
func (s *secretPlace) decode(d *decoder, v value) bool {
	const form = "write {env: NAME} for an environment variable or {file: /path}"
	switch {
	case isNull(v.node):
		return d.nothing(v)
	case v.node.Kind != yaml.MappingNode:
		return d.fail(v, "secrets do not stand in this file", form)
	case !d.plain(v) || !d.mapping(v, reflect.ValueOf(s).Elem()):
		return false
	case s.Env.Set() == s.File.Set():
		return d.fail(v, "a secret is kept in one place", "write either env or file")
	}
	return true
}

func (s *secretPlace) build() grant.Secret {
	return grant.Secret{Env: string(s.Env.Value), File: string(s.File.Value)}
}

// serverExec is a program that prints a secret.
type serverExec struct {
	Command Setting[[]argument] `key:"command" doc:"The absolute path of the program, and its arguments. No shell reads it." required:"true"`
	Timeout Setting[Duration]   `key:"timeout" doc:"How long it may take. 10s if left out."`
	Expires Setting[Duration]   `key:"expires" doc:"How long what it prints is good, where it does not say so itself. 1h if left out."`
}

// garIdentity is who the server is at Google.
type garIdentity struct {
	File Setting[absolutePath] `key:"file" doc:"The key of a service account, or a file of workload identity. If left out, GOOGLE_APPLICATION_CREDENTIALS, then the machine's identity."`
}

func (g *garIdentity) decode(d *decoder, v value) bool {
	return isNull(v.node) || d.mapping(v, reflect.ValueOf(g).Elem())
}

// marker is {}: the key alone says it all.
type marker struct{}

func (m *marker) decode(d *decoder, v value) bool {
	return isNull(v.node) || d.mapping(v, reflect.ValueOf(m).Elem())
}
