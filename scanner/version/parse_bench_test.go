package version_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/imageupdater/imageupdater/scanner/version"
)

// BenchmarkParse reads whole lists of tags, as registries give them.
func BenchmarkParse(b *testing.B) {
	for _, size := range []int{100, 1_000, 20_000, 100_000} {
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			tags := listedTags(rand.New(rand.NewPCG(7, 8)), size)
			b.ReportAllocs()
			for b.Loop() {
				for _, tag := range tags {
					version.Parse(tag)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*size), "ns/tag")
		})
	}
}

// listedTags makes tags of the kinds that long lists are made of.
func listedTags(random *rand.Rand, n int) []string {
	number := func(below int) int { return random.IntN(below) }
	kinds := []func() string{
		func() string { return fmt.Sprintf("%d.%d.%d", number(9), number(40), number(30)) },
		func() string {
			return fmt.Sprintf("v%d.%d.%d-alpine3.%d", number(9), number(40), number(30), number(22))
		},
		func() string {
			return fmt.Sprintf("%d.%d.%d-debian-12-r%d", number(9), number(40), number(30), number(60))
		},
		func() string { return fmt.Sprintf("%d.%d.%d-rc.%d", number(9), number(40), number(30), number(9)) },
		func() string { return fmt.Sprintf("main-%07x-%d", number(1<<28), 1000+number(9000)) },
		func() string {
			return fmt.Sprintf("sha-%016x%016x%08x", random.Uint64(), random.Uint64(), random.Uint32())
		},
		func() string { return fmt.Sprintf("%d.%02d.%d", 2020+number(6), 1+number(12), number(5)) },
		func() string { return fmt.Sprintf("%d%02d%02d", 2020+number(6), 1+number(12), 1+number(28)) },
		func() string { return []string{"latest", "stable", "edge", "main", "bookworm-slim"}[number(5)] },
	}
	tags := make([]string, n)
	for i := range tags {
		tags[i] = kinds[number(len(kinds))]()
	}
	return tags
}
