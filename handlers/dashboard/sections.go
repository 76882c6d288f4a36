package dashboard

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/format"
	"github.com/imageupdater/imageupdater/scanner/version"
)

const problemsTitle = "Problems"

// sections are all lists, in the order in which they are shown.
func (w *writing) sections() []section {
	return []section{
		{"Open pull requests", "Tick one to have its branch built on the newest base.", w.open()},
		{"Waiting", "Tick one to have it opened now.", w.waiting()},
		{"Too young", "A minimum age is set. These are proposed when they are old enough.", w.young()},
		{"Waiting for a merge", "Older ones are about to merge by themselves. Tick such a pull request above to have it propose these instead.", w.soaking()},
		{"Paused", "", w.paused()},
		{"Held by comments in files", "", w.held()},
		{"Ignored", "Entries of `ignore` in the configuration leave these out.", w.passed(version.IsIgnored, "", "")},
		{"Refused", "Somebody closed the pull requests that proposed these. Tick one to have it proposed again.", w.passed(version.Closed, proposal.Refused, Again)},
		{"Rolled back", "These were merged, and the files have older ones again. Newer ones are proposed; tick one to have these proposed again, too.", w.passed(version.RolledBack, proposal.RolledBack, Lift)},
		{problemsTitle, "Tick the last box below to have the registries asked again now.", w.problems()},
		{"Warnings about the configuration", "", w.warnings()},
	}
}

// open are the pull requests that are there now.
func (w *writing) open() []item {
	wanted := map[int]*proposal.Proposal{}
	var items []item
	for _, p := range slices.Concat(w.Desired.Edits, w.Desired.Proposals) {
		if p.Existing != nil {
			wanted[p.Existing.Number] = p
		} else if number := w.Opened[p.Branch]; number != 0 {
			items = append(items, w.pull(number, p, nil))
		}
	}
	for _, e := range slices.Concat(w.Past.Edits, w.Past.All) {
		if e.Open && !w.Closed[e.Number] {
			items = append(items, w.pull(e.Number, wanted[e.Number], e))
		}
	}
	return items
}

// pull is an open pull request: as it should be, as it was, or both. What is to be
// written is ours by now, whoever pushed to it before.
func (w *writing) pull(number int, p *proposal.Proposal, e *proposal.Existing) item {
	i := item{key: fmt.Sprintf("%12d", number)}
	after := func() string { return "" }
	switch {
	case e == nil || p != nil: // it is as we want it
		i.box = &Box{Rebase, strconv.Itoa(number)}
	case e.Foreign != "":
		after = func() string { return ": yours, since " + w.code(e.Foreign) + ". `/recreate` there hands it back" }
	case e.Paused():
		after = func() string { return ": paused. `/unhold` there lets it go on" }
	case w.Desired.Retargeted(e):
		after = func() string {
			return ": yours, since it is for " + w.code(e.Base) + " now. `/recreate` there hands it back"
		}
	}
	i.text = func() string {
		moves := w.grouped(groupOf(p, e), movesOf(p, e))
		switch {
		case p == nil && e.Record == nil: // no commit of ours is left in it
			moves = w.code(e.Title)
		case moves == "":
			moves = "changes the configuration"
		}
		return fmt.Sprintf("#%d %s%s", number, moves, after())
	}
	return i
}

// grouped are moves behind the name of their group, which tells apart what moves the
// same in different places. A group that is called as its image goes without saying.
func (w *writing) grouped(group string, all []move) string {
	if !slices.ContainsFunc(all, func(m move) bool { return !strings.HasSuffix(m.image, group) }) {
		return w.moves(all)
	}
	return w.code(group) + ": " + w.moves(all)
}

func groupOf(p *proposal.Proposal, e *proposal.Existing) string {
	switch {
	case p != nil:
		return p.Group
	case e.Record != nil:
		return e.Record.Group
	}
	return ""
}

// movesOf are the steps of a pull request.
func movesOf(p *proposal.Proposal, e *proposal.Existing) (all []move) {
	switch {
	case p != nil:
		for n := range p.Changes {
			all = append(all, moveOf(&p.Changes[n]))
		}
	case e.Record != nil:
		for n := range e.Record.Updates {
			all = append(all, recorded(&e.Record.Updates[n]))
		}
	}
	return all
}

// waiting are the pull requests that are not opened yet.
func (w *writing) waiting() []item {
	why := map[proposal.Why]string{
		proposal.Limit:   fmt.Sprintf("as many are open as may be (`pullRequests.limit: %d`)", w.Config.PullRequests.Limit.Value),
		proposal.PerHour: fmt.Sprintf("as many were opened in the last hour as may be (`pullRequests.perHour: %d`)", w.Config.PullRequests.PerHour.Value),
		proposal.Window:  "its window is closed",
		proposal.Freeze:  "nothing is opened during the freeze",
	}
	groups := map[string][]*proposal.Held{}
	for i := range w.Desired.Held {
		if h := &w.Desired.Held[i]; why[h.Why] != "" {
			groups[h.Group] = append(groups[h.Group], h)
		}
	}
	items := make([]item, 0, len(groups))
	for group, of := range groups {
		i := item{key: group, text: func() string { return w.waits(of, why[of[0].Why]) }}
		if of[0].Why != proposal.Freeze {
			i.box = &Box{Open, proposal.Branch(string(w.Config.PullRequests.BranchPrefix.Value), w.Base, group)}
		}
		items = append(items, i)
	}
	return items
}

// waits is the line of a pull request that waits.
func (w *writing) waits(of []*proposal.Held, why string) string {
	text := w.grouped(of[0].Group, movesHeld(of)) + ": " + why
	if of[0].Detail != "" {
		text += " " + w.code(of[0].Detail)
	}
	if !of[0].Until.IsZero() && of[0].Why != proposal.PerHour { // that one moves with the clock
		text += ", until " + w.at(of[0].Until)
	}
	return text
}

func (w *writing) heldMoves(all []*proposal.Held) string { return w.moves(movesHeld(all)) }

func movesHeld(all []*proposal.Held) (moves []move) {
	for _, h := range all {
		moves = append(moves, moveOf(&h.Change))
	}
	return moves
}

// alike puts what is held for a reason together, by what key says of it, and lists
// it.
func (w *writing) alike(why proposal.Why, key func(*proposal.Held) string, text func([]*proposal.Held) string) []item {
	by := map[string][]*proposal.Held{}
	for i := range w.Desired.Held {
		if h := &w.Desired.Held[i]; h.Why == why {
			k := key(h)
			by[k] = append(by[k], h)
		}
	}
	items := make([]item, 0, len(by))
	for k, of := range by {
		items = append(items, item{key: k, text: func() string { return text(of) }})
	}
	return items
}

func placesOf(all []*proposal.Held) []place {
	var places []place
	for _, h := range all {
		places = append(places, place{h.Path, h.Line})
	}
	return places
}

func (w *writing) young() []item {
	return w.alike(proposal.Young, func(h *proposal.Held) string {
		return strings.Join([]string{h.Image, h.From.String(), h.To.String(), h.Until.String()}, " ")
	}, func(of []*proposal.Held) string {
		return w.heldMoves(of) + ": old enough " + w.at(of[0].Until) + " (" + w.places(placesOf(of)) + ")"
	})
}

func (w *writing) soaking() []item {
	return w.alike(proposal.Soaks, func(h *proposal.Held) string { return h.Group + " " + h.Until.String() }, func(of []*proposal.Held) string {
		return w.grouped(of[0].Group, movesHeld(of)) + ": not before " + w.at(of[0].Until) + " (" + w.places(placesOf(of)) + ")"
	})
}

func (w *writing) paused() []item {
	return w.alike(proposal.Paused, func(h *proposal.Held) string { return h.Group + " " + h.Detail }, func(of []*proposal.Held) string {
		if of[0].Detail != "" {
			return w.heldMoves(of) + ": " + w.code(of[0].Detail)
		}
		return w.heldMoves(of) + ": its pull request is paused. `/unhold` there lets it go on"
	})
}

// fields lists those results that are wanted, together about which the same is to be
// said.
func (w *writing) fields(wanted func(*scanner.Result) bool) []item {
	by := map[[3]string][]place{}
	for i := range w.Plan.Results {
		r := &w.Plan.Results[i]
		if !wanted(r) || r.Reason == nil {
			continue
		}
		value := proposal.Value{Tag: r.Field.Ref.Tag, Digest: r.Field.Ref.Digest}
		said := [3]string{r.Field.Ref.Repository().String(), proposal.Short(value), r.Reason.Detail}
		by[said] = append(by[said], place{r.Field.File, r.Field.Line})
	}
	items := make([]item, 0, len(by))
	for said, places := range by {
		items = append(items, item{key: strings.Join(said[:], " "), text: func() string {
			return w.code(proposal.Called(said[0])) + " " + w.code(said[1]) + " (" + w.places(places) + ")" + saying + w.code(said[2])
		}})
	}
	return items
}

func (w *writing) held() []item {
	return w.fields(func(r *scanner.Result) bool {
		return r.Status == scanner.StatusSkipped && r.Reason != nil && r.Reason.Code == format.Held
	})
}

func (w *writing) problems() []item {
	items := w.fields(func(r *scanner.Result) bool { return r.Status == scanner.StatusProblem })
	for _, p := range w.Plan.Problems {
		items = append(items, item{key: p.File, text: func() string { return w.place(place{p.File, p.Line}) + saying + w.code(p.Message) }})
	}
	for _, f := range w.Refused {
		items = append(items, item{key: f.Branch, text: func() string {
			what := "a pull request for " + w.code(f.Group)
			if number := cmp.Or(f.Number, w.Opened[f.Branch]); number != 0 {
				what = "#" + strconv.Itoa(number)
			}
			return what + " could not be written as it should be" + saying + w.code(f.Err.Error())
		}})
	}
	failed := w.alike(proposal.Failed, func(h *proposal.Held) string { return h.Path + " " + h.Detail }, func(of []*proposal.Held) string {
		return w.heldMoves(of) + " (" + w.places(placesOf(of)) + ")" + saying + w.code(of[0].Detail)
	})
	return append(items, failed...)
}

func (w *writing) warnings() []item {
	var items []item
	for _, warning := range slices.Concat(w.Warnings, w.Plan.Warnings) {
		items = append(items, item{text: func() string { return w.code(warning.String()) }})
	}
	return items
}
