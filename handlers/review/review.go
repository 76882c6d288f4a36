// Package review says what the check run imageupdater/config tells of a pull request
// that touches .imageupdater.yaml: what is wrong with the file, line by line, and what
// it would change. It decides by its arguments alone.
//
// It may import the other sub-packages of handlers, scanner and config.
package review

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/foreign"
	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/proposal"
)

// Name is the check run's.
const Name = "imageupdater/config"

// The conclusions.
const (
	Success = "success"
	Neutral = "neutral"
	Failure = "failure"
)

// Verdict is what a check run tells.
type Verdict struct {
	Conclusion string
	Title      string
	Summary    string // Markdown
	// Annotations are on lines of the file, errors first.
	Annotations []forge.Annotation
}

// Broken is the verdict on a file with errors. Of those in files that it extends no
// more is told than where they are: whoever reads the check run may not read them.
func Broken(errs config.Errors, warnings config.Warnings) Verdict {
	own, others := parted(errs)
	v := Verdict{
		Conclusion: Failure, Title: proposal.Counted(len(errs), "error") + " in " + config.FileName,
		Annotations: annotate(own, warnings),
	}
	var b strings.Builder
	b.WriteString("Merged as it is, this file would stop all updates of the repository until it is mended.\n\n")
	for i, e := range own {
		if i == mostListed {
			fmt.Fprintf(&b, "- and %d more\n", len(own)-i)
			break
		}
		fmt.Fprintf(&b, "- line %d: %s\n", e.Line, foreign.Code(worded(e.Field, e.Message, e.Hint)))
	}
	for _, line := range othersTold(others) {
		b.WriteString("- " + foreign.Code(line) + "\n")
		v.Annotations = append(v.Annotations, forge.Annotation{
			Path: config.FileName, StartLine: 1, EndLine: 1, Level: failed, Title: "a file that this one extends", Message: clip(line, longestMessage),
		})
	}
	v.Summary = b.String()
	return v
}

// othersTold says where errors are in files that are extended.
func othersTold(others config.Errors) []string {
	var lines []string
	for _, e := range others {
		line := e.File + " has an error"
		if e.Line > 0 {
			line = fmt.Sprintf("%s:%d has an error", e.File, e.Line)
		}
		if !slices.Contains(lines, line) && len(lines) < mostListed {
			lines = append(lines, line)
		}
	}
	return lines
}

// Preview is what is known of what a file would change.
type Preview struct {
	Effect proposal.Effect
	// None says why there is none; "" where there is one.
	None string
	// Unasked is how many questions to registries were not asked for it.
	Unasked int
	// Commit is that of the branch whose files it is of.
	Commit string
}

// Good is the verdict on a file without errors.
func Good(warnings config.Warnings, p Preview) Verdict {
	v := Verdict{Conclusion: Success, Title: config.FileName + " is good", Annotations: annotate(nil, warnings)}
	if n := len(v.Annotations); n > 0 {
		v.Title += ", with " + proposal.Counted(n, "remark")
	}
	v.Summary = p.text()
	return v
}

// text says what would happen.
func (p *Preview) text() string {
	if p.None != "" {
		return "What merging it would change is not told: " + p.None + "\n"
	}
	text := "Merging it would change nothing about the pull requests that there are now.\n"
	if !p.Effect.None() {
		text = "Merging it now would have this effect, beside what would happen without it:\n\n" + p.Effect.Text()
	}
	if p.Unasked > 0 {
		text += fmt.Sprintf("\nThere may be more, since this was left for when it is merged: %s to registries.\n", proposal.Counted(p.Unasked, "question"))
	}
	return text + "\nThis is what it looks like with the files at " + foreign.Code(p.Commit) + ". Nothing of this file holds before it is merged.\n"
}

// Removed is the verdict on a pull request that removes the file, while so many of
// the App's pull requests are open.
func Removed(open int) Verdict {
	text := "Merged, this ends all updates of the repository. No pull request is opened, changed or closed any more"
	if open > 0 {
		text += "; " + proposal.Counted(open, "open pull request") + " of the App would stay as they are"
	}
	return Verdict{Conclusion: Neutral, Title: config.FileName + " is removed", Summary: text + ".\n"}
}

// parted tells errors of the file itself from those in files that it extends.
func parted(errs config.Errors) (own, others config.Errors) {
	for _, e := range errs {
		if e.File == config.FileName {
			own = append(own, e)
		} else {
			others = append(others, e)
		}
	}
	return own, others
}

// The levels of annotations.
const (
	failed = "failure"
	warned = "warning"
	noted  = "notice"
)

// How much is told.
const (
	mostListed     = 30
	mostRemarks    = 100 // GitHub shows few of them
	longestTitle   = 255
	longestMessage = 4000
)

func annotate(errs config.Errors, warnings config.Warnings) []forge.Annotation {
	var all []forge.Annotation
	for _, e := range errs {
		all = append(all, annotation(e.Line, e.Column, failed, e.Field, worded("", e.Message, e.Hint)))
	}
	for i := range warnings {
		w := &warnings[i]
		if w.File != config.FileName || len(all)-len(errs) == mostRemarks {
			continue
		}
		level := warned
		if w.Severity == config.SeverityNote {
			level = noted
		}
		all = append(all, annotation(w.Line, w.Column, level, w.Field, worded("", w.Message, w.Hint)))
	}
	return all
}

// annotation is a word on one line. GitHub wants to know where it is, so that what
// is about the whole file is said of its first line.
func annotation(line, column int, level, field, message string) forge.Annotation {
	line = max(line, 1)
	return forge.Annotation{
		Path: config.FileName, StartLine: line, EndLine: line, StartCol: max(column, 0), EndCol: max(column, 0), Level: level,
		Title: clip(field, longestTitle), Message: clip(message, longestMessage),
	}
}

func worded(field, message, hint string) string {
	if field != "" {
		message = field + ": " + message
	}
	if hint != "" {
		message += " (" + hint + ")"
	}
	return message
}

// clip ends a text after so many characters.
func clip(text string, most int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}
