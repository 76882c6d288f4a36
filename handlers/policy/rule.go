package policy

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/config"
)

// Rule is what holds for one pull request: of the settings of each of its updates the
// strictest, each with where it was written.
type Rule struct {
	Auto config.Setting[bool]
	// By is who lets it merge by itself, one for each place where that was written.
	By []*config.Origin
	// Method is "" where nobody set one, or not all the same one: then it is the
	// first that the repository permits.
	Method config.Setting[config.Method]
	After  config.Setting[config.Duration]
	// Checks is config.ChecksNone where Named has all that is wanted.
	Checks config.Setting[config.Checks]
	// Named are names of checks in which a star stands for anything.
	Named     []config.Setting[config.CheckName]
	Approvals config.Setting[config.Count]
	// Windows have to be open all at once.
	Windows []config.Setting[config.Windows]
	Via     config.Setting[config.Via]
	// Rebase is when the App builds the branch again by itself.
	Rebase config.Rebase

	config *config.Config
}

// Strictest is the rule for updates with these settings, in a repository with this
// configuration. Without updates nothing merges by itself.
func Strictest(c *config.Config, updates ...config.Merge) Rule {
	r := Rule{config: c, Rebase: c.PullRequests.Rebase.Value}
	for i := range updates {
		u := &updates[i]
		if i == 0 {
			r.Auto, r.Method, r.After = u.Auto, u.Method, u.After
			r.Checks, r.Approvals, r.Via = which(u), u.Approvals, u.Via
		} else {
			r.join(u)
		}
		r.name(u)
		if len(u.Window.Value) > 0 && !r.has(u.Window.Value) {
			r.Windows = append(r.Windows, u.Window)
		}
		if u.Auto.Value && u.Auto.Set() && !slices.ContainsFunc(r.By, sameAs(u.Auto.Origin)) {
			r.By = append(r.By, u.Auto.Origin)
		}
	}
	if r.Via.Value == config.ViaGitHub && len(r.Windows) > 0 {
		// Nobody could take the merge back from GitHub in time.
		r.Via = config.Setting[config.Via]{Value: config.ViaApp, Origin: r.Windows[0].Origin}
	}
	return r
}

// join makes the rule as strict as one more update wants it.
func (r *Rule) join(u *config.Merge) {
	if own := !enforced(u.Auto.Origin); !u.Auto.Value && (r.Auto.Value || own && enforced(r.Auto.Origin)) {
		r.Auto = u.Auto // what nobody wanted anyway, the owner need not forbid
	}
	r.joinMethod(u.Method)
	if u.After.Value > r.After.Value {
		r.After = u.After
	}
	if u.Approvals.Value > r.Approvals.Value {
		r.Approvals = u.Approvals
	}
	if u.Via.Value != config.ViaGitHub && r.Via.Value == config.ViaGitHub {
		r.Via = u.Via
	}
	if strictness(u.Checks.Value.Which) > strictness(r.Checks.Value) {
		r.Checks = which(u)
	}
}

// joinMethod keeps a method only where all that name one name the same. Two that do
// not agree leave their origin, so that a third cannot decide between them.
func (r *Rule) joinMethod(m config.Setting[config.Method]) {
	switch {
	case !m.Set() || m.Value == "":
	case !r.Method.Set():
		r.Method = m
	case r.Method.Value != m.Value:
		r.Method.Value = ""
	}
}

// which is the word for checks of an update.
func which(u *config.Merge) config.Setting[config.Checks] {
	return config.Setting[config.Checks]{Value: u.Checks.Value.Which, Origin: u.Checks.Origin}
}

// name adds the checks that an update names.
func (r *Rule) name(u *config.Merge) {
	for _, name := range u.Checks.Value.Names {
		if !slices.ContainsFunc(r.Named, func(n config.Setting[config.CheckName]) bool { return n.Value == name }) {
			r.Named = append(r.Named, config.Setting[config.CheckName]{Value: name, Origin: u.Checks.Origin})
		}
	}
	slices.SortFunc(r.Named, func(a, b config.Setting[config.CheckName]) int { return cmp.Compare(a.Value, b.Value) })
}

// strictness puts the words for checks in order. One that is not known here is the
// strictest.
func strictness(c config.Checks) int {
	switch c {
	case config.ChecksNone:
		return 0
	case config.ChecksRequired:
		return 1
	case config.ChecksAll:
	}
	return 2
}

// has says whether a rule has the same windows already.
func (r *Rule) has(w config.Windows) bool {
	return slices.ContainsFunc(r.Windows, func(other config.Setting[config.Windows]) bool {
		return slices.EqualFunc(other.Value, w, func(a, b config.Window) bool { return a.String() == b.String() })
	})
}

func sameAs(o *config.Origin) func(*config.Origin) bool {
	return func(other *config.Origin) bool {
		return o == other || o != nil && other != nil && *o == *other
	}
}

// zone is where windows and freezes are meant.
func (r *Rule) zone() *time.Location { return r.config.Location() }

// enforced says whether a setting is the owner's or the operator's.
func enforced(o *config.Origin) bool {
	return o != nil && (o.Field == "enforce" || strings.HasPrefix(o.Field, "enforce."))
}

// unreadable says whether a setting stands for rules of the owner that could not be
// read.
func unreadable(o *config.Origin) bool { return o != nil && o.Field == "enforce" }
