package policy

import (
	"fmt"
	"strings"

	"github.com/imageupdater/imageupdater/handlers/foreign"
)

// longestTable is how much of a verdict's conditions is told, in bytes. GitHub takes
// 65,535 characters.
const longestTable = 60_000

// Table is the conditions as a Markdown table, for the page of the check run and for
// /explain: first those that are not met. It is the same as long as nothing changes,
// whatever the time. It has at most 60,000 bytes.
func Table(v *Verdict) string {
	const head, room = "| Condition | Wanted | Now | |\n| --- | --- | --- | --- |\n", 100
	var b strings.Builder
	b.WriteString(v.lead() + "\n\n" + head)
	left := 0
	for _, met := range []bool{false, true} {
		for i := range v.Conditions {
			c := &v.Conditions[i]
			if (c.State == Met) != met {
				continue
			}
			row := c.row()
			if left > 0 || b.Len()+len(row)+room > longestTable {
				left++
				continue
			}
			b.WriteString(row)
		}
	}
	if left > 0 {
		fmt.Fprintf(&b, "\nand %s.\n", counted(left, "condition more", "conditions more"))
	}
	return b.String()
}

// lead says what becomes of the pull request.
func (v *Verdict) lead() string {
	text := "**" + v.Title + "**."
	if v.Head != "" {
		text += " This is about " + foreign.Code(v.Head) + "."
	}
	return text
}

func (c *Condition) row() string {
	name := c.About
	if c.Of != "" {
		name += " " + foreign.Code(c.Of)
	}
	wanted := c.Wanted
	if c.Says != "" {
		wanted += " (" + c.Says + ")"
	}
	return "| " + name + " | " + wanted + " | " + c.Now + " | " + mark(c.State) + " |\n"
}

// mark is a state for a reader's eye.
func mark(s State) string {
	switch s {
	case Met:
		return "✅"
	case Waiting:
		return "⏳ waits"
	case Failed:
		return "❌ not met"
	case Unknown:
	}
	return "❔ not known"
}
