package order

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/imageupdater/imageupdater/handlers/command"
	"github.com/imageupdater/imageupdater/handlers/foreign"
	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner"
)

// Ended is how a run ended.
type Ended struct {
	// Trouble says in Markdown why there is no plan; "" where there is one.
	Trouble string
	Plan    *scanner.Plan
	Desired *proposal.Desired
	Refused []proposal.Refusal
}

// Answer answers all orders, now that what they want is done. Answered is told of
// each.
func (h *Hearing) Answer(ctx context.Context, e Ended, answered func(*Heard)) error {
	for _, one := range h.all {
		h.finish(one, &e)
		if err := h.answer(ctx, one); err != nil {
			return err
		}
		if len(one.Commands) > 0 {
			answered(one)
		}
	}
	if h.full && !h.More {
		h.Memory.KeepFact(ctx, h.coveredName(), []byte(h.newest.Add(-time.Minute).UTC().Format(time.RFC3339)))
	}
	return nil
}

// finish words what is to be said, and what could not be done.
func (h *Hearing) finish(one *Heard, e *Ended) {
	for _, c := range one.Commands {
		switch {
		case c.Name == command.Help:
			one.words = append(one.words, command.HelpText())
		case c.Name == command.Hold, c.Name == command.Unhold:
		case e.Trouble != "":
			one.refuse(e.Trouble)
		case c.Name == command.Explain:
			one.explain(c, e, h.Now())
		}
	}
	for _, refused := range e.Refused {
		if one.wants(&refused) {
			one.refuse(fmt.Sprintf("GitHub refused it, and it is tried again: %s\n", foreign.Code(refused.Err.Error())))
		}
	}
}

// wants says whether a comment ordered what was refused.
func (h *Heard) wants(r *proposal.Refusal) bool {
	for _, c := range h.Commands {
		switch {
		case c.Name == command.Ignore && r.Number == 0 && r.Group == proposal.ConfigurationGroup:
			return true
		case (c.Name == command.Rebase || c.Name == command.Recreate) && r.Number == h.Number && r.Again:
			return true
		}
	}
	return false
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
			Repository: h.repository, Number: one.Number, About: about, Text: strings.Join(distinct(one.words), "\n"),
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

// refusedByGitHub answers an order that GitHub does not let the App carry out.
func refusedByGitHub(name command.Name, err error) string {
	return fmt.Sprintf("%s cannot be done here: %s\n", foreign.Code("/"+string(name)), foreign.Code(err.Error()))
}
