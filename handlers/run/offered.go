package run

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner"
)

// theirs says whether the offer that is open is a person's by now: somebody pushed to
// it, paused it, or made it be for another branch.
func (i *introducing) theirs() bool {
	e := i.open
	return e != nil && (e.Foreign != "" || e.Paused() || e.Base != i.look.Repository.DefaultBranch)
}

// handedBack says whether somebody ordered a person's offer to be built anew.
func (i *introducing) handedBack() bool {
	return i.out.Orders.Recreate[i.open.Number] && !i.open.Paused()
}

// anew says whether somebody ordered the offer that is open to be built anew.
func (i *introducing) anew() bool {
	e := i.open
	return e != nil && (i.out.Orders.Recreate[e.Number] || i.out.Orders.Rebase[e.Number] && e.BuiltOn != i.out.source.commit)
}

// takeBack closes the offer that is open, unless it is a person's.
func (i *introducing) takeBack(why string) []proposal.Closing {
	if i.open == nil || i.theirs() {
		return nil
	}
	return []proposal.Closing{{Existing: i.open, Why: why}}
}

// contactNote is under what is kept at which commit there is nothing to introduce
// oneself for, or GitHub did not let it be done.
const contactNote = "contact"

// nothingAt is what is kept of a commit.
type nothingAt struct {
	Commit string `json:"commit"`
	// Why is what GitHub refused, at some time; "" where there is nothing to offer.
	Why string    `json:"why,omitempty"`
	At  time.Time `json:"at,omitzero"`
}

// recall gives why nothing can be offered at this commit, as far as that is known; nil
// where it is not. What was refused is tried again after a day, or when somebody asks
// for a look.
func (i *introducing) recall(ctx context.Context) *nothingAt {
	var known nothingAt
	kept, _ := i.Memory.Note(ctx, i.look.Repository.ID, contactNote)
	if json.Unmarshal(kept, &known) != nil || known.Commit != i.out.source.commit {
		return nil
	}
	over := i.open != nil || i.look.Forced.After(known.At) || !known.At.Add(idle).After(i.Now())
	if known.Why != "" && over {
		return nil
	}
	return &known
}

func (i *introducing) remember(ctx context.Context, why string) {
	if text, err := json.Marshal(nothingAt{i.out.source.commit, why, i.Now()}); err == nil {
		i.Memory.KeepNote(ctx, i.look.Repository.ID, contactNote, text)
	}
}

// toRead is how many files would have to be read.
func (i *introducing) toRead() (n int) {
	for name, b := range i.files.files {
		if b.mode.IsRegular() && scanner.Wanted(name, b.size) {
			n++
		}
	}
	return n
}

// mind sees to it that what was refused is tried again, but not too soon. An offer that
// GitHub does not take would take the room of others each time; what somebody has in
// its place is seen without that.
func (i *introducing) mind(ctx context.Context, refused []proposal.Refusal) {
	for _, f := range refused {
		isNew := f.Group == proposal.ConfigurationGroup && f.Number == 0
		if isNew {
			i.out.Detail = "offering a configuration: " + f.Err.Error()
		}
		switch {
		case isNew && !errors.Is(f.Err, proposal.ErrTheirs):
			i.remember(ctx, i.out.Detail)
		case f.Again:
			i.out.soon(i.Now(), broken)
		}
	}
}
