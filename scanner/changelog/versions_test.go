package changelog_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/scanner/changelog"
)

// listed is what Between found, in a line.
func listed(v changelog.Versions) string {
	var s []string
	for _, one := range v.List {
		s = append(s, one.Tag)
	}
	line := strings.Join(s, " ") + " | " + v.From + "..." + v.To
	if v.Backwards {
		line += " backwards"
	}
	return line
}

func TestBetween(t *testing.T) {
	for name, c := range map[string]struct {
		span changelog.Span
		tags string
		want string
	}{
		"plain":              {changelog.Span{From: "1.2.0", To: "1.3.1"}, "1.1.0 1.2.0 1.2.1 1.3.0 1.3.1 1.4.0", "1.3.1 1.3.0 1.2.1 | 1.2.0...1.3.1"},
		"v in Git alone":     {changelog.Span{From: "1.2.0", To: "1.3.0"}, "v1.2.0 v1.2.1 v1.3.0", "v1.3.0 v1.2.1 | v1.2.0...v1.3.0"},
		"v in the image":     {changelog.Span{From: "v1.2.0", To: "v1.3.0"}, "1.2.0 1.3.0", "1.3.0 | 1.2.0...1.3.0"},
		"numbers, not text":  {changelog.Span{From: "1.9.0", To: "1.10.0"}, "v1.9.0 v1.10.0 v1.9.10 v1.100.0", "v1.10.0 v1.9.10 | v1.9.0...v1.10.0"},
		"flavour removed":    {changelog.Span{From: "1.2.3-alpine", To: "1.2.5-alpine3.19"}, "v1.2.3 v1.2.4 v1.2.5", "v1.2.5 v1.2.4 | v1.2.3...v1.2.5"},
		"flavour of a major": {changelog.Span{From: "17-alpine3.19", To: "18-alpine3.20"}, "v3.19.0 v3.20.0 v17.0.0 v17.4.0 v18.0.0 v18.1.0", "v18.1.0 v18.0.0 | v17.4.0...v18.1.0"},
		"Bitnami's builds":   {changelog.Span{From: "7.2.3-debian-11-r5", To: "7.2.4-debian-12-r0"}, "7.2.3 7.2.4", "7.2.4 | 7.2.3...7.2.4"},
		"k3s":                {changelog.Span{From: "v1.28.2-k3s1", To: "v1.28.3-k3s2"}, "v1.28.2+k3s1 v1.28.3+k3s1 v1.28.3+k3s2 v1.28.3", "v1.28.3+k3s2 | v1.28.2+k3s1...v1.28.3+k3s2"},
		"etcd's builds":      {changelog.Span{From: "3.5.9-0", To: "3.5.10-0"}, "v3.5.9 v3.5.10 v3.5.10-rc.0 api/v3.5.10 client/pkg/v3.5.10", "v3.5.10 | v3.5.9...v3.5.10"},

		"monorepo, slash":      {changelog.Span{From: "1.1.0", To: "1.2.0", Names: []string{"api"}}, "api/v1.1.0 api/v1.2.0 web/v1.2.0 web/v1.1.5", "api/v1.2.0 | api/v1.1.0...api/v1.2.0"},
		"monorepo, dash":       {changelog.Span{From: "1.1.0", To: "1.2.0", Names: []string{"api"}}, "api-v1.1.0 api-v1.1.1 api-v1.2.0 web-v1.1.7", "api-v1.2.0 api-v1.1.1 | api-v1.1.0...api-v1.2.0"},
		"monorepo, at":         {changelog.Span{From: "1.1.0", To: "1.2.0", Names: []string{"api"}}, "api@1.1.0 api@1.2.0 web@1.2.0", "api@1.2.0 | api@1.1.0...api@1.2.0"},
		"monorepo, scope":      {changelog.Span{From: "1.1.0", To: "1.2.0", Names: []string{"api"}}, "@acme/api@1.1.0 @acme/api@1.2.0 @acme/web@1.2.0", "@acme/api@1.2.0 | @acme/api@1.1.0...@acme/api@1.2.0"},
		"monorepo, its own":    {changelog.Span{From: "1.1.0", To: "1.2.0", Names: []string{"api"}}, "v1.1.0 v1.2.0 api/v1.1.0 api/v1.2.0", "api/v1.2.0 | api/v1.1.0...api/v1.2.0"},
		"monorepo, the whole":  {changelog.Span{From: "1.1.0", To: "1.2.0", Names: []string{"api"}}, "v1.1.0 v1.2.0 web/v1.2.0", "v1.2.0 | v1.1.0...v1.2.0"},
		"monorepo, To decides": {changelog.Span{From: "1.1.0", To: "1.2.0", Names: []string{"api"}}, "v1.1.0 v1.2.0 api/v1.1.0 api/v1.1.5", "v1.2.0 | v1.1.0...v1.2.0"},
		"monorepo, part":       {changelog.Span{From: "1.1.0", To: "1.2.0", Names: []string{"acme-api"}}, "api/v1.1.0 api/v1.2.0 web/v1.2.0", "api/v1.2.0 | api/v1.1.0...api/v1.2.0"},
		"monorepo, others":     {changelog.Span{From: "1.1.0", To: "1.2.0", Names: []string{"api"}}, "web/v1.1.0 web/v1.2.0 helm-chart-1.2.0", " | ..."},
		"numbers in a name":    {changelog.Span{From: "7.5.0", To: "7.6.0", Names: []string{"oauth2-proxy"}}, "oauth2-proxy-7.5.0 oauth2-proxy-7.6.0", "oauth2-proxy-7.6.0 | oauth2-proxy-7.5.0...oauth2-proxy-7.6.0"},
		"a chart beside":       {changelog.Span{From: "v1.9.0", To: "v1.9.1", Names: []string{"controller", "ingress-nginx"}}, "controller-v1.9.0 controller-v1.9.1 helm-chart-1.9.1", "controller-v1.9.1 | controller-v1.9.0...controller-v1.9.1"},

		"release-":              {changelog.Span{From: "1.25.2", To: "1.25.3", Template: "release-{version}"}, "release-1.25.2 release-1.25.3", "release-1.25.3 | release-1.25.2...release-1.25.3"},
		"release- by itself":    {changelog.Span{From: "1.1", To: "1.2"}, "release-1.1 release-1.2", "release-1.2 | release-1.1...release-1.2"},
		"Go":                    {changelog.Span{From: "1.22.0-alpine", To: "1.22.2-alpine", Template: "go{version}"}, "go1.22.0 go1.22.1 go1.22.2 weekly.2012-03-27", "go1.22.2 go1.22.1 | go1.22.0...go1.22.2"},
		"PostgreSQL":            {changelog.Span{From: "16.1", To: "16.3-alpine", Template: "REL_{underscored}"}, "REL_16_1 REL_16_2 REL_16_3 REL_17_BETA1 REL9_6_1", "REL_16_3 REL_16_2 | REL_16_1...REL_16_3"},
		"PostgreSQL's majors":   {changelog.Span{From: "16", To: "17", Template: "REL_{underscored}"}, "REL_16_1 REL_16_2 REL_17_0 REL_17_1 REL_17_BETA1", "REL_17_1 REL_17_0 | REL_16_2...REL_17_1"},
		"MongoDB":               {changelog.Span{From: "7.0.1", To: "7.0.2", Template: "r{version}"}, "r7.0.1 r7.0.2 r7.0.2-rc0", "r7.0.2 | r7.0.1...r7.0.2"},
		"Gradle's two parts":    {changelog.Span{From: "8.5.0-jdk17", To: "8.6.0-jdk17", Template: "v{padded}"}, "v8.5.0 v8.6.0 v8.6.0-RC1", "v8.6.0 | v8.5.0...v8.6.0"},
		"MinIO's dates":         {changelog.Span{From: "RELEASE.2024-01-16T16-07-38Z", To: "RELEASE.2024-01-29T03-56-32Z", Template: "{tag}"}, "RELEASE.2024-01-16T16-07-38Z RELEASE.2024-01-18T22-51-28Z RELEASE.2024-01-29T03-56-32Z RELEASE.2024-02-04T22-36-13Z", "RELEASE.2024-01-29T03-56-32Z RELEASE.2024-01-18T22-51-28Z | RELEASE.2024-01-16T16-07-38Z...RELEASE.2024-01-29T03-56-32Z"},
		"dates":                 {changelog.Span{From: "2024.1.5", To: "2024.2.0"}, "2024.1.5 2024.01.06 2024.2.0", "2024.2.0 2024.01.06 | 2024.1.5...2024.2.0"},
		"four parts":            {changelog.Span{From: "1.2.3.4", To: "1.2.3.6"}, "1.2.3.4 1.2.3.5 1.2.3.6", "1.2.3.6 1.2.3.5 | 1.2.3.4...1.2.3.6"},
		"beyond 64 bits":        {changelog.Span{From: "1.9999999999999999998.0", To: "1.9999999999999999999.0"}, "v1.9999999999999999998.0 v1.9999999999999999999.0", "v1.9999999999999999999.0 | v1.9999999999999999998.0...v1.9999999999999999999.0"},
		"Final":                 {changelog.Span{From: "22.0.1", To: "22.0.2"}, "22.0.1.Final 22.0.2.Final", "22.0.2.Final | 22.0.1.Final...22.0.2.Final"},
		"the v came later":      {changelog.Span{From: "1.2.0", To: "1.4.0"}, "1.2.0 1.3.0 v1.3.0 v1.4.0", "v1.4.0 v1.3.0 | 1.2.0...v1.4.0"},
		"fewer parts in Git":    {changelog.Span{From: "1.2.0", To: "1.3.0"}, "v1.2 v1.2.1 v1.3", "v1.3 v1.2.1 | v1.2...v1.3"},
		"a tag that moves":      {changelog.Span{From: "1.2", To: "1.3"}, "v1.2.0 v1.2.9 v1.3.0 v1.3.1 v1.4.0", "v1.3.1 v1.3.0 | v1.2.9...v1.3.1"},
		"two parts are exact":   {changelog.Span{From: "1.2", To: "1.2.1"}, "v1.2 v1.2.1", "v1.2.1 | v1.2...v1.2.1"},
		"moving and more exact": {changelog.Span{From: "1.2", To: "1.2.2"}, "v1.2.0 v1.2.1 v1.2.2", "v1.2.2 v1.2.1 | v1.2.0...v1.2.2"},
		"what images say":       {changelog.Span{From: "1.2", To: "1.2", FromVersion: "1.2.3", ToVersion: "v1.2.5"}, "v1.2.3 v1.2.4 v1.2.5 v1.2.6", "v1.2.5 v1.2.4 | v1.2.3...v1.2.5"},
		"latest":                {changelog.Span{From: "latest", To: "latest", FromVersion: "1.2.3", ToVersion: "1.2.4"}, "v1.2.3 v1.2.4", "v1.2.4 | v1.2.3...v1.2.4"},
		"an image that lies":    {changelog.Span{From: "1.2.3", To: "1.2.4", FromVersion: "22.04", ToVersion: "24.04"}, "v1.2.3 v1.2.4 v24.04", "v1.2.4 | v1.2.3...v1.2.4"},

		"no pre-releases":       {changelog.Span{From: "1.2.0", To: "1.3.0"}, "v1.2.0 v1.3.0-rc.1 v1.3.0-beta.2 v1.3.0", "v1.3.0 | v1.2.0...v1.3.0"},
		"from a pre-release":    {changelog.Span{From: "1.3.0-rc.1", To: "1.3.0"}, "v1.2.0 v1.3.0-beta.1 v1.3.0-rc.1 v1.3.0-rc.2 v1.3.0", "v1.3.0 v1.3.0-rc.2 | v1.3.0-rc.1...v1.3.0"},
		"to a pre-release":      {changelog.Span{From: "1.2.0", To: "1.3.0-rc.2"}, "v1.2.0 v1.3.0-alpha.1 v1.3.0-rc.1 v1.3.0-rc.2 v1.3.0", "v1.3.0-rc.2 v1.3.0-rc.1 v1.3.0-alpha.1 | v1.2.0...v1.3.0-rc.2"},
		"pre-releases' numbers": {changelog.Span{From: "1.3.0-rc.9", To: "1.3.0-rc.10"}, "v1.3.0-rc.9 v1.3.0-rc.10", "v1.3.0-rc.10 | v1.3.0-rc.9...v1.3.0-rc.10"},
		"Python's pre-releases": {changelog.Span{From: "3.13.0a6", To: "3.13.0rc1-slim", Template: "v{version}"}, "v3.13.0a6 v3.13.0b1 v3.13.0rc1 v3.13.0", "v3.13.0rc1 v3.13.0b1 | v3.13.0a6...v3.13.0rc1"},
		"spelt otherwise":       {changelog.Span{From: "1.3.0-rc1", To: "1.3.0-rc2"}, "v1.3.0-rc.1 v1.3.0-rc.2", "v1.3.0-rc.2 | v1.3.0-rc.1...v1.3.0-rc.2"},

		"To has no tag":      {changelog.Span{From: "1.2.0", To: "1.3.0"}, "v1.2.0 v1.2.1", "v1.2.1 | v1.2.0..."},
		"From has no tag":    {changelog.Span{From: "1.2.0", To: "1.3.0"}, "v1.2.1 v1.3.0", "v1.3.0 v1.2.1 | ...v1.3.0"},
		"no tags":            {changelog.Span{From: "1.2.0", To: "1.3.0"}, "", " | ..."},
		"the same":           {changelog.Span{From: "1.2.0", To: "1.2.0-alpine"}, "v1.1.0 v1.2.0 v1.3.0", " | v1.2.0...v1.2.0"},
		"backwards":          {changelog.Span{From: "1.3.0", To: "1.2.0"}, "v1.2.0 v1.2.5 v1.3.0", " | v1.3.0...v1.2.0 backwards"},
		"no version":         {changelog.Span{From: "main", To: "main"}, "v1.2.0", " | ..."},
		"commits":            {changelog.Span{From: "main-3f2a1b9", To: "main-4f2a1b9"}, "v1.2.0 v3.0.0", " | ..."},
		"hostile tags":       {changelog.Span{From: "1.2.0", To: "1.3.0"}, "v1.2.0 v1.3.0 v1.2.5](https://evil.example) v1.2.6\u202e v1.2.7..v1.2.8 -v1.2.9", "v1.3.0 | v1.2.0...v1.3.0"},
		"git describe":       {changelog.Span{From: "1.2.0", To: "1.3.0"}, "v1.2.0 v1.2.0-5-g3f2a1b9 v1.2.5-5-g3f2a1b9 v1.3.0", "v1.3.0 | v1.2.0...v1.3.0"},
		"other build beside": {changelog.Span{From: "1.2.0", To: "1.3.0"}, "v1.2.0 v1.3.0 v1.3.0-windows v1.2.5-lts", "v1.3.0 | v1.2.0...v1.3.0"},
	} {
		t.Run(name, func(t *testing.T) {
			tags := strings.Split(c.tags, " ")
			if got := listed(changelog.Between(&c.span, tags)); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
			// The order of tags says nothing.
			r := rand.New(rand.NewPCG(1, 2))
			for range 5 {
				r.Shuffle(len(tags), func(i, j int) { tags[i], tags[j] = tags[j], tags[i] })
				if got := listed(changelog.Between(&c.span, tags)); got != c.want {
					t.Errorf("as %v\n got %s\nwant %s", tags, got, c.want)
				}
			}
		})
	}
}

func TestBetweenTellsWhatItLeavesOut(t *testing.T) {
	v := changelog.Between(&changelog.Span{From: "1.1.0", To: "1.2.0", Names: []string{"api"}}, []string{
		"v1.1.0", "v1.1.5-rc.1", "1.1.6", "v1.1.6", "web/v1.1.7", "v1.1.8-windows", "v1.1.9..x", "v1.2.0", "v9.0.0", "main",
	})
	var got []string
	for _, l := range v.LeftOut {
		got = append(got, fmt.Sprintf("%s: %s", l.Tag, l.Reason))
	}
	slices.Sort(got)
	want := []string{
		"1.1.6: another spelling of a version that is listed", "v1.1.5-rc.1: a pre-release", "v1.1.8-windows: another build or flavour",
		"v1.1.9..x: a name that tags should not have", "web/v1.1.7: another component's",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestSameVersion(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"1.2.3", "1.2.3-alpine", true},
		{"v1.2.3", "1.2.3", true},
		{"1.2", "1.2.0", false},
		{"1.2.3", "1.2.4", false},
		{"1.2.3", "1.2.3-rc.1", false},
		{"main", "main", false},
		{"main-3f2a1b9", "main-3f2a1b9", false},
		{"latest", "latest", false},
	} {
		if got := changelog.SameVersion(c.a, c.b); got != c.want {
			t.Errorf("%s and %s: got %t", c.a, c.b, got)
		}
	}
}

func TestNamesOf(t *testing.T) {
	a, err := changelog.ReadAddress("https://github.com/acme/Mono/tree/main/services/API", nil)
	if err != nil {
		t.Fatal(err)
	}
	got := changelog.NamesOf("acme/api-server", &changelog.Origin{Repository: a.Repository, Directory: a.Directory})
	if want := []string{"api-server", "api", "mono"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func BenchmarkBetween(b *testing.B) {
	var tags []string
	for i := range 10_000 {
		tags = append(tags, fmt.Sprintf("component-%d/v1.%d.%d", i%7, i/100, i%100))
	}
	span := changelog.Span{From: "1.10.0", To: "1.90.0", Names: []string{"component-3"}}
	for b.Loop() {
		if len(changelog.Between(&span, tags).List) == 0 {
			b.Fatal("nothing found")
		}
	}
}

func FuzzBetween(f *testing.F) {
	f.Add("1.2.0", "1.3.0-alpine", "v1.2.0 v1.2.1 api/v1.3.0 1.3.0-rc.1", "v{version}")
	f.Add("RELEASE.2024-01-16T16-07-38Z", "16", "REL_16_1 2024-01-01 sha-3f2a1b9", "{tag}")
	f.Add("1", "1.2", "1 1.0 1.0.0 1.2 1.2.0", "")
	f.Add("0", "100", "\v0_1", "{tag}")
	f.Fuzz(func(t *testing.T, from, to, tags, template string) {
		span := changelog.Span{From: from, To: to, Names: []string{"api"}, Template: template}
		given := strings.Split(tags, " ")
		v := changelog.Between(&span, given)
		seen := map[string]bool{v.From: true, v.To: true}
		for _, one := range v.List {
			if one.Tag == v.From && v.From != v.To {
				t.Errorf("%q is what the step begins with", one.Tag)
			}
			seen[one.Tag] = true
		}
		delete(seen, "")
		for tag := range seen {
			if valid, ok := changelog.ValidRevision(tag); !ok || !strings.EqualFold(valid, tag) || !slices.Contains(given, tag) {
				t.Errorf("%q is none of the tags", tag)
			}
		}
		slices.Reverse(given)
		if again := changelog.Between(&span, given); listed(again) != listed(v) {
			t.Errorf("in another order %s, before %s", listed(again), listed(v))
		}
	})
}
