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
	tags   []entry
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
	// text is what is compared: the tag, or a group of a pattern.
	text      string
	version   Version
	isVersion bool
	allowed   bool // by Policy.Allow
	ignored   bool // by Policy.Ignore
}

func newView(tags []string, p *Policy) *view {
	v := &view{ignore: p.Ignore, tags: make([]entry, len(tags))}
	for _, pattern := range p.Allow {
		group := 0
		if name := p.group(); name != "" {
			group = max(0, pattern.SubexpIndex(name))
		}
		v.allow = append(v.allow, allowed{pattern, group})
	}
	for i, tag := range tags {
		v.read(&v.tags[i], tag)
	}
	return v
}

// read fills in an entry.
func (v *view) read(e *entry, tag string) {
	e.tag = tag
	e.text, e.allowed = v.compared(tag)
	if e.text != "" {
		e.version, e.isVersion = Parse(e.text)
	}
	e.ignored = fitsAny(v.ignore, tag)
}

// compared is the part of a tag that is put in order, and whether the tag is
// allowed. What is not allowed shows itself whole, unless only a group counts.
func (v *view) compared(tag string) (text string, ok bool) {
	if len(v.allow) == 0 {
		return tag, true
	}
	grouped := false
	for _, one := range v.allow {
		if one.group == 0 {
			if one.pattern.MatchString(tag) {
				return tag, true
			}
			continue
		}
		grouped = true
		if m := one.pattern.FindStringSubmatchIndex(tag); m != nil && m[2*one.group] >= 0 {
			return tag[m[2*one.group]:m[2*one.group+1]], true
		}
	}
	if grouped {
		return "", false
	}
	return tag, false
}

func fitsAny(patterns []*regexp.Regexp, tag string) bool {
	return slices.ContainsFunc(patterns, func(p *regexp.Regexp) bool { return p.MatchString(tag) })
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
