package version_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/scanner/version"
)

// now is the time at which the tests of this package ask.
var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// policy is the default policy with changes.
func policy(changes ...func(*version.Policy)) *version.Policy {
	p := version.DefaultPolicy()
	for _, change := range changes {
		change(p)
	}
	return p
}

func strategy(s version.Strategy) func(*version.Policy) {
	return func(p *version.Policy) { p.Strategy = s }
}

func allow(patterns ...string) func(*version.Policy) {
	return func(p *version.Policy) { p.Allow = compiled(patterns) }
}

func ignore(patterns ...string) func(*version.Policy) {
	return func(p *version.Policy) { p.Ignore = compiled(patterns) }
}

func compiled(patterns []string) []*regexp.Regexp {
	var all []*regexp.Regexp
	for _, pattern := range patterns {
		all = append(all, regexp.MustCompile(pattern))
	}
	return all
}

func constraint(text string) func(*version.Policy) {
	return func(p *version.Policy) { p.Constraint = ranged(text) }
}

func ranged(text string) *semver.Constraints {
	c, err := semver.NewConstraint(text)
	if err != nil {
		panic(err)
	}
	return c
}

func kinds(wanted ...version.Kind) func(*version.Policy) {
	return func(p *version.Policy) { p.Kinds = wanted }
}

func ignored(entry version.Ignored) func(*version.Policy) {
	return func(p *version.Policy) { p.Ignored = append(p.Ignored, entry) }
}

func moving(p *version.Policy) {
	p.Flavor, p.Kinds = version.FlavorMove, append(p.Kinds, version.Flavor)
}
func prerelease(p *version.Policy) { p.Prerelease = true }
func together(p *version.Policy)   { p.SeparateMajor = false }
func downgrade(p *version.Policy) {
	p.AllowDowngrade, p.Kinds = true, append(p.Kinds, version.Rollback)
}

func tagOnly(tag string) []version.Target { return one(tag, version.Tag) }

func TestChooseByPolicy(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		policy  *version.Policy
		current string
		tags    string
		want    []version.Target
	}{
		"range":                                   {policy(constraint("1.x")), "1.2.3", "1.3.0 1.9.1 2.0.0", one("1.9.1", version.Minor)},
		"tilde at the precision of the tag":       {policy(constraint("~1.25")), "1.25.0", "1.25.9 1.26.0", one("1.25.9", version.Patch)},
		"tilde for two parts":                     {policy(constraint("~1")), "1.25", "1.26 2.0 1.26.1", one("1.26", version.Minor)},
		"between":                                 {policy(constraint(">=1.2 <2")), "1.2.3", "1.9.0 2.0.0 2.0.0-rc.1", one("1.9.0", version.Minor)},
		"one version left out":                    {policy(constraint("!=1.3.1")), "1.2.3", "1.3.1 1.3.0", one("1.3.0", version.Minor)},
		"either range":                            {policy(constraint("1.x || 3.x")), "1.2.3", "1.4.0 2.0.0 3.1.0 4.0.0", two("1.4.0", version.Minor, "3.1.0")},
		"range and flavour":                       {policy(constraint("1.x")), "1.2.3-alpine", "1.3.0-alpine 2.0.0-alpine 1.4.0", one("1.3.0-alpine", version.Minor)},
		"range and prefix":                        {policy(constraint("<2")), "release-1.2", "release-1.9 release-2.0", one("release-1.9", version.Minor)},
		"range and four parts":                    {policy(constraint("<1.3")), "1.2.3.4", "1.2.3.5 1.3.0.0", one("1.2.3.5", version.Build)},
		"range with parts of any size":            {policy(constraint("<2")), "1.2.3", "1.99999999999999999999999.0", nil},
		"range below pre-releases of its end":     {policy(constraint("<2"), prerelease), "1.2.3", "2.0.0-rc.1 1.3.0-rc.1", one("1.3.0-rc.1", version.Minor)},
		"range that names pre-releases":           {policy(constraint(">=1.2.0-0")), "1.2.3", "1.3.0-rc.1", one("1.3.0-rc.1", version.Minor)},
		"range and the way from a pre-release":    {policy(constraint("1.x")), "1.3.0-rc.1", "1.3.0-rc.2 2.0.0", one("1.3.0-rc.2", version.Patch)},
		"nothing in range":                        {policy(constraint("~1.2")), "1.2.3", "1.3.0 2.0.0", nil},
		"pre-releases":                            {policy(prerelease), "1.2.3", "1.3.0-rc.1 1.3.0-beta.1 2.0.0-alpha", two("1.3.0-rc.1", version.Minor, "2.0.0-alpha")},
		"a release goes before its pre-release":   {policy(prerelease), "1.2.3", "1.3.0 1.3.0-rc.1", one("1.3.0", version.Minor)},
		"allow":                                   {policy(allow(`^v?1\.`)), "1.2.3", "1.3.0 2.0.0", one("1.3.0", version.Minor)},
		"allow is not anchored":                   {policy(allow(`3`)), "1.2.3", "1.4.0 1.3.0 1.30.0", one("1.30.0", version.Minor)},
		"allow, one of them":                      {policy(allow(`^1\.3`, `^1\.5`)), "1.2.3", "1.3.0 1.4.0 1.5.0 1.6.0", one("1.5.0", version.Minor)},
		"ignore":                                  {policy(ignore(`\.0$`)), "1.2.3", "1.3.0 1.3.1 1.4.0", one("1.3.1", version.Minor)},
		"group version":                           {policy(allow(`^app-(?P<version>\d+\.\d+\.\d+)`)), "app-1.2.3", "app-1.3.0 web-1.9.0 app-1.3", one("app-1.3.0", version.Minor)},
		"group version with hashes around":        {policy(allow(`^(?P<version>\d+\.\d+\.\d+)-[0-9a-f]{7}$`)), "1.2.3-aaaaaaa", "1.3.0-bbbbbbb 1.2.3-ccccccc", one("1.3.0-bbbbbbb", version.Minor)},
		"group version keeps what is around":      {policy(allow(`(?P<version>\d+\.\d+\.\d+)`)), "web-1.2.3-amd64", "web-1.3.0-arm64 web-1.3.0-amd64 web-1.3.0-amd64-debug app-1.3.0-amd64", one("web-1.3.0-amd64", version.Minor)},
		"no major":                                {policy(kinds(version.Minor, version.Patch, version.Build)), "1.2.3", "1.3.0 2.0.0", one("1.3.0", version.Minor)},
		"patches only":                            {policy(kinds(version.Patch)), "1.2.3", "1.2.9 1.3.0 2.0.0", one("1.2.9", version.Patch)},
		"majors only":                             {policy(kinds(version.Major)), "1.2.3", "1.2.9 2.0.0", one("2.0.0", version.Major)},
		"with the major":                          {policy(together), "1.2.3", "1.3.0 2.0.0", one("2.0.0", version.Major)},
		"with the major, there is none":           {policy(together), "1.2.3", "1.3.0", one("1.3.0", version.Minor)},
		"ignored range":                           {policy(ignored(version.Ignored{Versions: ranged(">=1.27")})), "1.25.0", "1.26.1 1.27.0 2.0.0", one("1.26.1", version.Minor)},
		"ignored range and pre-releases":          {policy(prerelease, ignored(version.Ignored{Versions: ranged(">=1.27")})), "1.25.0", "1.27.0-rc.1 1.26.0-rc.1", one("1.26.0-rc.1", version.Minor)},
		"ignored tags":                            {policy(ignored(version.Ignored{Tags: compiled([]string{"^1.27.0$"})})), "1.25.0", "1.27.0 1.26.1", one("1.26.1", version.Minor)},
		"ignored range or tags":                   {policy(ignored(version.Ignored{Versions: ranged("2.x"), Tags: compiled([]string{"^1.27.0$"})})), "1.25.0", "1.27.0 1.26.1 2.0.0", one("1.26.1", version.Minor)},
		"all ignored":                             {policy(ignored(version.Ignored{})), "1.25.0", "1.27.0", nil},
		"flavour may move":                        {policy(moving), "1.2.3-alpine3.18", "1.2.4-alpine3.19 1.2.4-alpine3.18", one("1.2.4-alpine3.19", version.Patch)},
		"flavour moves alone":                     {policy(moving), "1.2.3-alpine3.9", "1.2.3-alpine3.10 1.2.3-alpine3.8", one("1.2.3-alpine3.10", version.Flavor)},
		"flavour does not go back":                {policy(moving), "1.2.3-alpine3.18", "1.2.4-alpine3.17 1.3.0-alpine3.17", nil},
		"flavour moves before counters":           {policy(moving), "1.2.3-debian-11-r24", "1.2.3-debian-11-r25 1.2.3-debian-12-r0", one("1.2.3-debian-12-r0", version.Flavor)},
		"flavour moves only within its name":      {policy(moving), "1.2.3-alpine3.18", "1.2.4-alpine 1.2.4-bookworm 1.2.4-alpine3 1.2.4", nil},
		"flavour may move and is not wanted":      {policy(moving, kinds(version.Patch)), "1.2.3-alpine3.18", "1.2.4-alpine3.19", nil},
		"flavour without version stays":           {policy(moving), "1.2.3-bookworm", "1.2.4-trixie 1.2.4-bookworm", one("1.2.4-bookworm", version.Patch)},
		"back into the range":                     {policy(downgrade, constraint("1.x")), "2.0.0", "1.9.0 1.8.0 2.1.0", one("1.9.0", version.Rollback)},
		"not back while the current one fits":     {policy(downgrade, constraint("2.x")), "2.0.0", "1.9.0", nil},
		"not back where there is something newer": {policy(downgrade, ignored(version.Ignored{Tags: compiled([]string{"^2.0.0$"})})), "2.0.0", "1.9.0 2.0.1", one("2.0.1", version.Patch)},
		"back from what is ignored":               {policy(downgrade, ignored(version.Ignored{Tags: compiled([]string{"^2.0.0$"})})), "2.0.0", "1.9.0 2.0.0", one("1.9.0", version.Rollback)},
		"back from what is gone":                  {policy(downgrade), "2.0.0", "1.9.0", one("1.9.0", version.Rollback)},
		"not back unless allowed":                 {policy(constraint("1.x")), "2.0.0", "1.9.0 2.0.0", nil},
		"numerical":                               {policy(strategy(version.StrategyNumerical)), "99", "100 9 98 x", tagOnly("100")},
		"numerical at any length":                 {policy(strategy(version.StrategyNumerical)), "20261121120000000001", "20261121120000000002 20261121120000000000", tagOnly("20261121120000000002")},
		"numerical, fractions":                    {policy(strategy(version.StrategyNumerical)), "1.9", "1.10 1.89 2.0", tagOnly("2.0")},
		"numerical, one fraction spelt twice":     {policy(strategy(version.StrategyNumerical)), "1.10", "1.1 01.100", nil},
		"numerical by group":                      {policy(strategy(version.StrategyNumerical), allow(`^main-[0-9a-f]{7}-(?P<order>[0-9]+)$`)), "main-1a2b3c4-1716", "main-ffffff0-1802 main-0badc0d-1731 dev-1a2b3c4-9999 main-1a2b3c4", tagOnly("main-ffffff0-1802")},
		"numerical, ignored":                      {policy(strategy(version.StrategyNumerical), ignore("^100$")), "98", "100 99", tagOnly("99")},
		"numerical never back":                    {policy(strategy(version.StrategyNumerical)), "100", "99 100 0100", nil},
		"alphabetical":                            {policy(strategy(version.StrategyAlphabetical)), "v1", "v10 v9 Zeta", tagOnly("v9")},
		"alphabetical by group":                   {policy(strategy(version.StrategyAlphabetical), allow(`-(?P<order>\d{4}-\d\d-\d\d)$`)), "a-2024-01-09", "z-2024-01-08 b-2024-01-10", tagOnly("b-2024-01-10")},
		"alphabetical, no such kind":              {policy(strategy(version.StrategyAlphabetical), kinds(version.Minor)), "a", "b", nil},
		"major and minor each by itself":          {policy(ignore(`^2\.0\.1$`)), "1.2.3", "2.0.1 2.0.0 1.2.4", two("1.2.4", version.Patch, "2.0.0")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, explain := range []bool{false, true} {
				choice := version.NewCandidates(strings.Fields(test.tags)).Choose(version.Question{Current: test.current, Policy: test.policy, Explain: explain, Now: now})
				if diff := cmp.Diff(test.want, choice.Targets); diff != "" || !choice.Comparable {
					t.Errorf("comparable: %t; explained: %t; targets (-want +got)\n%s", choice.Comparable, explain, diff)
				}
			}
		})
	}
}

func TestChooseFromWhatHasNoOrder(t *testing.T) {
	t.Parallel()
	order := allow(`^main-[0-9a-f]{7}-(?P<order>[0-9]+)$`)
	for name, test := range map[string]struct {
		policy  *version.Policy
		current string
		want    version.Reason
	}{
		"a word among numbers":           {policy(strategy(version.StrategyNumerical)), "latest", version.NotANumber},
		"numbers of another form":        {policy(strategy(version.StrategyNumerical), order), "dev-1a2b3c4-1716", version.NotAllowed},
		"no group":                       {policy(strategy(version.StrategyAlphabetical), order), "latest", version.NotAllowed},
		"no version":                     {policy(allow(`^app-(?P<version>.*)$`)), "web-1.2.3", version.NotAllowed},
		"a group that holds no version":  {policy(allow(`^app-(?P<version>.*)$`)), "app-latest", version.NotAVersion},
		"a group that holds no number":   {policy(strategy(version.StrategyNumerical), allow(`^(?P<order>.*)-x$`)), "a-x", version.NotANumber},
		"a group that need not be there": {policy(strategy(version.StrategyNumerical), allow(`^main(-(?P<order>\d+))?$`)), "main", version.NotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			choice := version.NewCandidates([]string{"main-0badc0d-1800", "1.0", "app-1.0", "99"}).Choose(version.Question{Current: test.current, Policy: test.policy, Now: now})
			if choice.Comparable || choice.Reason != test.want || choice.Targets != nil {
				t.Errorf("got %+v, want no choice because: %s", choice, test.want)
			}
		})
	}
}

func pushed(daysAgo int) version.Facts {
	return version.Facts{Pushed: now.AddDate(0, 0, -daysAgo)}
}

func created(daysAgo int) version.Facts {
	return version.Facts{Created: now.AddDate(0, 0, -daysAgo)}
}

func seen(daysAgo int) version.Facts {
	return version.Facts{FirstSeen: now.AddDate(0, 0, -daysAgo)}
}

func TestChooseByFacts(t *testing.T) {
	t.Parallel()
	aged := func(days int) func(*version.Policy) {
		return func(p *version.Policy) { p.MinAge = time.Duration(days) * 24 * time.Hour }
	}
	amd64, arm64 := version.Platform{OS: "linux", Architecture: "amd64"}, version.Platform{OS: "linux", Architecture: "arm64"}
	v8 := version.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"}
	has := func(platforms ...version.Platform) version.Facts {
		return version.Facts{Checked: true, Platforms: platforms}
	}
	gone := version.Facts{Checked: true, Unpullable: "404"}
	for name, test := range map[string]struct {
		policy    *version.Policy
		current   string
		facts     map[string]version.Facts
		withheld  map[string]version.Withheld
		platforms []version.Platform
		gone      bool // the current tag is not listed, though something is known of it
		want      []version.Target
		waiting   string
	}{
		"a young one does not hide an older one": {
			policy: policy(aged(3)), current: "1.0.0",
			facts: map[string]version.Facts{"1.0.1": pushed(9), "1.0.2": pushed(4), "1.0.3": pushed(1)},
			want:  one("1.0.2", version.Patch), waiting: "1.0.3",
		},
		"what waits must pass all else": {
			policy: policy(aged(3), constraint("<2")), current: "1.0.0",
			facts:   map[string]version.Facts{"1.0.1": pushed(1), "1.0.2": pushed(2), "2.0.0": pushed(1), "1.1.0-rc.1": pushed(1)},
			waiting: "1.0.2",
		},
		"to the minute": {
			policy: policy(aged(3)), current: "1.0.0",
			facts: map[string]version.Facts{"1.0.1": pushed(3), "1.0.2": {Pushed: now.AddDate(0, 0, -3).Add(time.Nanosecond)}},
			want:  one("1.0.1", version.Patch), waiting: "1.0.2",
		},
		"first seen where nobody tells": {
			policy: policy(aged(3)), current: "1.0.0",
			facts: map[string]version.Facts{"1.0.1": seen(3), "1.0.2": seen(2)},
			want:  one("1.0.1", version.Patch), waiting: "1.0.2",
		},
		"the registry goes before us": {
			policy: policy(aged(3)), current: "1.0.0",
			facts: map[string]version.Facts{"1.0.1": {Pushed: now.AddDate(0, 0, -9), FirstSeen: now}},
			want:  one("1.0.1", version.Patch),
		},
		"the publisher alone is not believed": {
			policy: policy(aged(3)), current: "1.0.0",
			facts: map[string]version.Facts{"1.0.1": created(900)},
		},
		"ages of kinds": {
			policy: policy(aged(9), func(p *version.Policy) {
				p.MinAges = map[version.Kind]time.Duration{version.Patch: 0, version.Major: 0}
			}), current: "1.0.0",
			facts: map[string]version.Facts{"1.0.1": pushed(1), "1.1.0": pushed(1), "2.0.0": {}},
			want:  two("1.0.1", version.Patch, "2.0.0"),
		},
		"newest by push": {
			policy: policy(strategy(version.StrategyNewest)), current: "main-aaa",
			facts: map[string]version.Facts{"main-aaa": pushed(9), "main-zzz": pushed(8), "main-bbb": {Pushed: now, Created: now.AddDate(-9, 0, 0)}},
			want:  tagOnly("main-bbb"),
		},
		"newest by creation": {
			policy: policy(strategy(version.StrategyNewest)), current: "main-aaa",
			facts: map[string]version.Facts{"main-aaa": created(9), "main-zzz": created(8), "main-bbb": created(10)},
			want:  tagOnly("main-zzz"),
		},
		"newest by one kind of times": {
			policy: policy(strategy(version.StrategyNewest)), current: "main-aaa",
			facts: map[string]version.Facts{
				"main-aaa": {Pushed: now.AddDate(0, 0, -9), Created: now.AddDate(0, 0, -5), Timed: true},
				"main-bbb": {Created: now.AddDate(0, 0, -6), Timed: true},
			},
		},
		"newest at one time": {
			policy: policy(strategy(version.StrategyNewest)), current: "1.0.0",
			facts: map[string]version.Facts{"1.0.0": pushed(2), "1.9.0": pushed(1), "1.10.0": pushed(1), "latest": pushed(1)},
			want:  tagOnly("1.10.0"),
		},
		"newest at the time of the current one": {
			policy: policy(strategy(version.StrategyNewest)), current: "1.0.0",
			facts: map[string]version.Facts{"1.0.0": pushed(2), "1.0": pushed(2), "latest": pushed(2)},
		},
		"newest from what is gone, if it may go back": {
			policy: policy(strategy(version.StrategyNewest), downgrade, ignore("^1")), current: "gone",
			facts: map[string]version.Facts{"main-bbb": pushed(2)},
			want:  tagOnly("main-bbb"),
		},
		"newest from what is gone and was built before": {
			policy: policy(strategy(version.StrategyNewest)), current: "gone", gone: true,
			facts: map[string]version.Facts{"gone": created(3), "main-bbb": created(2), "main-aaa": created(4)},
			want:  tagOnly("main-bbb"),
		},
		"newest and old enough": {
			policy: policy(strategy(version.StrategyNewest), aged(3)), current: "a",
			facts: map[string]version.Facts{"a": pushed(9), "b": pushed(2), "c": pushed(4)},
			want:  tagOnly("c"), waiting: "b",
		},
		"newest, times unknown": {
			policy: policy(strategy(version.StrategyNewest)), current: "a",
			facts: map[string]version.Facts{"a": {Created: now.AddDate(0, 0, -9), Timed: true}, "b": {Timed: true}, "c": {Created: now.AddDate(0, 0, -1), Timed: true}},
			want:  tagOnly("c"),
		},
		"what cannot be pulled": {
			policy: policy(), current: "1.0.0",
			facts: map[string]version.Facts{"1.0.1": {}, "1.0.2": gone, "2.0.0": gone},
			want:  one("1.0.1", version.Patch),
		},
		"platforms of the current one": {
			policy: policy(), current: "1.0.0", platforms: []version.Platform{amd64, v8},
			facts: map[string]version.Facts{"1.0.1": has(amd64, arm64), "1.0.2": has(amd64), "1.1.0": has(arm64)},
			want:  one("1.0.1", version.Patch),
		},
		"platforms that are named": {
			policy: policy(func(p *version.Policy) { p.Platforms = []version.Platform{arm64} }), current: "1.0.0", platforms: []version.Platform{amd64, v8},
			facts: map[string]version.Facts{"1.0.1": has(v8), "1.0.2": has(amd64)},
			want:  one("1.0.1", version.Patch),
		},
		"withheld": {
			policy: policy(), current: "1.0.0",
			facts:    map[string]version.Facts{"1.0.1": {}, "1.0.2": {}, "1.0.3": {}},
			withheld: map[string]version.Withheld{"1.0.3": {Reason: version.Closed}, "1.0.2": {Reason: version.RolledBack}},
			want:     one("1.0.1", version.Patch),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var tags []string
			for tag := range test.facts {
				if tag != test.current || !test.gone {
					tags = append(tags, tag)
				}
			}
			choice := version.NewCandidates(tags).Choose(version.Question{
				Current: test.current, Policy: test.policy, Facts: test.facts, Withheld: test.withheld, Platforms: test.platforms, Now: now,
			})
			if diff := cmp.Diff(test.want, choice.Targets); diff != "" || choice.Needs != nil {
				t.Errorf("needs %s; targets (-want +got)\n%s", choice.Needs, diff)
			}
			waiting := ""
			if choice.Waiting != nil {
				waiting = choice.Waiting.Tag
			}
			if waiting != test.waiting {
				t.Errorf("%q waits, want %q", waiting, test.waiting)
			}
		})
	}
}

// New content of a tag is not chosen among tags: patterns and ranges have nothing
// to say on it, all else has.
func TestRefuse(t *testing.T) {
	t.Parallel()
	aged := func(p *version.Policy) { p.MinAge = 48 * time.Hour }
	digests := strategy(version.StrategyDigest)
	same, other := version.Target{Tag: "dev", Kind: version.Digest}, version.Target{Tag: "stable", Kind: version.Tag}
	for name, test := range map[string]struct {
		policy   *version.Policy
		target   version.Target
		facts    version.Facts
		withheld version.Reason
		want     version.Reason
	}{
		"nothing against it":           {policy: policy(digests), target: same},
		"patterns":                     {policy: policy(digests, allow("^main$"), ignore("dev")), target: same},
		"patterns, under semver":       {policy: policy(allow("^main$"), constraint(">2")), target: same},
		"patterns, of another tag":     {policy: policy(digests, allow("^main$")), target: other},
		"ignored":                      {policy: policy(digests, ignored(version.Ignored{})), target: same, want: version.IsIgnored},
		"not wanted":                   {policy: policy(digests, kinds(version.Minor)), target: same, want: version.KindUnwanted},
		"closed":                       {policy: policy(digests), target: same, withheld: version.Closed, want: version.Closed},
		"too young":                    {policy: policy(digests, aged), target: same, facts: seen(1), want: version.TooYoung},
		"old enough":                   {policy: policy(digests, aged), target: same, facts: seen(2)},
		"of no known age":              {policy: policy(digests, aged), target: same, want: version.AgeUnknown},
		"a pin needs no age":           {policy: policy(digests, aged), target: version.Target{Tag: "dev", Kind: version.Pin}},
		"cannot be pulled":             {policy: policy(digests), target: same, facts: version.Facts{Checked: true, Unpullable: "404"}, want: version.NotPullable},
		"another tag, of no known age": {policy: policy(digests, aged), target: other, want: version.AgeUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := version.Question{
				Current: "dev", Policy: test.policy, Now: now, Facts: map[string]version.Facts{test.target.Tag: test.facts},
				Withheld: map[string]version.Withheld{test.target.Tag: {Reason: test.withheld}},
			}
			none := version.NewCandidates(nil)
			var got version.Reason
			if rejection := none.Refuse(q, test.target); rejection != nil {
				got = rejection.Reason
			}
			if got != test.want {
				t.Errorf("refused: %q, want %q", got, test.want)
			}
			asking := []version.Reason{version.TooYoung, version.AgeUnknown, version.NotPullable}
			if early := none.RefuseEarly(q, test.target); (early != nil) != (test.want != "" && !slices.Contains(asking, test.want)) {
				t.Errorf("before anything is asked: %+v", early)
			}
		})
	}
	if choice := version.NewCandidates([]string{"2", "3"}).Choose(version.Question{Current: "1", Policy: policy(digests)}); choice.Targets != nil || !choice.Comparable {
		t.Errorf("chosen under strategy digest: %+v", choice)
	}
}

func TestPlatformLevels(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		has, wanted string
		serves      bool
	}{
		{"amd64", "amd64", true},
		{"amd64/v1", "amd64", true},
		{"amd64", "amd64/v1", true},
		{"amd64/v3", "amd64", false},
		{"amd64", "amd64/v2", true},
		{"amd64/v3", "amd64/v2", false},
		{"arm64", "arm64/v8", true},
		{"arm64/v8", "arm64", true},
		{"arm64/v9", "arm64", false},
		{"arm/v6", "arm/v7", true},
		{"arm/v7", "arm/v6", false},
		{"arm", "arm/v7", true},
		{"ppc64le/power9", "ppc64le", true},
		{"ppc64le", "ppc64le/power9", false},
		{"amd64", "arm64", false},
	} {
		platform := func(text string) version.Platform {
			architecture, variant, _ := strings.Cut(text, "/")
			return version.Platform{OS: "linux", Architecture: architecture, Variant: variant}
		}
		if got := len(version.Lacking([]version.Platform{platform(test.has)}, []version.Platform{platform(test.wanted)})) == 0; got != test.serves {
			t.Errorf("%s serves %s: %t, want %t", test.has, test.wanted, got, test.serves)
		}
	}
}

func TestChooseNeeds(t *testing.T) {
	t.Parallel()
	newest := policy(strategy(version.StrategyNewest), allow("^main-"), ignore("debug"))
	tags := []string{"main-a", "main-b", "main-b-debug", "other", "main-c"}
	ask := func(current string, facts map[string]version.Facts) []string {
		return version.NewCandidates(tags).Choose(version.Question{Current: current, Policy: newest, Facts: facts, Now: now}).Needs
	}
	if got := ask("main-a", nil); !slices.Equal(got, []string{"main-a", "main-b", "main-c"}) {
		t.Errorf("without facts it needs %s", got)
	}
	if got := ask("other", map[string]version.Facts{"main-b": {Timed: true}, "main-c": created(3)}); !slices.Equal(got, []string{"main-a", "other"}) {
		t.Errorf("with some facts it needs %s", got)
	}
	checked := version.Question{Current: "1.0.0", Policy: policy(), Checked: true, Now: now}
	targets := version.NewCandidates([]string{"2.0.0", "1.1.0", "1.0.1"})
	if got := targets.Choose(checked).Needs; !slices.Equal(got, []string{"1.1.0", "2.0.0"}) {
		t.Errorf("targets that need a check: %s", got)
	}
	checked.Facts = map[string]version.Facts{"2.0.0": {Checked: true}, "1.1.0": {Checked: true, Unpullable: "404"}}
	if got := targets.Choose(checked).Needs; !slices.Equal(got, []string{"1.0.1"}) {
		t.Errorf("targets that need a check, once one cannot be pulled: %s", got)
	}
}

func TestChooseTellsWhatThePolicyHasAgainst(t *testing.T) {
	t.Parallel()
	p := policy(constraint("<3"), ignore("-bad$|bad"), kinds(version.Minor, version.Major), ignored(version.Ignored{Tags: compiled([]string{`^1\.8\.`}), Text: "ignore[0] (f:1): ABI"}))
	p.MinAge = 48 * time.Hour
	p.Allow = compiled([]string{`^\d`})
	tags := []string{"1.0.0", "1.1.0", "1.2.0", "1.3.0-rc.1", "1.8.0", "1.0.1", "3.0.0", "3.1.0", "1.4.0", "1.5.0", "1.6.0", "v1.9.0"}
	facts := map[string]version.Facts{}
	for _, tag := range tags {
		facts[tag] = pushed(10)
	}
	facts["1.2.0"] = pushed(1)
	facts["3.1.0"] = seen(1)
	facts["1.4.0"] = version.Facts{Checked: true, Unpullable: "MANIFEST_UNKNOWN", Pushed: now.AddDate(-1, 0, 0)}
	facts["1.5.0"] = version.Facts{Checked: true, Platforms: []version.Platform{{OS: "linux", Architecture: "amd64"}}, Pushed: now.AddDate(-1, 0, 0)}
	facts["1.6.0"] = version.Facts{}
	choice := version.NewCandidates(tags).Choose(version.Question{
		Current: "1.0.0", Policy: p, Facts: facts, Now: now, Explain: true,
		Withheld:  map[string]version.Withheld{"3.0.0": {Reason: version.Closed, Detail: "#12"}},
		Platforms: []version.Platform{{OS: "linux", Architecture: "arm64"}, {OS: "linux", Architecture: "amd64"}, {OS: "linux", Architecture: "s390x"}},
	})
	want := version.Choice{
		Comparable: true,
		Targets:    one("1.1.0", version.Minor),
		Waiting: &version.Rejection{
			Tag: "1.2.0", Reason: version.TooYoung, Kind: version.Minor, Alone: true,
			Detail: "pushed 2026-11-20 12:00 UTC, old enough 2026-11-22 12:00 UTC", Ripe: now.AddDate(0, 0, 1),
		},
		Young: []string{"3.1.0", "1.2.0"},
		Passed: []version.Rejection{
			{Tag: "1.8.0", Reason: version.IsIgnored, Kind: version.Minor, Detail: "ignore[0] (f:1): ABI", Alone: true},
		},
		Order: strings.Fields("3.1.0 3.0.0 v1.9.0 1.8.0 1.6.0 1.5.0 1.4.0 1.3.0-rc.1 1.2.0 1.1.0 1.0.1 1.0.0"),
		Rejected: []version.Rejection{
			{Tag: "3.1.0", Reason: version.TooYoung, Kind: version.Major, Detail: "first seen 2026-11-20 12:00 UTC, old enough 2026-11-22 12:00 UTC", Ripe: now.AddDate(0, 0, 1)},
			{Tag: "3.0.0", Reason: version.Closed, Kind: version.Major, Detail: "#12"},
			{Tag: "v1.9.0", Reason: version.OtherPrefix},
			{Tag: "1.8.0", Reason: version.IsIgnored, Kind: version.Minor, Detail: "ignore[0] (f:1): ABI", Alone: true},
			{Tag: "1.6.0", Reason: version.AgeUnknown, Kind: version.Minor, Alone: true},
			{Tag: "1.5.0", Reason: version.LacksPlatform, Kind: version.Minor, Detail: "linux/arm64, linux/s390x", Alone: true},
			{Tag: "1.4.0", Reason: version.NotPullable, Kind: version.Minor, Detail: "MANIFEST_UNKNOWN", Alone: true},
			{Tag: "1.3.0-rc.1", Reason: version.IsPreRelease, Kind: version.Minor, Alone: true},
			{Tag: "1.2.0", Reason: version.TooYoung, Kind: version.Minor, Detail: "pushed 2026-11-20 12:00 UTC, old enough 2026-11-22 12:00 UTC", Ripe: now.AddDate(0, 0, 1), Alone: true},
			{Tag: "1.0.1", Reason: version.KindUnwanted, Kind: version.Patch, Detail: "patch", Alone: true},
			{Tag: "1.0.0", Reason: version.IsCurrent},
		},
	}
	if diff := cmp.Diff(want, choice); diff != "" {
		t.Errorf("choice (-want +got)\n%s", diff)
	}
}

func TestChooseGivesUpOnTooMuch(t *testing.T) {
	t.Parallel()
	tags := make([]string, 60_000)
	for i := range tags {
		tags[i] = "1." + strconv.Itoa(i)
	}
	patterns := slices.Repeat([]string{"^1"}, 100)
	choice := version.NewCandidates(tags).Choose(version.Question{Current: "1.0", Policy: policy(allow(patterns...)), Now: now})
	if choice.Comparable || choice.Reason != version.TooMuchWork {
		t.Errorf("%+v", choice)
	}
	if choice := version.NewCandidates(tags).Choose(version.Question{Current: "1.0", Policy: policy(allow(patterns[:50]...)), Now: now}); len(choice.Targets) != 1 {
		t.Errorf("%+v", choice)
	}
}
