package server

import (
	"fmt"
	"net/url"
	"strings"

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
	s.site = strings.ToLower(web.Host)
	hosts := map[string]sources.Endpoint{}
	if s.site != publicGitHub {
		hosts[publicGitHub] = sources.Endpoint{REST: publicGitHubAPI}
	}
	for i, site := range s.o.Config.Changelog.Sites {
		at, err := url.Parse(site.URL)
		if err != nil {
			return fmt.Errorf("changelog.sites: %w", err)
		}
		if host := strings.ToLower(at.Host); host != s.site {
			hosts[host] = sources.Endpoint{REST: site.APIURL, Token: s.secrets.sites[i]}
		}
	}
	s.sources, err = sources.New(sources.Options{
		GitHub: s.github, Web: s.o.Config.GitHub.URL, Hosts: hosts, Facts: s.state, Now: s.now,
		Transport: s.outside, Sleep: s.o.Sleep, UserAgent: userAgent(s.o.Version),
	})
	if err != nil {
		return err
	}
	s.runner.Changes = &changes.Reader{Registry: s.registry, Memory: s.state, Forges: s.sources.Forges(), Now: s.now}
	s.runner.Sources = s.o.Config.Changelog.Sources
	return nil
}

// changes is how what changed is read for a repository.
func (s *Server) changes(r store.Repository) run.Changes {
	private := s.o.Config.Changelog.Private
	return run.Changes{
		Source:       s.sources.For(r.InstallationID, r.Owner, forge.Ref{ID: r.ID, Owner: r.Owner, Name: r.Name}, private),
		Repository:   changelog.Repository{Host: s.site, Path: r.Owner + "/" + r.Name, Forge: changelog.GitHub},
		AllowPrivate: private,
	}
}
