package version

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Candidates are the tags of one image, read once for all the tags that its
// fields may be at and all policies. Choosing does not change them; they may be
// used from several goroutines.
type Candidates struct {
	tags []string // as they were given

	mu    sync.Mutex
	views map[string]*view // by the patterns of a policy
}

// NewCandidates takes the tags of an image, which must not be changed
// afterwards. Their order, and whether one comes twice, changes nothing.
func NewCandidates(tags []string) *Candidates {
	return &Candidates{tags: tags, views: map[string]*view{}}
}

// mostViews bounds what is remembered: an image has few policies.
const mostViews = 16

// mostMatches is how often patterns may be held against tags for one policy. At
// some microseconds each that is seconds.
const mostMatches = 5_000_000

// TooMuchFor tells whether a policy has more patterns than can be held against so
// many tags. Nothing is chosen then.
func (c *Candidates) TooMuchFor(p *Policy) bool {
	return len(c.tags)*(len(p.Allow)+len(p.Ignore)) > mostMatches
}

// view gives the tags as the patterns of a policy show them.
func (c *Candidates) view(p *Policy) *view {
	key := viewKey(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.views[key]; known != nil {
		return known
	}
	made := newView(c.tags, p)
	if len(c.views) < mostViews {
		c.views[key] = made
	}
	return made
}

func viewKey(p *Policy) string {
	if len(p.Allow)+len(p.Ignore) == 0 {
		return ""
	}
	var key strings.Builder
	for _, list := range [][]*regexp.Regexp{p.Allow, p.Ignore} {
		for _, pattern := range list {
			key.WriteString(pattern.String())
			key.WriteByte(0)
		}
		key.WriteByte(1)
	}
	return key.String() + p.group()
}

// view is all tags of an image as some patterns show them.
type view struct {
	allow  []allowed
	ignore []*regexp.Regexp
	// grouped tells that a group of a pattern is compared. Only then are
	// patterns asked about all tags: most tags are out for other reasons.
	grouped bool
	tags    []entry
}

// allowed is a pattern with the number of the group that is compared; 0, the
// whole match, stands for the whole tag.
type allowed struct {
	pattern *regexp.Regexp
	group   int
}

// entry is one tag.
type entry struct {
	tag string
	// version is read from the text that is compared: the tag, or a group of a
	// pattern. That text is there also where it is no version.
	version   Version
	isVersion bool
	unfit     bool // it has no such group
}

// text is what is compared.
func (e *entry) text() string { return e.version.tag }

func newView(tags []string, p *Policy) *view {
	v := &view{ignore: p.Ignore, tags: make([]entry, len(tags))}
	for _, pattern := range p.Allow {
		group := 0
		if name := p.group(); name != "" {
			group = max(0, pattern.SubexpIndex(name))
		}
		v.allow = append(v.allow, allowed{pattern, group})
		v.grouped = v.grouped || group > 0
	}
	var together sync.WaitGroup
	for start := 0; start < len(tags); start += tagsAtOnce {
		part := func() {
			end := min(start+tagsAtOnce, len(tags))
			kept := &pool{free: make([]number, 0, poolChunk)}
			for i, tag := range tags[start:end] {
				v.fill(&v.tags[start+i], tag, kept)
			}
		}
		if len(tags) <= tagsAtOnce {
			part()
		} else {
			together.Go(part)
		}
	}
	together.Wait()
	return v
}

// tagsAtOnce is how many tags one goroutine reads: few images have more.
const tagsAtOnce = 5_000

// read gives the entry of one tag.
func (v *view) read(tag string) *entry {
	e := new(entry)
	v.fill(e, tag, new(pool))
	return e
}

func (v *view) fill(e *entry, tag string, kept *pool) {
	e.tag = tag
	text, fits := tag, true
	if v.grouped {
		text, fits = v.compared(tag)
	}
	e.unfit = !fits
	e.isVersion = parse(&e.version, text, kept)
	e.version.tag = text
}

// compared is the part of a tag that is put in order; false where no pattern
// fits.
func (v *view) compared(tag string) (text string, fits bool) {
	for _, one := range v.allow {
		if one.group == 0 {
			if one.pattern.MatchString(tag) {
				return tag, true
			}
			continue
		}
		if m := one.pattern.FindStringSubmatchIndex(tag); m != nil && m[2*one.group] >= 0 {
			return tag[m[2*one.group]:m[2*one.group+1]], true
		}
	}
	return "", false
}

// allows tells whether a tag fits what is allowed.
func (v *view) allows(e *entry) bool {
	if v.grouped || len(v.allow) == 0 {
		return !e.unfit
	}
	return slices.ContainsFunc(v.allow, func(one allowed) bool { return one.pattern.MatchString(e.tag) })
}

// ignores tells whether a tag fits what is ignored.
func (v *view) ignores(e *entry) bool { return fitsAny(v.ignore, e.tag) }

func fitsAny(patterns []*regexp.Regexp, tag string) bool {
	return slices.ContainsFunc(patterns, func(p *regexp.Regexp) bool { return p.MatchString(tag) })
}

// Fitting counts the tags that fit what a policy allows, and those of them that
// are versions in its range.
func (c *Candidates) Fitting(p *Policy) (allowed, inRange int) {
	v := c.view(p)
	for i := range v.tags {
		e := &v.tags[i]
		if !v.allows(e) {
			continue
		}
		allowed++
		if p.Constraint == nil || e.isVersion && within(p.Constraint, &e.version) {
			inRange++
		}
	}
	return allowed, inRange
}

// Family is the same for tags that are likely of one image built over and over:
// versions of one prefix and flavour. All tags that are no versions are one
// family.
func Family(tag string) string {
	v, isVersion := Parse(tag)
	if !isVersion {
		return ""
	}
	name, _ := v.flavor()
	return v.shape.prefix + " " + name
}
