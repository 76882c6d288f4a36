package order

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/handlers/command"
	"github.com/imageupdater/imageupdater/handlers/foreign"
	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/version"
)

// What an explanation shows at most.
const (
	mostImages   = 5
	mostPlaces   = 20 // of an image
	mostRejected = 10 // tags of a place
	longestWords = 20_000
)

// explain carries out /explain.
func (h *Heard) explain(c command.Command, e *Ended, now time.Time) {
	var all []image.Repository
	for i := range e.Plan.Results {
		all = append(all, e.Plan.Results[i].Field.Ref.Repository())
	}
	all = slices.Compact(sorted(slices.DeleteFunc(all, func(i image.Repository) bool { return i.Path == "" })))
	wanted := []image.Repository{c.Image}
	if c.Image == (image.Repository{}) {
		wanted = nil
		for _, i := range all {
			if len(h.steps(e.Plan)[i]) > 0 && h.pull != nil {
				wanted = append(wanted, i)
			}
		}
	}
	if len(wanted) == 0 || len(wanted) == 1 && !slices.Contains(all, wanted[0]) {
		h.refuse(command.WhichImage(c, all))
		return
	}
	var b strings.Builder
	for n, i := range wanted {
		if n == mostImages || b.Len() > longestWords {
			fmt.Fprintf(&b, "\nand %d more images: name one to have it explained.\n", len(wanted)-n)
			break
		}
		explainImage(&b, i, e, now)
	}
	h.words = append(h.words, b.String())
}

// Explaining says what holds for merging a pull request, for /explain on that: the
// table is Markdown.
func (h *Hearing) Explaining(number int, table string) {
	for _, one := range h.all {
		if one.Number == number && one.place == ours {
			one.table = table
		}
	}
}

// explainMerging puts below all else why a pull request merges or does not.
func (h *Heard) explainMerging() {
	if h.table != "" && slices.ContainsFunc(h.Commands, func(c command.Command) bool { return c.Name == command.Explain }) {
		h.words = append(h.words, "### Merging\n\n"+strings.TrimRight(h.table, "\n")+"\n")
	}
}

// explainImage tells of each place of an image what becomes of it, and why.
func explainImage(b *strings.Builder, of image.Repository, e *Ended, now time.Time) {
	fmt.Fprintf(b, "**%s**\n\n", foreign.Code(of.String()))
	shown, more := 0, 0
	for i := range e.Plan.Results {
		r := &e.Plan.Results[i]
		if r.Field.Ref.Repository() != of {
			continue
		}
		if shown == mostPlaces || b.Len() > longestWords {
			more++
			continue
		}
		shown++
		fmt.Fprintf(b, "- %s at %s: %s\n", foreign.Code(fmt.Sprintf("%s:%d", r.Field.File, r.Field.Line)), foreign.Code(r.Field.Ref.Tag), becomes(r))
		for _, held := range e.Desired.Held {
			if held.Path == r.Field.File && held.Key == r.Field.Path && held.Why != proposal.Young {
				fmt.Fprintf(b, "  - %s is not proposed now: %s\n", foreign.Code(held.To.String()), held.Reason())
			}
		}
		explainRejected(b, r, now)
	}
	if more > 0 {
		fmt.Fprintf(b, "- and %d more places\n", more)
	}
	b.WriteString("\n")
}

// becomes says what becomes of a field.
func becomes(r *scanner.Result) string {
	var parts []string
	for _, u := range r.Updates {
		to := proposal.Value{Tag: u.Tag, Digest: u.Digest}
		parts = append(parts, fmt.Sprintf("moves to %s (%s, group %s)", foreign.Code(to.String()), u.Kind, foreign.Code(u.Group)))
	}
	if r.Waiting != nil {
		parts = append(parts, fmt.Sprintf("%s waits until it is old enough: %s UTC", foreign.Code(r.Waiting.Tag), r.Waiting.Until.UTC().Format("2006-01-02 15:04")))
	}
	if r.Reason != nil {
		parts = append(parts, fmt.Sprintf("%s (%s)", foreign.Code(string(r.Reason.Code)), foreign.Code(r.Reason.Detail)))
	}
	if len(parts) == 0 {
		return "up to date"
	}
	return strings.Join(parts, "; ")
}

// passed are the reasons that go without saying.
func passed(reason version.Reason) bool {
	return slices.Contains([]version.Reason{version.IsCurrent, version.Older, version.Equal, version.OlderThanTarget}, reason)
}

// explainRejected tells of the newest tags that are not moved to, and why.
func explainRejected(b *strings.Builder, r *scanner.Result, now time.Time) {
	if r.Choice == nil {
		return
	}
	if !r.Choice.Comparable {
		fmt.Fprintf(b, "  - nothing can be newer: %s\n", foreign.Code(string(r.Choice.Reason)))
		return
	}
	shown := 0
	for i := range r.Choice.Rejected {
		one := &r.Choice.Rejected[i]
		if passed(one.Reason) {
			continue
		}
		if shown == mostRejected {
			fmt.Fprintf(b, "  - and %d older or unfit tags\n", len(r.Choice.Rejected)-i)
			return
		}
		shown++
		text := string(one.Reason)
		if one.Detail != "" {
			text += ": " + one.Detail
		}
		if one.Ripe.After(now) {
			text += ", until " + one.Ripe.UTC().Format("2006-01-02 15:04") + " UTC"
		}
		fmt.Fprintf(b, "  - not %s: %s\n", foreign.Code(one.Tag), foreign.Code(text))
	}
}
