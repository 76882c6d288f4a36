package run

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// mostBases is of how many branches a look asks what they require, beside the one that the
// App's pull requests are for.
const mostBases = 10

// othersNote is under what is kept what is remembered of other people's pull requests.
const othersNote = "others"

// others are the pull requests that are not the App's business, which nonetheless need its
// check where their base requires that, and merge groups.
type others struct {
	*merges

	open  map[int]string
	bases map[string][]string // the heads of pull requests, by the branches that these are for
	anew  bool                // this look does more than to go on where the last one stopped
	left  bool                // there is more for the next one
	part  bool                // not all that are open were found
	known
}

// known is what is remembered of them.
type known struct {
	// Required are the branches that require the check.
	Required []string `json:"required,omitempty"`
	// Bases is of which branches was asked, Heads of which commits that have the check.
	Bases turn `json:"bases,omitzero"`
	Heads turn `json:"heads,omitzero"`
	// Due is when the look comes that goes on. One that comes sooner was asked for by
	// somebody, who may want the check of any commit anew.
	Due time.Time `json:"due,omitzero"`
}

// others lets pass what is not the App's business.
func (m *merges) others(ctx context.Context, seen *newest, open map[int]string) error {
	o := &others{merges: m, open: open}
	kept, _ := m.run.Memory.Note(ctx, m.look.Repository.ID, othersNote)
	if json.Unmarshal(kept, &o.known) != nil {
		o.known = known{}
	}
	o.anew = m.run.Now().Before(o.Due)
	err := o.passAll(ctx, seen)
	if o.Due = (time.Time{}); o.left {
		now := m.run.Now()
		m.out.soon(now, m.run.Least)
		o.Due = now.Add(m.run.Least).Truncate(time.Second) // schedules do not keep all of a time
	}
	if now, failed := json.Marshal(o.known); failed == nil && string(now) != string(kept) && len(kept)+len(now) > len("{}") {
		m.run.Memory.KeepNote(context.WithoutCancel(ctx), m.look.Repository.ID, othersNote, now)
	}
	return err
}

// passAll finds out what requires the check, and puts it there.
func (o *others) passAll(ctx context.Context, seen *newest) error {
	if err := o.find(ctx, seen); err != nil {
		return err
	}
	if len(o.bases) == 0 && len(o.open) == 0 && len(o.out.opened) == 0 && !o.out.edited {
		return nil
	}
	before := len(o.Required)
	if err := o.require(ctx); err != nil || len(o.Required) == 0 {
		return err
	}
	o.left = o.left || before == 0 && seen.more // those that changed longer ago
	if len(o.out.opened) > 0 || o.out.edited {
		if _, err := seen.Pulls(ctx); err != nil {
			return fmt.Errorf("reading pull requests again: %w", err)
		}
		if err := o.find(ctx, seen); err != nil {
			return err
		}
	}
	heads, err := o.heads(ctx)
	if err := o.passed(ctx, 0, err); err != nil {
		return err
	}
	return o.pass(ctx, heads)
}

// find finds other people's pull requests: among those that changed last, and where the
// check is known to be required, among all that are open.
func (o *others) find(ctx context.Context, seen *newest) error {
	o.bases = map[string][]string{}
	ours := map[string]bool{} // one commit may be the head of several
	for number := range o.open {
		ours[o.of(number).Head] = true
	}
	add := func(number int, head, base string) {
		if _, mine := o.open[number]; !mine && !ours[head] {
			o.bases[base] = append(o.bases[base], head)
		}
	}
	for i := range seen.pulls {
		if p := &seen.pulls[i]; p.Open {
			add(p.Number, p.Head.SHA, p.Base.Name)
		}
	}
	if !seen.more || len(o.Required) == 0 {
		return nil
	}
	all, err := o.GitHub.OpenPulls(ctx)
	o.part = err != nil
	for _, p := range all {
		add(p.Number, p.Head, p.Base)
	}
	if err != nil {
		err = fmt.Errorf("reading which pull requests are open: %w", err)
	}
	return o.passed(ctx, 0, err)
}

// require asks which branches require the check. Of one of which GitHub tells nothing, what
// was known holds.
func (o *others) require(ctx context.Context) error {
	required := map[string]bool{}
	for _, base := range o.Required {
		required[base] = true
	}
	foreign := slices.DeleteFunc(slices.Collect(maps.Keys(o.bases)), func(b string) bool { return b == o.out.Base })
	asked, left := o.Bases.take(foreign, mostBases, o.anew)
	for _, base := range append(asked, o.out.Base) {
		r, err := o.Merger.Required(ctx, base)
		switch {
		case err != nil:
			return err //nolint:wrapcheck // it says of what
		case r.Known:
			required[base] = r.Is
		case r.Again:
			o.out.soon(o.run.Now(), broken)
		}
	}
	o.Required, o.left = nil, o.left || left
	for _, base := range slices.Sorted(maps.Keys(required)) {
		if wanted := o.part || base == o.out.Base || len(o.bases[base]) > 0; wanted && required[base] {
			o.Required = append(o.Required, base)
		}
	}
	return nil
}

// heads are the commits that need the check: first those of merge groups, which are not
// waited for for long.
func (o *others) heads(ctx context.Context) ([]string, error) {
	var heads []string
	groups, err := o.GitHub.QueueHeads(ctx)
	for _, g := range groups {
		if slices.Contains(o.Required, g.Base) {
			heads = append(heads, g.SHA)
		}
	}
	for _, base := range o.Required {
		heads = append(heads, o.bases[base]...)
	}
	seen := map[string]bool{}
	heads = slices.DeleteFunc(heads, func(head string) bool {
		again := seen[head]
		seen[head] = true
		return again
	})
	if err != nil {
		return heads, fmt.Errorf("reading merge queues: %w", err)
	}
	return heads, nil
}
