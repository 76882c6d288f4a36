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
}

// serverChangelog is the section changelog.
type serverChangelog struct {
	Sources Sources               `key:"sources" doc:"Repositories of images, as changelog.sources of a repository's file, and before that."`
	Private Setting[bool]         `key:"private" doc:"Whether pull requests may show release notes and commits of private repositories: of the same installation alone, and never in a repository that more people can read."`
	Sites   []serverChangelogSite `key:"sites" doc:"GitHubs whose public repositories are read, beside the App's own. github.com always is."`
}

// serverChangelogSite is an entry of changelog.sites.
type serverChangelogSite struct {
	URL    Setting[siteURL]     `key:"url" doc:"Where people see it: https://github.com, or a GitHub Enterprise Server." required:"true"`
	Token  Setting[secretPlace] `key:"token" doc:"Where a token is kept that may read public repositories and nothing else. Without one GitHub answers 60 questions in an hour."`
	Origin *Origin
}

func (s *serverChangelogSite) place(o *Origin) { s.Origin = o }

func (c *serverChangelog) build() ServerChangelog {
	built := ServerChangelog{Sources: c.Sources, Private: c.Private.Value}
	for i := range c.Sites {
		s := &c.Sites[i]
		site := ChangelogSite{URL: string(s.URL.Value), Token: s.Token.Value.build()}
		site.APIURL, _ = s.URL.Value.apis()
		built.Sites = append(built.Sites, site)
	}
	return built
}

// checkChangelogSites wants each site once, and not the App's own: that is read as
// the App.
func (d *decoder) checkChangelogSites(c *serverChangelog, own siteURL) {
	first := map[siteURL]*Origin{}
	for i := range c.Sites {
		at := c.Sites[i].URL
		switch before := first[at.Value]; {
		case at.Value == "":
		case at.Value == own:
			d.warnOrigin(at.Origin, "has no effect: this is the App's own GitHub, which is read as the App", "remove the entry")
		case before != nil:
			d.failOrigin(at.Origin, fmt.Sprintf("there is an entry for it already, at %d:%d", before.Line, before.Column), "put both into one entry")
		default:
			first[at.Value] = at.Origin
		}
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
