package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// The limits of GitHub.
const (
	mostReviewers = 15
	mostAssignees = 10
	mostLabels    = 100
)

// mostPatterns bounds the work on each tag of an image.
const mostPatterns = 100

// check finds what is wrong with a file though each of its values is right by
// itself.
func (d *decoder) check(c *Config) {
	if c.Version.Set() && c.Version.Value != 1 {
		d.failOrigin(c.Version.Origin, fmt.Sprintf("version %d is not known", c.Version.Value), "write version: 1")
	}
	if c.Scan.Formats.Set() && len(c.Scan.Formats.Value) == 0 {
		d.failOrigin(c.Scan.Formats.Origin, "without formats nothing is found", "leave the key out for all of them")
	}
	if c.Scan.Include.Set() && len(c.Scan.Include.Value) == 0 {
		d.failOrigin(c.Scan.Include.Origin, "without files nothing is found", `leave the key out for all of them, or write enabled: false under defaults`)
	}
	for i := range c.Scan.Fields.Value {
		d.checkField(&c.Scan.Fields.Value[i])
	}
	d.checkSettings(&c.Defaults)
	for i := range c.Rules {
		d.checkSettings(&c.Rules[i].Settings)
		d.checkKindRule(&c.Rules[i])
	}
	for i := range c.Ignore {
		d.checkIgnore(&c.Ignore[i])
	}
	d.checkFreezes(c.Freeze)
	d.checkEnforcement(&c.Enforce)
}

func (d *decoder) checkEnforcement(e *Enforcement) {
	d.checkFreezes(e.Freeze)
	if e.Merge.Auto.Value {
		d.failOrigin(e.Merge.Auto.Origin, "enforce can only forbid", "write false, or allow it under defaults")
	}
}

func (d *decoder) checkFreezes(list []Freeze) {
	for i := range list {
		if f := &list[i]; !f.From.IsZero() && !f.To.IsZero() && f.To.before(f.From) {
			d.failOrigin(f.Origin, fmt.Sprintf("it ends on %s, before it begins on %s", f.To, f.From), "swap from and to, or check the year")
		}
	}
}

func (d *decoder) failOrigin(o *Origin, message, hint string) {
	if o != nil {
		d.add(&Error{File: o.File, Line: o.Line, Column: o.Column, Field: o.Field, Message: message, Hint: hint})
	}
}

func (d *decoder) checkField(f *Field) {
	if f.Kind == "" {
		f.Kind = FieldTag
	}
	named := f.Image.name.Path != ""
	byPath := f.ImagePath.text != ""
	switch {
	case f.Kind == FieldReference && (named || byPath):
		d.failOrigin(f.Origin, "a reference names its image itself", "remove image and imagePath, or write kind: tag")
	case f.Kind != FieldReference && named && byPath:
		d.failOrigin(f.Origin, "image and imagePath are both there", "keep one of them")
	case f.Kind != FieldReference && !named && !byPath && f.Path.text != "":
		d.failOrigin(f.Origin, "nothing says which image it is", "write image or imagePath, or kind: reference if the name stands in the value")
	case f.Kind == FieldDigest && f.DigestPath.text != "":
		d.failOrigin(f.Origin, "digestPath is for tags; this is a digest itself", "remove digestPath")
	}
}

func (d *decoder) checkSettings(s *Settings) {
	if s.Update.Set() && len(s.Update.Value) == 0 {
		d.failOrigin(s.Update.Origin, "without kinds nothing is updated", "write enabled: false")
	}
	if s.Merge.Via.Value == ViaGitHub && len(s.Merge.Window.Value) > 0 {
		d.failOrigin(s.Merge.Via.Origin, "via: github goes with no merge.window: nobody could take the merge back from GitHub in time", "write via: app")
	}
	for _, patterns := range []Setting[Patterns]{s.Tags.Allow, s.Tags.Ignore} {
		if n := len(patterns.Value); n > mostPatterns {
			d.failOrigin(patterns.Origin, fmt.Sprintf("these are %d patterns; at most %d are read", n, mostPatterns), "join some with |")
		}
	}
	for _, limit := range []struct {
		origin *Origin
		n      int
		most   int
	}{
		{s.Reviewers.Origin, len(s.Reviewers.Value), mostReviewers},
		{s.Assignees.Origin, len(s.Assignees.Value), mostAssignees},
		{s.Labels.Origin, len(s.Labels.Value), mostLabels},
	} {
		if limit.n > limit.most {
			d.failOrigin(limit.origin, fmt.Sprintf("these are %d; GitHub allows %d", limit.n, limit.most), "")
		}
	}
}

// forKinds are the settings that a rule with match.update may have: the kind
// of a step is known only after looking at tags.
//
//nolint:gochecknoglobals // a table, never written
var forKinds = []string{"minAge", "group", "title", "labels", "reviewers", "assignees", "draft", "window", "merge"}

func (d *decoder) checkKindRule(r *Rule) {
	if len(r.Match.Update) == 0 {
		return
	}
	for _, s := range settingsOf(&r.Settings) {
		if s.origin != nil && !slices.Contains(forKinds, s.name) {
			d.failOrigin(s.origin, fmt.Sprintf("a rule with match.update cannot set %s", s.name),
				"move it to a rule without match.update; allowed here are "+strings.Join(forKinds, ", "))
		}
	}
}

// named is one setting of a Settings.
type named struct {
	name   string // its first key: "tags" for tags.allow
	origin *Origin
}

// settingsOf lists all settings, in the order of their fields.
func settingsOf(s *Settings) []named {
	var all []named
	var walk func(v reflect.Value, outer string)
	walk = func(v reflect.Value, outer string) {
		for i := range v.NumField() {
			name := outer
			if name == "" {
				name = v.Type().Field(i).Tag.Get("key")
			}
			if origin := v.Field(i).FieldByName("Origin"); origin.IsValid() {
				o, _ := reflect.TypeAssert[*Origin](origin)
				all = append(all, named{name, o})
				continue
			}
			walk(v.Field(i), name)
		}
	}
	walk(reflect.ValueOf(s).Elem(), "")
	return all
}

func (d *decoder) checkIgnore(i *Ignore) {
	if n := len(i.Tags); n > mostPatterns {
		d.failOrigin(i.Origin, fmt.Sprintf("these are %d patterns; at most %d are read", n, mostPatterns), "join some with |")
	}
	empty := len(i.Image) == 0 && len(i.Path) == 0 && i.Versions.text == "" && len(i.Tags) == 0
	if empty {
		d.failOrigin(i.Origin, "the entry would ignore everything", "write image, path, versions or tags; defaults: {enabled: false} turns everything off")
	}
}

// crossCheck finds what is wrong with files laid over each other though each
// is right by itself.
func (d *decoder) crossCheck(c *Config) {
	all := []*Settings{&c.Defaults}
	for i := range c.Rules {
		all = append(all, &c.Rules[i].Settings)
	}
	for _, s := range all {
		via := s.Merge.Via
		if via.Value != ViaGitHub {
			continue
		}
		if len(c.Freeze) > 0 {
			d.failOrigin(via.Origin, "via: github goes with no freeze: nobody could take the merge back from GitHub in time", "write via: app, or remove freeze")
		}
		window := c.Defaults.Merge.Window
		if s != &c.Defaults && !s.Merge.Window.Set() && len(window.Value) > 0 {
			d.failOrigin(via.Origin, "via: github goes with no merge.window, and defaults set one", "write window: [] beside it, or via: app")
		}
	}
	if c.Defaults.Merge.Via.Value != ViaGitHub {
		return
	}
	for i := range c.Rules {
		if m := &c.Rules[i].Merge; len(m.Window.Value) > 0 && !m.Via.Set() {
			d.failOrigin(m.Window.Origin, "merge.window goes with no via: github, which defaults set", "write via: app beside it")
		}
	}
}
