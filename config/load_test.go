package config_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner/version"
)

func TestEmpty(t *testing.T) {
	t.Parallel()
	for name, src := range map[string]string{
		"nothing": "", "a comment": "# later\n", "null": "~\n", "a begin": "---\n", "a byte order mark": "\ufeff",
		"headings": "scan:\ndefaults:\n  # none yet\nrules:\nignore:\nfreeze:\npullRequests:\nchangelog:\nenforce:\n", "an empty mapping": "{}\n", "CRLF": "# later\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := load(t, src)
			r := c.Settings(config.Subject{Image: "docker.io/library/nginx", Path: "a.yaml"})
			p := r.Policy(time.Time{})
			if p.Strategy != version.StrategySemver || p.Pin != version.PinKeep || len(p.Kinds) != 7 || !p.SeparateMajor || p.Allow != nil {
				t.Errorf("policy %+v", p)
			}
			if got := r.For(version.Minor).Group; got != "nginx" {
				t.Errorf("group %q", got)
			}
			if c.Location() != time.UTC || c.Schedule.Value.Every() != time.Hour || !c.Dashboard.Value || c.PullRequests.Limit.Value != 10 {
				t.Errorf("defaults %+v", c)
			}
			if !c.Scan.Includes("a/b.yaml") || c.Scan.Excludes("a/b.yaml") {
				t.Error("no file is looked at")
			}
		})
	}
}

func TestAllErrorsAtOnceSorted(t *testing.T) {
	t.Parallel()
	src := "rules:\n  - match: {image: \"nginx:1\", update: [major]}\n    minage: 1d\n    constraint: 1.20\nschedule: soon\ntimezone: Mars\n"
	_, _, err := config.Load(t.Context(), "f", []byte(src), config.Options{})
	var all config.Errors
	if !errors.As(err, &all) {
		t.Fatalf("error %T", err)
	}
	var got []string
	for _, e := range all {
		got = append(got, fmt.Sprintf("%d:%d %s", e.Line, e.Column, e.Field))
	}
	want := []string{
		"2:20 rules[0].match.image", "3:5 rules[0].minage", "4:17 rules[0].constraint", "5:11 schedule", "6:11 timezone",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ src, want string }{
		"name of Argo CD":          {"defaults: {strategy: newest-build}", `1:22: note: defaults.strategy: "newest-build" is read as "newest" (write newest)`},
		"latest":                   {"defaults: {strategy: latest}", `1:22: note: defaults.strategy: "latest" is read as "newest" (write newest)`},
		"name":                     {"defaults: {strategy: name}", `1:22: note: defaults.strategy: "name" is read as "alphabetical" (write alphabetical)`},
		"regexp of Argo CD":        {"defaults: {tags: {allow: ['regexp:^v1']}}", `1:27: note: defaults.tags.allow[0]: "regexp:^v1" is read without the word regexp (write "^v1")`},
		"any of Argo CD":           {"defaults: {tags: {allow: [any]}}", `1:27: note: defaults.tags.allow[0]: "any" is read as a pattern that fits every tag (remove it)`},
		"plain version":            {"defaults: {tags: {ignore: ['1.0']}}", `1:28: warning: defaults.tags.ignore[0]: "1.0" is a pattern without ends: it fits 1.0.9 and 31.0 too (for 1.0 and all below it write '^1\.0(\.|$)', for the tag alone '^1\.0$')`},
		"glob on versions":         {"defaults: {tags: {allow: ['1.*']}}", `1:27: warning: defaults.tags.allow[0]: "1.*" looks like a glob and is a regular expression: it fits 315 too (write '^1\.')`},
		"glob on words":            {"defaults: {tags: {allow: ['main-*']}}", `1:27: warning: defaults.tags.allow[0]: "main-*" looks like a glob and is a regular expression: it fits any tag that holds "main" (write '^main-')`},
		"unknown group":            {"defaults: {tags: {allow: ['(?P<ver>.*)']}}", `1:27: warning: defaults.tags.allow[0]: the group "ver" has no effect (the groups that mean something are (?P<order>…) and (?P<version>…))`},
		"range under newest":       {"defaults: {strategy: newest, constraint: ~1.0}", `1:42: warning: defaults.constraint: has no effect under strategy: newest (write strategy: semver, or choose tags by their text: tags: {allow: ['^1\.0\.']})`},
		"range under newest, rule": {"defaults: {strategy: newest}\nrules:\n  - match: {image: nginx}\n    constraint: ~1.0", `4:17: warning: rules[0].constraint: has no effect under strategy: newest (write strategy: semver, or choose tags by their text: tags: {allow: ['^1\.0\.']})`},
		"flavor":                   {"defaults: {strategy: numerical, flavor: keep}", `1:41: warning: defaults.flavor: has no effect under strategy: numerical (remove it, or write strategy: semver)`},
		"prerelease":               {"defaults: {strategy: alphabetical, prerelease: true}", `1:48: warning: defaults.prerelease: has no effect under strategy: alphabetical (remove it, or write strategy: semver)`},
		"patterns under digest":    {"defaults: {strategy: digest, tags: {ignore: ['^x$']}}", `1:45: warning: defaults.tags.ignore: has no effect under strategy: digest, which follows a tag by its name (remove it, or write track: TAG for the one to follow)`},
		"track":                    {"defaults: {track: stable}", `1:19: warning: defaults.track: has no effect under strategy: semver (write strategy: digest beside it)`},
		"digest with track":        {"defaults: {strategy: digest, track: stable}", ``},
		"pin":                      {"defaults: {strategy: digest, pin: keep}", `1:35: warning: defaults.pin: has no effect under strategy: digest, which adds digests (remove it)`},
		"order":                    {"defaults: {tags: {allow: ['(?P<order>\\d+)']}}", `1:26: warning: defaults.tags.allow: the group "order" has no effect under strategy: semver (write strategy: numerical, or name the group version under semver)`},
		"version":                  {"defaults: {strategy: newest, tags: {allow: ['(?P<version>\\d+)']}}", `1:44: warning: defaults.tags.allow: the group "version" has no effect under strategy: newest (write strategy: semver, or name the group order)`},
		"rollback":                 {"defaults: {update: [rollback]}", `1:20: warning: defaults.update: the kind rollback has no effect (write allowDowngrade: true beside it)`},
		"flavor kind":              {"defaults: {update: [flavor]}", `1:20: warning: defaults.update: the kind flavor has no effect (write flavor: move beside it)`},
		"rule for all":             {"rules: [{draft: true}]", `1:9: warning: rules[0]: the rule matches every image (write it under defaults, or add match)`},
		"rule of nothing":          {"rules: [{match: {image: nginx}}]", `1:9: warning: rules[0]: the rule sets nothing (add a setting, or remove the rule)`},
		"ended entry":              {"ignore: [{image: nginx, until: 2026-11-21}]", `1:10: warning: ignore[0]: the entry has no effect since 2026-11-21 (remove it, or move until)`},
		"ended freeze":             {"freeze: [{from: 2025-12-20, to: 2026-01-03}]", `1:10: warning: freeze[0]: the freeze ended on 2026-01-03 (remove it, or move from and to)`},
		"enforce":                  {"enforce: {minAge: 1d}", `1:19: warning: enforce.minAge: has no effect in this repository (enforce is read from acme/.imageupdater; write a rule here)`},
		"strategy not known":       {"defaults: {constraint: 1.x}\nrules:\n  - match: {image: nginx}\n    strategy: newest\n  - match: {path: a.yaml}\n    track: x", ``},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, warnings, err := config.Load(t.Context(), "f", []byte(test.src), config.Options{Now: today, Repository: "acme/apps"})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, w := range warnings {
				got = append(got, strings.TrimPrefix(w.String(), "f:"))
			}
			if diff := cmp.Diff(test.want, strings.Join(got, "\n")); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestAliasesAreRead(t *testing.T) {
	t.Parallel()
	c, _, err := config.Load(t.Context(), "f", []byte("defaults: {strategy: latest, tags: {allow: ['regexp:^v1']}}"), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := c.Settings(config.Subject{}).Policy(time.Time{})
	if p.Strategy != version.StrategyNewest || !p.Allow[0].MatchString("v12") || p.Allow[0].MatchString("regexp:^v1") {
		t.Errorf("policy %+v", p)
	}
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	c := load(t, "defaults: {strategy: digest, track: stable, update: [patch, digest, rollback], allowDowngrade: true, platforms: [linux/arm64/v8], minAge: 1w}")
	p := c.Settings(config.Subject{Image: "a.b/c", Path: "a"}).Policy(time.Time{})
	kinds := []version.Kind{version.Patch, version.Build, version.Digest, version.Rollback}
	if diff := cmp.Diff(kinds, p.Kinds); diff != "" {
		t.Errorf("kinds -want +got\n%s", diff)
	}
	if p.Pin != version.PinDigest || p.Track != "stable" || p.MinAge != 7*24*time.Hour || p.Platforms[0] != (version.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"}) {
		t.Errorf("policy %+v", p)
	}
}

// A later rule wins, whether one of the two is for kinds or not.
func TestLaterRuleWins(t *testing.T) {
	t.Parallel()
	c := load(t, `
rules:
  - match: {update: major}
    group: big
    labels: [big]
  - match: {image: nginx}
    group: web
    tags: {allow: ['^v']}
    merge: {after: 1h}
  - match: {image: nginx, path: prod/**}
    tags: {ignore: ['^v0\.']}
    merge: {auto: true}
`)
	r := c.Settings(config.Subject{Image: "docker.io/library/nginx", Path: "prod/a.yaml"})
	major, minor := r.For(version.Major), r.For(version.Minor)
	if major.Group != "web-major" || minor.Group != "web" || len(major.Labels.Value) != 1 || len(minor.Labels.Value) != 0 {
		t.Errorf("major %q %v, minor %q %v", major.Group, major.Labels.Value, minor.Group, minor.Labels.Value)
	}
	if len(r.Tags.Allow.Value) != 1 || len(r.Tags.Ignore.Value) != 1 || !r.Merge.Auto.Value || r.Merge.After.Value.String() != "1h" {
		t.Errorf("mappings are laid over by key: %+v", r.Settings)
	}
	if diff := cmp.Diff([]int{0, 1, 2}, r.Rules()); diff != "" {
		t.Errorf("rules -want +got\n%s", diff)
	}
}

func TestTwoRulesMeetOnGitHub(t *testing.T) {
	t.Parallel()
	c := load(t, "rules:\n  - match: {image: nginx}\n    merge: {via: github}\n  - match: {path: prod/**}\n    merge: {window: ['mon 09:00-10:00']}\n")
	if got := c.Settings(config.Subject{Image: "docker.io/library/nginx", Path: "prod/a"}).Merge.Via; got.Value != config.ViaApp || got.Origin.Line != 5 {
		t.Errorf("via %v", got)
	}
}

func TestExtends(t *testing.T) {
	t.Parallel()
	tree := files{
		"acme/.imageupdater:.imageupdater.yaml": "extends: [acme/base:x/y.yaml@main]\ntimezone: Europe/Berlin\ndefaults: {minAge: 3d, labels: [org], merge: {after: 2h}}\nrules:\n  - match: {image: nginx}\n    group: org\nignore: [{image: a}]\nfreeze: [{from: 2026-12-20, to: 2027-01-03}]\nchangelog: {sources: {a.b/**: 'https://org', c.d/**: 'https://org'}}\n",
		"acme/base:x/y.yaml@main":               "schedule: 2h\ntimezone: Asia/Tokyo\n",
	}
	src := "extends: [acme/.imageupdater]\ndefaults: {labels: [own], merge: {auto: true}}\nrules:\n  - match: {image: nginx}\n    group: own\nignore: [{image: b}]\nchangelog: {sources: {c.d/**: 'https://own'}}\n"
	c, warnings, err := config.Load(t.Context(), "f", []byte(src), config.Options{Files: tree, Repository: "acme/app"})
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	p := c.Settings(config.Subject{Image: "docker.io/library/nginx", Path: "a"}).For(version.Minor)
	got := []string{
		c.Schedule.Value.String(), c.Location().String(), p.MinAge.Value.String(), string(p.Labels.Value[0]), p.Merge.After.Value.String(), p.Group,
		p.Settings.Group.Origin.String(), p.MinAge.Origin.String(),
		c.Rules[0].Origin.File, c.Ignore[0].Image[0].String() + c.Ignore[1].Image[0].String(), c.Freeze[0].From.String(),
		c.Changelog.Sources.Find(config.Data{Subject: config.Subject{Image: "a.b/x"}}), c.Changelog.Sources.Find(config.Data{Subject: config.Subject{Image: "c.d/x"}}),
	}
	org := "acme/.imageupdater:.imageupdater.yaml"
	want := []string{
		"2h", "Europe/Berlin", "3d", "own", "2h", "own",
		"rules[0] (f:5)", "defaults.minAge (" + org + ":3)",
		org, "ab", "2026-12-20", "https://org", "https://own",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestExtendsBroken(t *testing.T) {
	t.Parallel()
	deep := files{}
	for i := range 9 {
		deep[fmt.Sprintf("acme/d%d:.imageupdater.yaml", i)] = fmt.Sprintf("extends: [acme/d%d]", i+1)
	}
	for name, test := range map[string]struct {
		src   string
		files config.Files
		repo  string
		want  string
	}{
		"no files":      {"extends: [acme/x]", nil, "", `f:1:11: extends[0]: acme/x:.imageupdater.yaml cannot be read here (say with --extends-dir where it is)`},
		"missing":       {"extends: [acme/x]", files{}, "", `f:1:11: extends[0]: acme/x:.imageupdater.yaml: no such file (check owner, repository, path and branch)`},
		"another owner": {"extends: [evil/x]", files{}, "acme/app", `f:1:11: extends[0]: evil/x:.imageupdater.yaml belongs to evil; only files of acme can be extended (copy what is needed)`},
		"two owners":    {"extends: [acme/x, evil/x]", files{"acme/x:.imageupdater.yaml": ""}, "", `f:1:19: extends[1]: evil/x:.imageupdater.yaml belongs to evil; only files of acme can be extended (copy what is needed)`},
		"broken":        {"extends: [acme/x]", files{"acme/x:.imageupdater.yaml": "\nminage: 1"}, "", `acme/x:.imageupdater.yaml:2:1: minage: unknown key "minage"; f:1 extends this file (known here: version, extends, schedule, timezone, scan, defaults, rules, ignore, freeze, pullRequests, changelog, dashboard, enforce)`},
		"cycle":         {"extends: [acme/x]", files{"acme/x:.imageupdater.yaml": "extends: [acme/y]", "acme/y:.imageupdater.yaml": "extends: [acme/x]"}, "", `acme/y:.imageupdater.yaml:1:11: extends[0]: acme/x:.imageupdater.yaml extends itself: acme/x:.imageupdater.yaml extends acme/y:.imageupdater.yaml extends acme/x:.imageupdater.yaml (remove one of them)`},
		"deep":          {"extends: [acme/d0]", deep, "", `acme/d4:.imageupdater.yaml:1:11: extends[0]: files extend each other more than 5 deep: acme/d0:.imageupdater.yaml extends acme/d1:.imageupdater.yaml extends acme/d2:.imageupdater.yaml extends acme/d3:.imageupdater.yaml extends acme/d4:.imageupdater.yaml extends acme/d5:.imageupdater.yaml`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := config.Load(t.Context(), "f", []byte(test.src), config.Options{Files: test.files, Repository: test.repo})
			if err == nil || err.Error() != test.want {
				t.Errorf("error %v\nwant  %s", err, test.want)
			}
		})
	}
}

type failing struct{}

func (failing) Read(context.Context, config.Base) ([]byte, error) { return nil, context.Canceled }

func TestExtendsInterrupted(t *testing.T) {
	t.Parallel()
	_, _, err := config.Load(t.Context(), "f", []byte("extends: [acme/x]"), config.Options{Files: failing{}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestEnforce(t *testing.T) {
	t.Parallel()
	org := load(t, "enforce: {minAge: 2d, merge: {after: 4h, approvals: 1}, freeze: [{from: 2026-12-01, to: 2026-12-02, reason: org}]}").Enforce
	server := load(t, "enforce: {minAge: 1d, merge: {after: 6h}}").Enforce
	own := load(t, "defaults: {minAge: 1w, merge: {auto: true, after: 1h, via: github}}")
	nginx := config.Subject{Image: "docker.io/library/nginx", Path: "a"}

	s := own.Bind(org).Bind(server).Settings(nginx).For(version.Major)
	if s.MinAge.Value.String() != "1w" || s.Merge.After.Value.String() != "6h" || s.Merge.Approvals.Value != 1 || !s.Merge.Auto.Value || s.Merge.Via.Value != config.ViaApp {
		t.Errorf("settings %+v", s.Settings)
	}
	if s.Merge.After.Origin.Field != "enforce.merge.after" {
		t.Errorf("origin %+v", s.Merge.After.Origin)
	}
	if got := own.Bind(config.Unreadable("acme/.imageupdater")).Settings(nginx); got.Merge.Auto.Value || got.Merge.Auto.Origin.File != "acme/.imageupdater" {
		t.Errorf("auto %+v", got.Merge.Auto)
	}
	unknown := own.Bind(config.Unreadable("acme/.imageupdater"), server)
	if !unknown.OwnerUnknown() || !unknown.Bind(org).OwnerUnknown() || own.Bind(org, server).OwnerUnknown() {
		t.Error("it is not known whether the owner's rules are known")
	}
	if got := own.Settings(nginx); !got.Merge.Auto.Value || got.Merge.Via.Value != config.ViaGitHub {
		t.Errorf("Bind changed the file: %+v", got.Merge)
	}
	day := time.Date(2026, 12, 2, 12, 0, 0, 0, time.UTC)
	if f, _ := own.Bind(org).Frozen(day); f == nil || f.Reason != "org" {
		t.Errorf("freeze %v", f)
	}
	if f, _ := own.Frozen(day); f != nil {
		t.Errorf("freeze %v", f)
	}
}

func TestUnmatched(t *testing.T) {
	t.Parallel()
	c := load(t, "rules:\n  - match: {image: nginx}\n    draft: true\n  - match: {image: redis}\n    draft: true\n  - match: {path: envs/prod}\n    draft: true\nignore: [{image: redis}, {image: nginx}]\n")
	var got []string
	for _, w := range c.Unmatched([]config.Subject{{Image: "docker.io/library/nginx", Path: "envs/prod/a.yaml"}}) {
		got = append(got, w.String())
	}
	want := []string{
		`.imageupdater.yaml:4:5: warning: rules[1]: no image matches the rule ("redis" means "docker.io/library/redis")`,
		`.imageupdater.yaml:6:5: warning: rules[2]: no image matches the rule (for a folder write "envs/prod/**")`,
		`.imageupdater.yaml:8:10: warning: ignore[0]: no image matches the entry ("redis" means "docker.io/library/redis")`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestTagWarnings(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ src, tags, want string }{
		"versions":     {"strategy: alphabetical", "v1.9.0 v1.10.0 v1.2.0", "by bytes v1.2.0 comes after v1.10.0"},
		"builds":       {"strategy: alphabetical", "9 10", "by bytes 9 comes after 10"},
		"words":        {"strategy: alphabetical", "stage dev prod", "the order of dev and stage by bytes says nothing of their age"},
		"dates":        {"strategy: alphabetical", "2026-01-01 2025-12-31 20260101", ""},
		"semver":       {"strategy: semver", "9 10", ""},
		"not allowed":  {"strategy: alphabetical, tags: {allow: ['^a'], ignore: ['9$']}", "9 10 a10 a9", ""},
		"order groups": {"strategy: alphabetical, tags: {allow: ['^(?P<order>[0-9]+)-']}", "9-a 10-b", "by bytes 9 comes after 10"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, w := range load(t, "defaults: {"+test.src+"}").Settings(config.Subject{}).TagWarnings(strings.Fields(test.tags)) {
				got = append(got, w.Message)
			}
			if strings.Join(got, "\n") != test.want {
				t.Errorf("warnings %q, want %q", got, test.want)
			}
		})
	}
}

// Hostile files end soon, and say little.
func TestHostile(t *testing.T) {
	t.Parallel()
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x]\n")
	for i := range 20 {
		fmt.Fprintf(&bomb, "a%d: &a%d [%s]\n", i+1, i+1, strings.Trim(strings.Repeat(fmt.Sprintf("*a%d,", i), 9), ","))
	}
	for name, src := range map[string]string{
		"million lines":   strings.Repeat("a\n", config.MaxSize/2),
		"million entries": "rules:\n" + strings.Repeat("- \n", config.MaxSize/3-10),
		"unknown keys": func() string {
			var b bytes.Buffer
			for i := 0; b.Len() < config.MaxSize-20; i++ {
				fmt.Fprintf(&b, "k%d: 1\n", i)
			}
			return b.String()
		}(),
		"one key":          strings.Repeat("a:\n", config.MaxSize/3),
		"alias bomb":       bomb.String(),
		"deep flow":        strings.Repeat("[", config.MaxSize/2),
		"deep mappings":    strings.Repeat("{a: ", 9000),
		"deep entries":     strings.Repeat("- ", config.MaxSize/2-10),
		"long key":         strings.Repeat("a", config.MaxSize-10) + ": 1",
		"long value":       "schedule: " + strings.Repeat("a", config.MaxSize-20),
		"long regexp":      "defaults: {tags: {allow: ['" + strings.Repeat("(a{1,1000}){1,1000}", 40) + "']}}",
		"long cron":        "schedule: '" + strings.Repeat("*,", 400000) + "* * * * *'",
		"regexp bombs":     "defaults: {tags: {allow: [" + strings.Repeat("'x{1000}',", 9000) + "]}}",
		"many patterns":    "rules:\n" + strings.Repeat("- {tags: {allow: ['(y{100}x{900}){1}']}}\n", 9000),
		"empty rules":      "rules:\n" + strings.Repeat("- {}\n", config.MaxSize/5-10),
		"braces":           "rules: [{match: {path: '" + strings.Repeat("{a,b}", 30) + "'}}]",
		"deep groups":      "defaults: {tags: {allow: ['" + strings.Repeat("(", 900) + "']}}",
		"long alternative": "rules: [{match: {path: '" + strings.Repeat("{a,", 100000) + "'}}]",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := config.Load(t.Context(), "f", []byte(src), config.Options{})
			if err == nil {
				t.Fatal("no error")
			}
			if n := len(err.Error()); n > 100_000 {
				t.Errorf("an error of %d bytes", n)
			}
		})
	}
}

func FuzzLoad(f *testing.F) {
	for _, test := range broken {
		if len(test.src) < 1000 {
			f.Add([]byte(test.src))
		}
	}
	f.Add([]byte("version: 1\nrules:\n  - match: {image: nginx, path: [a/**], update: patch}\n    group: 'a {{ index .Dirs 0 }}'\n    window: ['fri-mon 22:00-06:00']\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		// A load that hangs must show which file it was.
		slow := time.AfterFunc(5*time.Second, func() { panic(fmt.Sprintf("no end with %q", src)) })
		defer slow.Stop()
		c, _, err := config.Load(t.Context(), "f", src, config.Options{Now: today})
		if err != nil {
			var all config.Errors
			if !errors.As(err, &all) || len(all) == 0 {
				t.Fatalf("error %T: %v", err, err)
			}
			for _, e := range all {
				if e.Line < 1 || e.Column < 1 || e.Message == "" {
					t.Fatalf("error %#v", e)
				}
			}
			return
		}
		p := c.Settings(config.Subject{Image: "docker.io/library/nginx", Path: "a/b.yaml", Format: "helm"}).For(version.Minor)
		if p.Group == "" {
			t.Error("an empty group")
		}
		p.Window.Value.Open(today, c.Location())
		c.Schedule.Value.Next(today, c.Location())
		c.Frozen(today)
	})
}

// manyRules are rules of all sorts.
func manyRules(n int) []byte {
	var b bytes.Buffer
	b.WriteString("version: 1\nrules:\n")
	for i := range n {
		switch i % 4 {
		case 0:
			fmt.Fprintf(&b, "  - match: {image: \"ghcr.io/acme/app%d\", path: \"envs/dev/**\"}\n    group: dev%d\n    minAge: 1d\n", i, i)
		case 1:
			fmt.Fprintf(&b, "  - match: {image: \"ghcr.io/team%d/**\"}\n    tags: {allow: ['^v%d\\.']}\n", i, i)
		case 2:
			fmt.Fprintf(&b, "  - match: {path: \"envs/*/team-%d/**\", update: [patch, digest]}\n    merge: {auto: true, after: 24h}\n", i)
		case 3:
			fmt.Fprintf(&b, "  - match: {image: \"*/lib%d/*\", path: \"**/values-%d.yaml\"}\n    constraint: \"%d.x\"\n", i, i, i)
		}
	}
	return b.Bytes()
}

func BenchmarkLoad(b *testing.B) {
	src := manyRules(500)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := config.Load(b.Context(), "f", src, config.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSettings matches 20,000 fields with 500 rules, none of them met
// before: five fields in a file, or each in a file of its own.
func BenchmarkSettings(b *testing.B) {
	src := manyRules(500)
	for _, perFile := range []int{5, 1} {
		subjects := make([]config.Subject, 20_000)
		for i := range subjects {
			subjects[i] = config.Subject{
				Image:  fmt.Sprintf("ghcr.io/team%d/app%d", i%40, i%1000),
				Path:   fmt.Sprintf("envs/e%d/team-%d/values-%d.yaml", i/perFile%7, i/perFile%100, i/perFile),
				Format: "helm",
			}
		}
		b.Run(fmt.Sprintf("%d files", len(subjects)/perFile), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer() // nothing remembered
				c, _, err := config.Load(b.Context(), "f", src, config.Options{})
				if err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				for _, s := range subjects {
					c.Settings(s)
				}
			}
		})
	}
}
