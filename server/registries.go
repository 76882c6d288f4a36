package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner/credentials"
	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

// RegistryOptions are the registries as a configuration describes them, without
// credentials.
func RegistryOptions(c *config.Server) (registry.Options, error) {
	var o registry.Options
	for _, r := range c.Registries {
		o.Hosts = append(o.Hosts, registry.Host{
			Name: r.Name, PlainHTTP: r.PlainHTTP, AllowPrivate: r.AllowPrivate, TokenHosts: r.TokenHosts, Mirrors: r.Mirrors,
			Limits: registry.Limits(r.Limits), Native: r.Native,
		})
	}
	var err error
	if o.RootCAs, err = authorities(c.CAFile); err != nil {
		return registry.Options{}, err
	}
	if c.Proxy != "" {
		if o.Proxy, err = url.Parse(c.Proxy); err != nil {
			return registry.Options{}, fmt.Errorf("proxy: %w", err)
		}
	}
	return o, nil
}

// authorities are the system's and those of a file; nil, which means the
// system's, where there is no file.
func authorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil //nolint:nilnil // nil is a value here
	}
	text, err := os.ReadFile(file) //nolint:gosec // the operator names it
	if err != nil {
		return nil, fmt.Errorf("caFile: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("caFile: %s holds no certificate in PEM: it begins with -----BEGIN CERTIFICATE-----", file)
	}
	return pool, nil
}

// cloudTimeout is how long the clouds' own services may take to answer.
const cloudTimeout = 10 * time.Second

// CloudTransports carry requests to the clouds' own services and to their
// metadata services.
func CloudTransports(o registry.Options) (services, metadata http.RoundTripper) {
	direct := &http.Transport{ForceAttemptHTTP2: true, TLSHandshakeTimeout: cloudTimeout, ResponseHeaderTimeout: cloudTimeout}
	outside := direct.Clone()
	outside.TLSClientConfig = &tls.Config{RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12}
	if o.Proxy != nil {
		outside.Proxy = http.ProxyURL(o.Proxy)
	}
	return outside, direct
}

// openRegistries makes what all looks ask through.
func (s *Server) openRegistries() error {
	o, err := RegistryOptions(s.o.Config)
	if err != nil {
		return err
	}
	env := credentials.Environment{
		Getenv: s.o.Getenv, Environ: s.o.Environ, Now: s.now, InstallationToken: s.installationToken,
	}
	env.Transport, env.Metadata = CloudTransports(o)
	s.outside = env.Transport
	o.Credentials = byAccount{credentials.New(s.o.Config.Grants, env), s.redact}
	o.Cooldowns = registryCooldowns{s.state}
	o.UserAgent, o.Now, o.Observe = userAgent(s.o.Version), s.now, s.metrics.asked
	s.clients = registry.New(o)
	s.registry = registry.NewShared(s.clients, registry.SharedOptions{Now: s.now, Identity: s.clients.Identity, Store: s.state})
	return nil
}

// installationToken is the App's own token for an account, for ghcr.io.
func (s *Server) installationToken(ctx context.Context, account string) (string, time.Time, error) {
	all, err := s.db.Reading().Installations(ctx)
	if err != nil {
		return "", time.Time{}, err
	}
	for _, i := range all {
		if strings.EqualFold(i.Account, account) {
			token, err := s.github.As(i.ID).Token(ctx)
			return token.Secret, token.Expires, err
		}
	}
	return "", time.Time{}, fmt.Errorf("the App is not installed on %s", account)
}

// accountKey is for the account as whom registries are asked.
type accountKey struct{}

func withAccount(ctx context.Context, account string) context.Context {
	return context.WithValue(ctx, accountKey{}, account)
}

// byAccount are the credentials of the account that the context names.
type byAccount struct {
	chains *credentials.Keychains
	redact *redactor
}

var errNoAccount = errors.New("no account is named to ask as")

// For is part of registry.Credentials.
func (b byAccount) For(ctx context.Context, repo image.Repository) (registry.Credential, error) {
	account, is := ctx.Value(accountKey{}).(string)
	if !is {
		return registry.Credential{}, errNoAccount
	}
	found, err := b.chains.ForInstallation(account).For(ctx, repo)
	return b.redact.watched(found), err
}
