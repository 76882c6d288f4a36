package proposal

import (
	"slices"
	"time"

	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/version"
)

// newer says whether a record of changes has those of this one, and differs only in
// that some go further: nothing is added, and nothing starts from another value.
func (r *Record) newer(other *Record) bool {
	if r == nil || r.RepositoryID != other.RepositoryID || r.Group != other.Group {
		return false
	}
	moved := false
	same := slices.EqualFunc(r.Updates, other.Updates, func(was, is Recorded) bool {
		if was.Path != is.Path || was.Key != is.Key || was.Image != is.Image || was.From != is.From {
			return false
		}
		moved = moved || was.To != is.To
		return was.To == is.To || was.before(&is)
	})
	return same && moved
}

// before says whether another update of the same field goes further. Of steps that are
// not of versions only the planner knows the order, and it goes back only as a rollback.
func (u *Recorded) before(other *Recorded) bool {
	was, is := waitingValue(u.To), waitingValue(other.To)
	kind, then := version.Kind(u.Kind), version.Kind(other.Kind)
	if (was.Digest == "") != (is.Digest == "") {
		return false
	}
	switch {
	case (ofVersions(kind) || kind == version.Flavor) && (ofVersions(then) || then == version.Flavor):
		a, aIs := version.Parse(was.Tag)
		b, bIs := version.Parse(is.Tag)
		return was.Tag == is.Tag || aIs && bIs && a.Compare(b) <= 0
	case ofContent(kind) && ofContent(then):
		return was.Tag == is.Tag
	}
	return kind == version.Tag && then == version.Tag
}

// ofContent says whether a kind of step leaves the tag as it is.
func ofContent(kind version.Kind) bool { return kind == version.Digest || kind == version.Pin }

// soak lets a pull request stay as it is, since it is about to merge by itself: what is
// newer waits for that.
func (d *desiring) soak(p *Proposal) {
	e, at := p.Existing, map[field]Recorded{}
	for _, u := range e.Record.Updates {
		at[field{u.Path, u.Key, u.Image}] = u
	}
	for i := range p.Changes {
		c := &p.Changes[i]
		u := at[field{readable(c.Path), readable(c.Key), readable(c.Image)}]
		if readable(c.To.String()) == u.To {
			continue
		}
		d.holdSoaking(e, *c)
		d.goBack(c, &u)
	}
	p.Files, p.Rewrite, p.Newer = nil, false, false
	d.describe(p)
}

// goBack makes of a change what the record has instead of it.
func (d *desiring) goBack(c *Change, u *Recorded) {
	c.To, c.Kind = waitingValue(u.To), version.Kind(u.Kind)
	c.Since = d.Facts[FactsKey(c.Image, c.To)].Pushed
	update := &c.Choice.Update
	update.Tag, update.Digest, update.Kind = c.To.Tag, c.To.Digest, c.Kind
	update.Since, update.Pushed = time.Time{}, time.Time{}
	if r := d.results[field{u.Path, u.Key, u.Image}]; r != nil {
		c.Settings = r.Settings.For(c.Kind).Settings
	}
}

// holdSoaking notes that changes wait for a pull request that soaks. When its time is
// over it is looked at anyway.
func (d *desiring) holdSoaking(e *Existing, changes ...Change) {
	until := d.Soaks[e.Number]
	for _, c := range changes {
		d.out.Held = append(d.out.Held, Held{Change: c, Why: Soaks, Until: until})
	}
	if until.After(d.Now) {
		d.wake(until)
	}
}

// soaks says whether a pull request is left alone for its time: nobody asked for a
// newer one, and it need not be built again.
func (d *desiring) soaks(e *Existing) bool {
	_, is := d.Soaks[e.Number]
	return is && e.Record != nil && e.Foreign == "" && !d.Orders.Rebase[e.Number] && !d.Orders.Recreate[e.Number] && !d.outdated(e)
}

// spare lets a pull request stay of whose group nothing is left, where that is only
// since newer versions of the same are in other groups: these wait, too.
func (d *desiring) spare(e *Existing) bool {
	if !d.soaks(e) || len(e.Record.Updates) == 0 {
		return false
	}
	for i := range e.Record.Updates {
		if !d.goesFurther(&e.Record.Updates[i]) {
			return false
		}
	}
	d.spared = append(d.spared, e)
	d.out.Spared = append(d.out.Spared, e)
	return true
}

// goesFurther says whether the plan has the same update, or a newer one of its way.
func (d *desiring) goesFurther(u *Recorded) bool {
	r := d.results[field{u.Path, u.Key, u.Image}]
	return r != nil && slices.ContainsFunc(r.Updates, func(to scanner.Update) bool {
		c := changeOf(r, to)
		one := recordOf(d.RepositoryID, "", []Change{c}).Updates[0]
		return one.From == u.From && (one.Kind == string(version.Major)) == (u.Kind == string(version.Major)) && (one.To == u.To || u.before(&one))
	})
}

// waitsForSpared says whether a new pull request waits for one that was spared for the
// same fields.
func (d *desiring) waitsForSpared(p *Proposal) bool {
	record := recordOf(d.RepositoryID, p.Group, p.Changes)
	for _, e := range d.spared {
		for i := range record.Updates {
			if e.Record.startsSame(&record.Updates[i]) {
				d.holdSoaking(e, p.Changes...)
				return true
			}
		}
	}
	return false
}

// startsSame says whether a record has the same step, or the one before it.
func (r *Record) startsSame(u *Recorded) bool {
	return slices.ContainsFunc(r.Updates, func(was Recorded) bool {
		return was.Path == u.Path && was.Key == u.Key && was.Image == u.Image &&
			(was.Kind == string(version.Major)) == (u.Kind == string(version.Major)) && (was.To == u.To || was.before(u))
	})
}
