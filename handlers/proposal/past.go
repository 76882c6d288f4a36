package proposal

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/scanner/format"
	"github.com/imageupdater/imageupdater/scanner/version"
)

// Past is the pull requests of ours that there are and were.
type Past struct {
	// All are those that propose updates, in no order.
	All []*Existing
	// Edits are those that edit the configuration, in no order.
	Edits []*Existing
	// Lifted is what was let go of.
	Lifted []Lift
}

// open is those that are open, by branch. Of several on one branch, which only
// differ in what they are for, the newest counts.
func (p *Past) open() map[string]*Existing {
	found := map[string]*Existing{}
	for _, e := range p.All {
		if e.Open && (found[e.Branch] == nil || found[e.Branch].Number < e.Number) {
			found[e.Branch] = e
		}
	}
	return found
}

// openedSince is when those were opened that were opened after a moment, the
// oldest first.
func (p *Past) openedSince(t time.Time) []time.Time {
	var opened []time.Time
	for _, e := range p.All {
		if e.Created.After(t) {
			opened = append(opened, e.Created)
		}
	}
	slices.SortFunc(opened, time.Time.Compare)
	return opened
}

// target is a value of an image in a file.
type target struct{ path, image, to string }

// refused are the targets that a person did not want.
func (p *Past) refused() map[target]*Existing {
	found := map[target]*Existing{}
	for e, u := range p.turnedDown() {
		found[target{u.Path, u.Image, refusedPart(u)}] = e
	}
	return found
}

// turnedDown are the updates of pull requests that were closed without being
// merged, and not by us. What was closed by us refuses nothing.
func (p *Past) turnedDown() iter.Seq2[*Existing, Recorded] {
	lifted := p.lifted()
	return func(yield func(*Existing, Recorded) bool) {
		for _, e := range p.All {
			if e.Open || !e.Merged.IsZero() || e.ClosedByUs || e.Record == nil {
				continue
			}
			for _, u := range e.Record.Updates {
				if !lifted(u, e.Closed) && !yield(e, u) {
					return
				}
			}
		}
	}
}

// way is one that an image of a file goes: by major versions or by others.
type way struct {
	path, image string
	major       bool
}

// newestRefused are the newest versions that a person did not want, by the way
// that they were on. An older one is no answer to that: only a newer one is.
func (p *Past) newestRefused() map[way]string {
	found := map[way]string{}
	for _, u := range p.turnedDown() {
		if !ofVersions(version.Kind(u.Kind)) {
			continue
		}
		of, tag := way{u.Path, u.Image, u.Kind == string(version.Major)}, refusedPart(u)
		if newest, is := found[of]; !is || older(newest, tag) {
			found[of] = tag
		}
	}
	return found
}

// ofVersions says whether a kind of step goes from a version to a newer one.
func ofVersions(kind version.Kind) bool {
	return slices.Contains([]version.Kind{version.Major, version.Minor, version.Patch, version.Build}, kind)
}

// proposed are the targets of the pull requests that are open.
func (p *Past) proposed() map[target]bool {
	found := map[target]bool{}
	for _, e := range p.All {
		if !e.Open || e.Record == nil {
			continue
		}
		for _, u := range e.Record.Updates {
			found[target{u.Path, u.Image, refusedPart(u)}] = true
		}
	}
	return found
}

// refusedPart is what of a target is not wanted: the tag, or for steps that leave
// the tag as it is, tag and digest.
func refusedPart(u Recorded) string {
	if u.Kind == string(version.Digest) || u.Kind == string(version.Pin) {
		return u.To
	}
	tag, _, _ := strings.Cut(u.To, "@")
	return tag
}

// field is one of a repository, as records name it.
type field struct{ path, key, image string }

// merged is what the merged proposals wrote into each field, newest first.
func (p *Past) merged() map[field][]Recorded {
	var all []*Existing
	for _, e := range p.All {
		if !e.Merged.IsZero() && e.Record != nil {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b *Existing) int { return cmp.Or(b.Merged.Compare(a.Merged), cmp.Compare(b.Number, a.Number)) })
	found, lifted := map[field][]Recorded{}, p.lifted()
	for _, e := range all {
		for _, u := range e.Record.Updates {
			if of := (field{u.Path, u.Key, u.Image}); !lifted(u, e.Merged) {
				found[of] = append(found[of], u)
			}
		}
	}
	return found
}

// rolledBack are the values that were rolled back in a field, the newest first:
// what merged proposals of ours wrote since it had the value that it has again.
// There are none where the newest one still holds, or where what is there now is
// none of what we know of, nor older.
func rolledBack(wrote []Recorded, now string) []string {
	if len(wrote) == 0 || wrote[0].To == now {
		return nil
	}
	since := 0
	for i, u := range wrote {
		switch now {
		case u.From:
			since = i + 1
		case u.To:
			since = i
		}
	}
	back := make([]string, 0, len(wrote))
	for i, u := range wrote {
		if i < since || since == 0 && olderValue(now, u.To) {
			back = append(back, u.To)
		}
	}
	if since == 0 && !olderValue(now, wrote[0].To) {
		return nil
	}
	return back
}

// olderValue compares the tags of two values.
func olderValue(value, than string) bool {
	old, _, _ := strings.Cut(value, "@")
	tag, _, _ := strings.Cut(than, "@")
	return older(old, tag)
}

// older says whether a tag is a version below another one's; false where they
// cannot be compared.
func older(tag, than string) bool {
	a, aIs := version.Parse(tag)
	b, bIs := version.Parse(than)
	return aIs && bIs && a.Compare(b) < 0
}

// Withheld gives the tags that each field shall not move to: what a person
// closed, and what was rolled back.
func (p *Past) Withheld() func(format.Field) map[string]version.Withheld {
	refused, merged := p.refused(), p.merged()
	byField := map[[2]string]map[string]version.Withheld{}
	for t, e := range refused {
		of := [2]string{t.path, t.image}
		if byField[of] == nil {
			byField[of] = map[string]version.Withheld{}
		}
		if !strings.Contains(t.to, "@") {
			byField[of][t.to] = version.Withheld{Reason: version.Closed, Detail: "pull request " + numbered(e.Number)}
		}
	}
	return func(f format.Field) map[string]version.Withheld {
		held := maps.Clone(byField[[2]string{f.File, imageOf(f)}])
		for _, back := range rolledBack(merged[fieldOf(f)], valueOf(f).String()) {
			tag, _, _ := strings.Cut(back, "@")
			if tag == f.Ref.Tag { // only its content was: Desire holds that back
				continue
			}
			if held == nil {
				held = map[string]version.Withheld{}
			}
			if _, closed := held[tag]; !closed {
				held[tag] = version.Withheld{Reason: version.RolledBack, Detail: "it was merged, and the file has an older one again"}
			}
		}
		return held
	}
}

func fieldOf(f format.Field) field { return field{f.File, f.Path, imageOf(f)} }

// imageOf is the canonical name of a field's image: however files spell it, it is
// one.
func imageOf(f format.Field) string { return f.Ref.Repository().String() }

func valueOf(f format.Field) Value { return Value{f.Ref.Tag, f.Ref.Digest} }
