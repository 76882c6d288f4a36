package run

import (
	"context"
	"fmt"
	"slices"

	"github.com/imageupdater/imageupdater/handlers/forge"
)

// mostPasses is how many commits a look lets pass at most.
const mostPasses = 30

// others lets pass what is not the App's business, where the base requires its check of
// everything.
func (m *merges) others(ctx context.Context, seen *newest, open map[int]string) error {
	if !slices.ContainsFunc(seen.pulls, func(p forge.Pull) bool { return p.Open }) && len(m.out.opened) == 0 {
		return nil
	}
	required, err := m.Required(ctx)
	if err != nil || !required {
		return err
	}
	if len(m.out.opened) > 0 || m.out.edited {
		if _, err := seen.Pulls(ctx); err != nil {
			return fmt.Errorf("reading pull requests again: %w", err)
		}
	}
	heads, err := m.othersHeads(ctx, seen, open)
	if err := m.passed(ctx, 0, err); err != nil {
		return err
	}
	p := &passing{merges: m}
	for _, head := range heads {
		if err := m.passed(ctx, 0, p.one(ctx, head)); err != nil {
			return err
		}
	}
	if p.done > mostPasses {
		m.out.soon(m.run.Now(), m.run.Least)
	}
	return nil
}

// passing is the letting pass of one look.
type passing struct {
	*merges

	done, asked int
}

// What is remembered of a commit that was let pass: that it was, and that somebody asked
// for that anew and got it.
const (
	passedOnce  = "1"
	passedAgain = "2"
)

// one lets a commit pass that was not, or for which somebody asks anew.
func (p *passing) one(ctx context.Context, head string) error {
	name := fmt.Sprintf("passed %d %s", p.look.Repository.ID, head)
	kept, was := p.run.Memory.Fact(ctx, name)
	now := passedOnce
	if was {
		wanted, err := p.wanted(ctx, head)
		if err != nil {
			return err
		}
		again := string(kept) == passedAgain
		if again && !wanted {
			p.run.Memory.KeepFact(ctx, name, []byte(passedOnce))
		}
		if again || !wanted {
			return nil
		}
		now = passedAgain
	}
	if p.done++; p.done > mostPasses {
		return nil
	}
	err := p.Pass(ctx, head, forge.CheckText{
		Title:   "Not a pull request with updates",
		Summary: "Image Updater's merge policy is about its own pull requests with updates. It has nothing against this one.\n",
	}, was)
	if err == nil {
		p.run.Memory.KeepFact(ctx, name, []byte(now))
	}
	return err //nolint:wrapcheck // Pass says of what
}

// wanted says whether somebody asks for the check anew, of as many commits as a look may
// let pass.
func (p *passing) wanted(ctx context.Context, head string) (bool, error) {
	if p.asked++; p.asked > mostPasses {
		return false, nil
	}
	wanted, err := p.GitHub.ChecksWanted(ctx, head)
	if err != nil {
		return false, fmt.Errorf("asking whether %s is to be checked again: %w", head, err)
	}
	return wanted, nil
}

// othersHeads are those of other people's pull requests, and of merge groups.
func (m *merges) othersHeads(ctx context.Context, seen *newest, open map[int]string) ([]string, error) {
	var heads []string
	ours := map[string]bool{} // one commit may be the head of several
	for number := range open {
		ours[m.of(number).Head] = true
	}
	for i := range seen.pulls {
		p := &seen.pulls[i]
		if _, mine := open[p.Number]; p.Open && !mine && !ours[p.Head.SHA] && p.Base.Name == m.out.Base {
			heads = append(heads, p.Head.SHA)
		}
	}
	groups, err := m.look.Merging.QueueHeads(ctx, m.out.Base)
	for _, g := range groups {
		heads = append(heads, g.SHA)
	}
	if err != nil {
		return heads, fmt.Errorf("reading the merge queue of %s: %w", m.out.Base, err)
	}
	return heads, nil
}
