// Package registryhook understands the webhooks by which registries tell that an
// image was pushed: whether one is authentic, and which images it is about.
//
// What it says is a hint. It may only hasten the look at an image that is watched
// anyway, which asks the registry again; of the payload nothing is used but the
// repository's name, and that only where its host is the one that was configured.
// No address in a payload is ever called.
//
// A kind proves itself as well as its registry can: by a signature (ghcr, jfrog,
// nexus), by a token of Google (gar), or by the secret itself in the header
// Authorization (harbor, acr, ecr, gitlab, distribution, zot), there as it is, as a
// bearer token or as basic authentication's password. Docker Hub and Quay can
// none of it: their secret is part of the URL, as it may be for cloudevents.
package registryhook

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// Prefix is the path below which the endpoints are: Prefix + NAME, and for kinds
// whose secret is in the URL Prefix + NAME + "/" + SECRET, or ?secret=SECRET.
const Prefix = "/hooks/registry/"

const (
	// MaxBody is the longest body that is looked at, in bytes.
	MaxBody = 1 << 20
	// MaxImages is how many images one hint may name. What is beyond waits for
	// its schedule.
	MaxImages = 100
	// minSecret is the shortest secret, in bytes, that nobody guesses.
	minSecret = 16
)

// Hook is one configured source.
type Hook struct {
	// Name is the part of the path that is the source's own.
	Name string
	// Kind is one of Kinds.
	Kind string
	// Host is the registry that may be told of, as references spell it, with its
	// port. Docker Hub, GHCR and Quay have one that stands where it is "".
	Host string
	// Secret is what the source knows, at least 16 bytes. For gar it may be
	// missing; where it is there, it is wanted in the URL, too.
	Secret []byte
	// Audience and Email are what Google's token must name: what the push
	// subscription was given as its audience, and its service account. For gar
	// alone, which needs both.
	Audience, Email string
}

// Options are what all hooks share.
type Options struct {
	// Now is the clock.
	Now func() time.Time
	// Keys are Google's. Only gar needs them.
	Keys *Keys
}

// Receiver is a hook that can be asked. It may be used by many at once.
type Receiver struct {
	hook Hook
	kind kind
	now  func() time.Time
	keys *Keys
}

// kind is what there is to know of a kind of source.
type kind struct {
	// proofs are the ways to be authentic, one of which is enough.
	proofs []proof
	// read notes what a body says.
	read func(f *findings, d delivery) error
	// home is the host where none is configured.
	home string
	// hosts are those that may be configured; nil for all.
	hosts *regexp.Regexp
}

func kinds() map[string]kind {
	header, inURL := []proof{byHeader}, []proof{byURL}
	return map[string]kind{
		"acr":          {proofs: header, read: readACR},
		"cloudevents":  {proofs: []proof{byHeader, byURL}, read: readCloudEvent},
		"distribution": {proofs: header, read: readDistribution},
		"dockerhub":    {proofs: inURL, read: readDockerHub, home: image.DockerHub, hosts: regexp.MustCompile(`^docker\.io$`)},
		"ecr":          {proofs: header, read: readECR, hosts: ecrHost()},
		"gar":          {proofs: []proof{byGoogle}, read: readGAR},
		"ghcr":         {proofs: []proof{byGitHubSignature}, read: readGHCR, home: "ghcr.io"},
		"gitlab":       {proofs: header, read: readDistribution},
		"harbor":       {proofs: header, read: readHarbor},
		"jfrog":        {proofs: []proof{byJFrogSignature, byJFrogSecret}, read: readJFrog},
		"nexus":        {proofs: []proof{byNexusSignature}, read: readNexus},
		"quay":         {proofs: inURL, read: readQuay, home: "quay.io"},
		"zot":          {proofs: header, read: readZot},
	}
}

// Kinds are the kinds of sources, in order.
func Kinds() []string {
	names := make([]string, 0, len(kinds()))
	for name := range kinds() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// New makes a hook ready. The error says what of it is wrong, and never the secret.
func New(h Hook, o Options) (*Receiver, error) {
	k, known := kinds()[h.Kind]
	if !known {
		return nil, fmt.Errorf("registry webhook %.100q: kind %.100q is none of %v", h.Name, h.Kind, Kinds())
	}
	if o.Now == nil {
		return nil, fmt.Errorf("registry webhook %q: there is no clock", h.Name)
	}
	if h.Host == "" {
		h.Host = k.home
	}
	host, err := hostOf(h.Host)
	if err == nil && k.hosts != nil && !k.hosts.MatchString(host) {
		err = fmt.Errorf("%.100q is no host of the kind %s", h.Host, h.Kind)
	}
	if err == nil {
		err = h.check(o)
	}
	if err != nil {
		return nil, fmt.Errorf("registry webhook %.100q: %w", h.Name, err)
	}
	h.Host, h.Secret = host, slices.Clone(h.Secret)
	return &Receiver{hook: h, kind: k, now: o.Now, keys: o.Keys}, nil
}

func (h Hook) check(o Options) error {
	google := h.Kind == "gar"
	switch {
	case !regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`).MatchString(h.Name):
		return errors.New("its name must be 1 to 64 letters, digits, '_' and '-'")
	case len(h.Secret) < minSecret && (!google || len(h.Secret) > 0):
		return fmt.Errorf("its secret must have at least %d bytes", minSecret)
	case google && (h.Audience == "" || h.Email == ""):
		return errors.New("it needs the audience and the service account of the push subscription")
	case google && o.Keys == nil:
		return errors.New("the keys of Google are missing")
	}
	return nil
}

// hostOf is a host in canonical spelling.
func hostOf(host string) (string, error) {
	ref, err := image.ParseName(host + "/x")
	if err != nil || ref.Path != "x" || ref.Registry == "" {
		return "", fmt.Errorf("%.100q is no host of a registry", host)
	}
	return ref.Repository().Registry, nil
}
