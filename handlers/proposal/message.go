package proposal

import (
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/imageupdater/imageupdater/handlers/foreign"
)

const (
	// subjectLength is what logs show of a commit's subject, in characters.
	subjectLength = 72
	// mostLines is how many changes a commit message lists.
	mostLines = 100
)

// message is the proposal's commit message: the title, what changes where, and
// the record as its last line.
func message(p *Proposal, repository int64) (string, error) {
	var b strings.Builder
	b.WriteString(subject(p) + "\n\n")
	for i := range p.Changes[:min(len(p.Changes), mostLines)] {
		c := &p.Changes[i]
		// A line that begins with a dash is no trailer, whatever the file's name is.
		line := fmt.Sprintf("%s: %s %s → %s", foreign.Shorten(c.Path, foreign.Longest), foreign.Shorten(called(c.Image), foreign.Longest), plain(c.From), plain(c.To))
		b.WriteString("- " + quiet(line) + "\n")
	}
	if more := len(p.Changes) - mostLines; more > 0 {
		fmt.Fprintf(&b, "- and %d more\n", more)
	}
	record := p.record(repository)
	return record.Sealed(b.String())
}

// subject is the title, with the image's last word alone where it is too long for
// logs.
func subject(p *Proposal) string {
	text := clip(quiet(p.Title), longestTitle)
	if utf8.RuneCountInString(text) <= subjectLength || len(p.Changes) == 0 {
		return text
	}
	name := named(p.Changes[0].Image)
	return strings.Replace(text, " "+name+" ", " "+path.Base(name)+" ", 1)
}

// plain is a value in a commit message. A digest is short and has no "@", which
// would mention somebody.
func plain(v Value) string {
	switch {
	case v.Digest == "":
		return v.Tag
	case v.Tag == "":
		return brief(v.Digest)
	}
	return v.Tag + " (" + brief(v.Digest) + ")"
}
