package proposal_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/handlers/policy"
	"github.com/imageupdater/imageupdater/handlers/proposal"
)

// web is a repository with one image, of which there are newer tags.
func web(t *testing.T, config string, newer ...string) *place {
	t.Helper()
	return &place{
		t: t, config: config, files: map[string]string{"web.yaml": pod("ghcr.io/acme/web:1.0.0")},
		tags: tags{"ghcr.io/acme/web": append([]string{"1.0.0"}, newer...)},
	}
}

// sentences are what the bodies of the proposals say of merging.
func sentences(t *testing.T, d proposal.Desired) []string {
	t.Helper()
	var all []string
	for _, p := range d.Proposals {
		_, after, found := strings.Cut(p.Body, "\n\n**Merging**: ")
		sentence, _, more := strings.Cut(after, "\n")
		if !found || !more {
			t.Fatalf("no sentence on merging in\n%s", p.Body)
		}
		all = append(all, sentence)
	}
	return all
}

func TestSentence(t *testing.T) {
	t.Parallel()
	const soak = "defaults: {merge: {auto: true, after: 24h, checks: required}}\n"
	const byItself = "Merges by itself after 24 h when required checks pass: `defaults`."
	for name, c := range map[string]struct {
		config string
		newer  []string
		change func(*place)
		want   []string
	}{
		"no policy":       {want: []string{"Waits for a person to merge it."}},
		"auto is off":     {config: "defaults: {merge: {auto: false}}\n", want: []string{"Waits for a person to merge it."}},
		"after and check": {config: soak, want: []string{byItself}},
		"rules by kind": {
			config: "rules:\n  - {match: {image: 'ghcr.io/**'}, minAge: 0}\n  - {match: {update: [minor]}, merge: {auto: true, checks: none}}\n",
			newer:  []string{"1.1.0", "2.0.0"},
			want:   []string{"Merges by itself at once: rule 1.", "Waits for a person to merge it."},
		},
		"a major step makes the group wait": {
			config: "defaults: {group: all}\nrules:\n  - {match: {update: [minor]}, merge: {auto: true}}\n  - {match: {update: [major]}, group: all}\n",
			change: func(p *place) {
				p.files["api.yaml"] = pod("ghcr.io/acme/api:1.0.0")
				p.tags["ghcr.io/acme/api"] = []string{"1.0.0", "2.0.0"}
			},
			want: []string{"Waits for a person to merge it."},
		},
		"a freeze that begins when it is open": {
			config: soak + "freeze: [{from: 2026-11-17, to: 2026-11-19}]\n", change: func(p *place) { p.open("") },
			want: []string{"Merges by itself after 24 h when required checks pass, not before 2026-11-20 (freeze): `defaults`."},
		},
		"ordered at its head": {
			change: func(p *place) {
				p.open("")
				p.ordered = map[int]policy.Order{1: {By: "ann", Head: strings.Repeat("c", 40), Writer: true}}
			},
			want: []string{"Merges when required checks pass: ordered by `ann`."},
		},
		"ordered at another head": {
			change: func(p *place) {
				p.open("")
				p.ordered = map[int]policy.Order{1: {By: "ann", Head: strings.Repeat("d", 40), Writer: true}}
			},
			want: []string{"Waits for a person to merge it."},
		},
		"ordered, and written anew": {
			change: func(p *place) {
				p.open("")
				p.ordered = map[int]policy.Order{1: {By: "ann", Head: strings.Repeat("c", 40), Writer: true}}
				p.tags["ghcr.io/acme/web"] = []string{"1.0.0", "1.2.0"}
			},
			want: []string{"Waits for a person to merge it."},
		},
		"paused by its label": {config: soak, change: func(p *place) {
			p.open("")
			p.past.All[0].Labels = []string{proposal.PausedLabel}
		}},
		"rolled back":            {config: soak, change: rolledBack, want: []string{"Waits for a person to merge it, since it was rolled back: `ghcr.io/acme/web`."}},
		"rolled back and lifted": {config: soak, change: lifted, want: []string{byItself}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := web(t, c.config, append(c.newer, "1.1.0")...)
			if c.change != nil {
				c.change(p)
			}
			if diff := cmp.Diff(c.want, sentences(t, p.desire())); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// open makes the pull requests that are wanted under a configuration.
func (p *place) open(config string) {
	p.t.Helper()
	was := p.config
	p.config = config
	for i, made := range p.desire().Proposals {
		p.past.All = append(p.past.All, opened(made, i+1))
	}
	p.config = was
}

// rolledBack is after 1.1.0 was merged, reverted, and 1.2.0 came.
func rolledBack(p *place) {
	p.t.Helper()
	p.open("")
	p.past.All[0].Open, p.past.All[0].Merged = false, now().Add(-time.Hour)
	p.tags["ghcr.io/acme/web"] = []string{"1.0.0", "1.1.0", "1.2.0"}
}

func lifted(p *place) {
	p.t.Helper()
	rolledBack(p)
	p.past.Lifted = []proposal.Lift{{Image: "ghcr.io/acme/web", At: now()}}
}

// The sentence follows the rule also while what else the body tells is not known.
func TestSentenceOfKnownBody(t *testing.T) {
	t.Parallel()
	p := web(t, "", "1.1.0")
	p.open("")
	before := p.past.All[0].Body
	p.config = "defaults: {merge: {auto: true}}\n"
	d := p.desire()
	if d.Proposals[0].Rewrite || !slices.Equal(sentences(t, d), []string{"Merges by itself when required checks pass: `defaults`."}) {
		t.Errorf("written: %t:\n%s", d.Proposals[0].Rewrite, d.Proposals[0].Body)
	}
	if strings.Replace(d.Proposals[0].Body, "Merges by itself when required checks pass: `defaults`.", "Waits for a person to merge it.", 1) != before {
		t.Errorf("more than the sentence changed:\n%s", d.Proposals[0].Body)
	}
}

// Where no pull requests are there is a sentence, too.
func TestSentenceOfGroup(t *testing.T) {
	t.Parallel()
	p := web(t, "rules: [{match: {update: [minor]}, merge: {auto: true, after: 24h}}]\n", "1.1.0", "2.0.0")
	s := p.situation()
	var all []string
	for _, g := range proposal.Grouped(s.Plan) {
		sentence := g.Merging(s.Config, s.Now)
		text := proposal.Preview(g.Proposal, &proposal.Notes{Merging: sentence})
		if !strings.Contains(text, "|\n\n**Merging**: "+sentence+"\n") {
			t.Errorf("no %q in\n%s", sentence, text)
		}
		all = append(all, sentence)
	}
	if diff := cmp.Diff([]string{"Merges by itself after 24 h when required checks pass: rule 0.", "Waits for a person to merge it."}, all); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRolledBackImages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		now    string // the value that the file has
		wrote  string // what was merged over 1.0.0
		change func(*place)
		want   []string
	}{
		"what was merged holds":       {now: "1.1.0", wrote: "1.1.0"},
		"reverted":                    {now: "1.0.0", wrote: "1.1.0", want: []string{"ghcr.io/acme/web"}},
		"an older one by hand":        {now: "0.9.0", wrote: "1.1.0", want: []string{"ghcr.io/acme/web"}},
		"a newer one by hand":         {now: "1.3.0", wrote: "1.1.0"},
		"pinned by hand":              {now: "1.1.0@sha256:" + strings.Repeat("e", 64), wrote: "1.1.0"},
		"other content by hand":       {now: "1.1.0@sha256:" + strings.Repeat("e", 64), wrote: "1.1.0@sha256:" + strings.Repeat("f", 64), want: []string{"ghcr.io/acme/web"}},
		"nobody knows which is older": {now: "main-bbbbbbb", wrote: "main-aaaaaaa", want: []string{"ghcr.io/acme/web"}},
		"reverted and let go of": {now: "1.0.0", wrote: "1.1.0", change: func(p *place) {
			p.past.Lifted = []proposal.Lift{{Image: "ghcr.io/acme/web", At: now()}}
		}},
		"reverted, and a person merged a newer one": {now: "1.2.0", wrote: "1.1.0", change: func(p *place) {
			p.past.All = append(p.past.All, merged(2, "1.0.0", "1.2.0", now()))
		}},
		"reverted twice": {now: "1.0.0", wrote: "1.1.0", want: []string{"ghcr.io/acme/web"}, change: func(p *place) {
			p.past.All = append(p.past.All, merged(2, "1.0.0", "1.2.0", now()))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := web(t, "", "1.1.0")
			p.files["web.yaml"] = pod("ghcr.io/acme/web:" + c.now)
			p.past.All = []*proposal.Existing{merged(1, "1.0.0", c.wrote, now().Add(-time.Hour))}
			if c.change != nil {
				c.change(p)
			}
			s := p.situation()
			if diff := cmp.Diff(c.want, s.Past.RolledBack(s.Plan, recordTo("1.0.0", "1.9.0", "minor"))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// recordTo is the record of a step of the image of web.
func recordTo(from, to, kind string) *proposal.Record {
	return &proposal.Record{Schema: 1, RepositoryID: 7, Group: "acme/web", Updates: []proposal.Recorded{
		{Path: "web.yaml", Key: "spec.containers[0].image", Image: "ghcr.io/acme/web", From: from, To: to, Kind: kind},
	}}
}

func merged(number int, from, to string, at time.Time) *proposal.Existing {
	return &proposal.Existing{Number: number, Branch: "b", Base: "main", Created: at.Add(-time.Hour), Merged: at, Record: recordTo(from, to, "minor")}
}

func TestRuleOf(t *testing.T) {
	t.Parallel()
	p := web(t, "rules:\n  - {match: {update: [minor, patch]}, merge: {auto: true, after: 2h}}\n", "1.1.0")
	p.open("")
	s := p.situation()
	rule := func(change func(*proposal.Record)) (policy.Rule, []string) {
		r := *p.past.All[0].Record
		r.Updates = slices.Clone(r.Updates)
		change(&r)
		return proposal.RuleOf(s.Config, s.Plan, &r)
	}
	if of, gone := rule(func(*proposal.Record) {}); !of.Auto.Value || time.Duration(of.After.Value) != 2*time.Hour || gone != nil {
		t.Errorf("%+v %v", of, gone)
	}
	if of, gone := rule(func(r *proposal.Record) { r.Updates[0].Kind = "major" }); of.Auto.Value || gone != nil {
		t.Errorf("a major step: %+v %v", of, gone)
	}
	for name, change := range map[string]func(*proposal.Record){
		"another place": func(r *proposal.Record) { r.Updates[0].Key = "spec.containers[1].image" },
		"one more": func(r *proposal.Record) {
			r.Updates = append(r.Updates, proposal.Recorded{Path: "gone.yaml", Key: "image", Image: "ghcr.io/acme/web", Kind: "minor"})
		},
	} {
		if of, gone := rule(change); of.Auto.Value || !slices.Equal(gone, []string{"ghcr.io/acme/web"}) {
			t.Errorf("%s: %+v %v", name, of, gone)
		}
	}
	if of, gone := rule(func(r *proposal.Record) { r.Updates = nil }); of.Auto.Value || gone != nil {
		t.Errorf("nothing: %+v %v", of, gone)
	}
	if of, gone := proposal.RuleOf(s.Config, s.Plan, nil); of.Auto.Value || gone != nil {
		t.Errorf("no record: %+v %v", of, gone)
	}
}
