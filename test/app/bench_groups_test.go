package app_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// groupsKey names in the environment how many groups BenchmarkGroups has: 100
// where it says nothing.
const groupsKey = "IMAGEUPDATER_BENCH_GROUPS"

// BenchmarkGroups decides on very many groups of one repository and opens a pull
// request for each, and then does so again, when there is nothing to write.
// Without GitHub's pace, and without the limits of a configuration, which are 100
// at most.
func BenchmarkGroups(b *testing.B) {
	count := asked(b, groupsKey, 100)
	g := newGroups(b, count)
	first, second, third := g.round(), g.round(), g.round()
	if first.done != count || second.writes+third.writes != 0 {
		b.Errorf("of %d groups %d were opened; then %d and %d calls wrote something", count, first.done, second.writes, third.writes)
	}
	b.Run("first", first.report)
	b.Run("second", second.report)
	b.Run("third", third.report)
}

// groups is the repository and what writes to it.
type groups struct {
	b         *testing.B
	hub       *githubtest.Server
	config    *config.Config
	inventory *scanner.Inventory
	files     map[string][]byte
	github    *forge.Repo
	id        int64
	remembers *remembers
	historian *proposal.Historian
}

func newGroups(b *testing.B, count int) *groups {
	b.Helper()
	hub := githubtest.New(b, githubtest.Options{})
	g := &groups{b: b, hub: hub, files: map[string][]byte{}, remembers: &remembers{all: map[string][]byte{}}}
	texts, tree := map[string]string{}, fstest.MapFS{}
	for n := range count {
		name := fmt.Sprintf("deploy/app%d.yaml", n)
		texts[name] = deployment(fmt.Sprintf("registry.example/acme/app%d:1.0.0", n))
		g.files[name] = []byte(texts[name])
		tree[name] = &fstest.MapFile{Data: g.files[name]}
	}
	repo := hub.AddRepository("acme/shop", texts)
	g.id = repo.ID
	installation := hub.Install("acme", grants(), repo)
	installation.SetLimit(1 << 30)
	installation.SetGraphQLLimit(1 << 30)
	var err error
	g.config, _, err = config.Load(b.Context(), config.FileName, []byte("defaults: {group: '{{ .Image.Repository }}'}\n"), config.Options{Now: hub.Now()})
	if err != nil {
		b.Fatal(err)
	}
	g.config.PullRequests.Limit.Value, g.config.PullRequests.PerHour.Value = config.Limit(count), config.Limit(count)
	if g.inventory, err = scanner.Find(b.Context(), tree, scanner.Selected(g.config, "")); err != nil {
		b.Fatal(err)
	}
	github, err := forge.New(forge.Options{
		URLs:  forge.URLs{Web: hub.URL, REST: hub.APIURL(), GraphQL: hub.GraphQLURL()},
		AppID: hub.App.ID, PrivateKey: []byte(hub.App.PrivateKey), Now: hub.Now, Unpaced: true, Spacing: time.Nanosecond,
		Memory: g.remembers,
	})
	if err != nil {
		b.Fatal(err)
	}
	app, err := github.App(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	g.github = github.As(installation.ID).Repo(forge.Ref{ID: repo.ID, Owner: repo.Owner, Name: repo.Name})
	g.historian = &proposal.Historian{Memory: g.remembers, Archive: g.remembers, Bot: app.BotLogin}
	return g
}

// round is one run: what it took, and what it did.
type round struct {
	groups                 int
	read, decided, written time.Duration
	calls                  githubtest.Count
	done, writes           int
}

func (g *groups) round() round {
	g.b.Helper()
	ctx, before, mark := g.b.Context(), g.hub.Counts(), g.hub.Mark()
	began := time.Now()
	past, err := g.historian.Read(ctx, g.id, g.github)
	if err != nil {
		g.b.Fatal(err)
	}
	head, _, err := g.github.Head(ctx, "main")
	if err != nil {
		g.b.Fatal(err)
	}
	r := round{groups: len(g.files), read: time.Since(began)}
	planner := &scanner.Planner{Registry: newerTag{}, Config: g.config, Now: g.hub.Now, Withheld: past.Withheld()}
	plan, err := planner.Plan(ctx, g.inventory)
	if err != nil {
		g.b.Fatal(err)
	}
	began = time.Now()
	desired := proposal.Desire(proposal.Situation{
		RepositoryID: g.id, FullName: "acme/shop", URL: g.hub.URL + "/acme/shop", Base: "main", BaseSHA: head,
		Config: g.config, Plan: plan, Files: g.files, Past: past, Now: g.hub.Now(),
	})
	r.decided = time.Since(began)
	began = time.Now()
	reconciler := &proposal.Reconciler{
		Repository: g.id, Mode: func(string) string { return "100644" }, Memory: g.remembers, Historian: g.historian, Now: g.hub.Now,
		Log: func(context.Context, proposal.Done) { r.done++ },
	}
	refused, err := reconciler.Reconcile(ctx, g.github, desired)
	if err != nil || len(refused) > 0 {
		g.b.Fatal(err, refused)
	}
	r.written = time.Since(began)
	r.calls, r.writes = made(before, g.hub.Counts()), len(g.hub.Since(mark, githubtest.Exchange.Writes))
	return r
}

// report tells it in place of the time that it takes to tell it.
func (r round) report(b *testing.B) {
	b.ReportMetric(0, "ns/op")
	for unit, n := range map[string]float64{
		"groups": float64(r.groups), "read-s": r.read.Seconds(), "desired-s": r.decided.Seconds(), "reconcile-s": r.written.Seconds(),
		"github": float64(r.calls.Calls - r.calls.Free), "github-free": float64(r.calls.Free), "github-writes": float64(r.writes),
	} {
		b.ReportMetric(n, unit)
	}
}

// newerTag is a registry in which each image has a newer tag.
type newerTag struct{}

// List is part of scanner.Registry.
func (newerTag) List(context.Context, image.Repository) ([]registry.Tag, error) {
	return []registry.Tag{{Name: "1.0.0"}, {Name: "1.1.0"}}, nil
}

// Manifest is part of scanner.Registry.
func (newerTag) Manifest(context.Context, image.Repository, string) (registry.Manifest, error) {
	return registry.Manifest{Digest: "sha256:" + strings.Repeat("a", 64)}, nil
}

// Digest is part of scanner.Registry.
func (newerTag) Digest(context.Context, image.Repository, string) (string, error) {
	return "sha256:" + strings.Repeat("a", 64), nil
}

// Details is part of scanner.Registry.
func (newerTag) Details(context.Context, image.Repository, string, *registry.Platform) (registry.Details, error) {
	return registry.Details{}, registry.ErrNotFound
}

// remembers is what the packages proposal and forge remember.
type remembers struct {
	mu  sync.Mutex
	all map[string][]byte
}

// Fact is part of proposal.Memory.
func (r *remembers) Fact(_ context.Context, name string) ([]byte, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	value, found := r.all[name]
	return value, found
}

// KeepFact is part of proposal.Memory.
func (r *remembers) KeepFact(_ context.Context, name string, value []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all[name] = value
}

// Recall is part of forge.Memory.
func (r *remembers) Recall(ctx context.Context, _ int64, name string) (etag string, value []byte, found bool) {
	tag, found := r.Fact(ctx, "tag "+name)
	value, _ = r.Fact(ctx, "value "+name)
	return string(tag), value, found
}

// Remember is part of forge.Memory.
func (r *remembers) Remember(ctx context.Context, _ int64, name, etag string, value []byte) {
	r.KeepFact(ctx, "tag "+name, []byte(etag))
	r.KeepFact(ctx, "value "+name, value)
}

// Past is part of proposal.Archive.
func (r *remembers) Past(ctx context.Context, _ int64) ([]byte, bool) { return r.Fact(ctx, "past") }

// KeepPast is part of proposal.Archive.
func (r *remembers) KeepPast(ctx context.Context, _ int64, value []byte) {
	r.KeepFact(ctx, "past", value)
}
