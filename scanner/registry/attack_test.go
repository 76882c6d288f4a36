package registry_test

import (
	"bytes"
	"compress/gzip"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

const (
	mostMemory = 64 << 20
	mostTime   = 20 * time.Second
)

// attack is what a hostile registry does. It must end, in an error that holds no
// secret and no text of the registry, within little memory and time.
type attack struct {
	routes routes
	// call is Tags where it is "".
	call string
	// want is wrapped by the error, text is part of it.
	want error
	text string
}

// TestAttacks runs alone: what it measures is the memory of the whole process,
// that of the hostile server included.
func TestAttacks(t *testing.T) { //nolint:paralleltest // see above
	for name, attack := range attacks() {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(attack.routes)
			defer server.Close()
			host := hostOf(server.URL)
			client := registry.New(registry.Options{
				Hosts:       []registry.Host{{Name: host, PlainHTTP: true}},
				Credentials: keys{"": key("alice", authn.AuthConfig{Username: "alice", Password: password})},
				Timeout:     attack.timeout(),
			})
			began := time.Now()
			var err error
			peak := peakOf(func() { err = attack.make(t, client, repo(host)) })
			if took := time.Since(began); took > mostTime {
				t.Errorf("it took %s", took)
			}
			if peak > mostMemory {
				t.Errorf("it took %d MiB of memory", peak>>20)
			}
			attack.check(t, err)
		})
	}
}

// timeout is short where it is what must end the attack.
func (a attack) timeout() time.Duration {
	if a.want == registry.ErrTimeout { //nolint:errorlint // it is not wrapped
		return 300 * time.Millisecond
	}
	return mostTime
}

func (a attack) make(t *testing.T, client *registry.Client, at image.Repository) error {
	t.Helper()
	var err error
	switch a.call {
	case "Digest":
		_, err = client.Digest(t.Context(), at, "1")
	case "Manifest":
		_, err = client.Manifest(t.Context(), at, "1")
	case "by digest":
		_, err = client.Manifest(t.Context(), at, digestOf("{}"))
	case "Details":
		_, err = client.Details(t.Context(), at, "1", nil)
	case "About":
		_, err = client.About(t.Context(), at, "1", nil)
	case "Provenance":
		_, err = client.Provenance(t.Context(), at, digestOf(attesting))
	default:
		_, err = client.Tags(t.Context(), at)
	}
	return err
}

func (a attack) check(t *testing.T, err error) {
	t.Helper()
	switch {
	case err == nil:
		t.Fatal("no error")
	case a.want != nil && !errors.Is(err, a.want):
		t.Errorf("error %v, want %v", err, a.want)
	case !strings.Contains(err.Error(), a.text):
		t.Errorf("error %v, want %q", err, a.text)
	case len(err.Error()) > 1000 || strings.Contains(err.Error(), "leak"):
		t.Errorf("the error repeats what the registry said: %.2000s", err)
	}
	noSecrets(t, err)
}

func attacks() map[string]attack {
	const chunk = 32 << 10
	return map[string]attack{
		"pages without end":        {routes: routes{"GET tags": endless()}, want: registry.ErrTooLarge, text: "1000 pages"},
		"a page that leads back":   {routes: routes{"GET tags": link("/v2/acme/web/tags/list?n=1000")}, want: registry.ErrTooLarge, text: "in a circle"},
		"pages that lead away":     {routes: routes{"GET tags": link("https://203.0.113.9/v2/other/secret/tags/list?n=1000")}, want: registry.ErrTooLarge, text: "in a circle"},
		"a list without end":       {routes: routes{"GET tags": flood(`{"tags":["`, `a","`, 300<<20)}, want: registry.ErrTooLarge},
		"a list of nothing":        {routes: routes{"GET tags": flood(`{"tags":["`, `","`, 15<<20)}, want: registry.ErrTooLarge},
		"a list of short tags":     {routes: routes{"GET tags": flood(`{"tags":["`, `a","`, 15<<20)}, want: registry.ErrTooLarge},
		"one giant tag":            {routes: routes{"GET tags": flood(`{"tags":["`, strings.Repeat("a", chunk), 15<<20)}, want: registry.ErrTooLarge},
		"one giant number":         {routes: routes{"GET tags": flood(`{"tags":[`, strings.Repeat("1", chunk), 15<<20)}, want: registry.ErrTooLarge},
		"a list of spaces":         {routes: routes{"GET tags": flood(`{"tags":[`, strings.Repeat(" ", chunk), 15<<20)}, want: registry.ErrTooLarge},
		"a deep list":              {routes: routes{"GET tags": flood(`{"tags":`, strings.Repeat("[", chunk), 15<<20)}, want: registry.ErrTooLarge},
		"deep values beside":       {routes: routes{"GET tags": flood(`{"x":`, strings.Repeat(`{"x":`, chunk/5), 15<<20)}, want: registry.ErrTooLarge},
		"a list that grows":        {routes: routes{"GET tags": zipped(`{"tags":["`, "a", 24<<20)}, text: "no list of tags"},
		"a header without end":     {routes: routes{"GET tags": headers(1 << 20)}, text: "headers exceeded"},
		"many headers":             {routes: routes{"GET tags": manyHeaders(20_000)}, text: "headers exceeded"},
		"slow headers":             {routes: routes{"GET tags": hang("")}, want: registry.ErrTimeout},
		"slow body":                {routes: routes{"GET tags": trickle()}, want: registry.ErrTimeout},
		"redirects to itself":      {routes: routes{"GET tags": redirect("/v2/acme/web/tags/list")}, text: "redirects without end"},
		"redirects to all hosts":   {routes: routes{"GET tags": func(w http.ResponseWriter, r *http.Request) { redirect("http://localhost:1/x")(w, r) }}, want: registry.ErrRefusedAddress},
		"redirect to metadata":     {routes: routes{"GET tags": redirect("https://169.254.169.254/latest/meta-data/leak")}, want: registry.ErrRefusedAddress},
		"redirect with a password": {routes: routes{"GET tags": redirect("https://leak:leak@203.0.113.9/")}, want: registry.ErrRefusedAddress},
		"redirect to a file":       {routes: routes{"GET tags": redirect("file:///etc/passwd")}, want: registry.ErrRefusedAddress},

		"version check that redirects without end":  {routes: routes{"GET ": redirect("/v2/")}, text: "redirects without end"},
		"version check that redirects to localhost": {routes: routes{"GET ": redirect("https://localhost:1/v2/")}, want: registry.ErrRefusedAddress},
		"version check that never ends":             {routes: routes{"GET ": trickle()}, want: registry.ErrTimeout},
		"version check of another kind":             {routes: routes{"GET ": status(404)}, text: "does not answer as a registry does"},

		"realm that is private":      {routes: realm("https://10.0.0.1/token"), want: registry.ErrRefusedAddress, text: "tokenHosts"},
		"realm that looks alike":     {routes: realm("https://127.0.0.1.evil.example/token"), want: registry.ErrRefusedAddress, text: "tokenHosts"},
		"realm on another port":      {routes: realm("http://127.0.0.1:1/token"), want: registry.ErrRefusedAddress, text: "tokenHosts"},
		"realm with a password":      {routes: realm("http://HOST@evil.example/token"), text: "does not say from where"},
		"realm of another scheme":    {routes: realm("ftp://HOST/token"), want: registry.ErrRefusedAddress},
		"realm that is none":         {routes: realm("::leak"), text: "wants a token"},
		"no realm":                   {routes: realm(""), text: "wants a token"},
		"token that never comes":     {routes: token(hang("")), want: registry.ErrTimeout},
		"token without end":          {routes: token(flood(`{"token":"`, strings.Repeat("leak", 1000), 300<<20)), want: registry.ErrTooLarge},
		"token that is a page":       {routes: token(text("<html>leak</html>")), text: "holds no token"},
		"token that is missing":      {routes: token(text(`{"leak":"leak"}`)), text: "without a token"},
		"token that is large":        {routes: token(text(`{"token":"` + strings.Repeat("leak", 10_000) + `"}`)), want: registry.ErrTooLarge},
		"token with a line break":    {routes: token(text(`{"token":"leak\r\nX-Leak: 1"}`)), text: "characters that no token has"},
		"token that tells a secret":  {routes: token(echo(500)), text: "answered 500"},
		"token server that lets go":  {routes: token(redirect("https://evil.example/leak")), want: registry.ErrRefusedAddress, text: "evil.example"},
		"list that tells a secret":   {routes: routes{"GET tags": echo(418)}, text: "answered 418"},
		"refusal that tells all":     {routes: routes{"GET tags": echo(403)}, want: registry.ErrUnauthorized},
		"limit that tells a secret":  {routes: routes{"GET tags": echo(429)}, text: "rate limiting"},
		"server error that tells it": {routes: routes{"GET tags": echo(500)}, text: "answered 500"},

		"a giant manifest":         {call: "Manifest", routes: routes{"GET manifests": flood(`{"a":"`, strings.Repeat("a", chunk), 300<<20)}, want: registry.ErrTooLarge},
		"a manifest of entries":    {call: "Manifest", routes: routes{"GET manifests": flood(`{"schemaVersion":2,"manifests":[{}`, `,{}`, 4<<20-100)}, want: registry.ErrTooLarge},
		"a manifest of layers":     {call: "Details", routes: routes{"GET manifests": flood(`{"schemaVersion":2,"layers":[{}`, `,{}`, 4<<20-100)}, want: registry.ErrTooLarge},
		"a manifest of notes":      {call: "Details", routes: routes{"GET manifests": notes(4 << 20)}, want: registry.ErrTooLarge},
		"a deep manifest":          {call: "Manifest", routes: routes{"GET manifests": flood(`{"x":`, strings.Repeat("[", chunk), 4<<20-100)}, want: registry.ErrTooLarge},
		"a manifest that grows":    {call: "Manifest", routes: routes{"GET manifests": zipped(`{"x":"`, "a", 12<<20)}, text: "cannot be read"},
		"another digest":           {call: "by digest", routes: routes{"GET manifests": text(`{"other":1}`)}, text: "does not match requested digest"},
		"a digest of another":      {call: "Manifest", routes: routes{"GET manifests": digested(digestOf("other"))}, text: "not the one of the digest"},
		"a digest that is a path":  {call: "Digest", routes: routes{"HEAD manifests": head("sha256:../../leak"), "GET manifests": status(404)}, want: registry.ErrNotFound},
		"a giant config":           {call: "Details", routes: configured(7<<20, flood(`{"x":"`, strings.Repeat("a", chunk), 400<<20)), want: registry.ErrTooLarge},
		"a config said to be huge": {call: "Details", routes: configured(1<<40, status(404)), want: registry.ErrTooLarge},
		"a config of labels":       {call: "Details", routes: configured(7<<20, notes(7<<20)), want: registry.ErrTooLarge},
		"a config of another":      {call: "Details", routes: configured(2, text("[]")), text: ""},
		"a config that never ends": {call: "Details", routes: configured(100, trickle()), want: registry.ErrTimeout},

		"about a giant manifest":         {call: "About", routes: routes{"GET manifests": flood(`{"a":"`, strings.Repeat("a", chunk), 300<<20)}, want: registry.ErrTooLarge},
		"about a manifest of layers":     {call: "About", routes: routes{"GET manifests": flood(`{"schemaVersion":2,"layers":[{}`, `,{}`, 1_000_000*3)}, want: registry.ErrTooLarge},
		"about a manifest of notes":      {call: "About", routes: routes{"GET manifests": notes(4 << 20)}, want: registry.ErrTooLarge},
		"about a config that never ends": {call: "About", routes: configured(100, trickle()), want: registry.ErrTimeout},
		"about a config that tells all":  {call: "About", routes: configured(100, echo(500)), text: "answered 500"},

		"a giant provenance":           {call: "Provenance", routes: attested(flood(`{"x":"`, strings.Repeat("a", chunk), 400<<20)), want: registry.ErrTooLarge, text: "2 MiB"},
		"a provenance of values":       {call: "Provenance", routes: attested(flood(`{"predicate":[0`, ",0", 2<<20-100)), want: registry.ErrTooLarge},
		"a deep provenance":            {call: "Provenance", routes: attested(flood(`{"predicate":`, strings.Repeat("[", chunk), 2<<20-100)), want: registry.ErrTooLarge},
		"a provenance that grows":      {call: "Provenance", routes: attested(zipped(`{"x":"`, "a", 12<<20)), text: "checksum"},
		"another provenance":           {call: "Provenance", routes: attested(text(`{"leak":"leak"}`)), text: "checksum"},
		"a provenance that never ends": {call: "Provenance", routes: attested(trickle()), want: registry.ErrTimeout},
		"a provenance that tells all":  {call: "Provenance", routes: attested(echo(403)), want: registry.ErrUnauthorized},
		"a provenance elsewhere":       {call: "Provenance", routes: attested(redirect("https://203.0.113.9/leak")), want: registry.ErrRefusedAddress},
	}
}

// peakOf is the most memory that is in use during a call. What is garbage is
// collected at once, as far as that goes.
func peakOf(call func()) uint64 {
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(mostMemory / 2))
	runtime.GC()
	done, peak := make(chan struct{}), make(chan uint64)
	go func() {
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		most := uint64(0)
		for {
			metrics.Read(sample)
			most = max(most, sample[0].Value.Uint64())
			select {
			case <-done:
				peak <- most
				return
			case <-tick.C:
			}
		}
	}()
	call()
	close(done)
	return <-peak
}

// flood writes a start and then the same again and again.
func flood(start, again string, size int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, start)
		block := strings.Repeat(again, 1+32<<10/len(again))
		for sent := len(start); sent < size; sent += len(block) {
			if _, err := io.WriteString(w, block[:min(len(block), size-sent)]); err != nil {
				return
			}
		}
	}
}

// zipped sends as little as possible of a flood.
func zipped(start, again string, size int) http.HandlerFunc {
	var packed bytes.Buffer
	writer, _ := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	_, _ = io.WriteString(writer, start)
	block := strings.Repeat(again, 1<<20)
	for sent := 0; sent < size; sent += len(block) {
		_, _ = io.WriteString(writer, block)
	}
	_ = writer.Close()
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packed.Bytes())
	}
}

func headers(size int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Bomb", strings.Repeat("a", size))
		text(`{"tags":["1"]}`)(w, r)
	}
}

func manyHeaders(n int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := range n {
			w.Header().Set(fmt.Sprintf("X-Bomb-%d", i), "1")
		}
		text(`{"tags":["1"]}`)(w, r)
	}
}

func hang(start string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, start)
		<-r.Context().Done()
	}
}

// trickle sends a byte now and then.
func trickle() http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				_, _ = io.WriteString(w, " ")
				_ = http.NewResponseController(w).Flush()
			case <-r.Context().Done():
				return
			}
		}
	}
}

// echo tells everybody what it was told.
func echo(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"errors":[{"code":"leak","message":%q}],"leak":%q}`, r.Header.Get("Authorization"), password)
	}
}

// realm wants a token from somewhere; HOST is the registry's own.
func realm(at string) routes {
	return routes{"GET ": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+strings.ReplaceAll(at, "HOST", r.Host)+`",service="leak"`)
		w.WriteHeader(http.StatusUnauthorized)
	}}
}

func token(answer http.HandlerFunc) routes {
	r := realm("http://HOST/token")
	r["GET token"] = answer
	return r
}

func digested(digest string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Docker-Content-Digest", digest)
		text(someManifest)(w, r)
	}
}

func head(digest string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", ociManifest)
		w.Header().Set("Content-Length", "2")
		w.Header().Set("Docker-Content-Digest", digest)
	}
}

// notes is a map of very many texts.
func notes(size int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		start := `{"schemaVersion":2,"config":{"digest":"` + digestOf("{}") + `","size":2,"Labels":{"a":"a"`
		_, _ = io.WriteString(w, start)
		for i, sent := 0, len(start); sent < size-100; i++ {
			n, err := fmt.Fprintf(w, `,"%d":""`, i)
			if err != nil {
				return
			}
			sent += n
		}
		_, _ = io.WriteString(w, `}}}`)
	}
}

func configured(size int, config http.HandlerFunc) routes {
	manifest := fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"config":{"mediaType":%q,"digest":%q,"size":%d},"layers":[]}`, ociManifest, ociConfig, digestOf("{}"), size)
	return routes{"GET manifests": text(manifest), "GET blobs": config}
}

// attesting is a manifest with one statement.
var attesting = fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"config":{"digest":%q,"size":2},"layers":[{"mediaType":"application/vnd.in-toto+json","digest":%q,"size":2,"annotations":{"in-toto.io/predicate-type":%q}}]}`,
	ociManifest, digestOf("{}"), digestOf("{}"), slsaV1)

func attested(statement http.HandlerFunc) routes {
	return routes{"GET manifests": text(attesting), "GET blobs": statement}
}

// What a registry is asked over TLS, it and whom it names are asked over TLS.
func TestDowngrades(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{"version check": "/v2/", "listing": "/tags/list", "manifest": "/manifests/1", "token": "/token", "realm": "realm"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var plain atomic.Int64
			open := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { plain.Add(1) }))
			defer open.Close()
			var server *httptest.Server
			server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case strings.HasSuffix(r.URL.Path, path):
					http.Redirect(w, r, open.URL+r.URL.Path, http.StatusTemporaryRedirect)
				case r.URL.Path == "/v2/":
					root := map[bool]string{true: open.URL, false: server.URL}[path == "realm"]
					w.Header().Set("WWW-Authenticate", `Bearer realm="`+root+`/token"`)
					w.WriteHeader(http.StatusUnauthorized)
				default:
					text(`{"token":"t","tags":["1"]}`)(w, r)
				}
			}))
			defer server.Close()
			authorities := x509.NewCertPool()
			authorities.AddCert(server.Certificate())
			host := hostOf(server.URL)
			for kind, listed := range map[string]registry.Host{"unknown": {Name: "a.example"}, "listed": {Name: hostOf(open.URL), PlainHTTP: true}} {
				client := registry.New(registry.Options{
					Hosts:       []registry.Host{{Name: host, AllowPrivate: true, TokenHosts: []string{hostOf(open.URL)}}, listed},
					Credentials: keys{"": alice()}, RootCAs: authorities,
				})
				_, tagsErr := client.Tags(t.Context(), repo(host))
				_, manifestErr := client.Manifest(t.Context(), repo(host), "1")
				if !errors.Is(tagsErr, registry.ErrRefusedAddress) && !errors.Is(manifestErr, registry.ErrRefusedAddress) {
					t.Errorf("%s: errors %v; %v", kind, tagsErr, manifestErr)
				}
				noSecrets(t, errors.Join(tagsErr, manifestErr))
			}
			if plain.Load() != 0 {
				t.Errorf("%d requests without TLS", plain.Load())
			}
		})
	}
}

func TestPrivateRegistryWithTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(routes{"GET tags": text(`{"tags":["1"]}`)})
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	authorities := x509.NewCertPool()
	authorities.AddCert(server.Certificate())
	host := hostOf(server.URL)
	for name, test := range map[string]struct {
		options registry.Options
		want    string
	}{
		"listed":           {registry.Options{Hosts: []registry.Host{{Name: host, AllowPrivate: true}}, RootCAs: authorities}, ""},
		"not listed":       {registry.Options{RootCAs: authorities}, "a private or local address"},
		"unknown to us":    {registry.Options{Hosts: []registry.Host{{Name: host, AllowPrivate: true}}}, "certificate"},
		"without TLS":      {registry.Options{Hosts: []registry.Host{{Name: host, PlainHTTP: true}}}, "400"},
		"another is asked": {registry.Options{Hosts: []registry.Host{{Name: host + "0", AllowPrivate: true}}, RootCAs: authorities}, "a private or local address"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := registry.New(test.options).Tags(t.Context(), repo(host))
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

// No spelling of a host makes another one of it.
func TestOddHosts(t *testing.T) {
	t.Parallel()
	var client *registry.Client
	sent := func(host string) error {
		var asked atomic.Int64
		client = registry.New(registry.Options{
			Hosts:       []registry.Host{{Name: "xn--rgistry-8xa.example"}},
			Credentials: keys{"ghcr.io/acme/web": alice()},
			Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
				asked.Add(1)
				if req.Header.Get("Authorization") != "" && req.URL.Host != "ghcr.io" {
					t.Errorf("%s: the credentials of ghcr.io were sent to %s", host, req.URL.Host)
				}
				return answer(http.StatusUnauthorized, "", "WWW-Authenticate", `Basic realm="r"`).to(req)
			}),
		})
		_, err := client.Tags(t.Context(), repo(host))
		if asked.Load() == 0 && err == nil {
			t.Errorf("%s: nothing was asked, and there is no error", host)
		}
		if asked.Load() > 0 && (errors.Is(err, registry.ErrRefusedAddress) || errors.Is(err, image.ErrInvalid)) {
			t.Errorf("%s: it was asked before it was refused: %v", host, err)
		}
		return err
	}
	for host, want := range map[string]error{
		"ghcr.io": registry.ErrUnauthorized, "GHCR.IO": registry.ErrUnauthorized, "ghcr.io:443": registry.ErrUnauthorized,
		"ghcr.io:80": registry.ErrUnauthorized, "ghcr.io.evil.example": registry.ErrUnauthorized, "evil-ghcr.io": registry.ErrUnauthorized,
		"xn--rgistry-8xa.example": registry.ErrUnauthorized, // listed
		"ghcr.io.":                image.ErrInvalid, "ghcr.io@evil.example": image.ErrInvalid, "user:pass@ghcr.io": image.ErrInvalid, "": image.ErrInvalid,
		"ghcr.io#.a": image.ErrInvalid, "ghcr.io?.a": image.ErrInvalid, "ghcr.io\\.a": image.ErrInvalid, "ghcr.io%2f": image.ErrInvalid, "ghсr.io": image.ErrInvalid,
		"2130706433:443": registry.ErrRefusedAddress, "0x7f000001:443": registry.ErrRefusedAddress, "127.1": registry.ErrRefusedAddress,
		"0177.0.0.1": registry.ErrRefusedAddress, "127.0.0.1.0x0": registry.ErrRefusedAddress, "xn--ghcr-abc.io": registry.ErrRefusedAddress,
	} {
		if err := sent(host); !errors.Is(err, want) {
			t.Errorf("%s: error %v, want %v", host, err, want)
		}
	}
}
