package proposal

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/imageupdater/imageupdater/handlers/foreign"
)

// retargeted is what is said of such a pull request.
const retargeted = "retargeted"

// close lets those go that are open and not wanted. A branch that is somebody
// else's by now is left to them.
func (d *desiring) close() {
	wanted := map[string]bool{}
	for _, p := range d.wanted {
		wanted[p.Branch] = true
	}
	for _, branch := range slices.Sorted(maps.Keys(d.open)) {
		e := d.open[branch]
		if wanted[branch] || e.Paused() || d.waiting(e) {
			continue
		}
		if d.Orders.Recreate[e.Number] || e.Foreign == "" && !d.retargeted(e) && !d.unclear(e) && !d.spare(e) {
			d.out.Close = append(d.out.Close, Closing{e, d.whyClosed(e)})
		}
	}
}

// retargeted says whether somebody let a pull request be for another branch than
// the one that it was made for. A branch is named after that.
func (d *desiring) retargeted(e *Existing) bool {
	return e.Record != nil && e.Base != d.Base && !strings.HasSuffix(e.Branch, branchName("", e.Base, e.Record.Group))
}

// say tells people that a pull request is theirs by now.
func (d *desiring) say() {
	for _, branch := range slices.Sorted(maps.Keys(d.open)) {
		e := d.open[branch]
		switch {
		case d.Orders.Recreate[e.Number]:
		case e.Foreign != "":
			d.out.Say = append(d.out.Say, Saying{e, "pushed", sayForeign(e)})
		case d.retargeted(e):
			d.out.Say = append(d.out.Say, Saying{e, retargeted, sayRetargeted(e, d.Base)})
		}
	}
}

func sayForeign(e *Existing) string {
	text := "This branch is yours now (" + foreign.Code(e.Foreign) + "): it is neither updated nor closed any more, whatever new versions there are."
	if e.OwnSHA != "" {
		text += "\n\nTo hand it back, comment `/recreate`, which overwrites what was pushed, or let it point at " + foreign.Code(e.OwnSHA) + " again."
	}
	return text
}

func sayRetargeted(e *Existing, base string) string {
	return "This pull request is yours now, since it was made to be for " + foreign.Code(e.Base) + ": it is neither updated nor closed any more, " +
		"whatever new versions there are.\n\nTo hand it back, comment `/recreate`, or let it be for " + foreign.Code(base) + " again."
}

// sweep finds the branches that may have been left behind: of pull requests that were
// merged, and of those that we closed.
func (d *desiring) sweep() {
	since := d.Now.Add(-lately)
	for _, e := range d.Past.All {
		ended := e.ClosedByUs && e.Closed.After(since) || e.Merged.After(since)
		if !e.Open && ended && e.Foreign == "" && d.open[e.Branch] == nil {
			d.out.Sweep = append(d.out.Sweep, e)
		}
	}
	slices.SortFunc(d.out.Sweep, func(a, b *Existing) int { return cmp.Compare(a.Number, b.Number) })
}

// whyClosed says what became of what a pull request proposed.
func (d *desiring) whyClosed(e *Existing) string {
	if e.Record == nil {
		return "There is nothing left for it to update."
	}
	for i := range d.Plan.Results {
		for _, u := range e.Record.Updates {
			f := d.Plan.Results[i].Field
			if fieldOf(f) == (field{u.Path, u.Key, u.Image}) && valueOf(f).String() == u.To {
				return "The base has these versions by now."
			}
		}
	}
	return "Its updates are not wanted any more, or are part of another pull request."
}

func numbered(n int) string { return "#" + strconv.Itoa(n) }
