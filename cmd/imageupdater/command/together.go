package command

import (
	"context"
	"slices"

	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/edit"
	"github.com/imageupdater/imageupdater/scanner/format"
	"github.com/imageupdater/imageupdater/scanner/image"
)

// planPicked plans the picked fields as they would be planned among all: together
// with what the decision on them depends on. Results are those of the picked alone.
func planPicked(ctx context.Context, planner *scanner.Planner, inventory *scanner.Inventory, picked []bool) (*scanner.Plan, error) {
	part := *inventory
	part.Fields = nil
	var wanted []bool // of the fields of part
	for i, together := range decidedTogether(inventory.Fields, picked) {
		if together {
			part.Fields, wanted = append(part.Fields, inventory.Fields[i]), append(wanted, picked[i])
		}
	}
	plan, err := planner.Plan(ctx, &part)
	if err != nil {
		return nil, err
	}
	var results []scanner.Result
	for i, result := range plan.Results {
		if wanted[i] {
			results = append(results, result)
		}
	}
	plan.Results = results
	return plan, nil
}

// decidedTogether tells which fields the decision on the picked ones depends on:
// all of their images, for the newest tag in use says which platforms are
// needed, and what shares a value with one of these, for a value moves only
// where all of its users want the same.
func decidedTogether(fields []format.Field, picked []bool) []bool {
	images := map[image.Repository]bool{}
	for i := range fields {
		if picked[i] {
			images[fields[i].Ref.Repository()] = true
		}
	}
	type value struct {
		file string
		at   edit.Position
	}
	for known := 0; known < len(images); {
		known = len(images)
		shared := map[value]bool{}
		for i := range fields {
			for _, slot := range slotsOf(&fields[i]) {
				if images[fields[i].Ref.Repository()] {
					shared[value{fields[i].File, slot.At}] = true
				}
			}
		}
		for i := range fields {
			for _, slot := range slotsOf(&fields[i]) {
				if shared[value{fields[i].File, slot.At}] {
					images[fields[i].Ref.Repository()] = true
				}
			}
		}
	}
	together := make([]bool, len(fields))
	for i := range fields {
		together[i] = images[fields[i].Ref.Repository()]
	}
	return together
}

func slotsOf(f *format.Field) []*edit.Slot {
	return slices.DeleteFunc([]*edit.Slot{f.Tag, f.Digest, f.EmptyDigest}, func(s *edit.Slot) bool { return s == nil })
}
