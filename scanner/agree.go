package scanner

import (
	"fmt"
	"slices"

	"github.com/imageupdater/imageupdater/scanner/edit"
	"github.com/imageupdater/imageupdater/scanner/format"
)

// agree lets a value that several fields use by an anchor move only where all of
// them are to move to the same: what one of them was rolled back from another may
// want.
func agree(results []Result) {
	type value struct {
		file string
		at   edit.Position
	}
	users := map[value][]*Result{}
	var order []value
	for i := range results {
		field := &results[i].Field
		for _, slot := range []*edit.Slot{field.Tag, field.Digest, field.EmptyDigest} {
			if slot == nil {
				continue
			}
			key := value{field.File, slot.At}
			if users[key] == nil {
				order = append(order, key)
			}
			users[key] = append(users[key], &results[i])
		}
	}
	order = slices.DeleteFunc(order, func(key value) bool { return len(users[key]) < 2 })
	// A field held back for its tag holds back those that share its digest.
	for again := true; again; {
		again = false
		for _, key := range order {
			again = holdTogether(users[key]) || again
		}
	}
}

// holdTogether tells whether it held anything back.
func holdTogether(sharing []*Result) bool {
	moves := func(r *Result) bool { return r.Status == StatusUpdate }
	if !slices.ContainsFunc(sharing, moves) {
		return false
	}
	for _, other := range sharing {
		if moves(other) && slices.Equal(targetsOf(other), targetsOf(sharing[0])) {
			continue
		}
		odd := oddOne(sharing)
		for _, r := range sharing {
			if moves(r) {
				r.skip(format.Reason{Code: format.Shared, Detail: disagreement(r, odd, sharing)})
			}
		}
		return true
	}
	return false
}

// targetsOf are the updates of a result but for what is no part of the value:
// their groups, and since when images are there.
func targetsOf(r *Result) []Update {
	targets := slices.Clone(r.Updates)
	for i := range targets {
		targets[i] = Update{Kind: targets[i].Kind, Tag: targets[i].Tag, Digest: targets[i].Digest}
	}
	return targets
}

// oddOne is the one that is to blame: it stays, or moves to something else than
// the first.
func oddOne(sharing []*Result) *Result {
	for _, r := range sharing {
		if r.Status != StatusUpdate || !slices.Equal(targetsOf(r), targetsOf(sharing[0])) {
			return r
		}
	}
	return sharing[0]
}

func disagreement(r, odd *Result, sharing []*Result) string {
	if r == odd {
		odd = sharing[0]
	}
	return fmt.Sprintf("the same value is used at %s, which is not to move to the same", odd.Field.Path)
}
