package proposal_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/policy"
	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

func now() time.Time { return time.Date(2026, 11, 18, 10, 0, 0, 0, time.UTC) } // a Wednesday

// tags is a registry in which each image has some tags.
type tags map[string][]string

func (t tags) List(_ context.Context, repo image.Repository) ([]registry.Tag, error) {
	found := []registry.Tag{}
	for _, name := range t[repo.String()] {
		found = append(found, registry.Tag{Name: name})
	}
	return found, nil
}

func (t tags) Digest(context.Context, image.Repository, string) (string, error) {
	return "sha256:" + strings.Repeat("a", 64), nil
}

func (t tags) Manifest(context.Context, image.Repository, string) (registry.Manifest, error) {
	return registry.Manifest{Digest: "sha256:" + strings.Repeat("a", 64)}, nil
}

func (t tags) Details(context.Context, image.Repository, string, *registry.Platform) (registry.Details, error) {
	return registry.Details{}, registry.ErrNotFound
}

// place is a repository in a test.
type place struct {
	t      *testing.T
	files  map[string]string
	tags   tags
	config string
	past   proposal.Past
	now    time.Time
	orders proposal.Orders
	// ordered and soaks are what run found out about pull requests that are open.
	ordered map[int]policy.Order
	soaks   map[int]time.Time
	// facts and changed are what is known of the images.
	facts   map[string]proposal.Facts
	changed map[string]proposal.Changelog
}

func pod(images ...string) string {
	var text strings.Builder
	text.WriteString("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n")
	for i, image := range images {
		fmt.Fprintf(&text, "    - name: c%d\n      image: %s\n", i, image)
	}
	return text.String()
}

func (p *place) desire() proposal.Desired {
	p.t.Helper()
	return proposal.Desire(p.situation())
}

// situation is that of the place, with a plan of its own.
func (p *place) situation() proposal.Situation {
	p.t.Helper()
	if p.now.IsZero() {
		p.now = now()
	}
	c, _, err := config.Load(p.t.Context(), config.FileName, []byte(p.config), config.Options{Now: p.now})
	if err != nil {
		p.t.Fatal(err)
	}
	tree, bytes := fstest.MapFS{}, map[string][]byte{}
	for name, text := range p.files {
		tree[name], bytes[name] = &fstest.MapFile{Data: []byte(text)}, []byte(text)
	}
	inventory, err := scanner.Find(p.t.Context(), tree, scanner.Selected(c, ""))
	if err != nil {
		p.t.Fatal(err)
	}
	planner := &scanner.Planner{Registry: p.tags, Config: c, Now: func() time.Time { return p.now }, Withheld: p.past.Withheld()}
	plan, err := planner.Plan(p.t.Context(), inventory)
	if err != nil {
		p.t.Fatal(err)
	}
	return proposal.Situation{
		RepositoryID: 7, FullName: "acme/shop", URL: "https://github.com/acme/shop", Base: "main", BaseSHA: strings.Repeat("b", 40),
		Config: c, Plan: plan, Files: bytes, Past: p.past, Now: p.now, Facts: p.facts, Changelogs: p.changed,
		Orders: p.orders, Ordered: p.ordered, Soaks: p.soaks,
	}
}

// shown is what should be, in short.
func shown(d proposal.Desired) []string {
	all := []string{}
	for _, p := range d.Proposals {
		parts := []string{p.Group + ":"}
		for _, c := range p.Changes {
			parts = append(parts, fmt.Sprintf("%s %s->%s", c.Path, c.From, c.To))
		}
		line := strings.Join(parts, " ")
		if p.Existing != nil {
			line += fmt.Sprintf(" in #%d", p.Existing.Number)
		}
		if p.Rewrite {
			line += " (write)"
		}
		all = append(all, line)
	}
	for _, c := range d.Close {
		all = append(all, fmt.Sprintf("close #%d", c.Existing.Number))
	}
	for _, h := range d.Held {
		all = append(all, fmt.Sprintf("%s: %s %s->%s", h.Why, h.Path, h.From, h.To))
	}
	return all
}

func want(t *testing.T, d proposal.Desired, lines ...string) {
	t.Helper()
	if diff := cmp.Diff(append([]string{}, lines...), shown(d)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// opened is the pull request that a proposal became.
func opened(p *proposal.Proposal, number int) *proposal.Existing {
	return &proposal.Existing{
		Number: number, Branch: p.Branch, Base: p.Base, HeadSHA: strings.Repeat("c", 40), Title: p.Title, Body: p.Body, Open: true,
		Created: now().Add(-24 * time.Hour), Record: proposal.ReadRecord(p.Message, 7), BuiltOn: p.BaseSHA,
	}
}

func shop(t *testing.T) *place {
	t.Helper()
	return &place{
		t: t, files: map[string]string{
			"dev/web.yaml":  pod("ghcr.io/acme/web:1.0.0"),
			"prod/web.yaml": pod("ghcr.io/acme/web:1.0.0", "ghcr.io/acme/api:2.0.0"),
		},
		tags: tags{"ghcr.io/acme/web": {"1.0.0", "1.1.0"}, "ghcr.io/acme/api": {"2.0.0", "2.0.1"}},
	}
}

func TestGroups(t *testing.T) {
	p := shop(t)
	want(t, p.desire(),
		"acme/api: prod/web.yaml 2.0.0->2.0.1 (write)",
		"acme/web: dev/web.yaml 1.0.0->1.1.0 prod/web.yaml 1.0.0->1.1.0 (write)")
	p.config = "defaults: {group: 'in {{ .Dir }}'}\npullRequests: {perHour: 9}\n"
	want(t, p.desire(),
		"in dev: dev/web.yaml 1.0.0->1.1.0 (write)",
		"in prod: prod/web.yaml 1.0.0->1.1.0 prod/web.yaml 2.0.0->2.0.1 (write)")
	p.tags["ghcr.io/acme/web"] = []string{"1.0.0", "1.1.0", "2.0.0"}
	want(t, p.desire(),
		"in dev: dev/web.yaml 1.0.0->1.1.0 (write)",
		"in dev-major: dev/web.yaml 1.0.0->2.0.0 (write)",
		"in prod: prod/web.yaml 1.0.0->1.1.0 prod/web.yaml 2.0.0->2.0.1 (write)",
		"in prod-major: prod/web.yaml 1.0.0->2.0.0 (write)")
	for _, made := range p.desire().Proposals {
		for name, text := range made.Files {
			if string(text) == p.files[name] {
				t.Errorf("%s is not changed by %s", name, made.Group)
			}
		}
	}
}

func TestOpenOnesStay(t *testing.T) {
	p := shop(t)
	first := p.desire().Proposals
	p.past.All = []*proposal.Existing{opened(first[0], 1), opened(first[1], 2)}
	want(t, p.desire(),
		"acme/api: prod/web.yaml 2.0.0->2.0.1 in #1",
		"acme/web: dev/web.yaml 1.0.0->1.1.0 prod/web.yaml 1.0.0->1.1.0 in #2")
	// A newer version while it is open.
	p.tags["ghcr.io/acme/web"] = []string{"1.0.0", "1.1.0", "1.2.0"}
	want(t, p.desire(),
		"acme/api: prod/web.yaml 2.0.0->2.0.1 in #1",
		"acme/web: dev/web.yaml 1.0.0->1.2.0 prod/web.yaml 1.0.0->1.2.0 in #2 (write)")
	// The group shrinks: somebody did a part of it by hand.
	p.files["dev/web.yaml"] = pod("ghcr.io/acme/web:1.2.0")
	want(t, p.desire(),
		"acme/api: prod/web.yaml 2.0.0->2.0.1 in #1",
		"acme/web: prod/web.yaml 1.0.0->1.2.0 in #2 (write)")
	// And is empty.
	p.files["prod/web.yaml"] = pod("ghcr.io/acme/web:1.2.0", "ghcr.io/acme/api:2.0.0")
	want(t, p.desire(), "acme/api: prod/web.yaml 2.0.0->2.0.1 in #1", "close #2")
	// What is somebody else's is left to them.
	p.past.All[1].Foreign = "alice pushed to it"
	want(t, p.desire(), "acme/api: prod/web.yaml 2.0.0->2.0.1 in #1")
	p.files["prod/web.yaml"] = pod("ghcr.io/acme/web:1.0.0")
	want(t, p.desire(), "close #1", "theirs: prod/web.yaml 1.0.0->1.2.0")
}

func TestClosedOnesStayClosed(t *testing.T) {
	p := shop(t)
	delete(p.files, "dev/web.yaml")
	first := p.desire().Proposals
	closed := opened(first[1], 2)
	closed.Open, closed.Closed = false, now().Add(-time.Hour)
	p.past.All = []*proposal.Existing{closed}
	want(t, p.desire(), "acme/api: prod/web.yaml 2.0.0->2.0.1 (write)")
	// Also in other groups.
	p.config = "defaults: {group: all}\n"
	want(t, p.desire(), "all: prod/web.yaml 2.0.0->2.0.1 (write)")
	// The next version opens anew.
	p.tags["ghcr.io/acme/web"] = []string{"1.0.0", "1.1.0", "1.2.0"}
	want(t, p.desire(), "all: prod/web.yaml 1.0.0->1.2.0 prod/web.yaml 2.0.0->2.0.1 (write)")
	// What the App closed refuses nothing.
	p.tags["ghcr.io/acme/web"], p.config, closed.ClosedByUs = []string{"1.0.0", "1.1.0"}, "", true
	want(t, p.desire(),
		"acme/api: prod/web.yaml 2.0.0->2.0.1 (write)", "acme/web: prod/web.yaml 1.0.0->1.1.0 (write)")
}

func TestRolledBack(t *testing.T) {
	p := shop(t)
	p.files = map[string]string{"web.yaml": pod("ghcr.io/acme/web:1.0.0")}
	merged := opened(p.desire().Proposals[0], 2)
	merged.Open, merged.Merged = false, now().Add(-time.Hour)
	p.past.All = []*proposal.Existing{merged}
	want(t, p.desire()) // 1.1.0 was merged, and the file has 1.0.0 again
	p.tags["ghcr.io/acme/web"] = []string{"1.0.0", "1.1.0", "1.2.0"}
	want(t, p.desire(), "acme/web: web.yaml 1.0.0->1.2.0 (write)")
	p.files["web.yaml"] = pod("ghcr.io/acme/web:1.1.0")
	want(t, p.desire(), "acme/web: web.yaml 1.1.0->1.2.0 (write)")
}

func TestLimits(t *testing.T) {
	p := &place{t: t, files: map[string]string{}, tags: tags{}}
	for n := range 5 {
		p.files[fmt.Sprintf("%d.yaml", n)] = pod(fmt.Sprintf("ghcr.io/acme/app%d:1.0.0", n))
		p.tags[fmt.Sprintf("ghcr.io/acme/app%d", n)] = []string{"1.0.0", "1.1.0"}
	}
	p.config = "pullRequests: {limit: 3, perHour: 2}\n"
	d := p.desire()
	want(t, d,
		"acme/app0: 0.yaml 1.0.0->1.1.0 (write)", "acme/app1: 1.yaml 1.0.0->1.1.0 (write)",
		"per-hour: 2.yaml 1.0.0->1.1.0", "per-hour: 3.yaml 1.0.0->1.1.0", "per-hour: 4.yaml 1.0.0->1.1.0")
	p.past.All = []*proposal.Existing{opened(d.Proposals[0], 1), opened(d.Proposals[1], 2)}
	want(t, p.desire(),
		"acme/app0: 0.yaml 1.0.0->1.1.0 in #1", "acme/app1: 1.yaml 1.0.0->1.1.0 in #2",
		"acme/app2: 2.yaml 1.0.0->1.1.0 (write)", "limit: 3.yaml 1.0.0->1.1.0", "limit: 4.yaml 1.0.0->1.1.0")
}

func TestTimes(t *testing.T) {
	p := shop(t)
	delete(p.files, "prod/web.yaml")
	p.config = "defaults: {window: ['mon-fri 12:00-14:00']}\n"
	d := p.desire()
	want(t, d, "window: dev/web.yaml 1.0.0->1.1.0")
	if noon := now().Add(2 * time.Hour); !d.Next.Equal(noon) {
		t.Errorf("looked at again at %s, want %s", d.Next, noon)
	}
	p.now = now().Add(3 * time.Hour)
	open := p.desire()
	want(t, open, "acme/web: dev/web.yaml 1.0.0->1.1.0 (write)")
	p.config = "freeze: [{from: 2026-11-17, to: 2026-11-19, reason: fair}]\n"
	d = p.desire()
	want(t, d, "freeze: dev/web.yaml 1.0.0->1.1.0")
	if end := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC); !d.Next.Equal(end) || d.Held[0].Detail != "fair" {
		t.Errorf("frozen until %s: %s", d.Next, d.Held[0].Detail)
	}
	// What is open goes on being updated.
	p.past.All = []*proposal.Existing{opened(open.Proposals[0], 1)}
	p.tags["ghcr.io/acme/web"] = []string{"1.0.0", "1.2.0"}
	want(t, p.desire(), "acme/web: dev/web.yaml 1.0.0->1.2.0 in #1 (write)")
}

func TestRebase(t *testing.T) {
	p := shop(t)
	delete(p.files, "prod/web.yaml")
	e := opened(p.desire().Proposals[0], 1)
	e.BuiltOn = strings.Repeat("d", 40)
	p.past.All = []*proposal.Existing{e}
	want(t, p.desire(), "acme/web: dev/web.yaml 1.0.0->1.1.0 in #1")
	p.config = "pullRequests: {rebase: behind}\n"
	want(t, p.desire(), "acme/web: dev/web.yaml 1.0.0->1.1.0 in #1 (write)")
	p.config, e.Base = "", "release"
	want(t, p.desire(), "theirs: dev/web.yaml 1.0.0->1.1.0")
}
