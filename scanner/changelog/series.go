package changelog

import (
	"cmp"
	"slices"
	"strings"
)

// gitTag is a tag of Git that is a version.
type gitTag struct {
	number

	tag    string
	series string // by what they are told apart: name in lower case
	rank   int    // of the series' name; the lowest is best
}

// notOurs is the rank of what belongs to something else.
const notOurs = 9

func (s *spanned) read(tags []string) []gitTag {
	all := make([]gitTag, 0, len(tags))
	for _, tag := range tags {
		n, ok := parse(tag)
		if !ok {
			continue
		}
		if valid, ok := ValidRevision(tag); !ok || !strings.EqualFold(valid, tag) {
			s.leave(tag, OddName)
			continue
		}
		g := gitTag{number: n, tag: tag, series: strings.ToLower(n.name())}
		g.rank = s.rank(&g)
		all = append(all, g)
	}
	for i := range all {
		s.fromMoves = s.fromMoves || all[i].within(&s.from)
		s.toMoves = s.toMoves || all[i].within(&s.to)
	}
	for i := range all {
		if all[i].rank < notOurs {
			s.fromMoves = s.fromMoves && !exact(&all[i].number, &s.from)
			s.toMoves = s.toMoves && !exact(&all[i].number, &s.to)
		}
	}
	return all
}

// exact tells whether two versions are the same, with as many parts.
func exact(a, b *number) bool { return len(a.parts) == len(b.parts) && a.compare(b) == 0 }

// rank says how well the name of a series fits the image.
func (s *spanned) rank(g *gitTag) int {
	last := g.series[strings.LastIndexAny(g.series, "/@")+1:]
	switch {
	case s.Template != "" && g.render(s.Template, g.tag) == g.tag:
		return 0
	case g.series != "" && (slices.Contains(s.Names, g.series) || slices.Contains(s.Names, last)):
		return 1
	case g.series == "":
		return 3
	case generic(last):
		return 4
	}
	for _, name := range s.Names {
		if strings.HasSuffix(name, "-"+last) || strings.HasPrefix(name, last+"-") {
			return 2
		}
	}
	return notOurs
}

// generic tells whether a name says nothing about what is released.
func generic(name string) bool {
	switch name {
	case "release", "releases", "rel", "r", "version", "ver", "stable", "tag":
		return true
	}
	return false
}

// inside tells whether a version is of the span.
func (s *spanned) inside(n *number) bool {
	older := n.compare(&s.from) <= 0 || s.fromMoves && n.within(&s.from) && !s.to.within(&s.from)
	return !older && (n.compare(&s.to) <= 0 || s.toMoves && n.within(&s.to))
}

// isTo tells whether a tag is of the version that the span leads to.
func (s *spanned) isTo(n *number) bool { return n.compare(&s.to) == 0 || s.toMoves && n.within(&s.to) }

// series chooses among names: one that has To, then the rank, then more
// versions of the span, then the alphabet.
func (s *spanned) series(all []gitTag) string {
	type candidate struct {
		key         string
		rank, count int
		hasTo       bool
	}
	found := map[string]*candidate{}
	for i := range all {
		g := &all[i]
		if g.rank == notOurs || !s.inside(&g.number) && !s.isTo(&g.number) {
			continue
		}
		c := found[g.key()]
		if c == nil {
			c = &candidate{key: g.key(), rank: g.rank}
			found[g.key()] = c
		}
		c.rank = min(c.rank, g.rank)
		c.count++
		c.hasTo = c.hasTo || s.isTo(&g.number)
	}
	var best *candidate
	for _, c := range found {
		if best == nil || cmp.Or(boolOrder(c.hasTo, best.hasTo), cmp.Compare(c.rank, best.rank), cmp.Compare(best.count, c.count), cmp.Compare(c.key, best.key)) < 0 {
			best = c
		}
	}
	if best == nil {
		return ""
	}
	return best.key
}

// key is the series as a map's key, never empty.
func (g *gitTag) key() string { return "/" + g.series }

// boolOrder puts true first.
func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// list sorts what belongs to the span, one tag a version.
func (s *spanned) list(all []gitTag, series string) Versions {
	var v Versions
	var chosen []gitTag
	for i := range all {
		g := &all[i]
		switch {
		case g.key() != series:
			if s.inside(&g.number) {
				s.leave(g.tag, OtherComponent)
			}
		case s.pick(g):
			chosen = append(chosen, *g)
		}
	}
	slices.SortFunc(chosen, func(a, b gitTag) int { return cmp.Or(b.compare(&a.number), s.prefer(&a, &b)) })
	for i := range chosen {
		g := &chosen[i]
		switch {
		case i > 0 && chosen[i-1].compare(&g.number) == 0:
			s.leave(g.tag, OtherSpelling)
			chosen[i] = chosen[i-1] // the best of several stays the one to compare with
		case s.inside(&g.number):
			v.List = append(v.List, Version{Text: g.digits, Tag: g.tag})
		}
	}
	v.From, v.To = s.ends(chosen)
	v.LeftOut = s.leftOut
	return v
}

// pick tells whether a tag of the series may be listed, or is one of the ends.
func (s *spanned) pick(g *gitTag) bool {
	isEnd := g.compare(&s.from) == 0 || g.compare(&s.to) == 0
	inside := s.inside(&g.number)
	switch {
	case !isEnd && !inside && !s.fromMoves:
		return false
	case !s.suits(g):
		if inside {
			s.leave(g.tag, OtherBuild)
		}
		return false
	case g.pre.is() && !isEnd && !s.from.pre.is() && !s.to.pre.is():
		if inside {
			s.leave(g.tag, PreRelease)
		}
		return false
	}
	return true
}

// suits tells whether a tag has no suffix, or one that the image's tags begin with.
func (s *spanned) suits(g *gitTag) bool {
	return g.suffix == "" || strings.HasPrefix(s.to.suffix, g.suffix) || strings.HasPrefix(s.from.suffix, g.suffix)
}

// prefer orders tags of one version: by the template, by the image's own suffix, by
// the image's own spelling, the shortest, the alphabet.
func (s *spanned) prefer(a, b *gitTag) int {
	return cmp.Or(
		cmp.Compare(a.rank, b.rank),
		boolOrder(a.suffix == s.to.suffix, b.suffix == s.to.suffix),
		boolOrder(strings.HasSuffix(a.lead, "v"), strings.HasSuffix(b.lead, "v")),
		cmp.Compare(len(a.tag), len(b.tag)),
		strings.Compare(a.tag, b.tag),
	)
}

// ends finds the tags to compare, among those sorted from the newest. A tag that
// moves stands for the newest of its versions.
func (s *spanned) ends(chosen []gitTag) (from, to string) {
	for i := range chosen {
		g := &chosen[i]
		if to == "" && s.isTo(&g.number) {
			to = g.tag
		}
		if from == "" && (g.compare(&s.from) == 0 || s.fromMoves && g.within(&s.from) && !s.to.within(&s.from)) {
			from = g.tag
		}
	}
	return from, to
}

// closest finds the best tag of exactly one version.
func (s *spanned) closest(tags []string, wanted *number) string {
	var best *gitTag
	for _, g := range s.read(tags) {
		if g.rank < notOurs && exact(&g.number, wanted) && s.suits(&g) && (best == nil || s.prefer(&g, best) < 0) {
			best = &g
		}
	}
	if best == nil {
		return ""
	}
	return best.tag
}

func (s *spanned) leave(tag string, why TagReason) {
	if len(s.leftOut) < maxLeftOut {
		s.leftOut = append(s.leftOut, LeftOut{Tag: bounded(tag, maxTag), Reason: why})
	}
}
