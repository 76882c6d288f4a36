package proposal

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/policy"
	"github.com/imageupdater/imageupdater/scanner"
)

// proof is what the commits of a pull request say, which is named by their ids.
type proof struct {
	Head, Commits, Tree policy.Known[policy.Sign]
	// Record is nil where the App's commit has none.
	Record policy.Known[*Record]
}

// whole says whether nothing is missing.
func (p *proof) whole() bool {
	for _, sign := range []*policy.Known[policy.Sign]{&p.Head, &p.Commits, &p.Tree} {
		if _, known := sign.Get(); !known {
			return false
		}
	}
	_, known := p.Record.Get()
	return known
}

// proof gives what is known of the commits, or reads them. Who opened a pull request
// is asked each time: another one may be of the same commits.
func (h *Historian) proof(ctx context.Context, r Reader, c *Claim) (*proof, error) {
	if by := c.Pull.Author; by.ID == 0 || !h.IsBot(ctx, by) {
		theirs := signOf(by.Login + " opened it")
		return &proof{theirs, theirs, theirs, policy.Read[*Record](nil)}, nil
	}
	p, name := &proof{}, proofName(c)
	if text, found := h.Memory.Fact(ctx, name); found && json.Unmarshal(text, p) == nil && p.whole() {
		return p, nil
	}
	l := &lineage{h: h, r: r, claim: c}
	p, err := l.prove(ctx)
	if err != nil {
		return nil, err
	}
	if p.whole() && !l.passing {
		if text, err := json.Marshal(p); err == nil {
			h.Memory.KeepFact(ctx, name, text)
		}
	}
	return p, nil
}

// proofName is under what the proof is kept. How many commits there are GitHub may
// have counted before the newest push.
func proofName(c *Claim) string {
	return fmt.Sprintf("proof 1.%d %s %d %s %d %s", schema, scanner.FinderVersion, c.Repository, c.Pull.Head.SHA, c.Pull.Commits, c.Pull.Base.Name)
}

// lineage is the commits of a pull request: the App's, and those above it, the newest
// first.
type lineage struct {
	h     *Historian
	r     Reader
	claim *Claim

	above  []forge.Commit
	own    *forge.Commit // nil where it was not found
	record *Record
	// passing is set where what was found instead may be another thing later: what
	// the base contains grows, and what is found depends on the configuration.
	passing bool
}

// prove reads the commits, and then one sign after the other. Where one is not as it
// should be, none of those that follow can be.
func (l *lineage) prove(ctx context.Context) (*proof, error) {
	var err error
	l.above, l.own, err = l.h.walk(ctx, l.r, l.claim.Pull.Pull)
	if err != nil {
		why := refused(err)
		if why == "" {
			return nil, fmt.Errorf("reading its commits: %w", err)
		}
		unknown := policy.Unread[policy.Sign](why)
		return &proof{unknown, unknown, unknown, policy.Unread[*Record](why)}, nil
	}
	if l.own != nil {
		l.record = ReadRecord(l.own.Message, l.claim.Repository)
	}
	p, so := &proof{Record: policy.Read(l.record)}, signOf("")
	for _, part := range []struct {
		sign *policy.Known[policy.Sign]
		find func(ctx context.Context) (why string, err error)
	}{{&p.Head, l.head}, {&p.Commits, l.commits}, {&p.Tree, l.tree}} {
		if is, known := so.Get(); known && is.OK {
			if so, err = asFound(part.find(ctx)); err != nil {
				return nil, err
			}
		}
		*part.sign = so
	}
	return p, nil
}

// asFound is the sign of what was found, which is not known where GitHub refuses to
// say it.
func asFound(why string, err error) (policy.Known[policy.Sign], error) {
	if err == nil {
		return signOf(why), nil
	}
	if why = refused(err); why != "" {
		return policy.Unread[policy.Sign](why), nil
	}
	return policy.Known[policy.Sign]{}, err
}

// head wants the newest commit to be the App's, or GitHub's merge of the base into
// it.
func (l *lineage) head(ctx context.Context) (string, error) {
	switch {
	case len(l.above) > 0 && (l.own == nil || !l.h.button(l.above[0])):
		return pushed(l.above[0]), nil
	case len(l.above) > 0:
		return l.merge(ctx, l.above[0])
	}
	return "", nil
}

// merge wants a merge to be of the base.
func (l *lineage) merge(ctx context.Context, c forge.Commit) (string, error) {
	within, err := l.within(ctx, c.Parents[1])
	if err != nil || within {
		return "", err
	}
	return c.Author.Name + " merged something into it", nil
}

// within says whether the base has a commit.
func (l *lineage) within(ctx context.Context, sha string) (bool, error) {
	within, err := l.r.Contains(ctx, l.claim.Pull.Base.Name, sha)
	if err != nil {
		return false, fmt.Errorf("asking whether the base has %s: %w", sha, err)
	}
	l.passing = l.passing || !within
	return within, nil
}

// commits wants all others to be so, too: what is below the App's to be the base, and
// no commit to be there that another one brought in.
func (l *lineage) commits(ctx context.Context) (string, error) {
	for i, c := range l.above {
		if !l.h.button(c) {
			return pushed(c), nil
		}
		if i == 0 {
			continue // it is the head
		}
		if why, err := l.merge(ctx, c); why != "" || err != nil {
			return why, err
		}
	}
	if known := len(l.above) + 1; l.claim.Pull.Commits != known {
		return fmt.Sprintf("it has %d commits, and not %d", l.claim.Pull.Commits, known), nil
	}
	within, err := l.within(ctx, l.own.Parents[0])
	if err != nil || within {
		return "", err
	}
	return "what the App built it on is not in " + l.claim.Pull.Base.Name, nil
}
