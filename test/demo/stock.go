package main

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/imageupdater/imageupdater/test/registry"
)

//go:embed all:sample
var sample embed.FS

// images are the tags of each image at the beginning.
func images() map[string][]string {
	return map[string][]string{
		"acme/api":         {"1.4.0", "1.4.1", "1.4.2", "1.5.0-rc.1", "1.5.0", "main-0badc0d", "latest"},
		"acme/web":         {"v2.2.1", "v2.3.0", "v2.3.1", "v2.4.0-rc.1", "latest"},
		"acme/proxy":       {"3.2.0", "3.2.1", "4.0.0", "latest"},
		"acme/website":     {"3.1.0", "3.1.1", "3.2.0", "latest"},
		"acme/worker":      {"0.9.3", "0.9.4", "0.9.5", "1.0.0-rc.1", "1.0.0"},
		"acme/gateway":     {"2024.10.2", "2024.11.1", "2024.12.3", "2025.1.0-beta", "main-3f9c1d2"},
		"acme/notifier":    {"1.1.3", "1.1.4", "1.2.0-rc.1", "1.2.0-rc.2"},
		"certbot/certbot":  {"v2.10.0", "v2.11.0", "v3.0.0", "latest", "nightly"},
		"library/nginx":    {"1.27.1", "1.27.1-alpine", "1.27.3", "1.27.3-alpine", "1.27.3-bookworm", "alpine"},
		"library/postgres": {"16.2", "16.2-alpine", "16.4-alpine", "17.0-alpine"},
		"library/redis":    {"7.2.4-alpine", "7.2.5-alpine", "7.4.1-alpine", "7.4.1"},
	}
}

// stock is the registry, and what is in it.
type stock struct {
	*registry.Registry

	labels func(repo, tag string) map[string]string

	mu      sync.Mutex
	digests map[string]string // by repository:tag
	tags    map[string][]string
}

func newStock(r *registry.Registry, labels func(repo, tag string) map[string]string) (*stock, error) {
	s := &stock{Registry: r, labels: labels, digests: map[string]string{}, tags: map[string][]string{}}
	all := images()
	for _, repo := range slices.Sorted(maps.Keys(all)) {
		tags := all[repo]
		for n, tag := range tags {
			if err := s.push(repo, tag, time.Date(2026, 1, 2+7*n, 9, 30, 0, 0, time.UTC)); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// push makes an image for two platforms, as builds of today do.
func (s *stock) push(repo, tag string, created time.Time) error {
	labels := s.labels(repo, tag)
	var index registry.Index
	size := 61_000 + 700*len(s.list(repo)) // each is a little larger than the one before
	for _, platform := range []string{"linux/amd64", "linux/arm64"} {
		index.Images = append(index.Images, registry.Image{Platform: platform, Created: created, Labels: labels, Size: size})
	}
	if err := s.PushImages(repo, tag, index); err != nil {
		return fmt.Errorf("pushing %s:%s: %w", repo, tag, err)
	}
	digest, err := s.Digest(repo, tag)
	if err != nil {
		return fmt.Errorf("asking for %s:%s: %w", repo, tag, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.digests[repo+":"+tag] == "" {
		s.tags[repo] = append(s.tags[repo], tag)
	}
	s.digests[repo+":"+tag] = digest
	return nil
}

// list is the tags of a repository, in the order in which they were pushed; none
// where there is no such repository.
func (s *stock) list(repo string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.tags[repo])
}

// lookApart is how far apart the App asks a registry for one image, however often
// people want it to.
const lookApart = 30 * time.Second

// push pushes a new tag, as a build does. GitHub's clock, which is the server's,
// is put forward, so that nobody has to wait for the App to ask for an image twice.
func (w *world) push(repo, tag string) error {
	if err := w.stock.push(repo, tag, w.hub.Now()); err != nil {
		return err
	}
	w.hub.Advance(lookApart + time.Second)
	return nil
}

// passes lets time go by, and the App do what is due then.
func (w *world) passes(d time.Duration) error {
	w.hub.Advance(d)
	if err := w.server.Tick(context.Background()); err != nil {
		return fmt.Errorf("letting the server do what is due: %w", err)
	}
	return nil
}

var digestOf = regexp.MustCompile(`DIGEST\(([^)]+)\)`)

// fill puts the registry's address and digests into a text.
func (s *stock) fill(text string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text = strings.ReplaceAll(text, "REGISTRY", s.Host())
	for _, match := range digestOf.FindAllStringSubmatch(text, -1) {
		digest := s.digests[match[1]]
		if digest == "" {
			return "", fmt.Errorf("there is no image %s", match[1])
		}
		text = strings.ReplaceAll(text, match[0], digest)
	}
	return text, nil
}

// sample is the files of a repository as it begins.
func (s *stock) sample(name string) (map[string]string, error) {
	files := map[string]string{}
	root := path.Join("sample", name)
	err := fs.WalkDir(sample, root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := sample.ReadFile(file)
		if err != nil {
			return err
		}
		files[strings.TrimPrefix(file, root+"/")], err = s.fill(string(data))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the sample %s: %w", name, err)
	}
	return files, nil
}
