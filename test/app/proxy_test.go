package app_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"maps"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// outside is the rest of the internet: a proxy that answers for every host, with
// certificates of an authority of its own.
type outside struct {
	net.Listener // of connections to those hosts

	url, caFile string
	conns       chan net.Conn
	authority   *x509.Certificate
	key         *ecdsa.PrivateKey
	direct      *http.Transport

	mu       sync.Mutex
	requests []string // "GET host/path"
}

// newOutside answers for every host by a handler, which finds the host's name in the
// request. What is asked for without TLS is sent on.
func newOutside(t *testing.T, answer http.Handler) *outside {
	t.Helper()
	o := &outside{Listener: listen(t), conns: make(chan net.Conn), direct: &http.Transport{}}
	o.url = "http://" + o.Addr().String()
	o.found(t)
	front := &http.Server{Handler: o, ReadHeaderTimeout: time.Minute}
	hosts := &http.Server{Handler: o.noting(answer), ReadHeaderTimeout: time.Minute}
	var serving sync.WaitGroup
	serving.Go(func() { _ = front.Serve(o.Listener) })
	inside := &tunnels{Listener: o.Listener, conns: o.conns, closed: make(chan struct{})}
	serving.Go(func() { _ = hosts.Serve(inside) })
	t.Cleanup(func() {
		_, _ = front.Close(), hosts.Close()
		serving.Wait()
		o.direct.CloseIdleConnections()
	})
	return o
}

// found makes the authority.
func (o *outside) found(t *testing.T) {
	t.Helper()
	var err error
	if o.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	o.authority = certificate("the outside")
	o.authority.IsCA, o.authority.BasicConstraintsValid, o.authority.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, o.authority, o.authority, &o.key.PublicKey, o.key)
	if err != nil {
		t.Fatal(err)
	}
	o.caFile = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(o.caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

func certificate(name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
	}
}

// show is the certificate of a host.
func (o *outside) show(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	leaf := certificate(hello.ServerName)
	leaf.DNSNames = []string{hello.ServerName}
	der, err := x509.CreateCertificate(rand.Reader, leaf, o.authority, &o.key.PublicKey, o.key)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: o.key}, err
}

// ServeHTTP is the proxy.
func (o *outside) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		o.sendOn(w, r)
		return
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
	o.conns <- tls.Server(begun{conn, buffered.Reader}, &tls.Config{GetCertificate: o.show, MinVersion: tls.VersionTLS12})
}

// begun is a connection of which something was read.
type begun struct {
	net.Conn

	reader *bufio.Reader
}

func (b begun) Read(p []byte) (int, error) { return b.reader.Read(p) }

func (o *outside) sendOn(w http.ResponseWriter, r *http.Request) {
	o.note(r.Method + " " + r.URL.Host + r.URL.Path)
	out := r.Clone(r.Context())
	out.RequestURI = ""
	res, err := o.direct.RoundTrip(out)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer res.Body.Close()
	maps.Copy(w.Header(), res.Header)
	w.WriteHeader(res.StatusCode)
	_, _ = io.Copy(w, res.Body)
}

func (o *outside) noting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.note(r.Method + " " + r.Host + r.URL.Path)
		next.ServeHTTP(w, r)
	})
}

func (o *outside) note(request string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.requests = append(o.requests, request)
}

// listed counts how often tags were listed since the last call, by host and path.
func (o *outside) listed() map[string]int {
	o.mu.Lock()
	defer o.mu.Unlock()
	counts := map[string]int{}
	for _, r := range o.requests {
		if name, is := strings.CutSuffix(r, "/tags/list"); is {
			counts[strings.Replace(strings.TrimPrefix(name, "GET "), "/v2/", "/", 1)]++
		}
	}
	o.requests = nil
	return counts
}

// asked says whether something was asked for since the last call of listed.
func (o *outside) asked(part string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Contains(strings.Join(o.requests, "\n"), part)
}

// tunnels are connections that were made through the proxy.
type tunnels struct {
	net.Listener

	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (t *tunnels) Accept() (net.Conn, error) {
	select {
	case c := <-t.conns:
		return c, nil
	case <-t.closed:
		return nil, net.ErrClosed
	}
}

func (t *tunnels) Close() error {
	t.once.Do(func() { close(t.closed) })
	return nil
}
