package app_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
	"github.com/imageupdater/imageupdater/test/registry"
)

// repositoriesKey names in the environment how many repositories BenchmarkCycle
// has: 1,000 where it says nothing.
const repositoriesKey = "IMAGEUPDATER_BENCH_REPOSITORIES"

// What BenchmarkCycle is of: images of each repository, files that they are in,
// images with 20 tags each in all, and those that get another one.
const (
	imagesEach = 20
	filesEach  = 5
	imagesAll  = 3000
	tagsEach   = 20
	imagesNew  = 3
)

// BenchmarkCycle looks at all repositories: for the first time, again when nothing
// changed, and when there is a newer tag of a few images, which 2% of the
// repositories use. The server runs in a process of its own; the stand-ins
// have to share the machine with it. Without GitHub's pace.
func BenchmarkCycle(b *testing.B) {
	count := asked(b, repositoriesKey, 1000)
	for name, at := range storetest.Places() {
		b.Run(name, func(b *testing.B) { benchmarkCycle(b, at(b), count) })
	}
}

// asked is a number in the environment.
func asked(b *testing.B, key string, otherwise int) int {
	b.Helper()
	text := os.Getenv(key)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatalf("%s: %v", key, err)
	}
	return n
}

func benchmarkCycle(b *testing.B, place string, count int) {
	b.Helper()
	c := newCycle(b, place, count)
	first := c.run(0)
	unchanged := c.run(3 * time.Hour)
	for n := range imagesNew {
		c.push(n, tagsEach)
	}
	newer := c.run(3 * time.Hour)
	if found, want := c.pulls(), (imagesNew*count*imagesEach+imagesAll-1)/imagesAll; found == 0 || found > want {
		b.Errorf("there are %d pull requests, where %d uses of images are behind", found, want)
	}
	for _, p := range []struct {
		name string
		measured
	}{{"first", first}, {"unchanged", unchanged}, {"newer", newer}} {
		b.Run(p.name, p.report)
	}
}

// cycle is very many repositories, and the server that looks at them.
type cycle struct {
	b        *testing.B
	place    string
	hub      *githubtest.Server
	registry *registry.Registry
	repos    []*githubtest.Repository
	app      *apart
	before   taken
	calls    map[string]githubtest.Count
}

func newCycle(b *testing.B, place string, count int) *cycle {
	b.Helper()
	reg, err := registry.Start(context.WithoutCancel(b.Context()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = reg.Close() })
	c := &cycle{b: b, place: place, hub: githubtest.New(b, githubtest.Options{}), registry: reg}
	for n := range imagesAll {
		for tag := range tagsEach {
			c.push(n, tag)
		}
	}
	c.repos = c.hub.AddRepositories(count, c.files)
	installation := c.hub.Install("acme", grants())
	installation.AddToAll()
	installation.SetLimit(1 << 30)
	installation.SetGraphQLLimit(1 << 30)
	database := fmt.Sprintf("file: %q", place)
	if strings.HasPrefix(place, "postgres") {
		database = "url: {env: DATABASE}"
	}
	c.app = beginApart(b, fmt.Sprintf(`
version: 1
github: {url: %q, appID: %d, privateKey: {env: KEY}, webhookSecret: {env: WEBHOOK}}
listen: "127.0.0.1:0"
database: {%s}
registries: [{host: %q, plainHTTP: true, limits: {perSecond: none}}]
`, c.hub.URL, c.hub.App.ID, database, reg.Host()),
		map[string]string{"KEY": c.hub.App.PrivateKey, "WEBHOOK": webhookSecret, "DATABASE": place})
	return c
}

func (c *cycle) push(image, tag int) {
	c.b.Helper()
	if err := c.registry.Push(imageName(image), fmt.Sprintf("1.%d.0", tag)); err != nil {
		c.b.Fatal(err)
	}
}

func imageName(n int) string { return fmt.Sprintf("team%d/service%d", n%100, n) }

// files are those of one repository: Deployments of four containers each, which
// all have the newest tag.
func (c *cycle) files(n int) (fullName string, files map[string]string) {
	fullName = fmt.Sprintf("acme/shop%d", n)
	files = map[string]string{".imageupdater.yaml": "version: 1\n"}
	for f := range filesEach {
		var text strings.Builder
		fmt.Fprintf(&text, "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop%d-%d}\nspec:\n  template:\n    spec:\n      containers:\n", n, f)
		for i := range imagesEach / filesEach {
			image := imageName((n*imagesEach + f*imagesEach/filesEach + i) % imagesAll)
			fmt.Fprintf(&text, "      - name: c%d\n        image: %s/%s:1.%d.0\n", i, c.registry.Host(), image, tagsEach-1)
		}
		files[fmt.Sprintf("deploy/app%d.yaml", f)] = text.String()
	}
	return fullName, files
}

// measured is what a cycle took.
type measured struct {
	repositories   int
	wall, cpu      time.Duration
	peak, database int
	heap           uint64
	calls          githubtest.Count
	asked          registry.Counts
}

// run moves the clock on and waits until all repositories were looked at.
func (c *cycle) run(later time.Duration) measured {
	c.b.Helper()
	c.registry.Forget()
	c.hub.Advance(later)
	began := time.Now()
	since := c.app.tell(later).Now
	if later == 0 {
		since = 0
	}
	lookedAt(c.b, c.place, len(c.repos), since)
	m := measured{repositories: len(c.repos), wall: time.Since(began), database: c.size(), asked: c.registry.Counts()}
	now, calls := c.app.tell(0), c.hub.Counts()
	m.cpu, m.peak, m.heap = now.CPU-c.before.CPU, now.Peak, now.Heap
	m.calls = made(c.calls, calls)
	c.before, c.calls = now, calls
	return m
}

// size is how many bytes the database takes.
func (c *cycle) size() int {
	if strings.HasPrefix(c.place, "postgres") {
		return number(c.b, c.place, "SELECT pg_database_size(current_database())")
	}
	all := 0
	for _, file := range []string{c.place, c.place + "-wal"} {
		if info, err := os.Stat(file); err == nil {
			all += int(info.Size())
		}
	}
	return all
}

func (c *cycle) pulls() (all int) {
	for _, r := range c.repos {
		all += len(r.Pulls())
	}
	return all
}

// report tells it in place of the time that it takes to tell it.
func (m measured) report(b *testing.B) {
	b.ReportMetric(0, "ns/op")
	for unit, n := range map[string]float64{
		"repositories": float64(m.repositories), "s": m.wall.Seconds(), "cpu-s": m.cpu.Seconds(),
		"MiB-peak": mebibytes(m.peak), "MiB-heap": mebibytes(int(m.heap)), "MiB-database": mebibytes(m.database),
		"github": float64(m.calls.Calls - m.calls.Free), "github-free": float64(m.calls.Free),
		"registry-lists": float64(m.asked.Lists), "registry-others": float64(m.asked.Heads + m.asked.Manifests + m.asked.Blobs + m.asked.Other),
	} {
		b.ReportMetric(n, unit)
	}
}

func mebibytes(n int) float64 { return float64(n) / (1 << 20) }
