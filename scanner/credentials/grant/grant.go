// Package grant is what an operator says of credentials: which secret is for
// which repositories, and who may use it. It is plain data and holds no secret,
// only where each of them is kept.
//
// It imports nothing of the project.
package grant

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// Grant lets repositories be asked with a secret.
type Grant struct {
	// Host is the registry with its port, as image.Repository spells it.
	Host string
	// Path is the repository, or the folder of repositories, that the grant is
	// for: "team-a" is for team-a and all below it, and not for team-ab. "" is
	// for all of the host.
	Path string
	// Installations are the GitHub accounts for which the secret may be used;
	// none means all.
	Installations []string
	Kind          Kind
	// Username goes with the password. Kinds that need one and have none know
	// their own.
	Username string
	// Secret is the password or token of the kinds Password, IdentityToken,
	// BearerToken and GitHubToken.
	Secret Secret
	// File is the absolute path of a Docker configuration, and under GAR that
	// of a service account's key, if any.
	File string
	Exec Exec
	// Where is the place at which the operator wrote this.
	Where string
}

// Secret is where a secret is kept: one of the two.
type Secret struct {
	// Env is the name of an environment variable.
	Env string
	// File is an absolute path.
	File string
}

// Exec is a program that prints a secret.
type Exec struct {
	// Command is the absolute path of the program, and its arguments.
	Command []string
	// Timeout is how long it may take; 0 means ten seconds.
	Timeout time.Duration
	// Expires is how long its answer is good where it does not say so; 0 means
	// an hour.
	Expires time.Duration
}

// Kind is how a secret is come by.
type Kind string

// The kinds.
const (
	Password      Kind = "password"      // a user name and a password
	IdentityToken Kind = "identityToken" // exchanged for tokens, by OAuth 2
	BearerToken   Kind = "bearerToken"   // sent as it is
	DockerConfig  Kind = "dockerConfig"  // the entry of a Docker configuration
	Program       Kind = "exec"          // what a program prints
	ECR           Kind = "ecr"           // Amazon's, with the identity of the machine
	GAR           Kind = "gar"           // Google's, with the identity of the machine or a key
	ACR           Kind = "acr"           // Azure's, with the identity of the machine
	GitHubApp     Kind = "githubApp"     // the App's installation token
	GitHubToken   Kind = "githubToken"   // a person's token
)

// homes are the hosts of kinds that belong to one company: their secrets open
// more than a registry, so no other host gets them whatever the operator wrote.
//
//nolint:gochecknoglobals // a table, never written
var homes = map[Kind]struct {
	pattern *regexp.Regexp
	example string
}{
	ECR: {
		regexp.MustCompile(`^(?:[0-9]{12}\.dkr[.-]ecr(?:-fips)?\.[a-z0-9][a-z0-9-]*\.(?:amazonaws\.(?:com|com\.cn|eu)|on\.aws|on\.amazonwebservices\.com\.cn)|public\.ecr\.aws|ecr-public\.aws\.com)$`),
		"123456789012.dkr.ecr.eu-central-1.amazonaws.com or public.ecr.aws",
	},
	GAR: {
		regexp.MustCompile(`^(?:(?:[a-z0-9-]+\.)?gcr\.io|[a-z0-9-]+\.pkg\.dev)$`),
		"europe-docker.pkg.dev or gcr.io",
	},
	ACR: {
		regexp.MustCompile(`^[a-z0-9][a-z0-9-]{3,61}[a-z0-9]\.azurecr\.(?:io|cn|us)$`),
		"acmeprod.azurecr.io",
	},
	GitHubApp:   {githubHosts, "ghcr.io"},
	GitHubToken: {githubHosts, "ghcr.io"},
}

var githubHosts = regexp.MustCompile(`^(?:ghcr\.io|containers\.[a-z0-9-]+\.ghe\.com)$`)

// Fits tells whether a kind may be used for a host, and an example of those it
// is for where it may not.
func (k Kind) Fits(host string) (fits bool, example string) {
	home, bound := homes[k]
	if !bound || home.pattern.MatchString(host) {
		return true, ""
	}
	return false, home.example
}

// Covers tells whether the grant is for a repository of its host.
func (g *Grant) Covers(path string) bool {
	rest, found := strings.CutPrefix(path, g.Path)
	return found && (g.Path == "" || rest == "" || rest[0] == '/')
}

// Allows tells whether the grant may be used for an installation. Accounts of
// GitHub are the same in upper and lower case.
func (g *Grant) Allows(installation string) bool {
	return len(g.Installations) == 0 ||
		slices.ContainsFunc(g.Installations, func(i string) bool { return strings.EqualFold(i, installation) })
}
