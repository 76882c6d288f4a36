package notice

import (
	"strings"
	"unicode/utf8"
)

// Kind is what an issue of the App's is for. A repository has one of each at most.
type Kind struct {
	// Name is in the marks around the App's text: letters alone.
	Name string
	// Title is what a new one is called. People may give it another one.
	Title string
}

// longest is how many characters GitHub takes.
const longest = 65_536

// least is how much room the App's text has whatever people wrote around it: too
// long a text GitHub refuses, which is said.
const least = 2_000

func (k Kind) begin() string { return "<!-- imageupdater:" + k.Name + " -->" }
func (k Kind) end() string   { return "<!-- /imageupdater:" + k.Name + " -->" }

// Text is the part of an issue's body that is the App's, with LF for line ends;
// "" where there is none.
func (k Kind) Text(body string) string {
	_, text, _, _ := k.parted(body)
	return strings.ReplaceAll(text, "\r\n", "\n")
}

// Room is how many bytes the App's text may have in a body, if it may have that
// many at most.
func (k Kind) Room(body string, most int) int {
	before, _, after, found := k.parted(body)
	if !found {
		before, after = body, ""
	}
	taken := utf8.RuneCountInString(before) + utf8.RuneCountInString(after) + len(k.begin()) + len(k.end()) + len(apart)
	return max(min(most, longest-taken-len("\n\n")), least)
}

// apart is between what a person wrote and the App's text.
const apart = "\n\n"

// Lay puts a text in the place of the App's. All around it stays as it is, byte for
// byte. Where the marks are gone it is put at the end.
func (k Kind) Lay(body, text string) string {
	before, _, after, found := k.parted(body)
	if !found {
		before, after = body, ""
		if body != "" {
			before += apart
		}
	}
	return before + k.begin() + "\n" + strings.Trim(text, "\n") + "\n" + k.end() + after
}

// Notes tells what people wrote around the App's text from other such notes, whatever
// that text is, and whatever line ends an editor makes of it all.
func (k Kind) Notes(body string) string {
	return strings.ReplaceAll(k.Lay(body, ""), "\r\n", "\n")
}

// parted takes a body apart at the marks, which stand alone on their lines: nothing
// that is shown in a text can pass for one. The first end and the last beginning
// before it count, so that a single mark that was left over takes no notes away.
func (k Kind) parted(body string) (before, text, after string, found bool) {
	begins, begun, at := 0, -1, 0
	for line := range strings.Lines(body) {
		switch strings.TrimSpace(line) {
		case k.begin():
			begins, begun = at+strings.Index(line, k.begin()), at+len(line)
		case k.end():
			if begun >= 0 {
				ends := at + strings.Index(line, k.end()) + len(k.end())
				return body[:begins], strings.Trim(body[begun:at], "\r\n"), body[ends:], true
			}
		}
		at += len(line)
	}
	return "", "", "", false
}

// marked says whether a body has a mark of the kind.
func (k Kind) marked(body string) bool {
	_, _, _, found := k.parted(body)
	return found
}
