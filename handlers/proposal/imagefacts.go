package proposal

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/handlers/foreign"
)

func (n *Notes) before(m *move) Facts { return n.of(m.changes[0].Image, m.changes[0].From) }

func (n *Notes) after(m *move) Facts { return n.of(m.changes[0].Image, m.changes[0].To) }

// fact is a line about an image. Some a reviewer decides by, and sees at once; of one
// image alone first ones too.
type fact struct {
	line           string
	decides, first bool
}

// image is what is known of a move's two images.
func (n *Notes) image(m *move, r *room) []fact {
	before, after := n.before(m), n.after(m)
	lost, gained, _ := platforms(before, after)
	all := []fact{{line: platformLine(before, after), decides: len(lost)+len(gained) > 0}}
	if r.facts {
		rebuilt := before.Base != "" && after.Base != "" && based(before) != based(after)
		all = append(all, fact{line: sizeLine(before, after), decides: grownMuch(before, after), first: true},
			fact{line: baseLine(before, after), decides: rebuilt && before.Base != after.Base, first: rebuilt},
			fact{line: builtLine(before, after)})
		if before.Digest != "" || after.Digest != "" {
			all = append(all, fact{line: "digest before: " + unlessEmpty(before.Digest)}, fact{line: "digest after: " + unlessEmpty(after.Digest)})
		}
		if len(m.changes) > r.places && r.listed > 0 {
			all = append(all, fact{line: "places: " + n.where(m, r.listed, ", ", true)})
		}
	}
	return slices.DeleteFunc(all, func(f fact) bool { return f.line == "" })
}

// linesOf are the lines of the facts that are wanted.
func linesOf(all []fact, wanted func(fact) bool) []string {
	var lines []string
	for _, f := range all {
		if wanted(f) {
			lines = append(lines, f.line)
		}
	}
	return lines
}

// muchGrown is by what part an image has to be larger or smaller to be told of among
// others.
const muchGrown = 0.1

func grownMuch(before, after Facts) bool {
	return before.Size > 0 && after.Size > 0 && before.Measured == after.Measured &&
		math.Abs(float64(after.Size-before.Size)) >= muchGrown*float64(before.Size)
}

// platforms are those that only one of two images has, and those of both.
func platforms(before, after Facts) (lost, gained, kept []string) {
	old, now := spelled(before.Platforms), spelled(after.Platforms)
	if len(old) == 0 || len(now) == 0 { // one of them is not known
		return nil, nil, nil
	}
	for _, p := range old {
		if !slices.Contains(now, p) {
			lost = append(lost, p)
		}
	}
	for _, p := range now {
		if slices.Contains(old, p) {
			kept = append(kept, p)
		} else {
			gained = append(gained, p)
		}
	}
	return lost, gained, kept
}

// spelled are platforms each in one spelling: every linux/arm64 is v8.
func spelled(platforms []string) []string {
	all := make([]string, 0, len(platforms))
	for _, p := range platforms {
		all = append(all, strings.TrimSuffix(p, "arm64/v8"))
		if strings.HasSuffix(p, "arm64/v8") {
			all[len(all)-1] += "arm64"
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func platformLine(before, after Facts) string {
	lost, gained, kept := platforms(before, after)
	switch {
	case len(lost)+len(gained)+len(kept) == 0 && len(after.Platforms) > 0:
		return "platforms: " + codes(spelled(after.Platforms))
	case len(lost)+len(gained)+len(kept) == 0:
		return ""
	case len(lost)+len(gained) == 0:
		return "platforms: " + codes(kept) + ", as before"
	}
	var parts []string
	for _, part := range []struct {
		words string
		of    []string
	}{{"**loses** ", lost}, {"gains ", gained}, {"keeps ", kept}} {
		if len(part.of) > 0 {
			parts = append(parts, part.words+codes(part.of))
		}
	}
	return "platforms: " + strings.Join(parts, "; ")
}

// sizeLine is how large the image is, and how much larger than the old one where
// both were measured alike.
func sizeLine(before, after Facts) string {
	if after.Size <= 0 {
		return ""
	}
	text := "size: " + bytesOf(after.Size)
	if before.Size > 0 && before.Measured == after.Measured {
		text += " (" + grown(before.Size, after.Size) + ")"
	}
	if after.Measured != "" {
		text += " for " + foreign.Code(after.Measured)
	}
	return text
}

func grown(before, after int64) string {
	by, sign := after-before, "+"
	if by < 0 {
		by, sign = -by, "−"
	}
	if by == 0 {
		return "as before"
	}
	percent := 100 * float64(by) / float64(before)
	text := fmt.Sprintf("%s%s, %s%.1f %%", sign, bytesOf(by), sign, percent)
	if percent >= 100 {
		text = fmt.Sprintf("%s%s, %s%.0f %%", sign, bytesOf(by), sign, percent)
	}
	return text
}

// bytesOf is a number of bytes as registries show it: a thousand to the next unit.
func bytesOf(n int64) string {
	const step = 1000
	if n < step {
		return fmt.Sprintf("%d B", n)
	}
	size, unit := float64(n)/step, 0
	for math.Round(size*10) >= step*10 && unit < len(units)-1 {
		size, unit = size/step, unit+1
	}
	return fmt.Sprintf("%.1f %s", size, units[unit])
}

//nolint:gochecknoglobals // a table, never written
var units = []string{"kB", "MB", "GB", "TB", "PB", "EB"}

// builtLine is when the image was built and given to the registry.
func builtLine(before, after Facts) string {
	var parts []string
	if created := day(after.Created); created != "" {
		text := "created " + created
		if old := day(before.Created); old != "" {
			text += " (before: " + old + ")"
		}
		parts = append(parts, text)
	}
	if pushed := day(after.Pushed); pushed != "" {
		parts = append(parts, "pushed "+pushed)
	}
	return strings.Join(parts, ", ")
}

// firstImages is the year before which no image was built: builds that are to give
// the same bytes each time say 1970 or 1980.
const firstImages = 2013

func day(t time.Time) string {
	if t.Year() < firstImages {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

// baseLine is the image that it was built on.
func baseLine(before, after Facts) string {
	switch {
	case after.Base == "":
		return ""
	case before.Base == "", before.Base == after.Base && after.BaseDigest == "": // a name says nothing of what it stands for
		return "base image: " + based(after)
	case before.Base == after.Base && before.BaseDigest == after.BaseDigest:
		return "base image: " + based(after) + ", as before"
	}
	return "base image: " + based(before) + " → " + based(after)
}

func based(f Facts) string {
	if f.BaseDigest == "" || strings.Contains(f.Base, "@") {
		return foreign.Code(f.Base)
	}
	return foreign.Code(f.Base + "@" + brief(f.BaseDigest))
}
