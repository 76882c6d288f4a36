package githubtest_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// answer is what the stand-in answered.
type answer struct {
	status int
	header http.Header
	body   map[string]any
	list   []any
}

func (a answer) message() string { return fmt.Sprint(a.body["message"], a.body["errors"]) }

// inMemory is the address of a server without a socket.
const inMemory = "http://github.test"

// call sends one of the REST API; header is name, value, name, value.
func call(tb testing.TB, hub *githubtest.Server, auth, method, path, body string, header ...string) answer {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), method, strings.TrimSuffix(hub.APIURL(), "/")+path, strings.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if auth != "" {
		req.Header.Set("Authorization", "Bearer "+auth)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	transport := http.DefaultTransport
	if hub.URL == inMemory {
		transport = hub.Transport()
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		tb.Fatal(err)
	}
	a := answer{status: res.StatusCode, header: res.Header}
	if json.Unmarshal(text, &a.body) != nil {
		_ = json.Unmarshal(text, &a.list) // a list, or nothing
	}
	return a
}

// jwt is the App's, with claims that a test may spoil.
func jwt(tb testing.TB, hub *githubtest.Server, claims map[string]any) string {
	tb.Helper()
	all := map[string]any{"iat": hub.Now().Add(-time.Minute).Unix(), "exp": hub.Now().Add(5 * time.Minute).Unix(), "iss": hub.App.ID}
	maps.Copy(all, claims)
	text, err := json.Marshal(all)
	if err != nil {
		tb.Fatal(err)
	}
	block, _ := pem.Decode([]byte(hub.App.PrivateKey))
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		tb.Fatal(err)
	}
	signed := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(text)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		tb.Fatal(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func tokenOf(tb testing.TB, hub *githubtest.Server, i *githubtest.Installation, body string) string {
	tb.Helper()
	a := call(tb, hub, jwt(tb, hub, nil), "POST", fmt.Sprintf("/app/installations/%d/access_tokens", i.ID), body)
	if a.status != http.StatusCreated {
		tb.Fatalf("token: %d %s", a.status, a.message())
	}
	return fmt.Sprint(a.body["token"])
}

// world is a repository, the App on it, and a token.
func world(t *testing.T) (*githubtest.Server, *githubtest.Repository, *githubtest.Installation, string) {
	t.Helper()
	hub := githubtest.New(t, githubtest.Options{})
	repo := hub.AddRepository("acme/shop", map[string]string{"a/b.txt": "one\n", "c.txt": "see\n"})
	i := hub.Install("acme", grants(), repo)
	return hub, repo, i, tokenOf(t, hub, i, "")
}

func want(t *testing.T, a answer, status int, message string) {
	t.Helper()
	if a.status != status || !strings.Contains(a.message(), message) {
		t.Errorf("%d %s, want %d %s", a.status, a.message(), status, message)
	}
}

// broken is a test that may fail without harm.
type broken struct {
	*testing.T
	failures *[]string
}

func (b broken) Errorf(format string, args ...any) {
	*b.failures = append(*b.failures, fmt.Sprintf(format, args...))
}
func (b broken) Context() context.Context { return b.T.Context() }

// fatal ends the goroutine that failed, as a test does.
type fatal struct{ broken }

func (f fatal) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	runtime.Goexit()
}
