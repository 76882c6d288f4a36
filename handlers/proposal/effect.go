package proposal

import (
	"slices"
	"strings"
)

// Effect is what one configuration does and another one does not.
type Effect struct {
	// Opens are pull requests that would be opened, Changes those that are open and
	// would hold something else.
	Opens, Changes []*Proposal
	// Closes are those that would be closed.
	Closes []Closing
	// Drops are those that one opens now and the other does not.
	Drops []*Proposal
	// Waits are updates that would wait.
	Waits []Held
}

// Compare says what one does that the other does not do. Without the other it is
// held against what there is.
func Compare(now *Desired, then Desired) Effect {
	if now == nil {
		now = &Desired{}
	}
	var e Effect
	for _, p := range then.Proposals {
		switch was := counterpart(now.Proposals, p); {
		case was != nil && holdSame(was.Changes, p.Changes):
		case p.Existing == nil:
			e.Opens = append(e.Opens, p)
		case was != nil || p.Existing.Record == nil || !p.Existing.Record.holds(p.Changes):
			e.Changes = append(e.Changes, p)
		}
	}
	for _, p := range now.Proposals {
		if p.Existing == nil && counterpart(then.Proposals, p) == nil {
			e.Drops = append(e.Drops, p)
		}
	}
	for _, c := range then.Close {
		if !slices.ContainsFunc(now.Close, func(was Closing) bool { return was.Existing.Number == c.Existing.Number }) {
			e.Closes = append(e.Closes, c)
		}
	}
	e.Waits = waitsMore(now.Held, then.Held)
	return e
}

// None says whether there is none.
func (e *Effect) None() bool {
	return len(e.Opens)+len(e.Changes)+len(e.Closes)+len(e.Drops)+len(e.Waits) == 0
}

// counterpart is the same pull request among others.
func counterpart(all []*Proposal, p *Proposal) *Proposal {
	for _, other := range all {
		if other.Branch == p.Branch {
			return other
		}
	}
	return nil
}

func holdSame(a, b []Change) bool {
	return slices.EqualFunc(a, b, func(a, b Change) bool {
		return a.Path == b.Path && a.Key == b.Key && a.Image == b.Image && a.From == b.From && a.To == b.To
	})
}

// holds says whether a record is of these changes.
func (r *Record) holds(changes []Change) bool {
	other := recordOf(r.RepositoryID, r.Group, changes)
	other.Group = r.Group
	return r.sameAs(&other)
}

// waitsMore are those that wait now and did not before, or for another reason.
func waitsMore(now, then []Held) []Held {
	type waiting struct {
		path, key, image, to string
		why                  Why
	}
	of := func(h *Held) waiting { return waiting{h.Path, h.Key, h.Image, h.To.String(), h.Why} }
	known := map[waiting]bool{}
	for i := range now {
		known[of(&now[i])] = true
	}
	var more []Held
	for i := range then {
		if !known[of(&then[i])] {
			more = append(more, then[i])
		}
	}
	return more
}

// sameWay puts those held together that wait for the same reason with the same step.
func sameWay(held []Held) [][]Held {
	type same struct {
		image, from, to, reason string
	}
	at := map[same]int{}
	var all [][]Held
	for i := range held {
		h := &held[i]
		key := same{h.Image, h.From.String(), h.To.String(), strings.Join([]string{h.Group, h.Reason()}, " ")}
		n, is := at[key]
		if !is {
			n = len(all)
			at[key], all = n, append(all, nil)
		}
		all[n] = append(all[n], *h)
	}
	return all
}
