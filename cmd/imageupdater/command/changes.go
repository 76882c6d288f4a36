package command

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/changes"
	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/handlers/sources"
	"github.com/imageupdater/imageupdater/scanner"
)

// The variables that say which GitHub is read for what changed, beside github.com,
// and with which token.
const (
	gitHubVariable = "IMAGEUPDATER_GITHUB_URL"
	tokenVariable  = "IMAGEUPDATER_GITHUB_TOKEN"
	publicGitHub   = "https://github.com"
)

const changesHelp = `-o markdown is what the pull requests would say, with what changed between the
images. That is read from github.com, where 60 questions an hour are free, and from
` + gitHubVariable + `, if it is set. ` + tokenVariable + ` is a token for the
latter, else for github.com; only public repositories are shown.`

// site is the GitHub on which texts may be shown.
func site(env Environment) string { return cmp.Or(env.Getenv(gitHubVariable), publicGitHub) }

// gitHubs are those that are read.
func gitHubs(env Environment) (map[string]sources.Endpoint, error) {
	hosts := map[string]sources.Endpoint{}
	add := func(text, token string) error {
		site, api, err := config.GitHubSite(text)
		if err != nil {
			return err
		}
		at, err := url.Parse(site)
		if err != nil {
			return fmt.Errorf("%q: %w", site, err)
		}
		hosts[strings.ToLower(at.Host)] = sources.Endpoint{REST: api, Token: token}
		return nil
	}
	own, token := env.Getenv(gitHubVariable), env.Getenv(tokenVariable)
	if own == "" {
		return hosts, add(publicGitHub, token)
	}
	if err := add(publicGitHub, ""); err != nil {
		return nil, err
	}
	if err := add(own, token); err != nil {
		return nil, fmt.Errorf("%s: %w", gitHubVariable, err)
	}
	return hosts, nil
}

// changed reads what changed in the images of a plan's updates.
func changed(ctx context.Context, env Environment, r registries, c *config.Config, plan *scanner.Plan) (changes.Found, error) {
	var steps []changes.Step
	for _, g := range proposal.Grouped(plan) {
		steps = append(steps, changes.StepsOf(g.Proposal, nil, c.Changelog.Sources)...)
	}
	if len(steps) == 0 || r.shared == nil {
		return changes.Found{}, nil
	}
	hosts, err := gitHubs(env)
	if err != nil {
		return changes.Found{}, err
	}
	all, err := sources.New(sources.Options{Hosts: hosts, Now: env.Now, UserAgent: userAgent(env)})
	if err != nil {
		return changes.Found{}, fmt.Errorf("reading what changed: %w", err)
	}
	reader := &changes.Reader{Registry: r.shared, Memory: nothingKept{}, Forges: all.Forges(), Now: env.Now}
	return reader.Read(ctx, &changes.Target{Source: all.WithoutApp()}, steps), nil
}

// nothingKept is the memory of one run.
type nothingKept struct{}

// Note is part of changes.Memory.
func (nothingKept) Note(context.Context, int64, string) ([]byte, bool) { return nil, false }

// KeepNote is part of changes.Memory.
func (nothingKept) KeepNote(context.Context, int64, string, []byte) {}
