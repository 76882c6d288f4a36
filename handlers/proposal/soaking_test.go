package proposal_test

import (
	gocmp "cmp"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/handlers/proposal"
)

const soaking = "defaults: {merge: {auto: true, after: 24h}}\n"

// soaked is a repository whose open pull requests soak until tomorrow.
func soaked(p *place) *place {
	p.t.Helper()
	p.open(p.config)
	p.soaks = map[int]time.Time{}
	for _, e := range p.past.All {
		p.soaks[e.Number] = now().Add(24 * time.Hour)
	}
	return p
}

func (p *place) tag(names ...string) { p.tags["ghcr.io/acme/web"] = names }

func TestSoaking(t *testing.T) {
	t.Parallel()
	const stays, waits = "acme/web: web.yaml 1.0.0->1.1.0 in #1", "soaks: web.yaml 1.0.0->1.2.0"
	const byKind = "rules: [{match: {update: [minor]}, group: small}, {match: {update: [patch]}, group: tiny}]\n"
	for name, c := range map[string]struct {
		config string
		first  string // what is proposed first, instead of 1.1.0
		change func(*place)
		want   []string
	}{
		"nothing newer": {change: func(*place) {}, want: []string{stays}},
		"a newer one":   {change: func(p *place) { p.tag("1.0.0", "1.1.0", "1.2.0") }, want: []string{stays, waits}},
		"a newer one, after its time": {change: func(p *place) {
			p.tag("1.0.0", "1.1.0", "1.2.0")
			p.soaks[1] = now().Add(-time.Hour)
		}, want: []string{stays, waits}},
		"a newer one, and it does not soak": {change: func(p *place) {
			p.tag("1.0.0", "1.1.0", "1.2.0")
			p.soaks = nil
		}, want: []string{"acme/web: web.yaml 1.0.0->1.2.0 in #1 (write)"}},
		"an older one": {change: func(p *place) { p.tag("1.0.0", "1.0.5") }, want: []string{"acme/web: web.yaml 1.0.0->1.0.5 in #1 (write)"}},
		"another beginning": {change: func(p *place) {
			p.files["web.yaml"] = pod("ghcr.io/acme/web:1.0.1")
			p.tag("1.0.0", "1.0.1", "1.1.0", "1.2.0")
		}, want: []string{"acme/web: web.yaml 1.0.1->1.2.0 in #1 (write)"}},
		"one more field": {change: func(p *place) {
			p.files["more.yaml"] = pod("ghcr.io/acme/web:1.0.0")
			p.tag("1.0.0", "1.1.0", "1.2.0")
		}, want: []string{"acme/web: more.yaml 1.0.0->1.2.0 web.yaml 1.0.0->1.2.0 in #1 (write)"}},
		"it was to be rebased": {change: func(p *place) {
			p.tag("1.0.0", "1.1.0", "1.2.0")
			p.orders.Rebase = map[int]bool{1: true}
		}, want: []string{"acme/web: web.yaml 1.0.0->1.2.0 in #1 (write)"}},
		"it was to be made anew": {change: func(p *place) {
			p.tag("1.0.0", "1.1.0", "1.2.0")
			p.orders.Recreate = map[int]bool{1: true}
		}, want: []string{"acme/web: web.yaml 1.0.0->1.2.0 in #1 (write)"}},
		"in conflict": {change: func(p *place) {
			p.tag("1.0.0", "1.1.0", "1.2.0")
			p.past.All[0].BuiltOn, p.past.All[0].Conflict = strings.Repeat("d", 40), true
		}, want: []string{"acme/web: web.yaml 1.0.0->1.2.0 in #1 (write)"}},
		"behind": {change: func(p *place) {
			p.tag("1.0.0", "1.1.0", "1.2.0")
			p.past.All[0].BuiltOn = strings.Repeat("d", 40)
		}, want: []string{stays, waits}},
		"behind, and the base is to be the newest": {config: "pullRequests: {rebase: behind}\n", change: func(p *place) {
			p.tag("1.0.0", "1.1.0", "1.2.0")
			p.past.All[0].BuiltOn = strings.Repeat("d", 40)
		}, want: []string{"acme/web: web.yaml 1.0.0->1.2.0 in #1 (write)"}},
		"a major one of its own": {change: func(p *place) { p.tag("1.0.0", "1.1.0", "1.2.0", "2.0.0") }, want: []string{
			stays, "acme/web-major: web.yaml 1.0.0->2.0.0 (write)", waits,
		}},
		"nothing is left": {change: func(p *place) { p.files["web.yaml"] = pod("ghcr.io/acme/web:1.1.0") }, want: []string{"close #1"}},
		"the newer one is in another group": {
			config: byKind, first: "1.0.1", change: func(p *place) { p.tag("1.0.0", "1.0.1", "1.1.0") }, want: []string{"soaks: web.yaml 1.0.0->1.1.0"},
		},
		"the newer one is in another group, and is to be opened": {
			config: byKind, first: "1.0.1", change: func(p *place) {
				p.tag("1.0.0", "1.0.1", "1.1.0")
				p.orders.Open = map[string]bool{proposal.Branch("imageupdater/", "main", "small"): true}
			}, want: []string{"small: web.yaml 1.0.0->1.1.0 (write)"},
		},
		"the newer one is in another group, and it does not soak": {
			config: byKind, first: "1.0.1", change: func(p *place) {
				p.tag("1.0.0", "1.0.1", "1.1.0")
				p.soaks = nil
			}, want: []string{"small: web.yaml 1.0.0->1.1.0 (write)", "close #1"},
		},
		"the major one is in another group": {
			config: byKind, first: "1.0.1", change: func(p *place) { p.tag("1.0.0", "1.0.1", "1.1.0", "2.0.0") },
			want: []string{"acme/web-major: web.yaml 1.0.0->2.0.0 (write)", "soaks: web.yaml 1.0.0->1.1.0"},
		},
		"its tag is gone, and a major one is there": {change: func(p *place) { p.tag("1.0.0", "2.0.0") }, want: []string{
			"acme/web-major: web.yaml 1.0.0->2.0.0 (write)", "close #1",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := soaked(web(t, soaking+c.config, gocmp.Or(c.first, "1.1.0")))
			c.change(p)
			want(t, p.desire(), c.want...)
		})
	}
}

// The text of one that soaks is about what its branch has, and lists what waits.
func TestSoakingSays(t *testing.T) {
	t.Parallel()
	p := soaked(web(t, soaking, "1.1.0"))
	e := p.past.All[0]
	p.tag("1.0.0", "1.1.0", "1.2.0")
	p.facts = map[string]proposal.Facts{}
	for _, tag := range []string{"1.0.0", "1.1.0"} {
		p.facts[proposal.FactsKey("ghcr.io/acme/web", proposal.Value{Tag: tag})] = proposal.Facts{}
	}
	d := p.desire()
	made := d.Proposals[0]
	if made.Title != e.Title || made.Newer || made.Rewrite || !made.Rule.Auto.Value {
		t.Errorf("%+v", made)
	}
	for _, part := range []string{
		"| `1.0.0` | `1.1.0` | minor |", "Merges by itself after 24 h when required checks pass",
		"→ `1.2.0` in `web.yaml`: it waits until the older one is merged, not before 2026-11-19 10:00 UTC\n",
	} {
		if !strings.Contains(made.Body, part) {
			t.Errorf("no %q in\n%s", part, made.Body)
		}
	}
	if record := proposal.ReadRecord(made.Message, 7); !cmp.Equal(record, e.Record) {
		t.Errorf("its record is %+v", record)
	}
	if !d.Next.Equal(p.soaks[1]) {
		t.Errorf("looked at again at %s", d.Next)
	}
	// Once that is written nothing is left to write, also when its time is over.
	e.Body = made.Body
	for _, p.now = range []time.Time{now().Add(time.Hour), now().Add(30 * time.Hour)} {
		d = p.desire()
		if again := d.Proposals[0]; again.Body != e.Body || again.Rewrite || again.Title != e.Title || d.Next.Before(p.now) && !d.Next.IsZero() {
			t.Errorf("at %s, next at %s:\n%s", p.now, d.Next, again.Body)
		}
	}
	// What is known of neither leaves the text as it is.
	p.facts = nil
	if again := p.desire().Proposals[0]; again.Body != e.Body {
		t.Errorf("another text:\n%s", again.Body)
	}
}

// TestNewer: which pull requests are to be written only since there are newer versions.
func TestNewer(t *testing.T) {
	t.Parallel()
	b := "@sha256:" + strings.Repeat("b", 64)
	for _, c := range []struct {
		config    string
		from      string
		was, kind string // what the pull request has
		tag       string // the newest
		newer     bool
	}{
		{"", "1.0.0", "1.1.0", "minor", "1.2.0", true},
		{"", "1.0.0", "1.0.1", "patch", "1.2.0", true},
		{"", "1.0.0", "1.1.0", "minor", "1.1.0", false}, // it has it
		{"", "1.0.0", "1.3.0", "minor", "1.2.0", false},
		{"defaults: {separateMajor: false}\n", "1.0.0", "1.1.0", "minor", "2.0.0", true},
		{"defaults: {pin: digest}\n", "1.0.0" + b, "1.1.0" + b, "minor", "1.2.0", true},
		{"defaults: {pin: digest}\n", "1.0.0" + b, "1.1.0" + b, "minor", "1.1.0", true}, // its content is another by now
		{"defaults: {pin: digest}\n", "1.0.0" + b, "1.1.0", "minor", "1.2.0", false},
		{"defaults: {strategy: digest}\n", "1.0.0" + b, "1.0.0@sha256:" + strings.Repeat("c", 64), "digest", "1.0.0", true},
		{"defaults: {strategy: digest}\n", "1.0.0" + b, "1.1.0", "minor", "1.0.0", false},
		{"defaults: {strategy: numerical, tags: {allow: ['^b(?P<order>[0-9]+)']}}\n", "b1-x", "b2-y", "tag", "b3-z", true},
		{"defaults: {strategy: numerical, tags: {allow: ['^b(?P<order>[0-9]+)']}}\n", "b1-x", "1.0.0", "minor", "b3-z", false},
		{"defaults: {allowDowngrade: true, constraint: '<1'}\n", "1.0.0", "0.9.0", "rollback", "0.8.0", false},
	} {
		t.Run(fmt.Sprintf("%s to %s or %s", c.from, c.was, c.tag), func(t *testing.T) {
			t.Parallel()
			p := web(t, c.config)
			p.files["web.yaml"] = pod("ghcr.io/acme/web:" + c.from)
			from, _, _ := strings.Cut(c.from, "@")
			p.tag(from, c.tag)
			if from == c.tag {
				p.tag(from)
			}
			p.past.All = []*proposal.Existing{{
				Number: 1, Branch: proposal.Branch("imageupdater/", "main", "acme/web"), Base: "main", Open: true, HeadSHA: strings.Repeat("c", 40),
				BuiltOn: strings.Repeat("b", 40), Record: recordTo(c.from, c.was, c.kind),
			}}
			d := p.desire()
			if len(d.Proposals) != 1 {
				t.Fatal(shown(d))
			}
			if made := d.Proposals[0]; made.Newer != c.newer || made.Rewrite != (c.was != made.Changes[0].To.String()) {
				t.Errorf("newer: %t, written: %t, %v", made.Newer, made.Rewrite, shown(d))
			}
		})
	}
}

// applied are the pull requests after what should be was made so.
func applied(p *place, d proposal.Desired) {
	p.t.Helper()
	for _, c := range d.Close {
		c.Existing.Open, c.Existing.Closed, c.Existing.ClosedByUs = false, p.now, true
	}
	for _, made := range d.Proposals {
		e := made.Existing
		if e == nil {
			p.past.All = append(p.past.All, opened(made, len(p.past.All)+1))
			continue
		}
		if made.Rewrite {
			e.Record, e.BuiltOn = proposal.ReadRecord(made.Message, 7), made.BaseSHA
		}
		e.Title, e.Body = made.Title, made.Body
	}
}

// TestSoakingSettles has versions come and go while some pull requests soak: those keep
// what they have or are written anew, every update is proposed or held, and what was
// written once is not written again.
func TestSoakingSettles(t *testing.T) {
	t.Parallel()
	all := []string{"1.0.0", "1.0.1", "1.1.0", "1.2.0", "2.0.0"}
	for seed := range uint64(12) {
		random := rand.New(rand.NewPCG(seed, 11))
		p := web(t, soaking+"rules: [{match: {update: [patch]}, group: '{{ .Image.Name }} small'}]\npullRequests: {limit: 50, perHour: 50}\n", "1.1.0")
		p.facts, p.soaks = map[string]proposal.Facts{}, map[int]time.Time{}
		for _, tag := range all {
			for _, image := range []string{"ghcr.io/acme/web", "ghcr.io/acme/api"} {
				p.facts[proposal.FactsKey(image, proposal.Value{Tag: tag})] = proposal.Facts{}
			}
		}
		for range 8 {
			step(p, random, all)
			d := p.desire()
			for _, made := range d.Proposals {
				if e := made.Existing; e != nil && !made.Rewrite && !cmp.Equal(proposal.ReadRecord(made.Message, 7), e.Record) {
					t.Fatalf("seed %d: #%d has %+v and says %s", seed, e.Number, e.Record, made.Message)
				}
				if made.Newer && !p.soaks[made.Existing.Number].IsZero() {
					t.Fatalf("seed %d: #%d soaks, and is written for newer ones alone", seed, made.Existing.Number)
				}
			}
			told(t, p, d)
			applied(p, d)
			again := p.desire()
			for _, made := range again.Proposals {
				if made.Existing == nil || made.Rewrite || made.Body != made.Existing.Body {
					t.Fatalf("seed %d: not settled:\n%v\n%v", seed, shown(d), shown(again))
				}
			}
			if len(again.Close) > 0 {
				t.Fatalf("seed %d: closed the second time: %v", seed, shown(again))
			}
		}
	}
}

// step lets something happen.
func step(p *place, random *rand.Rand, all []string) {
	for _, image := range []string{"web", "api"} {
		names := []string{"1.0.0"}
		for _, tag := range all[1:] {
			if random.IntN(2) == 0 {
				names = append(names, tag)
			}
		}
		p.tags["ghcr.io/acme/"+image] = names
	}
	for _, name := range []string{"a.yaml", "b.yaml"} {
		if random.IntN(3) == 0 {
			p.files[name] = pod("ghcr.io/acme/web:"+all[random.IntN(2)], "ghcr.io/acme/api:1.0.0")
		}
	}
	clear(p.soaks)
	for _, e := range p.past.All {
		if e.Open && random.IntN(2) == 0 {
			p.soaks[e.Number] = now().Add(time.Duration(random.IntN(40)-10) * time.Hour)
		}
	}
}

// told fails unless each update of the plan is proposed or held.
func told(t *testing.T, p *place, d proposal.Desired) {
	t.Helper()
	known := map[string]bool{}
	for _, made := range d.Proposals {
		for _, c := range made.Changes {
			known[c.Path+c.Key+c.To.String()] = true
		}
	}
	for _, h := range d.Held {
		known[h.Path+h.Key+h.To.String()] = true
	}
	for _, r := range p.situation().Plan.Results {
		for _, u := range r.Updates {
			if !known[r.Field.File+r.Field.Path+proposal.Value{Tag: u.Tag, Digest: u.Digest}.String()] {
				t.Fatalf("nothing is said of %s to %s: %v", r.Field.File, u.Tag, shown(d))
			}
		}
	}
}
