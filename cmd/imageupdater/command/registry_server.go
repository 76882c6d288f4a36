package command

import (
	"bytes"
	"errors"
	"path/filepath"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner/credentials"
	"github.com/imageupdater/imageupdater/scanner/registry"
	"github.com/imageupdater/imageupdater/server"
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
	c, warnings, err := config.LoadServer(filepath.ToSlash(file), src)
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
	options, err := server.RegistryOptions(c)
	if err != nil {
		return registry.Options{}, nil, err
	}
	options.PlainHTTP, options.UserAgent = plainHTTP, userAgent(env)
	cloud := credentials.Environment{Getenv: env.Getenv, Environ: env.Environ, Now: env.Now}
	cloud.Transport, cloud.Metadata = server.CloudTransports(options)
	options.Credentials = credentials.New(c.Grants, cloud).ForInstallation(installation)
	return options, warnings, nil
}
