package config

import "slices"

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
// nothing merges by itself.
func Unreadable(file string) Enforcement {
	return Enforcement{Merge: EnforcedMerge{Auto: Setting[bool]{Origin: &Origin{
		File: file, Line: 1, Column: 1, Field: "enforce", Rule: -1,
	}}}}
}

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
