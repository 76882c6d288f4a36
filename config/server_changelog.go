package config

import (
	"fmt"

	"github.com/imageupdater/imageupdater/scanner/credentials/grant"
)

// ServerChangelog is what an operator says of where changes are read.
type ServerChangelog struct {
	// Sources count before those of repositories' files.
	Sources Sources
	// Private tells whether a private repository may be read, of the installation
	// that the pull request is in, for who may see the pull request may see it too.
	Private bool
	// Sites are GitHubs whose public repositories are read without the App's rights,
	// each once. github.com is read without being among them.
	Sites []ChangelogSite
}

// ChangelogSite is a GitHub that is read without any private right.
type ChangelogSite struct {
	// URL is where people see it, without a slash at the end, and APIURL the root of
	// its REST API, with one.
	URL, APIURL string
	// Token is of somebody who sees public repositories alone; the zero value for
	// nobody.
	Token grant.Secret
	// Accounts are those, in lower case, in whose private repositories may be shown
	// what is public there. Of github.com, which all the world reads, they are nil.
	Accounts []string
}

// serverChangelog is the section changelog.
type serverChangelog struct {
	Sources Sources               `key:"sources" doc:"Repositories of images, as changelog.sources of a repository's file, and before that."`
	Private Setting[bool]         `key:"private" doc:"Whether pull requests may show release notes and commits of private repositories: of the same installation alone, and nothing private in what is internal or public, nothing internal in what is public."`
	Sites   []serverChangelogSite `key:"sites" doc:"GitHubs whose public repositories are read, beside the App's own. github.com always is."`
}

// serverChangelogSite is an entry of changelog.sites.
type serverChangelogSite struct {
	URL      Setting[siteURL]       `key:"url" doc:"Where people see it: https://github.com, or a GitHub Enterprise Server." required:"true"`
	Token    Setting[secretPlace]   `key:"token" doc:"Where a token is kept that may read public repositories and nothing else. Without one GitHub answers 60 questions in an hour."`
	Accounts Setting[[]accountName] `key:"accounts" doc:"The accounts in whose private repositories may be shown what that GitHub calls public, which is known to its own people alone. With changelog.private. Not of github.com, which all the world reads."`
	Origin   *Origin
}

func (s *serverChangelogSite) place(o *Origin) { s.Origin = o }

func (c *serverChangelog) build() ServerChangelog {
	built := ServerChangelog{Sources: c.Sources, Private: c.Private.Value}
	for i := range c.Sites {
		s := &c.Sites[i]
		site := ChangelogSite{URL: string(s.URL.Value), Token: s.Token.Value.build(), Accounts: lowered(s.Accounts.Value)}
		site.APIURL, _ = s.URL.Value.apis()
		built.Sites = append(built.Sites, site)
	}
	return built
}

// worldsGitHub is the one that all the world reads.
const worldsGitHub = "https://github.com"

// checkChangelogSites wants each site once, and warns of those of which nothing comes.
func (d *decoder) checkChangelogSites(c *serverChangelog, own siteURL) {
	first := map[siteURL]*Origin{}
	for i := range c.Sites {
		s := &c.Sites[i]
		switch before := first[s.URL.Value]; {
		case s.URL.Value == "":
		case before != nil:
			d.failOrigin(s.URL.Origin, fmt.Sprintf("there is an entry for it already, at %d:%d", before.Line, before.Column), "put both into one entry")
		default:
			first[s.URL.Value] = s.URL.Origin
			d.checkChangelogSite(s, own, c.Private.Value)
		}
	}
}

func (d *decoder) checkChangelogSite(s *serverChangelogSite, own siteURL, private bool) {
	world := s.URL.Value == worldsGitHub
	switch {
	case s.URL.Value == own:
		d.warnOrigin(s.URL.Origin, "has no effect: this is the App's own GitHub, which is read as the App", "remove the entry")
	case world && s.Accounts.Set():
		d.warnOrigin(s.Accounts.Origin, "has no effect: all the world reads github.com", "remove it")
	case !world && (len(s.Accounts.Value) == 0 || !private):
		d.warnOrigin(s.URL.Origin, "has no effect: what it calls public is known to its own people alone", "write accounts, in whose private repositories it may be shown, and changelog: {private: true}")
	}
}

// GitHubSite reads the address of a GitHub, as people see it, and gives it without a
// slash at the end and the root of its REST API with one. The error says what to write.
func GitHubSite(text string) (site, api string, err error) {
	var u siteURL
	if f := readSiteURL(&u, text); f != nil {
		return "", "", fmt.Errorf("%s (%s)", f.message, f.hint) //nolint:err113 // it is for who wrote it
	}
	api, _ = u.apis()
	return string(u), api, nil
}
