package proposal

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/imageupdater/imageupdater/handlers/foreign"
	"github.com/imageupdater/imageupdater/scanner/changelog"
)

const (
	gitHub = "github.com"
	// redirect leads to GitHub's pages without leaving a trace on them.
	redirect = "redirect.github.com"
)

var plainHost = regexp.MustCompile(`^[a-z0-9-]+(?:\.[a-z0-9-]+)+$`)

// host is the GitHub on whose page the text is shown.
func (n *Notes) host() string {
	page, err := url.Parse(n.RepositoryURL)
	if err != nil || page.Hostname() == "" {
		return gitHub
	}
	return strings.ToLower(page.Hostname())
}

// own tells whether an address is on the GitHub on whose page the text is shown, at
// whatever port that is. A development server of ours may be without TLS.
func (n *Notes) own(scheme, host string) bool {
	page, err := url.Parse(n.RepositoryURL)
	return err == nil && host != "" && page.Scheme == scheme && strings.EqualFold(page.Host, host)
}

// here tells whether a repository is on that GitHub.
func (n *Notes) here(repo changelog.Repository) bool {
	return n.own("https", repo.Host) || n.own("http", repo.Host)
}

// outside is an address of another repository's page as a link's: nothing in it
// means something in Markdown, and following it leaves no trace. "" is one that
// had better not be linked.
func (n *Notes) outside(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.User != nil || u.RawQuery != "" {
		return ""
	}
	scheme, host := u.Scheme, u.Host
	switch {
	case n.own(scheme, host):
	case n.own("http", host):
		scheme = "http"
	case !plainHost.MatchString(host):
		return ""
	}
	if n.host() == gitHub && (host == gitHub || host == "www."+gitHub) {
		host = redirect
	}
	link := scheme + "://" + percent(host, "-._:") + percent(u.EscapedPath(), "-._~/%")
	if u.Fragment != "" {
		link += "#" + percent(u.EscapedFragment(), "-._~/%")
	}
	if len(link) > longestLink {
		return ""
	}
	return link
}

// linked is a text of Markdown that leads to an address, if that can be linked.
func (n *Notes) linked(text, address string) string {
	if to := n.outside(address); to != "" {
		return "[" + text + "](" + to + ")"
	}
	return text
}

// page is how foreign Markdown about a repository becomes part of the text.
func (n *Notes) page(repo changelog.Repository) foreign.Options {
	return foreign.Options{Host: n.host(), Source: repo.URL()}
}

// named is a repository as people on this page call it.
func (n *Notes) named(repo changelog.Repository) string {
	name := repo.Host + "/" + repo.Path
	if repo.Host == n.host() || n.here(repo) {
		name = repo.Path
	}
	return n.linked(foreign.Code(name), repo.URL())
}

// pull names a pull request of a repository. A GitHub Enterprise would say on it
// that it was mentioned, so there it is not linked.
func (n *Notes) pull(repo changelog.Repository, number int) string {
	name := "PR " + strconv.Itoa(number)
	if repo.Forge != changelog.GitHub || repo.Host != gitHub && n.here(repo) {
		return name
	}
	return n.linked(name, repo.URL()+"/pull/"+strconv.Itoa(number))
}

// revision names a state of a repository, with a link unless that is not to be found there.
func (n *Notes) revision(repo changelog.Repository, revision string, absent bool) string {
	name, link := foreign.Code(revision), ""
	commit := changelog.IsCommit(revision)
	if commit {
		name = foreign.Code(brief(revision))
	}
	switch {
	case repo.Forge != changelog.GitHub, absent:
	case commit:
		link = repo.CommitURL(revision)
	default:
		link = repo.ReleaseURL(revision)
	}
	return n.linked(name, link)
}

// tag names a tag of Git: as it is, or as code where that would not be plain text.
func tag(name string) string {
	if before := "of "; plainTag.MatchString(name) && foreign.Line(before+name, foreign.Options{}) == before+name {
		return name
	}
	return foreign.Code(name)
}

var plainTag = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.+-]{0,99}$`)

// htmlCode is foreign.Code where Markdown is not read: in a summary.
func htmlCode(value string) string {
	var b strings.Builder
	b.WriteString("<code>")
	for _, r := range strings.Trim(foreign.Code(value), "`") {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("-._/: …", r), r > 0x7f:
			b.WriteRune(r)
		default:
			b.WriteString("&#" + strconv.Itoa(int(r)) + ";")
		}
	}
	b.WriteString("</code>")
	return b.String()
}
