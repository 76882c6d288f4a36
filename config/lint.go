package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/scanner/version"
)

// lint warns of settings of this file that can have no effect.
func (d *decoder) lint(c *Config, options Options) {
	d.lintStrategies(c)
	for i := range c.Rules {
		d.lintRule(&c.Rules[i])
	}
	if !options.Now.IsZero() {
		d.lintEnded(c, options.Now)
	}
	if r := options.Repository; r != "" && r != ownerOf(r)+"/.imageupdater" {
		d.lintEnforce(&c.Enforce, ownerOf(r))
	}
}

// warnOrigin warns of something in this file, and not in the files that it
// extends: whoever reads the warning could not change them.
func (d *decoder) warnOrigin(o *Origin, message, hint string) {
	if o == nil || o.File != d.file || len(d.warnings) >= maxErrors {
		return
	}
	d.warnings = append(d.warnings, warningAt(o, message, hint))
}

func warningAt(o *Origin, message, hint string) Warning {
	return Warning{
		Severity: SeverityWarning, File: o.File, Line: o.Line, Column: o.Column,
		Field: o.Field, Message: message, Hint: hint,
	}
}

// lintStrategies holds settings against the strategy that they are for. Where
// rules set strategies, what a rule without one meets is not known.
func (d *decoder) lintStrategies(c *Config) {
	fixed := !slices.ContainsFunc(c.Rules, func(r Rule) bool { return r.Strategy.Set() })
	if fixed {
		d.lintStrategy(&c.Defaults, c.Defaults.Strategy.Value, &c.Defaults)
	}
	for i := range c.Rules {
		s := &c.Rules[i].Settings
		switch {
		case s.Strategy.Set():
			d.lintStrategy(s, s.Strategy.Value, &c.Defaults)
		case fixed:
			d.lintStrategy(s, c.Defaults.Strategy.Value, &c.Defaults)
		}
	}
}

func (d *decoder) lintStrategy(s *Settings, strategy version.Strategy, base *Settings) {
	if strategy != version.StrategySemver {
		for _, o := range []*Origin{s.Constraint.Origin, s.Flavor.Origin, s.Prerelease.Origin} {
			d.warnOrigin(o, fmt.Sprintf("has no effect under strategy: %s", strategy), semverHint(o, s))
		}
	}
	if s.Track.Set() && strategy != version.StrategyDigest {
		d.warnOrigin(s.Track.Origin, fmt.Sprintf("has no effect under strategy: %s", strategy), "write strategy: digest beside it")
	}
	if s.Pin.Set() && s.Pin.Value == version.PinKeep && strategy == version.StrategyDigest {
		d.warnOrigin(s.Pin.Origin, "has no effect under strategy: digest, which adds digests", "remove it")
	}
	if strategy == version.StrategyDigest {
		for _, o := range []*Origin{s.Tags.Allow.Origin, s.Tags.Ignore.Origin} {
			d.warnOrigin(o, "has no effect under strategy: digest, which follows a tag by its name", "remove it, or write track: TAG for the one to follow")
		}
	}
	d.lintGroups(s, strategy)
	d.lintKinds(s, base)
}

func semverHint(o *Origin, s *Settings) string {
	if o != s.Constraint.Origin || o == nil {
		return "remove it, or write strategy: semver"
	}
	text := s.Constraint.Value.text
	if m := numbersOf.FindString(text); m != "" {
		return fmt.Sprintf("write strategy: semver, or choose tags by their text: tags: {allow: ['^%s\\.']}", regexp.QuoteMeta(m))
	}
	return "write strategy: semver, or choose tags by their text with tags.allow"
}

var numbersOf = regexp.MustCompile(`\d+(\.\d+)*`)

func (d *decoder) lintGroups(s *Settings, strategy version.Strategy) {
	ordered := strategy == version.StrategyNumerical || strategy == version.StrategyAlphabetical
	for _, p := range s.Tags.Allow.Value {
		switch {
		case p.hasGroup(groupOrder) && !ordered:
			d.warnOrigin(s.Tags.Allow.Origin, fmt.Sprintf("the group %q has no effect under strategy: %s", groupOrder, strategy), "write strategy: numerical, or name the group version under semver")
		case p.hasGroup(groupVersion) && strategy != version.StrategySemver:
			d.warnOrigin(s.Tags.Allow.Origin, fmt.Sprintf("the group %q has no effect under strategy: %s", groupVersion, strategy), "write strategy: semver, or name the group order")
		}
	}
}

// lintKinds warns of kinds that other settings forbid.
func (d *decoder) lintKinds(s, base *Settings) {
	if slices.Contains(s.Update.Value, version.Rollback) && !s.AllowDowngrade.Value && !base.AllowDowngrade.Value {
		d.warnOrigin(s.Update.Origin, "the kind rollback has no effect", "write allowDowngrade: true beside it")
	}
	move := version.FlavorMove
	if slices.Contains(s.Update.Value, version.Flavor) && s.Flavor.Value != move && base.Flavor.Value != move {
		d.warnOrigin(s.Update.Origin, "the kind flavor has no effect", "write flavor: move beside it")
	}
}

func (d *decoder) lintRule(r *Rule) {
	m := &r.Match
	if len(m.Image)+len(m.Path)+len(m.Format)+len(m.Update) == 0 {
		d.warnOrigin(r.Origin, "the rule matches every image", "write it under defaults, or add match")
	}
	if !slices.ContainsFunc(settingsOf(&r.Settings), func(s named) bool { return s.origin != nil }) {
		d.warnOrigin(r.Origin, "the rule sets nothing", "add a setting, or remove the rule")
	}
}

func (d *decoder) lintEnded(c *Config, now time.Time) {
	zone := c.Location()
	for i := range c.Ignore {
		if entry := &c.Ignore[i]; entry.ended(now, zone) {
			d.warnOrigin(entry.Origin, fmt.Sprintf("the entry has no effect since %s", entry.Until), "remove it, or move until")
		}
	}
	today := dateOf(now.In(zone))
	for i := range c.Freeze {
		if f := &c.Freeze[i]; f.To.before(today) {
			d.warnOrigin(f.Origin, fmt.Sprintf("the freeze ended on %s", f.To), "remove it, or move from and to")
		}
	}
}

func (d *decoder) lintEnforce(e *Enforcement, owner string) {
	origins := []*Origin{e.Merge.Auto.Origin, e.Merge.After.Origin, e.Merge.Approvals.Origin, e.MinAge.Origin}
	for i := range e.Freeze {
		origins = append(origins, e.Freeze[i].Origin)
	}
	for _, o := range origins {
		d.warnOrigin(o, "has no effect in this repository", "enforce is read from "+owner+"/.imageupdater; write a rule here")
	}
}

// Unmatched warns of rules and ignore entries that fit none of the images of a
// repository.
func (c *Config) Unmatched(subjects []Subject) Warnings {
	used := make([]bool, len(c.Rules))
	for _, s := range subjects {
		for _, i := range c.index.rules(s) {
			used[i] = true
		}
	}
	var warnings Warnings
	for i := range c.Rules {
		if !used[i] {
			warnings = append(warnings, warningAt(c.Rules[i].Origin, "no image matches the rule", matchHint(&c.Rules[i].Match)))
		}
	}
	for i := range c.Ignore {
		if entry := &c.Ignore[i]; !slices.ContainsFunc(subjects, entry.fits) {
			warnings = append(warnings, warningAt(entry.Origin, "no image matches the entry", matchHint(&Match{Image: entry.Image, Path: entry.Path})))
		}
	}
	return warnings
}

// matchHint shows what a glob stands for where it isn't what was written.
func matchHint(m *Match) string {
	for _, g := range m.Image {
		if !g.glob.literal && !strings.Contains(g.text, "**") {
			return "* stays within a segment: ** spans several"
		}
		if g.glob.pattern != g.text {
			return fmt.Sprintf("%q means %q", g.text, g.glob.pattern)
		}
	}
	for _, g := range m.Path {
		if g.glob.literal && !strings.Contains(g.text, ".") {
			return "for a folder write " + quoted(g.text+"/**")
		}
		if !g.glob.literal && !strings.Contains(g.text, "**") {
			return "* stays within a segment: ** spans several"
		}
	}
	return ""
}

// TagWarnings warns where the order of tags by bytes is hardly what is meant:
// numbers of different lengths, and words.
func (r Resolved) TagWarnings(tags []string) Warnings {
	o := r.Strategy.Origin
	if r.Strategy.Value != version.StrategyAlphabetical || o == nil {
		return nil
	}
	var compared []string
	for _, tag := range tags {
		if text, ok := r.compared(tag); ok {
			compared = append(compared, text)
		}
	}
	if a, b := misordered(compared); a != "" {
		hint := "write strategy: semver"
		if strings.Trim(a+b, "0123456789") == "" {
			hint = "write strategy: numerical"
		}
		return Warnings{warningAt(o, fmt.Sprintf("by bytes %s comes after %s", a, b), hint)}
	}
	if len(compared) > 1 && !slices.ContainsFunc(compared, hasDigit) {
		slices.Sort(compared)
		return Warnings{warningAt(o, fmt.Sprintf("the order of %s and %s by bytes says nothing of their age", shorten(compared[0]), shorten(compared[len(compared)-1])),
			"write strategy: newest, or tags.allow for those that carry a date")}
	}
	return nil
}

// FitWarnings warns of patterns and ranges that no tag of the image fits, of as
// many tags as it has, as many as are allowed, and as many of those in range.
func (r Resolved) FitWarnings(tags, allowed, inRange int) Warnings {
	switch allow, constraint := r.Tags.Allow.Origin, r.Constraint.Origin; {
	case allowed == 0 && allow != nil && allow.File != BuiltIn:
		return Warnings{warningAt(allow, fmt.Sprintf("none of the %d tags of %s fits", tags, r.Subject.Image), "imageupdater explain "+r.Subject.Image+" lists them")}
	case allowed > 0 && inRange == 0 && constraint != nil && r.Strategy.Value == version.StrategySemver:
		return Warnings{warningAt(constraint, fmt.Sprintf("none of the %d tags of %s is a version in this range", tags, r.Subject.Image), "imageupdater explain "+r.Subject.Image+" lists them")}
	}
	return nil
}

// compared is the part of a tag that is put in order; false where the tag is
// not allowed.
func (r Resolved) compared(tag string) (string, bool) {
	if r.Tags.Ignore.Value.Match(tag) {
		return "", false
	}
	for _, p := range r.Tags.Allow.Value {
		m := p.regexp.FindStringSubmatch(tag)
		if m == nil {
			continue
		}
		if i := p.regexp.SubexpIndex(groupOrder); i >= 0 {
			return m[i], true
		}
		return tag, true
	}
	return tag, len(r.Tags.Allow.Value) == 0
}

func hasDigit(s string) bool { return strings.ContainsAny(s, "0123456789") }

// misordered finds two texts that are alike but for one number, of which the
// smaller number comes after by bytes. The first result is the one that comes
// after.
func misordered(texts []string) (after, before string) {
	byShape := map[string][]string{}
	for _, text := range texts {
		shape := numberRuns.ReplaceAllString(text, "0")
		byShape[shape] = append(byShape[shape], text)
	}
	for _, shape := range slices.Sorted(maps.Keys(byShape)) {
		group := byShape[shape]
		slices.Sort(group)
		for i := 1; i < len(group); i++ {
			if numbersLess(group[i], group[i-1]) {
				return group[i], group[i-1]
			}
		}
	}
	return "", ""
}

var numberRuns = regexp.MustCompile(`\d+`)

// numbersLess compares the numbers of two texts of one shape.
func numbersLess(a, b string) bool {
	x, y := numberRuns.FindAllString(a, -1), numberRuns.FindAllString(b, -1)
	for i := range x {
		m, n := strings.TrimLeft(x[i], "0"), strings.TrimLeft(y[i], "0")
		if m != n {
			return len(m) < len(n) || len(m) == len(n) && m < n
		}
	}
	return false
}
