package config

import (
	"fmt"
	"time"

	"github.com/imageupdater/imageupdater/scanner/credentials/grant"
)

// defaultBudgetWindow is Docker Hub's.
const defaultBudgetWindow = 6 * time.Hour

// build makes plain data of a file that has nothing wrong.
func (f *serverFile) build() *Server {
	s := &Server{
		GitHub:        f.GitHub.build(),
		Listen:        string(f.Listen.Value),
		PublicURL:     string(f.PublicURL.Value),
		Database:      f.Database.build(),
		Accounts:      lowered(f.Accounts.Value),
		Onboarding:    bool(f.Onboarding.Value),
		Work:          f.Work.build(),
		LeastInterval: time.Duration(f.Schedule.Least.Value),
		Log:           Log{Level: f.Log.Level.Value, Format: f.Log.Format.Value},
		Enforce:       f.Enforce,
		Keep:          Keep{Facts: int64(f.Keep.Facts.Value), Decisions: time.Duration(f.Keep.Decisions.Value)},
		Proxy:         string(f.Proxy.Value),
		CAFile:        string(f.CAFile.Value),
		Changelog:     f.Changelog.build(),
	}
	for i := range f.Hooks {
		s.Hooks = append(s.Hooks, f.Hooks[i].build())
	}
	for i := range f.API.Tokens {
		s.Tokens = append(s.Tokens, f.API.Tokens[i].build())
	}
	for i := range f.Registries {
		r := &f.Registries[i]
		s.Registries = append(s.Registries, r.build())
		for j := range r.Credentials {
			s.Grants = append(s.Grants, r.Credentials[j].build(r.Host.name))
		}
	}
	return s
}

func (g *serverGitHub) build() GitHub {
	built := GitHub{
		URL: string(g.URL.Value), AppID: int64(g.AppID.Value),
		PrivateKey: g.PrivateKey.Value.build(), WebhookSecret: g.WebhookSecret.Value.build(), Origin: g.Origin,
	}
	for i := range g.MarkerKeys.Value {
		built.MarkerKeys = append(built.MarkerKeys, g.MarkerKeys.Value[i].build())
	}
	built.APIURL, built.GraphQLURL = g.URL.Value.apis()
	if g.APIURL.Set() {
		built.APIURL = string(g.APIURL.Value) + "/"
	}
	if g.GraphQLURL.Set() {
		built.GraphQLURL = string(g.GraphQLURL.Value)
	}
	return built
}

func (b *serverDatabase) build() Database {
	return Database{File: string(b.File.Value), URL: b.URL.Value.build(), PollOnly: b.PollOnly.Value, Origin: b.Origin}
}

func (w *serverWork) build() Work {
	return Work{
		Looks: int(w.Looks.Value), Deliveries: int(w.Deliveries.Value),
		LookTimeout: time.Duration(w.LookTimeout.Value), Drain: time.Duration(w.Drain.Value),
	}
}

func (r *serverRegistry) build() Registry {
	return Registry{
		Name:         r.Host.name,
		PlainHTTP:    r.PlainHTTP.Value,
		AllowPrivate: r.AllowPrivate.Value || r.PlainHTTP.Value,
		TokenHosts:   names(r.TokenHosts),
		Mirrors:      names(r.Mirrors),
		Native:       string(r.Native.Value),
		Limits:       r.Limits.build(),
	}
}

func names(hosts []hostName) []string {
	var all []string
	for _, h := range hosts {
		all = append(all, h.name)
	}
	return all
}

func (l *serverLimits) build() RegistryLimits {
	built := RegistryLimits{
		PerSecond: float64(l.PerSecond.Value), Burst: int(l.Burst.Value), Concurrent: int(l.Concurrent.Value),
		Budget: int(l.Budget.Value), BudgetWindow: time.Duration(l.BudgetWindow.Value),
	}
	if built.Budget > 0 && built.BudgetWindow == 0 {
		built.BudgetWindow = defaultBudgetWindow
	}
	return built
}

func (c *serverCredential) build(host string) grant.Grant {
	g := grant.Grant{
		Host: host, Path: string(c.Path.Value), Username: string(c.Username.Value),
		Where: fmt.Sprintf("%s:%d", c.Origin.File, c.Origin.Line),
	}
	for _, a := range c.Installations.Value {
		g.Installations = append(g.Installations, string(a))
	}
	for _, k := range kindKeys {
		if k.origin(c) != nil {
			g.Kind = k.kind
		}
	}
	for _, s := range []Setting[secretPlace]{c.Password, c.IdentityToken, c.BearerToken, c.GitHubToken} {
		if s.Set() {
			g.Secret = s.Value.build()
		}
	}
	g.File = string(c.DockerConfig.Value) + string(c.GAR.Value.File.Value) // one of them at most
	g.Exec = c.Exec.Value.build()
	return g
}

func (e *serverExec) build() grant.Exec {
	built := grant.Exec{Timeout: time.Duration(e.Timeout.Value), Expires: time.Duration(e.Expires.Value)}
	for _, a := range e.Command.Value {
		built.Command = append(built.Command, string(a))
	}
	return built
}
