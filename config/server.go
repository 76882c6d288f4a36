package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/imageupdater/imageupdater/scanner/credentials/grant"
)

// Server is the server's own configuration: what its operator says, and no
// repository can. It is plain data and holds no secret, only where each is
// kept. Docs are docs/registries.md.
type Server struct {
	Registries []Registry
	// Grants are all credentials, in the order of the file.
	Grants []grant.Grant
	// Proxy is the URL of the proxy for registries and clouds; "" for none.
	Proxy string
	// CAFile is a file of PEM certificates to trust beside the system's; "" for
	// none.
	CAFile string
}

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

// LoadServer reads the server's own configuration. The error is Errors, with
// all that is wrong; there is no Server then. The warnings are good in any
// case. None of them quotes a value that might be a secret.
func LoadServer(file string, src []byte) (*Server, Warnings, error) {
	d := newDecoder(file)
	d.foreign, d.discreet = foreignToServer, true
	f := new(serverFile)
	root, err := parse(file, src)
	switch {
	case err != nil:
		d.errors = append(d.errors, discreet(err))
	case root != nil && root.Kind != yaml.MappingNode:
		d.fail(value{node: root}, "expected a mapping, found "+d.describe(root), "the file begins with a key, such as version: 1")
	case root != nil:
		d.into(value{node: root}, f)
		d.checkServer(f)
	}
	if len(d.errors) > 0 {
		return nil, d.warnings.sorted(), (&loader{found: d}).errors()
	}
	return f.build(), d.warnings.sorted(), nil
}

var quotedName = regexp.MustCompile(`'[^']*'`)

// discreet takes what stands in the file out of an error of its syntax.
func discreet(e *Error) *Error {
	if text, _, found := strings.Cut(e.Hint, " needs quotes: "); found {
		e.Hint = text + " needs quotes"
	}
	if strings.HasPrefix(e.Hint, "write templates") {
		e.Hint = "a value that begins with { needs quotes"
	}
	if strings.Contains(e.Message, "anchor") {
		e.Message = quotedName.ReplaceAllString(e.Message, "here")
	}
	return e
}

// serverFile is the file as it is written.
type serverFile struct {
	Version    Setting[int]          `key:"version" doc:"The version of this format. There is only 1."`
	Registries []serverRegistry      `key:"registries" doc:"What is to be known of registries, each host once. Others are asked anonymously, over TLS and at public addresses alone."`
	Proxy      Setting[proxyAddress] `key:"proxy" doc:"The URL of the proxy through which registries and clouds are asked. Hosts with allowPrivate are asked directly."`
	CAFile     Setting[absolutePath] `key:"caFile" doc:"A file of PEM certificates of authorities to trust, beside the system's."`
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
	File   Setting[absolutePath] `key:"file" doc:"The absolute path of a file. It is read again when it changes."`
	Origin *Origin
}

func (s *secretPlace) place(o *Origin) { s.Origin = o }

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

// secretKeys are the keys below which a secret would be written by mistake.
//
//nolint:gochecknoglobals // a table, never written
var secretKeys = map[string]bool{"password": true, "identityToken": true, "bearerToken": true, "githubToken": true}

// decode reports secrets that stand in the file before anything could quote
// them.
func (c *serverCredential) decode(d *decoder, v value) bool {
	if v.node.Kind != yaml.MappingNode {
		return d.mapping(v, reflect.ValueOf(c).Elem())
	}
	rest := *v.node
	rest.Content = nil
	literal := false
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		key, node := v.node.Content[i], v.node.Content[i+1]
		if secretKeys[key.Value] && node.Kind != yaml.MappingNode && !isNull(node) {
			literal = true
			d.fail(value{node, join(v.field, key.Value)}, "secrets do not stand in this file",
				"write {env: NAME} for an environment variable or {file: /path}")
			continue
		}
		rest.Content = append(rest.Content, key, node)
	}
	good := d.mapping(value{&rest, v.field}, reflect.ValueOf(c).Elem())
	if literal {
		c.Origin = nil // what is missing is known
	}
	return good && !literal
}

// foreignToServer are keys that people write elsewhere, with what to write here.
//
//nolint:gochecknoglobals // a table, never written
var foreignToServer = map[string]string{
	"token":       "write identityToken for one that the registry exchanges for others (OAuth 2), bearerToken for one that is sent as it is, or password if it is used as one",
	"insecure":    "write plainHTTP: true for a registry without TLS, or caFile for certificates of your own",
	"http":        "write plainHTTP: true for a registry without TLS",
	"ca":          "write caFile at the top of the file",
	"user":        "write username",
	"rateLimit":   "write limits: {perSecond: …}",
	"secret":      "write password: {env: NAME} or password: {file: /path}",
	"auth":        "write credentials: [{username: …, password: {env: NAME}}]",
	"registry":    "write registries, a list",
	"installs":    "write installations",
	"schedule":    "that belongs to .imageupdater.yaml of a repository",
	"defaults":    "that belongs to .imageupdater.yaml of a repository",
	"rules":       "that belongs to .imageupdater.yaml of a repository",
	"scan":        "that belongs to .imageupdater.yaml of a repository",
	"noProxy":     "hosts with allowPrivate: true are asked without the proxy",
	"httpProxy":   "write proxy",
	"httpsProxy":  "write proxy",
	"dockerFile":  "write dockerConfig",
	"aws":         "write ecr: {}",
	"gcr":         "write gar: {}",
	"google":      "write gar: {}",
	"azure":       "write acr: {}",
	"ghcr":        "write githubApp: {} or githubToken: {env: NAME}",
	"certificate": "write caFile at the top of the file",
}

// ServerSchemaURL is where the schema of the server's configuration is
// published.
const ServerSchemaURL = "https://raw.githubusercontent.com/imageupdater/imageupdater/main/docs/imageupdater-server.schema.json"

// ServerJSONSchema is the schema of the server's configuration, made from the
// types.
func ServerJSONSchema() ([]byte, error) {
	s := structSchema(reflect.TypeFor[serverFile](), nil)
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["$id"] = ServerSchemaURL
	s["title"] = "Configuration of the server of Image Updater"
	s["type"] = []string{"object", "null"}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the schema: %w", err)
	}
	return append(text, '\n'), nil
}

// oneOfKinds wants one way to a secret, and a user name beside a password.
func oneOfKinds() []schema {
	var all []schema
	for _, kind := range allKinds() {
		if kind == string(grant.Password) {
			all = append(all, schema{"required": []string{kind, "username"}})
			continue
		}
		all = append(all, schema{"required": []string{kind}, "not": schema{"required": []string{"username"}}})
	}
	return all
}
