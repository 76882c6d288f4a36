package registry

import (
	"cmp"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// hubAddress is where Docker Hub's registry really is.
const hubAddress = "index.docker.io"

// knownTokenHosts are token servers that stand apart from their registry and are
// known to belong to it.
//
//nolint:gochecknoglobals // a table, never written
var knownTokenHosts = map[string][]string{
	image.DockerHub:       {"auth.docker.io"},
	"registry.gitlab.com": {"gitlab.com"},
}

// site is a registry host: what its operator says of it, or what holds for any.
type site struct {
	Host

	listed bool
}

// private tells whether it may be at a private address.
func (s *site) private() bool { return s.PlainHTTP || s.AllowPrivate }

// endpoint is the host that requests are sent to.
func (s *site) endpoint() string {
	if s.Name == image.DockerHub {
		return hubAddress
	}
	return s.Name
}

func (s *site) scheme() string {
	if s.PlainHTTP {
		return "http"
	}
	return "https"
}

// root is where its addresses begin.
func (s *site) root() string { return s.scheme() + "://" + s.endpoint() }

// owns tells whether a request goes to the registry itself.
func (s *site) owns(u *url.URL) bool {
	return u.Scheme == s.scheme() && address(u.Scheme, u.Host) == address(s.scheme(), s.endpoint())
}

// ownsTokens tells whether a request goes to one of the token servers that were
// listed for the registry.
func (s *site) ownsTokens(u *url.URL) bool {
	if u.Scheme != "https" && !s.PlainHTTP {
		return false
	}
	return slices.ContainsFunc(s.TokenHosts, func(host string) bool {
		return address(u.Scheme, host) == address(u.Scheme, u.Host)
	})
}

// sites are the hosts that an operator listed.
type sites struct {
	byName map[string]*site
	// open are the addresses, with port, that may be private.
	open map[string]bool
	// proxied tells whether what is not open is asked through a proxy.
	proxied bool
}

func newSites(options Options) *sites {
	s := &sites{byName: map[string]*site{}, open: map[string]bool{}, proxied: options.Proxy != nil}
	for _, host := range options.Hosts {
		s.add(host)
	}
	for _, name := range options.PlainHTTP {
		host := s.of(name).Host
		host.PlainHTTP = true
		s.add(host)
	}
	return s
}

func (s *sites) add(host Host) {
	host.Name = canonical(host.Name, host.PlainHTTP)
	host.TokenHosts = slices.Concat(host.TokenHosts, knownTokenHosts[host.Name])
	added := &site{Host: host, listed: true}
	s.byName[host.Name] = added
	if !added.private() {
		return
	}
	s.open[address(added.scheme(), added.endpoint())] = true
	for _, token := range host.TokenHosts {
		s.open[address("https", token)] = true
		if added.PlainHTTP {
			s.open[address("http", token)] = true
		}
	}
}

// of is what is known of a host, as references and URLs spell it.
func (s *sites) of(name string) *site {
	for _, plain := range []bool{false, true} {
		if found, ok := s.byName[canonical(name, plain)]; ok && (found.PlainHTTP == plain || found.Name == strings.ToLower(name)) {
			return found
		}
	}
	name = canonical(name, false)
	return &site{Host: Host{Name: name, TokenHosts: knownTokenHosts[name]}}
}

// isOpen tells whether a URL leads to what may be private because it is listed.
func (s *sites) isOpen(u *url.URL) bool { return s.open[address(u.Scheme, u.Host)] }

// canonical is one spelling of a host: lower case, without the usual port.
func canonical(name string, plain bool) string {
	usual := map[bool]string{false: ":443", true: ":80"}
	name = strings.TrimSuffix(strings.ToLower(name), usual[plain])
	if name == hubAddress || name == "registry-1.docker.io" {
		return image.DockerHub
	}
	return name
}

// address is a host with its port.
func address(scheme, host string) string {
	host = strings.ToLower(host)
	if _, port, err := net.SplitHostPort(host); err == nil && port != "" {
		return host
	}
	port := map[string]string{"http": "80", "https": "443"}[scheme]
	return net.JoinHostPort(strings.Trim(host, "[]:"), port)
}

// displayed is a URL's host as references spell it.
func displayed(host string) string {
	host = strings.ToLower(host)
	if host == hubAddress {
		return image.DockerHub
	}
	return host
}

// localNames are the ends of names that mean something within a network alone.
//
//nolint:gochecknoglobals // a table, never written
var localNames = []string{"localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "home.arpa", "cluster.local"}

// numericLabel is a last label that resolvers may take for a part of an address.
var numericLabel = regexp.MustCompile(`^(?:[0-9]+|0x[0-9a-f]*)$`)

// oddName says why a host is no name that a reference may have; "" if it may. It
// is about names that one program takes for something else than the next one.
func oddName(host string) string {
	name := hostname(host)
	labels := strings.Split(name, ".")
	_, err := netip.ParseAddr(name)
	switch {
	case err == nil:
		return ""
	case numericLabel.MatchString(labels[len(labels)-1]):
		return "it may be taken for an IP address"
	case slices.ContainsFunc(labels, func(l string) bool { return strings.HasPrefix(l, "xn--") }):
		return "it is an internationalised name, which may look like another one"
	case strings.HasSuffix(name, ".") || strings.ContainsAny(name, "%@\\/?# ") || strings.IndexFunc(name, notASCII) >= 0:
		return "it is no plain host name"
	}
	return ""
}

func notASCII(r rune) bool { return r <= ' ' || r > '~' }

// localName tells whether a host can only mean something within a network: where
// a proxy resolves names nobody else can tell.
func localName(host string, networks *addresses) bool {
	name := strings.TrimSuffix(hostname(host), ".")
	if ip, err := netip.ParseAddr(name); err == nil {
		return networks.refuses(ip)
	}
	ends := func(suffix string) bool { return strings.HasSuffix("."+name, "."+suffix) }
	return !strings.Contains(name, ".") || slices.ContainsFunc(localNames, ends) || oddName(host) != ""
}

// hostname is a host without its port, in lower case.
func hostname(host string) string {
	name, _, err := net.SplitHostPort(strings.ToLower(host))
	if err != nil {
		name = strings.ToLower(host)
	}
	return cmp.Or(strings.Trim(name, "[]"), name)
}
