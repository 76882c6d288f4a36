package credentials_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/scanner/credentials"
	"github.com/imageupdater/imageupdater/scanner/credentials/grant"
)

func auth(user, password string) string {
	return base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
}

func (w *world) docker(text string, hosts ...string) (*credentials.Keychain, string) {
	w.t.Helper()
	path := w.write(filepath.Join(w.t.TempDir(), "config.json"), text)
	var grants []grant.Grant
	for _, host := range hosts {
		grants = append(grants, grant.Grant{Host: host, Kind: grant.DockerConfig, File: path})
	}
	return w.chains(grants...).ForInstallation(""), path
}

func TestDockerConfig(t *testing.T) {
	t.Parallel()
	const p = planted
	for name, test := range map[string]struct{ text, repo, want string }{
		"auth":                  {`{"auths": {"ghcr.io": {"auth": "` + auth("u", p) + `"}}}`, "ghcr.io/a/b", "u:" + p},
		"auth without padding":  {`{"auths": {"ghcr.io": {"auth": "` + strings.TrimRight(auth("us", p), "=") + `"}}}`, "ghcr.io/a/b", "us:" + p},
		"auth with zeroes":      {`{"auths": {"ghcr.io": {"auth": "` + auth("u", p+"\x00\x00") + `"}}}`, "ghcr.io/a/b", "u:" + p},
		"colons in a password":  {`{"auths": {"ghcr.io": {"auth": "` + auth("u", p+":x") + `"}}}`, "ghcr.io/a/b", "u:" + p + ":x"},
		"user and password":     {`{"auths": {"ghcr.io": {"username": "u", "password": "` + p + `"}}}`, "ghcr.io/a/b", "u:" + p},
		"identity token":        {`{"auths": {"ghcr.io": {"auth": "` + auth("u", "") + `", "identitytoken": "` + p + `"}}}`, "ghcr.io/a/b", "identity " + p},
		"registry token":        {`{"auths": {"ghcr.io": {"registrytoken": "` + p + `"}}}`, "ghcr.io/a/b", "bearer " + p},
		"URL":                   {`{"auths": {"https://ghcr.io": {"username": "u", "password": "` + p + `"}}}`, "ghcr.io/a/b", "u:" + p},
		"URL of old":            {`{"auths": {"https://ghcr.io/v2/": {"username": "u", "password": "` + p + `"}}}`, "ghcr.io/a/b", "u:" + p},
		"upper case":            {`{"auths": {"GHCR.IO": {"username": "u", "password": "` + p + `"}}}`, "ghcr.io/a/b", "u:" + p},
		"Docker Hub":            {`{"auths": {"https://index.docker.io/v1/": {"username": "u", "password": "` + p + `"}}}`, "docker.io/nginx", "u:" + p},
		"Docker Hub, short":     {`{"auths": {"docker.io": {"username": "u", "password": "` + p + `"}}}`, "docker.io/nginx", "u:" + p},
		"Docker Hub's tokens":   {`{"auths": {"https://index.docker.io/v1/access-token": {"username": "x", "password": "x"}, "https://index.docker.io/v1/": {"username": "u", "password": "` + p + `"}}}`, "docker.io/nginx", "u:" + p},
		"port":                  {`{"auths": {"a.lan:5000": {"username": "u", "password": "` + p + `"}, "a.lan": {"username": "x", "password": "x"}}}`, "a.lan:5000/b", "u:" + p},
		"podman's folder":       {`{"auths": {"ghcr.io/a": {"username": "u", "password": "` + p + `"}, "ghcr.io": {"username": "x", "password": "x"}}}`, "ghcr.io/a/b", "u:" + p},
		"another folder":        {`{"auths": {"ghcr.io/a": {"username": "x", "password": "x"}, "ghcr.io": {"username": "u", "password": "` + p + `"}}}`, "ghcr.io/ab/c", "u:" + p},
		"only another folder":   {`{"auths": {"ghcr.io/a": {"username": "x", "password": "` + p + `"}}}`, "ghcr.io/ab/c", "!has no entry for ghcr.io"},
		"another port":          {`{"auths": {"a.lan:5001": {"username": "x", "password": "` + p + `"}}}`, "a.lan:5000/b", "!has no entry for a.lan:5000"},
		"no port":               {`{"auths": {"a.lan": {"username": "x", "password": "` + p + `"}}}`, "a.lan:5000/b", "!has no entry for a.lan:5000"},
		"user in the key":       {`{"auths": {"https://x@ghcr.io": {"username": "x", "password": "` + p + `"}}}`, "ghcr.io/a/b", "!has no entry for ghcr.io"},
		"a dot at the end":      {`{"auths": {"ghcr.io.": {"username": "x", "password": "` + p + `"}}}`, "ghcr.io/a/b", "!has no entry for ghcr.io"},
		"a longer host":         {`{"auths": {"ghcr.io.evil": {"username": "x", "password": "` + p + `"}, "xghcr.io": {"username": "x", "password": "` + p + `"}}}`, "ghcr.io/a/b", "!has no entry for ghcr.io"},
		"no host":               {`{"auths": {"": {"username": "x", "password": "` + p + `"}, "/a": {"username": "x", "password": "` + p + `"}}}`, "docker.io/a/b", "!has no entry for docker.io"},
		"empty entry":           {`{"auths": {"ghcr.io": {}}}`, "ghcr.io/a/b", "!has no entry for ghcr.io"},
		"no entries":            {`{}`, "ghcr.io/a/b", "!has no entry for ghcr.io"},
		"bad base64":            {`{"auths": {"ghcr.io": {"auth": "` + p + `!"}}}`, "ghcr.io/a/b", `!entry "ghcr.io": auth must be base64 of user:password`},
		"base64 without user":   {`{"auths": {"ghcr.io": {"auth": "` + base64.StdEncoding.EncodeToString([]byte(p)) + `"}}}`, "ghcr.io/a/b", `!entry "ghcr.io": auth must be base64 of user:password`},
		"user without password": {`{"auths": {"ghcr.io": {"username": "u"}}}`, "ghcr.io/a/b", `!entry "ghcr.io": there is no password and no token`},
		"password alone":        {`{"auths": {"ghcr.io": {"password": "` + p + `"}}}`, "ghcr.io/a/b", `!entry "ghcr.io": there is a password without a user name`},
		"no JSON":               {`auths: ` + p, "ghcr.io/a/b", "!is no Docker configuration"},
		"JSON of another shape": {`{"auths": {"ghcr.io": "` + p + `"}}`, "ghcr.io/a/b", "!is no Docker configuration"},
		"empty":                 {``, "ghcr.io/a/b", "!is no Docker configuration"},
	} {
		w := newWorld(t)
		host, _, _ := strings.Cut(test.repo, "/")
		chain, _ := w.docker(test.text, host)
		got := shown(t, chain, test.repo)
		if wrong, isError := strings.CutPrefix(test.want, "!"); isError && !strings.Contains(got, wrong) || !isError && got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestDockerConfigChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	chain, path := w.docker(`{"auths": {"ghcr.io": {"username": "u", "password": "`+planted+`1"}}}`, "ghcr.io")
	credential, err := chain.For(t.Context(), repo(t, "ghcr.io/a/b"))
	if err != nil {
		t.Fatal(err)
	}
	w.write(path, `{"auths": {"ghcr.io": {"username": "u", "password": "`+planted+`2"}}}`)
	w.pass(10 * time.Second)
	if got := plain(t, credential); got != "u:"+planted+"2" {
		t.Error(got)
	}
	if got := identityOf(t, chain, "ghcr.io/a/b"); got != credential.Identity {
		t.Errorf("another password is another identity: %s, %s", got, credential.Identity)
	}
	w.write(path, `{"auths": {"ghcr.io": {"username": "v", "password": "`+planted+`2"}}}`)
	if got := identityOf(t, chain, "ghcr.io/a/b"); got == credential.Identity {
		t.Error("another account has the same identity")
	}
	// Kubernetes changes a secret by moving a link.
	next := w.write(filepath.Join(t.TempDir(), "next.json"), `{"auths": {"ghcr.io": {"username": "v", "password": "`+planted+`3"}}}`)
	if err := os.Rename(next, path); err != nil {
		t.Fatal(err)
	}
	w.pass(10 * time.Second)
	if got := shown(t, chain, "ghcr.io/a/b"); got != "v:"+planted+"3" {
		t.Error(got)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got := shown(t, chain, "ghcr.io/a/b"); !strings.Contains(got, "does not exist") {
		t.Error(got)
	}
}

// helpers puts credential helpers into PATH.
func (w *world) helpers(bodies map[string]string) string {
	w.t.Helper()
	dir := w.t.TempDir()
	for name, body := range bodies {
		w.script(filepath.Join(dir, "docker-credential-"+name), body)
	}
	w.set("PATH", "relative:"+filepath.Join(dir, "no")+":"+dir)
	return dir
}

const notFound = `echo "credentials not found in native keychain"; exit 1`

func TestCredentialHelpers(t *testing.T) {
	t.Parallel()
	bodies := map[string]string{
		"good":   `[ "$1" = get ] || exit 2; read host; echo "{\"ServerURL\":\"$host\",\"Username\":\"$host\",\"Secret\":\"` + planted + `\"}"`,
		"token":  `echo '{"Username":"<token>","Secret":"` + planted + `"}'`,
		"lost":   notFound,
		"broken": `echo "` + planted + `"; echo "` + planted + `" >&2; exit 3`,
		"noJSON": `echo "` + planted + `"`,
		"empty":  `echo '{"Username":"u","Secret":""}'`,
	}
	const own = `{"username": "own", "password": "` + planted + `"}`
	for name, test := range map[string]struct{ text, repo, want string }{
		"by host":             {`{"credHelpers": {"ghcr.io": "good"}}`, "ghcr.io/a", "ghcr.io:" + planted},
		"by host, Docker Hub": {`{"credHelpers": {"docker.io": "lost", "https://index.docker.io/v1/": "lost"}, "credsStore": "good"}`, "docker.io/a", "!log in first"},
		"store":               {`{"credsStore": "token"}`, "ghcr.io/a", "identity " + planted},
		"store, Docker Hub":   {`{"credsStore": "broken", "credHelpers": {"index.docker.io": "token"}}`, "docker.io/a", "identity " + planted},
		"host before store":   {`{"credHelpers": {"ghcr.io": "token"}, "credsStore": "good", "auths": {"ghcr.io": ` + own + `}}`, "ghcr.io/a", "identity " + planted},
		"another host":        {`{"credHelpers": {"quay.io": "broken", "ghcr.io.": "broken"}, "auths": {"ghcr.io": ` + own + `}}`, "ghcr.io/a", "own:" + planted},
		"store, then entry":   {`{"credsStore": "lost", "auths": {"ghcr.io": ` + own + `}}`, "ghcr.io/a", "own:" + planted},
		"store has none":      {`{"credsStore": "lost", "auths": {"ghcr.io": {}}}`, "ghcr.io/a", "!docker-credential-lost has no credentials for ghcr.io: log in first"},
		"broken":              {`{"credsStore": "broken", "auths": {"ghcr.io": ` + own + `}}`, "ghcr.io/a", "!docker-credential-broken ended with exit status 3: run it by hand to see why"},
		"no JSON":             {`{"credHelpers": {"ghcr.io": "noJSON"}}`, "ghcr.io/a", "!docker-credential-noJSON prints no valid JSON"},
		"empty":               {`{"credHelpers": {"ghcr.io": "empty"}}`, "ghcr.io/a", "!there is no password and no token"},
		"missing":             {`{"credHelpers": {"ghcr.io": "missing"}}`, "ghcr.io/a", "!the program docker-credential-missing is not in PATH"},
		"path":                {`{"credHelpers": {"ghcr.io": "../x/good"}}`, "ghcr.io/a", "!which is no name"},
	} {
		w := newWorld(t)
		w.helpers(bodies)
		host, _, _ := strings.Cut(test.repo, "/")
		chain, _ := w.docker(test.text, host)
		got := shown(t, chain, test.repo)
		if wrong, isError := strings.CutPrefix(test.want, "!"); isError && !strings.Contains(got, wrong) || !isError && got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestHelperIsAskedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dir := w.helpers(map[string]string{"good": `echo '{"Username":"u","Secret":"` + planted + `"}'`, "lost": notFound})
	chain, _ := w.docker(`{"credHelpers": {"ghcr.io": "good", "quay.io": "lost"}}`, "ghcr.io", "quay.io")
	for range 5 {
		shown(t, chain, "ghcr.io/a")
		shown(t, chain, "ghcr.io/b")
		shown(t, chain, "quay.io/b")
	}
	if good, lost := w.starts(dir+"/docker-credential-good"), w.starts(dir+"/docker-credential-lost"); good != 1 || lost != 1 {
		t.Errorf("started %d and %d times", good, lost)
	}
	w.pass(5 * time.Minute)
	shown(t, chain, "ghcr.io/a")
	if n := w.starts(dir + "/docker-credential-good"); n != 2 {
		t.Errorf("started %d times", n)
	}
}

func TestUser(t *testing.T) {
	t.Parallel()
	entry := func(host, user string) string {
		return `{"auths": {"` + host + `": {"username": "` + user + `", "password": "` + planted + `"}}}`
	}
	const set = "ghcr.io/a/b"
	for name, test := range map[string]struct {
		files map[string]string // below the folder of the test
		vars  map[string]string
		want  string
	}{
		"nothing":                 {nil, nil, "anonymous"},
		"Docker":                  {map[string]string{"home/.docker/config.json": entry("ghcr.io", "d")}, nil, "d:" + planted},
		"Docker elsewhere":        {map[string]string{"home/.docker/config.json": entry("ghcr.io", "d"), "x/config.json": entry("ghcr.io", "x")}, map[string]string{"DOCKER_CONFIG": "x"}, "x:" + planted},
		"Docker elsewhere, alone": {map[string]string{"home/.docker/config.json": entry("ghcr.io", "d")}, map[string]string{"DOCKER_CONFIG": "x"}, "anonymous"},
		"podman":                  {map[string]string{"home/.config/containers/auth.json": entry("ghcr.io", "p")}, nil, "p:" + planted},
		"podman's run time":       {map[string]string{"run/containers/auth.json": entry("ghcr.io", "r"), "home/.config/containers/auth.json": entry("ghcr.io", "p")}, map[string]string{"XDG_RUNTIME_DIR": "run"}, "r:" + planted},
		"podman's configuration":  {map[string]string{"cfg/containers/auth.json": entry("ghcr.io", "c")}, map[string]string{"XDG_CONFIG_HOME": "cfg"}, "c:" + planted},
		"podman elsewhere":        {map[string]string{"a.json": entry("ghcr.io", "a"), "home/.config/containers/auth.json": entry("ghcr.io", "p")}, map[string]string{"REGISTRY_AUTH_FILE": "a.json"}, "a:" + planted},
		"Docker first":            {map[string]string{"home/.docker/config.json": entry("ghcr.io", "d"), "a.json": entry("ghcr.io", "a")}, map[string]string{"REGISTRY_AUTH_FILE": "a.json"}, "d:" + planted},
		"the one that knows":      {map[string]string{"home/.docker/config.json": entry("quay.io", "d"), "home/.config/containers/auth.json": entry("ghcr.io", "p")}, nil, "p:" + planted},
		"another host":            {map[string]string{"home/.docker/config.json": entry("quay.io", "d")}, nil, "anonymous"},
		"store without":           {map[string]string{"home/.docker/config.json": `{"credsStore": "lost"}`}, nil, "anonymous"},
		"store that is missing":   {map[string]string{"home/.docker/config.json": `{"credsStore": "gone"}`}, nil, "!docker-credential-gone is not in PATH"},
		"broken":                  {map[string]string{"home/.docker/config.json": planted}, nil, "!is no Docker configuration"},
	} {
		w := newWorld(t)
		w.helpers(map[string]string{"lost": notFound})
		dir := t.TempDir()
		for path, text := range test.files {
			w.write(filepath.Join(dir, path), text)
		}
		for name, value := range test.vars {
			w.set(name, filepath.Join(dir, value))
		}
		got := shown(t, credentials.NewUser(w.env(), filepath.Join(dir, "home")), set)
		if wrong, isError := strings.CutPrefix(test.want, "!"); isError && !strings.Contains(got, wrong) || !isError && got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
	if got := shown(t, credentials.NewUser(newWorld(t).env(), ""), set); got != "anonymous" {
		t.Error(got)
	}
}

// Two people log in one after the other, where the file tells no names. What one
// of them was shown is not for the other.
func TestAccountsInAHelper(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.set("PATH", t.TempDir())
	home := t.TempDir()
	w.write(filepath.Join(home, ".docker", "config.json"), `{"credsStore": "good", "credHelpers": {"quay.io": "good"}}`)
	logIn := func(user, password string) {
		dir := w.helpers(map[string]string{"good": `echo '{"Username":"` + user + `","Secret":"` + planted + password + `"}'`})
		w.set("PATH", dir)
		w.pass(5 * time.Minute)
	}
	logIn("anna", "1")
	chain := credentials.NewUser(w.env(), home)
	annas, err := chain.For(t.Context(), repo(t, "ghcr.io/a/b"))
	if err != nil {
		t.Fatal(err)
	}
	again := credentials.NewUser(w.env(), home)
	if got := identityOf(t, again, "ghcr.io/a/c"); got != annas.Identity {
		t.Errorf("another process: %s, %s", got, annas.Identity)
	}
	logIn("anna", "2")
	if got := identityOf(t, chain, "ghcr.io/a/b"); got != annas.Identity {
		t.Errorf("another password is another identity: %s, %s", got, annas.Identity)
	}
	onQuay := identityOf(t, chain, "quay.io/a/b")
	logIn("ben", "1")
	for _, chain := range []*credentials.User{chain, credentials.NewUser(w.env(), home)} {
		if got := identityOf(t, chain, "ghcr.io/a/b"); got == annas.Identity || strings.Contains(got, "ben") {
			t.Errorf("another account has the identity %s", got)
		}
		if got := identityOf(t, chain, "quay.io/a/b"); got == onQuay {
			t.Errorf("another account has the identity %s", got)
		}
	}
	// Who began as one goes on as one, or not at all.
	if got := plain(t, annas); !strings.Contains(got, "another account has logged in since") {
		t.Errorf("shown as the first account: %s", got)
	}
	if got := shown(t, chain, "ghcr.io/a/b"); got != "ben:"+planted+"1" {
		t.Error(got)
	}
}
