package config_test

import (
	"crypto/sha256"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner/credentials/grant"
)

// servedHash is the hash of the token "hello".
const servedHash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

// wholeServing is what concerns the running server, with all keys.
const wholeServing = `
version: 1
github:
  url: https://GitHub.acme.lan:8443/
  apiURL: https://api.acme.lan/v3
  graphqlURL: https://api.acme.lan/graphql/
  appID: 12345
  privateKey: {file: /run/secrets/app.pem}
  webhookSecret: {env: WEBHOOK_SECRET}
listen: "127.0.0.1:9000"
publicURL: https://Updates.acme.lan/images/
database: {url: {env: DATABASE_URL}, pollOnly: true}
accounts: [Acme, "@other"]
onboarding: off
work: {looks: 4, lookTimeout: 5m, deliveries: 8, drain: 1m}
schedule: {least: 15m}
log: {level: debug, format: console}
hooks:
  - {name: hub, kind: dockerhub, host: index.docker.io, secret: {env: HUB_HOOK}}
  - {name: harbor-1, kind: harbor, host: "Harbor.acme.lan:8443", secret: {file: /run/secrets/harbor}}
  - {name: google, kind: gar, host: europe-docker.pkg.dev, audience: "https://updates.acme.lan/hooks/registry/google", email: push@acme.iam.gserviceaccount.com}
api:
  tokens:
    - {name: ci, sha256: ` + servedHash + `, accounts: [Acme], repositories: ["Acme/*-prod", acme/api], scopes: [rescan, read]}
    - {name: all, sha256: ` + "0" + `123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF, scopes: [read]}
enforce:
  minAge: 1d
  merge: {auto: false, after: 4h, approvals: 1}
  freeze: [{from: 2026-12-20, to: 2027-01-03, reason: "year end"}]
keep: {facts: 512MiB, decisions: 52w}
changelog:
  sources: {"ghcr.io/acme/**": "https://github.acme.lan/acme/{{ .Image.Name }}"}
  private: true
  sites: [{url: "https://GitHub.com/", token: {env: PUBLIC_TOKEN}}, {url: "https://ghe.acme.lan", accounts: [Acme]}]
`

func TestServing(t *testing.T) {
	t.Parallel()
	got, warnings, err := config.LoadServer("server.yaml", []byte(wholeServing))
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	other := [sha256.Size]byte{}
	for i := range other {
		other[i] = []byte{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef}[i%8]
	}
	want := &config.Server{
		File: "server.yaml",
		GitHub: config.GitHub{
			URL: "https://github.acme.lan:8443", APIURL: "https://api.acme.lan/v3/", GraphQLURL: "https://api.acme.lan/graphql", AppID: 12345,
			PrivateKey: grant.Secret{File: "/run/secrets/app.pem"}, WebhookSecret: grant.Secret{Env: "WEBHOOK_SECRET"},
		},
		Listen: "127.0.0.1:9000", PublicURL: "https://updates.acme.lan/images",
		Database: config.Database{URL: grant.Secret{Env: "DATABASE_URL"}, PollOnly: true},
		Accounts: []string{"acme", "other"},
		Work:     config.Work{Looks: 4, LookTimeout: 5 * time.Minute, Deliveries: 8, Drain: time.Minute}, LeastInterval: 15 * time.Minute,
		Log: config.Log{Level: config.LogDebug, Format: config.LogConsole},
		Hooks: []config.Hook{
			{Name: "hub", Kind: config.HookDockerHub, Host: "docker.io", Secret: grant.Secret{Env: "HUB_HOOK"}},
			{Name: "harbor-1", Kind: config.HookHarbor, Host: "harbor.acme.lan:8443", Secret: grant.Secret{File: "/run/secrets/harbor"}},
			{Name: "google", Kind: config.HookGAR, Host: "europe-docker.pkg.dev", Audience: "https://updates.acme.lan/hooks/registry/google", Email: "push@acme.iam.gserviceaccount.com"},
		},
		Tokens: []config.Token{
			{Name: "ci", SHA256: sha256.Sum256([]byte("hello")), Accounts: []string{"acme"}, Repositories: []string{"acme/*-prod", "acme/api"}, Scopes: []config.Scope{config.ScopeRescan, config.ScopeRead}},
			{Name: "all", SHA256: other, Scopes: []config.Scope{config.ScopeRead}},
		},
		Keep: config.Keep{Facts: 512 << 20, Decisions: 52 * 7 * 24 * time.Hour},
		Changelog: config.ServerChangelog{Private: true, Sites: []config.ChangelogSite{
			{URL: "https://github.com", APIURL: "https://api.github.com/", Token: grant.Secret{Env: "PUBLIC_TOKEN"}},
			{URL: "https://ghe.acme.lan", APIURL: "https://ghe.acme.lan/api/v3/", Accounts: []string{"acme"}},
		}},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreTypes(new(config.Origin), config.Enforcement{}, config.Sources{})); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if at := got.Changelog.Sources.Find(config.Data{Subject: config.Subject{Image: "ghcr.io/acme/team/api"}}); at != "https://github.acme.lan/acme/api" {
		t.Errorf("the source of an image is %q", at)
	}
	if err := got.ForServing(); err != nil {
		t.Error(err)
	}
}

// What the server enforces is bound to a repository's file as what its owner
// enforces is, and the strictest counts.
func TestServerEnforces(t *testing.T) {
	t.Parallel()
	server, _, err := config.LoadServer("server.yaml", []byte(wholeServing))
	if err != nil {
		t.Fatal(err)
	}
	file, _, err := config.Load(t.Context(), config.FileName, []byte("defaults: {minAge: 3d, merge: {auto: true, after: 1h}}\n"), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	bound := file.Bind(config.Enforcement{}, server.Enforce)
	s := bound.Settings(config.Subject{Image: "docker.io/library/nginx", Path: "a.yaml", Format: "helm"}).For("minor")
	if s.Merge.Auto.Value || s.Merge.After.Value.String() != "4h" || s.Merge.Approvals.Value != 1 || s.MinAge.Value.String() != "3d" {
		t.Errorf("%+v, minAge %s", s.Merge, s.MinAge.Value)
	}
	if frozen, _ := bound.Frozen(time.Date(2026, 12, 24, 12, 0, 0, 0, time.UTC)); frozen == nil {
		t.Error("not frozen")
	}
	if where := s.Merge.After.Origin.String(); where != "enforce.merge.after (server.yaml:28)" {
		t.Error(where)
	}
}

func TestServerDefaults(t *testing.T) {
	t.Parallel()
	for _, src := range []string{
		"", "version: 1\n",
		"github:\ndatabase:\nwork:\nschedule:\nlog:\nhooks:\napi:\nenforce:\nkeep:\naccounts: []\n", // headings alone
	} {
		got, warnings, err := config.LoadServer("f", []byte(src))
		if err != nil || len(warnings) > 0 {
			t.Fatal(err, warnings)
		}
		want := &config.Server{
			File:   "f",
			GitHub: config.GitHub{URL: "https://github.com", APIURL: "https://api.github.com/", GraphQLURL: "https://api.github.com/graphql"},
			Listen: ":8080", Onboarding: true,
			Work:          config.Work{Looks: 10, LookTimeout: 10 * time.Minute, Deliveries: 20, Drain: 25 * time.Second},
			LeastInterval: 5 * time.Minute, Log: config.Log{Level: config.LogInfo, Format: config.LogJSON},
			Keep: config.Keep{Facts: 1 << 30, Decisions: 400 * 24 * time.Hour},
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmp.AllowUnexported(config.Enforcement{})); diff != "" {
			t.Errorf("%q: -want +got\n%s", src, diff)
		}
	}
}

func TestServerGitHubAddresses(t *testing.T) {
	t.Parallel()
	for url, want := range map[string][3]string{
		"https://github.com":           {"https://github.com", "https://api.github.com/", "https://api.github.com/graphql"},
		"https://GitHub.com/":          {"https://github.com", "https://api.github.com/", "https://api.github.com/graphql"},
		"https://acme.ghe.com":         {"https://acme.ghe.com", "https://api.acme.ghe.com/", "https://api.acme.ghe.com/graphql"},
		"https://github.acme.lan":      {"https://github.acme.lan", "https://github.acme.lan/api/v3/", "https://github.acme.lan/api/graphql"},
		"https://notgithub.com":        {"https://notgithub.com", "https://notgithub.com/api/v3/", "https://notgithub.com/api/graphql"},
		"https://github.acme.lan:8443": {"https://github.acme.lan:8443", "https://github.acme.lan:8443/api/v3/", "https://github.acme.lan:8443/api/graphql"},
		"http://127.0.0.1:3000":        {"http://127.0.0.1:3000", "http://127.0.0.1:3000/api/v3/", "http://127.0.0.1:3000/api/graphql"},
		"http://localhost:3000/":       {"http://localhost:3000", "http://localhost:3000/api/v3/", "http://localhost:3000/api/graphql"},
		"http://[::1]:3000":            {"http://[::1]:3000", "http://[::1]:3000/api/v3/", "http://[::1]:3000/api/graphql"},
	} {
		s, _, err := config.LoadServer("f", []byte("github: {url: '"+url+"'}\n"))
		if err != nil {
			t.Error(err)
			continue
		}
		if got := [3]string{s.GitHub.URL, s.GitHub.APIURL, s.GitHub.GraphQLURL}; got != want {
			t.Errorf("%s: %v", url, got)
		}
	}
}

// What is missing is told all at once, at the section it belongs to, and with
// what to write.
func TestServerNeeds(t *testing.T) {
	t.Parallel()
	const (
		app      = "github.appID: nothing says which App this is (write appID: 12345 below github, the App ID on the settings page of the App)"
		key      = "github.privateKey: without it nobody could act as the App (write privateKey: {file: /run/secrets/app.pem} or privateKey: {env: NAME})"
		webhook  = "github.webhookSecret: without it nobody could tell GitHub's webhooks from others (write webhookSecret: {env: NAME} or webhookSecret: {file: /path}, the secret on the settings page of the App)"
		database = "database: nothing says where the state is kept (write database: {file: /var/lib/imageupdater/state.db}, or database: {url: {env: DATABASE_URL}} for several replicas)"
	)
	for name, test := range map[string]struct {
		src              string
		serving, running []string
	}{
		"nothing":  {"", []string{"1:1: " + app, "1:1: " + key, "1:1: " + webhook, "1:1: " + database}, []string{"1:1: " + app, "1:1: " + key}},
		"headings": {"github:\ndatabase:\n", []string{"1:1: " + app, "1:1: " + key, "1:1: " + webhook, "1:1: " + database}, []string{"1:1: " + app, "1:1: " + key}},
		"sections": {
			"\ngithub: {url: https://github.acme.lan}\ndatabase:\n  pollOnly: true\n",
			[]string{"2:9: " + app, "2:9: " + key, "2:9: " + webhook, "4:3: " + database},
			[]string{"2:9: " + app, "2:9: " + key},
		},
		"no webhook secret": {
			"database: {file: /state.db}\ngithub: {appID: 1, privateKey: {env: KEY}}\n",
			[]string{"2:9: " + webhook},
			nil,
		},
		"all": {"database: {file: /state.db}\ngithub: {appID: 1, privateKey: {env: KEY}, webhookSecret: {env: SECRET}}\n", nil, nil},
	} {
		s, _, err := config.LoadServer("f", []byte(test.src))
		if err != nil {
			t.Fatal(name, err)
		}
		mustMiss(t, name+", serving", test.serving, s.ForServing())
		mustMiss(t, name+", running", test.running, s.ForRunning())
	}
}

func mustMiss(t *testing.T, name string, want []string, err error) {
	t.Helper()
	var got []string
	if all, ok := errors.AsType[config.Errors](err); ok {
		for _, one := range all {
			got = append(got, strings.TrimPrefix(one.Error(), "f:"))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || (err == nil) != (want == nil) {
		t.Errorf("%s: -want +got\n%s", name, diff)
	}
}

func TestTokenAllows(t *testing.T) {
	t.Parallel()
	tokens := func(scope string) config.Token {
		s, _, err := config.LoadServer("f", []byte("api: {tokens: [{name: a, sha256: "+servedHash+", "+scope+"}]}\n"))
		if err != nil {
			t.Fatal(err)
		}
		return s.Tokens[0]
	}
	for _, test := range []struct {
		token      string
		scope      config.Scope
		repository string
		want       bool
	}{
		{"scopes: [rescan]", config.ScopeRescan, "acme/api", true},
		{"scopes: [rescan]", config.ScopeRead, "acme/api", false},
		{"scopes: [rescan]", config.ScopeRescan, "acme", false},
		{"scopes: [rescan]", config.ScopeRescan, "", false},
		{"scopes: [rescan]", config.ScopeRescan, "/api", false},
		{"scopes: [read], accounts: [Acme]", config.ScopeRead, "acmE/api", true},
		{"scopes: [read], accounts: [Acme]", config.ScopeRead, "acme2/api", false},
		{"scopes: [read], repositories: [Acme/*]", config.ScopeRead, "acme/API", true},
		{"scopes: [read], repositories: [acme/*]", config.ScopeRead, "acme/a/b", false},
		{"scopes: [read], repositories: ['*/deploy-?']", config.ScopeRead, "other/deploy-1", true},
		{"scopes: [read], repositories: [acme/api]", config.ScopeRead, "acme/api2", false},
		{"scopes: [read], accounts: [acme], repositories: ['*/api']", config.ScopeRead, "other/api", false},
	} {
		token := tokens(test.token)
		if got := token.Allows(test.scope, test.repository); got != test.want {
			t.Errorf("{%s} for %s of %q: %t", test.token, test.scope, test.repository, got)
		}
	}
}

// The example that operators begin with serves as it is.
func TestServerExample(t *testing.T) {
	t.Parallel()
	const file = "../deploy/server.example.yaml"
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s, warnings, err := config.LoadServer(file, src)
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	if err := s.ForServing(); err != nil {
		t.Error(err)
	}
	_, schema := serverSchema(t)
	if err := validate(schema, string(src)); err != nil {
		t.Error(err)
	}
}
