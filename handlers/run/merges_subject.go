package run

import (
	"context"
	"slices"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/merging"
	"github.com/imageupdater/imageupdater/handlers/policy"
	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/format"
)

// subject is a pull request to be judged.
func (m *merges) subject(number int, branch string) *merging.Subject {
	return &merging.Subject{
		Number: number, Branch: branch, Standing: m.of(number), Prove: m.prove, OwnerUnknown: m.out.Config.OwnerUnknown(),
		Rule: func(r *proposal.Record) policy.Rule {
			rule, _ := proposal.RuleOf(m.out.Config, m.out.Plan, r)
			return rule
		},
		Behind:     m.behind,
		RolledBack: func(r *proposal.Record) []string { return m.out.past.RolledBack(m.out.Plan, r) },
		Newer:      m.newer(number),
	}
}

// behind says whether a pull request's head was built on something else than the commit at
// which the base is in this look.
func (m *merges) behind(c *forge.Candidate) policy.Known[bool] {
	if c.Head.SHA == m.out.written[c.Head.Name] {
		return policy.Read(false)
	}
	for _, e := range m.out.past.All {
		if e.Number == c.Number && e.HeadSHA == c.Head.SHA && e.Foreign == "" && e.BuiltOn != "" {
			return policy.Read(e.BuiltOn != m.out.Head)
		}
	}
	return policy.Unread[bool]("it is not known what its head is built on")
}

// newer are the versions that wait for a pull request.
func (m *merges) newer(number int) []string {
	all := []string{}
	if m.out.Desired == nil {
		return all
	}
	for _, p := range m.out.Desired.Proposals {
		if p.Existing == nil || p.Existing.Number != number {
			continue
		}
		for _, h := range m.out.Desired.Held {
			if h.Why == proposal.Soaks && h.Group == p.Group {
				all = append(all, h.Image+":"+h.To.String())
			}
		}
	}
	return all
}

// prove says whether a pull request is as the App made it.
func (m *merges) prove(ctx context.Context, c *forge.Candidate) (*proposal.Record, policy.Ownership, error) {
	claim := &proposal.Claim{
		Repository: m.look.Repository.ID, Pull: *c, Base: m.out.Base,
		Prefix: string(m.out.Config.PullRequests.BranchPrefix.Value), Fields: m.fields, Find: m.find,
	}
	record, signs, err := m.run.Historian.Prove(ctx, m.sight(ctx, c.Head.Name), claim)
	if err != nil {
		return record, signs, err //nolint:wrapcheck // Judge says of what
	}
	if why := m.unwanted(c); why != "" {
		signs.Record = policy.Unread[policy.Sign](why)
	}
	return record, signs, nil
}

// unwanted says why a pull request is not what this look wants it to be, whoever made it;
// "" where it is. What was refused, is unclear, or ignored by now is not merged.
func (m *merges) unwanted(c *forge.Candidate) string {
	if m.out.Desired == nil || slices.Contains(c.Labels, proposal.PausedLabel) {
		return "" // nothing is merged before it is decided, nor what is paused
	}
	if c.Head.SHA != m.heads()[c.Number] {
		return "it is not what is proposed now"
	}
	return ""
}

// heads are the commits at which the pull requests are that this look wants, by their
// numbers.
func (m *merges) heads() map[int]string {
	heads := map[int]string{}
	for _, e := range m.out.Desired.Spared {
		heads[e.Number] = e.HeadSHA
	}
	for _, p := range m.out.Desired.Proposals {
		switch {
		case p.Existing == nil:
			heads[m.out.opened[p.Branch]] = m.out.written[p.Branch]
		case p.Rewrite:
			heads[p.Existing.Number] = m.out.written[p.Branch]
		default:
			heads[p.Existing.Number] = p.Existing.HeadSHA
		}
	}
	return heads
}

// find finds the fields of a commit with these files, as the scanner does in the newest
// base.
func (m *merges) find(ctx context.Context, entries []forge.Entry) ([]format.Field, error) {
	inventory, err := m.run.find(ctx, newTree(ctx, entries, m.saw.Blob), scanner.Selected(m.out.Config, ""))
	if err != nil {
		return nil, err
	}
	return inventory.Fields, nil
}

// fields are what the newest base has in the fields of a place: documents of one file may
// share it.
func (m *merges) fields(path, key, image string) []string {
	var all []string
	for i := range m.out.Plan.Results {
		f := &m.out.Plan.Results[i].Field
		if f.File == path && f.Path == key && f.Ref.Repository().String() == image {
			all = append(all, proposal.Value{Tag: f.Ref.Tag, Digest: f.Ref.Digest}.String())
		}
	}
	return all
}
