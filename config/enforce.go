package config

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// RulesRepository is the repository whose file enforces for all of its owner.
const RulesRepository = ".imageupdater"

// EnforcedByOwner is what the owner of a repository enforces, as its file in
// RulesRepository says. Where that cannot be read nothing merges by itself, and a
// warning says why. Where nobody knows the owner, or how to read files, nothing is
// enforced.
func EnforcedByOwner(ctx context.Context, c *Config, options Options) (Enforcement, Warnings) {
	owner, name, _ := strings.Cut(options.Repository, "/")
	switch {
	case strings.EqualFold(name, RulesRepository):
		return c.Enforce, nil // this is the file
	case owner == "" || options.Files == nil:
		return Enforcement{}, nil
	}
	base := Base{Owner: owner, Repository: RulesRepository, Path: FileName}
	options.Repository = owner + "/" + RulesRepository
	src, err := options.Files.Read(ctx, base)
	if errors.Is(err, ErrNoFile) {
		return Enforcement{}, nil
	}
	rules := new(Config)
	if err == nil {
		rules, _, err = Load(ctx, base.String(), src, options)
	}
	if err != nil {
		return Unreadable(base.String()), Warnings{unreadable(base, err)}
	}
	return rules.Enforce, nil
}

// unreadable warns of rules of the owner that could not be read, where the
// first thing stands that is wrong with them.
func unreadable(base Base, err error) Warning {
	w := Warning{Severity: SeverityWarning, File: base.String(), Line: 1, Column: 1}
	what := err.Error()
	if wrong, ok := errors.AsType[Errors](err); ok {
		first := wrong[0]
		w.File, w.Line, w.Column, w.Field, w.Hint, what = first.File, first.Line, first.Column, first.Field, first.Hint, first.Message
	}
	w.Message = "nothing merges by itself, since what " + base.Owner + " enforces cannot be read: " + what
	return w
}

// Strictest joins what several enforce: an auto-merge that one of them forbids
// is forbidden, the longest times and the most approvals count, and all
// freezes hold.
func Strictest(all ...Enforcement) Enforcement {
	var joined Enforcement
	for _, one := range all {
		if one.Merge.Auto.Set() && !one.Merge.Auto.Value {
			joined.Merge.Auto = one.Merge.Auto
		}
		raise(&joined.Merge.After, one.Merge.After)
		raise(&joined.Merge.Approvals, one.Merge.Approvals)
		raise(&joined.MinAge, one.MinAge)
		joined.Freeze = append(slices.Clip(joined.Freeze), one.Freeze...)
		joined.unreadable = joined.unreadable || one.unreadable
	}
	return joined
}

// raise puts a setting in the place of a smaller one.
func raise[T ~int | ~int64](to *Setting[T], least Setting[T]) {
	if least.Set() && (!to.Set() || to.Value < least.Value) {
		*to = least
	}
}

// Unreadable is what holds where the rules of the owner could not be read:
// nothing merges by itself, and OwnerUnknown tells that there may be more.
func Unreadable(file string) Enforcement {
	forbidden := Setting[bool]{Origin: &Origin{File: file, Line: 1, Column: 1, Field: "enforce", Rule: -1}}
	return Enforcement{Merge: EnforcedMerge{Auto: forbidden}, unreadable: true}
}

// OwnerUnknown says whether rules over the file could not be read. They may have freezes,
// which keep people's orders from merging, too.
func (c *Config) OwnerUnknown() bool { return c.bound.unreadable }

// Bind gives a copy of the file over which others' rules hold. The file's own
// enforce plays no part: it is for the file's owner to hand it in.
func (c *Config) Bind(others ...Enforcement) *Config {
	bound := *c
	bound.bound = Strictest(append([]Enforcement{c.bound}, others...)...)
	return &bound
}

// bind makes settings at least as strict as others want them.
func (s *Settings) bind(e *Enforcement) {
	if e.Merge.Auto.Set() && !e.Merge.Auto.Value && s.Merge.Auto.Value {
		s.Merge.Auto = e.Merge.Auto
	}
	raise(&s.Merge.After, e.Merge.After)
	raise(&s.Merge.Approvals, e.Merge.Approvals)
	raise(&s.MinAge, e.MinAge)
	if len(e.Freeze) > 0 && s.Merge.Via.Value == ViaGitHub {
		// Nobody could take an auto-merge back from GitHub in time.
		s.Merge.Via = Setting[Via]{Value: ViaApp, Origin: e.Freeze[0].Origin}
	}
}
