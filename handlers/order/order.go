// Package order hears what people order in comments, and answers. Comments are read
// anew on each run: an order is open as long as the App has not put a rocket, or a
// confused face, below it. So none is lost, and none is carried out twice to any
// harm, whatever becomes of webhooks, databases and runs.
//
// It may import handlers/command, handlers/forge, handlers/foreign,
// handlers/proposal, scanner and config.
package order

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/rs/zerolog"

	"github.com/imageupdater/imageupdater/handlers/command"
	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/proposal"
)

// GitHub is what orders are read from and answered through.
type GitHub interface {
	// Talk reads a page of the comments that changed last.
	Talk(ctx context.Context, page int, wanted func(body string) bool) (forge.Talk, error)
	// Reactions reads those to a comment.
	Reactions(ctx context.Context, comment int64) ([]forge.Reaction, error)
	// MayWrite asks whether somebody has write access now.
	MayWrite(ctx context.Context, who forge.Account) (bool, error)
	// Issue reads an issue, or a pull request as one.
	Issue(ctx context.Context, number int) (issue forge.Issue, unchanged bool, err error)
	React(ctx context.Context, comment int64, content string) error
	Comment(ctx context.Context, number int, body string) (int64, error)
	Comments(ctx context.Context, number int, since time.Time) ([]forge.Comment, error)
	AddLabels(ctx context.Context, number int, labels []string) error
	RemoveLabel(ctx context.Context, number int, label string) error
}

// Listener hears orders. Its fields have to be set; it may be used from several
// goroutines.
type Listener struct {
	Memory proposal.Memory
	// Historian tells who the App is.
	Historian *proposal.Historian
	Now       func() time.Time
}

const (
	// forget is how old an order may be that is carried out. Who has waited for so
	// long has done something else by now.
	forget = 7 * 24 * time.Hour
	// mostPages is how many pages of comments are read in one run.
	mostPages = 20
	// mostOrders is how many comments are answered in one run.
	mostOrders = 50
)

// place is what a comment is on.
type place int

const (
	elsewhere place = iota // where nobody talks to the App
	ours                   // an open pull request of the App's
	theirs                 // an open pull request of somebody else's
	issue                  // an issue of the App's
)

// Heard is a comment that gives orders.
type Heard struct {
	forge.Said

	// Commands are what it orders; none where something is wrong with it.
	Commands []command.Command

	place place
	// pull is the pull request that it is on, where that is ours.
	pull *proposal.Existing
	// head is what that had when the comment was heard.
	head string
	// merge is what it orders with /merge; nil as long as nobody looked at that.
	merge *merging
	// table is what holds for merging the pull request, which /explain shows; "" where
	// that is not known.
	table string
	// words are the answer; refused is set where something was not done.
	words   []string
	about   string // what the answer is said as, once; "" for the comment's own
	refused bool
	ended   bool // it is answered
	// ignoring are the entries that it wants.
	ignoring []proposal.Ignoring
}

// refuse answers that something was not done.
func (h *Heard) refuse(words string) {
	h.refused = true
	h.words = append(h.words, words)
}

// Hearing is the orders of one run.
type Hearing struct {
	*Listener

	github     GitHub
	repository int64
	all        []*Heard
	// More is set where further orders wait for the next run.
	More bool

	// heard are the comments that were read, left those that wait for the next run.
	heard map[int64]bool
	left  []forge.Said
	// newest is when the comment changed that changed last.
	newest time.Time
	// covered is since when comments are to be read the next time; zero where that
	// need not be known.
	covered time.Time
	may     map[string]bool
}

// Hear reads the orders that are open. It acknowledges those that may be given.
func (l *Listener) Hear(ctx context.Context, repository int64, github GitHub, past *proposal.Past, zone *time.Location) (*Hearing, error) {
	h := &Hearing{Listener: l, github: github, repository: repository, heard: map[int64]bool{}, may: map[string]bool{}}
	open, err := h.open(ctx)
	if err != nil {
		return nil, err
	}
	for i, said := range open {
		if h.More = len(h.all) == mostOrders; h.More {
			h.left = open[i:]
			break
		}
		h.heard[said.ID] = true
		one, err := h.read(ctx, said, past, zone)
		if err != nil {
			return nil, err
		}
		if one != nil {
			h.all = append(h.all, one)
		}
	}
	return h, nil
}

// open gives the comments without an answer, the oldest first.
func (h *Hearing) open(ctx context.Context) ([]forge.Said, error) {
	since, known := h.since(ctx)
	var open []forge.Said
	for page := 1; page <= mostPages; page++ {
		talk, err := h.github.Talk(ctx, page, command.Begins)
		if err != nil {
			return nil, err
		}
		if page == 1 {
			h.newest = talk.Newest
		}
		if page == 1 && talk.More {
			h.covered = talk.Newest.Add(-time.Minute)
		}
		for _, said := range talk.All {
			answered, err := h.answered(ctx, &said)
			if err != nil {
				return nil, err
			}
			if !answered {
				open = append(open, said)
			}
		}
		if !talk.More || talk.Oldest.Before(since) {
			break
		}
		if page == mostPages {
			h.covered = time.Time{} // older ones were not read
		}
	}
	if !h.covered.After(known) {
		h.covered = time.Time{}
	}
	slices.SortFunc(open, func(a, b forge.Said) int { return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID)) })
	// Comments move from page to page while they are read.
	return slices.CompactFunc(open, func(a, b forge.Said) bool { return a.ID == b.ID }), nil
}

// since is since when comments may be open, and the moment that is known of them;
// zero where there is none.
func (h *Hearing) since(ctx context.Context) (since, known time.Time) {
	oldest := h.Now().Add(-forget)
	text, found := h.Memory.Fact(ctx, h.coveredName())
	if !found {
		return oldest, known
	}
	known, err := time.Parse(time.RFC3339, string(text))
	if err != nil || known.Before(oldest) {
		return oldest, known
	}
	return known, known
}

func (h *Hearing) coveredName() string { return fmt.Sprintf("heard %d", h.repository) }

// answered says whether nothing is to be said to a comment, or was already.
func (h *Hearing) answered(ctx context.Context, said *forge.Said) (bool, error) {
	if said.Edited || said.Author.Kind != "User" || said.Created.Before(h.Now().Add(-forget)) {
		return true, nil
	}
	if _, is := h.Memory.Fact(ctx, h.answeredName(said.ID)); is {
		return true, nil
	}
	if said.Verdicts == 0 {
		return false, nil
	}
	answered, err := h.reacted(ctx, said.ID, rocket, confused)
	if isGone(err) {
		return true, nil
	}
	if answered {
		h.note(ctx, said.ID)
	}
	return answered, err
}

// reacted says whether one of these reactions to a comment is the App's.
func (h *Hearing) reacted(ctx context.Context, comment int64, contents ...string) (bool, error) {
	reactions, err := h.github.Reactions(ctx, comment)
	return slices.ContainsFunc(reactions, func(r forge.Reaction) bool {
		return slices.Contains(contents, r.Content) && h.Historian.IsBot(ctx, r.By)
	}), err
}

func (h *Hearing) answeredName(comment int64) string {
	return "answered " + strconv.FormatInt(h.repository, 10) + " " + strconv.FormatInt(comment, 10)
}

// note remembers that a comment is answered.
func (h *Hearing) note(ctx context.Context, comment int64) {
	h.Memory.KeepFact(ctx, h.answeredName(comment), []byte("1"))
}

// The App's reactions.
const (
	eyes     = "eyes"
	rocket   = "rocket"
	confused = "confused"
)

// read says what a comment orders; nil where that is nothing, or nobody's business.
func (h *Hearing) read(ctx context.Context, said forge.Said, past *proposal.Past, zone *time.Location) (*Heard, error) {
	commands, mistake := command.Parse(said.Body, h.Now().In(zone))
	if mistake == nil && len(commands) == 0 {
		h.note(ctx, said.ID)
		return nil, nil //nolint:nilnil // it gives no orders
	}
	one := &Heard{Said: said, Commands: commands}
	if err := h.locate(ctx, one, past); err != nil {
		return nil, err
	}
	wrong, isWrong := errors.AsType[*command.MistakeError](mistake)
	switch {
	case mistake != nil && !isWrong:
		return nil, mistake
	case one.place == elsewhere:
		return h.merged(ctx, one, past)
	case one.place == theirs && (isWrong || !onlyRescans(commands)):
		h.note(ctx, said.ID)
		return nil, nil //nolint:nilnil // whoever it is for, it is not the App
	case isWrong:
		one.refuse(wrong.Answer())
	}
	if allowed, err := h.allowed(ctx, said.Author); err != nil {
		return nil, err
	} else if !allowed {
		one.Commands, one.about, one.words = nil, "only writers", nil
		one.refuse(command.OnlyWriters())
		return one, nil
	}
	if gone, err := h.react(ctx, said.ID, eyes); gone || err != nil {
		return nil, err
	}
	return one, nil
}

func onlyRescans(commands []command.Command) bool {
	return !slices.ContainsFunc(commands, func(c command.Command) bool { return c.Name != command.Rescan })
}

// locate finds out what a comment is on.
func (h *Hearing) locate(ctx context.Context, one *Heard, past *proposal.Past) error {
	for _, e := range slices.Concat(past.All, past.Edits) {
		if e.Number == one.Number && e.Open {
			one.place, one.pull, one.head = ours, e, e.HeadSHA
			return nil
		}
	}
	on, _, err := h.github.Issue(ctx, one.Number)
	switch {
	case isGone(err):
		return nil
	case err != nil:
		return err
	case !on.Open:
	case on.Pull:
		one.place = theirs
	case h.Historian.IsBot(ctx, on.Author):
		one.place = issue
	}
	return nil
}

// allowed asks whether somebody may give orders, once a run.
func (h *Hearing) allowed(ctx context.Context, who forge.Account) (bool, error) {
	if may, is := h.may[who.Login]; is {
		return may, nil
	}
	may, err := h.github.MayWrite(ctx, who)
	if err == nil {
		h.may[who.Login] = may
	}
	return may, err
}

// react puts a reaction below a comment. Where that cannot be, since the comment is
// gone or the conversation locked, nothing more is said to it.
func (h *Hearing) react(ctx context.Context, comment int64, content string) (gone bool, err error) {
	if err = h.github.React(ctx, comment, content); isGone(err) {
		zerolog.Ctx(ctx).Info().Err(err).Int64("comment", comment).Msg("a comment cannot be answered")
		h.note(ctx, comment)
		return true, nil
	}
	return false, err
}

// isGone says whether GitHub refuses something of one comment, issue or pull
// request, and will.
func isGone(err error) bool {
	_, refused := errors.AsType[*forge.RefusedError](err)
	return refused && !proposal.Stops(err)
}
