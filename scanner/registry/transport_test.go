package registry

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// resolving is a resolver that answers with one address after the other, the last
// one for ever.
func resolving(t *testing.T, answers ...string) *net.Resolver {
	t.Helper()
	server, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	go func() {
		question := make([]byte, 512)
		for asked := 0; ; {
			n, from, err := server.ReadFrom(question)
			if err != nil {
				return
			}
			reply, counted := resolve(question[:n], netip.MustParseAddr(answers[min(asked, len(answers)-1)]))
			if counted {
				asked++
			}
			_, _ = server.WriteTo(reply, from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

// resolve answers a DNS question if it is for the kind of address there is.
func resolve(question []byte, address netip.Addr) (reply []byte, counted bool) {
	const header, typeA, typeAAAA = 12, 1, 28
	end := header
	for question[end] != 0 {
		end += 1 + int(question[end])
	}
	end += 5 // the last label, type and class
	reply = append([]byte{}, question[:end]...)
	binary.BigEndian.PutUint16(reply[2:], 0x8180)
	for count := 6; count < header; count += 2 {
		binary.BigEndian.PutUint16(reply[count:], 0)
	}
	reply[5] = 1
	wanted := map[bool]uint16{true: typeA, false: typeAAAA}[address.Is4()]
	if binary.BigEndian.Uint16(question[end-4:]) != wanted {
		return reply, false
	}
	reply[7] = 1
	reply = append(reply, 0xc0, header, 0, byte(wanted), 0, 1, 0, 0, 0, 0, 0, byte(len(address.AsSlice())))
	return append(reply, address.AsSlice()...), true
}

// The address that is checked is the one that is connected to, whatever the name
// meant a moment ago.
func TestRebinding(t *testing.T) {
	t.Parallel()
	var reached atomic.Int64
	private := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	t.Cleanup(private.Close)
	_, port, err := net.SplitHostPort(private.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for name, answers := range map[string][]string{ // all but the last are public
		"first public, then private": {"8.8.8.8", "127.0.0.1"},
		"mapped into IPv6":           {"::ffff:127.0.0.1"},
		"metadata":                   {"169.254.169.254"},
		"NAT64":                      {"64:ff9b::7f00:1"},
		"another loopback":           {"127.8.9.10"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host := "rebinding.example:" + port
			dial := newDialer()
			dial.Resolver = resolving(t, answers...)
			let := []string{}
			dial.Control = func(_, address string, _ syscall.RawConn) error {
				let = append(let, address)
				return errors.New("no packet leaves a test")
			}
			options := Options{Timeout: 2 * time.Second}
			listed := newSites(options)
			client := New(options)
			transport := newTransport(options, listed, dial)
			client.guard.next = transport
			var err error
			for range answers {
				_, err = client.Tags(t.Context(), image.Repository{Registry: host, Path: "acme/web"})
			}
			if !errors.Is(err, ErrRefusedAddress) || len(let) != len(answers)-1 {
				t.Errorf("error %v after %q", err, let)
			}
		})
	}
	t.Cleanup(func() {
		if reached.Load() != 0 {
			t.Error("the private server was reached")
		}
	})
}

func TestAddressesAreCheckedAtTheEnd(t *testing.T) {
	t.Parallel()
	check := newAddresses().control
	for address, refused := range map[string]bool{
		"8.8.8.8:443": false, "[2606:4700::1111]:443": false, "172.32.0.1:443": false, "100.63.255.255:443": false,
		"127.0.0.1:443": true, "[::ffff:127.0.0.1]:443": true, "[::ffff:10.1.2.3]:443": true, "[::1]:443": true, "[fe80::1%eth0]:443": true,
		"10.0.0.1:443": true, "172.31.255.255:443": true, "192.168.0.1:443": true, "169.254.169.254:80": true, "100.100.100.200:80": true,
		"[fd00:ec2::254]:80": true, "[64:ff9b::a00:1]:443": true, "[2002:a00:1::]:443": true, "[2001:0:a00:1::]:443": true,
		"0.0.0.0:443": true, "[::]:443": true, "224.0.0.1:443": true, "255.255.255.255:443": true, "nonsense": true,
	} {
		var connection syscall.RawConn
		if err := check("tcp", address, connection); errors.Is(err, ErrRefusedAddress) != refused {
			t.Errorf("%s: error %v", address, err)
		}
	}
}

// tunnels is a proxy that knows one host.
type tunnels struct {
	asked atomic.Int64
	log   chan string
	to    string
}

func (p *tunnels) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.asked.Add(1)
	p.log <- r.Method + " " + r.Host + " " + r.Header.Get("Proxy-Authorization")
	there, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", p.to)
	if err != nil || r.Method != http.MethodConnect {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer there.Close()
	w.WriteHeader(http.StatusOK)
	here, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer here.Close()
	_ = here.SetDeadline(time.Time{})
	go func() { _, _ = buffered.WriteTo(there); _ = there.Close() }()
	_, _ = buffered.ReadFrom(there)
	_ = buffered.Flush()
}

func TestProxyIsJudgedByName(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t-proxy"
	proxy := &tunnels{log: make(chan string, 100), to: "127.0.0.1:1"}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	via, err := url.Parse(strings.Replace(server.URL, "http://", "http://user:"+secret+"@", 1))
	if err != nil {
		t.Fatal(err)
	}
	direct := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/" {
			_, _ = w.Write([]byte(`{"tags":["1"]}`))
		}
	}))
	t.Cleanup(direct.Close)
	client := New(Options{Proxy: via, Timeout: 2 * time.Second, Hosts: []Host{{Name: direct.Listener.Addr().String(), PlainHTTP: true}}})
	list := func(host string) error {
		_, err := client.Tags(t.Context(), image.Repository{Registry: host, Path: "acme/web"})
		return err
	}

	if err := list(direct.Listener.Addr().String()); err != nil || proxy.asked.Load() != 0 {
		t.Errorf("what is listed is asked directly: %v, %d requests of the proxy", err, proxy.asked.Load())
	}
	for _, host := range []string{
		"10.0.0.1", "127.0.0.1:5000", "[::1]:443", "[::ffff:a00:1]:443", "localhost:5000", "a.localhost", "registry:5000", "metadata.google.internal",
		"registry.cluster.local", "nas.lan", "printer.local", "169.254.169.254", server.Listener.Addr().String(),
	} {
		if err := list(host); !errors.Is(err, ErrRefusedAddress) {
			t.Errorf("%s: error %v", host, err)
		}
	}
	if proxy.asked.Load() != 0 {
		t.Errorf("the proxy was asked %d times", proxy.asked.Load())
	}
	err = list("registry.example")
	if err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("error %v", err)
	}
	if first := <-proxy.log; !strings.HasPrefix(first, "CONNECT registry.example:443 Basic ") {
		t.Errorf("the proxy was asked: %s", first)
	}
}

func TestThroughAProxy(t *testing.T) {
	t.Parallel()
	registry := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/" {
			_, _ = w.Write([]byte(`{"tags":["1"]}`))
		}
	}))
	t.Cleanup(registry.Close)
	proxy := &tunnels{log: make(chan string, 100), to: registry.Listener.Addr().String()}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	via, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	authorities := registry.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	client := New(Options{Proxy: via, RootCAs: authorities, Timeout: 5 * time.Second})
	tags, err := client.Tags(t.Context(), image.Repository{Registry: "example.com", Path: "acme/web"})
	if err != nil || len(tags) != 1 {
		t.Errorf("tags %q, error %v", tags, err)
	}
}

func TestSites(t *testing.T) {
	t.Parallel()
	listed := newSites(Options{
		Hosts: []Host{
			{Name: "Registry.example", TokenHosts: []string{"auth.example"}},
			{Name: "docker.io", Mirrors: []string{"mirror.example"}},
			{Name: "private.example", AllowPrivate: true, TokenHosts: []string{"auth.private.example:8443"}},
		},
		PlainHTTP: []string{"plain.example:5000", "bare.example", "private.example"},
	})
	for name, want := range map[string]string{
		"registry.example": "https://registry.example", "REGISTRY.example:443": "https://registry.example", "index.docker.io": "https://index.docker.io",
		"registry-1.docker.io": "https://index.docker.io", "docker.io": "https://index.docker.io", "plain.example:5000": "http://plain.example:5000",
		"plain.example": "https://plain.example", "bare.example": "http://bare.example", "bare.example:80": "http://bare.example",
		"bare.example:443": "https://bare.example", "private.example": "http://private.example", "[::1]:5000": "https://[::1]:5000",
	} {
		if got := listed.of(name).root(); got != want {
			t.Errorf("%s is at %s, want %s", name, got, want)
		}
	}
	owner := listed.of("registry.example")
	for at, want := range map[string][2]bool{
		"https://registry.example/v2/": {true, false}, "https://registry.example:443/": {true, false}, "https://REGISTRY.example/": {true, false},
		"http://registry.example/": {false, false}, "https://registry.example:5000/": {false, false}, "https://registry.example.evil/": {false, false},
		"https://auth.example/": {false, true}, "https://auth.example:443/x": {false, true}, "http://auth.example/": {false, false},
		"https://auth.example:8443/": {false, false}, "https://a.auth.example/": {false, false}, "https://auth.example.evil/": {false, false},
	} {
		u, err := url.Parse(at)
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]bool{owner.owns(u), owner.ownsTokens(u)}; got != want {
			t.Errorf("%s: own host, token host: %v, want %v", at, got, want)
		}
	}
	if !listed.open["auth.private.example:8443"] || listed.open["registry.example:443"] {
		t.Errorf("open are %v", listed.open)
	}
}
