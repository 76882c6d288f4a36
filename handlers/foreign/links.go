package foreign

import (
	"net/url"
	"path"
	"regexp"
	"strings"

	"golang.org/x/net/idna"
)

const (
	githubHost = "github.com"
	// redirectHost is GitHub's own way for links that leave no trace.
	redirectHost = "redirect.github.com"
	longestURL   = 2 << 10
)

var (
	hostName = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?(?::[0-9]{1,5})?$`)
	// reference is the path of a page on which GitHub would say that it was mentioned.
	reference = regexp.MustCompile(`(?i)^/+([a-z0-9][a-z0-9-]*)/+([a-z0-9._-]+)/+(issues?|pulls?|discussions?|commits?|compare)/+([a-z0-9]+)`)
	owned     = regexp.MustCompile(`[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$`)
	// within is before a # that is part of a word.
	within = regexp.MustCompile(`[\w/&-]$`)
)

// webURL reads an address of http or https. Others lead nowhere, and neither does one
// with a name before its host, which is there to be taken for the host.
func webURL(address string) (*url.URL, bool) {
	address = strings.TrimSpace(address)
	if address == "" || len(address) > longestURL || visible(address) != address {
		return nil, false
	}
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.Opaque != "" {
		return nil, false
	}
	u.Scheme = strings.ToLower(u.Scheme)
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, false
	}
	host, err := idna.Lookup.ToASCII(u.Hostname())
	if err != nil {
		return nil, false
	}
	host = strings.TrimRight(strings.ToLower(host), ".")
	if port := u.Port(); port != "" {
		host += ":" + port
	}
	u.Host = host
	return u, hostName.MatchString(host)
}

// destination is the address of a link as it is written, "" where there had better be
// none.
func (p *page) destination(u *url.URL) string {
	to := *u
	if p.same(to.Hostname()) {
		if p.host != githubHost {
			if reference.MatchString(path.Clean(to.Path)) {
				return ""
			}
			return addressed(&to)
		}
		to.Scheme, to.Host = "https", redirectHost
	}
	return addressed(&to)
}

// same tells whether a host is the GitHub that shows the page.
func (p *page) same(host string) bool {
	return host == p.host || host == "www."+p.host
}

// addressed writes an address with nothing in it that Markdown, or who looks for names
// in Markdown, could mean something by.
func addressed(u *url.URL) string {
	const kept = "-._~:/?#!+,;=%"
	var b strings.Builder
	for _, c := range []byte(u.String()) {
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(kept, c) >= 0:
			b.WriteByte(c)
		case c == '&':
			b.WriteString("&amp;")
		default:
			b.WriteByte('%')
			b.WriteByte("0123456789ABCDEF"[c>>4])
			b.WriteByte("0123456789ABCDEF"[c&15])
		}
	}
	return b.String()
}

// display is how an address is shown: without the scheme, and GitHub's as GitHub does.
func (p *page) display(u *url.URL) string {
	if to := reference.FindStringSubmatch(u.Path); to != nil && p.same(u.Hostname()) {
		name := to[1] + "/" + to[2]
		if strings.EqualFold(name, p.name) {
			name = ""
		}
		switch kind := strings.TrimSuffix(strings.ToLower(to[3]), "s"); {
		case kind == "commit":
			return strings.TrimPrefix(name+"@", "@") + to[4][:min(len(to[4]), 7)]
		case kind != "compare" && strings.Trim(to[4], "0123456789") == "":
			return name + "#" + to[4]
		}
	}
	shown := u.Host + u.EscapedPath()
	if u.RawQuery != "" {
		shown += "?" + u.RawQuery
	}
	if u.Fragment != "" {
		shown += "#" + u.EscapedFragment()
	}
	shown = strings.ReplaceAll(spaced(visible(shown)), " ", "%20")
	return Shorten(strings.TrimPrefix(strings.TrimSuffix(shown, "/"), "www."), longestShown)
}

// longestShown is how much is shown of an address that stands for itself.
const longestShown = 120

// issue is the address of the issue of a number that follows a text: of the
// repository with whose name the text ends, else of the source. "" is none.
func (p *page) issue(before, number string) string {
	if p.source == nil || len(number) > len("1234567890") {
		return ""
	}
	name := owned.FindString(before)
	if name == "" && !within.MatchString(before) {
		name = p.name
	}
	if strings.Count(name, "/") != 1 {
		return ""
	}
	u := *p.source
	u.Path, u.RawPath, u.RawQuery, u.Fragment = "/"+name+"/issues/"+number, "", "", ""
	return p.destination(&u)
}
