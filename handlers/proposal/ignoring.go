package proposal

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/foreign"
)

// asked is an entry on which people have to decide, and the pull request that is
// there for it; nil where there is none yet.
type asked struct {
	*Ignoring

	existing *Existing
}

// ignore says which pull requests there should be for entries of ignore: those that
// are open, and those that people asked for just now.
func (d *desiring) ignore() {
	prefix := string(d.Config.PullRequests.BranchPrefix.Value)
	known := map[string]bool{}
	for _, e := range d.Past.Edits {
		if e.Open && e.Record.Edit.What == Ignores && e.Record.Edit.Ignoring != nil {
			d.ignoring = append(d.ignoring, asked{e.Record.Edit.Ignoring, e})
			known[e.Branch] = true
		}
	}
	slices.SortFunc(d.ignoring, func(a, b asked) int { return a.existing.Number - b.existing.Number })
	for i := range d.Orders.Ignore {
		order := &d.Orders.Ignore[i]
		if branch := order.branch(prefix, d.Default); !known[branch] {
			known[branch] = true
			d.ignoring = append(d.ignoring, asked{order, nil})
		}
	}
	for _, a := range d.ignoring {
		if e := a.existing; e != nil && (e.Foreign != "" && !d.Orders.Recreate[e.Number] || e.Paused()) {
			continue
		}
		if p := d.entry(a, prefix); p != nil {
			d.out.Edits = append(d.out.Edits, p)
		}
	}
}

// entry is the pull request of an entry, or nil where the file takes none: whoever
// asked for it was told.
func (d *desiring) entry(a asked, prefix string) *Proposal {
	written, err := config.AddIgnore(d.Source, &a.Entry)
	if err != nil {
		return nil
	}
	p := &Proposal{
		Group: ConfigurationGroup, Branch: a.branch(prefix, d.Default), Base: d.Default, BaseSHA: d.DefaultSHA,
		Files: map[string][]byte{config.FileName: written}, Edit: &Edit{What: Ignores, Ignoring: a.Ignoring},
		Title: "Ignore " + quiet(a.what()), Labels: each(asStrings(d.Config.PullRequests.Labels.Value)), Existing: a.existing,
	}
	p.Rewrite = true
	if e := a.existing; e != nil {
		p.Title = e.Title
		p.Rewrite = d.Orders.Recreate[e.Number] || e.BuiltOn != d.DefaultSHA && (e.Conflict || d.Orders.Rebase[e.Number])
	}
	p.Body = a.body()
	record := p.record(d.RepositoryID)
	if p.Message, err = record.Sealed(p.Title + "\n\n" + quiet(a.Entry.Reason) + "\n"); err != nil {
		return nil
	}
	return p
}

// what says in words what is ignored, with nothing escaped.
func (i *Ignoring) what() string {
	text := called(i.Entry.Image)
	switch {
	case i.Entry.Versions != "":
		text += " " + i.Entry.Versions
	case len(i.Tags) > 0:
		text += " " + strings.Join(i.Tags, ", ")
	}
	if i.Entry.Until != "" {
		text += " until " + i.Entry.Until
	}
	return text
}

func (i *Ignoring) body() string {
	var b strings.Builder
	fmt.Fprintf(&b, "This adds an entry to `ignore` in %s: %s", foreign.Code(config.FileName), foreign.Code(called(i.Entry.Image)))
	switch {
	case i.Entry.Versions != "":
		fmt.Fprintf(&b, " is not updated to versions %s", foreign.Code(i.Entry.Versions))
	case len(i.Tags) > 0:
		fmt.Fprintf(&b, " is not updated to %s", foreign.Code(strings.Join(i.Tags, ", ")))
	}
	if i.Entry.Until != "" {
		fmt.Fprintf(&b, ", until %s", foreign.Code(i.Entry.Until))
	}
	b.WriteString(".")
	if i.Asked > 0 {
		fmt.Fprintf(&b, " It was asked for in #%d", i.Asked)
		if i.By != "" {
			fmt.Fprintf(&b, " by %s", foreign.Code(i.By))
		}
		b.WriteString(".")
	}
	b.WriteString("\n\nThe update waits until this is merged or closed. Closing this lets it go on.\n")
	return b.String()
}

// stopping is the entry for which an update waits; nil where there is none.
func (d *desiring) stopping(c *Change) *asked {
	for i := range d.ignoring {
		if d.ignoring[i].stops(c) {
			return &d.ignoring[i]
		}
	}
	return nil
}

// ignored says whether an update waits for an entry. Where a pull request has it,
// that one stays as it is, with all of its updates.
func (d *desiring) ignored(c Change) bool {
	a := d.stopping(&c)
	if a == nil {
		return false
	}
	detail := "until it is decided whether to ignore it"
	if a.existing != nil {
		detail = "until pull request " + numbered(a.existing.Number) + " is merged or closed"
	}
	d.hold(Paused, time.Time{}, detail, c)
	return true
}

// waiting says whether a pull request that is open proposes an update that waits for
// an entry.
func (d *desiring) waiting(e *Existing) bool {
	return e.Record != nil && slices.ContainsFunc(e.Record.Updates, func(u Recorded) bool {
		c := u.change()
		return d.stopping(&c) != nil
	})
}
