package peers_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/scanner/registry"
	"github.com/imageupdater/imageupdater/scanner/version"
)

var dependabot = peer{
	name: "Dependabot",
	differences: []difference{
		{
			"What is above the version that `latest` stands for counts as a pre-release.",
			"`latest` limits nothing: many publishers move it late or never. Write a `constraint`.",
			[]string{"sel-latest-caps-other-suffix"},
		},
		{
			"Once an image is at a pre-release it moves to any newer one: from 21-ea-32 to 22-ea-7.",
			"A pre-release leads to its own release, 21. For more write `prerelease: true`.",
			[]string{"sel-ea-build-many-words"},
		},
		{
			"Build numbers are parts of the version, whatever their form: from 8.7-923.1669829893 to 8.7-1049.",
			"A build counter keeps its form, since registries have both forms of each build.",
			[]string{"sel-build-number-order"},
		},
		{
			"A number with a dot behind the version counts builds: from 7.1-0.1 to 7.2-0.3.",
			"It is the version of a flavour, as 22.04 is in 1.18-22.04, and stays; with `flavor: move` it moves.",
			[]string{"sel-dotted-build-next-minor"},
		},
		{
			"A date behind the version is a part of it: 4.8-20250909 is newer than 4.8.1, a step back in truth.",
			"The number of parts is kept, and a date never follows a number that is none.",
			[]string{"sel-dated-tag-inflates-semver-bug"},
		},
		{
			"Any letters and digits in a suffix make a pre-release: `-arm64`, `-ltsc2022`.",
			"Pre-releases are known by their words: `alpha`, `beta`, `rc` and the like. All else is a flavour.",
			[]string{"1.25.3-alpine-arm64", "4.8-20250909-windowsservercore-ltsc2022"},
		},
		{
			"`-dev` and `-unstable` are pre-releases.",
			"They are flavours unless a number follows: 3.12-dev is the variant with a shell. Neither is chosen from 3.12.",
			[]string{"1.0-dev", "1.0-unstable"},
		},
		{
			"An experiment refuses a tag of which one platform was built more than three hours before the others.",
			"When platforms were built is not compared: caches and reproducible builds make that say little. Which there are is.",
			[]string{"sel-platform-older-than-3h"},
		},
		{
			"A newer version of which all images are the same as before is no update.",
			"It is one: the file then says the version that its publisher supports. New content of one tag with the same images is none.",
			[]string{"sel-same-platform-digests-no-update"},
		},
	},
}

type dependabotCase struct {
	ID                string                       `json:"id"`
	Current           string                       `json:"current"`
	Tags              []string                     `json:"tags"`
	Expect            string                       `json:"expect"`
	Ignore            []string                     `json:"ignore"`
	IgnoreUpdateTypes []string                     `json:"ignore_update_types"`
	SameImage         [][]string                   `json:"same_image"`
	Platforms         map[string][]string          `json:"platforms"`
	PlatformDigests   map[string]map[string]string `json:"platform_digests"`
	Cooldown          *cooldown                    `json:"cooldown"`
	AgeDays           map[string]int               `json:"age_days"`
}

type cooldown struct {
	Default int `json:"default_days"`
	Major   int `json:"major"`
	Minor   int `json:"minor"`
	Patch   int `json:"patch"`
}

func (c *dependabotCase) settings() settings {
	s := together()
	whole := file(s)
	var ignored []any
	for _, versions := range c.Ignore {
		ignored = append(ignored, settings{"versions": versions})
	}
	if ignored != nil {
		whole["ignore"] = ignored
	}
	if len(c.IgnoreUpdateTypes) > 0 {
		s["update"] = slices.DeleteFunc([]string{"major", "minor", "patch"}, func(kind string) bool {
			return slices.Contains(c.IgnoreUpdateTypes, "version-update:semver-"+kind)
		})
	}
	if cool := c.Cooldown; cool != nil {
		s["minAge"] = days(cool.Default)
		whole["rules"] = []any{cool.rule("major", cool.Major), cool.rule("minor", cool.Minor), cool.rule("patch", cool.Patch)}
	}
	return whole
}

func (*cooldown) rule(kind string, n int) settings {
	return settings{"match": settings{"update": kind}, "minAge": days(n)}
}

func days(n int) string { return fmt.Sprintf("%dd", n) }

func (c *dependabotCase) world() *world {
	w := named(c.Tags...)
	for i := range w.tags {
		tag := &w.tags[i]
		for _, group := range c.SameImage {
			if slices.Contains(group, tag.name) {
				tag.digest = digest(group[0])
			}
		}
		if age, known := c.AgeDays[tag.name]; known {
			tag.seen = daysAgo(age)
		}
		tag.platforms = c.platforms(tag.name)
	}
	return w
}

func (c *dependabotCase) platforms(tag string) []registry.Platform {
	names, known := c.Platforms[tag]
	if !known {
		names = c.Platforms["*"]
	}
	for name := range c.PlatformDigests[tag] {
		names = append(names, name)
	}
	var all []registry.Platform
	for _, name := range names {
		all = append(all, platform(name, c.PlatformDigests[tag][name]))
	}
	return all
}

// platform is "linux/arm64/v8" with what a case calls its digest.
func platform(name, digest string) registry.Platform {
	parts := append(strings.Split(name, "/"), "")
	return registry.Platform{OS: parts[0], Architecture: parts[1], Variant: parts[2], Digest: fullDigest(digest)}
}

func TestDependabot(t *testing.T) {
	t.Parallel()
	var cases struct {
		Tags    []dependabotCase `json:"tag_selection"`
		Digests []digestCase     `json:"digest_cases"`
		Anatomy []anatomyCase    `json:"tag_anatomy"`
	}
	load(t, "dependabot.json", &cases)
	tr := dependabot.trial(t)
	for _, c := range cases.Tags {
		if !tr.skip(c.ID) {
			tr.hold(c.ID, answer(c.Expect, c.Current), c.world().move(t, c.settings(), c.Current))
		}
	}
	for _, c := range cases.Digests {
		if !tr.skip(c.ID) {
			theirs, ours := c.hold(t)
			tr.hold(c.ID, theirs, ours)
		}
	}
	for _, c := range cases.Anatomy {
		if !tr.skip(c.Tag) {
			theirs, ours := c.hold(t)
			tr.hold(c.Tag, theirs, ours)
		}
	}
	tr.end()
}

type digestCase struct {
	ID      string `json:"id"`
	Sources []struct {
		Tag string `json:"tag"`
	} `json:"sources"`
	Updated    []string `json:"updated"`
	Index      *bool    `json:"index"`
	Platform   string   `json:"platform"`
	Changed    []string `json:"changed"`
	CreatedAge int      `json:"config_created_age_days"`
	Default    int      `json:"default_days"`
	CanUpdate  bool     `json:"can_update"`
}

func (c *digestCase) hold(t *testing.T) (theirs, ours string) {
	t.Helper()
	if c.Sources != nil {
		return strings.Join(c.Updated, ", "), c.tags(t)
	}
	return strconv.FormatBool(c.CanUpdate), strconv.FormatBool(c.content(t))
}

// tags is where images at tags of their own move to.
func (c *digestCase) tags(t *testing.T) string {
	t.Helper()
	w := named(c.Updated...)
	var images []string
	for _, source := range c.Sources {
		w.tags = append(w.tags, tagged{name: source.Tag})
		images = append(images, repository+":"+source.Tag)
	}
	results, err := w.plan(t, file(together()), images...)
	if err != nil {
		t.Fatal(err)
	}
	var tags []string
	for _, result := range results {
		tags = append(tags, moved(result))
	}
	return strings.Join(tags, ", ")
}

// content tells whether an image moves to new content of its tag.
func (c *digestCase) content(t *testing.T) bool {
	t.Helper()
	before := tagged{name: "before", digest: digest("old")}
	after := tagged{name: "alpine", digest: digest("new"), created: daysAgo(c.CreatedAge)}
	if c.Index == nil || *c.Index {
		before.platforms = []registry.Platform{platform("linux/amd64", "a"), platform("linux/arm64", "b")}
		after.platforms = slices.Clone(before.platforms)
		after.platforms[0] = platform("linux/amd64", "c")
	}
	s := settings{"strategy": "digest"}
	if c.Default > 0 {
		s["minAge"] = days(c.Default)
	}
	results, err := (&world{tags: []tagged{before, after}}).plan(t, file(s), repository+":alpine@"+before.digest)
	if err != nil {
		t.Fatal(err)
	}
	return moved(results[0]) == "alpine"
}

type anatomyCase struct {
	Tag   string `json:"tag"`
	Parts struct {
		Prefix     string `json:"prefix"`
		Version    string `json:"version"`
		Suffix     string `json:"suffix"`
		Format     string `json:"format"`
		Prerelease *bool  `json:"prerelease"`
		Comparable *bool  `json:"comparable"`
		Precision  int    `json:"precision"`
	} `json:"parts"`
}

// hold compares what can be seen of a tag's parts from outside: whether it is a
// version, whether it is a pre-release, and which others follow it.
func (c *anatomyCase) hold(t *testing.T) (theirs, ours string) {
	t.Helper()
	var expected, got []string
	add := func(question string, their, our bool) {
		expected = append(expected, fmt.Sprint(question, their))
		got = append(got, fmt.Sprint(question, our))
	}
	v, isVersion := version.Parse(c.Tag)
	if c.Parts.Comparable != nil {
		add("comparable: ", *c.Parts.Comparable, isVersion)
	}
	if c.Parts.Prerelease != nil {
		add("pre-release: ", *c.Parts.Prerelease, isVersion && v.PreRelease())
	}
	for next, follows := range c.neighbours() {
		add(next+" follows: ", follows, named(c.Tag, next).move(t, file(together()), c.Tag) == next)
	}
	slices.Sort(expected)
	slices.Sort(got)
	return strings.Join(expected, ", "), strings.Join(got, ", ")
}

var lastNumber = regexp.MustCompile(`\d+$`)

// neighbours are tags that follow this one, or don't, by what its parts are
// said to be.
func (c *anatomyCase) neighbours() map[string]bool {
	p := &c.Parts
	if p.Prerelease != nil && *p.Prerelease {
		return nil // what follows a pre-release is a matter of policy
	}
	if p.Version == "" && p.Precision > 0 || p.Format == "sha_suffixed" && p.Version == "" {
		p.Version = c.Tag
	}
	if p.Version == "" {
		return nil
	}
	next := lastNumber.ReplaceAllStringFunc(p.Version, func(digits string) string {
		n, _ := strconv.Atoi(digits)
		return strconv.Itoa(n + 1)
	})
	all := map[string]bool{p.Prefix + next + p.Suffix: true}
	if p.Prefix != "" {
		all[next+p.Suffix] = false
	}
	switch {
	case p.Format != "sha_suffixed":
		all[p.Prefix+next+p.Suffix+"-other"] = false
	case p.Suffix != "":
		all[p.Prefix+next+"-0badc0de"] = true
	}
	return all
}
