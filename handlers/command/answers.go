package command

import (
	"fmt"
	"strings"

	"github.com/imageupdater/imageupdater/handlers/foreign"
	"github.com/imageupdater/imageupdater/scanner/image"
)

// The answers are Markdown in which all that came from outside is escaped.

// HelpText answers /help: all commands, each with what it does.
func HelpText() string {
	var b strings.Builder
	b.WriteString("Commands, each on a line of its own in a new comment, from people with write access:\n\n")
	for _, u := range Usages() {
		fmt.Fprintf(&b, "- `%s` %s\n", u.Text(), u.Does)
	}
	return b.String()
}

// Answer tells who wrote the comment what to write instead.
func (e *MistakeError) Answer() string {
	var b strings.Builder
	b.WriteString("Nothing in this comment was done:\n\n")
	for _, m := range e.Mistakes {
		fmt.Fprintf(&b, "- %s\n", m)
	}
	b.WriteString("\nPlease write a new comment, since edited ones are not read. `/help` lists the commands.\n")
	return b.String()
}

// OnlyWriters answers somebody who has no write access.
func OnlyWriters() string {
	return "Only people with write access to this repository can give commands.\n"
}

// Misplaced answers a command that has a meaning only on an open pull request of
// the App, and was given elsewhere.
func Misplaced(name Name) string {
	return fmt.Sprintf("%s is for open pull requests of the App. Here it does nothing.\n", foreign.Code("/"+string(name)))
}

// mostImages is how many are named in an answer.
const mostImages = 20

// WhichImage answers a command for an image that is not among these, or for none
// where there are several.
func WhichImage(c Command, images []image.Repository) string {
	if len(images) == 0 {
		return fmt.Sprintf("There is no image here that %s could be for.\n", foreign.Code(c.String()))
	}
	var b strings.Builder
	if c.Image == (image.Repository{}) {
		fmt.Fprintf(&b, "There are several images here. Please say which one %s is for:\n\n", foreign.Code(c.String()))
	} else {
		fmt.Fprintf(&b, "There is no image %s here. Please say which of these you mean:\n\n", foreign.Code(c.Image.String()))
	}
	for _, i := range images[:min(len(images), mostImages)] {
		fmt.Fprintf(&b, "- %s\n", foreign.Code(i.String()))
	}
	if more := len(images) - mostImages; more > 0 {
		fmt.Fprintf(&b, "- and %d more\n", more)
	}
	return b.String()
}

// StillPaused answers what cannot be done with a pull request that is paused.
func StillPaused(name Name) string {
	return fmt.Sprintf("This pull request is paused. Write `/unhold` first, and then %s.\n", foreign.Code("/"+string(name)))
}

// RecreateInstead answers /rebase on a branch to which somebody pushed.
func RecreateInstead(why string) string {
	return fmt.Sprintf("This branch is somebody else's by now (%s). `/recreate` builds it anew, and overwrites what was pushed.\n", foreign.Code(why))
}

// AddByHand answers an order that would change a file which is written in a way that
// takes no further entry.
func AddByHand(file, entry string) string {
	text := foreign.Code(file) + " is written so that no entry can be added to `ignore` without changing the rest. Please add this one by hand:\n\n"
	if strings.ContainsAny(entry, "`\n\r") {
		return text + foreign.Code(entry) + "\n"
	}
	return text + "```yaml\n" + entry + "\n```\n"
}

// IgnoredAlready answers an order that the file has carried out.
func IgnoredAlready(file string) string {
	return foreign.Code(file) + " has this entry already.\n"
}

// StaysAsItIs answers an order to a pull request with which nothing is done now. The
// reason is Markdown.
func StaysAsItIs(reason string) string {
	if reason == "" {
		return "Nothing was done: this pull request stays as it is for now.\n"
	}
	return "Nothing was done, and this pull request stays as it is for now: " + reason + ".\n"
}

// RefusedByGitHub answers what GitHub does not let the App do.
func RefusedByGitHub(err error) string {
	return fmt.Sprintf("GitHub refused it: %s. Please write it again when that is mended.\n", foreign.Code(err.Error()))
}
