package config

import (
	"fmt"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/imageupdater/imageupdater/scanner/version"
)

// Subject is what rules are matched with.
type Subject struct {
	// Image is a canonical name: "docker.io/library/nginx".
	Image string
	// Path is the file, from the top of the repository, with slashes.
	Path   string
	Format Format
}

// Resolved are the settings of one image in one file, each with its origin:
// who set it.
type Resolved struct {
	Settings
	// Subject is whom they are for.
	Subject Subject
	config  *Config
	rules   []int // of config, that match apart from match.update
}

// Settings lays the rules that match over the defaults. Rules with
// match.update wait for For.
func (c *Config) Settings(s Subject) Resolved {
	r := Resolved{Subject: s, config: c, rules: c.index.rules(s)}
	r.Settings = r.laid(func(m *Match) bool { return len(m.Update) == 0 })
	return r
}

// laid lays the rules over the defaults whose match fits.
func (r Resolved) laid(fits func(*Match) bool) Settings {
	settings := r.config.Defaults
	for _, i := range r.rules {
		if rule := &r.config.Rules[i]; fits(&rule.Match) {
			settings.lay(&rule.Settings)
		}
	}
	settings.bind(&r.config.bound)
	if settings.Merge.Via.Value == ViaGitHub && len(settings.Merge.Window.Value) > 0 {
		// Two rules that met here: the window is kept rather than the way.
		settings.Merge.Via = Setting[Via]{Value: ViaApp, Origin: settings.Merge.Window.Origin}
	}
	return settings
}

// Rules are the rules that match, apart from what match.update says, as
// indices of Config.Rules.
func (r Resolved) Rules() []int { return r.rules }

// Proposed are the settings of a step of one kind.
type Proposed struct {
	Settings
	// Group and Title are the templates with the data put in. Title is ""
	// where nobody set one.
	Group, Title string
}

// For gives the settings of a step: rules for its kind take their place among
// the others.
//
// A major step has a group of its own: the name ends in -major, unless a rule
// for kinds named the group, or major steps are not separate.
func (r Resolved) For(kind version.Kind) Proposed {
	p := Proposed{Settings: r.forKind(kind)}
	data := Data{Subject: r.Subject, Kind: kind}
	p.Group, p.Title = p.Settings.Group.Value.Execute(data), p.Settings.Title.Value.Execute(data)
	if kind == version.Major && r.SeparateMajor.Value && p.Settings.Group.Origin == r.Group.Origin {
		p.Group += "-major"
	}
	return p
}

// Policy is what decides which tag the image moves to, with the entries of
// ignore that hold at a time.
func (r Resolved) Policy(now time.Time) *version.Policy {
	s := &r.Settings
	platforms := make([]version.Platform, len(s.Platforms.Value))
	for i, p := range s.Platforms.Value {
		platforms[i] = version.Platform(p)
	}
	policy := &version.Policy{
		Strategy:       s.Strategy.Value,
		Constraint:     s.Constraint.Value.constraints,
		Allow:          regexps(s.Tags.Allow.Value),
		Ignore:         regexps(s.Tags.Ignore.Value),
		Ignored:        r.config.ignored(r.Subject, now),
		Prerelease:     s.Prerelease.Value,
		Flavor:         s.Flavor.Value,
		Platforms:      platforms,
		Kinds:          s.kinds(),
		Pin:            s.Pin.Value,
		MinAge:         time.Duration(s.MinAge.Value),
		MinAges:        r.minAges(),
		Track:          string(s.Track.Value),
		AllowDowngrade: s.AllowDowngrade.Value,
		SeparateMajor:  s.SeparateMajor.Value,
	}
	if policy.Strategy == version.StrategyDigest {
		policy.Pin = version.PinDigest
	}
	return policy
}

// minAges are the ages of those kinds for which rules set another one.
func (r Resolved) minAges() map[version.Kind]time.Duration {
	var ages map[version.Kind]time.Duration
	if !r.forKinds() {
		return nil
	}
	for _, kind := range version.Kinds() {
		if own := r.forKind(kind).MinAge; own.Value != r.MinAge.Value || own.Origin != r.MinAge.Origin {
			if ages == nil {
				ages = map[version.Kind]time.Duration{}
			}
			ages[kind] = time.Duration(own.Value)
		}
	}
	return ages
}

// forKinds tells whether rules with match.update are among those that match.
func (r Resolved) forKinds() bool {
	return slices.ContainsFunc(r.rules, func(i int) bool { return len(r.config.Rules[i].Match.Update) > 0 })
}

// forKind lays the rules for a kind of step among the others.
func (r Resolved) forKind(kind version.Kind) Settings {
	return r.laid(func(m *Match) bool { return len(m.Update) == 0 || m.Update.Has(kind) })
}

// Key is the same for subjects of one Config that the same rules and entries of
// ignore are for: their policies are alike.
func (r Resolved) Key() string {
	if r.config == nil {
		return ""
	}
	key := fmt.Append(nil, r.rules)
	for i := range r.config.Ignore {
		if r.config.Ignore[i].fits(r.Subject) {
			key = fmt.Append(key, ",", i)
		}
	}
	return string(key)
}

func regexps(patterns Patterns) []*regexp.Regexp {
	if len(patterns) == 0 {
		return nil
	}
	return patterns.Regexps()
}

// kinds are the kinds that are wanted and possible.
func (s *Settings) kinds() Kinds {
	var kinds Kinds
	for _, kind := range version.Kinds() {
		impossible := kind == version.Rollback && !s.AllowDowngrade.Value || kind == version.Flavor && s.Flavor.Value != version.FlavorMove
		if s.Update.Value.Has(kind) && !impossible {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// ignored are the entries of ignore that hold for a subject at a time. An entry
// with neither versions nor tags is for all tags.
func (c *Config) ignored(s Subject, now time.Time) []version.Ignored {
	var held []version.Ignored
	for i := range c.Ignore {
		if entry := &c.Ignore[i]; entry.fits(s) && !entry.ended(now, c.Location()) {
			held = append(held, version.Ignored{
				Versions: entry.Versions.constraints, Tags: regexps(entry.Tags), Text: entry.text(),
			})
		}
	}
	return held
}

// text names the entry: where it stands, until when it holds, and why.
func (i *Ignore) text() string {
	text := i.Origin.String()
	if !i.Until.IsZero() {
		text += ", until " + i.Until.String()
	}
	if i.Reason != "" {
		text += ": " + string(i.Reason)
	}
	return text
}

func (i *Ignore) fits(s Subject) bool {
	return anyImage(i.Image, s.Image) && anyPath(i.Path, s.Path)
}

func (i *Ignore) ended(now time.Time, zone *time.Location) bool {
	return !i.Until.IsZero() && !now.Before(i.Until.In(zone))
}

// Frozen gives the freeze that holds at a time, one of the owner's first, and
// the time from which it doesn't; nil if there is none.
func (c *Config) Frozen(now time.Time) (freeze *Freeze, until time.Time) {
	zone := c.Location()
	today := dateOf(now.In(zone))
	for _, list := range [][]Freeze{c.bound.Freeze, c.Freeze} {
		for i := range list {
			if f := &list[i]; !today.before(f.From) && !f.To.before(today) {
				return f, f.To.next().In(zone)
			}
		}
	}
	return nil, time.Time{}
}

// Freezes gives when the next freeze begins after a time; zero where none does.
func (c *Config) Freezes(now time.Time) time.Time {
	var first time.Time
	for _, list := range [][]Freeze{c.bound.Freeze, c.Freeze} {
		for i := range list {
			if from := list[i].From.In(c.Location()); from.After(now) && (first.IsZero() || from.Before(first)) {
				first = from
			}
		}
	}
	return first
}

// index finds the rules for a subject. Which rules an image fits is remembered:
// repositories have few of them and many fields. So is which rules the last path
// fits: the fields of a file come one after the other.
type index struct {
	matches []Match

	mu    sync.Mutex
	image map[string][]int
	path  string
	pairs uint64    // of path
	fits  []verdict // of path, by rule
}

// verdict is whether a path fits a rule, if that was asked.
type verdict byte

const (
	unasked verdict = iota
	fits
	fitsNot
)

// mostRemembered bounds the memory of an index, in numbers of rules.
const mostRemembered = 1 << 23

func newIndex(rules []Rule) *index {
	x := &index{image: map[string][]int{}, fits: make([]verdict, len(rules))}
	for i := range rules {
		x.matches = append(x.matches, rules[i].Match)
	}
	return x
}

func (x *index) rules(s Subject) []int {
	x.mu.Lock()
	defer x.mu.Unlock()
	if s.Path != x.path {
		x.path, x.pairs = s.Path, pairsOf(s.Path)
		clear(x.fits)
	}
	var found []int
	for _, i := range x.forImage(s.Image) {
		if anyFormat(x.matches[i].Format, s.Format) && x.fitsPath(i) {
			found = append(found, i)
		}
	}
	return found
}

func (x *index) fitsPath(rule int) bool {
	if x.fits[rule] == unasked {
		x.fits[rule] = fitsNot
		if anyPathOf(x.matches[rule].Path, x.path, x.pairs) {
			x.fits[rule] = fits
		}
	}
	return x.fits[rule] == fits
}

func (x *index) forImage(name string) []int {
	if known, ok := x.image[name]; ok {
		return known
	}
	var fitting []int
	pairs := pairsOf(name)
	for i := range x.matches {
		if anyImageOf(x.matches[i].Image, name, pairs) {
			fitting = append(fitting, i)
		}
	}
	if len(x.image)*len(x.matches) < mostRemembered {
		x.image[name] = fitting
	}
	return fitting
}

func anyImage(globs []ImageGlob, name string) bool { return anyImageOf(globs, name, pairsOf(name)) }

func anyImageOf(globs []ImageGlob, name string, pairs uint64) bool {
	for i := range globs {
		if globs[i].glob.fits(name, pairs) {
			return true
		}
	}
	return len(globs) == 0
}

func anyPath(globs []PathGlob, name string) bool { return anyPathOf(globs, name, pairsOf(name)) }

func anyPathOf(globs []PathGlob, name string, pairs uint64) bool {
	for i := range globs {
		if globs[i].glob.fits(name, pairs) {
			return true
		}
	}
	return len(globs) == 0
}

func anyFormat(formats []Format, format Format) bool {
	return len(formats) == 0 || slices.Contains(formats, format)
}
