package config_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner/credentials/grant"
)

const wholeServer = `
version: 1
registries:
  - host: Registry.acme.lan:5000
    plainHTTP: false
    allowPrivate: true
    mirrors: [mirror.acme.lan]
    tokenHosts: [auth.acme.lan]
    limits: {perSecond: 0.5, burst: 10, concurrent: none, budget: 60}
    credentials:
      - path: team-a/**
        installations: [acme, "@Other"]
        username: bot
        password: {env: REGISTRY_PASSWORD}
      - path: team-a/app
        identityToken: {file: /run/secrets/token}
      - path: team-b/
        bearerToken: {env: TOKEN}
      - exec: {command: [/usr/local/bin/get-token, --host, ""], timeout: 10s, expires: 6h}
  - host: index.docker.io
    credentials: [{dockerConfig: /etc/imageupdater/config.json}]
    limits: {budget: 100, budgetWindow: 1h}
  - host: 123456789012.dkr.ecr.eu-central-1.amazonaws.com
    credentials: [{ecr: {}}]
  - host: europe-docker.pkg.dev
    credentials:
      - {path: acme/a, gar: {file: /etc/key.json}}
      - gar:
  - host: acmeprod.azurecr.io
    credentials:
      - acr: {}
  - host: ghcr.io
    credentials:
      - {installations: [acme], githubApp: {}}
      - githubToken: {env: GHCR_TOKEN}
  - host: "[fd00::1]:5000"
    plainHTTP: true
proxy: http://proxy.acme.lan:3128/
caFile: /etc/ssl/acme.pem
`

func TestServer(t *testing.T) {
	t.Parallel()
	got, warnings, err := config.LoadServer("server.yaml", []byte(wholeServer))
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	const ecr = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
	want := &config.Server{
		Registries: []config.Registry{
			{
				Name: "registry.acme.lan:5000", AllowPrivate: true, TokenHosts: []string{"auth.acme.lan"}, Mirrors: []string{"mirror.acme.lan"},
				Limits: config.RegistryLimits{PerSecond: 0.5, Burst: 10, Concurrent: -1, Budget: 60, BudgetWindow: 6 * time.Hour},
			},
			{Name: "docker.io", Limits: config.RegistryLimits{Budget: 100, BudgetWindow: time.Hour}},
			{Name: ecr},
			{Name: "europe-docker.pkg.dev"},
			{Name: "acmeprod.azurecr.io"},
			{Name: "ghcr.io"},
			{Name: "[fd00::1]:5000", PlainHTTP: true, AllowPrivate: true},
		},
		Grants: []grant.Grant{
			{
				Host: "registry.acme.lan:5000", Path: "team-a", Installations: []string{"acme", "Other"}, Kind: grant.Password,
				Username: "bot", Secret: grant.Secret{Env: "REGISTRY_PASSWORD"}, Where: "server.yaml:11",
			},
			{Host: "registry.acme.lan:5000", Path: "team-a/app", Kind: grant.IdentityToken, Secret: grant.Secret{File: "/run/secrets/token"}, Where: "server.yaml:15"},
			{Host: "registry.acme.lan:5000", Path: "team-b", Kind: grant.BearerToken, Secret: grant.Secret{Env: "TOKEN"}, Where: "server.yaml:17"},
			{
				Host: "registry.acme.lan:5000", Kind: grant.Program, Where: "server.yaml:19",
				Exec: grant.Exec{Command: []string{"/usr/local/bin/get-token", "--host", ""}, Timeout: 10 * time.Second, Expires: 6 * time.Hour},
			},
			{Host: "docker.io", Kind: grant.DockerConfig, File: "/etc/imageupdater/config.json", Where: "server.yaml:21"},
			{Host: ecr, Kind: grant.ECR, Where: "server.yaml:24"},
			{Host: "europe-docker.pkg.dev", Path: "acme/a", Kind: grant.GAR, File: "/etc/key.json", Where: "server.yaml:27"},
			{Host: "europe-docker.pkg.dev", Kind: grant.GAR, Where: "server.yaml:28"},
			{Host: "acmeprod.azurecr.io", Kind: grant.ACR, Where: "server.yaml:31"},
			{Host: "ghcr.io", Installations: []string{"acme"}, Kind: grant.GitHubApp, Where: "server.yaml:34"},
			{Host: "ghcr.io", Kind: grant.GitHubToken, Secret: grant.Secret{Env: "GHCR_TOKEN"}, Where: "server.yaml:35"},
		},
		Proxy: "http://proxy.acme.lan:3128", CAFile: "/etc/ssl/acme.pem",
	}
	registries := config.Server{Registries: got.Registries, Grants: got.Grants, Proxy: got.Proxy, CAFile: got.CAFile}
	if diff := cmp.Diff(want, &registries, cmp.AllowUnexported(config.Enforcement{})); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestServerWithoutAnything(t *testing.T) {
	t.Parallel()
	for _, src := range []string{"", "# later\n", "{}\n", "version: 1\nregistries:\n  # none yet\n"} {
		got, warnings, err := config.LoadServer("f", []byte(src))
		if err != nil || len(warnings) > 0 || len(got.Registries)+len(got.Grants) > 0 {
			t.Errorf("%q: %+v, %v, %v", src, got, warnings, err)
		}
	}
}

// one is a file with one host, to which lines are added.
func one(lines string) string { return "registries:\n  - host: a.lan\n" + lines }

// credential is a file with one credential for a host.
func credential(host, text string) string {
	return "registries:\n  - host: " + host + "\n    credentials:\n      - " + text + "\n"
}

// brokenServers are files of one error each. Where a secret could stand by
// mistake there is planted.
var brokenServers = []struct{ name, src, want string }{
	{"version", "version: 2\n", `1:10: version: version 2 is not known (write version: 1)`},
	{"unknown key", "registrys: []\n", `1:1: registrys: unknown key "registrys" (did you mean "registries"?)`},
	{"key of a repository's file", "rules: []\n", `1:1: rules: unknown key "rules" (that belongs to .imageupdater.yaml of a repository)`},
	{"unknown key of a host", one("    insecure: true\n"), `3:5: registries[0].insecure: unknown key "insecure" (write plainHTTP: true for a registry without TLS, or caFile for certificates of your own)`},
	{"unknown key of an entry", credential("a.lan", "token: "+planted), `4:9: registries[0].credentials[0].token: unknown key "token" (write identityToken for one that the registry exchanges for others (OAuth 2), bearerToken for one that is sent as it is, or password if it is used as one)`},
	{"key twice", "proxy: http://a:1\nproxy: http://b:1\n", `2:1: proxy: "proxy" is there twice: first at 1:1 (keep one of them)`},
	{"a list", "[]\n", `1:1: expected a mapping, found a list (the file begins with a key, such as version: 1)`},
	{"a text", planted + "\n", `1:1: expected a mapping, found a plain value (the file begins with a key, such as version: 1)`},

	{"no host", "registries: [{plainHTTP: true}]\n", `1:14: registries[0]: the key "host" is missing`},
	{"host twice", "registries:\n  - host: quay.io\n  - host: QUAY.io\n", `3:11: registries[1].host: there is an entry for quay.io already, at 2:11 (put both into one entry)`},
	{"Docker Hub twice", "registries:\n  - host: docker.io\n  - host: registry-1.docker.io\n", `3:11: registries[1].host: there is an entry for docker.io already, at 2:11 (put both into one entry)`},
	{"host with a scheme", "registries: [{host: 'https://quay.io/'}]\n", `1:21: registries[0].host: a host goes without https:// (write "quay.io")`},
	{"host with a password", "registries: [{host: 'https://u:" + planted + "@quay.io'}]\n", `1:21: registries[0].host: this is no host (write the host alone, with its port)`},
	{"host with a user", "registries: [{host: 'u:" + planted + "@quay.io'}]\n", `1:21: registries[0].host: this is no host (write the host alone, with its port)`},
	{"host with a path", "registries: [{host: quay.io/acme}]\n", `1:21: registries[0].host: "quay.io/acme" has a path (write the host here, and the path in an entry of credentials)`},
	{"host with a dot", "registries: [{host: Quay.io.}]\n", `1:21: registries[0].host: "Quay.io." ends with a dot (write "quay.io")`},
	{"host of one word", "registries: [{host: registry}]\n", `1:21: registries[0].host: "registry" is no registry's host: references could not name it (write a name with a dot, a port or both, as registry.example.com:5000)`},
	{"host with a star", "registries: [{host: '*.gcr.io'}]\n", `1:21: registries[0].host: "*.gcr.io": hosts are named one by one (write an entry for each host)`},
	{"host with letters", "registries: [{host: qüay.io}]\n", `1:21: registries[0].host: "qüay.io" holds letters that hosts don't have (write its ASCII form, xn--…)`},
	{"host with a blank", "registries: [{host: 'quay .io'}]\n", `1:21: registries[0].host: "quay .io" is no registry's host: references could not name it (write a name with a dot, a port or both, as registry.example.com:5000)`},
	{"host as a number", "registries: [{host: '2130706433:80'}]\n", `1:21: registries[0].host: "2130706433:80" is neither a name nor an address (write four numbers, as 192.0.2.1, or a name)`},
	{"host as a short address", "registries: [{host: '127.1'}]\n", `1:21: registries[0].host: "127.1" is neither a name nor an address (write four numbers, as 192.0.2.1, or a name)`},
	{"host as a hex address", "registries: [{host: '0x7f.0.0.0x1'}]\n", `1:21: registries[0].host: "0x7f.0.0.0x1" is neither a name nor an address (write four numbers, as 192.0.2.1, or a name)`},
	{"port", "registries: [{host: 'a.lan:70000'}]\n", `1:21: registries[0].host: "a.lan:70000": there is no port 70000 (from 1 to 65535)`},
	{"port with a zero", "registries: [{host: 'a.lan:080'}]\n", `1:21: registries[0].host: "a.lan:080": there is no port 080 (from 1 to 65535)`},
	{"long host", "registries: [{host: " + strings.Repeat("a.", 127) + "b}]\n", `1:21: registries[0].host: the host is longer than 253 characters`},
	{"boolean", one("    plainHTTP: yes\n"), `3:16: registries[0].plainHTTP: expected true or false, found a plain value (write true)`},
	{"mirror of itself", one("    mirrors: [A.lan]\n"), `3:15: registries[0].mirrors[0]: a host is no mirror of itself (remove it)`},
	{"mirror twice", one("    mirrors: [b.lan, b.lan]\n"), `3:22: registries[0].mirrors[1]: b.lan is there already, at 3:15 (keep one of them)`},
	{"mirror alone", one("    mirrors: b.lan\n"), `3:14: registries[0].mirrors: expected a list, found a plain value`},
	{"token host with a path", one("    tokenHosts: [auth.lan/token]\n"), `3:18: registries[0].tokenHosts[0]: "auth.lan/token" has a path (write the host here, and the path in an entry of credentials)`},
	{"rate", one("    limits: {perSecond: fast}\n"), `3:25: registries[0].limits.perSecond: expected a number, found a plain value (write 5, 0.5 or none)`},
	{"rate of zero", one("    limits: {perSecond: 0}\n"), `3:25: registries[0].limits.perSecond: the number is out of range (above 0, at most 1000, or none)`},
	{"rate without end", one("    limits: {perSecond: .inf}\n"), `3:25: registries[0].limits.perSecond: expected a number, found a plain value (write 5, 0.5 or none)`},
	{"rate of nothing", one("    limits: {perSecond: .nan}\n"), `3:25: registries[0].limits.perSecond: expected a number, found a plain value (write 5, 0.5 or none)`},
	{"burst", one("    limits: {burst: 0}\n"), `3:21: registries[0].limits.burst: 0 is out of range (from 1 to 1000000)`},
	{"window without budget", one("    limits: {budgetWindow: 6h}\n"), `3:28: registries[0].limits.budgetWindow: a budgetWindow without a budget (write budget beside it)`},
	{"short window", one("    limits: {budget: 1, budgetWindow: 1s}\n"), `3:39: registries[0].limits.budgetWindow: this is too short (at least 1m)`},

	{"secret in the file", credential("a.lan", "{username: bot, password: "+planted+"}"), `4:35: registries[0].credentials[0].password: secrets do not stand in this file (write {env: NAME} for an environment variable or {file: /path})`},
	{"secret with a tag", credential("a.lan", "{username: bot, password: !"+planted+" x}"), `4:35: registries[0].credentials[0].password: secrets do not stand in this file (write {env: NAME} for an environment variable or {file: /path})`},
	{"secret in a list", credential("a.lan", "{identityToken: ["+planted+"]}"), `4:25: registries[0].credentials[0].identityToken: secrets do not stand in this file (write {env: NAME} for an environment variable or {file: /path})`},
	{"token in the file", credential("ghcr.io", "{githubToken: '"+planted+"'}"), `4:23: registries[0].credentials[0].githubToken: secrets do not stand in this file (write {env: NAME} for an environment variable or {file: /path})`},
	{"number for a secret", credential("a.lan", "{bearerToken: 12345}"), `4:23: registries[0].credentials[0].bearerToken: secrets do not stand in this file (write {env: NAME} for an environment variable or {file: /path})`},
	{"secret for a variable", credential("a.lan", "{username: u, password: {env: '"+planted+"!'}}"), `4:39: registries[0].credentials[0].password.env: this is no name of an environment variable (write its name alone, as REGISTRY_PASSWORD)`},
	{"dollar", credential("a.lan", "{username: u, password: {env: $PASSWORD}}"), `4:39: registries[0].credentials[0].password.env: this is no name of an environment variable (write its name alone, as REGISTRY_PASSWORD)`},
	{"secret for a file", credential("a.lan", "{username: u, password: {file: "+planted+"}}"), `4:40: registries[0].credentials[0].password.file: the path is not absolute (begin it at the root, as /run/secrets/name)`},
	{"secret as a value", credential("a.lan", "{username: u, password: {value: "+planted+"}}"), `4:34: registries[0].credentials[0].password.value: unknown key "value" (known here: env, file)`},
	{"two places", credential("a.lan", "{username: u, password: {env: A, file: /b}}"), `4:33: registries[0].credentials[0].password: a secret is kept in one place (write either env or file)`},
	{"no place", credential("a.lan", "{username: u, password: {}}"), `4:33: registries[0].credentials[0].password: a secret is kept in one place (write either env or file)`},
	{"nothing for a password", credential("a.lan", "{username: u, password: }"), `4:33: registries[0].credentials[0].password: nothing stands here (write a value, or leave the key out)`},
	{"secret for all credentials", one("    credentials: u:" + planted + "\n"), `3:18: registries[0].credentials: expected a list, found a plain value`},
	{"secret for an entry", credential("a.lan", "u:"+planted), `4:9: registries[0].credentials[0]: expected a mapping, found a plain value`},
	{"secret for a user", credential("a.lan", "{username: 'u:"+planted+"', password: {env: A}}"), `4:20: registries[0].credentials[0].username: a user name holds no colon and no control character (the password is written apart, as password: {env: NAME})`},
	{"secret for a program", credential("a.lan", "{exec: '/get "+planted+"'}"), `4:16: registries[0].credentials[0].exec: expected a mapping, found a plain value`},
	{"secret for a command", credential("a.lan", "{exec: {command: '/get "+planted+"'}}"), `4:26: registries[0].credentials[0].exec.command: expected a list, found a plain value`},
	{"secret for a cloud", credential("gcr.io", "{gar: "+planted+"}"), `4:15: registries[0].credentials[0].gar: expected a mapping, found a plain value`},
	{"number for a user", credential("a.lan", "{username: 12345, password: {env: A}}"), `4:20: registries[0].credentials[0].username: expected a text, found another value (quote it)`},
	{"secret that begins with @", credential("a.lan", "{username: u, password: @"+planted+"}"), `4:33: no valid YAML: found character that cannot start any token (a value that begins with @ needs quotes)`},
	{"secret that begins with *", credential("a.lan", "{username: u, password: *"+planted+"}"), `4:33: no valid YAML: unknown anchor here referenced (a value that begins with * needs quotes)`},
	{"secret that begins with {{", credential("a.lan", "username: {{"+planted+"}}-x"), `4:36: no valid YAML: did not find expected key (a value that begins with { needs quotes)`},
	{"alias", credential("a.lan", "{username: &"+planted+" u, password: *"+planted+"}"), `4:48: registries[0].credentials[0].password: secrets do not stand in this file (write {env: NAME} for an environment variable or {file: /path})`},
	{"alias elsewhere", credential("a.lan", "{path: &"+planted+" u, username: *"+planted+", password: {env: A}}"), `4:44: registries[0].credentials[0].username: aliases and tags are not read here (quote a value that begins with * or !)`},

	{"no secret", credential("a.lan", "{path: a}"), `4:9: registries[0].credentials[0]: nothing says where the secret comes from (write one of password, identityToken, bearerToken, dockerConfig, exec, ecr, gar, acr, githubApp, githubToken)`},
	{"two secrets", credential("a.lan", "{bearerToken: {env: A}, dockerConfig: /a}"), `4:9: registries[0].credentials[0]: there is more than one secret: bearerToken, dockerConfig (keep one of them, or write several entries)`},
	{"no user name", credential("a.lan", "{password: {env: A}}"), `4:9: registries[0].credentials[0]: there is a password without a user name (write username; where a registry reads none, any name will do)`},
	{"user name for a token", credential("a.lan", "{username: u, bearerToken: {env: A}}"), `4:20: registries[0].credentials[0].username: a user name goes with a password alone (remove it, or write password)`},
	{"empty user name", credential("a.lan", "{username: '', password: {env: A}}"), `4:20: registries[0].credentials[0].username: the user name is empty (write a name; some registries take any)`},
	{"no installations", credential("a.lan", "{installations: [], bearerToken: {env: A}}"), `4:25: registries[0].credentials[0].installations: without installations nobody may use it (leave the key out for all of them, or remove the entry)`},
	{"no account", credential("a.lan", "{installations: [acme/app], bearerToken: {env: A}}"), `4:26: registries[0].credentials[0].installations[0]: "acme/app" is no account of GitHub (write the name of a user or an organisation)`},
	{"path with a star", credential("a.lan", "{path: 'team-*', bearerToken: {env: A}}"), `4:16: registries[0].credentials[0].path: "team-*": only /** at the end is understood, for all below a folder (write team-a/** or team-a/app)`},
	{"path for all", credential("a.lan", "{path: '**', bearerToken: {env: A}}"), `4:16: registries[0].credentials[0].path: "**": for all of the host no path is written (leave the key out)`},
	{"path with a slash", credential("a.lan", "{path: /team/a, bearerToken: {env: A}}"), `4:16: registries[0].credentials[0].path: "/team/a": paths begin below the host, without / (write "team/a")`},
	{"path that climbs", credential("a.lan", "{path: team/../b, bearerToken: {env: A}}"), `4:16: registries[0].credentials[0].path: "team/../b" is no path of repositories: they are made of lower-case letters, digits, and . _ - between them (write team-a/** or team-a/app)`},
	{"path with capitals", credential("a.lan", "{path: Team, bearerToken: {env: A}}"), `4:16: registries[0].credentials[0].path: "Team" is no path of repositories: they are made of lower-case letters, digits, and . _ - between them (write team-a/** or team-a/app)`},
	{"relative file", credential("a.lan", "{dockerConfig: config.json}"), `4:24: registries[0].credentials[0].dockerConfig: the path is not absolute (begin it at the root, as /run/secrets/name)`},
	{"relative program", credential("a.lan", "{exec: {command: [get]}}"), `4:26: registries[0].credentials[0].exec.command: the program is not named by its absolute path (write [/path/to/program, argument])`},
	{"no program", credential("a.lan", "{exec: {command: []}}"), `4:26: registries[0].credentials[0].exec.command: there is no program (write [/path/to/program, argument])`},
	{"no command", credential("a.lan", "{exec: {timeout: 3s}}"), `4:16: registries[0].credentials[0].exec: the key "command" is missing`},
	{"short time", credential("a.lan", "{exec: {command: [/a], timeout: 0}}"), `4:41: registries[0].credentials[0].exec.timeout: this is too short (at least 1s)`},
	{"ecr elsewhere", credential("123456789012.dkr.ecr.eu-central-1.amazonaws.com.evil.com", "{ecr: {}}"), `4:15: registries[0].credentials[0].ecr: ecr is not for 123456789012.dkr.ecr.eu-central-1.amazonaws.com.evil.com, and its secret is never sent there (it is for hosts such as 123456789012.dkr.ecr.eu-central-1.amazonaws.com or public.ecr.aws)`},
	{"gar elsewhere", credential("gcr.io.evil.com", "{gar: {}}"), `4:15: registries[0].credentials[0].gar: gar is not for gcr.io.evil.com, and its secret is never sent there (it is for hosts such as europe-docker.pkg.dev or gcr.io)`},
	{"acr elsewhere", credential("x.azurecr.io.evil.com", "{acr: {}}"), `4:15: registries[0].credentials[0].acr: acr is not for x.azurecr.io.evil.com, and its secret is never sent there (it is for hosts such as acmeprod.azurecr.io)`},
	{"githubApp elsewhere", credential("ghcr.io:8443", "{githubApp: {}}"), `4:21: registries[0].credentials[0].githubApp: githubApp is not for ghcr.io:8443, and its secret is never sent there (it is for hosts such as ghcr.io)`},
	{"githubToken elsewhere", credential("xghcr.io", "{githubToken: {env: A}}"), `4:23: registries[0].credentials[0].githubToken: githubToken is not for xghcr.io, and its secret is never sent there (it is for hosts such as ghcr.io)`},
	{"key of a marker", credential("ghcr.io", "{githubApp: {id: 7}}"), `4:22: registries[0].credentials[0].githubApp.id: unknown key "id" (no key is known here: write {})`},

	{"proxy with a password", "proxy: http://u:" + planted + "@proxy:3128\n", `1:8: proxy: secrets do not stand in this file (write http://proxy.example.com:3128; a proxy that asks for a password is not supported)`},
	{"proxy without a scheme", "proxy: proxy:3128\n", `1:8: proxy: this is no URL of a proxy (write http://proxy.example.com:3128)`},
	{"proxy with a path", "proxy: http://proxy:3128/x\n", `1:8: proxy: the URL of a proxy ends with its port (write http://proxy.example.com:3128)`},
	{"relative caFile", "caFile: a.pem\n", `1:9: caFile: the path is not absolute (begin it at the root, as /run/secrets/name)`},
}

const planted = "hunter2secret"

func TestServerBroken(t *testing.T) {
	t.Parallel()
	for _, test := range slices.Concat(brokenServers, brokenServing) {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := config.LoadServer("f", []byte(test.src))
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff("f:"+test.want, err.Error()); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if strings.Contains(err.Error(), planted) {
				t.Errorf("a secret is quoted: %v", err)
			}
			if one, ok := errors.AsType[*config.Error](err); !ok || one.Line < 1 || one.Column < 1 {
				t.Errorf("no position: %#v", err)
			}
		})
	}
}

func TestServerAllErrorsAtOnce(t *testing.T) {
	t.Parallel()
	src := "registries:\n  - host: quay.io.\n    plainHTTP: 1\n  - host: ghcr.io\n    credentials:\n      - {password: x}\n      - {ecr: {}}\nproxy: x\n"
	_, _, err := config.LoadServer("f", []byte(src))
	all, _ := errors.AsType[config.Errors](err)
	var got []string
	for _, e := range all {
		got = append(got, e.Field)
	}
	want := []string{"registries[0].host", "registries[0].plainHTTP", "registries[1].credentials[0].password", "proxy"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestServerWarnings(t *testing.T) {
	t.Parallel()
	const token = "bearerToken: {env: A}"
	for name, test := range map[string]struct{ src, want string }{
		"plain credentials": {one("    plainHTTP: true\n    credentials: [{" + token + "}]\n"), `3:16: warning: registries[0].plainHTTP: the credentials travel unprotected: whoever sees the traffic has them (give the registry a certificate, and name its authority in caFile)`},
		"plain":             {one("    plainHTTP: true\n"), ``},
		"implied":           {one("    plainHTTP: true\n    allowPrivate: false\n"), `4:19: warning: registries[0].allowPrivate: has no effect: plainHTTP: true implies allowPrivate (remove it)`},
		"private address":   {"registries: [{host: '10.0.0.1:5000'}]", `1:21: warning: registries[0].host: this is a private address, and such are not asked (write allowPrivate: true)`},
		"private name":      {"registries: [{host: 'localhost:5000'}]", `1:21: warning: registries[0].host: this is a private address, and such are not asked (write allowPrivate: true)`},
		"private, allowed":  {"registries: [{host: '[::1]:5000', allowPrivate: true}]", ``},
		"own token host":    {one("    tokenHosts: [a.lan]\n"), `3:18: warning: registries[0].tokenHosts[0]: has no effect: credentials are sent to the host itself anyway (remove it)`},
		"shadow":            {one("    credentials:\n      - {path: a, " + token + "}\n      - {path: a/**, " + token + "}\n"), `5:9: warning: registries[0].credentials[1]: is never used: the entry at line 4 comes first, for the same path and installations (remove it, or give it a path)`},
		"shadow of some":    {one("    credentials:\n      - {installations: [A, b], " + token + "}\n      - {installations: [a], " + token + "}\n"), `5:9: warning: registries[0].credentials[1]: is never used: the entry at line 4 comes first, for the same path and installations (remove it, or give it a path)`},
		"no shadow":         {one("    credentials:\n      - {installations: [a], " + token + "}\n      - {" + token + "}\n"), ``},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, warnings, err := config.LoadServer("f", []byte(test.src))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, w := range warnings {
				got = append(got, strings.TrimPrefix(w.String(), "f:"))
			}
			if diff := cmp.Diff(test.want, strings.Join(got, "\n")); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func serverSchema(t *testing.T) ([]byte, *jsonschema.Schema) {
	t.Helper()
	text, err := config.ServerJSONSchema()
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(config.ServerSchemaURL, document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(config.ServerSchemaURL)
	if err != nil {
		t.Fatal(err)
	}
	return text, s
}

// beyondServerSchema are the broken files that a schema cannot refuse.
var beyondServerSchema = []string{
	"host twice", "Docker Hub twice", "host of one word", "host as a number", "host as a short address", "host as a hex address",
	"port", "port with a zero", "mirror of itself", "mirror twice", "window without budget", "short window",
	"path that climbs", "relative file", "relative program", "relative caFile", "short time", "secret for a file",
	"ecr elsewhere", "gar elsewhere", "acr elsewhere", "githubApp elsewhere", "githubToken elsewhere",
}

func TestServerSchema(t *testing.T) {
	t.Parallel()
	_, s := serverSchema(t)
	if err := validate(s, strings.ReplaceAll(wholeServer, "- gar:\n", "- gar: {}\n")); err != nil {
		t.Errorf("the example: %v", err)
	}
	if err := validate(s, wholeServing); err != nil {
		t.Errorf("the whole of serving: %v", err)
	}
	for _, file := range serverDocs {
		for _, b := range blocks(serverPage(t, file)) {
			if err := validate(s, b.text); b.info == "yaml" && err != nil {
				t.Errorf("%s:%d: %v", file, b.line, err)
			}
		}
	}
	for _, test := range slices.Concat(brokenServers, brokenServing) {
		err := validate(s, test.src)
		if beyond := slices.Contains(slices.Concat(beyondServerSchema, beyondServingSchema), test.name); (err == nil) != beyond {
			t.Errorf("%s: the schema says %v, expected it to refuse: %t", test.name, err, !beyond)
		}
	}
}

func TestServerSchemaIsCommitted(t *testing.T) {
	t.Parallel()
	text, _ := serverSchema(t)
	committed, err := os.ReadFile("../docs/imageupdater-server.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(committed, text) {
		t.Error("docs/imageupdater-server.schema.json is stale: go run ./cmd/imageupdater schema --server > docs/imageupdater-server.schema.json")
	}
}

// Wherever a secret stands by mistake among credentials, keys and hashes,
// nothing quotes it.
func TestServerQuotesNoSecret(t *testing.T) {
	t.Parallel()
	for _, src := range []string{wholeServer, wholeServing} {
		var root yaml.Node
		if err := yaml.Load([]byte(src), &root); err != nil {
			t.Fatal(err)
		}
		plantAll(t, &root)
	}
}

// secretive are the keys below which people may write a secret by mistake, and
// harmless those among them that nobody takes for the place of one.
var (
	secretive = []string{"credentials", "proxy", "github", "database", "hooks", "api", "listen", "publicURL", "work", "keep"}
	harmless  = []string{"path", "installations", "name", "kind", "host", "scopes", "accounts", "repositories"}
)

func plantAll(t *testing.T, root *yaml.Node) {
	t.Helper()
	tried := 0
	var walk func(n *yaml.Node, inside bool)
	walk = func(n *yaml.Node, inside bool) {
		for i, child := range n.Content {
			isKey := n.Kind == yaml.MappingNode && i%2 == 0
			name := ""
			if n.Kind == yaml.MappingNode && !isKey {
				name = n.Content[i-1].Value
			}
			if isKey || slices.Contains(harmless, name) {
				continue
			}
			below := inside || slices.Contains(secretive, name)
			if below {
				for _, text := range []string{planted, "u:" + planted, "https://u:" + planted + "@x", planted + "\n"} {
					tried++
					n.Content[i] = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: text}
					mustNotQuote(t, root)
				}
				n.Content[i] = child
			}
			walk(child, below)
		}
	}
	walk(root, false)
	if tried < 100 {
		t.Errorf("only %d places", tried)
	}
}

func mustNotQuote(t *testing.T, root *yaml.Node) {
	t.Helper()
	src, err := yaml.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	_, warnings, err := config.LoadServer("f", src)
	if text := fmt.Sprint(warnings, err); strings.Contains(text, planted) {
		t.Errorf("%s\nsays %s", src, text)
	}
}
