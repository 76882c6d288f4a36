package registry

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"
)

// newTransport dials addresses that are checked after the name was resolved, so
// that no name can lead to where an address may not. What is listed as private is
// dialled as it is, and never through the proxy.
func newTransport(options Options, listed *sites, dial *net.Dialer) *http.Transport {
	guarded := *dial
	guarded.Control = guardedBy(newAddresses(), dial.Control)
	dialers := map[bool]*net.Dialer{true: dial, false: &guarded}
	via := ""
	if options.Proxy != nil {
		via = address(options.Proxy.Scheme, options.Proxy.Host)
	}
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, to string) (net.Conn, error) {
			return dialers[listed.open[to] || to == via].DialContext(ctx, network, to)
		},
		TLSClientConfig:        &tls.Config{RootCAs: options.RootCAs, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // a small answer must not grow beyond its cap
		MaxResponseHeaderBytes: maxHeader,
		MaxIdleConnsPerHost:    8,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
	}
	if options.Proxy != nil {
		transport.Proxy = func(req *http.Request) (*url.URL, error) {
			if listed.isOpen(req.URL) {
				return nil, nil //nolint:nilnil // what net/http takes for no proxy
			}
			return options.Proxy, nil
		}
	}
	return transport
}

// guardedBy looks at an address before anything else does.
func guardedBy(networks *addresses, next func(string, string, syscall.RawConn) error) func(string, string, syscall.RawConn) error {
	return func(network, address string, connection syscall.RawConn) error {
		if err := networks.control(network, address, connection); err != nil || next == nil {
			return err
		}
		return next(network, address, connection)
	}
}

func newDialer() *net.Dialer { return &net.Dialer{Timeout: defaultTimeout, KeepAlive: defaultTimeout} }
