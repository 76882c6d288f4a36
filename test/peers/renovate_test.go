package peers_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/version"
)

var renovate = peer{
	name: "Renovate",
	differences: []difference{
		{
			"With `pinDigests` the old tag gets its digest and, in another pull request, the image moves to the newer tag.",
			"A digest is added in the step to the newer tag. The old tag gets one only where no other than a major step is newer.",
			[]string{"look-306"},
		},
		{
			"A date is a major version: 5 may become 20240115, unless `maxMajorIncrement` forbids it.",
			"Dates and years never follow other numbers.",
			[]string{"look-326"},
		},
	},
}

// renovateTag is a tag, or one with its age.
type renovateTag struct {
	Tag           string `json:"tag"`
	PushedDaysAgo int    `json:"pushed_days_ago"`
}

func (r *renovateTag) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &r.Tag) == nil {
		return nil
	}
	type plain renovateTag
	return json.Unmarshal(data, (*plain)(r))
}

type renovateCase struct {
	ID      string            `json:"id"`
	Current string            `json:"current"`
	Tags    []renovateTag     `json:"tags"`
	Digests map[string]string `json:"digests"`
	Options struct {
		PinDigests        bool   `json:"pinDigests"`
		AllowedVersions   string `json:"allowedVersions"`
		MinimumReleaseAge string `json:"minimumReleaseAge"`
	} `json:"options"`
	Expect struct {
		Updates []struct {
			Type   string `json:"type"`
			Tag    string `json:"tag"`
			Digest string `json:"digest"`
		} `json:"updates"`
	} `json:"expect"`
}

func (c *renovateCase) settings() settings {
	s := settings{}
	if c.Options.PinDigests {
		s["pin"] = "digest"
	}
	if c.Options.AllowedVersions != "" {
		s["constraint"] = c.Options.AllowedVersions
	}
	if age, days := strings.CutSuffix(c.Options.MinimumReleaseAge, " days"); days {
		s["minAge"] = age + "d"
	}
	return file(s)
}

func (c *renovateCase) world() *world {
	w := &world{}
	for _, tag := range c.Tags {
		w.tags = append(w.tags, tagged{name: tag.Tag, digest: fullDigest(c.Digests[tag.Tag]), seen: daysAgo(tag.PushedDaysAgo)})
	}
	return w
}

// fullDigest makes a digest of what a case calls one.
func fullDigest(short string) string {
	if short == "" {
		return ""
	}
	return digest(short)
}

// theirs are the updates in a line, sorted, with Renovate's kinds.
func (c *renovateCase) theirs() string {
	var updates []string
	for _, u := range c.Expect.Updates {
		updates = append(updates, told(u.Type, u.Tag, fullDigest(u.Digest)))
	}
	return line(updates)
}

func told(kind, tag, digest string) string {
	return strings.TrimSuffix(fmt.Sprintf("%s %s@%.12s", kind, tag, digest), "@")
}

func line(updates []string) string {
	if len(updates) == 0 {
		return nothing
	}
	slices.Sort(updates)
	return strings.Join(updates, ", ")
}

// renovateKinds are its words for our kinds, where they are not the same.
var renovateKinds = map[version.Kind]string{version.Build: "patch", version.Pin: "pinDigest"}

func inRenovatesWords(result scanner.Result) string {
	var updates []string
	for _, u := range result.Updates {
		kind, other := renovateKinds[u.Kind]
		if !other {
			kind = string(u.Kind)
		}
		updates = append(updates, told(kind, u.Tag, u.Digest))
	}
	return line(updates)
}

func TestRenovate(t *testing.T) {
	t.Parallel()
	var cases struct {
		Lookup []renovateCase `json:"lookup"`
	}
	load(t, "renovate.json", &cases)
	tr := renovate.trial(t)
	for _, c := range cases.Lookup {
		if tr.skip(c.ID) {
			continue
		}
		ours := broken
		if results, err := c.world().plan(t, c.settings(), repository+":"+c.Current); err == nil {
			ours = inRenovatesWords(results[0])
		}
		tr.hold(c.ID, c.theirs(), ours)
	}
	tr.end()
}
