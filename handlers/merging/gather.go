package merging

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/policy"
	"github.com/imageupdater/imageupdater/handlers/proposal"
)

// Judge reads what there is to know of a pull request, and decides. fresh asks again
// what is remembered for a while otherwise.
func (m *Merger) Judge(ctx context.Context, s *Subject, fresh bool) (*Judged, error) {
	j := &judging{Merger: m, subject: s, fresh: fresh, out: &Judged{}}
	if fresh {
		m.branch = nil
	}
	if err := m.prepare(ctx); err != nil {
		return nil, err
	}
	if err := j.gather(ctx); err != nil {
		return nil, fmt.Errorf("judging pull request %d: %w", s.Number, err)
	}
	now := m.Now()
	j.out.Verdict = policy.Decide(&j.out.Rule, &j.out.Facts, now)
	if j.presumed && j.out.Verdict.Action != policy.Nothing {
		if err := j.readNative(ctx); err != nil {
			return nil, fmt.Errorf("judging pull request %d: %w", s.Number, err)
		}
		j.out.Verdict = policy.Decide(&j.out.Rule, &j.out.Facts, now)
	}
	if err := j.whole(ctx, now); err != nil {
		return nil, fmt.Errorf("judging pull request %d: %w", s.Number, err)
	}
	j.out.Again = j.again || m.branch.again
	j.out.Shown = j.shown(now)
	return j.out, nil
}

// shown is the verdict for people. While GitHub finds out whether it can be merged, which
// it does whenever the base moves, that is told as it was: otherwise each push would
// rewrite the check run twice.
func (j *judging) shown(now time.Time) policy.Verdict {
	if !j.out.settling {
		return j.out.Verdict
	}
	facts := j.out.Facts
	m, _ := facts.Merge.Get()
	m.State = cmp.Or(j.subject.Standing.Merge, "clean")
	if behind, _ := m.Behind.Get(); behind && facts.Strict() && slices.Contains([]string{"clean", "has_hooks", "unstable"}, m.State) {
		m.State = "behind"
	}
	facts.Merge = policy.Read(m)
	v := policy.Decide(&j.out.Rule, &facts, now)
	if v.Outcome == policy.Merges {
		return j.out.Verdict
	}
	return v
}

// judging is Judge under way.
type judging struct {
	*Merger

	subject *Subject
	fresh   bool
	again   bool
	// presumed says that what GitHub is about to do was not read.
	presumed bool
	out      *Judged
}

func (j *judging) gather(ctx context.Context) error {
	f := &j.out.Facts
	f.App, f.Rules, f.Classic = j.App, j.branch.rules, j.branch.classic
	f.Newer = policy.Read(j.subject.Newer)
	var err error
	if f.Repository, err = j.permitted(ctx); err != nil {
		return err
	}
	for _, part := range []func(context.Context) error{j.pull, j.ownership, j.checks, j.reviews, j.native, j.conversations, j.order} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

// pull reads the pull request itself, first: all else is about its head.
func (j *judging) pull(ctx context.Context) error {
	f := &j.out.Facts
	read, err := fact(&j.again, func() (forge.Candidate, error) {
		c, _, err := j.GitHub.Candidate(ctx, j.subject.Number)
		return c, err
	})
	if err != nil {
		return err
	}
	c, known := read.Get()
	if !known {
		f.Pull = policy.Unread[policy.Pull](read.Why())
		return nil
	}
	j.out.Candidate = c
	s := j.subject.Standing
	s.At(c.Head.SHA, j.Now(), j.Config)
	f.Pull = policy.Read(policy.Pull{State: stateOf(&c), Draft: c.Draft, Head: c.Head.SHA, Base: c.Base.Name, Author: c.Author.Login})
	f.Pushed = policy.Read(s.Seen)
	f.Paused = policy.Read(slices.Contains(c.Labels, proposal.PausedLabel))
	f.Restricted = policy.Read(policy.Restricting(c.Labels))
	return nil
}

func stateOf(c *forge.Candidate) string {
	switch {
	case !c.Merged.IsZero():
		return "merged"
	case c.Open:
		return "open"
	}
	return "closed"
}

// merge is what GitHub says of merging it. It finds that out only when it is asked, so
// that it is asked again soon where it does not know.
func (j *judging) merge(c *forge.Candidate) policy.Mergeability {
	st := j.subject.Standing
	state, behind := strings.ToLower(c.MergeState), j.subject.Behind(c)
	switch {
	case c.Mergeable == nil, state == "", state == "unknown":
		j.again = j.again || c.Open && (j.out.Rule.Auto.Value || st.Order != nil)
		j.out.settling = true
		return policy.Mergeability{State: "unknown", Behind: behind}
	case !*c.Mergeable:
		state = "dirty"
	}
	st.Merge = state
	return policy.Mergeability{State: state, Behind: behind}
}

// ownership proves that all is as the App made it, and finds the rule by what it made.
func (j *judging) ownership(ctx context.Context) error {
	f := &j.out.Facts
	j.out.Rule = j.subject.Rule(&proposal.Record{}) // until it is known what it does
	if _, known := f.Pull.Get(); !known {
		return nil
	}
	c := &j.out.Candidate
	record, signs, err := j.subject.Prove(ctx, c)
	if err != nil {
		if ends(err) {
			return err
		}
		why, soon := whyUnread(err)
		j.again = j.again || soon
		no := policy.Unread[policy.Sign](why)
		signs = policy.Ownership{Head: no, Commits: no, Tree: no, Base: no, Branch: no, Record: no}
	}
	j.out.Record, f.Ownership = record, signs
	f.RolledBack = policy.Unread[[]string]("it does not say which images it is about")
	if record != nil {
		j.out.Rule = j.subject.Rule(record)
		f.RolledBack = policy.Read(j.subject.RolledBack(record))
	}
	f.Owner = policy.Read("")
	if j.subject.OwnerUnknown {
		f.Owner = policy.Unread[string]("the owner's file cannot be used")
	}
	f.Merge = policy.Read(j.merge(c))
	return nil
}
