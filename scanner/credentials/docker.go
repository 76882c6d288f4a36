package credentials

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// hubKey is what Docker Hub is called in Docker's configuration.
const hubKey = "https://index.docker.io/v1/"

// helperExpires is how long the answer of a credential helper is kept; the
// protocol has no word for it.
const helperExpires = 5 * time.Minute

// dockerConfig is Docker's config.json, or podman's auth.json.
type dockerConfig struct {
	file *file
	env  Environment

	mu     sync.Mutex
	parsed secretTable
	of     secret // what it was parsed from
	held   map[place]*held
}

func newDockerConfig(path string, env Environment) *dockerConfig {
	return &dockerConfig{file: &file{path: path}, env: env, held: map[place]*held{}}
}

// secretTable is what such a file holds. It is behind a function for the reason
// that secret is.
type secretTable func() *dockerFile

type dockerFile struct {
	Auths       map[string]dockerEntry `json:"auths"`
	CredHelpers map[string]string      `json:"credHelpers"`
	CredsStore  string                 `json:"credsStore"`
}

type dockerEntry struct {
	Auth          string `json:"auth"`
	Username      string `json:"username"`
	Password      string `json:"password"`
	IdentityToken string `json:"identitytoken"`
	RegistryToken string `json:"registrytoken"`
}

func (e dockerEntry) empty() bool { return e == dockerEntry{} }

// place is where in the file the secret of a repository is.
type place struct {
	// helper is the program that has it; "" where the file itself does.
	helper string
	// key is the key of the entry, or what the helper is asked for.
	key string
	// otherwise is the key of the entry that counts where the helper has none.
	otherwise string
	// account is the user name, where the file tells it.
	account string
}

// find tells where the secret for a repository is.
func (c *dockerConfig) find(repo image.Repository) (place, error) {
	parsed, err := c.read()
	if err != nil {
		return place{}, err
	}
	var entry dockerEntry
	key, ok := bestKey(parsed.Auths, repo)
	if ok {
		entry = parsed.Auths[key]
	}
	asked := repo.Registry
	if asked == image.DockerHub {
		asked = hubKey
	}
	if own, ok := bestKey(parsed.CredHelpers, image.Repository{Registry: repo.Registry}); ok {
		return place{helper: parsed.CredHelpers[own], key: asked}, nil
	}
	if parsed.CredsStore != "" {
		at := place{helper: parsed.CredsStore, key: asked}
		if !entry.empty() {
			at.otherwise = key
		}
		return at, nil
	}
	if entry.empty() {
		return place{}, noEntry("%s has no entry for %s", c.file.path, repo.Registry)
	}
	got, err := entry.login()
	if err != nil {
		return place{}, c.entryProblem(key, err)
	}
	return place{key: key, account: got.username}, nil
}

func (c *dockerConfig) entryProblem(key string, err error) error {
	return problemf("%s, entry %q: %v", c.file.path, key, err)
}

// at gives the held login of a place.
func (c *dockerConfig) at(p place) *held {
	c.mu.Lock()
	defer c.mu.Unlock()
	if h, ok := c.held[p]; ok {
		return h
	}
	h := &held{now: c.env.Now, source: source{timeout: askTimeout, patience: rereadAfter}}
	h.source.fetch = func(ctx context.Context) (login, time.Time, error) { return c.fetch(ctx, p) }
	if p.helper != "" {
		h.source.patience = askAgainAfter
	}
	c.held[p] = h
	return h
}

func (c *dockerConfig) fetch(ctx context.Context, p place) (login, time.Time, error) {
	if p.helper == "" {
		return c.entry(p.key)
	}
	asked := c.env.Now()
	got, err := askHelper(ctx, p, c.env)
	if isNoEntry(err) && p.otherwise != "" {
		return c.entry(p.otherwise)
	}
	return got, asked.Add(helperExpires), err
}

func (c *dockerConfig) entry(key string) (login, time.Time, error) {
	parsed, err := c.read()
	if err != nil {
		return login{}, time.Time{}, err
	}
	got, err := parsed.Auths[key].login()
	if err != nil {
		return login{}, time.Time{}, c.entryProblem(key, err)
	}
	return got, c.env.Now().Add(rereadAfter), nil
}

// read parses the file, if it has changed.
func (c *dockerConfig) read() (*dockerFile, error) {
	text, err := c.file.read()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.parsed != nil && c.of.reveal() == text.reveal() {
		return c.parsed(), nil
	}
	parsed := new(dockerFile)
	if json.Unmarshal([]byte(text.reveal()), parsed) != nil {
		return nil, problemf("the file %s is no Docker configuration: its JSON cannot be read", c.file.path)
	}
	c.parsed, c.of = func() *dockerFile { return parsed }, text
	return parsed, nil
}

// login reads the entry, which Docker writes as base64 of user:password.
func (e dockerEntry) login() (login, error) {
	got := login{username: e.Username, password: hide(e.Password), identity: hide(e.IdentityToken), bearer: hide(e.RegistryToken)}
	if e.Auth != "" {
		raw := strings.TrimRight(strings.TrimSpace(e.Auth), "=")
		text, err := base64.RawStdEncoding.DecodeString(raw)
		user, password, found := strings.Cut(string(text), ":")
		if err != nil || !found {
			return login{}, problemf("auth must be base64 of user:password")
		}
		// Old versions of Docker filled it up with zeroes.
		got.username, got.password = user, hide(strings.TrimRight(password, "\x00"))
	}
	return got, got.check()
}

// bestKey finds the key of a repository: the longest that is for it, and one of
// equal length in the order of the alphabet, so that it is always the same.
func bestKey[T any](entries map[string]T, repo image.Repository) (string, bool) {
	best, longest := "", -1
	for key := range entries {
		n := fits(key, repo)
		if n > longest || n == longest && n >= 0 && cmp.Less(key, best) {
			best, longest = key, n
		}
	}
	return best, longest >= 0
}

// oldPaths are what Docker once wrote behind the host.
//
//nolint:gochecknoglobals // a table, never written
var oldPaths = map[string]bool{"": true, "v1": true, "v1/": true, "v2": true, "v2/": true}

// fits tells how much of a repository's path a key names: -1 where it is for
// another host or path. Hosts are compared whole. Docker writes a host, or a
// URL of old; podman may write a folder behind the host.
func fits(key string, repo image.Repository) int {
	bare, isURL := strings.CutPrefix(key, "https://")
	if !isURL {
		bare, isURL = strings.CutPrefix(key, "http://")
	}
	host, path, _ := strings.Cut(bare, "/")
	if (image.Reference{Registry: cmp.Or(host, "."), Path: "x"}).Repository().Registry != repo.Registry {
		return -1
	}
	if isURL || oldPaths[path] {
		if !oldPaths[path] {
			return -1
		}
		return 0
	}
	rest, found := strings.CutPrefix(repo.Path, path)
	if !found || rest != "" && rest[0] != '/' {
		return -1
	}
	return len(path)
}

var helperPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// askHelper asks one of Docker's credential helpers.
func askHelper(ctx context.Context, p place, env Environment) (login, error) {
	if !helperPattern.MatchString(p.helper) {
		return login{}, problemf("the Docker configuration names the credential helper %.40q, which is no name", p.helper)
	}
	path, err := lookup("docker-credential-"+p.helper, env.Getenv("PATH"))
	if err != nil {
		return login{}, err
	}
	printed, err := run(ctx, []string{path, "get"}, env.Environ(), p.key)
	switch {
	case err != nil && strings.Contains(strings.ToLower(printed), "credentials not found"):
		return login{}, noEntry("docker-credential-%s has no credentials for %s: log in first", p.helper, p.key)
	case err != nil:
		return login{}, err
	}
	var said struct{ Username, Secret string }
	if json.Unmarshal([]byte(printed), &said) != nil {
		return login{}, problemf("docker-credential-%s prints no valid JSON", p.helper)
	}
	if said.Username == "<token>" {
		return login{username: said.Username, identity: hide(said.Secret)}, nil
	}
	return login{username: said.Username, password: hide(said.Secret)}, nil
}
