package config

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// Options are what Load has to know beyond the file.
type Options struct {
	// Repository is "owner/repo" of the file; "" where nobody knows. A known
	// owner is the only one whose files may be extended.
	Repository string
	// Files reads the files that are extended. Without it extends is an error.
	Files Files
	// Now lets entries that have ended be told; the zero time leaves it.
	Now time.Time
}

// Load reads a file. The error is Errors, with all that is wrong, or what
// reading an extended file was interrupted by. There is no Config then; the
// warnings are good in any case.
//
// An empty file gives the built-in defaults.
func Load(ctx context.Context, file string, src []byte, options Options) (*Config, Warnings, error) {
	l := &loader{options: options, found: newDecoder(file), laid: map[string]bool{}}
	c := l.file(file, src)
	if err := l.extend(ctx, c, ownerOf(options.Repository), nil); err != nil {
		return nil, nil, err
	}
	if len(l.found.errors) > 0 {
		return nil, l.found.warnings.sorted(), l.errors()
	}
	whole := defaults()
	whole.over(c)
	whole.Version, whole.Extends = c.Version, c.Extends
	l.found.crossCheck(whole)
	l.found.lint(whole, options)
	if len(l.found.errors) > 0 {
		return nil, l.found.warnings.sorted(), l.errors()
	}
	whole.index = newIndex(whole.Rules)
	return whole, l.found.warnings.sorted(), nil
}

// Default is what holds where there is no file.
func Default() *Config {
	c := defaults()
	c.index = newIndex(nil)
	return c
}

// defaults are the built-in defaults as a file.
func defaults() *Config {
	l := &loader{found: newDecoder(BuiltIn)}
	c := l.file(BuiltIn, []byte(builtIn))
	if len(l.found.errors) > 0 {
		panic("config: built-in defaults: " + l.found.errors.Error())
	}
	return c
}

// loader reads a file and those that it extends.
type loader struct {
	options Options
	found   *decoder // collects what is wrong with all of them
	files   int
	laid    map[string]bool // files that are extended, by name
}

func (l *loader) errors() error {
	all := l.found.errors.sorted()
	if l.found.cut {
		last := all[len(all)-1]
		all = append(all, &Error{
			File: last.File, Line: last.Line, Column: last.Column,
			Message: fmt.Sprintf("there is more wrong; only %d errors are told", maxErrors),
		})
	}
	return all
}

// file decodes and checks one file by itself.
func (l *loader) file(name string, src []byte) *Config {
	d := newDecoder(name)
	c := new(Config)
	root, err := parse(name, src)
	switch {
	case err != nil:
		d.errors = append(d.errors, err)
	case root != nil && root.Kind != yaml.MappingNode:
		d.fail(value{node: root}, "expected a mapping, found "+describe(root), "the file begins with a key, such as version: 1")
	case root != nil:
		d.into(value{node: root}, c)
		d.check(c)
	}
	l.found.errors = append(l.found.errors, d.errors...)
	l.found.warnings = append(l.found.warnings, d.warnings...)
	l.found.cut = l.found.cut || d.cut
	return c
}

// over lays a file over c, under which it was.
func (c *Config) over(upper *Config) {
	lay(&c.Schedule, upper.Schedule)
	lay(&c.Timezone, upper.Timezone)
	lay(&c.Scan.Include, upper.Scan.Include)
	lay(&c.Scan.Exclude, upper.Scan.Exclude)
	lay(&c.Scan.Formats, upper.Scan.Formats)
	lay(&c.Scan.Fields, upper.Scan.Fields)
	c.Defaults.lay(&upper.Defaults)
	c.Rules = append(c.Rules, upper.Rules...)
	c.Ignore = append(c.Ignore, upper.Ignore...)
	c.Freeze = append(c.Freeze, upper.Freeze...)
	lay(&c.PullRequests.Limit, upper.PullRequests.Limit)
	lay(&c.PullRequests.PerHour, upper.PullRequests.PerHour)
	lay(&c.PullRequests.Base, upper.PullRequests.Base)
	lay(&c.PullRequests.BranchPrefix, upper.PullRequests.BranchPrefix)
	lay(&c.PullRequests.Labels, upper.PullRequests.Labels)
	lay(&c.PullRequests.Rebase, upper.PullRequests.Rebase)
	c.Changelog.Sources = upper.Changelog.Sources.over(c.Changelog.Sources)
	lay(&c.Dashboard, upper.Dashboard)
	c.Enforce = Strictest(c.Enforce, upper.Enforce)
}

// lay puts the settings that over sets on top of s.
func (s *Settings) lay(over *Settings) {
	lay(&s.Enabled, over.Enabled)
	lay(&s.Strategy, over.Strategy)
	lay(&s.Constraint, over.Constraint)
	lay(&s.Tags.Allow, over.Tags.Allow)
	lay(&s.Tags.Ignore, over.Tags.Ignore)
	lay(&s.Prerelease, over.Prerelease)
	lay(&s.Flavor, over.Flavor)
	lay(&s.Platforms, over.Platforms)
	lay(&s.Update, over.Update)
	lay(&s.Pin, over.Pin)
	lay(&s.Track, over.Track)
	lay(&s.AllowDowngrade, over.AllowDowngrade)
	lay(&s.SeparateMajor, over.SeparateMajor)
	lay(&s.MinAge, over.MinAge)
	lay(&s.Group, over.Group)
	lay(&s.Title, over.Title)
	lay(&s.Labels, over.Labels)
	lay(&s.Reviewers, over.Reviewers)
	lay(&s.Assignees, over.Assignees)
	lay(&s.Draft, over.Draft)
	lay(&s.Window, over.Window)
	lay(&s.Merge.Auto, over.Merge.Auto)
	lay(&s.Merge.Method, over.Merge.Method)
	lay(&s.Merge.After, over.Merge.After)
	lay(&s.Merge.Checks, over.Merge.Checks)
	lay(&s.Merge.Approvals, over.Merge.Approvals)
	lay(&s.Merge.Window, over.Merge.Window)
	lay(&s.Merge.Via, over.Merge.Via)
}

func ownerOf(repository string) string {
	owner, _, _ := strings.Cut(repository, "/")
	return owner
}
