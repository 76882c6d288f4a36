package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/imageupdater/imageupdater/handlers/policy"
)

// write prints the verdict as --output wants it.
func (t *policyTest) write(out *bytes.Buffer, v *policy.Verdict) error {
	switch t.output {
	case policyJSON:
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(v)
	case policyMarkdown:
		writef(out, "%s\n\n%s", v.Sentence, policy.Table(v))
	case policyText:
		writeVerdict(out, v, newDisplay(t.env, t.color))
	}
	return nil
}

// writeVerdict is the verdict for a terminal: the conditions that are not met first.
func writeVerdict(out io.Writer, v *policy.Verdict, show display) {
	writef(out, "%s\n%s\nThe check run says %s.\n", show.paint(bold, safe(v.Title)), safe(v.Sentence), v.Conclusion)
	if does := actionLine(v); does != "" {
		writef(out, "%s\n", does)
	}
	if !v.Next.IsZero() {
		writef(out, "Time alone changes something at %s.\n", v.Next.UTC().Format(time.RFC3339))
	}
	writef(out, "\n")
	for _, met := range []bool{false, true} {
		for i := range v.Conditions {
			c := &v.Conditions[i]
			if (c.State == policy.Met) != met {
				continue
			}
			writef(out, "%s %s\n", show.paint(styleOf(c.State), fmt.Sprintf("%-8s", c.State)), safe(conditionLine(c)))
		}
	}
}

// actionLine is what the App does now; "" for nothing.
func actionLine(v *policy.Verdict) string {
	switch v.Action {
	case policy.Merge:
		return "The App merges it now (" + string(v.Method) + ")."
	case policy.Enqueue:
		return "The App puts it into the merge queue now."
	case policy.Arm:
		return "The App arms GitHub's auto-merge now."
	case policy.Disarm:
		return "The App takes GitHub's auto-merge back now."
	case policy.Dequeue:
		return "The App takes it out of the merge queue now."
	case policy.Nothing:
	}
	return ""
}

func conditionLine(c *policy.Condition) string {
	line := c.About
	if c.Of != "" {
		line += " " + c.Of
	}
	line += ": wanted " + c.Wanted + ", now " + c.Now
	if c.Says != "" {
		line += " (" + c.Says + ")"
	}
	return line
}

func styleOf(s policy.State) style {
	switch s {
	case policy.Met:
		return green
	case policy.Failed:
		return red
	case policy.Waiting, policy.Unknown:
	}
	return yellow
}
