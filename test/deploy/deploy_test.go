// Package deploy_test holds what operators start from to what the product needs: the Dockerfile, and all in deploy.
// There is no container engine where it runs: what one would do is done natively, or read.
package deploy_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/imageupdater/imageupdater/cmd/imageupdater/command"
	"github.com/imageupdater/imageupdater/config"
)

// root is the top of the tree as seen from this folder, where its tests run.
const root = "../.."

// product is the image that all manifests run.
const product = "ghcr.io/imageupdater/imageupdater"

// Our own manifests are such as the product keeps up to date.
func TestTheProductFindsItsOwnImage(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	args := []string{"scan", "--offline", "-o", "json", filepath.Join(root, "deploy")}
	if code := command.Run(t.Context(), "", args, nil, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d\n%s", code, stderr.String())
	}
	var found struct {
		Fields []struct {
			File, Image, Tag string
			Reason           struct{ Code string }
		}
		Problems, Warnings []json.RawMessage
	}
	if err := json.Unmarshal(stdout.Bytes(), &found); err != nil {
		t.Fatal(err)
	}
	if len(found.Problems)+len(found.Warnings) > 0 {
		t.Errorf("problems %s, warnings %s", found.Problems, found.Warnings)
	}
	if len(found.Fields) != 1 {
		t.Fatalf("%d images found, want the one of the base: %s", len(found.Fields), stdout.String())
	}
	got := found.Fields[0]
	if got.File != "kustomize/base/deployment.yaml" || got.Image != product || got.Reason.Code != "not-asked" {
		t.Errorf("found %+v", got)
	}
	if image := product + ":" + got.Tag; !slices.Contains(composeImages(t), image) {
		t.Errorf("the Compose file runs %q, Kustomize %q", composeImages(t), image)
	}
}

// loads reads a configuration that a server shall start with.
func loads(t *testing.T, text string) *config.Server {
	t.Helper()
	c, warnings, err := config.LoadServer("server.yaml", []byte(text))
	if err != nil || len(warnings) > 0 {
		t.Fatalf("%v, %v", err, warnings)
	}
	if err := c.ForServing(); err != nil {
		t.Fatal(err)
	}
	return c
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// decode reads YAML, of which nothing may be unknown to into's type where strict is set.
func decode(t *testing.T, text string, into any, strict bool) {
	t.Helper()
	d := yaml.NewDecoder(bytes.NewReader([]byte(text)))
	d.KnownFields(strict)
	if err := d.Decode(into); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
}
