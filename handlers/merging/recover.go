package merging

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/rs/zerolog"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/policy"
	"github.com/imageupdater/imageupdater/handlers/proposal"
)

// merged tells of a merge that was begun with an intent.
func (m *Merger) merged(ctx context.Context, i *Intent, d proposal.Done) {
	if i == nil {
		return
	}
	var v policy.Verdict
	_ = json.Unmarshal(i.Verdict, &v) // what is not told is left out
	d.What, d.Group, d.Branch, d.Head, d.Verdict = Merged, i.Group, i.Branch, i.Head, i.Verdict
	d.Why, d.By, d.Method = v.Sentence, v.Ordered, string(v.Method)
	if d.Into != "" {
		zerolog.Ctx(ctx).Warn().Int("github_pr_num", d.Number).Str("base", i.Base).Str("into", d.Into).
			Msg("a pull request was retargeted while it was merged, and went into another branch than it was for")
	}
	m.Log(ctx, d)
}

// astray is the branch that a pull request was merged into, where that is not the one
// that it was for: GitHub compares the head alone when it merges.
func (i *Intent) astray(c *forge.Candidate) string {
	if i == nil || i.Base == "" || i.Base == c.Base.Name {
		return ""
	}
	return c.Base.Name
}

// found tells how what the branch requires stood at the head of a pull request that
// GitHub merged by itself, as far as it can be read.
func (m *Merger) found(ctx context.Context, c *forge.Candidate, st *Standing) (json.RawMessage, error) {
	if err := m.prepare(ctx); err != nil {
		return nil, err
	}
	j := &judging{Merger: m, subject: &Subject{Number: c.Number, Standing: st}, out: &Judged{Candidate: *c}}
	f := &j.out.Facts
	f.App, f.Rules, f.Classic = m.App, m.branch.rules, m.branch.classic
	f.Pull = policy.Read(policy.Pull{State: stateOf(c), Head: c.Head.SHA, Base: c.Base.Name, Author: c.Author.Login})
	for _, part := range []func(context.Context) error{j.checks, j.reviews, j.conversations} {
		if err := part(ctx); err != nil {
			return nil, err
		}
	}
	text, err := json.Marshal(policy.Requirements(f, m.Now()))
	if err != nil {
		return nil, fmt.Errorf("writing down what the branch requires: %w", err)
	}
	return text, nil
}

// Merged is what is told of a merge. It may be told once more where a process was cut:
// who writes it down passes that over.
const Merged = "merged"

// missedError is that GitHub does not tell what became of a pull request, and may later.
type missedError struct{ error }

func (e *missedError) Unwrap() error { return e.error }

// ended reads a pull request that is not judged any more. Where it is shown as open, GitHub
// is asked in another way, since that may be an answer of a while ago.
func (m *Merger) ended(ctx context.Context, number int) (forge.Candidate, error) {
	c, _, err := m.GitHub.Candidate(ctx, number)
	if errors.Is(err, forge.ErrNotFound) {
		return c, &missedError{err}
	}
	if err != nil || !c.Open {
		return c, err //nolint:wrapcheck // Recover says of what
	}
	now, err := m.GitHub.Native(ctx, number, c.NodeID)
	if err == nil && now.State != "open" {
		return c, &missedError{errors.New("it is shown as open, which it is not any more")}
	}
	return c, err //nolint:wrapcheck // Recover says of what
}

// mostMissed is after how many looks in a row a pull request counts as gone that GitHub
// does not find, or still shows as open.
const mostMissed = 6

// Recover ends what an earlier look began, for a pull request that is not judged any more:
// it tells of the merge, and removes the branch; one that is open, but none of the App's
// any more, GitHub is not to merge by itself. One that GitHub does not find is asked
// for again, as is one that it shows as it was before: only one that stays away is gone.
func (m *Merger) Recover(ctx context.Context, number int, st *Standing) error {
	i := st.Intent
	if i == nil {
		return nil
	}
	c, err := m.ended(ctx, number)
	if _, missed := errors.AsType[*missedError](err); missed {
		if st.Waits++; st.Waits > mostMissed {
			return nil
		}
		err = &forge.UnavailableError{What: "pulls/get", Err: err}
	}
	if err != nil {
		return fmt.Errorf("reading what became of pull request %d: %w", number, err)
	}
	if c.Open && i.Native { // nobody would judge it any more
		return m.TakeBack(ctx, number, st, "it is no pull request with updates any more")
	}
	byPerson := !m.Bot(ctx, c.MergedBy) && (!i.Native || c.MergedBy.Kind == "User")
	if c.Merged.IsZero() || c.Head.SHA != i.Head || byPerson {
		return nil
	}
	done := proposal.Done{Number: number, SHA: c.MergeCommit, Into: i.astray(&c)}
	if i.Native {
		if done.Found, err = m.found(ctx, &c, st); err != nil {
			return fmt.Errorf("reading how pull request %d was merged: %w", number, err)
		}
	}
	m.merged(ctx, i, done)
	return m.sweep(ctx, i.Branch, i.Head)
}

// TakeBack tells GitHub not to merge by itself what the App told it to, and the log why.
func (m *Merger) TakeBack(ctx context.Context, number int, st *Standing, why string) error {
	c, _, err := m.GitHub.Candidate(ctx, number)
	if err != nil {
		return fmt.Errorf("reading pull request %d: %w", number, err)
	}
	n, err := m.GitHub.Native(ctx, number, c.NodeID)
	if err != nil {
		return fmt.Errorf("reading what GitHub will do with pull request %d: %w", number, err)
	}
	order := forge.Order{Number: number, Node: c.NodeID}
	for _, back := range []struct {
		ours bool
		take func(context.Context, forge.Order) (forge.Result, error)
	}{
		{n.Queued != nil && m.Bot(ctx, n.Queued.By), m.GitHub.Dequeue},
		{n.AutoMerge != nil && m.Bot(ctx, n.AutoMerge.By), m.GitHub.DisableAutoMerge},
	} {
		if !back.ours {
			continue
		}
		result, err := back.take(ctx, order)
		switch {
		case err != nil:
			return fmt.Errorf("taking back that pull request %d is merged: %w", number, err)
		case result.Outcome == forge.AlreadyMerged: // of which Recover tells
			return nil
		case result.Outcome != forge.Dequeued && result.Outcome != forge.Disarmed:
			return fmt.Errorf("taking back that pull request %d is merged: %w", number, &forge.UnavailableError{What: string(result.Outcome), Err: errNotTaken})
		}
		m.Log(ctx, proposal.Done{
			What: string(result.Outcome), Number: number, Branch: st.Intent.Branch, Head: st.Intent.Head, Why: why,
		})
	}
	st.Intent = nil
	return nil
}

var errNotTaken = errors.New("GitHub did not take it")

// sweep removes a merged branch that is still at the head that was merged. One that GitHub
// removed, or somebody pushed to, is left.
func (m *Merger) sweep(ctx context.Context, branch, head string) error {
	err := m.GitHub.DeleteBranch(ctx, branch, head)
	if _, refused := errors.AsType[*forge.RefusedError](err); refused && !ends(err) {
		zerolog.Ctx(ctx).Debug().Err(err).Str("branch", branch).Msg("a merged branch was not removed")
		return nil
	}
	if err != nil {
		return fmt.Errorf("removing %s: %w", branch, err)
	}
	return nil
}
