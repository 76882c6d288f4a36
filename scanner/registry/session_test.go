package registry_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

const (
	password = "s3cr3t-password"
	identity = "s3cr3t-identity-token"
	bearer   = "s3cr3t-registry-token"
)

// keys are credentials by repository; "" is for all others.
type keys map[string]registry.Credential

// For finds the credentials of a repository.
func (k keys) For(_ context.Context, repo image.Repository) (registry.Credential, error) {
	if found, ok := k[repo.String()]; ok {
		return found, nil
	}
	return k[""], nil
}

type failing struct{ err error }

// For fails.
func (f failing) For(context.Context, image.Repository) (registry.Credential, error) {
	return registry.Credential{}, f.err
}

func key(identity string, config authn.AuthConfig) registry.Credential {
	return registry.Credential{Identity: identity, Authenticator: authn.FromConfig(config)}
}

func alice() registry.Credential {
	return key("alice", authn.AuthConfig{Username: "alice", Password: password})
}

func basicOf(user string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// locked is a registry that lets in who has a token. Tokens are numbered: "Bearer
// t1", "Bearer t2".
type locked struct {
	server    *httptest.Server
	challenge string // REALM stands for its own token server
	expires   string // of tokens, in JSON

	mu     sync.Mutex
	issued int
	valid  map[string]bool
	log    []string // "GET /token alice", with who asked and the scope
	scopes []string
}

func lock(t *testing.T, challenge string) *locked {
	t.Helper()
	l := &locked{challenge: challenge, valid: map[string]bool{}, expires: "300"}
	l.server = httptest.NewServer(l)
	t.Cleanup(l.server.Close)
	return l
}

const bearerChallenge = `Bearer realm="REALM",service="registry"`

func (l *locked) host() string { return hostOf(l.server.URL) }

func (l *locked) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = r.ParseForm()
	authorization := r.Header.Get("Authorization")
	l.log = append(l.log, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+authorization+r.PostForm.Get("refresh_token")))
	switch {
	case r.URL.Path == "/token":
		l.scopes = append(l.scopes, strings.Join(r.Form["scope"], " "))
		l.issued++
		token := fmt.Sprintf("t%d", l.issued)
		l.valid["Bearer "+token] = true
		text(fmt.Sprintf(`{"token":%q,"expires_in":%s}`, token, l.expires))(w, r)
	case r.URL.Path == "/v2/" || !l.valid[authorization]:
		l.refuse(w)
	case strings.HasSuffix(r.URL.Path, "/tags/list"):
		text(`{"tags":["1"]}`)(w, r)
	default:
		w.Header().Set("Docker-Content-Digest", digestOf("{}"))
		w.Header().Set("Content-Type", ociManifest)
		w.Header().Set("Content-Length", "2")
		if r.Method == http.MethodGet {
			_, _ = w.Write([]byte("{}"))
		}
	}
}

func (l *locked) refuse(w http.ResponseWriter) {
	if l.challenge != "" {
		w.Header().Set("WWW-Authenticate", strings.ReplaceAll(l.challenge, "REALM", l.server.URL+"/token"))
	}
	w.WriteHeader(http.StatusUnauthorized)
}

// revoke makes all tokens invalid.
func (l *locked) revoke() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.valid)
}

func (l *locked) asked() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	asked := l.log
	l.log = nil
	return asked
}

func (l *locked) client(credentials registry.Credentials, more ...registry.Host) *registry.Client {
	return registry.New(registry.Options{Hosts: append(more, registry.Host{Name: l.host(), PlainHTTP: true}), Credentials: credentials})
}

func TestOneHandshakeForAHost(t *testing.T) {
	t.Parallel()
	for name, credentials := range map[string]registry.Credentials{"anonymous": nil, "with credentials": keys{"": alice()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const images = 50
			l := lock(t, bearerChallenge)
			client := l.client(credentials)
			var waiting sync.WaitGroup
			for n := range images {
				at := image.Repository{Registry: l.host(), Path: fmt.Sprintf("acme/app-%d", n)}
				for range 2 {
					waiting.Go(func() {
						if _, err := client.Tags(t.Context(), at); err != nil {
							t.Error(err)
						}
						if _, err := client.Digest(t.Context(), at, "1"); err != nil {
							t.Error(err)
						}
					})
				}
			}
			waiting.Wait()
			want := map[string]registry.Counts{l.host(): {List: 2 * images, Head: 2 * images, Other: 1 + images}}
			if diff := cmp.Diff(want, client.Requests()); diff != "" {
				t.Errorf("requests (-want +got)\n%s", diff)
			}
		})
	}
}

func TestTokensAreUsedUntilTheyExpire(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		expires string
		steps   []time.Duration // time that passes before each listing
		want    []string        // what is asked each time, beside the listing
	}{
		"said":        {"300", []time.Duration{0, 4 * time.Minute, 40 * time.Second}, []string{"ping token", "", "token"}},
		"as text":     {`"300"`, []time.Duration{0, 4 * time.Minute, 40 * time.Second}, []string{"ping token", "", "token"}},
		"not said":    {"null", []time.Duration{0, 50 * time.Second, 10 * time.Second}, []string{"ping token", "", "token"}},
		"nonsense":    {"-7", []time.Duration{0, 50 * time.Second, 10 * time.Second}, []string{"ping token", "", "token"}},
		"for ever":    {"1e300", []time.Duration{0, 50 * time.Minute, 5 * time.Minute}, []string{"ping token", "", "token"}},
		"new version": {"60", []time.Duration{0, time.Hour}, []string{"ping token", "ping token"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := lock(t, bearerChallenge)
			l.expires = test.expires
			now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
			client := registry.New(registry.Options{PlainHTTP: []string{l.host()}, Now: func() time.Time { return now }})
			for i, step := range test.steps {
				now = now.Add(step)
				if _, err := client.Tags(t.Context(), repo(l.host())); err != nil {
					t.Fatal(err)
				}
				var beside []string
				for _, line := range l.asked() {
					switch {
					case strings.HasPrefix(line, "GET /token"):
						beside = append(beside, "token")
					case strings.HasPrefix(line, "GET /v2/") && !strings.Contains(line, "/tags/list"):
						beside = append(beside, "ping")
					}
				}
				if got := strings.Join(beside, " "); got != test.want[i] {
					t.Errorf("listing %d: asked %q beside it, want %q", i, got, test.want[i])
				}
			}
		})
	}
}

func TestTokenThatIsNoLongerTaken(t *testing.T) {
	t.Parallel()
	l := lock(t, bearerChallenge)
	client := l.client(nil)
	for range 2 {
		if _, err := client.Tags(t.Context(), repo(l.host())); err != nil {
			t.Fatal(err)
		}
		l.revoke()
	}
	want := []string{
		"GET /v2/", "GET /token", "GET /v2/acme/web/tags/list Bearer t1",
		"GET /v2/acme/web/tags/list Bearer t1", "GET /token", "GET /v2/acme/web/tags/list Bearer t2",
	}
	if diff := cmp.Diff(want, l.asked()); diff != "" {
		t.Errorf("requests (-want +got)\n%s", diff)
	}
}

// A registry that takes no token at all is not asked for ever.
func TestTokenThatIsNeverTaken(t *testing.T) {
	t.Parallel()
	l := lock(t, bearerChallenge)
	l.valid = nil // and whoever writes to it fails
	server := l.server.Config
	server.Handler = routes{
		"GET ":      func(w http.ResponseWriter, _ *http.Request) { l.refuse(w) },
		"GET token": text(`{"token":"x"}`),
		"GET tags":  func(w http.ResponseWriter, _ *http.Request) { l.refuse(w) },
	}
	client := l.client(nil)
	if _, err := client.Tags(t.Context(), repo(l.host())); !errors.Is(err, registry.ErrUnauthorized) {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff(map[string]registry.Counts{l.host(): {List: 1, Other: 2}}, client.Requests()); diff != "" {
		t.Errorf("requests (-want +got)\n%s", diff)
	}
}

// Some registries know a repository by another name and say so.
func TestScopeThatTheRegistryWants(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		scope string
		want  []string
	}{
		"another name":        {"repository:real/acme/web:pull", []string{"repository:acme/web:pull", "repository:real/acme/web:pull repository:acme/web:pull"}},
		"more than to pull":   {"repository:real/acme/web:pull,push,delete", []string{"repository:acme/web:pull", "repository:real/acme/web:pull repository:acme/web:pull"}},
		"no repository":       {"registry:catalog:*", []string{"repository:acme/web:pull"}},
		"what was asked with": {"repository:acme/web:pull", []string{"repository:acme/web:pull"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := lock(t, bearerChallenge+`,scope="`+test.scope+`"`)
			tokens := 0
			l.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/token" {
					tokens++
				}
				if strings.HasSuffix(r.URL.Path, "/tags/list") && tokens < len(test.want) || len(test.want) == 1 && strings.Contains(r.URL.Path, "tags") {
					l.refuse(w)
					return
				}
				l.ServeHTTP(w, r)
			})
			_, err := l.client(nil).Tags(t.Context(), repo(l.host()))
			if refused := errors.Is(err, registry.ErrUnauthorized); refused != (len(test.want) == 1) || err != nil && !refused {
				t.Errorf("error %v", err)
			}
			if diff := cmp.Diff(test.want, l.scopes); diff != "" {
				t.Errorf("scopes (-want +got)\n%s", diff)
			}
		})
	}
}

func TestKindsOfCredentials(t *testing.T) {
	t.Parallel()
	const basicChallenge = `Basic realm="registry"`
	for name, test := range map[string]struct {
		challenge string
		config    authn.AuthConfig
		want      []string // the last one lets in
	}{
		"password for a token":     {bearerChallenge, authn.AuthConfig{Username: "alice", Password: password}, []string{"GET /v2/", "GET /token " + basicOf("alice"), "GET /v2/acme/web/tags/list Bearer t1"}},
		"encoded for a token":      {bearerChallenge, authn.AuthConfig{Auth: "YTpi"}, []string{"GET /v2/", "GET /token Basic YTpi", "GET /v2/acme/web/tags/list Bearer t1"}},
		"identity token":           {bearerChallenge, authn.AuthConfig{IdentityToken: identity}, []string{"GET /v2/", "POST /token " + identity, "GET /v2/acme/web/tags/list Bearer t1"}},
		"registry token":           {bearerChallenge, authn.AuthConfig{RegistryToken: bearer}, []string{"GET /v2/", "GET /v2/acme/web/tags/list Bearer " + bearer}},
		"password as it is":        {basicChallenge, authn.AuthConfig{Username: "alice", Password: password}, []string{"GET /v2/", "GET /v2/acme/web/tags/list " + basicOf("alice")}},
		"the registry asks late":   {"", authn.AuthConfig{Username: "alice", Password: password}, []string{"GET /v2/", "GET /v2/acme/web/tags/list " + basicOf("alice")}},
		"two ways, the first does": {basicChallenge + `, Bearer realm="REALM"`, authn.AuthConfig{Username: "alice", Password: password}, []string{"GET /v2/", "GET /v2/acme/web/tags/list " + basicOf("alice")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := lock(t, test.challenge)
			l.valid[test.want[len(test.want)-1][len("GET /v2/acme/web/tags/list "):]] = true
			if _, err := l.client(keys{"": key("k", test.config)}).Tags(t.Context(), repo(l.host())); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(test.want, l.asked()); diff != "" {
				t.Errorf("requests (-want +got)\n%s", diff)
			}
		})
	}
}

// Whoever cannot show what is configured is never taken for anybody.
func TestUnusableCredentials(t *testing.T) {
	t.Parallel()
	gone := errors.New("the helper is gone")
	for name, test := range map[string]struct {
		credentials registry.Credentials
		want        string
	}{
		"there are none to be had":   {failing{gone}, "credentials for HOST/acme/web: the helper is gone"},
		"the secret cannot be had":   {keys{"": {Identity: "a", Authenticator: unable{gone}}}, "credentials for HOST/acme/web: the helper is gone"},
		"they are empty":             {keys{"": key("a", authn.AuthConfig{})}, "they are configured, but empty"},
		"they have no identity":      {keys{"": key("", authn.AuthConfig{Username: "alice", Password: password})}, "they have no identity"},
		"a name without a password":  {keys{"": key("a", authn.AuthConfig{Username: "alice"})}, "have neither"},
		"a password without a name":  {keys{"": key("a", authn.AuthConfig{Password: password})}, "have neither"},
		"of an identity that has no": {keys{"": {Identity: "a"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := lock(t, bearerChallenge)
			_, err := l.client(test.credentials).Tags(t.Context(), repo(l.host()))
			if test.want == "" {
				if err != nil {
					t.Errorf("error %v for an anonymous identity", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), strings.ReplaceAll(test.want, "HOST", l.host())) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			for _, line := range l.asked() {
				if line != "GET /v2/" {
					t.Errorf("asked %s", line)
				}
			}
			noSecrets(t, err)
		})
	}
}

type unable struct{ err error }

// Authorization fails.
func (u unable) Authorization() (*authn.AuthConfig, error) { return nil, u.err }

func TestIdentitiesShareNoToken(t *testing.T) {
	t.Parallel()
	l := lock(t, bearerChallenge)
	ours := keys{l.host() + "/acme/web": alice()}
	client := l.client(ours)
	list := func() {
		if _, err := client.Tags(t.Context(), repo(l.host())); err != nil {
			t.Fatal(err)
		}
	}
	list()
	ours[l.host()+"/acme/web"] = key("bob", authn.AuthConfig{Username: "bob", Password: password})
	list()
	delete(ours, l.host()+"/acme/web")
	list()
	want := []string{
		"GET /v2/",
		"GET /token " + basicOf("alice"), "GET /v2/acme/web/tags/list Bearer t1",
		"GET /token " + basicOf("bob"), "GET /v2/acme/web/tags/list Bearer t2",
		"GET /token", "GET /v2/acme/web/tags/list Bearer t3",
	}
	if diff := cmp.Diff(want, l.asked()); diff != "" {
		t.Errorf("requests (-want +got)\n%s", diff)
	}
}

func TestCredentialsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		challenge string
		token     int // status of the token server
		want      string
	}{
		"by the token server":          {bearerChallenge, 401, "refuses the credentials that are configured"},
		"by the token server, rudely":  {bearerChallenge, 403, "refuses the credentials that are configured"},
		"by the registry":              {`Basic realm="r"`, 0, "or the credentials that are configured for it may not see it"},
		"by a registry without a word": {"", 0, "or the credentials that are configured for it may not see it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := lock(t, test.challenge)
			l.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/token" {
					w.WriteHeader(test.token)
					return
				}
				l.refuse(w)
			})
			_, err := l.client(keys{"": alice()}).Tags(t.Context(), repo(l.host()))
			if !errors.Is(err, registry.ErrUnauthorized) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			noSecrets(t, err)
		})
	}
}

// One repository that is not ours must not shut all others.
func TestRefusalOfOneRepository(t *testing.T) {
	t.Parallel()
	l := lock(t, bearerChallenge)
	l.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" && strings.Contains(r.URL.Query().Get("scope"), "app-1:") {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		l.ServeHTTP(w, r)
	})
	client := l.client(keys{"": alice()})
	for _, n := range []int{1, 2, 1, 3} {
		if _, err := client.Tags(t.Context(), at(l.host(), n)); (err != nil) != (n == 1) {
			t.Errorf("image %d: %v", n, err)
		}
	}
}

// Wrong credentials are shown twice and not with each image: accounts get locked.
func TestWrongCredentialsAreNotShownAgainAndAgain(t *testing.T) {
	t.Parallel()
	l := lock(t, bearerChallenge)
	status, logins := http.StatusUnauthorized, 0
	l.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			logins++
			w.WriteHeader(status)
			return
		}
		l.ServeHTTP(w, r)
	})
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	ours := keys{"": alice(), l.host() + "/acme/app-9": {}}
	client := registry.New(registry.Options{PlainHTTP: []string{l.host()}, Credentials: ours, Now: func() time.Time { return now }})
	list := func(n, want int) {
		t.Helper()
		_, err := client.Tags(t.Context(), at(l.host(), n))
		if !errors.Is(err, registry.ErrUnauthorized) || logins != want {
			t.Errorf("image %d: error %v after %d logins, want %d", n, err, logins, want)
		}
	}
	list(0, 1)
	list(0, 1)
	list(1, 2) // it may have been about that repository
	list(2, 2)
	list(9, 3) // anonymous
	now = now.Add(5 * time.Minute)
	status = http.StatusForbidden // which may be about the repository
	list(2, 4)
	list(3, 5)
}

// A token server that stumbles is asked again, with the whole question.
func TestTokenServerThatStumbles(t *testing.T) {
	t.Parallel()
	l := lock(t, bearerChallenge)
	stumbled := false
	l.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" && !stumbled {
			stumbled = true
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		l.ServeHTTP(w, r)
	})
	client := l.client(keys{"": key("a", authn.AuthConfig{IdentityToken: identity})})
	if _, err := client.Tags(t.Context(), repo(l.host())); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"GET /v2/", "POST /token " + identity, "GET /v2/acme/web/tags/list Bearer t1"}, l.asked()); diff != "" {
		t.Errorf("requests (-want +got)\n%s", diff)
	}
}

// thief is a host that nobody's credentials belong to.
func thief(t *testing.T) *locked {
	t.Helper()
	return lock(t, bearerChallenge)
}

func TestRealmOnAnotherHost(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]authn.AuthConfig{
		"password":       {Username: "alice", Password: password},
		"identity token": {IdentityToken: identity},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			other := thief(t)
			l := lock(t, `Bearer realm="`+other.server.URL+`/token",service="registry"`)
			ours := keys{"": key("a", config)}

			_, err := l.client(ours, registry.Host{Name: other.host(), PlainHTTP: true}).Tags(t.Context(), repo(l.host()))
			if !errors.Is(err, registry.ErrRefusedAddress) || !strings.Contains(err.Error(), other.host()) || !strings.Contains(err.Error(), "tokenHosts") {
				t.Errorf("error %v", err)
			}
			noSecrets(t, err)
			if asked := other.asked(); len(asked) != 0 {
				t.Errorf("the other host was asked: %q", asked)
			}

			listed := registry.New(registry.Options{Credentials: ours, Hosts: []registry.Host{{Name: l.host(), PlainHTTP: true, TokenHosts: []string{other.host()}}}})
			l.valid["Bearer t1"] = true
			if _, err := listed.Tags(t.Context(), repo(l.host())); err != nil {
				t.Errorf("listed: %v", err)
			}
			if asked := other.asked(); len(asked) != 1 {
				t.Errorf("listed: asked %q", asked)
			}
		})
	}
}

func TestAnonymousTokenOfAnotherHost(t *testing.T) {
	t.Parallel()
	other := thief(t)
	l := lock(t, `Bearer realm="`+other.server.URL+`/token",service="registry"`)
	l.valid["Bearer t1"] = true
	if _, err := l.client(nil, registry.Host{Name: other.host(), PlainHTTP: true}).Tags(t.Context(), repo(l.host())); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"GET /token"}, other.asked()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Wherever a redirect leads, it leads there without credentials.
func TestRedirectsCarryNoCredentials(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		challenge, path string
		code            int
		fails           bool
	}{
		"listing with a password":   {`Basic realm="r"`, "/tags/list", 307, false},
		"listing with a token":      {bearerChallenge, "/tags/list", 302, false},
		"listing, for good":         {bearerChallenge, "/tags/list", 308, false},
		"version check":             {bearerChallenge, "/v2/", 307, true},
		"token server":              {bearerChallenge, "/token", 307, true},
		"token server, with a POST": {bearerChallenge, "/token", 308, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			other := thief(t)
			other.valid[""] = true
			l := lock(t, test.challenge)
			l.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, test.path) {
					http.Redirect(w, r, other.server.URL+r.URL.Path, test.code)
					return
				}
				l.ServeHTTP(w, r)
			})
			config := authn.AuthConfig{Username: "alice", Password: password}
			if strings.Contains(name, "POST") {
				config = authn.AuthConfig{IdentityToken: identity}
			}
			_, err := l.client(keys{"": key("a", config)}, registry.Host{Name: other.host(), PlainHTTP: true}).Tags(t.Context(), repo(l.host()))
			if (err != nil) != test.fails {
				t.Errorf("error %v", err)
			}
			noSecrets(t, err)
			for _, line := range other.asked() {
				if strings.Count(line, " ") > 1 {
					t.Errorf("the other host was told %q", line)
				}
			}
		})
	}
}

// noSecrets looks for all secrets of this file, as they are and encoded.
func noSecrets(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, secret := range []string{password, identity, bearer, "s3cr3t", basicOf("alice")[len("Basic "):]} {
		if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), secret) {
			t.Errorf("the error tells %s: %v", secret, err)
		}
	}
}

func authConfig(user string) authn.AuthConfig {
	return authn.AuthConfig{Username: user, Password: password}
}

// replaced are credentials of which another password is there once the old one was
// refused.
type replaced struct{ user string }

func (r *replaced) Authorization() (*authn.AuthConfig, error) {
	config := authConfig(r.user)
	return &config, nil
}

func (r *replaced) Invalidate(context.Context) bool {
	changed := r.user != "new"
	r.user = "new"
	return changed
}

// Credentials that were replaced are read again once they are refused, and shown
// once more.
func TestCredentialsThatWereReplaced(t *testing.T) {
	t.Parallel()
	for name, challenge := range map[string]string{"by token": bearerChallenge, "basic": `Basic realm="r"`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := lock(t, challenge)
			l.valid[basicOf("new")] = true
			var shown []string
			l.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if user, _, ok := r.BasicAuth(); ok {
					shown = append(shown, user)
					if user != "new" {
						l.refuse(w)
						return
					}
				}
				l.ServeHTTP(w, r)
			})
			client := l.client(keys{"": {Identity: "bot", Authenticator: &replaced{user: "old"}}})
			if _, err := client.Tags(t.Context(), repo(l.host())); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff([]string{"old", "new"}, shown); diff != "" {
				t.Errorf("shown -want +got\n%s", diff)
			}
		})
	}
}
