// The demo shows the main job without network or Docker: it starts a registry
// in this process, fills it with a few hundred tags, writes a small GitOps
// repository that refers to old ones, and runs imageupdater scan on it.
package main

import (
	"context"
	"embed"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/imageupdater/imageupdater/cmd/imageupdater/command"
	"github.com/imageupdater/imageupdater/test/registry"
)

//go:embed sample
var sample embed.FS

func main() {
	keep := flag.Bool("keep", false, "keep the registry and the repository until interrupted, to try commands on them")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *keep, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1) //nolint:gocritic // the folder is gone by now, and stop only undoes a signal handler
	}
}

func run(ctx context.Context, keep bool, stdout, stderr io.Writer) error {
	reg, err := registry.Start(ctx)
	if err != nil {
		return fmt.Errorf("starting the registry: %w", err)
	}
	defer func() { _ = reg.Close() }() // the process ends anyway
	tags, err := fill(reg)             //nolint:contextcheck // it talks to a handler in this process
	if err != nil {
		return fmt.Errorf("filling the registry: %w", err)
	}
	dir, err := os.MkdirTemp("", "imageupdater-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := writeSample(reg, dir); err != nil { //nolint:contextcheck // as above
		return fmt.Errorf("writing the sample repository: %w", err)
	}
	fmt.Fprintf(stdout, "A registry at %s with %d tags of %d images, and a GitOps repository that uses them:\n\n", reg.Host(), tags, len(images()))
	for _, args := range [][]string{{}, {"-o", "diff"}} {
		if err := scan(ctx, reg, dir, args, stdout, stderr); err != nil {
			return err
		}
	}
	if keep {
		fmt.Fprintf(stdout, "Try it yourself until you press Ctrl-C:\n\n  go run ./cmd/imageupdater scan --plain-http %s --write %s\n", reg.Host(), dir)
		<-ctx.Done()
	}
	return nil
}

func scan(ctx context.Context, reg *registry.Registry, dir string, args []string, stdout, stderr io.Writer) error {
	fmt.Fprintf(stdout, "$ imageupdater scan --plain-http %s %s\n\n", reg.Host(), strings.Join(append(args, "."), " "))
	line := append([]string{"scan", "--plain-http", reg.Host()}, args...)
	if code := command.Run(ctx, "", append(line, dir), strings.NewReader(""), stdout, stderr); code != 0 {
		return fmt.Errorf("imageupdater scan ended with exit code %d", code)
	}
	fmt.Fprintln(stdout)
	return nil
}

// images are the tags of the sample's images.
func images() map[string][]string {
	return map[string][]string{
		"acme/shop":       append(versions("v1.%d.%d", 6, 8), "v2.0.0", "v2.0.1", "v2.1.0-rc.1", "latest"),
		"acme/worker":     append(versions("%d.%d", 4, 12), "2.9.1", "latest"),
		"acme/exporter":   append(versions("0.%d.%d-alpine", 12, 4), versions("0.%d.%d", 12, 5)...),
		"acme/migrations": versions("1.%d", 15),
		"acme/check":      versions("%d.%d.0", 4, 5),
		"acme/api":        {"2024.04.3", "2024.05.1", "2024.06.1", "2024.11.2", "2025.01.1", "20250110", "main-1a2b3c4"},
		"acme/cache":      {"7.2.0", "7.2.1", "7.4.0", "7.4.0-rc2", "8.0.0", "latest"},
		"acme/proxy":      versions("1.27.%d-debian-12-r%d", 3, 8),
		"acme/debug":      {"latest"},
		"acme/gateway":    {"1.0.0-rc.2", "1.0.0-rc.9", "1.0.0-rc.10"},
		"acme/podinfo":    append(versions("6.%d.%d", 12, 3), "latest"),
	}
}

// versions counts through the numbers of a pattern, each from 0 up.
func versions(pattern string, counts ...int) []string {
	total := 1
	for _, count := range counts {
		total *= count
	}
	made := make([]string, total)
	for i := range made {
		numbers := make([]any, len(counts))
		rest := i
		for j := len(counts) - 1; j >= 0; j-- {
			numbers[j] = rest % counts[j]
			rest /= counts[j]
		}
		made[i] = fmt.Sprintf(pattern, numbers...)
	}
	return made
}

func fill(reg *registry.Registry) (int, error) {
	total := 0
	for repo, tags := range images() {
		if err := reg.Push(repo, tags...); err != nil {
			return 0, err
		}
		total += len(tags)
	}
	return total, nil
}

var digestOf = regexp.MustCompile(`DIGEST\(([^:)]+):([^)]+)\)`)

// writeSample puts the registry's address and digests into the files.
func writeSample(reg *registry.Registry, dir string) error {
	return fs.WalkDir(sample, "sample", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := sample.ReadFile(name)
		if err != nil {
			return err
		}
		text := strings.ReplaceAll(string(data), "REGISTRY", reg.Host())
		for _, match := range digestOf.FindAllStringSubmatch(text, -1) {
			digest, err := reg.Digest(match[1], match[2])
			if err != nil {
				return err
			}
			text = strings.ReplaceAll(text, match[0], digest)
		}
		file := filepath.Join(dir, filepath.FromSlash(strings.TrimPrefix(name, "sample/")))
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			return err
		}
		return os.WriteFile(file, []byte(text), 0o600)
	})
}
