package credentials_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/imageupdater/imageupdater/scanner/credentials"
	"github.com/imageupdater/imageupdater/scanner/credentials/grant"
	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

// planted is in every secret of these tests, and in nothing else.
const planted = "s3cr3t"

var start = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)

// world is a machine that a test has in its hand.
type world struct {
	t *testing.T

	mu   sync.Mutex
	now  time.Time
	vars map[string]string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{t: t, now: start, vars: map[string]string{}}
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) set(name, value string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.vars[name] = value
}

func (w *world) env() credentials.Environment {
	return credentials.Environment{
		Getenv: func(name string) string {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.vars[name]
		},
		Environ: func() []string { return []string{"PATH=/usr/bin:/bin"} },
		Now: func() time.Time {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.now
		},
		Transport: offline{}, Metadata: offline{},
	}
}

var errOffline = errors.New("there is no network in tests")

type offline struct{}

func (offline) RoundTrip(*http.Request) (*http.Response, error) { return nil, errOffline }

// write makes a file whose time is that of no other one before.
func (w *world) write(path, text string) string {
	w.t.Helper()
	w.pass(time.Second)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		w.t.Fatal(err)
	}
	// A process that is started while the file is open would keep it open for writing,
	// so that it could not be run as a program.
	syscall.ForkLock.RLock()
	err := os.WriteFile(path, []byte(text), 0o600)
	syscall.ForkLock.RUnlock()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.Chtimes(path, w.env().Now(), w.env().Now()); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// script makes a program, which notes each start in a file beside it.
func (w *world) script(path, body string) string {
	w.t.Helper()
	w.write(path, "#!/bin/sh\necho start >> \""+path+".starts\"\n"+body+"\n")
	if err := os.Chmod(path, 0o700); err != nil {
		w.t.Fatal(err)
	}
	return path
}

func (w *world) starts(path string) int {
	w.t.Helper()
	text, err := os.ReadFile(path + ".starts")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		w.t.Fatal(err)
	}
	return strings.Count(string(text), "start")
}

func (w *world) chains(grants ...grant.Grant) *credentials.Keychains {
	return credentials.New(grants, w.env())
}

func repo(t *testing.T, name string) image.Repository {
	t.Helper()
	host, path, _ := strings.Cut(name, "/")
	return image.Reference{Registry: host, Path: path}.Repository()
}

// shown is what a registry would be shown, in one line: "user:password",
// "identity …", "bearer …", "anonymous", or the error.
func shown(t *testing.T, chain registry.Credentials, name string) string {
	t.Helper()
	credential, err := chain.For(t.Context(), repo(t, name))
	if err != nil {
		mustHide(t, err)
		if _, ok := errors.AsType[*credentials.Unusable](err); !ok {
			t.Errorf("%s: error %T", name, err)
		}
		return err.Error()
	}
	mustHide(t, credential, credential.Identity, chain)
	if credential.Authenticator == nil {
		if credential.Identity != "" {
			t.Errorf("%s: anonymous is %q", name, credential.Identity)
		}
		return "anonymous"
	}
	return plain(t, credential)
}

func plain(t *testing.T, credential registry.Credential) string {
	t.Helper()
	config, err := authn.Authorization(t.Context(), credential.Authenticator)
	if err != nil {
		mustHide(t, err)
		return err.Error()
	}
	switch {
	case config.RegistryToken != "":
		return "bearer " + config.RegistryToken
	case config.IdentityToken != "":
		return "identity " + config.IdentityToken
	}
	return config.Username + ":" + config.Password
}

// mustHide looks for secrets in all that anybody could print.
func mustHide(t *testing.T, all ...any) {
	t.Helper()
	for _, v := range all {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			if text := fmt.Sprintf(verb, v); strings.Contains(text, planted) {
				t.Errorf("%s of %T holds a secret: %s", verb, v, text)
			}
		}
	}
	for _, v := range all {
		for err, ok := v.(error); ok && err != nil; err = errors.Unwrap(err) {
			if strings.Contains(err.Error(), planted) {
				t.Errorf("the error's cause holds a secret: %v", err)
			}
		}
	}
}

func identityOf(t *testing.T, chain registry.Credentials, name string) string {
	t.Helper()
	credential, err := chain.For(t.Context(), repo(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return credential.Identity
}

// invalidate is what a client does after a 401.
func invalidate(ctx context.Context, t *testing.T, credential registry.Credential) bool {
	t.Helper()
	a, ok := credential.Authenticator.(interface{ Invalidate(context.Context) bool })
	if !ok {
		t.Fatalf("%T has no Invalidate", credential.Authenticator)
	}
	return a.Invalidate(ctx)
}
