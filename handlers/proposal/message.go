package proposal

import (
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/imageupdater/imageupdater/handlers/foreign"
	"github.com/imageupdater/imageupdater/scanner/changelog"
)

const (
	// subjectLength is what logs show of a commit's subject, in characters.
	subjectLength = 72
	// mostLines is how many changes a commit message lists.
	mostLines = 100
	// mostSources is of how many images it says where they changed.
	mostSources = 30
)

// message is the proposal's commit message: the title, what changes where, what is
// known by now of what changed in the images, and the record as its last line.
func message(p *Proposal, repository int64, changed map[string]Changelog) (string, error) {
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
	b.WriteString(sources(p, changed))
	record := p.record(repository)
	return record.Sealed(b.String())
}

// sources say of each image with a known source what changed there. They are no links:
// a commit is written once, and what it refers to would say so for ever.
func sources(p *Proposal, changed map[string]Changelog) string {
	moves := movesOf(p.Changes)
	var lines []string
	for _, s := range (&Notes{Changelogs: changed}).stories(moves) {
		c := &s.changed
		if c.Repository.IsZero() || s.pending() && !s.says() {
			continue
		}
		line := foreign.Shorten(s.names(called), foreign.Longest) + ": " + s.essence() + ", " + c.Repository.Host + "/" + c.Repository.Path
		if from, to := s.revisions(); from != "" && to != "" {
			line += " " + stated(from) + "..." + stated(to)
		}
		lines = append(lines, "- "+quiet(foreign.Shorten(line, 2*foreign.Longest))+"\n")
	}
	if len(lines) == 0 {
		return ""
	}
	more := ""
	if n := len(lines) - mostSources; n > 0 {
		lines, more = lines[:mostSources], fmt.Sprintf("- and %d more\n", n)
	}
	return "\n" + strings.Join(lines, "") + more
}

// stated is a revision in a commit message.
func stated(revision string) string {
	if changelog.IsCommit(revision) {
		return brief(revision)
	}
	return foreign.Shorten(revision, longestName)
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
