package command

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/foreign"
	"github.com/imageupdater/imageupdater/scanner/image"
)

// until is the word before the day.
const until = "until"

// place is where an argument belongs.
type place int

const (
	reachPlace place = iota
	untilPlace
	imagePlace
	places
)

// arguments collects those of one command. The texts of its errors are Markdown.
type arguments struct {
	command Command
	usage   Usage
	now     time.Time

	had        [places]bool
	last       place
	disordered bool
}

// take takes one argument, and returns the words that are left.
func (a *arguments) take(words []string) ([]string, error) {
	if a.usage.takes == nothing {
		return nil, fmt.Errorf("nothing comes after it: write `%s` alone on its line", a.usage.Text())
	}
	word := lower(words[0])
	switch {
	case a.usage.takes == whatToIgnore && isReach(word):
		a.command.Reach = Reach(word)
		return words[1:], a.at(reachPlace, words[0])
	case a.usage.takes == whatToIgnore && word == until:
		return a.takeDay(words[1:])
	}
	return words[1:], a.takeImage(words[0])
}

func (a *arguments) takeDay(words []string) ([]string, error) {
	if len(words) == 0 {
		return nil, fmt.Errorf("the day is missing: write it as `until %s`", a.someDay())
	}
	day, err := config.ParseDate(words[0])
	if err != nil {
		return nil, fmt.Errorf("%s is no day: write one as `until %s`", foreign.Code(words[0]), a.someDay())
	}
	if !day.In(a.now.Location()).After(a.now) {
		return nil, fmt.Errorf("%s has begun already, and `until` is the first day without effect: write a later one, as `until %s`",
			foreign.Code(words[0]), a.someDay())
	}
	a.command.Until = day
	return words[1:], a.at(untilPlace, words[0])
}

// someDay is a day that would be right.
func (a *arguments) someDay() string { return a.now.AddDate(0, 0, 30).Format(time.DateOnly) }

func (a *arguments) takeImage(word string) error {
	if a.usage.takes == whatToIgnore {
		if err := a.otherWord(word); err != nil {
			return err
		}
	}
	name, err := image.ParseName(word)
	if err != nil {
		return notAnImage(word)
	}
	a.command.Image = name.Repository()
	return a.at(imagePlace, word)
}

// otherWord fails for what would be an image's name, but is more likely another
// argument that is not quite right.
func (a *arguments) otherWord(word string) error {
	if _, err := config.ParseDate(word); err == nil {
		return fmt.Errorf("before a day comes `until`: write `until %s`", word)
	}
	const longestReserved = 5
	if len(word) > longestReserved+1 {
		return nil
	}
	for _, known := range []string{string(Major), string(Minor), string(Patch), string(This), until} {
		if config.Edits(lower(word), known) == 1 {
			return fmt.Errorf("did you mean `%s`? If %s is an image, write its name in full, as %s",
				known, foreign.Code(word), foreign.Code("docker.io/library/"+lower(word)))
		}
	}
	return nil
}

// notAnImage is the error for a word that is no image's name, with the name that
// may be meant.
func notAnImage(word string) error {
	text := foreign.Code(word) + " is not the name of an image: write "
	meant := lower(strings.Trim(word, "`'\"<>[](){}*,;.!?"))
	if ref, err := image.Parse(meant); err == nil {
		return errors.New(text + foreign.Code(ref.Name()))
	}
	return errors.New(text + "it as `nginx` or `ghcr.io/acme/api`")
}

// at notes where an argument stood; there may be one of each kind.
func (a *arguments) at(here place, word string) error {
	if a.had[here] {
		return fmt.Errorf("%s is one too many: write `%s`", foreign.Code(word), a.usage.Text())
	}
	a.had[here] = true
	a.disordered = a.disordered || here < a.last
	a.last = here
	return nil
}

// complete is the command, if its arguments stood in their order.
func (a *arguments) complete() (Command, error) {
	if a.disordered {
		return Command{}, fmt.Errorf("the order is another one: write %s", foreign.Code(a.command.String()))
	}
	if a.command.Name == Ignore && a.command.Reach == "" {
		a.command.Reach = This
	}
	return a.command, nil
}

func isReach(word string) bool {
	switch Reach(word) {
	case Major, Minor, Patch, This:
		return true
	}
	return false
}
