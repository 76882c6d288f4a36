package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/config"
)

// hook and token are files with one entry.
func hook(text string) string  { return "hooks:\n  - " + text + "\n" }
func token(text string) string { return "api:\n  tokens:\n    - " + text + "\n" }

const (
	noSecretHere = `secrets do not stand in this file (write {env: NAME} for an environment variable or {file: /path})`
	siteForm     = `(write https://github.com or https://github.example.com)`
	apiForm      = `(write https://github.example.com/api/v3/)`
	hashForm     = `(write what "printf %s TOKEN | sha256sum" prints: 64 hexadecimal digits, in quotes)`
	listenForm   = `(write ":8080", or "127.0.0.1:8080" for this machine alone)`
)

// brokenServing are files of one error each in what concerns the running
// server.
var brokenServing = []struct{ name, src, want string }{
	{"github as a list", "github: []\n", `1:9: github: expected a mapping, found a list`},
	{"unknown key of github", "github: {appId: 1}\n", `1:10: github.appId: unknown key "appId" (did you mean "appID"?)`},
	{"key by another name", "github: {secret: {env: A}}\n", `1:10: github.secret: unknown key "secret" (write webhookSecret: {env: NAME})`},
	{"private key in the file", "github:\n  privateKey: |\n    -----BEGIN " + planted + "\n", `2:15: github.privateKey: ` + noSecretHere},
	{"webhook secret in the file", "github: {webhookSecret: " + planted + "}\n", `1:25: github.webhookSecret: ` + noSecretHere},
	{"marker key in the file", "github: {markerKeys: [" + planted + "]}\n", `1:23: github.markerKeys[0]: ` + noSecretHere},
	{"marker keys as one", "github: {markerKeys: " + planted + "}\n", `1:22: github.markerKeys: expected a list, found a plain value`},
	{"webhook secret with a tag", "github: {webhookSecret: !" + planted + " x}\n", `1:25: github.webhookSecret: ` + noSecretHere},
	{"webhook secret in two places", "github: {webhookSecret: {env: A, file: /b}}\n", `1:25: github.webhookSecret: a secret is kept in one place (write either env or file)`},
	{"webhook secret in no place", "github: {webhookSecret: {}}\n", `1:25: github.webhookSecret: a secret is kept in one place (write either env or file)`},
	{"nothing for a webhook secret", "github: {webhookSecret: }\n", `1:25: github.webhookSecret: nothing stands here (write a value, or leave the key out)`},
	{"app of zero", "github: {appID: 0}\n", `1:17: github.appID: 0 is out of range (from 1 to 2147483647)`},
	{"app in quotes", "github: {appID: '12345'}\n", `1:17: github.appID: expected a whole number, found a plain value (write it without quotes)`},
	{"url without a scheme", "github: {url: github.com}\n", `1:15: github.url: this is no URL ` + siteForm},
	{"url with a password", "github: {url: 'https://u:" + planted + "@github.com'}\n", `1:15: github.url: secrets do not stand in this file, and neither do users ` + siteForm},
	{"url with a path", "github: {url: https://github.acme.lan/api/v3}\n", `1:15: github.url: the URL goes without a path (write https://github.com or https://github.example.com; the addresses of its APIs follow from that)`},
	{"url of the API", "github: {url: https://api.github.com}\n", `1:15: github.url: this is not where people see GitHub (write https://github.com)`},
	{"url without TLS", "github: {url: http://github.acme.lan}\n", `1:15: github.url: whoever sees the traffic would have the secrets (write https://; without TLS it may be on this machine alone)`},
	{"url of a look-alike", "github: {url: http://127.0.0.1.evil.com}\n", `1:15: github.url: whoever sees the traffic would have the secrets (write https://; without TLS it may be on this machine alone)`},
	{"url without a host", "github: {url: 'https://'}\n", `1:15: github.url: the URL has no host, or one that cannot be ` + siteForm},
	{"url with a port too many", "github: {url: 'https://a.lan:70000'}\n", `1:15: github.url: the URL has no host, or one that cannot be ` + siteForm},
	{"url with letters", "github: {url: 'https://gïthub.com'}\n", `1:15: github.url: the URL has no host, or one that cannot be ` + siteForm},
	{"url with a query", "github: {apiURL: 'https://a.lan/v3?x=" + planted + "'}\n", `1:18: github.apiURL: the URL holds more than a host and a plain path ` + apiForm},
	{"url with an escape", "github: {apiURL: 'https://a.lan/%2e%2e'}\n", `1:18: github.apiURL: the URL holds more than a host and a plain path ` + apiForm},
	{"url of a file", "github: {graphqlURL: 'file:///etc/passwd'}\n", `1:22: github.graphqlURL: this is no URL ` + apiForm},

	{"token of a site in the file", "changelog: {sites: [{url: https://github.acme.lan, token: " + planted + "}]}\n", `1:59: changelog.sites[0].token: ` + noSecretHere},
	{"site without a URL", "changelog: {sites: [{token: {env: A}}]}\n", `1:21: changelog.sites[0]: the key "url" is missing`},
	{"one site twice", "changelog: {sites: [{url: https://a.lan}, {url: https://A.lan/}]}\n", `1:49: changelog.sites[1].url: there is an entry for it already, at 1:27 (put both into one entry)`},
	{"source without TLS", "changelog: {sources: {nginx: http://github.com/a/b}}\n", `1:30: changelog.sources.nginx: "http://github.com/a/b" is no address of a repository (write "https://github.com/…")`},
	{"private in words", "changelog: {private: same}\n", `1:22: changelog.private: expected true or false, found a plain value`},

	{"listen without a port", "listen: localhost\n", `1:9: listen: this is no address to listen at ` + listenForm},
	{"listen with a port alone", "listen: 8080\n", `1:9: listen: this is no address to listen at ` + listenForm},
	{"listen with a scheme", "listen: http://localhost:8080\n", `1:9: listen: this is no address to listen at ` + listenForm},
	{"listen at no port", "listen: ':99999'\n", `1:9: listen: there is no such port (from 1 to 65535; 0 takes any that is free)`},
	{"key listen by another name", "port: 8080\n", `1:1: port: unknown key "port" (write listen: ":8080")`},
	{"public URL without TLS", "publicURL: http://updates.acme.lan\n", `1:12: publicURL: whoever sees the traffic would have the secrets (write https://; without TLS it may be on this machine alone)`},
	{"public URL with a fragment", "publicURL: 'https://updates.acme.lan/#x'\n", `1:12: publicURL: the URL holds more than a host and a plain path (write https://imageupdater.example.com)`},

	{"database URL in the file", "database: {url: 'postgres://u:" + planted + "@h/db'}\n", `1:17: database.url: ` + noSecretHere},
	{"database for database", "database: postgres://u:" + planted + "@h/db\n", `1:11: database: expected a mapping, found a plain value`},
	{"database in two places", "database: {file: /a.db, url: {env: A}}\n", `1:30: database.url: the state is kept in one place (write either file or url)`},
	{"database with a password", "database: {password: " + planted + "}\n", `1:12: database.password: unknown key "password" (it is a part of the URL, which is a secret: write url: {env: NAME})`},
	{"relative database", "database: {file: state.db}\n", `1:18: database.file: the path is not absolute (begin it at the root, as /run/secrets/name)`},

	{"account with a slash", "accounts: [acme/api]\n", `1:12: accounts[0]: "acme/api" is no account of GitHub (write the name of a user or an organisation)`},
	{"one account", "accounts: acme\n", `1:11: accounts: expected a list, found a plain value`},
	{"onboarding", "onboarding: maybe\n", `1:13: onboarding: expected on or off, found a plain value`},
	{"no looks", "work: {looks: 0}\n", `1:15: work.looks: 0 is out of range (from 1 to 500)`},
	{"short drain", "work: {drain: 0}\n", `1:15: work.drain: this is too short (at least 1s)`},
	{"drain without a unit", "work: {drain: 30}\n", `1:15: work.drain: this is no duration (write 3d, 1w, 24h or 1h30m)`},
	{"schedule of a repository", "schedule: 1h\n", `1:11: schedule: expected a mapping, found a plain value (write schedule: {least: 15m} for the shortest interval; how often a repository is looked at stands in its .imageupdater.yaml)`},
	{"short schedule", "schedule: {least: 1m}\n", `1:19: schedule.least: this is too short (at least 5m)`},
	{"log level", "log: {level: verbose}\n", `1:14: log.level: "verbose" is none of debug, info, warn, error`},
	{"log format", "log: {format: jsno}\n", `1:15: log.format: "jsno" is none of json, console (did you mean "json"?)`},
	{"size", "keep: {facts: 1GB}\n", `1:15: keep.facts: this is no size (write 512MiB or 1GiB)`},
	{"small size", "keep: {facts: 1MiB}\n", `1:15: keep.facts: the size is out of range (from 16MiB to 1TiB)`},
	{"large size", "keep: {facts: 999999TiB}\n", `1:15: keep.facts: the size is out of range (from 16MiB to 1TiB)`},
	{"short memory", "keep: {decisions: 1h}\n", `1:19: keep.decisions: this is too short (at least 1d)`},
	{"enforce allows", "enforce: {merge: {auto: true}}\n", `1:25: enforce.merge.auto: enforce can only forbid (write false, or allow it under defaults)`},
	{"enforce backwards", "enforce: {freeze: [{from: 2027-01-03, to: 2026-12-20}]}\n", `1:20: enforce.freeze[0]: it ends on 2026-12-20, before it begins on 2027-01-03 (swap from and to, or check the year)`},

	{"hook without a name", hook("{kind: quay, host: quay.io, secret: {env: A}}"), `2:5: hooks[0]: the key "name" is missing`},
	{"hook without a kind", hook("{name: a, host: quay.io, secret: {env: A}}"), `2:5: hooks[0]: the key "kind" is missing`},
	{"hook without a host", hook("{name: a, kind: quay, secret: {env: A}}"), `2:5: hooks[0]: the key "host" is missing`},
	{"hook without a secret", hook("{name: a, kind: quay, host: quay.io}"), `2:5: hooks[0]: without a secret anybody could call it (write secret: {env: NAME} or secret: {file: /path})`},
	{"hook with its secret", hook("{name: a, kind: quay, host: quay.io, secret: " + planted + "}"), `2:50: hooks[0].secret: ` + noSecretHere},
	{"hook with a token", hook("{name: a, kind: quay, host: quay.io, secret: {env: A}, token: " + planted + "}"), `2:60: hooks[0].token: unknown key "token" (write secret: {env: NAME})`},
	{"hook with a path", hook("{name: a/b, kind: quay, host: quay.io, secret: {env: A}}"), `2:12: hooks[0].name: "a/b" is no name (1 to 64 of a-z, 0-9 and -)`},
	{"hook twice", "hooks:\n  - {name: a, kind: quay, host: quay.io, secret: {env: A}}\n  - {name: a, kind: zot, host: a.lan, secret: {env: A}}\n", `3:12: hooks[1].name: there is a hook "a" already, at 2:12 (give it another name)`},
	{"hook of no kind", hook("{name: a, kind: docker, host: docker.io, secret: {env: A}}"), `2:21: hooks[0].kind: "docker" is none of dockerhub, ghcr, quay, harbor, acr, ecr, gar, gitlab, distribution, zot, jfrog, nexus, cloudevents (did you mean "dockerhub"?)`},
	{"hook of Docker Hub elsewhere", hook("{name: a, kind: dockerhub, host: quay.io, secret: {env: A}}"), `2:38: hooks[0].host: no hook of kind dockerhub comes from quay.io (such come from hosts like docker.io)`},
	{"hook of GitHub elsewhere", hook("{name: a, kind: ghcr, host: docker.io, secret: {env: A}}"), `2:33: hooks[0].host: no hook of kind ghcr comes from docker.io (such come from hosts like ghcr.io or containers.github.example.com)`},
	{"hook of Amazon elsewhere", hook("{name: a, kind: ecr, host: docker.io, secret: {env: A}}"), `2:32: hooks[0].host: no hook of kind ecr comes from docker.io (such come from hosts like 123456789012.dkr.ecr.eu-central-1.amazonaws.com or public.ecr.aws)`},
	{"hook of Google with a secret", hook("{name: a, kind: gar, host: gcr.io, secret: {env: A}, audience: a, email: a@b.c}"), `2:48: hooks[0].secret: Google shows no secret: it signs a token (remove it, and write audience and email)`},
	{"hook of Google without an email", hook("{name: a, kind: gar, host: gcr.io, audience: a}"), `2:5: hooks[0]: nothing tells the caller from others whom Google signs tokens for (write email, those of the push subscription)`},
	{"hook of Google with a name", hook("{name: a, kind: gar, host: gcr.io, audience: a, email: pusher}"), `2:60: hooks[0].email: this is no address of an account (write that of the push subscription's service account, as NAME@PROJECT.iam.gserviceaccount.com)`},
	{"hook with a blank audience", hook("{name: a, kind: gar, host: gcr.io, audience: 'a b', email: a@b.c}"), `2:50: hooks[0].audience: this is no audience (write that of the push subscription, such as the address of the hook)`},
	{"email of another kind", hook("{name: a, kind: quay, host: quay.io, secret: {env: A}, email: a@b.c}"), `2:67: hooks[0].email: email is for hooks of kind gar (remove it)`},

	{"token in clear", token("{name: a, scopes: [read], sha256: " + planted + "}"), `3:41: api.tokens[0].sha256: this is no SHA-256 ` + hashForm},
	{"token by another name", token("{name: a, scopes: [read], sha256: " + servedHash + ", token: " + planted + "}"), `3:107: api.tokens[0].token: unknown key "token" (only the hash of a token stands here: write sha256)`},
	{"token as a number", token("{name: a, scopes: [read], sha256: 12345}"), `3:41: api.tokens[0].sha256: this is no SHA-256 ` + hashForm},
	{"hash of nothing", token("{name: a, scopes: [read], sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855}"), `3:41: api.tokens[0].sha256: this is the hash of an empty text ` + hashForm},
	{"hash of a line break", token("{name: a, scopes: [read], sha256: 01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b}"), `3:41: api.tokens[0].sha256: this is the hash of an empty text ` + hashForm},
	{"token without a hash", token("{name: a, scopes: [read]}"), `3:7: api.tokens[0]: the key "sha256" is missing`},
	{"token without a name", token("{scopes: [read], sha256: " + servedHash + "}"), `3:7: api.tokens[0]: the key "name" is missing`},
	{"token without scopes", token("{name: a, sha256: " + servedHash + "}"), `3:7: api.tokens[0]: the key "scopes" is missing`},
	{"token with no scope", token("{name: a, scopes: [], sha256: " + servedHash + "}"), `3:7: api.tokens[0]: without scopes the token is for nothing (write scopes: [rescan])`},
	{"token with another scope", token("{name: a, scopes: [write], sha256: " + servedHash + "}"), `3:26: api.tokens[0].scopes[0]: "write" is none of rescan, read, decisions`},
	{"token with no account", token("{name: a, scopes: [read], accounts: [], sha256: " + servedHash + "}"), `3:43: api.tokens[0].accounts: without accounts the token is for nothing (leave the key out for all of them, or remove the token)`},
	{"token with no repository", token("{name: a, scopes: [read], repositories: [], sha256: " + servedHash + "}"), `3:47: api.tokens[0].repositories: without repositories the token is for nothing (leave the key out for all of them, or remove the token)`},
	{"token for a name alone", token("{name: a, scopes: [read], repositories: [api], sha256: " + servedHash + "}"), `3:48: api.tokens[0].repositories[0]: "api" is no glob on owner/name (write acme/api, or acme/* for all of an account; * and ? stand for letters within a name)`},
	{"token for two stars", token("{name: a, scopes: [read], repositories: ['acme/**'], sha256: " + servedHash + "}"), `3:48: api.tokens[0].repositories[0]: "acme/**" is no glob on owner/name (write acme/api, or acme/* for all of an account; * and ? stand for letters within a name)`},
	{"hash twice", token("{name: a, scopes: [read], sha256: "+servedHash+"}") + "    - {name: b, scopes: [read], sha256: " + strings.ToUpper(servedHash) + "}\n", `4:41: api.tokens[1].sha256: the hash is there already, at 3:41 (make a token for each caller)`},
	{"token twice", token("{name: a, scopes: [read], sha256: "+servedHash+"}") + "    - {name: a, scopes: [read], sha256: " + strings.Repeat("ab", 32) + "}\n", `4:14: api.tokens[1].name: there is a token "a" already, at 3:14 (give it another name)`},
}

// beyondServingSchema are those that a schema cannot refuse.
var beyondServingSchema = []string{
	"one site twice",
	"url of the API", "url without TLS", "url of a look-alike", "url with a port too many", "url with letters", "url with an escape",
	"public URL without TLS", "listen at no port", "relative database", "short drain", "short schedule", "small size", "large size", "short memory",
	"enforce backwards", "hook twice", "hook of Docker Hub elsewhere", "hook of GitHub elsewhere", "hook of Amazon elsewhere",
	"hash of nothing", "hash of a line break", "hash twice", "token twice",
}

// All that is wrong is told, not the first.
func TestServerTellsAll(t *testing.T) {
	t.Parallel()
	const src = `
github: {url: github.com, appID: x, privateKey: key}
listen: 80
databse: {}
hooks:
  - {name: A, kind: b, host: c}
api: {tokens: [{}]}
`
	_, _, err := config.LoadServer("f", []byte(src))
	if err == nil {
		t.Fatal("no error")
	}
	var got []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		got = append(got, strings.Join(strings.SplitN(line, ": ", 3)[:2], " "))
	}
	want := []string{
		"f:2:15 github.url", "f:2:34 github.appID", "f:2:49 github.privateKey", "f:3:9 listen", "f:4:1 databse",
		"f:6:12 hooks[0].name", "f:6:21 hooks[0].kind", "f:6:30 hooks[0].host",
		"f:7:16 api.tokens[0]", "f:7:16 api.tokens[0]", "f:7:16 api.tokens[0]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// FuzzLoadServer wants an error with a place for whatever is wrong, and a server
// with bounds for whatever is right.
func FuzzLoadServer(f *testing.F) {
	for _, tests := range [][]struct{ name, src, want string }{brokenServers, brokenServing} {
		for _, test := range tests {
			f.Add([]byte(test.src))
		}
	}
	f.Add([]byte(wholeServer))
	f.Add([]byte(wholeServing))
	f.Fuzz(func(t *testing.T, src []byte) {
		s, _, err := config.LoadServer("f", src)
		if err != nil {
			mustTell(t, err)
			return
		}
		if s.Listen == "" || s.Work.Looks < 1 || s.Work.Deliveries < 1 || s.Work.Drain <= 0 || s.LeastInterval <= 0 || s.Keep.Facts <= 0 {
			t.Errorf("without bounds: %+v", s)
		}
		if err := s.ForServing(); err != nil {
			mustTell(t, err)
		}
	})
}

func mustTell(t *testing.T, err error) {
	t.Helper()
	all, ok := err.(config.Errors) //nolint:errorlint // the error itself is wanted
	if !ok || len(all) == 0 {
		t.Fatalf("error %T: %v", err, err)
	}
	for _, e := range all {
		if e.Line < 1 || e.Column < 1 || e.Message == "" {
			t.Fatalf("error %#v", e)
		}
	}
}
