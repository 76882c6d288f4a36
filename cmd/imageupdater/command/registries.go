package command

import (
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

// registries are the registries of one scan: a client that counts what it
// asks, or nothing when the scan is offline.
type registries struct{ client *registry.Client }

func newRegistries(job scanJob) registries {
	if job.offline {
		return registries{}
	}
	return registries{registry.New(registry.Options{
		PlainHTTP: job.plainHTTP,
		UserAgent: programName + "/" + readBuild(job.env.BuildInfo).Version,
	})}
}

// asked is what planning asks: nil, and not an interface around nil, when
// nothing shall be asked.
func (r registries) asked() scanner.Registry {
	if r.client == nil {
		return nil
	}
	return r.client
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
