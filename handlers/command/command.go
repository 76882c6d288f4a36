// Package command reads the orders that people give in comments, and words the
// answers. It reads texts and knows nobody: who may give an order, and what
// becomes of it, is for others to say.
//
// It may import config, scanner/image and handlers/foreign.
package command

import (
	"strings"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner/image"
)

// Name is the word after the slash.
type Name string

// All commands.
const (
	Rescan   Name = "rescan"
	Rebase   Name = "rebase"
	Recreate Name = "recreate"
	Merge    Name = "merge"
	Hold     Name = "hold"
	Unhold   Name = "unhold"
	Ignore   Name = "ignore"
	Explain  Name = "explain"
	Help     Name = "help"
)

// Reach is how much /ignore leaves out.
type Reach string

// What is left out: all steps of a kind, or the version that is proposed.
const (
	Major Reach = "major"
	Minor Reach = "minor"
	Patch Reach = "patch"
	This  Reach = "this"
)

// Command is an order as somebody gave it. It may be compared.
type Command struct {
	Name Name
	// Reach is set for Ignore: This where nothing was said, since it is the least.
	Reach Reach
	// Until is the first day on which Ignore has no effect any more, in the zone
	// of the clock that Parse was given; zero where it has no end.
	Until config.Date
	// Image is which one Ignore, Unhold and Explain are about; zero where none was
	// named: then it is what the pull request is about.
	Image image.Repository
}

// String is the command in full, as it may be written in a comment.
func (c Command) String() string {
	words := []string{"/" + string(c.Name)}
	if c.Reach != "" {
		words = append(words, string(c.Reach))
	}
	if !c.Until.IsZero() {
		words = append(words, until, c.Until.String())
	}
	if c.Image != (image.Repository{}) {
		words = append(words, c.Image.String())
	}
	return strings.Join(words, " ")
}

// takes is what a command may have after its name.
type takes int

const (
	nothing takes = iota
	anImage
	whatToIgnore
)

// Usage is how a command is written, and what it does, in words of ours that need
// no escaping.
type Usage struct {
	Name      Name
	Arguments string // in the usual brackets; "" for none
	Does      string
	takes     takes
}

// Text is the command with its arguments.
func (u *Usage) Text() string { return strings.TrimSpace("/" + string(u.Name) + " " + u.Arguments) }

// Usages are those of all commands, in the order in which people are told.
func Usages() []Usage {
	return []Usage{
		{Rescan, "", "looks at this repository now, and asks the registries anew", nothing},
		{Rebase, "", "builds this pull request's branch on the newest base, unless somebody else pushed to it", nothing},
		{Recreate, "", "builds the branch anew and overwrites what others pushed to it", nothing},
		{Merge, "", "merges this pull request when its checks pass: once, with the updates that it has now, and not if anybody else pushes", nothing},
		{Hold, "", "leaves this pull request as it is, until `/unhold`", nothing},
		{Unhold, "[image]", "goes on with what is held: this pull request, or the image", anImage},
		{Ignore, "[major|minor|patch|this] [until YYYY-MM-DD] [image]", "opens a pull request that adds it to `.imageupdater.yaml`; " +
			"`this`, or nothing, is the version that is proposed, and the day is the first without effect", whatToIgnore},
		{Explain, "[image]", "says why an image moves or does not", anImage},
		{Help, "", "shows this list", nothing},
	}
}

// usageOf is the usage of a command; false for a word that is none.
func usageOf(name Name) (Usage, bool) {
	for _, u := range Usages() {
		if u.Name == name {
			return u, true
		}
	}
	return Usage{}, false
}
