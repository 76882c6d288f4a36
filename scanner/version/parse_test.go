package version_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/scanner/version"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	// Each line is in ascending order.
	for name, ascending := range map[string]string{
		"numbers":      "1.2.3 1.2.10 1.10.0 2.0.0 10.0.0",
		"lengths":      "1 1.0 1.0.0 1.0.1",
		"large":        "9 99999999.0 18446744073709551615.0 18446744073709551616.0",
		"pre-releases": "1.0.0-nightly.3 1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.1.1 1.0.0-alpha2 1.0.0b1 1.0.0-M1 1.0.0-rc9 1.0.0-rc10 1.0.0 1.0.1-alpha",
		"counters":     "1.0.0-r1 1.0.0-r2 1.0.0-r10 1.0.1-r0",
		"dates":        "RELEASE.2023-05-10T01-41-38Z RELEASE.2024-01-01T00-00-00Z RELEASE.2024-01-01T00-00-01Z",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tags := strings.Fields(ascending)
			for i, a := range tags {
				for j, b := range tags {
					if got, want := parse(t, a).Compare(parse(t, b)), sign(i-j); sign(got) != want {
						t.Errorf("comparing %s with %s: %d, want %d", a, b, got, want)
					}
				}
			}
		})
	}
}

func TestCompareIgnoresSpelling(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{
		{"1.2.3", "01.002.3"},
		{"1.0.0-rc.1", "1.0.0-rc1"},
		{"1.0.0-rc1", "1.0.0-RC-01"},
		{"1.0.0b1", "1.0.0-beta.1"},
		{"1.0.0-r3", "1.0.0-r03"},
	} {
		if got := parse(t, pair[0]).Compare(parse(t, pair[1])); got != 0 {
			t.Errorf("comparing %s with %s: %d, want 0", pair[0], pair[1], got)
		}
	}
}

func TestCompareIsATotalOrder(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 6))
	var versions []version.Version
	for _, tag := range manyTags(random, 50) {
		if v, ok := version.Parse(tag); ok {
			versions = append(versions, v)
		}
	}
	for _, a := range versions {
		for _, b := range versions {
			for _, c := range versions {
				checkOrder(t, a, b, c)
			}
		}
	}
}

func FuzzCompare(f *testing.F) {
	f.Add("1.2.3", "v1.2.4-alpine", "1.2.3-rc.1")
	f.Add("8.0.36_9-jre", "RELEASE.2024-05-10T01-41-38Z", "4.6.0-4.8.3-distroless")
	f.Add("20240115", "v0.25.0-debian-12-r24", "java17-2.0.1")
	f.Add("3.13.0b1", "2.0.0.M1", "1.0-\xff")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		va, okA := version.Parse(a)
		vb, okB := version.Parse(b)
		vc, okC := version.Parse(c)
		if !okA || !okB || !okC {
			return
		}
		if va.String() != a {
			t.Errorf("%q is written as %q", a, va)
		}
		checkOrder(t, va, vb, vc)
	})
}

func checkOrder(t *testing.T, a, b, c version.Version) {
	t.Helper()
	if a.Compare(a) != 0 {
		t.Errorf("%s is not equal to itself", a)
	}
	if sign(a.Compare(b)) != -sign(b.Compare(a)) {
		t.Errorf("comparing %s and %s depends on which is first", a, b)
	}
	if a.Compare(b) <= 0 && b.Compare(c) <= 0 && a.Compare(c) > 0 {
		t.Errorf("%s ≤ %s ≤ %s, but not the first and the last", a, b, c)
	}
}

func parse(t *testing.T, tag string) version.Version {
	t.Helper()
	v, ok := version.Parse(tag)
	if !ok {
		t.Fatalf("%q is taken for no version", tag)
	}
	return v
}

func sign(n int) int { return max(-1, min(1, n)) }

// manyTags makes tags from pieces that are close enough to meet in one shape.
func manyTags(random *rand.Rand, n int) []string {
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	tags := make([]string, n)
	for i := range tags {
		tags[i] = pick("", "", "v", "release-") +
			pick("1.2", "1.2.3", "1.2.4", "1.3.0", "2.0.0", "2024.1", "2024.01", "2023.12.1", "41", "42", "20240115", "1.2.3.4", "01.2.3", "2024-05-10") +
			pick("", "", "", "-rc.1", "-rc2", "rc1", "-beta", "b1", "-alpha.3.1", "-dev3") +
			pick("", "", "-4", "-5", "_9") +
			pick("", "", "-alpine", "-debian-12", "-abc1234") +
			pick("", "", "-r3", "-r10")
	}
	return tags
}
