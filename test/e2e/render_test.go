//go:build e2e

// Package e2e runs the product against real tools: what kustomize and helm
// render before and after an edit must differ in the edited image alone.
package e2e

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/format"
	"github.com/imageupdater/imageupdater/scanner/image"
)

const newDigest = "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

// rendering is one way of making manifests of a tree.
type rendering struct {
	tool string
	args []string
	// files are those whose fields the rendering shows.
	files []string
}

func renderings() map[string]rendering {
	return map[string]rendering{
		"kustomize base": {"kustomize", []string{"build", "kustomize/base"}, []string{
			"kustomize/base/deployment.yaml", "kustomize/base/cronjob.json",
		}},
		"kustomize overlay": {"kustomize", []string{"build", "kustomize/overlays/prod"}, []string{
			"kustomize/overlays/prod/kustomization.yaml", "kustomize/components/proxy/kustomization.yaml",
		}},
		"kustomize patches": {"kustomize", []string{"build", "kustomize/overlays/patched"}, []string{
			"kustomize/overlays/patched/kustomization.yaml", "kustomize/overlays/patched/cache.yaml",
		}},
		"helm chart": {"helm", []string{"template", "r", "helm/shapes"}, []string{
			"helm/shapes/values.yaml", "helm/shapes/templates/pod.yaml",
		}},
		"helm values over values": {"helm", []string{"template", "r", "helm/shapes", "-f", "helm/shapes/values-prod.yaml"}, []string{
			"helm/shapes/values-prod.yaml",
		}},
		"helm umbrella": {"helm", []string{"template", "r", "helm/umbrella"}, []string{
			"helm/umbrella/values.yaml", "helm/umbrella/charts/sub/Chart.yaml",
		}},
		"helm subchart": {"helm", []string{"template", "r", "helm/umbrella/charts/sub"}, []string{
			"helm/umbrella/charts/sub/values.yaml",
		}},
	}
}

// A version, one that YAML takes for a number, and a hash that it does.
var newTags = []string{"v9.9.9-x1", "1.10", "1234e56"}

func TestRenderedManifestsDifferInTheEditedImageAlone(t *testing.T) {
	t.Parallel()
	for name, r := range renderings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			need(t, r.tool)
			before := render(t, "testdata", r)
			inventory, err := scanner.Find(t.Context(), os.DirFS("testdata"), scanner.FindOptions{})
			if err != nil {
				t.Fatal(err)
			}
			tried := map[string]int{}
			for _, field := range inventory.Fields {
				if field.Skip != nil || !slices.Contains(r.files, field.File) {
					continue
				}
				tried[field.File]++
				for _, tag := range newTags {
					checkEdit(t, r, before, field, tag)
				}
			}
			for _, file := range r.files {
				if tried[file] == 0 {
					t.Errorf("%s: no field", file)
				}
			}
			t.Logf("%d fields, %d edits", sum(tried), sum(tried)*len(newTags))
		})
	}
}

func sum(counts map[string]int) int {
	total := 0
	for _, n := range counts {
		total += n
	}
	return total
}

func checkEdit(t *testing.T, r rendering, before []string, field format.Field, tag string) {
	t.Helper()
	update := scanner.Update{Tag: tag}
	want := field.Ref
	want.Tag = tag
	if field.Digest != nil {
		update.Digest, want.Digest = newDigest, newDigest
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, filepath.FromSlash(field.File))
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out, err := scanner.Rewrite(src, []scanner.Choice{{Field: field, Update: update}})
	if err != nil {
		t.Errorf("%s line %d: %v", field.File, field.Line, err)
		return
	}
	if err := os.WriteFile(file, out, 0o600); err != nil {
		t.Fatal(err)
	}
	after := render(t, dir, r)
	if len(before) != len(after) {
		t.Errorf("%s line %d, tag %s: %d lines became %d", field.File, field.Line, tag, len(before), len(after))
		return
	}
	changed := 0
	for i := range before {
		if before[i] == after[i] {
			continue
		}
		changed++
		if replaced := strings.Replace(before[i], rendered(field.Ref), rendered(want), 1); replaced != after[i] {
			t.Errorf("%s line %d, tag %s:\nrendered %q\nnow      %q\nwant     %q", field.File, field.Line, tag, before[i], after[i], replaced)
		}
	}
	if changed == 0 {
		t.Errorf("%s line %d, tag %s: nothing changed in what is rendered", field.File, field.Line, tag)
	}
}

// rendered is a reference as manifests show it.
func rendered(ref image.Reference) string { return ref.String() }

func render(t *testing.T, dir string, r rendering) []string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := exec.CommandContext(ctx, r.tool, r.args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", r.tool, strings.Join(r.args, " "), err, stderr.String())
	}
	return strings.Split(strings.NewReplacer(`"`, "", `'`, "").Replace(string(out)), "\n")
}

// need skips a test on a machine without the tool; CI must have it.
func need(t *testing.T, tool string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err == nil {
		return
	}
	if os.Getenv("IMAGEUPDATER_REQUIRE_TOOLS") != "" {
		t.Fatalf("%s is not on the PATH", tool)
	}
	t.Skipf("%s is not on the PATH", tool)
}
