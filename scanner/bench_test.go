package scanner_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/edit"
	"github.com/imageupdater/imageupdater/scanner/format"
)

// bigValues is a values file of about a megabyte in the manner of the big
// charts': half of its lines are comments, most values are short, and one
// component in ten has an image.
func bigValues() []byte {
	var b bytes.Buffer
	for i := range 700 {
		fmt.Fprintf(&b, "## Configuration of component %d\n## ref: https://example.org/docs/components/%d\n##\ncomponent%d:\n  # -- Whether this component is deployed at all, and if so, how.\n  enabled: true\n", i, i, i)
		if i%10 == 0 {
			fmt.Fprintf(&b, "  image:\n    registry: ghcr.io\n    repository: acme/component-%d\n    tag: v1.%d.0\n    pullPolicy: IfNotPresent\n", i, i)
		}
		for j := range 8 {
			fmt.Fprintf(&b, "  ## Setting %d of the component; the default is right for most\n  ## installations, change it only if you know why.\n  setting%d:\n    name: \"some value %d\"   # why it is so\n    annotations: {}\n    # key: value\n    replicas: %d\n\n", j, j, j, j)
		}
	}
	return b.Bytes()
}

func BenchmarkScreen(b *testing.B) {
	// The text of a large file without any image.
	src := bytes.Repeat([]byte("  # Some prose on a setting, as charts have it; nothing to be found here.\n  replicas: 3\n  settings: {a: b, c: [1, 2, 3]}\n"), 10_000)
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		if format.Screen(src) {
			b.Fatal("screened in")
		}
	}
}

// BenchmarkParse is the part of BenchmarkFindInFile that the YAML library takes.
func BenchmarkParse(b *testing.B) {
	src := bigValues()
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := edit.Parse(src); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFindInFile(b *testing.B) {
	src := bigValues()
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		text, err := edit.Parse(src)
		if err != nil {
			b.Fatal(err)
		}
		if finding := format.Find("values.yaml", src, text); len(finding.Fields) != 70 {
			b.Fatalf("%d fields", len(finding.Fields))
		}
	}
}

// repository writes n files in the proportions of GitOps repositories: of ten
// files one holds Helm values, two kustomizations, three Deployments, and four
// no image at all.
func repository(b *testing.B, n int) string {
	b.Helper()
	dir := b.TempDir()
	plain := "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports:\n" + strings.Repeat("    - {port: 80, name: http}\n", 40)
	deployment := "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      containers:\n        - name: web\n          image: ghcr.io/acme/web-%d:v1.2.3\n          env:\n" + strings.Repeat("            - name: SETTING\n              value: \"some value\"\n", 20)
	kustomization := "resources:\n- ../base\nimages:\n- name: web\n  newName: ghcr.io/acme/web-%d\n  newTag: v1.2.3\n"
	values := "image:\n  repository: ghcr.io/acme/web-%d\n  tag: v1.2.3\n" + strings.Repeat("setting:\n  enabled: true\n  list: [a, b]\n", 100)
	contents := []struct{ name, text string }{
		{"service.yaml", plain},
		{"deployment.yaml", deployment},
		{"kustomization.yaml", kustomization},
		{"rbac.yaml", plain},
		{"values.yaml", values},
		{"job.yaml", deployment},
		{"ingress.yaml", plain},
		{"kustomization.yaml", kustomization},
		{"config.yaml", plain},
		{"cron.yaml", deployment},
	}
	for i := range n {
		c := contents[i%len(contents)]
		text := c.text
		if strings.Contains(text, "%d") {
			text = fmt.Sprintf(text, i%500)
		}
		file := filepath.Join(dir, fmt.Sprintf("team-%d/app-%d", i%37, i), c.name)
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}

func BenchmarkFind(b *testing.B) {
	for _, n := range []int{100, 1_000, 10_000} {
		b.Run(fmt.Sprintf("files=%d", n), func(b *testing.B) {
			tree := os.DirFS(repository(b, n))
			bytesIn := sizeOf(b, tree)
			b.SetBytes(bytesIn)
			b.ReportAllocs()
			for b.Loop() {
				inventory, err := scanner.Find(b.Context(), tree, scanner.FindOptions{})
				if err != nil || len(inventory.Fields) != n*6/10 {
					b.Fatal(len(inventory.Fields), err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(n), "µs/file")
			var stats runtime.MemStats
			runtime.ReadMemStats(&stats)
			b.ReportMetric(float64(stats.Sys)/(1<<20), "MB-sys")
		})
	}
}

// BenchmarkFindRemembered is a scan of 4,000 files without a memory and with one
// that knows them all; the tree is on disk, so that what is saved of a network is
// not seen.
func BenchmarkFindRemembered(b *testing.B) {
	const n = 4_000
	dir := repository(b, n)
	for _, remembered := range []bool{false, true} {
		b.Run(fmt.Sprintf("remembered=%t", remembered), func(b *testing.B) {
			tree := os.DirFS(dir)
			var options scanner.FindOptions
			if remembered {
				options.Memory = &byPath{}
				findAll(b, tree, options, n)
			}
			b.ReportAllocs()
			for b.Loop() {
				findAll(b, tree, options, n)
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/n, "µs/file")
			if memory, ok := options.Memory.(*byPath); ok {
				b.ReportMetric(float64(memory.bytes.Load())/n, "stored-B/file")
			}
		})
	}
}

func findAll(b *testing.B, tree fs.FS, options scanner.FindOptions, n int) {
	b.Helper()
	inventory, err := scanner.Find(b.Context(), tree, options)
	if err != nil || len(inventory.Fields) != n*6/10 {
		b.Fatal(len(inventory.Fields), err)
	}
}

// byPath remembers files that never change.
type byPath struct {
	answers sync.Map
	bytes   atomic.Int64
}

func (m *byPath) Recall(file string, about scanner.Question) ([]byte, bool) {
	stored, found := m.answers.Load(string(about) + file)
	if !found {
		return nil, false
	}
	return stored.([]byte), true
}

func (m *byPath) Keep(file string, about scanner.Question, stored []byte) {
	m.answers.Store(string(about)+file, stored)
	m.bytes.Add(int64(len(stored)))
}

func sizeOf(b *testing.B, tree fs.FS) int64 {
	b.Helper()
	var total int64
	err := fs.WalkDir(tree, ".", func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		total += info.Size()
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return total
}
