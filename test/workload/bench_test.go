//go:build unix

package workload_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/image"
	client "github.com/imageupdater/imageupdater/scanner/registry"
	"github.com/imageupdater/imageupdater/test/registry"
)

// spent is the processor time of the process so far.
func spent(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// held is the memory in use.
func held() float64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc) / (1 << 20)
}

func startBench(b *testing.B) *registry.Registry {
	b.Helper()
	r, err := registry.Start(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { r.Close() })
	return r
}

// measured reports what all runs of a benchmark took.
func measured(b *testing.B, r *registry.Registry, run func()) {
	b.Helper()
	r.Forget()
	before, cpu := held(), spent(b)
	b.ReportAllocs()
	for b.Loop() {
		run()
	}
	n := float64(b.N)
	asked := float64(len(r.Requests()))
	r.Forget()
	b.ReportMetric(float64((spent(b)-cpu).Milliseconds())/n, "cpu-ms/op")
	b.ReportMetric(asked/n, "requests/op")
	b.ReportMetric(held()-before, "heap-MB") // more than before, for good
}

// BenchmarkList lists 20,000 tags, in pages of 1,000. The processor time is that of
// the registry too.
func BenchmarkList(b *testing.B) {
	const tags = 20_000
	r := startBench(b)
	for n := range tags {
		// All tags stand for one image: it is the names that count.
		if err := r.Push("bench/web", fmt.Sprintf("1.%d.%d", n/100, n%100)); err != nil {
			b.Fatal(err)
		}
	}
	repo := image.Repository{Registry: r.Host(), Path: "bench/web"}
	clock := &passing{}
	asking := newAsking(inProcess{r}, clock)
	measured(b, r, func() {
		if listed, err := asking.List(b.Context(), repo); err != nil || len(listed) != tags {
			b.Fatalf("%d tags, error %v", len(listed), err)
		}
	})
}

// BenchmarkDigests resolves 1,000 tags, 8 at a time.
func BenchmarkDigests(b *testing.B) {
	const tags = 1000
	r := startBench(b)
	for n := range tags {
		if err := r.Push("bench/web", fmt.Sprintf("1.0.%d", n)); err != nil {
			b.Fatal(err)
		}
	}
	repo := image.Repository{Registry: r.Host(), Path: "bench/web"}
	clock := &passing{}
	asking := newAsking(inProcess{r}, clock)
	measured(b, r, func() {
		group, ctx := errgroup.WithContext(b.Context())
		group.SetLimit(8)
		for n := range tags {
			group.Go(func() error {
				_, err := asking.Digest(ctx, repo, fmt.Sprintf("1.0.%d", n))
				return err
			})
		}
		if err := group.Wait(); err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkCycle plans 10,000 repositories of 20 images each, which share 3,000
// distinct ones: from nothing, and when an interval has passed and nothing
// changed.
func BenchmarkCycle(b *testing.B) {
	const (
		repositories = 10_000
		each         = 20
		distinct     = 3000
		tags         = 20
	)
	r := startBench(b)
	for n := range distinct {
		for tag := range tags {
			if err := r.Push(benchImage(n), fmt.Sprintf("1.%d.0", tag)); err != nil {
				b.Fatal(err)
			}
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	inventories := make([]*scanner.Inventory, repositories)
	for i := range inventories {
		var file strings.Builder
		for n := range each {
			fmt.Fprintf(&file, "app%d:\n  image: %s/%s:1.%d.0\n", n, r.Host(), benchImage(random.IntN(distinct)), random.IntN(tags))
		}
		var err error
		tree := fstest.MapFS{"values.yaml": &fstest.MapFile{Data: []byte(file.String())}}
		if inventories[i], err = scanner.Find(b.Context(), tree, scanner.FindOptions{}); err != nil || len(inventories[i].Fields) != each {
			b.Fatalf("%d fields, error %v", len(inventories[i].Fields), err)
		}
	}
	clock := &passing{now: time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)}
	newShared := func() *client.Shared {
		return client.NewShared(newAsking(inProcess{r}, clock), client.SharedOptions{Now: clock.Now})
	}
	cycle := func(shared *client.Shared) {
		group, ctx := errgroup.WithContext(b.Context())
		group.SetLimit(8)
		for _, inventory := range inventories {
			group.Go(func() error {
				plan, err := (&scanner.Planner{Registry: shared, Now: clock.Now}).Plan(ctx, inventory)
				if err != nil {
					return err
				}
				for _, result := range plan.Results {
					if result.Status == scanner.StatusProblem {
						return fmt.Errorf("%s: %s", result.Field.Ref, result.Reason.Detail)
					}
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("cold", func(b *testing.B) {
		var shared *client.Shared
		measured(b, r, func() {
			shared = newShared()
			cycle(shared)
		})
		runtime.KeepAlive(shared)
	})
	b.Run("unchanged", func(b *testing.B) {
		shared := newShared()
		cycle(shared)
		measured(b, r, func() {
			clock.pass(12 * time.Minute)
			cycle(shared)
		})
		runtime.KeepAlive(shared)
	})
}

func benchImage(n int) string { return fmt.Sprintf("bench/app-%04d", n) }
