package contact

import (
	"fmt"
	"strings"

	"github.com/imageupdater/imageupdater/handlers/foreign"
	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/format"
)

// Found is what the pull request tells of a repository.
type Found struct {
	Fields []format.Field
	// Plan and Desired are what there would be with the file.
	Plan    *scanner.Plan
	Desired proposal.Desired
	// Limit and PerHour are how many pull requests are open and opened at most.
	Limit, PerHour int
}

// mostProblems is how many are told.
const mostProblems = 10

// Body is the pull request's text in Markdown. All that comes from outside went
// through code.
func (f *Found) Body() string {
	files := map[string]bool{}
	for i := range f.Fields {
		files[f.Fields[i].File] = true
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Image Updater has found %s in %s of this repository. This pull request adds a file that lets it propose newer versions of them.\n\n",
		proposal.Counted(len(images(f.Fields)), "image"), proposal.Counted(len(files), "file"))
	b.WriteString("**Merge it**, and pull requests with updates come, as shown below. Nothing merges by itself. Until then nothing happens.\n\n" +
		"**Change it** as you like before: push to its branch, which is yours from then on. The check `imageupdater/config` shows what that would change.\n\n" +
		"**Close it** if you don't want any of this: it is not proposed again, and reopening this pull request is the way back. " +
		"A file that you write yourself is as good: this one is closed then.\n\n### What it would do now\n\n")
	b.WriteString(f.preview())
	b.WriteString(f.problems())
	return b.String()
}

func (f *Found) preview() string {
	effect := proposal.Compare(nil, f.Desired)
	if effect.None() {
		return "Nothing: no newer versions of these images are known, or none that the rules would choose.\n"
	}
	return fmt.Sprintf("At most %s would be opened in an hour, and at most %d would be open at a time. The file can say otherwise.\n\n",
		proposal.Counted(f.PerHour, "pull request"), f.Limit) + effect.Text()
}

// problems are the images of which nothing is known.
func (f *Found) problems() string {
	if f.Plan == nil {
		return ""
	}
	var lines []string
	for i := range f.Plan.Results {
		r := &f.Plan.Results[i]
		if r.Reason == nil || r.Status != scanner.StatusProblem && r.Reason.Code != scanner.Postponed {
			continue
		}
		line := "- " + foreign.Code(r.Field.Ref.Repository().String()) + ": " + foreign.Code(r.Reason.Detail) + "\n"
		if len(lines) == 0 || lines[len(lines)-1] != line {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return ""
	}
	text := "\n### What could not be looked up\n\n" + strings.Join(lines[:min(len(lines), mostProblems)], "")
	if more := len(lines) - mostProblems; more > 0 {
		text += fmt.Sprintf("- and %d more\n", more)
	}
	return text + "\nMostly the server lacks credentials for that registry, or it will be asked again later.\n"
}
