package registry

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

const (
	configType   = "application/vnd.oci.image.config.v1+json"
	layerType    = "application/vnd.oci.image.layer.v1.tar+gzip"
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	indexType    = "application/vnd.oci.image.index.v1+json"
)

type descriptor struct {
	MediaType string    `json:"mediaType"`
	Digest    string    `json:"digest"`
	Size      int       `json:"size"`
	Platform  *platform `json:"platform,omitempty"`
}

type platform struct {
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
}

type manifest struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	Config        *descriptor       `json:"config,omitempty"`
	Layers        []descriptor      `json:"layers,omitempty"`
	Manifests     []descriptor      `json:"manifests,omitempty"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

// Push makes a small linux/amd64 image for every tag; each tag has a digest of
// its own, the same in every run.
func (r *Registry) Push(repo string, tags ...string) error {
	for _, tag := range tags {
		image, err := r.pushImage(repo, tag, platform{"linux", "amd64"})
		if err != nil {
			return err
		}
		if err := r.put(repo, tag, image); err != nil {
			return err
		}
	}
	return nil
}

// PushIndex makes an index for the tag with an image for every architecture of
// linux.
func (r *Registry) PushIndex(repo, tag string, architectures ...string) error {
	index := manifest{SchemaVersion: 2, MediaType: indexType}
	for _, architecture := range architectures {
		p := platform{"linux", architecture}
		image, err := r.pushImage(repo, tag, p)
		if err != nil {
			return err
		}
		described := describe(manifestType, encode(image))
		if err := r.put(repo, described.Digest, image); err != nil {
			return err
		}
		described.Platform = &p
		index.Manifests = append(index.Manifests, described)
	}
	return r.put(repo, tag, index)
}

// Digest is the digest a tag has now.
func (r *Registry) Digest(repo, tag string) (string, error) {
	got := r.ask(context.Background(), http.MethodHead, "/v2/"+repo+"/manifests/"+tag, "", nil)
	if got.status != http.StatusOK {
		return "", fmt.Errorf("test registry: no %s:%s: %d", repo, tag, got.status)
	}
	return got.header.Get("Docker-Content-Digest"), nil
}

// pushImage stores what an image is made of and returns its manifest.
func (r *Registry) pushImage(repo, tag string, p platform) (manifest, error) {
	image := manifest{SchemaVersion: 2, MediaType: manifestType, Annotations: map[string]string{
		"org.opencontainers.image.version": tag,
	}}
	config, err := r.blob(repo, configType, encode(map[string]any{
		"os": p.OS, "architecture": p.Architecture, "rootfs": map[string]any{"type": "layers", "diff_ids": []string{}},
	}))
	if err != nil {
		return manifest{}, err
	}
	layer, err := r.blob(repo, layerType, []byte("any bytes do"))
	if err != nil {
		return manifest{}, err
	}
	image.Config, image.Layers = &config, []descriptor{layer}
	return image, nil
}

func (r *Registry) blob(repo, mediaType string, data []byte) (descriptor, error) {
	described := describe(mediaType, data)
	path := "/v2/" + repo + "/blobs/uploads/?digest=" + described.Digest
	if got := r.ask(context.Background(), http.MethodPost, path, mediaType, data); got.status != http.StatusCreated {
		return descriptor{}, fmt.Errorf("test registry: pushing a blob to %s: %d %s", repo, got.status, got.body.String())
	}
	return described, nil
}

func (r *Registry) put(repo, reference string, m manifest) error {
	if got := r.ask(context.Background(), http.MethodPut, "/v2/"+repo+"/manifests/"+reference, m.MediaType, encode(m)); got.status != http.StatusCreated {
		return fmt.Errorf("test registry: pushing %s %s: %d %s", repo, reference, got.status, got.body.String())
	}
	return nil
}

// ask asks the store itself, past the log and the faults.
func (r *Registry) ask(ctx context.Context, method, path, contentType string, body []byte) *answer {
	got := &answer{header: http.Header{}, status: http.StatusOK}
	req, err := http.NewRequestWithContext(ctx, method, path, bytes.NewReader(body)) //nolint:gosec // it goes to the handler, not to a network
	if err != nil {
		got.status = http.StatusBadRequest
		got.body.WriteString(err.Error())
		return got
	}
	req.Header.Set("Content-Type", contentType)
	r.store.ServeHTTP(got, req)
	return got
}

func describe(mediaType string, data []byte) descriptor {
	sum := sha256.Sum256(data)
	return descriptor{MediaType: mediaType, Digest: "sha256:" + hex.EncodeToString(sum[:]), Size: len(data)}
}

// encode is the JSON of what always has one.
func encode(v any) []byte {
	var b strings.Builder
	_ = json.NewEncoder(&b).Encode(v)
	return []byte(b.String())
}
