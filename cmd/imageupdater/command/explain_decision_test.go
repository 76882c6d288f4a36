package command

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/format"
	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/version"
)

// decided is a result as the planner leaves it, under some settings.
func decided(t *testing.T, settings, current string, choice version.Choice) scanner.Result {
	t.Helper()
	c, _, err := config.Load(t.Context(), config.FileName, []byte(settings), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ref := image.Reference{Path: "nginx", Tag: current}
	return scanner.Result{
		Field:  format.Field{File: "a.yaml", Ref: ref},
		Status: scanner.StatusCurrent, Choice: &choice,
		Settings: c.Settings(config.Subject{Image: ref.Repository().String(), Path: "a.yaml", Format: config.Format(format.Helm)}),
	}
}

func TestCandidatesAreInOrder(t *testing.T) {
	t.Parallel()
	tags := map[string]version.Facts{}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i, tag := range []string{"1", "2", "10", "zz", "30", "31"} {
		tags[tag] = version.Facts{Created: at.Add(time.Duration(i) * time.Hour), Timed: true}
	}
	for settings, want := range map[string]string{
		"{strategy: semver}":                            "31 chosen, 30, 10, 2, 1, zz",
		"{strategy: semver, separateMajor: false}":      "31 chosen, 30, 10, 2, 1, zz",
		"{strategy: numerical, tags: {ignore: ['^3']}}": "31, 30, 10 chosen, 2, 1, zz",
		"{strategy: alphabetical}":                      "zz chosen, 31, 30, 2, 10, 1",
		"{strategy: newest}":                            "31 chosen, 30, zz, 10, 2, 1",
		"{strategy: newest, tags: {ignore: ['^31']}}":   "31, 30 chosen, zz, 10, 2, 1",
	} {
		r := decided(t, "defaults: "+settings, "2", version.Choice{})
		names := make([]string, 0, len(tags))
		for tag := range tags {
			names = append(names, tag)
		}
		*r.Choice = version.NewCandidates(names).Choose(version.Question{Current: "2", Policy: r.Settings.Policy(at), Facts: tags, Explain: true, Now: at})
		var got []string
		for _, one := range candidatesOf(r.Choice) {
			text := one.tag
			if one.kind != "" {
				text += " chosen"
			}
			got = append(got, text)
		}
		if text := strings.Join(got, ", "); text != want {
			t.Errorf("%s: got %s, want %s", settings, text, want)
		}
	}
}

func TestRemedies(t *testing.T) {
	t.Parallel()
	refused := func(reason version.Reason, details ...string) []version.Rejection {
		var all []version.Rejection
		for i, detail := range details {
			all = append(all, version.Rejection{Tag: string(rune('a' + i)), Reason: reason, Detail: detail, Alone: true})
		}
		return all
	}
	for name, test := range map[string]struct {
		settings string
		rejected []version.Rejection
		want     []string
	}{
		"flavours that stay": {"{flavor: keep}", refused(version.FlavorVersion, ""), []string{"another version of the flavour: a — flavor: move would allow 1 more; flavor is set by defaults.flavor (.imageupdater.yaml:1)"}},
		"flavours unwanted":  {"{flavor: move, update: [patch]}", refused(version.FlavorVersion, ""), []string{"another version of the flavour: a — update with flavor would allow 1 more; update is set by defaults.update (.imageupdater.yaml:1)"}},
		"kinds":              {"{update: [patch]}", refused(version.KindUnwanted, "minor", "major", "minor"), []string{"a kind of step that is not wanted: a, b, c — update with major, minor would allow 3 more; update is set by defaults.update (.imageupdater.yaml:1)"}},
		"patterns":           {"{tags: {allow: [x]}}", refused(version.NotAllowed, ""), []string{"fits none of tags.allow: a — another tags.allow would allow 1 more; tags.allow is set by defaults.tags.allow (.imageupdater.yaml:1)"}},
		"patterns and more":  {"{tags: {allow: [x]}}", []version.Rejection{{Tag: "a", Reason: version.NotAllowed}}, []string{"fits none of tags.allow: a — tags.allow is set by defaults.tags.allow (.imageupdater.yaml:1)"}},
		"ages unknown":       {"{minAge: 3d}", refused(version.AgeUnknown, ""), []string{"its age is not known: a — minAge: 0 would allow 1 more; minAge is set by defaults.minAge (.imageupdater.yaml:1)"}},
		"ages": {"{}", []version.Rejection{
			{Tag: "a", Reason: version.TooYoung, Ripe: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)},
			{Tag: "b", Reason: version.TooYoung, Ripe: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)},
		}, []string{"too young: a, b — the first is old enough 2026-01-01 00:00 UTC"}},
		"entries apart":       {"{}", refused(version.IsIgnored, "ignore[0]", "ignore[1]", "ignore[1]"), []string{"an entry of ignore, ignore[1]: b, c — without the entry 2 more", "an entry of ignore, ignore[0]: a — without the entry 1 more"}},
		"platforms":           {"{platforms: [linux/arm64]}", refused(version.LacksPlatform, "linux/arm64"), []string{"lacks a platform: a (linux/arm64) — platforms without linux/arm64 would allow 1 more; platforms is set by defaults.platforms (.imageupdater.yaml:1)"}},
		"closed":              {"{}", refused(version.Closed, "#7"), []string{"its proposal was closed, #7: a — reopening the pull request takes it up again"}},
		"rolled back":         {"{}", refused(version.RolledBack, "#8"), []string{"it was rolled back, #8: a — /unhold on a pull request of the image lifts it"}},
		"nothing to be done":  {"{}", refused(version.NotPullable, "gone"), []string{"cannot be pulled: a (gone)"}},
		"more than is listed": {"{}", refused(version.Older, "", "", "", ""), []string{"older than the current tag: a, b, c, …"}},
	} {
		e := explain(decided(t, "defaults: "+test.settings, "1.0.0", version.Choice{Comparable: true, Rejected: test.rejected}), time.Time{})
		var got []string
		for i := range e.refused {
			got = append(got, e.refused[i].String()+page{}.remedy(e.refused[i].remedy))
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
}

// Each setting is told once, and once more for the kinds that have their own.
func TestSettingsForKinds(t *testing.T) {
	t.Parallel()
	r := decided(t, `
rules:
  - {match: {update: [major, digest]}, minAge: 7d, title: care}
  - {match: {update: major}, minAge: 9d}
  - {match: {}, draft: true}
`, "1.0.0", version.Choice{})
	var got []string
	for _, one := range settingsOf(r.Settings) {
		if one.Origin.File != config.BuiltIn {
			got = append(got, one.Key+" "+one.Value+" "+one.source())
		}
	}
	want := []string{
		"minAge 9d for major: rules[1] (.imageupdater.yaml:4)",
		"minAge 1w for digest: rules[0] (.imageupdater.yaml:3)",
		"draft true rules[2] (.imageupdater.yaml:5)",
		"title care for major, digest: rules[0] (.imageupdater.yaml:3)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestExplainNothingKnown(t *testing.T) {
	t.Parallel()
	r := scanner.Result{Field: format.Field{File: "a.yaml"}, Status: scanner.StatusSkipped, Reason: &format.Reason{Code: format.Templated, Detail: "a template"}}
	e := explain(r, time.Time{})
	if len(e.settings)+len(e.ignored)+len(e.candidates)+len(e.refused)+len(e.advice) > 0 {
		t.Errorf("got %+v", e)
	}
}
