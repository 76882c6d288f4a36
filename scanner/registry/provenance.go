package registry

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/imageupdater/imageupdater/scanner/image"
)

const (
	// maxProvenance is how many bytes a statement may have.
	maxProvenance = 2 << 20
	// maxSource and maxRevision are how long an address and a commit may be.
	maxSource   = 2 << 10
	maxRevision = 256
)

// Provenance is what BuildKit noted of a build. Nobody vouches for it.
type Provenance struct {
	// Source is the address of the repository, and Revision the commit; "" where
	// they are not told.
	Source, Revision string
}

// Provenance reads what BuildKit noted of a build: attestation is About.Attestation.
// That is two GETs, or one where there is nothing of the kind; bills of materials,
// which stand beside it, are never read. The result is empty where there is no
// provenance, or none of a form that is known.
//
// It fails as Manifest does; with ErrNoImage also where what it says cannot be read,
// and with ErrTooLarge as well where that has more than 2 MiB.
func (c *Client) Provenance(ctx context.Context, repo image.Repository, attestation string) (Provenance, error) {
	if !image.ValidDigest(attestation) {
		return Provenance{}, fmt.Errorf("reading the provenance of %s: %w: %.100q is no digest", repo, image.ErrInvalid, attestation)
	}
	provenance, err := within(ctx, c, repo, attestation, func(ctx context.Context, at image.Repository) (Provenance, error) {
		return c.provenance(ctx, at, attestation)
	})
	if err != nil {
		return Provenance{}, fmt.Errorf("reading the provenance %s: %w", spelt(repo, attestation), err)
	}
	return provenance, nil
}

func (c *Client) provenance(ctx context.Context, repo image.Repository, attestation string) (Provenance, error) {
	remoteRepo, err := c.repository(repo)
	if err != nil {
		return Provenance{}, err
	}
	found, err := c.fetchEntry(ctx, remoteRepo, attestation, kindImage)
	if err != nil {
		return Provenance{}, err
	}
	layers := found.layers()
	at := slices.IndexFunc(layers, func(layer entry) bool { return layer.isProvenance() })
	if at < 0 {
		return Provenance{}, nil
	}
	raw, err := c.statement(ctx, remoteRepo, layers[at])
	if err != nil {
		return Provenance{}, err
	}
	return readProvenance(raw)
}

// isProvenance tells whether a layer is a statement of provenance.
func (e *entry) isProvenance() bool {
	return e.MediaType == "application/vnd.in-toto+json" && isPredicate(e.Annotations["in-toto.io/predicate-type"])
}

func isPredicate(predicateType string) bool {
	return predicateType == "https://slsa.dev/provenance/v1" || predicateType == "https://slsa.dev/provenance/v0.2"
}

// statement reads a layer, of which go-containerregistry compares the digest.
func (c *Client) statement(ctx context.Context, repo name.Repository, layer entry) ([]byte, error) {
	digest, err := valid(layer.Digest)
	switch {
	case err != nil:
		return nil, unusable(err)
	case layer.Size < 0:
		return nil, unusable(fmt.Errorf("the provenance has a size of %d", layer.Size))
	case layer.Size > maxProvenance:
		return nil, unusable(fmt.Errorf("%w: the provenance has more than %d MiB", ErrTooLarge, maxProvenance>>20))
	}
	content, err := c.puller.Blob(using(ctx, useProvenance), repo.Digest(digest))
	if err != nil {
		return nil, err
	}
	defer content.Close()
	raw, err := io.ReadAll(content) // in memory already, below the cap: see guard
	if err != nil {
		return nil, err
	}
	return raw, nil
}

// statement is one of in-toto about a build, of either version of SLSA.
type statement struct {
	PredicateType string `json:"predicateType"`
	Predicate     struct {
		BuildDefinition struct {
			ExternalParameters struct {
				ConfigSource configSource `json:"configSource"`
			} `json:"externalParameters"`
		} `json:"buildDefinition"`
		RunDetails struct {
			Metadata struct {
				BuildKit buildKit `json:"buildkit_metadata"` //nolint:tagliatelle // as BuildKit spells it
			} `json:"metadata"`
		} `json:"runDetails"`

		// Of version 0.2:
		Invocation struct {
			ConfigSource configSource `json:"configSource"`
		} `json:"invocation"`
		Metadata struct {
			BuildKit buildKit `json:"https://mobyproject.org/buildkit@v1#metadata"` //nolint:tagliatelle // likewise
		} `json:"metadata"`
	} `json:"predicate"`
}

// configSource is what was built, if BuildKit fetched it itself.
type configSource struct {
	URI    string `json:"uri"`
	Digest struct {
		SHA1      string `json:"sha1"`
		GitCommit string `json:"gitCommit"`
	} `json:"digest"`
}

func (c configSource) provenance() Provenance {
	return Provenance{Source: c.URI, Revision: cmp.Or(c.Digest.SHA1, c.Digest.GitCommit)}.bounded()
}

// buildKit is what the client says of the folder that it sent.
type buildKit struct {
	VCS struct {
		Source   string `json:"source"`
		Revision string `json:"revision"`
	} `json:"vcs"`
}

func (b buildKit) provenance() Provenance {
	return Provenance{Source: b.VCS.Source, Revision: b.VCS.Revision}.bounded()
}

// bounded leaves out what no repository and no commit is called.
func (p Provenance) bounded() Provenance {
	if len(p.Source) > maxSource {
		p.Source = ""
	}
	if len(p.Revision) > maxRevision {
		p.Revision = ""
	}
	return p
}

// readProvenance takes what names both source and commit, else a source, else a
// commit: never the source of one and the commit of another.
func readProvenance(raw []byte) (Provenance, error) {
	var read statement
	err := json.Unmarshal(raw, &read)
	if _, odd := errors.AsType[*json.UnmarshalTypeError](err); err != nil && !odd { // the rest was read
		return Provenance{}, unusable(fmt.Errorf("the provenance cannot be read: %w", err))
	}
	if !isPredicate(read.PredicateType) {
		return Provenance{}, nil
	}
	p := read.Predicate
	said := []Provenance{
		p.BuildDefinition.ExternalParameters.ConfigSource.provenance(), p.Invocation.ConfigSource.provenance(),
		p.RunDetails.Metadata.BuildKit.provenance(), p.Metadata.BuildKit.provenance(),
	}
	for _, fits := range []func(Provenance) bool{
		func(p Provenance) bool { return p.Source != "" && p.Revision != "" },
		func(p Provenance) bool { return p.Source != "" },
		func(p Provenance) bool { return p.Revision != "" },
	} {
		if at := slices.IndexFunc(said, fits); at >= 0 {
			return said[at], nil
		}
	}
	return Provenance{}, nil
}
