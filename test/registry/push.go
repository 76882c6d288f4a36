package registry

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"
)

const (
	configType   = "application/vnd.oci.image.config.v1+json"
	layerType    = "application/vnd.oci.image.layer.v1.tar+gzip"
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	indexType    = "application/vnd.oci.image.index.v1+json"
)

type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Platform    *platform         `json:"platform,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type platform struct {
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
	Variant      string `json:"variant,omitempty"`
	OSVersion    string `json:"os.version,omitempty"`
}

type manifest struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	Config        *descriptor       `json:"config,omitempty"`
	Layers        []descriptor      `json:"layers,omitempty"`
	Manifests     []descriptor      `json:"manifests,omitempty"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

// Image is an image to be made.
type Image struct {
	// Platform is "os/architecture" or "os/architecture/variant"; "" is
	// linux/amd64.
	Platform string
	// OSVersion is for Windows: "10.0.20348.2700".
	OSVersion string
	// Created is written into the config unless it is zero.
	Created time.Time
	// Labels are those of the config.
	Labels map[string]string
	// Annotations are those of the manifest, and Descriptor those of its entry in an
	// index.
	Annotations, Descriptor map[string]string
	// Size is how many bytes its one layer has; 0 is a few.
	Size int
	// Source and Revision are what its attestation says of its build.
	Source, Revision string
}

// Index is a multi-platform image to be made.
type Index struct {
	Images []Image
	// Annotations are those of the index itself.
	Annotations map[string]string
	// Attested adds an attestation for every image, as BuildKit does: one more
	// entry, of the platform unknown/unknown. It says Source and Revision of the
	// image, by version 1 of SLSA, beside a bill of materials.
	Attested bool
}

// Push makes a small linux/amd64 image for every tag; each tag has a digest of
// its own, the same in every run.
func (r *Registry) Push(repo string, tags ...string) error {
	for _, tag := range tags {
		if err := r.PushImage(repo, tag, Image{}); err != nil {
			return err
		}
	}
	return nil
}

// PushImage makes one image for the tag.
func (r *Registry) PushImage(repo, tag string, image Image) error {
	made, err := r.pushImage(repo, tag, image)
	if err != nil {
		return err
	}
	return r.put(repo, tag, made)
}

// PushIndex makes an index for the tag with an image for every architecture of
// linux.
func (r *Registry) PushIndex(repo, tag string, architectures ...string) error {
	var index Index
	for _, architecture := range architectures {
		index.Images = append(index.Images, Image{Platform: "linux/" + architecture})
	}
	return r.PushImages(repo, tag, index)
}

// PushImages makes an index for the tag with all its images, and those that
// attest them behind them.
func (r *Registry) PushImages(repo, tag string, index Index) error {
	made := manifest{SchemaVersion: 2, MediaType: indexType, Annotations: index.Annotations}
	for _, image := range index.Images {
		entry, err := r.pushEntry(repo, tag, image)
		if err != nil {
			return err
		}
		made.Manifests = append(made.Manifests, entry)
	}
	if !index.Attested {
		return r.put(repo, tag, made)
	}
	for i, image := range index.Images {
		entry, err := r.pushAttestation(repo, made.Manifests[i].Digest, image)
		if err != nil {
			return err
		}
		made.Manifests = append(made.Manifests, entry)
	}
	return r.put(repo, tag, made)
}

// pushEntry stores an image under its digest and describes it for an index.
func (r *Registry) pushEntry(repo, tag string, image Image) (descriptor, error) {
	made, err := r.pushImage(repo, tag, image)
	if err != nil {
		return descriptor{}, err
	}
	described := describe(manifestType, encode(made))
	p := image.platform()
	described.Platform, described.Annotations = &p, image.Descriptor
	return described, r.put(repo, described.Digest, made)
}

// Digest is the digest a tag has now.
func (r *Registry) Digest(repo, tag string) (string, error) {
	got := r.ask(context.Background(), http.MethodHead, manifestPath(repo, tag), "", nil)
	if got.status != http.StatusOK {
		return "", fmt.Errorf("test registry: no %s:%s: %d", repo, tag, got.status)
	}
	return got.header.Get("Docker-Content-Digest"), nil
}

// pushImage stores what an image is made of and returns its manifest.
func (r *Registry) pushImage(repo, tag string, image Image) (manifest, error) {
	made := manifest{SchemaVersion: 2, MediaType: manifestType, Annotations: map[string]string{
		"org.opencontainers.image.version": tag,
	}}
	maps.Copy(made.Annotations, image.Annotations)
	config, err := r.blob(repo, configType, encode(image.config()))
	if err != nil {
		return manifest{}, err
	}
	content := []byte("any bytes do")
	if image.Size > 0 {
		content = bytes.Repeat([]byte("x"), image.Size)
	}
	layer, err := r.blob(repo, layerType, content)
	if err != nil {
		return manifest{}, err
	}
	made.Config, made.Layers = &config, []descriptor{layer}
	return made, nil
}

func (i Image) platform() platform {
	parts := append(strings.Split(cmp.Or(i.Platform, "linux/amd64"), "/"), "", "")
	return platform{OS: parts[0], Architecture: parts[1], Variant: parts[2], OSVersion: i.OSVersion}
}

func (i Image) config() map[string]any {
	p := i.platform()
	config := map[string]any{
		"os": p.OS, "architecture": p.Architecture, "rootfs": map[string]any{"type": "layers", "diff_ids": []string{}},
	}
	if p.Variant != "" {
		config["variant"] = p.Variant
	}
	if p.OSVersion != "" {
		config["os.version"] = p.OSVersion
	}
	if !i.Created.IsZero() {
		config["created"] = i.Created.UTC().Format(time.RFC3339)
	}
	if len(i.Labels) > 0 {
		config["config"] = map[string]any{"Labels": i.Labels}
	}
	return config
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
	if got := r.ask(context.Background(), http.MethodPut, manifestPath(repo, reference), m.MediaType, encode(m)); got.status != http.StatusCreated {
		return fmt.Errorf("test registry: pushing %s %s: %d %s", repo, reference, got.status, got.body.String())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.lost, manifestPath(repo, reference))
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
