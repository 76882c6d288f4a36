package peers_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/scanner/version"
)

var flux = peer{
	name: "Flux",
	differences: []difference{
		{
			"`order: desc` chooses the last tag from the other end.",
			"There is no descending order: what is last is newest.",
			[]string{"alpha-words-desc", "alpha-unixtime-desc", "alpha-rfc3339-desc"},
		},
		{
			"A policy that no tag fits is an error.",
			"The image stays as it is, and is up to date. `imageupdater explain` says what was refused and why.",
			[]string{"semver-nothing-in-range"},
		},
		{
			"Letters and digits of a pre-release are compared as text: rc10 is older than rc9.",
			"Numbers are compared as numbers: rc10 is newer than rc9.",
			[]string{"obs-rc10-vs-rc9-glued"},
		},
		{
			"1.0.0 and v1.0.0 are one version, and which is written depends on the order of the list.",
			"The prefix of the current tag is kept, and one version spelt otherwise is no update.",
			[]string{"obs-equal-semver-first-wins-v-first"},
		},
		{
			"Numbers are 64-bit floats: times of 17 digits are equal, and the last listed wins.",
			"Numbers are compared exactly, at any length.",
			[]string{"obs-num-float-precision-loss"},
		},
		{
			"Of two tags of which the filter extracts one value the last listed wins: 1.0.0-amd64 may become 1.0.0-arm64.",
			"An equal value is no update, and what stands around a group is kept where it can be.",
			[]string{"obs-filter-collision-last-wins"},
		},
	},
	notOurs: []difference{
		{
			"`alphabetical.order` says which end is the newest.",
			"There is no such setting.",
			[]string{"alphabetical-order-asc", "alphabetical-order-desc", "alphabetical-order-invalid"},
		},
		{
			"`extract` puts several groups together: `${1}.${2}.${3}`.",
			"One group is compared, as it stands in the tag.",
			[]string{"filter-rebuild-version"},
		},
	},
}

type fluxFilter struct {
	Pattern string `json:"pattern"`
	Extract string `json:"extract"`
}

type fluxCase struct {
	ID     string     `json:"id"`
	Kind   string     `json:"kind"`
	Order  string     `json:"order"`
	Range  string     `json:"range"`
	Filter fluxFilter `json:"filter"`
	Tags   []string   `json:"tags"`
	Expect struct {
		Tag   string `json:"tag"`
		Error bool   `json:"error"`
	} `json:"expect"`
}

// groups are those of a pattern that strategies compare.
var groups = map[string]string{"semver": "version", "alphabetical": "order", "numerical": "order"}

var firstGroup = regexp.MustCompile(`(^|[^\\])\(`)

// pattern is the filter as an entry of tags.allow: what it extracts has the
// name that the strategy looks for.
func (f fluxFilter) pattern(strategy string) string {
	group := "(?P<" + groups[strategy] + ">"
	switch f.Extract {
	case "":
		return f.Pattern
	case "$1":
		return firstGroup.ReplaceAllString(f.Pattern, "${1}"+group)
	}
	return strings.Replace(f.Pattern, "(?P<"+strings.TrimPrefix(f.Extract, "$")+">", group, 1)
}

func (c *fluxCase) settings() settings {
	s := together()
	s["strategy"] = c.Kind
	if c.Kind == "semver" {
		s["constraint"] = c.Range
	}
	if c.Filter.Pattern != "" {
		s["tags"] = settings{"allow": []string{c.Filter.pattern(c.Kind)}}
	}
	return file(s)
}

// start is the tag that we start from: one that the filter lets through.
func (c *fluxCase) start() string {
	tags := c.Tags
	if c.Filter.Extract != "" {
		tags = fit(tags, c.Filter.Pattern)
	}
	switch c.Kind {
	case "semver":
		return start(tags, c.Expect.Tag)
	case "numerical":
		if c.Filter.Extract == "" {
			tags = fit(tags, `^\d+$`)
		}
	}
	return startOfAny(tags)
}

func (c *fluxCase) theirs() string {
	if c.Expect.Error {
		return broken
	}
	return c.Expect.Tag
}

func TestFlux(t *testing.T) {
	t.Parallel()
	var cases struct {
		Policies    []fluxCase           `json:"policy_cases"`
		Filters     []fluxFilterCase     `json:"filter_cases"`
		Exclusions  []fluxExclusionCase  `json:"exclusion_cases"`
		Validations []fluxValidationCase `json:"validation_cases"`
	}
	load(t, "flux.json", &cases)
	tr := flux.trial(t)
	for _, c := range cases.Policies {
		if !tr.skip(c.ID) {
			from := c.start()
			tr.hold(c.ID, answer(c.theirs(), from), named(c.Tags...).move(t, c.settings(), from))
		}
	}
	for _, c := range cases.Filters {
		if !tr.skip(c.ID) {
			slices.Sort(c.Values)
			tr.hold(c.ID, strings.Join(c.Values, " "), c.ours(t))
		}
	}
	for _, c := range cases.Exclusions {
		if !tr.skip(c.ID) {
			tr.hold(c.ID, strings.Join(c.Kept, " "), c.ours(t))
		}
	}
	for _, c := range cases.Validations {
		if !tr.skip(c.ID) {
			tr.hold(c.ID, fmt.Sprint("valid: ", c.Valid), c.ours(t))
		}
	}
	tr.end()
}

type fluxFilterCase struct {
	fluxFilter

	ID     string   `json:"id"`
	Tags   []string `json:"tags"`
	Values []string `json:"values"`
}

// ours are the texts that we compare, of those tags that a filter lets through.
func (c *fluxFilterCase) ours(t *testing.T) string {
	t.Helper()
	s := settings{"strategy": "alphabetical"}
	if c.Pattern != "" {
		s["tags"] = settings{"allow": []string{c.pattern("alphabetical")}}
	}
	from := startOfAny(fit(c.Tags, c.Pattern))
	results, err := named(c.Tags...).plan(t, file(s), repository+":"+from)
	if err != nil {
		return broken
	}
	policy := results[0].Settings.Policy(now())
	var values []string
	for _, tag := range c.Tags {
		if refusal(results[0].Choice, tag) == version.NotAllowed {
			continue
		}
		value := tag
		for _, pattern := range policy.Allow {
			if group := pattern.SubexpIndex("order"); group >= 0 {
				value = pattern.FindStringSubmatch(tag)[group]
			}
		}
		values = append(values, value)
	}
	slices.Sort(values)
	return strings.Join(slices.Compact(values), " ")
}

// refusal is why a tag was refused; "" if it was not.
func refusal(choice *version.Choice, tag string) version.Reason {
	for _, rejection := range choice.Rejected {
		if rejection.Tag == tag {
			return rejection.Reason
		}
	}
	return ""
}

type fluxExclusionCase struct {
	ID   string   `json:"id"`
	List []string `json:"exclusion_list"`
	Tags []string `json:"tags"`
	Kept []string `json:"kept"`
}

// ours are the tags that may follow one that is kept, as far as patterns and
// shapes are concerned.
func (c *fluxExclusionCase) ours(t *testing.T) string {
	t.Helper()
	s := settings{}
	if c.List != nil {
		s["strategy"], s["tags"] = "alphabetical", settings{"ignore": c.List}
	}
	const belowAll = "0.0.1"
	results, err := named(c.Tags...).plan(t, file(s), repository+":"+belowAll)
	if err != nil {
		return broken
	}
	var kept []string
	for _, tag := range c.Tags {
		switch refusal(results[0].Choice, tag) {
		case version.TagIgnored, version.OtherFlavor, version.NotAVersion:
		default:
			kept = append(kept, tag)
		}
	}
	return strings.Join(kept, " ")
}

type fluxValidationCase struct {
	ID    string          `json:"id"`
	Field string          `json:"field"`
	Value json.RawMessage `json:"value"`
	Valid bool            `json:"valid"`
}

func (c *fluxValidationCase) ours(t *testing.T) string {
	t.Helper()
	if c.Field != "semver.range" {
		t.Fatalf("%s: no setting is known for %s", c.ID, c.Field)
	}
	_, err := file(settings{"constraint": c.Value}).load(t)
	return fmt.Sprint("valid: ", err == nil)
}
