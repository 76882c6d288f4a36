package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/imageupdater/imageupdater/handlers/foreign"
)

const (
	// mostCommands is how many are taken from one comment.
	mostCommands = 10
	// longestComment is how much of a comment is read, in bytes. Markdown can be
	// written so that it takes time with the square of its length: this much takes
	// less than a second whoever wrote it.
	longestComment = 16 << 10
)

// MistakeError is what is wrong with a comment that gives commands.
type MistakeError struct {
	// Mistakes are told in Markdown, one a line, each with what to write instead.
	// What came from the comment is escaped.
	Mistakes []string
}

func (e *MistakeError) Error() string { return strings.Join(e.Mistakes, "; ") }

// Parse finds the commands in a comment, in their order; what is said twice counts
// once. The clock says which days are over, in the zone that dates are meant in.
//
// A command is a line of its own that begins with a slash, after three spaces at
// most, and shows as plain text: no code, quote, HTML or table, nothing that is
// struck out or folded, and not what a reply by e-mail quotes. Other lines are none
// of ours, unless they begin like a command.
//
// The error is a *MistakeError if anything is wrong with a command. Then there are
// no commands at all: who wrote the comment sees one answer for all of it, and
// nothing is half done.
func Parse(body string, now time.Time) ([]Command, error) {
	lines, err := given(body)
	if err != nil {
		return nil, err
	}
	if len(lines) > mostCommands {
		return nil, &MistakeError{[]string{fmt.Sprintf("a comment may give %d commands, and this one gives %d: write another comment for the rest",
			mostCommands, len(lines))}}
	}
	var commands []Command
	var mistakes []string
	for _, line := range lines {
		command, err := read(line, now)
		switch {
		case err != nil:
			mistakes = append(mistakes, foreign.Code(line)+": "+err.Error())
		case !slices.Contains(commands, command):
			commands = append(commands, command)
		}
	}
	if len(mistakes) > 0 {
		return nil, &MistakeError{mistakes}
	}
	return commands, nil
}

// read reads a line for which begins holds. The error's text is Markdown.
func read(line string, now time.Time) (Command, error) {
	if strings.ContainsFunc(line, unseen) {
		return Command{}, errors.New("it has characters that nobody sees; type it anew")
	}
	words := strings.Fields(line)
	name := Name(lower(words[0][1:]))
	usage, ok := usageOf(name)
	if !ok {
		return Command{}, fmt.Errorf("there is no such command; did you mean `/%s`?", nearest(string(name)))
	}
	a := arguments{command: Command{Name: name}, usage: usage, now: now}
	for words = words[1:]; len(words) > 0; {
		rest, err := a.take(words)
		if err != nil {
			return Command{}, err
		}
		words = rest
	}
	return a.complete()
}

// begins tells whether a line begins like a command: with one, or with a word that
// is nearly one. A path as /etc/passwd does not.
func begins(line string) bool {
	if !strings.HasPrefix(line, "/") {
		return false
	}
	words := strings.Fields(seen(line))
	if len(words) == 0 {
		return false
	}
	word := lower(words[0][1:])
	_, ok := usageOf(Name(word))
	return ok || nearest(word) != ""
}

// unseen characters have no place in a command: what is done must be what is seen.
func unseen(r rune) bool {
	return !unicode.IsPrint(r) && r != '\t' && !unicode.Is(unicode.Zs, r) || r == unicode.ReplacementChar
}

// seen is a text without the characters that nobody sees.
func seen(text string) string {
	return strings.Map(func(r rune) rune {
		if unseen(r) {
			return -1
		}
		return r
	}, text)
}

// lower is for ASCII alone: no other letter becomes one of a command's.
func lower(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r - 'A' + 'a'
		}
		return r
	}, text)
}
