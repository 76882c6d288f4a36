package command

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner/credentials"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

// userCredentials are what docker login wrote for the user of the machine.
func userCredentials(env Environment) *credentials.User {
	return credentials.NewUser(credentials.Environment{Getenv: env.Getenv, Environ: env.Environ, Now: env.Now}, env.Home)
}

// serverRegistries are the registries as the configuration of a server says.
// Errors in the file are on standard error when it returns.
func serverRegistries(env Environment, file, installation string, plainHTTP []string) (registry.Options, config.Warnings, error) {
	src, err := readNamed(file)
	if err != nil {
		return registry.Options{}, nil, err
	}
	server, warnings, err := config.LoadServer(filepath.ToSlash(file), src)
	if wrong, ok := errors.AsType[config.Errors](err); ok {
		// Without the lines: there may be a secret in them.
		var out bytes.Buffer
		writeCheck(&out, newChecked(source{name: file}, warnings, wrong), display{})
		_, _ = env.Stderr.Write(out.Bytes())
		return registry.Options{}, nil, codeError{exitFailure}
	}
	if err != nil {
		return registry.Options{}, nil, err
	}
	options := registry.Options{PlainHTTP: plainHTTP, UserAgent: userAgent(env)}
	for _, r := range server.Registries {
		options.Hosts = append(options.Hosts, registry.Host{
			Name: r.Name, PlainHTTP: r.PlainHTTP, AllowPrivate: r.AllowPrivate, TokenHosts: r.TokenHosts, Mirrors: r.Mirrors,
			Limits: registry.Limits(r.Limits), Native: r.Native,
		})
	}
	if options.RootCAs, err = authorities(server.CAFile); err != nil {
		return registry.Options{}, nil, err
	}
	if server.Proxy != "" {
		if options.Proxy, err = url.Parse(server.Proxy); err != nil {
			return registry.Options{}, nil, fmt.Errorf("proxy: %w", err)
		}
	}
	options.Credentials = credentials.New(server.Grants, cloudEnvironment(env, options)).ForInstallation(installation)
	return options, warnings, nil
}

// cloudTimeout is how long the clouds' own services may take to answer.
const cloudTimeout = 10 * time.Second

// cloudEnvironment is how the clouds' own services are reached.
func cloudEnvironment(env Environment, options registry.Options) credentials.Environment {
	direct := &http.Transport{ForceAttemptHTTP2: true, TLSHandshakeTimeout: cloudTimeout, ResponseHeaderTimeout: cloudTimeout}
	outside := direct.Clone()
	outside.TLSClientConfig = &tls.Config{RootCAs: options.RootCAs, MinVersion: tls.VersionTLS12}
	if options.Proxy != nil {
		outside.Proxy = http.ProxyURL(options.Proxy)
	}
	return credentials.Environment{Getenv: env.Getenv, Environ: env.Environ, Now: env.Now, Transport: outside, Metadata: direct}
}

// authorities are those of the system with those of a file; nil for the system's
// alone.
func authorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil //nolint:nilnil // see above
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("caFile: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("caFile: %s holds no certificate in PEM: it begins with -----BEGIN CERTIFICATE-----", file)
	}
	return pool, nil
}
