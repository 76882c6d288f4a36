package config

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// siteURL is the address of GitHub for people, without a slash at the end.
type siteURL string

func readSiteURL(u *siteURL, text string) *fault {
	const form = "write https://github.com or https://github.example.com"
	at, f := readURL(text, form)
	switch {
	case f != nil:
		return f
	case strings.Trim(at.Path, "/") != "":
		return faultf(form+"; the addresses of its APIs follow from that", "the URL goes without a path")
	case at.Host == "api.github.com" || at.Host == "www.github.com":
		return faultf("write https://github.com", "this is not where people see GitHub")
	}
	*u = siteURL(at.Scheme + "://" + at.Host)
	return nil
}

func schemaOfSiteURL() schema { return schema{"type": "string", "pattern": `^https?://[^/@?#]+/?$`} }

// apiURL is the address of an API of GitHub, without a slash at the end.
type apiURL string

func readAPIURL(u *apiURL, text string) *fault {
	at, f := readURL(text, "write https://github.example.com/api/v3/")
	if f == nil {
		*u = apiURL(at.Scheme + "://" + at.Host + strings.TrimRight(at.Path, "/"))
	}
	return f
}

// publicURL is where the server is found, without a slash at the end.
type publicURL string

func readPublicURL(u *publicURL, text string) *fault {
	at, f := readURL(text, "write https://imageupdater.example.com")
	if f == nil {
		*u = publicURL(at.Scheme + "://" + at.Host + strings.TrimRight(at.Path, "/"))
	}
	return f
}

func schemaOfURL() schema {
	return schema{"type": "string", "pattern": `^https?://[^/@?#]+(/[^@?#]*)?$`}
}

var urlHost = regexp.MustCompile(`^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?$`)

// readURL reads an address that secrets are sent to. Without TLS it must be of
// this machine.
func readURL(text, form string) (*url.URL, *fault) {
	at, err := url.Parse(text)
	switch {
	case strings.ContainsRune(text, '@'):
		return nil, faultf(form, "secrets do not stand in this file, and neither do users")
	case err != nil || at.Scheme != "http" && at.Scheme != "https":
		return nil, faultf(form, "this is no URL")
	}
	at.Host = strings.ToLower(at.Host)
	switch {
	case !urlHost.MatchString(at.Host) || !isPort(at.Port(), 1):
		return nil, faultf(form, "the URL has no host, or one that cannot be")
	case at.RawQuery != "" || at.ForceQuery || at.Fragment != "" || at.Path != at.EscapedPath() || strings.Contains(at.Path, "//"):
		return nil, faultf(form, "the URL holds more than a host and a plain path")
	case at.Scheme == "http" && !isLoopback(at.Hostname()):
		return nil, faultf("write https://; without TLS it may be on this machine alone", "whoever sees the traffic would have the secrets")
	}
	return at, nil
}

// isPort tells whether a text is a port of at least a number, or none.
func isPort(text string, least int) bool {
	n, err := strconv.Atoi(text)
	return text == "" || err == nil && n >= least && n <= 65535 && strconv.Itoa(n) == text
}

func isLoopback(host string) bool {
	at, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && at.IsLoopback()
}

// listenAddress is host:port.
type listenAddress string

var listenHost = regexp.MustCompile(`^[A-Za-z0-9.:-]*$`)

func readListenAddress(l *listenAddress, text string) *fault {
	const form = `write ":8080", or "127.0.0.1:8080" for this machine alone`
	host, port, err := net.SplitHostPort(text)
	if err != nil || port == "" || !listenHost.MatchString(host) {
		return faultf(form, "this is no address to listen at")
	}
	if !isPort(port, 0) {
		return faultf("from 1 to 65535; 0 takes any that is free", "there is no such port")
	}
	*l = listenAddress(text)
	return nil
}

func schemaOfListenAddress() schema {
	return schema{"type": "string", "pattern": `^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]*):[0-9]{1,5}$`}
}

// ghe is where companies have a GitHub of their own that is not on their
// machines.
const ghe = ".ghe.com"

// apis are the addresses of GitHub's APIs, as they follow from where people see
// it.
func (u siteURL) apis() (rest, graphql string) {
	site := string(u)
	scheme, host, _ := strings.Cut(site, "://")
	if host == "github.com" || strings.HasSuffix(host, ghe) {
		api := scheme + "://api." + host
		return api + "/", api + "/graphql"
	}
	return site + "/api/v3/", site + "/api/graphql"
}
