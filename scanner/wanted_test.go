package scanner_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/edit"
	"github.com/imageupdater/imageupdater/scanner/format"
	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
	"github.com/imageupdater/imageupdater/scanner/version"
)

// today is when the plans of these tests are made.
func today() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }

// loaded is a configuration without warnings.
func loaded(t *testing.T, src string) *config.Config {
	t.Helper()
	c, warnings, err := config.Load(t.Context(), config.FileName, []byte(src), config.Options{Now: today()})
	if err != nil || len(warnings) > 0 {
		t.Fatalf("%v %v", err, warnings)
	}
	return c
}

// since is a history in which everything was first seen at its own time, or
// is seen now for the first time.
type since map[string]time.Time

func (s since) FirstSeen(_ context.Context, repo image.Repository, names []string) (map[string]time.Time, error) {
	times := map[string]time.Time{}
	for _, name := range names {
		times[name] = today()
		if at, known := s[repo.String()+":"+name]; known {
			times[name] = at
		}
	}
	return times, nil
}

func daysAgo(n int) time.Time { return today().AddDate(0, 0, -n) }

// TestPlanByConfiguration gives each image its own file, so that paths can
// choose.
func TestPlanByConfiguration(t *testing.T) {
	t.Parallel()
	digest := func(c string) string { return "sha256:" + strings.Repeat(c, 64) }
	for name, test := range map[string]struct {
		config   string
		image    string
		registry *memory
		history  scanner.History
		want     string
	}{
		"disabled": {
			config: "rules: [{match: {image: nginx}, enabled: false}]", image: "nginx:1.25.0",
			registry: &memory{}, want: "skipped disabled",
		},
		"a range": {
			config: "rules: [{match: {image: nginx}, constraint: 1.x}]", image: "nginx:1.25.0",
			registry: tags("docker.io/library/nginx", "1.26.0 2.0.0"), want: "update minor:1.26.0@/nginx",
		},
		"a group": {
			config: "defaults: {group: '{{ .Image.Name }} {{ .Kind }}'}", image: "ghcr.io/acme/api:1.0.0",
			registry: tags("ghcr.io/acme/api", "1.0.1 2.0.0"), want: "update patch:1.0.1@/api patch major:2.0.0@/api major-major",
		},
		"a group for majors": {
			config: "rules: [{match: {update: major}, group: big ones}]", image: "ghcr.io/acme/api:1.0.0",
			registry: tags("ghcr.io/acme/api", "1.0.1 2.0.0"), want: "update patch:1.0.1@/acme/api major:2.0.0@/big ones",
		},
		"majors together": {
			config: "defaults: {separateMajor: false}", image: "ghcr.io/acme/api:1.0.0",
			registry: tags("ghcr.io/acme/api", "1.0.1 2.0.0"), want: "update major:2.0.0@/acme/api",
		},
		"numerical": {
			config:   "defaults: {strategy: numerical, tags: {allow: ['^main-[0-9a-f]{7}-(?P<order>[0-9]+)$']}}",
			image:    "ghcr.io/acme/api:main-1a2b3c4-1716",
			registry: tags("ghcr.io/acme/api", "main-0badc0d-1731 main-ffffff0-99 latest"), want: "update tag:main-0badc0d-1731@/acme/api",
		},
		"numerical from another tag": {
			config:   "defaults: {strategy: numerical, tags: {allow: ['^main-[0-9a-f]{7}-(?P<order>[0-9]+)$']}}",
			image:    "ghcr.io/acme/api:latest",
			registry: tags("ghcr.io/acme/api", "main-0badc0d-1731"), want: "skipped incomparable",
		},
		"numerical from another tag with a digest": {
			config:   "defaults: {strategy: numerical, tags: {allow: ['^main-[0-9a-f]{7}-(?P<order>[0-9]+)$']}}",
			image:    "ghcr.io/acme/api:latest@" + oldDigest,
			registry: tags("ghcr.io/acme/api", "main-0badc0d-1731").digest("ghcr.io/acme/api:latest", someOther), want: "update digest:latest@sha256:222/acme/api",
		},
		"newest": {
			config: "defaults: {strategy: newest, tags: {allow: ['^sha-']}}", image: "ghcr.io/acme/api:sha-aaa",
			registry: tags("ghcr.io/acme/api", "sha-aaa sha-bbb sha-ccc latest").builtDaysAgo("sha-aaa 9 sha-bbb 2 sha-ccc 5"), want: "update tag:sha-bbb@/acme/api",
		},
		"newest, one of them gone": {
			config: "defaults: {strategy: newest}", image: "ghcr.io/acme/api:sha-aaa",
			registry: tags("ghcr.io/acme/api", "sha-aaa sha-bbb sha-ccc").builtDaysAgo("sha-aaa 9 sha-bbb 2 sha-ccc 5").gone("ghcr.io/acme/api:sha-bbb"), want: "update tag:sha-ccc@/acme/api",
		},
		"newest, times of the current one unknown": {
			config: "defaults: {strategy: newest}", image: "ghcr.io/acme/api:sha-aaa",
			registry: tags("ghcr.io/acme/api", "sha-aaa sha-bbb").builtDaysAgo("sha-bbb 2"), want: "skipped incomparable",
		},
		"newest by push": {
			config: "defaults: {strategy: newest}", image: "ghcr.io/acme/api:sha-aaa",
			registry: tags("ghcr.io/acme/api", "sha-aaa sha-bbb sha-ccc").pushedDaysAgo("sha-aaa 9 sha-bbb 2 sha-ccc 5"), want: "update tag:sha-bbb@/acme/api",
		},
		"old enough by push": {
			config: "defaults: {minAge: 3d}", image: "ghcr.io/acme/api:1.0.0",
			registry: tags("ghcr.io/acme/api", "1.0.1 1.0.2").pushedDaysAgo("1.0.1 4 1.0.2 2"),
			history:  since{}, want: "update patch:1.0.1@/acme/api",
		},
		"a digest is followed": {
			config: "defaults: {strategy: digest}", image: "ghcr.io/acme/api:stable@" + oldDigest,
			registry: tags("ghcr.io/acme/api", "").digest("ghcr.io/acme/api:stable", someOther), want: "update digest:stable@sha256:222/acme/api",
		},
		"a commit is not followed": {
			config: "", image: "ghcr.io/acme/api:sha-1a2b3c4@" + oldDigest,
			registry: &memory{}, want: "skipped floating",
		},
		"a commit is followed if one asks for it": {
			config: "defaults: {strategy: digest}", image: "ghcr.io/acme/api:sha-1a2b3c4@" + oldDigest,
			registry: tags("ghcr.io/acme/api", "").digest("ghcr.io/acme/api:sha-1a2b3c4", someOther), want: "update digest:sha-1a2b3c4@sha256:222/acme/api",
		},
		"a digest is added and followed": {
			config: "defaults: {strategy: digest}", image: "ghcr.io/acme/api:stable",
			registry: tags("ghcr.io/acme/api", "").digest("ghcr.io/acme/api:stable", someOther), want: "update pin:stable@sha256:222/acme/api",
		},
		"another tag is followed": {
			config: "defaults: {strategy: digest, track: stable}", image: "ghcr.io/acme/api:1.0@" + oldDigest,
			registry: tags("ghcr.io/acme/api", "").digest("ghcr.io/acme/api:stable", someOther), want: "update tag:stable@sha256:222/acme/api",
		},
		"a digest without a tag is followed": {
			config: "defaults: {strategy: digest, track: stable}", image: "ghcr.io/acme/api@" + oldDigest,
			registry: tags("ghcr.io/acme/api", "").digest("ghcr.io/acme/api:stable", someOther), want: "update digest:@sha256:222/acme/api",
		},
		"a digest without a tag": {
			config: "defaults: {strategy: digest}", image: "ghcr.io/acme/api@" + oldDigest,
			registry: &memory{}, want: "skipped digest-only",
		},
		"an index of the same images": {
			config: "defaults: {strategy: digest}", image: "ghcr.io/acme/api:stable@" + oldDigest,
			registry: tags("ghcr.io/acme/api", "").digest("ghcr.io/acme/api:stable", someOther).
				index("ghcr.io/acme/api:"+oldDigest, "linux/amd64@a linux/arm64@b").index("ghcr.io/acme/api:"+someOther, "linux/amd64@a linux/arm64@b"),
			want: "current",
		},
		"an index of which one image changed": {
			config: "defaults: {strategy: digest}", image: "ghcr.io/acme/api:stable@" + oldDigest,
			registry: tags("ghcr.io/acme/api", "").digest("ghcr.io/acme/api:stable", someOther).
				index("ghcr.io/acme/api:"+oldDigest, "linux/amd64@a linux/arm64@b").index("ghcr.io/acme/api:"+someOther, "linux/amd64@a linux/arm64@c").index("ghcr.io/acme/api:stable", "linux/amd64@a linux/arm64@c"),
			want: "update digest:stable@sha256:222/acme/api",
		},
		"an index that lost a platform": {
			config: "defaults: {strategy: digest}", image: "ghcr.io/acme/api:stable@" + oldDigest,
			registry: tags("ghcr.io/acme/api", "").digest("ghcr.io/acme/api:stable", someOther).
				index("ghcr.io/acme/api:"+oldDigest, "linux/amd64@a linux/arm64@b").index("ghcr.io/acme/api:"+someOther, "linux/amd64@c").index("ghcr.io/acme/api:stable", "linux/amd64@c"),
			want: "current",
		},
		"pinned to one image of an index, and moved": {
			config: "", image: "ghcr.io/acme/api:1.0.0@" + oldDigest,
			registry: tags("ghcr.io/acme/api", "1.0.0 1.1.0").index("ghcr.io/acme/api:1.0.0", "linux/amd64@"+oldDigest+" linux/arm64@b").digest("ghcr.io/acme/api:1.1.0", someOther).
				index("ghcr.io/acme/api:1.1.0", "linux/arm64@"+digest("6")+" linux/amd64@"+digest("5")),
			want: "update minor:1.1.0@sha256:555/acme/api",
		},
		"pinned to one image of an index, which stays": {
			config: "", image: "ghcr.io/acme/api:1.0.0@" + oldDigest,
			registry: tags("ghcr.io/acme/api", "1.0.0").digest("ghcr.io/acme/api:1.0.0", someOther).index("ghcr.io/acme/api:"+someOther, "linux/amd64@"+oldDigest+" linux/arm64@b"),
			want:     "current",
		},
		"pinned to one image of an index, built again": {
			config: "", image: "ghcr.io/acme/api:1.0.0@" + oldDigest,
			registry: tags("ghcr.io/acme/api", "1.0.0").digest("ghcr.io/acme/api:1.0.0", someOther).index("ghcr.io/acme/api:"+someOther, "linux/amd64@"+digest("5")+" linux/arm64@b"),
			want:     "update digest:1.0.0@sha256:555/acme/api",
		},
		"pinned to one image of an index, that is no more": {
			config: "", image: "ghcr.io/acme/api:1.0.0@" + oldDigest,
			registry: tags("ghcr.io/acme/api", "1.0.0").digest("ghcr.io/acme/api:1.0.0", someOther).index("ghcr.io/acme/api:"+someOther, "linux/arm64@b"),
			want:     "current",
		},
		"a pin": {
			config: "defaults: {pin: digest}", image: "ghcr.io/acme/api:1.0.0",
			registry: tags("ghcr.io/acme/api", "1.0.0").digest("ghcr.io/acme/api:1.0.0", someOther), want: "update pin:1.0.0@sha256:222/acme/api",
		},
		"a pin with a step": {
			config: "defaults: {pin: digest}", image: "ghcr.io/acme/api:1.0.0",
			registry: tags("ghcr.io/acme/api", "1.0.0 1.0.1").digest("ghcr.io/acme/api:1.0.1", someOther), want: "update patch:1.0.1@sha256:222/acme/api",
		},
		"a pin beside a major step": {
			config: "defaults: {pin: digest}", image: "ghcr.io/acme/api:1.0.0",
			registry: tags("ghcr.io/acme/api", "1.0.0 2.0.0").digest("ghcr.io/acme/api:1.0.0", oldDigest).digest("ghcr.io/acme/api:2.0.0", someOther),
			want:     "update pin:1.0.0@sha256:111/acme/api major:2.0.0@sha256:222/acme/api-major",
		},
		"a pin of a floating tag": {
			config: "defaults: {pin: digest}", image: "ghcr.io/acme/api:latest",
			registry: tags("ghcr.io/acme/api", "").digest("ghcr.io/acme/api:latest", someOther), want: "update pin:latest@sha256:222/acme/api",
		},
		"a new digest beside a major step": {
			config: "", image: "ghcr.io/acme/api:1.0.0@" + oldDigest,
			registry: tags("ghcr.io/acme/api", "1.0.0 2.0.0").digest("ghcr.io/acme/api:1.0.0", someOther).digest("ghcr.io/acme/api:2.0.0", digest("3")),
			want:     "update digest:1.0.0@sha256:222/acme/api major:2.0.0@sha256:333/acme/api-major",
		},
		"digests are not wanted": {
			config: "defaults: {update: [minor]}", image: "ghcr.io/acme/api:1.0.0@" + oldDigest,
			registry: tags("ghcr.io/acme/api", "1.0.0").digest("ghcr.io/acme/api:1.0.0", someOther), want: "current",
		},
		"too young": {
			config: "defaults: {minAge: 3d}", image: "ghcr.io/acme/api:1.0.0",
			registry: tags("ghcr.io/acme/api", "1.0.1 1.0.2 1.0.3"),
			history:  since{"ghcr.io/acme/api:1.0.1": daysAgo(9), "ghcr.io/acme/api:1.0.2": daysAgo(3)},
			want:     "update patch:1.0.2@/acme/api",
		},
		"nobody knows how old": {
			config: "defaults: {minAge: 3d}", image: "ghcr.io/acme/api:1.0.0",
			registry: tags("ghcr.io/acme/api", "1.0.1"), want: "current",
		},
		"a young digest": {
			config: "defaults: {minAge: 3d}", image: "ghcr.io/acme/api:1.0.0@" + oldDigest,
			registry: tags("ghcr.io/acme/api", "1.0.0").digest("ghcr.io/acme/api:1.0.0", someOther),
			history:  since{"ghcr.io/acme/api:1.0.0": daysAgo(900), "ghcr.io/acme/api:1.0.0@" + someOther: daysAgo(1)},
			want:     "current",
		},
		"a digest old enough": {
			config: "rules: [{match: {update: digest}, minAge: 1d}]", image: "ghcr.io/acme/api:1.0.0@" + oldDigest,
			registry: tags("ghcr.io/acme/api", "1.0.0").digest("ghcr.io/acme/api:1.0.0", someOther),
			history:  since{"ghcr.io/acme/api:1.0.0@" + someOther: daysAgo(1)},
			want:     "update digest:1.0.0@sha256:222/acme/api",
		},
		"cannot be pulled": {
			config: "", image: "ghcr.io/acme/api:1.0.0",
			registry: tags("ghcr.io/acme/api", "1.0.1 1.0.2 1.0.3").gone("ghcr.io/acme/api:1.0.3", "ghcr.io/acme/api:1.0.2"), want: "update patch:1.0.1@/acme/api",
		},
		"the newest is too large": {
			config: "", image: "ghcr.io/acme/api:1.0.0",
			registry: tags("ghcr.io/acme/api", "1.0.1 1.0.2").spoil("ghcr.io/acme/api:1.0.2"), want: "update patch:1.0.1@/acme/api",
		},
		"the config of the newest cannot be read": {
			config: "defaults: {platforms: [linux/amd64]}", image: "ghcr.io/acme/api:1.0.0",
			registry: tags("ghcr.io/acme/api", "1.0.1 1.0.2").digest("ghcr.io/acme/api:1.0.2", someOther).spoil("ghcr.io/acme/api:" + someOther),
			want:     "update patch:1.0.1@/acme/api",
		},
		"nobody knows about the newest": {
			config: "", image: "ghcr.io/acme/api:1.0.0",
			registry: tags("ghcr.io/acme/api", "1.0.1 1.0.2").lose("ghcr.io/acme/api:1.0.2"), want: "problem lookup-failed",
		},
		"newest, one of them too large": {
			config: "defaults: {strategy: newest}", image: "ghcr.io/acme/api:sha-aaa",
			registry: tags("ghcr.io/acme/api", "sha-aaa sha-bbb sha-ccc").builtDaysAgo("sha-aaa 9 sha-bbb 2 sha-ccc 5").spoil("ghcr.io/acme/api:sha-bbb"), want: "update tag:sha-ccc@/acme/api",
		},
		"newest, nobody knows about one": {
			config: "defaults: {strategy: newest}", image: "ghcr.io/acme/api:sha-aaa",
			registry: tags("ghcr.io/acme/api", "sha-aaa sha-bbb sha-ccc").builtDaysAgo("sha-aaa 9 sha-bbb 2 sha-ccc 5").lose("ghcr.io/acme/api:sha-bbb"), want: "problem lookup-failed",
		},
		"what a digest leads to cannot be read": {
			config: "defaults: {platforms: [linux/amd64]}", image: "ghcr.io/acme/api:1.0.0@" + oldDigest,
			registry: tags("ghcr.io/acme/api", "1.0.0").digest("ghcr.io/acme/api:1.0.0", someOther).
				index("ghcr.io/acme/api:"+oldDigest, "linux/amd64").spoil("ghcr.io/acme/api:" + someOther),
			want: "current",
		},
		"the current one cannot be pulled": {
			config: "", image: "ghcr.io/acme/api:1.0.0",
			registry: tags("ghcr.io/acme/api", "1.0.1").gone("ghcr.io/acme/api:1.0.0"), want: "update patch:1.0.1@/acme/api",
		},
		"lacks a platform": {
			config: "", image: "ghcr.io/acme/api:1.0.0",
			registry: tags("ghcr.io/acme/api", "1.0.0 1.0.1 1.0.2 1.0.3").index("ghcr.io/acme/api:1.0.0", "linux/amd64 linux/arm64").
				index("ghcr.io/acme/api:1.0.1", "linux/arm64 linux/amd64 linux/s390x").index("ghcr.io/acme/api:1.0.2", "linux/arm64"),
			want: "update patch:1.0.1@/acme/api",
		},
		"platforms that are named": {
			config: "defaults: {platforms: [linux/amd64]}", image: "ghcr.io/acme/api:1.0.0",
			registry: tags("ghcr.io/acme/api", "1.0.0 1.0.1 1.0.2").index("ghcr.io/acme/api:1.0.0", "linux/amd64 linux/arm64").index("ghcr.io/acme/api:1.0.2", "linux/arm64"),
			want:     "update patch:1.0.1@/acme/api",
		},
		"the current one is gone, and pinned": {
			config: "", image: "ghcr.io/acme/api:1.0.0@" + oldDigest,
			registry: tags("ghcr.io/acme/api", "2.0.0").gone("ghcr.io/acme/api:1.0.0", "ghcr.io/acme/api:"+oldDigest).digest("ghcr.io/acme/api:2.0.0", someOther),
			want:     "update major:2.0.0@sha256:222/acme/api-major",
		},
		"newest from what is gone": {
			config: "defaults: {strategy: newest}", image: "ghcr.io/acme/api:sha-ccc",
			registry: tags("ghcr.io/acme/api", "sha-bbb").builtDaysAgo("sha-bbb 2").gone("ghcr.io/acme/api:sha-ccc"), want: "skipped incomparable",
		},
		"newest from what is gone, and pinned": {
			config: "defaults: {strategy: newest}", image: "ghcr.io/acme/api:sha-ccc@" + oldDigest,
			registry: tags("ghcr.io/acme/api", "sha-bbb").builtDaysAgo("sha-bbb 2 "+oldDigest+" 3").gone("ghcr.io/acme/api:sha-ccc").digest("ghcr.io/acme/api:sha-bbb", someOther),
			want:     "update tag:sha-bbb@sha256:222/acme/api",
		},
		"both steps in one group": {
			config: "rules: [{match: {image: '**'}, group: all}, {match: {update: major}, group: all}]", image: "ghcr.io/acme/api:1.0.0",
			registry: tags("ghcr.io/acme/api", "1.0.1 2.0.0"), want: "update major:2.0.0@/all",
		},
		"newer ones lack a platform": {
			config: "", image: "ghcr.io/acme/api:0.0.1",
			registry: tags("ghcr.io/acme/api", "0.0.1 "+upTo("1.0.", 40)).index("ghcr.io/acme/api:0.0.1", "linux/amd64 linux/mips64le").allIndexes("ghcr.io/acme/api:1.0.", 40, "linux/amd64"),
			want:     "problem lookup-failed",
		},
		"one after the other cannot be pulled": {
			config: "", image: "ghcr.io/acme/api:0.0.1",
			registry: tags("ghcr.io/acme/api", upTo("1.0.", 40)).gone(each("ghcr.io/acme/api:1.0.", 40)...), want: "problem lookup-failed",
		},
		"ignored": {
			config: "ignore: [{image: ghcr.io/acme/api, versions: '>=1.1'}]", image: "ghcr.io/acme/api:1.0.0",
			registry: tags("ghcr.io/acme/api", "1.0.1 1.1.0"), want: "update patch:1.0.1@/acme/api",
		},
		"ignored until today": {
			config: "timezone: Pacific/Kiritimati\nignore: [{image: ghcr.io/acme/api, versions: '>=1.1', until: 2026-11-23}]", image: "ghcr.io/acme/api:1.0.0",
			registry: tags("ghcr.io/acme/api", "1.0.1 1.1.0"), want: "update patch:1.0.1@/acme/api",
		},
		"all ignored": {
			config: "ignore: [{image: ghcr.io/acme/api}]", image: "ghcr.io/acme/api:1.0.0@" + oldDigest,
			registry: tags("ghcr.io/acme/api", "1.0.0 1.1.0").digest("ghcr.io/acme/api:1.0.0", someOther), want: "current",
		},
		"the current tag is gone": {
			config: "defaults: {allowDowngrade: true}", image: "ghcr.io/acme/api:2.0.0",
			registry: tags("ghcr.io/acme/api", "1.0.1 1.1.0").gone("ghcr.io/acme/api:2.0.0"), want: "update rollback:1.1.0@/acme/api",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			planner := scanner.Planner{Registry: test.registry, Config: loaded(t, test.config), History: test.history, Now: today}
			plan, err := planner.Plan(t.Context(), find(t, pods(test.image)))
			if err != nil {
				t.Fatal(err)
			}
			result := plan.Results[0]
			if got := told(result); got != test.want {
				t.Errorf("got  %s\nwant %s\n%+v", got, test.want, result.Reason)
			}
			planner.Explain = true
			explained, err := planner.Plan(t.Context(), find(t, pods(test.image)))
			if err != nil {
				t.Fatal(err)
			}
			if got := told(explained.Results[0]); got != test.want {
				t.Errorf("explained, it is %s", got)
			}
			checkExplained(t, explained.Results[0])
		})
	}
}

// checkExplained holds what an explanation calls chosen to what is proposed.
func checkExplained(t *testing.T, result scanner.Result) {
	t.Helper()
	if result.Choice == nil {
		return
	}
	var chosen, proposed []version.Kind
	for _, target := range result.Choice.Targets {
		chosen = append(chosen, target.Kind)
	}
	for _, update := range result.Updates {
		proposed = append(proposed, update.Kind)
	}
	if diff := cmp.Diff(proposed, chosen); diff != "" {
		t.Errorf("chosen, beside what is proposed (-proposed +chosen)\n%s", diff)
	}
}

func tags(repository, list string) *memory {
	return &memory{
		tags: map[string][]string{repository: strings.Fields(list)}, digests: map[string]string{},
		indexes: map[string]string{}, created: map[string]time.Time{}, unpullable: map[string]bool{},
	}
}

func (m *memory) digest(name, digest string) *memory {
	m.digests[name] = digest
	return m
}

func (m *memory) index(name, platforms string) *memory {
	m.indexes[name] = platforms
	return m
}

func (m *memory) allIndexes(prefix string, n int, platforms string) *memory {
	for _, name := range each(prefix, n) {
		m.indexes[name] = platforms
	}
	return m
}

func (m *memory) gone(names ...string) *memory {
	for _, name := range names {
		m.unpullable[name] = true
	}
	return m
}

func (m *memory) spoil(names ...string) *memory {
	m.spoilt = map[string]bool{}
	for _, name := range names {
		m.spoilt[name] = true
	}
	return m
}

func (m *memory) lose(name string) *memory {
	m.down = map[string]bool{name: true}
	return m
}

func (m *memory) builtDaysAgo(list string) *memory {
	words := strings.Fields(list)
	for i := 0; i < len(words); i += 2 {
		days := 0
		_, _ = fmt.Sscan(words[i+1], &days)
		m.created["ghcr.io/acme/api:"+words[i]] = daysAgo(days)
	}
	return m
}

func (m *memory) pushedDaysAgo(list string) *memory {
	m.pushed = map[string]time.Time{}
	words := strings.Fields(list)
	for i := 0; i < len(words); i += 2 {
		days := 0
		_, _ = fmt.Sscan(words[i+1], &days)
		m.pushed["ghcr.io/acme/api:"+words[i]] = daysAgo(days)
	}
	return m
}

func each(prefix string, n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprint(prefix, i))
	}
	return all
}

func upTo(prefix string, n int) string { return strings.Join(each(prefix, n), " ") }

// A value that two fields use by an anchor moves only if both are to move to
// the same, and what shares another value with one of them stays with it.
func TestPlanHoldsSharedValuesTogether(t *testing.T) {
	t.Parallel()
	one := find(t, pods("acme/web:1.0.0@"+oldDigest)).Fields[0]
	// It shares the tag with the first, and the digest with the third.
	second, third := one, one
	first := one
	first.Digest, first.Ref.Digest, first.Path = nil, "", "first"
	second.Path = "second"
	third.Tag, third.Path = &edit.Slot{At: edit.Position{Line: 9, Offset: 900, Length: 5}}, "third"
	withheld := func(path string) func(format.Field) map[string]version.Withheld {
		return func(field format.Field) map[string]version.Withheld {
			if field.Path != path {
				return nil
			}
			return map[string]version.Withheld{"1.0.1": {Reason: version.Closed}}
		}
	}
	for name, test := range map[string]struct {
		withheld string
		fields   []format.Field
		want     string
	}{
		"alike":               {"", []format.Field{second, second}, "update patch:1.0.1@sha256:222/acme/web, update patch:1.0.1@sha256:222/acme/web"},
		"one stays":           {"third", []format.Field{second, third}, "skipped shared, current"},
		"one after the other": {"first", []format.Field{first, second, third}, "current, skipped shared, skipped shared"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			registry := tags("docker.io/acme/web", "1.0.0 1.0.1").digest("docker.io/acme/web:1.0.1", someOther).digest("docker.io/acme/web:1.0.0", oldDigest)
			plan, err := (&scanner.Planner{Registry: registry, Withheld: withheld(test.withheld)}).Plan(t.Context(), &scanner.Inventory{Fields: test.fields})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, result := range plan.Results {
				got = append(got, told(result))
			}
			if text := strings.Join(got, ", "); text != test.want {
				t.Errorf("got  %s\nwant %s", text, test.want)
			}
		})
	}
}

// What one field is told does not depend on which others are there: not on what
// was already asked for them, nor on how often it was.
func TestPlanOfOneFieldIsThatOfAll(t *testing.T) {
	t.Parallel()
	singles := func() *memory { return tags("docker.io/acme/web", "1.0.0 1.0.1") }
	dead := func() *memory {
		return tags("docker.io/acme/web", "1.0.0 1.1.0 "+upTo("1.2.", 30)).gone(each("docker.io/acme/web:1.2.", 30)...)
	}
	many := func() *memory {
		m := tags("docker.io/acme/web", "1.0.0 "+upTo("a", 6000)+" "+upTo("b", 6000))
		for i, name := range append(each("docker.io/acme/web:a", 6000), each("docker.io/acme/web:b", 6000)...) {
			m.created[name] = daysAgo(i + 1)
		}
		m.created["docker.io/acme/web:1.0.0"] = daysAgo(20_000)
		return m
	}
	for name, test := range map[string]struct {
		config   string
		registry func() *memory
		files    string
		want     string // of the last file
	}{
		"platforms, alone":  {"rules: [{match: {path: arm.yaml}, platforms: [linux/arm64]}]", singles, "arm.yaml", "current"},
		"platforms, before": {"rules: [{match: {path: arm.yaml}, platforms: [linux/arm64]}]", singles, "arm.yaml zz.yaml", "current"},
		"platforms, behind": {"rules: [{match: {path: arm.yaml}, platforms: [linux/arm64]}]", singles, "aa.yaml arm.yaml", "current"},
		"given up, alone":   {"", dead, "arm.yaml", "problem lookup-failed"},
		"given up, behind":  {"", dead, "aa.yaml ab.yaml arm.yaml", "problem lookup-failed"},
		"too many, alone":   {"defaults: {strategy: newest}", many, "arm.yaml", "problem lookup-failed"},
		"too many, behind": {
			"defaults: {strategy: newest}\nrules: [{match: {path: aa.yaml}, tags: {allow: ['^a']}}, {match: {path: ab.yaml}, tags: {allow: ['^b']}}]",
			many, "aa.yaml ab.yaml arm.yaml", "problem lookup-failed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{}
			for file := range strings.FieldsSeq(test.files) {
				files[file] = "kind: Pod\nspec: {containers: [{image: acme/web:1.0.0}]}\n"
			}
			c, _, err := config.Load(t.Context(), config.FileName, []byte(test.config), config.Options{})
			if err != nil {
				t.Fatal(err)
			}
			plan, err := (&scanner.Planner{Registry: test.registry(), Config: c, Now: today}).Plan(t.Context(), find(t, tree(files)))
			if err != nil {
				t.Fatal(err)
			}
			for _, result := range plan.Results {
				if got := told(result); result.Field.File == "arm.yaml" && got != test.want {
					t.Errorf("got %s, want %s", got, test.want)
				}
			}
		})
	}
}

func TestPlanTellsWhichPlatformIsLacking(t *testing.T) {
	t.Parallel()
	registry := tags("docker.io/acme/web", "0.0.1 "+upTo("1.0.", 40)).index("docker.io/acme/web:0.0.1", "linux/amd64 linux/mips64le").allIndexes("docker.io/acme/web:1.0.", 40, "linux/amd64")
	plan, err := (&scanner.Planner{Registry: registry}).Plan(t.Context(), find(t, pods("acme/web:0.0.1")))
	if err != nil {
		t.Fatal(err)
	}
	const want = "the newest tags of docker.io/acme/web that fit, 20 of them, lack linux/mips64le, which the image has now; name the platforms that are needed under platforms"
	if got := plan.Results[0].Reason.Detail; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// A hold ends on the clock of the repository.
func TestPlanHoldsInTheZoneOfTheRepository(t *testing.T) {
	t.Parallel()
	for zone, want := range map[string]string{"Pacific/Auckland": "update patch:1.0.1@/acme/web", "UTC": "skipped held"} {
		planner := scanner.Planner{Registry: tags("docker.io/acme/web", "1.0.1"), Config: loaded(t, "timezone: "+zone), Now: today}
		plan, err := planner.Plan(t.Context(), find(t, pods("acme/web:1.0.0 # imageupdater: hold until=2026-11-22")))
		if err != nil {
			t.Fatal(err)
		}
		if got := told(plan.Results[0]); got != want {
			t.Errorf("%s: got %s, want %s", zone, got, want)
		}
	}
}

func TestPlanWithholds(t *testing.T) {
	t.Parallel()
	registry := tags("docker.io/acme/web", "1.0.0 1.0.1 1.0.2")
	planner := scanner.Planner{Registry: registry, Withheld: func(field format.Field) map[string]version.Withheld {
		if field.Ref.Name() != "acme/web" {
			return nil
		}
		return map[string]version.Withheld{"1.0.2": {Reason: version.Closed, Detail: "#7"}}
	}}
	plan, err := planner.Plan(t.Context(), find(t, pods("acme/web:1.0.0", "docker.io/acme/web:1.0.0")))
	if err != nil {
		t.Fatal(err)
	}
	got := []string{told(plan.Results[0]), told(plan.Results[1])}
	if diff := cmp.Diff([]string{"update patch:1.0.1@/acme/web", "update patch:1.0.2@/acme/web"}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

var errDisk = errors.New("the disk is full")

type brokenHistory struct{}

func (brokenHistory) FirstSeen(context.Context, image.Repository, []string) (map[string]time.Time, error) {
	return nil, errDisk
}

func TestPlanWithABrokenHistory(t *testing.T) {
	t.Parallel()
	planner := scanner.Planner{
		Registry: tags("docker.io/acme/web", "1.0.0 1.0.1"), History: brokenHistory{}, Now: today,
		Config: loaded(t, "rules: [{match: {path: pods.yaml}, minAge: 1d}]"),
	}
	plan, err := planner.Plan(t.Context(), find(t, pods("acme/web:1.0.0")))
	if err != nil {
		t.Fatal(err)
	}
	result := plan.Results[0]
	if result.Status != scanner.StatusProblem || !strings.Contains(result.Reason.Detail, errDisk.Error()) {
		t.Errorf("%s %+v", result.Status, result.Reason)
	}
}

// An image costs a list, the manifest of each target, and one manifest for the
// platforms of what is in use, however many fields use it.
func TestPlanAsksLittle(t *testing.T) {
	t.Parallel()
	registry := tags("docker.io/acme/web", "1.0.0 1.0.1 1.1.0 2.0.0")
	var images []string
	for i := range 30 {
		images = append(images, []string{"acme/web:1.0.0", "acme/web:1.0.1", "acme/web:1.1.0"}[i%3])
	}
	planner := scanner.Planner{Registry: registry}
	if _, err := planner.Plan(t.Context(), find(t, pods(images...))); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{
		"tags docker.io/acme/web": 1, "manifest docker.io/acme/web:1.1.0": 1, "manifest docker.io/acme/web:2.0.0": 1,
	}
	if diff := cmp.Diff(want, registry.asked); diff != "" {
		t.Errorf("asked -want +got\n%s", diff)
	}
}

// Patterns and ranges that no tag fits are warned of once an image, where they
// stand.
func TestPlanWarnsOfWhatNoTagFits(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ config, tags, want string }{
		"a pattern": {"defaults:\n  tags: {allow: ['^main-']}\n", "1.0.0 1.1.0", ".imageupdater.yaml:2:17: warning: defaults.tags.allow: none of the 2 tags of docker.io/acme/web fits (imageupdater explain docker.io/acme/web lists them)"},
		"a range":   {"defaults:\n  constraint: 7.x\n", "1.0.0 1.1.0 latest", ".imageupdater.yaml:2:15: warning: defaults.constraint: none of the 3 tags of docker.io/acme/web is a version in this range (imageupdater explain docker.io/acme/web lists them)"},
		"one fits":  {"defaults:\n  constraint: 1.0.x\n", "1.0.0 1.1.0", ""},
		"no tags":   {"defaults:\n  constraint: 1.0.x\n", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			planner := scanner.Planner{Registry: tags("docker.io/acme/web", test.tags), Config: loaded(t, test.config), Now: today}
			plan, err := planner.Plan(t.Context(), find(t, pods("acme/web:1.0.0", "acme/web:1.0.0", "acme/web:1.1.0")))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, warning := range plan.Warnings {
				got = append(got, warning.String())
			}
			if text := strings.Join(got, "\n"); text != test.want {
				t.Errorf("got  %s\nwant %s", text, test.want)
			}
		})
	}
}

// What comes back by itself is no fault of anybody, and of all that could not be
// asked it is told when it will be.
func TestWhatIsAskedLater(t *testing.T) {
	t.Parallel()
	next := today().Add(time.Hour)
	for name, test := range map[string]struct {
		why      error
		strategy string
		want     string
		next     time.Time
		detail   string
	}{
		"pulls": {
			&registry.RateLimited{Host: "ghcr.io", RetryAfter: time.Hour, Next: next, Why: "its pulls are used up", Pulls: true},
			"semver", "skipped postponed", next, "try again in 1h0m0s",
		},
		"other limit":       {&registry.RateLimited{Host: "ghcr.io", RetryAfter: time.Hour, Next: next}, "semver", "problem lookup-failed", next, "try again in 1h0m0s"},
		"who knows":         {&registry.RateLimited{Host: "ghcr.io"}, "semver", "problem lookup-failed", time.Time{}, "rate limiting"},
		"a rest":            {fmt.Errorf("asking: %w", &registry.Unavailable{Host: "ghcr.io", Next: next, Cause: errDown}), "semver", "problem lookup-failed", next, "asked again at"},
		"a failure":         {errDown, "semver", "problem lookup-failed", time.Time{}, errDown.Error()},
		"not yet complete":  {fmt.Errorf("reading: %w", &registry.Incomplete{Next: next}), "newest", "skipped postponed", next, "not yet complete: 0 of 2 were looked at; the rest follow"},
		"not, nobody knows": {registry.ErrIncomplete, "newest", "skipped postponed", time.Time{}, "not yet complete: 0 of 2 were looked at"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := tags("ghcr.io/acme/api", "1.0.0 1.0.1")
			from.limited = test.why
			planner := &scanner.Planner{Registry: from, Now: today, Config: loaded(t, "defaults: {strategy: "+test.strategy+"}\n")}
			plan, err := planner.Plan(t.Context(), find(t, pods("ghcr.io/acme/api:1.0.0")))
			if err != nil {
				t.Fatal(err)
			}
			result := plan.Results[0]
			if got := told(result); got != test.want || !strings.Contains(result.Reason.Detail, test.detail) {
				t.Errorf("got %s: %s, want %s: %s", got, result.Reason.Detail, test.want, test.detail)
			}
			if !result.Next.Equal(test.next) {
				t.Errorf("it is asked again at %s, want %s", result.Next, test.next)
			}
		})
	}
}
