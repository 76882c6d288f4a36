package version_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/scanner/version"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		current string
		tags    string
		want    []version.Target
	}{
		"patch":                       {"1.2.3", "1.2.3 1.2.4", one("1.2.4", version.Patch)},
		"minor":                       {"1.2.3", "1.2.9 1.10.0 1.9.0", one("1.10.0", version.Minor)},
		"major":                       {"1.2.3", "2.0.0 1.2.3", one("2.0.0", version.Major)},
		"minor and major":             {"1.2.3", "1.3.0 2.0.0 2.1.0 1.3.1", two("1.3.1", version.Minor, "2.1.0")},
		"patch and major":             {"1.2.3", "1.2.4 3.0.0", two("1.2.4", version.Patch, "3.0.0")},
		"fourth part":                 {"1.2.3.4", "1.2.3.10 1.2.3.9", one("1.2.3.10", version.Build)},
		"fifth part":                  {"1.2.3.4.5", "1.2.3.4.6", one("1.2.3.4.6", version.Build)},
		"never back":                  {"2.0.0", "1.9.9 1.0.0 2.0.0", nil},
		"current is not listed":       {"1.2.3", "1.2.4", one("1.2.4", version.Patch)},
		"no tags":                     {"1.2.3", "", nil},
		"zero major":                  {"0.5", "0.6 0.10 1.0", two("0.10", version.Minor, "1.0")},
		"two parts stay two":          {"1.25", "1.26.1 1.26 1.25.5 1 2", one("1.26", version.Minor)},
		"three parts stay three":      {"1.25.0", "1.26 1.25.1.1 1.25.1", one("1.25.1", version.Patch)},
		"one part":                    {"41", "42 42.1 latest", one("42", version.Major)},
		"build numbers":               {"124", "125 9 99", one("125", version.Major)},
		"one part with prefix":        {"v749", "v750 750", one("v750", version.Major)},
		"prefix v is kept":            {"v1.2.3", "1.2.5 v1.2.4 V1.2.6", one("v1.2.4", version.Patch)},
		"no prefix is kept":           {"1.2.3", "v1.2.5 1.2.4", one("1.2.4", version.Patch)},
		"word prefix is kept":         {"release-1.2", "release-1.3 v1.4 1.5 rel-1.6", one("release-1.3", version.Minor)},
		"jdk":                         {"jdk-17.0.1", "jdk-17.0.9 jre-17.0.10 jdk-21.0.1", two("jdk-17.0.9", version.Patch, "jdk-21.0.1")},
		"word with a number":          {"java17-2.0.1", "java21-2.0.2 java17-2.0.2 java21-3.0.0", one("java17-2.0.2", version.Patch)},
		"flavour is kept":             {"1.2.3-alpine", "1.2.4 1.2.5-alpine 1.2.6-debian", one("1.2.5-alpine", version.Patch)},
		"no flavour is kept":          {"1.2.3", "1.2.4-alpine 1.2.5_x 1.2.6p1 1.2.7.RELEASE", nil},
		"versioned flavour":           {"1.2.3-alpine3.19", "1.2.4-alpine3.20 1.2.4-alpine3.19 1.2.5-alpine", one("1.2.4-alpine3.19", version.Patch)},
		"flavour that ends in number": {"1.2.3-debian-11", "1.2.3-debian-12 1.2.4-debian-12", nil},
		"RELEASE":                     {"2.0.0.RELEASE", "2.0.1.RELEASE 2.0.2 2.0.2.RC1", one("2.0.1.RELEASE", version.Patch)},
		"dev is a flavour":            {"3.12-dev", "3.13 3.13-dev", one("3.13-dev", version.Minor)},

		"bitnami counter":         {"v0.25.0-debian-12-r24", "v0.25.0-debian-12-r25 v0.25.0-debian-12-r9", one("v0.25.0-debian-12-r25", version.Build)},
		"counter starts again":    {"v0.25.0-debian-12-r24", "v0.25.1-debian-12-r0 v0.25.0-debian-12-r30", one("v0.25.1-debian-12-r0", version.Patch)},
		"counter needs counter":   {"1.2.3-r3", "1.2.4 1.2.3", nil},
		"bare counter":            {"1.2.3-4", "1.2.3-5 1.2.3-10 1.2.4", one("1.2.3-10", version.Build)},
		"underscore counter":      {"8.0.36_9-jre", "8.0.36_10-jre 8.0.36_11-jdk 8.0.36-12-jre", one("8.0.36_10-jre", version.Build)},
		"counter before flavour":  {"4.6.0-1-ubi10", "4.6.0-2-ubi10 4.6.0-3-ubi9 4.6.1-1-ubi10", one("4.6.1-1-ubi10", version.Patch)},
		"version in flavour":      {"4.6.0-4.8.3-distroless", "4.6.0-4.8.4-distroless 4.6.0-5-distroless 4.6.1-4.8.3-distroless", one("4.6.1-4.8.3-distroless", version.Patch)},
		"k3s":                     {"1.2.3-k3s1", "1.2.4-k3s1 1.2.4-k3s2 1.2.5", one("1.2.4-k3s2", version.Patch)},
		"linuxserver":             {"4.0.0-ls12", "4.0.0-ls13 4.0.1-ls14", one("4.0.1-ls14", version.Patch)},
		"two counters":            {"1.2.3-4-alpine-r1", "1.2.3-5-alpine-r0 1.2.3-4-alpine-r9", one("1.2.3-5-alpine-r0", version.Build)},
		"counter is no date":      {"1.2.3-4", "1.2.3-20240115", nil},
		"counter is no hash":      {"1.2.3-4", "1.2.3-1234567 1.2.3-abc1234", nil},
		"dated counter":           {"1.2.3-20240115", "1.2.3-20240201", one("1.2.3-20240201", version.Build)},
		"counter of any size":     {"1.2.3-r99999999999999999999", "1.2.3-r100000000000000000000", one("1.2.3-r100000000000000000000", version.Build)},
		"parts of any size":       {"1.2.184467440737095516150", "1.2.184467440737095516151 1.2.184467440737095516149", one("1.2.184467440737095516151", version.Patch)},
		"leading zeros":           {"1.02.3", "1.2.10 1.03.0", one("1.03.0", version.Minor)},
		"commit count with hash":  {"1.2.3-14-g1a2b3c4", "1.2.3-15-g5d6e7f8 1.2.4", one("1.2.3-15-g5d6e7f8", version.Build)},
		"hash behind":             {"1.2.3-abc1234", "1.2.4-def5678 1.2.5 1.2.3-fff0000 1.2.6-defaced", one("1.2.4-def5678", version.Patch)},
		"marked hash behind":      {"v20240115-g159857a0b", "v20240201-gabc1234 v20240301", one("v20240201-gabc1234", version.Minor)},
		"hash behind a flavour":   {"1.2.3-alpine-abc1234", "1.2.4-def5678 1.2.4-alpine-def5678", one("1.2.4-alpine-def5678", version.Patch)},
		"floating tags are other": {"1.2.3", "latest stable edge 1 1.3 main", nil},

		"stable to stable only":      {"1.2.3", "1.3.0-rc.1 1.3.0-beta2 1.3.0b1 1.3.0a4 1.3.0rc1 2.0.0-alpha.3 2.0.0-M1 1.4.0.dev3 1.4.0-SNAPSHOT 1.4.0-nightly.5", nil},
		"flavoured pre-release":      {"1.2.3-alpine", "1.3.0-rc.1-alpine 1.3.0-alpine-rc1", nil},
		"rc to rc":                   {"1.3.0-rc.1", "1.3.0-rc.2 1.3.1-rc.5 1.2.9", one("1.3.0-rc.2", version.Patch)},
		"rc10 after rc9":             {"1.3.0-rc9", "1.3.0-rc10 1.3.0-rc2", one("1.3.0-rc10", version.Patch)},
		"beta to rc":                 {"1.3.0-beta2", "1.3.0-beta10 1.3.0-rc1 1.3.0-alpha99", one("1.3.0-rc1", version.Patch)},
		"rc to release":              {"1.3.0-rc.1", "1.3.0-rc.2 1.3.0", one("1.3.0", version.Patch)},
		"rc to later":                {"1.3.0-rc.1", "1.3.0 1.3.1 2.0.0 2.1.0-rc.1", two("1.3.1", version.Patch, "2.0.0")},
		"pre-release keeps flavour":  {"1.3.0-rc.1-alpine", "1.3.0-rc.2 1.3.0-rc.2-alpine 1.3.0", one("1.3.0-rc.2-alpine", version.Patch)},
		"pre-release behind flavour": {"1.3.0-alpine-rc1", "1.3.0-alpine-rc2 1.3.0-alpine", one("1.3.0-alpine", version.Patch)},
		"python":                     {"3.13.0a6", "3.13.0b1 3.13.0a7 3.14.0a1", one("3.13.0b1", version.Patch)},
		"spring":                     {"2.0.0.M1", "2.0.0.M2 2.0.0.RC1", one("2.0.0.RC1", version.Patch)},
		"two-part line":              {"1.25-rc1", "1.25-rc2 1.26-rc1", one("1.25-rc2", version.Patch)},
		"pre-release with counter":   {"1.0.0-rc1-r3", "1.0.0-rc1-r4 1.0.0", one("1.0.0-rc1-r4", version.Build)},
		"word without a number":      {"1.0.0-beta", "1.0.0-beta.1", one("1.0.0-beta.1", version.Patch)},

		"new year":                    {"2023.12.1", "2024.01.1 2023.12.2", one("2024.01.1", version.Minor)},
		"month":                       {"2024.01.03", "2024.02.01", one("2024.02.01", version.Minor)},
		"day":                         {"2024.01.03", "2024.01.10", one("2024.01.10", version.Patch)},
		"year is not the next major":  {"5.1", "2024.1 6.0", one("6.0", version.Major)},
		"year alone":                  {"5", "2024 6", one("6", version.Major)},
		"nothing leaves the calendar": {"2024.1", "3000.1 20250101.1 2025.1", one("2025.1", version.Minor)},
		"date is not a major":         {"41", "20240115 42", one("42", version.Major)},
		"date is not a patch":         {"1.2.3", "1.2.20240115 1.2.4", one("1.2.4", version.Patch)},
		"hash is not a major":         {"41", "1234567 12345678 7654321 1e23456", nil},
		"dates":                       {"20240115", "20240201 20239999 1234567", one("20240201", version.Minor)},
		"named dates":                 {"bookworm-20240115-slim", "bookworm-20240201-slim trixie-20240301-slim bookworm-20240401", one("bookworm-20240201-slim", version.Minor)},
		"minio": {
			"RELEASE.2024-05-10T01-41-38Z", "RELEASE.2024-06-13T22-53-53Z RELEASE.2024-06-13T22-53-53Z.fips RELEASE.2023-01-01T00-00-00Z latest",
			one("RELEASE.2024-06-13T22-53-53Z", version.Minor),
		},
		"dashed date": {"2024-05-10", "2024-05-11 2024.06.01 2024-05", one("2024-05-11", version.Patch)},

		"spelt twice, current":     {"1.2.03", "1.2.3 1.2.03 1.2.003", nil},
		"spelt as now":             {"1.2.3", "1.2.4 1.2.04", one("1.2.4", version.Patch)},
		"spelt with zeros as now":  {"2024.05.1", "2024.6.1 2024.06.1", one("2024.06.1", version.Minor)},
		"spelt with marks as now":  {"1.0.0-rc1", "1.0.0-rc.2 1.0.0-rc-2 1.0.0-rc2", one("1.0.0-rc2", version.Patch)},
		"spelt twice, longest":     {"1.2.3-rc.1", "1.2.4 1.2.004 1.2.04", one("1.2.004", version.Patch)},
		"spelt twice, then first":  {"1.0.0-rc1", "1.0.0-rc.2 1.0.0-rc-2", one("1.0.0-rc-2", version.Patch)},
		"release spelt like an rc": {"1.0.0-rc.1", "1.0.0-rc1 1.0.0-RC.1", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			choice := choose(strings.Fields(test.tags), test.current)
			if !choice.Comparable {
				t.Fatalf("%q is taken for no version", test.current)
			}
			if diff := cmp.Diff(test.want, choice.Targets); diff != "" {
				t.Errorf("targets (-want +got)\n%s", diff)
			}
		})
	}
}

// choose asks by the default policy.
func choose(tags []string, current string) version.Choice {
	return version.NewCandidates(tags).Choose(version.Question{Current: current, Policy: version.DefaultPolicy(), Explain: true})
}

func one(tag string, kind version.Kind) []version.Target {
	return []version.Target{{Tag: tag, Kind: kind}}
}

func two(tag string, kind version.Kind, major string) []version.Target {
	return append(one(tag, kind), version.Target{Tag: major, Kind: version.Major})
}

func TestChooseFromNoVersion(t *testing.T) {
	t.Parallel()
	for _, current := range []string{
		"", "latest", "main", "v", "stable-alpine", "_1.2.3",
		"1a2b3c4", "abcdef1", "1234567", "0123456789abcdef0123456789abcdef01234567", "1234567-alpine",
		"main-abc1234-1700000000", "main-1234567-1700000000", "main-abcdefa-1700000000", "main-1700000000",
		"sha-1a2b3c4", "main-g1a2b3c4", "v1234567", "20241399",
	} {
		t.Run(current, func(t *testing.T) {
			t.Parallel()
			want := version.Choice{Reason: version.NotAVersion}
			got := choose([]string{"1.2.3", "v9.9.9", "2345678", "main-def5678-1800000000"}, current)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("choice (-want +got)\n%s", diff)
			}
		})
	}
}

func TestChooseTellsWhyTagsWereRefused(t *testing.T) {
	t.Parallel()
	tags := []string{"v1.2.3", "v1.2.03", "v1.2.2", "1.9.0", "v1.9", "v1.9.0-alpine", "v2.0.0-rc.1", "v2024.1.0", "latest", "v1.3.0", "v1.3.00", "v1.2.9", "v2.0.0", "latest"}
	want := version.Choice{
		Comparable: true,
		Targets:    two("v1.3.0", version.Minor, "v2.0.0"),
		Order:      strings.Fields("v2024.1.0 v2.0.0 v2.0.0-rc.1 v1.9.0-alpine 1.9.0 v1.9 v1.3.0 v1.3.00 v1.2.9 v1.2.3 v1.2.03 v1.2.2 latest"),
		Rejected: []version.Rejection{
			{Tag: "v2024.1.0", Reason: version.OtherScheme},
			{Tag: "v2.0.0-rc.1", Reason: version.IsPreRelease, Kind: version.Major, Alone: true},
			{Tag: "v1.9.0-alpine", Reason: version.OtherFlavor},
			{Tag: "1.9.0", Reason: version.OtherPrefix},
			{Tag: "v1.9", Reason: version.OtherParts},
			{Tag: "v1.3.00", Reason: version.SpeltOtherwise, Kind: version.Minor},
			{Tag: "v1.2.9", Reason: version.OlderThanTarget, Kind: version.Patch},
			{Tag: "v1.2.3", Reason: version.IsCurrent},
			{Tag: "v1.2.03", Reason: version.SameVersion},
			{Tag: "v1.2.2", Reason: version.Older},
			{Tag: "latest", Reason: version.NotAVersion},
		},
	}
	if diff := cmp.Diff(want, choose(tags, "v1.2.3")); diff != "" {
		t.Errorf("choice (-want +got)\n%s", diff)
	}
}

func TestChooseForgetsTheOrderOfTags(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	pool := manyTags(random, 40)
	for range 100 {
		current := pool[random.IntN(len(pool))]
		want := choose(pool, current)
		shuffled := slices.Concat(pool, pool[:random.IntN(len(pool))])
		random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if diff := cmp.Diff(want, choose(shuffled, current)); diff != "" {
			t.Fatalf("from %s: another order of tags gives another choice (-want +got)\n%s", current, diff)
		}
	}
}

func TestChooseOnlyGoesForward(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	pool := manyTags(random, 80)
	for _, current := range pool {
		choice := choose(pool, current)
		from, ok := version.Parse(current)
		if ok != choice.Comparable {
			t.Fatalf("Parse(%q) and Choose disagree on whether it is a version", current)
		}
		for _, target := range choice.Targets {
			to, _ := version.Parse(target.Tag)
			if from.Compare(to) >= 0 {
				t.Errorf("%s moves to %s, which is not newer", current, target.Tag)
			}
			if to.PreRelease() && !from.PreRelease() {
				t.Errorf("%s moves to the pre-release %s", current, target.Tag)
			}
		}
		if len(choice.Targets) > 2 {
			t.Errorf("%s has %d targets", current, len(choice.Targets))
		}
	}
}
