package server

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/changes"
	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/run"
	"github.com/imageupdater/imageupdater/handlers/sources"
	"github.com/imageupdater/imageupdater/scanner/changelog"
	"github.com/imageupdater/imageupdater/server/store"
)

// publicGitHub is read without any right where the App is on another GitHub.
const (
	publicGitHub    = "github.com"
	publicGitHubAPI = "https://api.github.com/"
)

// openChanges makes what reads what changed between two images.
func (s *Server) openChanges() error {
	web, err := url.Parse(s.o.Config.GitHub.URL)
	if err != nil {
		return fmt.Errorf("github.url: %w", err)
	}
	own := strings.ToLower(web.Host)
	hosts := map[string]sources.Endpoint{}
	if own != publicGitHub {
		hosts[publicGitHub] = sources.Endpoint{REST: publicGitHubAPI}
	}
	for i, site := range s.o.Config.Changelog.Sites {
		at, err := url.Parse(site.URL)
		if err != nil {
			return fmt.Errorf("changelog.sites: %w", err)
		}
		if host := strings.ToLower(at.Host); host != own {
			hosts[host] = endpoint(host, site, s.secrets.sites[i])
		}
	}
	o, err := RegistryOptions(s.o.Config)
	if err != nil {
		return err
	}
	s.sources, err = sources.New(sources.Options{
		GitHub: s.github, Web: s.o.Config.GitHub.URL, Hosts: hosts, Facts: s.state, Now: s.now,
		Transport: s.gitHubTransport(o), Sleep: s.o.Sleep, Observe: s.calledElsewhere, UserAgent: userAgent(s.o.Version),
	})
	if err != nil {
		return err
	}
	s.runner.Changes = &changes.Reader{Registry: s.registry, Memory: s.state, Forges: s.sources.Forges(), Now: s.now}
	s.runner.Sources = s.o.Config.Changelog.Sources
	return nil
}

// calledElsewhere counts a request to another GitHub, whose limits are none of the App's.
func (s *Server) calledElsewhere(c forge.Call) {
	c.Remaining = -1
	s.metrics.called(c)
}

// endpoint is how a site is read. What all the world does not read may be shown for
// those accounts alone that the operator named.
func endpoint(host string, site config.ChangelogSite, token string) sources.Endpoint {
	e := sources.Endpoint{REST: site.APIURL, Token: token}
	if host != publicGitHub {
		e.Accounts = slices.Concat([]string{}, site.Accounts)
	}
	return e
}

// changes is how what changed is read for a repository.
func (s *Server) changes(ctx context.Context, r store.Repository, repo *forge.Repo) (run.Changes, error) {
	private := s.o.Config.Changelog.Private
	c := run.Changes{
		Source:     s.sources.For(r.InstallationID, r.Owner, forge.Ref{ID: r.ID, Owner: r.Owner, Name: r.Name}, private),
		Reader:     s.sources.Reader(r.InstallationID, r.Owner),
		Visibility: changelog.Public, AllowPrivate: private,
	}
	if !private { // then it does not matter who sees the repository
		return c, nil
	}
	found, err := repo.Repository(ctx)
	if err != nil {
		return run.Changes{}, fmt.Errorf("asking who sees %s/%s: %w", r.Owner, r.Name, err)
	}
	c.Visibility = sources.VisibilityOf(found)
	return c, nil
}
