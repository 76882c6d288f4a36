package order

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/imageupdater/imageupdater/handlers/command"
	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/image"
)

// Ended is how a run ended.
type Ended struct {
	// Trouble says in Markdown why there is no plan; "" where there is one.
	Trouble string
	Plan    *scanner.Plan
	Desired *proposal.Desired
	// Offered is what there should be of offers of a configuration; nil where that
	// was not decided.
	Offered *proposal.Desired
	Refused []proposal.Refusal
}

// Answer answers all orders, now that what they want is done. Answered is told of
// each.
func (h *Hearing) Answer(ctx context.Context, e Ended, answered func(*Heard)) error {
	for _, one := range h.all {
		if !one.ended {
			one.finish(&e, h.Now())
			if err := h.answer(ctx, one); err != nil {
				return err
			}
		}
		if len(one.Commands) > 0 {
			answered(one)
		}
	}
	if !h.covered.IsZero() && !h.More {
		h.Memory.KeepFact(ctx, h.coveredName(), []byte(h.covered.UTC().Format(time.RFC3339)))
	}
	return nil
}

// finish words what is to be said, and what could not be done.
func (h *Heard) finish(e *Ended, now time.Time) {
	for _, c := range h.Commands {
		switch c.Name {
		case command.Hold, command.Help:
			continue
		case command.Merge:
			h.endMerge(e)
			continue
		case command.Unhold, command.Rescan, command.Explain, command.Rebase, command.Recreate, command.Ignore:
		}
		switch {
		case h.rebuildsOffer(c) && e.Offered != nil:
			h.stays(e.Offered)
		case e.Trouble != "" && c.Name != command.Unhold:
			h.refuse(e.Trouble)
		case e.Trouble != "" || e.Desired == nil: // nothing else is known
		case c.Name == command.Explain:
			h.explain(c, e, now)
		case c.Name == command.Rebase, c.Name == command.Recreate, c.Name == command.Unhold && c.Image == image.Repository{}:
			h.stays(e.Desired)
		}
	}
	for _, refused := range e.Refused {
		if h.wanted(&refused, e.Desired) {
			h.refuse(command.RefusedByGitHub(refused.Err))
		}
	}
	h.explainMerging()
}

// rebuildsOffer says whether a command is to build an offer of a configuration anew.
func (h *Heard) rebuildsOffer(c command.Command) bool {
	of := h.pull
	return of != nil && of.Record != nil && of.Record.Edit != nil && of.Record.Edit.What == proposal.FirstContact &&
		(c.Name == command.Rebase || c.Name == command.Recreate)
}

// stays tells why a pull request stays as it is, though somebody ordered otherwise.
func (h *Heard) stays(d *proposal.Desired) {
	if h.refused || h.pull == nil || h.pull.Record == nil {
		return
	}
	same := func(e *proposal.Existing) bool { return e != nil && e.Number == h.Number }
	for _, p := range slices.Concat(d.Proposals, d.Edits) {
		if same(p.Existing) {
			return
		}
	}
	for _, c := range d.Close {
		if same(c.Existing) {
			return
		}
	}
	for i := range d.Held {
		if d.Held[i].Group == h.pull.Record.Group {
			h.refuse(command.StaysAsItIs(d.Held[i].Reason()))
			return
		}
	}
	h.refuse(command.StaysAsItIs(""))
}

// wanted says whether a comment ordered what was refused.
func (h *Heard) wanted(r *proposal.Refusal, d *proposal.Desired) bool {
	if r.Number == h.Number && r.Number != 0 {
		return r.Again && slices.ContainsFunc(h.Commands, func(c command.Command) bool {
			return c.Name == command.Rebase || c.Name == command.Recreate
		})
	}
	if d == nil {
		return false
	}
	return slices.ContainsFunc(d.Edits, func(p *proposal.Proposal) bool {
		return p.Branch == r.Branch && p.Edit.Ignoring != nil &&
			slices.ContainsFunc(h.ignoring, func(i proposal.Ignoring) bool { return i.Same(p.Edit.Ignoring) })
	})
}

// answer says the words, if there are any, and puts the last reaction below the
// comment, by which it is known as answered.
func (h *Hearing) answer(ctx context.Context, one *Heard) error {
	if len(one.words) > 0 {
		about := one.about
		if about == "" {
			about = fmt.Sprintf("comment %d", one.ID)
		}
		err := proposal.Tell(ctx, h.Memory, h.Historian, h.github, proposal.Told{
			Repository: h.repository, Number: one.Number, About: about, Text: bounded(strings.Join(distinct(one.words), "\n")),
		})
		if err != nil && !isGone(err) {
			return err
		}
	}
	verdict := rocket
	if one.refused {
		verdict = confused
	}
	gone, err := h.react(ctx, one.ID, verdict)
	if err != nil || gone {
		return err
	}
	h.note(ctx, one.ID)
	one.ended = true
	zerolog.Ctx(ctx).Info().Int64("comment", one.ID).Int("github_pr_num", one.Number).Str("answer", verdict).Str("login", one.Author.Login).
		Msg("a comment was answered")
	return nil
}

// distinct leaves out what was said already.
func distinct(words []string) []string {
	var all []string
	said := map[string]bool{}
	for _, w := range words {
		if !said[w] {
			said[w] = true
			all = append(all, w)
		}
	}
	return all
}

// Ordered is what a comment ordered, for the log of decisions.
func (h *Heard) Ordered() string {
	texts := make([]string, 0, len(h.Commands))
	for _, c := range h.Commands {
		texts = append(texts, c.String())
	}
	text := strings.Join(texts, ", ") + " by " + h.Author.Login
	if h.refused {
		text += ": refused"
	}
	return text
}

// longestAnswer is how long a comment of ours is at most, in bytes.
const longestAnswer = 60_000

// bounded cuts an answer between two of its lines.
func bounded(text string) string {
	if len(text) <= longestAnswer {
		return text
	}
	return text[:strings.LastIndexByte(text[:longestAnswer], '\n')+1] + "\nThere is more than a comment holds.\n"
}
