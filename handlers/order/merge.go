package order

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/handlers/command"
	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/proposal"
)

// Merge is an order to merge a pull request when its checks pass, once, at the head
// that it has when the order is heard.
type Merge struct {
	Number int
	By     forge.Account
	Head   string    // the head when it was heard
	At     time.Time // when the comment was written
}

// merging is a /merge, and what became of it.
type merging struct {
	Merge

	valid bool // otherwise the answer says why not
	// decided is set where it is known what became of it.
	decided, refused bool
	words            string
}

// orderMerge finds out whether a /merge may be carried out.
func (h *Heard) orderMerge() {
	if h.merge != nil {
		return // it was
	}
	h.merge = &merging{Merge: Merge{Number: h.Number, By: h.Author, Head: h.head, At: h.Created}}
	switch {
	case h.place != ours:
		h.refuse(command.Misplaced(command.Merge))
	case h.pull.Record != nil && h.pull.Record.Edit != nil:
		h.refuse(command.MergeByHand())
	case h.pull.Paused():
		h.refuse(command.StillPaused(command.Merge))
	case h.pull.Foreign != "":
		h.refuse(command.MergeYourself(h.pull.Foreign))
	case h.pull.Draft:
		h.refuse(command.MergeDraft())
	default:
		h.merge.valid = true
	}
}

// Merges are the orders to merge that may be carried out, the oldest first: the newest
// one of each pull request. They are known after Orders.
func (h *Hearing) Merges() []Merge {
	var all []Merge
	newest := h.newestMerges()
	for _, one := range h.all {
		if newest[one.Number] == one {
			all = append(all, one.merge.Merge)
		}
	}
	return all
}

func (h *Hearing) newestMerges() map[int]*Heard {
	newest := map[int]*Heard{}
	for _, one := range h.all {
		if one.merge != nil && one.merge.valid {
			newest[one.Number] = one
		}
	}
	return newest
}

// Merging says what became of the orders to merge a pull request: the words are
// Markdown, refused is set where nothing comes of it. What is said last holds. Several
// orders have one answer, below the newest.
func (h *Hearing) Merging(number int, words string, refused bool) {
	newest := h.newestMerges()[number]
	for _, one := range h.all {
		m := one.merge
		if one.Number != number || m == nil || !m.valid {
			continue
		}
		m.decided, m.refused = true, refused
		if one == newest {
			m.words = words
		}
	}
}

// endMerge words what became of a /merge.
func (h *Heard) endMerge(e *Ended) {
	switch m := h.merge; {
	case m != nil && m.decided:
		h.refused = h.refused || m.refused
		if m.words != "" {
			h.words = append(h.words, strings.TrimRight(m.words, "\n")+"\n")
		}
	case m != nil && !m.valid: // why is said already
	case e.Trouble != "":
		h.refuse(e.Trouble)
	default:
		h.refuse(command.MergeUndecided())
	}
}

// merged gives a comment that lacks nothing but its answer: the pull request was merged
// after the App had acknowledged the /merge in it, and then the look was cut. Of any
// other on what is not open it gives nil.
func (h *Hearing) merged(ctx context.Context, one *Heard, past *proposal.Past) (*Heard, error) {
	is := func(c command.Command) bool { return c.Name == command.Merge }
	merged := slices.ContainsFunc(past.All, func(e *proposal.Existing) bool {
		return e.Number == one.Number && !e.Open && !e.Merged.Before(one.Created)
	})
	if at := slices.IndexFunc(one.Commands, is); at >= 0 && merged {
		heard, err := h.reacted(ctx, one.ID, eyes)
		if err != nil && !isGone(err) {
			return nil, err
		}
		if heard {
			one.Commands = one.Commands[at : at+1]
			one.merge = &merging{decided: true, words: command.MergedNow(one.Number)}
			return one, nil
		}
	}
	h.note(ctx, one.ID)
	return nil, nil //nolint:nilnil // nobody talks to the App there
}
