package config

import (
	"fmt"
	"strings"

	"github.com/imageupdater/imageupdater/scanner/credentials/grant"
)

// Hook is a webhook of a registry, at /hooks/registry/ and its name.
type Hook struct {
	Name string
	Kind HookKind
	// Host is the registry whose images it may hasten, as image.Repository
	// spells it.
	Host string
	// Secret is what authenticates a call; zero for HookGAR.
	Secret grant.Secret
	// Audience and Email are those of the token that Google signs, for HookGAR
	// alone.
	Audience, Email string
}

// HookKind is what a webhook looks like.
type HookKind string

// The kinds.
const (
	HookDockerHub    HookKind = "dockerhub"
	HookGHCR         HookKind = "ghcr" // a webhook of a repository or an organisation, event package
	HookQuay         HookKind = "quay"
	HookHarbor       HookKind = "harbor"
	HookACR          HookKind = "acr"
	HookECR          HookKind = "ecr" // through EventBridge
	HookGAR          HookKind = "gar" // through Pub/Sub
	HookGitLab       HookKind = "gitlab"
	HookDistribution HookKind = "distribution"
	HookZot          HookKind = "zot"
	HookJFrog        HookKind = "jfrog"
	HookNexus        HookKind = "nexus"
	HookCloudEvents  HookKind = "cloudevents"
)

// hookHomes are the hosts of hooks that one company alone sends.
//
//nolint:gochecknoglobals // a table, never written
var hookHomes = map[HookKind]func(host string) (fits bool, example string){
	HookDockerHub: func(host string) (bool, string) { return host == "docker.io", "docker.io" },
	HookGHCR: func(host string) (bool, string) {
		return host == "ghcr.io" || strings.HasPrefix(host, "containers."), "ghcr.io or containers.github.example.com"
	},
	HookACR: grant.ACR.Fits,
	HookECR: grant.ECR.Fits,
	HookGAR: grant.GAR.Fits,
}

// fits tells whether hooks of a kind may come from a host, and an example of
// those that they come from.
func (k HookKind) fits(host string) (fits bool, example string) {
	if home := hookHomes[k]; home != nil {
		return home(host)
	}
	return true, ""
}

// serverHook is an entry of hooks.
type serverHook struct {
	Name     handle                `key:"name" doc:"The last part of its address: a-z, 0-9 and dashes." required:"true"`
	Kind     HookKind              `key:"kind" doc:"What sends it." required:"true"`
	Host     hostName              `key:"host" doc:"The registry whose images it may hasten. What it says of others is not heeded." required:"true"`
	Secret   Setting[secretPlace]  `key:"secret" doc:"Where the secret is kept that its sender shows or signs with, of at least 16 characters. For all kinds but gar."`
	Audience Setting[audience]     `key:"audience" doc:"The audience of the token that Google signs. For gar."`
	Email    Setting[emailAddress] `key:"email" doc:"The service account whose token Google signs. For gar."`
	Origin   *Origin
}

func (h *serverHook) place(o *Origin) { h.Origin = o }

func (h *serverHook) build() Hook {
	return Hook{
		Name: h.Name.name, Kind: h.Kind, Host: h.Host.name, Secret: h.Secret.Value.build(),
		Audience: string(h.Audience.Value), Email: string(h.Email.Value),
	}
}

func (d *decoder) checkHooks(hooks []serverHook) {
	names := make([]handle, len(hooks))
	for i := range hooks {
		names[i] = hooks[i].Name
		d.checkHook(&hooks[i])
	}
	d.uniqueHandles(names, "hook")
}

func (d *decoder) checkHook(h *serverHook) {
	if fits, example := h.Kind.fits(h.Host.name); !fits && h.Host.name != "" {
		d.failOrigin(h.Host.origin, fmt.Sprintf("no hook of kind %s comes from %s", h.Kind, h.Host.name), "such come from hosts like "+example)
	}
	if h.Kind == HookGAR {
		d.checkGARHook(h)
		return
	}
	if !h.Secret.Set() {
		d.failOrigin(h.Origin, "without a secret anybody could call it", "write secret: {env: NAME} or secret: {file: /path}")
	}
	for name, at := range map[string]*Origin{"audience": h.Audience.Origin, "email": h.Email.Origin} {
		d.failOrigin(at, name+" is for hooks of kind gar", "remove it")
	}
}

// checkGARHook wants all that tells our caller from others whom Google signs
// tokens for.
func (d *decoder) checkGARHook(h *serverHook) {
	var missing []string
	if !h.Audience.Set() {
		missing = append(missing, "audience")
	}
	if !h.Email.Set() {
		missing = append(missing, "email")
	}
	if len(missing) > 0 {
		d.failOrigin(h.Origin, "nothing tells the caller from others whom Google signs tokens for",
			"write "+strings.Join(missing, " and ")+", those of the push subscription")
	}
	d.failOrigin(h.Secret.Origin, "Google shows no secret: it signs a token", "remove it, and write audience and email")
}
