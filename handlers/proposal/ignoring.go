package proposal

import (
	"errors"
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
	for _, e := range d.Past.Edits {
		if e.Open && e.Record.Edit.What == Ignores && e.Record.Edit.Ignoring != nil {
			d.ignoring = append(d.ignoring, asked{e.Record.Edit.Ignoring, e})
		}
	}
	slices.SortFunc(d.ignoring, func(a, b asked) int { return a.existing.Number - b.existing.Number })
	for i := range d.Orders.Ignore {
		order := &d.Orders.Ignore[i]
		if !slices.ContainsFunc(d.ignoring, func(a asked) bool { return a.Same(order) }) {
			d.ignoring = append(d.ignoring, asked{order, nil})
		}
	}
	for _, a := range d.ignoring {
		if p := d.entry(a); p != nil {
			d.out.Edits = append(d.out.Edits, p)
		}
	}
}

// entry is the pull request of an entry as it should be; nil for one that is a
// person's by now, or paused, and where the file takes none: whoever asked for it was
// told.
func (d *desiring) entry(a asked) *Proposal {
	e := a.existing
	if e != nil && (e.Paused() || (e.Foreign != "" || e.Base != d.Default) && !d.Orders.Recreate[e.Number]) {
		return nil
	}
	written, err := config.AddIgnore(d.Source, &a.Entry)
	if err != nil {
		if e != nil && errors.Is(err, config.ErrThere) {
			d.out.Close = append(d.out.Close, Closing{e, "The base has this entry by now."})
		}
		return nil
	}
	p := &Proposal{
		Group: ConfigurationGroup, Branch: a.branch(string(d.Config.PullRequests.BranchPrefix.Value), d.Default), Base: d.Default, BaseSHA: d.DefaultSHA,
		Files: map[string][]byte{config.FileName: written}, Edit: &Edit{What: Ignores, Ignoring: a.Ignoring},
		Title: "Ignore " + quiet(a.what()), Labels: each(asStrings(d.Config.PullRequests.Labels.Value)), Existing: e, Rewrite: true,
	}
	if e != nil {
		p.Title, p.Branch = e.Title, e.Branch // its branch keeps its name, whatever that would be now
		p.Rewrite = d.Orders.Recreate[e.Number] || d.behind(e)
	}
	p.Body = a.body()
	record := p.record(d.RepositoryID)
	if p.Message, err = record.Sealed(p.Title + "\n\n" + quiet(a.Entry.Reason) + "\n"); err != nil {
		return nil
	}
	return p
}

// behind says whether the branch of a pull request for the configuration is to be
// built anew.
func (d *desiring) behind(e *Existing) bool {
	return e.BuiltOn != d.DefaultSHA && (e.Conflict || d.Orders.Rebase[e.Number] || d.Config.PullRequests.Rebase.Value == config.RebaseBehind)
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
	// It says the same on each run: the dashboard and the texts are not to change for it.
	d.hold(Paused, time.Time{}, "until the pull request that would have it ignored is merged or closed", c)
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
