package command

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/changes"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/format"
	"github.com/imageupdater/imageupdater/scanner/version"
)

// report is everything that a scan has to tell. The output formats print it.
type report struct {
	rows     []row
	problems []format.Problem
	warnings config.Warnings
	requests map[string]requestCounts
	// files counts what was looked at.
	files int
	// unused are the values of --only that matched nothing.
	unused []selector
	// told is what changed in the images; empty unless it was asked for.
	told changes.Found
	// config is what the plan was made with, at the time now; nil where there is none.
	config *config.Config
	now    time.Time
	// site is the GitHub on which texts are shown.
	site string
	// writes is set where the changes were to be written, not just shown.
	writes bool
	// changes are the files that change; empty unless they were asked for.
	changes []change
}

// row is a field, how it ended, and which of its updates is taken.
type row struct {
	scanner.Result
	// taken is the update that -o diff and --write apply; nil where there
	// is none.
	taken *scanner.Update
}

func newRows(results []scanner.Result, major bool) []row {
	rows := make([]row, len(results))
	for i, result := range results {
		rows[i] = row{Result: result, taken: take(result.Updates, major)}
	}
	return rows
}

// take chooses among the updates of a field: the first that is no major step
// or, if major steps are wanted, the first that is one.
func take(updates []scanner.Update, major bool) *scanner.Update {
	var taken *scanner.Update
	for i := range updates {
		isMajor := updates[i].Kind == version.Major
		switch {
		case isMajor && major:
			return &updates[i]
		case !isMajor && taken == nil:
			taken = &updates[i]
		}
	}
	return taken
}

// hasMajor tells whether one of the field's updates is a major step.
func (r row) hasMajor() bool { return isMajor(take(r.Updates, true)) }

// leavesMajor tells whether there is a major step that is not taken.
func (r row) leavesMajor() bool { return r.hasMajor() && !isMajor(r.taken) }

func isMajor(update *scanner.Update) bool { return update != nil && update.Kind == version.Major }

// shown are the rows that are listed for people: what the configuration leaves
// out is counted only.
func (r *report) shown() []row {
	return slices.DeleteFunc(slices.Clone(r.rows), row.excluded)
}

func (r row) excluded() bool { return r.Reason != nil && r.Reason.Code == format.Excluded }

// tally counts how the fields ended.
type tally struct {
	fields, files                      int
	update, current, skipped, problems int
	major, majorsLeft                  int
	excluded                           int // of those skipped
}

func (r *report) tally() tally {
	var t tally
	lastFile := ""
	for _, row := range r.rows {
		t.fields++
		// Rows are sorted by file, and no file has an empty name.
		if row.Field.File != lastFile {
			t.files++
			lastFile = row.Field.File
		}
		switch row.Status {
		case scanner.StatusUpdate:
			t.update++
		case scanner.StatusCurrent:
			t.current++
		case scanner.StatusSkipped:
			t.skipped++
		case scanner.StatusProblem:
			t.problems++
		}
		if row.excluded() {
			t.excluded++
		}
		if row.hasMajor() {
			t.major++
		}
		if row.leavesMajor() {
			t.majorsLeft++
		}
	}
	return t
}

// String is the sentence that ends every output for people.
func (t tally) String() string {
	updates := quantity(t.update, "update", "updates")
	if t.major > 0 {
		updates += fmt.Sprintf(" (%d major)", t.major)
	}
	skipped := fmt.Sprintf("%d skipped", t.skipped)
	if t.excluded > 0 {
		skipped += fmt.Sprintf(" (%d excluded)", t.excluded)
	}
	return fmt.Sprintf("%s in %s: %s, %d up to date, %s, %s.",
		quantity(t.fields, "image", "images"), quantity(t.files, "file", "files"),
		updates, t.current, skipped, quantity(t.problems, "problem", "problems"))
}

// nothingFound says what was looked for where there is nothing to list.
func (r *report) nothingFound() string {
	if len(r.unused) > 0 {
		return "No container image matches --only."
	}
	return fmt.Sprintf("No container images found: looked at %s for Helm values, Kustomize, Argo CD, Flux and Kubernetes manifests.",
		quantity(r.files, "YAML or JSON file", "YAML and JSON files"))
}

// verdict is the exit code of a scan that went through.
func (r *report) verdict(wantUpdates bool) error {
	t := r.tally()
	switch {
	case len(r.failures()) > 0:
		return codeError{exitFailure}
	case t.problems > 0:
		return codeError{exitLookup}
	case wantUpdates && t.update > 0:
		return codeError{exitUpdates}
	}
	return nil
}

// failures are the files that could not be changed, as problems.
func (r *report) failures() []format.Problem {
	var failures []format.Problem
	for _, c := range r.changes {
		if c.err != nil {
			failures = append(failures, format.Problem{File: c.file, Message: "not written: " + c.err.Error()})
		}
	}
	return failures
}

// written are the files that were written.
func (r *report) written() map[string]bool {
	written := make(map[string]bool)
	for _, c := range r.changes {
		if c.written {
			written[c.file] = true
		}
	}
	return written
}

// writeNotes writes what the person who started the scan should know, whatever
// the format and wherever its output goes.
func writeNotes(w io.Writer, report *report, job scanJob) {
	writeWarnings(w, report.warnings, display{})
	for _, s := range report.unused {
		writef(w, "--only %q matches nothing.\n", s.value)
	}
	for _, err := range report.told.Troubles {
		writef(w, "What changed could not all be read: %s\n", safe(err.Error()))
	}
	if job.output == outputDiff {
		writeProblems(w, report)
	}
	for _, failure := range report.failures() {
		writef(w, "%s\n", problemLine(failure))
	}
	t := report.tally()
	switch {
	case t.fields > 0:
		writef(w, "%s\n", t)
	case job.output == outputJSON || job.output == outputDiff:
		writef(w, "%s\n", report.nothingFound())
	}
	if job.write {
		writef(w, "%s\n", writtenLine(report))
	}
	if job.edits() && t.majorsLeft > 0 {
		writef(w, "%s left: --major takes them.\n", quantity(t.majorsLeft, "major update", "major updates"))
	}
}

// writeProblems lists what a diff has no place for.
func writeProblems(w io.Writer, report *report) {
	for _, p := range report.problems {
		writef(w, "%s\n", problemLine(p))
	}
	for _, row := range report.rows {
		if row.Status == scanner.StatusProblem {
			f := row.Field
			writef(w, "%s\n", problemLine(format.Problem{File: f.File, Line: f.Line, Column: f.Column, Message: imageName(f) + ": " + reasonText(row.Reason)}))
		}
	}
}

func writtenLine(report *report) string {
	updates, files := 0, 0
	for _, c := range report.changes {
		if c.written {
			files++
			updates += c.updates
		}
	}
	return fmt.Sprintf("%s written to %s.", quantity(updates, "update", "updates"), quantity(files, "file", "files"))
}

// problemLine is a problem as compilers print one.
func problemLine(p format.Problem) string { return problemPlace(p) + ": " + safe(p.Message) }

func problemPlace(p format.Problem) string {
	place := safe(p.File)
	if p.Line > 0 {
		place += fmt.Sprintf(":%d", p.Line)
	}
	if p.Line > 0 && p.Column > 0 {
		place += fmt.Sprintf(":%d", p.Column)
	}
	return place
}

func reasonText(reason *format.Reason) string {
	switch {
	case reason == nil:
		return ""
	case reason.Detail == "":
		return string(reason.Code)
	}
	return reason.Detail
}

// imageName is the name of a field's image as it was written or, where there
// is none, the place that lacks it.
func imageName(field format.Field) string {
	if name := field.Ref.Name(); name != "" {
		return name
	}
	return "(" + field.Path + ")"
}

// tagAndDigest is a version, short enough for a table.
func tagAndDigest(tag, digest string) string {
	switch {
	case tag == "" && digest == "":
		return "-"
	case digest == "":
		return tag
	}
	return strings.TrimPrefix(tag+"@"+shortDigest(digest), "@")
}

// shortDigest keeps as much of a digest as people compare.
func shortDigest(digest string) string {
	const hex = 12
	algorithm, rest, found := strings.Cut(digest, ":")
	if !found || len(rest) <= hex {
		return digest
	}
	return algorithm + ":" + rest[:hex]
}
