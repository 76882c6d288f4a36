package policy_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/policy"
)

// plans are the configurations of generated situations. The clocks of Lord Howe are
// moved by half an hour.
func plans(t *testing.T) []*plan {
	t.Helper()
	var all []*plan
	for _, p := range []struct {
		zone, rebase string
		freeze       string
		frozen       []string
	}{
		{zone: "UTC", rebase: "conflicts"},
		{zone: "Europe/Berlin", rebase: "behind"},
		{zone: "America/New_York", rebase: "never"},
		{zone: "Australia/Lord_Howe", rebase: "conflicts"},
		{zone: "Europe/Berlin", rebase: "conflicts", freeze: "[{from: 2026-03-28, to: 2026-03-29}]", frozen: []string{"2026-03-28", "2026-03-29"}},
		{zone: "America/New_York", rebase: "conflicts", freeze: "[{from: 2026-11-01, to: 2026-11-01}]", frozen: []string{"2026-11-01"}},
	} {
		text := "timezone: " + p.zone + "\npullRequests: {rebase: " + p.rebase + "}\n"
		if p.freeze != "" {
			text += "freeze: " + p.freeze + "\n"
		}
		c := load(t, text)
		all = append(all, &plan{config: c, zone: c.Location(), frozen: p.frozen, rebase: p.rebase})
	}
	return all
}

// generator makes situations: mostly good ones, with a few things changed.
type generator struct {
	*rand.Rand
	plans   []*plan
	windows []config.Windows
	known   bool // all facts are
}

func newGenerator(t *testing.T, seed uint64) *generator {
	t.Helper()
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 1)), plans: plans(t)}
	for _, w := range []string{`["mon-fri 09:00-17:00"]`, `["sat,sun 02:00-04:00"]`, `["mon-fri 09:00-17:00", "sat,sun 02:00-04:00"]`, `["mon-sun 00:00-24:00"]`} {
		g.windows = append(g.windows, load(t, "defaults: {merge: {window: "+w+"}}").Defaults.Merge.Window.Value)
	}
	return g
}

func (g *generator) chance(of int) bool { return g.IntN(of) == 0 }

func pick[T any](g *generator, all ...T) T { return all[g.IntN(len(all))] }

// times are hours at which something may happen: ordinary ones, and those at which clocks
// are moved.
func (g *generator) time() time.Time {
	day := pick(g, pushed, time.Date(2026, 3, 27, 20, 0, 0, 0, time.UTC), time.Date(2026, 10, 23, 20, 0, 0, 0, time.UTC), time.Date(2026, 10, 30, 20, 0, 0, 0, time.UTC))
	return day.Add(time.Duration(g.IntN(72*60)) * time.Minute)
}

func (g *generator) situation() *generated {
	s := &generated{plan: pick(g, g.plans...), facts: good(), now: g.time()}
	s.facts.Pushed = policy.Read(s.now.Add(-time.Duration(g.IntN(30*60)) * time.Minute))
	for range 1 + g.IntN(3)*g.IntN(2) {
		s.updates = append(s.updates, g.settings())
	}
	var all []func(*policy.Facts)
	all = append(all, g.ofChecks()...)
	all = append(all, g.ofPeople()...)
	all = append(all, g.ofGitHub()...)
	for range g.IntN(5) {
		all[g.IntN(len(all))](&s.facts)
	}
	if !g.known && g.chance(8) {
		forgetOne(&s.facts, g.IntN(len(factNames())))
	}
	return s
}

func (g *generator) settings() config.Merge {
	o := &config.Origin{File: ".imageupdater.yaml", Line: 1 + g.IntN(50), Field: "rules[0].merge.auto", Rule: 0}
	m := config.Merge{
		Auto:      config.Setting[bool]{Value: !g.chance(8), Origin: o},
		Method:    config.Setting[config.Method]{},
		After:     config.Setting[config.Duration]{Value: config.Duration(pick(g, 0, 0, 0, time.Hour, 24*time.Hour)), Origin: o},
		Checks:    config.Setting[config.CheckSet]{Value: config.CheckSet{Which: pick(g, config.ChecksRequired, config.ChecksRequired, config.ChecksAll, config.ChecksNone)}, Origin: o},
		Approvals: config.Setting[config.Count]{Origin: o},
		Via:       config.Setting[config.Via]{Value: pick(g, config.ViaApp, config.ViaGitHub), Origin: o},
	}
	if !m.Auto.Value && g.chance(2) {
		m.Auto.Origin = &config.Origin{File: "acme/.imageupdater", Line: 1, Field: "enforce.merge.auto", Rule: -1}
	}
	if g.chance(3) {
		m.Method = config.Setting[config.Method]{Value: pick(g, config.MethodSquash, config.MethodRebase, config.MethodMerge), Origin: o}
	}
	if g.chance(8) {
		m.Approvals.Value = config.Count(1 + g.IntN(2))
	}
	if g.chance(5) {
		m.Checks.Value = config.CheckSet{Which: config.ChecksNone, Names: []config.CheckName{pick[config.CheckName](g, "build", "bu*", "lint", "*", "ci")}}
	}
	if g.chance(6) {
		m.Window = config.Setting[config.Windows]{Value: pick(g, g.windows...), Origin: o}
	}
	return m
}

// edit changes a fact.
func edit[T any](of *policy.Known[T], change func(*T)) {
	v, _ := of.Get()
	change(&v)
	*of = policy.Read(v)
}

// also adds to a list without touching those that share it.
func also[T any](of *policy.Known[[]T], one T) {
	edit(of, func(all *[]T) { *all = append(slices.Clip(*all), one) })
}

func (g *generator) name() string {
	return pick(g, "build", "build", "lint", "ci", policy.OwnCheck, policy.OwnConfigCheck)
}

func (g *generator) run(f *policy.Facts) {
	r := policy.Run{
		ID: int64(len(peek(f.Runs)) + 2), Suite: int64(g.IntN(3)), Name: g.name(), App: int64(pick(g, 0, 1, 1, 2, ownApp)), Head: head, Status: "completed",
		Conclusion: pick(g, "success", "success", "success", "neutral", "skipped", "failure", "cancelled", "stale", "timed_out", "action_required", ""),
	}
	if g.chance(5) {
		r.Status, r.Conclusion = pick(g, "queued", "in_progress", ""), ""
	}
	if g.chance(8) {
		r.Head = pick(g, oldHead, "")
	}
	also(&f.Runs, r)
}

func (g *generator) ofChecks() []func(*policy.Facts) {
	require := func(of func(*policy.Facts) *policy.Known[policy.Protection]) func(*policy.Facts) {
		return func(f *policy.Facts) {
			edit(of(f), func(p *policy.Protection) {
				p.Checks = append(slices.Clip(p.Checks), policy.Required{Name: g.name(), App: int64(pick(g, 0, 0, 0, 1, 2, ownApp))})
			})
		}
	}
	return []func(*policy.Facts){
		g.run, g.run, g.run,
		func(f *policy.Facts) { f.Runs = policy.Read[[]policy.Run](nil) },
		func(f *policy.Facts) {
			also(&f.Suites, policy.Suite{
				ID: 7, App: int64(pick(g, 0, 1, 2, ownApp)), Name: "ci", Head: pick(g, head, head, head, oldHead),
				Status: pick(g, "completed", "queued", "in_progress", ""), Runs: g.IntN(3),
			})
		},
		func(f *policy.Facts) {
			also(&f.Statuses, policy.Status{
				ID: int64(len(peek(f.Statuses)) + 1), Context: g.name(), State: pick(g, "success", "success", "pending", "failure", "error"),
				App: int64(pick(g, 0, 1, 2)), Head: pick(g, head, head, head, oldHead),
			})
		},
		require(func(f *policy.Facts) *policy.Known[policy.Protection] { return &f.Rules }),
		require(func(f *policy.Facts) *policy.Known[policy.Protection] { return &f.Rules }),
		require(func(f *policy.Facts) *policy.Known[policy.Protection] { return &f.Classic }),
	}
}

func (g *generator) ofPeople() []func(*policy.Facts) {
	review := func(f *policy.Facts) {
		also(&f.Reviews, policy.Review{
			User: pick(g, "ann", "Ann", "bob", "eve", "updater[bot]"), Commit: pick(g, head, head, oldHead, ""), Writer: !g.chance(4), Bot: g.chance(6),
			State: pick(g, "approved", "approved", "approved", "changes_requested", "commented", "dismissed", "pending"), At: pushed.Add(time.Duration(g.IntN(5)) * time.Minute),
		})
	}
	protect := func(f *policy.Facts) {
		edit(pick(g, &f.Rules, &f.Classic), func(p *policy.Protection) {
			p.Approvals = g.IntN(3)
			p.CodeOwners, p.LastPush, p.DismissStale, p.Conversations = g.chance(5), g.chance(4), g.chance(3), g.chance(5)
		})
	}
	return []func(*policy.Facts){
		review, review, review, protect, protect,
		func(f *policy.Facts) {
			f.Decision = policy.Read(pick(g, "approved", "changes_requested", "review_required"))
		},
		func(f *policy.Facts) { f.Unresolved = policy.Read(g.IntN(3)) },
		func(f *policy.Facts) { f.Paused = policy.Read(g.chance(2)) },
		func(f *policy.Facts) { f.Restricted = policy.Read([]string{"wait"}) },
		func(f *policy.Facts) { f.RolledBack = policy.Read([]string{"nginx"}) },
		func(f *policy.Facts) { f.Newer = policy.Read([]string{"2.0"}) },
		func(f *policy.Facts) {
			f.Order = policy.Read(&policy.Order{By: "ann", Head: pick(g, head, head, head, oldHead, ""), Writer: !g.chance(5)})
		},
	}
}

func (g *generator) ofGitHub() []func(*policy.Facts) {
	return []func(*policy.Facts){
		func(f *policy.Facts) {
			edit(&f.Pull, func(p *policy.Pull) { p.State = pick(g, "open", "open", "closed", "merged", "") })
		},
		func(f *policy.Facts) { edit(&f.Pull, func(p *policy.Pull) { p.Draft = g.chance(2) }) },
		func(f *policy.Facts) { edit(&f.Pull, func(p *policy.Pull) { p.Pusher = "bob" }) },
		func(f *policy.Facts) {
			o := &f.Ownership
			*pick(g, &o.Head, &o.Commits, &o.Tree, &o.Base, &o.Branch, &o.Record) = policy.Read(policy.Sign{Why: "changed"})
		},
		func(f *policy.Facts) {
			edit(&f.Merge, func(m *policy.Mergeability) {
				m.State = pick(g, "blocked", "blocked", "blocked", "unstable", "behind", "dirty", "unknown", "new")
			})
		},
		func(f *policy.Facts) {
			edit(&f.Merge, func(m *policy.Mergeability) {
				m.Behind = pick(g, policy.Read(true), policy.Read(true), policy.Unread[bool](""))
			})
		},
		func(f *policy.Facts) {
			edit(pick(g, &f.Rules, &f.Classic), func(p *policy.Protection) { p.UpToDate, p.Linear, p.Queue = g.chance(2), g.chance(2), g.chance(2) })
		},
		func(f *policy.Facts) {
			edit(&f.Repository, func(r *policy.Repository) {
				r.Methods, r.AutoMerge = pick(g, r.Methods, nil, []config.Method{"rebase"}, []config.Method{"merge"}, []config.Method{"rebase", "merge"}), g.chance(2)
			})
		},
		func(f *policy.Facts) {
			edit(&f.Native, func(n *policy.Native) {
				n.Armed = &policy.Armed{By: "x", App: g.chance(2), Method: pick(g, config.MethodSquash, config.MethodRebase)}
			})
		},
		func(f *policy.Facts) {
			edit(&f.Native, func(n *policy.Native) { n.Queued = &policy.Queued{By: "x", App: g.chance(2)} })
		},
	}
}
