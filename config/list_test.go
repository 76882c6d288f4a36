package config_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/config"
)

// everySetting sets each of them to something that is awkward to write.
const everySetting = `
defaults:
  enabled: false
  strategy: latest
  constraint: ">=1.2, <2 || 4.x"
  tags:
    allow: ['^main-[0-9a-f]{7}-(?P<order>\d+)$', "it's", 'a"b', "any", "a\tb", "# no comment", "Straße", 'it''s a "\d"', 'a: "\d"']
    ignore: [-rc]
  prerelease: true
  flavor: move
  platforms: [linux/amd64, linux/arm/v7]
  update: [patch, digest]
  pin: digest
  minAge: 1d12h
  track: "1.27"
  allowDowngrade: true
  separateMajor: false
  group: "{{ .Image.Name }}: all"
  title: "Update, please"
  labels: ["true", images, "a: b", "2026-01-01", "~"]
  reviewers: [alice, acme/Platform]
  assignees: ["@bob", "007"]
  draft: true
  window: ["mon-fri 09:00-12:00,13:00-17:00"]
  merge: {auto: true, method: squash, after: 0, checks: [build, "e2e (*)", "a, b"], approvals: 2, window: [], via: app}
`

func listed(t *testing.T, src string) []config.Listed {
	t.Helper()
	c, _, err := config.Load(t.Context(), config.FileName, []byte(src), config.Options{})
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	settings := c.Settings(config.Subject{})
	return settings.List()
}

// lines are keys and values, without origins.
func lines(all []config.Listed) []string {
	texts := make([]string, len(all))
	for i, one := range all {
		texts[i] = one.Key + ": " + one.Value
	}
	return texts
}

func TestList(t *testing.T) {
	t.Parallel()
	want := []string{
		`enabled: false`,
		`strategy: newest`,
		`constraint: ">=1.2, <2 || 4.x"`,
		`tags.allow: ['^main-[0-9a-f]{7}-(?P<order>\d+)$', it's, a"b, any, "a\tb", "# no comment", Straße, it's a "\d", 'a: "\d"']`,
		`tags.ignore: [-rc]`,
		`prerelease: true`,
		`flavor: move`,
		`platforms: [linux/amd64, linux/arm/v7]`,
		`update: [patch, digest]`,
		`pin: digest`,
		`minAge: 1d12h`,
		`track: "1.27"`,
		`allowDowngrade: true`,
		`separateMajor: false`,
		`group: "{{ .Image.Name }}: all"`,
		`title: "Update, please"`,
		`labels: ["true", images, "a: b", "2026-01-01", "~"]`,
		`reviewers: ["@alice", "@acme/platform"]`,
		`assignees: [bob, "007"]`,
		`draft: true`,
		`window: ["mon-fri 09:00-12:00,13:00-17:00"]`,
		`merge.auto: true`,
		`merge.method: squash`,
		`merge.after: 0`,
		`merge.checks: [build, e2e (*), "a, b"]`,
		`merge.approvals: 2`,
		`merge.window: []`,
		`merge.via: app`,
	}
	all := listed(t, everySetting)
	if diff := cmp.Diff(want, lines(all)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if got := all[3].Origin.String(); got != "defaults.tags.allow (.imageupdater.yaml:7)" {
		t.Errorf("origin %q", got)
	}
}

// What is listed can be read again and says the same.
func TestListIsYAML(t *testing.T) {
	t.Parallel()
	all := lines(listed(t, everySetting))
	again := lines(listed(t, "defaults: {"+nested(all)+"}\n"))
	if diff := cmp.Diff(all, again); diff != "" {
		t.Errorf("-first +again\n%s", diff)
	}
}

// nested writes keys with dots as mappings.
func nested(lines []string) string {
	var outer []string
	inner := map[string][]string{}
	for _, line := range lines {
		key, value, _ := strings.Cut(line, ": ")
		section, rest, found := strings.Cut(key, ".")
		switch {
		case !found:
			outer = append(outer, line)
		default:
			if inner[section] == nil {
				outer = append(outer, section)
			}
			inner[section] = append(inner[section], rest+": "+value)
		}
	}
	for section, keys := range inner {
		outer[slices.Index(outer, section)] = section + ": {" + strings.Join(keys, ", ") + "}"
	}
	return strings.Join(outer, ", ")
}

func TestListBuiltIn(t *testing.T) {
	t.Parallel()
	all := listed(t, "")
	for _, one := range all {
		if one.Origin.File != config.BuiltIn {
			t.Errorf("%s is by %s", one.Key, one.Origin)
		}
		if one.Key == "constraint" || one.Key == "title" || one.Key == "track" {
			t.Errorf("%s is listed, and nobody sets it", one.Key)
		}
	}
	if len(all) < 20 {
		t.Errorf("only %d settings", len(all))
	}
}

func TestListConditions(t *testing.T) {
	t.Parallel()
	c, _, err := config.Load(t.Context(), config.FileName, []byte(`
rules:
  - {match: {image: nginx, path: ["envs/**", "x"], format: helm, update: [major, digest]}, draft: true}
ignore:
  - {image: ["ghcr.io/acme/**"], versions: ">=1.27", tags: ['-rc$'], until: 2027-01-01, reason: "module ABI"}
`), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := slices.Concat(lines(c.Rules[0].Match.List()), lines(c.Ignore[0].List()))
	want := []string{
		`image: nginx`, `path: [envs/**, x]`, `format: helm`, `update: [major, digest]`,
		`image: ghcr.io/acme/**`, `versions: ">=1.27"`, `tags: [-rc$]`, `until: 2027-01-01`, `reason: module ABI`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if entry := &c.Ignore[0]; !entry.For(config.Subject{Image: "ghcr.io/acme/api"}) || entry.For(config.Subject{Image: "ghcr.io/other/api"}) ||
		entry.Ended(today, c.Location()) || !entry.Ended(today.AddDate(10, 0, 0), c.Location()) {
		t.Error("the entry is for others, or ends at another time")
	}
}
