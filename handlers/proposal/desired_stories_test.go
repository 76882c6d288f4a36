package proposal_test

import (
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner/changelog"
)

// known has facts of all images that shop's proposals are about, and what changed in
// them.
func (p *place) known(changed proposal.Changelog) *place {
	p.t.Helper()
	p.facts, p.changed = map[string]proposal.Facts{}, map[string]proposal.Changelog{}
	for _, made := range p.desire().Proposals {
		for _, c := range made.Changes {
			p.facts[proposal.FactsKey(c.Image, c.From)], p.facts[proposal.FactsKey(c.Image, c.To)] = proposal.Facts{}, proposal.Facts{}
			p.changed[proposal.StepKey(c.Image, c.From, c.To)] = changed
		}
	}
	return p
}

// TestNotesStay has the text of an open pull request as its notes come and go.
func TestNotesStay(t *testing.T) {
	t.Parallel()
	repo := changelog.Repository{Host: "github.com", Path: "acme/api", Forge: changelog.GitHub}
	entry := changelog.Entry{Version: changelog.Version{Tag: "v1.1.0", Text: "1.1.0"}, Text: "Pears are peeled.", Told: changelog.InRelease, URL: repo.ReleaseURL("v1.1.0")}
	full := proposal.Changelog{Notes: changelog.Notes{Outcome: changelog.ByVersions, Repository: repo, Link: repo.URL(), Entries: []changelog.Entry{entry}}}
	pending := proposal.Changelog{Notes: changelog.Notes{Outcome: changelog.ByLink, Repository: repo, Link: repo.URL(), Pending: true}}
	none := proposal.Changelog{Notes: changelog.Notes{Outcome: changelog.Nothing, Why: []changelog.Why{changelog.Unreadable}}}

	p := shop(t).known(pending)
	p.past.All = []*proposal.Existing{opened(p.desire().Proposals[0], 1), opened(p.desire().Proposals[1], 2)}
	const reading = "still being read"
	for _, look := range []struct {
		about, has, hasNot string
		do                 func()
	}{
		{"the first look has no time", reading, "Pears", func() {}},
		{"the second has", "Pears are peeled", reading, func() { p.known(full) }},
		{"an image is not known", "Pears are peeled", reading, func() { clear(p.facts) }},
		{"it is again", "Pears are peeled", reading, func() { p.known(full) }},
		{"it may not be read any more", "cannot be read", "Pears", func() { p.known(none) }},
		{"it may be read again", "Pears are peeled", reading, func() { p.known(full) }},
		{"nobody asks", "Rolling back", "Pears", func() { p.changed = nil }},
	} {
		look.do()
		made := p.desire().Proposals[0]
		if !strings.Contains(made.Body, look.has) || strings.Contains(made.Body, look.hasNot) || strings.Contains(made.Body, "<!--") {
			t.Errorf("%s:\n%s", look.about, made.Body)
		}
		p.past.All[0].Body = made.Body + "\n<!-- imageupdater:v1 AAAA.AAAA -->\n"
	}
}

// TestNewStepsHaveNewNotes: what was said of other updates goes.
func TestNewStepsHaveNewNotes(t *testing.T) {
	t.Parallel()
	p := shop(t).known(proposal.Changelog{Notes: changelog.Notes{Outcome: changelog.Nothing, Why: []changelog.Why{changelog.NoSource}}})
	p.past.All = []*proposal.Existing{opened(p.desire().Proposals[0], 1), opened(p.desire().Proposals[1], 2)}
	p.tags["ghcr.io/acme/api"] = append(p.tags["ghcr.io/acme/api"], "2.0.2")
	p.known(proposal.Changelog{Notes: changelog.Notes{Pending: true}})
	if made := p.desire().Proposals[0]; !made.Rewrite || !strings.Contains(made.Body, "still being read") {
		t.Errorf("%v:\n%s", made.Rewrite, made.Body)
	}
}
