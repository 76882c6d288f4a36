package distribution

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"time"
)

const (
	configType   = "application/vnd.oci.image.config.v1+json"
	manifestType = "application/vnd.oci.image.manifest.v1+json"
)

// Push makes a small linux/amd64 image for a tag. It is not counted.
func (r *Registry) Push(ctx context.Context, repo, tag string, created time.Time) error {
	token, err := r.tokens.sign([]access{{"repository", repo, []string{"pull", "push"}}})
	if err != nil {
		return err
	}
	header := http.Header{"Authorization": {"Bearer " + token}}
	config, err := json.Marshal(map[string]any{
		"os": "linux", "architecture": "amd64", "created": created.UTC().Format(time.RFC3339),
		"config": map[string]any{"Labels": map[string]string{"tag": tag}}, "rootfs": map[string]any{"type": "layers", "diff_ids": []string{}},
	})
	if err != nil {
		return fmt.Errorf("pushing %s:%s: %w", repo, tag, err)
	}
	described := map[string]any{"mediaType": configType, "digest": digest(config), "size": len(config)}
	manifest, err := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": manifestType, "config": described, "layers": []any{}})
	if err != nil {
		return fmt.Errorf("pushing %s:%s: %w", repo, tag, err)
	}
	if err := r.blob(ctx, repo, header, config); err != nil {
		return err
	}
	header.Set("Content-Type", manifestType)
	status, err := r.send(ctx, http.MethodPut, "http://registry/v2/"+repo+"/manifests/"+tag, header, manifest)
	if err != nil || status != http.StatusCreated {
		return fmt.Errorf("pushing %s:%s: %d, %w", repo, tag, status, err)
	}
	return nil
}

func (r *Registry) blob(ctx context.Context, repo string, header http.Header, content []byte) error {
	var location string
	status, err := r.sendFor(ctx, http.MethodPost, "http://registry/v2/"+repo+"/blobs/uploads/", header, nil, &location)
	if err != nil || status != http.StatusAccepted {
		return fmt.Errorf("beginning a blob of %s: %d, %w", repo, status, err)
	}
	to, err := url.Parse("http://registry/")
	if err == nil {
		to, err = to.Parse(location)
	}
	if err != nil {
		return fmt.Errorf("pushing a blob to %s: %w", repo, err)
	}
	query := to.Query()
	query.Set("digest", digest(content))
	to.RawQuery = query.Encode()
	header = header.Clone()
	header.Set("Content-Type", "application/octet-stream")
	status, err = r.send(ctx, http.MethodPut, to.String(), header, content)
	if err != nil || status != http.StatusCreated {
		return fmt.Errorf("pushing a blob to %s: %d, %w", repo, status, err)
	}
	return nil
}

// send asks the program itself.
func (r *Registry) send(ctx context.Context, method, to string, header http.Header, body []byte) (int, error) {
	return r.sendFor(ctx, method, to, header, body, new(string))
}

// sendFor keeps the Location of the answer.
func (r *Registry) sendFor(ctx context.Context, method, to string, header http.Header, body []byte, location *string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, method, to, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	maps.Copy(req.Header, header)
	resp, err := r.direct.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	*location = resp.Header.Get("Location")
	return resp.StatusCode, err
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return "sha256:" + hex.EncodeToString(sum[:])
}
