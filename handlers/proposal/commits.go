package proposal

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/handlers/foreign"
	"github.com/imageupdater/imageupdater/scanner/changelog"
)

const (
	// ordinaryCommit is about how long a commit's line is, in bytes.
	ordinaryCommit = 260
	// together is how many commits are one section, which is folded as a whole.
	together = 20
	// mostBots is how many programs are named.
	mostBots = 3
)

// breakingSubject is how subjects of conventional commits say that they break something.
var breakingSubject = regexp.MustCompile(`^[a-z]+(?:\([^()]*\))?!:`)

// commits are the changes, the newest first, in that many bytes.
func (s *story) commits(most int) []section {
	c := s.changed.Commits
	who, last := s.people(), s.others(len(c.Changes))
	most -= len(who) + len(last) + len("\n\n") + len(" and 1000000000 more")
	var sections []section
	part := section{text: who}
	shown := 0
	for i := range c.Changes {
		line := s.commit(&c.Changes[i])
		if most -= len(line); most < 0 {
			break
		}
		part.text += line
		shown++
		if part.of++; part.of == together {
			sections = append(sections, part)
			part = section{}
		}
	}
	if part.of > 0 {
		sections = append(sections, part)
	}
	if text := s.others(len(c.Changes) - shown); text != "" {
		if shown == 0 {
			text = part.text + text
		}
		sections = append(sections, section{text: text})
	}
	if len(sections) > 0 {
		sections[len(sections)-1].text += "\n" // the list ends
	}
	return sections
}

// people says how many wrote the commits, and when, where all are known. There is
// always something before the list: without it, the lines above would be part of it.
func (s *story) people() string {
	c := s.changed.Commits
	authors := map[string]bool{}
	var first, last time.Time
	for i := range c.Changes {
		change := &c.Changes[i]
		authors[change.Author] = true
		if when := change.When; !when.IsZero() {
			if first.IsZero() || when.Before(first) {
				first = when
			}
			if when.After(last) {
				last = when
			}
		}
	}
	switch {
	case c.Left > 0:
		return "The newest commits:\n\n"
	case len(c.Changes) < 2 || first.IsZero():
		return "Commits:\n\n"
	}
	people := "1 person"
	if n := len(authors); n != 1 {
		people = fmt.Sprintf("%d people", n)
	}
	from, to := day(first), day(last)
	if from == to {
		return "By " + people + " on " + to + ":\n\n"
	}
	return "By " + people + " between " + from + " and " + to + ":\n\n"
}

// commit is a line of the list: what it says, then where it is from.
func (s *story) commit(c *changelog.Change) string {
	repo := s.changed.Repository
	text := foreign.Line(c.Subject, s.page(repo))
	switch {
	case text == "":
		text = "(it says nothing)"
	case breakingSubject.MatchString(c.Subject):
		text = "**breaking** " + text
	}
	parts := []string{text}
	if c.Pull > 0 {
		parts = append(parts, s.pull(repo, c.Pull))
	}
	if author := foreign.Line(c.Author, foreign.Options{Host: s.host()}); author != "" {
		parts = append(parts, author)
	}
	if changelog.IsCommit(c.SHA) {
		parts = append(parts, s.linked(foreign.Code(brief(c.SHA)), c.URL))
	}
	return "- " + strings.Join(parts, " · ") + "\n"
}

// others is the last item: what is not listed, with that many left out for room.
func (s *story) others(cut int) string {
	c := s.changed.Commits
	var parts []string
	if more := c.Left + cut; more > 0 {
		parts = append(parts, s.linked(fmt.Sprintf("%d more", more), s.changed.Link))
	}
	rest := 0
	for i, bot := range c.Bots {
		if i < mostBots {
			parts = append(parts, fmt.Sprintf("%d of %s (bot)", bot.Count, foreign.Code(bot.Name)))
		} else {
			rest += bot.Count
		}
	}
	if rest > 0 {
		parts = append(parts, fmt.Sprintf("%d of other bots", rest))
	}
	if c.Merges > 0 {
		parts = append(parts, Counted(c.Merges, "merge"))
	}
	switch {
	case len(parts) == 0:
		return ""
	case len(c.Changes) == 0:
		return "- " + inWords(parts) + "\n"
	}
	return "- and " + inWords(parts) + "\n"
}

// inWords are parts of a sentence: "a, b and c".
func inWords(parts []string) string {
	last := len(parts) - 1
	if last < 1 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:last], ", ") + " and " + parts[last]
}
