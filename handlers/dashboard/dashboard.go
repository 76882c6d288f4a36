// Package dashboard writes the text of the issue that lists what the App does in
// a repository and what waits for what, and reads the boxes that people tick in
// it. It does neither input nor output.
//
// It may import the other sub-packages of handlers, scanner and config.
package dashboard

import (
	"regexp"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/foreign"
	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner"
)

// Title is what the issue is called, until somebody gives it another name.
const Title = "Image updates"

// Longest is how long the text is at most, in bytes: GitHub takes 65,536
// characters, and people may want to add some.
const Longest = 59_000

// State is what the text tells of, as a look left it.
type State struct {
	RepositoryID int64
	// URL is where people see the repository; without it nothing is linked.
	URL string
	// Base is the branch that pull requests are for, Commit its newest commit.
	Base, Commit string
	Config       *config.Config
	Warnings     config.Warnings
	Plan         *scanner.Plan
	Desired      *proposal.Desired
	// Past is as it was when the look began, Opened the numbers of the pull
	// requests that it opened, by their branches, and Closed of those that it
	// closed.
	Past   proposal.Past
	Opened map[string]int
	Closed map[int]bool
	// Refused is what could not be written.
	Refused []proposal.Refusal
	// Ticked are the boxes that nobody has acted on yet: they stay ticked.
	Ticked Ticks
	// Seen is mirrored in a hidden line, signed with the first of Keys.
	Seen []Seen
	Keys [][]byte
	Now  time.Time
	// Most is how long the text may be, in bytes; 0 means Longest.
	Most int
}

// room says how much of each thing a text shows.
type room struct {
	items int // of a section
	moves int // in an item
	words int // of what comes from elsewhere, in bytes
}

// rooms are tried in turn, until the text is short enough.
//
//nolint:gochecknoglobals // a table, never written
var rooms = []room{
	{items: 200, moves: 8, words: foreign.Longest},
	{items: 100, moves: 5, words: foreign.Longest},
	{items: 50, moves: 3, words: 160},
	{items: 20, moves: 2, words: 100},
	{items: 8, moves: 1, words: 80},
	{items: 2, moves: 1, words: 60},
	{words: 60},
}

// Text is the App's part of the issue. It is Markdown; all that comes from outside
// went through package foreign.
func Text(s *State) string {
	most := s.Most
	if most == 0 {
		most = Longest
	}
	hidden := mirror(s.Seen, s.RepositoryID, s.Keys)
	if len(hidden)*3 > most {
		hidden = ""
	}
	text := ""
	for _, r := range rooms {
		text = (&writing{s, r}).text(hidden)
		if len(text) <= most {
			break
		}
	}
	return text
}

const intro = "What Image Updater does here, and what waits for what. It is written anew whenever that changes; what you write above or " +
	"below it stays. Ticking a box gives an order, once: whoever may write to this repository may tick."

// text joins the parts, with an empty line between.
func (w *writing) text(hidden string) string {
	parts := []string{intro}
	for _, of := range w.sections() {
		if len(of.items) > 0 {
			parts = append(parts, w.section(&of))
		}
	}
	if len(parts) == 1 {
		parts = append(parts, w.nothing())
	}
	parts = append(parts, w.foot(), w.last())
	if hidden != "" {
		parts = append(parts, hidden)
	}
	return strings.Join(parts, "\n\n")
}

// nothing is said where there is nothing to list.
func (w *writing) nothing() string {
	if len(w.Plan.Results) == 0 {
		return "There is nothing to list: no image was found."
	}
	return "All is well: there is nothing that is open, waits, or needs you."
}

func (w *writing) foot() string {
	return "---\n\n" + w.boxed(Box{Verb: Look}) + "Look again, and ask the registries anew: `/rescan` in a comment does the same.\n\n" +
		"On a pull request, `/help` in a comment lists all commands."
}

// lastChange begins the line that changes with each text, and does not make one
// worth writing.
const lastChange = "Last change of this list: "

func (w *writing) last() string {
	commit := foreign.Code(w.Commit[:min(len(w.Commit), 7)])
	if link := w.page("/commit/" + w.Commit); link != "" && isHex(w.Commit) {
		commit = "[" + commit + "](" + link + ")"
	}
	text := lastChange + w.at(w.Now) + ", with " + foreign.Code(w.Base) + " at " + commit + "."
	if schedule := w.Config.Schedule.Value.String(); schedule != "" {
		text += "\nThe repository is looked at by the schedule " + foreign.Code(schedule) + ", and whenever something happens to it."
	}
	return text
}

// at is a time in the zone of the repository. What begins within a minute is said to
// begin with the next one.
func (w *writing) at(t time.Time) string {
	zone := time.UTC
	if w.Config != nil {
		zone = w.Config.Location()
	}
	return t.Add(time.Minute - 1).Truncate(time.Minute).In(zone).Format("2006-01-02 15:04 MST")
}

// Same says whether a text that is there needs no writing: it says the same, but for
// when it was written, and for numbers in how others told what went wrong, which may
// be other ones each time. They are renewed with the text.
func Same(was, now string) bool { return essence(was) == essence(now) }

// numbers are words with a digit: times, names of requests and the like.
var numbers = regexp.MustCompile(`[\w:.-]*\d[\w:.-]*`)

// outOfOrder is how a registry that is out of order is told of: in other words each time,
// by which of its answers was met.
var outOfOrder = regexp.MustCompile(`failed several times in a row|(answered|gave) 5\d\d|timeout|deadline exceeded|connection (refused|reset)|EOF`)

func essence(text string) string {
	var b strings.Builder
	problems := false
	for line := range strings.Lines(strings.ReplaceAll(text, "\r\n", "\n")) {
		line = strings.TrimRight(line, " \t\n")
		if strings.HasPrefix(line, "### ") {
			problems = line == "### "+problemsTitle
		}
		if strings.HasPrefix(line, lastChange) {
			continue
		}
		if problems {
			what, said, _ := strings.Cut(line, saying)
			if outOfOrder.MatchString(said) {
				said = ""
			}
			line = what + saying + numbers.ReplaceAllString(said, "0")
		}
		b.WriteString(line + "\n")
	}
	return strings.TrimSpace(b.String())
}
