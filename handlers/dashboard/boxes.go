package dashboard

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/handlers/proposal"
)

// Verb is what a box orders.
type Verb string

// The verbs.
const (
	Open   Verb = "open"   // opens the pull request of a branch
	Rebase Verb = "rebase" // builds the branch of a pull request on the newest base
	Again  Verb = "again"  // proposes versions of an image again that were refused
	Lift   Verb = "lift"   // lets go of what was rolled back of an image
	Look   Verb = "look"   // asks the registries anew
)

// Box is one that people tick. Of is what it is about: a branch, a number, an
// image; "" for Look.
type Box struct {
	Verb Verb
	Of   string
}

// id is the box's name in a hidden comment. Two hyphens in a row would end that,
// and nobody is mentioned in it.
func (b Box) id() string {
	if b.Of == "" {
		return "<!-- imageupdater:" + string(b.Verb) + " -->"
	}
	of := strings.NewReplacer("--", "-%2D", "%2F", "/", "@", "%40").Replace(url.PathEscape(b.Of))
	return "<!-- imageupdater:" + string(b.Verb) + " " + of + " -->"
}

// Ticks are the boxes that are ticked.
type Ticks map[Box]bool

// String lists them, for the log of decisions.
func (t Ticks) String() string {
	texts := make([]string, 0, len(t))
	for b := range t {
		texts = append(texts, strings.TrimSpace(string(b.Verb)+" "+b.Of))
	}
	slices.Sort(texts)
	return strings.Join(texts, ", ")
}

// ticked is a line with a box that is ticked. What is not at the beginning of its
// line is something that is shown.
var ticked = regexp.MustCompile(`(?m)^[ \t]*[-*+][ \t]+\[[xX]\][ \t]+<!-- imageupdater:([a-z]+)(?: ([!-~]+))? -->`)

// Read finds the boxes that are ticked in the App's part of the issue.
func Read(text string) Ticks {
	ticks := Ticks{}
	for _, found := range ticked.FindAllStringSubmatch(text, -1) {
		of, err := url.PathUnescape(found[2])
		if b := (Box{Verb(found[1]), of}); err == nil && b.known() {
			ticks[b] = true
		}
	}
	return ticks
}

func (b Box) known() bool {
	switch b.Verb {
	case Open, Again, Lift:
		return b.Of != ""
	case Rebase:
		n, err := strconv.Atoi(b.Of)
		return err == nil && n > 0
	case Look:
		return b.Of == ""
	}
	return false
}

// Without are the ticks that are not among others.
func (t Ticks) Without(others Ticks) Ticks {
	left := maps.Clone(t)
	for b := range others {
		delete(left, b)
	}
	return left
}

// Order adds what the ticks order. There is nothing to lift of images of which the
// past knows nothing. look is whether registries are to be asked anew.
func (t Ticks) Order(o *proposal.Orders, past *proposal.Past, at time.Time) (look bool) {
	for b := range t {
		switch b.Verb {
		case Open:
			o.Open = with(o.Open, b.Of)
		case Rebase:
			if number, err := strconv.Atoi(b.Of); err == nil {
				o.Rebase = with(o.Rebase, number)
			}
		case Again, Lift:
			if past.Knows(b.Of) {
				o.Lift = append(o.Lift, proposal.Lift{Image: b.Of, At: at})
			}
		case Look:
			look = true
		}
	}
	return look
}

func with[K comparable](set map[K]bool, one K) map[K]bool {
	if set == nil {
		set = map[K]bool{}
	}
	set[one] = true
	return set
}
