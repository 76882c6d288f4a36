package command

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/format"
	"github.com/imageupdater/imageupdater/scanner/version"
)

const (
	// fewCandidates is how many are listed unless all are asked for.
	fewCandidates = 20
	// fewExamples is how many tags of a refusal are named.
	fewExamples = 3
)

// block is a decision and all fields for which it is the same.
type block struct {
	explained
	also []format.Field
}

// writeExplain writes decisions for people.
func writeExplain(w io.Writer, found *report, all bool, now time.Time, d display) {
	for i, b := range blocksOf(found.rows, now) {
		if i > 0 {
			writef(w, "\n")
		}
		p := page{w, d, all}
		p.head(b)
		p.status(&b.explained)
		p.advice(b.advice)
		p.settings(b.settings)
		p.ignored(b.ignored)
		p.candidates(b.candidates)
		p.refused(b.refused, len(b.candidates))
	}
}

// blocksOf puts fields together of which all but the place is the same.
func blocksOf(rows []row, now time.Time) []block {
	var blocks []block
	known := map[string]int{}
	for _, r := range rows {
		key := fmt.Sprintf("%q %s %v %q", r.Field.Ref, r.Status, r.Updates, reasonText(r.Reason))
		if hasSettings(&r.Result) {
			key += r.Settings.Key() // candidates follow from it and the tag
		}
		if at, found := known[key]; found {
			blocks[at].also = append(blocks[at].also, r.Field)
			continue
		}
		known[key] = len(blocks)
		blocks = append(blocks, block{explained: explain(r.Result, now)})
	}
	return blocks
}

// page is where decisions are written.
type page struct {
	w   io.Writer
	d   display
	all bool
}

func (p page) title(text string) { writef(p.w, "\n%s\n", p.d.paint(bold, text)) }

func (p page) columns(lines [][]cell) { writeColumns(p.w, lines, p.d) }

func (p page) head(b block) {
	f := &b.Field
	writef(p.w, "%s %s (%s, %s)\n", p.d.paint(bold, fieldPlace(f)+":"), safe(imageAndVersion(f)), f.Format, safe(f.Path))
	for i := range b.also {
		writef(p.w, "also at %s\n", fieldPlace(&b.also[i]))
	}
}

func fieldPlace(f *format.Field) string {
	return problemPlace(format.Problem{File: f.File, Line: f.Line, Column: f.Column})
}

func (p page) status(e *explained) {
	writef(p.w, "\n")
	switch e.Status {
	case scanner.StatusUpdate:
		texts := make([]string, len(e.Updates))
		for i, u := range e.Updates {
			texts[i] = fmt.Sprintf("%s (%s) in group %s", tagAndDigest(u.Tag, u.Digest), u.Kind, u.Group)
		}
		writef(p.w, "%s %s\n", p.d.paint(yellow, "update:"), safe(strings.Join(texts, "; ")))
	case scanner.StatusCurrent:
		writef(p.w, "%s\n", p.d.paint(green, "up to date"))
	case scanner.StatusSkipped:
		writef(p.w, "%s %s\n", p.d.paint(dim, "skipped:"), safe(reasonText(e.Reason)))
	case scanner.StatusProblem:
		writef(p.w, "%s %s\n", p.d.paint(red, "problem:"), safe(reasonText(e.Reason)))
	}
}

func (p page) advice(lines []string) {
	if len(lines) > 0 {
		p.title("What would change it")
	}
	for _, line := range lines {
		writef(p.w, "  %s\n", safe(line))
	}
}

func (p page) settings(s settings) {
	if len(s) == 0 {
		return
	}
	p.title("Settings")
	var lines [][]cell
	for _, one := range s {
		if p.all || one.Origin.File != config.BuiltIn {
			lines = append(lines, []cell{{one.Key, plain}, {one.Value, plain}, {one.source(), dim}})
		}
	}
	p.columns(lines)
	switch {
	case p.all:
	case len(lines) == 0:
		writef(p.w, "  all by the built-in defaults\n")
	default:
		writef(p.w, "  all else by the built-in defaults\n")
	}
}

// source says who set it and, where it is not for all steps, for which.
func (s setting) source() string {
	if len(s.kinds) == 0 {
		return s.Origin.String()
	}
	return "for " + kindList(s.kinds) + ": " + s.Origin.String()
}

func kindList(kinds []version.Kind) string {
	words := make([]string, len(kinds))
	for i, kind := range kinds {
		words[i] = string(kind)
	}
	return strings.Join(words, ", ")
}

func (p page) ignored(entries []string) {
	if len(entries) > 0 {
		p.title("Ignored here")
	}
	for _, entry := range entries {
		writef(p.w, "  %s\n", safe(entry))
	}
}

func (p page) candidates(candidates []candidate) {
	if len(candidates) == 0 {
		return
	}
	p.title("Candidates, the newest first")
	shown := candidates
	if !p.all {
		shown = candidates[:min(fewCandidates, len(candidates))]
	}
	var lines [][]cell
	for _, one := range shown {
		lines = append(lines, []cell{{shortTag(one.tag), plain}, one.verdict()})
	}
	p.columns(lines)
	if rest := len(candidates) - len(shown); rest > 0 {
		writef(p.w, "  and %d more: --all shows them\n", rest)
	}
}

// shortTag shortens the digest that stands for new content of a tag.
func shortTag(tag string) string {
	name, digest, _ := strings.Cut(tag, "@")
	return tagAndDigest(name, digest)
}

func (c candidate) verdict() cell {
	chosen := "chosen (" + string(c.kind) + ")"
	switch {
	case c.refused == nil:
		return cell{chosen, green}
	case c.kind != "":
		return cell{string(c.refused.Reason) + ", " + chosen, green}
	case c.refused.Detail != "":
		return cell{string(c.refused.Reason) + ": " + c.refused.Detail, dim}
	}
	return cell{string(c.refused.Reason), dim}
}

func (p page) refused(groups []refusal, of int) {
	if len(groups) == 0 {
		return
	}
	count := 0
	for i := range groups {
		count += len(groups[i].rejected)
	}
	p.title(fmt.Sprintf("Refused: %d of %d", count, of))
	width := len(strconv.Itoa(len(groups[0].rejected))) // the first is the largest
	for i := range groups {
		writef(p.w, "  %*d  %s%s\n", width, len(groups[i].rejected), safe(groups[i].String()), p.remedy(groups[i].remedy))
	}
}

func (p page) remedy(text string) string {
	if text == "" {
		return ""
	}
	return p.d.paint(cyan, " — "+safe(text))
}

// String is the reason and a few of the tags.
func (g *refusal) String() string {
	text := string(g.reason)
	if g.detail != "" {
		text += ", " + g.detail
	}
	return text + ": " + strings.Join(g.examples(), ", ")
}

// examples are a few of the tags; of a single one with what is said of it.
func (g *refusal) examples() []string {
	only := g.rejected[0]
	if len(g.rejected) == 1 && only.Detail != "" && g.detail == "" {
		return []string{shortTag(only.Tag) + " (" + only.Detail + ")"}
	}
	var tags []string
	for _, one := range g.rejected[:min(fewExamples, len(g.rejected))] {
		tags = append(tags, shortTag(one.Tag))
	}
	if len(g.rejected) > fewExamples {
		tags = append(tags, "…")
	}
	return tags
}
