package proposal

import (
	"fmt"
	"strings"

	"github.com/imageupdater/imageupdater/handlers/foreign"
)

// How much of an effect is told.
const (
	mostPulls   = 40 // of each kind of thing that happens to them
	mostSteps   = 20 // of one pull request
	mostWaiting = 40
	// longestEffect is how long the text is at most, in bytes.
	longestEffect = 40_000
)

// Text is the effect in Markdown, as what would happen. All that comes from outside
// went through code. It is "" where there is none.
func (e *Effect) Text() string {
	parts := []string{
		listed("Would be opened", "pull request", e.Opens, pullOf),
		listed("Would change", "pull request", e.Changes, pullOf),
		listed("Would be closed", "pull request", e.Closes, func(c Closing) string { return "- " + numbered(c.Existing.Number) + ": " + c.Why + "\n" }),
		listed("Would not be opened", "pull request", e.Drops, pullOf),
		e.waiting(),
	}
	var b strings.Builder
	for _, part := range parts {
		if part == "" {
			continue
		}
		if b.Len()+len(part) > longestEffect {
			b.WriteString("There is more, for which there is no room here.\n")
			break
		}
		b.WriteString(part + "\n")
	}
	return b.String()
}

// listed is a heading with what is below it.
func listed[T any](heading, what string, all []T, line func(T) string) string {
	if len(all) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "**%s: %s**\n\n", heading, Counted(len(all), what))
	for i, one := range all {
		if text := line(one); i < mostPulls && b.Len()+len(text) < longestEffect/2 {
			b.WriteString(text)
			continue
		}
		fmt.Fprintf(&b, "- and %d more\n", len(all)-i)
		break
	}
	return b.String()
}

// pullOf is a pull request with its steps.
func pullOf(p *Proposal) string {
	var b strings.Builder
	b.WriteString("- ")
	if p.Existing != nil {
		b.WriteString(numbered(p.Existing.Number) + ", ")
	}
	images := map[string]bool{}
	for i := range p.Changes {
		images[p.Changes[i].Image] = true
	}
	fmt.Fprintf(&b, "group %s: %s\n", foreign.Code(p.Group), Counted(len(images), "image"))
	steps := movesOf(p.Changes)
	for i := range steps {
		if i == mostSteps {
			fmt.Fprintf(&b, "  - and %d more\n", len(steps)-i)
			break
		}
		c := steps[i].changes[0]
		places := foreign.Code(c.Path)
		if n := len(steps[i].changes); n > 1 {
			places = Counted(n, "place")
		}
		fmt.Fprintf(&b, "  - %s %s → %s in %s\n", foreign.Code(called(c.Image)), foreign.Code(short(c.From)), foreign.Code(short(c.To)), places)
	}
	return b.String()
}

// waiting folds the updates that would wait.
func (e *Effect) waiting() string {
	if len(e.Waits) == 0 {
		return ""
	}
	var b strings.Builder
	ways := sameWay(e.Waits)
	for i, way := range ways {
		if i == mostWaiting {
			fmt.Fprintf(&b, "- and %d more\n", len(ways)-i)
			break
		}
		h := &way[0]
		fmt.Fprintf(&b, "- %s %s → %s", foreign.Code(called(h.Image)), foreign.Code(short(h.From)), foreign.Code(short(h.To)))
		if n := len(way); n > 1 {
			fmt.Fprintf(&b, " in %s", Counted(n, "place"))
		} else {
			fmt.Fprintf(&b, " in %s", foreign.Code(h.Path))
		}
		fmt.Fprintf(&b, ", group %s: %s\n", foreign.Code(h.Group), h.Reason())
	}
	return folded("Would wait: "+Counted(len(e.Waits), "update"), b.String())
}
