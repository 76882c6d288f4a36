package command

import (
	"fmt"
	"regexp"

	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

// registries are the registries of one command: a client that counts what it
// asks, with what it remembers, or nothing when it is offline.
type registries struct {
	client *registry.Client
	shared *registry.Shared
}

// newRegistries asks as the user of the machine: with what docker login wrote.
func newRegistries(env Environment, plainHTTP []string, offline bool) registries {
	if offline {
		return registries{}
	}
	client := registry.New(registry.Options{
		PlainHTTP:   plainHTTP,
		Credentials: userCredentials(env),
		UserAgent:   userAgent(env),
	})
	return registries{client, newSharedRegistry(env, client, client.Identity)}
}

func userAgent(env Environment) string { return programName + "/" + readBuild(env.BuildInfo).Version }

// asked is what planning asks: nil, and not an interface around nil, when
// nothing shall be asked.
func (r registries) asked() scanner.Registry {
	if r.shared == nil {
		return nil
	}
	return r.shared
}

func (r registries) counts() map[string]requestCounts {
	counts := make(map[string]requestCounts)
	if r.client != nil {
		for host, c := range r.client.Requests() {
			counts[host] = requestCounts(c)
		}
	}
	return counts
}

// hostPattern is a registry as --plain-http takes it.
var hostPattern = regexp.MustCompile(`^([A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(:[0-9]{1,5})?$`)

// validHosts checks the values of --plain-http.
func validHosts(hosts []string) error {
	for _, host := range hosts {
		if !hostPattern.MatchString(host) {
			return fmt.Errorf("--plain-http %q: write HOST:PORT, without http:// and without a path", host)
		}
	}
	return nil
}
