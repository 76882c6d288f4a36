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
		"numbers":       "1.2.3 1.2.10 1.10.0 2.0.0 10.0.0",
		"lengths":       "1 1.0 1.0.0 1.0.1",
		"large":         "9 99999999.0 18446744073709551615.0 18446744073709551616.0",
		"pre-releases":  "1.0.0-nightly.3 1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.1.1 1.0.0-alpha2 1.0.0b1 1.0.0-M1 1.0.0-rc9 1.0.0-rc10 1.0.0 1.0.1-alpha",
		"counters":      "1.0.0-r1 1.0.0-r2 1.0.0-r10 1.0.1-r0",
		"ranks":         "1.0.0-alpha.9 1.0.0-beta.1 1.0.0-M1 1.0.0-preview.1 1.0.0-rc.1 1.0.0",
		"between":       "v1.2.2 v1.2.3-0.20240101120000-abcdef123456 v1.2.3-0.20240101120001-000000000000 v1.2.3-alpha v1.2.3-rc.1 v1.2.3-rc.1.0.20240101120000-abcdef123456 v1.2.3-rc.2 v1.2.3",
		"first commits": "v1.0.0-20240101120000-abcdef123456 v1.0.0-20240101120001-000000000000 v1.0.0-alpha v1.0.0",
		"described":     "1.2.3-2-gabcdef0 1.2.3-12-g0000000 1.2.4-1-gabcdef0",
		"updates":       "8u51-b16-jre 8u412-b07-jre 8u412-b08-jre 9u1-b01-jre",
		"dates":         "RELEASE.2023-05-10T01-41-38Z RELEASE.2024-01-01T00-00-00Z RELEASE.2024-01-01T00-00-01Z",
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
		{"1.0.0.CR2", "1.0.0.RC2"},
		{"1.2.3-12-gabcdef0", "1.2.3-12-g0123456"},
		{"20231101-230548-g159857a0b", "20231101-230548-g0123456"},
		{"1.2.3-rc.1-gabcdef0", "1.2.3-rc.1-g0123456"},
		{"v1.2.3-0.20240101120000-abcdef123456", "v1.2.3-0.20240101120000-000000000000"},
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
		checkOrder(t, va, vb, vc)
	})
}

func FuzzParse(f *testing.F) {
	for _, tag := range []string{
		"", "1", "v1", "1.2.3.4", "1.2.3-1.2", "1.2.3-", "1.2.", "latest", "-1.2.3", "1.0-\xff", "1.2.3\n",
		"8u412-b08-jre", "21_35-jre", "jdk-21.0.3_9", "11.0.23_9-jre-alpine", "8.7-923.1669829893",
		"v1.2.3-0.20240101120000-abcdef123456", "v1.2.3-rc.1.0.20240101120000-abcdef123456", "1.2.3-12-gabcdef0",
		"20231101-230548-g159857a0b", "v1.28.5-rke2r1-build20240110", "1.2.3-build.", "1.2.3-gke.", "1.2.3-0.", "1.2.3.m",
		"RELEASE.2024-05-10T01-41-38Z", "2024-05-10x", "2024-05", "java17-2.0.1", "java17-v", "2.0.0.Final", "1.2.3-alpha.1.2x",
		strings.Repeat("1.", 64) + "0", strings.Repeat("9", 200), strings.Repeat("-rc1", 40),
	} {
		f.Add(tag)
	}
	other, _ := version.Parse("1.2.3-rc.1-4-alpine3.19-r2")
	f.Fuzz(func(t *testing.T, tag string) {
		v, ok := version.Parse(tag)
		if !ok {
			return
		}
		if v.String() != tag {
			t.Errorf("%q is written as %q", tag, v)
		}
		again := parse(t, tag)
		checkOrder(t, v, again, other)
		checkOrder(t, other, v, again)
		if v.Compare(again) != 0 {
			t.Errorf("%q is not equal to itself, read again", tag)
		}
		moves(tag, tag+"-alpine3.20") // must not panic, whatever the flavour
	})
}

func TestParseCounters(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ from, to string }{
		{"1.2.3-debian-12-r24", "1.2.3-debian-12-r25"},
		{"1.2.3-r1-alpine", "1.2.3-r2-alpine"},
		{"1.2.3-ls12", "1.2.3-ls13"},
		{"1.2.3-build.3", "1.2.3-build.12"},
		{"1.2.3-4", "1.2.3-12"},
		{"8.0.36_9-jre", "8.0.36_10-jre"},
		{"jdk-21.0.3_9", "jdk-21.0.3_12"},
		{"21_35-jre", "21_36-jre"},
		{"11.0.23_9-jre-alpine", "11.0.23_10-jre-alpine"},
		{"v1.28.5-k3s1", "v1.28.5-k3s2"},
		{"v1.28.5-k3s1-amd64", "v1.28.5-k3s2-amd64"},
		{"v1.28.5_k3s1", "v1.28.5_k3s10"},
		{"v1.28.5-rke2r1", "v1.28.5-rke2r2"},
		{"v1.28.5-rke2r1-build20240110", "v1.28.5-rke2r1-build20240201"},
		{"v1.28.5-rke2r1-build20240110", "v1.28.5-rke2r2-build20240110"},
		{"nginx-1.9.4-hardened1", "nginx-1.9.4-hardened12"},
		{"0.10.2-rancher1", "0.10.2-rancher3"},
		{"v1.28.5-gke.100", "v1.28.5-gke.1000"},
		{"v1.28.5-gke.1217000", "v1.28.5-gke.1217001"},
		{"v1.11.1-eksbuild.4", "v1.11.1-eksbuild.10"},
		{"v1.21.2_vmware.1", "v1.21.2_vmware.2"},
		{"16.8.1-ce.0", "16.8.1-ce.1"},
		{"1.2.3-rev2", "1.2.3-rev3"},
		{"1.2.3-p1", "1.2.3-p2"},
		{"9.6p1", "9.6p2"},
		{"1.2.3-patch1", "1.2.3-patch10"},
		{"1.2.3-hotfix1", "1.2.3-hotfix2"},
		{"1.2.3-hotfix.9", "1.2.3-hotfix.10"},
		{"1.2.3.post1", "1.2.3.post2"},
		{"1.2.3-post1-slim", "1.2.3-post2-slim"},
		{"7.0-u1", "7.0-u3"},
		{"8u412-jre", "8u422-jre"},
		{"8u412-b08-jre", "8u422-b05-jre"},
		{"8u412-b08-jre", "8u412-b09-jre"},
		{"2022-CU12-ubuntu-22.04", "2022-CU13-ubuntu-22.04"},
		{"8.7-923.1669829893", "8.7-1049.1669829900"},
		{"1.2.3-20240115", "1.2.3-20240201"},
		{"1.2.3-12-gabcdef0", "1.2.3-13-g0123456"},
		{"v1.2.3-12-gabcdef0-alpine", "v1.2.3-100-g0123456789abcdef0123456789abcdef01234567-alpine"},
		{"20231101-230548-g159857a0b", "20231101-230549-g0123456"},
		{"1.0.0-rc1-r3", "1.0.0-rc1-r4"},
		{"1.0.0-rc.1-12-gabcdef0", "1.0.0-rc.1-13-g0123456"},
	} {
		t.Run(test.from, func(t *testing.T) {
			t.Parallel()
			if got := moves(test.from, test.to); got != version.Build {
				t.Errorf("%s to %s is %q, want a build", test.from, test.to, got)
			}
			if got := moves(test.to, test.from); got != "" {
				t.Errorf("%s goes back to %s, as %q", test.to, test.from, got)
			}
		})
	}
}

func TestParseCountsNoOtherNumbers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ from, to string }{
		"distribution":             {"1.2.3-debian-12", "1.2.3-debian-13"},
		"dotted flavour":           {"1.2.3-alpine3.19", "1.2.3-alpine3.20"},
		"number in a word":         {"1.2.3-jre17", "1.2.3-jre21"},
		"R, the language":          {"1.2.3-r4.3", "1.2.3-r4.4"},
		"dotted number":            {"1.2.3-1.2", "1.2.3-1.3"},
		"dotted behind a word":     {"1.2.3-k3s1.36", "1.2.3-k3s1.37"},
		"Jakarta EE":               {"1.2.3-ee8", "1.2.3-ee10"},
		"ubuntu behind a flavour":  {"1.2.3-cuda-u20", "1.2.3-cuda-u22"},
		"u behind a flavour":       {"1.2.3-jre-u412", "1.2.3-jre-u422"},
		"b without u":              {"1.2.3-b08", "1.2.3-b09"},
		"all-digit hash":           {"1.2.3-1234567", "1.2.3-2345678"},
		"all-digit hash of hotfix": {"1.2.3-hotfix.1234567", "1.2.3-hotfix.2345678"},
		"hash":                     {"1.2.3-abcdef1", "1.2.3-abcdef2"},
		"described, to plain":      {"1.2.3-12-gabcdef0", "1.2.3-13"},
		"plain, to described":      {"1.2.3-12", "1.2.3-13-gabcdef0"},
		"described, to a release":  {"1.2.3-12-gabcdef0", "1.2.4"},
		"short hash":               {"1.2.3-12-gabcdef", "1.2.3-13-gabcde0"},
		"other word":               {"1.2.3-k3s1", "1.2.3-rke2r2"},
		"other place":              {"1.2.3-r1-alpine", "1.2.3-alpine-r2"},
		"other spelling":           {"1.2.3-hotfix1", "1.2.3-hotfix.2"},
		"counter, to none":         {"1.2.3-k3s1", "1.2.4"},
		"none, to counter":         {"1.2.3", "1.2.3-p1"},
		"with and without a time":  {"8.7-923", "8.7-1049.1669829900"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := moves(test.from, test.to); got != "" {
				t.Errorf("%s moves to %s, as %q", test.from, test.to, got)
			}
		})
	}
}

func TestParsePreReleases(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]bool{
		"1.2.3-rc.1": true, "1.2.3-rc1": true, "1.2.3rc1": true, "1.2.3-RC": true, "1.2.3-beta2": true, "1.2.3b1": true,
		"1.2.3a4": true, "1.2.3-M3": true, "1.2.3.M3": true, "1.2.3.Beta1": true, "1.2.3.CR2": true, "1.2.3-alpha.1.2": true,
		"1.2.3-preview.3": true, "1.2.3-pre": true, "1.2.3-SNAPSHOT": true, "1.2.3-dev.5": true, "1.2.3.dev5": true,
		"1.2.3-nightly.20240101": true, "21-ea.12": true, "21-ea-32-jdk": true, "1.2.3-alpine-rc1": true,
		"v1.2.3-0.20240101120000-abcdef123456": true, "v0.0.0-20240101120000-abcdef123456": true,
		"v1.2.3-rc.1.0.20240101120000-abcdef123456": true,

		"1.2.3": false, "1.2.3.Final": false, "1.2.3.GA": false, "1.2.3.RELEASE": false, "3.12-dev": false, "21-ea-jdk": false,
		"1.2.3-b1": false, "1.2.3-alphabet": false, "1.2.3-rcs1": false, "1.2.3-m": false, "8u412-b08": false, "1.2.3-p1": false,
		"1.2.3-post1": false, "1.2.3-patch1": false, "1.2.3-k3s1": false, "1.2.3-12-gabcdef0": false, "1.2.3-0.1": false,
		"1.2.3-20240101120000-abcdef123456": false, "v1.2.3-0.20240101120000-abcdef": false,
	} {
		if got := parse(t, tag).PreRelease(); got != want {
			t.Errorf("%s is a pre-release: %t, want %t", tag, got, want)
		}
	}
}

func TestParseKeepsTheShapeOfPreReleases(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		from, to string
		want     version.Kind
	}{
		"commits":               {"v1.2.3-0.20240101120000-abcdef123456", "v1.2.3-0.20240201120000-0123456789ab", version.Patch},
		"commit to release":     {"v1.2.3-0.20240101120000-abcdef123456", "v1.2.3", version.Patch},
		"commit behind an rc":   {"v1.2.3-rc.1", "v1.2.3-rc.1.0.20240201120000-0123456789ab", version.Patch},
		"first commits":         {"v0.0.0-20240101120000-abcdef123456", "v0.0.0-20240201120000-0123456789ab", version.Patch},
		"release to commit":     {"v1.2.2", "v1.2.3-0.20240101120000-abcdef123456", ""},
		"described rc":          {"1.2.3-rc.1-gabcdef0", "1.2.3-rc.2-g0123456", version.Patch},
		"described to plain rc": {"1.2.3-rc.1-gabcdef0", "1.2.3-rc.2", ""},
		"to Final":              {"5.0.0.CR2", "5.0.0.Final", ""},
		"Final stays":           {"5.0.0.Final", "5.0.1.Final", version.Patch},
		"nightlies":             {"1.2.3-nightly.20240101", "1.2.3-nightly.20240102", version.Patch},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := moves(test.from, test.to); got != test.want {
				t.Errorf("%s to %s is %q, want %q", test.from, test.to, got, test.want)
			}
		})
	}
}

func TestParseFlavors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		from, to string
		want     version.Kind
	}{
		"dotted":                 {"1.2.3-alpine3.9", "1.2.3-alpine3.19", version.Flavor},
		"separated":              {"1.2.3-debian-12", "1.2.3-debian-13", version.Flavor},
		"word":                   {"1.2.3-jre17", "1.2.3-jre21", version.Flavor},
		"behind another counter": {"1.2.3-debian-12-r9", "1.2.3-debian-13-r0", version.Flavor},
		"two numbers":            {"1.2.3-jre17-alpine3.19", "1.2.3-jre21-alpine3.19", version.Flavor},
		"date":                   {"1.2.3-bookworm-20240101-slim", "1.2.3-bookworm-20240201-slim", version.Flavor},
		"bare":                   {"1.2.3-1.2", "1.2.3-1.10", version.Flavor},
		"back":                   {"1.2.3-alpine3.19", "1.2.3-alpine3.9", ""},
		"with the version":       {"1.2.3-alpine3.19", "1.3.0-alpine3.20", version.Minor},
		"no version in it":       {"1.2.3-alpine", "1.2.3-alpine3", ""},
		"other precision":        {"1.2.3-alpine3", "1.2.3-alpine3.19", ""},
		"code names":             {"1.2.3-bookworm", "1.2.3-trixie", ""},
		"other word":             {"1.2.3-jre17", "1.2.3-jdk21", ""},
		"hash":                   {"1.2.3-abc1234", "1.2.3-abc2345", ""},
		"architecture":           {"1.2.3-armv6", "1.2.3-armv7", ""},
		"architecture in words":  {"1.2.3-linux-arm-v6", "1.2.3-linux-arm-v7", ""},
		"x86":                    {"1.2.3-x86", "1.2.3-x87", ""},
		"beside an architecture": {"1.2.3-alpine3.19-arm64v8", "1.2.3-alpine3.20-arm64v8", version.Flavor},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			policy := version.DefaultPolicy()
			policy.Flavor, policy.Kinds = version.FlavorMove, version.Kinds()
			if got := movesBy(policy, test.from, test.to); got != test.want {
				t.Errorf("%s to %s is %q, want %q", test.from, test.to, got, test.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, tag := range []string{
		"", "latest", "v", "-", "_1.2.3", ".5", "1a2b3c4", "abcdef1", "1234567", "1234567-alpine", "v1234567", "20241399", "20250229",
		"sha-1a2b3c4", "sha-0123456789abcdef0123456789abcdef01234567", "main-1a2b3c4-1716", "main-abc1234-1716", "main-1700000000",
		"20240115abcdef", "020240115", "héllo-1.2",
	} {
		if v, ok := version.Parse(tag); ok {
			t.Errorf("%q is taken for a version, before %v", tag, v)
		}
	}
}

// moves is the kind of the step between two tags by the default policy, "" if
// there is none.
func moves(from, to string) version.Kind { return movesBy(version.DefaultPolicy(), from, to) }

func movesBy(policy *version.Policy, from, to string) version.Kind {
	choice := version.NewCandidates([]string{from, to}).Choose(version.Question{Current: from, Policy: policy})
	for _, target := range choice.Targets {
		if target.Tag == to {
			return target.Kind
		}
	}
	return ""
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
			pick("", "", "", "-rc.1", "-rc2", "rc1", "-beta", "b1", "-alpha.3.1", "-dev3", "-0.20240101120000-abcdef123456") +
			pick("", "", "", "-4", "-5", "_9", "-5-gabcdef0", "-5-g0123456", "-k3s1", "-k3s2", "u412-b08") +
			pick("", "", "-alpine", "-debian-12", "-abc1234") +
			pick("", "", "-r3", "-r10")
	}
	return tags
}

func TestNamesCommit(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]bool{
		"sha-1a2b3c4": true, "main-1a2b3c4-1716000000": true, "1a2b3c4": true, "branch-g1a2b3c4d": true, "0123456789abcdef0123456789abcdef01234567": true,
		"main": false, "latest": false, "1.2.3": false, "1.2.3-1a2b3c4": false, "1234567": false, "main-1234567": false, "defaced": false, "sha-1a2b3": false, "": false, "é-1a2b3c4": true,
	} {
		if got := version.NamesCommit(tag); got != want {
			t.Errorf("%q: %t, want %t", tag, got, want)
		}
	}
}
