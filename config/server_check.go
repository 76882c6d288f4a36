package config

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/scanner/credentials/grant"
)

// checkServer finds what is wrong with a file though each of its values is
// right by itself.
func (d *decoder) checkServer(f *serverFile) {
	if f.Version.Set() && f.Version.Value != 1 {
		d.failOrigin(f.Version.Origin, fmt.Sprintf("version %d is not known", f.Version.Value), "write version: 1")
	}
	d.checkRun(f)
	d.checkHooks(f.Hooks)
	d.checkTokens(f.API.Tokens)
	d.checkEnforcement(&f.Enforce)
	d.checkChangelogSites(&f.Changelog, f.GitHub.URL.Value)
	d.onlyOnce(hostsOf(f.Registries), "there is an entry for %s already", "put both into one entry")
	for i := range f.Registries {
		d.checkRegistry(&f.Registries[i])
	}
}

// checkRun is for what concerns the running server alone.
func (d *decoder) checkRun(f *serverFile) {
	if f.Database.File.Set() && f.Database.URL.Set() {
		d.failOrigin(f.Database.URL.Origin, "the state is kept in one place", "write either file or url")
	}
	if f.Database.File.Set() && f.Database.PollOnly.Value {
		d.warnOrigin(f.Database.PollOnly.Origin, "has no effect: it is for PostgreSQL", "remove it")
	}
	d.atLeast(f.Work.LookTimeout, time.Second)
	d.atLeast(f.Work.Drain, time.Second)
	d.atLeast(f.Schedule.Least, leastInterval)
	d.atLeast(f.Keep.Decisions, day)
}

func hostsOf(registries []serverRegistry) []hostName {
	hosts := make([]hostName, len(registries))
	for i, r := range registries {
		hosts[i] = r.Host
	}
	return hosts
}

func (d *decoder) onlyOnce(hosts []hostName, message, hint string) {
	first := map[string]*Origin{}
	for _, h := range hosts {
		if before := first[h.name]; before != nil {
			d.failOrigin(h.origin, fmt.Sprintf(message+", at %d:%d", h.name, before.Line, before.Column), hint)
			continue
		}
		if h.name != "" {
			first[h.name] = h.origin
		}
	}
}

func (d *decoder) checkRegistry(r *serverRegistry) {
	d.onlyOnce(r.Mirrors, "%s is there already", "keep one of them")
	d.onlyOnce(r.TokenHosts, "%s is there already", "keep one of them")
	for _, m := range r.Mirrors {
		if m.name == r.Host.name {
			d.failOrigin(m.origin, "a host is no mirror of itself", "remove it")
		}
	}
	for _, h := range r.TokenHosts {
		if h.name == r.Host.name {
			d.warnOrigin(h.origin, "has no effect: credentials are sent to the host itself anyway", "remove it")
		}
	}
	switch {
	case r.PlainHTTP.Value && len(r.Credentials) > 0:
		d.warnOrigin(r.PlainHTTP.Origin, "the credentials travel unprotected: whoever sees the traffic has them", "give the registry a certificate, and name its authority in caFile")
	case !r.PlainHTTP.Value && !r.AllowPrivate.Value && isPrivate(r.Host.name):
		d.warnOrigin(r.Host.origin, "this is a private address, and such are not asked", "write allowPrivate: true")
	}
	if r.PlainHTTP.Value && r.AllowPrivate.Set() && !r.AllowPrivate.Value {
		d.warnOrigin(r.AllowPrivate.Origin, "has no effect: plainHTTP: true implies allowPrivate", "remove it")
	}
	if r.Limits.BudgetWindow.Set() && !r.Limits.Budget.Set() {
		d.failOrigin(r.Limits.BudgetWindow.Origin, "a budgetWindow without a budget", "write budget beside it")
	}
	d.atLeast(r.Limits.BudgetWindow, time.Minute)
	for i := range r.Credentials {
		d.checkCredential(&r.Credentials[i], r)
		d.checkShadow(r.Credentials[:i], &r.Credentials[i])
	}
}

func isPrivate(host string) bool {
	name, _ := splitPort(host)
	at, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return name == "localhost" || err == nil && (at.IsPrivate() || at.IsLoopback() || at.IsLinkLocalUnicast())
}

func (d *decoder) atLeast(s Setting[Duration], least time.Duration) {
	if s.Set() && time.Duration(s.Value) < least {
		d.failOrigin(s.Origin, "this is too short", "at least "+Duration(least).String())
	}
}

// kindKeys are the keys that say how a secret is come by.
//
//nolint:gochecknoglobals // a table, never written
var kindKeys = []struct {
	kind   grant.Kind // and the key
	origin func(*serverCredential) *Origin
}{
	{grant.Password, func(c *serverCredential) *Origin { return c.Password.Origin }},
	{grant.IdentityToken, func(c *serverCredential) *Origin { return c.IdentityToken.Origin }},
	{grant.BearerToken, func(c *serverCredential) *Origin { return c.BearerToken.Origin }},
	{grant.DockerConfig, func(c *serverCredential) *Origin { return c.DockerConfig.Origin }},
	{grant.Program, func(c *serverCredential) *Origin { return c.Exec.Origin }},
	{grant.ECR, func(c *serverCredential) *Origin { return c.ECR.Origin }},
	{grant.GAR, func(c *serverCredential) *Origin { return c.GAR.Origin }},
	{grant.ACR, func(c *serverCredential) *Origin { return c.ACR.Origin }},
	{grant.GitHubApp, func(c *serverCredential) *Origin { return c.GitHubApp.Origin }},
	{grant.GitHubToken, func(c *serverCredential) *Origin { return c.GitHubToken.Origin }},
}

// kindsOf lists the ways to a secret that an entry names.
func kindsOf(c *serverCredential) []string {
	var kinds []string
	for _, k := range kindKeys {
		if k.origin(c) != nil {
			kinds = append(kinds, string(k.kind))
		}
	}
	return kinds
}

func allKinds() []string {
	kinds := make([]string, len(kindKeys))
	for i, k := range kindKeys {
		kinds[i] = string(k.kind)
	}
	return kinds
}

func (d *decoder) checkCredential(c *serverCredential, r *serverRegistry) {
	kinds := kindsOf(c)
	switch {
	case len(kinds) == 0:
		d.failOrigin(c.Origin, "nothing says where the secret comes from", "write one of "+strings.Join(allKinds(), ", "))
	case len(kinds) > 1:
		d.failOrigin(c.Origin, "there is more than one secret: "+strings.Join(kinds, ", "), "keep one of them, or write several entries")
	case kinds[0] == string(grant.Password) && !c.Username.Set():
		d.failOrigin(c.Origin, "there is a password without a user name", "write username; where a registry reads none, any name will do")
	case kinds[0] != string(grant.Password) && c.Username.Set():
		d.failOrigin(c.Username.Origin, "a user name goes with a password alone", "remove it, or write password")
	}
	for _, k := range kindKeys {
		if at := k.origin(c); at != nil && r.Host.name != "" {
			if fits, example := k.kind.Fits(r.Host.name); !fits {
				d.failOrigin(at, fmt.Sprintf("%s is not for %s, and its secret is never sent there", k.kind, r.Host.name), "it is for hosts such as "+example)
			}
		}
	}
	if c.Installations.Set() && len(c.Installations.Value) == 0 {
		d.failOrigin(c.Installations.Origin, "without installations nobody may use it", "leave the key out for all of them, or remove the entry")
	}
	d.checkExec(&c.Exec)
}

func (d *decoder) checkExec(e *Setting[serverExec]) {
	if !e.Set() {
		return
	}
	command := e.Value.Command
	switch {
	case command.Set() && len(command.Value) == 0:
		d.failOrigin(command.Origin, "there is no program", "write [/path/to/program, argument]")
	case command.Set() && !filepath.IsAbs(string(command.Value[0])):
		d.failOrigin(command.Origin, "the program is not named by its absolute path", "write [/path/to/program, argument]")
	}
	d.atLeast(e.Value.Timeout, time.Second)
	d.atLeast(e.Value.Expires, time.Minute)
}

// checkShadow warns of an entry that an earlier one leaves nothing to.
func (d *decoder) checkShadow(earlier []serverCredential, c *serverCredential) {
	for i := range earlier {
		e := &earlier[i]
		if e.Path.Value == c.Path.Value && coversAll(e.Installations, c.Installations) && e.Origin != nil {
			d.warnOrigin(c.Origin, fmt.Sprintf("is never used: the entry at line %d comes first, for the same path and installations", e.Origin.Line), "remove it, or give it a path")
			return
		}
	}
}

func coversAll(all, some Setting[[]accountName]) bool {
	if !all.Set() {
		return true
	}
	return some.Set() && !slices.ContainsFunc(some.Value, func(a accountName) bool {
		return !slices.ContainsFunc(all.Value, func(b accountName) bool { return strings.EqualFold(string(a), string(b)) })
	})
}
