package credentials_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/scanner/credentials"
	"github.com/imageupdater/imageupdater/scanner/credentials/grant"
	"github.com/imageupdater/imageupdater/scanner/image"
)

func password(host, path, user string, installations ...string) grant.Grant {
	return grant.Grant{
		Host: host, Path: path, Kind: grant.Password, Username: user, Installations: installations,
		Secret: grant.Secret{Env: "PASSWORD"},
	}
}

func TestWhichGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.set("PASSWORD", planted+"\n")
	chains := w.chains(
		password("registry.lan:5000", "", "all"),
		password("registry.lan:5000", "team-a", "a"),
		password("registry.lan:5000", "team-a/inner/app", "app"),
		password("registry.lan:5000", "team-a", "second"),
		password("registry.lan:5000", "team-b", "b", "Acme"),
		password("quay.io", "acme", "quay", "acme", "other"),
		password("docker.io", "", "hub"),
	)
	for _, test := range []struct{ repo, account, want string }{
		{"registry.lan:5000/x", "", "all"},
		{"registry.lan:5000/team-a", "", "a"},
		{"registry.lan:5000/team-a/web", "acme", "a"},
		{"registry.lan:5000/team-ab/web", "", "all"},
		{"registry.lan:5000/team", "", "all"},
		{"registry.lan:5000/x/team-a", "", "all"},
		{"registry.lan:5000/team-a/inner", "", "a"},
		{"registry.lan:5000/team-a/inner/app", "", "app"},
		{"registry.lan:5000/team-a/inner/app/sub", "", "app"},
		{"registry.lan:5000/team-a/inner/apps", "", "a"},
		{"registry.lan:5000/team-b/x", "acme", "b"},
		{"registry.lan:5000/team-b/x", "ACME", "b"},
		{"registry.lan:5000/team-b/x", "acm", "all"},
		{"registry.lan:5000/team-b/x", "", "all"},
		{"quay.io/acme/x", "other", "quay"},
		{"quay.io/acme/x", "third", ""},
		{"quay.io/acme/x", "", ""},
		{"quay.io/other/x", "acme", ""},
		{"quay.io/acmeo/x", "acme", ""},
		{"docker.io/nginx", "", "hub"},
		{"index.docker.io/acme/x", "", "hub"},
		{"registry-1.docker.io/acme/x", "", "hub"},
		{"ghcr.io/acme/x", "", ""},
	} {
		want := "anonymous"
		if test.want != "" {
			want = test.want + ":" + planted
		}
		if got := shown(t, chains.ForInstallation(test.account), test.repo); got != want {
			t.Errorf("%s for %q: %s, want %s", test.repo, test.account, got, want)
		}
	}
}

// lookalikes are hosts that are not the one that they look like.
func lookalikes(host string) []string {
	name, port, hasPort := strings.Cut(host, ":")
	all := []string{
		name + ".evil.com", "evil" + name, "evil-" + name, "evil." + name, name + ".", name + ":443", name + ":5001", name + ":80",
		"user@" + name, "user:x@" + host, host + "@evil.com", name + "%2eevil.com", strings.Replace(name, ".", "-", 1), strings.Replace(name, ".", "", 1),
		strings.Replace(name, "a", "а", 1), "xn--" + name, name + "\x00.evil.com", name + " ", " " + name, "[" + name + "]", "https://" + host, name + "/..",
	}
	if hasPort {
		all = append(all, name, name+":"+port+"0", name+":0"+port)
	}
	return slices.DeleteFunc(all, func(other string) bool { return other == host })
}

// kinds has a grant of each kind that would work, for a host of its own.
func kinds(t *testing.T, w *world) []grant.Grant {
	t.Helper()
	w.set("PASSWORD", planted)
	secret := grant.Secret{Env: "PASSWORD"}
	hosts := []string{"registry.lan:5000", "ghcr.io", "gcr.io", "acmeprod.azurecr.io", "123456789012.dkr.ecr.eu-central-1.amazonaws.com", "europe-docker.pkg.dev", "docker.io"}
	auths := make([]string, len(hosts))
	for i, host := range hosts {
		auths[i] = `"` + host + `": {"username": "u", "password": "` + planted + `"}`
	}
	file := w.write(filepath.Join(t.TempDir(), "config.json"), `{"auths": {`+strings.Join(auths, ",")+`}}`)
	program := w.script(filepath.Join(t.TempDir(), "get"), "echo u:"+planted)
	var all []grant.Grant
	for _, host := range hosts {
		all = append(all,
			grant.Grant{Host: host, Kind: grant.Password, Username: "u", Secret: secret},
			grant.Grant{Host: host, Kind: grant.IdentityToken, Secret: secret},
			grant.Grant{Host: host, Kind: grant.BearerToken, Secret: secret},
			grant.Grant{Host: host, Kind: grant.DockerConfig, File: file},
			grant.Grant{Host: host, Kind: grant.Program, Exec: grant.Exec{Command: []string{program}}},
		)
	}
	return append(all,
		grant.Grant{Host: "ghcr.io", Kind: grant.GitHubToken, Secret: secret},
		grant.Grant{Host: "ghcr.io", Kind: grant.GitHubApp},
		grant.Grant{Host: "123456789012.dkr.ecr.eu-central-1.amazonaws.com", Kind: grant.ECR},
		grant.Grant{Host: "public.ecr.aws", Kind: grant.ECR},
		grant.Grant{Host: "gcr.io", Kind: grant.GAR},
		grant.Grant{Host: "europe-docker.pkg.dev", Kind: grant.GAR},
		grant.Grant{Host: "acmeprod.azurecr.io", Kind: grant.ACR},
	)
}

// No secret of any kind goes to a host that looks like the one it is for.
func TestLookalikeHosts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, g := range kinds(t, w) {
		chain := w.chains(g).ForInstallation("acme")
		for _, host := range lookalikes(g.Host) {
			// As a parser that knew no better would hand it over.
			credential, err := chain.For(t.Context(), image.Repository{Registry: host, Path: "acme/app"})
			if err != nil || credential.Authenticator != nil || credential.Identity != "" {
				t.Errorf("%s of %s: %q gets %v, %v", g.Kind, g.Host, host, credential, err)
			}
		}
	}
}

// Even an operator cannot send what opens more than a registry elsewhere.
func TestKindsAtHome(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, g := range kinds(t, w) {
		if fits, _ := g.Kind.Fits(g.Host); !fits {
			t.Errorf("%s does not fit %s", g.Kind, g.Host)
		}
		if fits, _ := g.Kind.Fits("registry.lan:5000"); fits {
			continue // a kind for all hosts
		}
		for _, host := range append(lookalikes(g.Host), "evil.com", "", "localhost", strings.ToUpper(g.Host)) {
			if strings.HasPrefix(host, "evil-") || strings.HasPrefix(host, "evil.gcr.io") || strings.HasPrefix(host, "evilacmeprod") ||
				host == "evil"+g.Host && (g.Kind == grant.GAR || g.Kind == grant.ACR) || strings.HasPrefix(host, "xn--") && !strings.HasSuffix(host, "amazonaws.com") {
				continue // another registry of the same company
			}
			other := g
			other.Host = host
			_, err := w.chains(other).ForInstallation("acme").For(t.Context(), image.Repository{Registry: host, Path: "acme/app"})
			bad, ok := errors.AsType[*credentials.Unusable](err)
			if !ok || !strings.Contains(bad.What, "never sent to another host") {
				t.Errorf("%s goes to %q: %v", g.Kind, host, err)
			}
		}
	}
}

func TestIdentities(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.set("PASSWORD", planted)
	grants := []grant.Grant{
		password("a.lan", "", "u"),
		password("a.lan", "x", "u"),
		password("a.lan", "y", "v"),
		{Host: "a.lan", Path: "z", Kind: grant.IdentityToken, Secret: grant.Secret{Env: "PASSWORD"}},
		{Host: "ghcr.io", Kind: grant.GitHubApp},
	}
	env := w.env()
	env.InstallationToken = func(context.Context, string) (string, time.Time, error) { return planted, start.Add(time.Hour), nil }
	chain := credentials.New(grants, env).ForInstallation("acme")
	seen := map[string]bool{}
	for _, name := range []string{"a.lan/q", "a.lan/x", "a.lan/y", "a.lan/z", "ghcr.io/q"} {
		seen[identityOf(t, chain, name)] = true
	}
	if len(seen) != 5 || seen[""] {
		t.Errorf("not apart: %v", seen)
	}
	other := credentials.New(grants, env).ForInstallation("Other")
	slices.Reverse(grants)
	again := credentials.New(grants, env).ForInstallation("ACME")
	for _, name := range []string{"a.lan/q", "a.lan/z", "ghcr.io/q"} {
		if first, second := identityOf(t, chain, name), identityOf(t, again, name); first != second {
			t.Errorf("%s: the order matters: %s, %s", name, first, second)
		}
	}
	if identityOf(t, chain, "a.lan/q") != identityOf(t, other, "a.lan/q") {
		t.Error("one secret has two identities")
	}
	if identityOf(t, chain, "ghcr.io/q") == identityOf(t, other, "ghcr.io/q") {
		t.Error("two installations share an identity")
	}
	mustHide(t, chain, other, grants)
}

func TestSecretsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dir := t.TempDir()
	file := func(name, text string) grant.Secret {
		return grant.Secret{File: w.write(filepath.Join(dir, name), text)}
	}
	w.set("TOKEN", planted+"\r\n")
	w.set("BLANK", "\n")
	for name, test := range map[string]struct {
		kind   grant.Kind
		secret grant.Secret
		want   string
	}{
		"file":           {grant.Password, file("a", planted+"\n"), "u:" + planted},
		"two breaks":     {grant.Password, file("b", planted+"\n\n"), "u:" + planted + "\n"},
		"lines":          {grant.Password, file("c", "{\n "+planted+"\n}"), "u:{\n " + planted + "\n}"},
		"environment":    {grant.Password, grant.Secret{Env: "TOKEN"}, "u:" + planted},
		"identity token": {grant.IdentityToken, grant.Secret{Env: "TOKEN"}, "identity " + planted},
		"bearer token":   {grant.BearerToken, grant.Secret{Env: "TOKEN"}, "bearer " + planted},
		"github token":   {grant.GitHubToken, grant.Secret{Env: "TOKEN"}, "u:" + planted},
		"not set":        {grant.Password, grant.Secret{Env: "MISSING"}, "the environment variable MISSING is not set, or empty"},
		"blank":          {grant.Password, grant.Secret{Env: "BLANK"}, "the environment variable BLANK is not set, or empty"},
		"empty file":     {grant.Password, file("d", "\n"), "the file " + dir + "/d is empty"},
		"no file":        {grant.Password, grant.Secret{File: dir + "/no"}, "the file " + dir + "/no: it does not exist"},
		"a folder":       {grant.Password, grant.Secret{File: dir}, "the file " + dir + ": it is no regular file"},
		"too large":      {grant.Password, file("e", strings.Repeat(planted, 20_000)), "the file " + dir + "/e: no secret is larger than 64 KiB"},
		"far too large":  {grant.Password, file("f", strings.Repeat(planted, 200_000)), "the file " + dir + "/f: it is larger than 1024 KiB"},
		"token in lines": {grant.BearerToken, file("g", planted+"\nx"), "the token holds a blank or a line break: it must be the token alone"},
	} {
		g := grant.Grant{Host: "ghcr.io", Kind: test.kind, Username: "u", Secret: test.secret, Where: "server.yaml:7"}
		want := test.want
		if !strings.Contains(want, planted) {
			want = "the credentials for ghcr.io cannot be used: " + want + " (server.yaml:7)"
		}
		if got := shown(t, w.chains(g).ForInstallation(""), "ghcr.io/acme/x"); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// What an operator writes anew is used without a start, also by those who were
// given credentials before.
func TestRotation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.write(filepath.Join(t.TempDir(), "token"), planted+"1")
	g := grant.Grant{Host: "a.lan", Kind: grant.Password, Username: "u", Secret: grant.Secret{File: path}}
	chain := w.chains(g).ForInstallation("")
	credential, err := chain.For(t.Context(), repo(t, "a.lan/x"))
	if err != nil {
		t.Fatal(err)
	}
	if invalidate(t.Context(), t, credential) {
		t.Error("there is another login already")
	}
	w.write(path, planted+"2") // of the same length
	w.pass(10 * time.Second)
	if !invalidate(t.Context(), t, credential) {
		t.Error("the new secret is not found")
	}
	if got := plain(t, credential); got != "u:"+planted+"2" {
		t.Error(got)
	}
	w.write(path, planted+"3")
	w.pass(10 * time.Second)
	if got := plain(t, credential); got != "u:"+planted+"3" {
		t.Error(got)
	}
	w.write(path, "")
	w.pass(10 * time.Second)
	if got := shown(t, chain, "a.lan/x"); !strings.Contains(got, "is empty") {
		t.Error(got)
	}
	w.write(path, planted+"4")
	w.pass(10 * time.Second)
	if got := shown(t, chain, "a.lan/x"); got != "u:"+planted+"4" {
		t.Error(got)
	}
}

// app stands for the App: it gives tokens by number, or fails.
type app struct {
	mu     sync.Mutex
	calls  map[string]int
	fails  error
	begun  chan struct{}
	finish chan struct{}
	life   time.Duration
	now    func() time.Time
}

func (a *app) token(_ context.Context, account string) (string, time.Time, error) {
	a.mu.Lock()
	if a.calls == nil {
		a.calls = map[string]int{}
	}
	a.calls[account]++
	n, err := a.calls[account], a.fails
	a.mu.Unlock()
	if a.begun != nil {
		a.begun <- struct{}{}
		<-a.finish
	}
	return planted + account + strings.Repeat("I", n), a.now().Add(a.life), err
}

func (a *app) fail(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fails = err
}

// count is how many tokens acme was given.
func (a *app) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.calls["acme"]
}

func (w *world) app() (*app, *credentials.Keychains) {
	env := w.env()
	a := &app{now: env.Now, life: time.Hour}
	env.InstallationToken = a.token
	return a, credentials.New([]grant.Grant{{Host: "ghcr.io", Kind: grant.GitHubApp}}, env)
}

func TestRefreshedBeforeExpiry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, chains := w.app()
	chain := chains.ForInstallation("acme")
	want := func(text string) {
		t.Helper()
		if got := shown(t, chain, "ghcr.io/acme/x"); got != text {
			t.Errorf("%s, want %s", got, text)
		}
	}
	first, second := "x-access-token:"+planted+"acmeI", "x-access-token:"+planted+"acmeII"
	want(first)
	w.pass(47 * time.Minute)
	want(first)
	w.pass(2 * time.Minute) // beyond four fifths
	want(second)
	want(second)
	if n := a.count(); n != 2 {
		t.Errorf("%d tokens", n)
	}
	// GitHub is down: the token is used until it expires, and asked for now and
	// then alone.
	a.fail(errors.New("no: " + planted))
	w.pass(50 * time.Minute)
	want(second)
	want(second)
	if n := a.count(); n != 3 {
		t.Errorf("%d tokens", n)
	}
	w.pass(time.Minute)
	want(second)
	if n := a.count(); n != 4 {
		t.Errorf("%d tokens", n)
	}
	w.pass(10 * time.Minute)
	const lost = "the credentials for ghcr.io cannot be used: GitHub gave no installation token for acme: is the App installed there, and may it read packages?"
	want(lost)
	want(lost)
	if n := a.count(); n != 5 {
		t.Errorf("%d tokens", n)
	}
	a.fail(nil)
	w.pass(time.Minute)
	want("x-access-token:" + planted + "acmeIIIIII")
}

func TestOneFetchForAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, chains := w.app()
	a.begun, a.finish = make(chan struct{}), make(chan struct{})
	var wait sync.WaitGroup
	impatient, cancel := context.WithCancel(t.Context())
	left := make(chan error, 1)
	wait.Go(func() {
		_, err := chains.ForInstallation("acme").For(impatient, repo(t, "ghcr.io/acme/x"))
		left <- err
	})
	<-a.begun
	for range 20 {
		wait.Go(func() {
			if got := shown(t, chains.ForInstallation("acme"), "ghcr.io/acme/y"); got != "x-access-token:"+planted+"acmeI" {
				t.Error(got)
			}
		})
	}
	// The one who asked first leaves; the others get what it asked for.
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	a.finish <- struct{}{}
	wait.Wait()
	if n := a.count(); n != 1 {
		t.Errorf("%d tokens", n)
	}
}

func TestInvalidate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, chains := w.app()
	both := make([]func() bool, 2)
	for i := range both {
		credential, err := chains.ForInstallation("acme").For(t.Context(), repo(t, "ghcr.io/acme/x"))
		if err != nil {
			t.Fatal(err)
		}
		both[i] = func() bool { return invalidate(t.Context(), t, credential) }
	}
	if both[0]() || a.count() != 1 {
		t.Error("a token that is new is asked for again")
	}
	w.pass(10 * time.Minute)
	if !both[0]() || a.count() != 2 {
		t.Error("an old token is not replaced")
	}
	// The other one was refused with the old token too.
	if !both[1]() || a.count() != 2 {
		t.Errorf("%d tokens", a.count())
	}
	a.fail(errors.New("no"))
	w.pass(10 * time.Minute)
	credential, err := chains.ForInstallation("acme").For(t.Context(), repo(t, "ghcr.io/acme/x"))
	if err != nil || invalidate(t.Context(), t, credential) {
		t.Errorf("there is no other token: %v", err)
	}
}

func TestAppNeedsAnAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, chains := w.app()
	for want, chain := range map[string]*credentials.Keychain{
		"belongs to an account":     chains.ForInstallation(""),
		"works in the server alone": w.chains(grant.Grant{Host: "ghcr.io", Kind: grant.GitHubApp}).ForInstallation("acme"),
	} {
		if got := shown(t, chain, "ghcr.io/acme/x"); !strings.Contains(got, want) {
			t.Error(got)
		}
	}
}

func TestExpiredOnArrival(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, chains := w.app()
	a.life = -time.Second
	if got := shown(t, chains.ForInstallation("acme"), "ghcr.io/acme/x"); !strings.Contains(got, "expired already") {
		t.Error(got)
	}
}
