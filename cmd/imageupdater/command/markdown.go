package command

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/imageupdater/imageupdater/handlers/foreign"
	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner"
)

// writeMarkdown writes what a CI summary should show: what each pull request would
// say, the problems, and folded what was skipped.
func writeMarkdown(w io.Writer, report *report) {
	writef(w, "# Container images\n\n")
	if len(report.rows) == 0 {
		writef(w, "%s\n", report.nothingFound())
	} else {
		writef(w, "%s\n", report.tally())
	}
	if report.writes {
		writef(w, "\n%s\n", writtenLine(report))
	}
	writeGroups(w, report)
	writeMarkdownTable(w, []string{"Where", "Problem"}, problemRows(report))
	if skipped := skippedRows(report); len(skipped) > 0 {
		writef(w, "\n<details><summary>%d skipped</summary>\n", len(skipped))
		writeMarkdownTable(w, []string{"Where", "Image", "Version", "Reason"}, skipped)
		writef(w, "\n</details>\n")
	}
}

// writeGroups writes what the pull requests would say.
func writeGroups(w io.Writer, report *report) {
	plan := &scanner.Plan{}
	for _, r := range report.rows {
		plan.Results = append(plan.Results, r.Result)
	}
	for _, g := range proposal.Grouped(plan) {
		notes := &proposal.Notes{RepositoryURL: report.site, Held: g.Held, Facts: report.told.Facts, Changelogs: report.told.Changelogs}
		if report.config != nil {
			notes.Merging = g.Merging(report.config, report.now)
		}
		body := proposal.Preview(g.Proposal, notes)
		writef(w, "\n## %s\n\n%s", foreign.Line(g.Title, foreign.Options{}), body)
	}
}

func problemRows(report *report) [][]string {
	var rows [][]string
	for _, r := range report.rows {
		if r.Status == scanner.StatusProblem {
			rows = append(rows, []string{place(r), codeSpan(imageName(r.Field) + ": " + reasonText(r.Reason))})
		}
	}
	for _, p := range slices.Concat(report.problems, report.failures()) {
		rows = append(rows, []string{codeSpan(problemPlace(p)), codeSpan(p.Message)})
	}
	return rows
}

func skippedRows(report *report) [][]string {
	var rows [][]string
	for _, r := range report.shown() {
		if r.Status == scanner.StatusSkipped {
			rows = append(rows, []string{place(r), codeSpan(imageName(r.Field)), codeSpan(tagAndDigest(r.Field.Ref.Tag, r.Field.Ref.Digest)), codeSpan(reasonText(r.Reason))})
		}
	}
	return rows
}

func place(r row) string { return codeSpan(fmt.Sprintf("%s:%d", r.Field.File, r.Field.Line)) }

// writeMarkdownTable writes a table with a heading, and nothing without rows.
// The cells must be Markdown already.
func writeMarkdownTable(w io.Writer, heading []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	writef(w, "\n| %s |\n|%s\n", strings.Join(heading, " | "), strings.Repeat("---|", len(heading)))
	for _, cells := range rows {
		writef(w, "| %s |\n", strings.Join(cells, " | "))
	}
}

// codeSpan makes text of a file or a registry a piece of code in a table's
// cell: there GitHub makes neither mentions nor links of it.
//
// Within backticks a table has no reliable way to write a backtick, a
// backslash or a pipe. Text with one of them goes into a code element with its
// punctuation as entities, which open nothing.
func codeSpan(text string) string {
	text = safe(text)
	if text == "" {
		return ""
	}
	if !strings.ContainsAny(text, "`\\|$") && text == strings.TrimSpace(text) {
		return "`" + text + "`"
	}
	var b strings.Builder
	for _, r := range text {
		if strings.ContainsRune("`\\|$<>&*_[]()~!#@\"'", r) {
			writef(&b, "&#%d;", r)
		} else {
			b.WriteRune(r)
		}
	}
	return "<code>" + b.String() + "</code>"
}
