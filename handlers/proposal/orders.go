package proposal

import (
	"maps"
	"slices"
	"time"
)

// PausedLabel is on the pull requests that somebody paused. Whoever may put labels
// on them may pause them: that only restricts.
const PausedLabel = "imageupdater/hold"

// Orders are what people asked for. They hold for one run, but for lifts, which the
// Historian keeps.
type Orders struct {
	// Open are the branches whose pull requests are opened now, whatever limits and
	// windows say. A freeze holds all the same.
	Open map[string]bool
	// Rebase are the pull requests to be built on the newest base, and Recreate
	// those that are, whoever pushed to them.
	Rebase, Recreate map[int]bool
	// Lift lets go of what was refused and rolled back.
	Lift []Lift
	// Ignore are the entries to be proposed for the configuration.
	Ignore []Ignoring
}

// Add adds other orders.
func (o *Orders) Add(more Orders) {
	for _, both := range []struct{ all, more *map[int]bool }{{&o.Rebase, &more.Rebase}, {&o.Recreate, &more.Recreate}} {
		if *both.all == nil {
			*both.all = map[int]bool{}
		}
		maps.Copy(*both.all, *both.more)
	}
	if o.Open == nil {
		o.Open = map[string]bool{}
	}
	maps.Copy(o.Open, more.Open)
	o.Lift, o.Ignore = append(o.Lift, more.Lift...), append(o.Ignore, more.Ignore...)
}

// Lift lets an image be proposed again: what was closed, or merged and rolled back,
// before a moment of GitHub's clock no longer counts.
type Lift struct {
	Image string    `json:"image"`          // its canonical name
	Path  string    `json:"path,omitempty"` // the file; "" for all
	At    time.Time `json:"at"`
}

// lifted tells whether what became of a proposal of an update at some time was let go
// of since: by a lift, or since the same was proposed again later, which happens after
// one alone. So a lift that led to something is not lost with the database.
func (p *Past) lifted() func(u Recorded, at time.Time) bool {
	proposed := map[target]time.Time{}
	for _, e := range p.All {
		if e.Record == nil {
			continue
		}
		for _, u := range e.Record.Updates {
			if of := (target{u.Path, u.Image, refusedPart(u)}); e.Created.After(proposed[of]) {
				proposed[of] = e.Created
			}
		}
	}
	return func(u Recorded, at time.Time) bool {
		if proposed[target{u.Path, u.Image, refusedPart(u)}].After(at) {
			return true
		}
		return slices.ContainsFunc(p.Lifted, func(l Lift) bool {
			return l.Image == u.Image && (l.Path == "" || l.Path == u.Path) && at.Before(l.At)
		})
	}
}

// laid puts lifts among others, of which the latest for each image and file is
// enough. It tells whether that changed anything.
func laid(all, more []Lift) ([]Lift, bool) {
	changed := false
	for _, m := range more {
		known := false
		for i := range all {
			if l := &all[i]; l.Image == m.Image && l.Path == m.Path {
				known = true
				if m.At.After(l.At) {
					l.At, changed = m.At, true
				}
			}
		}
		if !known {
			all, changed = append(all, m), true
		}
	}
	return all, changed
}
