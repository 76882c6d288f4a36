package config_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // zones are the same on every machine

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner/version"
)

// today is the day on which the tests take place.
var today = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// files are extended files by "owner/repo:path" or "owner/repo:path@ref".
type files map[string]string

func (f files) Read(_ context.Context, ref config.Base) ([]byte, error) {
	src, ok := f[ref.String()]
	if !ok {
		return nil, config.ErrNoFile
	}
	return []byte(src), nil
}

func load(t *testing.T, src string) *config.Config {
	t.Helper()
	c, warnings, err := config.Load(t.Context(), config.FileName, []byte(src), config.Options{Now: today, Files: files{"acme/.imageupdater:.imageupdater.yaml": ""}})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range warnings {
		t.Error(w)
	}
	return c
}

func example(t *testing.T) *config.Config {
	t.Helper()
	src, err := os.ReadFile("testdata/example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return load(t, string(src))
}

// outcome is what the rules of the example decide.
type outcome struct {
	Strategy, Constraint, Pin, MinAge string
	Allow                             int
	Group                             string
	Auto                              bool
	After, Checks                     string
	Window, Labels, Reviewers         string
	Rules                             []int
}

func outcomeOf(r config.Resolved, kind version.Kind) outcome {
	p := r.For(kind)
	o := outcome{
		Strategy: string(p.Strategy.Value), Constraint: p.Constraint.Value.String(), Pin: string(p.Pin.Value), MinAge: p.MinAge.Value.String(),
		Allow: len(p.Tags.Allow.Value), Group: p.Group,
		Auto: p.Merge.Auto.Value, After: p.Merge.After.Value.String(), Checks: string(p.Merge.Checks.Value.Which),
		Rules: r.Rules(),
	}
	var windows, labels, reviewers []string
	for _, w := range p.Window.Value {
		windows = append(windows, w.String())
	}
	for _, l := range p.Labels.Value {
		labels = append(labels, string(l))
	}
	for _, r := range p.Reviewers.Value {
		reviewers = append(reviewers, r.String())
	}
	o.Window, o.Labels, o.Reviewers = strings.Join(windows, ";"), strings.Join(labels, ";"), strings.Join(reviewers, ";")
	return o
}

func TestExample(t *testing.T) {
	t.Parallel()
	c := example(t)
	office := "mon-fri 09:00-17:00"
	for name, test := range map[string]struct {
		subject config.Subject
		kind    version.Kind
		want    outcome
	}{
		"no rule": {
			config.Subject{Image: "quay.io/prometheus/node-exporter", Path: "apps/a.yaml", Format: "kubernetes"},
			version.Minor,
			outcome{Strategy: "semver", Pin: "keep", MinAge: "3d", Group: "prometheus/node-exporter", After: "0", Checks: "required"},
		},
		"dev": {
			config.Subject{Image: "ghcr.io/acme/api", Path: "envs/dev/api/values.yaml", Format: "helm"},
			version.Tag,
			outcome{Strategy: "numerical", Pin: "keep", MinAge: "0", Allow: 1, Group: "dev", Auto: true, After: "0", Checks: "required", Rules: []int{0}},
		},
		"dev, deep name": {
			config.Subject{Image: "ghcr.io/acme/team/api", Path: "envs/dev/values.yaml", Format: "helm"},
			version.Tag,
			outcome{Strategy: "numerical", Pin: "keep", MinAge: "0", Allow: 1, Group: "dev", Auto: true, After: "0", Checks: "required", Rules: []int{0}},
		},
		"dev image elsewhere": {
			config.Subject{Image: "ghcr.io/acme/api", Path: "envs/test/values.yaml", Format: "helm"},
			version.Minor,
			outcome{Strategy: "semver", Pin: "keep", MinAge: "3d", Group: "acme/api", After: "0", Checks: "required"},
		},
		"postgres minor": {
			config.Subject{Image: "docker.io/library/postgres", Path: "db/values.yaml", Format: "helm"},
			version.Minor,
			outcome{Strategy: "semver", Constraint: "16.x", Pin: "keep", MinAge: "3d", Group: "postgres", After: "0", Checks: "required", Rules: []int{1, 2}},
		},
		"postgres patch": {
			config.Subject{Image: "docker.io/library/postgres", Path: "db/values.yaml", Format: "helm"},
			version.Patch,
			outcome{Strategy: "semver", Constraint: "16.x", Pin: "keep", MinAge: "3d", Group: "postgres", Auto: true, After: "1d", Checks: "required", Window: office, Rules: []int{1, 2}},
		},
		"build counts as patch": {
			config.Subject{Image: "docker.io/library/redis", Path: "db/values.yaml", Format: "helm"},
			version.Build,
			outcome{Strategy: "semver", Pin: "keep", MinAge: "3d", Group: "redis", Auto: true, After: "1d", Checks: "required", Window: office, Rules: []int{2}},
		},
		"another postgres": {
			config.Subject{Image: "docker.io/bitnami/postgres", Path: "db/values.yaml", Format: "helm"},
			version.Patch,
			outcome{Strategy: "semver", Pin: "keep", MinAge: "3d", Group: "bitnami/postgres", After: "0", Checks: "required"},
		},
		"prod major": {
			config.Subject{Image: "ghcr.io/acme/api", Path: "envs/prod/values.yaml", Format: "helm"},
			version.Major,
			outcome{Strategy: "semver", Pin: "keep", MinAge: "3d", Group: "acme/api-major", After: "0", Checks: "required", Labels: "needs-care", Reviewers: "@acme/platform", Rules: []int{3}},
		},
		"prod minor": {
			config.Subject{Image: "ghcr.io/acme/api", Path: "envs/prod/values.yaml", Format: "helm"},
			version.Minor,
			outcome{Strategy: "semver", Pin: "keep", MinAge: "3d", Group: "acme/api", After: "0", Checks: "required", Rules: []int{3}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, outcomeOf(c.Settings(test.subject), test.kind)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestExampleOrigins(t *testing.T) {
	t.Parallel()
	p := example(t).Settings(config.Subject{Image: "docker.io/library/postgres", Path: "db/values.yaml", Format: "helm"}).For(version.Patch)
	for _, test := range []struct{ got, want string }{
		{p.Constraint.Origin.String(), "rules[1] (.imageupdater.yaml:31)"},
		{p.Window.Origin.String(), "rules[2] (.imageupdater.yaml:33)"},
		{p.MinAge.Origin.String(), "defaults.minAge (.imageupdater.yaml:19)"},
		{p.Flavor.Origin.String(), "built-in defaults"},
		{p.Track.Origin.String(), "not set"},
	} {
		if test.got != test.want {
			t.Errorf("origin %q, want %q", test.got, test.want)
		}
	}
}

func TestExampleIgnore(t *testing.T) {
	t.Parallel()
	c := example(t)
	berlin := c.Location()
	nginx := config.Subject{Image: "docker.io/library/nginx", Path: "a.yaml"}
	for name, test := range map[string]struct {
		subject config.Subject
		now     time.Time
		want    string
	}{
		"nginx":                         {nginx, today, "module ABI"},
		"the last moment":               {nginx, time.Date(2026, 12, 31, 23, 59, 59, 0, berlin), "module ABI"},
		"until is the first day after":  {nginx, time.Date(2027, 1, 1, 0, 0, 0, 0, berlin), ""},
		"in the zone of the repository": {nginx, time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC), ""},
		"another image":                 {config.Subject{Image: "docker.io/acme/nginx", Path: "a.yaml"}, today, ""},
		"the path":                      {config.Subject{Image: "ghcr.io/acme/api", Path: "envs/prod/x.yaml"}, today, "leaks memory"},
		"another path":                  {config.Subject{Image: "ghcr.io/acme/api", Path: "envs/dev/x.yaml"}, today, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var reasons []string
			for _, i := range c.Settings(test.subject).Policy(test.now).Ignored {
				_, reason, _ := strings.Cut(i.Text, ": ")
				reasons = append(reasons, reason)
			}
			if got := strings.Join(reasons, "; "); got != test.want {
				t.Errorf("reasons %q, want %q", got, test.want)
			}
		})
	}
}

func TestExampleFreeze(t *testing.T) {
	t.Parallel()
	c := example(t)
	berlin := c.Location()
	for name, test := range map[string]struct {
		now  time.Time
		want bool
	}{
		"before":      {time.Date(2026, 12, 19, 23, 59, 59, 0, berlin), false},
		"first day":   {time.Date(2026, 12, 20, 0, 0, 0, 0, berlin), true},
		"last day":    {time.Date(2027, 1, 3, 23, 59, 59, 0, berlin), true},
		"after":       {time.Date(2027, 1, 4, 0, 0, 0, 0, berlin), false},
		"in its zone": {time.Date(2027, 1, 3, 23, 0, 0, 0, time.UTC), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			freeze, until := c.Frozen(test.now)
			if (freeze != nil) != test.want {
				t.Fatalf("freeze %v, want %t", freeze, test.want)
			}
			if freeze != nil && !until.Equal(time.Date(2027, 1, 4, 0, 0, 0, 0, berlin)) {
				t.Errorf("until %s", until)
			}
			begins := time.Date(2026, 12, 20, 0, 0, 0, 0, berlin)
			if name != "before" {
				begins = time.Time{} // there is no other
			}
			if got := c.Freezes(test.now); !got.Equal(begins) {
				t.Errorf("the next begins %s, want %s", got, begins)
			}
		})
	}
}

func TestExampleChangelog(t *testing.T) {
	t.Parallel()
	c := example(t)
	got := c.Changelog.Sources.Find(config.Data{Subject: config.Subject{Image: "ghcr.io/acme/team/api"}})
	if got != "https://github.com/acme/api" {
		t.Errorf("source %q", got)
	}
	if got := c.Changelog.Sources.Find(config.Data{Subject: config.Subject{Image: "ghcr.io/other/api"}}); got != "" {
		t.Errorf("source %q", got)
	}
}
